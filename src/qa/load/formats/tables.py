"""Tables as they are understood: merged cells stand in every row and column they cover, headers in one line.

A row that is quoted alone must read whole, and a cell must be found by the full label of its column. Knows no format:
readers bring cells with how far they reach.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from qa.load.formats.blocks import Run, joined

_MOST_CELLS = 1_000_000  # of one table, with those that merged ones are repeated in
_WIDEST = 1_000
_LONGEST_GROUP = 80  # characters of a label across the table, which stands over a group of rows
_LONGEST_AGAIN = 200  # characters of a cell that are written once for each column it covers
_MOST_HEADERS = 4
_MOST_TITLES = 10
_UNIT = re.compile(r"[\[(][^\[\]()]{1,12}[\])]")
_FIGURE = re.compile(r"(?!(?:19|20)\d\d$)[-−+(]?[\d.,\s]*\d[\d.,\s)%€$£]*")  # a year may well be a label


class Rows(Protocol):
    """Where rows are written."""

    def row(self, cells: Sequence[list[Run]], labels: Sequence[str] = (), *, hidden: str = "") -> object:
        """Write one row; `labels` name the place of each cell."""
        ...

    def pause(self) -> None:
        """Set the next row apart from the last one."""
        ...


@dataclass(slots=True)
class TableCell:
    """A cell's words; how many columns and rows it covers; what the file calls its place, if anything."""

    runs: list[Run] = field(default_factory=list)
    across: int = 1
    down: int = 1
    label: str = ""
    words: str = ""

    def __post_init__(self) -> None:
        self.words = self.words or joined(self.runs, " ")[0]


@dataclass(slots=True)
class TableRow:
    """A row's cells, without those that a merged one covers. `header`: the file says that it is one."""

    cells: list[TableCell]
    hidden: str = ""
    header: bool = False


@dataclass(slots=True)
class Line:
    """A row in which each column has its cell, the same one wherever it reaches; None where there is none."""

    cells: list[TableCell | None]
    hidden: str = ""
    header: bool = False

    def at(self, column: int) -> TableCell | None:
        """Return the cell of a column, None where it has none or an empty one."""
        cell = self.cells[column] if column < len(self.cells) else None
        return cell if cell is not None and cell.words else None

    def distinct(self) -> list[TableCell]:
        """Return the cells that have words, each once."""
        return list({id(cell): cell for cell in self.cells if cell is not None and cell.words}.values())


def write_table(blocks: Rows, rows: Sequence[TableRow]) -> None:
    """Write a table: what stands across it on top as paragraphs, its header rows as one line, then its rows.

    A label that stands across the table over a group of rows is put to the first cell of each.
    """
    lines = spread(rows)
    first = titles(lines)
    write_titles(blocks, lines[:first])
    body = lines[first:]
    headers = header_rows(body)
    blocks.pause()
    if headers > 1:
        write_header(blocks, body[:headers])
        body = body[headers:]
    group = ""
    for at, line in enumerate(body):
        if _is_across(line):
            following = body[at + 1] if at + 1 < len(body) else None
            label = line.distinct()[0].words
            group = ""
            if at and following is not None and not _is_across(following) and len(label) <= _LONGEST_GROUP:
                group = label
                continue
        _write_row(blocks, line, group)
    blocks.pause()


def spread(rows: Sequence[TableRow]) -> list[Line]:
    """Give each row the cells that reach into it from above, and each column those that reach across it."""
    lines: list[Line] = []
    reaching: dict[int, tuple[int, TableCell]] = {}  # column → rows it still covers, and which cell
    room = _MOST_CELLS
    for row in rows:
        cells: list[TableCell | None] = []
        onward: dict[int, tuple[int, TableCell]] = {}
        at = 0
        while (at < len(row.cells) or reaching) and len(cells) < _WIDEST + len(row.cells):
            column = len(cells)
            if column in reaching:
                left, cell = reaching.pop(column)
                cells.append(cell)
                if left > 1:
                    onward[column] = (left - 1, cell)
            elif at >= len(row.cells):
                cells.append(None)
            else:
                cell = row.cells[at]
                at += 1
                width = max(1, min(cell.across, _WIDEST)) if room > 0 else 1
                for over in range(column, column + width):
                    if over > column and over in reaching:
                        break
                    cells.append(cell)
                    if cell.down > 1 and room > 0:
                        onward[over] = (min(cell.down, len(rows)) - 1, cell)
        room -= len(cells)
        reaching = onward
        lines.append(Line(cells, row.hidden, row.header))
    return lines


