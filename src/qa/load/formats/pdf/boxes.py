"""A quote back to the page: the rectangles its glyphs cover, and the page as a picture to draw them on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice, product

import numpy as np

from qa.load.extracted import Limits, Unreadable
from qa.load.formats.pdf.furniture import outermost
from qa.load.formats.pdf.layout import Line, find_blocks
from qa.load.formats.pdf.lines import turned
from qa.load.formats.pdf.pdfium import File, Glyphs, opened
from qa.load.formats.pdf.scans import is_scan, recognised
from qa.load.formats.pdf.scene import Boxes
from qa.load.pictured import Box, Picture, Quoted
from qa.types import Span

_WIDE_GAP = 2.0  # of the size: the quote's next box begins
_HYPHENS = ("-", "\u00ad", "\u2010")
_SCALE = 2.0  # pixels to the point: small print can be read, an A4 page weighs a few hundred kB
_MOST_PIXELS = 8_000_000
_LANGUAGE = Limits().language


def locate(data: bytes, page_index: int, page_text: str, span: Span, language: str = _LANGUAGE) -> tuple[Box, ...]:
    """Return the rectangles that cover the glyphs of `span` within `page_text`, in reading order, one per line.

    `page_text` is what `extract` gave at this page's place. Each box is as high as the ink of its line, and as wide
    as the quote's glyphs on it. A scanned page is recognised anew, in `language`. Raises ValueError where the text
    isn't this page's or has no such span.
    """
    span.of(page_text)
    with opened(data) as file:
        if not 0 <= page_index < file.pages:
            raise ValueError(f"there is no page number {page_index} among {file.pages}")
        boxes = _located(file, page_index, page_text, [span], language)
    if boxes is None:
        raise ValueError(f"the text isn't that of page number {page_index}")
    return boxes


def render(data: bytes, page_index: int, scale: float = _SCALE) -> bytes:
    """Return a page as a PNG picture, `scale` pixels to the point; fewer where that would be too many."""
    with opened(data) as file:
        if not 0 <= page_index < file.pages:
            raise ValueError(f"there is no page number {page_index} among {file.pages}")
        return _drawn(file, page_index, scale, Limits().pixels)


def draw(data: bytes, quoted: Quoted, limits: Limits) -> Picture:
    """Return the picture of the page that bears a quote, with the boxes that cover the quote.

    The page is the one of that label whose text is the quote's. Where a single page bears the label and its text
    can't be told (it was read off a scan, and now is read otherwise), it is that one, without boxes.
    """
    with opened(data) as file:
        for span in quoted.spans:
            span.of(quoted.text)
        labelled = [number for number in range(min(file.pages, limits.pages)) if file.label(number) == quoted.label]
        matching = _matching(file, labelled, quoted, limits.language)
        number, boxes = next(islice(matching, quoted.earlier, None), (None, ()))
        if number is None and len(labelled) == 1:
            number = labelled[0]
        if number is None:
            raise Unreadable(f"page {quoted.label} isn't found in it as it was indexed.", "Run: qa index --rebuild")
        png = _drawn(file, number, _SCALE, min(limits.pixels, _MOST_PIXELS))
        width, height = file.size(number)
    return Picture(png, width, height, boxes)


def _matching(
    file: File, numbers: Sequence[int], quoted: Quoted, language: str
) -> Iterator[tuple[int, tuple[Box, ...]]]:
    """Yield the pages that have the text of the quote's page, with the quote's boxes."""
    for number in numbers:
        boxes = _located(file, number, quoted.text, quoted.spans, language)
        if boxes is not None:
            yield number, boxes


def _located(
    file: File, page_index: int, page_text: str, spans: Sequence[Span], language: str
) -> tuple[Box, ...] | None:
    """Return the boxes of spans of a page's text; None where the page hasn't that text."""
    glyphs = file.glyphs(page_index)
    if glyphs is None:
        return None
    placed = _placed(glyphs, page_text)
    if placed is None:
        return _recognised(file, page_index, page_text, spans, language) if is_scan(glyphs) else None
    found: list[tuple[list[int], list[int]]] = []
    for span, (line, start) in product(spans, placed):
        first, last = max(span.start - start, 0), min(span.end - start, len(line.text))
        numbers = [glyph for glyph in line.glyphs[first:last] if glyph >= 0] if first < last else []
        found += [(run, _level_with(run, line, glyphs)) for run in _runs(numbers, glyphs)]
    # asked for all lines at once, as each asking reads the page anew
    ink = iter(file.ink(page_index, [at for _, level in found for at in glyphs.index[level].tolist() if at >= 0]))
    boxes = []
    for run, level in found:
        drawn = np.array(list(islice(ink, int((glyphs.index[level] >= 0).sum())))).reshape(-1, 4)
        boxes.append(_displayed(_covering(run, level, drawn, glyphs), glyphs))
    return tuple(boxes)


def _recognised(
    file: File, page_index: int, page_text: str, spans: Sequence[Span], language: str
) -> tuple[Box, ...] | None:
    """Return the boxes of spans of a scanned page's text; None where it isn't read as it was."""
    try:
        page = recognised(file, page_index, language)
    except Unreadable:
        return None
    placed = _placed(page.glyphs, page_text)
    if placed is None:
        return None
    boxes = []
    for span, (line, start) in product(spans, placed):
        first, last = max(span.start - start, 0), min(span.end - start, len(line.text))
        numbers = [glyph for glyph in line.glyphs[first:last] if glyph >= 0] if first < last else []
        for run in _runs(numbers, page.glyphs):
            own = page.shown.boxes[run]
            around = (*own[:, :2].min(axis=0).tolist(), *own[:, 2:].max(axis=0).tolist())
            boxes.append(_displayed(around, page.shown))
    return tuple(boxes)


def _drawn(file: File, page_index: int, scale: float, most_pixels: int) -> bytes:
    picture = file.picture(page_index, scale, most_pixels)
    if picture is None:
        raise Unreadable(
            f"page {file.label(page_index)} can't be drawn.", "Open the file in a viewer and save or print it anew."
        )
    return picture


def _placed(glyphs: Glyphs, page_text: str) -> list[tuple[Line, int]] | None:
    """Return the page's lines with where each begins in its text; None where they don't make up the text.

    Lines at the page's edges may be missing, as running headers are left out, and a line's last hyphen, where the
    word goes on; all else must be there to the letter.
    """
    blocks = find_blocks(glyphs)
    tops, bottoms = ({where for row in rows for where in row} for rows in outermost(blocks))
    lines = [((number, at), line) for number, block in enumerate(blocks) for at, line in enumerate(block.lines)]
    # layers[n]: positions in the text that can be reached with n lines, and from where; start -1 is a line left out
    layers: list[dict[int, tuple[int, int]]] = [{0: (0, -1)}]
    for where, line in lines:
        reached: dict[int, tuple[int, int]] = {}
        # of two lines alike, the outer one was left out
        for position in sorted(layers[-1], reverse=where in bottoms and where not in tops):
            start = position + len(page_text[position:]) - len(page_text[position:].lstrip(" \n"))
            if page_text.startswith(line.text, start):
                reached.setdefault(start + len(line.text), (position, start))
            elif line.text.endswith(_HYPHENS) and page_text.startswith(line.text[:-1], start):
                reached.setdefault(start + len(line.text) - 1, (position, start))
            if where in tops or where in bottoms:
                reached.setdefault(position, (position, -1))
        layers.append(reached)
    return _traced(lines, layers, len(page_text.rstrip(" \n")))


def _traced(
    lines: Sequence[tuple[tuple[int, int], Line]], layers: Sequence[dict[int, tuple[int, int]]], end: int
) -> list[tuple[Line, int]] | None:
    # a text cut short at a limit ends before the page does
    last = next((number for number in range(len(layers) - 1, -1, -1) if end in layers[number]), None)
    if last is None:
        return None
    placed, position = [], end
    for number in range(last, 0, -1):
        position, start = layers[number][position]
        if start >= 0:
            placed.append((lines[number - 1][1], start))
    return placed[::-1]


def _runs(numbers: Sequence[int], glyphs: Glyphs) -> list[list[int]]:
    """Part a line's glyphs where they are far apart, or not level: cells of a table, a label over two lines."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs:
            _, top, right, bottom = _upright(runs[-1][-1], glyphs)
            left, its_top, its_right, its_bottom = _upright(number, glyphs)
            shared = min(bottom, its_bottom) - max(top, its_top)
            level = shared > 0.3 * min(bottom - top, its_bottom - its_top)
            apart = max(left - right, _upright(runs[-1][-1], glyphs)[0] - its_right)
            if level and apart < _WIDE_GAP * max(glyphs.styles[glyphs.style[number]].size, 1.0):
                runs[-1].append(number)
                continue
        runs.append([number])
    return runs


