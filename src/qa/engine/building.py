"""Builds and updates an index: one thread reads files, another embeds and writes what was read.

Path ─load→ Document ─chunk→ Chunk… ─embed→ vectors ─put→ Index
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.engine import adapters
from qa.engine.pipeline import Consumer, ReadAhead, Stage
from qa.errors import ConfigError, IndexMismatch, IndexMissing, StoreError
from qa.index import SCHEMA, Fingerprint, exists, stored
from qa.index.database import remove_database
from qa.index.lock import writing
from qa.index.stored import last_roots
from qa.index.writing import Writer
from qa.ingest import Plan, Planner, Refused
from qa.protocols import Embedder, Reader
from qa.types import Calibration, FileState, LedgerEntry

if TYPE_CHECKING:
    from qa.load import Found, Readers

DEFAULT_COLLECTION = Path("corpus")


_LARGE_REMOVAL = 1 / 3  # of an index's documents: beyond that it may be a slip


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
        note = _begin_again(settings, fingerprint, rebuild)
        with closing(adapters.make_writer(settings, fingerprint, lambda: embedder.dim)) as writer:
            work = _Build(settings, writer, embedder, tuple(os.path.abspath(root) for root in roots), began, say)
            with closing(adapters.make_readers(settings)) as readers:
                plan = work.read_and_embed(found, readers, refused)
            report, counts = work.report(plan, note)
            if may_remove:
                work.ask_before_removing(report, may_remove)
            work.finish(plan, report, counts, reader)
    return report


class _Build:
    """One build: what was there before, and what is done with it."""

    def __init__(
        self, settings: Settings, writer: Writer, embedder: Embedder, roots: tuple[str, ...], began: int, say: Stage
    ) -> None:
        self._settings, self._writer, self._embedder = settings, writer, embedder
        self._roots, self._began, self._say = roots, began, say
        self._before = writer.known()
        self._old_others = writer.unread()

    def read_and_embed(self, found: Sequence[Found], readers: Readers, refused: dict[str, Refused] | None) -> Plan:
        """Read the files met, and embed and write those that are new or changed."""
        chunk = self._settings.chunk
        planner = Planner(
            self._before, self._old_others, readers, size=chunk.size, overlap=chunk.overlap, refused=refused
        )
        plan = Plan()
        with closing(ReadAhead(planner.read(found, plan), len(found), self._say)) as ahead:
            Consumer(self._writer, self._embedder, ahead, self._roots, self._began, self._say).run()
        return plan

    def report(self, plan: Plan, note: str) -> tuple[BuildReport, dict[str, int]]:
        """Count what was done; raise ConfigError where not one file can be read."""
        if not plan.kept and not plan.made:
            entries = sorted(plan.others, key=lambda entry: entry.source)
            reasons = "; ".join(f"{entry.source}: {entry.reason}" for entry in entries[:5])
            if not self._before:
                self._writer.close()
                remove_database(self._settings.index)
            raise ConfigError(f"{', '.join(self._roots)}: none of {len(entries)} files can be read. {reasons}")
        changed = sum(source in self._before for source in plan.made)
        removed = len(self._before) - len(plan.kept) - changed
        ledger = self._writer.ledger({*plan.kept, *plan.made}, plan.others)
        counts = {
            "unread": sum(not entry.is_searched for entry in plan.others),
            "partly": sum(entry.state is FileState.PARTLY for entry in ledger),
            "lines": len(ledger),
        }
        return BuildReport(ledger, len(plan.made) - changed, changed, len(plan.kept), removed, note), counts

    def ask_before_removing(self, report: BuildReport, may_remove: Callable[[int, int], bool]) -> None:
        """Ask where a large part of the index would go; raise ConfigError on a no."""
        held = len(self._before)
        if report.removed > held * _LARGE_REMOVAL and not may_remove(report.removed, held):
            raise ConfigError(
                f"{self._settings.index}: {report.removed:,} of {held:,} documents aren't in {', '.join(self._roots)} "
                "and would be removed, so none was. If that is meant, add --remove; else name all of them."
            )

    def finish(self, plan: Plan, report: BuildReport, counts: dict[str, int], reader: Reader | None) -> None:
        """Take out what is gone, and write down what the build found; next to nothing where nothing changed."""
        writer, names = self._writer, self._roots
        # the lines of documents that are kept are what they were
        same = (_sorted(self._old_others), writer.roots) == (_sorted(plan.others), names)
        if not report.altered and same and writer.about["whole"]:
            writer.confirm(self._began, plan.touched)
            writer.tidy()
            return
        self._say("writing", 0, 1)
        writer.begin(names)
        writer.remove(sorted(self._before.keys() - plan.kept.keys() - plan.made.keys()))
        writer.finish(
            unread=plan.others,
            roots=names,
            runtime=getattr(self._embedder, "runtime", ""),
            looked=self._began,
            stamps=plan.touched,
            counts=counts,
            calibrate=lambda: _calibrate(self._settings, self._embedder, reader, self._say),
        )
        writer.tidy()
        self._say("writing", 1, 1)


def _calibrate(settings: Settings, embedder: Embedder, reader: Reader | None, say: Stage) -> Calibration | None:
    """Measure how questions made from the collection fare with and without their sources."""
    from qa.calibrate.measure import measure

    if not settings.verdict.questions:
        return None
    say("calibrating", 0, 1)
    return measure(
        adapters.open_collection(settings),
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


def _begin_again(settings: Settings, fingerprint: Fingerprint, rebuild: bool) -> str:
    """Remove an index that can't be updated, and return why everything is indexed again; "" where it can be."""
    difference = ""
    if not rebuild and exists(settings.index):
        try:
            difference = stored(settings.index).fingerprint.mismatch(fingerprint)
        except IndexMissing:  # a build was stopped before it had written anything
            pass
        except IndexMismatch as exc:
            difference = str(exc)
    if rebuild or difference:
        remove_database(settings.index)
    return f"Everything was indexed anew: {difference}." if difference else ""


def _sorted(entries: Sequence[LedgerEntry]) -> list[LedgerEntry]:
    return sorted(entries, key=lambda entry: (entry.source, entry.reason))


def _last_roots(settings: Settings) -> list[Path]:
    """Return the paths of the last build, or the default collection where nothing says which they were."""
    try:
        return [Path(root) for root in last_roots(settings.index)]
    except StoreError:
        return [DEFAULT_COLLECTION]


def _names(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots)
