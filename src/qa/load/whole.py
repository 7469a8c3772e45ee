"""Reads a file's bytes whole, as they were at one moment; knows nothing of what they mean.

Between the walk and now a file may have gone, grown or become something else, and while it is read it may change:
what comes back are bytes that stood in it together, and the stamp it bore then.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

from qa.errors import UnreadableDocument
from qa.load.walk import Found, stamp_of

_TRIES = 3
# a link put in the file's place is not followed, and a pipe put there is not waited for
_HOW = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NOT_THROUGH_LINKS = getattr(os, "O_NOFOLLOW", 0)


def read_whole(found: Found, most: int) -> tuple[Found, bytes]:
    """Return a file's bytes, and the file as it was then; raise UnreadableDocument where that can't be had.

    A file that changes meanwhile is read again. One that only grew, as a log does, is what it was at first.
    """
    last: tuple[Found, bytes] | None = None
    for _ in range(_TRIES):
        before, data, after = _read(found, most)
        if last and data.startswith(last[1]):
            return last
        last = replace(found, stamp=before), data
        if before == after and len(data) == before[0]:
            return last
    raise UnreadableDocument(found.source, "it changes while it is read.", "Index again once it is left alone.")


def _read(found: Found, most: int) -> tuple[tuple[int, ...], bytes, tuple[int, ...]]:
    """Return a file's stamp, its bytes, and its stamp thereafter."""
    try:
        handle = os.open(found.path, _HOW | (0 if found.linked else _NOT_THROUGH_LINKS))
        with open(handle, "rb", buffering=0) as file:
            facts = os.fstat(handle)
            if not stat.S_ISREG(facts.st_mode):
                raise UnreadableDocument(found.source, "it is no regular file any more.", "Index again.")
            if facts.st_size > most:
                raise _too_large(found, most)
            data = _bytes(file.fileno(), most)
            if len(data) > most:
                raise _too_large(found, most)
            return stamp_of(facts), data, stamp_of(_again(found.path, handle))
    except OSError as exc:
        raise _unopened(found, exc) from exc


def _bytes(handle: int, most: int) -> bytes:
    # no further than allowed: some files say they are empty and never end
    pieces, left = [], most + 1
    while left > 0 and (piece := os.read(handle, min(left, 1 << 24))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _again(path: Path, handle: int) -> os.stat_result:
    """Return the facts of what now stands at a path; of the file read where nothing does."""
    try:
        return path.stat()
    except OSError:
        return os.fstat(handle)


def _too_large(found: Found, most: int) -> UnreadableDocument:
    return UnreadableDocument(
        found.source, f"it is larger than {most // 1_000_000} MB.", "Split it, or raise limits.file_mb."
    )


def _unopened(found: Found, exc: OSError) -> UnreadableDocument:
    if exc.errno == errno.ENOENT:
        return UnreadableDocument(found.source, "it went away before it could be read.", "Index again.")
    if exc.errno == errno.ELOOP:
        return UnreadableDocument(found.source, "a symbolic link was put in its place.", "Index again.")
    return UnreadableDocument(found.source, f"it can't be opened ({exc.strerror or exc}).", "Check its permissions.")
