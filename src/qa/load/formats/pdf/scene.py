"""How a page's glyphs are set, and what is painted around them: whether a person sees them, or sees them struck out.

Speaks to PDFium, only while `pdfium.py` holds its lock.
"""

from __future__ import annotations

import ctypes
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
import pypdfium2.raw as raw

from qa.types import STRUCK_OUT

Boxes = npt.NDArray[np.float64]
"""Rows of (left, bottom, right, top) in points, in the page's own axes: y grows upwards."""

_INVISIBLE = (3, 7)  # text render modes: neither filled nor stroked, clip only
_FILL_AND_STROKE = 2
_FORCE_BOLD = 1 << 18  # font descriptor flag
_BOLD_NAME = re.compile(r"bold|black|heavy|[-,]bd\b|demi(?!light)", re.IGNORECASE)
_TINY = 2.0  # points
_SAME_COLOUR = 3  # of 255
_OBJECTS_OF_A_PAGE = 50_000
_DEEPEST_FORM = 6
_LEAST_PAINTED, _MOST_PAINTED = 50, 2_000
_MOST_COMPARED = 20_000_000  # glyphs times painted pieces
_STRIKE = (0.28, 0.62)  # of a glyph's height: where a line through it runs
_LONGEST_RULE = 1.3  # of the glyphs it strikes: a longer one is a table's
_MOST_RULES = 500
_THICKEST_RULE = 3.1  # points

Handle = Any  # a pointer type that ctypes makes as the library loads


@dataclass(frozen=True, slots=True)
class Style:
    """How a glyph is set. `turn` counts quarter turns to the left; `why` is why nobody sees it, "" where it shows."""

    size: float
    bold: bool
    turn: int
    why: str = ""


def _plain(function: Handle, result: Handle, *rest: Handle) -> Callable[..., Any]:
    # ctypes builds a pointer object for each handle it passes or returns; as bare addresses calls are twice as fast
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return ctypes.CFUNCTYPE(result, ctypes.c_void_p, *rest)(address)


