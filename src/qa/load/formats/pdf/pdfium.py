"""PDFium's view of a file: pages as glyphs with boxes and styles, the outline, labels, metadata, pictures of pages.

Speaks to the library, with `scene.py` and `margins.py`, behind one lock, as PDFium isn't safe in threads. It never
asks PDFium to run a script or follow a link.
"""

from __future__ import annotations

import ctypes
import io
import math
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from qa.load.extracted import Limits, Unreadable
from qa.load.formats.pdf import margins
from qa.load.formats.pdf.margins import Note, clean
from qa.load.formats.pdf.scene import Boxes, Painter, Scene, Style, get_loose_box, get_object, get_unicode

if TYPE_CHECKING:
    from PIL import Image

LINE_END_HYPHEN = "\x02"
"""What stands in a page's glyphs where PDFium met a hyphen at the end of a line."""

_FORMAT, _PASSWORD, _SECURITY = 3, 4, 5  # FPDF_ERR_*
_HYPHENS = (0x02, 0xFFFE)
_GLYPHS_OF_A_PAGE = 1_000_000
_MOST_DOTS = 40_000_000  # of a page that is looked at for words
_LONGEST_OUTLINE = 20_000
_OBJECT = re.compile(rb"(?<!\d)(\d{1,8})\s{1,3}(\d{1,5})\s{1,3}obj\b")
_CATALOG = re.compile(rb"/Type\s*/Catalog\b")
_PAGE = re.compile(rb"/Type\s*/Page\b")
_LOCKED = re.compile(rb"/Encrypt\b|/Filter\s*/Standard\b")
_LONGEST_HEAD = 4_000  # bytes of an object before its stream
_MOST_OBJECTS = 500_000
_ZERO_WIDTH = frozenset(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u180e"))
_WHITE_SPACE = frozenset(map(ord, " \t\r\n\x0b\x0c\xa0\u1680\u2028\u2029\u202f\u205f\u3000")) | frozenset(
    range(0x2000, 0x200B)
)

_lock = threading.RLock()


@dataclass(frozen=True, slots=True)
class Glyphs:
    """A page's glyphs in the file's order, white space left out.

    Arrays run beside `text`: `boxes` reach from origin to advance and from descent to ascent, `style` counts in
    `styles`, `spaced` tells whether the file (2) or PDFium's guess (1) has a space in front, `index` is PDFium's own
    number (-1: a form field, or recognised in a picture). `covered` is the share of the page that pictures take.
    `bounds` is the part of the page that is displayed, `rotation` its turn to the right in degrees.
    """

    text: str
    boxes: Boxes
    style: npt.NDArray[np.int32]
    spaced: npt.NDArray[np.int8]
    index: npt.NDArray[np.int32]
    styles: tuple[Style, ...]
    bounds: tuple[float, float, float, float]
    rotation: int
    pictures: bool = False
    drawings: bool = False
    covered: float = 0.0
    layered: bool = False
    unmapped: int = 0
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Bookmark:
    """An entry of the outline: its depth from 1, its words, the page it leads to (None: nowhere)."""

    level: int
    words: str
    page: int | None


class File:
    """An open document; made by `opened`."""

    def __init__(self, document: pdfium.PdfDocument, *, mended: bool = False) -> None:
        self._document = document
        self.mended = mended
        with _lock:
            self.pages = len(document)
            if self.pages and document.get_formtype() == raw.FORMTYPE_ACRO_FORM:
                document.init_forms()  # or a box of a form wouldn't say whether it is checked

    def label(self, index: int) -> str:
        """Return what the file calls a page, else its number."""
        try:
            with _lock:
                return clean(self._document.get_page_label(index)).strip() or str(index + 1)
        except (pdfium.PdfiumError, ValueError):
            return str(index + 1)

    def metadata(self) -> dict[str, str]:
        """Return the document's information entries."""
        try:
            with _lock:
                found = self._document.get_metadata_dict(skip_empty=True)
        except (pdfium.PdfiumError, ValueError):
            return {}
        return {key: " ".join(clean(value).split()) for key, value in found.items()}

    def outline(self) -> list[Bookmark]:
        """Return the bookmarks in order; as many as could be read."""
        found: list[Bookmark] = []
        try:
            with _lock:
                for mark in self._document.get_toc(max_depth=10):
                    target = mark.get_dest()
                    words = " ".join(clean(mark.get_title()).split())
                    found.append(Bookmark(mark.level + 1, words, target.get_index() if target else None))
                    if len(found) >= _LONGEST_OUTLINE:
                        break
        except (pdfium.PdfiumError, ValueError, AssertionError):
            return found
        return found

    def glyphs(self, index: int) -> Glyphs | None:
        """Return a page's glyphs; None where the page can't be read."""
        try:
            with self._opened(index) as (page, text_page):
                return _glyphs(page, text_page)
        except (pdfium.PdfiumError, IndexError):
            return None

    def characters(self, index: int) -> int:
        """Return how many characters a page has, without reading them; 0 where it can't be read."""
        try:
            with self._opened(index) as (_, text_page):
                return int(text_page.count_chars())
        except (pdfium.PdfiumError, IndexError):
            return 0

    def notes(self, index: int) -> list[Note]:
        """Return the notes in a page's margin; none where it can't be read."""
        try:
            with self._opened(index) as (page, text_page):
                return margins.notes(page, text_page)
        except (pdfium.PdfiumError, IndexError):
            return []

    def files(self, limits: Limits) -> list[tuple[str, bytes | None]]:
        """Return the files attached to the document and its pages by name; None for one that can't be taken."""
        found: list[tuple[str, bytes | None]] = []
        with _lock:
            found += margins.files(self._document, limits)
        for index in range(min(self.pages, limits.pages)):
            if len(found) >= limits.members:
                break
            try:
                with self._opened(index) as (page, _):
                    found += margins.page_files(page, limits)
            except (pdfium.PdfiumError, IndexError):
                continue
        return found[: limits.members]

    def ink(self, index: int, glyphs: list[int]) -> Boxes:
        """Return the boxes of what is really drawn of glyphs, by PDFium's numbers."""
        with self._opened(index) as (_, text_page):
            return np.array([text_page.get_charbox(at) for at in glyphs]).reshape(-1, 4)

    def size(self, index: int) -> tuple[float, float]:
        """Return a page's width and height in points as it is displayed."""
        with self._opened(index) as (page, _):
            return page.get_width(), page.get_height()

    def picture(self, index: int, scale: float, most_pixels: int) -> bytes | None:
        """Return the page as a PNG, `scale` pixels to the point or as many as may be; None if it fails."""
        try:
            with self._opened(index) as (page, _):
                area = page.get_width() * page.get_height()
                scale = max(min(scale, math.sqrt(most_pixels / max(area, 1.0))), 1e-3)
                image = page.render(scale=scale, may_draw_forms=False).to_pil()
        except (pdfium.PdfiumError, ValueError, IndexError):
            return None
        written = io.BytesIO()
        image.save(written, "PNG")
        return written.getvalue()

    def grey(self, index: int, dots: int) -> Image.Image:
        """Return the page as a grey picture of `dots` an inch; fewer where it is very large."""
        try:
            with self._opened(index) as (page, _):
                area = page.get_width() * page.get_height()
                scale = max(min(dots / 72, math.sqrt(_MOST_DOTS / max(area, 1.0))), 1e-3)
                image: Image.Image = page.render(scale=scale, grayscale=True).to_pil()
                return image.convert("L")
        except (pdfium.PdfiumError, ValueError, IndexError) as exc:
            raise Unreadable(
                "its page can't be drawn.", "Open the file in a viewer and save or print it anew."
            ) from exc

    @contextmanager
    def _opened(self, index: int) -> Iterator[tuple[pdfium.PdfPage, pdfium.PdfTextPage]]:
        with _lock:
            page = self._document[index]
            try:
                text_page = page.get_textpage()
                try:
                    yield page, text_page
                finally:
                    text_page.close()
            finally:
                page.close()


@contextmanager
def opened(data: bytes) -> Iterator[File]:
    """Open a PDF and close it afterwards; raise Unreadable where it can't be opened."""
    document, mended = _open(data)
    try:
        yield File(document, mended=mended)
    finally:
        with _lock:
            document.close()


def _open(data: bytes) -> tuple[pdfium.PdfDocument, bool]:
    """Return the open document, and whether its end or its page tree had to be made up."""
    refusal: pdfium.PdfiumError | None = None
    for number, attempt in enumerate(_attempts(data)):
        try:
            with _lock:
                return pdfium.PdfDocument(attempt), number > 0
        except pdfium.PdfiumError as exc:
            refusal = refusal or exc
            if exc.err_code != _FORMAT:
                break
    raise _unreadable(refusal.err_code if refusal else None) from refusal


def _attempts(data: bytes) -> Iterator[bytes]:
    """Yield the file, then, as its end may be lost, with a trailer that names its catalog or else its pages."""
    yield data
    if _LOCKED.search(data) or b"obj" not in data:
        # the end also says how the rest is locked: without it there is only noise
        return
    objects = list(islice(_OBJECT.finditer(data), _MOST_OBJECTS))
    catalogs = [match for match in objects if _CATALOG.search(_head(data, match))]
    if catalogs:
        yield data + b"\ntrailer\n<</Root %d %d R>>\nstartxref\n0\n%%%%EOF\n" % _numbers(catalogs[-1])
    pages = [_numbers(match) for match in objects if _PAGE.search(_head(data, match))]
    if pages:
        new = max(_numbers(match)[0] for match in objects) + 1
        kids = b" ".join(b"%d %d R" % page for page in pages)
        tree = b"\n%d 0 obj\n<</Type/Pages/Count %d/Kids[%s]>>\nendobj\n" % (new, len(pages), kids)
        root = b"%d 0 obj\n<</Type/Catalog/Pages %d 0 R>>\nendobj\n" % (new + 1, new)
        yield data + tree + root + b"trailer\n<</Root %d 0 R>>\nstartxref\n0\n%%%%EOF\n" % (new + 1)


def _head(data: bytes, match: re.Match[bytes]) -> bytes:
    head = data[match.end() : match.end() + _LONGEST_HEAD]
    return re.split(rb"endobj|stream", head, maxsplit=1)[0]


def _numbers(match: re.Match[bytes]) -> tuple[int, int]:
    return int(match[1]), int(match[2])


def _unreadable(code: int | None) -> Unreadable:
    if code == _PASSWORD:
        return Unreadable("it is protected by a password.", "Remove the password and index again.")
    if code == _SECURITY:
        return Unreadable("it is protected in a way that can't be read.", "Remove the protection and index again.")
    return Unreadable("it isn't a PDF, or is too damaged to open.", "Open it in a viewer and save or print it anew.")


def _glyphs(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> Glyphs:
    handle = ctypes.cast(text_page.raw, ctypes.c_void_p)
    counted = text_page.count_chars()
    count = min(counted, _GLYPHS_OF_A_PAGE)
    codes = [get_unicode(handle, at) for at in range(count)]
    objects = [get_object(handle, at) for at in range(count)]
    kept, spaced = _kept(codes, objects)
    rects = np.zeros((count, 4), dtype=np.float32)
    base = rects.ctypes.data
    for at in kept:
        get_loose_box(handle, at, base + 16 * at)
    chars, unmapped = _characters(codes, kept)
    boxes = rects[kept][:, [0, 3, 2, 1]].astype(np.float64) if kept else np.zeros((0, 4))
    scene = Scene(page, margins.struck(page))
    painter = Painter(text_page, scene)
    style = painter.styles_of(kept, [objects[at] or 0 for at in kept], boxes)
    chars, boxes, style, spaced, index = _with_fields(page, painter, chars, boxes, style, spaced, kept)
    boxes = _sound(boxes, [painter.styles[number] for number in style])
    return Glyphs(
        "".join(chars),
        boxes,
        np.array(style, dtype=np.int32),
        np.array(spaced, dtype=np.int8),
        np.array(index, dtype=np.int32),
        tuple(painter.styles),
        page.get_bbox(),
        page.get_rotation() % 360,
        scene.pictures,
        scene.drawings,
        scene.covered(),
        painter.layered,
        unmapped,
        counted - count,
    )


def _kept(codes: list[int], objects: list[int | None]) -> tuple[list[int], list[int]]:
    """Return which characters are glyphs, and how sure a space stands before each: 2 the file's, 1 a guess, 0 none."""
    kept: list[int] = []
    spaced: list[int] = []
    space = 0
    for at, code in enumerate(codes):
        if code in _WHITE_SPACE or (code < 0x20 and code not in _HYPHENS and objects[at] is None):
            # what PDFium makes up of a gap belongs to no object
            space = max(space, 1 if objects[at] is None else 2)
        elif not (0xDC00 <= code < 0xE000 and kept and 0xD800 <= codes[at - 1] < 0xDC00):
            kept.append(at)
            spaced.append(space)
            space = 0
    return kept, spaced


def _characters(codes: list[int], kept: list[int]) -> tuple[list[str], int]:
    """Return the characters, and how many of them have no meaning in the file."""
    chars = [chr(codes[at]) if codes[at] <= 0x10FFFF else "\ufffd" for at in kept]
    unmapped = 0
    for place, char in enumerate(chars):
        if " " <= char < "\x7f" or "\xa0" <= char < "\ud800":
            continue
        at = kept[place]
        low = codes[at + 1] if at + 1 < len(codes) else 0
        if "\ud800" <= char < "\udc00" and 0xDC00 <= low < 0xE000:
            chars[place] = chr(0x10000 + ((codes[at] - 0xD800) << 10) + (low - 0xDC00))
        elif codes[at] in _HYPHENS:
            chars[place] = LINE_END_HYPHEN
        elif char < "\xa0" or char < "\ue000" or char in "\ufffd\uffff":
            chars[place] = "\ufffd"
            unmapped += 1
    return chars, unmapped


def _sound(boxes: Boxes, styles: list[Style]) -> Boxes:
    """Return boxes that have a height and finite edges, whatever the font claims."""
    boxes = np.clip(np.nan_to_num(boxes, nan=0.0, posinf=1e6, neginf=-1e6), -1e6, 1e6)
    low, high = np.minimum(boxes[:, :2], boxes[:, 2:]), np.maximum(boxes[:, :2], boxes[:, 2:])
    sizes = np.array([style.size for style in styles]) if styles else np.zeros(0)
    upright = np.array([style.turn % 2 == 0 for style in styles], dtype=bool)
    for axis, rows in ((1, upright), (0, ~upright)):
        flat = rows & (high[:, axis] - low[:, axis] < 0.2 * sizes)
        high[flat, axis] = low[flat, axis] + 0.8 * sizes[flat]
    return np.hstack([low, high])


def _with_fields(
    page: pdfium.PdfPage,
    painter: Painter,
    chars: list[str],
    boxes: Boxes,
    style: list[int],
    spaced: list[int],
    kept: list[int],
) -> tuple[list[str], Boxes, list[int], list[int], list[int]]:
    """Add what is typed into form fields, and text notes drawn on the page, as glyphs spread over their boxes."""
    index = list(kept)
    rows: list[tuple[float, float, float, float]] = []
    for value, (left, bottom, right, top) in margins.fields(page):
        lines = [line.split() for line in value.splitlines() if line.split()]
        height = (top - bottom) / max(1, len(lines))
        for number, words in enumerate(lines):
            high = top - number * height
            size = min(height, 12.0)
            width = min((right - left) / max(1, len(" ".join(words))), 0.5 * size)
            mark, at = painter.number(Style(round(size, 1), False, 0)), left
            for word in words:
                for place, char in enumerate(word):
                    chars.append(char)
                    rows.append((at, high - size, at + width, high))
                    style.append(mark)
                    spaced.append(0 if place else 2)
                    index.append(-1)
                    at += width
                at += width
    return chars, np.vstack([boxes, np.array(rows)]) if rows else boxes, style, spaced, index


def is_zero_width(char: str) -> bool:
    """Tell whether a character takes no room and shows nothing."""
    return ord(char) in _ZERO_WIDTH
