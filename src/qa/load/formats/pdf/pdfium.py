"""PDFium's view of a file: pages as glyphs with boxes and styles, the outline, labels, metadata, pictures of pages.

The one module that speaks to the library, behind one lock, as PDFium isn't safe in threads. It never asks PDFium
to run a script, follow a link or open an attachment.
"""

from __future__ import annotations

import ctypes
import io
import math
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from qa.load.extracted import Unreadable

if TYPE_CHECKING:
    from PIL import Image

Boxes = npt.NDArray[np.float64]
"""Rows of (left, bottom, right, top) in points, in the page's own axes: y grows upwards."""

LINE_END_HYPHEN = "\x02"
"""What stands in a page's glyphs where PDFium met a hyphen at the end of a line."""

_FORMAT, _PASSWORD, _SECURITY = 3, 4, 5  # FPDF_ERR_*
_INVISIBLE = (3, 7)  # text render modes: neither filled nor stroked, clip only
_FILL_AND_STROKE = 2
_FORCE_BOLD = 1 << 18  # font descriptor flag
_BOLD_NAME = re.compile(r"bold|black|heavy|[-,]bd\b|demi(?!light)", re.IGNORECASE)
_HYPHENS = (0x02, 0xFFFE)
_TINY = 2.0  # points
_SAME_COLOUR = 3  # of 255
_GLYPHS_OF_A_PAGE = 1_000_000
_OBJECTS_OF_A_PAGE = 50_000
_DEEPEST_FORM = 6
_LEAST_PAINTED, _MOST_PAINTED = 50, 2_000
_MOST_DOTS = 40_000_000  # of a page that is looked at for words
_MOST_COMPARED = 20_000_000  # glyphs times painted pieces
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

_Handle = Any  # a pointer type that ctypes makes as the library loads
_lock = threading.RLock()


@dataclass(frozen=True, slots=True)
class Style:
    """How a glyph is set. `turn` counts quarter turns to the left; `why` is why nobody sees it, "" where it shows."""

    size: float
    bold: bool
    turn: int
    why: str = ""


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

    def label(self, index: int) -> str:
        """Return what the file calls a page, else its number."""
        try:
            with _lock:
                return _clean(self._document.get_page_label(index)).strip() or str(index + 1)
        except (pdfium.PdfiumError, ValueError):
            return str(index + 1)

    def metadata(self) -> dict[str, str]:
        """Return the document's information entries."""
        try:
            with _lock:
                found = self._document.get_metadata_dict(skip_empty=True)
        except (pdfium.PdfiumError, ValueError):
            return {}
        return {key: " ".join(_clean(value).split()) for key, value in found.items()}

    def outline(self) -> list[Bookmark]:
        """Return the bookmarks in order; as many as could be read."""
        found: list[Bookmark] = []
        try:
            with _lock:
                for mark in self._document.get_toc(max_depth=10):
                    target = mark.get_dest()
                    words = " ".join(_clean(mark.get_title()).split())
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


def _plain(function: _Handle, result: _Handle, *rest: _Handle) -> Callable[..., Any]:
    # ctypes builds a pointer object for each handle it passes or returns; as bare addresses calls are twice as fast
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return ctypes.CFUNCTYPE(result, ctypes.c_void_p, *rest)(address)


