"""Runs readers in a process of their own: a crash, a hang or hunger for memory costs one file, not the run.

Starts, asks and replaces that process (`served` is its inside, `wire` what crosses); knows no format.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from qa.load.clocks import GRACE
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.pictured import Picture, Quoted
from qa.load.table import DRAWERS, READERS
from qa.load.wire import ANEW, SIZES, SPLIT, checked, pack_quoted, parsed, unpack, unpack_picture

_MEMORY = 2_000_000_000
_MOST_HEADER = 1 << 29
_STARTING = 60.0  # seconds a worker may take to start: a cold disk, not a hostile file

_Made = TypeVar("_Made")


class Worker:
    """A process that reads files one after the other, and a new one after each that dies. For one thread at a time."""

    def __init__(
        self, readers: Mapping[str, str] = READERS, *, drawers: Mapping[str, str] = DRAWERS, memory: int = _MEMORY
    ) -> None:
        self._readers, self._drawers = dict(readers), dict(drawers)
        self._memory = memory
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read(self, name: str, data: bytes, limits: Limits, seconds: float, more: float = 0.0) -> Extracted:
        """Return what the reader `name` makes of `data`; raise Unreadable where it can't, dies or takes too long.

        `more` is what it may take on top where it asks for it, as one that recognises pictures does.
        """
        return self._made({"reader": self._readers[name]}, data, limits, seconds, unpack, more)

    def draw(self, name: str, data: bytes, quoted: Quoted, limits: Limits, seconds: float) -> Picture:
        """Return the page of a file of reader `name` that bears a quote; raise Unreadable as `read` does."""
        order = {"reader": self._drawers[name], "quoted": pack_quoted(quoted)}
        return self._made(order, data, limits, seconds, unpack_picture)

    def _made(
        self,
        asked: dict[str, Any],
        data: bytes,
        limits: Limits,
        seconds: float,
        unpacked: Callable[[Mapping[str, Any], Sequence[bytes]], _Made],
        more: float = 0.0,
    ) -> _Made:
        """Ask for something to be made of a file, and return it as `unpacked` from the answer."""
        if len(data) > limits.file_bytes:
            raise Unreadable(f"it is larger than {limits.file_bytes // 1_000_000} MB.", SPLIT)
        order = {**asked, "limits": asdict(limits), "seconds": seconds}
        try:
            process = self._started()
            # its own clocks see to `seconds`, unless it asks for more
            with _Deadline(process, seconds + more) as deadline:
                answer = _ask(process, order, data, limits)
            if answer is None:
                raise self._obituary(process, seconds, deadline.passed)
            header, pieces = answer
            if header.get("leaving"):
                self.close()
            return _answered(header, pieces, unpacked)
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
        _await_end(process, GRACE)
        _end(process)
        number = -(process.returncode or 0)
        clocks = {getattr(signal, clock, None) for clock in ("SIGXCPU", "SIGALRM")}
        if late or number in clocks:
            return Unreadable(f"its reader took longer than {seconds:g} s.", SPLIT)
        if number == getattr(signal, "SIGKILL", None):
            return Unreadable("its reader was ended from outside, perhaps for want of memory (signal 9).", SPLIT)
        if number == getattr(signal, "SIGABRT", None):
            return Unreadable("its reader gave up (signal 6), perhaps for want of memory.", SPLIT)
        how = f"signal {number}" if number > 0 else f"exit status {process.returncode}"
        return Unreadable(f"its reader crashed ({how}).", ANEW)


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
    command = "import sys; sys.path[:] = sys.argv[2:]; from qa.load.served import serve; serve(int(sys.argv[1]))"
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


def _await_end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """Wait for a process to end, but leave it its number, by which `_end` finds the programs it started."""
    if not hasattr(os, "waitid"):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        return
    until = time.monotonic() + seconds
    with contextlib.suppress(ChildProcessError):
        while process.returncode is None and time.monotonic() < until:
            if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                return
            time.sleep(0.01)


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
        process.stdin.write(SIZES.pack(len(header), len(data)) + header)
        process.stdin.write(data)
        process.stdin.flush()
    except OSError:
        return None
    sizes = _receive(process, SIZES.size)
    if sizes is None:
        return None
    header_size, rest = SIZES.unpack(sizes)
    if header_size > _MOST_HEADER or rest > 4 * limits.characters + limits.unpacked_bytes + limits.file_bytes:
        _end(process)
        raise _nonsense()
    packed = _receive(process, header_size)
    if packed is None:
        return None
    found = parsed(packed, rest)
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


def _receive(process: subprocess.Popen[bytes], size: int) -> bytes | None:
    assert process.stdout is not None
    data = process.stdout.read(size)
    return data if len(data) == size else None


def _answered(
    header: dict[str, Any], pieces: list[bytes], unpacked: Callable[[Mapping[str, Any], Sequence[bytes]], _Made]
) -> _Made:
    if "problem" in header:
        raise Unreadable(checked(str, header["problem"]), checked(str, header.get("remedy", "")))
    try:
        return unpacked(header, pieces)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as exc:
        raise _nonsense() from exc


def _nonsense() -> Unreadable:
    return Unreadable("its reader gave an answer that makes no sense.", ANEW)
