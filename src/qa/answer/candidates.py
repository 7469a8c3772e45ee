"""Finds the sentences and rows of the best passages that may answer, each with its signals.

Owns what candidates know of each other and of the reader: its spans in their chunk, its reading of them alone, how far
the best rival is ahead. Which candidate answers, and how sure that is, is the model's to say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import PurePath

import numpy as np

from qa.answer.signals import (
    NAMES,
    Entities,
    Floats,
    Signals,
    Vocabulary,
    WeighedQuestion,
    entity_signals,
    form_signals,
    kind_signals,
    subject_signals,
    word_signals,
)
from qa.answer.tables import Row, header_of, rows_of, value_of_label
from qa.protocols import Reader
from qa.types import Passage, SentenceReading, Span

PASSAGES = 5  # answers are looked for in the best few; the rest is there to be read
_ALONE = 6  # candidates that are read by themselves, too
_NAN = math.nan
_LIMIT = 30.0  # logits beyond this say no more
_WORD = re.compile(r"\w+")
_SIGNS = re.compile(r"[-_+]+")


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
    asked = WeighedQuestion(question, vocabulary)
    found = [one for passage in passages[:PASSAGES] for one in _of_passage(asked, passage)]
    if reader is not None:
        found = _read_alone(asked, found, reader)
    return _compared(found)


def _of_passage(asked: WeighedQuestion, passage: Passage) -> list[Candidate]:
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
    document = _SIGNS.sub(" ", PurePath(passage.source).stem)
    terms = [asked.vocabulary.terms(text) for text in texts]
    heading_terms, header_terms = asked.vocabulary.terms(heading), asked.vocabulary.terms(header)
    around = frozenset().union(heading_terms, header_terms, *terms)
    everywhere = Entities.of(asked, f"{document} {heading} {header} {passage.text}", around)
    # a row is picked by its own words, as a person does; the header says what stands in all of them
    labels = [asked.share(terms[at]) if row and not row.is_header else 0.0 for at, row in enumerate(rows)]
    candidates = []
    for at, (sentence, text) in enumerate(zip(sentences, texts, strict=True)):
        row = rows[at]
        here = terms[at] | heading_terms | (header_terms if row else frozenset())
        before = here | terms[at - 1] if at else here
        context = f"{document} {heading} {header if row else ''} {text}"
        reading, chunk_logit = readings.get(sentence, (None, _NAN))
        pair = None if row else value_of_label(text)
        label = row.cells[0].of(text) if row else pair[0].of(text) if pair else ""
        span = _span(reading, row, pair, asked, sentence)
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
            **word_signals(asked, terms[at], here, before, around),
            **entity_signals(Entities.of(asked, context, here), everywhere),
            **kind_signals(asked.question, words, text),
            **subject_signals(asked, text, here),
            **form_signals(asked, text, words, row, label),
        )
        if row is not None:
            signals = replace(signals, row_behind=max(labels) - labels[at])
        candidates.append(Candidate(passage, at, sentence, text, span, row, signals))
    return candidates


def _span(
    reading: SentenceReading | None,
    row: Row | None,
    pair: tuple[Span, Span] | None,
    asked: WeighedQuestion,
    sentence: Span,
) -> Span | None:
    """Return the words that would answer: the cell that the question's column names, a label's value, or as read."""
    read = reading.span if reading is not None and len(reading.span) and math.isfinite(reading.margin) else None
    local = Span(read.start - sentence.start, read.end - sentence.start) if read else None
    chosen = None
    if row is not None:
        chosen = row.cell_for(asked.share_of_text, local)
    elif pair is not None and local is not None and pair[0].overlaps(local):
        chosen = pair[1]
    return Span(sentence.start + chosen.start, sentence.start + chosen.end) if chosen else read


def _read_alone(asked: WeighedQuestion, found: list[Candidate], reader: Reader) -> list[Candidate]:
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
