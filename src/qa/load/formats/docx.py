"""Word documents (DOCX, DOCM, DOTX): what a person reads on the page, in reading order.

Headings go by outline level or style, whatever language Word ran in; list numbers are counted as Word shows
them; footnotes, endnotes, comments and text boxes follow the paragraph they hang on; inserted text is in,
deleted text is out and counted. Headers and footers stand once, before the body.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from qa.load.extracted import CHECKED, UNCHECKED, Extracted, Limits
from qa.load.formats import ooxml
from qa.load.formats.blocks import Blocks, Run
from qa.load.formats.equations import of_element, office_line
from qa.load.formats.ooxml import is_on, number, shown_number
from qa.load.formats.scripts import lowered, raised
from qa.load.formats.tables import TableCell, TableRow, write_table
from qa.load.formats.wordparts import WRAPPERS, chosen, form_state, row_cells, symbol_of, table_rows, text_boxes
from qa.load.formats.wordstyles import (
    Look,
    NumberedList,
    Numbering,
    Style,
    is_white,
    read_level,
    read_look,
    read_style,
    shade_of,
    value_of,
)
from qa.load.formats.zipped import Package, reading

_KIND = "a Word document"
_DEEPEST_FIELD = 100  # fields inside fields, or never closed
_LEVELS = 9  # of a list, in Word
_DEEPEST_STYLE = 50  # styles based on styles; more are no real document's
_MOST_BEFORE = 100  # columns left free before a row's first cell
_SCRIPTS = {"superscript": raised, "subscript": lowered}
_CHARACTERS = {
    "w.tab": "\t",
    "w.ptab": "\t",
    "w.br": "\n",
    "w.cr": "\n",
    "w.noBreakHyphen": "\u2011",
    "w.softHyphen": "\u00ad",
}


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the document's text with its headings, rendered pages, notes, comments, headers and footers.

    Places of kind "page" are there only where the program that saved the file left its page breaks in it.
    """
    with reading(_KIND):
        package = Package(data, limits, _KIND)
        walker = _Walker(package, Blocks(limits))
        walker.read()
        return package.noted(walker.extracted())


