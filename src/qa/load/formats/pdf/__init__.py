"""PDFs: pages to text whose every slice can be shown on the page it stands on.

`extract` reads, `locate` finds a quote's rectangles, `render` draws the page they lie on.
"""

from __future__ import annotations

from qa.load.formats.pdf.boxes import Box, locate, render
from qa.load.formats.pdf.document import extract

__all__ = ["Box", "extract", "locate", "render"]
