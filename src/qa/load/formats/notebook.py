"""Jupyter notebooks: cells in order, code with its output below it, as the notebook shows them. Runs nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from qa.load.decode import decode
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats import markdown
from qa.load.formats.textfile import check_size, fit, legible
from qa.load.sections import Heading
from qa.types import Place, Span

_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_DIGITS = 20
_ANEW = "Open it in Jupyter, save it and index again."


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the cells' text, a blank line between them; headings are those of the markdown cells.

    Each cell with text is a place of kind "cell", labelled "In [3]" where it ran, else with its number from 1.
    Output is read where it is text, and left out where a picture is shown in its stead.
    """
    book = _parsed(data, limits)
    blocks: list[str] = []
    headings: list[Heading] = []
    places: list[Place] = []
    at = 0
    for number, cell in enumerate(_cells(book), start=1):
        words = _cell_text(cell)
        if not words:
            continue
        if blocks:
            blocks.append("\n\n")
            at += 2
        label = cell.get("execution_count", cell.get("prompt_number"))
        shown = f"In [{label}]" if isinstance(label, int) and 0 <= label < 10**9 else str(number)
        places.append(Place("cell", shown, Span(at, at + len(words))))
        if cell.get("cell_type") == "markdown":
            headings += [_moved(heading, at) for heading in markdown.find_headings(words)]
        elif cell.get("cell_type") == "heading" and "\n" not in words:  # of notebooks before version 4
            headings.append(Heading(_level(cell), " ".join(words.split()), Span(at, at + len(words))))
        blocks.append(words)
        at += len(words)
    text, lost, notes = fit("".join(blocks), limits)
    kept = tuple(heading for heading in headings if heading.span.end <= len(text))
    metadata = _object(book.get("metadata"))
    first = next((heading.words for heading in kept if heading.level == 1), "")
    return Extracted(
        text,
        headings=kept,
        title=_string(metadata.get("title")) or first,
        author=_authors(metadata),
        places=tuple(place for place in places if place.span.end <= len(text)),
        lost=lost,
        notes=notes,
        encoding="utf-8",
    )


def _parsed(data: bytes, limits: Limits) -> dict[str, Any]:
    check_size(data, limits)
    decoded = decode(data)
    try:
        book = json.loads(decoded.text.removeprefix("\ufeff"), parse_int=_whole) if decoded else None
    except RecursionError:
        raise Unreadable("its contents are nested too deep.", _ANEW) from None
    except ValueError as exc:
        raise Unreadable("it isn't a notebook, or damaged: it can't be read as JSON.", _ANEW) from exc
    if not isinstance(book, dict) or not ("cells" in book or "worksheets" in book):
        raise Unreadable("it isn't a notebook: there are no cells in it.", _ANEW)
    return book


def _whole(digits: str) -> int:
    # nothing that is read here is that large, and Python refuses to make a number of more than 4,300 digits
    return int(digits) if len(digits) < _DIGITS else 0


def _cells(book: dict[str, Any]) -> Iterator[dict[str, Any]]:
    sheets = [book, *_list(book.get("worksheets"))]
    for sheet in sheets:
        for cell in _list(_object(sheet).get("cells")):
            if isinstance(cell, dict):
                yield cell


def _cell_text(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input"))
    pieces = [_joined(source), *(_output(_object(output)) for output in _list(cell.get("outputs")))]
    return "\n\n".join(words for piece in pieces if (words := piece.strip("\r\n")).strip())


def _output(output: dict[str, Any]) -> str:
    kind = output.get("output_type")
    if kind in ("error", "pyerr"):
        return f"{_string(output.get('ename'))}: {_string(output.get('evalue'))}"
    # before version 4 the kinds of an output lay beside it, under short names
    data = output.get("data") if isinstance(output.get("data"), dict) else output
    found = _object(data)
    if any(name.startswith("image/") or name in ("png", "jpeg", "svg") for name in found):
        return ""
    return _COLOUR.sub("", _joined(found.get("text/plain", found.get("text"))))


def _moved(heading: Heading, by: int) -> Heading:
    return replace(heading, span=Span(heading.span.start + by, heading.span.end + by))


def _level(cell: dict[str, Any]) -> int:
    level = cell.get("level")
    return min(6, max(1, level)) if isinstance(level, int) else 1


def _authors(metadata: dict[str, Any]) -> str:
    found = [
        _string(author.get("name") if isinstance(author, dict) else author) for author in _list(metadata.get("authors"))
    ]
    return ", ".join(name for name in found if name)


def _joined(source: object) -> str:
    lines = source if isinstance(source, list) else [source]
    return legible("".join(line for line in lines if isinstance(line, str)))


def _string(value: object) -> str:
    return " ".join(legible(value).split()) if isinstance(value, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
