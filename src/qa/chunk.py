"""Turns documents into chunks. Owns every character offset; knows nothing of files or models.

A chunk never crosses a section, begins and ends at a sentence's edge where one is near, and equals the
slice of the document's text at its span.
"""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qa.sentences import find_lines, find_sentences
from qa.types import Chunk, Document, Section, Span

if TYPE_CHECKING:
    from langchain_text_splitters import RecursiveCharacterTextSplitter

_ROW = re.compile(r"^(?:[^\r\n]*?(?: \| |\t)[^\r\n]*|\|[ :-]*-[ :|-]*\|?[ ]*(?=[\r\n]|\Z))", re.MULTILINE)
_RULE = re.compile(r"[\s|:-]*")
_LONGEST_HEADER = 300  # characters
_UNITS = ("fact", "chat")  # places that are one sentence each
_SEPARATORS = ["\n\n", "\r\n\r\n", "\n", "\r", ". ", "? ", "! ", "。", "; ", ", ", " ", ""]


@dataclass(slots=True)
class _Table:
    """Where a table begins and ends, and the first of its rows that says something."""

    start: int
    end: int
    header: str


def chunk_document(document: Document, *, size: int, overlap: int = 0) -> list[Chunk]:
    """Cut each section into chunks of about `size` characters, repeating up to `overlap` of whole sentences.

    A chunk may exceed `size` by a sentence's remainder, never by more than half. Raises RuntimeError
    where a slice doesn't equal its text: that would be our mistake, and must not reach an index.
    """
    if not 0 <= overlap <= size // 2:
        raise ValueError(f"overlap must lie between 0 and half of size {size}, got {overlap}")
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    # lengths are counted in characters and nothing is stripped, so the pieces put together again are
    # the section, and offsets follow from lengths alone
    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        chunk_size=size,
        chunk_overlap=0,
        length_function=len,
        keep_separator="end",
        strip_whitespace=False,
    )
    chunks: list[Chunk] = []
    units = [place.span for place in document.places if place.kind in _UNITS]
    withdrawn = [hidden.span for hidden in document.hidden if hidden.is_withdrawn]
    for section in document.sections:
        sentences = _valid(document.text, _sentences(document, section, units), withdrawn)
        ends = [sentence.end for sentence in sentences]
        tables = _tables(document, section)
        for span in _chunk_spans(document.text, section, sentences, splitter, size, overlap):
            chunks.append(_make_chunk(document, section, span, sentences, ends, _header(tables, span.start)))
    return chunks


def _sentences(document: Document, section: Section, units: Sequence[Span]) -> list[Span]:
    """Return a section's sentences; a row that its format knows is one, on however many lines it stands."""
    text = document.text
    if document.is_prose:
        return _around(text, section.span, units) if units else find_sentences(text, section.span)
    rows = _rows(document, section)
    # a row's own span leaves out the quotation mark in front, its line doesn't
    starts = [max(section.span.start, _line_start(text, row.start)) for row in rows]
    if not starts:
        return find_lines(text, section.span)
    ends = [*starts[1:], section.span.end]
    before = find_lines(text, Span(section.span.start, starts[0]))
    return [*before, *(_trimmed(text, start, end) for start, end in zip(starts, ends, strict=True))]


def _around(text: str, within: Span, units: Sequence[Span]) -> list[Span]:
    """Return what the format says is one sentence, and the sentences between; marks alone are none."""
    found: list[Span] = []
    at = within.start
    first = bisect.bisect_left(units, within.start, key=lambda unit: unit.start)
    for unit in units[first:]:
        if unit.end > within.end:
            break
        found += [*find_sentences(text, Span(at, unit.start)), unit]
        at = unit.end
    found += find_sentences(text, Span(at, within.end))
    return [sentence for sentence in found if any(map(str.isalnum, sentence.of(text)))]


def _valid(text: str, sentences: list[Span], withdrawn: Sequence[Span]) -> list[Span]:
    """Return the sentences without what is withdrawn at either end of them, and none that is nothing else."""
    if not withdrawn:
        return sentences
    ends = [span.end for span in withdrawn]
    found = []
    for sentence in sentences:
        start, end = sentence.start, sentence.end
        inside = []
        for span in withdrawn[bisect.bisect_right(ends, start) :]:
            if span.start >= end:
                break
            inside.append(span)
        for span in inside:
            if span.start <= start < span.end or not any(map(str.isalnum, text[start : span.start])):
                start = min(end, span.end)
        for span in reversed(inside):
            if start < end and (span.end >= end or not any(map(str.isalnum, text[span.end : end]))):
                end = max(start, span.start)
        kept = _trimmed(text, start, end) if text[start:end].strip() else None
        if kept is not None and (kept == sentence or any(map(str.isalnum, kept.of(text)))):
            found.append(kept)
    return found


def _rows(document: Document, section: Section) -> list[Span]:
    return [place.span for place in document.places if place.kind == "row" and section.span.contains(place.span)]


def _line_start(text: str, offset: int) -> int:
    return max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1


