"""Answers questions from an open index.

Index ─retrieve→ Hit… ─read→ Hit… ─gather→ Passage… ─answer→ Draft ─judge, cite→ Answer
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from qa.answer.names import unknown_labels, unknown_terms
from qa.answer.values import said_of
from qa.answer.verdict import (
    STRICTNESS,
    ErrorRates,
    confidence,
    error_rates,
    judge,
    penalise_unknown_terms,
    threshold_for,
)
from qa.chat.lookups import lookups, read_as
from qa.chat.router import AS_TYPED, route
from qa.chat.yesno import decided
from qa.cite import check, cite
from qa.config import Settings
from qa.engine import adapters
from qa.errors import AnswerError, IndexMismatch
from qa.index import Index
from qa.passages import gather
from qa.protocols import Embedder, Query, Reader
from qa.retrieve import rerank, retrieve
from qa.status import Status
from qa.types import Answer, Draft, FileState, FreeText, Hit, Kind, Passage, Turn, Verdict

if TYPE_CHECKING:
    from qa.engine.replies import Replies

_OF_A_SOURCE = 4  # hits looked at where each document is asked
_HITS_A_PASSAGE = 3  # overlapping hits and near-copies become one passage


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
class _Found:
    """What one way of looking a question up brought: `searched` was looked up, `draft` answers as it was typed."""

    searched: str
    passages: tuple[Passage, ...]
    draft: Draft
    verdict: Verdict
    confidence: float
    notices: tuple[str, ...]
    milliseconds: tuple[float, float, float]  # embedding, search, reading


class Engine:
    """An open index with its model: asks."""

    def __init__(self, settings: Settings, index: Index, embedder: Embedder, reader: Reader | None = None) -> None:
        self.index = index
        self._settings = settings
        self._embedder = embedder
        self._reader = reader
        self._answerer = adapters.make_answerer(settings, index, reader)
        self._translator = adapters.make_translator(settings)
        self._free_text = FreeText.GENERATED if getattr(self._answerer, "generative", False) else FreeText.REFUSED
        self._notice = _coverage_notice(index)

    @functools.cached_property
    def _replies(self) -> Replies:
        """The other kinds of reply: what they need is loaded when one is wanted."""
        from qa.engine.replies import Replies

        return Replies(self.index, lambda question: self._passages(question, (), 0).answer, self._of_each)

    @classmethod
    def open(cls, settings: Settings, embedder: Embedder | None = None) -> Engine:
        """Open the index the settings name; raise IndexMismatch where another model made it."""
        index = adapters.open_collection(settings)
        embedder = embedder or adapters.make_embedder(settings)
        return cls.over(settings, index, embedder, adapters.make_reader(settings))

    @classmethod
    def over(cls, settings: Settings, index: Index, embedder: Embedder, reader: Reader | None) -> Engine:
        """Return an engine over an index that is open already; raise IndexMismatch where another model made it."""
        wanted = replace(index.fingerprint, embedder=embedder.fingerprint, language=settings.retrieve.language)
        difference = index.fingerprint.mismatch(wanted)
        if difference:
            raise IndexMismatch(f"{settings.index}: {difference}. Run: qa index --index {settings.index}")
        return cls(settings, index, embedder, reader)

    def ask(self, question: str, turns: Sequence[Turn] = (), k: int | None = None) -> Reply:
        """Answer a question from the index; `turns` are the conversation's earlier ones, oldest first.

        Raises AnswerError for an empty question, QuoteMismatch where a quote doesn't hold.
        """
        if not question.strip():
            raise AnswerError('The question is empty. Write one, for example: qa ask "When was it founded?"')
        began = time.perf_counter()
        way = route(question, lambda words: bool(self._replies.named(words)), self.index.keyword.knows, alone=not turns)
        if way.kind is not Kind.PASSAGE:
            answer = self._replies.reply(way, question, turns)
            if answer is not None:
                return Reply(answer, Timings(0.0, 0.0, 0.0, total=(time.perf_counter() - began) * 1e3))
        reply = self._passages(question, turns, k or 0)
        return replace(reply, timings=replace(reply.timings, total=(time.perf_counter() - began) * 1e3))

    def _passages(self, question: str, turns: Sequence[Turn], k: int) -> Reply:
        """Answer a question from the passages that fit it best."""
        wanted = k or self._settings.retrieve.k
        began = time.perf_counter()
        found = self._find(question, turns, wanted)
        notices = [*found.notices]
        if found.verdict is not Verdict.ANSWERED and self._notice:
            notices.append(self._notice)
        answer = cite(
            question,
            found.searched,
            found.draft,
            found.passages,
            self.index.document,
            found.verdict,
            found.confidence,
            notices,
            self._free_text,
        )
        told = said_of(answer.values, len(_sources_of(answer)))
        notices = [*answer.notices, *([told] if told and answer.citations else []), *_partly_read(self.index, answer)]
        seen = answer.verdict is Verdict.ANSWERED and not any(citation.hidden for citation in answer.citations)
        settled = decided(question, (citation.text for citation in answer.citations)) if seen else ""
        answer = replace(answer, notices=tuple(notices), yes_no=settled)
        return Reply(answer, Timings(*found.milliseconds, total=(time.perf_counter() - began) * 1e3))

    def searched(self, question: str) -> str:
        """Return the words to look a question up by: in the documents' language, where the translator knows how."""
        translated = self._translator.translate(question, self.index.keyword.knows) if self._translator else None
        return translated or question

    def _find(self, question: str, turns: Sequence[Turn], wanted: int) -> _Found:
        """Look a question up, one way after the other until one finds an answer; else the first counts.

        A follow-up is looked up with its topic and read and judged as typed, so that what answered the last
        question isn't taken to answer this one.
        """
        ways: list[_Found] = []
        whole = None
        if turns:
            from qa.chat.followup import standalone

            whole = standalone(question, turns)
        if whole is not None:
            return self._look_up(self.searched(whole), None, wanted)
        question = AS_TYPED.sub("", question) or question
        for way in lookups(question, turns):
            asked = None if way == question else self.searched(read_as(question, turns))
            ways.append(self._look_up(self.searched(way), asked, wanted))
            if ways[-1].verdict is Verdict.ANSWERED:
                return ways[-1]
        return ways[0]

    def _of_each(self, question: str, most: int) -> list[Answer]:
        """Answer a question from each document that may, the likeliest first."""
        searched = self.searched(question)
        query, searched, _ = self._embed(searched)
        hits = self._search(searched, query, 10 * _HITS_A_PASSAGE)
        by_source: dict[str, list[Hit]] = {}
        for hit in hits:
            by_source.setdefault(hit.chunk.source, []).append(hit)
        answers = []
        for some in list(by_source.values())[:most]:
            read = self._read(searched, some[:_OF_A_SOURCE])
            passages = gather(read, _OF_A_SOURCE)
            draft = self._answerer.write(searched, passages)
            verdict, sure = self._judge(draft, ())
            facts = (question, searched, draft, passages, self.index.document, verdict, sure)
            answers.append(cite(*facts, free_text=self._free_text))
        return [answer for answer in answers if answer.verdict is Verdict.ANSWERED]

    def _look_up(self, searched: str, asked: str | None, wanted: int) -> _Found:
        began = time.perf_counter()
        query, searched, notices = self._embed(searched)
        embedded = time.perf_counter()
        hits = self._search(searched, query, wanted)
        found = time.perf_counter()
        asked = searched if asked is None else asked
        hits = self._read(asked, hits)
        passages = gather(hits, wanted)
        draft = self._answerer.write(asked, passages)
        read = time.perf_counter()
        milliseconds = (1e3 * (embedded - began), 1e3 * (found - embedded), 1e3 * (read - found))
        unknown = unknown_terms(asked, self.index.keyword.resembles, self.index.keyword.knows)
        if unknown:
            names = ", ".join(f"“{name}”" for name in unknown)
            notices = (*notices, f"{names} {'stand' if len(unknown) > 1 else 'stands'} in none of the documents read.")
        notices = (*notices, *unknown_labels(asked, [passage.text for passage in passages]))
        return _Found(searched, tuple(passages), draft, *self._judge(draft, unknown), notices, milliseconds)

    def _embed(self, searched: str) -> tuple[Query, str, tuple[str, ...]]:
        """Return a question's row, as much of its words as the model reads, and what must be said of that."""
        query = self._embedder.embed_query(searched)
        if query.kept >= len(searched):
            return query, searched, ()
        notice = (
            f"The question is longer than the model reads: of its {len(searched):,} characters "
            f"the first {query.kept:,} were searched for."
        )
        return query, searched[: query.kept], (notice,)

    def _search(self, searched: str, query: Query, wanted: int) -> list[Hit]:
        return retrieve(
            self.index,
            searched,
            query.row,
            weights=adapters.weights_of(self._settings),
            candidates=max(self._settings.retrieve.candidates, wanted),
            most=wanted * _HITS_A_PASSAGE,
        )

    def _read(self, searched: str, hits: list[Hit]) -> list[Hit]:
        if self._reader is None:
            return hits
        how = self._settings.reader
        return rerank(self.index, hits, self._reader, searched, count=how.count, weight=how.weight)

    def _judge(self, draft: Draft, unknown: Sequence[str]) -> tuple[Verdict, float]:
        how = self._settings.verdict
        sure = confidence(draft.log_odds, self.index.calibration, answered=how.answered)
        sure = penalise_unknown_terms(sure, unknown)
        answered, unsure = threshold_for(how.answered, how.lean), threshold_for(how.unsure, how.lean)
        return judge(sure, answered=answered, unsure=unsure), sure

    def warm_up(self) -> None:
        """Load the model now, so that the first question needn't wait for it."""
        self._embedder.embed_query("warm up")
        if self._reader:
            self._reader.read("warm up", ["warm up"])

    def check(self, answer: Answer) -> None:
        """Assert the quote contract once more, before an answer is displayed."""
        check(answer, self.index.document)


