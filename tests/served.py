"""The page over a small collection, served as `qa chat` serves it, in a thread; and a caller with one page's token."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from qa.config import ServeSettings, Settings
from qa.engine import Current, build
from qa.engine.pages import Pages
from qa.ui.access import Access
from qa.ui.addresses import Addresses
from qa.ui.app import guarded, make_page
from qa.ui.guard import Limits, Listeners
from qa.ui.server import listen, make_server
from qa.ui.waiting import WaitingRoom
from tests.conftest import without_weights, write_files
from tests.fakes import HashingEmbedder


@dataclass(frozen=True)
class Answered:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str

    def json(self) -> Any:  # noqa: ANN401
        """Return the body, read as JSON."""
        return json.loads(self.body)


@dataclass
class Served:
    """A served page: its port, and what belongs to it."""

    port: int
    room: WaitingRoom
    listeners: Listeners
    functions: dict[str, int]  # by name; the one that answers is `answer`
    component: int
    cookie: str = ""
    token: str = ""
    session: str = "session0001"

    def ask(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Answered:
        """Send one request over a connection of its own; a header set to "" is left out."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {"Host": f"127.0.0.1:{self.port}", **({"Cookie": self.cookie} if self.cookie else {}), **(headers or {})}
        with contextlib.closing(line):
            line.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            if body is not None and "Content-Length" not in sent:
                sent["Content-Length"] = str(len(body))
            for name, value in sent.items():
                if value:
                    line.putheader(name, value)
            line.endheaders(body)
            answer = line.getresponse()
            return Answered(
                answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read().decode()
            )

    def open(self) -> Answered:
        """Open the page, and keep its token."""
        page = self.ask("GET", "/")
        found = re.search(r'quothToken = "([0-9a-f]+)"', page.body)
        self.token = found[1] if found else ""
        return page

    def call(self, path: str, sent: object, **headers: str) -> Answered:
        """Call what the page calls, with its token."""
        body = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        facts = {"Content-Type": "application/json", "X-Quoth-Token": self.token, **headers}
        return self.ask("POST", f"/gradio_api/{path}", body, {name.replace("_", "-"): v for name, v in facts.items()})

    def event(self, name: str, *data: object, session: str = "") -> dict[str, Any]:
        """Return a call of a function of the page."""
        return {"fn_index": self.functions[name], "data": list(data), "session_hash": session or self.session}

    def question(self, text: str, session: str = "") -> str:
        """Ask as the page does, and return the conversation and the evidence it would show."""
        self.call("run/predict", self.event("receive", text, None, session=session))
        return self.heard(self.join(session), session)

    def join(self, session: str = "") -> Answered:
        """Have the question that was received stand in the queue."""
        return self.call("queue/join", self.event("answer", None, None, session=session))

    def heard(self, joined: Answered, session: str = "") -> str:
        """Listen until the answer to what stands in the queue is complete, and return its last message."""
        assert joined.status == 200, joined.body
        heard = self.ask(
            "GET",
            f"/gradio_api/queue/data?session_hash={session or self.session}",
            headers={"X-Quoth-Token": self.token},
        )
        lines = [json.loads(line[6:]) for line in heard.body.splitlines() if line.startswith("data: ")]
        return json.dumps([line for line in lines if line["msg"] in ("process_generating", "process_completed")])


@contextlib.contextmanager
def served(
    folder: Path,
    files: dict[str, str],
    *,
    auth: Callable[[int], Access] | None = None,
    names: tuple[str, ...] = (),
    host: str = "127.0.0.1",
    at_once: int = 2,
    waiting: int = 32,
    limits: Limits | None = None,
    how: ServeSettings | None = None,
) -> Iterator[Served]:
    """Build an index without weights, and serve the page over it."""
    settings: Settings = without_weights(folder / "index")
    build(settings, [write_files(folder / "docs", files)], embedder=HashingEmbedder())
    how = how or ServeSettings()
    listener = listen("127.0.0.1", 0)
    port: int = listener.getsockname()[1]
    room, listeners = WaitingRoom(at_once, waiting), Listeners()
    with contextlib.closing(listener), contextlib.closing(Pages(settings)) as pages:

        async def made() -> tuple[Any, ASGIApp]:
            page = make_page(Current(settings, HashingEmbedder()), pages, room, listeners)
            return page, guarded(
                page,
                addresses=Addresses.of(host, port, names=names, tls=bool(how.certificate)),
                listeners=listeners,
                access=auth(port) if auth else None,
                longest=how.question_chars,
                limits=limits,
            )

        # within a loop: Gradio leaves one open for each of its locks where there is none
        page, app = asyncio.run(made())
        up = threading.Event()
        server = make_server(app, how, up.set)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert up.wait(30)
            named = {fn.name: number for number, fn in reversed(page.fns.items()) if fn.fn}
            component = next(number for number, block in page.blocks.items() if hasattr(block, "show_pages"))
            yield Served(port, room, listeners, named, component)
        finally:
            server.should_exit = True
            thread.join(30)
