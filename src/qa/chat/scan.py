"""Looks through a whole text for what is counted: bytes in, places in characters out. Nothing is left out.

Letters lose their accents, and marks nobody sees are taken out, a megabyte at once; what is left is searched as
bytes, and each place is led back to where its characters stand.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qa.chat.wordforms import Term

Places = NDArray[np.int64]
"""Shape (n, 2): where each begins and ends, in order."""

_PIECE = 1 << 20  # bytes looked at together
_SPACE = re.compile(rb"[ \t\r\n]")
_UNSEEN = (0x00AD, 0x200B, 0x200C, 0x200D, 0x2060)


def find_in(term: Term, data: bytes) -> Places:
    """Return where a text, given in UTF-8, holds what is looked for, counted in characters."""
    found: list[Places] = []
    chars = low = 0
    while low < len(data):
        high = _piece_end(data, low, _PIECE)
        # a phrase may reach over the edge; one that begins there is the next piece's
        piece = data[low : _piece_end(data, high, term.reach) if high < len(data) else high]
        folded, gone = _fold(piece, term.pairs)
        places = _places(term, folded)
        places += np.searchsorted(gone, places, side="right")
        places = places[places[:, 0] < high - low]
        if len(places):
            within = np.flatnonzero(_within(piece))
            found.append(places - np.searchsorted(within, places) + chars)
        chars += _characters(piece[: high - low])
        low = high
    return np.concatenate(found) if found else np.zeros((0, 2), dtype=np.int64)


def find_in_each(term: Term, texts: Sequence[bytes]) -> list[Places]:
    """Return for each of several texts where it holds what is looked for; small ones are searched together."""
    if len(texts) == 1:
        return [find_in(term, texts[0])]
    joined = b"\n".join(texts)
    places = find_in(term, joined)
    if not len(places):
        return [places] * len(texts)
    ends = np.cumsum(np.array([len(text) + 1 for text in texts], dtype=np.int64)) - 1
    if not joined.isascii():
        ends -= np.searchsorted(np.flatnonzero(_within(joined)), ends)
    starts = np.concatenate([[0], ends[:-1] + 1])
    owner = np.searchsorted(ends, places[:, 0], side="right")
    # a phrase of two texts is none
    whole = places[:, 1] <= ends[np.minimum(owner, len(ends) - 1)]
    places, owner = places[whole], owner[whole]
    bounds = np.searchsorted(owner, np.arange(len(texts) + 1))
    return [places[low:high] - start for low, high, start in zip(bounds, bounds[1:], starts, strict=False)]


def _within(text: bytes) -> NDArray[np.bool_]:
    """Tell of each byte whether it goes on with a character that an earlier one opens: 0x80 to 0xBF."""
    return np.frombuffer(text, dtype=np.int8) < -64


def _characters(text: bytes) -> int:
    """Count characters, without making a string of them."""
    return len(text) if text.isascii() else len(text) - int(np.count_nonzero(_within(text)))


def _piece_end(data: bytes, low: int, size: int) -> int:
    """Return where a piece ends: beside white space, so that no word is cut."""
    if low + size >= len(data):
        return len(data)
    space = _SPACE.search(data, low + size)
    return space.start() if space else len(data)


def _places(term: Term, text: bytes) -> Places:
    """Return where folded text holds what is looked for, in bytes of it."""
    low = text.lower()
    found = [match.span() for pattern in term.folded for match in pattern.finditer(low)]
    if len(term.folded) > 1:
        found.sort()
    places: Places = np.array(found, dtype=np.int64).reshape(-1, 2)
    if text.isascii() or not found:
        return places
    # next to plain letters the pattern has looked; other neighbours are told by their character
    values, last = np.frombuffer(text, dtype=np.uint8), len(text) - 1
    before, after = np.maximum(places[:, 0] - 1, 0), np.minimum(places[:, 1], last)
    beside = np.flatnonzero((values[before] > 0x7F) | (values[after] > 0x7F))
    wrong = [at for at in beside.tolist() if _inside_word(text, *found[at])]
    return np.delete(places, wrong, axis=0) if wrong else places


def _inside_word(text: bytes, start: int, end: int) -> bool:
    before = text[max(0, start - 4) : start].decode(errors="ignore")[-1:]
    after = text[end : end + 4].decode(errors="ignore")[:1]
    return any(one.isalnum() or one == "_" for one in (before, after))


def _fold(piece: bytes, pairs: frozenset[str]) -> tuple[bytes, NDArray[np.int64]]:
    """Return text with accented letters as plain ones and without unseen marks, and what tells where it stood.

    Letters stay where they can't be part of what is looked for: where a plain neighbour makes none of `pairs` with them.
    A byte of the folded text stands as many bytes further on as there are numbers up to its own in the second.
    """
    if piece.isascii():
        return piece, np.zeros(0, dtype=np.int64)
    values = np.frombuffer(piece, dtype=np.uint8)
    fitting = _fitting(pairs)
    at = np.flatnonzero(values >= 0xC2)
    at = at[_FOLDED_LEADS[values[at]]]
    lead = values[at].astype(np.int64)
    last = len(values) - 1
    second, third = (values[np.minimum(at + step, last)].astype(np.int64) & 0x3F for step in (1, 2))
    code = np.where(lead < 0xE0, (lead & 0x1F) << 6 | second, (lead & 0x0F) << 12 | second << 6 | third)
    base = _bases()[np.minimum(code, len(_bases()) - 1)]
    width = np.where(lead < 0xE0, 2, 3)
    # a neighbour that is no plain character fits anything; at an end of the text a letter's own bytes stand for one
    before, after = values[np.maximum(at - 1, 0)], values[np.minimum(at + width, last)]
    letter = base.clip(0)
    changed = np.flatnonzero((base == 0) | ((base > 0) & fitting[before, letter] & fitting[letter, after]))
    at, base, width = at[changed], base[changed], width[changed]
    parts, done = [], 0
    gone: list[int] = []
    removed = 0
    for place, plain, wide in zip(at.tolist(), base.tolist(), width.tolist(), strict=True):
        parts.append(piece[done:place])
        less = wide
        if plain:
            parts.append(_BYTES[plain])
            less -= 1
        done = place + wide
        gone.extend([done - removed - wide + (1 if plain else 0)] * less)
        removed += less
    parts.append(piece[done:])
    return b"".join(parts), np.array(gone, dtype=np.int64)


@functools.lru_cache(maxsize=64)
def _fitting(pairs: frozenset[str]) -> NDArray[np.bool_]:
    """Return for each two bytes whether they may stand side by side in a word made of these pairs, or at its ends."""
    plain = [chr(code).lower() if chr(code).isalnum() else " " for code in range(128)]
    fitting = np.ones((256, 256), dtype=bool)
    fitting[:128, :128] = [[a + b in pairs for b in plain] for a in plain]
    return fitting


_FOLDED_LEADS = np.zeros(256, dtype=bool)  # first bytes of letters with accents, of accents, of unseen marks
_FOLDED_LEADS[[*range(0xC2, 0xCE), 0xE1, 0xE2]] = True
_BYTES = [bytes([value]) for value in range(128)]


@functools.cache
def _bases() -> NDArray[np.int16]:
    """Return for each character up to U+2FFF the plain letter it folds to, 0 where it goes, -1 where it stays."""
    bases = np.full(0x3000, -1, dtype=np.int16)
    for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        letter = unicodedata.normalize("NFD", chr(code))[0]
        if letter.isascii() and letter.isalpha():
            bases[code] = ord(letter)
    bases[0x300:0x370] = 0
    bases[list(_UNSEEN)] = 0
    return bases
