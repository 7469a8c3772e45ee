"""Serves the page: a listening socket, TLS where there is a certificate, the guard in front, and an orderly end.

Knows sockets and servers; nothing of what the page shows.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from qa.config import ServeSettings
from qa.errors import ConfigError

if TYPE_CHECKING:
    from uvicorn.server import ServerState

logger = logging.getLogger(__name__)

_MOST_CONNECTIONS = 400  # a page holds two open
_HEAD_SECONDS = 15.0  # for a connection's first request, and each after it, to say what it wants
_HEAD_BYTES = 16_384
_READ_SECONDS = 60.0  # for the other side to take what was sent, once no more can be
_GRACE = 2  # seconds that answers under way have when the server is stopped


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, so that whatever is wrong with the address is known before anything is loaded.

    Raises ConfigError where the port is taken or the address isn't this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as exc:
        raise ConfigError(f"{host}: not an address of this machine ({exc}). Try: qa chat --host 127.0.0.1") from exc
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as exc:
        listener.close()
        raise ConfigError(
            f"{host}:{port} can't be listened on (in use?). Stop what runs there, or run: qa chat --port {port + 1}"
        ) from exc
    return listener


def make_server(app: ASGIApp, how: ServeSettings, ready: Callable[[], None]) -> uvicorn.Server:
    """Return a server, to be run on a listening socket until interrupted; it calls `ready` once requests are answered.

    Raises ConfigError where its certificate can't be used.
    """
    config = uvicorn.Config(
        app,
        http=_PatientProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,  # it would hold what is asked
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_GRACE,
        h11_max_incomplete_event_size=_HEAD_BYTES,
        **_tls(how),
    )
    try:
        config.load()
    except OSError as exc:  # ssl.SSLError is one
        problem = f"can't be used ({exc}). Name a certificate and its key in PEM format."
        raise ConfigError(f"{how.certificate}: {problem}") from exc
    return _Server(config, ready)


def _tls(how: ServeSettings) -> dict[str, Any]:
    if not how.certificate:
        return {}
    for path in (how.certificate, how.key):
        if path and not Path(path).is_file():
            raise ConfigError(f"{path}: no such file. Name a certificate and its key in PEM format.")
    return {"ssl_certfile": how.certificate, "ssl_keyfile": how.key or None}


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


class _PatientProtocol(H11Protocol):
    """HTTP whose patience ends: with a request that arrives a byte a minute, and with too many connections."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._deadline: asyncio.TimerHandle | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()
        else:
            self._await_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_head()

    def send_400_response(self, msg: str) -> None:
        if self.cycle is not None:  # whoever is about to answer would find that it has been done
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        try:
            super().send_400_response(msg)
        except h11.LocalProtocolError:  # an answer was under way, or had been given: nothing can follow it
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._calm()
        self._taken()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread = self._unread or self.loop.call_later(_READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taken()

    def _taken(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _await_head(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._calm()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(_HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._deadline = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()

    def _calm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
