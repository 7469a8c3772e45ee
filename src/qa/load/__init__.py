"""Turns files into documents: suffix to reader, folder walk, bytes to canonical text.

Speaks of paths, bytes, encodings, pages and headings; knows nothing of vectors or chunk sizes.
"""

from __future__ import annotations

from qa.load.readers import Reading, read_document, supported_suffixes
from qa.load.walk import Found, walk

__all__ = ["Found", "Reading", "read_document", "supported_suffixes", "walk"]
