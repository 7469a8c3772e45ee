"""PowerPoint presentations (PPTX, PPTM, PPSX, POTX): slide after slide, as they are shown.

Shapes come from top to bottom and left to right, the title first, whatever order they were drawn in; then
the slide's tables and diagrams where they stand, its notes and its comments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats import ooxml
from qa.load.formats.blocks import Blocks, Run
from qa.load.formats.equations import of_element, office_line
from qa.load.formats.ooxml import Relation, is_on, number
from qa.load.formats.scripts import lowered, raised
from qa.load.formats.tables import TableCell, TableRow, write_table
from qa.load.formats.zipped import Package, reading

_KIND = "a PowerPoint presentation"
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "dt", "ftr", "hdr", "sldImg")  # repeated on every slide, and no part of what it says
_TINY = 200  # hundredths of a point
_LINE = 120_000  # shapes whose tops differ by less (a third of a centimetre) stand side by side
_MOST_BEHIND = 200  # shapes of a layout or master that are looked at
_MOST_PAINTED = 500  # areas beyond which nobody can tell what stands before what
_LEVELS = 9
_SHAPES = frozenset("p.sp p.grpSp p.graphicFrame p.pic p.cxnSp mc.AlternateContent".split())


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return each slide's words under its title, with places of kind "slide", "notes" and "comment".

    The page furniture (slide numbers, dates, footers) is left out. Hidden slides are read and flagged.
    """
    with reading(_KIND):
        package = Package(data, limits, _KIND)
        main = ooxml.main_part(package, "ppt/presentation.xml")
        related = ooxml.relations(package, main)
        root = package.xml(main)
        if root.tag != "p.presentation":
            raise Unreadable("it isn't a presentation of the kind its name says.", "Save it as PPTX.")
        size = root.find("p.sldSz")
        canvas = _Box(0, 0, number(size.get("cx")), number(size.get("cy"))) if size is not None else None
        walker = _Walker(package, Blocks(limits), canvas)
        entries = root.findall("p.sldIdLst/p.sldId")
        for at, entry in enumerate(entries[: limits.pages], 1):
            relation = related.get(entry.get("r.id", ""))
            if relation is not None and relation.part:
                walker.write_slide(at, relation.part)
            else:
                walker.empty.append(f"slide {at}: missing from the file")
        return package.noted(walker.extracted(len(entries)))


@dataclass(frozen=True, slots=True)
class _Box:
    left: int
    top: int
    width: int
    height: int

    def overlaps(self, other: _Box) -> bool:
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )


@dataclass(frozen=True, slots=True)
class _Shape:
    """A shape with its place on the slide, None where neither it nor its layout says."""

    element: Element
    box: _Box | None
    role: str  # of a placeholder: "title", "body" …; "" for what is none
    models: tuple[Element, ...] = ()  # the placeholders whose looks it takes over

    @property
    def filled(self) -> bool:
        properties = self.element.find("p.spPr")
        painted = properties is not None and any(
            one.tag in ("a.solidFill", "a.gradFill", "a.blipFill", "a.pattFill") for one in properties
        )
        style = self.element.find("p.style/a.fillRef")
        styled = style is not None and style.get("idx", "0") != "0"
        none = properties is not None and properties.find("a.noFill") is not None
        return self.element.tag in ("p.pic", "p.graphicFrame") or painted or (styled and not none)


@dataclass(frozen=True, slots=True)
class _Scene:
    """What decides whether words on a slide are seen: its ground's colour ("" unknown), and painted areas."""

    ground: str
    painted: tuple[_Shape, ...]
    theme: dict[str, str]
    body_style: Element | None


