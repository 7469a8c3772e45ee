"""OpenDocument files (ODT, ODS, ODP and their templates): text, sheets and slides from their content.xml.

What a cell shows stands in the file as text, so numbers and dates need no formatting here; list numbers are
counted as the list's style says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from xml.etree.ElementTree import Element

from qa.load.dates import iso
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.blocks import Blocks, Run
from qa.load.formats.grid import Cell, Row, Sheet, column_name, extracted, write_sheets
from qa.load.formats.ooxml import number, shown_number
from qa.load.formats.zipped import Package, reading

_KIND = "an OpenDocument file"
_SPACE = re.compile(r"[ \t\r\n]+")
_LENGTH = re.compile(r"(-?[\d.]+)(cm|mm|in|pt|pc|px)")
_POINTS = {"cm": 72 / 2.54, "mm": 72 / 25.4, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75}
_FORMATS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "1": "decimal"}
_TINY = 2.0  # points
_SIDE_BY_SIDE = 9.0  # points by which the tops of shapes on one line may differ
_FURNITURE = ("header", "footer", "date-time", "page-number", "page")
_DRAWN = frozenset(
    "draw.frame draw.custom-shape draw.rect draw.ellipse draw.circle draw.g draw.polygon draw.path draw.line "
    "draw.connector draw.caption draw.regular-polygon".split()
)
_SKIPPED = frozenset("text.tracked-changes office.forms text.sequence-decls text.variable-decls".split())
_CELLS = ("table.table-cell", "table.covered-table-cell")
_MOST_COLUMNS = 16_384
_MOST_ROWS = 1_048_576
_MOST_REPEATED = 50_000  # cells that stand in the file but once: a few bytes may claim thousands of millions
_DEEPEST_STYLE = 50  # styles taking after styles; more are no real document's


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the text of a document, a workbook or a presentation, told apart by what is in the file."""
    with reading(_KIND):
        package = Package(data, limits, _KIND)
        _refuse_encrypted(package)
        content = package.xml("content.xml")
        styles = package.part("styles.xml") if package.find("styles.xml") else None
        body = content.find("office.body")
        for one in body if body is not None else ():
            if one.tag == "office.spreadsheet":
                return package.noted(_with_metadata(package, _read_sheets(one, content, styles, limits)))
            if one.tag in ("office.text", "office.presentation", "office.drawing"):
                walker = _Walker(Blocks(limits), content, styles)
                found = walker.read_text(one) if one.tag == "office.text" else walker.read_slides(one)
                return package.noted(_with_metadata(package, found))
        raise Unreadable("it is neither a text nor a workbook nor a presentation.", "Save it as ODT, ODS or ODP.")


@dataclass(frozen=True, slots=True)
class _Style:
    """What a style says of whether words are seen, and of breaks; None is "as its parent says"."""

    parent: str = ""
    unseen: bool | None = None
    white: bool | None = None
    size: float | None = None
    shaded: bool | None = None
    breaks: bool = False
    shown: bool = True  # of a sheet or slide
    is_title: bool = False


@dataclass(frozen=True, slots=True)
class _Level:
    format: str | None  # None is a bullet
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    levels: int = 1  # how many of the outer ones' numbers are shown


@dataclass(slots=True)
class _Counted:
    """The numbers of one list that is being written, outermost first."""

    style: str
    counts: list[int] = field(default_factory=list)


def _refuse_encrypted(package: Package) -> None:
    if package.find("META-INF/manifest.xml"):
        root = package.xml("META-INF/manifest.xml")
        if next(iter(root.iter("manifest.encryption-data")), None) is not None:
            raise Unreadable("it is protected by a password.", "Save a copy without the password.")


