"""HTML to text: headings, paragraphs, lists and tables as rows; navigation, scripts and styles left out.

The parser is lexbor's (through selectolax), which repairs markup as browsers do. The walk is ours, since
it must keep each heading's place; it uses no recursion, as markup may be nested deeper than Python goes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

from qa.load.extracted import Extracted, Hidden, Limits
from qa.load.formats.blocks import Run
from qa.load.formats.equations import DEEPEST, Part, mathml_line
from qa.load.formats.htmlstate import Unseen, state_of
from qa.load.formats.scripts import lowered, raised
from qa.load.formats.tables import TableCell, TableRow, write_table
from qa.load.formats.textfile import fit, read_text
from qa.load.sections import Heading
from qa.types import Span

_DROPPED = frozenset(
    """
    script style template noscript nav head iframe object embed svg canvas audio video datalist dialog
    button rt rp
    """.split()
)
_LEAVES = frozenset("math select textarea input img".split())  # what they show isn't what is written inside
_BLOCKS = frozenset(
    """
    address article aside blockquote center dd details dir div dl dt fieldset figcaption figure footer form
    header hgroup hr legend li main menu ol p pre search section summary table tbody tfoot thead tr ul caption
    td th h1 h2 h3 h4 h5 h6
    """.split()
)
_STRUCK = frozenset("del s strike".split())
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_DEEPEST = 10  # levels of a list shown by indentation
_DIGITS = 10  # of a list's first number, from which on it means nothing
_SPACE = re.compile(r"[ \t\r\n\x0b\x0c]+")
_BREAK = "\x00"  # can't occur in parsed markup: stands for <br> until the paragraph is tidied
# no characters, by Unicode's own word: stand where hidden words begin and end until they are written
_FROM, _TO = "\ufdd0", "\ufdd1"
_SIGNS = re.compile("[\ufdd0\ufdd1]")
_SIGN_APART = re.compile("(?<= )([\ufdd0\ufdd1]+) ")
_WHY = "hidden element"


@dataclass(frozen=True, slots=True)
class Page:
    """A page's text and what is known of it; `struck` counts passages that were left out, as they are struck out."""

    text: str
    headings: tuple[Heading, ...] = ()
    title: str = ""
    hidden: tuple[Hidden, ...] = ()
    struck: int = 0

    def notes(self) -> tuple[str, ...]:
        """Say what was left out."""
        return (f"Passages struck out: {self.struck:,}, which are left out.",) if self.struck else ()


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a page; its title is its first heading of the first level, else what its head says."""
    # the limit is one of words; of markup there may be much more
    found = read_text(data, replace(limits, characters=max(limits.characters, limits.file_bytes)), markup=True)
    page = extract(found.text)
    text, lost, notes = fit(page.text, limits)
    inside = tuple(heading for heading in page.headings if heading.span.end <= len(text))
    first = next((heading.words for heading in inside if heading.level == 1), "")
    return replace(
        found,
        text=text,
        headings=inside,
        title=first or page.title,
        hidden=tuple(hidden for hidden in page.hidden if hidden.span.end <= len(text)),
        lost=found.lost + lost,
        notes=(*found.notes, *notes, *page.notes()),
    )


def extract(markup: str) -> Page:
    """Return the text, its headings and the page's title ("" where it has none).

    A list item is a line that begins with "- " or its number; a table row is a line with " | " between
    cells, the header row first. Links and emphasis leave their words. A table laid out for looks (with
    headings or tables in its cells) is read as paragraphs. What is struck out is left out, what nobody sees flagged;
    boxes and fields of forms show their state.
    """
    tree = LexborHTMLParser(markup)
    walker = _Walker(Unseen(node.text() for node in tree.css("style")))
    if tree.body is not None:
        for entering, node in _events(tree.body):
            walker.enter(node) if entering else walker.leave(node)
        walker.flush()
    title = tree.css_first("head > title")
    return Page(
        "".join(walker.parts),
        tuple(walker.headings),
        " ".join(title.text().split()) if title is not None else "",
        tuple(walker.hidden),
        walker.struck,
    )


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
            child = node.last_child if node.tag not in _LEAVES else None
            while child is not None:
                stack.append((True, child))
                child = child.prev


@dataclass(slots=True)
class _Table:
    """A table that is being read; `rows` stay empty where it is laid out for looks."""

    is_layout: bool
    rows: list[TableRow] = field(default_factory=list)
    in_head: bool = False
    in_cell: bool = False


@dataclass(slots=True)
class _Walker:
    """Writes blocks of text with one or two line breaks between them, and notes where headings stand."""

    unseen: Unseen
    parts: list[str] = field(default_factory=list)
    length: int = 0
    headings: list[Heading] = field(default_factory=list)
    hidden: list[Hidden] = field(default_factory=list)
    pending: list[str] = field(default_factory=list)
    last_kind: str = ""
    marker: str = ""
    lists: list[int | None] = field(default_factory=list)
    tables: list[_Table] = field(default_factory=list)
    preformatted: int = 0
    struck: int = 0
    hiding: list[int] = field(default_factory=list)  # nodes inside which nothing is seen
    striking: list[int] = field(default_factory=list)
    shifted: list[tuple[int, int]] = field(default_factory=list)  # <sup> and <sub>: node, where its words begin

    def enter(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if tag == "-text":
            self._take(node.text_content or "")
            return
        if tag.startswith("-"):
            return
        attributes = node.attributes
        if attributes and self.unseen.hides(attributes):
            self.hiding.append(node.mem_id)
        if tag in _STRUCK or (attributes and "line-through" in (attributes.get("style") or "")):
            self.striking.append(node.mem_id)
            self.struck += bool(node.text().strip())
        if tag == "br":
            self.pending.append(_BREAK)
        elif tag == "math":
            self._take(mathml_line(_part(node)))
        elif tag in _LEAVES:
            self._take(state_of(node, _BREAK))
        elif tag in ("sup", "sub"):
            self.shifted.append((node.mem_id, len(self.pending)))
        elif tag in _BLOCKS:
            self.flush()
            self._open(tag, node)

    def _open(self, tag: str, node: LexborNode) -> None:
        table = self.tables[-1] if self.tables else None
        if tag in ("ul", "ol", "menu"):
            self.lists.append(_first_number(node) if tag == "ol" else None)
        elif tag == "li":
            self.marker = self._next_marker()
        elif tag == "table":
            self.tables.append(_Table(_is_layout(node)))
        elif table and tag == "thead":
            table.in_head = True
        elif table and tag == "tr" and not table.is_layout:
            table.rows.append(TableRow([], header=table.in_head))
        elif table and tag in ("td", "th") and table.rows:
            table.rows[-1].cells.append(TableCell(across=_reach(node, "colspan"), down=_reach(node, "rowspan")))
            table.in_cell = True
        elif tag == "pre":
            self.preformatted += 1

    def leave(self, node: LexborNode) -> None:
        tag = node.tag or ""
        if self.shifted and self.shifted[-1][0] == node.mem_id:
            self._shift(node, self.shifted.pop()[1])
        if tag in _BLOCKS:
            self._close(tag, node)
        if self.hiding and self.hiding[-1] == node.mem_id:
            self.hiding.pop()
        if self.striking and self.striking[-1] == node.mem_id:
            self.striking.pop()

    def _close(self, tag: str, node: LexborNode) -> None:
        level = _HEADINGS.get(tag)
        self.flush(level)
        table = self.tables[-1] if self.tables else None
        if tag in ("ul", "ol", "menu"):
            self.lists.pop()
        elif tag == "li":
            self.marker = ""
        elif table and tag == "table":
            self.tables.pop()
            write_table(self, table.rows)
            self.last_kind = "table"
        elif table and tag == "thead":
            table.in_head = False
        elif table and tag in ("td", "th"):
            table.in_cell = False
        elif table and tag == "tr" and table.rows:
            cells = node.css("tr > th, tr > td")
            table.rows[-1].header |= bool(cells) and all(cell.tag == "th" for cell in cells)
        elif tag == "pre":
            self.preformatted -= 1

    def _take(self, words: str) -> None:
        if self.striking:
            return
        words = _SIGNS.sub("", words)
        self.pending.append(f"{_FROM}{words}{_TO}" if self.hiding and words.strip() else words)

    def _shift(self, node: LexborNode, start: int) -> None:
        words = "".join(self.pending[start:])
        if _SIGNS.search(words) or not words.strip():
            return
        link = node.css_first("a[href^='#']") if node.tag == "sup" else None
        core = words.strip()
        if link is not None and len(core) <= 4 and core.isalnum():
            moved = f"[{core}]"  # leads to a note, and is no part of the number before it
        else:
            moved = raised(words) if node.tag == "sup" else lowered(words)
        self.pending[start:] = [moved]

    def flush(self, heading_level: int | None = None) -> None:
        """Write what inline content has gathered since the last block began or ended."""
        raw = "".join(self.pending)
        self.pending.clear()
        self.shifted = [(node, 0) for node, _ in self.shifted]
        words = raw.replace(_BREAK, "\n").strip("\r\n") if self.preformatted else _tidy(raw)
        if not _SIGNS.sub("", words).strip():
            return
        table = self.tables[-1] if self.tables else None
        if table and table.in_cell:
            cell = table.rows[-1].cells[-1]
            cell.words = f"{cell.words} {_tidy(words)}".strip().replace("\n", " ")
            cell.runs = [Run(cell.words)]
            return
        kind = "item" if self.lists and not heading_level else "block"
        span = self._write(self.marker + words, kind)
        self.marker = ""
        if heading_level:
            self.headings.append(Heading(heading_level, " ".join(_SIGNS.sub("", words).split()), span))

    def row(self, cells: Sequence[list[Run]], labels: Sequence[str] = (), *, hidden: str = "") -> None:
        """Write a table's row; a page names no places for its cells."""
        words = [" ".join("".join(run.words for run in cell).split()) for cell in cells]
        while words and not words[-1]:
            words.pop()
        if any(words):
            self._write(" | ".join(words).strip(), "row")

    def pause(self) -> None:
        """Set the next row apart from the last one."""
        self.last_kind = ""

    def _write(self, words: str, kind: str) -> Span:
        together = kind == self.last_kind and kind in ("item", "row")
        lead = ("\n" if together else "\n\n") if self.length else ""
        start = self.length + len(lead)
        if _FROM in words:
            words, hidden = _without_signs(words, start)
            self.hidden += hidden
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


