"""CSV and TSV: the canonical text is the decoded file; rows and cells are places over its own characters.

The scanner is ours, since the standard library's `csv` tells no offsets; it reads as `csv` does, except that
a quotation mark that is never closed is a character like any other, and doesn't swallow the rest.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from qa.load.decode import decode
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.grid import column_name
from qa.load.sections import Heading
from qa.types import Place, Span

# of delimiters that fit equally well the first: decimal commas are common where ";" divides, not the reverse
_DELIMITERS = ("\t", ";", "|", ",")
_NONE = "\x00"  # can't occur in the text: each line is a row of one cell
_SAMPLE = 200  # rows
_DIRECTIVE = re.compile(r"sep=(.)(?:\r\n|\r|\n|\Z)", re.IGNORECASE)  # Excel's own first line
_MOST_ABOVE = 10  # lines
_FITTING = 0.7  # share of rows that have the commonest number of fields


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the file's text with a place for each row ("7") and for each cell that has words ("B7").

    A cell's span leaves out its quotation marks; doubled ones inside stand as they do in the file.
    """
    decoded = decode(data)
    if decoded is None:
        raise Unreadable("its bytes aren't text in any known encoding.", "Save it as UTF-8.")
    text = decoded.text.replace("\x00", " ")[: limits.characters]
    lost = len(decoded.text) - len(text)
    start = 1 if text.startswith("\ufeff") else 0
    directive = _DIRECTIVE.match(text, start)
    delimiter = directive[1] if directive else find_delimiter(text, start)
    begin = directive.end() if directive else start
    places: list[Place] = []
    headings: list[Heading] = []
    cells = 0
    above = rows_above(text, delimiter, begin)
    for row, fields in enumerate(scan(text, delimiter, begin), 1):
        if not fields:
            continue
        kept = [(column, field) for column, field in enumerate(fields) if field.of(text).strip()]
        cells += len(kept)
        if kept and cells <= limits.cells:
            if row <= above:
                headings.append(_heading(text, [field for _, field in kept]))
            else:
                places.append(Place("row", str(row), Span(fields[0].start, fields[-1].end)))
            places += [Place("cell", f"{column_name(column)}{row}", field) for column, field in kept]
    notes = [f"Its encoding isn't stated and was guessed: {decoded.encoding}."] if decoded.guessed else []
    if lost:
        notes.append(f"Only its first {limits.characters:,} characters were read.")
    if cells > limits.cells:
        notes.append(f"Only the first {limits.cells:,} cells have places of their own.")
    return Extracted(
        text=text,
        headings=tuple(headings),
        start=begin if directive else 0,
        places=tuple(places),
        lost=lost,
        notes=tuple(notes),
        encoding=decoded.encoding,
    )


def _heading(text: str, fields: list[Span]) -> Heading:
    """Return what stands above the table as a heading: of one such line a single field has words."""
    span = Span(fields[0].start, fields[-1].end)
    return Heading(1, " ".join(span.of(text).split()), span)


def rows_above(text: str, delimiter: str, start: int) -> int:
    """Return how many rows stand above the table: a title, notes, empty lines."""
    rows = list(islice(scan(text, delimiter, start), _SAMPLE))
    counts = Counter(len(fields) for fields in rows if len(fields) > 1)
    if not counts:
        return 0
    (usual, _), *_ = counts.most_common(1)
    first = next(at for at, fields in enumerate(rows) if len(fields) == usual)
    above = rows[:first]
    # a header may well have fewer fields than its rows: only what holds next to nothing stands above it
    bare = all(sum(bool(field.of(text).strip()) for field in fields) < min(2, usual) for fields in above)
    while bare and first + 1 < len(rows) and sum(bool(field.of(text).strip()) for field in rows[first]) < 2:
        first += 1
    return first if bare else 0


def find_delimiter(text: str, start: int = 0) -> str:
    """Return the character that divides the first rows most evenly; one that isn't there where none does."""
    best, best_share = _NONE, _FITTING
    for delimiter in _DELIMITERS:
        sizes = [len(fields) for fields in islice(scan(text, delimiter, start), _SAMPLE) if fields]
        # lines above a table aren't of it
        counts = Counter(sizes[next((at for at, one in enumerate(sizes[:_MOST_ABOVE]) if one > 1), 0) :])
        (fields, rows), *_ = counts.most_common(1) or [(1, 0)]
        share = rows / max(1, counts.total())
        if fields > 1 and share > best_share:
            best, best_share = delimiter, share
    return best


def scan(text: str, delimiter: str, start: int = 0) -> Iterator[list[Span]]:
    """Yield the fields of each row, quotation marks around a field left out; of an empty line none."""
    outside = re.escape(delimiter)
    plain = re.compile(rf"[^{outside}\r\n]*+")
    either = re.compile(rf'(?P<quoted>"[^"]*+(?:""[^"]*+)*+"[^{outside}\r\n]*+)|[^{outside}\r\n]*+')
    field = either
    fields: list[Span] = []
    at, end = start, len(text)
    while at < end or fields:
        match = field.match(text, at)
        assert match is not None  # both patterns match nothing at all
        stop = match.end()
        quoted = match.lastgroup == "quoted"
        if field is either and not quoted and text.startswith('"', at):
            field = plain  # nothing closes this one, so nothing is quoted from here on
        fields.append(_inner(text, at, stop) if quoted else Span(at, stop))
        if text.startswith(delimiter, stop):
            at = stop + 1
            continue
        yield fields if len(fields) > 1 or stop > at else []
        fields = []
        at = stop + (2 if text.startswith("\r\n", stop) else 1)


def _inner(text: str, start: int, end: int) -> Span:
    if end - start > 1 and text[start] == '"' and text[end - 1] == '"':
        inside = text[start + 1 : end - 1]
        # '"a"b"' ends with a mark, yet was closed before: only doubled ones may stand inside
        if '"' not in inside.replace('""', ""):
            return Span(start + 1, end - 1)
    return Span(start, end)
