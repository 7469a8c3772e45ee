"""Builds and updates an index: files to rows, in one generation.

Path ─load→ Document ─chunk→ Chunk… ─embed→ rows ─add→ Index
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.engine import adapters
from qa.errors import ConfigError, IndexMismatch, StoreError
from qa.index import PARTIAL, SCHEMA, Fingerprint, Index, Listed, exists, ledger_of, stored
from qa.index.earlier import Earlier
from qa.index.generation import Taken, confirmed, drop_partial, last_look, sweep, write_generation, writing
from qa.index.partial import Partial
from qa.protocols import Embedder, Input, Reader
from qa.types import Calibration, FileState, LedgerEntry

if TYPE_CHECKING:
    from qa.ingest import Plan, Refused
    from qa.keyword import Terms
    from qa.load import Found

DEFAULT_COLLECTION = Path("corpus")

_STAMPS_WORTH_WRITING = 256  # files touched but unchanged that have a generation written, so as not to read them again

_LARGE_REMOVAL = 1 / 3  # of an index's documents: beyond that it may be a slip

Stage = Callable[[str, int, int], None]
"""Called with (what is being done, done, total) as a build goes on."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did: the ledger, and how many documents were new, changed, kept and removed."""

    ledger: tuple[LedgerEntry, ...]
    added: int
    changed: int
    unchanged: int
    removed: int
    note: str = ""

    @property
    def altered(self) -> int:
        """Documents that are new, changed or removed."""
        return self.added + self.changed + self.removed

    @property
    def chunks(self) -> int:
        """Chunks in the index now."""
        return sum(entry.chunks for entry in self.ledger)


def build(
    settings: Settings,
    paths: Sequence[Path] = (),
    *,
    rebuild: bool = False,
    stage: Stage | None = None,
    embedder: Embedder | None = None,
    reader: Reader | None = None,
    refused: dict[str, Refused] | None = None,
    may_remove: Callable[[int, int], bool] | None = None,
) -> BuildReport:
    """Make the index hold exactly the documents under `paths`; embed only what is new or changed.

    Without paths, those of the last build, or corpus/. Raises ConfigError where there is nothing to
    index; a file that can't be read costs that file alone and is named in the ledger. It is tried again at each
    build, unless `refused`, which one build hands to the next, says that it hasn't changed. Where more than a third of
    the documents would go, `may_remove` is asked with their number and that of all, and ConfigError raised on a no.
    """
    from qa.ingest import Plan, Planner
    from qa.keyword import Terms
    from qa.load import walk

    say = stage or _silent
    roots = [Path(path) for path in paths] or _last_roots(settings)
    began = time.time_ns()
    found = walk(roots, leave_out=settings.index, follow_links=settings.walk.follow_links)
    if not found:
        raise ConfigError(f"{_names(roots)}: no files here. Put documents in, or name another folder.")
    with writing(settings.index):
        embedder = embedder or adapters.make_embedder(settings)
        fingerprint = _fingerprint(settings, embedder)
        old, note = _open_old(settings, fingerprint, rebuild)
        if rebuild:
            drop_partial(settings.index)
        with contextlib.closing(
            _Work(settings.index, fingerprint, embedder, Terms(settings.retrieve.language), found)
        ) as work:
            looked = last_look(settings.index) if old else 0
            plan = Plan()
            with contextlib.closing(adapters.make_readers(settings)) as readers:
                planner = Planner(
                    old,
                    looked,
                    work.partial,
                    readers,
                    size=settings.chunk.size,
                    overlap=settings.chunk.overlap,
                    refused=refused,
                )
                work.read_and_embed(planner.read(found, plan), old, say)
            report = _report(plan, old, work, roots, note)
            held = len(old.records) if old else 0
            if may_remove and report.removed > held * _LARGE_REMOVAL and not may_remove(report.removed, held):
                raise ConfigError(
                    f"{settings.index}: {report.removed:,} of {held:,} documents aren't in {_names(roots)} and would "
                    "be removed, so nothing was changed. If that is meant, add --remove; else name all of them."
                )
            names = tuple(os.path.abspath(root) for root in roots)
            # the lines of documents that are kept are what they were
            same = old and not report.altered and (_sorted(old.others), old.roots) == (_sorted(plan.others), names)
            if same and plan.looked_into <= _STAMPS_WORTH_WRITING:
                confirmed(settings.index, began)
                sweep(settings.index)
                return report
            say("writing", 0, 1)
            write_generation(
                settings.index,
                old=old,
                documents=_taken(plan, old, work),
                unread=plan.others,
                seconds=plan.seconds,
                partly=sum(entry.state is FileState.PARTLY for entry in report.ledger),
                roots=names,
                fingerprint=fingerprint,
                runtime=getattr(embedder, "runtime", ""),
                began=began,
                store=adapters.make_store(old.store.dim if old else embedder.dim),
                keyword=adapters.make_keyword(settings.retrieve.language),
                calibrate=partial(_calibrate, settings=settings, embedder=embedder, reader=reader, say=say),
            )
        sweep(settings.index)
        say("writing", 1, 1)
        return report


