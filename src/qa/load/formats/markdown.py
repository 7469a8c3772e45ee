"""Markdown: the canonical text is the decoded file. Headings come from a CommonMark parser, by line number."""

from __future__ import annotations

import re
from dataclasses import replace

from markdown_it import MarkdownIt

from qa.load.extracted import Extracted, Limits
from qa.load.formats.textfile import read_text
from qa.load.sections import Heading
from qa.types import Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_FRONT_MATTER = re.compile(
    r"\ufeff?---[ \t]*(?:\r\n|\r|\n)(?![ \t]*[\r\n])(?:.*?(?:\r\n|\r|\n))??(?:---|\.\.\.)[ \t]*(?:\r\n|\r|\n|\Z)",
    re.DOTALL,
)
_TITLE = re.compile(r"^title:[ \t]*+([^\r\n]+)", re.MULTILINE)
# bounded and tried once for each run, or a heading of brackets or blanks would take time in the square of its length
_MARKUP = re.compile(r"!?\[([^\]]{0,300})\]\([^)]{0,300}\)|[*`]+|(?<!\w)_+|(?<!_)_++(?!\w)|(?<!\s)\s++#++\s*+$")


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a Markdown file; its title is the one its front matter names, else its first heading of the first level."""
    found = read_text(data, limits)
    headings = find_headings(found.text)
    first = next((heading.words for heading in headings if heading.level == 1), "")
    title, start = front_matter_title(found.text) or first, front_matter_end(found.text)
    return replace(found, headings=tuple(headings), title=title, start=start)


def find_headings(text: str) -> list[Heading]:
    """Return the headings (`#` and underlined, outside code) with the spans of their lines."""
    start = front_matter_end(text)
    # the parser counts lines by \n, \r\n and \r alike, as this does
    lines = [match.span() for match in _LINE.finditer(text, start)]
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    tokens = parser.parse(text[start:].replace("\ufeff", " "))
    headings = []
    for at, token in enumerate(tokens):
        if token.type != "heading_open" or token.map is None or token.level:
            continue
        first, last = token.map
        words = _MARKUP.sub(lambda match: match[1] or "", tokens[at + 1].content).strip()
        if words:
            span = Span(lines[first][0], lines[last - 1][1])
            headings.append(Heading(int(token.tag[1:]), " ".join(words.split()), span))
    return headings


def front_matter_end(text: str) -> int:
    """Return where the text after a leading YAML block begins; 0 where there is none."""
    match = _FRONT_MATTER.match(text)
    return match.end() if match else 0


def front_matter_title(text: str) -> str:
    """Return the title a leading YAML block names, or ""."""
    match = _TITLE.search(text, 0, front_matter_end(text))
    return " ".join(match[1].strip().strip("\"'").split()) if match else ""
