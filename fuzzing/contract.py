"""What a reader owes whoever calls it: names the promises that an `Extracted` breaks. Knows no format's insides."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

from qa.chunk import chunk_document
from qa.errors import LoadError
from qa.load import Found, names
from qa.load.extracted import Extracted, Limits
from qa.load.readers import _reading
from qa.load.table import FORMATS
from qa.load.wire import pack, parsed, unpack
from qa.types import Span

SIZE, OVERLAP = 900, 200  # of chunks, as set by default
# formats whose canonical text is the file itself: a heading's span there is its line, marks and all
AS_IT_STANDS = frozenset(
    [
        *"text markdown rst asciidoc org latex code settings subtitles csv notebook mail mailbox mhtml".split(),
        "as it is",
    ]
)
_STORABLE = re.compile("[\x00\ud800-\udfff]")
_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?", re.ASCII)
_ITEM = re.compile(r"(?:-|\d{1,19}\.) ")  # the marker of a list's item, which stands before a heading in one
_LINE_ENDS = "\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"


def breaches(name: str, found: Extracted, limits: Limits) -> list[str]:
    """Return the promises that what the reader `name` gave back doesn't keep, each named and where; [] for none."""
    return [
        *_of_text(found, limits),
        *_of_headings(name, found),
        *_of_places(found),
        *_of_hidden(found),
        *_of_children(name, found, limits),
        *_of_wire(found),
    ]


def breaches_of_document(name: str, data: bytes, found: Extracted) -> list[str]:
    """Return what is wrong with the sections and chunks that come of an `Extracted`; [] where nothing is."""
    suffix = FORMATS[name].suffixes[0]
    try:
        document = _reading(Found(Path(f"a{suffix}"), f"a{suffix}"), data, name, FORMATS[name], found).document
    except LoadError:
        return []  # no text in it, which is said
    broken = []
    for section in document.sections:
        if not section.span.of(document.text).strip():
            broken.append("section: without words")
    broken += _in_order("section", (section.span for section in document.sections), document.text)
    for chunk in chunk_document(document, size=SIZE, overlap=OVERLAP):
        if chunk.span.of(document.text) != chunk.text:
            broken.append(f"chunk: {chunk.id} isn't the slice of the text at its span")
        if not chunk.section.span.contains(chunk.span):
            broken.append(f"chunk: {chunk.id} reaches out of its section")
        if any(not chunk.span.contains(sentence) for sentence in chunk.sentences):
            broken.append(f"chunk: {chunk.id} has a sentence outside of it")
    return broken


def _of_text(found: Extracted, limits: Limits) -> Iterator[str]:
    if len(found.text) > limits.characters:
        yield f"text: {len(found.text)} characters, over the limit of {limits.characters}"
    words = {
        "text": [found.text],
        "title": [found.title],
        "author": [found.author],
        "encoding": [found.encoding],
        "note": found.notes,
        "empty": found.empty,
        "heading": [heading.words for heading in found.headings],
        "label": [place.label for place in found.places],
    }
    for what, several in words.items():
        if any(_STORABLE.search(one) for one in several):
            yield f"{what}: holds NUL or half of a character"
    for what in ("title", "author"):
        if any(mark in one for one in words[what] for mark in _LINE_ENDS):
            yield f"{what}: more than one line"
    if found.date and not _DATE.fullmatch(found.date):
        yield f"date: {found.date!r} is none"
    if not 0 <= found.start <= len(found.text):
        yield "start: outside of the text"
    if found.lost < 0 or found.parts < 0:
        yield "count: below nought"
    if any(not note.endswith((".", "”")) for note in found.notes):
        yield "note: isn't a sentence"


def _of_headings(name: str, found: Extracted) -> Iterator[str]:
    yield from _in_order("heading", (heading.span for heading in found.headings), found.text)
    for heading in found.headings:
        if heading.level < 1:
            yield f"heading: level {heading.level}"
        if not heading.words.strip():
            yield "heading: without words"
        if heading.span.end > len(found.text):
            continue
        line = heading.span.of(found.text)
        before, after = found.text[: heading.span.start][-1:], found.text[heading.span.end :][:1]
        if name == "latex":
            # its headings are commands, and may have words on either side
            if not line.startswith("\\"):
                yield "heading: its span is no command"
        elif name in AS_IT_STANDS:
            # a line taken with its indentation or not, with its line end or not
            begun = found.text[: heading.span.start].rstrip(" \t\xa0")[-1:]
            if begun and begun not in _LINE_ENDS and begun != "\ufeff":
                yield "heading: its span begins amid a line"
            if line[-1:] not in _LINE_ENDS and after and after not in _LINE_ENDS:
                yield "heading: its span ends amid a line"
        elif heading.words not in (words := " ".join(line.split()), _ITEM.sub("", words, count=1)):
            yield "heading: its span's words are others"
        elif (before and before not in _LINE_ENDS) or (after and after not in _LINE_ENDS):
            yield "heading: its span isn't a line"


def _of_places(found: Extracted) -> Iterator[str]:
    spans = defaultdict(list)
    for place in found.places:
        spans[place.kind].append(place.span)
        if place.span.end <= len(found.text) and not place.span.of(found.text).strip():
            yield f"place: a {place.kind} without words"
    for kind, several in spans.items():
        yield from _in_order(f"place: {kind}", several, found.text)


def _of_hidden(found: Extracted) -> Iterator[str]:
    yield from _in_order("hidden", (hidden.span for hidden in found.hidden), found.text)
    if any(not hidden.why or not len(hidden.span) for hidden in found.hidden):
        yield "hidden: empty, or for no reason"


def _of_children(name: str, found: Extracted, limits: Limits) -> Iterator[str]:
    called = [child.name for child in found.children]
    if len(called) > limits.members:
        yield f"children: {len(called)}, over the limit of {limits.members}"
    if len(set(called)) < len(called):
        yield "children: two of one name"
    if any(not one or names.inside(one) != one for one in called):
        yield "children: a name that leads outside, or is none"
    if limits.depth < 1 and called:
        yield "children: deeper than is followed"
    # a message's parts are no larger than the message
    if name == "archive" and sum(len(child.data) for child in found.children) > limits.unpacked_bytes:
        yield "children: more bytes than are ever unpacked"


def _of_wire(found: Extracted) -> Iterator[str]:
    try:
        header, pieces = pack(found)
        arrived = parsed(json.dumps(header).encode(), sum(map(len, pieces)))
        same = arrived is not None and unpack(arrived, pieces) == found
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as exc:
        yield f"wire: doesn't cross over ({type(exc).__name__})"
    else:
        if not same:
            yield "wire: arrives changed"


def _in_order(what: str, spans: Iterable[Span], text: str) -> Iterator[str]:
    several = list(spans)
    if any(span.end > len(text) for span in several):
        yield f"{what}: reaches past the text"
    if any(one.start > other.start for one, other in pairwise(several)):
        yield f"{what}: out of order"
    elif any(one.end > other.start for one, other in pairwise(several)):
        yield f"{what}: overlaps the next"
