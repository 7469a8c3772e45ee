"""Tells running headers, footers and page numbers from what a page has to say, by how they repeat over pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from qa.load.formats.pdf.layout import Block, Line

Where = tuple[int, int]
"""A line of a page: the number of its block, and its own number in it."""

_Key = tuple[str, int | None, float]
"""Words that repeat; how far the number in them is ahead of the page's; how much their height may differ."""

_TOP, _BOTTOM = "top", "bottom"
_OUTERMOST = 4  # rows at the top and as many at the bottom
_NEIGHBOURS = 4  # pages before and after: left and right pages may differ, and a chapter may be short
_SAME_HEIGHT = 8.0  # points
_VERY_SAME_HEIGHT = 1.0
_LARGER = 1.15  # than the page's text
_MOST_NUMBERS = 6
_YEARS = range(1900, 2101)
_LONGEST = 200  # characters
_LONGEST_PARAGRAPH = 2  # lines
# not without regard to case: a dotless "ı" would be an "i" then
_NUMBER = re.compile(r"(?<![\d.,$€£])\d{1,5}(?![\d,%]|\.\d)|(?<!\w)(?:[ivxlc]{1,7}|[IVXLC]{1,7})(?!\w)")
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


def outermost(blocks: Sequence[Block]) -> tuple[list[list[Where]], list[list[Where]]]:
    """Return the rows nearest to a page's top and to its bottom, from the outside inwards."""
    lines = sorted(
        ((block, at) for block, each in enumerate(blocks) if not each.aside for at in range(len(each.lines))),
        key=lambda where: (_at(blocks, where).middle, _at(blocks, where).left),
    )
    rows: list[list[Where]] = []
    for where in lines:
        line = _at(blocks, where)
        above = _at(blocks, rows[-1][0]) if rows else None
        if above is not None and line.middle - above.middle < 0.4 * (line.bottom - line.top):
            rows[-1].append(where)
        else:
            rows.append([where])
    return rows[:_OUTERMOST], rows[: -_OUTERMOST - 1 : -1]


def find_running(pages: Sequence[Sequence[Block]]) -> list[frozenset[Where]]:
    """Return for each page the lines that only run along: the same words at the same height on pages around.

    A number that counts the pages may differ, no other. A line goes only when all that is further out goes and the
    whole of its paragraph, of two lines at most; a table's row of three cells never does for its words alone.
    """
    edges = [outermost(blocks) for blocks in pages]
    bodies = [_body(blocks) for blocks in pages]
    seen: dict[tuple[str, _Key], list[tuple[int, float]]] = {}
    for number, (blocks, sides) in enumerate(zip(pages, edges, strict=True)):
        for side, rows in zip((_TOP, _BOTTOM), sides, strict=True):
            for where in (where for row in rows for where in row):
                for key in _keys(side, _at(blocks, where), number, bodies[number]):
                    seen.setdefault((side, key), []).append((number, _at(blocks, where).middle))
    needed = 2 if len(pages) > 2 else 1

    def runs(side: str, line: Line, number: int) -> bool:
        for key in _keys(side, line, number, bodies[number]):
            _, offset, tolerance = key
            if len(pages) <= 2 and offset is None:
                continue
            near = {
                other
                for other, middle in _around(seen[side, key], number)
                if other != number and abs(middle - line.middle) <= tolerance
            }
            if len(near) >= needed:
                return True
        return False

    found = []
    for number, (blocks, sides) in enumerate(zip(pages, edges, strict=True)):
        gone: set[Where] = set()
        for side, rows in zip((_TOP, _BOTTOM), sides, strict=True):
            for row in rows:
                if not all(runs(side, _at(blocks, where), number) for where in row):
                    break
                gone.update(row)
        found.append(frozenset(where for where in gone if _goes_whole(blocks, where[0], gone)))
    return found


def _goes_whole(blocks: Sequence[Block], block: int, gone: set[Where]) -> bool:
    count = len(blocks[block].lines)
    return count <= _LONGEST_PARAGRAPH and all((block, at) in gone for at in range(count))


def _at(blocks: Sequence[Block], where: Where) -> Line:
    return blocks[where[0]].lines[where[1]]


def _around(met: list[tuple[int, float]], number: int) -> Iterator[tuple[int, float]]:
    # met is in the order of pages; a header met on thousands of them must not be looked through for each
    low, high = 0, len(met)
    while low < high:
        half = (low + high) // 2
        low, high = (half + 1, high) if met[half][0] < number - _NEIGHBOURS else (low, half)
    while low < len(met) and met[low][0] <= number + _NEIGHBOURS:
        yield met[low]
        low += 1


def _keys(side: str, line: Line, number: int, body: float) -> Iterator[_Key]:
    """Yield what a line may have in common with others.

    That is its words; or all of them but a number that counts pages; or nothing but such a number at either end, as
    headers have it that name the chapter.
    """
    words = line.text
    if len(words) > _LONGEST:
        return
    if line.cells < 3:
        yield words, None, _SAME_HEIGHT
    if side == _TOP and line.size > _LARGER * body:
        # "Lesson 1" and "Lesson 2" on top of pages that follow each other are headings
        return
    for count, match in enumerate(_NUMBER.finditer(words)):
        value = int(match[0]) if match[0].isdecimal() else _roman(match[0].lower())
        if count >= _MOST_NUMBERS or (value in _YEARS and match[0] != words):
            continue
        yield f"{words[: match.start()]}#{words[match.end() :]}", value - number, _SAME_HEIGHT
        if match.start() == 0 or match.end() == len(words):
            yield "#" if match.start() == 0 else "…#", value - number, _VERY_SAME_HEIGHT


def _body(blocks: Sequence[Block]) -> float:
    sizes: Counter[float] = Counter()
    for line in (line for block in blocks for line in block.lines):
        sizes[line.size] += len(line.text)
    return min(sizes, key=lambda size: (-sizes[size], size), default=0.0)


def _roman(letters: str) -> int:
    values = [_ROMAN[letter] for letter in letters]
    return sum(-one if one < then else one for one, then in zip(values, [*values[1:], 0], strict=True))
