"""Markup read as it stands (reStructuredText, AsciiDoc, Org): the canonical text is the decoded file.

Headings are found line by line, by each format's own rules; nothing is rendered, included or looked up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qa.load.dates import iso
from qa.load.extracted import Extracted, Limits
from qa.load.formats.textfile import read_text
from qa.load.sections import Heading
from qa.types import Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1+\s*")
_RST_FIELD = re.compile(r":(author|date):[ \t]+([^\r\n]*\S)", re.IGNORECASE)

_ADOC_TITLE = re.compile(r"\ufeff?(={1,6}|#{1,6})[ \t]+(\S[^\r\n]*)\s*")
_ADOC_BLOCK = re.compile(r"(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|`{3,}\w*|--|[|,:!]={3,})\s*")
_ADOC_UNDERLINE = re.compile(r"(?:={2,}|-{2,}|~{2,}|\^{2,}|\+{2,})\s*")
_ADOC_FIELD = re.compile(r":(author|revdate):[ \t]+([^\r\n]*\S)", re.IGNORECASE)
_ADOC_LEVELS = "=-~^+"

_ORG_TITLE = re.compile(r"\ufeff?(\*+)[ \t]+(\S[^\r\n]*)\s*")
_ORG_TODO = re.compile(r"(?:TODO|DONE|NEXT|WAITING|CANCELLED)[ \t]+(?=\S)")
_ORG_PRIORITY = re.compile(r"\[#[A-Za-z0-9]\][ \t]*")
_ORG_TAGS = re.compile(r"(?<![ \t])[ \t]++:[\w@#%:]+:$")
_ORG_KEYWORD = re.compile(r"\ufeff?#\+(\w+):[ \t]*+([^\r\n]*)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line with its line end, and where it stands."""

    words: str
    span: Span


def extract_rst(data: bytes, limits: Limits) -> Extracted:
    """Read reStructuredText: titles underlined, or over- and underlined, in the order of their levels."""
    found = read_text(data, limits)
    lines = list(_lines(found.text))
    headings = list(_rst_headings(lines))
    fields = _fields(_RST_FIELD, lines[:60])
    return _with(found, headings, author=fields.get("author", ""), date=fields.get("date", ""))


def extract_asciidoc(data: bytes, limits: Limits) -> Extracted:
    """Read AsciiDoc: "== Title" and titles underlined, outside listings and other delimited blocks."""
    found = read_text(data, limits)
    lines = list(_lines(found.text))
    fields = _fields(_ADOC_FIELD, lines[:60])
    headings = list(_asciidoc_headings(lines))
    return _with(found, headings, author=fields.get("author", ""), date=fields.get("revdate", ""))


def extract_org(data: bytes, limits: Limits) -> Extracted:
    """Read Org: stars are headings, without their keywords and tags; the keywords on top are passed over."""
    found = read_text(data, limits)
    lines = list(_lines(found.text))
    start, keywords = _org_keywords(lines)
    headings = list(_org_headings(lines))
    title = " ".join(keywords.get("title", "").split())
    known = _with(found, headings, author=keywords.get("author", ""), date=keywords.get("date", "").strip("<>[]"))
    return replace(known, title=title or known.title, start=start)


def _with(found: Extracted, headings: list[Heading], *, author: str, date: str) -> Extracted:
    title = headings[0].words if headings and headings[0].level == 1 else ""
    return replace(found, headings=tuple(headings), title=title, author=" ".join(author.split()), date=iso(date))


def _lines(text: str) -> Iterator[_Line]:
    for match in _LINE.finditer(text):
        yield _Line(match.group(), Span(*match.span()))


def _fields(pattern: re.Pattern[str], lines: list[_Line]) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in lines:
        match = pattern.match(line.words)
        if match:
            found.setdefault(match[1].lower(), match[2])
    return found


def _at(lines: list[_Line], number: int) -> str:
    return lines[number].words if 0 <= number < len(lines) else ""


