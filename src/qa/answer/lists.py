"""Keeps lists whole: a quoted item of a list brings its neighbours and the words that lead in. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.types import Span

_ITEM = re.compile(r"[ \t]*(?:[-*+•‣◦▪·–—]|\(?\d{1,3}[.)]|\(?[a-zA-Z][.)])[ \t]+\S")
# "Which agencies …", "What are the four areas …", "Name the states …": more than one thing is asked for
_SEVERAL = re.compile(
    r"\b(?:what|which)\s+(?:are|were)\b"
    r"|\b(?:list|name|enumerate)\s+(?:all|the|some)\b"
    r"|\b(?:what|which)\s+(?:[\w'’-]+\s+){0,3}?(?!(?:is|was|does|has|its|this|us|years?)\b)[a-z]+[^\Ws]s\b",
    re.IGNORECASE,
)
_LONGEST = 1500


def asks_for_several(question: str) -> bool:
    """Tell whether the question asks for more than one thing, by its form."""
    return bool(_SEVERAL.search(question))


def whole_list(text: str, sentences: Sequence[Span], at: int, *, several: bool) -> Span:
    """Return sentence `at`, or the list it belongs to: lead-in and all items, where that is what was asked.

    A lead-in (it ends with a colon) always brings its items, since it says nothing without them; an item
    brings its list only where `several` things are asked for. `text` is what the spans cut; a list longer
    than 1,500 characters is left alone.
    """
    leads = _leads_in(text, sentences, at)
    if not leads and not (several and _is_item(text, sentences[at])):
        return sentences[at]
    first = last = at
    if leads:
        last = at + 1
    while first > 0 and not leads and _is_item(text, sentences[first - 1]):
        first -= 1
    while last + 1 < len(sentences) and _is_item(text, sentences[last + 1]):
        last += 1
    if not leads and first > 0 and _leads_in(text, sentences, first - 1):
        first -= 1
    whole = Span(sentences[first].start, sentences[last].end)
    return whole if len(whole) <= _LONGEST else sentences[at]


def _is_item(text: str, sentence: Span) -> bool:
    return bool(_ITEM.match(text, sentence.start, sentence.end))


def _leads_in(text: str, sentences: Sequence[Span], at: int) -> bool:
    follows = at + 1 < len(sentences) and _is_item(text, sentences[at + 1])
    return follows and sentences[at].of(text).rstrip().endswith(":") and not _is_item(text, sentences[at])