def _upright(number: int, glyphs: Glyphs) -> tuple[float, float, float, float]:
    box = turned(glyphs.boxes[number : number + 1], glyphs.styles[glyphs.style[number]].turn)[0]
    return float(box[0]), float(box[1]), float(box[2]), float(box[3])


def _level_with(run: Sequence[int], line: Line, glyphs: Glyphs) -> list[int]:
    """Return the line's glyphs at the height of the run: they say how high the line's ink is."""
    tops, bottoms = zip(*((box[1], box[3]) for box in (_upright(number, glyphs) for number in run)), strict=True)
    top, bottom = min(tops), max(bottoms)
    found = []
    for number in (number for number in line.glyphs if number >= 0):
        _, its_top, _, its_bottom = _upright(number, glyphs)
        if top <= (its_top + its_bottom) / 2 <= bottom:
            found.append(number)
    return found


def _covering(run: Sequence[int], level: Sequence[int], ink: Boxes, glyphs: Glyphs) -> tuple[float, ...]:
    """Return left, bottom, right, top of a run in the page's own axes."""
    own = glyphs.boxes[list(run)]
    low, high = own[:, :2].min(axis=0), own[:, 2:].max(axis=0)
    drawn = ink[(ink[:, 2] > ink[:, 0]) & (ink[:, 3] > ink[:, 1])]
    if len(drawn) and np.isfinite(drawn).all() and not any(glyphs.index[number] < 0 for number in level):
        across = 1 if glyphs.styles[glyphs.style[run[0]]].turn % 2 == 0 else 0
        low[across], high[across] = drawn[:, across].min(), drawn[:, across + 2].max()
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _displayed(box: tuple[float, ...], glyphs: Glyphs) -> Box:
    """Turn a box from the page's own axes to those of the page as it is shown."""
    left, bottom, right, top = glyphs.bounds
    wide, high = right - left, top - bottom
    x0, x1 = box[0] - left, box[2] - left
    y0, y1 = top - box[3], top - box[1]
    if glyphs.rotation == 90:
        return Box(high - y1, x0, high - y0, x1)
    if glyphs.rotation == 180:
        return Box(wide - x1, high - y1, wide - x0, high - y0)
    if glyphs.rotation == 270:
        return Box(y0, wide - x1, y1, wide - x0)
    return Box(x0, y0, x1, y1)
