"""A page's glyphs to stretches of text on one line, their spaces told from gaps. Knows boxes, not the library."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from qa.load.formats.pdf.pdfium import LINE_END_HYPHEN, Glyphs
from qa.load.formats.pdf.scene import Boxes
from qa.load.formats.scripts import lowered, raised

_WIDE_GAP = 1.0  # of the size: two stretches rather than two words
_NUMBER_GAP = 0.45  # of the size: the same between two numbers, which stand in cells more often than not
_WORD_GAP = 0.14  # of the size: a space, where the file has none
_GUESSED_GAP = 0.06  # of the size: a space, where PDFium takes it for one
_MOST_SPACED = 0.4  # of the gaps of a stretch: words are longer than two letters
_OVERHANG = 0.15  # of the size
_SAID_GAP = 0.02  # of the size: a space, where the file has one
_BACKWARDS = 0.4  # of the size
_MOST_STRETCHES = 30_000
_NUMBER_STARTS = frozenset("0123456789($€£¥—–")
_NUMBER_ENDS = frozenset("0123456789)%—–")
_SMALLER = 0.85  # of a line's size: what may be raised or lowered
_DESCENT = 0.21  # of a size: from the bottom of a glyph's box to its baseline
_RAISED, _LOWERED = 0.15, -0.08  # of the line's size: how far off the line
_SHIFTED = frozenset("0123456789+-−")
_ALEFS, _LAM = frozenset("اأإآ"), "ل"
_STOPS = frozenset(".:!?؟،؛")
_RIGHT_TO_LEFT = ("R", "AL")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words side by side on one line: `text` with the number of each character's glyph, -1 for our spaces.

    Edges count in the axes of the stretch's own direction of writing, y downwards.
    """

    text: str
    glyphs: tuple[int, ...]
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool

    @property
    def middle(self) -> float:
        """Half way between top and bottom."""
        return (self.top + self.bottom) / 2

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top


