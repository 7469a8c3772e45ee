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
        if piece.isascii():
            places = _places(term, piece)
            found.append(places[places[:, 0] < high - low] + chars)
            chars += high - low
        else:
            values = np.frombuffer(piece, dtype=np.uint8)
            beyond = np.flatnonzero(values > 0x7F)
            within = beyond[values[beyond] & 0xC0 == 0x80]  # bytes that don't open a character
            folded, gone = _fold(piece, values, beyond, _fitting(term.letters))
            places = _places(term, folded)
            places += np.searchsorted(gone, places, side="right")
            places = places[places[:, 0] < high - low]
            found.append(places - np.searchsorted(within, places) + chars)
            chars += high - low - int(np.searchsorted(within, high - low))
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
    lengths = [len(text) if text.isascii() else len(text.decode()) for text in texts]
    ends = np.cumsum(np.array(lengths, dtype=np.int64) + 1) - 1
    starts = np.concatenate([[0], ends[:-1] + 1])
    owner = np.searchsorted(ends, places[:, 0], side="right")
    # a phrase of two texts is none
    whole = places[:, 1] <= ends[np.minimum(owner, len(ends) - 1)]
    places, owner = places[whole], owner[whole]
    bounds = np.searchsorted(owner, np.arange(len(texts) + 1))
    return [places[low:high] - start for low, high, start in zip(bounds, bounds[1:], starts, strict=False)]


def _piece_end(data: bytes, low: int, size: int) -> int:
    """Return where a piece ends: beside white space, so that no word is cut."""
    if low + size >= len(data):
        return len(data)
    space = _SPACE.search(data, low + size)
    return space.start() if space else len(data)


def _places(term: Term, text: bytes) -> Places:
    """Return where folded text holds what is looked for, in bytes of it."""
    found = [match.span() for match in term.folded.finditer(text.lower())]
    places: Places = np.array(found, dtype=np.int64).reshape(-1, 2)
    if text.isascii() or not found:
        return places
    # next to plain letters the pattern has looked; other neighbours are told by their character
    values = np.frombuffer(b"\0" + text + b"\0", dtype=np.uint8)
    beside = np.flatnonzero((values[places[:, 0]] > 0x7F) | (values[places[:, 1] + 1] > 0x7F))
    wrong = [at for at in beside.tolist() if _inside_word(text, *found[at])]
    return np.delete(places, wrong, axis=0) if wrong else places


def _inside_word(text: bytes, start: int, end: int) -> bool:
    before = text[max(0, start - 4) : start].decode(errors="ignore")[-1:]
    after = text[end : end + 4].decode(errors="ignore")[:1]
    return any(one.isalnum() or one == "_" for one in (before, after))


def _fold(
    piece: bytes, values: NDArray[np.uint8], beyond: NDArray[np.int64], fitting: NDArray[np.bool_]
) -> tuple[bytes, NDArray[np.int64]]:
    """Return text with accented letters as plain ones and without unseen marks, and what tells where it stood.

    Letters stay where they can't be part of what is looked for: between bytes that aren't `fitting`. A byte of the folded text stands as many bytes further on as there are numbers up to its own in the second.
    """
    at = beyond[values[beyond] >= 0xC2]
    lead = values[at].astype(np.int64)
    last = len(values) - 1
    second, third = (values[np.minimum(at + step, last)].astype(np.int64) & 0x3F for step in (1, 2))
    code = np.where(lead < 0xE0, (lead & 0x1F) << 6 | second, (lead & 0x0F) << 12 | second << 6 | third)
    base = np.where(lead < 0xF0, _bases()[np.minimum(code, len(_bases()) - 1)], -1)
    width = np.where(lead < 0xE0, 2, 3)
    beside = (
        fitting[values[np.maximum(at - 1, 0)]] & fitting[values[np.minimum(at + width, last)]] & fitting[base.clip(0)]
    )
    changed = np.flatnonzero((base == 0) | ((base > 0) & (beside | (at == 0) | (at + width > last))))
    at, base, width = at[changed], base[changed], width[changed]
    parts, done = [], 0
    gone: list[int] = []
    removed = 0
    for place, letter, wide in zip(at.tolist(), base.tolist(), width.tolist(), strict=True):
        parts.append(piece[done:place])
        less = wide
        if letter:
            parts.append(_BYTES[letter])
            less -= 1
        done = place + wide
        gone.extend([done - removed - wide + (1 if letter else 0)] * less)
        removed += less
    parts.append(piece[done:])
    return b"".join(parts), np.array(gone, dtype=np.int64)


@functools.lru_cache(maxsize=64)
def _fitting(letters: frozenset[str]) -> NDArray[np.bool_]:
    """Return for each byte whether it may stand beside, or be, a letter of a word written with these letters."""
    fitting = np.ones(256, dtype=bool)
    other = [code for code in range(128) if chr(code).isalnum() and chr(code).lower() not in letters]
    fitting[other] = False
    return fitting


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
