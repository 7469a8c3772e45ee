"""What an index says of itself, without opening the rest: whether it fits, and whether it has changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qa.errors import IndexMismatch
from qa.index.database import DATABASE, EARLIER, Database
from qa.index.records import Fingerprint, roots_from

Moment = tuple[int, int, int]
"""What an index held at a time: when it was made, its transaction, how many builds had come to their end."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What an index says of itself. `built`: when a build last changed it; `looked`: when its files were looked at."""

    fingerprint: Fingerprint
    dim: int
    roots: tuple[str, ...]
    moment: Moment
    is_whole: bool
    built: datetime
    looked: datetime


def stored(folder: Path) -> Stored:
    """Return what the index in a folder says of itself; raise IndexMissing where there is none."""
    with closing(Database(folder)) as database:
        about, state = database.get("about"), database.get("state")
    return Stored(
        Fingerprint(**about["fingerprint"]),
        about["dim"],
        roots_from(folder, about["roots"]),
        (state["made"], state["revision"], state["builds"]),
        about["whole"],
        _time(about["built"]),
        _time(about["looked"]),
    )


def exists(folder: Path) -> bool:
    """Tell whether there is an index in `folder`, sound or not, of this version or one before."""
    return (folder / DATABASE).exists() or (folder / EARLIER).exists()


def touched(folder: Path) -> tuple[object, ...]:
    """Return what changes whenever the index does: two looks at its files."""
    found: list[object] = []
    for name in (DATABASE, f"{DATABASE}-wal"):
        try:
            facts = (folder / name).stat()
            found.append((facts.st_ino, facts.st_size, facts.st_mtime_ns))
        except OSError:
            found.append(None)
    return tuple(found)


def last_roots(folder: Path) -> Sequence[str]:
    """Return the roots of the last build, of this version or one before; raise StoreError where that isn't known."""
    try:
        return stored(folder).roots
    except IndexMismatch:
        try:
            name = (folder / EARLIER).read_text(encoding="ascii").split()[0]
            return roots_from(folder, json.loads((folder / name / "manifest.json").read_bytes())["roots"])
        except (OSError, ValueError, LookupError):
            raise IndexMismatch(
                f"{folder}: the index is of an earlier version. Run: qa index FOLDER --rebuild"
            ) from None


def _time(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
