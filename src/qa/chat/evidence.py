"""Places in documents to numbered passages with quotes: what a reply that no search found rests on.

Knows the index; knows nothing of questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from qa.index import Index
from qa.types import Chunk, Hit, Parts, Passage, Quote, Span

_UNSCORED = Parts(0.0, 0.0, 0.0)
_LONGEST = 400  # characters of a sentence that is quoted whole
_BESIDE = 150  # … and of what is quoted around a place in a longer one


@dataclass(frozen=True, slots=True)
class Spot:
    """A sentence to quote, and inside it the words that matter; `score` says how much it does, 0 to 1."""

    source: str
    quote: Span
    focus: Span | None = None
    score: float = 1.0


def spot_around(index: Index, source: str, span: Span) -> Spot | None:
    """Return the sentence that holds a place; None where it stands in no chunk."""
    row = index.row_at(source, span.start)
    if row is None:
        return None
    chunk = index.chunk(row)
    sentence = next((one for one in chunk.sentences if one.start <= span.start < one.end), chunk.span)
    quote = Span(sentence.start, min(chunk.span.end, max(sentence.end, span.end)))
    if len(quote) > _LONGEST:
        quote = _shorter(chunk, quote, span)
    focus = span if quote.contains(span) and span != quote else None
    return Spot(source, quote, focus)


def passages_of(index: Index, spots: Sequence[Spot]) -> tuple[list[Passage], list[Quote]]:
    """Return the chunks that spots stand in as passages, numbered in the spots' order, and a quote a spot."""
    numbers: dict[int, int] = {}
    passages: list[Passage] = []
    quotes: list[Quote] = []
    for spot in spots:
        row = index.row_at(spot.source, spot.quote.start)
        if row is None:
            continue
        if row not in numbers:
            chunk = index.chunk(row)
            hit = Hit(chunk, spot.score, _UNSCORED, (0.0,) * len(chunk.sentences))
            numbers[row] = len(passages) + 1
            passages.append(Passage(numbers[row], (hit,), chunk.span, chunk.text))
        passage = passages[numbers[row] - 1]
        quote = Span(spot.quote.start, min(spot.quote.end, passage.span.end))
        focus = spot.focus if spot.focus is not None and quote.contains(spot.focus) else None
        quotes.append(Quote(passage.number, quote, focus))
    return passages, quotes


def renumbered(passages: Iterable[Passage], first: int) -> list[Passage]:
    """Return passages with numbers counted from `first`."""
    return [replace(passage, number=number) for number, passage in enumerate(passages, first)]


def _shorter(chunk: Chunk, quote: Span, span: Span) -> Span:
    """Return what stands around a place in a long sentence, cut between words."""
    low, high = max(quote.start, span.start - _BESIDE), min(quote.end, span.end + _BESIDE)
    text, shift = chunk.text, chunk.span.start
    while low > quote.start and not text[low - shift - 1].isspace():
        low -= 1
    while high < quote.end and not text[high - shift].isspace():
        high += 1
    return Span(low, high)
