"""Writes canonical text block by block and keeps what stands where. Owns offsets; knows no format.

For readers that compose their text (word processors, slides, books): paragraphs stand apart by a blank line,
list items and table rows on lines of their own, " | " between cells.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from qa.load.extracted import Hidden, Limits
from qa.load.sections import Heading
from qa.types import Place, Span

_DEEPEST = 10  # levels of a list shown by indentation
# looked for where blanks begin, or a long run of them would take time in the square of its length
_LINES = re.compile(r"(?<![ \t])[ \t]*+[\r\n\x0b\x0c\x85\u2028\u2029]\s*")
_BREAK = re.compile("[\r\n\x0b\x0c\x85\u2028\u2029]")  # asked first, as it is much faster
_NEVER = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Run:
    """Words of one paragraph; `hidden` says why nobody sees them, `mark` names a point before them.

    `left_out`: words stood here that don't count any more, so that the space on both sides is one.
    """

    words: str
    hidden: str = ""
    mark: str = ""
    left_out: bool = False


class Blocks:
    """The text so far. `lost` counts characters beyond the limit; `marks` are the offsets of marked runs."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.length = 0
        self.lost = 0
        self.struck = 0  # runs that were left out
        self.headings: list[Heading] = []
        self.hidden: list[Hidden] = []
        self.places: list[Place] = []
        self.marks: list[tuple[int, str]] = []
        self._parts: list[str] = []
        self._starts: list[int] = []
        self._last = ""

    @property
    def text(self) -> str:
        """The canonical text written so far."""
        return "".join(self._parts)

    @property
    def is_full(self) -> bool:
        """Whether something was already left out because the text has reached its limit."""
        return self.lost > 0

    def paragraph(self, runs: Iterable[Run], *, marker: str = "", level: int = 0, heading: int = 0) -> Span | None:
        """Write a paragraph, or with a `marker` an item of a list; return its span, None where it has no words.

        A heading's marker (its number) is part of its words.
        """
        words, hidden, marks = self._joined(runs)
        if not words:
            self._note_marks(marks, self.length)
            return None
        marker = one_line(marker)
        indent = "" if heading or not marker else "  " * min(_DEEPEST, level)
        lead = f"{indent}{marker} " if marker else ""
        span = self._write(lead + words, "item" if marker and not heading else "block")
        if span is None:
            return None
        self._note(hidden, marks, span.start + len(lead))
        if heading:
            self.headings.append(Heading(heading, " ".join((lead + words).split()), span))
        return span

    def row(self, cells: Sequence[Iterable[Run]], labels: Sequence[str] = (), *, hidden: str = "") -> Span | None:
        """Write one row of a table; with `labels` each cell that has words becomes a place of kind "cell"."""
        tidied = [self._joined(cell, " ") for cell in cells]
        while tidied and not tidied[-1][0]:
            tidied.pop()
        line = " | ".join(words for words, _, _ in tidied)
        indent = len(line) - len(line.lstrip(" "))
        marks = max((marks for _, _, marks in tidied), key=len, default=[])
        if not line.strip(" |"):
            self._note_marks(marks, self.length)
            return None
        span = self._write(line[indent:], "row")
        if span is None:
            return None
        self._note_marks([(0, mark) for _, mark in marks], span.start)
        at = span.start - indent
        for column, (words, stretches, _) in enumerate(tidied):
            if words and labels:
                self.places.append(Place("cell", labels[column], Span(at, at + len(words))))
            if stretches and not hidden:
                self._note(stretches, [], at)
            at += len(words) + len(" | ")
        if hidden:
            self.hidden.append(Hidden(span, hidden))
        return span

    def pause(self) -> None:
        """Set the next item or row apart from the last one: it begins another list or table."""
        self._last = ""

    def raw(self, text: str, headings: Iterable[Heading] = (), hidden: Iterable[Hidden] = ()) -> Span | None:
        """Write text that another reader composed, its headings and what is hidden shifted to where it stands."""
        if not text:
            return None
        span = self._write(text, "block")
        if span is not None:
            self.headings += [
                Heading(one.level, one.words, Span(one.span.start + span.start, one.span.end + span.start))
                for one in headings
            ]
            self.hidden += [
                Hidden(Span(one.span.start + span.start, one.span.end + span.start), one.why) for one in hidden
            ]
        return span

    def since(self, offset: int) -> Span | None:
        """Return the span of all blocks written from `offset` (an earlier `length`) on; None where there are none."""
        at = bisect_left(self._starts, offset)
        return Span(self._starts[at], self.length) if at < len(self._starts) else None

    def place(self, kind: str, label: str, offset: int) -> bool:
        """Make all blocks written from `offset` on one place; tell whether there are any."""
        span = self.since(offset)
        if span is not None:
            self.places.append(Place(kind, one_line(label), span))
        return span is not None

    def hide(self, why: str, offset: int) -> None:
        """Flag all blocks written from `offset` on as unseen, in place of what was flagged inside them."""
        span = self.since(offset)
        if span is not None:
            while self.hidden and span.contains(self.hidden[-1].span):
                self.hidden.pop()
            self.hidden.append(Hidden(span, why))

    def pages(self, first: int, offset: int) -> None:
        """Make places of kind "page" between the marks named "page", the text from `offset` on being page `first`."""
        span = self.since(offset)
        if span is None:
            return
        text = self.text
        edges = [span.start, *(at for at, mark in self.marks if mark == "page"), self.length]
        for number, (start, end) in enumerate(pairwise(edges), first):
            words = text[start:end]
            begin = start + len(words) - len(words.lstrip())
            if words.strip():
                self.places.append(Place("page", str(number), Span(begin, start + len(words.rstrip()))))

    def sorted_places(self) -> tuple[Place, ...]:
        """Return the places in the order they stand, outer ones before those inside them.

        Of two of one kind that share words, a footnote's own footnote, the outer one stays.
        """
        kept: list[Place] = []
        ends: dict[str, int] = {}
        for place in sorted(self.places, key=lambda place: (place.span.start, -place.span.end)):
            if place.span.start >= ends.get(place.kind, 0):
                ends[place.kind] = place.span.end
                kept.append(place)
        return tuple(kept)

    def sorted_hidden(self) -> tuple[Hidden, ...]:
        """Return the unseen stretches in the order they stand, touching ones of one cause as one."""
        merged: list[Hidden] = []
        for one in sorted(self.hidden, key=lambda hidden: hidden.span):
            if merged and merged[-1].why == one.why and merged[-1].span.end >= one.span.start:
                merged[-1] = Hidden(Span(merged[-1].span.start, max(merged[-1].span.end, one.span.end)), one.why)
            elif len(one.span):
                merged.append(one)
        return tuple(merged)

    def struck_said(self) -> Iterator[str]:
        """Say how much was left out since it is struck out."""
        if self.struck:
            yield f"Passages struck out: {self.struck:,}, which are left out."

    def _joined(
        self, runs: Iterable[Run], line: str = "\n"
    ) -> tuple[str, list[tuple[int, int, str]], list[tuple[int, str]]]:
        runs = list(runs)
        self.struck += sum(run.left_out for run in runs)
        return joined(runs, line)

    def _write(self, words: str, kind: str) -> Span | None:
        together = kind == self._last and kind in ("item", "row")
        lead = ("\n" if together else "\n\n") if self.length else ""
        start = self.length + len(lead)
        if start + len(words) > self.limits.characters:
            self.lost += len(words)
            return None
        self._parts.append(lead + words)
        self.length = start + len(words)
        self._starts.append(start)
        self._last = kind
        return Span(start, self.length)

    def _note(self, hidden: list[tuple[int, int, str]], marks: list[tuple[int, str]], offset: int) -> None:
        self.hidden += [Hidden(Span(offset + start, offset + end), why) for start, end, why in hidden]
        self._note_marks(marks, offset)

    def _note_marks(self, marks: list[tuple[int, str]], offset: int) -> None:
        self.marks += [(offset + at, mark) for at, mark in marks]


