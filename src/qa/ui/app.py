"""The Gradio page: a question box and the conversation on the left, the evidence on the right.

Only wiring: what is shown is made in `render`, `ledger` and `viewer`. Everything comes from this process; nothing
is fetched, and nothing is sent anywhere.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.config import ServeSettings, Settings
from qa.engine import Engine
from qa.engine.adapters import usable_cores
from qa.engine.current import Current, Generation
from qa.engine.pages import Pages
from qa.errors import ConfigError, QAError
from qa.index import stored
from qa.types import LedgerEntry, Turn, Verdict
from qa.ui import ledger, render, viewer
from qa.ui.access import Access, read_accounts
from qa.ui.addresses import Addresses, is_loopback
from qa.ui.calls import Calls, FilesAsked, PagesAsked, Refused
from qa.ui.escape import escaped
from qa.ui.guard import Guard, Limits, Listeners
from qa.ui.waiting import Busy, Left, WaitingRoom

if TYPE_CHECKING:
    import gradio as gr
    from starlette.types import ASGIApp

logger = logging.getLogger(__name__)

_HERE = Path(__file__).parent
_KEPT_TURNS = 30  # how far back a conversation's evidence can be opened
_LOOK_AGAIN = 4.0  # seconds until the page asks whether there is a newer index
# the page's own script answers to these; focus returns to the box, so that the next question can be typed
_FOCUS = "document.querySelector('#question textarea, #question input')?.focus()"
_ON_ASKED = "(...values) => { window.quoth?.asked(); return values; }"
_ON_ANSWERED = f"() => {{ window.quoth?.answered(); {_FOCUS}; }}"
_ON_CLEARED = f"() => {{ window.quoth?.cleared(); {_FOCUS}; }}"
_WORKING = "Reading your documents…"
_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica", "Arial", "sans-serif"]
_MONO = ["ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace"]

# shown where the collection holds the document, so that each has its answer in the index
_EXAMPLES = (
    ("state-department-fact-sheet.md", "On what date does the USMCA end unless it is extended?"),
    ("encyclopedia-article.html", "Which football federations do both countries belong to?"),
    ("citizen-services.html", "Which number do I call after hours in an emergency?"),
    ("embassy-history.txt", "How many ports of entry does the border have?"),
    ("foreign-policy-explainer.md", "Who walked on the moon first?"),
)


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One turn of the conversation as shown: question, answer and evidence, each as HTML.

    `number` is given once and kept: marks in the answer point at it, whatever is forgotten before it.
    """

    number: int
    turn: Turn
    said: str
    evidence: str


def serve(
    settings: Settings,
    ready: Callable[[str], None],
    greet: Callable[[str], None],
    listening: Callable[[], None] | None = None,
) -> None:
    """Serve the page until interrupted; call `ready` with its address once it answers, `greet` with what to say first.

    `listening` is called once the socket is open, before anything is loaded: no other will be needed.

    Raises IndexMissing where there is nothing to ask, ConfigError where the port is taken, or where the page would be
    open to more than this machine without anyone having to say who they are.
    """
    from qa.ui.server import listen, make_server

    how = settings.serve
    access = _access(how, greet)
    stored(settings.index)
    with contextlib.closing(listen(how.host, how.port)) as listener, contextlib.closing(Pages(settings)) as pages:
        if listening:
            listening()
        current = Current(settings)
        engine = current.engine()
        # the model is loaded while the page is being opened; a question asked meanwhile waits for it
        threading.Thread(target=engine.warm_up, daemon=True).start()
        listeners = Listeners()
        page = make_page(current, pages, WaitingRoom(how.at_once or usable_cores(), how.waiting), listeners)
        addresses = Addresses.of(
            how.host, how.port, names=how.names.replace(",", " ").split(), tls=bool(how.certificate)
        )
        app = guarded(page, addresses=addresses, listeners=listeners, access=access, longest=how.question_chars)
        shown = f"[{how.host}]" if ":" in how.host else how.host
        server = make_server(app, how, lambda: ready(f"{addresses.scheme}://{shown}:{how.port}"))
        server.run(sockets=[listener])


