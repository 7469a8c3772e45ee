"""The elements of Word's XML, looked at one by one: a table's rows and cells, text boxes, form boxes, symbols.

Knows neither styles nor what is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from xml.etree.ElementTree import Element

from qa.load.extracted import CHECKED, UNCHECKED
from qa.load.formats.ooxml import is_on, number
from qa.load.formats.wordstyles import value_of

# stand around text without being text
WRAPPERS = frozenset(
    """
    w.sdt w.sdtContent w.customXml w.ins w.moveTo w.smartTag w.hyperlink w.fldSimple w.dir w.bdo w.subDoc
    m.oMathPara
    """.split()
)


def table_rows(table: Element) -> Iterator[Element]:
    """Yield a table's own rows, whatever is wrapped around them."""
    for child in table:
        if child.tag == "w.tr":
            yield child
        elif child.tag in WRAPPERS:
            yield from table_rows(child)


def row_cells(row: Element) -> list[Element]:
    """Return a row's own cells, whatever is wrapped around them."""
    cells: list[Element] = []
    for child in row:
        if child.tag == "w.tc":
            cells.append(child)
        elif child.tag in WRAPPERS:
            cells += row_cells(child)
    return cells


def text_boxes(parent: Element) -> Iterator[Element]:
    """Yield the contents of the text boxes drawn in an element, each once."""
    for child in parent:
        if child.tag == "w.txbxContent":
            yield child
        elif child.tag == "mc.AlternateContent":
            for branch in chosen(child):
                yield from text_boxes(branch)
        else:
            yield from text_boxes(child)


def chosen(alternatives: Element) -> Iterable[Element]:
    """Return the first of a content's versions: the others say the same for older programs."""
    return (alternatives.findall("mc.Choice") + alternatives.findall("mc.Fallback"))[:1]


def form_state(field: Element | None) -> str:
    """Return what a form's box or list of older making holds; what is typed into one stands as text."""
    box = field.find("w.checkBox") if field is not None else None
    if box is not None:
        said = box.find("w.checked")
        return CHECKED if is_on(box.find("w.default") if said is None else said, "w.val") else UNCHECKED
    choices = field.find("w.ddList") if field is not None else None
    if choices is None:
        return ""
    entries = [one.get("w.val", "") for one in choices.findall("w.listEntry")]
    at = number(value_of(choices.find("w.result")) or value_of(choices.find("w.default")))
    return entries[at] if 0 <= at < len(entries) else ""


def symbol_of(element: Element) -> str:
    """Return the character that a symbol names, "" where it is none."""
    try:
        code = int(element.get("w.char", ""), 16)
    except ValueError:
        return ""
    return chr(code) if 0x20 <= code <= 0xFFFF else ""
