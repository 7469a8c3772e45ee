"""OpenDocument's styles and list levels, as far as readers of its text go by them. Knows no text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from qa.load.formats.ooxml import number, shown_number

_LENGTH = re.compile(r"(-?[\d.]+)(cm|mm|in|pt|pc|px)")
_POINTS = {"cm": 72 / 2.54, "mm": 72 / 25.4, "in": 72.0, "pt": 1.0, "pc": 12.0, "px": 0.75}
_FORMATS = {"a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "1": "decimal"}
_TINY = 2.0  # points


@dataclass(frozen=True, slots=True)
class Style:
    """What a style says of whether words are seen and valid, and of breaks; None is "as its parent says"."""

    parent: str = ""
    unseen: bool | None = None
    white: bool | None = None
    size: float | None = None
    shaded: bool | None = None
    struck: bool | None = None
    script: str | None = None  # "super", "sub" or "" for on the line
    breaks: bool = False
    shown: bool = True  # of a sheet or slide
    is_title: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """How one level of a list counts."""

    format: str | None  # None is a bullet
    prefix: str = ""
    suffix: str = ""
    start: int = 1
    levels: int = 1  # how many of the outer ones' numbers are shown


def read_style(element: Element) -> Style:
    """Return what a style's element says by itself."""
    words = element.find("style.text-properties")
    paragraph = element.find("style.paragraph-properties")
    page = element.find("style.drawing-page-properties")
    table = element.find("style.table-properties")
    shown = page is None or page.get("presentation.visibility", "visible") == "visible"
    shown = shown and (table is None or table.get("table.display", "true") == "true")
    grounds = [one.get("fo.background-color") for one in (words, paragraph) if one is not None]
    said = [ground.lower() for ground in grounds if ground and ground != "transparent"]
    colour = words.get("fo.color", "") if words is not None else ""
    return Style(
        parent=element.get("style.parent-style-name", ""),
        unseen=words.get("text.display") == "none" if words is not None and "text.display" in words.attrib else None,
        white=_is_white(colour) if colour else None,
        size=points(words.get("fo.font-size", "")) if words is not None else None,
        shaded=said[0] != "#ffffff" if said else None,
        struck=_is_struck(words) if words is not None else None,
        script=_script(words.get("style.text-position", "")) if words is not None else None,
        breaks=paragraph is not None and paragraph.get("fo.break-before") == "page",
        shown=shown,
    )


def _is_struck(words: Element) -> bool | None:
    said = [words.get(f"style.text-line-through-{name}") for name in ("style", "type")]
    known = [one != "none" for one in said if one is not None]
    return all(known) if known else None


def _script(position: str) -> str | None:
    """Return where "super 58%", "-33% 58%" and the like put words; None where nothing is said."""
    if not position:
        return None
    first = position.split()[0]
    if first in ("super", "sub"):
        return first
    return "sub" if first.startswith("-") and first != "-0%" else "super" if first not in ("0%", "0") else ""


def over(style: Style, base: Style) -> Style:
    """Return a style with what it leaves open filled from the one below it."""
    return replace(
        style,
        unseen=base.unseen if style.unseen is None else style.unseen,
        white=base.white if style.white is None else style.white,
        size=base.size if style.size is None else style.size,
        shaded=base.shaded if style.shaded is None else style.shaded,
        struck=base.struck if style.struck is None else style.struck,
        script=base.script if style.script is None else style.script,
    )


def why_hidden(style: Style) -> str:
    """Return why nobody sees words of this style, "" where they are seen."""
    if style.unseen:
        return "hidden text"
    if style.white and not style.shaded:
        return "invisible colour"
    return "tiny letters" if style.size is not None and style.size < _TINY else ""


def _is_white(colour: str) -> bool:
    match = re.fullmatch(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})", colour)
    return match is not None and all(int(one, 16) >= 0xF8 for one in match.groups())


def read_levels(element: Element) -> dict[int, Level]:
    """Return the levels of a list style by their numbers, from 1."""
    levels = {}
    for one in element:
        at = number(one.get("text.level"))
        if one.tag == "text.list-level-style-bullet":
            levels[at] = Level(None)
        elif one.tag in ("text.list-level-style-number", "text.outline-level-style"):
            levels[at] = Level(
                format=one.get("style.num-format", ""),
                prefix=one.get("style.num-prefix", ""),
                suffix=one.get("style.num-suffix", ""),
                start=number(one.get("text.start-value"), 1),
                levels=max(1, number(one.get("text.display-levels"), 1)),
            )
    return levels


def marker_of(level: Level, counts: list[int], levels: dict[int, Level]) -> str:
    """Return what stands before an item whose numbers, outermost first, are `counts`."""
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


def points(length: str) -> float | None:
    """Return a length in points; None where it is none."""
    match = _LENGTH.fullmatch(length)
    try:
        return float(match[1]) * _POINTS[match[2]] if match else None
    except ValueError:
        return None
