"""What speaks for and against each sentence of the best passages as the answer: one row of numbers a candidate.

Owns the candidates and their signals; which sentence answers, and how sure that is, is the model's to say.
A signal that doesn't apply is NaN: no reader, no name in the question.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import astuple, dataclass, fields, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from qa.answer.question import Asked, Question, analyse, fits
from qa.answer.tables import Row, header_of, rows_of
from qa.protocols import Reader
from qa.types import Passage, SentenceReading, Span

Floats = NDArray[np.float32]

PASSAGES = 5  # answers are looked for in the best few; the rest is there to be read
_ALONE = 6  # candidates that are read by themselves, too
_NAN = math.nan
_LIMIT = 30.0  # logits beyond this say no more
_ITEM = re.compile(r"\s*(?:[-*+•‣◦▪·–—]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])\s+\S")
_WORD = re.compile(r"\w+")
_LINK_TARGET = re.compile(r"(?<=\])\([^)\s]*\)|https?://\S+")
_MARKUP = re.compile(r"[{}<>\[\]=|\\_/#*;]")
_DEGREE = re.compile(
    r"\bhow (tall|high|deep|wide|heavy|far|large|big|fast|hot|cold|thick|old|loud|strong|long|often|soon|much)\b",
    re.IGNORECASE,
)
_COPULA = re.compile(r"\W{0,3}(?:(?:is|are|was|were|means|refers)\b|[:–—(,])", re.IGNORECASE)


class Vocabulary(Protocol):
    """The words of a collection: how texts become terms, and what each term is worth."""

    def terms(self, text: str) -> AbstractSet[str]:
        """Return the terms of a text, stop words left out."""

    def weigh(self, question: str) -> dict[str, tuple[float, bool]]:
        """Return, for each term of a question, its inverse document frequency and whether it stands in any text."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of one candidate; the order of the fields is that of the model's columns.

    Shares are of the question's terms, rare ones counting more, 0 to 1. `…_here`: in the sentence with its row's
    header and its heading path; `…_around`: anywhere in its passage. Names, years, numbers and labels are those of
    the question; `fit` is 1 where words are of the kind asked for, -1 where they can't be.
    """

    # the reader: logits of the best span over "no answer", in the chunk and with the sentence by itself
    margin: float
    margin_behind: float  # the best margin of another candidate less this one's
    chunk_logit: float
    best_logit: float
    alone_margin: float
    alone_logit: float
    alone_agrees: float
    echoes: float  # other passages in which the reader finds the same words
    # meaning
    similarity: float
    similarity_behind: float
    chunk_similarity: float
    passage: float  # its number, from 1
    score: float
    score_behind: float
    # words
    terms: float
    unknown: float
    sentence_share: float
    here_share: float
    before_share: float  # with the sentence before
    around_share: float
    share_behind: float
    rarest_here: float
    rarest_around: float
    heaviest_missing: float
    names_here: float
    names_around: float
    years_here: float
    years_around: float
    numbers_here: float
    labels_here: float
    labels_around: float
    # the kind asked for
    span_fit: float
    sentence_fit: float
    wants_who: float
    wants_when: float
    wants_where: float
    wants_amount: float
    wants_reason: float
    wants_definition: float
    wants_contact: float
    wants_yes_no: float
    wants_thing: float
    typed_as_question: float
    subject_here: float
    subject_first: float
    subject_defined: float
    # the span and the form of the sentence
    span_words: float
    span_repeats: float
    span_covers: float
    adds: float
    words: float
    row: float
    item: float
    ends_as_question: float
    leads_in: float
    heading: float
    markup: float


NAMES = tuple(field.name for field in fields(Signals))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence or row of a passage that may answer. `span` is the words that would, None where nothing was read."""

    passage: Passage
    at: int  # among the passage's sentences
    sentence: Span
    text: str
    span: Span | None
    row: Row | None
    signals: Signals


def as_rows(candidates: Sequence[Candidate]) -> Floats:
    """Return the candidates' signals, of shape (n, signals)."""
    return np.array([astuple(one.signals) for one in candidates], dtype=np.float32).reshape(-1, len(NAMES))


def find_candidates(
    question: str, passages: Sequence[Passage], vocabulary: Vocabulary, reader: Reader | None = None
) -> list[Candidate]:
    """Return every sentence of the best passages with its signals, in the passages' order."""
    asked = _Asked(question, vocabulary)
    found = [one for passage in passages[:PASSAGES] for one in _of_passage(asked, passage)]
    if reader is not None:
        found = _read_alone(asked, found, reader)
    return _compared(found)


