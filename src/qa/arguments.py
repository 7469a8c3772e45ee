"""The commands and their options. Pure: docs and tests enumerate it, and `qa --help` pays for argparse alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from qa import __version__


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
