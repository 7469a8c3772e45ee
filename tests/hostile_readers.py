"""Readers that misbehave, one way each: what `test_load_isolated` sets loose in a worker. Imports nothing heavy."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time

from qa.load.extracted import Child, Extracted, Hidden, Limits, Unreadable
from qa.load.sections import Heading
from qa.types import Place, Span

EVERYTHING = Extracted(
    text="Über uns\n\nWe mend 🚲 bicycles.",
    headings=(Heading(1, "Über uns", Span(0, 8)),),
    title="Über uns",
    author="Ann",
    date="2024-05-01",
    start=3,
    places=(Place("page", "iv", Span(0, 8)), Place("page", "v", Span(10, 29))),
    parts=2,
    empty=("page 3: scanned, no text",),
    hidden=(Hidden(Span(10, 12), "invisible colour"),),
    lost=7,
    passed=2,
    notes=("Something is left out.",),
    children=(Child("a/b.txt", b"\x00\xff\n"), Child("empty.txt", b"")),
    encoding="utf-8",
    composed=True,
)


def echo(data: bytes, limits: Limits) -> Extracted:
    return Extracted(data.decode("utf-8"))


def everything(data: bytes, limits: Limits) -> Extracted:
    return EVERYTHING


def which_limits(data: bytes, limits: Limits) -> Extracted:
    return Extracted(repr(limits))


def refuse(data: bytes, limits: Limits) -> Extracted:
    raise Unreadable("it is made of \ud800 cheese.", "Eat it.")


def process(data: bytes, limits: Limits) -> Extracted:
    return Extracted(str(os.getpid()))


def sleep(data: bytes, limits: Limits) -> Extracted:
    time.sleep(60)
    return Extracted("")


def spin(data: bytes, limits: Limits) -> Extracted:
    while True:
        pass


def devour(data: bytes, limits: Limits) -> Extracted:
    return Extracted("x" * 10**10)


def devour_slowly(data: bytes, limits: Limits) -> Extracted:
    held: list[bytes] = []
    while True:
        held.append(bytes(10_000_000))


def crash(data: bytes, limits: Limits) -> Extracted:
    ctypes.string_at(0)
    return Extracted("")


def vanish(data: bytes, limits: Limits) -> Extracted:
    os._exit(3)


def leave(data: bytes, limits: Limits) -> Extracted:
    sys.exit("good bye")


def fail(data: bytes, limits: Limits) -> Extracted:
    raise KeyError("no such thing")


def recurse(data: bytes, limits: Limits) -> Extracted:
    return recurse(data, limits)


def chatter(data: bytes, limits: Limits) -> Extracted:
    sys.stdout.write("hello" * 1000)
    sys.stdout.flush()
    os.write(1, b"x" * 100_000)
    return Extracted(sys.stdin.read() + "quiet")


def half_a_character(data: bytes, limits: Limits) -> Extracted:
    return Extracted("a\ud800b")


def with_nul(data: bytes, limits: Limits) -> Extracted:
    return Extracted("a\x00b")


def beyond(data: bytes, limits: Limits) -> Extracted:
    return Extracted("short", places=(Place("page", "1", Span(0, 6)),))


def outside(data: bytes, limits: Limits) -> Extracted:
    return Extracted("", children=(Child("../../etc/passwd", b"root"),))


def connect(data: bytes, limits: Limits) -> Extracted:
    socket.create_connection(("127.0.0.1", 9), timeout=1)
    return Extracted("connected")


def start_a_program(data: bytes, limits: Limits) -> Extracted:
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return Extracted("started")


def write_a_file(data: bytes, limits: Limits) -> Extracted:
    with open(data.decode("utf-8"), "w", encoding="utf-8") as file:
        file.write("written")
    return Extracted("written")


def remove_a_file(data: bytes, limits: Limits) -> Extracted:
    os.remove(data.decode("utf-8"))
    return Extracted("removed")


def be_killed(data: bytes, limits: Limits) -> Extracted:
    signal.raise_signal(signal.SIGKILL)
    return Extracted("")


def natively_out(data: bytes, limits: Limits) -> Extracted:
    """Open a socket past Python, as a library's own code could."""
    handle = ctypes.CDLL(None, use_errno=True).socket(2, 1, 0)
    return Extracted(f"{handle} {ctypes.get_errno()}")
