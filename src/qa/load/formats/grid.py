"""Sheets of cells to canonical text: one heading and place for each sheet, one line for each row. Knows no format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from qa.load.extracted import Extracted
from qa.load.formats.blocks import Blocks, Run, one_line
from qa.load.formats.tables import (
    Line,
    TableCell,
    header_rows,
    is_figure,
    titles,
    write_header,
    write_titles,
)

_LOOKED_AT = 16  # rows of a table in which its title and header are looked for
_MOST_AGAIN = 100_000  # cells of a sheet that stand where a merged one reaches
_LEAST = 2  # columns and rows of a table beside another


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell shows; columns count from 0. `hidden` says why nobody sees it, `merged` which merged one it is."""

    column: int
    words: str
    hidden: str = ""
    merged: int = -1


@dataclass(frozen=True, slots=True)
class Merged:
    """Which rows and columns, first to last, one merged cell covers."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells that show something, in order; `number` is the one beside it, counted from 1."""

    number: int
    cells: Sequence[Cell]
    hidden: str = ""


@dataclass(slots=True)
class Sheet:
    """A sheet as it is shown. `remarks` are notes and text boxes upon it: (place's kind, label, words).

    `struck` counts cells and parts of them that were left out, as they are struck out.
    """

    name: str
    rows: list[Row] = field(default_factory=list)
    hidden: str = ""
    merged: list[Merged] = field(default_factory=list)
    struck: int = 0
    remarks: list[tuple[str, str, str]] = field(default_factory=list)


def column_name(column: int) -> str:
    """Return the letters above a column, which counts from 0: A, B … Z, AA."""
    letters = ""
    column += 1
    while column > 0:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def column_number(letters: str) -> int:
    """Return the column, counted from 0, that stands under these letters; -1 for none."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def write_sheets(blocks: Blocks, sheets: Iterable[Sheet]) -> tuple[int, tuple[str, ...]]:
    """Write sheets in order; return how many there are, and those without text as a person would say it.

    A column stands in every row of its sheet, so that cells keep their order under the header; rows and
    columns in which nothing stands at all are left out.
    """
    count = 0
    empty = []
    for sheet in sheets:
        count += 1
        offset = blocks.length
        blocks.paragraph([Run(sheet.name)], heading=1)
        written = blocks.length
        blocks.struck += sheet.struck
        for table in _tables(filled(sheet.rows, sheet.merged)):
            _write_rows(blocks, table)
        for kind, label, words in sheet.remarks:
            start = blocks.length
            blocks.paragraph([Run(words)])
            blocks.place(kind, label, start)
        if blocks.length == written:
            empty.append(f"sheet {one_line(sheet.name)}: no text")
        blocks.place("sheet", sheet.name, offset)
        if sheet.hidden:
            blocks.hide(sheet.hidden, offset)
        blocks.pause()
    return count, tuple(empty)


def extracted(blocks: Blocks, counted: tuple[int, tuple[str, ...]], *, notes: Iterable[str] = ()) -> Extracted:
    """Return what was written; title, author and date are for the format to add."""
    count, empty = counted
    return Extracted(
        text=blocks.text,
        headings=tuple(blocks.headings),
        places=blocks.sorted_places(),
        parts=count,
        empty=empty,
        hidden=blocks.sorted_hidden(),
        lost=blocks.lost,
        notes=tuple(notes),
    )


def filled(rows: list[Row], merged: Sequence[Merged]) -> list[Row]:
    """Return the rows with each merged cell's words wherever it reaches, so that every row reads whole.

    One that reaches across all columns of the sheet stands once.
    """
    if not merged:
        return rows
    at_of = {row.number: at for at, row in enumerate(rows)}
    columns = [cell.column for row in rows for cell in row.cells]
    first, last = min(columns, default=0), max(columns, default=0)
    added: dict[int, list[Cell]] = {}
    room = _MOST_AGAIN
    for number, one in enumerate(merged):
        origin = rows[at_of[one.top]] if one.top in at_of else None
        cell = next((each for each in origin.cells if each.column == one.left), None) if origin else None
        across = one.left <= first and one.right >= last and one.top == one.bottom
        if cell is None or across:
            continue
        for at in range(at_of[one.top], len(rows)):
            if rows[at].number > one.bottom or room <= 0:
                break
            again = [replace(cell, column=column, merged=number) for column in range(one.left, one.right + 1)][:room]
            added.setdefault(at, []).extend(again)
            room -= len(again)
    return [row if at not in added else replace(row, cells=_with(row.cells, added[at])) for at, row in enumerate(rows)]


def _with(cells: Sequence[Cell], added: Sequence[Cell]) -> list[Cell]:
    by_column = {cell.column: cell for cell in [*cells, *added]}
    return [by_column[column] for column in sorted(by_column)]


def _tables(rows: list[Row]) -> Iterator[list[Row]]:
    """Yield the tables of a sheet: beside each other where a column between is empty, below where rows are."""
    rows = [row for row in rows if row.cells]
    used = sorted({cell.column for row in rows for cell in row.cells})
    gaps = [after for before, after in pairwise(used) if after - before > 1]
    for gap in gaps:
        left, right = _beside(rows, gap)
        if _are_apart(left, right):
            yield from _below(left)
            yield from _tables(right)
            return
    yield from _below(rows)


def _beside(rows: Sequence[Row], gap: int) -> tuple[list[Row], list[Row]]:
    left = [replace(row, cells=[cell for cell in row.cells if cell.column < gap]) for row in rows]
    right = [replace(row, cells=[cell for cell in row.cells if cell.column >= gap]) for row in rows]
    return [row for row in left if row.cells], [row for row in right if row.cells]


def _are_apart(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Tell whether two sides of an empty column are tables of their own, rather than one set wide."""
    for side in (left, right):
        if len(side) < _LEAST or len({cell.column for row in side for cell in row.cells}) < _LEAST:
            return False
    labels = [row.cells[0].words for row in right]
    if sum(map(is_figure, labels)) * 2 > len(labels):
        return False
    heads = [{cell.words.casefold() for cell in side[0].cells} for side in (left, right)]
    edges = [(side[0].number, side[-1].number) for side in (left, right)]
    return bool(heads[0] & heads[1]) or edges[0] != edges[1]


