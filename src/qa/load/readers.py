"""Files to documents: picks the reader, and where it works; what it finds becomes a document and a ledger line."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from qa.errors import NoText, UnreadableDocument, UnsupportedFormat
from qa.load.extracted import Child, Extracted, Limits, Unreadable
from qa.load.isolated import Worker
from qa.load.pictured import Picture, Quoted
from qa.load.sections import sections_of, with_remarks
from qa.load.table import BY_SUFFIX, DRAWERS, FORMATS, RECOGNISING, Format
from qa.load.walk import Found, readable
from qa.types import Document, Extent, Hidden, Span

ONLY_MEMBER = "content"  # what a compressed file that names nothing calls what is in it
_MOST_NAMED = 3  # parts without text that a note names
_AT_HAND = 16_000  # bytes of plain text that no pattern takes long over
# characters that spell words nobody sees, and joiners in such a row as no script has
_UNSEEN = re.compile("[\U000e0020-\U000e007f]+|[\u180e\u200b-\u200d\u2060-\u2064\ufeff]{4,}")
_FLAG = "\U0001f3f4"  # is drawn with such characters behind it
_LAST_PAGE = 60.0  # seconds: what is on its way when the time to recognise is up, and putting all together
_CUTTING = ("slide", "chapter", "sheet", "message", "reply", "note")  # places no section goes across


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file held, and how it was read. `note` is what a person should know of it, "" for nothing.

    Where all its text is in its `children`, as in an archive, the document is empty.
    """

    document: Document
    reader: str
    encoding: str
    note: str = ""
    extent: Extent = field(default_factory=Extent)
    children: tuple[Child, ...] = ()


class Readers:
    """Reads files within limits, those that may mean harm in a process of their own; close it when done.

    `formats` are read beside those of the table, or in their place where a suffix is the same.
    """

    def __init__(
        self,
        limits: Limits = Limits(),  # noqa: B008
        *,
        seconds: float = 120.0,
        memory: int = 2_000_000_000,
        formats: Mapping[str, Format] | None = None,
    ) -> None:
        self.limits = limits
        self._seconds = seconds
        self._formats = FORMATS | dict(formats or {})
        self._by_suffix = {suffix: name for name, kind in self._formats.items() for suffix in kind.suffixes}
        self._worker = Worker({name: kind.reader for name, kind in self._formats.items()}, memory=memory)

    @property
    def suffixes(self) -> tuple[str, ...]:
        """The suffixes there is a reader for, sorted."""
        return tuple(sorted(self._by_suffix))

    def close(self) -> None:
        """End the process, if one was started."""
        self._worker.close()

    def read(self, found: Found, data: bytes, depth: int = 0) -> Reading:
        """Read one file's bytes; raise a LoadError that says why it can't be done.

        `depth` says in how many files it lies.
        """
        name = self._reader_of(found)
        if not data:
            raise NoText(found.source, "the file is empty.")
        limits = replace(self.limits, depth=self.limits.depth - depth)
        try:
            if self._formats[name].apart or len(data) > _AT_HAND:
                more = limits.ocr_seconds + _LAST_PAGE if name in RECOGNISING else 0.0
                extracted = self._worker.read(name, data, limits, self._seconds, more)
            else:
                extracted = _function(self._formats[name].reader)(data, limits)
        except Unreadable as exc:
            raise UnreadableDocument(found.source, exc.problem, exc.remedy) from exc
        return _reading(found, data, name, self._formats[name], _with_unseen(extracted))

    def draw(self, found: Found, data: bytes, quoted: Quoted, seconds: float) -> Picture:
        """Draw the page of a file that bears a quote; raise UnreadableDocument where it can't be done."""
        try:
            return self._worker.draw(self._reader_of(found), data, quoted, self.limits, min(seconds, self._seconds))
        except Unreadable as exc:
            raise UnreadableDocument(found.source, exc.problem, exc.remedy) from exc

    def _reader_of(self, found: Found) -> str:
        """Return the name of the reader for a file; raise UnsupportedFormat where there is none."""
        suffix = readable(found.path.suffix.lower())
        if suffix not in self._by_suffix:
            kind = f"{suffix} files" if suffix else "files without a suffix"
            raise UnsupportedFormat(
                found.source, f"there is no reader for {kind} yet.", "Save it as text, PDF or HTML."
            )
        return self._by_suffix[suffix]


