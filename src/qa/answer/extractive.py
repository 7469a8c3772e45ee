"""Answers in the documents' own words: the sentences that answer best, verbatim, each with its mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.answer.lists import asks_for_several, whole_list
from qa.answer.tables import header_of, passed_over, picked, under
from qa.sentences import is_verbatim
from qa.types import Draft, Passage, Quote, Reading, Span

Coverage = Callable[[str, Sequence[str]], list[float]]
"""Question and texts in; for each text, the share (0 to 1) of the question's terms that stand in it."""

_PASSAGES = 3  # answers are looked for in the best few; the rest is there to be read
_MOST = 3
_CLOSE = 0.9  # a further sentence is quoted where it is about as good as the best one
_ANOTHER = 0.75  # … or where the reader is so sure that another document answers: it may say otherwise

# any mix near these does as well: over 500 squad2 questions the first quote holds the answer for .784 to .788
_MEANING, _WORDS, _RANK = 0.5, 0.4, 0.3
_READ = 0.8  # what the reader's probability adds to the sentence its span stands in
_PASTED = 1.0  # what was pasted in as a question is looked for itself, not for what a reader makes of it
_SURE = 0.5  # from here on the reader's words are set off inside the sentence


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: Passage
    sentence: Span
    score: float
    read: float = 0.0  # the reader's probability, where its span stands in the sentence
    focus: Span | None = None


class ExtractiveAnswerer:
    """Quotes the sentences nearest to the question by meaning and by words."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage

    def write(self, question: str, passages: Sequence[Passage]) -> Draft:
        """Quote one to three sentences of the best passages, the best one first, one a line."""
        candidates = [c for passage in passages[:_PASSAGES] for c in self._rank(question, passage)]
        if not candidates:
            return Draft("", ())
        candidates.sort(key=lambda candidate: (-candidate.score, candidate.passage.number, candidate.sentence))
        best = candidates[0]
        close = [one for one in candidates if one.score >= _CLOSE * best.score]
        chosen = _apart([*close, *_elsewhere(candidates, close)])[:_MOST]
        lines = [f"{_words(candidate)} [{candidate.passage.number}]" for candidate in chosen]
        return Draft("\n".join(lines), tuple(Quote(c.passage.number, c.sentence, c.focus) for c in chosen))

    def _rank(self, question: str, passage: Passage) -> list[_Candidate]:
        similarity: dict[Span, float] = {}
        for hit in passage.hits:
            for sentence, score in zip(hit.chunk.sentences, hit.sentence_scores, strict=True):
                similarity[sentence] = max(score, similarity.get(sentence, -1.0))
        sentences = sorted(similarity)
        shift = passage.span.start
        texts = [passage.text[s.start - shift : s.end - shift] for s in sentences]
        header = header_of(texts, next((hit.chunk.header for hit in passage.hits if hit.chunk.header), ""))
        alone = self._coverage(question, texts)
        shares = self._coverage(question, under(header, texts)) if header else alone
        over = passed_over(texts, alone, shares, header)
        several = asks_for_several(question)
        local = [Span(s.start - shift, s.end - shift) for s in sentences]
        readings = [hit.reading for hit in passage.hits if hit.reading and len(hit.reading.span)]
        kept = [sentence for at, sentence in enumerate(sentences) if at not in over]
        # a reader finds the table and often the wrong row of it; the row's label finds the right one
        strayed = [r for r in readings if not any(r.span.overlaps(sentence) for sentence in kept)]
        labelled = picked(texts, alone, over, header)
        pasted = not question.rstrip().endswith("?")  # a question that stands there is answered further on
        candidates = []
        for at, (sentence, share) in enumerate(zip(sentences, shares, strict=True)):
            if at in over:
                continue
            heard = [r for r in readings if r.span.overlaps(sentence)] or (strayed if at in labelled else [])
            read = max(heard, key=lambda r: r.logit, default=None)
            score = _MEANING * similarity[sentence] + _WORDS * share + _RANK * passage.score
            if read:
                score += _READ * read.probability
            if pasted and is_verbatim(question, texts[at]):
                score += _PASTED
            whole = whole_list(passage.text, local, at, several=several)
            quote = Span(shift + whole.start, shift + whole.end)
            sure = read.probability if read else 0.0
            candidates.append(_Candidate(passage, quote, score, sure, _focus(read, quote)))
        return candidates


def _elsewhere(candidates: Sequence[_Candidate], close: Sequence[_Candidate]) -> list[_Candidate]:
    """Return the best sentence of each document not quoted yet that the reader is sure of."""
    quoted = {candidate.passage.source for candidate in close}
    found: dict[str, _Candidate] = {}
    for candidate in candidates:
        if candidate.read >= _ANOTHER and candidate.passage.source not in quoted:
            found.setdefault(candidate.passage.source, candidate)
    return list(found.values())


def _apart(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    """Drop candidates that overlap a better one of the same passage, as items of one list do."""
    kept: list[_Candidate] = []
    for candidate in candidates:
        if not any(k.passage is candidate.passage and k.sentence.overlaps(candidate.sentence) for k in kept):
            kept.append(candidate)
    return kept


def _focus(reading: Reading | None, sentence: Span) -> Span | None:
    """Return the words to set off inside a sentence: the reader's, where it is sure of them."""
    if reading is None or reading.probability < _SURE or not sentence.contains(reading.span):
        return None
    return reading.span if reading.span != sentence else None


def _words(candidate: _Candidate) -> str:
    shift = candidate.passage.span.start
    return candidate.passage.text[candidate.sentence.start - shift : candidate.sentence.end - shift]