def _with_metadata(package: Package, found: Extracted) -> Extracted:
    """Add title, author and date; a broken list of them counts as none."""
    try:
        root = package.xml("meta.xml") if package.find("meta.xml") else None
    except Unreadable:
        root = None
    if root is None:
        return found
    known = {one.tag: " ".join((one.text or "").split()) for meta in root.iter("office.meta") for one in meta}
    return replace(
        found,
        title=known.get("dc.title") or found.title,
        author=known.get("meta.initial-creator") or known.get("dc.creator", ""),
        date=iso(known.get("dc.date", "")) or iso(known.get("meta.creation-date", "")),
    )


class _Walker:
    """Writes the text of one document or presentation."""

    def __init__(self, blocks: Blocks, content: Element, styles: Element | None) -> None:
        self.blocks, self.styles_root = blocks, styles
        self.styles: dict[tuple[str, str], _Style] = {}
        self.resolved: dict[tuple[str, str], _Style] = {}
        self.list_styles: dict[str, dict[int, _Level]] = {}
        self.outline: dict[int, _Level] = {}
        for root in (styles, content):
            if root is not None:
                self._take_styles(root)
        self.outline_counts: list[int] = []
        self.lists: list[_Counted] = []
        self.last_list: dict[str, _Counted] = {}  # by style, for lists that go on
        self.after: list[tuple[str, str, Element]] = []
        self.commented = self.deleted = 0
        self.soft_breaks = False
        self.on_unknown_ground = False  # a slide or text box may be dark, and white letters on it in plain sight

    # a text document

    def read_text(self, body: Element) -> Extracted:
        blocks = self.blocks
        self.deleted = sum(1 for one in body.iter("text.deletion"))
        self.soft_breaks = next(iter(body.iter("text.soft-page-break")), None) is not None
        self._write_edges()
        start = blocks.length
        self._write_story(body)
        if self.soft_breaks:
            blocks.pages(1, start)
        pages = sum(place.kind == "page" for place in blocks.places)
        notes = []
        if pages:
            notes.append("Page numbers are those of the program that saved the file last.")
        if self.commented:
            notes.append(f"Comments in the text: {self.commented:,}, each after the paragraph it is about.")
        if self.deleted:
            notes.append(f"Tracked deletions: {self.deleted:,}. Their text is left out.")
        return self._extracted(pages, () if blocks.length else ("the document: no text",), notes)

    def _write_edges(self) -> None:
        """Write the headers and footers of page styles, each once."""
        written: set[str] = set()
        for page in self.styles_root.iter("style.master-page") if self.styles_root is not None else ():
            for edge in page:
                kind = edge.tag.removeprefix("style.").partition("-")[0]
                words = " ".join("".join(edge.itertext()).split())
                if kind not in ("header", "footer") or edge.get("style.display") == "false" or words in written:
                    continue
                if not any(letter.isalpha() for letter in words):
                    continue  # a page number, which is another on every page
                written.add(words)
                offset = self.blocks.length
                self._write_story(edge)
                name = page.get("style.display-name", "") or page.get("style.name", "")
                self.blocks.place(kind, name, offset)

    def _extracted(self, parts: int, empty: tuple[str, ...], notes: list[str]) -> Extracted:
        blocks = self.blocks
        return Extracted(
            text=blocks.text,
            headings=tuple(blocks.headings),
            title=next((one.words for one in blocks.headings if one.level == 1), ""),
            places=blocks.sorted_places(),
            parts=parts,
            empty=empty,
            hidden=blocks.sorted_hidden(),
            lost=blocks.lost,
            notes=tuple(notes),
        )

    # slides

    def read_slides(self, body: Element) -> Extracted:
        blocks = self.blocks
        self.on_unknown_ground = True
        pages = body.findall("draw.page")
        empty = []
        for at, page in enumerate(pages[: blocks.limits.pages], 1):
            offset = blocks.length
            self._write_shapes(page)
            if blocks.length == offset:
                empty.append(f"slide {at}: no text")
            self._write_slide_notes(at, page)
            for one in page.iter("office.annotation"):
                self._keep_comment(one)
            self._write_attached()
            blocks.place("slide", str(at), offset)
            if not self.style("drawing-page", page.get("draw.style-name", "")).shown:
                blocks.hide("hidden slide", offset)
        return self._extracted(len(pages), tuple(empty), [])

    def _write_slide_notes(self, at: int, page: Element) -> None:
        offset = self.blocks.length
        for notes in page.findall("presentation.notes"):
            self._write_shapes(notes)
        self.blocks.place("notes", str(at), offset)

    def _write_shapes(self, page: Element) -> None:
        for shape in _in_reading_order([one for one in page if one.tag in _DRAWN]):
            role = shape.get("presentation.class", "")
            if role in _FURNITURE or shape.get("presentation.placeholder") == "true":
                continue
            self.blocks.pause()
            if role == "title":
                lines = [run for one in shape.iter("text.p") for run in [Run(" "), *self._inline(one, _Style())]]
                flat = [replace(run, words=run.words.replace("\n", " ")) for run in lines]
                self.blocks.paragraph(flat, heading=1)
            elif shape.tag == "draw.g":
                self._write_shapes(shape)
            else:
                self._write_story(shape)
            self._write_attached()

    # blocks

    def _write_story(self, parent: Element) -> None:
        for one in parent:
            tag = one.tag
            if tag in ("text.p", "text.h"):
                self._write_paragraph(one)
            elif tag == "text.list":
                self._write_list(one)
            elif tag == "table.table":
                self._write_table(one)
            elif tag == "text.section":
                offset = self.blocks.length
                self._write_story(one)
                if one.get("text.display", "true") != "true":
                    self.blocks.hide("hidden section", offset)
            elif tag == "text.soft-page-break":
                self.blocks.marks.append((self.blocks.length, "page"))
            elif tag not in _SKIPPED and not tag.startswith("office.") and tag != "presentation.notes":
                self._write_story(one)

    def _write_paragraph(self, paragraph: Element, marker: str = "", level: int = 0) -> None:
        heading = 0
        if paragraph.tag == "text.h":
            heading = min(10, max(1, number(paragraph.get("text.outline-level"), 1)))
            marker = marker or self._outline_marker(paragraph, heading)
        style = self.style("paragraph", paragraph.get("text.style-name", ""))
        if style.is_title:
            heading = heading or 1
        runs = list(self._inline(paragraph, style))
        if self.soft_breaks and style.breaks and self.blocks.length:
            runs.insert(0, Run("", mark="page"))
        self.blocks.paragraph(runs, marker=marker, level=level, heading=heading)
        self._write_attached()

    def _write_attached(self) -> None:
        attached, self.after = self.after, []
        for kind, label, element in attached:
            offset = self.blocks.length
            lists, self.lists = self.lists, []
            unknown, self.on_unknown_ground = self.on_unknown_ground, self.on_unknown_ground or kind == "text box"
            self._write_story(element)
            self.lists, self.on_unknown_ground = lists, unknown
            if kind != "text box" and self.blocks.place(kind, label, offset):
                self.commented += kind == "comment"

    def _write_list(self, element: Element) -> None:
        depth = len(self.lists)
        style = element.get("text.style-name", "") or (self.lists[-1].style if self.lists else "")
        goes_on = element.get("text.continue-numbering") == "true" or element.get("text.continue-list")
        counted = self.last_list.get(style) if goes_on and not depth else None
        if counted is None:
            counted = _Counted(style, [*self.lists[-1].counts] if self.lists else [])
        self.lists.append(counted)
        if not depth:
            self.last_list[style] = counted
        for item in element:
            if item.tag not in ("text.list-item", "text.list-header"):
                continue
            marker = self._item_marker(item, counted, depth) if item.tag == "text.list-item" else ""
            for one in item:
                if one.tag in ("text.p", "text.h"):
                    self._write_paragraph(one, marker, depth)
                    marker = ""
                elif one.tag == "text.list":
                    self._write_list(one)
        self.lists.pop()

    def _item_marker(self, item: Element, counted: _Counted, depth: int) -> str:
        levels = self.list_styles.get(counted.style, {})
        level = levels.get(depth + 1, _Level(None))
        first = item.find("text.p") is None and item.find("text.h") is None
        if first:
            return ""  # an item that only holds a deeper list isn't counted
        counts = counted.counts
        given = item.get("text.start-value")
        if given:
            counts[depth:] = [number(given, 1)]
        elif len(counts) > depth:
            counts[depth:] = [counts[depth] + 1]
        else:
            counts += [levels.get(at + 1, level).start for at in range(len(counts), depth + 1)]
        return _marker(level, counts, levels)

    def _outline_marker(self, heading: Element, at: int) -> str:
        level = self.outline.get(at)
        if level is None or not level.format or heading.get("text.is-list-header") == "true":
            return ""
        counts = self.outline_counts
        if len(counts) >= at:
            counts[at - 1 :] = [counts[at - 1] + 1]
        else:
            counts += [self.outline.get(one + 1, level).start for one in range(len(counts), at)]
        return _marker(level, counts, self.outline)

    def _write_table(self, table: Element) -> None:
        rows = [[one for one in row if one.tag in _CELLS] for row in _rows(table)]
        cells = [cell for row in rows for cell in row]
        layout = len(cells) == 1 or any(
            next((each for tag in ("table.table", "text.h") for each in one.iter(tag)), None) is not None
            for one in cells
        )
        self.blocks.pause()
        for row in rows:
            if layout:
                for cell in row:
                    self._write_story(cell)
            else:
                self.blocks.row([list(self._cell_runs(cell)) for cell in row])
        self._write_attached()
        self.blocks.pause()

    def _cell_runs(self, cell: Element) -> Iterator[Run]:
        if cell.tag == "table.covered-table-cell":
            return
        for at, paragraph in enumerate(cell.iter("text.p")):
            if at:
                yield Run("\n")
            # what stands behind a cell's words isn't looked up, so white ones may well be seen
            yield from self._inline(paragraph, _Style(shaded=True))

    # words

    def _inline(self, parent: Element, base: _Style) -> Iterator[Run]:
        hidden = _why_hidden(replace(base, shaded=base.shaded or self.on_unknown_ground))
        if parent.text:
            yield Run(_SPACE.sub(" ", parent.text), hidden)
        for child in parent:
            yield from self._inline_part(child, base, hidden)
            if child.tail:
                yield Run(_SPACE.sub(" ", child.tail), hidden)

    def _inline_part(self, child: Element, base: _Style, hidden: str) -> Iterator[Run]:
        tag = child.tag
        if tag == "text.s":
            yield Run(" " * max(1, min(1000, number(child.get("text.c"), 1))), hidden)
        elif tag == "text.tab":
            yield Run("\t", hidden)
        elif tag == "text.line-break":
            yield Run("\n", hidden)
        elif tag == "text.soft-page-break":
            yield Run("", mark="page")
        elif tag == "text.span":
            style = self.style("text", child.get("text.style-name", ""))
            yield from self._inline(child, _over(style, base))
        elif tag == "text.note":
            note, sign = child.find("text.note-body"), child.find("text.note-citation")
            if note is not None:
                label = "".join(sign.itertext()) if sign is not None else ""
                self.after.append((child.get("text.note-class", "footnote"), label, note))
        elif tag == "office.annotation":
            self._keep_comment(child)
        elif tag == "text.ruby":
            for one in child.findall("text.ruby-base"):
                yield from self._inline(one, base)
        elif tag in ("text.hidden-text", "text.hidden-paragraph"):
            yield Run(child.get("text.string-value", ""), "hidden text")
        elif tag in _DRAWN:
            self.after.append(("text box", "", child))
        elif not tag.startswith("office."):
            yield from self._inline(child, base)

    def _keep_comment(self, comment: Element) -> None:
        author = comment.find("dc.creator")
        self.after.append(("comment", (author.text or "") if author is not None else "", comment))

    # styles

    def _take_styles(self, root: Element) -> None:
        for one in root.iter("style.style"):
            self.styles[one.get("style.family", ""), one.get("style.name", "")] = _read_style(one)
        for one in root.iter("text.list-style"):
            self.list_styles[one.get("style.name", "")] = _read_levels(one)
        for one in root.iter("text.outline-style"):
            self.outline = _read_levels(one)

    def style(self, family: str, name: str) -> _Style:
        """Return a style with what it takes over from its parents."""
        if (family, name) not in self.resolved:
            found = _Style()
            names: list[str] = []
            is_title = (family, name) == ("paragraph", "Title")
            breaks, shown = False, True
            key = name
            while (family, key) in self.styles and key not in names and len(names) < _DEEPEST_STYLE:
                names.append(key)
                one = self.styles[family, key]
                breaks, shown = breaks or one.breaks, shown and one.shown
                is_title = is_title or (family == "paragraph" and key == "Title")
                found = _over(found, one)
                key = one.parent
            self.resolved[family, name] = replace(found, breaks=breaks, shown=shown, is_title=is_title)
        return self.resolved[family, name]


