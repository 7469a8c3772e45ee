"""What Word, PowerPoint and Excel files share: relations between parts, and properties. Knows no text."""

from __future__ import annotations

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from qa.load.dates import iso
from qa.load.extracted import Unreadable
from qa.load.formats.zipped import Package, target


@dataclass(frozen=True, slots=True)
class Relation:
    """One part's pointer to another; `kind` is the last word of its type, `part` "" where it points outside."""

    kind: str
    part: str


@dataclass(frozen=True, slots=True)
class Properties:
    """Title, author and date of last change as the file names them, "" where it doesn't."""

    title: str = ""
    author: str = ""
    date: str = ""


def relations(package: Package, part: str) -> dict[str, Relation]:
    """Return the relations of a part by their ids ("" is the package itself), in the file's order."""
    folder, _, name = part.rpartition("/")
    path = f"{folder}/_rels/{name}.rels".lstrip("/")
    if not package.find(path):
        return {}
    found = {}
    for one in package.xml(path):
        outside = one.get("TargetMode") == "External"
        member = "" if outside else package.find(target(part, one.get("Target", "")))
        found[one.get("Id", "")] = Relation(one.get("Type", "").rpartition("/")[2], member)
    return found


def main_part(package: Package, fallback: str) -> str:
    """Return the part the package names as its document, `fallback` where it names none that is there."""
    for relation in relations(package, "").values():
        if relation.kind == "officeDocument" and relation.part:
            return relation.part
    return fallback


def properties(package: Package) -> Properties:
    """Return the document's core properties; broken ones count as none, since the text can do without."""
    try:
        part = next((one.part for one in relations(package, "").values() if one.kind == "core-properties"), "")
        root = package.xml(part) if part else None
    except Unreadable:
        root = None
    if root is None:
        return Properties()
    date = _words(root, "dcterms.modified") or _words(root, "dcterms.created")
    return Properties(_words(root, "dc.title"), _words(root, "dc.creator"), iso(date))


def is_on(element: Element | None, attribute: str) -> bool | None:
    """Return what a switch such as <w.vanish/> says; None where it isn't there."""
    if element is None:
        return None
    return element.get(attribute, "1").lower() not in ("0", "false", "off")


def number(value: str | None, default: int = 0) -> int:
    """Return a whole number as files write it; `default` where it is missing, none, or absurdly large."""
    try:
        found = int(float(value)) if value else default
    except (ValueError, OverflowError):
        return default
    return found if abs(found) < 1 << 40 else default


def shown_number(value: int, form: str) -> str:
    """Return a list's number as a format of Office's shows it; formats it doesn't know are plain digits."""
    if form == "none":
        return ""
    if form in ("lowerLetter", "upperLetter") and 0 < value <= 26 * 50:
        letters = chr(ord("a") + (value - 1) % 26) * ((value - 1) // 26 + 1)
        return letters if form == "lowerLetter" else letters.upper()
    if form in ("lowerRoman", "upperRoman") and 0 < value < 4000:
        roman = _roman(value)
        return roman.lower() if form == "lowerRoman" else roman
    if form == "decimalZero":
        return f"{value:02d}"
    return str(value)


def _roman(value: int) -> str:
    pairs = zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ("M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"),
        strict=True,
    )
    letters = ""
    for worth, letter in pairs:
        letters += letter * (value // worth)
        value %= worth
    return letters


def _words(root: Element, tag: str) -> str:
    found = next(iter(root.iter(tag)), None)
    return " ".join((found.text or "").split()) if found is not None else ""
