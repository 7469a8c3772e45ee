"""Scanned pages: what was recognised in a page's picture becomes glyphs, and is laid out like any page's.

Knows glyphs and recognised words; what the document makes of them is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median_low

import numpy as np

from qa.load.formats import ocr
from qa.load.formats.pdf.pdfium import File, Glyphs
from qa.load.formats.pdf.scene import Style

DOTS = 300  # an inch: what Tesseract was trained on

_COVERED = 0.7  # of the page, by pictures
_STAMP = 80  # characters at most that are put upon a scan: a number, a date of receipt
_EM = 1.07  # of a line's height from ascenders to descenders
_ABOVE, _BELOW = 0.78, 0.22  # of the em, from the baseline
_LIKE = 0.15  # of the size of most words: what differs less was only measured differently


@dataclass(frozen=True, slots=True)
class Scanned:
    """A recognised page as glyphs: `glyphs` stand as they are read, upright; `shown` where the page shows them."""

    glyphs: Glyphs
    shown: Glyphs

    @property
    def size(self) -> float:
        """The size of most words, 0 where there are none."""
        sizes = [self.glyphs.styles[number].size for number in self.glyphs.style.tolist()]
        return median_low(sizes) if sizes else 0.0


def is_scan(glyphs: Glyphs) -> bool:
    """Tell whether a page's words, if it has any, stand in pictures or drawings, with no text layer over them.

    A stamp upon a picture of the whole page makes it no page of text.
    """
    if not glyphs.text:
        return glyphs.pictures or glyphs.drawings
    return glyphs.covered >= _COVERED and len(glyphs.text) <= _STAMP and not glyphs.layered


def scanned(page: ocr.Page, file: File, index: int, usual: float = 0.0) -> Scanned:
    """Return what was recognised on a page as its glyphs, all measures in points.

    `usual` is the size of most words on the pages before: what is nearly that large is that large.
    """
    wide, high = file.size(index)
    point = wide / page.original[0]  # to the pixel
    upright = point / page.scale
    sizes = _sizes(page, upright, usual)
    tall = page.size[1] * upright
    chars: list[str] = []
    spaced: list[int] = []
    style: list[int] = []
    stands: list[tuple[float, float, float, float]] = []
    shows: list[tuple[float, float, float, float]] = []
    known: dict[float, int] = {}
    for line, size in zip(page.lines, sizes, strict=True):
        mark = known.setdefault(size, len(known))
        for word in line.words:
            step = (word.right - word.left) / len(word.text)
            middle = (word.left + word.right) / 2
            base = tall - upright * (line.foot + line.slope * (middle - line.words[0].left))
            for place, char in enumerate(word.text):
                left = word.left + place * step
                stands.append((left * upright, base - _BELOW * size, (left + step) * upright, base + _ABOVE * size))
                x0, y0, x1, y1 = page.original_box(left, word.top, left + step, word.bottom)
                shows.append((x0 * point, high - y1 * point, x1 * point, high - y0 * point))
                chars.append(char)
                spaced.append(0 if place else 2)
                style.append(mark)
    glyphs = Glyphs(
        "".join(chars),
        np.array(stands, dtype=np.float64).reshape(-1, 4),
        np.array(style, dtype=np.int32),
        np.array(spaced, dtype=np.int8),
        np.full(len(chars), -1, dtype=np.int32),
        tuple(Style(size, False, 0) for size in known),
        (0.0, 0.0, page.size[0] * upright, tall),
        0,
        pictures=True,
    )
    shown = replace(glyphs, boxes=np.array(shows, dtype=np.float64).reshape(-1, 4), bounds=(0.0, 0.0, wide, high))
    return Scanned(glyphs, shown)


def recognised(file: File, index: int, language: str) -> Scanned:
    """Recognise one page; raise Unreadable where there is no Tesseract, or it fails."""
    return scanned(ocr.recognise(file.grey(index, DOTS), language), file, index)


def _sizes(page: ocr.Page, upright: float, before: float) -> Sequence[float]:
    """Return each line's size; lines nearly as high as most of the page's words are of one size with them."""
    measured = np.array([line.height * upright * _EM for line in page.lines])
    if not len(measured):
        return []
    letters = [sum(len(word.text) for word in line.words) for line in page.lines]
    order = np.argsort(measured, kind="stable")
    smaller = np.cumsum(np.array(letters)[order])
    usual = float(measured[order][int(np.searchsorted(smaller, smaller[-1] / 2))])
    if abs(usual - before) <= _LIKE * before:
        usual = before
    like = np.abs(measured - usual) <= _LIKE * usual
    # half points: closer isn't measured
    return [
        round(usual, 1) if same else round(2 * size) / 2 or 0.5
        for size, same in zip(measured.tolist(), like, strict=True)
    ]
