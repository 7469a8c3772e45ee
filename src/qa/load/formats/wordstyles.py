"""Word's styles and lists, as far as a reader goes by them: looks, outline levels, numbers. Knows no text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from qa.load.formats.ooxml import is_on, number, shown_number

_HEADING = re.compile(r"heading ?([1-9])")
_TINY = 4  # half points: text below two points can't be read
_WHITE = 0xF8  # of each channel, and above


@dataclass(frozen=True, slots=True)
class Look:
    """How words look, as far as it decides whether they are seen and valid; None is "as inherited"."""

    vanish: bool | None = None
    white: bool | None = None
    size: int | None = None
    shaded: bool | None = None
    struck: bool | None = None
    script: str | None = None  # "superscript", "subscript" or "baseline"

    def over(self, other: Look) -> Look:
        """Return this look with what it leaves open filled from the one below it."""
        return Look(
            other.vanish if self.vanish is None else self.vanish,
            other.white if self.white is None else self.white,
            other.size if self.size is None else self.size,
            other.shaded if self.shaded is None else self.shaded,
            other.struck if self.struck is None else self.struck,
            other.script if self.script is None else self.script,
        )

    def why_hidden(self) -> str:
        """Return why nobody sees words that look so, "" where they are seen."""
        if self.vanish:
            return "hidden text"
        if self.white and not self.shaded:
            return "invisible colour"
        return "tiny letters" if self.size is not None and self.size < _TINY else ""


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says, None where it says nothing; `outline` counts from 0, the outermost heading."""

    based: str = ""
    name: str = ""
    outline: int | None = None  # 0 is the outermost heading, 9 body text
    list_id: str | None = None
    list_level: int | None = None
    look: Look = Look()
    shades: bool = False  # a table style that colours cells


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list counts, and what of it is shown."""

    start: int
    format: str
    text: str
    style: str = ""
    restarts: bool = True


@dataclass(slots=True)
class NumberedList:
    """A numbering definition with its counters, which all lists made from it share."""

    levels: dict[int, Level]
    counts: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Numbering:
    """A document's lists, and how far each has counted."""

    lists: dict[str, NumberedList] = field(default_factory=dict)
    abstract_of: dict[str, str] = field(default_factory=dict)
    overrides: dict[tuple[str, int], int] = field(default_factory=dict)
    begun: set[tuple[str, int]] = field(default_factory=set)

    def levels(self, list_id: str) -> dict[int, Level]:
        """Return the levels of a list by their numbers, from 0."""
        found = self.lists.get(self.abstract_of.get(list_id, ""))
        return found.levels if found else {}

    def marker(self, list_id: str, at: int) -> str:
        """Count one paragraph and return its marker as shown; "" where none is."""
        found = self.lists.get(self.abstract_of.get(list_id, ""))
        level = found.levels.get(at) if found else None
        if found is None or level is None:
            return ""
        counts = found.counts
        override = self.overrides.get((list_id, at))
        if override is not None and (list_id, at) not in self.begun:
            counts[at] = override
        else:
            counts[at] = counts[at] + 1 if at in counts else level.start
        self.begun.add((list_id, at))
        for deeper in [one for one in counts if one > at]:
            if deeper not in found.levels or found.levels[deeper].restarts:
                del counts[deeper]
        if level.format == "bullet":
            return "-"
        return re.sub(r"%([1-9])", lambda match: self._counted(found, int(match[1]) - 1), level.text).strip()

    def _counted(self, found: NumberedList, at: int) -> str:
        level = found.levels.get(at)
        if level is None:
            return ""
        return shown_number(found.counts.get(at, level.start), level.format)


def read_style(element: Element) -> Style:
    """Return what a style's element says by itself."""
    name = (value_of(element.find("w.name")) or "").lower()
    heading = _HEADING.fullmatch(name)
    outline = value_of(element.find("w.pPr/w.outlineLvl"))
    level = number(outline, 9) if outline else int(heading[1]) - 1 if heading else 0 if name == "title" else None
    list_level = value_of(element.find("w.pPr/w.numPr/w.ilvl"))
    return Style(
        based=value_of(element.find("w.basedOn")) or "",
        name=name,
        outline=level,
        list_id=value_of(element.find("w.pPr/w.numPr/w.numId")),
        list_level=number(list_level) if list_level else None,
        look=Look(shaded=shade_of(element.find("w.pPr/w.shd"))).over(read_look(element.find("w.rPr"))),
        shades=element.get("w.type") == "table" and any(shade_of(one) for one in element.iter("w.shd")),
    )


def read_level(element: Element) -> Level:
    """Return how one level of a list counts."""
    restart = value_of(element.find("w.lvlRestart"))
    return Level(
        start=number(value_of(element.find("w.start")), 1),
        format=value_of(element.find("w.numFmt")) or "decimal",
        text=value_of(element.find("w.lvlText")) or "",
        style=value_of(element.find("w.pStyle")) or "",
        restarts=restart != "0",
    )


def read_look(properties: Element | None) -> Look:
    """Return how run properties make words look, as far as they say."""
    if properties is None:
        return Look()
    colour = properties.find("w.color")
    size = value_of(properties.find("w.sz"))
    highlight = value_of(properties.find("w.highlight")) not in (None, "none", "white")
    struck = [is_on(properties.find(tag), "w.val") for tag in ("w.strike", "w.dstrike")]
    return Look(
        vanish=is_on(properties.find("w.vanish"), "w.val"),
        white=is_white(colour) if colour is not None else None,
        size=number(size) if size else None,
        shaded=True if highlight else shade_of(properties.find("w.shd")),
        struck=True if True in struck else next((one for one in struck if one is not None), None),
        script=value_of(properties.find("w.vertAlign")),
    )


def is_white(colour: Element) -> bool:
    """Tell whether a colour is that of paper."""
    value = colour.get("w.val") or colour.get("w.color") or ""
    if re.fullmatch(r"[0-9A-Fa-f]{6}", value):
        return all(int(value[at : at + 2], 16) >= _WHITE for at in (0, 2, 4))
    return colour.get("w.themeColor") in ("background1", "light1")


def shade_of(shading: Element | None) -> bool | None:
    """Tell whether there is a colour behind; None where nothing is said of it."""
    if shading is None:
        return None
    if shading.get("w.val", "clear") not in ("clear", "nil") or shading.get("w.themeFill"):
        return True
    fill = shading.get("w.fill", "auto").upper()
    return None if fill in ("AUTO", "") else fill != "FFFFFF"


def value_of(element: Element | None) -> str | None:
    """Return an element's value, None where there is none."""
    return element.get("w.val") if element is not None else None
