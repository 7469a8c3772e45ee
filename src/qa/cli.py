"""argv to settings to engine to stdout and exit code: 0 answered, 1 nothing found, 2 error.

Imports nothing heavy until a command needs it: `qa --help` pays for argparse alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from qa import __version__
from qa.errors import ConfigError, QAError
from qa.offline import keep_offline

if TYPE_CHECKING:
    from qa.config import Settings
    from qa.engine import BuildReport, Engine, Reply
    from qa.types import Turn
    from qa.watch import Built

ANSWERED, NOTHING_FOUND, ERROR = 0, 1, 2
_NAMED = 3  # files named in one line


def build_parser() -> argparse.ArgumentParser:
    """Return the parser: pure, so that documentation and tests can enumerate the commands."""
    parser = argparse.ArgumentParser(
        prog="qa",
        description="Ask your own documents a question, offline, and get back their words, with exact citations.",
    )
    parser.add_argument("--version", action="version", version=f"quoth {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    index = commands.add_parser("index", help="build or update the index, then print the coverage ledger")
    index.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="folders or files (default: those of the last build, else corpus/)",
    )
    index.add_argument("--rebuild", action="store_true", help="make everything anew, whatever is there")
    index.add_argument(
        "--remove", action="store_true", help="remove what isn't there any more, even more than a third of all"
    )
    _walking(index)
    _shared(index)

    ask = commands.add_parser("ask", help="answer a question on standard output")
    ask.add_argument("question", nargs="?", metavar="QUESTION", help="the question, in plain words")
    ask.add_argument(
        "--batch",
        metavar="FILE",
        help='questions, one {"id", "question", "history"?} a line; "-" reads standard input',
    )
    ask.add_argument("-k", type=_positive, metavar="N", help="passages to give at most (default: 10)")
    _judging(ask)
    _shared(ask)

    chat = commands.add_parser("chat", help="serve the web page")
    chat.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    chat.add_argument("--port", type=int, help="port to listen on (default: 7860)")
    chat.add_argument(
        "--auth", metavar="WHO", help='who may come in: "token", or a file of names made by qa passwd (serve.auth)'
    )
    _judging(chat)
    _shared(chat)

    chat.add_argument(
        "--no-watch", dest="watch", action="store_false", default=None, help="don't keep the index in step meanwhile"
    )
    _walking(chat)

    passwd = commands.add_parser("passwd", help="set someone's password for qa chat --auth FILE")
    passwd.add_argument("file", type=Path, metavar="FILE", help="file of names and passwords; made if it isn't there")
    passwd.add_argument("name", metavar="NAME", help="letters, digits, and . @ - _")

    watch = commands.add_parser("watch", help="keep the index in step with its folders, until stopped")
    watch.add_argument(
        "paths",
        nargs="*",
        type=Path,
        metavar="PATH",
        help="folders or files (default: those of the last build, else corpus/)",
    )
    watch.add_argument(
        "--until-eof", action="store_true", help="stop when standard input ends, for programs that start this one"
    )
    _walking(watch)
    _shared(watch)

    doctor = commands.add_parser("doctor", help="try out what is promised: offline, models, folders, index, an answer")
    _shared(doctor)

    status = commands.add_parser("status", help="say what is indexed, what is not and why, sizes, versions")
    _shared(status)
    return parser


def main(argv: Sequence[str] | None = None, *, own_process: bool = False) -> int:
    """Run one command and return its exit code; in a process of its own, which then stays offline to its end."""
    options = build_parser().parse_args(argv)
    options.own_process = own_process
    if own_process and options.command != "chat":  # which has to open the socket it listens on first
        keep_offline()
    _speak_utf8()
    try:
        return _COMMANDS[options.command](options)
    except QAError as exc:
        return _fail(options, str(exc))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return ERROR
    except BrokenPipeError:
        # the reader went away (as `head` does): no more to say, and nobody to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ANSWERED


def run() -> None:
    """Run one command and end the process at once: taking the interpreter down takes longer than an answer."""
    keep_offline(kernel=False)  # before anything is loaded that might ask
    code = main(own_process=True)
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _shared(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--index", type=Path, metavar="DIR", help="folder of the index (default: index/)")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _judging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reader", choices=("on", "off"), help="whether the trained reader reads the best chunks")
    leaning = parser.add_mutually_exclusive_group()
    for lean, helped in (("strict", "answer only where it is surer"), ("lenient", "answer where it is less sure, too")):
        leaning.add_argument(f"--{lean}", dest="lean", action="store_const", const=lean, help=helped)


def _walking(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--follow-links",
        action="store_const",
        const=True,
        help="follow symbolic links, each file once (walk.follow_links)",
    )


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not a number of passages: give 1 or more")
    return value


def _settings(options: argparse.Namespace, **flags: object) -> Settings:
    from qa.config import load_settings

    return load_settings({"index": options.index, **flags})


def _index(options: argparse.Namespace) -> int:
    from qa.engine import build
    from qa.ui.ledger import ledger_text

    settings = _settings(options, **{"walk.follow_links": options.follow_links})
    bar = _Bar(sys.stderr)

    def may_remove(count: int, of: int) -> bool:
        if options.remove or not (sys.stdin.isatty() and sys.stderr.isatty()):
            return bool(options.remove)
        bar.clear()
        print(f"{count:,} of {of:,} documents aren't there any more. Remove them? [y/N] ", end="", file=sys.stderr)
        return input().strip().lower() in ("y", "yes")

    try:
        report = build(settings, options.paths, rebuild=options.rebuild, stage=bar.show, may_remove=may_remove)
    finally:
        bar.clear()
    if options.json:
        print(json.dumps(_report_json(settings, report), ensure_ascii=False))
        return ANSWERED
    print(ledger_text(report.ledger))
    print(
        f"{report.added} new, {report.changed} changed, {report.unchanged} unchanged, {report.removed} removed. "
        f"Index: {settings.index}"
    )
    if report.note:
        print(report.note)
    return ANSWERED


def _ask(options: argparse.Namespace) -> int:
    if (options.question is None) == (options.batch is None):
        raise ConfigError("Give one question, or a file of them with --batch FILE. See: qa ask --help")
    from qa.engine import Engine

    engine = Engine.open(
        _settings(
            options,
            **{"retrieve.k": options.k, "reader.enabled": options.reader, "verdict.lean": options.lean},
        )
    )
    if options.batch is not None:
        return _ask_batch(engine, options.batch)
    reply = engine.ask(options.question)
    engine.check(reply.answer)
    if options.json:
        print(json.dumps(_reply_json(reply), ensure_ascii=False))
    else:
        from qa.ui.render import to_text

        print(to_text(reply.answer, colour=_wants_colour(sys.stdout)))
    return _exit_code(reply)


def _ask_batch(engine: Engine, name: str) -> int:
    """Answer line by line, in order; a line that can't be answered gets an error object in its place."""
    failed = False
    for number, line in enumerate(_lines(name), start=1):
        if not line.strip():
            continue
        id_: object = None
        try:
            where = f"{name}, line {number}"
            request = _read_object(line, where)
            id_ = request.get("id")
            question, turns = _read_request(request, where)
            reply = engine.ask(question, turns)
            engine.check(reply.answer)
            out = _reply_json(reply, id_)
        except QAError as exc:
            failed = True
            out = {"id": id_, "error": str(exc)}
        print(json.dumps(out, ensure_ascii=False), flush=True)
    return ERROR if failed else ANSWERED


