"""Text from documents as markup shows it: nothing in it is markup, and nothing in it reorders what is read.

Characters that turn the direction of writing can make a name or a sentence read as another: they are shown as marks.
"""

from __future__ import annotations

import html
import re

_MARKS = {
    0x202A: "LRE",
    0x202B: "RLE",
    0x202C: "PDF",
    0x202D: "LRO",
    0x202E: "RLO",
    0x2066: "LRI",
    0x2067: "RLI",
    0x2068: "FSI",
    0x2069: "PDI",
    0x061C: "ALM",
    0x200E: "LRM",
    0x200F: "RLM",
}
# in running text of some languages the last three, and joiners, are part of good spelling
_IN_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_IN_NAMES = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def escaped(text: str) -> str:
    """Return text as markup, controls as marks; fit for an attribute in quotes, too."""
    return html.escape(_IN_TEXT.sub(_mark, text))


def named(name: str) -> str:
    """Return a name as markup, every character that can't be seen as a mark; page.css gives it its own direction."""
    return html.escape(_IN_NAMES.sub(_mark, name))


def _mark(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"⟦{_MARKS.get(code, f'U+{code:04X}')}⟧"