# sheets


def _read_sheets(body: Element, content: Element, styles: Element | None, limits: Limits) -> Extracted:
    walker = _Walker(Blocks(limits), content, styles)
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


def _read_sheet(table: Element, walker: _Walker, room: _Room) -> Sheet:
    shown = walker.style("table", table.get("table.style-name", "")).shown
    sheet = Sheet(table.get("table.name", ""), hidden="" if shown else "hidden sheet")
    hidden_columns = _hidden_columns(table)
    at = 1
    for row in _rows(table):
        repeat = max(1, number(row.get("table.number-rows-repeated"), 1))
        cells = list(_read_cells(row, at, sheet, hidden_columns, room))
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
            sheet.remarks.append(("text box", sheet.name, _words(paragraph)))
    return sheet


def _read_cells(row: Element, row_number: int, sheet: Sheet, hidden_columns: set[int], room: _Room) -> Iterator[Cell]:
    column = 0
    for cell in row:
        if cell.tag not in _CELLS:
            continue
        repeat = max(1, number(cell.get("table.number-columns-repeated"), 1))
        for note in cell.findall("office.annotation"):
            words = "\n".join(_words(one) for one in note.iter("text.p"))
            sheet.remarks.append(("comment", f"{column_name(column)}{row_number}", words))
        words = "\n".join(_words(one) for one in cell.findall("text.p"))
        if words.strip() and cell.tag == _CELLS[0]:
            shown = min(repeat, _MOST_COLUMNS - column)
            for at in range(column, column + 1 + room.again(shown - 1, 1, len(words)) if shown > 0 else column):
                yield Cell(at, words, "hidden column" if at in hidden_columns else "")
        column += repeat


