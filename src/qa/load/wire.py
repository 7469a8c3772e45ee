"""How an `Extracted` or a `Picture` crosses between a reader's process and ours: JSON and UTF-8, checked on arrival.

Nothing that arrives is taken on trust: a reader may have been taken over by what it read.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from qa.load import names
from qa.load.extracted import Child, Extracted, Hidden
from qa.load.pictured import Box, Picture, Quoted
from qa.load.sections import Heading
from qa.types import Place, Span

SIZES = struct.Struct("<QQ")  # of the header and of what follows it
SPLIT = "Split the file, or save it anew, and index again."
ANEW = "Open the file and save it anew, or in another format, and index again."

_PNG = b"\x89PNG\r\n\x1a\n"

_Kind = TypeVar("_Kind")


def parsed(packed: bytes, rest: int) -> dict[str, Any] | None:
    """Return an answer's header; None where it is none, or what it announces isn't what follows."""
    try:
        found = json.loads(packed)
        sizes = [checked(int, size) for size in checked(list, checked(dict, found)["sizes"])]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return found if sum(sizes) == rest and all(size >= 0 for size in sizes) else None


def pack(extracted: Extracted) -> tuple[dict[str, Any], list[bytes]]:
    """Return `extracted` as what JSON can hold, and the bytes that go beside it: the text, then each child's."""
    pieces = [extracted.text.encode("utf-8"), *(child.data for child in extracted.children)]
    header = {
        "sizes": [len(piece) for piece in pieces],
        "headings": [[item.level, item.words, item.span.start, item.span.end] for item in extracted.headings],
        "title": extracted.title,
        "author": extracted.author,
        "date": extracted.date,
        "start": extracted.start,
        "places": [[item.kind, item.label, item.span.start, item.span.end] for item in extracted.places],
        "parts": extracted.parts,
        "empty": extracted.empty,
        "hidden": [[item.why, item.span.start, item.span.end] for item in extracted.hidden],
        "lost": extracted.lost,
        "passed": extracted.passed,
        "notes": extracted.notes,
        "children": [child.name for child in extracted.children],
        "encoding": extracted.encoding,
        "composed": extracted.composed,
    }
    return header, pieces


def unpack(header: Mapping[str, Any], pieces: Sequence[bytes]) -> Extracted:
    """Make an `Extracted` of what a worker sent; raise ValueError, TypeError or KeyError where it can't be one.

    Nothing is taken on trust: spans lie in the text, names lie inside, each child has its name.
    """
    text = pieces[0].decode("utf-8")
    if "\x00" in text:
        raise ValueError("the text holds a NUL")
    start = checked(int, header["start"])
    if not 0 <= start <= len(text):
        raise ValueError("the body begins outside the text")
    return Extracted(
        text=text,
        headings=tuple(
            Heading(checked(int, level), _storable(words), _span(first, last, text))
            for level, words, first, last in header["headings"]
        ),
        title=_storable(header["title"]),
        author=_storable(header["author"]),
        date=_storable(header["date"]),
        start=start,
        places=tuple(
            Place(_storable(kind), _storable(label), _span(first, last, text))
            for kind, label, first, last in header["places"]
        ),
        parts=checked(int, header["parts"]),
        empty=tuple(_storable(line) for line in checked(list, header["empty"])),
        hidden=tuple(Hidden(_span(first, last, text), _storable(why)) for why, first, last in header["hidden"]),
        lost=checked(int, header["lost"]),
        passed=checked(int, header["passed"]),
        notes=tuple(_storable(line) for line in checked(list, header["notes"])),
        children=_children(checked(list, header["children"]), pieces[1:]),
        encoding=_storable(header["encoding"]),
        composed=header["composed"] is True,
    )


def pack_quoted(quoted: Quoted) -> dict[str, Any]:
    """Return `quoted` as what JSON can hold."""
    return {
        "label": quoted.label,
        "text": quoted.text,
        "spans": [[span.start, span.end] for span in quoted.spans],
        "earlier": quoted.earlier,
    }


def unpack_quoted(packed: Mapping[str, Any]) -> Quoted:
    """Make a `Quoted` of what was asked: it comes from us, so a mistake in it is our own."""
    spans = tuple(Span(start, end) for start, end in packed["spans"])
    return Quoted(packed["label"], packed["text"], spans, packed["earlier"])


def pack_picture(picture: Picture) -> tuple[dict[str, Any], list[bytes]]:
    """Return `picture` as what JSON can hold, and the PNG that goes beside it."""
    boxes = [[box.left, box.top, box.right, box.bottom] for box in picture.boxes]
    return {
        "sizes": [len(picture.png)],
        "width": picture.width,
        "height": picture.height,
        "boxes": boxes,
    }, [picture.png]


def unpack_picture(header: Mapping[str, Any], pieces: Sequence[bytes]) -> Picture:
    """Make a `Picture` of what a worker sent; raise ValueError, TypeError or KeyError where it can't be one.

    Its boxes are cut at the page's edges; those beyond them are left out.
    """
    (png,) = pieces
    if not png.startswith(_PNG):
        raise ValueError("the picture is no PNG")
    width, height = _length(header["width"]), _length(header["height"])
    if not (width > 0 and height > 0):
        raise ValueError("the page has no size")
    cut = []
    for edges in checked(list, header["boxes"]):
        left, top, right, bottom = (_length(edge) for edge in checked(list, edges))
        cut.append(Box(max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)))
    return Picture(png, width, height, tuple(box for box in cut if box.left < box.right and box.top < box.bottom))


def _length(value: object) -> float:
    number = float(value) if type(value) is int else checked(float, value)
    if not math.isfinite(number):
        raise ValueError("a length that isn't finite")
    return number


def _children(called: list[Any], pieces: Sequence[bytes]) -> tuple[Child, ...]:
    for name in called:
        if not name or names.inside(_storable(name)) != name:
            raise ValueError(f"no child can be called {name!r}")
    return tuple(Child(name, data) for name, data in zip(called, pieces, strict=True))


def checked(kind: type[_Kind], value: object) -> _Kind:
    """Return a value that is of a kind; raise TypeError where it isn't, a truth value counting as no number."""
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def _storable(value: object) -> str:
    words = checked(str, value)
    words.encode("utf-8")  # a UnicodeEncodeError is a ValueError
    return words


def _span(first: object, last: object, text: str) -> Span:
    span = Span(checked(int, first), checked(int, last))
    if span.end > len(text):
        raise ValueError("a span reaches past the text")
    return span
