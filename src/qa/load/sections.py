"""Headings with their places to sections: the one way from an outline to `Section`s, whatever the format."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from qa.types import Section, Span

_REMARK = re.compile(r"[ \t]*(?://|#|\*|--|/\*|;|%|@\w)")  # "@" and "#[": what decorates a definition
_LINES_ABOVE = 200


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading's level (1 is outermost), its words, and the span of its whole line or lines."""

    level: int
    words: str
    span: Span


def sections_of(
    text: str, headings: Sequence[Heading], start: int = 0, cuts: Sequence[int] = ()
) -> tuple[Section, ...]:
    """Cut `text` (from `start` on) at its headings; each section is what stands under one, itself left out.

    What begins at one of `cuts` (a slide, a sheet) stands under no heading before it. A heading with nothing under
    it but deeper headings lives on in their paths; one with nothing under it at all is a section of its own words,
    so that nothing is lost.
    """
    sections: list[Section] = []
    path: list[Heading] = []
    if cuts:
        headings = sorted([*headings, *(Heading(0, "", Span(cut, cut)) for cut in cuts)], key=lambda h: h.span)
    _append(sections, text, (), start, headings[0].span.start if headings else len(text))
    for at, heading in enumerate(headings):
        following = headings[at + 1] if at + 1 < len(headings) else None
        while path and path[-1].level >= heading.level:
            path.pop()
        path.append(heading)
        words = tuple(outer.words for outer in path if outer.words)
        end = following.span.start if following else len(text)
        under = _append(sections, text, words, heading.span.end, end)
        if not under and heading.words and (following is None or following.level <= heading.level):
            _append(sections, text, words, heading.span.start, heading.span.end)
    return tuple(sections)


def with_remarks(text: str, headings: Sequence[Heading]) -> list[Heading]:
    """Return the headings of program text as points at which sections begin: at the remarks right above each.

    Their own words stay in the section, as the words of a definition say something.
    """
    found: list[Heading] = []
    for heading in headings:
        first = found[-1].span.start if found else 0
        at = _above(text, first, heading.span.start)
        found.append(replace(heading, span=Span(at, at)))
    return found


def _above(text: str, first: int, line: int) -> int:
    """Return where the remarks begin that stand right above `line`, no further indented than it; `line` if none do."""
    indent = _indent(text, line)
    begin = line
    for _ in range(_LINES_ABOVE):
        end = begin - (2 if text.endswith("\r\n", first, begin) else 1)
        if end < first:
            break
        above = max(text.rfind("\n", first, end), text.rfind("\r", first, end), first - 1) + 1
        if not _REMARK.match(text, above, end) or _indent(text, above) > indent + 1:
            break
        begin = above
    return begin


def _indent(text: str, line: int) -> int:
    return len(text[line : line + 200]) - len(text[line : line + 200].lstrip(" \t"))


def _append(sections: list[Section], text: str, path: tuple[str, ...], start: int, end: int) -> bool:
    body = text[start:end]
    if not body.replace("\ufeff", "").strip():
        return False
    begin = start + len(body) - len(body.lstrip())
    sections.append(Section(None, path, Span(begin, start + len(body.rstrip()))))
    return True
