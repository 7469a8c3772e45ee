"""Which part of a mail is older mail that it only quotes or forwards. Text in, spans out; knows no headers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from qa.types import Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# "On … wrote:" in the languages mail programs speak; it may run over two lines
_WROTE = re.compile(
    r"^[^\S\r\n]*(?:On|Am|Le|El|Em|Il|Op|Den|Dne)\b[^\r\n]{5,300}(?:\r?\n(?!>)[^\r\n]{1,200})?"
    r"\b(?:wrote|schrieb|a écrit|escribió|escreveu|ha scritto|schreef|skrev|napsal)\b[^\r\n]{0,100}:[^\S\r\n]*$",
    re.MULTILINE,
)
_RULED = re.compile(
    r"^[^\S\r\n]*-{2,}[ ]*(?:Original Message|Original-Nachricht|Ursprüngliche Nachricht|Message d[’']origine"
    r"|Mensaje original|Mensagem original|Messaggio originale|Oorspronkelijk bericht|Forwarded message"
    r"|Weitergeleitete Nachricht|Message transféré|Mensaje reenviado|Mensagem encaminhada|Messaggio inoltrato)[ ]*-{2,}"
    r"[^\S\r\n]*$|^[^\S\r\n]*(?:Begin forwarded message|Anfang der weitergeleiteten Nachricht)[^\S\r\n]*:[^\S\r\n]*$",
    re.MULTILINE | re.IGNORECASE,
)
_HEADED = re.compile(
    r"^[^\S\r\n]*\*?(?:From|Von|De|Da|Van)[ ]?:\*?[ ]?[^\r\n]{1,200}\r?\n(?:[^\S\r\n]*\r?\n)?"
    r"[^\S\r\n]*\*?(?:Sent|Date|Gesendet|Datum|Envoyé|Enviado|Enviada|Inviato|Data|Fecha|Verzonden)[^:\r\n]{0,20}:",
    re.MULTILINE,
)
_WHO = re.compile(r"^[^\S\r\n]*\*?(?:From|Von|De|Da|Van)[ ]?:\*?[ ]?([^\r\n]{1,200})", re.MULTILINE)
_ESCAPED = (">From ", ">>From ")  # how mailboxes keep a line that would begin another message
_MARK = re.compile(r"^[ ]?>(?!>?From )", re.MULTILINE)
_LONGEST = 100


@dataclass(frozen=True, slots=True)
class Older:
    """A stretch of older mail, and the words that say whose it is, "" where none do."""

    span: Span
    said: str = ""


def find_older(text: str, start: int) -> list[Older]:
    """Return from `start` on what is quoted with ">" and what follows an introduction or a rule, in order.

    Behind an introduction it is the lines with ">" that follow, or, where none do, all the rest.
    """
    heads = sorted(
        [match for pattern in (_WROTE, _RULED, _HEADED) for match in pattern.finditer(text, start)],
        key=lambda match: match.start(),
    )
    found: list[Older] = []
    for match in heads:
        if found and match.start() < found[-1].span.end:
            continue
        quoted = _quoted(text, match.end())
        end = quoted.end if quoted is not None and match.re is _WROTE else len(text)
        said = " ".join(match[0].split()).strip("- ") if match.re is _WROTE else _whose(text, match.start())
        found.append(Older(_trimmed(text, match.start(), end), said[:_LONGEST]))
    at = start
    while (quoted := _next_quoted(text, at)) is not None:
        at = quoted.end
        if not any(one.span.overlaps(quoted) for one in found):
            found.append(Older(quoted))
    return sorted(found, key=lambda one: one.span)


def _whose(text: str, start: int) -> str:
    match = _WHO.search(text, start, start + 500)
    return " ".join(match[1].split()) if match else ""


def _quoted(text: str, at: int) -> Span | None:
    """Return the lines with ">" that follow right behind `at`, blank ones between."""
    begin = at + len(text[at : at + 20]) - len(text[at : at + 20].lstrip())
    return _lines_from(text, begin) if _MARK.match(text, begin) else None


def _next_quoted(text: str, at: int) -> Span | None:
    match = _MARK.search(text, at)
    return _lines_from(text, match.start()) if match else None


def _lines_from(text: str, begin: int) -> Span:
    end = begin
    for match in _LINE.finditer(text, begin):
        words = match[0].strip()
        if words.startswith(">") and not words.startswith(_ESCAPED):
            end = match.start() + len(match[0].rstrip())
        elif words or match.end() == match.start():
            break
    return Span(begin, end)


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return Span(start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))
