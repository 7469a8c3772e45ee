"""Sheets of cells to canonical text: one heading and place for each sheet, one line for each row. Knows no format."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from qa.load.extracted import Extracted
from qa.load.formats.blocks import Blocks, Run, one_line


@dataclass(frozen=True, slots=True)
class Cell:
    """What one cell shows; columns count from 0. `hidden` says why nobody sees it."""

    column: int
    words: str
    hidden: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row's cells that show something, in order; `number` is the one beside it, counted from 1."""

    number: int
    cells: Sequence[Cell]
    hidden: str = ""


@dataclass(slots=True)
class Sheet:
    """A sheet as it is shown. `remarks` are notes and text boxes upon it: (place's kind, label, words)."""

    name: str
    rows: list[Row] = field(default_factory=list)
    hidden: str = ""
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
        _write_rows(blocks, sheet.rows)
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


def _write_rows(blocks: Blocks, rows: list[Row]) -> None:
    blocks.pause()
    used = sorted({cell.column for row in rows for cell in row.cells})
    at_of = {column: at for at, column in enumerate(used)}
    names = [column_name(column) for column in used]
    for row in rows:
        if not row.cells:
            continue
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
