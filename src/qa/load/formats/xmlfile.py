"""XML of any kind: the words between the tags, in order, an element a block. Looks nothing up outside the file."""

from __future__ import annotations

import html.entities
import re
import xml.parsers.expat as expat
from dataclasses import dataclass, field

from qa.load.dates import iso
from qa.load.decode import decode
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.html import extract as extract_html
from qa.load.formats.textfile import check_size, fit, legible
from qa.load.sections import Heading
from qa.types import Span

_SPACE = re.compile(r"[ \t\r\n]+")
_TITLES = frozenset("title head heading".split())
_AUTHORS = frozenset("author creator".split())
_DATES = frozenset("date pubdate published updated created".split())
# of feeds, whose words are web pages written as words
_PAGES = frozenset("description content encoded summary".split())
_TAG = re.compile(r"<(?:p|br|div|span|a|b|i|em|strong|ul|ol|li|img|h[1-6]|table|blockquote)\b[^<>]*>", re.IGNORECASE)
_SHORT = 90  # characters: values side by side, not paragraphs
_ANEW = "Save it anew from the program it was written with."


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the text of the elements; one with words of its own beside its elements is one paragraph with them.

    Short values side by side in one element come on lines of their own, others with a blank line between.
    Titles and heads are headings, as deep as they stand.
    """
    check_size(data, limits)
    decoded = decode(data, markup=True)
    walker = _Walker(limits)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = walker.start
    parser.EndElementHandler = walker.end
    parser.CharacterDataHandler = walker.words
    parser.SkippedEntityHandler = walker.skipped
    try:
        # a string: what the file says of its encoding has been heeded, and no longer holds
        parser.Parse(decoded.text if decoded else data, True)
    except expat.ExpatError as exc:
        where = f"line {exc.lineno}: {expat.ErrorString(exc.code)}"
        raise Unreadable(f"it isn't well-formed XML ({where}).", _ANEW) from exc
    except (ValueError, LookupError) as exc:
        raise Unreadable("it is in an encoding that isn't known.", "Save it as UTF-8.") from exc
    text, headings = _written(walker.root)
    text, lost, notes = fit(text, limits)
    if walker.unknown:
        notes = (*notes, f"Names for text kept outside the file, which was not looked up: {len(walker.unknown)}.")
    return Extracted(
        text,
        headings=tuple(heading for heading in headings if heading.span.end <= len(text)),
        title=headings[0].words if headings else "",
        author=walker.author,
        date=walker.date,
        lost=lost + walker.lost,
        notes=notes,
        encoding=decoded.encoding if decoded else "",
    )


@dataclass(slots=True)
class _Block:
    """A paragraph; `level` is 0 where it is no heading, `value` where it may share a block with its neighbours."""

    words: str
    level: int = 0
    value: bool = False


# what an element comes to: its blocks, nested, so that nothing is copied on the way up
_Tree = list["_Block | _Tree"]


@dataclass(slots=True)
class _Element:
    name: str
    pieces: list[str | _Block | _Tree] = field(default_factory=list)
    mixed: bool = False


class _Walker:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0
        self._open: list[_Element] = []
        self.root: _Tree = []
        self.unknown: set[str] = set()
        self.author = self.date = ""
        self.lost = 0

    def start(self, name: str, _attributes: dict[str, str]) -> None:
        if len(self._open) >= self._limits.nesting:
            raise Unreadable(f"its elements are nested deeper than {self._limits.nesting} levels.", _ANEW)
        self._open.append(_Element(name.rpartition(":")[2].lower()))

    def words(self, words: str) -> None:
        room = self._limits.characters - self._count
        self._count += len(words)
        if room < len(words):
            self.lost += len(words) - max(0, room)
            words = words[: max(0, room)]
        if not words:
            return
        element = self._open[-1]
        element.pieces.append(words)
        element.mixed = element.mixed or not words.isspace()

    def skipped(self, name: str, is_parameter: bool) -> None:
        point = None if is_parameter else html.entities.name2codepoint.get(name)
        if point is not None and self._open:
            self.words(chr(point))
        else:
            self.unknown.add(name)

    def end(self, _name: str) -> None:
        element = self._open.pop()
        found = (
            _mixed(element.pieces) if element.mixed else [item for item in element.pieces if not isinstance(item, str)]
        )
        if not found:
            return
        if len(found) == 1 and isinstance(found[0], _Block):
            self._note(element.name, found[0])
            if element.name in _PAGES and _TAG.search(found[0].words):
                found = _paragraphs(found[0].words)
        if not found:
            return
        if self._open:
            self._open[-1].pieces.append(found[0] if len(found) == 1 else found)
        else:
            self.root = found

    def _note(self, name: str, block: _Block) -> None:
        words = " ".join(block.words.split())
        if name in _TITLES:
            block.level = block.level or max(1, len(self._open))
        elif name in _AUTHORS and not self.author and len(words) <= _SHORT:
            self.author = words
        elif name in _DATES and not self.date:
            self.date = iso(words)


def _paragraphs(markup: str) -> _Tree:
    """Return the paragraphs of a web page that was written as words."""
    text = extract_html(markup).text
    return [_Block(legible(words)) for words in text.split("\n\n") if words.strip()]


def _mixed(pieces: list[str | _Block | _Tree]) -> _Tree:
    """Join words with the elements among them; an element of several blocks keeps its blocks, between two halves."""
    found: _Tree = []
    line: list[str] = []

    def close() -> None:
        words = _SPACE.sub(" ", "".join(line)).strip(" ")
        line.clear()
        if words:
            found.append(_Block(legible(words), value=len(words) <= _SHORT))

    for piece in pieces:
        if isinstance(piece, str):
            line.append(piece)
        elif isinstance(piece, _Block):
            line.append(piece.words)
        else:
            close()
            found.append(piece)
    close()
    return found


def _written(root: _Tree) -> tuple[str, list[Heading]]:
    parts: list[str] = []
    headings: list[Heading] = []
    at = 0
    before: _Block | None = None  # None also where an element of several blocks begins or ends
    stack: list[_Block | _Tree | None] = [root]
    while stack:
        item = stack.pop()
        if not isinstance(item, _Block):
            before = None
            if item is not None:
                stack += [None, *reversed(item)]
            continue
        together = before is not None and before.value and item.value and not (before.level or item.level)
        lead = "" if not at else "\n" if together else "\n\n"
        span = Span(at + len(lead), at + len(lead) + len(item.words))
        if item.level:
            headings.append(Heading(item.level, " ".join(item.words.split()), span))
        parts += [lead, item.words]
        at, before = span.end, item
    return "".join(parts), headings
