"""The SHA-256 of files; of a large one that is the same from outside as when it was read, what was found then.

Weights of 90 MB take 70 ms to read, at each start. What is known of a file is its size, inode and times to the
nanosecond: whoever changes a byte changes one of them.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import tempfile
import time
from pathlib import Path

from qa.embed.cache import default_folder

_LARGE = 1_000_000  # bytes; smaller files are read each time
_TOO_NEAR = 2_000_000_000  # nanoseconds after a change in which another might bear the same time
_FILE = "digests.json"
_MOST = 100  # files remembered

Facts = tuple[int, ...]


def sha256(path: Path, folder: Path | None = None) -> str:
    """Return a file's SHA-256 in hexadecimal; `folder` is where large files are remembered (default: the user's cache).

    A memory that can't be read or written costs the time it would have saved, no more.
    """
    facts = path.stat()
    known = (facts.st_size, facts.st_ino, facts.st_mtime_ns, facts.st_ctime_ns)
    return _digest(path.resolve(), known, folder or default_folder())


@functools.lru_cache(maxsize=64)
def _digest(path: Path, facts: Facts, folder: Path) -> str:
    if facts[0] < _LARGE:
        return _read(path)
    remembered = _remembered(folder).get(str(path))
    if isinstance(remembered, list) and remembered[:-1] == list(facts):
        return str(remembered[-1])
    digest = _read(path)
    if max(facts[2:]) + _TOO_NEAR < time.time_ns():
        _remember(folder, str(path), [*facts, digest])
    return digest


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _remembered(folder: Path) -> dict[str, list[object]]:
    try:
        found = json.loads((folder / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remember(folder: Path, name: str, facts: list[object]) -> None:
    """Write all that is remembered, by one rename: two starts at once lose a line at most."""
    kept = {key: value for key, value in _remembered(folder).items() if key != name}
    whole = dict([*list(kept.items())[1 - _MOST :], (name, facts)])
    temporary = ""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".tmp-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(whole, file)
        Path(temporary).replace(folder / _FILE)
    except OSError:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
