"""Mail: a message as a mail program shows it, a mailbox as its messages, a saved web page (MHTML) as the page.

The structure is taken apart by the standard library's tolerant parser; headers are decoded in `mailwords.py`, since
nothing a stranger writes into one may raise. Attachments and messages inside messages become children. Older mail
that is only quoted has sections of its own.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.parser
import quopri
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import Message
from typing import Any

from qa.load import names
from qa.load.extracted import Child, Extracted, Hidden, Limits, Unreadable
from qa.load.formats import calendarfile, html, rtf, tnef
from qa.load.formats.mailwords import charset, decoded, disposition, file_name, header, iso_date, parameter, unflowed
from qa.load.formats.oldermail import find_older
from qa.load.formats.textfile import check_size, fit, legible
from qa.load.sections import Heading
from qa.types import OLDER_MAIL, Place, Span

_NEWLINE = re.compile(r"\r\n|\r")
_SHOWN = ("From", "To", "Cc", "Date", "Subject")
_TELLING = (*_SHOWN, "Received", "Message-ID", "MIME-Version", "Content-Type", "Return-Path", "Reply-To", "Sender")
_FROM_LINE = re.compile(rb"^From [^\r\n]*\d{4}[^\r\n]*(?:\r\n|\r|\n|\Z)", re.MULTILINE)
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_LONGEST = 1000  # characters of a title or an author
_HEAD = 1 << 16  # bytes of a message in which its headers are looked for
_SUFFIXES = {
    "application/pdf": ".pdf",
    "application/zip": ".zip",
    "application/json": ".json",
    "application/xml": ".xml",
    "text/calendar": ".ics",
    "text/vcard": ".vcf",
    "text/x-vcard": ".vcf",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/xml": ".xml",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/tiff": ".tif",
}
_SIGNATURES = {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
_ENTRIES = {"text/calendar", "text/vcard", "text/x-vcard", "text/directory"}
_WRAPPED = {"application/ms-tnef", "application/vnd.ms-tnef"}
_SEALED = {"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"}
_DAMAGED = "its parts are too damaged to be told apart."
_SAVE_ANEW = "Save it anew from the program it was written with."


def extract(data: bytes, limits: Limits) -> Extracted:
    """Read one message: its headers as mail programs show them, then its text; attachments become children.

    The plain text is read where there is one, unless it is much shorter than the HTML beside it.
    `limits.depth` of 0 means that children are passed over, with a note.
    """
    message = _parse(data, limits)
    if not any(message.get(name) is not None for name in _TELLING):
        raise Unreadable("there are no mail headers in it.", "Give it its true suffix.")
    head = {name: header(message, name) for name in _SHOWN}
    lines = [f"{name}: {words}" for name, words in head.items() if words]
    content = _guarded(lambda: _gather(message, limits))
    body = _Body("\n".join(lines))
    for alternatives in content.bodies.values():
        body.append(_chosen(alternatives))
    page = body.page()
    children, notes = _limited(content, limits)
    text, lost, cut = fit(page.text, limits)
    headings, places = _with_older(text, page.headings, len("\n".join(lines)))
    return Extracted(
        text,
        headings=headings,
        places=places,
        hidden=tuple(hidden for hidden in page.hidden if hidden.span.end <= len(text)),
        title=head["Subject"][:_LONGEST],
        author=head["From"][:_LONGEST],
        date=iso_date(head["Date"]),
        lost=lost,
        notes=(*content.notes(), *notes, *cut, *page.notes()),
        children=children,
        passed=len(content.children) - len(children) + content.sealed + bool(content.wrapped),
        encoding=content.encoding,
    )


def extract_mbox(data: bytes, limits: Limits) -> Extracted:
    """Return each message of a mailbox as a child, "0001 subject.eml" and so on, in the order of the file."""
    check_size(data, limits)
    if limits.depth < 1:
        raise Unreadable("mailboxes lie in one another too deep to follow.", "Save it as a file of its own.")
    found = list(_messages(data, limits.members + 1))
    if not found:
        raise Unreadable("there are no messages in it.", "Give it its true suffix, or export the mailbox anew.")
    notes: tuple[str, ...] = ()
    if len(found) > limits.members:
        found.pop()
        notes = (f"Only the first {limits.members} messages were read; there are more in it.",)
    children = []
    for number, (start, end) in enumerate(found, start=1):
        message = _QUOTED_FROM.sub(rb"\1", data[start:end])
        subject = header(_only_headers(_head_of(message)), "Subject")
        children.append(Child(names.of_title(f"{number:04d} {subject}", f"{number:04d}") + ".eml", message))
    return Extracted("", children=tuple(children), notes=notes, passed=len(notes))


def extract_mhtml(data: bytes, limits: Limits) -> Extracted:
    """Read a web page that a browser saved with all its parts: the page itself, its frames and pictures left out."""
    message = _parse(data, limits)
    pages = _guarded(lambda: [part for part in message.walk() if part.get_content_type() in _PAGES])
    if not pages:
        raise Unreadable("there is no web page in it.", "Save the page anew, as HTML.")
    markup, encoding = _words(_root(message, pages))
    page = html.extract(legible(markup))
    text, lost, cut = fit(page.text, limits)
    frames = (f"Frames of the page, passed over: {len(pages) - 1}.",) if len(pages) > 1 else ()
    return Extracted(
        text,
        headings=tuple(heading for heading in page.headings if heading.span.end <= len(text)),
        title=page.title or header(message, "Subject")[:_LONGEST],
        date=iso_date(header(message, "Date")),
        hidden=tuple(hidden for hidden in page.hidden if hidden.span.end <= len(text)),
        lost=lost,
        notes=(*frames, *cut, *page.notes()),
        encoding=encoding,
    )


_PAGES = ("text/html", "application/xhtml+xml")


def _root(message: Message, pages: list[Message]) -> Message:
    wanted = _guarded(lambda: str(message.get_param("start") or ""))
    return next((page for page in pages if wanted and str(page.get("Content-ID", "")).strip() == wanted), pages[0])


def _with_older(text: str, headings: tuple[Heading, ...], start: int) -> tuple[tuple[Heading, ...], tuple[Place, ...]]:
    """Return headings and places that set older mail, which is only quoted, apart from what was written now."""
    found = [heading for heading in headings if heading.span.end <= len(text)]
    places = []
    older = find_older(text, min(start, len(text)))
    for at, one in enumerate(older):
        found = [heading for heading in found if not heading.span.overlaps(one.span)]
        words = f"{OLDER_MAIL}: {one.said}" if one.said else OLDER_MAIL
        found.append(Heading(1, words, Span(one.span.start, one.span.start)))
        places.append(Place("older mail", one.said, one.span))
        end = older[at + 1].span.start if at + 1 < len(older) else len(text)
        rest = text[one.span.end : end]
        if rest.strip():
            begin = one.span.end + len(rest) - len(rest.lstrip())
            places.append(Place("reply", "", Span(begin, one.span.end + len(rest.rstrip()))))
    return tuple(sorted(found, key=lambda heading: heading.span)), tuple(places)


# Taking a message apart


@dataclass(slots=True)
class _Content:
    """What a message holds: texts to choose from, by the place they stand in; files; and what was passed over."""

    bodies: dict[int, list[tuple[str, str]]] = field(default_factory=dict)  # (kind, text)
    children: list[Child] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    pictures: int = 0
    sealed: bool = False
    unparted: bool = False
    encoding: str = ""
    wrapped: str = ""

    def notes(self) -> tuple[str, ...]:
        notes = [self.wrapped] if self.wrapped else []
        if self.sealed:
            notes.append("Parts of it are encrypted and can't be read.")
        if self.unparted:
            notes.append("Its parts could not be told apart, and are read as one text.")
        if self.pictures:
            notes.append(f"Pictures shown inside the text, passed over: {self.pictures}.")
        return tuple(notes)


def _parse(data: bytes, limits: Limits) -> Message:
    check_size(data, limits)
    try:
        return email.message_from_bytes(data.lstrip(b"\r\n"))
    except Exception:  # noqa: BLE001 - a parameter that it can't make sense of stops the library's parser
        return _only_headers(data)


def _only_headers(data: bytes) -> Message:
    """Return a message whose parts aren't told apart: its body is one text."""
    message: Message = _guarded(lambda: email.parser.BytesHeaderParser().parsebytes(data.lstrip(b"\r\n")))
    return message


