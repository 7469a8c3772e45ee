"""Plain text: the canonical text is the decoded file. Headings are found by how lines stand, offsets intact."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from qa.load.extracted import Extracted, Limits
from qa.load.formats import chat
from qa.load.formats.textfile import read_text
from qa.load.sections import Heading
from qa.types import Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
# bounded, and no two parts of it that blanks fit: a long row of them would be tried in every way there is
_WIKI = re.compile(r"^[ \t]*(={1,6})(?=[ \t]*[^=\s])([^=\r\n][^\r\n]{0,500}?)\1[ \t]{0,100}(?=[\r\n]|\Z)", re.MULTILINE)
_UNDERLINE = re.compile(r"^([^\s\-=~*#|][^\r\n|]{0,118})(?:\r\n|\r|\n)([=\-~])\2{2,}[ \t]*(?=[\r\n]|\Z)", re.MULTILINE)
_NOT_A_HEADING = re.compile(r"[.!?,;:…|=]$|^[-*+•◦▪·|>]|^\(?\w{1,3}[.)]\s|://|@")
_LONGEST = 90
_MOST_WORDS = 14


@dataclass(frozen=True, slots=True)
class _Block:
    span: Span
    lines: int
    words: str


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a plain text; a heading at its very beginning is its title. A chat's export has messages for headings."""
    found = read_text(data, limits)
    messages = chat.find_messages(found.text)
    if messages:
        return replace(found, places=messages)
    headings = find_headings(found.text)
    leads = headings and not found.text[: headings[0].span.start].strip("\ufeff \r\n")
    return replace(found, headings=tuple(headings), title=headings[0].words if leads else "")


def find_headings(text: str) -> list[Heading]:
    """Return the headings of a plain text: wiki marks, underlined lines, and short lines standing alone.

    A short line standing alone counts only before prose; where two follow each other, the first is the
    outer one. Nothing is changed: a wrong guess costs a section edge, never a character.
    """
    marked = [
        Heading(len(match[1]), words, Span(*match.span()))
        for match in _WIKI.finditer(text)
        if (words := " ".join(match[2].split()))
    ]
    marked += [
        Heading(1 if match[2] == "=" else 2, words, Span(*match.span()))
        for match in _UNDERLINE.finditer(text)
        if (words := " ".join(match[1].split()))
    ]
    if marked:
        return sorted(marked, key=lambda heading: heading.span)
    return _standing_alone(text)


def _standing_alone(text: str) -> list[Heading]:
    blocks = [
        _Block(span, len(span.of(text).splitlines()), span.of(text).strip().lstrip("\ufeff")) for span in _blocks(text)
    ]
    short = [_looks_like_heading(block) for block in blocks] + [False, False]
    headings: list[Heading] = []
    for at, block in enumerate(blocks[:-1]):
        if not short[at]:
            continue
        if not short[at + 1]:
            if _is_prose(blocks[at + 1]):
                headings.append(Heading(2, block.words, block.span))
        elif not short[at + 2] and at + 2 < len(blocks) and _is_prose(blocks[at + 2]):
            headings.append(Heading(1, block.words, block.span))
    return headings


def _blocks(text: str) -> Iterator[Span]:
    """Yield each stretch of lines that hold something."""
    # line by line: a pattern of lines would look at each blank of a long row of them again and again
    start: int | None = None
    for match in _LINE.finditer(text):
        if match.group().strip():
            start = match.start() if start is None else start
        elif start is not None:
            yield Span(start, match.start())
            start = None
    if start is not None:
        yield Span(start, len(text))


def _looks_like_heading(block: _Block) -> bool:
    words = block.words
    return (
        block.lines == 1
        and len(words) <= _LONGEST
        and len(words.split()) <= _MOST_WORDS
        and (words[:1].isupper() or words[:1].isdigit())
        and any(character.isalpha() for character in words)
        and not _NOT_A_HEADING.search(words)
    )


def _is_prose(block: _Block) -> bool:
    return len(block.words) > _LONGEST or block.lines > 1 or block.words[-1:] in tuple('.!?…"”')