def one_line(words: str) -> str:
    """Return words fit for a label or a title: on one line, and with nothing in them that can't be stored."""
    return " ".join(_NEVER.sub("\ufffd", words).split())


def joined(runs: Iterable[Run], line: str = "\n") -> tuple[str, list[tuple[int, int, str]], list[tuple[int, str]]]:
    """Join runs into a paragraph's words with its unseen stretches (start, end, why) and marks (offset, mark).

    Space at both ends goes; a line break with the space around it becomes `line`; nothing else is changed.
    """
    parts: list[str] = []
    hidden: list[tuple[int, int, str]] = []
    marks: list[tuple[int, str]] = []
    length = 0
    gap = False
    for run in runs:
        if run.mark:
            marks.append((length, run.mark))
        words = run.words
        if gap and words:
            words = words.lstrip(" ") if not length or parts[-1][-1:].isspace() else words
        gap = (gap and not words) or run.left_out
        if run.hidden and words.strip():
            hidden.append((length, length + len(words), run.hidden))
        if words:
            parts.append(words)
            length += len(words)
    whole = "".join(parts)
    if not whole.isascii() or "\x00" in whole:
        whole = _NEVER.sub("\ufffd", whole)
    words = whole.strip()
    if not hidden and not marks:
        return _LINES.sub(line, words) if _BREAK.search(words) else words, [], []
    lead = len(whole) - len(whole.lstrip())
    cuts = [match.span() for match in _LINES.finditer(words)]
    ends = [end for _, end in cuts]

    def moved(offset: int) -> int:
        at = min(max(offset - lead, 0), len(words))
        before = bisect_right(ends, at)
        gone = sum(end - start - len(line) for start, end in cuts[:before])
        if before < len(cuts) and cuts[before][0] < at:
            at = cuts[before][0]
        return at - gone

    moved_hidden = [(moved(start), moved(end), why) for start, end, why in hidden]
    return (
        _LINES.sub(line, words),
        [(start, end, why) for start, end, why in moved_hidden if start < end],
        [(moved(at), mark) for at, mark in marks],
    )
