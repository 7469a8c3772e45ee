"""What a terminal may be sent: text from documents with every control character taken out."""

from __future__ import annotations

import unicodedata


def safe(text: str) -> str:
    """Take control characters out of what a terminal is to print, so that no document can drive it."""
    return "".join(
        c if c in "\n\t" or c.isprintable() or _is_blank(c) else "\ufffd" for c in text.replace("\r\n", "\n")
    )


def _is_blank(character: str) -> bool:
    return unicodedata.category(character) == "Zs"
