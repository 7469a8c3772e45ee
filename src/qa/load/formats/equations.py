"""Equations as people type them, on one line: F = σW/L, (1/2)Jω², √(a+b). Reads Office's markup and MathML.

A formula's parts written one after the other would say another formula. Trees come as `Part`s, so that any
parser's can be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from qa.load.formats.scripts import lowered, raised

DEEPEST = 60  # elements inside elements: what lies deeper is only words
# one factor, which needs no brackets: a name or number with what is raised or lowered at it
_FACTOR = re.compile(r"(?:[\d.,]+|[^\W\d_]|\([^()]*\)|√\([^()]*\))[⁰¹²³⁴-⁹⁺⁻ᵃ-ᶻⁿⁱ₀-₉ₐ-ₜ′'!]*")
_PRODUCT = re.compile(r"[^\s+\-−–=<>≤≥±,;/|]+")
_WORD = re.compile(r"\w")
_BARS = {"̅": "̄", "¯": "̄", "‾": "̄", "^": "̂", "ˆ": "̂", "~": "̃", "˜": "̃", "→": "⃗", "⃗": "⃗", "˙": "̇", "¨": "̈", ".": "̇"}


@dataclass(slots=True)
class Part:
    """An element of a formula: its name without its namespace, what it says of itself, its words, its parts."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    words: str = ""
    parts: list[Part] = field(default_factory=list)

    def find(self, *tags: str) -> Part | None:
        """Return the first part of one of these names."""
        return next((part for part in self.parts if part.tag in tags), None)


def of_element(element: Element, depth: int = 0) -> Part:
    """Return an element of Office's or OpenDocument's XML as a `Part`; what lies too deep is only its words."""
    attributes = {name.rpartition(".")[2]: value for name, value in element.attrib.items()}
    tag = element.tag.rpartition(".")[2].rpartition("}")[2]
    if depth > DEEPEST:
        return Part(tag, attributes, "".join(element.itertext()))
    parts = [of_element(child, depth + 1) for child in element]
    return Part(tag, attributes, element.text or "", parts)


def office_line(part: Part) -> str:
    """Return a formula of Office's markup (m:oMath) on one line."""
    return _tidy(_office(part))


def mathml_line(part: Part) -> str:
    """Return a formula in MathML on one line; where it brings its LaTeX along, that isn't needed."""
    return _tidy(_mathml(part))


# what both write


def _tidy(words: str) -> str:
    return " ".join(words.split())


def _grouped(words: str, form: re.Pattern[str]) -> str:
    return words if form.fullmatch(words) else f"({words})"


def _fraction(above: str, below: str) -> str:
    return f"{_grouped(above, _PRODUCT)}/{_grouped(below, _FACTOR)}"


def _power(base: str, exponent: str) -> str:
    return base + _script(exponent, raised, "^") if exponent else base


def _index(base: str, index: str) -> str:
    return base + _script(index, lowered, "_") if index else base


def _script(words: str, shift: Callable[[str], str], sign: str) -> str:
    moved = shift(words.replace(" ", ""))
    if moved != words.replace(" ", ""):
        return moved if moved[:1] not in "^_" else f"{sign}({words})"
    if words in ("′", "″", "'", "*", "°", "†"):
        return words
    return sign + (words if sign == "_" and words.isalnum() else _grouped(words, _FACTOR))


def _root(inside: str, degree: str = "") -> str:
    return (raised(degree) if degree else "") + "√" + (inside if len(inside) == 1 else f"({inside})")


def _accented(base: str, accent: str) -> str:
    mark = _BARS.get(accent.strip(), "")
    return base + mark if mark and len(base) == 1 else f"{base}{accent}" if accent.strip() and not mark else base


def _strung(pieces: Sequence[tuple[str, bool]]) -> str:
    """Put pieces one after the other; a fraction (True) beside another factor is set in brackets."""
    line = ""
    for at, (words, fraction) in enumerate(pieces):
        before = line[-1:]
        after = pieces[at + 1][0][:1] if at + 1 < len(pieces) else ""
        beside = bool(_WORD.match(before)) or bool(_WORD.match(after)) or after in ("(", "√")
        line += f"({words})" if fraction and beside else words
    return line


# Office


def _office(part: Part) -> str:
    return _strung([(_office_part(one), one.tag == "f" and not _is_flat(one)) for one in part.parts])


def _inside(part: Part, tag: str) -> str:
    found = part.find(tag)
    return _office(found) if found is not None else ""


def _setting(part: Part, name: str, default: str) -> str:
    for properties in part.parts:
        if properties.tag.endswith("Pr"):
            found = properties.find(name)
            if found is not None:
                return found.attributes.get("val", default)
    return default


