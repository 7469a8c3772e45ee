"""Picks the adapters and wires them: `build()` and `Engine.ask()`. The only room that names concrete ones.

    Path ─load→ Document ─chunk→ Chunk… ─embed→ rows ─add→ Index
    Index ─retrieve→ Hit… ─gather→ Passage… ─answer→ Draft ─cite→ Answer

Heavy libraries are imported inside the factories, so that a command pays only for those it uses.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from qa.answer.extractive import ExtractiveAnswerer
from qa.answer.verdict import confidence_of, judge
from qa.cite import check, cite
from qa.config import Settings
from qa.conversation import standalone
from qa.errors import (
    AnswerError,
    ConfigError,
    IndexMismatch,
    StoreError,
)
from qa.index import (
    SCHEMA,
    Batch,
    Fingerprint,
    Index,
    exists,
    open_index,
    stored,
    sweep,
    write_generation,
    writing,
)
from qa.passages import gather
from qa.protocols import Answerer, Embedder, Input, Query, Reader, VectorStore
from qa.retrieve import Weights, rerank, retrieve
from qa.status import Status
from qa.types import Answer, FileState, Hit, LedgerEntry, Passage, Span, Turn, Verdict

if TYPE_CHECKING:
    from qa.ingest import Plan

logger = logging.getLogger(__name__)

DEFAULT_COLLECTION = Path("corpus")
_HITS_A_PASSAGE = 3  # overlapping hits and near-copies become one passage
_JUDGED = 3  # passages the verdict is formed on

Stage = Callable[[str, int, int], None]
"""Called with (what is being done, done, total) as a build goes on."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall time of one question in milliseconds; `total` holds the parts and the checks."""

    embed: float
    search: float
    read: float
    total: float


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer and what it took."""

    answer: Answer
    timings: Timings


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
    def chunks(self) -> int:
        """Chunks in the index now."""
        return sum(entry.chunks for entry in self.ledger)


def make_embedder(settings: Settings) -> Embedder:
    """Return the embedder the settings name; raise ModelUnavailable where its files aren't sound."""
    from qa.embed.sentence_transformer import SentenceTransformerEmbedder

    embed = settings.embed
    return SentenceTransformerEmbedder(
        embed.model, batch_tokens=embed.batch_tokens, threads=embed.threads or _usable_cores()
    )


def make_reader(settings: Settings) -> Reader | None:
    """Return the reader, or None where it is switched off."""
    if not settings.reader.enabled:
        return None
    from qa.reader.onnx import OnnxReader

    return OnnxReader(threads=_usable_cores())


def make_store(dim: int) -> VectorStore:
    """Return an empty vector store."""
    from qa.store import FaissStore

    return FaissStore(dim)


def open_collection(settings: Settings) -> Index:
    """Open the index the settings name, checking every byte; no model is needed."""
    from qa.keyword import KeywordIndex, Terms

    made = stored(settings.index)
    return open_index(settings.index, make_store(made.dim), KeywordIndex(Terms(made.fingerprint.language)))


