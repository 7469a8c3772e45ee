"""Turns files into documents: suffix to reader, folder walk, bytes to canonical text.

Speaks of paths, bytes, encodings, pages and headings; knows nothing of vectors or chunk sizes. `table` names the
formats, `formats` holds a reader each, `isolated` runs those that parse what may mean harm.
"""

from __future__ import annotations

from qa.load.again import find_again
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.pictured import Box, Picture, Quoted
from qa.load.readers import Readers, Reading, inside, is_drawn, read_document
from qa.load.sections import Heading
from qa.load.table import CONTAINERS, Format
from qa.load.walk import Found, walk
from qa.load.whole import read_whole

__all__ = [
    "CONTAINERS",
    "Box",
    "Extracted",
    "Format",
    "Found",
    "Heading",
    "Limits",
    "Picture",
    "Quoted",
    "Readers",
    "Reading",
    "Unreadable",
    "find_again",
    "inside",
    "is_drawn",
    "read_document",
    "read_whole",
    "walk",
]
