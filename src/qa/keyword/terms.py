"""What counts as a term: words without accents or case, stemmed.

A number with its separators is one term ("1,972,550" and "1972550" are the same); "U.S." is "us".
"""

from __future__ import annotations

import functools
import logging
import re
import unicodedata

from qa.errors import ConfigError

_TERM = re.compile(r"\d+(?:[.,]\d+)*|(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W\d_]+)?")
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
        self._stop = _ENGLISH if language == "english" else _listed(language)
        self._stem = functools.lru_cache(maxsize=100_000)(Stemmer.Stemmer(language).stemWord)

    def of(self, text: str) -> list[str]:
        """Return the terms of a text in order, repeats and all, stop words left out."""
        found = []
        for match in _TERM.finditer(_fold(text)):
            word = match.group()
            if word[0].isdigit():
                found.append(word.replace(",", "") if _THOUSANDS.match(word) else word)
                continue
            word = word.replace(".", "").replace("’", "'").removesuffix("'s")
            if word and word not in self._stop:
                found.append(self._stem(word))
        return found


def _listed(language: str) -> frozenset[str]:
    """Return the stop words bm25s lists; importing it takes a sixth of a second, which English is spared."""
    from bm25s import tokenization

    logging.getLogger("bm25s").setLevel(logging.WARNING)  # on import it asks for every detail
    return frozenset(_fold(word) for word in getattr(tokenization, f"STOPWORDS_{language.upper()}", ()))


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
