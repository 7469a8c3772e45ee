"""Files to a plan: what to keep, what to put down anew, and why some can't be read.

A file whose size and times are those of the last build isn't opened. Times tell nothing of a file that changed so
shortly before it was looked at that a second change might bear the same time; those are read again. Files inside a
file (an archive's members, a message's attachments) share its fate, and are documents of their own.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from qa.chunk import chunk_document
from qa.errors import LoadError, UnreadableDocument, UnsupportedFormat
from qa.index import Index
from qa.index.partial import Partial, Stamp
from qa.load import CONTAINERS, Found, Readers, Reading, inside, read_whole, supported_suffixes
from qa.types import FileState, LedgerEntry

_TOO_NEAR = 2_000_000_000  # nanoseconds; the coarsest clock of a file system in use counts in two seconds


@dataclass(slots=True)
class Plan:
    """What a build will do with each file it met."""

    kept: dict[str, Stamp] = field(default_factory=dict)  # taken over from the index
    made: dict[str, Stamp] = field(default_factory=dict)  # put down, in this build or one before that was killed
    others: list[LedgerEntry] = field(default_factory=list)  # no documents: not read, or all in files inside them
    seconds: dict[str, float] = field(default_factory=dict)  # what reading each of the documents took
    looked_into: int = 0  # files that were read though they had not changed


@dataclass(frozen=True, slots=True)
class Refused:
    """What came of a file that gave no document: its lines, its stamp, and when that was looked at."""

    entries: tuple[LedgerEntry, ...]
    stamp: Stamp
    looked: int


@dataclass(slots=True)
class _Known:
    """What an index knows of one file: its documents' digests and times by source, its stamp, its other lines."""

    digests: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    stamps: dict[str, Stamp] = field(default_factory=dict)
    others: list[LedgerEntry] = field(default_factory=list)

    @property
    def stamp(self) -> Stamp:
        """What the file looked like from outside: it is the same for all documents in it."""
        return next(reversed(self.stamps.values()), ())


def unchanged(stamp: Stamp, before: Stamp, looked: int) -> bool:
    """Tell from outside that a file is still what it was `before`, known to be so at the time `looked`."""
    return stamp == before != () and max(stamp[1:]) + _TOO_NEAR < looked


