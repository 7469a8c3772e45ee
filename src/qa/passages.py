"""Hits to numbered passages: overlapping hits become one, near-copies elsewhere become its support.

Speaks of spans and words; does not know how scores arose.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from qa.types import Hit, Passage, Span

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_RUN = 3
_ALIKE = 0.8
_LONGEST = 2000
_CLOSE = 0.7  # of the score of what a mail quotes: its own words count


@dataclass(slots=True)
class _Group:
    """A passage in the making: it grows with each hit that overlaps it."""

    hits: list[Hit]
    span: Span
    text: str
    words: _Words
    support: list[Hit] = field(default_factory=list)


class _Words:
    """What a text says, for telling copies: its numbers, and its runs of three words."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.length = len(text)
        self.numbers = tuple(sorted(_NUMBER.findall(text)))

    @cached_property
    def runs(self) -> frozenset[tuple[str, ...]]:
        """Its words by threes, cut when first asked for: most texts are told apart without."""
        words = [word.casefold() for word in _WORD.findall(self._text)]
        return frozenset(tuple(words[at : at + _RUN]) for at in range(max(1, len(words) - _RUN + 1)))


def gather(hits: Sequence[Hit], k: int) -> list[Passage]:
    """Return up to `k` passages from hits that come best first; a passage ranks where its best hit does.

    Hits that overlap in one document become one passage (of at most 2,000 characters). A hit that says in
    nearly the same words what a better one says becomes that one's support; texts with different numbers
    never count as the same, since one may be the newer figure. Each passage highlights the sentence
    nearest to the question.
    """
    groups: list[_Group] = []
    for hit in _without_older_mail(hits):
        home = next((group for group in groups if _joins(group, hit)), None)
        if home is not None:
            _join(home, hit)
            continue
        words = _Words(hit.chunk.text)
        twin = next((group for group in groups if _says_the_same(group.words, words)), None)
        if twin is not None:
            twin.support.append(hit)
        elif len(groups) < k:
            groups.append(_Group([hit], hit.chunk.span, hit.chunk.text, words))
    return [
        Passage(number, tuple(g.hits), g.span, g.text, (_nearest_sentence(g.hits[0]),), tuple(g.support))
        for number, g in enumerate(groups, start=1)
    ]


def _without_older_mail(hits: Sequence[Hit]) -> list[Hit]:
    """Leave out what a mail only quotes where the mail's own words come close: they are the newer ones."""
    own: dict[str, float] = {}
    for hit in hits:
        if not hit.chunk.section.is_older_mail:
            own[hit.chunk.source] = max(hit.score, own.get(hit.chunk.source, hit.score))
    return [
        hit
        for hit in hits
        if not hit.chunk.section.is_older_mail
        or hit.chunk.source not in own
        or own[hit.chunk.source] < _CLOSE * hit.score
    ]


def _joins(group: _Group, hit: Hit) -> bool:
    span = hit.chunk.span
    same = group.hits[0].chunk.source == hit.chunk.source and group.span.overlaps(span)
    return same and max(group.span.end, span.end) - min(group.span.start, span.start) <= _LONGEST


def _join(group: _Group, hit: Hit) -> None:
    """Let the group's text grow by what the hit has before and behind it."""
    span = hit.chunk.span
    if span.start < group.span.start:
        group.text = hit.chunk.text[: group.span.start - span.start] + group.text
    if span.end > group.span.end:
        group.text += hit.chunk.text[group.span.end - span.start :]
    group.span = Span(min(group.span.start, span.start), max(group.span.end, span.end))
    group.hits.append(hit)


def _says_the_same(one: _Words, other: _Words) -> bool:
    if one.numbers != other.numbers or not 0.6 < one.length / max(1, other.length) < 1.67:
        return False
    return len(one.runs & other.runs) >= _ALIKE * len(one.runs | other.runs)


def _nearest_sentence(hit: Hit) -> Span:
    best = max(range(len(hit.sentence_scores)), key=lambda at: (hit.sentence_scores[at], -at))
    return hit.chunk.sentences[best]
