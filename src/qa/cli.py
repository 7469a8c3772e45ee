"""argv to settings to engine to stdout and exit code: 0 answered, 1 nothing found, 2 error.

Imports nothing heavy until a command needs it: `qa --help` pays for argparse alone.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from qa.arguments import build_parser
from qa.errors import ConfigError, QAError
from qa.offline import keep_offline

if TYPE_CHECKING:
    from qa.config import Settings
    from qa.engine import BuildReport, Engine, Reply
    from qa.watch import Built

ANSWERED, NOTHING_FOUND, ERROR = 0, 1, 2
_NAMED = 3  # files named in one line


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
    from qa.batch import read_lines, read_object, read_request

    failed = False
    for number, line in enumerate(read_lines(name), start=1):
        if not line.strip():
            continue
        id_: object = None
        try:
            where = f"{name}, line {number}"
            request = read_object(line, where)
            id_ = request.get("id")
            question, turns = read_request(request, where)
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


def _reply_json(reply: Reply, id_: object = None) -> dict[str, Any]:
    from dataclasses import asdict

    from qa.ui.answer_json import to_json

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
