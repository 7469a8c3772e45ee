"""Stands before everything that is served: who may ask, what may be asked, how much, how slowly; what goes out.

Only what is listed here is let through. A request is refused before its body is read, and a body before it is
parsed; what passes has the headers the page needs and no others, and a body made anew from what was checked.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import logging
import re
import secrets
import time
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from qa.ui import shell
from qa.ui.access import Access
from qa.ui.addresses import Addresses
from qa.ui.calls import Calls, Refused

logger = logging.getLogger(__name__)

TOKEN = "x-quoth-token"
_API = "/gradio_api/"
_STATIC = re.compile(
    r"/(?:assets/[\w.@-]+|static/(?:js|css|fonts|img)/[\w./@-]+|theme\.css|favicon\.ico|manifest\.json)"
)
_POSTS = frozenset({"run/predict", "queue/join", "component_server", "cancel"})
_LISTENING = re.compile(rb"session_hash=([A-Za-z0-9]{4,40})")
_HEARTBEAT = re.compile(r"heartbeat/([A-Za-z0-9]{4,40})")
_PASSED = frozenset({b"host", b"content-type", b"accept", b"user-agent", b"if-none-match", b"if-modified-since"})
_MOST_SESSIONS = 5_000  # remembered; the oldest are forgotten
_JOINING = 5.0  # seconds a page may take to listen for the answer to what it asked


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may cost."""

    body: int = 256_000  # bytes
    seconds: float = 10.0  # for all of a body to arrive


@dataclass(slots=True)
class Listeners:
    """Which pages are listening for answers: whoever has gone is not answered."""

    _open: Counter[str] = field(default_factory=Counter)
    _joined: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def joined(self, session: str) -> None:
        """Note that a page has asked, and will listen."""
        self._joined[session] = time.monotonic()
        self._joined.move_to_end(session)
        while len(self._joined) > _MOST_SESSIONS:
            self._joined.popitem(last=False)

    @contextlib.contextmanager
    def listening(self, session: str) -> Iterator[None]:
        """Note that a page listens meanwhile."""
        self._open[session] += 1
        try:
            yield
        finally:
            self._open[session] -= 1
            if not self._open[session]:
                del self._open[session]
                self._joined.pop(session, None)

    def has(self, session: str) -> bool:
        """Tell whether anyone would hear an answer."""
        return session in self._open or time.monotonic() - self._joined.get(session, -_JOINING) < _JOINING


