"""Shows quotes on their pages: finds the cited file again, makes sure it is still the same, has its page drawn.

Source, digest, span ─find→ bytes ─draw→ pictures with boxes. A file that changed since is never drawn.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.engine import adapters
from qa.errors import LoadError, UnreadableDocument
from qa.index import Index
from qa.types import Document, Place, Span

if TYPE_CHECKING:
    from qa.load import Found, Picture, Quoted, Readers

_SECONDS = 30.0  # for one page: who waits for a picture gives up sooner than who waits for an index
_MOST_PAGES = 4  # of one quote
_MOST_KEPT = 24
_MOST_KEPT_BYTES = 48_000_000


@dataclass(frozen=True, slots=True)
class Page:
    """A page with quotes on it: its label, its picture, and what of each quote stands on it."""

    label: str
    picture: Picture
    words: tuple[str, ...]


_Key = tuple[str, str, "Quoted"]
"""What a picture shows: the digest of the file that was read, the document in it, and the quote."""


class Pages:
    """Draws pages in a process of its own, one at a time, and keeps the last few; close it when done."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: Readers | None = None
        self._kept: OrderedDict[_Key, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the process, if one was started."""
        with self._lock:
            if self._made is not None:
                self._made.close()
                self._made = None

    def draws(self, source: str) -> bool:
        """Tell by its name whether the pages of a document can be drawn."""
        from qa.load import is_drawn

        return is_drawn(source)

    def show(self, index: Index, source: str, digest: str, spans: Sequence[Span]) -> tuple[Page, ...]:
        """Return the pages that spans of a document stand on, in order; of many the first four.

        Raises UnreadableDocument where the file isn't the one that was cited any more, is gone, or can't be drawn.
        """
        document = _cited(index, source, digest, spans)
        hull = Span(min(span.start for span in spans), max(span.end for span in spans))
        standing = [
            place
            for place in document.places_of(hull)
            if place.kind == "page" and any(place.span.overlaps(span) for span in spans)
        ][:_MOST_PAGES]
        if not standing:
            raise UnreadableDocument(source, "it isn't known on which page these words stand.")
        outer, data = _read_again(index.roots, source, self._settings)
        seal = _digest(data)
        if outer.source == source and seal != digest:
            raise _changed(source)
        asked = [(seal, source, _quoted(document, place, spans)) for place in standing]
        with self._lock:
            if not all(key in self._kept for key in asked):
                found, data = self._unpacked(outer, data, source)
                if _digest(data) != digest:
                    raise _changed(source)
                self._draw(found, data, asked)
            pictures = [self._kept[key] for key in asked]
        return tuple(
            Page(place.label, picture, tuple(span.of(key[2].text) for span in key[2].spans))
            for place, key, picture in zip(standing, asked, pictures, strict=True)
        )

    def _draw(self, found: Found, data: bytes, asked: Sequence[_Key]) -> None:
        """Draw what was asked for, and forget the oldest pictures where there are too many."""
        for key in asked:
            self._kept[key] = self._readers().draw(found, data, key[2], _SECONDS)
            self._kept.move_to_end(key)
        while len(self._kept) > len(asked) and (
            len(self._kept) > _MOST_KEPT or sum(len(picture.png) for picture in self._kept.values()) > _MOST_KEPT_BYTES
        ):
            self._kept.popitem(last=False)

    def _unpacked(self, outer: Found, data: bytes, source: str, depth: int = 0) -> tuple[Found, bytes]:
        """Return the file of a source out of the file it lies in, however deep."""
        from qa.load import inside

        if outer.source == source:
            return outer, data
        try:
            children = self._readers().read(outer, data, depth).children
        except LoadError as exc:
            raise UnreadableDocument(source, f"it can't be taken out of {outer.source}: {exc.reason}") from exc
        for child in children:
            within = inside(outer, child)
            if f"{source}/".startswith(f"{within.source}/"):
                return self._unpacked(within, child.data, source, depth + 1)
        raise _changed(source)

    def _readers(self) -> Readers:
        self._made = self._made or adapters.make_readers(self._settings)
        return self._made


def _cited(index: Index, source: str, digest: str, spans: Sequence[Span]) -> Document:
    """Return the document that was cited; raise UnreadableDocument where the index has another by now."""
    known = index.digest(source)
    if known is None:
        raise UnreadableDocument(source, "it isn't in the index any more.", "Ask again for an answer without it.")
    if known != digest:
        raise UnreadableDocument(source, "it was indexed anew since this answer.", "Ask again.")
    document = index.document(source)
    if not spans or not all(span and span.end <= len(document.text) for span in spans):
        raise UnreadableDocument(source, "there are no such words in it.", "Ask again.")
    return document


def _read_again(roots: Sequence[str], source: str, settings: Settings) -> tuple[Found, bytes]:
    """Return the file that a document was read from, or lies in, and its bytes now."""
    from qa.load import find_again

    found = find_again([Path(root) for root in roots], source)
    if found is None:
        raise UnreadableDocument(source, "the file isn't there any more.", "Put it back, or run: qa index")
    if found.problem:
        raise UnreadableDocument(source, found.problem, "Run: qa index")
    try:
        if found.path.stat().st_size > 1_000_000 * settings.limits.file_mb:
            raise _changed(source)
        return found, found.path.read_bytes()
    except OSError as exc:
        problem = f"the file can't be opened ({exc.strerror or exc})."
        raise UnreadableDocument(source, problem, "Check its permissions.") from exc


def _quoted(document: Document, place: Place, spans: Sequence[Span]) -> Quoted:
    """Return what of some spans stands on one page, counted from the page's first character."""
    from qa.load import Quoted

    text, start = place.span.of(document.text), place.span.start
    within = tuple(
        Span(max(span.start, start) - start, min(span.end, place.span.end) - start)
        for span in sorted(spans)
        if place.span.overlaps(span)
    )
    alike = (
        other
        for other in document.places
        if other.kind == "page" and other.label == place.label and other.span < place.span
    )
    return Quoted(place.label, text, within, sum(other.span.of(document.text) == text for other in alike))


def _changed(source: str) -> UnreadableDocument:
    return UnreadableDocument(source, "the file has changed since it was indexed.", "Run: qa index")


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
