"""The words of a mail's headers and parts, decoded whatever a stranger wrote into them. Knows nothing of its build."""

from __future__ import annotations

import base64
import binascii
import email.utils
import quopri
import re
from collections.abc import Iterator
from email.message import Message

from qa.load.decode import decode
from qa.load.formats.textfile import legible

_ENCODED = re.compile(r"=\?([\w.:-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]*")
# codecs that aren't for mail, and slow or strange on purpose
_NEVER = ("idna", "punycode", "undefined", "unicode_escape", "raw_unicode_escape", "unicode-escape")
# what writers say → what they mean
_MEANT = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "us-ascii": "utf-8", "ascii": "utf-8", "gb2312": "gb18030"}


def decoded(raw: bytes, charset: str, *, markup: bool = False) -> tuple[str, str]:
    """Return text that should be in an encoding, and the one it was in."""
    name = _MEANT.get(charset.lower(), charset)
    if name and not name.lower().startswith(_NEVER):
        try:
            return raw.decode(name), name.lower()
        except (UnicodeError, LookupError, ValueError):
            pass
    found = decode(raw, markup=markup)
    return (found.text, found.encoding) if found else (raw.decode("latin-1"), "latin-1")


def charset(part: Message) -> str:
    """Return the encoding a part says it is in, "" for none."""
    try:
        return str(part.get_content_charset() or "")
    except Exception:  # noqa: BLE001 - a parameter that can't be parsed is one that isn't there
        return ""


def parameter(part: Message, name: str) -> str:
    """Return a parameter of a part's type, "" for none."""
    try:
        return str(part.get_param(name) or "")
    except Exception:  # noqa: BLE001 - as above
        return ""


def disposition(part: Message) -> str:
    """Return "attachment" or "inline", "" where a part says neither."""
    try:
        return part.get_content_disposition() or ""
    except Exception:  # noqa: BLE001 - as above
        return ""


def file_name(part: Message) -> str:
    """Return the file name a part gives, "" for none."""
    try:
        return _decode_header(part.get_filename() or "")
    except Exception:  # noqa: BLE001 - as above
        return ""


def unflowed(words: str, *, delsp: bool) -> str:
    """Join the lines that format=flowed (RFC 3676) broke for the wire, and only those."""
    lines: list[str] = []
    open_depth = -1  # of the paragraph that the line before left open
    for line in words.split("\n"):
        rest = line.lstrip(">")
        depth = len(line) - len(rest)
        rest = rest.removeprefix(" ")
        signature = rest == "-- "
        flows = rest.endswith(" ") and not signature
        piece = rest[:-1] if flows and delsp else rest
        if depth == open_depth and not signature:
            lines.append(piece)
        else:
            lines.append(("\n" if lines else "") + (">" * depth + " " if depth else "") + piece)
        open_depth = depth if flows else -1
    return "".join(lines)


def header(message: Message, name: str) -> str:
    """Return a header's words on one line, decoded; "" where there is none."""
    for key, raw in message.raw_items():
        if key.lower() == name.lower():
            return " ".join(_decode_header(str(raw)).split())
    return ""


def _decode_header(raw: str) -> str:
    raw = _FOLD.sub(" ", raw)
    if not raw.isascii():
        # bytes that aren't ASCII came through the parser as halves of surrogate pairs
        sent = raw.encode("utf-8", "surrogateescape")
        # too few words to tell an encoding by: UTF-8, or what most of the rest is in
        raw = decoded(sent, "utf-8" if _is_utf8(sent) else "iso-8859-1")[0]
    return legible("".join(_decoded_words(raw)))


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decoded_words(raw: str) -> Iterator[str]:
    """Yield what stands between encoded words, and those, decoded; neighbours in one charset share characters."""
    at = 0
    waiting, charset = b"", ""
    for match in _ENCODED.finditer(raw):
        between = raw[at : match.start()]
        if (between.strip() or match[1].lower() != charset) and waiting:
            yield decoded(waiting, charset)[0]
            waiting = b""
        if between.strip() or not at:
            yield between
        charset = match[1].lower()
        waiting += _word_bytes(match[2], match[3])
        at = match.end()
    if waiting:
        yield decoded(waiting, charset)[0]
    yield raw[at:]


def _word_bytes(way: str, coded: str) -> bytes:
    raw = coded.encode("utf-8", "replace")
    if way in "qQ":
        return quopri.decodestring(raw, header=True)
    try:
        return base64.b64decode(raw + b"=" * (-len(raw) % 4))
    except (binascii.Error, ValueError):
        return raw


def iso_date(words: str) -> str:
    """Return a header's date as ISO 8601, "" where it is none."""
    try:
        return email.utils.parsedate_to_datetime(words).isoformat()
    except Exception:  # noqa: BLE001 - what it raises for a date that isn't one depends on how it isn't
        return ""