class Tokens:
    """Makes a token for each page that is opened, and knows its own again; each is good for one session.

    Whoever hasn't opened the page has none: neither another web page, nor a page of an earlier start.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._owners: OrderedDict[str, str] = OrderedDict()  # session → token

    def make(self, user: str) -> str:
        """Return a token for a page opened by a user."""
        page = secrets.token_hex(16)
        return f"{page}{self._seal(page, user)}"

    def is_own(self, token: str, user: str) -> bool:
        """Tell whether a token was made here, for this user."""
        return hmac.compare_digest(token[32:].encode(), self._seal(token[:32], user).encode())

    def owns(self, token: str, session: str) -> bool:
        """Tell whether a session is this token's: it is its first caller's for as long as it is known."""
        owner = self._owners.setdefault(session, token)
        self._owners.move_to_end(session)
        while len(self._owners) > _MOST_SESSIONS:
            self._owners.popitem(last=False)
        return hmac.compare_digest(owner.encode(), token.encode())

    def _seal(self, page: str, user: str) -> str:
        return hmac.new(self._key, f"{page} {user}".encode(), hashlib.sha256).hexdigest()


class Guard:
    """The only way to the page: an ASGI application around another."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        addresses: Addresses,
        calls: Calls,
        listeners: Listeners,
        script: str,
        access: Access | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._app = app
        self._addresses = addresses
        self._calls = calls
        self._listeners = listeners
        self._script = script
        self._access = access
        self._limits = limits or Limits()
        self._tokens = Tokens()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, _Outgoing(send, shell.headers(), scope["scheme"] == "https"))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _serve(self, scope: Scope, receive: Receive, send: _Outgoing) -> None:
        headers = Headers(scope=scope)
        path, method = scope["path"], scope["method"]
        refusal = self._addresses.refusal(headers, opens_page=path in ("/", "/login") and method in ("GET", "HEAD"))
        if refusal:
            await _refuse(403, refusal, scope, send)
            return
        user = ""
        if self._access is not None:
            if path in ("/login", "/logout"):
                body = await self._body(scope, headers, receive, send) if method == "POST" else b""
                if body is not None:
                    answer = await self._access.answer(path, method, headers, body, _address(scope))
                    await answer(scope, receive, send)
                return
            known = self._access.user(headers)
            if known is None:
                await self._access.unknown(path)(scope, receive, send)
                return
            user = known
        if path == "/":
            await self._page(scope, receive, send, user)
        elif path.startswith(_API):
            await self._api(scope, receive, send, user)
        elif not _STATIC.fullmatch(path) or ".." in path:
            await _refuse(404, "There is nothing here.", scope, send)
        elif method not in ("GET", "HEAD"):
            await _refuse(405, "This can only be read.", scope, send)
        else:
            await self._passed(scope, _nothing(receive), send)

    async def _page(self, scope: Scope, receive: Receive, send: _Outgoing, user: str) -> None:
        """Serve the page itself, with a token of its own."""
        if scope["method"] not in ("GET", "HEAD"):
            await _refuse(405, "This can only be read.", scope, send)
            return
        got = _Collected()
        await self._passed({**scope, "method": "GET", "query_string": b""}, _nothing(receive), got)
        if got.status != 200:
            await _refuse(500, "The page could not be made.", scope, send)
            return
        nonce = secrets.token_urlsafe(16)
        markup = shell.page_html(got.body.decode(), script=self._script, token=self._tokens.make(user), nonce=nonce)
        answer = Response(markup, media_type="text/html", headers={"cache-control": "no-store"})
        await answer(scope, receive, send.with_headers(shell.headers(nonce)))

    async def _api(self, scope: Scope, receive: Receive, send: _Outgoing, user: str) -> None:
        headers, called = Headers(scope=scope), scope["path"].removeprefix(_API).removesuffix("/")
        token = headers.get(TOKEN, "")
        session = _session_of(scope, called)
        if called not in _POSTS and not session:
            await _refuse(404, "There is nothing here.", scope, send)
        elif scope["method"] != ("POST" if called in _POSTS else "GET"):
            await _refuse(405, "This is not how it is asked.", scope, send)
        elif not self._tokens.is_own(token, user):
            await _refuse(403, "This page is of an earlier start, or none of ours. Reload it.", scope, send)
        elif session and not self._tokens.owns(token, session):
            await _refuse(403, "This is another page's conversation.", scope, send)
        elif not session:
            await self._call(scope, receive, send, called, user)
        elif called == "queue/data":
            with self._listeners.listening(session):
                await self._passed(scope, _nothing(receive), send)
        else:
            await self._passed({**scope, "query_string": b""}, _nothing(receive), send)

    async def _call(self, scope: Scope, receive: Receive, send: _Outgoing, called: str, user: str) -> None:
        """Pass a call on once its body has come and is one."""
        headers = Headers(scope=scope)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            await _refuse(415, "Only JSON is taken.", scope, send)
            return
        body = await self._body(scope, headers, receive, send)
        if body is None:
            return
        try:
            session, call = self._calls.checked(called, body)
        except Refused as exc:
            await _refuse(400, str(exc), scope, send)
            return
        if not self._tokens.owns(headers[TOKEN], session):
            await _refuse(403, "This is another page's conversation.", scope, send)
            return
        if called == "queue/join":
            if self._access is not None and not self._access.may_ask(user):
                await _refuse(429, "That were many questions in a minute. Wait a little.", scope, send)
                return
            self._listeners.joined(session)
        await self._passed({**scope, "query_string": b""}, _given(call, receive), send, length=len(call))

    async def _body(self, scope: Scope, headers: Headers, receive: Receive, send: _Outgoing) -> bytes | None:
        """Return a request's body; refuse it and return None where it is too long, too slow, or cut off."""
        said = headers.get("content-length", "0")
        if not said.isdecimal() or int(said) > self._limits.body:
            await _refuse(413, f"More than {self._limits.body:,} bytes are not taken.", scope, send)
            return None
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.seconds):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self._limits.body:
                        await _refuse(413, f"More than {self._limits.body:,} bytes are not taken.", scope, send)
                        return None
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            await _refuse(408, "The request took too long to arrive.", scope, send)
            return None

    async def _passed(self, scope: Scope, receive: Receive, send: Send, length: int | None = None) -> None:
        """Let the page's framework answer, told only what it needs to know."""
        kept = [(name, value) for name, value in scope["headers"] if name in _PASSED]
        if length is not None:
            kept.append((b"content-length", str(length).encode()))
        try:
            await self._app({**scope, "headers": kept}, receive, send)
        except Exception:
            logger.exception("%s could not be answered", scope["path"])
            if not getattr(send, "started", False):
                await _refuse(500, "This could not be answered.", scope, send)


class _Outgoing:
    """Sends an answer with our headers and none that tell of others."""

    def __init__(self, send: Send, headers: Mapping[str, str], secure: bool) -> None:
        self._send = send
        self._headers = {**headers, **({"strict-transport-security": "max-age=31536000"} if secure else {})}
        self._secure = secure
        self.started = False

    def with_headers(self, headers: Mapping[str, str]) -> _Outgoing:
        """Return the same with other headers."""
        return _Outgoing(self._send, headers, self._secure)

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(raw=list(message.get("headers", ())))
            for name in [name for name in headers if name.startswith("access-control-") or name == "server"]:
                del headers[name]
            headers.update(self._headers)
            headers.setdefault("cache-control", "no-store")
            message = {**message, "headers": headers.raw}
        await self._send(message)


class _Collected:
    """Takes an answer in, to be changed."""

    def __init__(self) -> None:
        self.status, self.body, self.started = 0, b"", False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status, self.started = message["status"], True
        else:
            self.body += message.get("body", b"")


def _session_of(scope: Scope, called: str) -> str:
    """Return the session a GET names; "" where it names none."""
    if called == "queue/data":
        found = _LISTENING.fullmatch(scope["query_string"])
        return found[1].decode() if found else ""
    beating = _HEARTBEAT.fullmatch(called)
    return beating[1] if beating else ""


async def _refuse(status: int, message: str, scope: Scope, send: Send) -> None:
    # the rest of the body, if there is any, is not read: so the connection can't go on
    answer = PlainTextResponse(message, status, headers={"connection": "close"})
    await answer(scope, _never, send)


def _given(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives this body, and then waits for the other side to go."""
    left = [body]

    async def given() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        while (message := await receive())["type"] == "http.request":
            pass
        return message

    return given


def _nothing(receive: Receive) -> Receive:
    """Return a `receive` that gives no body, whatever was sent."""
    return _given(b"", receive)


async def _never() -> Message:
    raise AssertionError("a refusal asks for nothing")


def _address(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""
