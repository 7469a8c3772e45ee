"""Stretches of text to blocks in reading order: columns apart, table rows whole, lines gathered into paragraphs.

Works on one page, by geometry alone; what only the whole document can tell (headings, running headers) is told later.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from qa.load.formats.pdf.lines import Stretch, find_stretches
from qa.load.formats.pdf.pdfium import Glyphs

BULLET = re.compile(r"[•◦▪▫‣●○∙·⁃\ue000-\uf8ff](?= |$)")
CELLS_APART = " | "
_NUMBERED = re.compile(r"(?:\(?[0-9]{1,2}[.)]|\(?[ivxIVX]{1,5}[.)]|\(?[a-zA-Z][.)]|\[[0-9]{1,3}\])(?= \S|$)")
_MARKER = re.compile(
    r"(?:[•◦▪▫‣●○∙·⁃\ue000-\uf8ff☐☒☑*–—-]|\(?\w{1,4}[.)]|\[\d{1,3}\]|[A-Z]?\d{1,2}(?:\.\d{1,2}){1,3}\.?)$"
)
_NUMBERED_PART = re.compile(
    r"(?:item|part|section|article|note|chapter|exhibit|annex|step)s? [\w.()]{1,8}$", re.IGNORECASE
)
_SIGN_BEFORE = re.compile(r"(?:US|C|A|HK)?[$€£¥]\(?$|\($")
_SIGN_AFTER = re.compile(r"(?:[%)†*]|\)%|bps|pts?|x)$")
_LEADER = re.compile(r"[._·…\s]{3,}$")
_ENDED = re.compile(r"""[.!?:;]["'”’)\]]*$""")
_TABLE_GAP = 2.0  # of the size: cells, though no other line says so
_ALIGNED = 2.5  # points
_LEAST_COLUMN = 3  # lines
_LONGEST_LABEL = 160  # characters of a line
_MOST_FOR_COLUMNS = 3_000  # stretches
_MOST_GUTTERS = 10


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a paragraph, or a whole table row: its words, and each character's glyph (-1: ours).

    `hidden` holds start, end and why of stretches of `text` that nobody sees.
    """

    text: str
    glyphs: tuple[int, ...]
    left: float
    top: float
    right: float
    bottom: float
    size: float
    bold: bool
    cells: int = 1
    hidden: tuple[tuple[int, int, str], ...] = ()

    @property
    def middle(self) -> float:
        """Half way between top and bottom."""
        return (self.top + self.bottom) / 2


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that belong together. `kind` is "paragraph", "item" or "row"; a row is one line.

    `opens` tells that it is the first of a column or page, so that the block before may go on in it; `right` is
    the edge its column reaches; `aside` that it runs in another direction than most of the page.
    """

    kind: str
    lines: tuple[Line, ...]
    opens: bool
    right: float
    aside: bool = False


def find_blocks(glyphs: Glyphs) -> list[Block]:
    """Return a page's blocks in reading order, one direction of writing after the other."""
    blocks: list[Block] = []
    for number, group in enumerate(find_stretches(glyphs)):
        for piece in _pieces(list(group)):
            blocks += _blocks_of(piece, aside=number > 0)
    return blocks


# Columns


def _pieces(stretches: list[Stretch]) -> list[list[Stretch]]:
    """Cut a page into pieces that read from top to bottom, columns one after the other."""
    if not 2 * _LEAST_COLUMN <= len(stretches) <= _MOST_FOR_COLUMNS:
        return [stretches]
    edges = np.array([(part.left, part.right, part.middle, part.size) for part in stretches])
    best = max(
        (_bands(stretches, edges, gutter) for gutter in _gutters(edges)), key=lambda bands: bands[0], default=(0, [])
    )
    if not best[0]:
        return [stretches]
    pieces: list[list[Stretch]] = []
    for members in best[1]:
        pieces += _pieces([stretches[at] for at in members])
    return pieces


def _gutters(edges: npt.NDArray[np.float64]) -> list[float]:
    """Return where columns might part: just left of where many lines begin."""
    size = float(np.median(edges[:, 3]))
    lefts, counts = np.unique(np.round(edges[:, 0]), return_counts=True)
    support: dict[float, int] = {}
    for left in lefts.tolist():
        near = int(counts[np.abs(lefts - left) <= 2].sum())
        if near >= _LEAST_COLUMN and left > edges[:, 0].min() + 3 * size:
            support[left] = near
    ranked = sorted(support, key=lambda left: (-support[left], left))[:_MOST_GUTTERS]
    # of neighbours the leftmost stands for all: a paragraph's first line begins right of the column's edge
    return sorted({min(other for other in support if abs(other - left) <= 2) - 0.4 * size for left in ranked})