class Planner:
    """Decides about each file: keep its old revision, put it down anew, or say why not.

    `looked` is when old's files were last known to be as recorded; `partial` is asked for once it's needed. Files in
    `refused` that haven't changed since are not tried again; those refused now are added.
    """

    def __init__(
        self,
        old: Index | None,
        looked: int,
        partial: Callable[[], Partial],
        readers: Readers,
        *,
        size: int,
        overlap: int,
        refused: dict[str, Refused] | None = None,
    ) -> None:
        self._old, self._looked = old, looked
        self._refused = {} if refused is None else refused
        self._partial, self._readers = partial, readers
        self._size, self._overlap = size, overlap

    def read(self, found: Sequence[Found], plan: Plan) -> Iterator[int]:
        """Go through the files met, in order, and note in `plan` what to do with each; yield how many are done."""
        known = self._known({item.source for item in found})
        for done, item in enumerate(found, start=1):
            before = known.get(item.source, _Known())
            if not item.problem and before.digests and unchanged(item.stamp, before.stamp, self._looked):
                _keep(plan, item, before)
            elif item.failed and any(source != item.source for source in before.digests):
                _keep_unseen(plan, item, before)
            elif (once := self._refused.get(item.source)) and unchanged(item.stamp, once.stamp, once.looked):
                plan.others.extend(once.entries)
            else:
                self._try(plan, item, before)
            yield done

    def _try(self, plan: Plan, item: Found, before: _Known) -> None:
        """Take a file, and remember it if no document came of it."""
        looked = time.time_ns()
        documents, others = len(plan.kept) + len(plan.made), len(plan.others)
        self._take(plan, item, before)
        self._refused.pop(item.source, None)
        if item.stamp and len(plan.kept) + len(plan.made) == documents:
            self._refused[item.source] = Refused(tuple(plan.others[others:]), item.stamp, looked)

    def _known(self, met: set[str]) -> dict[str, _Known]:
        """Sort what the index knows by the file it came from, which for a file inside a file is the outermost."""
        known: dict[str, _Known] = defaultdict(_Known)
        if self._old is None:
            return known
        for record, stamp in zip(self._old.records, self._old.stamps, strict=True):
            of = known[_outermost(record.source, met)]
            of.digests[record.source] = record.digest
            of.seconds[record.source] = self._old.seconds.get(record.source, 0.0)
            of.stamps[record.source] = stamp
        for entry in self._old.others:
            known[_outermost(entry.source, met)].others.append(entry)
        return known

    def _take(self, plan: Plan, item: Found, before: _Known) -> None:
        began = time.perf_counter()
        try:
            if item.problem:
                raise (UnreadableDocument if item.failed else UnsupportedFormat)(item.source, item.problem)
            item, data = self._bytes(item)
            if before.digests.get(item.source) == _digest(data):
                _keep(plan, item, before)
                plan.looked_into += 1
                return
            self._put(plan, item, data, before, began, depth=0)
        except LoadError as exc:
            plan.others.append(_refused(item, exc, _since(began)))

    def _put(self, plan: Plan, item: Found, data: bytes, before: _Known, began: float, *, depth: int) -> None:
        """Put a file's document down, and those of the files inside it; `began` is when its turn did."""
        made = self._partial().documents.get(item.source)
        if made and made.entry.reader not in CONTAINERS and made.digest == _digest(data):
            plan.made[item.source] = item.stamp
            plan.seconds[item.source] = made.seconds
            return
        reading = self._readers.read(item, data, depth)
        if reading.document.sections:
            chunks = tuple(chunk_document(reading.document, size=self._size, overlap=self._overlap))
            took = _since(began)
            self._partial().put(reading, chunks, item.stamp, took)
            plan.made[item.source] = item.stamp
            plan.seconds[item.source] = took
        else:
            plan.others.append(_container(item, reading, _since(began)))
        for child in reading.children:
            within, began = inside(item, child), time.perf_counter()
            try:
                if before.digests.get(within.source) == _digest(child.data):
                    plan.kept[within.source] = item.stamp
                    plan.seconds[within.source] = before.seconds[within.source]
                else:
                    self._put(plan, within, child.data, before, began, depth=depth + 1)
            except LoadError as exc:
                plan.others.append(_refused(within, exc, _since(began)))

    def _bytes(self, found: Found) -> tuple[Found, bytes]:
        if found.path.suffix.lower() not in supported_suffixes():
            return found, b""  # it will be refused for its suffix
        return read_whole(found, self._readers.limits.file_bytes)


def _outermost(source: str, met: Iterable[str]) -> str:
    """Return the file met in which a source lies, itself if it was met or none was."""
    name = source
    while name not in met and "/" in name:
        name = name.rpartition("/")[0]
    return name if name in met else source


def _keep(plan: Plan, item: Found, before: _Known) -> None:
    plan.kept.update(dict.fromkeys(before.digests, item.stamp))
    plan.seconds.update(before.seconds)
    plan.others.extend(before.others)


def _keep_unseen(plan: Plan, item: Found, before: _Known) -> None:
    """Keep what the index holds of a folder that can't be opened now: nothing says that its files are gone."""
    plan.kept.update(before.stamps)
    plan.seconds.update(before.seconds)
    plan.others.extend(entry for entry in before.others if entry.source != item.source)
    count = len(before.digests)
    said = f"{item.problem} What was indexed of it before is kept: {count} document{'s' if count > 1 else ''}."
    plan.others.append(LedgerEntry(item.source, FileState.FAILED, said))


def _since(began: float) -> float:
    """Return the seconds gone by, to a tenth of a millisecond."""
    return round(time.perf_counter() - began, 4)


def _refused(item: Found, exc: LoadError, seconds: float) -> LedgerEntry:
    state = FileState.SKIPPED if isinstance(exc, UnsupportedFormat) else FileState.FAILED
    return LedgerEntry(item.source, state, exc.reason, seconds=seconds)


def _container(item: Found, reading: Reading, seconds: float) -> LedgerEntry:
    """Return the line of a file whose text is all in the files inside it."""
    count = len(reading.children)
    said = f"{count} file{'s' if count > 1 else ''} inside, each with a line of its own."
    return LedgerEntry(
        item.source,
        FileState.PARTLY if reading.extent.is_short else FileState.INDEXED,
        " ".join([said, reading.note]).strip(),
        reading.reader,
        extent=reading.extent,
        seconds=seconds,
    )


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
