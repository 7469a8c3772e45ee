"""Turns to the words a question is looked up by: pure, and cautious, since a wrong guess finds the wrong thing."""

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
_HARDLY_ANY = 1  # words of its own with which a question can't stand alone
_FEW = 2  # … with which it may
_LONGEST_LEAD = 300


def lookups(question: str, turns: Sequence[Turn]) -> tuple[str, ...]:
    """Return what to look a question up by, the likeliest first: as typed, or with the last topic in front.

    A question leans on the last ones where it opens as a continuation, points with a pronoun, or has hardly a
    word of its own. One with two such words may be either, so it is tried as typed first. Marks inside
    questions, as in "[1]", mean nothing here.
    """
    if not turns or _stands(question):
        return (question,)
    topic = next((turn.question for turn in reversed(turns) if _stands(turn.question)), turns[0].question)
    last = turns[-1].question
    lead = [topic] if last == topic else [topic, last]
    joined = " ".join([*(_brief(part) for part in lead), question])
    return (joined,) if _leans(question) else (question, joined)


def read_as(question: str, turns: Sequence[Turn]) -> str:
    """Return what to read a question for: "Was that late?" only says what it asks behind the one before it."""
    words = _words(question)
    if turns and own_words(question) <= _HARDLY_ANY and words[-2:-1] in (["that"], ["this"], ["eso"], ["esto"]):
        return f"{_brief(turns[-1].question)} {question}"
    return question


def _brief(question: str) -> str:
    """Return an earlier question's beginning: a long one must not crowd out the one that was asked."""
    return question if len(question) <= _LONGEST_LEAD else question[:_LONGEST_LEAD].rsplit(maxsplit=1)[0]


def _stands(question: str) -> bool:
    return not _leans(question) and own_words(question) > _FEW


def _leans(question: str) -> bool:
    own = own_words(question)
    if _LEANING.match(question.strip()) or own <= _HARDLY_ANY:
        return True
    return any(word in _POINTING for word in _words(question)) and own <= 2 * _FEW


def own_words(question: str) -> int:
    """Count the words of a question that name something."""
    return sum(word not in _EMPTY and word not in _POINTING for word in _words(question))


def _words(question: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(question)]
