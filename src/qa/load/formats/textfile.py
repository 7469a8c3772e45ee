"""Files that are text as they stand: bytes to canonical text within the limits, what was decoded untouched.

Also keeps what no text may hold, NUL and halves of characters, out of every other reader's text.
"""

from __future__ import annotations

import re

from qa.load.decode import decode
from qa.load.extracted import Extracted, Limits, Unreadable

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_INSTEAD = "\ufffd"


def read_text(data: bytes, limits: Limits, *, markup: bool = False) -> Extracted:
    """Decode a file whose canonical text is itself; raise Unreadable where it isn't text.

    What lies beyond `limits.characters` is left out and counted.
    """
    check_size(data, limits)
    decoded = decode(data, markup=markup)
    if decoded is None:
        raise Unreadable(
            "its bytes aren't text in any known encoding.", "Save it as UTF-8, or give it its true suffix."
        )
    text, lost, notes = fit(legible(decoded.text), limits)
    if decoded.guessed:
        notes = (f"Its encoding was guessed: {decoded.encoding}.", *notes)
    return Extracted(text, encoding=decoded.encoding, lost=lost, notes=notes)


def check_size(data: bytes, limits: Limits) -> None:
    """Raise Unreadable where a file is larger than any may be."""
    if len(data) > limits.file_bytes:
        raise Unreadable(f"it is larger than {limits.file_bytes // 1_000_000} MB.", "Split it.")


def legible(text: str) -> str:
    """Return `text` with U+FFFD for each NUL and each half of a surrogate pair; offsets stay what they were."""
    return text if text.isascii() and "\x00" not in text else _UNSTORABLE.sub(_INSTEAD, text)


def fit(text: str, limits: Limits) -> tuple[str, int, tuple[str, ...]]:
    """Return as much of `text` as may be, how many characters that leaves out, and a note that says so."""
    lost = max(0, len(text) - limits.characters)
    if not lost:
        return text, 0, ()
    return text[: limits.characters], lost, (f"Only its first {limits.characters:,} characters were read.",)