def _hidden_columns(table: Element) -> set[int]:
    hidden: set[int] = set()
    at = 0
    for one in table.iter("table.table-column"):
        repeat = max(1, number(one.get("table.number-columns-repeated"), 1))
        if one.get("table.visibility", "visible") != "visible":
            hidden.update(range(at, min(at + repeat, _MOST_COLUMNS)))
        at += repeat
    return hidden


def _words(paragraph: Element) -> str:
    parts = [paragraph.text or ""]
    for one in paragraph:
        if one.tag == "text.s":
            parts.append(" " * max(1, min(1000, number(one.get("text.c"), 1))))
        elif one.tag in ("text.tab", "text.line-break"):
            parts.append(" ")
        else:
            parts.append(_words(one))
        parts.append(one.tail or "")
    return "".join(parts)


def _rows(table: Element) -> Iterator[Element]:
    for one in table:
        if one.tag == "table.table-row":
            yield one
        elif one.tag in ("table.table-header-rows", "table.table-rows", "table.table-row-group"):
            yield from _rows(one)


# styles and places


def _read_style(element: Element) -> _Style:
    words = element.find("style.text-properties")
    paragraph = element.find("style.paragraph-properties")
    page = element.find("style.drawing-page-properties")
    table = element.find("style.table-properties")
    shown = page is None or page.get("presentation.visibility", "visible") == "visible"
    shown = shown and (table is None or table.get("table.display", "true") == "true")
    grounds = [one.get("fo.background-color") for one in (words, paragraph) if one is not None]
    said = [ground.lower() for ground in grounds if ground and ground != "transparent"]
    colour = words.get("fo.color", "") if words is not None else ""
    return _Style(
        parent=element.get("style.parent-style-name", ""),
        unseen=words.get("text.display") == "none" if words is not None and "text.display" in words.attrib else None,
        white=_is_white(colour) if colour else None,
        size=_points(words.get("fo.font-size", "")) if words is not None else None,
        shaded=said[0] != "#ffffff" if said else None,
        breaks=paragraph is not None and paragraph.get("fo.break-before") == "page",
        shown=shown,
    )


