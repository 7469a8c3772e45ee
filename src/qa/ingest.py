"""Files to a plan: what to keep, what to index again, and why some can't be read.

A file whose size and times are those of the last build isn't opened. Times tell nothing of a file that changed so
shortly before it was looked at that a second change might bear the same time; those are read again. Files inside a
file (an archive's members, a message's attachments) share its fate, and are documents of their own.
"""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from qa.chunk import chunk_document
from qa.errors import LoadError, UnreadableDocument, UnsupportedFormat
from qa.index.writing import UNKNOWN, Known, Stamp
from qa.load import Found, Readers, Reading, inside, read_whole
from qa.types import Chunk, FileState, LedgerEntry

_TOO_NEAR = 2_000_000_000  # nanoseconds; the coarsest clock of a file system in use counts in two seconds


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document that was read and cut into chunks; its stamp is unknown as long as its file has more of them."""

    reading: Reading
    chunks: tuple[Chunk, ...]
    stamp: Stamp
    seconds: float


@dataclass(frozen=True, slots=True)
class FileEnd:
    """All documents in a file have been prepared; `others` are its lines that are no documents."""

    sources: tuple[str, ...]
    stamp: Stamp
    others: tuple[LedgerEntry, ...]


@dataclass(slots=True)
class Plan:
    """What a build does with each file it met."""

    kept: dict[str, Stamp] = field(default_factory=dict)  # as they are in the index
    made: dict[str, Stamp] = field(default_factory=dict)  # read again
    others: list[LedgerEntry] = field(default_factory=list)  # no documents: not read, or all in files inside them
    touched: dict[str, Stamp] = field(default_factory=dict)  # kept, but their files have other times


@dataclass(frozen=True, slots=True)
class Refused:
    """What came of a file that gave no document: its lines, its stamp, and when that was looked at."""

    entries: tuple[LedgerEntry, ...]
    stamp: Stamp
    looked: int


@dataclass(slots=True)
class _Before:
    """What an index knows of one file: its documents by source, and its other lines."""

    documents: dict[str, Known] = field(default_factory=dict)
    others: list[LedgerEntry] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether all documents in the file are there: a build that was killed may have left some out."""
        return bool(self.documents) and all(known.stamp != UNKNOWN for known in self.documents.values())

    def is_unchanged(self, stamp: Stamp) -> bool:
        """Tell from outside that the file is what it was when its documents were written."""
        return self.is_whole and all(unchanged(stamp, one.stamp, one.looked) for one in self.documents.values())


def unchanged(stamp: Stamp, before: Stamp, looked: int) -> bool:
    """Tell from outside that a file is still what it was `before`, known to be so at the time `looked`."""
    return stamp == before != () and max(stamp[1:]) + _TOO_NEAR < looked


