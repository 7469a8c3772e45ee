"""Excel workbooks of before 2007 (XLS), through `xlrd`, which keeps number formats and what is hidden.

It is handed the workbook's stream only: its own way through the container around that has no end on some files.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace

import xlrd  # type: ignore[import-untyped]

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.blocks import Blocks, one_line
from qa.load.formats.compound import stream
from qa.load.formats.grid import Cell, Row, Sheet, column_name, extracted, write_sheets
from qa.load.formats.numberformat import BUILT_IN, shown, shown_text
from qa.load.formats.sheets import INVISIBLE, Budget, remarks
from qa.load.formats.zipped import ANEW, reading


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return each sheet as a heading and lines of cells, as `sheets.extract` does."""
    with reading("an Excel workbook"):
        return _extract(data, limits)


def _extract(data: bytes, limits: Limits) -> Extracted:
    workbook = stream(data, "Workbook", "Book")
    if workbook is None:
        raise Unreadable("it is no workbook, but another file of an older Office format.", "Save it as XLSX.")
    try:
        book = xlrd.open_workbook(
            file_contents=workbook, formatting_info=True, on_demand=True, ragged_rows=True, logfile=io.StringIO()
        )
    except xlrd.XLRDError as exc:
        if "encrypted" in str(exc).lower():
            raise Unreadable("it is protected by a password.", "Save a copy without the password.") from exc
        raise Unreadable(f"it isn't a workbook that can be read ({exc}).", "Save it as XLSX.") from exc
    except Exception as exc:
        raise Unreadable("it is damaged, or no workbook of Excel's.", ANEW) from exc
    budget = Budget(limits.cells)

    damaged: list[str] = []

    def sheets() -> Iterator[Sheet]:
        for at in range(min(book.nsheets, limits.pages)):
            try:
                yield _xls_sheet(book, book.sheet_by_index(at), budget)
            except MemoryError:
                raise
            except Exception:  # noqa: BLE001 - the library raises whatever it stumbles on; other sheets may be sound
                name = book.sheet_names()[at]
                damaged.append(one_line(name) or str(at + 1))
                yield Sheet(name)
            book.unload_sheet(at)

    blocks = Blocks(limits)
    found = extracted(blocks, write_sheets(blocks, sheets()), notes=())
    if damaged and len(damaged) == min(book.nsheets, limits.pages):
        raise Unreadable("it is damaged: none of its sheets can be read.", ANEW)
    notes = tuple(remarks(limits, budget, book.nsheets))
    if damaged:
        notes = (f"Damaged sheets, which could not be read: {', '.join(damaged)}.", *notes)
    return replace(found, author=one_line(book.user_name or ""), notes=notes, lost=found.lost + budget.lost)


def _xls_sheet(book, source, budget: Budget) -> Sheet:  # type: ignore[no-untyped-def]  # noqa: ANN001
    sheet = Sheet(source.name, hidden="hidden sheet" if source.visibility else "")
    hidden_columns = {column for column, info in source.colinfo_map.items() if info.hidden}
    for row in range(source.nrows):
        cells = []
        for column, (kind, value) in enumerate(zip(source.row_types(row), source.row_values(row), strict=True)):
            if not kind or value == "":
                continue
            form = book.xf_list[source.cell_xf_index(row, column)]
            words = _xls_words(book, kind, value, form)
            if not words.strip():
                continue
            if budget.cells <= 0:
                budget.lost += len(words)
                continue
            budget.cells -= 1
            white = book.colour_map.get(book.font_list[form.font_index].colour_index) == (255, 255, 255)
            why = "hidden column" if column in hidden_columns else ""
            if not why and white and form.background.fill_pattern == 0:
                why = INVISIBLE
            cells.append(Cell(column, words, why))
        info = source.rowinfo_map.get(row)
        if cells:
            sheet.rows.append(Row(row + 1, cells, "hidden row" if info is not None and info.hidden else ""))
    for (row, column), note in sorted(source.cell_note_map.items()):
        sheet.remarks.append(("comment", f"{column_name(column)}{row + 1}", note.text))
    return sheet


def _xls_words(book, kind: int, value: object, form) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
    known = book.format_map.get(form.format_key)
    # what a file names by number only depends on the reader's country, as in XLSX
    code = (
        BUILT_IN.get(form.format_key, "General") if form.format_key in (14, 22) or known is None else known.format_str
    )
    if kind == xlrd.XL_CELL_TEXT:
        return shown_text(str(value), code)
    if kind == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if value else "FALSE"
    if kind == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(value, ""))
    return shown(float(str(value)), code, since_1904=book.datemode == 1)