def _without_signs(words: str, offset: int) -> tuple[str, list[Hidden]]:
    """Return words without the signs where hidden ones begin and end, and where those stand then."""
    hidden: list[Hidden] = []
    clean: list[str] = []
    length, begin = 0, -1
    for piece in re.split("([\ufdd0\ufdd1])", _SIGN_APART.sub(r"\1", words)):
        if piece == _FROM:
            begin = length
        elif piece == _TO:
            if 0 <= begin < length:
                close = hidden and not "".join(clean)[hidden[-1].span.end - offset : begin].strip()
                first = hidden.pop().span.start if close else offset + begin
                hidden.append(Hidden(Span(first, offset + length), _WHY))
            begin = -1
        else:
            clean.append(piece)
            length += len(piece)
    return "".join(clean), hidden


def _part(node: LexborNode, depth: int = 0) -> Part:
    attributes = {name: value or "" for name, value in node.attributes.items()}
    part = Part(node.tag or "", attributes)
    if depth > DEEPEST:
        part.words = node.text()
        return part
    for child in node.iter(include_text=True):
        if child.tag == "-text":
            part.words += child.text_content or ""
        elif child.tag and not child.tag.startswith("-"):
            part.parts.append(_part(child, depth + 1))
    return part


def _reach(node: LexborNode, name: str) -> int:
    said = (node.attributes.get(name) or "1").strip()
    return max(1, min(1_000, int(said))) if said.isdecimal() and len(said) < _DIGITS else 1


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