def _guarded(read: Callable[[], Any]) -> Any:  # noqa: ANN401 - it passes through whatever it is given
    try:
        return read()
    except RecursionError:
        raise Unreadable("messages lie in one another too deep to follow.", _SAVE_ANEW) from None
    except Unreadable:
        raise
    except Exception as exc:
        # the standard library's parser was written for honest mail, and raises a dozen kinds for the other
        raise Unreadable(_DAMAGED, _SAVE_ANEW) from exc


def _gather(message: Message, limits: Limits) -> _Content:
    """Walk the parts in order; what stands in one multipart/alternative says one thing several times."""
    content = _Content()
    stack: list[tuple[Message, int]] = [(message, 0)]
    count = 0
    while stack:
        part, group = stack.pop()
        count += 1
        kind = part.get_content_type()
        # of a part that isn't several, the library would decode the words, and raise at odd encodings
        payload = part.get_payload() if part.is_multipart() else None
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            inner = group or (count if kind == "multipart/alternative" else 0)
            stack.extend((child, inner) for child in reversed(payload) if isinstance(child, Message))
        elif kind in _SIGNATURES:
            continue
        elif kind in _SEALED:
            content.sealed = True
        elif kind == "message/rfc822" and isinstance(payload, list):
            _add_message(part, payload, content)
        elif kind in _ENTRIES and not file_name(part) and disposition(part) != "attachment":
            words = calendarfile.said(_words(part)[0], limits)
            content.bodies.setdefault(-count, []).append(("plain", words))
        elif kind in _WRAPPED or file_name(part).lower() == "winmail.dat":
            _unwrap(part, count, content, limits)
        elif _is_body(part, kind):
            content.unparted = content.unparted or kind.startswith("multipart/")
            words, encoding = _words(part)
            content.encoding = content.encoding or encoding
            shown = "html" if kind in _PAGES else "plain"
            if shown == "plain" and parameter(part, "format").lower() == "flowed":
                words = unflowed(words, delsp=parameter(part, "delsp").lower() == "yes")
            content.bodies.setdefault(group or -count, []).append((shown, words))
        elif kind.startswith("image/") and part.get("Content-ID") and disposition(part) != "attachment":
            content.pictures += 1
        elif not (group and kind.startswith("text/")):
            _add_attachment(part, kind, content)
    return content