def _below(rows: list[Row]) -> Iterator[list[Row]]:
    """Yield the tables that stand one below the other: behind an empty row another title or header begins."""
    start = 0
    for at in range(1, len(rows) - 1):
        row, following = rows[at], rows[at + 1]
        if row.number - rows[at - 1].number < 2 or any(is_figure(cell.words) for cell in row.cells):
            continue
        heads = len(row.cells) >= _LEAST and any(is_figure(cell.words) for cell in following.cells)
        if heads or (len(row.cells) == 1 and len(following.cells) >= _LEAST and following.number == row.number + 1):
            yield rows[start:at]
            start = at
    if rows[start:]:
        yield rows[start:]


def _lines(rows: Sequence[Row], at_of: dict[int, int], names: Sequence[str]) -> list[Line]:
    """Return rows as lines of cells, in which a merged one is the same wherever it reaches."""
    known: dict[int, TableCell] = {}
    lines = []
    for row in rows:
        line = Line([None] * len(names), row.hidden)
        for cell in row.cells:
            at = at_of[cell.column]
            made = TableCell([Run(cell.words, cell.hidden)], label=f"{names[at]}{row.number}")
            line.cells[at] = known.setdefault(cell.merged, made) if cell.merged >= 0 else made
        lines.append(line)
    return lines


def _write_rows(blocks: Blocks, rows: list[Row]) -> None:
    blocks.pause()
    used = sorted({cell.column for row in rows for cell in row.cells})
    at_of = {column: at for at, column in enumerate(used)}
    names = [column_name(column) for column in used]
    if len(used) > 1 and len(used) * _LOOKED_AT < blocks.limits.cells:
        lines = _lines(rows[:_LOOKED_AT], at_of, names)
        above = titles(lines)
        headers = header_rows(lines[above:]) if len(rows) > above + 1 else 1
        write_titles(blocks, lines[:above])
        rows = rows[above:]
        if headers > 1:
            write_header(blocks, lines[above : above + headers])
            rows = rows[headers:]
    for row in rows:
        if blocks.is_full:
            # the rest is only counted: laying out rows that can't be kept may take hours
            blocks.lost += sum(len(cell.words) for cell in row.cells)
            continue
        width = at_of[row.cells[-1].column] + 1
        runs: list[list[Run]] = [[] for _ in range(width)]
        for cell in row.cells:
            runs[at_of[cell.column]] = [Run(cell.words, cell.hidden)]
        blocks.row(runs, [f"{name}{row.number}" for name in names[:width]], hidden=row.hidden)
    blocks.pause()
