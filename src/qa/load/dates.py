"""Dates as files write them to ISO 8601. Knows no format's own way with them."""

from __future__ import annotations

import re

_ISO = re.compile(
    r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])"
    r"(?:[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?)?)?(?![\d])",
    re.ASCII,
)


def iso(words: str) -> str:
    """Return the date that words begin with, as precise as they say; "" where they begin with none."""
    match = _ISO.match(words.strip())
    return match[0].replace(" ", "T") if match else ""
