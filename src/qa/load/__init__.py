"""Turns files into documents: suffix to reader, folder walk, bytes to canonical text.

Speaks of paths, bytes, encodings, pages and headings; knows nothing of vectors or chunk sizes. `table` names the
formats, `formats` holds a reader each, `isolated` runs those that parse what may mean harm.
"""

from __future__ import annotations

from qa.load.extracted import Limits
from qa.load.readers import Readers, Reading, inside, read_document, supported_suffixes
from qa.load.table import CONTAINERS
from qa.load.walk import Found, walk

__all__ = [
    "CONTAINERS",
    "Found",
    "Limits",
    "Readers",
    "Reading",
    "inside",
    "read_document",
    "supported_suffixes",
    "walk",
]