def _unwrap(part: Message, count: int, content: _Content, limits: Limits) -> None:
    """Read what Outlook wrapped into one file: its text, and its attachments as the message's own."""
    data = part.get_payload(decode=True)
    try:
        found = tnef.unwrap(data if isinstance(data, bytes) else b"", limits)
        words = found.text
        if not words.strip() and found.rtf:
            words = rtf.extract(found.rtf, limits).text
    except Unreadable as exc:
        content.wrapped = f"winmail.dat, in which Outlook put the message, can't be read: {exc.problem}"
        return
    if words.strip():
        content.bodies.setdefault(-count, []).append(("plain", _NEWLINE.sub("\n", words)))
    elif found.html:
        content.bodies.setdefault(-count, []).append(("html", decoded(found.html, "", markup=True)[0]))
    for title, inside in found.files:
        _add_file(title, "application/octet-stream", inside, content)


def _is_body(part: Message, kind: str) -> bool:
    if disposition(part) == "attachment" or file_name(part):
        return False
    return kind in ("text/plain", "text/enriched", *_PAGES, "message/delivery-status") or kind.startswith("multipart/")


def _chosen(alternatives: list[tuple[str, str]]) -> html.Page:
    plain = "\n\n".join(words.strip("\n") for kind, words in alternatives if kind == "plain").strip("\n")
    markup = [words for kind, words in alternatives if kind == "html"]
    if not markup:
        return html.Page(plain)
    body = _Body("")
    for words in markup:
        body.append(html.extract(legible(words)))
    page = body.page()
    # "your program can't show this message" is shorter than the message
    return html.Page(plain) if plain.strip() and 2 * len(plain.split()) >= len(page.text.split()) else page


class _Body:
    """Text put together from blocks with a blank line between them; knows where headings and hidden words stand."""

    def __init__(self, first: str) -> None:
        self._blocks: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._hidden: list[Hidden] = []
        self._struck = 0
        self.append(html.Page(first))

    def append(self, block: html.Page) -> None:
        words = legible(block.text)
        if not words.strip():
            return
        if self._blocks:
            words = "\n\n" + words
        offset = self._length + len(words) - len(block.text)
        self._headings += [replace(one, span=_moved(one.span, offset)) for one in block.headings]
        self._hidden += [Hidden(_moved(one.span, offset), one.why) for one in block.hidden]
        self._struck += block.struck
        self._blocks.append(words)
        self._length += len(words)

    def page(self) -> html.Page:
        return html.Page("".join(self._blocks), tuple(self._headings), hidden=tuple(self._hidden), struck=self._struck)