class _Work:
    """What is made in a build, in a folder of its own, so that one that is killed needn't be done again."""

    def __init__(
        self, folder: Path, fingerprint: Fingerprint, embedder: Embedder, terms: Terms, found: Sequence[Found]
    ) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._embedder = embedder
        self._terms = terms
        self._found = found
        self._partial: Partial | None = None

    def partial(self) -> Partial:
        """Open the folder; what a killed build left there stays if its files are the same from outside."""
        if self._partial is None:
            stamps = {item.source: item.stamp for item in self._found}
            self._partial = Partial(
                self._folder / PARTIAL,
                self._fingerprint,
                self._embedder.dim,
                self._terms,
                lambda source, stamp: stamps.get(source) == stamp,
            )
        return self._partial

    def read_and_embed(self, reading: Iterator[int], old: Index | None, say: Stage) -> None:
        """Read files, and meanwhile embed what was put down and has no rows yet, nor had any in the old index.

        Reading goes on in the embedder's thread, as it asks for more; `say` is called in both.
        """
        coming = _Coming(reading, len(self._found), say)
        inputs = coming.pulled(self._inputs(coming.steps(), old))
        try:
            for block in self._embedder.embed_stream(inputs):
                self.partial().add_rows(block)
                if coming.all_read:
                    say("embedding", self.partial().embedded, self.partial().chunks)
        finally:
            coming.stop()
        if self._partial is not None:
            self._partial.add_known()

    def _inputs(self, reading: Iterator[int], old: Index | None) -> Iterator[Input]:
        """Yield what is to be embedded; nothing, for which no model is loaded, where nothing is put down."""
        while self._partial is None:
            if next(reading, None) is None:
                return
        if old:
            self._partial.know(Earlier(old))
        yield from self._partial.inputs(reading)

    def close(self) -> None:
        """Let go of the folder's files."""
        if self._partial is not None:
            self._partial.close()


class _Coming:
    """What one thread reads as another, the embedder's, asks for more, until it is stopped."""

    def __init__(self, reading: Iterator[int], total: int, say: Stage) -> None:
        self._reading, self._total, self._say = reading, total, say
        self._lock = threading.Lock()
        self._stopped = False
        self.all_read = False

    def steps(self) -> Iterator[int]:
        """Read a file at a time and say so."""
        for done in self._reading:
            self._say("reading", done, self._total)
            if self._stopped:
                return
            yield done
        self.all_read = True

    def pulled(self, inputs: Iterator[Input]) -> Iterator[Input]:
        """Yield these until it is stopped."""
        while True:
            with self._lock:
                found = None if self._stopped else next(inputs, None)
            if found is None:
                return
            yield found

    def stop(self) -> None:
        """Return once no more is read: the file being read is read to its end."""
        self._stopped = True
        with self._lock:
            pass


def _taken(plan: Plan, old: Index | None, work: _Work) -> list[Taken]:
    """Return the documents of the next generation: those kept, and those made."""
    taken = []
    if old and plan.kept:
        part = old.part()
        numbers = {record.source: number for number, record in enumerate(old.records)}
        taken = [Taken(source, part, numbers[source], stamp) for source, stamp in plan.kept.items()]
    if plan.made:
        part, made = work.partial().part(), work.partial().documents
        taken += [Taken(source, part, made[source].number, stamp) for source, stamp in plan.made.items()]
    return taken


def _calibrate(
    index: Index, *, settings: Settings, embedder: Embedder, reader: Reader | None, say: Stage
) -> Calibration | None:
    """Measure how questions made from the collection fare with and without their sources."""
    from qa.calibrate.measure import measure

    if not settings.verdict.questions:
        return None
    say("calibrating", 0, 1)
    return measure(
        index,
        lambda question: embedder.embed_query(question).row,
        reader or adapters.make_reader(settings),
        weights=adapters.weights_of(settings),
        candidates=settings.retrieve.candidates,
        count=settings.verdict.questions,
    )


def _silent(stage: str, done: int, total: int) -> None:
    """Say nothing of a build's progress."""


def _fingerprint(settings: Settings, embedder: Embedder) -> Fingerprint:
    chunk = settings.chunk
    return Fingerprint(SCHEMA, embedder.fingerprint, chunk.size, chunk.overlap, settings.retrieve.language)


def _report(plan: Plan, old: Index | None, work: _Work, roots: Sequence[Path], note: str) -> BuildReport:
    """Count what a plan will do; raise ConfigError where not one file can be read."""
    before = {record.source: record for record in old.records} if old else {}
    indexed: list[Listed] = [before[source] for source in plan.kept]
    if plan.made:
        indexed += [work.partial().documents[source] for source in plan.made]
    ledger = ledger_of(indexed, plan.others, plan.seconds)
    if not indexed:
        reasons = "; ".join(f"{entry.source}: {entry.reason}" for entry in ledger[:5])
        raise ConfigError(f"{_names(roots)}: none of {len(ledger)} files can be read. {reasons}")
    changed = sum(source in before for source in plan.made)
    removed = len(before) - len(plan.kept) - changed
    return BuildReport(ledger, len(plan.made) - changed, changed, len(plan.kept), removed, note)


def _open_old(settings: Settings, fingerprint: Fingerprint, rebuild: bool) -> tuple[Index | None, str]:
    """Return the index to update, if it can be; else None and why everything is made anew."""
    if rebuild or not exists(settings.index):
        return None, ""
    try:
        difference = stored(settings.index).fingerprint.mismatch(fingerprint)
    except IndexMismatch as exc:
        difference = str(exc)
    if difference:
        return None, f"Everything was indexed anew: {difference}."
    return adapters.open_collection(settings), ""


def _sorted(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(entries, key=lambda entry: (entry.source, entry.reason))


def _last_roots(settings: Settings) -> list[Path]:
    """Return the paths of the last build, or the default collection where nothing says which they were."""
    try:
        return [Path(root) for root in stored(settings.index).roots]
    except StoreError:
        return [DEFAULT_COLLECTION]


def _names(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots)
