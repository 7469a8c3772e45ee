"""How an `Extracted` crosses between a reader's process and ours: JSON and UTF-8, checked on arrival.

Nothing that arrives is taken on trust: a reader may have been taken over by what it read.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from qa.load import names
from qa.load.extracted import Child, Extracted, Hidden
from qa.load.sections import Heading
from qa.types import Place, Span

SIZES = struct.Struct("<QQ")  # of the header and of what follows it
GRACE = 5  # seconds the child's own clocks run longer than its parent's
SPLIT = "Split the file, or save it anew, and index again."
ANEW = "Open the file and save it anew, or in another format, and index again."

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
        "notes": extracted.notes,
        "children": [child.name for child in extracted.children],
        "encoding": extracted.encoding,
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
        notes=tuple(_storable(line) for line in checked(list, header["notes"])),
        children=_children(checked(list, header["children"]), pieces[1:]),
        encoding=_storable(header["encoding"]),
    )


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