class _Walker:
    """Writes the slides of one presentation."""

    def __init__(self, package: Package, blocks: Blocks, canvas: _Box | None) -> None:
        self.package, self.blocks, self.canvas = package, blocks, canvas
        self.known: dict[str, Element | None] = {}  # layouts and masters, which slides share
        self.related: dict[str, dict[str, Relation]] = {}
        self.empty: list[str] = []
        self.charts = 0

    def extracted(self, slides: int) -> Extracted:
        known = ooxml.properties(self.package)
        notes = [*self.blocks.struck_said()]
        if self.charts:
            notes.append(f"Charts: {self.charts:,}. The words inside them aren't read.")
        if slides > self.blocks.limits.pages:
            notes.append(f"Only the first {self.blocks.limits.pages:,} slides of {slides:,} are read.")
        return Extracted(
            text=self.blocks.text,
            headings=tuple(self.blocks.headings),
            title=known.title or next((one.words for one in self.blocks.headings), ""),
            author=known.author,
            date=known.date,
            places=self.blocks.sorted_places(),
            parts=slides,
            empty=tuple(self.empty),
            hidden=self.blocks.sorted_hidden(),
            lost=self.blocks.lost,
            passed=max(0, slides - self.blocks.limits.pages),
            notes=tuple(notes),
        )

    def write_slide(self, at: int, part: str) -> None:
        root = self.package.part(part)
        if root is None:
            self.empty.append(f"slide {at}: damaged, not read")
            return
        related: dict[str, Relation] = {}
        with self.package.sparing(f"relations of {part}"):
            related = ooxml.relations(self.package, part)
        layout = self._part_of(related, "slideLayout")
        master = self._part_of(self._relations(layout), "slideMaster")
        tree = root.find("p.cSld/p.spTree")
        behind = [list(one)[:_MOST_BEHIND] for one in (self._tree(layout), self._tree(master)) if one is not None]
        shapes = list(self._shapes(tree, behind)) if tree is not None else []
        drawn = [_Shape(one, _box(one), "") for each in behind for one in each]
        painted = tuple(shape for shape in [*drawn, *shapes] if shape.box is not None and shape.filled)
        above = self._root(master)
        body_style = above.find("p.txStyles/p.bodyStyle") if above is not None else None
        ground = self._ground(root, layout, master) if len(painted) <= _MOST_PAINTED else ""
        scene = _Scene(ground, painted[:_MOST_PAINTED], self._theme(master), body_style)
        offset = self.blocks.length
        for shape in in_reading_order(shapes):
            self._write_shape(shape, related, scene)
        self.blocks.pause()
        pictures = sum(shape.element.tag == "p.pic" for shape in shapes)
        if self.blocks.length == offset:
            self.empty.append(f"slide {at}: no text" + (", only pictures" if pictures else ""))
        self._write_notes(at, related)
        self._write_comments(related)
        self.blocks.place("slide", str(at), offset)
        if not is_on(root, "show"):
            self.blocks.hide("hidden slide", offset)

    # what slides share

    def _relations(self, part: str) -> dict[str, Relation]:
        if part not in self.related:
            self.related[part] = ooxml.relations(self.package, part) if part else {}
        return self.related[part]

    def _part_of(self, related: dict[str, Relation], kind: str) -> str:
        return next((one.part for one in related.values() if one.kind == kind), "")

    def _root(self, part: str) -> Element | None:
        if part and part not in self.known:
            self.known[part] = self.package.part(part)
        return self.known.get(part)

    def _tree(self, part: str) -> Element | None:
        root = self._root(part)
        return root.find("p.cSld/p.spTree") if root is not None else None

    def _theme(self, master: str) -> dict[str, str]:
        """Return the colours of the theme by name ("lt1") and by the names slides use ("bg1")."""
        theme = self._root(self._part_of(self._relations(master), "theme"))
        scheme = theme.find("a.themeElements/a.clrScheme") if theme is not None else None
        colours = {}
        for one in scheme if scheme is not None else ():
            value = next((each.get("lastClr") or each.get("val") or "" for each in one), "")
            colours[one.tag.removeprefix("a.")] = value.upper()
        root = self._root(master)
        mapped = root.find("p.clrMap") if root is not None else None
        for name, meant in mapped.attrib.items() if mapped is not None else ():
            colours[name] = colours.get(meant, "")
        return colours

    def _ground(self, slide: Element, layout: str, master: str) -> str:
        theme = self._theme(master)
        for root in (slide, self._root(layout), self._root(master)):
            ground = root.find("p.cSld/p.bg") if root is not None else None
            if ground is None:
                continue
            fill = ground.find("p.bgPr/a.solidFill")
            reference = ground.find("p.bgRef")
            # of a theme's grounds the first is a plain colour, others may be pictures
            if fill is None and reference is not None and reference.get("idx") == "1001":
                fill = reference
            return _colour(fill, theme) if fill is not None else ""
        return ""

    # shapes

    def _shapes(self, tree: Element, behind: list[list[Element]]) -> Iterator[_Shape]:
        for one in tree:
            if one.tag == "mc.AlternateContent":
                branches = one.findall("mc.Choice") + one.findall("mc.Fallback")
                if branches:
                    yield from self._shapes(branches[0], behind)
            elif one.tag in _SHAPES:
                placeholder = one.find("p.nvSpPr/p.nvPr/p.ph")
                role = placeholder.get("type", "body") if placeholder is not None else ""
                models = list(_models(placeholder, behind)) if placeholder is not None else []
                boxes = (_box(each) for each in [one, *models])
                box = next((each for each in boxes if each is not None), None)
                yield _Shape(one, box, role, tuple(models))

    def _write_shape(self, shape: _Shape, related: dict[str, Relation], scene: _Scene) -> None:
        if shape.role in _FURNITURE:
            return
        offset = self.blocks.length
        self.blocks.pause()
        element = shape.element
        if element.tag == "p.grpSp":
            inner = list(self._shapes(element, []))
            for one in in_reading_order(inner):
                self._write_shape(one, related, scene)
        elif element.tag == "p.graphicFrame":
            self._write_frame(element, related)
        else:
            body = element.find("p.txBody")
            if body is not None:
                bullets = _bullets(shape, scene.body_style)
                title = shape.role in _TITLES
                self._write_body(body, _Ground.of(shape, scene), heading=1 if title else 0, bullets=bullets)
        why = self._why_unseen(shape)
        if why:
            self.blocks.hide(why, offset)

    def _why_unseen(self, shape: _Shape) -> str:
        for path in ("p.nvSpPr/p.cNvPr", "p.nvGrpSpPr/p.cNvPr", "p.nvGraphicFramePr/p.cNvPr"):
            named = shape.element.find(path)
            if named is not None and "hidden" in named.attrib and is_on(named, "hidden"):
                return "hidden shape"
        if self.canvas is None or shape.box is None or not shape.box.width or not shape.box.height:
            return ""
        return "" if shape.box.overlaps(self.canvas) else "off the slide"

    def _write_frame(self, frame: Element, related: dict[str, Relation]) -> None:
        for table in frame.iter("a.tbl"):
            write_table(self.blocks, list(_table_rows(table)))
        for diagram in frame.iter("dgm.relIds"):
            relation = related.get(diagram.get("r.dm", ""))
            if relation is not None and relation.part:
                drawn = self.package.part(relation.part)
                for paragraph in drawn.iter("a.p") if drawn is not None else ():
                    self.blocks.paragraph(_runs(paragraph, None))
        self.charts += sum(1 for _ in frame.iter("c.chart"))

    def _write_body(
        self, body: Element, ground: _Ground | None, *, heading: int = 0, bullets: frozenset[int] = frozenset()
    ) -> None:
        if heading:
            # a title broken over lines or paragraphs is one title
            runs = [run for one in body.findall("a.p") for run in [Run(" "), *_runs(one, ground)]]
            flat = [replace(run, words=" ") if run.words in ("\n", "\v") else run for run in runs]
            self.blocks.paragraph(flat, heading=heading)
            return
        numbers: dict[int, int] = {}
        for paragraph in body.findall("a.p"):
            properties = paragraph.find("a.pPr")
            level = max(0, min(_LEVELS, number(properties.get("lvl")))) if properties is not None else 0
            runs = list(_runs(paragraph, ground))
            if not any(run.words.strip() for run in runs):
                continue
            marker = _marker(properties, level, numbers, bullets)
            self.blocks.paragraph(runs, marker=marker, level=level)

    def _write_notes(self, at: int, related: dict[str, Relation]) -> None:
        part = self._part_of(related, "notesSlide")
        notes = self.package.part(part)
        tree = notes.find("p.cSld/p.spTree") if notes is not None else None
        if tree is None:
            return
        offset = self.blocks.length
        for shape in self._shapes(tree, []):
            body = shape.element.find("p.txBody")
            if body is not None and shape.role not in _FURNITURE:
                self._write_body(body, None)
        self.blocks.place("notes", str(at), offset)

    def _write_comments(self, related: dict[str, Relation]) -> None:
        for relation in related.values():
            if relation.kind != "comments" or not relation.part:
                continue
            comments = self.package.part(relation.part)
            for one in comments.iter() if comments is not None else ():
                # older comments hold their words in one element, newer ones in paragraphs
                if one.tag == "p.text" or one.tag == "a.p":
                    offset = self.blocks.length
                    self.blocks.paragraph([Run(one.text or "")] if one.tag == "p.text" else _runs(one, None))
                    self.blocks.place("comment", "", offset)