def _moved(span: Span, offset: int) -> Span:
    return Span(span.start + offset, span.end + offset)


def _add_message(part: Message, payload: list[Any], content: _Content) -> None:
    inner = payload[0] if payload else None
    if not isinstance(inner, Message):
        return
    data = _as_bytes(inner)
    transfer = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if transfer in ("base64", "quoted-printable"):
        # not allowed, and done all the same
        data = _untransferred(data, transfer)
        inner = email.message_from_bytes(_head_of(data))
    name = names.of_title(file_name(part).removesuffix(".eml") or header(inner, "Subject"), "message") + ".eml"
    content.children.append(Child(names.distinct(name, content.taken), data))


def _as_bytes(message: Message) -> bytes:
    several = (part for part in message.walk() if part.is_multipart() and part.get_content_maintype() == "multipart")
    try:
        # where a boundary is missing, the library makes one up, another each time
        if all(part.get_boundary() for part in several):
            return message.as_bytes()
    except RecursionError:
        raise
    except Exception:  # noqa: BLE001 - the library can't write all that it can read
        pass
    return b"\n".join(_lines_of(message))


def _lines_of(message: Message) -> Iterator[bytes]:
    """Yield a message as it stood, but for the white space between a header's name and its words."""
    for name, words in message.raw_items():
        yield f"{name}: {words}".encode("utf-8", "surrogateescape")
    yield b""
    payload = message._payload  # type: ignore[attr-defined]  # asked for by its method, it would be decoded
    if not isinstance(payload, list):
        yield str(payload or "").encode("utf-8", "surrogateescape")
        return
    boundary = f"--{parameter(message, 'boundary')}".encode("utf-8", "surrogateescape")
    several = message.get_content_maintype() == "multipart"
    for part in payload:
        yield from (boundary,) if several else ()
        yield from _lines_of(part)
    if several:
        yield boundary + b"--"


def _untransferred(data: bytes, transfer: str) -> bytes:
    try:
        return base64.b64decode(data) if transfer == "base64" else quopri.decodestring(data)
    except (binascii.Error, ValueError):
        return data


def _add_attachment(part: Message, kind: str, content: _Content) -> None:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        inner = part.get_payload()
        data = b"\n\n".join(_as_bytes(item) for item in inner if isinstance(item, Message))
    _add_file(file_name(part), kind, data, content)


def _add_file(called: str, kind: str, data: bytes, content: _Content) -> None:
    given = names.inside(called).rpartition("/")[2]
    name = names.of_title(given, "attachment")
    if "." not in name:
        name += _SUFFIXES.get(kind, ".txt" if kind.startswith("text/") else "")
    content.children.append(Child(names.distinct(name, content.taken), data))


def _limited(content: _Content, limits: Limits) -> tuple[tuple[Child, ...], tuple[str, ...]]:
    children = content.children
    if limits.depth < 1 and children:
        return (), (f"Attachments, passed over since this message lies too deep inside others: {len(children)}.",)
    if len(children) > limits.members:
        return tuple(children[: limits.members]), (f"Only the first {limits.members} attachments were read.",)
    return tuple(children), ()


def _words(part: Message) -> tuple[str, str]:
    """Return a part's text with plain line ends, and the encoding it was in."""
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        inner = part.get_payload()
        items = inner if isinstance(inner, list) else []
        raw = b"\n".join(_as_bytes(item) for item in items if isinstance(item, Message))
    words, encoding = decoded(raw, charset(part), markup=part.get_content_type() in _PAGES)
    return _NEWLINE.sub("\n", words), encoding


# Mailboxes


def _messages(data: bytes, most: int) -> Iterator[tuple[int, int]]:
    """Yield where each message begins and ends, up to `most` of them.

    A line "From … 2024 …" counts only at the start or after a blank line: others are words of a message.
    """
    start = -1
    count = 0
    for match in _FROM_LINE.finditer(data):
        before = data[max(0, match.start() - 4) : match.start()]
        leads = match.start() < 64 and not data[: match.start()].strip()
        if not leads and not before.endswith((b"\n\n", b"\n\r\n", b"\r\r")):
            continue
        if start >= 0:
            yield start, match.start()
            count += 1
            if count == most:
                return
        start = match.end()
    if start >= 0:
        yield start, len(data)


def _head_of(message: bytes) -> bytes:
    head = message[:_HEAD]
    ends = [at for end in (b"\n\n", b"\n\r\n") if (at := head.find(end)) >= 0]
    return head[: min(ends)] if ends else head
