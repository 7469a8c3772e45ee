"""Excel workbooks (XLSX, XLSM, XLTX and the older XLS): cells as people see them, sheet after sheet.

Newer workbooks are read here, element by element, since a reader has to know number formats and hidden rows,
and must not lay out a sheet of 17 thousand million cells because its last one is filled; XLS in `xls.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from xml.etree.ElementTree import Element

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats import ooxml
from qa.load.formats.blocks import Blocks
from qa.load.formats.grid import Cell, Merged, Row, Sheet, column_number, extracted, write_sheets
from qa.load.formats.numberformat import BUILT_IN, shown, shown_text
from qa.load.formats.ooxml import is_on, number
from qa.load.formats.scripts import lowered, raised
from qa.load.formats.zipped import Package, is_ole, reading

_KIND = "an Excel workbook"
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
INVISIBLE = "invisible colour"
_SCRIPTS = {"superscript": raised, "subscript": lowered}
_MOST_MERGED = 100_000  # cells of one sheet
_MOST_COLUMNS = 16_384
_DIGITS = 12  # of the number of a shared string
_MOST_ROWS = 1_048_576


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return each sheet as a heading and lines of cells; XLS is told from XLSX by its bytes.

    Formulas stand with the value they had when the file was saved.
    """
    with reading(_KIND):
        if is_ole(data) and "EncryptedPackage".encode("utf-16-le") not in data:
            from qa.load.formats import xls

            return xls.extract(data, limits)
        return _extract_xlsx(data, limits)


@dataclass(frozen=True, slots=True)
class _Styles:
    """For each cell format: its number format, whether its letters are white on nothing, and whether struck out."""

    codes: list[str] = field(default_factory=list)
    white: list[bool] = field(default_factory=list)
    struck: list[bool] = field(default_factory=list)


@dataclass(slots=True)
class Budget:
    """Cells that may still be kept, and what was met beyond them or without a value."""

    cells: int
    lost: int = 0
    unsaved: int = 0


def _extract_xlsx(data: bytes, limits: Limits) -> Extracted:
    package = Package(data, limits, _KIND)
    main = ooxml.main_part(package, "xl/workbook.xml")
    related = ooxml.relations(package, main)
    workbook = package.xml(main)
    if workbook.tag != "x.workbook":
        raise Unreadable("it isn't a workbook of the kind its name says.", "Save it as XLSX.")
    properties = workbook.find("x.workbookPr")
    since_1904 = properties is not None and is_on(properties, "date1904") is True and "date1904" in properties.attrib
    parts = {one.kind: one.part for one in related.values() if one.part}
    strings = _shared_strings(package, parts.get("sharedStrings", ""))
    styles = _styles(package, parts.get("styles", ""))
    budget = Budget(limits.cells)
    entries = workbook.findall("x.sheets/x.sheet")

    def sheets() -> Iterator[Sheet]:
        for entry in entries[: limits.pages]:
            relation = related.get(entry.get("r.id", ""))
            sheet = Sheet(_unescaped(entry.get("name", "")))
            if entry.get("state", "visible") != "visible":
                sheet.hidden = "hidden sheet"
            if relation is not None and relation.part:
                if relation.kind == "worksheet":
                    target = _SheetTarget(sheet, strings, styles, since_1904, budget)
                    with package.sparing(relation.part):
                        package.feed(relation.part, target)
                    target.settle()
                with package.sparing(f"relations of {relation.part}"):
                    _addremarks(package, relation.part, sheet)
            yield sheet

    blocks = Blocks(limits)
    found = extracted(blocks, write_sheets(blocks, sheets()), notes=())
    known = ooxml.properties(package)
    notes = (*remarks(limits, budget, len(entries)), *blocks.struck_said())
    lost = found.lost + budget.lost
    passed = max(0, len(entries) - limits.pages)
    found = replace(
        found, title=known.title, author=known.author, date=known.date, notes=notes, lost=lost, passed=passed
    )
    return package.noted(found)


def remarks(limits: Limits, budget: Budget, sheets: int) -> Iterator[str]:
    """Say what of a workbook was left out."""
    if budget.cells <= 0 and budget.lost:
        yield f"Only the first {limits.cells:,} cells are read."
    if budget.unsaved:
        yield (
            f"Formulas without a saved value: {budget.unsaved:,}, which are left out. "
            "Open the file in a spreadsheet program and save it, then they have one."
        )
    if sheets > limits.pages:
        yield f"Only the first {limits.pages:,} sheets of {sheets:,} are read."


