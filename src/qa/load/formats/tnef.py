"""winmail.dat, the envelope Outlook wraps messages in (TNEF): its text and its attachments. Knows no mail.

The one library for it is under a licence that this project may not take over; the format is short.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from qa.load.extracted import Limits, Unreadable

_SIGNATURE = 0x223E9F78
_SUBJECT, _BODY, _PROPERTIES = 0x8004, 0x800C, 0x9003
_RENDERING, _TITLE, _DATA, _ATTACHMENT = 0x9002, 0x8010, 0x800F, 0x9005
_P_BODY, _P_RTF, _P_HTML, _P_SUBJECT, _P_NAME, _P_LONG_NAME, _P_DATA = (
    0x1000,
    0x1009,
    0x1013,
    0x0037,
    0x3704,
    0x3707,
    0x3701,
)
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_VARIABLE = (0x0D, 0x1E, 0x1F, 0x102)
_MOST = 10_000  # attributes, properties or values
_COMPRESSED = 0x75465A4C
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans "
    rb"SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    + b"\r\n"
    + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


@dataclass(slots=True)
class Envelope:
    """What was wrapped: words as plain text, HTML or RTF, and files by name."""

    subject: str = ""
    text: str = ""
    html: bytes = b""
    rtf: bytes = b""
    files: list[tuple[str, bytes]] = field(default_factory=list)


def unwrap(data: bytes, limits: Limits) -> Envelope:
    """Return what is in a winmail.dat; raise Unreadable where it is none or cut short before anything was found."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise Unreadable("it isn't what Outlook wraps mail in.", "Ask the sender for the message as plain text.")
    found = Envelope()
    try:
        for name, value in _attributes(data):
            _take(found, name, value, limits)
    except (struct.error, IndexError) as exc:
        if not (found.text or found.html or found.rtf or found.files):
            raise Unreadable("it is damaged.", "Ask the sender for the message as plain text.") from exc
    found.files = [(name, content) for name, content in found.files if content]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 6
    for _ in range(_MOST):
        if at + 9 > len(data):
            return
        _, name, _, size = struct.unpack_from("<BHHI", data, at)
        at += 9
        yield name, data[at : at + size]
        at += size + 2


def _take(found: Envelope, name: int, value: bytes, limits: Limits) -> None:
    if name == _SUBJECT:
        found.subject = found.subject or _plain(value)
    elif name == _BODY:
        found.text = found.text or _plain(value)
    elif name == _PROPERTIES:
        for key, kind, content in _properties(value):
            if key == _P_BODY:
                found.text = found.text or _string(kind, content)
            elif key == _P_SUBJECT:
                found.subject = found.subject or _string(kind, content)
            elif key == _P_HTML:
                found.html = content
            elif key == _P_RTF:
                found.rtf = decompressed(content, limits.characters)
    elif name == _RENDERING and len(found.files) < limits.members:
        found.files.append(("", b""))
    elif found.files:
        title, content = found.files[-1]
        if name == _TITLE:
            found.files[-1] = (title or _plain(value), content)
        elif name == _DATA:
            found.files[-1] = (title, value)
        elif name == _ATTACHMENT:
            for key, kind, inside in _properties(value):
                if key in (_P_LONG_NAME, _P_NAME) and (key == _P_LONG_NAME or not title):
                    title = _string(kind, inside)
                elif key == _P_DATA and not content:
                    content = inside
            found.files[-1] = (title, content)


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the properties of one value as (key, type, bytes)."""
    (count,) = struct.unpack_from("<I", data)
    at = 4
    for _ in range(min(count, _MOST)):
        kind, key = struct.unpack_from("<HH", data, at)
        at += 4
        if key >= 0x8000:
            (named,) = struct.unpack_from("<I", data, at + 16)
            at += 20
            if named:
                (length,) = struct.unpack_from("<I", data, at)
                at += 4 + length + -length % 4
            else:
                at += 4
        base, values = kind & 0xFFF, 1
        if kind & 0x1000 or base in _VARIABLE:
            (values,) = struct.unpack_from("<I", data, at)
            at += 4
        content = b""
        for _ in range(min(values, _MOST)):
            if base in _VARIABLE:
                (size,) = struct.unpack_from("<I", data, at)
                at += 4
            elif base in _FIXED:
                size = _FIXED[base]
            else:
                return  # of an unknown type nobody knows how long it is
            content = content or data[at : at + size]
            at += size + -size % 4
            if at > len(data) + 3:
                return
        yield key, base, content


def _plain(value: bytes) -> str:
    words = value.partition(b"\x00")[0]
    try:
        return words.decode("utf-8")
    except UnicodeDecodeError:
        return words.decode("cp1252", "replace")


def _string(kind: int, content: bytes) -> str:
    return content.decode("utf-16-le", "replace").partition("\x00")[0] if kind == 0x1F else _plain(content)


def decompressed(data: bytes, most: int) -> bytes:
    """Return the RTF that a message holds packed; what is damaged ends there."""
    if len(data) < 16:
        return b""
    _, size, kind = struct.unpack_from("<III", data)
    if kind != _COMPRESSED:
        return data[16 : 16 + size]
    window = bytearray(4096)
    window[: len(_DICTIONARY)] = _DICTIONARY
    write, at, out = len(_DICTIONARY), 16, bytearray()
    while at < len(data) and len(out) < min(size, most):
        control = data[at]
        at += 1
        for bit in range(8):
            if at + (control >> bit & 1) >= len(data):
                return bytes(out)
            if control >> bit & 1:
                token = data[at] << 8 | data[at + 1]
                at += 2
                start, length = token >> 4, (token & 0xF) + 2
                if start == write % 4096:
                    return bytes(out)
                piece = [0] * length
                for step in range(length):
                    byte = window[(start + step) % 4096]
                    piece[step] = byte
                    window[write % 4096] = byte
                    write += 1
                out += bytes(piece)
            else:
                window[write % 4096] = data[at]
                out.append(data[at])
                write += 1
                at += 1
    return bytes(out)
