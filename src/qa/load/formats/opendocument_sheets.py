"""OpenDocument's sheets: cells as they show, those that repeat others within bounds. Knows no package."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element

from qa.load.extracted import Extracted
from qa.load.formats.blocks import joined
from qa.load.formats.grid import Cell, Merged, Row, Sheet, column_name, extracted, write_sheets
from qa.load.formats.ooxml import number
from qa.load.formats.opendocument_styles import Style

if TYPE_CHECKING:
    from qa.load.formats.opendocument import Walker

_CELLS = ("table.table-cell", "table.covered-table-cell")
_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
_MOST_MERGED = 100_000
_MOST_REPEATED = 50_000  # cells that stand in the file but once: a few bytes may claim thousands of millions


def read_sheets(body: Element, walker: Walker) -> Extracted:
    """Return each sheet as a heading and lines of cells."""
    limits = walker.blocks.limits
    room = _Room(limits.cells)
    tables = body.findall("table.table")

    def sheets() -> Iterator[Sheet]:
        for table in tables[: limits.pages]:
            yield _read_sheet(table, walker, room)

    found = extracted(walker.blocks, write_sheets(walker.blocks, sheets()))
    notes = []
    if room.lost and not room.is_repeating:
        notes.append(f"Only the first {limits.cells:,} cells are read.")
    if room.is_repeating:
        notes.append(f"Cells that only repeat the one before them are read up to {_MOST_REPEATED:,} times in all.")
    if len(tables) > limits.pages:
        notes.append(f"Only the first {limits.pages:,} sheets of {len(tables):,} are read.")
    notes += walker.blocks.struck_said()
    passed = max(0, len(tables) - limits.pages)
    return replace(found, lost=found.lost + room.lost, notes=tuple(notes), passed=passed)


@dataclass(slots=True)
class _Room:
    """Cells that may yet be kept, and how many of those may repeat others; characters of those that weren't kept."""

    cells: int
    repeats: int = _MOST_REPEATED
    lost: int = 0
    is_repeating: bool = False

    def again(self, times: int, cells: int, characters: int) -> int:
        """Return how often, of so many times, these cells with so many characters may be repeated."""
        taken = min(times, self.repeats // max(1, cells))
        self.repeats -= taken * cells
        if taken < times:
            self.lost += (times - taken) * characters
            self.is_repeating = True
        return taken


def _read_sheet(table: Element, walker: Walker, room: _Room) -> Sheet:
    shown = walker.style("table", table.get("table.style-name", "")).shown
    sheet = Sheet(table.get("table.name", ""), hidden="" if shown else "hidden sheet")
    hidden_columns = _hidden_columns(table)
    at = 1
    for row in rows_of(table):
        repeat = max(1, number(row.get("table.number-rows-repeated"), 1))
        cells = list(_read_cells(row, at, sheet, hidden_columns, room, walker))
        characters = sum(len(cell.words) for cell in cells)
        why = "" if row.get("table.visibility", "visible") == "visible" else "hidden row"
        repeats = min(repeat - 1, _MOST_ROWS - at)  # no program shows more rows
        rows = 1 + room.again(repeats, len(cells), characters) if cells and repeats >= 0 else 0
        for again in range(rows):
            if room.cells < len(cells):
                room.lost += characters * (rows - again)
                break
            room.cells -= len(cells)
            sheet.rows.append(Row(at + again, cells, why))
        at += repeat
    for shapes in table.findall("table.shapes"):
        for paragraph in shapes.iter("text.p"):
            sheet.remarks.append(("text box", sheet.name, words_of(paragraph, walker)[0]))
    return sheet


def _read_cells(
    row: Element, row_number: int, sheet: Sheet, hidden_columns: set[int], room: _Room, walker: Walker
) -> Iterator[Cell]:
    column = 0
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        repeat = max(1, number(cell.get("table.number-columns-repeated"), 1))
        for note in cell.findall("office.annotation"):
            words = "\n".join(words_of(one, walker)[0] for one in note.iter("text.p"))
            sheet.remarks.append(("comment", f"{column_name(column)}{row_number}", words))
        style = walker.style("table-cell", cell.get("table.style-name", ""))
        pairs = [words_of(one, walker, style) for one in cell.findall("text.p")]
        words = "\n".join(words for words, _ in pairs)
        sheet.struck += sum(struck for _, struck in pairs)
        if cell.tag == _CELLS[0] and ("table.number-columns-spanned" in cell.attrib):
            across, down = (number(cell.get(f"table.number-{one}-spanned"), 1) for one in ("columns", "rows"))
            if max(across, down) > 1 and len(sheet.merged) < _MOST_MERGED and column < _MOST_COLUMNS:
                right, bottom = min(column + across, _MOST_COLUMNS) - 1, min(row_number + down - 1, _MOST_ROWS)
                sheet.merged.append(Merged(row_number, column, bottom, right))
        if words.strip() and cell.tag == _CELLS[0]:
            shown = min(repeat, _MOST_COLUMNS - column)
            for at in range(column, column + 1 + room.again(shown - 1, 1, len(words)) if shown > 0 else column):
                yield Cell(at, words, "hidden column" if at in hidden_columns else "")
        column += repeat


def rows_of(table: Element) -> Iterator[Element]:
    """Yield a table's rows in order, in whatever groups they stand."""
    for one in table:
        if one.tag == "table.table-row":
            yield one
        elif one.tag in ("table.table-header-rows", "table.table-rows", "table.table-row-group"):
            yield from rows_of(one)


def _hidden_columns(table: Element) -> set[int]:
    hidden: set[int] = set()
    at = 0
    for one in table.iter("table.table-column"):
        repeat = max(1, number(one.get("table.number-columns-repeated"), 1))
        if one.get("table.visibility", "visible") != "visible":
            hidden.update(range(at, min(at + repeat, _MOST_COLUMNS)))
        at += repeat
    return hidden


def words_of(paragraph: Element, walker: Walker, style: Style | None = None) -> tuple[str, int]:
    """Return a paragraph's words on one line, and how many parts of it are struck out and left out."""
    if not len(paragraph) and style is None:
        return paragraph.text or "", 0
    struck = style.struck if style is not None else None
    if not len(paragraph):
        return ("", int(bool(paragraph.text))) if struck else (paragraph.text or "", 0)
    runs = [*walker.inline(paragraph, Style(shaded=True, struck=struck))]
    walker.after.clear()
    return joined(runs, " ")[0], sum(run.left_out for run in runs)