@dataclass(frozen=True, slots=True)
class _Ground:
    """What stands behind a shape's words: a colour, "" where it can't be told, and the theme to read theirs by."""

    colour: str
    theme: dict[str, str]

    @staticmethod
    def of(shape: _Shape, scene: _Scene) -> _Ground:
        covered = shape.filled or shape.box is None
        covered = covered or any(
            one.box is not None and one.box.overlaps(shape.box) for one in scene.painted if shape.box
        )
        return _Ground("" if covered else scene.ground, scene.theme)


def in_reading_order(shapes: list[_Shape]) -> list[_Shape]:
    """Sort shapes from top to bottom and left to right, the title first; those without a place keep theirs, last."""
    titles = [shape for shape in shapes if shape.role in _TITLES]
    placed = sorted(
        ((shape.box, at) for at, shape in enumerate(shapes) if shape.box and shape.role not in _TITLES),
        key=lambda pair: (pair[0].top, pair[0].left),
    )
    ordered: list[tuple[int, int, int]] = []
    line = 0
    top: int | None = None
    for box, at in placed:
        if top is None or box.top - top > _LINE:
            line, top = line + 1, box.top
        ordered.append((line, box.left, at))
    rest = [shape for shape in shapes if shape.box is None and shape.role not in _TITLES]
    return [*titles, *(shapes[at] for _, _, at in sorted(ordered)), *rest]