def _chunk_spans(
    text: str,
    section: Section,
    sentences: Sequence[Span],
    splitter: RecursiveCharacterTextSplitter,
    size: int,
    overlap: int,
) -> Iterator[Span]:
    """Yield the spans of a section's chunks: the splitter's cuts, moved to the nearest sentence's edge."""
    if not sentences:
        return
    body = section.span.of(text)
    pieces = splitter.split_text(body)
    if "".join(pieces) != body:
        raise RuntimeError("the splitter changed the section's text, so its offsets can't be known")
    starts = [sentence.start for sentence in sentences]
    begin, cut = sentences[0].start, section.span.start
    for piece in pieces:
        cut += len(piece)
        end = _near_edge(cut, sentences, starts, reach=size // 2)
        if not text[begin:end].strip():  # nothing new, or only white space: a chunk has words in it
            continue
        yield _trimmed(text, _reach_back(begin, sentences, starts, overlap), end)
        begin = _next_start(end, sentences, starts)
    if begin < sentences[-1].end:
        yield _trimmed(text, _reach_back(begin, sentences, starts, overlap), sentences[-1].end)


def _near_edge(cut: int, sentences: Sequence[Span], starts: Sequence[int], reach: int) -> int:
    """Return the end of the sentence nearest to `cut`, or `cut` itself inside one too long to keep whole."""
    last = sentences[-1].end
    if cut >= last:
        return last
    at = bisect.bisect_right(starts, cut) - 1
    if at < 0:
        return cut
    sentence = sentences[at]
    if cut >= sentence.end:
        return sentence.end
    before = sentences[at - 1].end if at else sentence.start
    candidates = [edge for edge in (before, sentence.end) if abs(edge - cut) <= reach]
    return min(candidates, key=lambda edge: abs(edge - cut), default=cut)


def _next_start(end: int, sentences: Sequence[Span], starts: Sequence[int]) -> int:
    """Return where the next chunk begins: inside the sentence that was cut, else at the next one."""
    at = bisect.bisect_right(starts, end) - 1
    if at >= 0 and sentences[at].start <= end < sentences[at].end:
        return end
    return sentences[at + 1].start if at + 1 < len(sentences) else sentences[-1].end


def _reach_back(begin: int, sentences: Sequence[Span], starts: Sequence[int], overlap: int) -> int:
    """Return the start of the earliest whole sentence that still lies within `overlap` before `begin`."""
    at = bisect.bisect_left(starts, begin - overlap)
    return min(begin, sentences[at].start) if at < len(sentences) else begin


def _trimmed(text: str, start: int, end: int) -> Span:
    piece = text[start:end]
    return Span(start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip()))


def _make_chunk(
    document: Document, section: Section, span: Span, sentences: Sequence[Span], ends: Sequence[int], header: str
) -> Chunk:
    text = span.of(document.text)
    inside = []
    for at in range(bisect.bisect_right(ends, span.start), len(sentences)):
        sentence = sentences[at]
        if sentence.start >= span.end:
            break
        inside.append(Span(max(sentence.start, span.start), min(sentence.end, span.end)))
    name = f"{document.source}#{span.start}-{span.end}"
    chunk = Chunk(name, document.source, section, span, text, tuple(inside), header)
    _assert_slices(document, chunk)
    return chunk


def _tables(document: Document, section: Section) -> list[_Table]:
    """Find the tables of a section: the rows its format knows, else lines of at least two cells that follow."""
    text = document.text
    known = _rows(document, section)
    if known:
        return [_Table(known[0].start, known[-1].end, known[0].of(text))]
    tables: list[_Table] = []
    for row in _ROW.finditer(text, section.span.start, section.span.end):
        words = "" if _RULE.fullmatch(row[0]) else row[0].strip()
        if tables and text[tables[-1].end : row.start()] in ("\n", "\r\n"):
            tables[-1].end = row.end()
            tables[-1].header = tables[-1].header or words
        else:
            tables.append(_Table(row.start(), row.end(), words))
    return tables


def _header(tables: Sequence[_Table], start: int) -> str:
    """Return the header of the table that goes on at `start`; "" where none does, or it is too long to be one."""
    at = bisect.bisect_left(tables, start, key=lambda table: table.start) - 1
    inside = at >= 0 and start < tables[at].end
    return tables[at].header if inside and len(tables[at].header) <= _LONGEST_HEADER else ""


def _assert_slices(document: Document, chunk: Chunk) -> None:
    """The quote contract, first of three places: what is indexed stands where its offsets say."""
    if document.text[chunk.span.start : chunk.span.end] != chunk.text or not chunk.text:
        raise RuntimeError(f"chunk {chunk.id} isn't the slice of its document")
    if not chunk.section.span.contains(chunk.span):
        raise RuntimeError(f"chunk {chunk.id} crosses its section")
    if not all(chunk.span.contains(sentence) and len(sentence) for sentence in chunk.sentences):
        raise RuntimeError(f"chunk {chunk.id} has a sentence outside itself")
