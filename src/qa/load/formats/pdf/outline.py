"""Tells a document's headings by size and weight beside its body text, and by its bookmarks."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from qa.load.formats.pdf.layout import Block
from qa.load.formats.pdf.pdfium import Bookmark

_LARGER = 1.12  # than body text
_MOST_LINES = 3
_MOST_WORDS = 25
_LONGEST = 200
_DEEPEST = 6
_TEXT_SHARE = 0.4  # of a style's characters in long paragraphs: it is a style of text, not of headings
_NO_HEADING = re.compile(r"(?<!\binc)(?<!\bltd)(?<!\bcorp)(?<!\bco)[.,;]$|^- |://|@|^[_\W\d]+$", re.IGNORECASE)

_Style = tuple[float, bool]


@dataclass(frozen=True, slots=True)
class _Candidate:
    page: int
    block: int
    style: _Style


def find_levels(pages: Sequence[Sequence[Block]], bookmarks: Sequence[Bookmark]) -> dict[tuple[int, int], int]:
    """Return the level of each block that is a heading, by the numbers of its page and block.

    What is set larger or bolder than the text around it ranks by size, the bold first; where a bookmark bears its
    words, by the bookmark's depth, and others of the same style with it.
    """
    body, body_is_bold = _body(pages)
    running = _text_styles(pages)
    found = [
        _Candidate(page, number, _style(block))
        for page, blocks in enumerate(pages)
        for number, block in enumerate(blocks)
        if _stands_out(block, body, body_is_bold) and _style(block) not in running
    ]
    marked = _bookmarked(pages, bookmarks)
    ranks = _ranks([candidate.style for candidate in found], _levels_by_style(pages, marked))
    levels = {(candidate.page, candidate.block): ranks[candidate.style] for candidate in found}
    return levels | marked


def _body(pages: Sequence[Sequence[Block]]) -> tuple[float, bool]:
    sizes: Counter[float] = Counter()
    bold = total = 0
    for block in (block for blocks in pages for block in blocks if block.kind != "row"):
        for line in block.lines:
            sizes[_half(line.size)] += len(line.text)
            total += len(line.text)
            bold += len(line.text) if line.bold else 0
    # of equals the smaller, or one long title would make all else small print
    body = min(sizes, key=lambda size: (-sizes[size], size), default=0.0)
    return body, 2 * bold > total


def _text_styles(pages: Sequence[Sequence[Block]]) -> set[_Style]:
    """Return the styles that long paragraphs are set in, however few: a letter before the small print, say."""
    every: Counter[_Style] = Counter()
    long: Counter[_Style] = Counter()
    for block in (block for blocks in pages for block in blocks if block.kind != "row"):
        length = sum(len(line.text) for line in block.lines)
        every[_style(block)] += length
        long[_style(block)] += length if length > _LONGEST else 0
    return {style for style, length in every.items() if long[style] > _TEXT_SHARE * length}


def _stands_out(block: Block, body: float, body_is_bold: bool) -> bool:
    words = " ".join(line.text for line in block.lines)
    if block.kind == "row" or block.aside or len(block.lines) > _MOST_LINES or len(words) > _LONGEST:
        return False
    if len(words.split()) > _MOST_WORDS or _NO_HEADING.search(words) or sum(map(str.isalpha, words)) < 2:
        return False
    size, bold = _style(block)
    if size >= _LARGER * body:
        return True
    return bold and not body_is_bold and size >= 0.95 * body


def _style(block: Block) -> _Style:
    return _half(max(line.size for line in block.lines)), all(line.bold for line in block.lines)


def _half(size: float) -> float:
    return round(size * 2) / 2


def _bookmarked(pages: Sequence[Sequence[Block]], bookmarks: Sequence[Bookmark]) -> dict[tuple[int, int], int]:
    found: dict[tuple[int, int], int] = {}
    letters: dict[int, list[str]] = {}
    for mark in bookmarks:
        wanted = _letters(mark.words)
        if mark.page is None or not 0 <= mark.page < len(pages) or not wanted:
            continue
        blocks = pages[mark.page]
        if mark.page not in letters:
            letters[mark.page] = [_letters(" ".join(line.text for line in block.lines[:4])) for block in blocks]
        for number, block in enumerate(blocks):
            if (mark.page, number) in found or len(block.lines) > _MOST_LINES or block.kind == "row":
                continue
            has = letters[mark.page][number]
            # a bookmark may leave out the number in front or a note behind
            if has == wanted or (has and wanted in has and len(wanted) >= 0.6 * len(has)):
                found[mark.page, number] = min(mark.level, _DEEPEST)
                break
    return found


def _letters(words: str) -> str:
    return "".join(char for char in words.casefold() if char.isalnum())


def _levels_by_style(
    pages: Sequence[Sequence[Block]], marked: dict[tuple[int, int], int]
) -> dict[_Style, Counter[int]]:
    found: dict[_Style, Counter[int]] = {}
    for (page, number), level in marked.items():
        found.setdefault(_style(pages[page][number]), Counter())[level] += 1
    return found


def _ranks(styles: Sequence[_Style], known: dict[_Style, Counter[int]]) -> dict[_Style, int]:
    ranks: dict[_Style, int] = {}
    level = 0
    for style in sorted(set(styles), key=lambda style: (-style[0], not style[1])):
        if style in known:
            level = min(known[style], key=lambda one: (-known[style][one], one))
        else:
            level = min(level + 1, _DEEPEST)
        ranks[style] = level
    return ranks
