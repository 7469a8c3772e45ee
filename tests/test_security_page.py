"""Attacks on the served page, from another web page, another user and the network: none gets in, out or in the way."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import attack
from qa.cli import main
from qa.errors import ConfigError
from qa.ui import app as page_module
from qa.ui.access import Access, hashed, matches, read_accounts
from qa.ui.addresses import Addresses
from qa.ui.guard import Limits
from qa.ui.server import listen
from tests.conftest import SMALL
from tests.served import Served, served

_RETURNS = "When may a parcel be returned?"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The small collection, served to this machine alone."""
    limits = Limits(seconds=1.0)
    with served(tmp_path_factory.mktemp("site"), SMALL, names=("docs.example",), limits=limits) as site:
        yield site


@pytest.fixture
def visitor(site: Served) -> Served:
    """Someone who has opened the page."""
    visitor = dataclasses.replace(site, session=f"s{time.monotonic_ns()}")
    assert visitor.open().status == 200
    return visitor


# ---- names and origins


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1.evil.example:{port}",
        "localhost",
        "127.0.0.1:1",
        "10.0.0.1:{port}",
    ],
)
@pytest.mark.parametrize(
    "path", ["/", "/theme.css", "/gradio_api/heartbeat/abcdef", "/gradio_api/queue/data?session_hash=abcd"]
)
def test_a_name_that_is_not_served_gets_nothing(site: Served, host: str, path: str) -> None:
    answer = site.ask("GET", path, headers={"Host": host.format(port=site.port)})
    assert answer.status == 403
    assert "quothToken" not in answer.body


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST:{port}", "[::1]:{port}", "docs.example:{port}"]
)
def test_the_names_that_are_served_get_the_page(site: Served, host: str) -> None:
    assert site.ask("GET", "/", headers={"Host": host.format(port=site.port)}).status == 200


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "http://127.0.0.1:1",
        "https://127.0.0.1:{port}",
        "http://localhost:{port}",
        "null",
        "file://",
    ],
)
def test_a_page_of_another_origin_may_not_call_even_with_a_token(visitor: Served, origin: str) -> None:
    asked = visitor.event("receive", _RETURNS, None)
    answer = visitor.call("run/predict", asked, Origin=origin.format(port=visitor.port))
    assert answer.status == 403
    assert visitor.call("run/predict", asked, Origin=f"http://127.0.0.1:{visitor.port}").status == 200