def titles(lines: Sequence[Line]) -> int:
    """Return how many rows at the top only hold a title or a note that stands over the table."""
    count = 0
    for line in lines[:_MOST_TITLES]:
        alone = line.distinct()
        if len(alone) > 1 or (alone and line.at(0) is not alone[0]) or line.hidden:
            break
        count += 1
    below = lines[count:]
    return count if len(below) > 1 and sum(len(line.distinct()) > 1 for line in below[:3]) > 1 else 0


def header_rows(lines: Sequence[Line]) -> int:
    """Return how many rows are the header: what the file says, else what merged labels and units show; 1 at least."""
    said = 0
    while said < min(len(lines), _MOST_HEADERS) and lines[said].header:
        said += 1
    count = max(1, said if said < len(lines) else 1)
    while count < min(_MOST_HEADERS, len(lines) - 1) and (
        _goes_on(lines[count - 1], lines[count], lines[count + 1]) or _are_units(lines[count])
    ):
        count += 1
    return count if not any(line.hidden for line in lines[:count]) else 1


def is_figure(words: str) -> bool:
    """Tell whether a cell holds a number and nothing else; a year may well be a label."""
    return bool(_FIGURE.fullmatch(words.strip()))


def write_titles(blocks: Rows, lines: Sequence[Line]) -> None:
    """Write each row of a title or note as a paragraph, with its cell's place."""
    for line in lines:
        for cell in line.distinct():
            blocks.pause()
            blocks.row([cell.runs], [cell.label] if cell.label else ())
    blocks.pause()


def write_header(blocks: Rows, lines: Sequence[Line]) -> None:
    """Write header rows as one: over each column the labels that stand above it, outermost first."""
    width = max(len(line.cells) for line in lines)
    cells: list[list[Run]] = []
    labels: list[str] = []
    carried: list[TableCell | None] = [None] * len(lines)
    for column in range(width):
        runs: list[Run] = []
        met: list[TableCell] = []
        for at, line in enumerate(lines):
            cell = line.at(column)
            if cell is None and at + 1 < len(lines) and lines[at + 1].at(column) is not None and column:
                cell = carried[at]  # a label whose columns aren't merged stands over the first of them
            carried[at] = cell
            if cell is not None and not any(cell is one or cell.words == one.words for one in met):
                met.append(cell)
        for cell in met:
            runs += [Run(" "), *cell.runs] if runs else cell.runs
        cells.append(runs)
        labels.append(next((cell.label for cell in reversed(met)), ""))
    blocks.row(cells, labels if any(labels) else ())


def _goes_on(upper: Line, lower: Line, after: Line) -> bool:
    """Tell whether a header row is followed by one of labels that stand under its own."""
    width = max(len(upper.cells), len(lower.cells))
    if _is_across(upper) or any(is_figure(cell.words) for cell in lower.distinct() if cell not in upper.cells):
        return False
    over = {
        at for at, (one, other) in enumerate(pairwise(upper.cells)) if one is other and one is not None and one.words
    }
    spanned = over | {at + 1 for at in over}
    if not spanned:
        # labels that stand over the first of their columns without being merged: figures must follow
        spanned = {at for at in range(1, width) if upper.at(at) is None and lower.at(at) is not None}
        spanned |= {at - 1 for at in spanned if at > 1 and upper.at(at - 1) is not None}
        figures = any(is_figure(cell.words) for cell in after.distinct())
        if not figures or not any(upper.at(at) for at in range(1, width)) or 0 in spanned:
            return False
    for column in range(width):
        above, below = upper.at(column), lower.at(column)
        if column in spanned:
            if below is None:
                return False
        elif above is not None and below is not None and above is not below:
            return False
    return True


def _are_units(line: Line) -> bool:
    cells = line.distinct()
    return bool(cells) and all(_UNIT.fullmatch(cell.words) for cell in cells)


def _is_across(line: Line) -> bool:
    return len(line.cells) > 1 and len(line.distinct()) == 1 and len({id(cell) for cell in line.cells}) == 1


def _write_row(blocks: Rows, line: Line, group: str = "") -> None:
    cells: list[list[Run]] = []
    labels: list[str] = []
    last: TableCell | None = None
    for column, cell in enumerate(line.cells):
        again = cell is last and cell is not None and (_is_across(line) or len(cell.words) > _LONGEST_AGAIN)
        runs = cell.runs if cell is not None and not again else []
        cells.append([Run(f"{group}: "), *runs] if group and not column else runs)
        labels.append(cell.label if cell is not None else "")
        last = cell
    blocks.row(cells, labels if any(labels) else (), hidden=line.hidden)
