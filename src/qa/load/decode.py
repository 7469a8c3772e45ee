"""Bytes to text, once, newlines untouched; says which encoding it was and whether that was guessed."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]+)|<meta[^>]{0,400}?charset\s*=\s*["']?([\w.:-]+)""",
    re.IGNORECASE,
)
_SAMPLE = 200_000


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the encoding it was in; `guessed` where nothing in the file said so."""

    text: str
    encoding: str
    guessed: bool = False


def decode(data: bytes, *, markup: bool = False) -> Decoded | None:
    """Decode by byte order mark, then as UTF-8, then as declared (in markup), then by guess.

    Returns None where the bytes aren't text in any of them. A UTF-8 byte order mark stays in the text, as
    its first character, so that offsets are those of the file read as UTF-8.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data, encoding)
    if b"\x00" in data[:_SAMPLE]:
        return None
    as_utf8 = _strict(data, "utf-8")
    if as_utf8 is not None:
        return as_utf8
    declared = _DECLARED.search(data[:4096]) if markup else None
    if declared:
        found = _strict(data, (declared[1] or declared[2]).decode("ascii"))
        if found is not None:
            return found
    return _guess(data)


def _strict(data: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(data.decode(encoding), codecs.lookup(encoding).name)
    except (UnicodeDecodeError, LookupError):
        return None


def _guess(data: bytes) -> Decoded | None:
    for sample in (data[:_SAMPLE], data):
        best = from_bytes(sample).best()
        if best is None:
            return None
        found = _strict(data, best.encoding)
        if found is not None:
            return Decoded(found.text, found.encoding, guessed=True)
    return None
