"""Runs readers in a process of their own: a crash, a hang or hunger for memory costs one file, not the run.

Knows pipes, limits and how an `Extracted` crosses them (JSON and UTF-8, checked on arrival); knows no format.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, TypeVar

from qa.load import names
from qa.load.extracted import Child, Extracted, Hidden, Limits, Unreadable
from qa.load.sections import Heading
from qa.load.table import READERS
from qa.types import Place, Span

_MEMORY = 2_000_000_000
_SIZES = struct.Struct("<QQ")  # of the header and of what follows it
_MOST_HEADER = 1 << 29
_STARTING = 60.0  # seconds a worker may take to start: a cold disk, not a hostile file
_GRACE = 5  # seconds the child's own clocks run longer than its parent's
_SPLIT = "Split the file, or save it anew, and index again."
_ANEW = "Open the file and save it anew, or in another format, and index again."

_Kind = TypeVar("_Kind")


class Worker:
    """A process that reads files one after the other, and a new one after each that dies. For one thread at a time."""

    def __init__(self, readers: Mapping[str, str] = READERS, *, memory: int = _MEMORY) -> None:
        self._readers = dict(readers)
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, name: str, data: bytes, limits: Limits, seconds: float) -> Extracted:
        """Return what the reader `name` makes of `data`; raise Unreadable where it can't, dies or takes too long."""
        if len(data) > limits.file_bytes:
            raise Unreadable(f"it is larger than {limits.file_bytes // 1_000_000} MB.", _SPLIT)
        order = {"reader": self._readers[name], "limits": asdict(limits), "seconds": seconds}
        try:
            process = self._started()
            with _Deadline(process, seconds) as deadline:
                answer = _ask(process, order, data, limits)
            if answer is None:
                raise self._obituary(process, seconds, deadline.passed)
            header, pieces = answer
            if header.get("leaving"):
                self.close()
            return _answered(header, pieces)
        except BaseException as exc:
            # whatever it is, half an answer may still be in the pipe: the next file must not be given it
            if not isinstance(exc, Unreadable) or self._is_dead():
                self._kill()
            raise

    def close(self) -> None:
        """End the process; the next `read` starts another."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._kill(wait=1.0)

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._is_dead():
            self._kill()
            self._process = _start(self._memory)
            with _Deadline(self._process, _STARTING) as deadline:
                greeting = _receive(self._process, 1)
            if greeting is None:
                raise self._obituary(self._process, _STARTING, deadline.passed)
        return self._process

    def _is_dead(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _kill(self, wait: float = 0.0) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if wait:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(wait)
        _end(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _obituary(self, process: subprocess.Popen[bytes], seconds: float, late: bool) -> Unreadable:
        """Say what a worker that gave no answer died of."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
        _end(process)
        number = -(process.returncode or 0)
        clocks = {getattr(signal, clock, None) for clock in ("SIGXCPU", "SIGALRM")}
        if late or number in clocks:
            return Unreadable(f"its reader took longer than {seconds:g} s.", _SPLIT)
        if number == getattr(signal, "SIGKILL", None):
            return Unreadable("its reader was ended from outside, perhaps for want of memory (signal 9).", _SPLIT)
        how = f"signal {number}" if number > 0 else f"exit status {process.returncode}"
        return Unreadable(f"its reader crashed ({how}).", _ANEW)