def _box(shape: Element) -> _Box | None:
    for path in ("p.spPr/a.xfrm", "p.grpSpPr/a.xfrm", "p.xfrm"):
        frame = shape.find(path)
        offset = frame.find("a.off") if frame is not None else None
        extent = frame.find("a.ext") if frame is not None else None
        if offset is not None and extent is not None:
            return _Box(
                *(number(one) for one in (offset.get("x"), offset.get("y"), extent.get("cx"), extent.get("cy")))
            )
    return None


def _models(placeholder: Element, behind: list[list[Element]]) -> Iterator[Element]:
    """Yield the placeholders that one on a slide is modelled on: its layout's, then its master's."""
    index, role = placeholder.get("idx"), placeholder.get("type", "body").replace("ctrTitle", "title")
    for shapes in behind:
        holders = [(one, one.find("p.nvSpPr/p.nvPr/p.ph")) for one in shapes if one.tag == "p.sp"]
        held = [(one, holder) for one, holder in holders if holder is not None]
        yield from (one for one, holder in held if index and holder.get("idx") == index)
        yield from (
            one
            for one, holder in held
            if holder.get("type", "body").replace("ctrTitle", "title") == role
            and not (index and holder.get("idx") == index)
        )


def _runs(paragraph: Element, ground: _Ground | None) -> Iterator[Run]:
    for one in paragraph:
        if one.tag in ("a.r", "a.fld"):
            text = one.find("a.t")
            if text is not None:
                yield _run(text.text or "", one.find("a.rPr"), ground)
        elif one.tag == "a.br":
            yield Run("\n")
        elif one.tag in ("mc.AlternateContent", "a14.m"):
            yield from (Run(office_line(of_element(each))) for each in one.iter("m.oMath"))


def _run(words: str, properties: Element | None, ground: _Ground | None) -> Run:
    """Return words as they count: struck ones left out, raised and lowered ones told from those on the line."""
    if properties is not None:
        if properties.get("strike", "noStrike") != "noStrike":
            return Run("", left_out=bool(words.strip()))
        shift = number(properties.get("baseline"))
        words = raised(words) if shift > 0 else lowered(words) if shift < 0 else words
    return Run(words, _why_hidden(properties, ground))


