"""Tries out what is promised, here and now: nothing gets out, models and index are whole, an answer comes and holds.

What it finds are lines for a person; mends nothing.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from qa.config import Settings
from qa.engine import adapters
from qa.engine.ask import Engine
from qa.errors import QAError
from qa.index import Index
from qa.offline import OutsideRefused, held_by

_LIBRARIES = ("numpy", "onnxruntime", "tokenizers", "gradio", "starlette", "uvicorn", "pypdfium2", "pillow")
_OUTSIDE = ("192.0.2.1", 80)  # an address kept for documentation: nobody has it
_SPACE = 1_000_000_000  # bytes below which an index may not find room


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: whether it is as it should be, and what was seen."""

    name: str
    state: Literal["well", "look", "wrong"]
    said: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Try one thing after the other; what can't be tried is said to be wrong."""
    yield _versions()
    yield _offline()
    yield _native()
    yield from _tried("models", lambda: _models(settings))
    yield _folder(settings.index)
    yield _space(settings.index)
    opened: list[Index] = []
    yield from _tried("index", lambda: _index(settings, opened))
    if opened:
        yield from _tried("test question", lambda: _answer(settings, opened[0]))


def _tried(name: str, trial: Callable[[], Finding]) -> Iterator[Finding]:
    try:
        yield trial()
    except QAError as exc:
        yield Finding(name, "wrong", str(exc))


def _versions() -> Finding:
    said = [f"quoth {version('quoth')}", f"Python {platform.python_version()}", platform.platform()]
    for name in _LIBRARIES:
        try:
            said.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            return Finding("versions", "wrong", f"{name} isn't installed. Run: pip install quoth")
    return Finding("versions", "well", ", ".join(said))


def _offline() -> Finding:
    """Try to connect and to look a name up, from Python."""
    if not held_by():
        return Finding("offline", "look", "not tried: only a process of its own is kept offline. Run: qa doctor")
    trials: dict[str, Callable[[], object]] = {
        f"connecting to {_OUTSIDE[0]}": lambda: socket.create_connection(_OUTSIDE, 2),
        "looking up a name": lambda: socket.getaddrinfo("quoth.invalid", 80),
    }
    for what, trial in trials.items():
        try:
            trial()
        except OSError as exc:
            if isinstance(exc, OutsideRefused) or exc.errno == errno.EACCES:
                continue
            return Finding("offline", "wrong", f"{what} was not refused but failed: {exc}")
        return Finding("offline", "wrong", f"{what} was possible")
    return Finding("offline", "well", f"{' and '.join(trials)} were refused, by {held_by()}")


def _native() -> Finding:
    """Try to open a socket as native code would, past Python."""
    if "kernel" not in held_by():
        return Finding(
            "native code", "look", "can't be held on this system: Python's own sockets are refused, no others"
        )
    libc = ctypes.CDLL(None, use_errno=True)
    refused = []
    for name, family in (("IPv4", socket.AF_INET), ("IPv6", socket.AF_INET6)):
        handle = libc.socket(int(family), int(socket.SOCK_STREAM), 0)
        if handle >= 0 or ctypes.get_errno() != errno.EACCES:
            return Finding("native code", "wrong", f"could open a socket for {name}")
        refused.append(name)
    return Finding("native code", "well", f"may open no socket for {' or '.join(refused)}: the kernel refuses")


def _models(settings: Settings) -> Finding:
    from qa.embed.digests import sha256
    from qa.embed.weights import find_model
    from qa.reader.onnx import WEIGHTS

    model = find_model(settings.embed.model)
    said = f"{model.name}, weights SHA-256 {sha256(model.path / 'model.safetensors')[:16]}…, files {model.fingerprint}"
    if settings.reader.enabled:
        adapters.make_reader(settings)
        said += f"; reader SHA-256 {sha256(WEIGHTS)[:16]}…"
    return Finding("models", "well", said)


def _folder(folder: Path) -> Finding:
    try:
        mode = stat.S_IMODE(folder.stat().st_mode)
    except OSError as exc:
        problem = f"{folder}: {exc.strerror}. Make an index with: qa index PATH"
        return Finding("index folder", "wrong", problem)
    if os.name == "posix" and mode & 0o077:
        problem = f"{folder}: other users of this machine may enter it (mode {mode:o}). Run: chmod 700 {folder}"
        return Finding("index folder", "look", problem)
    if not os.access(folder, os.W_OK):
        return Finding("index folder", "look", f"{folder}: can be asked, but not brought up to date: it is read-only")
    return Finding("index folder", "well", f"{folder}: its owner's alone (mode {mode:o}), writable")


def _space(folder: Path) -> Finding:
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    said = f"{free / 1e9:.1f} GB free at {there}"
    return Finding("space", "well" if free > _SPACE else "look", said)


def _index(settings: Settings, opened: list[Index]) -> Finding:
    index = adapters.open_collection(settings)
    index.check()
    opened.append(index)
    said = f"every byte as it was written; {len(index.sources):,} documents, {len(index):,} chunks"
    if index.unread or index.partly:
        return Finding("index", "look", f"{said}; {index.unread} files unread, {index.partly} in part: see qa status")
    return Finding("index", "well", said)


def _answer(settings: Settings, index: Index) -> Finding:
    reader = adapters.make_reader(settings)
    engine = Engine.over(settings, index, adapters.make_embedder(settings), reader)
    title = index.records[0].title or index.records[0].source
    reply = engine.ask(f"What is said about {title}?")
    engine.check(reply.answer)
    found = len(reply.answer.passages)
    verdict = reply.answer.verdict.value
    said = f"{found} passages in {reply.timings.total:.0f} ms ({verdict}); each quote stands in its place"
    return Finding("test question", "well" if found else "wrong", said)
