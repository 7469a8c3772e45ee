"""What stands on a page besides its content: form fields with their state, notes in the margin, attached files.

Speaks to PDFium, only while `pdfium.py` holds its lock.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pypdfium2 as pdfium
import pypdfium2.raw as raw

from qa.load.extracted import CHECKED, SELECTED, UNCHECKED, UNSELECTED, Limits
from qa.load.formats.pdf.scene import Handle

_MOST = 50_000  # annotations of a page
_LONGEST = 1_000_000  # bytes of an entry
_LONGEST_MARKED = 300  # characters that a note is on
_MARKING = (raw.FPDF_ANNOT_HIGHLIGHT, raw.FPDF_ANNOT_UNDERLINE, raw.FPDF_ANNOT_SQUIGGLY, raw.FPDF_ANNOT_STRIKEOUT)
_NOTES = (raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_CARET, raw.FPDF_ANNOT_FILEATTACHMENT, raw.FPDF_ANNOT_STAMP, *_MARKING)

Rectangle = tuple[float, float, float, float]
"""Left, bottom, right, top."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note in the margin: what it says, who wrote it, and the words it is on, "" where it is on none."""

    words: str
    author: str
    marked: str


def fields(page: pdfium.PdfPage) -> Iterator[tuple[str, Rectangle]]:
    """Yield what form fields hold, and text notes drawn on the page, each with its rectangle."""
    form = page.formenv
    for note in _annotations(page):
        kind, box = raw.FPDFAnnot_GetSubtype(note), _rectangle(note)
        if box is None:
            continue
        value = ""
        if kind == raw.FPDF_ANNOT_WIDGET:
            value = _state(form, note) if form is not None else ""
            value = value or (entry(note, b"V") if entry(note, b"FT") in ("Tx", "Ch", "") else "")
        elif kind == raw.FPDF_ANNOT_FREETEXT:
            value = entry(note, b"Contents")
        if value.strip():
            yield value, box


def _state(form: Handle, note: Handle) -> str:
    """Return what a field of a form holds: the state of a box in words, what was typed or chosen."""
    kind = raw.FPDFAnnot_GetFormFieldType(form, note)
    if kind in (raw.FPDF_FORMFIELD_CHECKBOX, raw.FPDF_FORMFIELD_RADIOBUTTON):
        checked = bool(raw.FPDFAnnot_IsChecked(form, note))
        words = (UNCHECKED, CHECKED) if kind == raw.FPDF_FORMFIELD_CHECKBOX else (UNSELECTED, SELECTED)
        return words[checked]
    if kind in (raw.FPDF_FORMFIELD_TEXTFIELD, raw.FPDF_FORMFIELD_COMBOBOX, raw.FPDF_FORMFIELD_LISTBOX):
        return _text(lambda buffer, size: raw.FPDFAnnot_GetFormFieldValue(form, note, buffer, size))
    return ""


def notes(page: pdfium.PdfPage, text_page: pdfium.PdfTextPage) -> list[Note]:
    """Return the notes in the margin and those on marked words, in the file's order."""
    found = []
    for note in _annotations(page):
        kind = raw.FPDFAnnot_GetSubtype(note)
        words = entry(note, b"Contents").strip() if kind in _NOTES else ""
        if words:
            marked = " ".join(" ".join(_marked(note, text_page)).split()) if kind in _MARKING else ""
            found.append(Note(words, " ".join(entry(note, b"T").split()), marked[:_LONGEST_MARKED]))
    return found


def struck(page: pdfium.PdfPage) -> list[Rectangle]:
    """Return the rectangles of words that are struck out by an annotation."""
    return [
        quad
        for note in _annotations(page)
        if raw.FPDFAnnot_GetSubtype(note) == raw.FPDF_ANNOT_STRIKEOUT
        for quad in _quads(note)
    ]


def files(document: pdfium.PdfDocument, limits: Limits) -> Iterator[tuple[str, bytes | None]]:
    """Yield the files attached to a document by name; None for one that is too large or can't be read."""
    for at in range(min(raw.FPDFDoc_GetAttachmentCount(document), limits.members)):
        held = raw.FPDFDoc_GetAttachment(document, at)
        if held:
            yield _file(held, limits)


def page_files(page: pdfium.PdfPage, limits: Limits) -> Iterator[tuple[str, bytes | None]]:
    """Yield the files attached at a place of a page, by name."""
    for note in _annotations(page):
        if raw.FPDFAnnot_GetSubtype(note) == raw.FPDF_ANNOT_FILEATTACHMENT:
            held = raw.FPDFAnnot_GetFileAttachment(note)
            if held:
                yield _file(held, limits)


def _file(held: Handle, limits: Limits) -> tuple[str, bytes | None]:
    name = _text(lambda buffer, size: raw.FPDFAttachment_GetName(held, buffer, size))
    size = ctypes.c_ulong(0)
    if not raw.FPDFAttachment_GetFile(held, None, 0, size) or not 0 < size.value <= limits.file_bytes:
        return name, None
    buffer = ctypes.create_string_buffer(size.value)
    if not raw.FPDFAttachment_GetFile(held, buffer, size.value, size):
        return name, None
    return name, buffer.raw[: size.value]


def _annotations(page: pdfium.PdfPage) -> Iterator[Handle]:
    """Yield those that a person sees."""
    for at in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST)):
        note = raw.FPDFPage_GetAnnot(page, at)
        if not note:
            continue
        try:
            if not raw.FPDFAnnot_GetFlags(note) & (raw.FPDF_ANNOT_FLAG_HIDDEN | raw.FPDF_ANNOT_FLAG_NOVIEW):
                yield note
        finally:
            raw.FPDFPage_CloseAnnot(note)


def _rectangle(note: Handle) -> Rectangle | None:
    rect = raw.FS_RECTF()
    if not raw.FPDFAnnot_GetRect(note, rect):
        return None
    box = (rect.left, rect.bottom, rect.right, rect.top)
    return box if all(map(math.isfinite, box)) and rect.right > rect.left and rect.top > rect.bottom else None


def _quads(note: Handle) -> Iterator[Rectangle]:
    for at in range(min(raw.FPDFAnnot_CountAttachmentPoints(note), 1_000)):
        quad = raw.FS_QUADPOINTSF()
        if raw.FPDFAnnot_GetAttachmentPoints(note, at, quad):
            across, up = (quad.x1, quad.x2, quad.x3, quad.x4), (quad.y1, quad.y2, quad.y3, quad.y4)
            if all(map(math.isfinite, (*across, *up))):
                yield min(across), min(up), max(across), max(up)


def _marked(note: Handle, text_page: pdfium.PdfTextPage) -> Iterator[str]:
    for left, bottom, right, top in _quads(note):
        try:
            yield clean(text_page.get_text_bounded(left, bottom, right, top))
        except (pdfium.PdfiumError, ValueError):
            continue


def entry(note: Handle, key: bytes) -> str:
    """Return an entry of an annotation, "" where it has none."""
    return _text(lambda buffer, size: raw.FPDFAnnot_GetStringValue(note, key, buffer, size))


def _text(ask: Callable[[Handle, int], int]) -> str:
    """Return a string that PDFium writes into a buffer of ours, once it has said how long it is."""
    size = ask(None, 0)
    if not 2 < size <= _LONGEST:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return clean(buffer.raw[: size - 2].decode("utf-16-le", "replace"))


def clean(words: str) -> str:
    """Return words without what no text may hold."""
    return "".join(
        "\ufffd" if 0xD800 <= ord(char) < 0xE000 else char for char in words if char >= " " or char in "\t\r\n"
    ).replace("\x7f", "")