_get_unicode = _plain(raw.FPDFText_GetUnicode, ctypes.c_uint, ctypes.c_int)
_get_object = _plain(raw.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_int)
_get_loose_box = _plain(raw.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_get_matrix = _plain(raw.FPDFText_GetMatrix, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_get_size = _plain(raw.FPDFText_GetFontSize, ctypes.c_double, ctypes.c_int)
_get_mode = _plain(raw.FPDFTextObj_GetTextRenderMode, ctypes.c_int)
_get_font = _plain(raw.FPDFTextObj_GetFont, ctypes.c_void_p)
_page_object = _plain(raw.FPDFPage_GetObject, ctypes.c_void_p, ctypes.c_int)
_form_object = _plain(raw.FPDFFormObj_GetObject, ctypes.c_void_p, ctypes.c_ulong)
_get_type = _plain(raw.FPDFPageObj_GetType, ctypes.c_int)
_get_fill = _plain(raw.FPDFPageObj_GetFillColor, ctypes.c_int, *[ctypes.c_void_p] * 4)


def _glyphs(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> Glyphs:
    handle = ctypes.cast(text_page.raw, ctypes.c_void_p)
    counted = text_page.count_chars()
    count = min(counted, _GLYPHS_OF_A_PAGE)
    codes = [_get_unicode(handle, at) for at in range(count)]
    objects = [_get_object(handle, at) for at in range(count)]
    kept, spaced = _kept(codes, objects)
    rects = np.zeros((count, 4), dtype=np.float32)
    base = rects.ctypes.data
    for at in kept:
        _get_loose_box(handle, at, base + 16 * at)
    chars, unmapped = _characters(codes, kept)
    boxes = rects[kept][:, [0, 3, 2, 1]].astype(np.float64) if kept else np.zeros((0, 4))
    scene = _Scene(page)
    painter = _Painter(text_page, scene)
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


@dataclass(frozen=True, slots=True)
class _Setting:
    """How text objects are set: render `mode`, fill `colour` with opacity, and whether it is known what is behind."""

    size: float
    bold: bool
    turn: int
    mode: int
    colour: tuple[int, int, int, int]
    placed: bool


class _Painter:
    """Tells the style of a page's characters, asking once for each text object."""

    def __init__(self, text_page: pdfium.PdfTextPage, scene: _Scene) -> None:
        self.styles: list[Style] = []
        self.layered = False
        self._handle = ctypes.cast(text_page.raw, ctypes.c_void_p)
        self._scene = scene
        self._numbers: dict[Style, int] = {}
        self._numbered: dict[tuple[Any, ...], int] = {}
        self._settings: dict[tuple[Any, ...], _Setting] = {}
        self._bold: dict[int, bool] = {}
        self._matrix, self._colour = (ctypes.c_float * 6)(), (ctypes.c_uint * 4)()
        base = ctypes.addressof(self._colour)
        self._parts = [base + 4 * part for part in range(4)]

    def styles_of(self, kept: list[int], objects: list[int], boxes: Boxes) -> list[int]:
        """Return the number of each character's style."""
        setting_of: dict[int, int] = {}
        of = []
        for at, pointer in zip(kept, objects, strict=True):
            if pointer not in setting_of:
                setting_of[pointer] = self._ask(at, pointer)
            of.append(setting_of[pointer])
        settings = list(self._settings.values())
        order = np.array([self._scene.order.get(pointer, 0) for pointer in objects])
        whys = self._scene.why_unseen(settings, of, order, boxes)
        known: dict[tuple[int, str], int] = {}
        found = []
        for key in zip(of, whys, strict=True):
            if key not in known:
                setting = settings[key[0]]
                known[key] = self.number(Style(setting.size, setting.bold, setting.turn, key[1]))
                self.layered = self.layered or (setting.mode in _INVISIBLE and not key[1])
            found.append(known[key])
        return found

    def number(self, style: Style) -> int:
        """Return a style's number, a new one where it is new."""
        if style not in self._numbers:
            self._numbers[style] = len(self.styles)
            self.styles.append(style)
        return self._numbers[style]

    def _ask(self, at: int, pointer: int) -> int:
        """Return the number of a text object's setting, a new one where it is new."""
        matrix = (
            self._matrix[:4] if _get_matrix(self._handle, at, ctypes.addressof(self._matrix)) else [1.0, 0.0, 0.0, 1.0]
        )
        size, mode, font, colour = _get_size(self._handle, at), 0, None, [0, 0, 0, 255]
        if pointer:
            mode, font = _get_mode(pointer), _get_font(pointer)
            colour = self._colour[:] if _get_fill(pointer, *self._parts) else colour
        key = (*matrix, size, mode, font, *colour, pointer in self._scene.order)
        if key not in self._numbered:
            self._numbered[key] = len(self._numbered)
            self._settings[key] = self._setting(matrix, size, mode, font, colour, pointer in self._scene.order)
        return self._numbered[key]

    def _setting(
        self, matrix: list[float], size: float, mode: int, font: int | None, colour: list[int], placed: bool
    ) -> _Setting:
        a, b, c, d = matrix
        size = abs(size * math.hypot(c, d))
        size = round(size, 1) if math.isfinite(size) and size < 1e5 else 0.0
        turn = round(math.atan2(b, a) / (math.pi / 2)) % 4 if math.isfinite(a) and math.isfinite(b) else 0
        red, green, blue, alpha = colour
        bold = mode == _FILL_AND_STROKE or self._is_bold(font)
        return _Setting(size, bold, turn, mode, (red, green, blue, alpha), placed)

    def _is_bold(self, pointer: int | None) -> bool:
        if pointer is None:
            return False
        if pointer not in self._bold:
            font, name = ctypes.cast(pointer, raw.FPDF_FONT), ctypes.create_string_buffer(256)
            raw.FPDFFont_GetBaseFontName(font, name, len(name))
            named = _BOLD_NAME.search(name.value.decode("latin-1")) is not None
            flags = raw.FPDFFont_GetFlags(font)
            self._bold[pointer] = named or (flags > 0 and bool(flags & _FORCE_BOLD))
        return self._bold[pointer]


def _fill(item: _Handle) -> tuple[int, int, int, int]:
    parts = [ctypes.c_uint(0) for _ in range(4)]
    if not raw.FPDFPageObj_GetFillColor(item, *parts):
        return (0, 0, 0, 255)
    red, green, blue, alpha = (part.value for part in parts)
    return (red, green, blue, alpha)


_Painted = tuple[int, tuple[float, float, float, float], tuple[int, int, int, int] | None, str]
"""When in the page's order, where, in which colour (None: can't be told), and what: "picture", "solid" or "shade"."""


class _Scene:
    """What is painted on a page besides text, in order, so that text can be told from its background."""

    def __init__(self, page: pdfium.PdfPage) -> None:
        self.pictures = self.drawings = False
        self._bounds = page.get_bbox()
        self._painted: list[_Painted] = []
        self.order: dict[int, int] = {}
        self._seen = 0
        self._walk(page.raw, raw.FPDFPage_CountObjects(page), _page_object, (1, 0, 0, 1, 0, 0), 0)

    def covered(self) -> float:
        """Return the share of the page that pictures take, 1 at most."""
        left, bottom, right, top = self._bounds
        taken: float = sum(
            max(0.0, min(x1, right) - max(x0, left)) * max(0.0, min(y1, top) - max(y0, bottom))
            for _, (x0, y0, x1, y1), _, kind in self._painted
            if kind == "picture"
        )
        return float(min(1.0, taken / max((right - left) * (top - bottom), 1.0)))

    def _walk(
        self, holder: _Handle, count: int, get: Callable[..., Any], matrix: tuple[float, ...], depth: int
    ) -> None:
        holder = ctypes.cast(holder, ctypes.c_void_p)
        for at in range(count):
            self._seen += 1
            if self._seen > _OBJECTS_OF_A_PAGE:
                return
            pointer = get(holder, at)
            kind = _get_type(pointer) if pointer else raw.FPDF_PAGEOBJ_UNKNOWN
            if kind == raw.FPDF_PAGEOBJ_TEXT:
                self.order[pointer] = self._seen
            elif kind == raw.FPDF_PAGEOBJ_FORM:
                item, inner = ctypes.cast(pointer, raw.FPDF_PAGEOBJECT), raw.FS_MATRIX()
                if depth < _DEEPEST_FORM and raw.FPDFPageObj_GetMatrix(item, inner):
                    nested = _times((inner.a, inner.b, inner.c, inner.d, inner.e, inner.f), matrix)
                    self._walk(item, raw.FPDFFormObj_CountObjects(item), _form_object, nested, depth + 1)
            elif kind != raw.FPDF_PAGEOBJ_UNKNOWN:
                self._note(ctypes.cast(pointer, raw.FPDF_PAGEOBJECT), kind, matrix)

    def _note(self, item: _Handle, kind: int, matrix: tuple[float, ...]) -> None:
        self.drawings = True
        box = _bounds_of(item, matrix)
        if box is None:
            return
        if kind == raw.FPDF_PAGEOBJ_IMAGE:
            self.pictures = True
            self._painted.append((self._seen, box, None, "picture"))
        elif kind == raw.FPDF_PAGEOBJ_SHADING:
            self._painted.append((self._seen, box, None, "shade"))
        elif kind == raw.FPDF_PAGEOBJ_PATH:
            mode, stroked = ctypes.c_int(0), ctypes.c_int(0)
            # a rule as thin as a hair is no background
            thin = min(box[2] - box[0], box[3] - box[1]) < _TINY
            if not thin and raw.FPDFPath_GetDrawMode(item, mode, stroked) and mode.value:
                colour = _fill(item)
                plain = raw.FPDFPath_CountSegments(item) <= 5 and colour[3] == 255
                solid = plain and not raw.FPDFPageObj_HasTransparency(item)
                self._painted.append((self._seen, box, colour if solid else None, "solid" if solid else "shade"))

    def why_unseen(
        self, settings: list[_Setting], of: list[int], order: npt.NDArray[np.int64], boxes: Boxes
    ) -> list[str]:
        """Return why a person would not see each character, "" where they would or it can't be told."""
        if not of:
            return []
        middle = (boxes[:, :2] + boxes[:, 2:]) / 2
        left, bottom, right, top = self._bounds
        outside = np.any((middle < [left - 1, bottom - 1]) | (middle > [right + 1, top + 1]), axis=1)
        behind = np.full(len(of), -1)
        pictured, covered = np.zeros(len(of), dtype=bool), np.zeros(len(of), dtype=bool)
        # a glyph's box has room above and below its ink
        slack = 0.25 * (boxes[:, 3] - boxes[:, 1])
        for number, (at, (x0, y0, x1, y1), _, kind) in enumerate(self._telling(len(of))):
            here = (middle[:, 0] >= x0) & (middle[:, 0] <= x1) & (middle[:, 1] >= y0) & (middle[:, 1] <= y1)
            behind[here & (order > at)] = number
            if kind == "picture":
                pictured |= here
            elif kind == "solid":
                covered |= here & (order < at) & (y0 <= boxes[:, 1] + slack) & (y1 >= boxes[:, 3] - slack)
        reasons: dict[tuple[int, int, bool, bool, bool], str] = {}
        found = []
        for key in zip(of, behind.tolist(), outside.tolist(), pictured.tolist(), covered.tolist(), strict=True):
            if key not in reasons:
                reasons[key] = self._why(settings[key[0]], *key[1:])
            found.append(reasons[key])
        return found

    def _telling(self, glyphs: int) -> list[_Painted]:
        """Return what is painted, in order; of a page with very many pieces or glyphs only the largest."""
        most = max(_LEAST_PAINTED, min(_MOST_PAINTED, _MOST_COMPARED // glyphs))
        if len(self._painted) > most:
            ranked = sorted(self._painted, key=lambda one: (one[1][0] - one[1][2]) * (one[1][3] - one[1][1]))
            self._painted = sorted(ranked[:most], key=lambda one: one[0])
        return self._painted

    def _why(self, setting: _Setting, behind: int, outside: bool, pictured: bool, covered: bool) -> str:
        if outside:
            return "off page"
        if setting.mode in _INVISIBLE:
            # the text layer of a scan is invisible too, and says what the picture shows
            return "" if pictured else "invisible"
        if setting.colour[3] == 0:
            return "transparent"
        if setting.size < _TINY:
            return "tiny"
        if not setting.placed:
            return ""
        if covered:
            return "covered"
        background = self._painted[behind][2] if behind >= 0 else (255, 255, 255, 255)
        if background is None or setting.mode not in (0, 4):
            return ""
        apart = max(abs(mine - its) for mine, its in zip(setting.colour[:3], background[:3], strict=True))
        return "invisible colour" if apart <= _SAME_COLOUR else ""


def _times(first: tuple[float, ...], then: tuple[float, ...]) -> tuple[float, ...]:
    a, b, c, d, e, f = first
    g, h, i, j, k, m = then
    return (a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + m)


def _bounds_of(item: _Handle, matrix: tuple[float, ...]) -> tuple[float, float, float, float] | None:
    edges = [ctypes.c_float(0) for _ in range(4)]
    if not raw.FPDFPageObj_GetBounds(item, *edges):
        return None
    left, bottom, right, top = (edge.value for edge in edges)
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    across, up = [x for x, _ in corners], [y for _, y in corners]
    return (min(across), min(up), max(across), max(up))


def _with_fields(
    page: pdfium.PdfPage,
    painter: _Painter,
    chars: list[str],
    boxes: Boxes,
    style: list[int],
    spaced: list[int],
    kept: list[int],
) -> tuple[list[str], Boxes, list[int], list[int], list[int]]:
    """Add what is typed into form fields, and text notes drawn on the page, as glyphs spread over their boxes."""
    index = list(kept)
    rows: list[tuple[float, float, float, float]] = []
    for value, (left, bottom, right, top) in _fields(page):
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


def _fields(page: pdfium.PdfPage) -> Iterator[tuple[str, tuple[float, float, float, float]]]:
    for at in range(min(raw.FPDFPage_GetAnnotCount(page), _OBJECTS_OF_A_PAGE)):
        note = raw.FPDFPage_GetAnnot(page, at)
        if not note:
            continue
        try:
            kind, rect = raw.FPDFAnnot_GetSubtype(note), raw.FS_RECTF()
            unseen = raw.FPDFAnnot_GetFlags(note) & (raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW)
            if unseen or not raw.FPDFAnnot_GetRect(note, rect):
                continue
            value = ""
            if kind == raw.FPDF_ANNOT_WIDGET and _entry(note, b"FT") in ("Tx", "Ch", ""):
                value = _entry(note, b"V")
            elif kind == raw.FPDF_ANNOT_FREETEXT:
                value = _entry(note, b"Contents")
            box = (rect.left, rect.bottom, rect.right, rect.top)
            if value.strip() and all(map(math.isfinite, box)) and rect.right > rect.left and rect.top > rect.bottom:
                yield value, box
        finally:
            raw.FPDFPage_CloseAnnot(note)


def _entry(note: _Handle, key: bytes) -> str:
    size = raw.FPDFAnnot_GetStringValue(note, key, None, 0)
    if not 2 < size <= 1_000_000:
        return ""
    buffer = ctypes.create_string_buffer(size)
    raw.FPDFAnnot_GetStringValue(note, key, ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return _clean(buffer.raw[: size - 2].decode("utf-16-le", "replace"))


def _clean(words: str) -> str:
    return "".join(
        "\ufffd" if 0xD800 <= ord(char) < 0xE000 else char for char in words if char >= " " or char in "\t\r\n"
    ).replace("\x7f", "")


def is_zero_width(char: str) -> bool:
    """Tell whether a character takes no room and shows nothing."""
    return ord(char) in _ZERO_WIDTH