class _Deadline:
    """Kills a process that is still busy when its time is up; `passed` says whether it came to that."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.passed = False
        self._process = process
        self._timer = threading.Timer(seconds, self._strike)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        # once this returns the timer can't strike the next file
        self._timer.join()

    def _strike(self) -> None:
        self.passed = True
        _end(self._process)


def _start(memory: int) -> subprocess.Popen[bytes]:
    # -I and -S: neither the folder one stands in, nor a variable, nor a .pth file decides what the child imports;
    # it is given the places this process imports from
    places = [place for place in sys.path if place and os.path.isabs(place)]
    command = "import sys; sys.path[:] = sys.argv[2:]; from qa.load.isolated import serve; serve(int(sys.argv[1]))"
    arguments = [sys.executable, "-I", "-S", "-B", "-c", command, str(memory), *places, str(Path(__file__).parents[2])]
    single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_THREAD_LIMIT"), "1")
    return subprocess.Popen(
        arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **single},
        start_new_session=os.name == "posix",  # so that programs it started end with it, and Ctrl+C is ours alone
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg") and process.returncode is None:
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(OSError):
        process.kill()
    process.wait()


def _ask(
    process: subprocess.Popen[bytes], order: dict[str, Any], data: bytes, limits: Limits
) -> tuple[dict[str, Any], list[bytes]] | None:
    """Send one file and return what comes back; None where the worker died over it."""
    assert process.stdin is not None
    header = json.dumps(order).encode()
    try:
        process.stdin.write(_SIZES.pack(len(header), len(data)) + header)
        process.stdin.write(data)
        process.stdin.flush()
    except OSError:
        return None
    sizes = _receive(process, _SIZES.size)
    if sizes is None:
        return None
    header_size, rest = _SIZES.unpack(sizes)
    if header_size > _MOST_HEADER or rest > 4 * limits.characters + limits.unpacked_bytes + limits.file_bytes:
        _end(process)
        raise _nonsense()
    packed = _receive(process, header_size)
    if packed is None:
        return None
    found = _parsed(packed, rest)
    if found is None:
        _end(process)
        raise _nonsense()
    # piece by piece: a large archive isn't held twice
    pieces = []
    for size in found["sizes"]:
        piece = _receive(process, size)
        if piece is None:
            return None
        pieces.append(piece)
    return found, pieces


def _parsed(packed: bytes, rest: int) -> dict[str, Any] | None:
    """Return an answer's header; None where it is none, or what it announces isn't what follows."""
    try:
        found = json.loads(packed)
        sizes = [_as(int, size) for size in _as(list, _as(dict, found)["sizes"])]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if sum(sizes) == rest and all(size >= 0 for size in sizes) else None


def _receive(process: subprocess.Popen[bytes], size: int) -> bytes | None:
    assert process.stdout is not None
    data = process.stdout.read(size)
    return data if len(data) == size else None


def _answered(header: dict[str, Any], pieces: list[bytes]) -> Extracted:
    if "problem" in header:
        raise Unreadable(_as(str, header["problem"]), _as(str, header.get("remedy", "")))
    try:
        return unpack(header, pieces)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as exc:
        raise _nonsense() from exc


def _nonsense() -> Unreadable:
    return Unreadable("its reader gave an answer that makes no sense.", _ANEW)


def pack(extracted: Extracted) -> tuple[dict[str, Any], list[bytes]]:
    """Return `extracted` as what JSON can hold, and the bytes that go beside it: the text, then each child's."""
    pieces = [extracted.text.encode("utf-8"), *(child.data for child in extracted.children)]
    header = {
        "sizes": [len(piece) for piece in pieces],
        "headings": [[item.level, item.words, item.span.start, item.span.end] for item in extracted.headings],
        "title": extracted.title,
        "author": extracted.author,
        "date": extracted.date,
        "start": extracted.start,
        "places": [[item.kind, item.label, item.span.start, item.span.end] for item in extracted.places],
        "parts": extracted.parts,
        "empty": extracted.empty,
        "hidden": [[item.why, item.span.start, item.span.end] for item in extracted.hidden],
        "lost": extracted.lost,
        "notes": extracted.notes,
        "children": [child.name for child in extracted.children],
        "encoding": extracted.encoding,
    }
    return header, pieces


