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
from qa.load.formats.equations import mathml_line, of_element
from qa.load.formats.ooxml import number
from qa.load.formats.opendocument_sheets import read_sheets, rows_of
from qa.load.formats.opendocument_styles import (
    Level,
    Style,
    marker_of,
    over,
    points,
    read_levels,
    read_style,
    why_hidden,
)
from qa.load.formats.scripts import lowered, raised
from qa.load.formats.tables import TableCell, TableRow, write_table
from qa.load.formats.zipped import Package, reading

_KIND = "an OpenDocument file"
_SPACE = re.compile(r"[ \t\r\n]+")
_SIDE_BY_SIDE = 9.0  # points by which the tops of shapes on one line may differ
_FURNITURE = ("header", "footer", "date-time", "page-number", "page")
_DRAWN = frozenset(
    "draw.frame draw.custom-shape draw.rect draw.ellipse draw.circle draw.g draw.polygon draw.path draw.line "
    "draw.connector draw.caption draw.regular-polygon".split()
)
_SKIPPED = frozenset("text.tracked-changes office.forms text.sequence-decls text.variable-decls".split())
_CELLS = ("table.table-cell", "table.covered-table-cell")
_SCRIPTS = {"super": raised, "sub": lowered}
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
                walker = Walker(Blocks(limits), content, styles, package)
                return package.noted(_with_metadata(package, read_sheets(one, walker)))
            if one.tag in ("office.text", "office.presentation", "office.drawing"):
                walker = Walker(Blocks(limits), content, styles, package)
                found = walker.read_text(one) if one.tag == "office.text" else walker.read_slides(one)
                return package.noted(_with_metadata(package, found))
        raise Unreadable("it is neither a text nor a workbook nor a presentation.", "Save it as ODT, ODS or ODP.")


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


