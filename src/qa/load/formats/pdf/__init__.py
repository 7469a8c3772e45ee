"""PDFs: pages to text whose every slice can be shown on the page it stands on.

`extract` reads, `locate` finds a quote's rectangles, `render` draws the page they lie on, `draw` does both.
"""

from __future__ import annotations

from qa.load.formats.pdf.boxes import draw, locate, render
from qa.load.formats.pdf.document import extract
from qa.load.pictured import Box

__all__ = ["Box", "draw", "extract", "locate", "render"]
