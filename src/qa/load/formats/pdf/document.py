"""A PDF's pages to one canonical text: paragraphs rejoined over lines and pages, headings, page labels, hidden text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

from qa.load import names
from qa.load.extracted import Child, Extracted, Hidden, Limits, Unreadable
from qa.load.formats import ocr
from qa.load.formats.blocks import one_line
from qa.load.formats.pdf.furniture import Where, find_running
from qa.load.formats.pdf.layout import Block, Line, find_blocks
from qa.load.formats.pdf.margins import Note
from qa.load.formats.pdf.outline import find_levels
from qa.load.formats.pdf.pdfium import File, Glyphs, is_zero_width, opened
from qa.load.formats.pdf.scans import DOTS, is_scan, scanned
from qa.load.sections import Heading
from qa.types import Place, Span

_NOTHING_SEEN = "a picture or drawing, no text found"
_MOST_PROBLEMS = 3
_HYPHENS = ("-", "\u00ad", "\u2010")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LAST_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*$")
_MOST_WORDS = 500_000
_ENDED = re.compile(r"""[.!?:;]["'”’)\]]*$""")
_NO_TITLE = re.compile(
    r"^microsoft (?:word|powerpoint|excel)\b|^(?:untitled|document|slide|print|book|presentation)[\s\d]*$"
    r"|\.(?:docx?|dotx?|odt|rtf|pptx?|xlsx?|indd|qxd|pdf|tmp|tex|dvi|ps|html?|fm|wpd|pages)$|^(?:https?|about|data|file):|[\\/]\w+[\\/]",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?)?)?(?:(Z)|([+-])(\d\d)'?(\d\d)?)?")
_NO_SPACES = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u3000-\u303f\uff00-\uffef]")


