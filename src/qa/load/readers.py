"""The suffix table: which reader turns which file into a document."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from qa.errors import NoText, UnreadableDocument, UnsupportedFormat
from qa.load import html, markdown, plain
from qa.load.decode import decode
from qa.load.sections import Heading, sections_of
from qa.load.walk import Found
from qa.types import Document


@dataclass(frozen=True, slots=True)
class Reading:
    """A document and how it was read. `note` is what a person should know of it, "" for nothing."""

    document: Document
    reader: str
    encoding: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Extracted:
    """What a reader finds: canonical text, where its headings stand, its title, where its body begins."""

    text: str
    headings: list[Heading]
    title: str = ""
    start: int = 0


def _read_plain(text: str) -> _Extracted:
    headings = plain.find_headings(text)
    leads = headings and not text[: headings[0].span.start].strip("\ufeff \r\n")
    return _Extracted(text, headings, headings[0].words if leads else "")


def _read_markdown(text: str) -> _Extracted:
    headings = markdown.find_headings(text)
    first = next((heading.words for heading in headings if heading.level == 1), "")
    return _Extracted(text, headings, markdown.front_matter_title(text) or first, markdown.front_matter_end(text))


def _read_html(markup: str) -> _Extracted:
    text, headings, title = html.extract(markup)
    first = next((heading.words for heading in headings if heading.level == 1), "")
    return _Extracted(text, headings, first or title)


# suffix → (reader's name, whether the bytes are markup that may declare its encoding, reader)
_READERS: dict[str, tuple[str, bool, Callable[[str], _Extracted]]] = {
    ".txt": ("text", False, _read_plain),
    ".text": ("text", False, _read_plain),
    ".md": ("markdown", False, _read_markdown),
    ".markdown": ("markdown", False, _read_markdown),
    ".html": ("html", True, _read_html),
    ".htm": ("html", True, _read_html),
    ".xhtml": ("html", True, _read_html),
}


def supported_suffixes() -> tuple[str, ...]:
    """Return the suffixes there is a reader for, sorted."""
    return tuple(sorted(_READERS))


def read_document(found: Found, data: bytes) -> Reading:
    """Read one file's bytes; raise a LoadError that says why it can't be done."""
    suffix = found.path.suffix.lower()
    if suffix not in _READERS:
        kind = f"{suffix} files" if suffix else "files without a suffix"
        raise UnsupportedFormat(found.source, f"there is no reader for {kind} yet.", "Save it as text or HTML.")
    name, markup, read = _READERS[suffix]
    if not data:
        raise NoText(found.source, "the file is empty.")
    decoded = decode(data, markup=markup)
    if decoded is None:
        raise UnreadableDocument(
            found.source,
            "its bytes aren't text in any known encoding.",
            "Save it as UTF-8, or give it its true suffix.",
        )
    extracted = read(decoded.text)
    sections = sections_of(extracted.text, extracted.headings, extracted.start)
    if not sections:
        raise NoText(found.source, "there is no text in it.")
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    title = extracted.title or found.path.stem
    note = f"encoding guessed: {decoded.encoding}" if decoded.guessed else ""
    document = Document(found.source, digest, title, extracted.text, sections)
    return Reading(document, name, decoded.encoding, note)