def guarded(
    page: gr.Blocks,
    *,
    addresses: Addresses,
    listeners: Listeners,
    access: Access | None,
    longest: int,
    limits: Limits | None = None,
) -> ASGIApp:
    """Return the page as an application that may be served: the guard around it lets nothing else through."""
    import gradio as gr
    from fastapi import FastAPI

    theme = gr.themes.Base(primary_hue="amber", neutral_hue="stone", font=_FONTS, font_mono=_MONO)
    app = gr.mount_gradio_app(
        FastAPI(docs_url=None, redoc_url=None, openapi_url=None),
        page,
        path="/",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
        show_error=False,
        theme=theme,
        css=(_HERE / "page.css").read_text(encoding="utf-8"),
    )
    functions = {number: fn for number, fn in page.fns.items() if fn.fn}
    calls = Calls(
        inputs={number: len(fn.inputs) for number, fn in functions.items()},
        queued=frozenset(number for number, fn in functions.items() if fn.queue),
        components=frozenset(number for number, block in page.blocks.items() if hasattr(block, "show_pages")),
        longest=longest,
    )
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    return Guard(
        app, addresses=addresses, calls=calls, listeners=listeners, script=script, access=access, limits=limits
    )


def _access(how: ServeSettings, greet: Callable[[str], None]) -> Access | None:
    """Return who may come in; None where that is everyone on this machine."""
    if not how.auth:
        if not is_loopback(how.host):
            raise ConfigError(
                f"{how.host} can be reached from other machines, and everyone there could read your documents. "
                "Say who may: --auth token, or --auth FILE with names and passwords made by: qa passwd FILE NAME"
            )
        return None
    if not is_loopback(how.host) and not how.certificate:
        greet("Without serve.certificate the network can read what is asked, answered and typed to log in.")
    if how.auth != "token":
        return Access(read_accounts(Path(how.auth)), port=how.port, tls=bool(how.certificate))
    token = secrets.token_urlsafe(18)
    greet(f"Log in with this token, which is shown only once: {token}")
    return Access(token=token, port=how.port, tls=bool(how.certificate))