@dataclass(slots=True)
class _Read:
    """What was found on the pages before they were put together."""

    pages: list[list[Block]] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    empty: dict[int, str] = field(default_factory=dict)
    unmapped: int = 0
    layered: list[int] = field(default_factory=list)
    lost: int = 0
    unread: list[int] = field(default_factory=list)
    scans: list[int] = field(default_factory=list)
    pictures: int = 0  # of the scans, those that hold one
    recognised: dict[int, ocr.Sureness] = field(default_factory=dict)
    late: int = 0
    problems: list[str] = field(default_factory=list)


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return a PDF's text in reading order with its headings, pages by label, and what can't be seen.

    Scanned pages are read by OCR where Tesseract is installed.
    Running headers, footers and page numbers are left out and noted. A word broken at a line's end is whole again
    unless the document writes it, or most such words, with a hyphen elsewhere.
    """
    if len(data) > limits.file_bytes:
        raise Unreadable("it is larger than can be read.", "Split it into smaller files.")
    with opened(data) as file:
        if not file.pages:
            raise Unreadable("it has no pages.", "Open it in a viewer and save or print it anew.")
        read = _read(file, limits)
        _recognise(read, file, limits)
        levels_of = file.outline()
        facts = file.metadata()
        notes = [(number, note) for number in range(len(read.pages)) for note in file.notes(number)]
        attached = file.files(limits)
    running = find_running(read.pages)
    bare = [_without(blocks, gone) for blocks, gone in zip(read.pages, running, strict=True)]
    for number, (blocks, gone) in enumerate(zip(bare, running, strict=True)):
        if gone and not blocks:
            read.empty[number] = "nothing but a running header or footer"
    levels = find_levels(bare, levels_of)
    writer = _Writer(_Spelling(bare), limits.characters)
    for number, blocks in enumerate(bare):
        writer.page(
            read.labels[number], blocks, {at: levels[number, at] for at in range(len(blocks)) if (number, at) in levels}
        )
    for number, note in notes:
        writer.note(read.labels[number], note)
    text = writer.text()
    children, unread = _children(attached, limits)
    return Extracted(
        text,
        tuple(writer.headings),
        _title(facts.get("Title", ""), writer.headings, writer.places),
        facts.get("Author", ""),
        _date(facts.get("CreationDate", "")) or _date(facts.get("ModDate", "")),
        places=tuple(writer.places),
        parts=file.pages,
        empty=tuple(f"page {read.labels[number]}: {why}" for number, why in sorted(read.empty.items())),
        hidden=tuple(writer.hidden),
        lost=read.lost + writer.lost,
        passed=file.pages - len(read.pages) + unread,
        notes=(*_notes(read, running, writer.lost, file, limits), *_besides(len(notes), unread)),
        children=children,
    )


def _children(attached: list[tuple[str, bytes | None]], limits: Limits) -> tuple[tuple[Child, ...], int]:
    """Return the attached files as children, and how many could not be taken."""
    taken: dict[str, int] = {}
    kept = [(name, data) for name, data in attached if data is not None] if limits.depth > 0 else []
    found = []
    for called, data in kept:
        name = names.of_title(names.inside(called).rpartition("/")[2], "attachment")
        found.append(Child(names.distinct(name, taken), data))
    return tuple(found), len(attached) - len(kept)


def _besides(notes: int, unread: int) -> Iterator[str]:
    if notes:
        yield f"Notes in the margin: {notes:,}, each behind the last page."
    if unread:
        yield f"Attached files that were not read: {unread:,}."


def _read(file: File, limits: Limits) -> _Read:
    read = _Read()
    length = 0
    for number in range(min(file.pages, limits.pages)):
        read.labels.append(file.label(number))
        if length > limits.characters:
            read.pages.append([])
            read.lost += file.characters(number)
            continue
        glyphs = file.glyphs(number)
        if glyphs is None:
            read.pages.append([])
            read.unread.append(number)
            read.empty[number] = "can't be read"
            continue
        blocks = [_without_glyphs(block, glyphs) for block in find_blocks(glyphs)]
        read.pages.append(blocks)
        length += len(glyphs.text)
        read.unmapped += glyphs.unmapped
        read.lost += glyphs.cut
        if glyphs.layered:
            read.layered.append(number)
        if not blocks:
            read.empty[number] = _why_empty(glyphs)
        if is_scan(glyphs):
            read.scans.append(number)
            read.pictures += glyphs.pictures
    return read


def _recognise(read: _Read, file: File, limits: Limits) -> None:
    """Put in the place of scanned pages what is recognised in their pictures."""
    if not (read.scans and limits.ocr_seconds and ocr.is_installed()):
        return
    length = sum(len(line.text) for blocks in read.pages for block in blocks for line in block.lines)
    usual = 0.0
    pages = ocr.recognise_all((partial(file.grey, number, DOTS) for number in read.scans), limits)
    for number, page in zip(read.scans, pages, strict=True):
        if not isinstance(page, ocr.Page):
            read.late += page is None
            read.empty[number] = (
                "scanned, not read in the time allowed" if page is None else f"scanned, {ocr.brief(page)}"
            )
            if page is not None and str(page) not in read.problems:
                read.problems.append(str(page))
            continue
        letters = sum(len(line.text) for block in read.pages[number] for line in block.lines)
        if page.sureness.letters <= letters:
            # a stamp is all the words there are
            if not letters:
                read.empty[number] = _NOTHING_SEEN
            continue
        if length > limits.characters:
            read.lost += page.sureness.letters
            continue
        scan = scanned(page, file, number, usual)
        glyphs, usual = scan.glyphs, usual or scan.size
        read.pages[number] = [_without_glyphs(block, glyphs) for block in find_blocks(glyphs)]
        read.recognised[number] = page.sureness
        read.empty.pop(number, None)
        length += len(glyphs.text)


def _why_empty(glyphs: Glyphs) -> str:
    if glyphs.pictures:
        return "scanned, no text (an image)"
    return "no text (a drawing)" if glyphs.drawings else "blank"


def _without_glyphs(block: Block, glyphs: Glyphs) -> Block:
    # a number for every character of a thousand pages would weigh many times what the text does
    lines = tuple(replace(line, glyphs=(), hidden=tuple(_unseen(line, glyphs))) for line in block.lines)
    return replace(block, lines=lines)


def _unseen(line: Line, glyphs: Glyphs) -> Iterator[tuple[int, int, str]]:
    if not any(style.why for style in glyphs.styles) and not any(map(is_zero_width, line.text)):
        return
    start, reason = 0, ""
    for at, (char, glyph) in enumerate(zip(line.text, line.glyphs, strict=True)):
        if glyph < 0:
            # a space between hidden words is as hidden as they are
            continue
        why = glyphs.styles[glyphs.style[glyph]].why or ("zero-width" if is_zero_width(char) else "")
        if why != reason:
            if reason:
                yield start, len(line.text[:at].rstrip()), reason
            start, reason = at, why
    if reason:
        yield start, len(line.text), reason


def _without(blocks: list[Block], gone: frozenset[Where]) -> list[Block]:
    found: list[Block] = []
    for number, block in enumerate(blocks):
        lines = tuple(line for at, line in enumerate(block.lines) if (number, at) not in gone)
        if lines:
            opens = block.opens or not found
            found.append(
                block
                if len(lines) == len(block.lines) and opens == block.opens
                else replace(block, lines=lines, opens=opens)
            )
    return found


# Broken words


class _Spelling:
    """How this document writes its words: what stands within its lines says how a broken one is made whole."""

    def __init__(self, pages: Sequence[Sequence[Block]]) -> None:
        self._words: set[str] = set()
        blocks = [block for page in pages for block in page]
        for line in (line for block in blocks for line in block.lines):
            found = _WORD.findall(line.text.casefold())
            self._words.update(found[:-1] if line.text.endswith(_HYPHENS) else found)
            if len(self._words) > _MOST_WORDS:
                break
        # a document whose words break only at hyphens of their own was set by something that doesn't divide words
        kinds = Counter(
            self._known(upper.text, lower.text) for block in blocks for upper, lower in pairwise(block.lines)
        )
        self._divides = kinds["solid"] >= kinds["hyphened"]

    def loses_hyphen(self, upper: str, lower: str) -> bool:
        """Tell whether the hyphen at the end of a line falls away when the next is joined to it."""
        if not _is_broken(upper, lower):
            return False
        if upper.endswith("\u00ad"):
            return True
        known = self._known(upper, lower)
        return known == "solid" or (not known and self._divides)

    def _known(self, upper: str, lower: str) -> str:
        """Return how the document writes a broken word elsewhere: "solid", "hyphened", or "" where it doesn't."""
        if not _is_broken(upper, lower):
            return ""
        head, tail = _LAST_WORD.search(upper[:-1]), _WORD.match(lower)
        if head is None or tail is None:
            return ""
        if f"{head[0]}{tail[0]}".casefold() in self._words:
            return "solid"
        return "hyphened" if f"{head[0]}-{tail[0]}".casefold() in self._words else ""


