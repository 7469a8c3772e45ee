"""What a page shows without writing it: the state of its forms, words beside pictures; and what it doesn't show."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from selectolax.lexbor import LexborNode

from qa.load.extracted import CHECKED, SELECTED, UNCHECKED, UNSELECTED

_SILENT = frozenset("hidden password submit button reset image file color range".split())
_RULE = re.compile(r"([^{}]{1,500})\{([^{}]{0,2000})\}")
_NESTED = re.compile(r"@[^{};]{0,500}\{(?:[^{}]{0,2000}\{[^{}]{0,2000}\}){0,500}[^{}]{0,2000}\}")
_COMMENT = re.compile(r"/\*.{0,2000}?\*/", re.DOTALL)
_NAME = re.compile(r"(?:[a-z0-9]{1,10})?([.#][\w-]{1,100})", re.IGNORECASE)
_INVISIBLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d]*[1-9])|mso-hide\s*:\s*all", re.IGNORECASE
)
_MOST_STYLE = 200_000  # characters of style sheets that are looked at
_LEAST_ALT = 2  # words of a picture's own: a single one ("logo") says nothing


class Unseen:
    """Tells which elements show nothing, by what they say themselves and by the page's own style sheets.

    Of those only rules for one class or one id count, outside of @media: what depends on more can't be told here.
    """

    def __init__(self, sheets: Iterable[str]) -> None:
        self._names: set[str] = set()
        for sheet in sheets:
            if "none" not in sheet and "hidden" not in sheet:
                continue
            plain = _NESTED.sub(" ", _COMMENT.sub(" ", sheet[:_MOST_STYLE]))
            for match in _RULE.finditer(plain):
                if _INVISIBLE.search(match[2]):
                    names = (_NAME.fullmatch(name.strip()) for name in match[1].split(","))
                    self._names |= {name[1] for name in names if name}

    def hides(self, attributes: Mapping[str, str | None]) -> bool:
        """Tell whether an element with these attributes shows nothing."""
        if "hidden" in attributes and attributes["hidden"] != "until-found":
            return True
        if (attributes.get("aria-hidden") or "").lower() == "true":
            return True
        style = attributes.get("style")
        if style and _INVISIBLE.search(style):
            return True
        if not self._names:
            return False
        named = [f".{name}" for name in (attributes.get("class") or "").split()]
        return any(name in self._names for name in [*named, f"#{attributes.get('id')}"])


def state_of(node: LexborNode, line: str) -> str:
    """Return what a field, a box, a list to choose from or a picture says, "" for nothing; `line` breaks a line."""
    attributes = node.attributes
    if node.tag == "img":
        alt = " ".join((attributes.get("alt") or "").split())
        return f"{line}{alt}{line}" if len(alt.split()) >= _LEAST_ALT else ""
    if node.tag == "textarea":
        return node.text()
    if node.tag == "select":
        options = node.css("option")
        chosen = [one for one in options if "selected" in one.attributes]
        if not chosen and "multiple" not in attributes:
            chosen = options[:1]
        return ", ".join(" ".join(one.text().split()) for one in chosen)
    kind = (attributes.get("type") or "text").lower()
    if kind == "checkbox":
        return CHECKED if "checked" in attributes else UNCHECKED
    if kind == "radio":
        return SELECTED if "checked" in attributes else UNSELECTED
    return "" if kind in _SILENT else attributes.get("value") or ""
