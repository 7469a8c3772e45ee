"""Quotes on the pictures of their pages, as HTML: the pages with boxes laid over them. Pure; knows no files.

A picture travels inside the markup, so that nothing is fetched and nothing is left in a file.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from qa.engine.pages import Page
from qa.load.pictured import Box, Picture
from qa.ui.escape import escaped

_ROOM = 1.0  # points a box reaches beyond its ink, so that its edge doesn't touch the letters
_LONGEST = 600  # characters of a quote that are read out


def pages_html(source: str, pages: Sequence[Page]) -> str:
    """Return the pages one below the other, each with its quotes marked."""
    return "".join(_page_html(source, page) for page in pages)


def problem_html(message: str) -> str:
    """Return why no picture is shown."""
    return f'<p class="problem" role="alert">{escaped(message)}</p>'


def _page_html(source: str, page: Page) -> str:
    picture, label = page.picture, escaped(page.label)
    data = base64.b64encode(picture.png).decode("ascii")
    said = escaped(_said(page.words))
    if picture.boxes:
        boxes = "".join(_box_html(box, picture) for box in picture.boxes)
        marks = f'<div class="marks" role="img" aria-label="Marked on page {label}: {said}">{boxes}</div>'
        note = ""
    else:
        marks = ""
        note = f'<p class="note">The words stand on this page, but where on it isn\'t known: {said}</p>'
    return (
        f'<figure class="sheet" data-width="{picture.width:.2f}"><figcaption>Page {label}</figcaption>{note}'
        f'<div class="paper" style="aspect-ratio: {picture.width:.2f} / {picture.height:.2f}">'
        f'<img src="data:image/png;base64,{data}" alt="Page {label} of {escaped(source)}" '
        f'draggable="false">{marks}</div></figure>'
    )


def _box_html(box: Box, picture: Picture) -> str:
    left, top = max(box.left - _ROOM, 0.0), max(box.top - _ROOM, 0.0)
    right, bottom = min(box.right + _ROOM, picture.width), min(box.bottom + _ROOM, picture.height)
    across, down = 100 / picture.width, 100 / picture.height
    return (
        f'<i style="left: {left * across:.3f}%; top: {top * down:.3f}%; '
        f'width: {(right - left) * across:.3f}%; height: {(bottom - top) * down:.3f}%"></i>'
    )


def _said(words: Sequence[str]) -> str:
    said = " … ".join(f"“{' '.join(quote.split())}”" for quote in words)
    return said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
