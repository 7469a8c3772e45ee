"""Tesseract's hOCR: the words of a page with their boxes, and how sure it was of each. Knows no pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser

from qa.load.formats.textfile import legible

_NO_WORDS = 40.0  # confidence of a line under which it is a pattern taken for letters


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its box, in pixels of the picture as it was recognised: upright. `confidence` goes up to 100."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Line:
    """Words on one line. `paragraph` counts paragraphs down the page, `height` runs from ascenders to descenders.

    The baseline rises from `foot` at the line's left edge by `slope`; y grows downwards.
    """

    words: tuple[Word, ...]
    paragraph: int
    height: float
    foot: float
    slope: float = 0.0


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure a recognition was: the mean confidence over so many letters."""

    mean: float
    letters: int


class _Hocr(HTMLParser):
    """Reads Tesseract's page: spans for lines, in them spans for words, what is known of them in their titles."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[Line] = []
        self.turns: dict[int, int] = {}
        self._paragraph = 0
        self._line: dict[str, list[str]] = {}
        self._words: list[Word] = []
        self._word: dict[str, list[str]] | None = None
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a paragraph, a line or a word."""
        known = dict(attrs)
        kind, facts = known.get("class") or "", _facts(known.get("title") or "")
        if kind == "ocr_par":
            self.close_line()
            self._paragraph += 1
        elif kind == "ocrx_word":
            self._word, self._text = facts, []
        elif kind.startswith("ocr_") and tag == "span":
            self.close_line()
            self._line = facts

    def handle_data(self, data: str) -> None:
        """Take a word's letters."""
        if self._word is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        """Close a word; letters may stand in <em> and <strong> inside it."""
        if tag != "span" or self._word is None:
            return
        text, box = " ".join(legible("".join(self._text)).split()), _numbers(self._word, "bbox", 4)
        # a table's rule is no letter
        if text.strip("|") and box:
            sure = (_numbers(self._word, "x_wconf", 1) or [0.0])[0]
            self._words.append(Word(text, box[0], box[1], box[2], box[3], sure))
        self._word = None

    def close_line(self) -> None:
        """Put a line to those there are, unless no word in it is one."""
        words, self._words = tuple(self._words), []
        if not words:
            return
        turn = round((_numbers(self._line, "textangle", 1) or [0.0])[0]) % 360
        self.turns[turn] = self.turns.get(turn, 0) + sum(len(word.text) for word in words)
        if sureness_of(words).mean < _NO_WORDS:
            return
        box = _numbers(self._line, "bbox", 4) or [words[0].left, words[0].top, words[0].right, words[0].bottom]
        height = (_numbers(self._line, "x_size", 1) or [box[3] - box[1]])[0]
        slope, offset = _numbers(self._line, "baseline", 2) or (0.0, 0.0)
        self.lines.append(Line(words, self._paragraph, max(height, 1.0), box[3] + offset, slope))


def read_hocr(page: str) -> tuple[tuple[Line, ...], int]:
    """Return a page's lines, and by how many degrees left most of its words lie turned."""
    parser = _Hocr()
    parser.feed(page)
    parser.close()
    parser.close_line()
    turn = max(sorted(parser.turns), key=lambda angle: parser.turns[angle], default=0)
    paragraphs = {number: at for at, number in enumerate(dict.fromkeys(line.paragraph for line in parser.lines))}
    return tuple(replace(line, paragraph=paragraphs[line.paragraph]) for line in parser.lines), turn


def _facts(title: str) -> dict[str, list[str]]:
    parts = [part.split() for part in title.split(";")]
    return {part[0]: part[1:] for part in parts if part}


def _numbers(facts: dict[str, list[str]], name: str, count: int) -> list[float] | None:
    try:
        found = [float(value) for value in facts.get(name, [])]
    except ValueError:
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def sureness_of(words: Sequence[Word]) -> Sureness:
    """Return how sure the recognition of some words was."""
    letters = sum(len(word.text) for word in words)
    return Sureness(sum(word.confidence * len(word.text) for word in words) / max(letters, 1), letters)