def is_drawn(source: str) -> bool:
    """Tell by its name whether the pages of a file can be drawn."""
    return BY_SUFFIX.get(Path(source).suffix.lower()) in DRAWERS


def inside(found: Found, child: Child) -> Found:
    """Return a file inside a file as one found: its source is the outer one's with its own path behind."""
    if child.name == ONLY_MEMBER:
        stem = Path(found.path.name).stem
        return Found(Path(stem), f"{found.source}/{stem}", stamp=found.stamp)
    return Found(Path(child.name), f"{found.source}/{child.name}", stamp=found.stamp)


def read_document(found: Found, data: bytes) -> Reading:
    """Read one file's bytes with readers of its own; for more than one file `Readers` is cheaper."""
    readers = Readers()
    try:
        return readers.read(found, data)
    finally:
        readers.close()


def _function(reader: str) -> Callable[[bytes, Limits], Extracted]:
    module, _, function = reader.partition(":")
    found: Callable[[bytes, Limits], Extracted] = getattr(importlib.import_module(module), function)
    return found


def _reading(found: Found, data: bytes, name: str, kind: Format, extracted: Extracted) -> Reading:
    cuts = [place.span.start for place in extracted.places if place.kind in _CUTTING]
    headings = extracted.headings
    if not kind.titled:
        headings = tuple(with_remarks(extracted.text, headings))
    sections = sections_of(extracted.text, headings, extracted.start, cuts)
    extent = Extent(
        extracted.parts,
        len(extracted.empty),
        sum(len(hidden.span) for hidden in extracted.hidden),
        extracted.lost,
        extracted.passed,
    )
    note = " ".join([*extracted.notes, *_said(extracted)])
    if not sections and not extracted.children:
        raise NoText(found.source, " ".join(["there is no text in it.", note]).strip())
    document = Document(
        found.source,
        f"sha256:{hashlib.sha256(data).hexdigest()}",
        extracted.title or readable(found.path.stem),
        extracted.text,
        sections,
        extracted.places,
        extracted.author,
        extracted.date,
        extracted.hidden,
        kind.by_line and not extracted.composed,
        kind.prose or extracted.composed,
    )
    return Reading(document, name, extracted.encoding, note, extent, extracted.children)


def _with_unseen(extracted: Extracted) -> Extracted:
    """Add what is hidden in any format: characters that show nothing, in rows that spell words."""
    text = extracted.text
    if text.isascii():
        return extracted
    seen = sorted(extracted.hidden, key=lambda hidden: hidden.span)
    found = [
        Hidden(Span(*match.span()), "zero-width")
        for match in _UNSEEN.finditer(text)
        if text[max(0, match.start() - 1) : match.start()] != _FLAG
        and not any(hidden.span.overlaps(Span(*match.span())) for hidden in seen)
    ]
    hidden = sorted([*seen, *found], key=lambda hidden: hidden.span)
    return replace(extracted, hidden=tuple(hidden)) if found else extracted


def _said(extracted: Extracted) -> list[str]:
    """Put in words which parts hold no text, and what is hidden in the text."""
    said = []
    if extracted.empty:
        more = len(extracted.empty) - _MOST_NAMED
        named = "; ".join(extracted.empty[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
        said.append(f"{named[:1].upper()}{named[1:]}.")
    if extracted.lost and not extracted.notes:
        said.append(f"It is longer than may be: {extracted.lost:,} characters were left out.")
    for withdrawn, what in ((False, "nobody sees"), (True, "don't count any more")):
        hidden = [one for one in extracted.hidden if one.is_withdrawn == withdrawn]
        if hidden:
            why = ", ".join(sorted({one.why for one in hidden}))
            said.append(f"It holds {sum(len(one.span) for one in hidden):,} characters that {what} ({why}).")
    return said
