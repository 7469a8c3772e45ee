"""Markdown: the canonical text is the decoded file. Headings come from a CommonMark parser, by line number.

What is struck out or commented out is flagged; entries of its front matter and footnotes are places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from markdown_it import MarkdownIt

from qa.load.extracted import Extracted, Limits
from qa.load.formats.textfile import read_text
from qa.load.sections import Heading
from qa.types import COMMENTED_OUT, STRUCK_OUT, Hidden, Place, Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_FRONT_MATTER = re.compile(
    r"\ufeff?---[ \t]*(?:\r\n|\r|\n)(?![ \t]*[\r\n])(?:.*?(?:\r\n|\r|\n))??(?:---|\.\.\.)[ \t]*(?:\r\n|\r|\n|\Z)",
    re.DOTALL,
)
_BLANKED = re.compile(r"[^\r\n]")
_MOST_COMMENTS = 200  # that what is struck out is compared with
_TITLE = re.compile(r"^title:[ \t]*+([^\r\n]+)", re.MULTILINE)
# bounded and tried once for each run, or a heading of brackets or blanks would take time in the square of its length
_MARKUP = re.compile(r"!?\[([^\]]{0,300})\]\([^)]{0,300}\)|[*`]+|(?<!\w)_+|(?<!_)_++(?!\w)|(?<!\s)\s++#++\s*+$")
# bounded, and each tried at its own mark only
_CODE = re.compile(r"(?<!`)(`{1,3})(?!`)[^`]{1,500}\1(?!`)")
_FENCE = re.compile(r"^[ ]{0,3}(`{3,}|~{3,})[^\r\n]*$", re.MULTILINE)
_STRIKE = re.compile(r"(?<!~)~~(?=[^\s~])[^~]{1,2000}(?<=\S)~~(?!~)|<(del|s|strike)>[^<]{1,2000}</\1>", re.IGNORECASE)
_BLANK = re.compile(r"(?:\r\n|\r|\n)[ \t]*(?:\r\n|\r|\n)")
_FACT = re.compile(
    r"^[^\s#:\-][^\r\n:]{0,200}:(?=[ \t]|[\r\n]|\Z)[^\r\n]*(?:(?:\r\n|\r|\n)(?:[ \t]|- )[^\r\n]*)*", re.MULTILINE
)
_NOTE = re.compile(r"^\[\^([^\]\s]{1,100})\]:[ \t]*\S[^\r\n]*(?:(?:\r\n|\r|\n)[ \t]+\S[^\r\n]*)*", re.MULTILINE)


def read(data: bytes, limits: Limits) -> Extracted:
    """Read a Markdown file; its title is the one its front matter names, else its first heading of the first level."""
    found = read_text(data, limits)
    text = found.text
    headings = find_headings(text)
    first = next((heading.words for heading in headings if heading.level == 1), "")
    end = front_matter_end(text)
    facts = [_place("fact", match) for match in _FACT.finditer(text, 0, end) if match[0].partition(":")[2].strip()]
    notes = [_place("footnote", match, match[1]) for match in _NOTE.finditer(text, end)]
    return replace(
        found,
        headings=tuple(headings),
        title=front_matter_title(text) or first,
        # without entries it is no more than a rule
        start=0 if facts else end,
        places=(*facts, *notes),
        hidden=tuple(find_withdrawn(text)),
    )


def _place(kind: str, match: re.Match[str], label: str = "") -> Place:
    words = match[0].rstrip()
    label = label or words.partition(":")[0]
    return Place(kind, " ".join(label.split()), Span(match.start(), match.start() + len(words)))


def find_withdrawn(text: str) -> list[Hidden]:
    """Return what is struck out or commented out, code aside, in order."""
    if "~~" not in text and "<" not in text:
        return []
    bare = _without_code(text)
    found = [Hidden(span, COMMENTED_OUT) for span in find_comments(bare)]
    for match in _STRIKE.finditer(bare):
        span = Span(*match.span())
        if not _BLANK.search(match[0]) and not any(one.span.overlaps(span) for one in found[:_MOST_COMMENTS]):
            found.append(Hidden(span, STRUCK_OUT))
    return sorted(found, key=lambda one: one.span)


def find_comments(text: str) -> Iterator[Span]:
    """Yield the comments of markup; one that never ends is none."""
    start = text.find("<!--")
    while start >= 0:
        end = text.find("-->", start + 4)
        if end < 0:
            return
        yield Span(start, end + 3)
        start = text.find("<!--", end + 3)


def _without_code(text: str) -> str:
    """Return `text` with blanks for code, so that no marks are found in it; offsets stay."""
    parts, at = [], 0
    fences = list(_FENCE.finditer(text))
    while fences:
        opened = fences.pop(0)
        mark = opened[1][0]
        closing = next((n for n, one in enumerate(fences) if one[1][0] == mark and len(one[1]) >= len(opened[1])), None)
        end = fences[closing].end() if closing is not None else len(text)
        parts += [text[at : opened.start()], _BLANKED.sub(" ", text[opened.start() : end])]
        at = end
        fences = fences[closing + 1 :] if closing is not None else []
    parts.append(text[at:])
    return _CODE.sub(lambda match: _BLANKED.sub(" ", match[0]), "".join(parts))


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
