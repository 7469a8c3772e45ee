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
# what a page that declares itself in ASCII can't be in, and codecs of Python's own that aren't for files
_NEVER_DECLARED = ("utf", "unicode", "raw-unicode", "idna", "punycode", "undefined")
_SAMPLE = 200_000
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text with the encoding it was in; `guessed` where nothing in the file said so."""

    text: str
    encoding: str
    guessed: bool = False


def decode(data: bytes, *, markup: bool = False) -> Decoded | None:
    """Decode by byte order mark, then as UTF-8, then as declared (in markup), then by guess.

    Returns None where the bytes aren't text in any of them; those with NUL bytes may be UTF-16 without a mark. A
    UTF-8 byte order mark stays in the text, as its first character, so that offsets are those of the file read so.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data, encoding)
    if b"\x00" in data[:_SAMPLE]:
        return _unmarked(data)
    as_utf8 = _strict(data, "utf-8")
    if as_utf8 is not None:
        return as_utf8
    declared = _DECLARED.search(data[:4096]) if markup else None
    if declared:
        name = (declared[1] or declared[2]).decode("ascii")
        found = _strict(data, name) if _is_declarable(name) else None
        if found is not None:
            return found
    return _guess(data)


def _unmarked(data: bytes) -> Decoded | None:
    """Decode UTF-16 that bears no byte order mark: one half of its bytes is mostly NUL, the other never is."""
    sample = data[: _SAMPLE & ~1]
    for encoding, high, low in (("utf-16-le", sample[1::2], sample[::2]), ("utf-16-be", sample[::2], sample[1::2])):
        if low.count(0) == 0 and 2 * high.count(0) > len(high):
            found = _strict(data, encoding)
            if found is not None and not _CONTROLS.search(found.text):
                return Decoded(found.text, found.encoding, guessed=True)
    return None


def _strict(data: bytes, encoding: str) -> Decoded | None:
    try:
        return Decoded(data.decode(encoding), codecs.lookup(encoding).name)
    except (UnicodeError, LookupError):
        return None


def _is_declarable(encoding: str) -> bool:
    try:
        return not codecs.lookup(encoding).name.startswith(_NEVER_DECLARED)
    except LookupError:
        return False


def _guess(data: bytes) -> Decoded | None:
    for sample in (data[:_SAMPLE], data):
        matches = list(from_bytes(sample))
        if not matches:
            return None
        ties = [m for m in matches if (m.chaos, m.coherence) == (matches[0].chaos, matches[0].coherence)]
        # of encodings that fit equally well the library names the first by alphabet; this one is the commonest
        best = next((match for match in ties if match.encoding == "cp1252"), matches[0])
        found = _strict(data, best.encoding)
        if found is not None:
            return Decoded(found.text, found.encoding, guessed=True)
    return None
