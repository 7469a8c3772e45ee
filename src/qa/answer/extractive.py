"""Answers in the documents' own words: the sentences that answer best, verbatim, each with its mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.answer.candidates import Candidate, as_rows, find_candidates
from qa.answer.lists import asks_for_several, whole_list
from qa.answer.model import AnswerModel, load_model
from qa.answer.question import Asked, analyse
from qa.answer.signals import Vocabulary
from qa.answer.values import as_of, grouped, value_of
from qa.protocols import Reader
from qa.sentences import is_verbatim
from qa.types import Draft, Passage, Quote, Span, Value

_MOST = 3
_ANOTHER = 0.45  # probability from which a further sentence is quoted
_CLOSE = 0.6  # … if it is so large a part of the best one's
_RIVAL, _RIVALS = 0.3, 0.45  # the same where another amount or date is given: leaving it out would hide a difference
_VALUED = frozenset({Asked.COUNT, Asked.MONEY, Asked.MEASURE, Asked.DURATION, Asked.WHEN})
_SURE = 0.35  # from here on the words that answer are set off inside the sentence
_PASTED = 20.0  # log-odds: what was pasted in as a question is looked for itself
_WORDS = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Judged:
    """A candidate and the log-odds that it answers."""

    candidate: Candidate
    log_odds: float

    @property
    def probability(self) -> float:
        """The same as a probability."""
        return float(1 / (1 + np.exp(-self.log_odds)))


class ExtractiveAnswerer:
    """Quotes the sentences that most probably answer, by the answer model."""

    def __init__(self, vocabulary: Vocabulary, reader: Reader | None = None, model: AnswerModel | None = None) -> None:
        self._vocabulary = vocabulary
        self._reader = reader
        self._model = model

    def write(self, question: str, passages: Sequence[Passage]) -> Draft:
        """Quote one to three sentences of the best passages, the best one first, one a line.

        The draft's log-odds are those that the first quote answers.
        """
        judged = self.judge(question, passages)
        if not judged:
            return Draft("", ())
        best = judged[0]
        groups = _by_value(analyse(question).asked, judged)
        others = [group[0] for group in groups[1:]]
        # what agrees with the best quote is counted, not said again
        said = {id(one) for group in groups for one in group}
        least = max(_ANOTHER, _CLOSE * best.probability)
        others += [one for one in judged[1:] if one.probability >= least and id(one) not in said]
        chosen = _apart([best, *others])[:_MOST]
        several = asks_for_several(question)
        quotes = tuple(_quote(one, several=several) for one in chosen)
        lines = [
            f"{_words(one.candidate.passage, quote.span)} [{quote.number}]"
            for one, quote in zip(chosen, quotes, strict=True)
        ]
        values = [_value(group) for group in groups if any(one is group[0] for one in chosen)]
        values.sort(key=lambda value: value.as_of, reverse=True)
        return Draft("\n".join(lines), quotes, best.log_odds, tuple(values))

    def judge(self, question: str, passages: Sequence[Passage]) -> list[Judged]:
        """Return every candidate with its log-odds, the likeliest first."""
        candidates = find_candidates(question, passages, self._vocabulary, self._reader)
        if not candidates:
            return []
        odds = (self._model or load_model()).log_odds(as_rows(candidates)).tolist()
        pasted = not question.rstrip().endswith("?")  # a question that stands there is answered further on
        judged = [
            Judged(one, value + (_PASTED if pasted and is_verbatim(question, one.text) else 0.0))
            for one, value in zip(candidates, odds, strict=True)
            if _WORDS.search(one.text)
        ]
        return sorted(judged, key=lambda one: (-one.log_odds, one.candidate.passage.number, one.candidate.sentence))


def _by_value(asked: Asked, judged: Sequence[Judged]) -> list[list[Judged]]:
    """Group the likely candidates by the amount or date they give, the likeliest first; none if none is asked for."""
    if asked not in _VALUED:
        return []
    least = max(_RIVAL, _RIVALS * judged[0].probability)
    likely = [one for one in judged if one.probability >= least and one.candidate.span]
    if not likely or likely[0] is not judged[0]:
        return []
    values = []
    for one in likely:
        candidate = one.candidate
        before = candidate.passage.text[: candidate.span.start - candidate.passage.span.start]  # type: ignore[union-attr]
        values.append(value_of(_spoken(candidate), before[-40:]))
    return [[likely[at] for at in group] for group in grouped(values)] if values[0].is_exact else []


def _value(group: Sequence[Judged]) -> Value:
    first = group[0].candidate
    words = _spoken(first)
    dated = as_of(first.text, words, " ".join(first.passage.section.heading))
    return Value(words, dated, tuple(sorted({one.candidate.passage.number for one in group})))


def _spoken(candidate: Candidate) -> str:
    return _words(candidate.passage, candidate.span) if candidate.span else ""


def _apart(judged: Sequence[Judged]) -> list[Judged]:
    """Drop what overlaps a better candidate of the same passage, or says its words again."""
    kept: list[Judged] = []
    for one in judged:
        passage, sentence = one.candidate.passage, one.candidate.sentence
        if not any(k.candidate.passage is passage and k.candidate.sentence.overlaps(sentence) for k in kept):
            kept.append(one)
    return kept


def _quote(judged: Judged, *, several: bool) -> Quote:
    """Quote a candidate, or the whole list it belongs to where that is what was asked for."""
    candidate, passage = judged.candidate, judged.candidate.passage
    shift = passage.span.start
    sentences = sorted({sentence for hit in passage.hits for sentence in hit.chunk.sentences})
    local = [Span(one.start - shift, one.end - shift) for one in sentences]
    whole = whole_list(passage.text, local, candidate.at, several=several)
    quote = Span(shift + whole.start, shift + whole.end)
    return Quote(passage.number, quote, _focus(judged, quote))


def _focus(judged: Judged, quote: Span) -> Span | None:
    """Return the words to set off inside a quote, where they are sure enough and not the whole of it."""
    span = judged.candidate.span
    if span is None or judged.probability < _SURE or not quote.contains(span):
        return None
    return span if span != quote else None


def _words(passage: Passage, span: Span) -> str:
    shift = passage.span.start
    return passage.text[span.start - shift : span.end - shift]