class _Asked:
    """A question with its terms weighed once."""

    def __init__(self, question: str, vocabulary: Vocabulary) -> None:
        self.question: Question = analyse(question)
        self.vocabulary = vocabulary
        self._shares: dict[str, float] = {}
        weighed = vocabulary.weigh(question)
        # "how big", "how long": the text gives a size without the word
        asking = {term for match in _DEGREE.finditer(question) for term in vocabulary.terms(match[1])}
        weighed = {term: one for term, one in weighed.items() if term not in asking} or weighed
        self.weights = {term: weight for term, (weight, _) in weighed.items()}
        self.total = sum(self.weights.values())
        self.unknown = self.share(term for term, (_, known) in weighed.items() if not known)
        known = {term: weight for term, (weight, here) in weighed.items() if here}
        self.rarest = max(known, key=lambda term: (known[term], term), default="")
        self.names = [vocabulary.terms(name) for name in self.question.names]
        self.years, self.numbers, self.labels = (
            [_pattern(one) for one in found]
            for found in (self.question.years, self.question.numbers, self.question.labels)
        )
        self.subject = vocabulary.terms(self.question.subject) if self.question.subject else frozenset()

    def share(self, terms: Iterable[str]) -> float:
        """Return what share of the question these terms are."""
        held = sum(self.weights[term] for term in self.weights.keys() & set(terms))
        return held / self.total if self.total else 0.0

    def share_of_text(self, text: str) -> float:
        """Return what share of the question stands in a text; texts come again and again, as columns do."""
        if text not in self._shares:
            self._shares[text] = self.share(self.vocabulary.terms(text))
        return self._shares[text]


def _of_passage(asked: _Asked, passage: Passage) -> list[Candidate]:
    similarity: dict[Span, float] = {}
    chunk_similarity: dict[Span, float] = {}
    readings: dict[Span, tuple[SentenceReading, float]] = {}
    for hit in passage.hits:
        apart = hit.reading.sentences if hit.reading else ()
        for at, sentence in enumerate(hit.chunk.sentences):
            similarity[sentence] = max(hit.sentence_scores[at], similarity.get(sentence, -1.0))
            chunk_similarity[sentence] = max(hit.parts.dense, chunk_similarity.get(sentence, -1.0))
            if hit.reading is not None and apart:
                known = readings.get(sentence)
                if known is None or apart[at].margin > known[0].margin:
                    readings[sentence] = (apart[at], hit.reading.logit)
    sentences = sorted(similarity)
    shift = passage.span.start
    texts = [passage.text[span.start - shift : span.end - shift] for span in sentences]
    header = header_of(texts, next((hit.chunk.header for hit in passage.hits if hit.chunk.header), ""))
    rows = rows_of(texts, header)
    heading = " ".join(passage.section.heading)
    terms = [asked.vocabulary.terms(text) for text in texts]
    heading_terms, header_terms = asked.vocabulary.terms(heading), asked.vocabulary.terms(header)
    around = frozenset().union(heading_terms, header_terms, *terms)
    everywhere = _Entities.of(asked, f"{heading} {header} {passage.text}", around)
    candidates = []
    for at, (sentence, text) in enumerate(zip(sentences, texts, strict=True)):
        row = rows[at]
        here = terms[at] | heading_terms | (header_terms if row else frozenset())
        before = here | terms[at - 1] if at else here
        context = f"{heading} {header if row else ''} {text}"
        reading, chunk_logit = readings.get(sentence, (None, _NAN))
        span = _span(reading, row, asked, sentence, passage)
        words = passage.text[span.start - shift : span.end - shift] if span else ""
        signals = Signals(
            margin=_limited(reading.margin if reading else _NAN),
            margin_behind=_NAN,
            chunk_logit=_limited(chunk_logit),
            best_logit=_NAN,
            alone_margin=_NAN,
            alone_logit=_NAN,
            alone_agrees=_NAN,
            echoes=0.0,
            similarity=similarity[sentence],
            similarity_behind=_NAN,
            chunk_similarity=chunk_similarity[sentence],
            passage=passage.number,
            score=passage.score,
            score_behind=_NAN,
            **_word_signals(asked, terms[at], here, before, around),
            **_entity_signals(_Entities.of(asked, context, here), everywhere),
            **_kind_signals(asked.question, words, text),
            **_subject_signals(asked, text, here),
            **_form_signals(asked, text, words, row is not None),
        )
        candidates.append(Candidate(passage, at, sentence, text, span, row, signals))
    return candidates


