"""Builds and updates an index: files to rows, in one generation.

Path ─load→ Document ─chunk→ Chunk… ─embed→ rows ─add→ Index
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.engine import adapters
from qa.errors import ConfigError, IndexMismatch, StoreError
from qa.index import SCHEMA, Batch, Fingerprint, Index, exists, stored, sweep, write_generation, writing
from qa.protocols import Embedder, Input, Reader
from qa.types import Calibration, FileState, LedgerEntry, Span

if TYPE_CHECKING:
    from qa.ingest import Plan

DEFAULT_COLLECTION = Path("corpus")

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
) -> BuildReport:
    """Make the index hold exactly the documents under `paths`; embed only what is new or changed.

    Without paths, those of the last build, or corpus/. Raises ConfigError where there is nothing to
    index; a file that can't be read costs that file alone and is named in the ledger.
    """
    from qa.ingest import Plan
    from qa.keyword import KeywordIndex, Terms
    from qa.load import walk

    say = stage or _silent
    roots = [Path(path) for path in paths] or _last_roots(settings)
    found = walk(roots, leave_out=settings.index)
    if not found:
        raise ConfigError(f"{_names(roots)}: no files here. Put documents in, or name another folder.")
    with writing(settings.index):
        embedder = embedder or adapters.make_embedder(settings)
        fingerprint = _fingerprint(settings, embedder)
        old, note = _open_old(settings, fingerprint, rebuild)
        plan = Plan()
        for done, item in enumerate(found, start=1):
            plan.take(item, old, size=settings.chunk.size, overlap=settings.chunk.overlap)
            say("reading", done, len(found))
        report = _report(plan, old, roots, note)
        names = tuple(str(root) for root in roots)
        if old and not report.altered and (old.ledger, old.roots) == (report.ledger, names):
            sweep(settings.index)
            return report
        batch = _embed(plan, embedder, say)
        say("writing", 0, 1)
        write_generation(
            settings.index,
            old=old,
            keep=plan.kept,
            batch=batch,
            ledger=report.ledger,
            roots=names,
            fingerprint=fingerprint,
            store=old.store if old else adapters.make_store(embedder.dim),
            keyword=KeywordIndex(Terms(settings.retrieve.language)),
            calibrate=partial(_calibrate, settings=settings, embedder=embedder, reader=reader, say=say),
        )
        say("writing", 1, 1)
        return report


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


def _report(plan: Plan, old: Index | None, roots: Sequence[Path], note: str) -> BuildReport:
    """Count what a plan will do; raise ConfigError where not one file can be read."""
    ledger = tuple(plan.ledger)
    indexed = {entry.source for entry in ledger if entry.state is FileState.INDEXED}
    if not indexed:
        reasons = "; ".join(f"{entry.source}: {entry.reason}" for entry in ledger[:5])
        raise ConfigError(f"{_names(roots)}: none of {len(ledger)} files can be read. {reasons}")
    before = set(old.sources) if old else set()
    changed = sum(document.source in before for document in plan.documents)
    added = len(plan.documents) - changed
    return BuildReport(ledger, added, changed, len(plan.kept), len(before - indexed), note)


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


def _last_roots(settings: Settings) -> list[Path]:
    """Return the paths of the last build, or the default collection where nothing says which they were."""
    try:
        return [Path(root) for root in stored(settings.index).roots]
    except StoreError:
        return [DEFAULT_COLLECTION]


def _embed(plan: Plan, embedder: Embedder, say: Stage) -> Batch:
    titles = {document.source: document.title for document in plan.documents}
    inputs = [
        Input(
            chunk.section.context(titles[chunk.source]),
            chunk.text,
            tuple(Span(s.start - chunk.span.start, s.end - chunk.span.start) for s in chunk.sentences),
        )
        for chunks in plan.chunks
        for chunk in chunks
    ]
    embedded = embedder.embed_documents(inputs, lambda done, total: say("embedding", done, total))
    return Batch(tuple(plan.documents), tuple(plan.chunks), embedded.chunks, embedded.sentences)


def _names(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots)