class _SheetTarget:
    """Takes a worksheet's elements and keeps its cells; hidden columns are known before rows begin."""

    def __init__(self, sheet: Sheet, strings: list[str], styles: _Styles, since_1904: bool, budget: Budget) -> None:
        self.sheet, self.strings, self.styles = sheet, strings, styles
        self.since_1904, self.budget = since_1904, budget
        self.hidden_columns: set[int] = set()
        self.coloured = False  # by rules or table styles, so that white letters may well be seen
        self.row = 0
        self.column = -1
        self.cells: list[Cell] = []
        self.row_hidden = ""
        self.type = ""
        self.style = 0
        self.value: list[str] = []
        self.has_formula = False
        self.script = ""  # of the run of rich text that is being read: "superscript", "subscript"
        self.struck = False
        self.taking = False
        self.skipping = 0  # inside phonetic hints

    def start(self, tag: str, attributes: dict[str, str], /) -> None:
        if tag == "x.c":
            match = _REFERENCE.fullmatch(attributes.get("r", ""))
            self.column = column_number(match[1]) if match else self.column + 1
            self.type = attributes.get("t", "n")
            style = attributes.get("s", "0")
            self.style = int(style) if style.isdecimal() and len(style) < 8 else 0
            self.value.clear()
            self.has_formula = False
            self.script, self.struck = "", False
        elif tag in ("x.v", "x.t"):
            self.taking = not self.skipping
        elif tag == "x.r":
            self.script, self.struck = "", False
        elif tag == "x.vertAlign":
            self.script = attributes.get("val", "")
        elif tag == "x.strike":
            self.struck = _is_true(attributes.get("val", "1"))
        elif tag == "x.mergeCell":
            self._merge(attributes.get("ref", ""))
        elif tag == "x.f":
            self.has_formula = True
        elif tag == "x.row":
            given = number(attributes.get("r"))
            self.row = given if 0 < given <= _MOST_ROWS else self.row + 1
            self.row_hidden = "hidden row" if "hidden" in attributes and _is_true(attributes["hidden"]) else ""
            self.column = -1
            self.cells = []
        elif tag == "x.rPh":
            self.skipping += 1
        elif tag == "x.col" and _is_true(attributes.get("hidden", "0")):
            last = min(number(attributes.get("max")), _MOST_COLUMNS)
            if len(self.hidden_columns) < _MOST_COLUMNS:
                self.hidden_columns.update(range(max(0, number(attributes.get("min")) - 1), last))
        elif tag in ("x.conditionalFormatting", "x.tablePart"):
            self.coloured = True

    def data(self, data: str, /) -> None:
        if self.taking:
            if self.struck:
                self.sheet.struck += 1
            else:
                self.value.append(_SCRIPTS[self.script](data) if self.script in _SCRIPTS else data)

    def end(self, tag: str, /) -> None:
        if tag in ("x.v", "x.t"):
            self.taking = False
        elif tag == "x.rPh":
            self.skipping -= 1
        elif tag == "x.c":
            self._keep_cell("".join(self.value))
        elif tag == "x.row" and self.cells:
            in_order = all(one.column < other.column for one, other in pairwise(self.cells))
            # a column that is named twice holds what was written last, as in Excel
            cells = self.cells if in_order else list({one.column: one for one in self.cells}.values())
            cells = cells if in_order else sorted(cells, key=lambda cell: cell.column)
            self.sheet.rows.append(Row(self.row, cells, self.row_hidden))
            self.cells = []  # a cell behind its row belongs to none

    def settle(self) -> None:
        """Put rows into order, and take back what was said of white letters where colours may lie behind them."""
        rows = self.sheet.rows
        if any(one.number >= other.number for one, other in pairwise(rows)):
            rows.sort(key=lambda row: row.number)
        if self.coloured:
            self.sheet.rows = [
                replace(row, cells=[replace(one, hidden="") if one.hidden == INVISIBLE else one for one in row.cells])
                for row in rows
            ]

    def _merge(self, written: str) -> None:
        ends = [_REFERENCE.fullmatch(one) for one in written.split(":")]
        if len(ends) == 2 and ends[0] and ends[1] and len(self.sheet.merged) < _MOST_MERGED:
            (left, top), (right, bottom) = ((column_number(one[1]), int(one[2])) for one in ends if one)
            if right < _MOST_COLUMNS and left <= right and top <= bottom:
                self.sheet.merged.append(Merged(top, left, bottom, right))

    def _keep_cell(self, raw: str) -> None:
        if not raw:
            self.budget.unsaved += self.has_formula and self.type != "str"
            return
        if not 0 <= self.column < _MOST_COLUMNS:
            return
        words = self._words(raw)
        if not words.strip():
            return
        if self.style < len(self.styles.struck) and self.styles.struck[self.style]:
            self.sheet.struck += 1
            return
        if self.budget.cells <= 0:
            self.budget.lost += len(words)
            return
        self.budget.cells -= 1
        self.cells.append(Cell(self.column, words, self._why_hidden()))

    def _words(self, raw: str) -> str:
        code = self.styles.codes[self.style] if self.style < len(self.styles.codes) else "General"
        if self.type == "s":
            at = int(raw) if raw.strip().isdecimal() and len(raw) < _DIGITS else -1
            return shown_text(self.strings[at], code) if 0 <= at < len(self.strings) else ""
        if self.type in ("str", "inlineStr"):
            return shown_text(_unescaped(raw), code)
        if self.type == "b":
            return "TRUE" if raw.strip() == "1" else "FALSE"
        if self.type != "n":
            return raw
        try:
            return shown(float(raw), code, since_1904=self.since_1904)
        except (ValueError, OverflowError):
            return raw

    def _why_hidden(self) -> str:
        if self.column in self.hidden_columns:
            return "hidden column"
        return INVISIBLE if self.style < len(self.styles.white) and self.styles.white[self.style] else ""