def _chat(options: argparse.Namespace) -> int:
    settings = _settings(
        options,
        **{
            "serve.host": options.host,
            "serve.port": options.port,
            "serve.auth": options.auth,
            "reader.enabled": options.reader,
            "verdict.lean": options.lean,
            "watch.enabled": options.watch,
            "walk.follow_links": options.follow_links,
        },
    )
    from qa.ui.app import serve
    from qa.watch import watching

    with contextlib.ExitStack() as meanwhile:

        def ready(address: str) -> None:
            if options.json:
                print(json.dumps({"address": address}), flush=True)
            else:
                print(f"Quoth is at {address}  (stop with Ctrl+C)", flush=True)
            if settings.watch.enabled:
                links = ["--follow-links"] if settings.walk.follow_links else []
                meanwhile.enter_context(watching(["--index", str(settings.index), *links], sys.stderr, _say))

        if options.own_process:
            keep_offline(listens=settings.serve.host, kernel=False)
        serve(settings, ready, _say, keep_offline if options.own_process else None)
    return ANSWERED


def _passwd(options: argparse.Namespace) -> int:
    from getpass import getpass

    from qa.ui.access import set_password

    if sys.stdin.isatty():
        password = getpass(f"Password of {options.name}: ")
        if getpass("Once more: ") != password:
            raise ConfigError("The two differ. Nothing was changed.")
    else:
        password = sys.stdin.readline().rstrip("\n")
    set_password(options.file, options.name, password)
    print(f"{options.file}: {options.name} can log in with this password once qa chat is started anew.")
    return ANSWERED