def _bands(stretches: list[Stretch], edges: npt.NDArray[np.float64], gutter: float) -> tuple[int, list[list[int]]]:
    """Cut at a gutter wherever nothing crosses it; return how many lines stand in columns so, and the pieces.

    The score is 0 where no stretch of the page is set in columns there.
    """
    left, right, middle = edges[:, 0], edges[:, 1], edges[:, 2]
    crosses = (left < gutter) & (right > gutter)
    order = np.argsort(middle, kind="stable").tolist()
    runs: list[list[int]] = [[]]
    for at in order:
        if crosses[at]:
            runs += [[at], []]
        else:
            runs[-1].append(at)
    score, pieces = 0, []
    loose: list[int] = []
    for run in runs:
        before = [at for at in run if right[at] <= gutter]
        after = [at for at in run if left[at] >= gutter]
        if before and after and _are_columns(stretches, edges, before, after):
            if loose:
                pieces.append(loose)
                loose = []
            # what stands beside no line of the other column still belongs to this one
            pieces += [before, after]
            score += len(before) + len(after)
        else:
            loose += run
    return score, [*pieces, loose] if loose else pieces


def _are_columns(stretches: list[Stretch], edges: npt.NDArray[np.float64], before: list[int], after: list[int]) -> bool:
    """Tell whether two sides are columns of text, rather than cells of a table."""
    if min(len(before), len(after)) < _LEAST_COLUMN:
        return False
    top = max(min(edges[side, 2]) for side in (before, after))
    bottom = min(max(edges[side, 2]) for side in (before, after))
    if bottom <= top:
        return False
    prose = [_is_prose([stretches[at] for at in side]) for side in (before, after)]
    if all(prose):
        return True
    heights = sorted(edges[after, 2].tolist())
    level = sum(1 for at in before if _nearest(heights, float(edges[at, 2])) <= 1.5)
    beside = sum(1 for at in before if top - 2 <= edges[at, 2] <= bottom + 2)
    return any(prose) and min(len(before), len(after)) >= 5 and level < 0.4 * max(1, beside)


def _nearest(heights: list[float], height: float) -> float:
    return float(np.min(np.abs(np.array(heights) - height)))


def _is_prose(side: list[Stretch]) -> bool:
    wide = max(part.right for part in side) - min(part.left for part in side)
    full = [part for part in side if part.right - part.left >= 0.6 * wide]
    words = sum(len(part.text.split()) for part in side)
    letters = sum(char.isalpha() for part in side for char in part.text)
    signs = sum(len(part.text.replace(" ", "")) for part in side)
    many = len(full) >= 0.5 * len(side) and words >= 3.2 * len(side)
    # a cell of a table seldom goes on in small letters
    onward = sum(1 for part in side if part.text[:1].islower())
    return many and letters >= 0.7 * signs and onward >= 0.25 * len(side)


# Rows


@dataclass(slots=True)
class _Row:
    """What stands on one line of a column: cells, each of one or more stretches in reading order."""

    cells: list[list[Stretch]]

    @property
    def top(self) -> float:
        return min(part.top for cell in self.cells for part in cell)

    @property
    def bottom(self) -> float:
        return max(part.bottom for cell in self.cells for part in cell)


def _blocks_of(piece: list[Stretch], *, aside: bool) -> list[Block]:
    rows = _with_wraps(_cells([_signed(row) for row in _level(piece)]))
    lines = [_line(row) for row in rows]
    right = max((line.right for line in lines), default=0.0)
    blocks: list[Block] = []
    start = 0
    pitches = _pitches(lines)
    for at, line in enumerate(lines):
        ends = at + 1 == len(lines) or line.cells > 1 or lines[at + 1].cells > 1 or _breaks(lines, at, start, pitches)
        if not ends:
            continue
        kind = "row" if line.cells > 1 else "item" if _is_item(lines[start].text) else "paragraph"
        blocks.append(Block(kind, tuple(_bulleted(lines[start : at + 1])), not blocks, right, aside))
        start = at + 1
    return blocks


