"""Turns to a question that stands alone: pure, and cautious, since a wrong guess searches for the wrong thing."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.types import Turn

_WORD = re.compile(r"[\w'’]+")
# openings that lean on what was said before
_LEANING = re.compile(
    r"^(?:and|but|or|so|also|what about|how about|what of|same for|which (?:one|ones|of)|why not|y|¿?y)\b",
    re.IGNORECASE,
)
_POINTING = frozenset(
    """
    it its he him his she her they them their theirs this that these those there then one ones both former
    latter
    """.split()
)
_EMPTY = frozenset(
    """
    a an and are at be but by can did do does for from had has have how i if in is it its me my of on or so than
    that the their them then there these they this to was we were what when where which who whom whose why will
    with would you your
    """.split()
)
_FEW = 2
_LONGEST_LEAD = 300


def standalone(question: str, turns: Sequence[Turn]) -> str:
    """Return the question as it should be searched for: with the last topic in front where it leans on it.

    A question leans where it opens as a continuation, points with a pronoun, or has hardly a word of its
    own. Marks inside questions, as in "[1]", mean nothing here.
    """
    if not turns or not _leans(question):
        return question
    topic = next((turn.question for turn in reversed(turns) if not _leans(turn.question)), turns[0].question)
    last = turns[-1].question
    lead = [topic] if last == topic else [topic, last]
    return " ".join([*(_brief(part) for part in lead), question])


def _brief(question: str) -> str:
    """Return an earlier question's beginning: a long one must not crowd out the one that was asked."""
    return question if len(question) <= _LONGEST_LEAD else question[:_LONGEST_LEAD].rsplit(maxsplit=1)[0]


def _leans(question: str) -> bool:
    words = [word.casefold() for word in _WORD.findall(question)]
    own = [word for word in words if word not in _EMPTY and word not in _POINTING]
    if _LEANING.match(question.strip()) or len(own) <= _FEW:
        return True
    return any(word in _POINTING for word in words) and len(own) <= 2 * _FEW