def _over(style: _Style, base: _Style) -> _Style:
    return replace(
        style,
        unseen=base.unseen if style.unseen is None else style.unseen,
        white=base.white if style.white is None else style.white,
        size=base.size if style.size is None else style.size,
        shaded=base.shaded if style.shaded is None else style.shaded,
    )


def _why_hidden(style: _Style) -> str:
    if style.unseen:
        return "hidden text"
    if style.white and not style.shaded:
        return "invisible colour"
    return "tiny letters" if style.size is not None and style.size < _TINY else ""


def _is_white(colour: str) -> bool:
    match = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", colour)
    return match is not None and all(int(one, 16) >= 0xF8 for one in match.groups())


def _read_levels(element: Element) -> dict[int, _Level]:
    levels = {}
    for one in element:
        at = number(one.get("text.level"))
        if one.tag == "text.list-level-style-bullet":
            levels[at] = _Level(None)
        elif one.tag in ("text.list-level-style-number", "text.outline-level-style"):
            levels[at] = _Level(
                format=one.get("style.num-format", ""),
                prefix=one.get("style.num-prefix", ""),
                suffix=one.get("style.num-suffix", ""),
                start=number(one.get("text.start-value"), 1),
                levels=max(1, number(one.get("text.display-levels"), 1)),
            )
    return levels