def _coverage_notice(index: Index) -> str:
    said = [] if index.is_whole else ["The last build has not come to its end: some files may not be searched yet"]
    if index.unread:
        said.append(f"{index.unread:,} of {index.lines:,} files could not be read and were not searched")
    if index.partly:
        said.append(f"{index.partly:,} of {index.lines:,} {'was' if index.partly == 1 else 'were'} read only in part")
    return f"{', '.join(said)}: see qa status." if said else ""


def _sources_of(answer: Answer) -> set[str]:
    """Return the documents that give the answer's values."""
    numbers = {number for value in answer.values for number in value.numbers}
    return {passage.source for passage in answer.passages if passage.number in numbers}


def _partly_read(index: Index, answer: Answer) -> tuple[str, ...]:
    """Say of each file quoted that it wasn't read whole: what it says elsewhere may bear on the answer."""
    sources = dict.fromkeys(citation.passage.source for citation in answer.citations)
    entries = (index.entry(source) for source in sources)
    return tuple(
        f"{entry.source} was read only in part: {entry.reason}" for entry in entries if entry.state is FileState.PARTLY
    )


def status(settings: Settings) -> Status:
    """Open and check the index, and say what it holds and how sure its verdicts are; no model is needed."""
    index = adapters.open_collection(settings)
    index.check()
    rates: dict[str, ErrorRates] = {}
    if index.calibration:
        for strictness in STRICTNESS:
            answered = threshold_for(settings.verdict.answered, strictness)
            found = error_rates(index.calibration, answered=answered)
            rates |= {strictness: found} if found else {}
    facts = (settings.index, index.roots, index.ledger, len(index), index.size(), index.fingerprint, rates)
    return Status(*facts, search=index.store.about, runtime=index.runtime)