def _watch(options: argparse.Namespace) -> int:
    import signal
    import threading

    from qa.engine import Upkeep
    from qa.watch import Keeper, Pace, end_with_input

    settings = _settings(options, **{"walk.follow_links": options.follow_links})
    how = settings.watch
    bar = _Bar(sys.stderr)
    unread: dict[str, str] = {}  # what was said of files that weren't indexed, so as to say it once

    def built(done: Built) -> None:
        bar.clear()
        if options.json:
            print(json.dumps(_built_json(settings, done), ensure_ascii=False), flush=True)
        else:
            print(_built_line(done, unread), flush=True)

    def failed(problem: str) -> None:
        bar.clear()
        _fail(options, problem)

    upkeep = Upkeep(settings, options.paths)
    upkeep.check()
    keeper = Keeper(
        upkeep,
        Pace(how.settle, how.patience, how.sweep, how.poll),
        leave_out=settings.index,
        built=built,
        failed=failed,
        say=_say,
        stage=bar.show if sys.stderr.isatty() else None,
        polling=how.polling,
    )
    # as Ctrl+C does: a build that is under way ends at once, and the next start goes on from what it had made
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if options.until_eof:
        end_with_input(sys.stdin)
    try:
        keeper.run(threading.Event())
    except KeyboardInterrupt:
        bar.clear()
        if not options.until_eof:
            _say("Stopped.")
    return ANSWERED


def _say(words: str) -> None:
    print(f"qa: {words}", file=sys.stderr, flush=True)


def _built_json(settings: Settings, done: Built) -> dict[str, Any]:
    """Return a build as JSON: as `qa index` gives it, but of the files only those that aren't wholly indexed."""
    facts = _report_json(settings, done.report)
    facts["files"] = [entry for entry in facts["files"] if entry["state"] != "indexed"]
    return {**facts, "seconds": round(done.seconds, 3)}


def _built_line(done: Built, said: dict[str, str]) -> str:
    """Return a build in a line, naming files that aren't wholly indexed unless they were named, in `said`, before."""
    import time

    report = done.report
    now = {entry.source: entry.reason for entry in report.ledger if entry.state != "indexed"}
    fresh = [f"{source} ({reason.rstrip('.')})" for source, reason in now.items() if said.get(source) != reason]
    said.clear()
    said.update(now)
    line = (
        f"{time.strftime('%H:%M:%S')}  {report.added} added, {report.changed} changed, {report.removed} removed "
        f"in {done.seconds:.1f} s."
    )
    if fresh:
        more = f" and {len(fresh) - _NAMED} more" if len(fresh) > _NAMED else ""
        line += f" Not wholly read: {'; '.join(fresh[:_NAMED])}{more}. See: qa status"
    return f"{line} {report.note}".rstrip()


def _status(options: argparse.Namespace) -> int:
    from qa.engine import status

    facts = status(_settings(options))
    if options.json:
        print(json.dumps(facts.to_json(), ensure_ascii=False))
        return ANSWERED
    from qa.ui.ledger import ledger_text

    print(ledger_text(facts.ledger))
    for name, value in facts.summary():
        print(f"{name + ':':<14} {value}")
    return ANSWERED


def _doctor(options: argparse.Namespace) -> int:
    from qa.engine.doctor import examine

    found = list(examine(_settings(options)))
    if options.json:
        print(json.dumps([{"name": one.name, "state": one.state, "said": one.said} for one in found]))
    else:
        for one in found:
            print(f"{one.state:<8} {one.name + ':':<16} {one.said}")
    return ERROR if any(one.state == "wrong" for one in found) else ANSWERED


def _read_object(line: str, where: str) -> dict[str, Any]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"{where}: not JSON ({exc}). Write one object a line.") from exc
    if not isinstance(request, dict):
        raise ConfigError(f'{where}: no "question". Write {{"id": "1", "question": "…"}}.')
    return request