def _level(piece: list[Stretch]) -> list[list[Stretch]]:
    """Group stretches into lines, from top to bottom, each from left to right."""
    rows: list[list[Stretch]] = []
    tallest: Stretch | None = None
    for part in sorted(piece, key=lambda part: (part.middle, part.left)):
        if tallest is not None:
            shared = min(tallest.bottom, part.bottom) - max(tallest.top, part.top)
            if shared > 0.55 * min(tallest.height, part.height):
                rows[-1].append(part)
                tallest = max(tallest, part, key=lambda either: either.height)
                continue
        rows.append([part])
        tallest = part
    return [sorted(row, key=lambda part: (part.left, part.top)) for row in rows]


def _signed(row: list[Stretch]) -> list[list[Stretch]]:
    """Put currency signs, closing brackets, leaders and list markers to the words they belong to."""
    groups: list[list[Stretch]] = []
    for at, part in enumerate(row):
        if groups:
            last = groups[-1][-1]
            near = part.left - last.right < 3.5 * part.size
            lead = _MARKER.match(last.text) or (_NUMBERED_PART.match(last.text) and part.text[:1].isupper())
            marks = at == 1 and lead and part.left - last.right < 6 * part.size
            signs = _SIGN_BEFORE.match(last.text) and part.text[:1].isdigit() | (part.text[:1] in "(–—-.")
            closes = near and _SIGN_AFTER.match(part.text) and (last.text[-1:].isdigit() or last.text[-1:] in "–—-")
            if marks or signs or closes or _LEADER.match(part.text):
                groups[-1].append(part)
                continue
        groups.append([part])
    return groups


def _cells(rows: list[list[list[Stretch]]]) -> list[_Row]:
    """Tell cells from words that only stand far apart: by the width of the gap, or by the lines around."""
    found = []
    for at, row in enumerate(rows):
        around = [
            other
            for near in (*rows[max(0, at - 2) : at], *rows[at + 1 : at + 3])
            if len(near) > 1
            for other in near[1:]
        ]
        cells = [list(row[0])]
        for group in row[1:]:
            gap = group[0].left - cells[-1][-1].right
            wide = gap >= _TABLE_GAP * max(group[0].size, cells[-1][-1].size)
            if wide or any(
                abs(group[0].left - other[0].left) <= _ALIGNED or abs(group[-1].right - other[-1].right) <= _ALIGNED
                for other in around
            ):
                cells.append(list(group))
            else:
                cells[-1] += group
        found.append(_Row(cells))
    return found


def _with_wraps(rows: list[_Row]) -> list[_Row]:
    """Put a lone line to the table row whose cell it continues: a label or a text that runs over two lines."""
    found: list[_Row] = []
    for at, row in enumerate(rows):
        last = found[-1] if found else None
        if last is not None and len(row.cells) == 1 and len(last.cells) > 1 and _is_close(last, row):
            words = row.cells[0][0]
            cell = _continued(last, words)
            if cell is not None:
                cell += row.cells[0]
                continue
        if len(row.cells) > 1 and any(
            len(near.cells) > 1 for near in (*rows[max(0, at - 4) : at], *rows[at + 1 : at + 2])
        ):
            while found and _is_label_of(found[-1], row):
                row.cells[0] = found.pop().cells[0] + row.cells[0]
        found.append(row)
    return found


def _is_label_of(upper: _Row, lower: _Row) -> bool:
    """Tell whether a line is the beginning of the label that the row below ends."""
    head, label = upper.cells[0][-1], lower.cells[0][0]
    open_ended = not _ENDED.search(head.text) and len(head.text) <= _LONGEST_LABEL
    begins = label.text[:1].islower() and abs(label.left - upper.cells[0][0].left) < 2.5 * label.size
    return len(upper.cells) == 1 and open_ended and begins and _is_close(upper, lower)


def _is_close(upper: _Row, lower: _Row) -> bool:
    size = lower.cells[0][0].size
    return lower.top - upper.bottom < 0.35 * size


def _continued(row: _Row, words: Stretch) -> list[Stretch] | None:
    for cell in reversed(row.cells):
        head = cell[0]
        same = abs(words.size - head.size) <= 0.6 and words.bold == head.bold
        begins = abs(words.left - head.left) <= (_ALIGNED if cell is not row.cells[0] else 2.5 * words.size)
        if not (same and begins) or _ENDED.search(cell[-1].text):
            continue
        if cell is row.cells[0]:
            return cell if words.text[:1].islower() else None
        if sum(len(part.text.split()) for part in cell) >= 3:
            return cell
    return None


