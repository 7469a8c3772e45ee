"""Answers in the documents' own words: the sentences that answer best, verbatim, each with its mark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qa.answer.lists import asks_for_several, whole_list
from qa.answer.model import AnswerModel, load_model
from qa.answer.question import Asked, analyse
from qa.answer.signals import Candidate, Vocabulary, as_rows, find_candidates
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
_OTHER_LABEL = 3.0  # log-odds a candidate loses that speaks of another hall, boiler or paragraph than was asked for
_OTHER_YEAR = 1.5  # … of another year, by the sentence, its heading and its row's header
_OTHER_KIND = 1.0  # … has nothing of the kind asked for: no date for "when", no amount for "how much"
_ALL_UNKNOWN, _NEARLY_ALL = 2.0, 0.8  # … where so large a share of the question stands in no document at all
_ASKS = 1.5  # … asks something itself
_OTHER_ROW = 3.0  # … times the share of the question that another row of the table holds beyond this one
_NOBODY = 2.0  # … names nobody, where who holds an office was asked: the office itself is no answer
_OTHER_SUBJECT = 2.0  # … doesn't name the one that "who is X" or "what is X" asks about, nor does its heading
_CODE_PENALTY = 2.0  # … or is code or a bare link, where neither was asked for
_CODE = re.compile(
    r"""\s*(?:[{}\[\]]\s*\W*$|["'][\w-]+["']\s*:|</?\w[^>]*>|\$\s|>>>\s|\#include|@\w+\s*$
    |(?:import|from|def|class|const|let|var|function|return|public|private|static)\b.*[;:({=])""",
    re.VERBOSE,
)
_LINK = re.compile(r"\s*(?:[-*+]\s+)?!?\[[^\]]*\]\([^)]*\)\W*")
_ASKS_FOR_CODE = re.compile(
    r"\b(?:code|commands?|json|options?|flags?|settings?|examples?|syntax|functions?|methods?|class|parameters?|fields?|"
    r"config\w*|install|run|imports?|tags?|attributes?|elements?|variables?|call|snippet|script|links?|url)\b",
    re.IGNORECASE,
)
_ASKS_FOR_PERSON = re.compile(
    r"\bwho(?:'s| is| was)\s+(?:the|our|your)\b"
    r"|\bnames? of (?:the|our|your) (?:\S+ ){0,4}?\w*(?:or|er|ent|man|woman|ant|ian|ist)\b",
    re.IGNORECASE,
)
_FULL_NAME = re.compile(
    r"\b([A-ZÀ-ÖØ-Þ][a-zß-ÿ’'-]+)\s(?:[A-ZÀ-Þ]\.\s|de\s|von\s|van\s|da\s){0,2}(?=([A-ZÀ-ÖØ-Þ][a-zß-ÿ’'-]+))"
)
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
        label = _best_labels(candidates)
        wants_person = bool(_ASKS_FOR_PERSON.search(question))
        wants_code = bool(_ASKS_FOR_CODE.search(question))
        judged = [
            Judged(
                one,
                value
                + (_PASTED if pasted and is_verbatim(question, one.text) else 0.0)
                - _penalty(one, question, wants_code=wants_code, wants_person=wants_person)
                - _OTHER_ROW * (label.get(id(one.passage), 0.0) - one.signals.sentence_share) * bool(one.row),
            )
            for one, value in zip(candidates, odds, strict=True)
            if not (one.row and one.row.is_header) and _WORDS.search(one.text)
        ]
        return sorted(judged, key=lambda one: (-one.log_odds, one.candidate.passage.number, one.candidate.sentence))


def _names_person(text: str, question: str) -> bool:
    """Tell whether a text names someone by two words with capitals that the question doesn't hold itself."""
    asked = question.casefold()
    return any(
        first.casefold() not in asked and last.casefold() not in asked for first, last in _FULL_NAME.findall(text)
    )


def _best_labels(candidates: Sequence[Candidate]) -> dict[int, float]:
    """Return, for each passage with rows, the largest share of the question's terms that one row holds by itself.

    A row is picked by its label, as a person does; a header says what stands in all of them.
    """
    best: dict[int, float] = {}
    for one in candidates:
        if one.row and not one.row.is_header:
            best[id(one.passage)] = max(best.get(id(one.passage), 0.0), one.signals.sentence_share)
    return best


def _penalty(one: Candidate, question: str, *, wants_code: bool, wants_person: bool) -> float:
    """Return the log-odds a candidate loses for what it is: of another label than was asked for, code, a link."""
    labels, years = one.signals.labels_here, one.signals.years_here
    other_label = _OTHER_LABEL * (1 - labels) if labels == labels else 0.0  # NaN: the question has none
    other_year = _OTHER_YEAR * (1 - years) if years == years else 0.0
    unknown = _ALL_UNKNOWN if one.signals.unknown > _NEARLY_ALL else 0.0
    other_kind = _OTHER_KIND if one.signals.sentence_fit < 0 else 0.0
    code = _CODE_PENALTY if not wants_code and (_CODE.match(one.text) or _LINK.fullmatch(one.text)) else 0.0
    nobody = _NOBODY if wants_person and not _names_person(one.text, question) else 0.0
    other_subject = _OTHER_SUBJECT if one.signals.subject_here == 0 else 0.0
    asks = _ASKS if one.signals.ends_as_question else 0.0
    return other_label + other_year + other_kind + unknown + nobody + other_subject + code + asks


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
