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
    re.MULTILINE | re.ASCII,
)
_WORDS = re.compile(r"(?:[^\r\n]*\S[^\r\n]*(?:\r\n|\r|\n|\Z))+")
_NUMBER = re.compile(r"(?:\A|(?<=[\r\n]))\d+[ \t]*[\r\n]*\Z")  # of the next cue
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
    title = " ".join((head[1] or "").split()) if head else ""
    return replace(found, title=title, start=head.end() if head else 0, places=places)


def _cues(text: str) -> Iterator[Place]:
    cues = list(_CUE.finditer(text))
    ends = [*(cue.start() for cue in cues[1:]), len(text)]
    for cue, end in zip(cues, ends, strict=False):
        # no further than the next one: where no blank line stands between them, each would be read to the file's end
        words = _WORDS.match(text, cue.end(), end)
        if words is None:
            continue
        said = words.group()
        if words.end() == end < len(text):
            said = _NUMBER.sub("", said)
        if said.strip() and "-->" not in said:
            label = f"{int(cue[1] or 0):02d}:{int(cue[2]):02d}:{cue[3]}"
            yield Place("time", label, Span(words.start(), words.start() + len(said.rstrip())))