get_unicode = _plain(raw.FPDFText_GetUnicode, ctypes.c_uint, ctypes.c_int)
get_object = _plain(raw.FPDFText_GetTextObject, ctypes.c_void_p, ctypes.c_int)
get_loose_box = _plain(raw.FPDFText_GetLooseCharBox, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_get_matrix = _plain(raw.FPDFText_GetMatrix, ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
_get_size = _plain(raw.FPDFText_GetFontSize, ctypes.c_double, ctypes.c_int)
_get_mode = _plain(raw.FPDFTextObj_GetTextRenderMode, ctypes.c_int)
_get_font = _plain(raw.FPDFTextObj_GetFont, ctypes.c_void_p)
_page_object = _plain(raw.FPDFPage_GetObject, ctypes.c_void_p, ctypes.c_int)
_form_object = _plain(raw.FPDFFormObj_GetObject, ctypes.c_void_p, ctypes.c_ulong)
_get_type = _plain(raw.FPDFPageObj_GetType, ctypes.c_int)
_get_fill = _plain(raw.FPDFPageObj_GetFillColor, ctypes.c_int, *[ctypes.c_void_p] * 4)


@dataclass(frozen=True, slots=True)
class _Setting:
    """How text objects are set: render `mode`, fill `colour` with opacity, and whether it is known what is behind."""

    size: float
    bold: bool
    turn: int
    mode: int
    colour: tuple[int, int, int, int]
    placed: bool


class Painter:
    """Tells the style of a page's characters, asking once for each text object."""

    def __init__(self, text_page: pdfium.PdfTextPage, scene: Scene) -> None:
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


def _fill(item: Handle) -> tuple[int, int, int, int]:
    parts = [ctypes.c_uint(0) for _ in range(4)]
    if not raw.FPDFPageObj_GetFillColor(item, *parts):
        return (0, 0, 0, 255)
    red, green, blue, alpha = (part.value for part in parts)
    return (red, green, blue, alpha)


_Painted = tuple[int, tuple[float, float, float, float], tuple[int, int, int, int] | None, str]
"""When in the page's order, where, in which colour (None: can't be told), and what: "picture", "solid" or "shade"."""


class Scene:
    """What is painted on a page besides text, in order, so that text can be told from its background."""

    def __init__(self, page: pdfium.PdfPage, struck: Sequence[tuple[float, float, float, float]] = ()) -> None:
        self.struck = list(struck)
        self.rules: list[tuple[float, float, float, float]] = []  # level ones
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

    def _walk(self, holder: Handle, count: int, get: Callable[..., Any], matrix: tuple[float, ...], depth: int) -> None:
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

    def _note(self, item: Handle, kind: int, matrix: tuple[float, ...]) -> None:
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
            if box[3] - box[1] < _THICKEST_RULE < box[2] - box[0] and len(self.rules) < _MOST_RULES:
                self.rules.append(box)
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
        reasons: dict[tuple[int, int, bool, bool, bool, bool], str] = {}
        found = []
        struck = self._is_struck(boxes, middle).tolist()
        for key in zip(of, behind.tolist(), outside.tolist(), pictured.tolist(), covered.tolist(), struck, strict=True):
            if key not in reasons:
                reasons[key] = self._why(settings[key[0]], *key[1:])
            found.append(reasons[key])
        return found

    def _is_struck(self, boxes: Boxes, middle: Boxes) -> npt.NDArray[np.bool_]:
        """Tell of each glyph whether a line runs through it, or an annotation strikes it out."""
        found = np.zeros(len(boxes), dtype=bool)
        heights = boxes[:, 3] - boxes[:, 1]
        for x0, y0, x1, y1 in self.rules:
            at = ((y0 + y1) / 2 - boxes[:, 1]) / np.maximum(heights, 0.1)
            # by half its own width a glyph may reach beyond
            here = (at > _STRIKE[0]) & (at < _STRIKE[1]) & (middle[:, 0] >= x0) & (middle[:, 0] <= x1)
            if here.sum() > 1:
                wide = float(boxes[here, 2].max() - boxes[here, 0].min())
                filled = float((boxes[here, 2] - boxes[here, 0]).sum())
                if x1 - x0 <= _LONGEST_RULE * wide and filled > 0.5 * wide:
                    found |= here
        for x0, y0, x1, y1 in self.struck:
            found |= (middle[:, 0] >= x0) & (middle[:, 0] <= x1) & (middle[:, 1] >= y0) & (middle[:, 1] <= y1)
        return found

    def _telling(self, glyphs: int) -> list[_Painted]:
        """Return what is painted, in order; of a page with very many pieces or glyphs only the largest."""
        most = max(_LEAST_PAINTED, min(_MOST_PAINTED, _MOST_COMPARED // glyphs))
        if len(self._painted) > most:
            ranked = sorted(self._painted, key=lambda one: (one[1][0] - one[1][2]) * (one[1][3] - one[1][1]))
            self._painted = sorted(ranked[:most], key=lambda one: one[0])
        return self._painted

    def _why(self, setting: _Setting, behind: int, outside: bool, pictured: bool, covered: bool, struck: bool) -> str:
        if struck:
            return STRUCK_OUT
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


def _bounds_of(item: Handle, matrix: tuple[float, ...]) -> tuple[float, float, float, float] | None:
    edges = [ctypes.c_float(0) for _ in range(4)]
    if not raw.FPDFPageObj_GetBounds(item, *edges):
        return None
    left, bottom, right, top = (edge.value for edge in edges)
    a, b, c, d, e, f = matrix
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in (left, right) for y in (bottom, top)]
    across, up = [x for x, _ in corners], [y for _, y in corners]
    return (min(across), min(up), max(across), max(up))