def _rst_headings(lines: list[_Line]) -> Iterator[Heading]:
    """Yield headings; each way of adorning a title is a level, in the order in which the file first uses them."""
    ways: list[tuple[str, bool]] = []
    at = 0
    while at < len(lines):
        words = lines[at].words.lstrip("\ufeff")
        below, after = _at(lines, at + 1), _at(lines, at + 2)
        over = bool(_ADORNMENT.fullmatch(words)) and words.strip() == after.strip() and _is_title(below, after)
        if over or (_is_title(words, below) and not words[:1].isspace() and not _at(lines, at - 1).strip()):
            way = (words[0] if over else below[0], over)
            if way not in ways:
                ways.append(way)
            last = at + 2 if over else at + 1
            title = below if over else words
            yield Heading(ways.index(way) + 1, " ".join(title.split()), _from_to(lines, at, last))
            at = last
        at += 1


def _is_title(words: str, underline: str) -> bool:
    line = underline.rstrip()
    return (
        bool(_ADORNMENT.fullmatch(underline))
        and len(line) >= min(4, len(words.strip()))
        and len(line) >= len(words.strip()) * 0.8  # wide characters, and writers who can't count
        and any(character.isalnum() for character in words)
    )


def _from_to(lines: list[_Line], first: int, last: int) -> Span:
    end = lines[last].span.end
    return Span(lines[first].span.start, end - len(lines[last].words) + len(lines[last].words.rstrip("\r\n")))


def _asciidoc_headings(lines: list[_Line]) -> Iterator[Heading]:
    fence = ""
    at = 0
    while at < len(lines):
        words = lines[at].words
        below = _at(lines, at + 1)
        block = _ADOC_BLOCK.fullmatch(words)
        title = _ADOC_TITLE.fullmatch(words)
        if fence:
            fence = "" if words.strip() == fence else fence
        elif title and not block:
            yield Heading(len(title[1]), _without_mark(title[2], title[1]), _from_to(lines, at, at))
        elif _is_underlined(words, below) and not _at(lines, at - 1).strip():
            yield Heading(_ADOC_LEVELS.index(below[0]) + 1, " ".join(words.split()), _from_to(lines, at, at + 1))
            at += 1
        elif block:
            fence = re.sub(r"^(`{3,})\w+$", r"\1", words.strip())
        at += 1


def _without_mark(words: str, mark: str) -> str:
    """Return a title's words without the mark that may stand behind them as it does before."""
    bare = words.rstrip().removesuffix(mark)
    closed = bare != words.rstrip() and bare[-1:].isspace()
    return " ".join((bare if closed else words).split())


def _is_underlined(words: str, below: str) -> bool:
    return (
        bool(_ADOC_UNDERLINE.fullmatch(below))
        and abs(len(words.strip()) - len(below.strip())) <= 1
        and words[:1].isalnum()
    )


def _org_keywords(lines: list[_Line]) -> tuple[int, dict[str, str]]:
    """Return where the keywords on top of the file end, and what they say."""
    found: dict[str, str] = {}
    end = 0
    for line in lines:
        match = _ORG_KEYWORD.fullmatch(line.words)
        if match and not match[1].lower().startswith(("begin", "include")):
            found.setdefault(match[1].lower(), match[2].rstrip())
            end = line.span.end
        elif line.words.strip():
            break
    return end, found


def _org_headings(lines: list[_Line]) -> Iterator[Heading]:
    for at, line in enumerate(lines):
        match = _ORG_TITLE.fullmatch(line.words)
        if not match:
            continue
        words = _ORG_TAGS.sub("", _ORG_PRIORITY.sub("", _ORG_TODO.sub("", match[2].rstrip(), count=1), count=1))
        if words.strip():
            yield Heading(len(match[1]), " ".join(words.split()), _from_to(lines, at, at))
