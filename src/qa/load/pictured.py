"""What is asked and given to show a quote on the page it stands on: `Quoted` in, `Picture` out.

Knows nothing of any format; who draws raises `Unreadable` like every reader.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qa.load.extracted import Limits
from qa.types import Span


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the page as it is displayed, turned and cropped: points from its left and upper edge."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Quoted:
    """Stretches of a page: its label and whole text as they were extracted, and the `spans` within that text.

    `earlier` counts the pages before it that bear the same label and the same text.
    """

    label: str
    text: str
    spans: tuple[Span, ...]
    earlier: int = 0


@dataclass(frozen=True, slots=True)
class Picture:
    """A page as a PNG, its size in points, and the boxes that cover what was quoted, in reading order.

    Without boxes the page is known, but not where on it the words stand.
    """

    png: bytes
    width: float
    height: float
    boxes: tuple[Box, ...] = ()


Drawer = Callable[[bytes, Quoted, Limits], Picture]
"""One per format whose pages can be drawn: raises `Unreadable`, never anything else, whatever the bytes."""