class Engine:
    """An open index with its model: asks."""

    def __init__(self, settings: Settings, index: Index, embedder: Embedder, reader: Reader | None = None) -> None:
        self.index = index
        self._settings = settings
        self._embedder = embedder
        self._reader = reader
        self._answerer: Answerer = ExtractiveAnswerer(index.keyword.coverage)
        self._notice = _coverage_notice(index.ledger)

    @classmethod
    def open(cls, settings: Settings, embedder: Embedder | None = None) -> Engine:
        """Open the index the settings name; raise IndexMismatch where another model made it."""
        index = open_collection(settings)
        embedder = embedder or make_embedder(settings)
        wanted = replace(index.fingerprint, embedder=embedder.fingerprint, language=settings.retrieve.language)
        difference = index.fingerprint.mismatch(wanted)
        if difference:
            raise IndexMismatch(f"{settings.index}: {difference}. Run: qa index --index {settings.index}")
        return cls(settings, index, embedder, make_reader(settings))

    def ask(self, question: str, turns: Sequence[Turn] = (), k: int | None = None) -> Reply:
        """Answer a question from the index; `turns` are the conversation's earlier ones, oldest first.

        Raises AnswerError for an empty question, QuoteMismatch where a quote doesn't hold.
        """
        if not question.strip():
            raise AnswerError('The question is empty. Write one, for example: qa ask "When was it founded?"')
        wanted = k or self._settings.retrieve.k
        began = time.perf_counter()
        query, searched, notices = self._understand(question, turns)
        embedded = time.perf_counter()
        hits = self._search(searched, query, wanted)
        found = time.perf_counter()
        hits = self._read(searched, hits)
        read = time.perf_counter()
        passages = gather(hits, wanted)
        verdict, confidence = self._judge(searched, passages)
        if verdict is not Verdict.ANSWERED and self._notice:
            notices.append(self._notice)
        draft = self._answerer.write(searched, passages)
        answer = cite(question, searched, draft, passages, self.index.document, verdict, confidence, notices)
        ended = time.perf_counter()
        timings = (embedded - began, found - embedded, read - found, ended - began)
        return Reply(answer, Timings(*(seconds * 1e3 for seconds in timings)))

    def _understand(self, question: str, turns: Sequence[Turn]) -> tuple[Query, str, list[str]]:
        """Return the question's row, its words as they are searched for, and what must be said of them."""
        searched = standalone(question, turns)
        query = self._embedder.embed_query(searched)
        if query.kept >= len(searched):
            return query, searched, []
        notice = (
            f"The question is longer than the model reads: of its {len(searched):,} characters "
            f"the first {query.kept:,} were searched for."
        )
        return query, searched[: query.kept], [notice]

    def _search(self, searched: str, query: Query, wanted: int) -> list[Hit]:
        how = self._settings.retrieve
        return retrieve(
            self.index,
            searched,
            query.row,
            weights=Weights(how.dense, how.sentence, how.keyword),
            candidates=max(how.candidates, wanted),
            most=wanted * _HITS_A_PASSAGE,
        )

    def _read(self, searched: str, hits: list[Hit]) -> list[Hit]:
        if self._reader is None:
            return hits
        how = self._settings.reader
        return rerank(hits, self._reader, searched, count=how.count, weight=how.weight)

    def _judge(self, searched: str, passages: Sequence[Passage]) -> tuple[Verdict, float]:
        covered = self.index.keyword.coverage(searched, [passage.text for passage in passages[:_JUDGED]])
        confidence = confidence_of(passages, covered)
        thresholds = self._settings.verdict
        return judge(confidence, answered=thresholds.answered, unsure=thresholds.unsure), confidence

    def warm_up(self) -> None:
        """Load the model now, so that the first question needn't wait for it."""
        self._embedder.embed_query("warm up")
        if self._reader:
            self._reader.read("warm up", ["warm up"])

    def check(self, answer: Answer) -> None:
        """Assert the quote contract once more, before an answer is displayed."""
        check(answer, self.index.document)


def build(
    settings: Settings,
    paths: Sequence[Path] = (),
    *,
    rebuild: bool = False,
    stage: Stage | None = None,
    embedder: Embedder | None = None,
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
        embedder = embedder or make_embedder(settings)
        fingerprint = _fingerprint(settings, embedder)
        old, note = _open_old(settings, fingerprint, rebuild)
        plan = Plan()
        for done, item in enumerate(found, start=1):
            plan.take(item, old, size=settings.chunk.size, overlap=settings.chunk.overlap)
            say("reading", done, len(found))
        report = _report(plan, old, roots, note)
        names = tuple(str(root) for root in roots)
        if (
            old
            and not (report.added or report.changed or report.removed)
            and (old.ledger, old.roots)
            == (
                report.ledger,
                names,
            )
        ):
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
            store=old.store if old else make_store(embedder.dim),
            keyword=KeywordIndex(Terms(settings.retrieve.language)),
        )
        say("writing", 1, 1)
        return report


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
    return open_collection(settings), ""


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


def _usable_cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _names(roots: Sequence[Path]) -> str:
    return ", ".join(str(root) for root in roots)


def _coverage_notice(ledger: Sequence[LedgerEntry]) -> str:
    unread = sum(entry.state is not FileState.INDEXED for entry in ledger)
    if not unread:
        return ""
    return f"{unread} of {len(ledger)} files could not be read and were not searched: see qa status."


def status(settings: Settings) -> Status:
    """Open and check the index, and say what it holds; no model is needed."""
    index = open_collection(settings)
    return Status(settings.index, index.roots, index.ledger, len(index), index.size(), index.fingerprint)