def _table_rows(table: Element) -> Iterator[TableRow]:
    properties = table.find("a.tblPr")
    first = properties is not None and "firstRow" in properties.attrib and bool(is_on(properties, "firstRow"))
    for row in table.findall("a.tr"):
        cells = [
            TableCell(
                list(_cell_runs(cell)), max(1, number(cell.get("gridSpan"), 1)), max(1, number(cell.get("rowSpan"), 1))
            )
            for cell in row.findall("a.tc")
            if not any(name in cell.attrib and is_on(cell, name) for name in ("hMerge", "vMerge"))
        ]
        yield TableRow(cells, header=first)
        first = False


def _cell_runs(cell: Element) -> Iterator[Run]:
    for at, paragraph in enumerate(cell.findall("a.txBody/a.p")):
        if at:
            yield Run("\n")
        yield from _runs(paragraph, None)


def _why_hidden(properties: Element | None, ground: _Ground | None) -> str:
    if properties is None:
        return ""
    size = properties.get("sz")
    if size and 0 < number(size) < _TINY:
        return "tiny letters"
    fill = properties.find("a.solidFill")
    if fill is None or ground is None or not ground.colour:
        return ""
    colour = _colour(fill, ground.theme)
    return "invisible colour" if colour and _near(colour, ground.colour) else ""


def _colour(fill: Element, theme: dict[str, str]) -> str:
    """Return a plain colour as six hexadecimal digits; "" for one that is tinted or can't be told."""
    for one in fill:
        if any(child.tag != "a.alpha" for child in one):
            return ""
        if one.tag == "a.srgbClr":
            return one.get("val", "").upper()
        if one.tag == "a.sysClr":
            return one.get("lastClr", "").upper()
        if one.tag == "a.schemeClr":
            return theme.get(one.get("val", ""), "")
    return ""


def _near(one: str, other: str) -> bool:
    try:
        pairs = [(int(one[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (0, 2, 4)]
    except ValueError:
        return False
    return all(abs(first - second) <= 8 for first, second in pairs)


def _marker(properties: Element | None, level: int, numbers: dict[int, int], bullets: frozenset[int]) -> str:
    """Return what stands before a paragraph: its number, "-" for a bullet, or nothing."""
    numbered = properties.find("a.buAutoNum") if properties is not None else None
    for deeper in [one for one in numbers if one > level or (one == level and numbered is None)]:
        del numbers[deeper]
    if numbered is not None:
        first = number(numbered.get("startAt"), 1)
        numbers[level] = numbers.get(level, first - 1) + 1
        return _shown_number(numbers[level], numbered.get("type", "arabicPeriod"))
    if properties is not None:
        if properties.find("a.buNone") is not None:
            return ""
        if properties.find("a.buChar") is not None or properties.find("a.buBlip") is not None:
            return "-"
    return "-" if level in bullets else ""


def _bullets(shape: _Shape, body_style: Element | None) -> frozenset[int]:
    """Return the levels on which a placeholder's paragraphs have bullets that they don't name themselves."""
    bodies = [one.find("p.txBody/a.lstStyle") for one in (shape.element, *shape.models)]
    styles = [one for one in [*bodies, body_style if shape.role in ("body", "obj") else None] if one is not None]
    bullets = set()
    for level in range(_LEVELS):
        for properties in (one.find(f"a.lvl{level + 1}pPr") for one in styles):
            said = {child.tag for child in properties} if properties is not None else set()
            if said & {"a.buNone", "a.buChar", "a.buBlip", "a.buAutoNum"}:
                if "a.buNone" not in said:
                    bullets.add(level)
                break
    return frozenset(bullets)


def _shown_number(value: int, form: str) -> str:
    digits = ooxml.shown_number(value, {"alphaLc": "lowerLetter", "alphaUc": "upperLetter", "romanLc": "lowerRoman",
                                        "romanUc": "upperRoman"}.get(form[:7], "decimal"))  # fmt: skip
    if form.endswith("ParenBoth"):
        return f"({digits})"
    return digits + (")" if form.endswith("ParenR") else "." if form.endswith("Period") else "")
