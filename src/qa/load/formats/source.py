"""Program text, settings, data and logs: the canonical text is the decoded file.

Definitions are headings, told by how their line begins, whatever the language: a wrong guess costs a section
edge, never a character.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from qa.load.extracted import Extracted, Limits
from qa.load.formats import chat
from qa.load.formats.textfile import read_text
from qa.load.sections import Heading
from qa.types import Span

_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
_LONGEST_LINE = 300
_LONGEST_WORDS = 120
# words that may stand before the one that says what is defined
_BEFORE = (
    r"(?:export|default|public|private|protected|internal|static|final|abstract|async|pub(?:\([^)]{0,20}\))?|unsafe"
    r"|extern|inline|virtual|override|open|sealed|data|partial|readonly|const|local|declare|suspend|case|@\w+)"
)
_KEYWORD = re.compile(
    rf"\s*(?:{_BEFORE}\s+){{0,6}}"
    r"(?:def|class|interface|struct|enum|trait|impl|module|namespace|func|function\*?|fn|fun|sub|object|protocol"
    r"|extension|record|union|contract|defmodule|defp|package|macro|proc|message|service|resource)"
    r"(?:[ \t]*<[^>]{0,80}>)?[ \t]+(?:\([^)]{0,80}\)[ \t]*)?(?:[A-Za-z_$][\w$.:!?]*|\"[^\"]*\")"
    # a name that another word follows is prose: "class of things"
    r"(?=[ \t]*(?:[({<:\[\"]|$)|[ \t]+(?:extends|implements|is|as|do|where|for|returns|with)\b)[^=;]*"
)
_SQL = re.compile(
    r"\s*create\s+(?:or\s+replace\s+)?(?:temp(?:orary)?\s+)?"
    r"(?:table|view|materialized\s+view|function|procedure|trigger|index|type|schema)\s+\S.*",
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    r"(?:export\s+)?(?:const|let|var|local)?\s*[\w.$]+\s*(?::[^=]{1,60})?(?:=|<-)\s*(?:async\s+)?"
    r"(?:function\b.*|\([^)]{0,160}\)\s*(?::\s*[\w<>\[\], |]{1,60})?=>.*)"
)
_SHELL = re.compile(r"[\w.:-]+\s*\(\)\s*\{?")
_CALLABLE = re.compile(r"\s*(?:[A-Za-z_][\w:<>,.\[\]?]*[ \t*&]+){0,6}~?[A-Za-z_][\w:]*[ ]?\([^;{}]*\)[^;(){}=]*\{")
_NOT_CALLABLE = re.compile(
    r"\s*(?:\}|else\b|if\b|for\b|foreach\b|while\b|switch\b|catch\b|return\b|do\b|try\b|with\b|when\b|match\b|new\b"
    r"|await\b|unless\b|until\b|using\b|lock\b|synchronized\b|elif\b|elsif\b|throw\b|raise\b|yield\b|defer\b|go\b)"
)
_COMMENT = re.compile(r"\s*(?://|#(?!\[)|\*|--|/\*|;|%|\"\"\"|''')")
_REMARK = re.compile(r"[ \t]+(?:#|//|--)(?=[ \t]).*$")
_OPENS = re.compile(r"(?:[{:(,\[]|\b(?:do|is|as|begin|then|where))\s*$", re.IGNORECASE)
_HAS_ITS_BODY = re.compile(r"[};.]\s*$|\)\s*:\s*\S|\bend\s*$")

_TABLE = re.compile(r"\s*(\[{1,2}[^\[\]\r\n]{1,200}\]{1,2})\s*(?:[#;].*)?")
_YAML_KEY = re.compile(r"([A-Za-z_][\w .-]{0,80}):\s*(?:#.*)?")


def extract(data: bytes, limits: Limits) -> Extracted:
    """Read program text: functions, classes and the like are headings, as deep as they are indented.

    A definition that stands on one line with its body is none, or its words would be in no section.
    """
    found = read_text(data, limits)
    return replace(found, headings=tuple(_definitions(found.text)))


def extract_settings(data: bytes, limits: Limits) -> Extracted:
    """Read settings: "[tables]" are headings, or, where there are none, the outermost keys that hold others."""
    found = read_text(data, limits)
    tables = [Heading(1, words, span) for words, span in _matching(found.text, _TABLE)]
    keys = [] if tables else [Heading(1, words, span) for words, span in _matching(found.text, _YAML_KEY)]
    return replace(found, headings=tuple(tables or keys))


def extract_as_it_is(data: bytes, limits: Limits) -> Extracted:
    """Read data, logs and style sheets, without headings: what would look like one in them is none.

    A chat's export is read as its messages.
    """
    found = read_text(data, limits)
    messages = chat.extract_export(found.text, limits) if not found.lost else None
    if messages is None:
        return found
    return replace(messages, encoding=found.encoding, notes=(*found.notes, *messages.notes))


def _lines(text: str) -> Iterator[tuple[str, Span]]:
    for match in _LINE.finditer(text):
        if match.end(1) > match.start() and match.end(1) - match.start() <= _LONGEST_LINE:
            yield match[1], Span(match.start(), match.end(1))


def _matching(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, Span]]:
    for line, span in _lines(text):
        match = pattern.fullmatch(line.lstrip("\ufeff").rstrip())
        words = " ".join(match[1].strip("[] ").split()) if match else ""
        if words:
            yield words, span


def _definitions(text: str) -> Iterator[Heading]:
    outer: list[int] = []  # how far the definitions around this line are indented
    for line, span in _lines(text):
        bare = _REMARK.sub("", line.lstrip("\ufeff")).rstrip()
        if not _is_definition(bare):
            continue
        indent = len(bare.expandtabs(4)) - len(bare.expandtabs(4).lstrip())
        while outer and outer[-1] >= indent:
            outer.pop()
        outer.append(indent)
        words = " ".join(bare.split()).rstrip("{:( ").strip()[:_LONGEST_WORDS]
        yield Heading(min(6, len(outer)), words, span)


def _is_definition(line: str) -> bool:
    if _COMMENT.match(line) or _NOT_CALLABLE.match(line):
        return False
    if _CALLABLE.fullmatch(line):
        return True
    named = _KEYWORD.match(line) or _SQL.fullmatch(line) or _ASSIGNED.fullmatch(line) or _SHELL.fullmatch(line)
    return bool(named and (_OPENS.search(line) or not _HAS_ITS_BODY.search(line)))
