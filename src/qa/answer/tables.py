"""Rows of tables, their cells read with the header above them, and lines of a label with its value. Pure.

A row is picked by its label, as a person does, and a cell by its column's name; the header says what stands in it,
and answers nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qa.types import Span, is_row

_BAR = re.compile(r"\s*\|\s*|\t")
# "Type of building: Warehouse", "- **Key expiry**: 2027", not a time, an address or a sentence that leads in
_LABELLED = re.compile(r"\W*((?:[^\s:]+ ){0,6}[^\s:]+?)\W{0,3}:(?!//)[*_]{0,3}\s+(\S.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where its cells stand in it, and the header's cells, as many or none. `is_header`: it is that header."""

    text: str
    cells: tuple[Span, ...]
    header: str
    columns: tuple[str, ...]
    is_header: bool

    def cell_for(self, share: Callable[[str], float], read: Span | None) -> Span | None:
        """Return the cell that is asked for: of the column the question names, else the one that was `read`.

        `share` tells how much of the question a text holds. A column is named where it holds more of the question
        than the others that this row has a value in; the row's first cell is its label and is never asked for so.
        """
        if self.is_header:
            return None
        named = [
            (share(self.columns[at]), -at)
            for at in range(1, min(len(self.cells), len(self.columns)))
            if len(self.cells[at])
        ]
        best = max(named, default=(0.0, 0))
        if best[0] > 0 and sum(value == best[0] for value, _ in named) == 1:
            return self.cells[-best[1]]
        if read is not None:
            return next((cell for cell in self.cells if cell.overlaps(read)), None)
        return None


def value_of_label(text: str) -> tuple[Span, Span] | None:
    """Return where the label and the value of a line "label: value" stand; None for another line."""
    found = _LABELLED.match(text)
    return (Span(*found.span(1)), _trimmed(text, *found.span(2))) if found else None


def header_of(texts: Sequence[str], known: str) -> str:
    """Return the header of a passage's rows: the one `known` from outside, else the first row; "" without rows."""
    return known or next((text for text in texts if is_row(text)), "") or (texts[0] if _are_delimited(texts) else "")


def rows_of(texts: Sequence[str], header: str) -> list[Row | None]:
    """Return each text as a row, None where it is none."""
    mark = _mark(header)
    columns = tuple(header[cell.start : cell.end] for cell in _cells(header, mark)) if header else ()
    found: list[Row | None] = []
    for text in texts:
        if not is_row(text, header):
            found.append(None)
            continue
        cells = _cells(text, mark)
        fitting = columns if len(columns) == len(cells) else ()
        found.append(Row(text, cells, header if text != header else "", fitting, text == header))
    return found


def _mark(header: str) -> str:
    """Return what divides cells: a bar or tab, else the sign that stands in the header most."""
    if " | " in header or "\t" in header or "|" in header:
        return "|"
    return max(";,", key=header.count)


def _cells(text: str, mark: str) -> tuple[Span, ...]:
    """Return where the cells of a row stand, blanks around them left out; bars at both ends make none."""
    dividers = [match.span() for match in (_BAR.finditer(text) if mark == "|" else re.finditer(re.escape(mark), text))]
    edges = [0, *(edge for span in dividers for edge in span), len(text)]
    bounds = [(edges[at], edges[at + 1]) for at in range(0, len(edges), 2)]
    if mark == "|" and len(bounds) > 2:
        bounds = bounds[1:] if not text[: bounds[0][1]].strip() and text.lstrip().startswith("|") else bounds
        bounds = bounds[:-1] if text.rstrip().endswith("|") and not text[bounds[-1][0] :].strip() else bounds
    return tuple(_trimmed(text, low, high) for low, high in bounds)


def _trimmed(text: str, low: int, high: int) -> Span:
    while low < high and text[low].isspace():
        low += 1
    while high > low and text[high - 1].isspace():
        high -= 1
    return Span(low, high)


def _are_delimited(texts: Sequence[str]) -> bool:
    """Tell whether all lines are parted as often as the first, or more: rows of a CSV file, not sentences."""
    if len(texts) < 2:
        return False
    header = texts[0]
    # in prose and lists a space follows a comma
    marks = [mark for mark in ",;|" if mark in header and f"{mark} " not in header]
    return any(header.count(mark) <= min(text.count(mark) for text in texts) for mark in marks)