def _is_broken(upper: str, lower: str) -> bool:
    return upper.endswith(_HYPHENS) and upper[-2:-1].isalpha() and lower[:1].islower()


# Putting together


class _Writer:
    """Writes blocks with the line breaks between them, and notes where pages, headings and hidden text stand."""

    def __init__(self, spelling: _Spelling, limit: int) -> None:
        self.headings: list[Heading] = []
        self.places: list[Place] = []
        self.hidden: list[Hidden] = []
        self.lost = 0
        self._spelling, self._limit = spelling, limit
        self._parts: list[str] = []
        self._length = 0
        self._last: Block | None = None
        self._last_is_heading = False

    def text(self) -> str:
        """Return all that was written."""
        return "".join(self._parts)

    def page(self, label: str, blocks: Sequence[Block], levels: dict[int, int]) -> None:
        """Write a page; its place runs from its first character to its last."""
        begin: int | None = None
        for number, block in enumerate(blocks):
            room = sum(len(line.text) + 2 for line in block.lines)
            if self._length + room > self._limit:
                self.lost += sum(len(line.text) for line in block.lines)
                self._limit = 0
                continue
            level = levels.get(number)
            if begin is None:
                lead = self._lead(block, level)
                # where a paragraph goes on over the page's edge, the space between belongs to the page it left
                if lead == " " and self.places and self.places[-1].span.end == self._length:
                    last = self.places[-1]
                    self.places[-1] = Place(last.kind, last.label, Span(last.span.start, self._length + 1))
                self._append(lead)
                begin = self._length
            else:
                self._append(self._lead(block, level))
            self._block(block, level)
        if begin is not None and begin < self._length:
            self.places.append(Place("page", label, Span(begin, self._length)))

    def note(self, label: str, note: Note) -> None:
        """Write a note in the margin behind all pages: who wrote it, on which page, on which words, what."""
        about = f", on “{note.marked}”" if note.marked else ""
        words = f"{note.author + ', ' if note.author else 'Note, '}page {label}{about}: {' '.join(note.words.split())}"
        if self._length + len(words) + 2 > self._limit:
            self.lost += len(words)
            return
        self._append("\n\n" if self._length else "")
        start = self._length
        self._append(words)
        self.places.append(
            Place(
                "note", one_line(f"page {label}{', ' + note.author if note.author else ''}"), Span(start, self._length)
            )
        )
        self._last = None

    def _lead(self, block: Block, level: int | None) -> str:
        """Return what stands between a block and the one before; cuts a hyphen that falls away."""
        if self._last is None:
            return ""
        if level is None and not self._last_is_heading and _goes_on(self._last, block):
            return self._glue(self._last.lines[-1].text, block.lines[0].text)
        together = self._last.kind == block.kind and block.kind in ("row", "item")
        return "\n" if together and level is None and not self._last_is_heading else "\n\n"

    def _block(self, block: Block, level: int | None) -> None:
        start = self._length
        for at, line in enumerate(block.lines):
            if at:
                self._append(self._glue(block.lines[at - 1].text, line.text))
            for first, last, why in line.hidden:
                self._hide(Span(self._length + first, self._length + last), why)
            self._append(line.text)
        self._last, self._last_is_heading = block, level is not None
        if level is not None:
            span = Span(start, self._length)
            words = "".join(self._tail(self._length - start)).removeprefix("- ")
            self.headings.append(Heading(level, " ".join(words.split()), span))

    def _tail(self, count: int) -> str:
        found: list[str] = []
        while count > 0:
            part = self._parts[-1 - len(found)]
            found.append(part[-count:])
            count -= len(part)
        return "".join(reversed(found))

    def _hide(self, span: Span, why: str) -> None:
        last = self.hidden[-1] if self.hidden else None
        if last is not None and last.why == why and span.start - last.span.end <= 1:
            self.hidden[-1] = Hidden(Span(last.span.start, span.end), why)
        else:
            self.hidden.append(Hidden(span, why))

    def _append(self, words: str) -> None:
        if words:
            self._parts.append(words)
            self._length += len(words)

    def _glue(self, upper: str, lower: str) -> str:
        """Return what joins two lines of a paragraph: a space, or nothing at a hyphen, which may fall away."""
        last, first = upper[-1:], lower[:1]
        before = upper[-2:-1]
        if last in _HYPHENS and before.isalnum() and first.isalnum():
            if self._spelling.loses_hyphen(upper, lower):
                self._cut_hyphen()
            return ""
        if (last in "—/" and before.strip() and first.isalnum()) or (
            _NO_SPACES.match(last) and _NO_SPACES.match(first)
        ):
            return ""
        return " "

    def _cut_hyphen(self) -> None:
        self._parts[-1] = self._parts[-1][:-1]
        self._length -= 1
        if self.places and self.places[-1].span.end > self._length:
            last = self.places[-1]
            self.places[-1] = Place(last.kind, last.label, Span(last.span.start, self._length))
        if self.hidden and self.hidden[-1].span.end > self._length:
            self.hidden[-1] = Hidden(Span(self.hidden[-1].span.start, self._length), self.hidden[-1].why)