def _is_flat(part: Part) -> bool:
    return _setting(part, "type", "bar") == "noBar"


def _office_part(part: Part) -> str:
    tag = part.tag
    if tag == "t":
        return part.words
    if tag == "f":
        above, below = _inside(part, "num"), _inside(part, "den")
        return f"({above} over {below})" if _is_flat(part) else _fraction(above, below)
    if tag in ("sSup", "sSub", "sSubSup"):
        base = _inside(part, "e")
        base = base if len(base) < 2 or tag == "sSub" else _grouped(base, _FACTOR)
        return _power(_index(base, _inside(part, "sub")), _inside(part, "sup"))
    if tag == "sPre":
        return _power(_index("", _inside(part, "sub")), _inside(part, "sup")) + _inside(part, "e")
    if tag == "rad":
        return _root(_inside(part, "e"), _inside(part, "deg"))
    if tag == "nary":
        sign = _setting(part, "chr", "∫")
        return f"{_power(_index(sign, _inside(part, 'sub')), _inside(part, 'sup'))} {_inside(part, 'e')}"
    if tag == "d":
        inside = _setting(part, "sepChr", "|").join(_office(one) for one in part.parts if one.tag == "e")
        return _setting(part, "begChr", "(") + inside + _setting(part, "endChr", ")")
    if tag == "func":
        return f"{_inside(part, 'fName')} {_inside(part, 'e')}"
    if tag in ("limLow", "limUpp"):
        return (_index if tag == "limLow" else _power)(_inside(part, "e"), _inside(part, "lim"))
    if tag in ("acc", "bar"):
        return _accented(_inside(part, "e"), _setting(part, "chr", "̂") if tag == "acc" else "̅")
    if tag == "eqArr":
        return "; ".join(_office(one) for one in part.parts if one.tag == "e")
    if tag == "m":
        rows = [", ".join(_office(one) for one in row.parts if one.tag == "e") for row in part.parts if row.tag == "mr"]
        return f"[{'; '.join(rows)}]"
    return "" if tag.endswith("Pr") or tag in ("del", "moveFrom") else _office(part) or part.words.strip()


# MathML

_SKIPPED = ("annotation", "annotation-xml", "mphantom", "none", "mprescripts")
_OPERATORS = frozenset("=+−-±<>≤≥≈≠→×·∼∝∈")


def _mathml(part: Part) -> str:
    if not part.parts:
        return part.words
    return _strung([(_mathml_part(one), one.tag == "mfrac") for one in part.parts if one.tag not in _SKIPPED])


def _mathml_part(part: Part) -> str:
    tag = part.tag
    inner = [_mathml_part(one) for one in part.parts if one.tag not in _SKIPPED or one.tag == "none"]
    if tag in ("mi", "mn", "ms"):
        return part.words.strip()
    if tag == "mo":
        sign = part.words.strip()
        if sign in ("⁡", "⁢", "⁣", "⁤"):  # invisible: applied, times, comma, plus
            return ""
        return f" {sign} " if sign in _OPERATORS else f"{sign} " if sign == "," else sign
    if tag == "mtext":
        return part.words.replace("\xa0", " ")
    if tag == "mspace":
        return " "
    if tag == "none" or tag in _SKIPPED:
        return ""
    inner = [*(one.strip() for one in inner)] if tag not in ("mrow", "math", "semantics", "mstyle") else inner
    if tag == "mfrac" and len(inner) == 2:
        return _fraction(*inner)
    if tag in ("msup", "mover") and len(inner) == 2:
        over = inner[1] in _BARS and tag == "mover"
        return _accented(*inner) if over else _power(_based(inner[0]), inner[1])
    if tag in ("msub", "munder") and len(inner) == 2:
        return _index(inner[0], inner[1])
    if tag in ("msubsup", "munderover") and len(inner) == 3:
        return _power(_index(_based(inner[0]), inner[1]), inner[2])
    if tag == "mroot" and len(inner) == 2:
        return _root(*inner)
    if tag == "msqrt":
        return _root(_tidy(_mathml(part)))
    if tag == "mfenced":
        signs = part.attributes
        between = (signs.get("separators", ",").strip() or "")[:1]
        return signs.get("open", "(") + (between + " " if between else "").join(inner) + signs.get("close", ")")
    if tag == "mtable":
        return f"[{'; '.join(inner)}]"
    if tag in ("mtr", "mlabeledtr"):
        return ", ".join(inner)
    return _mathml(part)


def _based(base: str) -> str:
    return base if len(base) < 2 or base in ("lim", "max", "min", "log", "sin", "cos") else _grouped(base, _FACTOR)