def unpack(header: Mapping[str, Any], pieces: Sequence[bytes]) -> Extracted:
    """Make an `Extracted` of what a worker sent; raise ValueError, TypeError or KeyError where it can't be one.

    Nothing is taken on trust: spans lie in the text, names lie inside, each child has its name.
    """
    text = pieces[0].decode("utf-8")
    if "\x00" in text:
        raise ValueError("the text holds a NUL")
    start = _as(int, header["start"])
    if not 0 <= start <= len(text):
        raise ValueError("the body begins outside the text")
    return Extracted(
        text=text,
        headings=tuple(
            Heading(_as(int, level), _storable(words), _span(first, last, text))
            for level, words, first, last in header["headings"]
        ),
        title=_storable(header["title"]),
        author=_storable(header["author"]),
        date=_storable(header["date"]),
        start=start,
        places=tuple(
            Place(_storable(kind), _storable(label), _span(first, last, text))
            for kind, label, first, last in header["places"]
        ),
        parts=_as(int, header["parts"]),
        empty=tuple(_storable(line) for line in _as(list, header["empty"])),
        hidden=tuple(Hidden(_span(first, last, text), _storable(why)) for why, first, last in header["hidden"]),
        lost=_as(int, header["lost"]),
        notes=tuple(_storable(line) for line in _as(list, header["notes"])),
        children=_children(_as(list, header["children"]), pieces[1:]),
        encoding=_storable(header["encoding"]),
    )


def _children(called: list[Any], pieces: Sequence[bytes]) -> tuple[Child, ...]:
    for name in called:
        if not name or names.inside(_storable(name)) != name:
            raise ValueError(f"no child can be called {name!r}")
    return tuple(Child(name, data) for name, data in zip(called, pieces, strict=True))


def _as(kind: type[_Kind], value: object) -> _Kind:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def _storable(value: object) -> str:
    words = _as(str, value)
    words.encode("utf-8")  # a UnicodeEncodeError is a ValueError
    return words


def _span(first: object, last: object, text: str) -> Span:
    span = Span(_as(int, first), _as(int, last))
    if span.end > len(text):
        raise ValueError("a span reaches past the text")
    return span


# What follows runs in the child.


def serve(memory: int) -> None:
    """Read files from standard input and answer on standard output until it ends: the child's whole life."""
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):
        os.dup2(nowhere, standard)  # what a library prints must not land among the answers
    _limit_memory(memory)
    sys.addaudithook(_refusal(shutil.which("tesseract")))
    outbox.write(b"+")
    outbox.flush()
    while True:
        sizes = inbox.read(_SIZES.size)
        if len(sizes) < _SIZES.size:
            return
        header, pieces = _serve_one(inbox, _SIZES.unpack(sizes), memory)
        packed = json.dumps(header).encode()
        outbox.write(_SIZES.pack(len(packed), sum(map(len, pieces))) + packed)
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
        _wind_clocks(order["seconds"])
        module, _, function = order["reader"].partition(":")
        read = getattr(importlib.import_module(module), function)
        answer = pack(read(data, Limits(**order["limits"])))
    except Unreadable as exc:
        answer = _problem(exc.problem, exc.remedy), []
    except MemoryError:
        # what it holds may not come back: the next file gets a fresh worker
        words = f"its reader needed more than {memory / 1e9:g} GB of memory."
        answer = {**_problem(words, _SPLIT), "leaving": True}, []
    except RecursionError:
        answer = _problem("its contents are nested deeper than its reader can follow.", _ANEW), []
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - whatever a reader raises costs this file alone
        answer = _problem(f"its reader failed ({type(exc).__name__}: {str(exc)[:200]}).", _ANEW), []
    finally:
        _wind_clocks(0)
    return answer


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


def _wind_clocks(seconds: float) -> None:
    """Set this process's own clocks, in case its parent is no more; 0 stops them."""
    if not hasattr(signal, "setitimer"):
        return
    import resource

    signal.setitimer(signal.ITIMER_REAL, seconds and seconds + _GRACE)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    allowed = int(time.process_time() + seconds + _GRACE) + 1 if seconds else most
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, most))


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