@pytest.mark.parametrize("site_of", ["cross-site", "same-site"])
def test_a_request_from_another_site_is_refused(visitor: Served, site_of: str) -> None:
    headers = {"Sec-Fetch-Site": site_of, "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
    assert visitor.ask("GET", "/theme.css", headers=headers).status == 403
    assert visitor.ask("GET", "/", headers=headers).status == 403
    framed = {"Sec-Fetch-Site": site_of, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
    assert visitor.ask("GET", "/", headers=framed).status == 403


def test_a_link_from_another_site_may_lead_to_the_page(visitor: Served) -> None:
    linked = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert visitor.ask("GET", "/", headers=linked).status == 200
    assert visitor.ask("GET", "/theme.css", headers=linked).status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_no_answer_says_that_another_origin_may_read_it(site: Served, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        answer = site.ask(method, "/", headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
        assert answer.status == 403
        assert [name for name in answer.headers if name.startswith("access-control-")] == []
    own = site.ask("GET", "/", headers={"Origin": f"http://127.0.0.1:{site.port}"})
    assert own.status == 200
    assert [name for name in own.headers if name.startswith("access-control-")] == []


def test_a_forwarded_host_is_not_believed(site: Served) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    page = site.ask("GET", "/", headers=headers)
    assert page.status == 200
    assert "evil.example" not in page.body


def test_a_websocket_is_not_opened(site: Served) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "x3JJHMbDL1EzLkh9GBhXDw==",
    }
    assert site.ask("GET", "/gradio_api/queue/join", headers=headers).status in (403, 404, 405)


# ---- tokens and sessions


@pytest.mark.parametrize("path", ["run/predict", "queue/join", "component_server", "component_server/", "cancel"])
@pytest.mark.parametrize("token", ["", "0" * 96, "é", "x" * 5000])
def test_who_has_not_opened_the_page_can_call_nothing(site: Served, path: str, token: str) -> None:
    stranger = dataclasses.replace(site, token=token.encode().decode("latin-1"))
    assert stranger.call(path, site.event("receive", _RETURNS, None)).status == 403


def test_listening_and_beating_need_the_token_too(site: Served) -> None:
    for path in ("queue/data?session_hash=abcdef", "heartbeat/abcdef"):
        assert site.ask("GET", f"/gradio_api/{path}").status == 403


def test_a_token_of_an_earlier_start_is_no_good(site: Served, tmp_path: Path) -> None:
    with served(tmp_path, SMALL) as earlier:
        earlier.open()
        assert earlier.call("run/predict", earlier.event("greet")).status == 200
        later = dataclasses.replace(site, token=earlier.token, session=f"later{time.monotonic_ns()}")
        assert later.call("run/predict", later.event("greet")).status == 403


def test_a_page_cannot_join_listen_to_or_end_another_pages_session(visitor: Served) -> None:
    visitor.question(_RETURNS)
    other = dataclasses.replace(visitor)
    other.open()
    assert other.token != visitor.token
    assert other.call("run/predict", other.event("receive", "?", None)).status == 403
    assert other.join().status == 403
    listening = other.ask(
        "GET", f"/gradio_api/queue/data?session_hash={visitor.session}", headers={"X-Quoth-Token": other.token}
    )
    assert listening.status == 403
    beating = other.ask("GET", f"/gradio_api/heartbeat/{visitor.session}", headers={"X-Quoth-Token": other.token})
    assert beating.status == 403
    ending = {"session_hash": visitor.session, "fn_index": visitor.functions["answer"], "event_id": "0" * 32}
    assert other.call("cancel", ending).status == 403
    assert "30 days" in visitor.question(_RETURNS)


def test_conversations_of_two_pages_stay_apart(visitor: Served) -> None:
    other = dataclasses.replace(visitor, session=f"{visitor.session}b")
    other.open()
    visitor.question("When may a parcel be returned?")
    heard = other.question("Who bakes the rye bread?")
    assert "Ines" in heard
    assert "may a parcel be returned" not in heard


# ---- what there is, and what is closed


@pytest.mark.parametrize(
    "path",
    [
        *["/config", "/config/", "/openapi.json", "/docs", "/redoc", "/monitoring", "/monitoring/summary", "/login"],
        *["/gradio_api/info", "/gradio_api/openapi.json", "/gradio_api/runs", "/gradio_api/runs/", "/gradio_api/user"],
        *["/gradio_api/token", "/gradio_api/app_id", "/gradio_api/login_check", "/gradio_api/startup-events"],
        *["/gradio_api/file=/etc/passwd", "/gradio_api/file/etc/passwd", "/gradio_api/proxy=http://127.0.0.1:1/"],
        *["/gradio_api/stream/a/b/1/playlist.m3u8", "/gradio_api/deep_link", "/gradio_api/run-history/buckets"],
        *["/gradio_api/upload_progress?upload_id=1", "/gradio_api/vibe-code", "/gradio_api/profiling/traces"],
        *["/assets/../../routes.py", "/assets/%2e%2e/%2e%2e/routes.py", "/static/../routes.py", "/robots.txt"],
        *["/svelte/svelte.js", "/pwa_icon", "/gradio_api/custom_component/1/client/component/index.js"],
        *["/gradio_api/queue/status", "/gradio_api/call/receive/0", "//evil.example/", "/%00", "/gradio_api/mcp/sse"],
    ],
)
def test_what_the_page_does_not_need_is_not_there(visitor: Served, path: str) -> None:
    answer = visitor.ask("GET", path, headers={"X-Quoth-Token": visitor.token})
    assert answer.status == 404
    assert "Traceback" not in answer.body
    assert len(answer.body) < 100


@pytest.mark.parametrize(
    "path",
    [
        *["upload", "run/receive", "api/predict", "call/receive", "call/v2/receive", "run-history/connect", "reset"],
        *["process_recording", "vibe-edit", "undo-vibe-edit", "stream/0", "stream/0/close", "login"],
    ],
)
def test_nothing_else_can_be_posted_to(visitor: Served, path: str) -> None:
    assert visitor.call(path, visitor.event("receive", _RETURNS, None)).status == 404


def test_a_file_cannot_be_uploaded_and_none_is_left(
    visitor: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    form = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nx\r\n--b--\r\n'
    for path in ("upload", "component_server", "run/predict"):
        assert visitor.call(path, form, Content_Type="multipart/form-data; boundary=b").status in (404, 415)
    assert list(tmp_path.rglob("*")) == []


def test_a_bucket_of_a_run_history_is_not_asked_for(visitor: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    from gradio import history

    asked: list[object] = []
    for name in [name for name in dir(history) if callable(getattr(history, name)) and "bucket" in name.lower()]:
        monkeypatch.setattr(history, name, lambda *given, **more: asked.append(given))
    heard = visitor.call("run/predict", visitor.event("greet"), x_gradio_history_bucket="me/bucket")
    assert heard.status == 200
    assert asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "WHATEVER"])
def test_what_is_read_can_only_be_read(site: Served, method: str) -> None:
    for path in ("/", "/theme.css"):
        assert site.ask(method, path).status == 405


# ---- what is sent


def malformed(visitor: Served) -> dict[str, tuple[str, object]]:
    """Return calls that are none, by what is wrong with them."""
    right = visitor.event("receive", _RETURNS, None)
    pages = {"source": "returns.md", "digest": "sha256:0", "spans": [[0, 5]]}
    server = {"component_id": visitor.component, "fn_name": "show_pages", "session_hash": visitor.session}
    return {
        "not JSON": ("run/predict", b"{"),
        "not text": ("run/predict", b"\xff\xfe\x00"),
        "no object": ("run/predict", [right]),
        "nothing": ("run/predict", b""),
        "deeper than is parsed": ("run/predict", b"[" * 100_000),
        "a number of ten thousand digits": ("run/predict", b'{"fn_index": ' + b"9" * 10_000 + b"}"),
        "not a number": ("run/predict", b'{"fn_index": NaN}'),
        "no data": ("run/predict", {key: value for key, value in right.items() if key != "data"}),
        "no session": ("run/predict", {key: value for key, value in right.items() if key != "session_hash"}),
        "a session that is a path": ("run/predict", {**right, "session_hash": "../../x"}),
        "a session too long": ("run/predict", {**right, "session_hash": "a" * 41}),
        "an unknown function": ("run/predict", {**right, "fn_index": 999}),
        "a negative function": ("run/predict", {**right, "fn_index": -1}),
        "a function's number as text": ("run/predict", {**right, "fn_index": "0"}),
        "too few values": ("run/predict", {**right, "data": []}),
        "too many values": ("run/predict", {**right, "data": ["?", None, None]}),
        "a value that is an object": ("run/predict", {**right, "data": [{"path": "/etc/passwd"}, None]}),
        "a value that is a list": ("run/predict", {**right, "data": [["a"], None]}),
        "a question too long": ("run/predict", {**right, "data": ["a" * 8001, None]}),
        "the queue passed over": ("run/predict", visitor.event("answer", None, None)),
        "a queue where there is none": ("queue/join", right),
        "a component there isn't": ("component_server", {**server, "component_id": 12345, "data": pages}),
        "a method of the component": ("component_server", {**server, "fn_name": "__init__", "data": pages}),
        "another function of the component": ("component_server", {**server, "fn_name": "get_config", "data": pages}),
        "no pages": ("component_server", {**server, "data": None}),
        "spans that are none": ("component_server", {**server, "data": {**pages, "spans": [[1]]}}),
        "no spans": ("component_server", {**server, "data": {**pages, "spans": []}}),
        "a hundred spans too many": ("component_server", {**server, "data": {**pages, "spans": [[0, 1]] * 200}}),
        "a source that is a list": ("component_server", {**server, "data": {**pages, "source": ["a"]}}),
        "an event that is none": ("cancel", {"session_hash": visitor.session, "fn_index": 1, "event_id": "../x"}),
    }


@pytest.mark.parametrize("wrong", list(malformed(Served(0, None, None, {"receive": 0, "answer": 1}, 3))))  # type: ignore[arg-type]
def test_a_malformed_call_is_refused_in_words(visitor: Served, wrong: str, capfd: pytest.CaptureFixture[str]) -> None:
    path, sent = malformed(visitor)[wrong]
    answer = visitor.call(path, sent)
    assert answer.status == 400
    assert 5 < len(answer.body) < 300
    assert "Traceback" not in answer.body + capfd.readouterr().err


@pytest.mark.parametrize(
    ("source", "spans"),
    [
        ("../../etc/passwd", [[0, 5]]),
        ("/etc/passwd", [[0, 5]]),
        ("returns.md", [[5, 2]]),
        ("returns.md", [[-1, 2]]),
        ("returns.md", [[0, 10**12]]),
    ],
)
def test_no_file_but_one_that_is_indexed_is_shown(visitor: Served, source: str, spans: list[list[int]]) -> None:
    asked = {"source": source, "digest": "sha256:0", "spans": spans}
    call = {"component_id": visitor.component, "fn_name": "show_pages", "session_hash": visitor.session, "data": asked}
    answer = visitor.call("component_server", call)
    assert answer.status == 200
    assert 'class=\\"problem\\"' in answer.body
    assert "root:" not in answer.body


def test_a_body_that_says_it_is_large_is_refused_before_it_comes(visitor: Served) -> None:
    began = time.monotonic()
    answer = visitor.call("run/predict", b"{}", Content_Length="50000000")
    assert answer.status == 413
    assert time.monotonic() - began < 2


def raw(site: Served, *pieces: bytes, pause: float = 0.0, seconds: float = 20.0) -> bytes:
    """Send bytes, piece by piece, and return what comes back until the other side closes."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=seconds) as line:
        got = b""
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                line.sendall(piece)
                time.sleep(pause)
            while data := line.recv(65_536):
                got += data
        return got


def head(visitor: Served, *more: str) -> bytes:
    lines = [
        "POST /gradio_api/run/predict HTTP/1.1",
        f"Host: 127.0.0.1:{visitor.port}",
        "Content-Type: application/json",
        f"X-Quoth-Token: {visitor.token}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def test_a_body_in_chunks_without_end_is_refused_at_the_limit(visitor: Served) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    answer = raw(visitor, head(visitor, "Transfer-Encoding: chunked"), *[chunk] * 20)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413")


def test_a_body_shorter_than_it_says_is_given_up_after_the_time_allowed(visitor: Served) -> None:
    began = time.monotonic()
    answer = raw(visitor, head(visitor, "Content-Length: 100"), b"{}")
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 5


def test_a_body_that_arrives_byte_by_byte_is_given_up_after_the_time_allowed(visitor: Served) -> None:
    began = time.monotonic()
    answer = raw(visitor, head(visitor, "Content-Length: 100"), *[b" "] * 90, pause=0.15)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 10


def test_a_body_longer_than_it_says_is_not_taken_for_the_next_request(visitor: Served) -> None:
    smuggled = b"GET /gradio_api/heartbeat/abcdef HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    answer = raw(visitor, head(visitor, "Content-Length: 2"), b"{}" + smuggled)
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"400"]


@pytest.mark.parametrize(
    "both",
    ["Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: -1"],
)
def test_a_body_with_two_lengths_is_no_request(visitor: Served, both: str) -> None:
    answer = raw(visitor, head(visitor, both), b"0\r\n\r\n")
    assert re.findall(rb"HTTP/1.1 (\d+)", answer)[0] in (b"400", b"413")


def test_a_head_without_end_is_given_up(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.server._HEAD_SECONDS", 1.0)
    began = time.monotonic()
    assert raw(site, b"GET / HTTP/1.1\r\n", *[b"X: y\r\n"] * 20, pause=0.15) == b""
    assert raw(site, b"") == b""
    assert time.monotonic() - began < 10


def test_a_head_too_large_is_refused(site: Served) -> None:
    answer = raw(site, f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{site.port}\r\nX: {'y' * 3_000_000}\r\n\r\n".encode())
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")


def test_hundreds_of_generated_requests_bring_no_error_of_ours_and_no_traceback(
    visitor: Served, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    answers = asyncio.run(attack(visitor.port, 800))
    assert sum(answers.values()) == 800
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
    assert [status for status in answers if status.startswith("5")] == []
    assert answers["400"] + answers["403"] > 200
    assert "Traceback" not in capfd.readouterr().err
    assert "30 days" in visitor.question(_RETURNS)


def test_more_connections_than_there_is_room_for_are_closed(site: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.server._MOST_CONNECTIONS", 20)
    with contextlib.ExitStack() as lines:
        opened = [lines.enter_context(socket.create_connection(("127.0.0.1", site.port), 5)) for _ in range(40)]
        time.sleep(0.5)
        closed = 0
        for line in opened:
            line.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                try:
                    closed += line.recv(1) == b""
                except ConnectionError:
                    closed += 1
    assert closed >= 19
    time.sleep(0.5)
    assert site.ask("GET", "/").status == 200


# ---- what goes out


def test_every_answer_says_what_it_may_do(visitor: Served) -> None:
    answers = [
        visitor.open(),
        visitor.ask("GET", "/theme.css"),
        visitor.ask("GET", "/nothing"),
        visitor.call("run/predict", {}),
    ]
    assert [answer.status for answer in answers] == [200, 200, 404, 400]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "connect-src 'self'" in policy
        assert re.search(r"script-src[^;]*(?:\*|unsafe-inline|data:|http)", policy) is None
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in answer.headers


def test_the_nonce_is_new_each_time_and_every_script_of_the_page_has_it(visitor: Served) -> None:
    nonces = set()
    for _ in range(2):
        page = visitor.open()
        nonce = re.search(r"'nonce-([\w-]{20,})'", page.headers["content-security-policy"])
        assert nonce
        assert len(re.findall(r"<script\b", page.body)) == page.body.count(f'<script nonce="{nonce[1]}"') > 3
        nonces.add(nonce[1])
    assert len(nonces) == 2


def test_the_page_names_no_host_but_its_own(visitor: Served) -> None:
    page = visitor.open().body
    fetched = re.findall(r"""(?:src|href|content)=["']?((?:https?:)?//[^"'\s>]+)""", page)
    assert fetched == []
    config = re.search(r"window\.gradio_config = (\{.*?\});</script>", page)
    assert config
    hosts = set(re.findall(r"https?://([\w.-]+)", config[1]))
    assert hosts <= {"127.0.0.1"}


def test_an_answer_with_a_conversation_in_it_is_not_to_be_kept(visitor: Served) -> None:
    assert visitor.open().headers["cache-control"] == "no-store"
    assert visitor.call("run/predict", visitor.event("greet")).headers["cache-control"] == "no-store"


def test_markup_in_a_name_cannot_end_the_script_it_stands_in(tmp_path: Path) -> None:
    name = "<script>alert(1)<!--.md"
    with served(tmp_path, {name: "# Notes\n\nNothing runs.\n", "other.md": "Other words.\n"}) as site:
        page = site.open().body
        assert "alert(1)" in page
        assert "<script>alert(1)" not in page
        assert not re.search(r"<script[^>]*>alert", page)


def test_no_question_and_no_token_is_logged(
    visitor: Served, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    visitor.question("Where does the heliotrope grow?")
    visitor.call("run/predict", {**visitor.event("receive", "the heliotrope"), "data": [{"heliotrope": 1}, None]})
    out, err = capfd.readouterr()
    logged = caplog.text + out + err
    assert "heliotrope" not in logged
    assert visitor.token not in logged


# ---- many at once


def test_a_question_in_hand_does_not_hold_up_the_next_and_more_than_fit_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, go = threading.Semaphore(0), threading.Event()
    make = page_module._exchange

    def slow(*given: Any) -> Any:  # noqa: ANN401
        started.release()
        assert go.wait(20)
        return make(*given)

    monkeypatch.setattr(page_module, "_exchange", slow)
    with served(tmp_path, SMALL, at_once=2, waiting=1) as site:
        people = [dataclasses.replace(site, session=f"person{number}") for number in range(4)]
        heard: dict[int, str] = {}

        def ask(number: int) -> None:
            people[number].open()
            heard[number] = people[number].question(_RETURNS)

        threads = []
        for number in range(4):
            threads.append(threading.Thread(target=ask, args=(number,)))
            threads[-1].start()
            if number < 2:
                assert started.acquire(timeout=20)  # both are answered at a time
            else:
                time.sleep(1.5)
        threads[3].join(20)
        assert "Busy: 1 questions wait already" in heard[3]
        assert not started.acquire(blocking=False)
        go.set()
        for thread in threads:
            thread.join(20)
        assert [("30 days" in heard[number]) for number in range(3)] == [True] * 3
        assert "1 question is ahead of yours" in heard[2]


def test_who_has_left_is_not_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.guard._JOINING", 1.0)
    answered: list[str] = []
    go = threading.Event()
    make = page_module._exchange

    def counted(engine: Any, pages: Any, question: str, turns: Any) -> Any:  # noqa: ANN401
        answered.append(question)
        assert go.wait(60)
        return make(engine, pages, question, turns)

    monkeypatch.setattr(page_module, "_exchange", counted)
    with served(tmp_path, SMALL, at_once=1) as site:
        for number in range(6):
            gone = dataclasses.replace(site, session=f"gone{number}")
            gone.open()
            gone.call("run/predict", gone.event("receive", "first" if not number else "left", None))
            assert gone.join().status == 200
        time.sleep(1.5)
        go.set()
        site.open()
        assert "30 days" in site.question(_RETURNS)
        assert answered == ["first", _RETURNS]


# ---- who may come in


def logged_in(site: Served, name: str, password: str) -> Served:
    """Log in as a browser does, and return the one who has."""
    form = f"name={name}&password={password}".encode()
    answer = site.ask("POST", "/login", form, {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 303, answer.body
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    return dataclasses.replace(site, cookie=cookie.partition(";")[0], session=f"{name}{time.monotonic_ns()}")


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The collection served to two people with passwords."""
    accounts = {"ada": hashed("lovelace"), "bob": hashed("builder")}
    folder = tmp_path_factory.mktemp("members")
    with (
        pytest.MonkeyPatch.context() as patch,
        served(folder, SMALL, auth=lambda port: Access(accounts, port=port, tls=False)) as site,
    ):
        patch.setattr("qa.ui.access._TRIES", 1000)
        yield site


def test_without_a_name_there_is_only_the_form(members: Served) -> None:
    assert members.ask("GET", "/").status == 303
    assert members.ask("GET", "/").headers["location"] == "/login"
    assert members.ask("GET", "/theme.css").status == 401
    assert members.ask("POST", "/gradio_api/run/predict", b"{}").status == 401
    assert "quothToken" not in members.ask("GET", "/login").body


def test_a_name_with_its_password_comes_in_and_can_ask(members: Served) -> None:
    ada = logged_in(members, "ada", "lovelace")
    assert ada.open().status == 200
    assert "30 days" in ada.question(_RETURNS)


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "builder"), ("ada", ""), ("eve", "lovelace"), ("", ""), ("ada", "x" * 2000)]
)
def test_a_wrong_password_does_not(members: Served, name: str, password: str) -> None:
    answer = members.ask("POST", "/login", f"name={name}&password={password}".encode())
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


def test_after_some_tries_in_a_minute_even_the_right_password_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.ui.access._TRIES", 10)
    with served(tmp_path, SMALL, auth=lambda port: Access({"ada": hashed("lovelace")}, port=port, tls=False)) as site:
        wrong = [site.ask("POST", "/login", b"name=ada&password=guess").status for _ in range(11)]
        assert wrong == [403] * 10 + [429]
        assert site.ask("POST", "/login", b"name=ada&password=lovelace").status == 429


def test_the_number_a_browser_came_with_is_not_the_one_it_gets(members: Served) -> None:
    cookie = f"quoth-{members.port}=planted-by-someone-else"
    fixed = dataclasses.replace(members, cookie=cookie)
    ada = logged_in(fixed, "ada", "lovelace")
    assert "planted" not in ada.cookie
    assert fixed.ask("GET", "/").status == 303


def test_who_logs_out_is_out(members: Served) -> None:
    ada = logged_in(members, "ada", "lovelace")
    assert ada.open().status == 200
    assert ada.ask("POST", "/logout", b"").status == 303
    assert ada.ask("GET", "/").status == 303
    assert ada.call("run/predict", ada.event("greet")).status == 401


def test_one_user_cannot_use_anothers_token_or_conversation(members: Served) -> None:
    ada, bob = logged_in(members, "ada", "lovelace"), logged_in(members, "bob", "builder")
    ada.open()
    ada.question(_RETURNS)
    bob.open()
    stolen = dataclasses.replace(bob, token=ada.token, session=ada.session)
    assert stolen.call("run/predict", stolen.event("greet")).status == 403
    assert dataclasses.replace(bob, session=ada.session).join().status == 403


def test_questions_of_one_user_are_limited_a_minute(members: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.ui.access._QUESTIONS", 3)
    bob = logged_in(members, "bob", "builder")
    bob.open()
    for _ in range(8):
        bob.call("run/predict", bob.event("receive", _RETURNS, None))
        joined = bob.join()
        if joined.status == 429:
            break
        bob.heard(joined)
    assert joined.status == 429


def test_a_form_of_another_site_does_not_log_anyone_in(members: Served) -> None:
    headers = {"Origin": "http://evil.example", "Content-Type": "application/x-www-form-urlencoded"}
    assert members.ask("POST", "/login", b"name=ada&password=lovelace", headers).status == 403


def test_the_token_that_was_printed_lets_in_and_no_other(tmp_path: Path) -> None:
    with served(tmp_path, SMALL, auth=lambda port: Access(token="right-one", port=port, tls=False)) as site:
        assert site.ask("POST", "/login", b"password=wrong").status == 403
        assert site.ask("POST", "/login", b"password=").status == 403
        assert logged_in(site, "", "right-one").open().status == 200


def test_passwords_are_kept_as_digests_in_a_file_of_their_owners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "people"
    for name, password in (("ada", "lovelace"), ("bob", "the builder"), ("ada", "countess")):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
        assert main(["passwd", str(file), name]) == 0
    assert file.stat().st_mode & 0o777 == 0o600
    accounts = read_accounts(file)
    assert sorted(accounts) == ["ada", "bob"]
    assert [matches(password, accounts["ada"]) for password in ("countess", "lovelace")] == [True, False]
    assert "countess" not in file.read_text() + capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert main(["passwd", str(file), "eve"]) == 2
    file.write_text("ada:plain\n")
    with pytest.raises(ConfigError, match="line 1"):
        read_accounts(file)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_the_page_is_not_served_beyond_this_machine_to_everyone(
    tmp_path: Path, host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["chat", "--host", host, "--index", str(tmp_path), "--no-watch"]) == 2
    assert "--auth" in capsys.readouterr().err


def test_a_taken_port_is_said_with_another_one_to_try() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(ConfigError, match="can't be listened on"):
        listen("127.0.0.1", taken.getsockname()[1])


def test_served_to_every_address_a_number_is_a_name_and_a_foreign_name_is_not() -> None:
    everywhere = Addresses.of("0.0.0.0", 7860)
    assert everywhere.refusal({"host": "192.0.2.7:7860"}, opens_page=True) == ""
    assert everywhere.refusal({"host": "rebound.example:7860"}, opens_page=True) != ""
    assert everywhere.refusal({"host": "192.0.2.7:80"}, opens_page=True) != ""


def test_conversations_are_json_that_cannot_be_read_as_a_script(visitor: Served) -> None:
    answer = visitor.call("run/predict", visitor.event("greet"))
    assert answer.headers["content-type"].startswith("application/json")
    assert isinstance(json.loads(answer.body), dict)