def make_page(current: Current, pages: Pages, room: WaitingRoom, listeners: Listeners) -> gr.Blocks:
    """Return the page, not yet served: each question is put to the newest index there is, when its turn comes."""
    import gradio as gr

    first = current.engine().index
    examples = [question for source, question in _EXAMPLES if source in first.sources]

    def show_pages(asked: dict[str, Any]) -> str:
        return _pages_html(current.engine(), pages, asked)

    def list_files(asked: dict[str, Any]) -> str:
        return _rows_html(current.engine(), asked)

    with gr.Blocks(title="Quoth", analytics_enabled=False, fill_width=True) as page:
        past, seen = gr.State([]), gr.State(("", ""))
        gr.HTML(
            "<header class='top'><h1>Quoth</h1><p>Ask your documents. The answer is in their own words.</p></header>",
            elem_id="top",
            js_on_load="window.quoth.serve(server)",
            server_functions=[show_pages, list_files],
        )
        with gr.Row(elem_id="rooms", equal_height=False):
            with gr.Column(scale=5, min_width=320, elem_id="left"):
                talk = gr.HTML(_welcome(first.ledger), elem_id="talk")
                with gr.Row(elem_id="ask", equal_height=True):
                    box = gr.Textbox(
                        placeholder="Ask a question, then press Enter",
                        label="Question",
                        show_label=False,
                        container=False,
                        autofocus=True,
                        lines=1,
                        max_lines=4,
                        scale=8,
                        elem_id="question",
                    )
                    button = gr.Button("Ask", variant="primary", scale=1, min_width=72, elem_id="ask-button")
                again = gr.Button("New conversation", size="sm", elem_id="again")
                with gr.Column(elem_id="examples", visible=bool(examples)):
                    shown = [gr.Button(text, size="sm", elem_classes="example") for text in examples]
                with gr.Accordion(_documents(first.ledger), open=True, elem_id="documents") as documents:
                    standing = gr.HTML(_standing(current.generation()), elem_id="standing")
                    files = gr.HTML(
                        ledger.ledger_html(first.ledger),
                        elem_id="files",
                        js_on_load="watch('value', () => window.quoth.listed())",
                    )
            with gr.Column(scale=6, min_width=320, elem_id="right"):
                evidence = gr.HTML(_no_evidence(), elem_id="evidence")

        def receive(question: str, turns: list[_Exchange]) -> tuple[str, str, str]:
            return "", question, _conversation(turns, question)

        async def answer(question: str, turns: list[_Exchange], request: gr.Request) -> AsyncIterator[Any]:
            session = request.session_hash or ""
            try:
                with room.ticket(session) as ticket:
                    ahead = await ticket.ahead(0, lambda: listeners.has(session))
                    while ahead:
                        yield gr.skip(), _conversation(turns, question, ahead), gr.skip()
                        ahead = await ticket.ahead(ahead, lambda: listeners.has(session))
                    exchange = await ticket.served(lambda: _exchange(current.engine(), pages, question, turns))
            except Busy as exc:
                yield gr.skip(), _conversation(turns, question, problem=str(exc)), gr.skip()
                return
            except Left:
                yield gr.skip(), gr.skip(), gr.skip()
                return
            turns = [*turns, exchange][-_KEPT_TURNS:]
            yield turns, _conversation(turns), _evidence(turns)

        # Gradio looks at this to tell that it is wanted; the name isn't known where annotations are looked up
        answer.__annotations__["request"] = gr.Request

        def start_again() -> tuple[list[_Exchange], str, str]:
            return [], _welcome(current.engine().index.ledger), _no_evidence()

        def look_again(seen: tuple[str, str]) -> Any:  # noqa: ANN401 - an update a component, or none at all
            generation = current.generation()
            marks = f"{generation.name} {generation.built}", _standing(generation)
            if marks == tuple(seen):
                return gr.skip()
            if marks[0] == seen[0]:
                return marks, gr.skip(), marks[1], gr.skip()
            entries = current.engine().index.ledger
            return marks, gr.update(label=_documents(entries)), marks[1], ledger.ledger_html(entries)

        def greet() -> str:
            return _welcome(current.engine().index.ledger)

        asked = gr.State("")
        # who waits, and how many are too many, is the waiting room's to say
        queued: dict[str, Any] = {"show_progress": "hidden", "concurrency_limit": None, "api_visibility": "private"}
        for trigger, source in [(box.submit, box), (button.click, box)] + [(e.click, e) for e in shown]:
            trigger(
                receive, [source, past], [box, asked, talk], show_progress="hidden", queue=False, js=_ON_ASKED
            ).then(answer, [asked, past], [past, talk, evidence], **queued).then(None, js=_ON_ANSWERED)
        again.click(start_again, None, [past, talk, evidence], show_progress="hidden", queue=False).then(
            None, js=_ON_CLEARED
        )
        # the page was made when the server started: what it shows of the index may be of yesterday
        page.load(greet, None, talk, show_progress="hidden", queue=False)
        looks: dict[str, Any] = {"inputs": seen, "outputs": [seen, documents, standing, files], "queue": False}
        page.load(look_again, **looks, show_progress="hidden")
        gr.Timer(_LOOK_AGAIN).tick(look_again, **looks, show_progress="hidden")
    return page