def _shared_strings(package: Package, part: str) -> list[str]:
    if not part:
        return []
    return [_unescaped(_rich_text(one)) for one in package.xml(part).findall("x.si")]


def _rich_text(element: Element) -> str:
    plain = element.find("x.t")
    parts = [plain.text or ""] if plain is not None else []
    for run in element.findall("x.r"):
        words = "".join(one.text or "" for one in run.findall("x.t"))
        look = run.find("x.rPr")
        if look is not None:
            if is_on(look.find("x.strike"), "val"):
                continue
            align = look.find("x.vertAlign")
            shift = _SCRIPTS.get(align.get("val", "")) if align is not None else None
            words = shift(words) if shift else words
        parts.append(words)
    return "".join(parts)


def _styles(package: Package, part: str) -> _Styles:
    root = package.part(part)
    if root is None:
        return _Styles()
    codes = dict(BUILT_IN)
    for one in root.findall("x.numFmts/x.numFmt"):
        codes[number(one.get("numFmtId"))] = one.get("formatCode", "General")
    struck = [bool(is_on(one.find("x.strike"), "val")) for one in root.findall("x.fonts/x.font")]
    fonts = [_is_white(one.find("x.color")) for one in root.findall("x.fonts/x.font")]
    filled = [
        one.find("x.gradientFill") is not None
        or any(each.get("patternType", "none") != "none" for each in one.findall("x.patternFill"))
        for one in root.findall("x.fills/x.fill")
    ]
    styles = _Styles()
    for one in root.findall("x.cellXfs/x.xf"):
        font, fill = number(one.get("fontId")), number(one.get("fillId"))
        styles.codes.append(codes.get(number(one.get("numFmtId")), "General"))
        styles.struck.append(0 <= font < len(struck) and struck[font])
        styles.white.append(0 <= font < len(fonts) and fonts[font] and not (0 <= fill < len(filled) and filled[fill]))
    return styles


def _is_white(colour: Element | None) -> bool:
    if colour is None:
        return False
    # theme colour 0 is the background's; a tint makes it darker
    return colour.get("rgb", "").upper() == "FFFFFFFF" or (colour.get("theme") == "0" and "tint" not in colour.attrib)


def _addremarks(package: Package, part: str, sheet: Sheet) -> None:
    """Keep a sheet's notes and the words of its text boxes."""
    for relation in ooxml.relations(package, part).values():
        if relation.kind == "comments" and relation.part:
            comments = package.part(relation.part)
            for one in comments.iter("x.comment") if comments is not None else ():
                text = one.find("x.text")
                if text is not None:
                    sheet.remarks.append(("comment", one.get("ref", ""), _rich_text(text)))
        elif relation.kind == "drawing" and relation.part:
            drawing = package.part(relation.part)
            for one in drawing.iter("a.p") if drawing is not None else ():
                words = "".join(each.text or "" for each in one.iter("a.t"))
                if words.strip():
                    sheet.remarks.append(("text box", sheet.name, words))


def _unescaped(words: str) -> str:
    if "_x" not in words:
        return words
    return _ESCAPED.sub(lambda match: _character(int(match[1], 16), match[0]), words)


def _character(code: int, written: str) -> str:
    return written if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


def _is_true(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "on")