def find_stretches(glyphs: Glyphs) -> list[list[Stretch]]:
    """Return the page's stretches for each direction of writing, the one with most glyphs first."""
    if not glyphs.text:
        return []
    turn_of = np.array([style.turn for style in glyphs.styles], dtype=np.int32)[glyphs.style]
    turns, counts = np.unique(turn_of, return_counts=True)
    # of equals, the one that is upright on the page as displayed
    upright = (glyphs.rotation // 90) % 4
    order = sorted(range(len(turns)), key=lambda at: (-int(counts[at]), (int(turns[at]) - upright) % 4, int(turns[at])))
    found = []
    for at in order:
        members = np.flatnonzero(turn_of == turns[at])
        found.append(_Reader(glyphs, members, int(turns[at])).stretches())
    return [group for group in found if group]


def turned(boxes: Boxes, turn: int) -> Boxes:
    """Return boxes as (left, top, right, bottom), y downwards, after turning writing of `turn` upright."""
    left, bottom, right, top = boxes.T
    edges = {
        0: (left, -top, right, -bottom),
        1: (bottom, left, top, right),
        2: (-right, bottom, -left, top),
        3: (-top, -right, -bottom, -left),
    }[turn]
    return np.stack(edges, axis=1)


class _Reader:
    """Puts glyphs of one direction into stretches."""

    def __init__(self, glyphs: Glyphs, members: npt.NDArray[np.intp], turn: int) -> None:
        self.text = [glyphs.text[at] for at in members.tolist()]
        self.numbers: list[int] = members.tolist()
        boxes = turned(glyphs.boxes[members], turn)
        styles = glyphs.style[members]
        self.sizes = np.array([max(style.size, 0.5) for style in glyphs.styles])[styles]
        # a size that the boxes belie (a font of odd units) would make every gap wide or none
        heights = np.maximum(boxes[:, 3] - boxes[:, 1], 0.1)
        self.sizes = np.clip(self.sizes, heights / 3, heights * 3)
        self.bold = np.array([style.bold for style in glyphs.styles])[styles]
        self.boxes = boxes
        self.spaced = glyphs.spaced[members]
        self.starts_number = np.array([char in _NUMBER_STARTS for char in self.text])
        self.ends_number = np.array([char in _NUMBER_ENDS for char in self.text])
        self.rightward = [not _is_right_to_left(char) for char in self.text]

    def stretches(self) -> list[Stretch]:
        runs = self._runs()
        if len(runs) > _MOST_STRETCHES:
            return [self._stretch([run]) for run in runs[:_MOST_STRETCHES]]
        found = []
        for line in self._lines(runs):
            for chain in self._chains(line):
                found.append(self._stretch(chain))
        return found

    def _runs(self) -> list[tuple[int, int]]:
        """Return ranges of glyphs that follow each other closely, in the file's order."""
        boxes, sizes = self.boxes, self.sizes
        if len(boxes) == 1:
            return [(0, 1)]
        size = np.maximum(sizes[1:], sizes[:-1])
        gap = boxes[1:, 0] - boxes[:-1, 2]
        back = boxes[:-1, 0] - boxes[1:, 2]
        rise = np.abs((boxes[1:, 1] + boxes[1:, 3]) - (boxes[:-1, 1] + boxes[:-1, 3])) / 2
        # a gap too wide for words splits the line here; where no table bears it out, it is joined again
        onward = (gap < np.where(self.ends_number[:-1] & self.starts_number[1:], _NUMBER_GAP, _WIDE_GAP) * size) & (
            gap > -_BACKWARDS * size
        )
        # marks sit upon their letters
        inside = (boxes[1:, 0] >= boxes[:-1, 0] - 0.1 * size) & (boxes[1:, 2] <= boxes[:-1, 2] + 0.1 * size)
        leftward = ~np.array(self.rightward)
        either = leftward[1:] | leftward[:-1]
        backward = either & (back < _WIDE_GAP * size) & (back > -_BACKWARDS * size)
        follows = (onward | inside | backward) & (rise < 0.3 * size)
        edges = [0, *(np.flatnonzero(~follows) + 1).tolist(), len(boxes)]
        return list(pairwise(edges))

    def _lines(self, runs: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        """Group runs that stand on one line, wherever across the page, by how far they overlap in height."""
        starts = np.array([start for start, _ in runs])
        tops = np.minimum.reduceat(self.boxes[:, 1], starts).tolist()
        bottoms = np.maximum.reduceat(self.boxes[:, 3], starts).tolist()
        order = sorted(range(len(runs)), key=lambda at: ((tops[at] + bottoms[at]) / 2, runs[at]))
        lines: list[list[tuple[int, int]]] = []
        top = bottom = 0.0
        for at in order:
            shared = min(bottom, bottoms[at]) - max(top, tops[at])
            least = min(bottom - top, bottoms[at] - tops[at])
            if lines and shared > 0.55 * least:
                lines[-1].append(runs[at])
                if bottoms[at] - tops[at] > bottom - top:
                    top, bottom = tops[at], bottoms[at]
            else:
                lines.append([runs[at]])
                top, bottom = tops[at], bottoms[at]
        return lines

    def _chains(self, line: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        """Split a line's runs where the gap between them is wide."""
        if len(line) == 1:
            return [line]
        edged = sorted(
            (
                float(self.boxes[start:end, 0].min()),
                start,
                end,
                float(self.boxes[start:end, 2].max()),
                float(self.sizes[start:end].max()),
            )
            for start, end in line
        )
        chains: list[list[tuple[int, int]]] = []
        reached, size = 0.0, 0.0
        for left, start, end, right, its_size in edged:
            numbers = chains and self.ends_number[chains[-1][-1][1] - 1] and self.starts_number[start]
            if chains and left - reached < (_NUMBER_GAP if numbers else _WIDE_GAP) * max(size, its_size):
                chains[-1].append((start, end))
                reached = max(reached, right)
            else:
                chains.append([(start, end)])
                reached = right
            size = its_size
        for at, chain in enumerate(chains):
            letters = [self.rightward[n] for start, end in chain for n in range(start, end) if self.text[n].isalpha()]
            if letters and sum(letters) * 2 < len(letters):
                chains[at] = chain[::-1]
        return chains

    def _stretch(self, chain: list[tuple[int, int]]) -> Stretch:
        order = self._logical([at for start, end in chain for at in range(start, end)])
        boxes, sizes = self.boxes[order], self.sizes[order]
        gaps = np.maximum(boxes[1:, 0] - boxes[:-1, 2], boxes[:-1, 0] - boxes[1:, 2])
        size = np.minimum(sizes[1:], sizes[:-1])
        follows = np.diff(order) == 1
        said, guessed = (follows & (self.spaced[order][1:] == sure) for sure in (2, 1))
        # letters set wide apart have gaps everywhere: only what is wider than most is a space
        silent = gaps[~said & ~guessed]
        usual = max(0.0, float(np.median(silent))) if len(silent) >= 6 else 0.0
        least = np.where(said, _SAID_GAP, np.where(guessed, _GUESSED_GAP, _WORD_GAP)) * size + np.where(said, 0, usual)
        # an overhanging letter's box hides the space behind it: the file is believed, unless it has spaces everywhere,
        # and so is PDFium, which measures advances, but at a raised figure
        for sure in (said, guessed & (sizes[1:] == sizes[:-1])):
            if sure.sum() < _MOST_SPACED * len(sure):
                least[sure] = -_OVERHANG * size[sure]
        # a full stop that was moved to its line's end stands far from it on the page
        moved = (np.diff(order) < -1) & np.array([self.text[at] in _STOPS for at in order[1:]], dtype=bool)
        space = (gaps > least) & ~moved
        chars = self._shifted(order, boxes, sizes)
        words, numbers, start = [], [], 0
        for end in [*(np.flatnonzero(space) + 1).tolist(), len(order)]:
            words.append("".join(chars[start:end]))
            numbers += [self.numbers[at] for at in order[start:end]]
            numbers.append(-1)
            start = end
        text = " ".join(words).replace(LINE_END_HYPHEN, "-")
        return Stretch(
            text,
            tuple(numbers[:-1]),
            float(boxes[:, 0].min()),
            float(boxes[:, 1].min()),
            float(boxes[:, 2].max()),
            float(boxes[:, 3].max()),
            _commonest(sizes),
            bool(self.bold[order].mean() > 0.85),
        )

    def _logical(self, order: list[int]) -> list[int]:
        """Return glyphs of writing from right to left as they are read, where the file has them as they are drawn.

        The letters of a ligature share a box, and come the wrong way round; a full stop may stand at the wrong end.
        """
        letters = [self.rightward[at] for at in order if self.text[at].isalpha()]
        if not letters or sum(letters) * 2 >= len(letters):
            return order
        for place in range(len(order) - 1):
            one, other = order[place], order[place + 1]
            pair = self.text[one] in _ALEFS and self.text[other] == _LAM
            if pair and np.allclose(self.boxes[one], self.boxes[other], atol=0.05):
                order[place], order[place + 1] = other, one
        ended = self.text[order[-1]] in _STOPS
        while not ended and len(order) > 1 and self.text[order[0]] in _STOPS:
            order.append(order.pop(0))
        return order

    def _shifted(self, order: list[int], boxes: Boxes, sizes: npt.NDArray[np.float64]) -> list[str]:
        """Return the characters, figures that are small and off the line as raised or lowered ones."""
        chars = [self.text[at] for at in order]
        size = _commonest(sizes)
        small = sizes < _SMALLER * size
        if not small.any() or len(chars) < 2:
            return chars
        on_line = sizes >= 0.95 * size
        rise = float(np.median(boxes[on_line, 3])) - boxes[:, 3] - _DESCENT * (size - sizes)
        for at in np.flatnonzero(small & ((rise > _RAISED * size) | (rise < _LOWERED * size))).tolist():
            if chars[at] in _SHIFTED:
                chars[at] = raised(chars[at]) if rise[at] > 0 else lowered(chars[at])
        return chars


def _commonest(sizes: npt.NDArray[np.float64]) -> float:
    if sizes.min() == sizes.max():
        return float(sizes[0])
    values, counts = np.unique(sizes, return_counts=True)
    return float(values[int(np.argmax(counts))])


def _is_right_to_left(char: str) -> bool:
    return char >= "\u0590" and unicodedata.bidirectional(char) in _RIGHT_TO_LEFT
