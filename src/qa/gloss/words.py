"""Words of the two languages, as the glossary counts them: cut, folded, stemmed. Pure."""

from __future__ import annotations

import re
import unicodedata

_TOKEN = re.compile(r"\d+(?:[.,:]\d+)*(?:[^\W\d_]+)?|[^\W_]+(?:['’.&-][^\W_]+)*|[^\w\s]")
_SHORT = (
    (re.compile(r"\bcan(?:'t|not)\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"'m\b"), " am"),
    (re.compile(r"'re\b"), " are"),
    (re.compile(r"'ll\b"), " will"),
    (re.compile(r"'ve\b"), " have"),
    (re.compile(r"\b(it|that|what|who|where|how|there|he|she|here|when)'s\b"), r"\1 is"),
    (re.compile(r"'s\b"), " 's"),
    (re.compile(r"\b(it|that|what|who|where|how|there|he|she|i|you|we|they)'d\b"), r"\1 would"),
)
_PLAIN = str.maketrans("áàâäãéèêëíìîïóòôöõúùûüçÁÉÍÓÚÜ", "aaaaaeeeeiiiiooooouuuucaeiouu")


def tokens(text: str) -> list[str]:
    """Return words, numbers with their separators, and marks, as they stand."""
    return _TOKEN.findall(unicodedata.normalize("NFC", text))


def spanish_words(text: str) -> list[str]:
    """Return the words of a Spanish text in small letters, marks left out."""
    return [token.lower() for token in tokens(text) if token[0].isalnum()]


def english_words(text: str) -> list[str]:
    """Return the words of an English text in small letters, short forms spelled out."""
    text = text.lower().replace("’", "'")
    for pattern, full in _SHORT:
        text = pattern.sub(full, text)
    return [token for token in tokens(text.replace(" 's", " xxs")) if token[0].isalnum()]


def folded(word: str) -> str:
    """Return the word without accents, in small letters; ñ stays."""
    return word.lower().translate(_PLAIN)


def bare(word: str) -> str:
    """Return the word as typed on a keyboard without accents or ñ."""
    return folded(word).replace("ñ", "n")


_PLURAL = re.compile(r"(?<=[aeiou])s$|(?<=[dlnrz])es$")
# the longest that leaves three letters goes
_ENDINGS = frozenset(
    """
    a o e an en as es ar er ir ando iendo yendo ado ada ido ida aba aban abas abamos ia ian iamos aron ieron aste
    iste amos emos imos ara iera arian erian irian aria eria iria are ere ire ara era ira aran eran iran
    aremos eremos iremos arse erse irse arlo erlo irlo arla erla irla arle erle irle arlos arlas aramos ieran
    """.split()
)
_LONGEST = max(map(len, _ENDINGS))


def stem(word: str) -> str:
    """Return what forms of one Spanish word mostly share: folded, number, gender and verb endings taken off."""
    word = _PLURAL.sub("", folded(word))
    for length in range(min(_LONGEST, len(word) - 3), 0, -1):
        if word[-length:] in _ENDINGS:
            return word[:-length]
    return word
