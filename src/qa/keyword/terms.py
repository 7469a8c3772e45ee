"""What counts as a term: words without accents or case, stemmed.

A number with its separators is one term ("1,972,550" and "1972550" are the same); "U.S." is "us". What is raised
behind a number is a term of its own (10⁸, 10^8), behind letters a part of theirs (m², m^2, m2); characters that show
nothing, soft hyphens and joiners, are none.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Callable

from qa.errors import ConfigError

_TERM = re.compile(r"\d+(?:[.,]\d+)*|(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W\d_]+)?")
# soft hyphen, zero-width spaces and joiners, marks of direction: inside a word they are no part of how it is spelled
_UNSEEN = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
# folded to plain digits these would run into the number before them
_RAISED = re.compile("(?<=[0-9])(?=[²³¹¼-¾⁰⁴-⁻₀-₉⅐-⅟①-⑳])")
_POWER = re.compile(r"(?<=[^\W\d_])\^(?=\w)")
_MOST_KNOWN = 100_000  # words remembered
_THOUSANDS = re.compile(r"^\d{1,3}(?:,\d{3})+(?:\.\d+)?$")

# the list bm25s has, and words of which questions are built, which say nothing of where an answer stands
_ENGLISH = frozenset(
    """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these they
    this to was will with
    about am any been can could did do does doing from had has have having how i its me much many my our shall
    should so than them those we were what when where which while who whom whose why would you your
    """.split()
)


class Terms:
    """Turns text into terms for one language (a Snowball stemmer's name)."""

    def __init__(self, language: str = "english") -> None:
        import Stemmer

        if language not in Stemmer.algorithms():
            known = ", ".join(Stemmer.algorithms())
            raise ConfigError(f"retrieve.language: no stemmer for {language!r}. Known: {known}.")
        stop = _ENGLISH if language == "english" else _listed(language)
        self._known = _Known(stop, Stemmer.Stemmer(language).stemWord)

    def of(self, text: str) -> list[str]:
        """Return the terms of a text in order, repeats and all, stop words left out."""
        known = self._known
        return [term for word in _TERM.findall(_fold(text)) if (term := known[word])]


class _Known(dict[str, str]):
    """The term of each word met so far, "" where that is a stop word."""

    def __init__(self, stop: frozenset[str], stem: Callable[[str], str]) -> None:
        super().__init__()
        self._stop, self._stem = stop, stem

    def __missing__(self, word: str) -> str:
        if len(self) >= _MOST_KNOWN:
            self.clear()
        self[word] = term = self._term(word)
        return term

    def _term(self, word: str) -> str:
        if word[0].isdigit():
            return word.replace(",", "") if _THOUSANDS.match(word) else word
        word = word.replace(".", "").replace("’", "'").removesuffix("'s")
        return self._stem(word) if word and word not in self._stop else ""


def _listed(language: str) -> frozenset[str]:
    """Return the stop words bm25s lists; importing it takes a sixth of a second, which English is spared."""
    from bm25s import tokenization

    logging.getLogger("bm25s").setLevel(logging.WARNING)  # on import it asks for every detail
    return frozenset(_fold(word) for word in getattr(tokenization, f"STOPWORDS_{language.upper()}", ()))


def _fold(text: str) -> str:
    if "^" in text:
        text = _POWER.sub("", text)
    if text.isascii():
        return text.lower()
    text = _RAISED.sub(" ", _UNSEEN.sub("", text))
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