class _Walker:
    """Goes through the parts of one document and writes them."""

    def __init__(self, package: Package, blocks: Blocks) -> None:
        self.package, self.blocks = package, blocks
        self.main = ooxml.main_part(package, "word/document.xml")
        self.relations = ooxml.relations(package, self.main)
        self.default = Look()
        self.styles = self._styles()
        self.chains: dict[str, tuple[Style, ...]] = {}
        self.normal = next((one for one, style in self.styles.items() if style.name == "normal"), "")
        self.numbering = self._numbering()
        self.footnotes = self._notes("footnotes", "w.footnote")
        self.endnotes = self._notes("endnotes", "w.endnote")
        self.comments = self._notes("comments", "w.comment")
        self.fields: list[bool] = []  # of open fields: whether what follows is shown
        self.after: list[tuple[str, Element]] = []  # what hangs on the paragraph being read
        self.noted: dict[str, int] = {}
        self.title = ""
        self.deleted = self.pictures = self.drawings = self.chunks = self.commented = 0
        self.body_start = 0
        self.first_page = 1

    # the parts

    def read(self) -> None:
        root = self.package.xml(self.main)
        background = root.find("w.background")
        if background is not None and not is_white(background):
            self.default = Look(shaded=True).over(self.default)
        sections = list(root.iter("w.sectPr"))
        for kind in ("header", "footer"):
            self._write_edges(sections, kind)
        start = next((one.get("w.start") for section in sections for one in section.findall("w.pgNumType")), None)
        self.first_page = max(0, number(start, 1))
        self.body_start = self.blocks.length
        body = root.find("w.body")
        if body is not None:
            self._write_story(body, Look())

    def extracted(self) -> Extracted:
        blocks = self.blocks
        if any(mark == "page" for _, mark in blocks.marks):
            blocks.pages(self.first_page, self.body_start)
        pages = sum(place.kind == "page" for place in blocks.places)
        known = ooxml.properties(self.package)
        first = next((heading.words for heading in blocks.headings if heading.level == 1), "")
        empty = (
            ()
            if blocks.length
            else (f"the document: no text, {self.pictures:,} picture{'' if self.pictures == 1 else 's'}",)
        )
        return Extracted(
            text=blocks.text,
            headings=tuple(blocks.headings),
            title=known.title or self.title or first,
            author=known.author,
            date=known.date,
            places=blocks.sorted_places(),
            parts=pages,
            empty=empty,
            hidden=blocks.sorted_hidden(),
            lost=blocks.lost,
            notes=tuple(self._remarks(pages)),
        )

    def _remarks(self, pages: int) -> Iterator[str]:
        if pages:
            yield "Page numbers are those of the program that saved the file last."
        if self.commented:
            yield f"Comments in the text: {self.commented:,}, each after the paragraph it is about."
        if self.deleted:
            yield f"Tracked deletions: {self.deleted:,}. Their text is left out."
        yield from self.blocks.struck_said()
        if self.drawings:
            yield f"Charts: {self.drawings:,}. The words inside them aren't read."
        if self.chunks:
            yield f"Embedded files: {self.chunks:,}. Their words aren't read."

    def _write_edges(self, sections: list[Element], kind: str) -> None:
        """Write each header (or footer) that is shown on some page once, in order of the sections."""
        settings = self._part("settings")
        even = settings is not None and is_on(settings.find("w.evenAndOddHeaders"), "w.val")
        written: set[str] = set()
        for section in sections:
            for reference in section.findall(f"w.{kind}Reference"):
                which = reference.get("w.type", "default")
                first = is_on(section.find("w.titlePg"), "w.val")
                relation = self.relations.get(reference.get("r.id", ""))
                if (which == "first" and not first) or (which == "even" and not even) or relation is None:
                    continue
                if not relation.part or relation.part in written:
                    continue
                written.add(relation.part)
                root = self.package.part(relation.part)
                if root is None:
                    continue
                words = " ".join(word for one in root.iter("w.t") for word in (one.text or "").split())
                # one without letters is a page number, which is another on every page
                if words in written or not any(letter.isalpha() for letter in words):
                    continue
                written.add(words)
                offset = self.blocks.length
                self._write_story(root, Look())
                self.blocks.place(kind, which, offset)

    def _part(self, kind: str) -> Element | None:
        part = next((one.part for one in self.relations.values() if one.kind == kind and one.part), "")
        return self.package.part(part)

    def _notes(self, kind: str, tag: str) -> dict[str, Element]:
        root = self._part(kind)
        notes = root.findall(tag) if root is not None else []
        return {one.get("w.id", ""): one for one in notes if one.get("w.type", "normal") == "normal"}

    def _styles(self) -> dict[str, Style]:
        root = self._part("styles")
        if root is None:
            return {}
        defaults = root.find("w.docDefaults/w.rPrDefault/w.rPr")
        self.default = read_look(defaults)
        return {one.get("w.styleId", ""): read_style(one) for one in root.findall("w.style")}

    def _numbering(self) -> Numbering:
        numbering = Numbering()
        root = self._part("numbering")
        if root is None:
            return numbering
        linked = {}
        for one in root.findall("w.abstractNum"):
            name = one.get("w.abstractNumId", "")
            numbering.lists[name] = NumberedList(
                {number(each.get("w.ilvl")): read_level(each) for each in one.findall("w.lvl")[:_LEVELS]}
            )
            link = one.find("w.numStyleLink")
            if link is not None:
                linked[name] = link.get("w.val", "")
        for one in root.findall("w.num"):
            name = one.get("w.numId", "")
            abstract = one.find("w.abstractNumId")
            numbering.abstract_of[name] = abstract.get("w.val", "") if abstract is not None else ""
            for override in one.findall("w.lvlOverride"):
                start = override.find("w.startOverride")
                if start is not None:
                    numbering.overrides[name, number(override.get("w.ilvl"))] = number(start.get("w.val"), 1)
        for name, style in linked.items():
            list_id = self.styles.get(style, Style()).list_id or ""
            origin = numbering.lists.get(numbering.abstract_of.get(list_id, ""))
            if origin is not None:
                numbering.lists[name] = origin
        return numbering

    # blocks

    def _write_story(self, parent: Element, around: Look) -> None:
        for one in self._blocks_of(parent):
            if one.tag == "w.tbl":
                self._write_table(one, around)
            else:
                self._write_paragraph(one, around)

    def _blocks_of(self, parent: Element) -> Iterator[Element]:
        for child in parent:
            if child.tag in ("w.p", "w.tbl"):
                yield child
            elif child.tag in WRAPPERS:
                yield from self._blocks_of(child)
            elif child.tag == "mc.AlternateContent":
                for branch in chosen(child):
                    yield from self._blocks_of(branch)
            elif child.tag == "w.altChunk":
                self.chunks += 1

    def _write_paragraph(self, paragraph: Element, around: Look) -> None:
        heading = self._heading_of(paragraph)
        marker, level = self._marker_of(paragraph)
        runs = self._runs_of(paragraph, around)
        span = self.blocks.paragraph(runs, marker=marker, level=level, heading=heading)
        if span and not self.title and self._is_title(paragraph):
            self.title = self.blocks.headings[-1].words
        self._write_attached()

    def _write_attached(self) -> None:
        attached, self.after = self.after, []
        for kind, element in attached:
            offset = self.blocks.length
            if kind == "diagram":
                self._write_diagram(element)
                continue
            self._write_story(element, Look(shaded=True) if kind == "text box" else Look())
            if kind == "comment" and self.blocks.place("comment", element.get("w.author", ""), offset):
                self.commented += 1
            elif kind in ("footnote", "endnote"):
                self.noted[kind] = self.noted.get(kind, 0) + 1
                form = "decimal" if kind == "footnote" else "lowerRoman"
                self.blocks.place(kind, shown_number(self.noted[kind], form), offset)

    def _write_table(self, table: Element, around: Look) -> None:
        style = table.find("w.tblPr/w.tblStyle")
        shades = style is not None and any(one.shades for one in self._chain(style.get("w.val", "")))
        shade = shade_of(table.find("w.tblPr/w.shd"))
        around = Look(shaded=bool(shades) or shade or around.shaded)
        rows = [row for row in table_rows(table) if row_cells(row)]
        self.blocks.pause()
        if self._is_layout(rows):
            for row in rows:
                for cell in row_cells(row):
                    self._write_story(cell, self._cell_look(cell, around))
        else:
            write_table(self.blocks, self._table_rows(rows, around))
            self._write_attached()
        self.blocks.pause()

    def _table_rows(self, rows: list[Element], around: Look) -> list[TableRow]:
        """Return the rows with cells merged downwards as one that reaches so far."""
        found: list[TableRow] = []
        above: dict[int, TableCell] = {}  # column → the cell that one below may continue
        for row in rows:
            if row.find("w.trPr/w.del") is not None:
                self.deleted += 1
                continue
            cells: list[TableCell] = []
            column = max(0, number(value_of(row.find("w.trPr/w.gridBefore"))))
            cells += [TableCell() for _ in range(min(column, _MOST_BEFORE))]
            for cell in row_cells(row):
                across = max(1, number(value_of(cell.find("w.tcPr/w.gridSpan")), 1))
                merged = cell.find("w.tcPr/w.vMerge")
                goes_on = merged is not None and merged.get("w.val", "continue") == "continue"
                if goes_on and column in above:
                    above[column].down += 1
                else:
                    one = TableCell(list(self._cell_runs(cell, around)) if not goes_on else [], across)
                    cells.append(one)
                    above.pop(column, None)
                    if merged is not None and not goes_on:
                        above[column] = one
                column += across
            hidden = is_on(row.find("w.trPr/w.hidden"), "w.val")
            header = is_on(row.find("w.trPr/w.tblHeader"), "w.val")
            found.append(TableRow(cells, "hidden row" if hidden else "", bool(header)))
        return found

    def _is_layout(self, rows: list[Element]) -> bool:
        cells = [cell for row in rows for cell in row_cells(row)]
        return len(cells) == 1 or any(
            one.tag == "w.tbl" or self._heading_of(one) for cell in cells for one in self._blocks_of(cell)
        )

    def _cell_look(self, cell: Element, around: Look) -> Look:
        return Look(shaded=shade_of(cell.find("w.tcPr/w.shd"))).over(around)

    def _cell_runs(self, cell: Element, around: Look) -> Iterator[Run]:
        around = self._cell_look(cell, around)
        for at, paragraph in enumerate(self._blocks_of(cell)):
            if at:
                yield Run("\n")
            marker, _ = self._marker_of(paragraph)
            if marker:
                yield Run(f"{marker} ")
            yield from self._runs_of(paragraph, around)

    # paragraphs

    def _chain(self, style_id: str) -> tuple[Style, ...]:
        """Return a style and those it is based on, nearest first."""
        found = self.chains.get(style_id)
        if found is None:
            names: list[str] = []
            name = style_id
            while name in self.styles and name not in names and len(names) < _DEEPEST_STYLE:
                names.append(name)
                name = self.styles[name].based
            found = self.chains[style_id] = tuple(self.styles[one] for one in names)
        return found

    def _style_of(self, paragraph: Element) -> str:
        style = paragraph.find("w.pPr/w.pStyle")
        return style.get("w.val", "") if style is not None else self.normal

    def _is_title(self, paragraph: Element) -> bool:
        return self.styles.get(self._style_of(paragraph), Style()).name == "title"

    def _heading_of(self, paragraph: Element) -> int:
        """Return a paragraph's level as a heading, 0 for none."""
        if paragraph.tag != "w.p":
            return 0
        direct = paragraph.find("w.pPr/w.outlineLvl")
        if direct is not None:
            level: int | None = number(direct.get("w.val"), 9)
        else:
            chain = self._chain(self._style_of(paragraph))
            level = next((one.outline for one in chain if one.outline is not None), None)
        return level + 1 if level is not None and 0 <= level < 9 else 0

    def _marker_of(self, paragraph: Element) -> tuple[str, int]:
        direct = paragraph.find("w.pPr/w.numPr")
        style_id = self._style_of(paragraph)
        chain = self._chain(style_id)
        list_id = next((one.list_id for one in chain if one.list_id), None)
        level = next((one.list_level for one in chain if one.list_level is not None), None)
        if list_id and level is None:
            # a style names its list, and the list says on which level the style stands
            levels = self.numbering.levels(list_id)
            level = next((at for at, one in levels.items() if one.style == style_id), 0)
        if direct is not None:
            list_id = value_of(direct.find("w.numId")) or list_id
            level = number(value_of(direct.find("w.ilvl")), level or 0)
        if not list_id or list_id == "0":
            return "", 0
        return self.numbering.marker(list_id, level or 0), level or 0

    def _runs_of(self, paragraph: Element, around: Look) -> Iterator[Run]:
        shaded = shade_of(paragraph.find("w.pPr/w.shd"))
        style = self._style_look(self._style_of(paragraph))
        base = Look(shaded=shaded).over(style).over(around).over(self.default)
        yield from self._inline(paragraph, base)
        # an instruction never runs on over paragraphs: one that isn't closed must not swallow the text
        self.fields = [True] * len(self.fields)

    def _style_look(self, style_id: str) -> Look:
        look = Look()
        for style in self._chain(style_id):
            look = look.over(style.look)
        return look

    def _inline(self, parent: Element, base: Look) -> Iterator[Run]:
        for child in parent:
            if child.tag == "w.r":
                yield from self._run(child, base)
            elif child.tag in ("w.del", "w.moveFrom"):
                self.deleted += 1
            elif child.tag == "mc.AlternateContent":
                for branch in chosen(child):
                    yield from self._inline(branch, base)
            elif child.tag == "m.oMath":
                yield Run(office_line(of_element(child)))
            elif child.tag == "w.sdt" and (box := child.find("w.sdtPr/w14.checkbox")) is not None:
                yield Run(CHECKED if is_on(box.find("w14.checked"), "w14.val") else UNCHECKED)
            elif child.tag in WRAPPERS:
                yield from self._inline(child, base)

    def _run(self, run: Element, base: Look) -> Iterator[Run]:
        properties = run.find("w.rPr")
        look = base
        if properties is not None:
            style = properties.find("w.rStyle")
            look = read_look(properties).over(self._style_look(style.get("w.val", "")) if style is not None else Look())
            look = look.over(base)
        yield from self._run_parts(run, base, look)

    def _run_parts(self, run: Element, base: Look, look: Look) -> Iterator[Run]:
        hidden = look.why_hidden()
        for child in run:
            tag = child.tag
            if tag == "w.t":
                words = child.text or ""
                if look.struck:
                    yield Run("", left_out=bool(words.strip()))
                elif all(self.fields):
                    shift = _SCRIPTS.get(look.script or "")
                    yield Run(shift(words) if shift else words, hidden)
            elif tag in _CHARACTERS:
                yield Run(_CHARACTERS[tag], hidden)
            elif tag == "w.lastRenderedPageBreak":
                yield Run("", mark="page")
            elif tag == "w.fldChar":
                self._turn_field(child.get("w.fldCharType", ""))
                yield Run(form_state(child.find("w.ffData")), hidden)
            elif tag == "w.sym":
                yield Run(symbol_of(child), hidden)
            elif tag == "w.ruby":
                for part in child.findall("w.rubyBase"):
                    yield from self._inline(part, base)
            elif tag == "mc.AlternateContent":
                for branch in chosen(child):
                    yield from self._run_parts(branch, base, look)
            elif tag in ("w.drawing", "w.pict", "w.object"):
                self._keep_drawing(child)
            else:
                self._keep_note(child)

    def _turn_field(self, kind: str) -> None:
        if kind == "begin" and len(self.fields) < _DEEPEST_FIELD:
            self.fields.append(False)
        elif kind == "separate" and self.fields:
            self.fields[-1] = True
        elif kind == "end" and self.fields:
            self.fields.pop()

    def _keep_note(self, child: Element) -> None:
        notes = {
            "w.footnoteReference": ("footnote", self.footnotes),
            "w.endnoteReference": ("endnote", self.endnotes),
            "w.commentReference": ("comment", self.comments),
        }
        if child.tag in notes:
            kind, found = notes[child.tag]
            # taken out, so that a note that refers to itself, or is referred to twice, stands once
            note = found.pop(child.get("w.id", ""), None)
            if note is not None:
                self.after.append((kind, note))

    def _keep_drawing(self, drawing: Element) -> None:
        boxes = list(text_boxes(drawing))
        self.after += [("text box", box) for box in boxes]
        self.after += [("diagram", one) for one in drawing.iter("dgm.relIds")]
        tags = {one.tag for one in drawing.iter()}
        if "c.chart" in tags:
            self.drawings += 1
        elif not boxes and "dgm.relIds" not in tags:
            self.pictures += 1

    def _write_diagram(self, element: Element) -> None:
        relation = self.relations.get(element.get("r.dm", ""))
        drawn = self.package.part(relation.part) if relation is not None and relation.part else None
        for one in drawn.iter("a.p") if drawn is not None else ():
            self.blocks.paragraph([Run("".join(each.text or "" for each in one.iter("a.t")))], marker="-")
        self.blocks.pause()