def _span(
    reading: SentenceReading | None, row: Row | None, asked: _Asked, sentence: Span, passage: Passage
) -> Span | None:
    """Return the words that would answer: the reader's or, in a row, the cell that the question's column names."""
    read = reading.span if reading is not None and len(reading.span) and math.isfinite(reading.margin) else None
    if row is None:
        return read
    local = Span(read.start - sentence.start, read.end - sentence.start) if read else None
    cell = row.cell_for(asked.share_of_text, local)
    return Span(sentence.start + cell.start, sentence.start + cell.end) if cell else read


def _word_signals(
    asked: _Asked,
    sentence: AbstractSet[str],
    here: AbstractSet[str],
    before: AbstractSet[str],
    around: AbstractSet[str],
) -> dict[str, float]:
    missing = [weight for term, weight in asked.weights.items() if term not in here]
    return {
        "terms": float(len(asked.weights)),
        "unknown": asked.unknown,
        "sentence_share": asked.share(sentence),
        "here_share": asked.share(here),
        "before_share": asked.share(before),
        "around_share": asked.share(around),
        "share_behind": _NAN,
        "rarest_here": float(asked.rarest in here) if asked.rarest else _NAN,
        "rarest_around": float(asked.rarest in around) if asked.rarest else _NAN,
        "heaviest_missing": max(missing, default=0.0),
    }


@dataclass(frozen=True, slots=True)
class _Entities:
    """Which share of the question's names, years, numbers and labels stands in a text; NaN where it has none."""

    names: float
    years: float
    numbers: float
    labels: float

    @classmethod
    def of(cls, asked: _Asked, text: str, terms: AbstractSet[str]) -> _Entities:
        """Look in a text, whose terms are known."""
        question = asked.question
        numbered = bool(question.years or question.numbers or question.labels)
        squeezed = _squeezed(text) if numbered else ""

        def share(patterns: Sequence[re.Pattern[str]]) -> float:
            return sum(bool(one.search(squeezed)) for one in patterns) / len(patterns) if patterns else _NAN

        named = sum(name <= terms for name in asked.names) / len(asked.names) if asked.names else _NAN
        return cls(named, share(asked.years), share(asked.numbers), share(asked.labels))


def _entity_signals(here: _Entities, around: _Entities) -> dict[str, float]:
    return {
        "names_here": here.names,
        "names_around": around.names,
        "years_here": here.years,
        "years_around": around.years,
        "numbers_here": here.numbers,
        "labels_here": here.labels,
        "labels_around": around.labels,
    }


def _kind_signals(question: Question, words: str, sentence: str) -> dict[str, float]:
    asked = question.asked
    return {
        "span_fit": fits(asked, words) if words else _NAN,
        "sentence_fit": fits(asked, _LINK_TARGET.sub("", sentence)),
        "wants_who": float(asked is Asked.WHO),
        "wants_when": float(asked in (Asked.WHEN, Asked.DURATION)),
        "wants_where": float(asked is Asked.WHERE),
        "wants_amount": float(asked in (Asked.COUNT, Asked.MONEY, Asked.MEASURE)),
        "wants_reason": float(asked in (Asked.WHY, Asked.MANNER)),
        "wants_definition": float(asked is Asked.DEFINITION),
        "wants_contact": float(asked is Asked.CONTACT),
        "wants_yes_no": float(asked is Asked.YES_NO),
        "wants_thing": float(asked is Asked.THING),
        "typed_as_question": float(question.is_question),
    }


def _subject_signals(asked: _Asked, text: str, here: AbstractSet[str]) -> dict[str, float]:
    if not asked.subject:
        return {"subject_here": _NAN, "subject_first": _NAN, "subject_defined": _NAN}
    found = text.casefold().find(asked.question.subject.casefold())
    after = text[found + len(asked.question.subject) :] if found >= 0 else ""
    return {
        "subject_here": float(asked.subject <= here),
        "subject_first": float(0 <= found <= 6),
        "subject_defined": float(found >= 0 and bool(_COPULA.match(after))),
    }


def _form_signals(asked: _Asked, text: str, words: str, row: bool) -> dict[str, float]:
    terms, spoken = asked.vocabulary.terms(text), asked.vocabulary.terms(words)
    length = len(_WORD.findall(text))
    plain = text.strip()
    return {
        "span_words": float(len(_WORD.findall(words))) if words else _NAN,
        "span_repeats": sum(term in asked.weights for term in spoken) / len(spoken) if spoken else _NAN,
        "span_covers": len(words) / max(1, len(plain)) if words else _NAN,
        "adds": float(min(20, sum(term not in asked.weights for term in terms))),
        "words": float(min(80, length)),
        "row": float(row),
        "item": float(bool(_ITEM.match(text))),
        "ends_as_question": float(plain.endswith("?")),
        "leads_in": float(plain.endswith(":")),
        "heading": float(length <= 9 and not row and plain[-1:].isalnum()),
        "markup": len(_MARKUP.findall(plain)) / max(1, len(plain)),
    }


