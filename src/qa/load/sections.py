"""Headings with their places to sections: the one way from an outline to `Section`s, whatever the format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qa.types import Section, Span


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


def _append(sections: list[Section], text: str, path: tuple[str, ...], start: int, end: int) -> bool:
    body = text[start:end]
    if not body.replace("\ufeff", "").strip():
        return False
    begin = start + len(body) - len(body.lstrip())
    sections.append(Section(None, path, Span(begin, start + len(body.rstrip()))))
    return True