def _exchange(engine: Engine, pages: Pages, question: str, turns: list[_Exchange]) -> _Exchange:
    """Ask, check the quotes once more, and render; an error is said in the conversation."""
    number = turns[-1].number + 1 if turns else 1
    try:
        reply = engine.ask(question, [exchange.turn for exchange in turns])
        engine.check(reply.answer)
    except QAError as exc:
        said = render.question_html(question) + render.error_html(str(exc))
        return _Exchange(number, Turn(question), said, _no_evidence())
    answer = reply.answer

    def drawn(source: str) -> str:
        return (engine.index.digest(source) or "") if pages.draws(source) else ""

    said = render.question_html(question) + render.answer_html(answer, number, drawn)
    text = answer.text if answer.verdict is Verdict.ANSWERED else ""  # what a follow-up's "he" may stand for
    return _Exchange(number, Turn(question, text), said, render.evidence_html(answer, number, drawn))


def _pages_html(engine: Engine, pages: Pages, asked: dict[str, Any]) -> str:
    """Return the pages that quotes stand on; what is asked was checked for its shape by the guard."""
    wanted = PagesAsked.model_validate(asked)
    try:
        return viewer.pages_html(wanted.source, pages.show(engine.index, wanted.source, wanted.digest, wanted.found()))
    except (QAError, Refused) as exc:
        return viewer.problem_html(str(exc))


def _rows_html(engine: Engine, asked: dict[str, Any]) -> str:
    wanted = FilesAsked.model_validate(asked)
    return ledger.rows_html(engine.index.ledger, wanted.state, wanted.words, wanted.start)


def _conversation(turns: list[_Exchange], waiting: str = "", ahead: int = 0, problem: str = "") -> str:
    """Return what was said, and below it the question that waits with how many are ahead, or why it isn't answered."""
    parts = [exchange.said for exchange in turns]
    if problem:
        parts.append(render.question_html(waiting) + render.error_html(problem))
    elif waiting.strip():
        working = f"{ahead} question{'s are' if ahead > 1 else ' is'} ahead of yours…" if ahead else _WORKING
        parts.append(render.question_html(waiting) + f"<p class='working' role='status'>{working}</p>")
    return f"<div class='log' role='log' aria-live='polite'>{''.join(parts)}</div>"


def _evidence(turns: list[_Exchange]) -> str:
    """Return every turn's evidence, the last one open; a citation of an earlier turn opens its own."""
    return "".join(
        f"<section class='turn{' open' if turn is turns[-1] else ''}' data-turn='{turn.number}' "
        f"aria-label='Evidence for question {turn.number}'>{turn.evidence}</section>"
        for turn in turns
    )


def _documents(entries: Sequence[LedgerEntry]) -> str:
    return f"Documents ({sum(entry.is_searched for entry in entries):,} of {len(entries):,} indexed)"


def _standing(generation: Generation) -> str:
    """Say how fresh the index is: when it was written, and when its files were last found to be as it says."""
    built, checked = (moment.astimezone() for moment in (generation.built, generation.checked))
    said = f"Index of {_moment(built)}"
    if (checked - built).total_seconds() >= 60:
        same_day = checked.date() == built.date()
        said += f"; files unchanged at {checked:%H:%M}" if same_day else f"; files unchanged on {_moment(checked)}"
    problem = f"<p class='problem'>{escaped(generation.problem)}</p>" if generation.problem else ""
    return f"<p class='standing'>{said}.</p>{problem}"


def _moment(when: datetime) -> str:
    return f"{when.day} {when:%B %Y, %H:%M}"


def _welcome(entries: Sequence[LedgerEntry]) -> str:
    indexed = sum(entry.is_searched for entry in entries)
    return (
        "<div class='log' role='log' aria-live='polite'><p class='welcome'>"
        f"{indexed} document{'s are' if indexed != 1 else ' is'} indexed. Answers are quotes: each number opens the "
        "place it was taken from. Where the documents don't say, you are told so.</p></div>"
    )


def _no_evidence() -> str:
    return "<p class='empty'>The passages an answer was taken from appear here.</p>"