def _read_alone(asked: _Asked, found: list[Candidate], reader: Reader) -> list[Candidate]:
    """Let the reader read the likeliest candidates by themselves, under their heading and their row's header."""

    def promise(at: int) -> tuple[float, int]:
        one = found[at].signals
        margin = one.margin if math.isfinite(one.margin) else -_LIMIT
        return (-(0.15 * margin + one.here_share + one.similarity), at)

    chosen = sorted(range(len(found)), key=promise)[:_ALONE]
    contexts = []
    for at in chosen:
        header = found[at].row.header if found[at].row else ""  # type: ignore[union-attr]
        contexts.append("\n".join(part for part in (" › ".join(found[at].passage.section.heading), header) if part))
    texts = [found[at].text for at in chosen]
    readings = reader.read(asked.question.text, texts, contexts, [[Span(0, len(text))] for text in texts])
    read = list(found)
    for at, reading in zip(chosen, readings, strict=True):
        one = found[at]
        apart = reading.sentences[0] if reading.sentences else SentenceReading(reading.span, reading.logit)
        own = Span(one.span.start - one.sentence.start, one.span.end - one.sentence.start) if one.span else None
        agrees = float(own.overlaps(apart.span)) if own is not None else _NAN
        signals = replace(
            one.signals,
            alone_margin=_limited(apart.margin),
            alone_logit=_limited(reading.logit),
            alone_agrees=agrees,
        )
        read[at] = replace(one, signals=signals)
    return read


def _compared(found: list[Candidate]) -> list[Candidate]:
    """Tell each candidate how far the best of the others is ahead of it, and where its words are found again."""
    if not found:
        return found
    words = [_spoken(one) for one in found]
    logits = [one.signals.chunk_logit for one in found if not math.isnan(one.signals.chunk_logit)]
    margins = _TwoBest((one.signals.margin, said) for one, said in zip(found, words, strict=True))
    similarity, score, share = (
        max(values)
        for values in zip(*((s.similarity, s.score, s.here_share) for s in (c.signals for c in found)), strict=True)
    )
    said_in: dict[str, set[int]] = {}
    for one, said in zip(found, words, strict=True):
        if said and one.signals.margin > 0:
            said_in.setdefault(said, set()).add(one.passage.number)
    compared = []
    for one, said in zip(found, words, strict=True):
        own = one.signals
        signals = replace(
            own,
            margin_behind=margins.but(said) - own.margin,
            best_logit=max(logits, default=_NAN),
            similarity_behind=similarity - own.similarity,
            score_behind=score - own.score,
            share_behind=share - own.here_share,
            echoes=float(len(said_in.get(said, set()) - {one.passage.number})),
        )
        compared.append(replace(one, signals=signals))
    return compared


class _TwoBest:
    """The highest margin, and the highest of those that say something else."""

    def __init__(self, margins: Iterable[tuple[float, str]]) -> None:
        best: dict[str, float] = {}
        for margin, said in margins:
            if not math.isnan(margin):
                best[said] = max(margin, best.get(said, -_LIMIT))
        self._best = sorted(((margin, said) for said, margin in best.items()), reverse=True)[:2]

    def but(self, said: str) -> float:
        """Return the highest margin of those that say something else; the lowest there is where none does."""
        return next((margin for margin, other in self._best if other != said), -_LIMIT)


def _spoken(one: Candidate) -> str:
    """Return the words that would answer, folded for comparing; "" where nothing was read."""
    if one.span is None:
        return ""
    shift = one.passage.span.start
    return " ".join(_WORD.findall(one.passage.text[one.span.start - shift : one.span.end - shift].casefold()))


def _limited(value: float) -> float:
    return value if math.isnan(value) else max(-_LIMIT, min(_LIMIT, value))


def _squeezed(text: str) -> str:
    """Fold a text for looking up numbers and labels: no case, no blanks beside signs, thousands joined."""
    return re.sub(r"(?<=\d),(?=\d{3})", "", re.sub(r"\s+", " ", text.casefold()))


def _pattern(wanted: str) -> re.Pattern[str]:
    """Return what finds a number or label in a squeezed text, by itself."""
    pattern = r"\s?".join(re.escape(part) for part in re.findall(r"\w+|[^\w\s]", _squeezed(wanted)))
    return re.compile(rf"(?<![\w.]){pattern}(?!\w|\.\d)")