def _line(row: _Row) -> Line:
    text: list[str] = []
    glyphs: list[int] = []
    parts = [part for cell in row.cells for part in cell]
    for number, cell in enumerate(row.cells):
        for place, part in enumerate(cell):
            lead = _between(cell[place - 1], part) if place else _apart(row.cells[number - 1]) if number else ""
            text += [lead, part.text]
            glyphs += [-1] * len(lead)
            glyphs += part.glyphs
    longest = max(parts, key=lambda part: len(part.text))
    return Line(
        "".join(text),
        tuple(glyphs),
        min(part.left for part in parts),
        row.top,
        max(part.right for part in parts),
        row.bottom,
        longest.size,
        all(part.bold for part in parts if any(map(str.isalpha, part.text))) and longest.bold,
        len(row.cells),
    )


def _apart(before: list[Stretch]) -> str:
    """Return what stands behind a cell: a label in front of what is filled in runs on to it."""
    return " " if before[-1].text.endswith(":") else CELLS_APART


def _between(upper: Stretch, lower: Stretch) -> str:
    wrapped = lower.middle > upper.bottom
    return "" if wrapped and upper.text.endswith("-") and lower.text[:1].islower() else " "


# Paragraphs


def _pitches(lines: list[Line]) -> dict[float, float]:
    """Return the usual distance from line to line for each size of text."""
    met: dict[float, list[float]] = {}
    for upper, lower in pairwise(lines):
        pitch = lower.middle - upper.middle
        if abs(upper.size - lower.size) <= 0.6 and 0 < pitch < 3 * lower.size and upper.cells == lower.cells == 1:
            met.setdefault(round(lower.size), []).append(pitch)
    usual = {}
    for size, found in met.items():
        pitch = float(np.percentile(found, 25))
        usual[size] = pitch if len(found) >= 6 else min(pitch, 1.6 * size)
    return usual


def _breaks(lines: list[Line], at: int, start: int, pitches: dict[float, float]) -> bool:
    """Tell whether a paragraph ends with line `at`; it began with line `start`."""
    upper, lower = lines[at], lines[at + 1]
    after = lines[at + 2] if at + 2 < len(lines) else None
    size = lower.size
    pitch = lower.middle - upper.middle
    small = lower.text[:1].islower()
    if abs(upper.size - size) > 0.12 * size + 0.3 or (upper.bold != lower.bold and not (small and at > start)):
        return True
    if pitch <= 0 or pitch > 1.2 * pitches.get(round(size), 1.5 * size) + 0.5:
        return True
    if BULLET.match(lower.text):
        return True
    ended = _ENDED.search(upper.text) is not None
    edge = max(line.right for line in lines[max(start, at - 3) : at + 4] if abs(line.size - size) <= 0.6)
    short = upper.right + _first_word(lower) < edge - 0.5 * size
    if _NUMBERED.match(lower.text) and (ended or short):
        return True
    centred = abs((upper.left + upper.right) - (lower.left + lower.right)) < size and abs(upper.left - lower.left) > 2
    if centred:
        return ended and short
    shift = lower.left - upper.left
    if shift > 0.8 * size:
        hangs = at == start and after is not None and abs(after.left - lower.left) <= 0.4 * size
        hangs = hangs or (at == start and _is_item(upper.text))
        if not hangs and not (small and not ended):
            return True
    if shift < -0.8 * size and at > start and (ended or not small):
        return True
    return short and not small and (ended or upper.right < upper.left + 0.75 * (edge - upper.left))


def _first_word(line: Line) -> float:
    word = line.text.split(" ", 1)[0]
    return (line.right - line.left) * (len(word) + 1) / max(1, len(line.text))


def _is_item(text: str) -> bool:
    return bool(BULLET.match(text) or _NUMBERED.match(text) or re.match(r"[–—-] \S", text))


def _bulleted(lines: list[Line]) -> list[Line]:
    """Write a list's bullet, whatever the file draws for it, as the "- " of all readers."""
    first = lines[0]
    if not BULLET.match(first.text) or len(first.text) < 3:
        return lines
    return [replace(first, text="-" + first.text[1:]), *lines[1:]]