class Walker:
    """Writes the text of one document or presentation; also knows its styles."""

    def __init__(self, blocks: Blocks, content: Element, styles: Element | None, package: Package) -> None:
        self.blocks, self.styles_root, self.package = blocks, styles, package
        self.styles: dict[tuple[str, str], Style] = {}
        self.resolved: dict[tuple[str, str], Style] = {}
        self.list_styles: dict[str, dict[int, Level]] = {}
        self.outline: dict[int, Level] = {}
        for root in (styles, content):
            if root is not None:
                self._take_styles(root)
        self.header_rows = {one for head in content.iter("table.table-header-rows") for one in head}
        self.outline_counts: list[int] = []
        self.lists: list[_Counted] = []
        self.last_list: dict[str, _Counted] = {}  # by style, for lists that go on
        self.after: list[tuple[str, str, Element]] = []
        self.commented = self.deleted = 0
        self.soft_breaks = False
        self.on_unknown_ground = False  # a slide or text box may be dark, and white letters on it in plain sight

    # a text document

    def read_text(self, body: Element) -> Extracted:
        """Return what a text document says."""
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
        notes += blocks.struck_said()
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
        """Return what a presentation says."""
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
        return self._extracted(len(pages), tuple(empty), [*blocks.struck_said()])

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
                lines = [run for one in shape.iter("text.p") for run in [Run(" "), *self.inline(one, Style())]]
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
        runs = list(self.inline(paragraph, style))
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
        level = levels.get(depth + 1, Level(None))
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
        return marker_of(level, counts, levels)

    def _outline_marker(self, heading: Element, at: int) -> str:
        level = self.outline.get(at)
        if level is None or not level.format or heading.get("text.is-list-header") == "true":
            return ""
        counts = self.outline_counts
        if len(counts) >= at:
            counts[at - 1 :] = [counts[at - 1] + 1]
        else:
            counts += [self.outline.get(one + 1, level).start for one in range(len(counts), at)]
        return marker_of(level, counts, self.outline)

    def _write_table(self, table: Element) -> None:
        rows = [[one for one in row if one.tag in _CELLS] for row in rows_of(table)]
        cells = [cell for row in rows for cell in row]
        layout = len(cells) == 1 or any(
            next((each for tag in ("table.table", "text.h") for each in one.iter(tag)), None) is not None
            for one in cells
        )
        self.blocks.pause()
        if layout:
            for row in rows:
                for cell in row:
                    self._write_story(cell)
        else:
            write_table(self.blocks, [self._table_row(row) for row in rows_of(table)])
        self._write_attached()
        self.blocks.pause()

    def _table_row(self, row: Element) -> TableRow:
        cells = [
            TableCell(
                list(self._cell_runs(cell)),
                max(1, number(cell.get("table.number-columns-spanned"), 1)),
                max(1, number(cell.get("table.number-rows-spanned"), 1)),
            )
            for cell in row
            if cell.tag == "table.table-cell"
        ]
        return TableRow(cells, header=row in self.header_rows)

    def _cell_runs(self, cell: Element) -> Iterator[Run]:
        for at, paragraph in enumerate(cell.iter("text.p")):
            if at:
                yield Run("\n")
            # what stands behind a cell's words isn't looked up, so white ones may well be seen
            style = self.style("paragraph", paragraph.get("text.style-name", ""))
            yield from self.inline(paragraph, Style(shaded=True, struck=style.struck))

    # words

    def inline(self, parent: Element, base: Style) -> Iterator[Run]:
        """Yield the words inside an element; what hangs on them goes to `after`."""
        look = replace(base, shaded=base.shaded or self.on_unknown_ground)
        if parent.text:
            yield _run(_SPACE.sub(" ", parent.text), look)
        for child in parent:
            yield from self._inline_part(child, base, look)
            if child.tail:
                yield _run(_SPACE.sub(" ", child.tail), look)

    def _inline_part(self, child: Element, base: Style, look: Style) -> Iterator[Run]:
        tag = child.tag
        if tag == "text.s":
            yield _run(" " * max(1, min(1000, number(child.get("text.c"), 1))), look)
        elif tag == "text.tab":
            yield _run("\t", look)
        elif tag == "text.line-break":
            yield _run("\n", look)
        elif tag == "text.soft-page-break":
            yield Run("", mark="page")
        elif tag == "text.span":
            style = self.style("text", child.get("text.style-name", ""))
            yield from self.inline(child, over(style, base))
        elif tag == "text.note":
            note, sign = child.find("text.note-body"), child.find("text.note-citation")
            if note is not None:
                label = "".join(sign.itertext()) if sign is not None else ""
                self.after.append((child.get("text.note-class", "footnote"), label, note))
        elif tag == "office.annotation":
            self._keep_comment(child)
        elif tag == "text.ruby":
            for one in child.findall("text.ruby-base"):
                yield from self.inline(one, base)
        elif tag in ("text.hidden-text", "text.hidden-paragraph"):
            yield Run(child.get("text.string-value", ""), "hidden text")
        elif tag in _DRAWN:
            formula = self._formula(child)
            if formula:
                yield _run(formula, look)
            else:
                self.after.append(("text box", "", child))
        elif not tag.startswith("office."):
            yield from self.inline(child, base)

    def _formula(self, frame: Element) -> str:
        """Return the equation that a frame shows, "" where it shows something else."""
        held = frame.find("draw.object")
        if held is None:
            return ""
        root = held.find("math.math")
        part = held.get("xlink.href", "").removeprefix("./").rstrip("/") + "/content.xml"
        if root is None and self.package.find(part):
            root = self.package.part(part)
        return mathml_line(of_element(root)) if root is not None and root.tag == "math.math" else ""

    def _keep_comment(self, comment: Element) -> None:
        author = comment.find("dc.creator")
        self.after.append(("comment", (author.text or "") if author is not None else "", comment))

    # styles

    def _take_styles(self, root: Element) -> None:
        for one in root.iter("style.style"):
            self.styles[one.get("style.family", ""), one.get("style.name", "")] = read_style(one)
        for one in root.iter("text.list-style"):
            self.list_styles[one.get("style.name", "")] = read_levels(one)
        for one in root.iter("text.outline-style"):
            self.outline = read_levels(one)

    def style(self, family: str, name: str) -> Style:
        """Return a style with what it takes over from its parents."""
        if (family, name) not in self.resolved:
            found = Style()
            names: list[str] = []
            is_title = (family, name) == ("paragraph", "Title")
            breaks, shown = False, True
            key = name
            while (family, key) in self.styles and key not in names and len(names) < _DEEPEST_STYLE:
                names.append(key)
                one = self.styles[family, key]
                breaks, shown = breaks or one.breaks, shown and one.shown
                is_title = is_title or (family == "paragraph" and key == "Title")
                found = over(found, one)
                key = one.parent
            self.resolved[family, name] = replace(found, breaks=breaks, shown=shown, is_title=is_title)
        return self.resolved[family, name]


def _in_reading_order(shapes: list[Element]) -> list[Element]:
    """Sort shapes from top to bottom and left to right, the title first; those without a place keep theirs, last."""
    placed: list[tuple[float, float, int]] = []
    rest = []
    titles = []
    for at, shape in enumerate(shapes):
        top, left = (points(shape.get(name, "")) for name in ("svg.y", "svg.x"))
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


def _run(words: str, look: Style) -> Run:
    """Return words as they count: struck ones left out, raised and lowered ones told from those on the line."""
    if look.struck:
        return Run("", left_out=bool(words.strip()))
    shift = _SCRIPTS.get(look.script or "")
    return Run(shift(words) if shift else words, why_hidden(look))
