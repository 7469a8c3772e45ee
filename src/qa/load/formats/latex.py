"""LaTeX: the canonical text is the decoded file. Sectioning commands are headings; nothing is expanded or run.

What is commented out, or struck out, is flagged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from qa.load.dates import iso
from qa.load.extracted import Extracted, Limits
from qa.load.formats.textfile import read_text
from qa.load.sections import Heading
from qa.types import COMMENTED_OUT, STRUCK_OUT, Hidden, Span

_LEVELS = {
    name: level
    for level, name in enumerate(
        "part chapter section subsection subsubsection paragraph subparagraph frametitle".split(), start=1
    )
}
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\r\n]*")
_ASIDE_BLOCK = re.compile(r"\\begin\{comment\}.*?(?:\\end\{comment\}|\Z)|\\iffalse\b.*?(?:\\fi\b|\Z)", re.DOTALL)
_STRUCK = re.compile(r"\\(?:sout|st|xout|cancel|hcancel)[ \t]*\{")
_VERBATIM = re.compile(r"\\begin\{(verbatim\*?|lstlisting|minted|comment)\}.*?(?:\\end\{\1\}|\Z)", re.DOTALL)
# possessive and bounded, or a line of nothing but brackets or blanks would take time in the square of its length
_OPTION = r"[ \t]*+(?:\[[^\]\r\n]{0,300}\])?+[ \t]*+\{"
_SECTION = re.compile(rf"\\({'|'.join(_LEVELS)})\*?{_OPTION}")
_FRONT = re.compile(rf"\\(title|author|date){_OPTION}")
_BODY = re.compile(r"\\begin[ \t]*\{document\}[ \t]*(?:\r\n|\r|\n)?")
_LABEL = re.compile(r"(?:[ \t]*\\label\{[^}\r\n]{0,200}\}){0,9}[ \t]*(?=[\r\n]|\Z)")
_ASIDE = re.compile(r"\\(?:label|thanks|footnote|index|cite\w*|vspace|hspace)\*?\{[^{}]*\}")
_COMMAND = re.compile(r"\\(?:[A-Za-z]+\*?[ \t]*|\\(?:\[[^\]]*\])?)")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_BLANKED = re.compile(r"[^\r\n]")
_LONGEST = 500  # characters of a heading: a brace that never closes isn't followed to the end


def extract(data: bytes, limits: Limits) -> Extracted:
    r"""Read LaTeX; what stands before \begin{document} is passed over but for title, author and date."""
    found = read_text(data, limits)
    bare = _masked(found.text)
    body = _BODY.search(bare)
    start = body.end() if body else 0
    front = {match[1]: words for match in _FRONT.finditer(bare) if (words := _argument(bare, match.end()))}
    title, author, date = (_plain(front.get(name, "")) for name in ("title", "author", "date"))
    return replace(
        found,
        headings=tuple(_headings(bare, start)),
        title=title,
        author=author,
        date=iso(date),
        start=start,
        hidden=tuple(_withdrawn(found.text, bare, start)),
    )


def _masked(text: str) -> str:
    """Return `text` with blanks for comments and listings, so that nothing is found in them; offsets stay."""
    text = _without_listings(text)
    text = _COMMENT.sub(lambda match: match[1] + " " * (len(match.group()) - len(match[1])), text)
    return _ASIDE_BLOCK.sub(lambda match: _BLANKED.sub(" ", match.group()), text) if "\\iffalse" in text else text


def _without_listings(text: str) -> str:
    if "\\begin{" not in text:
        return text
    return _VERBATIM.sub(lambda match: _BLANKED.sub(" ", match.group()), text)


def _withdrawn(text: str, bare: str, start: int) -> list[Hidden]:
    """Return what is commented out and what is struck out from `start` on, in order."""
    # listings have percent signs of their own; a comment's environment is no listing
    shown = _VERBATIM.sub(
        lambda match: match.group() if match[1] == "comment" else _BLANKED.sub(" ", match.group()), text
    )
    spans = [match.span() for match in _ASIDE_BLOCK.finditer(shown, start)]
    blocked = _ASIDE_BLOCK.sub(lambda match: _BLANKED.sub(" ", match.group()), shown)
    spans += [(match.end(1), match.end()) for match in _COMMENT.finditer(blocked, start)]
    found = [Hidden(Span(*span), COMMENTED_OUT) for span in spans if span[1] - span[0] > 1]
    for match in _STRUCK.finditer(bare, start):
        end = match.end() + len(_argument(bare, match.end())) + 1
        if end > match.end() + 1 and (not found or found[-1].why != STRUCK_OUT or found[-1].span.end <= match.start()):
            found.append(Hidden(Span(match.start(), end), STRUCK_OUT))
    return _apart(sorted(found, key=lambda one: one.span))


def _apart(found: list[Hidden]) -> list[Hidden]:
    kept: list[Hidden] = []
    for one in found:
        if not kept or one.span.start >= kept[-1].span.end:
            kept.append(one)
    return kept


def _headings(text: str, start: int) -> Iterator[Heading]:
    for match in _SECTION.finditer(text, start):
        if match.start() < start:
            continue  # a heading inside a heading
        argument = _argument(text, match.end())
        words = _plain(argument)
        if words:
            end = match.end() + len(argument) + 1
            label = _LABEL.match(text, end)
            start = label.end() if label else end
            yield Heading(_LEVELS[match[1]], words, Span(match.start(), start))


def _argument(text: str, start: int) -> str:
    """Return what stands between the brace before `start` and the one that closes it; "" where none does."""
    depth = 1
    for match in _BRACE.finditer(text, start, start + _LONGEST):
        depth += {"{": 1, "}": -1}.get(match.group(), 0)
        if not depth:
            return text[start : match.start()]
    return ""


def _plain(argument: str) -> str:
    words = _ASIDE.sub("", argument)
    words = re.sub(r"\\([&%$#_{}])", "\\1\x00", words)  # kept from the next steps
    words = _COMMAND.sub(" ", re.sub(r"\\(?:emph|text\w+|mbox|texorpdfstring)\*?[ \t]*\{", "{", words))
    words = re.sub(r"([{}])(?!\x00)", "", words).replace("\x00", "").replace("~", " ").replace("$", "")
    return " ".join(words.split())
