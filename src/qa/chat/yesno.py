"""Whether a quote settles a yes/no question: "yes", "no", or, unless it is beyond doubt, nothing. Pure.

Question and quotes in. Only three forms decide: a ticked or empty box or a Yes/No value behind a label that holds all
the question asks for, and nothing else; and a statement that is the question's own words in the order of a statement,
with or without "not". Whatever more or less the quote says, a condition, an exception, another subject, leaves it open.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from qa.chat.phrasing import fold

_WORD = re.compile(r"\w+(?:['.,-]\w+)*")
_AUXILIARY = frozenset("is are was were does do did has have had can must may will".split())
_SPANISH = frozenset(
    "esta estan es son fue fueron tiene tienen puede pueden debe deben hay se hace hacen abre abren incluye incluyen".split()
)
_ARTICLES = frozenset("the a an el la los las un una".split())
_BOX = re.compile(r"^\s*(?:[-*•]\s*)?(?P<before>\[[^\]]*\])?\s*(?P<label>[^\[\]\n]*?)\s*(?P<after>\[[^\]]*\])?\s*$")
_TICKED, _EMPTY = ("[x]", "[checked]"), ("[ ]", "[]", "[unchecked]")
_VALUE = re.compile(r"^\s*(?P<label>[^:|\n]+?)\s*[?¿]?\s*[:]\s*(?P<value>yes|no|s[ií])\s*\.?\s*$", re.IGNORECASE)
_NEGATED = {
    "isn't": "is not", "aren't": "are not", "wasn't": "was not", "weren't": "were not", "doesn't": "does not",
    "don't": "do not", "didn't": "did not", "hasn't": "has not", "haven't": "have not", "hadn't": "had not",
    "cannot": "can not", "can't": "can not", "mustn't": "must not", "won't": "will not",
}  # fmt: skip
# what leaves a question open: alternatives, negations, how often, and whom or what a word points at
_OPEN = re.compile(
    r"\b(?:or|o|not|no|nunca|never|any|ever|only|solo|always|siempre|all|todos|todas|every|it|he|she|they|this|that|these|those|"
    r"there|i|we|you|my|our|your|its|his|her|their|esto|eso|ella|mi|tu|su|sus)\b"
)


def decided(question: str, quotes: Iterable[str]) -> str:
    """Return "yes" or "no" where the quotes settle the question and agree, "" where anything is left to doubt."""
    asked = _asked(question)
    if not asked:
        return ""
    found = [_by(asked, quote) for quote in quotes]
    # the first quote decides, and no other may contradict it
    return found[0] if found and found[0] and set(found) <= {found[0], ""} else ""


def is_yes_no(question: str) -> bool:
    """Tell whether a question asks for yes or no in a form that is understood here."""
    return bool(_asked(question))


def _asked(question: str) -> list[str]:
    """Return the words of a yes/no question, the verb first; none of another, or of one that is negated or has an "or"."""
    words = _words(question.strip().strip("¿?"))
    spanish = "¿" in question and words[:1] != [] and words[0] in _SPANISH
    if len(words) < 3 or not (words[0] in _AUXILIARY or spanish) or _OPEN.search(" ".join(words)):
        return []
    return words


def _by(asked: list[str], quote: str) -> str:
    rows = [line for line in quote.splitlines() if line.strip()]
    if len(rows) != 1:
        return ""
    field = _field(rows[0])
    if field:
        label, said = field
        return said if label and _content(asked[1:]) == _content(_words(label)) else ""
    return _statement(asked, rows[0])


def _field(row: str) -> tuple[str, str] | None:
    """Return the label and value of a form's field."""
    value = _VALUE.match(row)
    if value:
        return value["label"], "no" if fold(value["value"]) == "no" else "yes"
    box = _BOX.match(row)
    if box and bool(box["before"]) != bool(box["after"]):
        mark = (box["before"] or box["after"]).casefold()
        return (box["label"], "yes" if mark in _TICKED else "no") if mark in (*_TICKED, *_EMPTY) else None
    return None


def _statement(asked: list[str], sentence: str) -> str:
    """Compare a sentence with the question put as a statement, with "not" and without."""
    if "?" in sentence or re.search(r"[\"“”«»:;]|[.!]\s+\S", sentence.strip()):
        return ""
    said = _content(" ".join(_NEGATED.get(word, word) for word in _words(sentence)).split())
    verb, rest = asked[0], _content(asked[1:])
    if verb in _SPANISH:
        negated = "no" in said
        plain = [word for word in said if word != "no"]
        # Spanish may put the subject on either side of its verb; the words between stay in their order
        ways = [[*rest[:at], verb, *rest[at:]] for at in range(len(rest) + 1)]
        places = [said.index("no") + 1 == said.index(verb)] if negated and verb in said else [not negated]
        return ("no" if negated else "yes") if plain in ways and all(places) and said.count("no") < 2 else ""
    for at in range(1, len(rest)):
        if said == [*rest[:at], verb, "not", *rest[at:]]:
            return "no"
        if verb not in ("does", "do", "did") and said == [*rest[:at], verb, *rest[at:]]:
            return "yes"
        if verb == "does" and said in ([*rest[:at], f"{rest[at]}{end}", *rest[at + 1 :]] for end in ("s", "es")):
            return "yes"
        if verb == "do" and said == rest and at == 1:
            return ""  # which word is the verb isn't known
    return ""


def _content(words: Iterable[str]) -> list[str]:
    return [word for word in words if word not in _ARTICLES]


def _words(text: str) -> list[str]:
    return _WORD.findall(fold(text))
