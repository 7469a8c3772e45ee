"""Files to a plan: what to keep, what to put down anew, and why some can't be read.

A file whose size and times are those of the last build isn't opened. Times tell nothing of a file that changed so
shortly before it was looked at that a second change might bear the same time; those are read again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from qa.chunk import chunk_document
from qa.errors import LoadError, UnreadableDocument, UnsupportedFormat
from qa.index import Index
from qa.index.partial import Partial, Stamp
from qa.load import Found, read_document, supported_suffixes
from qa.types import FileState, LedgerEntry

_TOO_NEAR = 2_000_000_000  # nanoseconds; the coarsest clock of a file system in use counts in two seconds


@dataclass(slots=True)
class Plan:
    """What a build will do with each file it met."""

    kept: dict[str, Stamp] = field(default_factory=dict)  # taken over from the index
    made: dict[str, Stamp] = field(default_factory=dict)  # put down, in this build or one before that was killed
    unread: list[LedgerEntry] = field(default_factory=list)
    looked_into: int = 0  # files that were read though they had not changed


def unchanged(stamp: Stamp, before: Stamp, looked: int) -> bool:
    """Tell from outside that a file is still what it was `before`, known to be so at the time `looked`."""
    return stamp == before != () and max(stamp[1:]) + _TOO_NEAR < looked


def make_plan(
    found: Sequence[Found],
    old: Index | None,
    looked: int,
    partial: Callable[[], Partial],
    *,
    size: int,
    overlap: int,
    say: Callable[[int], None],
) -> Plan:
    """Decide about each file: keep its old revision, put it down anew, or say why not.

    `looked` is when old's files were last known to be as recorded; `partial` is asked for once it's needed.
    """
    plan = Plan()
    before = _known(old)
    for done, item in enumerate(found, start=1):
        digest, stamp = before.get(item.source, ("", ()))
        if not item.problem and digest and unchanged(item.stamp, stamp, looked):
            plan.kept[item.source] = item.stamp
        else:
            _take(plan, item, digest, partial, size=size, overlap=overlap)
        say(done)
    return plan


def _known(old: Index | None) -> Mapping[str, tuple[str, Stamp]]:
    if old is None:
        return {}
    return {record.source: (record.digest, stamp) for record, stamp in zip(old.records, old.stamps, strict=True)}


def _take(plan: Plan, item: Found, digest: str, partial: Callable[[], Partial], *, size: int, overlap: int) -> None:
    try:
        if item.problem:
            raise UnsupportedFormat(item.source, item.problem)
        data = _read_bytes(item)
        if digest and f"sha256:{hashlib.sha256(data).hexdigest()}" == digest:
            plan.kept[item.source] = item.stamp
            plan.looked_into += 1
            return
        if item.source not in partial().documents:
            reading = read_document(item, data)
            chunks = tuple(chunk_document(reading.document, size=size, overlap=overlap))
            partial().put(reading, chunks, item.stamp)
        plan.made[item.source] = item.stamp
    except LoadError as exc:
        state = FileState.SKIPPED if isinstance(exc, UnsupportedFormat) else FileState.FAILED
        plan.unread.append(LedgerEntry(item.source, state, exc.reason))


def _read_bytes(found: Found) -> bytes:
    if found.path.suffix.lower() not in supported_suffixes():
        return b""  # it will be refused for its suffix
    try:
        return found.path.read_bytes()
    except OSError as exc:
        raise UnreadableDocument(
            found.source, f"it can't be opened ({exc.strerror or exc}).", "Check its permissions."
        ) from exc
