"""Names, years and other numbers a question asks about that stand nowhere in the documents. Pure.

What a reader is taken in by most is a question that fits but for the name or the year; one that no document holds
can't be answered by them, however near the rest comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from qa.answer.question import analyse

# after a word in small letters, or after another name: the first word of a question says nothing
_NAME = re.compile(r"(?:(?<=[a-z,;] )|(?<=[A-Z][\w'’-] ))[A-Z][\w'’-]*\w")
# of three digits or more: smaller ones are counted, and written in words as often
_NUMBER = re.compile(r"(?<![\w.,-])\d[\d,]*\d\d(?!\w|[.,]\d)")
_MOST_LABELS = 8
_SMALL = re.compile(r"\b[a-z]{3}")


def unknown_terms(
    question: str, fuzzy_in_vocabulary: Callable[[str], bool], in_vocabulary: Callable[[str], bool]
) -> tuple[str, ...]:
    """Return the question's names that no document holds, nor a word spelled like them, and its numbers that none does.

    `fuzzy_in_vocabulary` says so of a name, `in_vocabulary` of a number. A question that writes every word with a
    capital tells nothing by them, so it has no names.
    """
    names = _NAME.findall(question) if _SMALL.search(question) else []
    foreign = [name for name in dict.fromkeys(names) if not fuzzy_in_vocabulary(name)]
    return (*foreign, *(number for number in dict.fromkeys(_NUMBER.findall(question)) if not in_vocabulary(number)))


def unknown_labels(question: str, passages: Sequence[str]) -> list[str]:
    """Say of each label of the question ("boiler 4") that no passage names it, and which of its kind they name."""
    said = []
    for label in analyse(question).labels:
        kind, _, mark = label.rpartition(" ")
        if not kind or kind.startswith("§"):
            continue
        pattern = re.compile(rf"\b{re.escape(kind)}s?\s+(\d{{1,5}}[a-z]?|[A-Z])\b(?!['’.]\w)", re.IGNORECASE)
        named = {found for text in passages for found in pattern.findall(text) if found.isdigit() or found[0].isupper()}
        if mark.upper() in {one.upper() for one in named} or any(
            label.casefold() in text.casefold() for text in passages
        ):
            continue
        others = sorted(named, key=lambda one: (len(one), one))[:_MOST_LABELS]
        rest = f"; {kind} {', '.join(others)} {'are' if len(others) > 1 else 'is'}" if others else ""
        said.append(f"“{label}” is named in none of the passages found{rest}.")
    return said