def _goes_on(upper: Block, lower: Block) -> bool:
    """Tell whether a paragraph at the end of a column or page goes on at the head of the next."""
    if not lower.opens or lower.kind != "paragraph" or upper.kind == "row" or upper.aside != lower.aside:
        return False
    last, first = upper.lines[-1], lower.lines[0]
    if abs(last.size - first.size) > 0.6 or last.bold != first.bold or _ENDED.search(last.text):
        return False
    if first.text[:1].islower():
        return True
    # a name may begin the next page: what breaks off in mid-sentence goes on there all the same
    broken_off = last.text[-1:].islower() or last.text.endswith((",", *_HYPHENS))
    return broken_off and len(upper.lines) > 1 and len(lower.lines) > 1


# What is known besides


def _notes(read: _Read, running: Sequence[frozenset[Where]], lost: int, file: File, limits: Limits) -> Iterator[str]:
    if file.mended:
        yield "The file is damaged, its end or its list of pages is lost; what could be found was read."
    headed = sum(1 for gone in running if gone)
    if headed:
        yield f"Repeated headers and footers on {headed} pages were left out."
    if read.layered:
        yield f"{_counted(len(read.layered), 'page')} scanned, read by the text layer that a recognition put there."
    yield from _scanned_said(read, limits)
    if read.unmapped:
        yield f"{_counted(read.unmapped, 'character')} in fonts that don't say what they mean stand as \ufffd."
    if read.unread:
        yield f"{_counted(len(read.unread), 'page')} damaged and couldn't be read."
    if file.pages > len(read.pages):
        yield f"Only the first {len(read.pages)} of {file.pages} pages were read."
    if read.lost + lost:
        yield "It holds more text than is read of one document; the rest was left out."


