"""Names a question asks about that stand nowhere in the documents. Pure.

What a reader is taken in by most is a question that fits but for the name; one that no document holds can't be
answered by them, however near the rest comes.
"""

from __future__ import annotations

import re
from collections.abc import Callable

# after a word in small letters, or after another name: the first word of a question says nothing
_NAME = re.compile(r"(?:(?<=[a-z,;] )|(?<=[A-Z][\w'’-] ))[A-Z][\w'’-]*\w")
_SMALL = re.compile(r"\b[a-z]{3}")


def strangers(question: str, resembles: Callable[[str], bool]) -> tuple[str, ...]:
    """Return the question's names of which `resembles` says that no document holds them, or a word spelled like them.

    A question that writes every word with a capital tells nothing by them, so it has none.
    """
    if not _SMALL.search(question):
        return ()
    names = dict.fromkeys(match[0] for match in _NAME.finditer(question))
    return tuple(name for name in names if not resembles(name))