def _read_request(request: dict[str, Any], where: str) -> tuple[str, list[Turn]]:
    if not isinstance(request.get("question"), str):
        raise ConfigError(f'{where}: no "question". Write {{"id": "1", "question": "…"}}.')
    history = request.get("history") or []
    if not isinstance(history, list):
        raise ConfigError(f'{where}: "history" must be a list of earlier turns.')
    return request["question"], list(_turns(history, where))


def _turns(history: Iterable[Any], where: str) -> Iterator[Turn]:
    """Read turns given as questions, as {"question", "answer"}, or as {"role", "content"} messages."""
    from qa.types import Turn

    asked: Turn | None = None  # a message by the user, which the next one by the assistant answers
    for item in history:
        role, content = (item.get("role"), item.get("content")) if isinstance(item, dict) else (None, None)
        if role == "assistant" and isinstance(content, str):
            if asked is not None:
                yield Turn(asked.question, content)
            asked = None
            continue
        if asked is not None:
            yield asked
            asked = None
        if isinstance(item, str):
            yield Turn(item)
        elif isinstance(item, dict) and isinstance(item.get("question"), str):
            yield Turn(item["question"], str(item.get("answer") or ""))
        elif role == "user" and isinstance(content, str):
            asked = Turn(content)
        elif role is None:
            raise ConfigError(f'{where}: "history" holds {item!r}, which is no turn. Write {{"question": "…"}}.')
    if asked is not None:
        yield asked


def _lines(name: str) -> Iterator[str]:
    try:
        if name == "-":
            yield from sys.stdin
        else:
            with open(name, encoding="utf-8-sig") as file:
                yield from file
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{name}: can't be read ({exc}). Name a UTF-8 file of JSON lines.") from exc


def _reply_json(reply: Reply, id_: object = None) -> dict[str, Any]:
    from dataclasses import asdict

    from qa.ui.render import to_json

    return to_json(reply.answer, asdict(reply.timings), id_)


def _report_json(settings: Settings, report: BuildReport) -> dict[str, Any]:
    return {
        "index": str(settings.index),
        "added": report.added,
        "changed": report.changed,
        "unchanged": report.unchanged,
        "removed": report.removed,
        "chunks": report.chunks,
        "note": report.note,
        "files": [entry.facts() for entry in report.ledger],
    }


def _exit_code(reply: Reply) -> int:
    from qa.types import Kind, Verdict

    answer = reply.answer
    return NOTHING_FOUND if answer.kind is Kind.PASSAGE and answer.verdict is not Verdict.ANSWERED else ANSWERED


def _fail(options: argparse.Namespace, message: str) -> int:
    if getattr(options, "json", False):
        print(json.dumps({"error": message}, ensure_ascii=False))
    print(f"qa: {message}", file=sys.stderr)
    return ERROR


def _wants_colour(stream: TextIO) -> bool:
    return stream.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _speak_utf8() -> None:
    """Read and print UTF-8 on any console: what it can't show is replaced, what isn't UTF-8 is refused."""
    for stream, errors in ((sys.stdin, "strict"), (sys.stdout, "replace"), (sys.stderr, "replace")):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(encoding="utf-8", errors=errors)


_COMMANDS = {
    "index": _index,
    "ask": _ask,
    "chat": _chat,
    "doctor": _doctor,
    "passwd": _passwd,
    "watch": _watch,
    "status": _status,
}


class _Bar:
    """A progress bar on one line of a terminal; a line a stage where there is none."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._last = ""

    def show(self, stage: str, done: int, total: int) -> None:
        """Draw the bar, when what it shows has changed."""
        share = done / total if total else 1.0
        line = f"{stage:<10} [{'#' * int(30 * share):<30}] {done}/{total}"
        if self._live and line != self._last:
            print(f"\r{line}\033[K", end="", file=self._stream, flush=True)
            self._last = line
        elif not self._live and done == total:
            print(line, file=self._stream, flush=True)

    def clear(self) -> None:
        """Take the bar away, so that what follows starts on a clean line."""
        if self._live and self._last:
            print("\r\033[K", end="", file=self._stream, flush=True)


if __name__ == "__main__":
    run()