def _scanned_said(read: _Read, limits: Limits) -> Iterator[str]:
    if read.pictures and limits.ocr_seconds and not ocr.is_installed():
        yield "Scanned pages were not read: install Tesseract (tesseract-ocr), then run: qa index --rebuild"
    if read.recognised:
        sure = {read.labels[number]: sureness for number, sureness in read.recognised.items()}
        pages = "Page" if len(sure) == 1 else "Pages"
        was = "was" if len(sure) == 1 else "were"
        yield f"{pages} {ocr.listed(list(sure))} {was} read by OCR, and may be misread."
        yield from ocr.said_of(sure)
    if read.late:
        yield ocr.late_said(len(read.scans) - read.late, len(read.scans), limits)
    yield from read.problems[:_MOST_PROBLEMS]


def _counted(count: int, noun: str) -> str:
    return (
        f"{count} {noun} is"
        if noun == "page" and count == 1
        else f"{count} {noun}{'s' if count != 1 else ''}" + (" are" if noun == "page" else "")
    )


def _title(given: str, headings: Sequence[Heading], places: Sequence[Place]) -> str:
    if sum(map(str.isalpha, given)) >= 3 and not _NO_TITLE.search(given):
        return given
    if not headings:
        return ""
    # of the page the first heading stands on, the one of highest rank: a cover may begin with small print
    page = next((place for place in places if place.span.contains(headings[0].span)), None)
    first = [heading for heading in headings if page is None or page.span.contains(heading.span)]
    return min(first or headings[:1], key=lambda heading: (heading.level, heading.span)).words


def _date(written: str) -> str:
    match = _DATE.match(written)
    if not match:
        return ""
    year, month, day, hour, minute, second, zulu, sign, hours, minutes = match.groups()
    if not 1900 <= int(year) <= 2200 or not 1 <= int(month or 1) <= 12 or not 1 <= int(day or 1) <= 31:
        return ""
    date = "-".join(part for part in (year, month, day) if part)
    if not hour or int(hour) > 23 or int(minute) > 59 or int(second or 0) > 59:
        return date
    zone = "Z" if zulu else f"{sign}{hours}:{minutes or '00'}" if sign else ""
    return f"{date}T{hour}:{minute}:{second or '00'}{zone}"
