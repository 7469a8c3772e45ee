"""Names, years and other numbers a question asks about that stand nowhere in the documents. Pure.

What a reader is taken in by most is a question that fits but for the name or the year; one that no document holds
can't be answered by them, however near the rest comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# after a word in small letters, or after another name: the first word of a question says nothing
_NAME = re.compile(r"(?:(?<=[a-z,;] )|(?<=[A-Z][\w'’-] ))[A-Z][\w'’-]*\w")
# of three digits or more: smaller ones are counted, and written in words as often
_NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*\d\d(?!\w|[.,]\d)")
_SMALL = re.compile(r"\b[a-z]{3}")


def strangers(question: str, resembles: Callable[[str], bool], knows: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the question's names that no document holds, nor a word spelled like them, and its numbers that none does.

    `resembles` says so of a name, `knows` of a number. A question that writes every word with a capital tells nothing
    by them, so it has no names.
    """
    names = _NAME.findall(question) if _SMALL.search(question) else []
    foreign = [name for name in dict.fromkeys(names) if not resembles(name)]
    return (*foreign, *(number for number in dict.fromkeys(_NUMBER.findall(question)) if not knows(number)))