class Planner:
    """Decides about each file: keep its old revision, read it again, or say why not.

    `known` and `others` are what the index holds. Files in `refused` that haven't changed since are not tried again;
    those refused now are added.
    """

    def __init__(
        self,
        known: Mapping[str, Known],
        others: Sequence[LedgerEntry],
        readers: Readers,
        *,
        size: int,
        overlap: int,
        refused: dict[str, Refused] | None = None,
    ) -> None:
        self._indexed, self._others = known, others
        self._refused = {} if refused is None else refused
        self._readers = readers
        self._size, self._overlap = size, overlap

    def read(self, found: Sequence[Found], plan: Plan) -> Iterator[Prepared | FileEnd | int]:
        """Go through the files met, in order, and note in `plan` what to do with each.

        Yields what is to be indexed, and after each file how many are done.
        """
        known = self._sorted_by_file({item.source for item in found})
        for done, item in enumerate(found, start=1):
            before = known.get(item.source, _Before())
            if not item.problem and before.is_unchanged(item.stamp):
                _keep(plan, item, before)
            elif item.failed and any(source != item.source for source in before.documents):
                _keep_unseen(plan, item, before)
            elif (once := self._refused.get(item.source)) and unchanged(item.stamp, once.stamp, once.looked):
                plan.others.extend(once.entries)
            else:
                yield from self._try(plan, item, before)
            yield done

    def _try(self, plan: Plan, item: Found, before: _Before) -> Iterator[Prepared | FileEnd]:
        """Take a file, and remember it if no document came of it."""
        looked = time.time_ns()
        documents, others = len(plan.kept) + len(plan.made), len(plan.others)
        yield from self._take(plan, item, before)
        self._refused.pop(item.source, None)
        if item.stamp and len(plan.kept) + len(plan.made) == documents:
            self._refused[item.source] = Refused(tuple(plan.others[others:]), item.stamp, looked)

    def _sorted_by_file(self, met: set[str]) -> dict[str, _Before]:
        """Sort what the index knows by the file it came from, which for a file inside a file is the outermost."""
        known: dict[str, _Before] = defaultdict(_Before)
        for source, one in self._indexed.items():
            known[_outermost(source, met)].documents[source] = one
        for entry in self._others:
            known[_outermost(entry.source, met)].others.append(entry)
        return known

    def _take(self, plan: Plan, item: Found, before: _Before) -> Iterator[Prepared | FileEnd]:
        began = time.perf_counter()
        try:
            if item.problem:
                raise (UnreadableDocument if item.failed else UnsupportedFormat)(item.source, item.problem)
            item, data = self._bytes(item)
            same = before.documents.get(item.source)
            if same and before.is_whole and same.digest == _digest(data):
                _keep(plan, item, before)
                plan.touched.update(dict.fromkeys(before.documents, item.stamp))
                return
            kept, made, others = len(plan.kept), len(plan.made), len(plan.others)
            prepared = self._prepare(plan, item, data, before, began, depth=0)
            first, second = next(prepared, None), next(prepared, None)
            alone = second is None and len(plan.others) == others and len(plan.kept) == kept
            if first:
                yield replace(first, stamp=item.stamp) if alone else first
            if second:
                yield second
                yield from prepared
            if not alone:
                sources = (*list(plan.kept)[kept:], *list(plan.made)[made:])
                yield FileEnd(sources, item.stamp, tuple(plan.others[others:]))
        except LoadError as exc:
            plan.others.append(_refused(item, exc, _since(began)))

    def _prepare(
        self, plan: Plan, item: Found, data: bytes, before: _Before, began: float, *, depth: int
    ) -> Iterator[Prepared]:
        """Prepare a file's document, and those of the files inside it; `began` is when its turn did."""
        reading = self._readers.read(item, data, depth)
        if reading.document.sections:
            chunks = tuple(chunk_document(reading.document, size=self._size, overlap=self._overlap))
            plan.made[item.source] = item.stamp
            yield Prepared(reading, chunks, UNKNOWN, _since(began))
        else:
            plan.others.append(_container(item, reading, _since(began)))
        for child in reading.children:
            within, began = inside(item, child), time.perf_counter()
            try:
                same = before.documents.get(within.source)
                if same and same.digest == _digest(child.data):
                    plan.kept[within.source] = item.stamp
                else:
                    yield from self._prepare(plan, within, child.data, before, began, depth=depth + 1)
            except LoadError as exc:
                plan.others.append(_refused(within, exc, _since(began)))

    def _bytes(self, found: Found) -> tuple[Found, bytes]:
        if found.path.suffix.lower() not in self._readers.suffixes:
            return found, b""  # it will be refused for its suffix
        return read_whole(found, self._readers.limits.file_bytes)


def _outermost(source: str, met: Iterable[str]) -> str:
    """Return the file met in which a source lies, itself if it was met or none was."""
    name = source
    while name not in met and "/" in name:
        name = name.rpartition("/")[0]
    return name if name in met else source


def _keep(plan: Plan, item: Found, before: _Before) -> None:
    plan.kept.update(dict.fromkeys(before.documents, item.stamp))
    plan.others.extend(before.others)


def _keep_unseen(plan: Plan, item: Found, before: _Before) -> None:
    """Keep what the index holds of a folder that can't be opened now: nothing says that its files are gone."""
    plan.kept.update((source, known.stamp) for source, known in before.documents.items())
    plan.others.extend(entry for entry in before.others if entry.source != item.source)
    count = len(before.documents)
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
