"""Subtitles (SubRip and WebVTT): the canonical text is the decoded file; each cue's words are at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.textfile import read_text
from qa.types import Place, Span

_CUE = re.compile(
    r"^[ \t]*(?:(\d{1,3}):)?(\d{1,2}):(\d{2})[.,]\d{1,3}[ \t]*-->[ \t]*(?:\d{1,3}:)?\d{1,2}:\d{2}[.,]\d{1,3}[^\r\n]*"
    r"(?:\r\n|\r|\n)",
    re.MULTILINE,
)
_WORDS = re.compile(r"(?:[^\r\n]*\S[^\r\n]*(?:\r\n|\r|\n|\Z))+")
_VTT = re.compile(r"\ufeff?WEBVTT(?:[ \t]+(?:-[ \t]*)?([^\r\n]*))?(?:(?:\r\n|\r|\n)[^\r\n]+)*(?:\r\n|\r|\n|\Z)")


def extract(data: bytes, limits: Limits) -> Extracted:
    """Read subtitles: a place of kind "time" for each cue's words, labelled with the hour, minute and second."""
    found = read_text(data, limits)
    head = _VTT.match(found.text)
    places = tuple(_cues(found.text))
    if not places and not head:
        raise Unreadable("there are no subtitles in it.", "Give it its true suffix.")
    if head and "-->" in head.group():
        head = None  # no blank line after the first: the words would be passed over
    title = (head[1] or "").strip() if head else ""
    return replace(found, title=title, start=head.end() if head else 0, places=places)


def _cues(text: str) -> Iterator[Place]:
    for match in _CUE.finditer(text):
        words = _WORDS.match(text, match.end())
        if words:
            label = f"{int(match[1] or 0):02d}:{int(match[2]):02d}:{match[3]}"
            end = words.start() + len(words.group().rstrip())
            if "-->" not in words.group():
                yield Place("time", label, Span(words.start(), end))
