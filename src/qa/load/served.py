"""A reader's process from inside: reads files as they are asked for, without sockets, other programs or writing.

Started by `isolated`; knows pipes and limits, no format.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from typing import Any, BinaryIO

from qa.load import clocks
from qa.load.extracted import Limits, Unreadable
from qa.load.wire import ANEW, SIZES, SPLIT, pack, pack_picture, unpack_quoted
from qa.offline import keep_offline


def serve(memory: int) -> None:
    """Read files from standard input and answer on standard output until it ends: the child's whole life."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)  # what a library prints must not land among the answers
    keep_offline()
    _limit_memory(memory)
    sys.addaudithook(_refusal(shutil.which("tesseract")))
    outbox.write(b"+")
    outbox.flush()
    while True:
        sizes = inbox.read(SIZES.size)
        if len(sizes) < SIZES.size:
            return
        header, pieces = _serve_one(inbox, SIZES.unpack(sizes), memory)
        packed = json.dumps(header).encode()
        outbox.write(SIZES.pack(len(packed), sum(map(len, pieces))) + packed)
        for piece in pieces:
            outbox.write(piece)
        outbox.flush()
        if header.get("leaving"):
            return


def _serve_one(inbox: BinaryIO, sizes: tuple[int, int], memory: int) -> tuple[dict[str, Any], list[bytes]]:
    order = json.loads(inbox.read(sizes[0]))
    answer: tuple[dict[str, Any], list[bytes]]
    try:
        data = inbox.read(sizes[1])
        clocks.wind(order["seconds"])
        answer = _made(order, data)
    except Unreadable as exc:
        answer = _problem(exc.problem, exc.remedy), []
    except MemoryError:
        # what it holds may not come back: the next file gets a fresh worker
        words = f"its reader needed more than {memory / 1e9:g} GB of memory."
        answer = {**_problem(words, SPLIT), "leaving": True}, []
    except RecursionError:
        answer = _problem("its contents are nested deeper than its reader can follow.", ANEW), []
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a reader raises costs this file alone
        answer = _problem(f"its reader failed ({type(exc).__name__}: {str(exc)[:200]}).", ANEW), []
    finally:
        clocks.wind(0)
    return answer


def _made(order: dict[str, Any], data: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Read a file, or, where a quote is asked for, draw the page it stands on."""
    module, _, function = order["reader"].partition(":")
    called = getattr(importlib.import_module(module), function)
    limits = Limits(**order["limits"])
    if "quoted" in order:
        return pack_picture(called(data, unpack_quoted(order["quoted"]), limits))
    return pack(called(data, limits))


def _problem(problem: str, remedy: str) -> dict[str, Any]:
    printable = [words.encode("utf-8", "backslashreplace").decode("utf-8") for words in (problem, remedy)]
    return {"problem": printable[0], "remedy": printable[1], "sizes": []}


def _limit_memory(memory: int) -> None:
    try:
        import resource
    except ImportError:  # Windows: the clock alone
        return
    for what in ("RLIMIT_AS", "RLIMIT_DATA"):
        if hasattr(resource, what):
            # macOS knows the first by name only
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(getattr(resource, what), (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_REFUSED = frozenset(
    """
    os.system os.exec os.fork os.forkpty os.posix_spawn os.spawn os.startfile os.remove os.rename os.rmdir
    os.mkdir os.link os.symlink os.truncate os.chmod os.chown os.utime os.setxattr os.removexattr pty.spawn
    """.split()
)
_REFUSED_FAMILIES = ("socket.", "urllib.", "http.", "ftplib.", "smtplib.", "webbrowser.", "sqlite3.", "winreg.")


def _refusal(allowed_program: str | None) -> Callable[[str, tuple[Any, ...]], None]:
    """Return the hook that denies a reader what no reader needs: the network, other programs, and writing files.

    A second line of defence only: it sees what Python does, not what a library does in C.
    """

    def refuse(event: str, values: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = values
            # a number is a file that is open already: a pipe
            if isinstance(flags, int) and flags & _WRITING and path != os.devnull and not isinstance(path, int):
                raise PermissionError("a reader may not write files")
        elif event == "subprocess.Popen":
            program, arguments = values[0], values[1]
            if not allowed_program or allowed_program != (program or arguments[0]):
                raise PermissionError("a reader may not start programs")
        elif event in _REFUSED or event.startswith(_REFUSED_FAMILIES):
            raise PermissionError(f"a reader may not do this: {event}")

    return refuse
