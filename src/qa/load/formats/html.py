"""HTML to text: headings, paragraphs, lists and tables as rows; navigation, scripts and styles left out.

The parser is lexbor's (through selectolax), which repairs markup as browsers do. The walk is ours, since
it must keep each heading's place; it uses no recursion, as markup may be nested deeper than Python goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from qa.load.extracted import Extracted, Limits
from qa.load.formats.textfile import fit, read_text
from qa.load.sections import Heading
from qa.types import Span

_DROPPED = frozenset(
    """
    script style template noscript nav head iframe object embed svg canvas audio video select datalist dialog
    button
    """.split()
)
_BLOCKS = frozenset(
    """
    address article aside blockquote center dd details dir div dl dt fieldset figcaption figure footer form
    header hgroup hr legend li main menu ol p pre search section summary table tbody tfoot thead tr ul caption
    td th h1 h2 h3 h4 h5 h6
    """.split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DEEPEST = 10  # levels of a list shown by indentation
_DIGITS = 10  # of a list's first number, from which on it means nothing
_SPACE = re.compile(r"[ \t\r\n\x0b\x0c]+")
_BREAK = "\x00"  # can't occur in parsed markup: stands for <br> until the paragraph is tidied


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a page; its title is its first heading of the first level, else what its head says."""
    # the limit is one of words; of markup there may be much more
    found = read_text(data, replace(limits, characters=max(limits.characters, limits.file_bytes)), markup=True)
    text, headings, title = extract(found.text)
    text, lost, notes = fit(text, limits)
    inside = tuple(heading for heading in headings if heading.span.end <= len(text))
    first = next((heading.words for heading in inside if heading.level == 1), "")
    return replace(
        found, text=text, headings=inside, title=first or title, lost=found.lost + lost, notes=(*found.notes, *notes)
    )


def extract(markup: str) -> tuple[str, list[Heading], str]:
    """Return the text, its headings and the page's title ("" where it has none).

    A list item is a line that begins with "- " or its number; a table row is a line with " | " between
    cells, the header row first. Links and emphasis leave their words. A table laid out for looks (with
    headings or tables in its cells) is read as paragraphs.
    """
    tree = LexborHTMLParser(markup)
    walker = _Walker()
    if tree.body is not None:
        for entering, node in _events(tree.body):
            walker.enter(node) if entering else walker.leave(node)
        walker.flush()
    title = tree.css_first("head > title")
    return "".join(walker.parts), walker.headings, " ".join(title.text().split()) if title is not None else ""


def _events(root: LexborNode) -> Iterator[tuple[bool, LexborNode]]:
    """Yield (True, node) before a node's children and (False, node) after them, dropped nodes left out."""
    stack: list[tuple[bool, LexborNode]] = [(False, root)]
    child = root.last_child
    while child is not None:
        stack.append((True, child))
        child = child.prev
    while stack:
        entering, node = stack.pop()
        if entering and (node.tag in _DROPPED or node.attributes.get("role") == "navigation"):
            continue
        yield entering, node
        if entering:
            stack.append((False, node))
            child = node.last_child
            while child is not None:
                stack.append((True, child))
                child = child.prev


@dataclass(slots=True)
class _Walker:
    """Writes blocks of text with one or two line breaks between them, and notes where headings stand."""

    parts: list[str] = field(default_factory=list)
    length: int = 0
    headings: list[Heading] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    last_kind: str = ""
    marker: str = ""
    lists: list[int | None] = field(default_factory=list)
    tables: list[bool] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    preformatted: int = 0

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self.pending.append(node.text_content or "")
        elif tag == "br":
            self.pending.append(_BREAK)
        elif tag in _BLOCKS:
            self.flush()
            if tag in ("ul", "ol", "menu"):
                self.lists.append(_first_number(node) if tag == "ol" else None)
            elif tag == "li":
                self.marker = self._next_marker()
            elif tag == "table":
                self.tables.append(_is_layout(node))
            elif tag == "tr" and self._in_data_table():
                self.rows.append([])
            elif tag in ("td", "th") and self.rows:
                self.rows[-1].append("")
            elif tag == "pre":
                self.preformatted += 1

    def leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag not in _BLOCKS:
            return
        level = _HEADINGS.get(tag)
        self.flush(level)
        if tag in ("ul", "ol", "menu"):
            self.lists.pop()
        elif tag == "li":
            self.marker = ""
        elif tag == "table":
            self.tables.pop()
            self.last_kind = "table"
        elif tag == "tr" and self._in_data_table() and self.rows:
            self._write(" | ".join(self.rows.pop()).strip(), "row")
        elif tag == "pre":
            self.preformatted -= 1

    def flush(self, heading_level: int | None = None) -> None:
        """Write what inline content has gathered since the last block began or ended."""
        raw = "".join(self.pending)
        self.pending.clear()
        words = raw.replace(_BREAK, "\n").strip("\r\n") if self.preformatted else _tidy(raw)
        if not words.strip():
            return
        if self.rows and self.rows[-1]:
            cell = self.rows[-1][-1]
            self.rows[-1][-1] = f"{cell} {_tidy(words)}".strip().replace("\n", " ")
            return
        kind = "item" if self.lists and not heading_level else "block"
        span = self._write(self.marker + words, kind)
        self.marker = ""
        if heading_level:
            self.headings.append(Heading(heading_level, " ".join(words.split()), span))

    def _write(self, words: str, kind: str) -> Span:
        together = kind == self.last_kind and kind in ("item", "row")
        lead = ("\n" if together else "\n\n") if self.length else ""
        start = self.length + len(lead)
        self.parts.append(lead + words)
        self.length = start + len(words)
        self.last_kind = kind
        return Span(start, self.length)

    def _next_marker(self) -> str:
        indent = "  " * min(_DEEPEST, max(0, len(self.lists) - 1))
        if not self.lists or self.lists[-1] is None:
            return f"{indent}- "
        number = self.lists[-1]
        self.lists[-1] = number + 1
        return f"{indent}{number}. "

    def _in_data_table(self) -> bool:
        return bool(self.tables) and not self.tables[-1]


def _is_layout(table: LexborNode) -> bool:
    if table.attributes.get("role") in ("presentation", "none"):
        return True
    # asked of its parts, since a table inside a cell is itself a "td table"
    inside = "td table, td h1, td h2, td h3, td h4, td h5, td h6"
    return any(part.css_first(inside) is not None for part in table.iter())


def _first_number(node: LexborNode) -> int:
    start = node.attributes.get("start") or "1"
    return int(start) if start.isdecimal() and len(start) < _DIGITS else 1


def _tidy(words: str) -> str:
    lines = (_SPACE.sub(" ", line).strip(" ") for line in words.split(_BREAK))
    return "\n".join(line for line in lines if line)