def _marker(level: _Level, counts: list[int], levels: dict[int, _Level]) -> str:
    if level.format is None:
        return "-"
    if not level.format:
        return ""
    first = max(0, len(counts) - level.levels)
    shown = [
        shown_number(count, _FORMATS.get((levels.get(at + 1, level).format or level.format)[:1], "decimal"))
        for at, count in enumerate(counts[first:], first)
    ]
    return (level.prefix + ".".join(shown) + level.suffix).strip()


def _points(length: str) -> float | None:
    match = _LENGTH.fullmatch(length)
    try:
        return float(match[1]) * _POINTS[match[2]] if match else None
    except ValueError:
        return None


def _in_reading_order(shapes: list[Element]) -> list[Element]:
    """Sort shapes from top to bottom and left to right, the title first; those without a place keep theirs, last."""
    placed: list[tuple[float, float, int]] = []
    rest = []
    titles = []
    for at, shape in enumerate(shapes):
        top, left = (_points(shape.get(name, "")) for name in ("svg.y", "svg.x"))
        if shape.get("presentation.class") == "title":
            titles.append(shape)
        elif top is None or left is None:
            rest.append(shape)
        else:
            placed.append((top, left, at))
    ordered: list[tuple[int, float, int]] = []
    line, first = 0, 0.0
    for top, left, at in sorted(placed):
        if not ordered or top - first > _SIDE_BY_SIDE:
            line, first = line + 1, top
        ordered.append((line, left, at))
    return [*titles, *(shapes[at] for _, _, at in sorted(ordered)), *rest]
