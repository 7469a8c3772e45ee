"""The nouns of the house: frozen, nested, and ignorant of every library.

All offsets count Unicode characters (Python string indices) in a document's canonical text.
Types nest: a `Citation` holds its `Passage`, which holds its `Hit`s, which hold their `Chunk`s;
nothing is copied upward.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

_LINE = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n|\Z)")
STRUCK_OUT, COMMENTED_OUT = "struck out", "commented out"
OLDER_MAIL = "Older mail"
"""What the heading of a section begins with that a mail only quotes."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open range of character offsets: `start` belongs to it, `end` does not."""

    start: int
    end: int

    def __post_init__(self) -> None:
        """Refuse a range that runs backwards or begins before the text."""
        if not 0 <= self.start <= self.end:
            raise ValueError(f"a span needs 0 <= start <= end, got {self.start}..{self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """Return the slice of `text` this span cuts out; raise ValueError where it reaches past the end."""
        if self.end > len(text):
            raise ValueError(f"span {self.start}..{self.end} reaches past a text of {len(text)} characters")
        return text[self.start : self.end]

    def overlaps(self, other: Span) -> bool:
        """Tell whether the two ranges share at least one character."""
        return self.start < other.end and other.start < self.end

    def contains(self, other: Span) -> bool:
        """Tell whether `other` lies inside this range."""
        return self.start <= other.start and other.end <= self.end


def is_row(text: str, header: str = "") -> bool:
    """Tell whether a sentence or line is a row of a table: cells stand between " | ", tabs or what divides `header`."""
    if " | " in text or "\t" in text.strip():
        return True
    return any(0 < header.count(mark) <= text.count(mark) for mark in ",;|")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document under one heading, on one page where the format has pages.

    `heading` is the path from the outermost heading to the innermost; `page` is the label a reader
    sees on the page, not an index.
    """

    page: str | None
    heading: tuple[str, ...]
    span: Span

    @property
    def is_older_mail(self) -> bool:
        """Whether a mail only quotes what stands here."""
        return any(words.startswith(OLDER_MAIL) for words in self.heading)

    def context(self, title: str, header: str = "") -> str:
        """Return what goes in front of a chunk of this section when it is looked up or read, never into its text.

        That is the heading path, the document's title first, and under it the header of a table, if there is one.
        """
        path = self.heading
        if title and (not path or path[0] != title):
            path = (title, *path)
        return "\n".join(part for part in (" › ".join(path), header) if part)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stretch of canonical text is found by a person who opens the file.

    `kind` is what is counted there ("page", "slide", "sheet", "cell", "message" …), `label` what the file itself
    calls it: page "iv", not the fourth. Places of one kind don't overlap; those of several kinds may nest.
    """

    kind: str
    label: str
    span: Span


@runtime_checkable
class Nearby(Protocol):
    """Places that can be looked up by where they stand, without going through all of them."""

    def near(self, span: Span) -> Iterable[Place]:
        """Return those that hold some of a span, perhaps among others."""
        ...


@dataclass(frozen=True, slots=True)
class Hidden:
    """Text that a person looking at the file would not see; `why` is "invisible colour", "zero-width", "off page".

    Or would see withdrawn, struck out, or find only in the source, commented out: that never answers by itself.
    """

    span: Span
    why: str

    @property
    def is_withdrawn(self) -> bool:
        """Whether the words don't count any more, so that nothing is quoted that consists of them."""
        return self.why in (STRUCK_OUT, COMMENTED_OUT)


@dataclass(frozen=True, slots=True)
class Document:
    """One source with its canonical text: decoded once, then never changed.

    `source` is the path relative to the collection and is the document's identity; `digest` is
    "sha256:…" of the file's bytes and is its revision. `author` and `date` are the file's own word. `by_line`: the
    text is the file's own, so that a person can look for a line by its number. `is_prose`: its sentences run over
    lines; elsewhere, as in program text, each line says something by itself.
    """

    source: str
    digest: str
    title: str
    text: str
    sections: tuple[Section, ...]
    places: Sequence[Place] = ()
    author: str = ""
    date: str = ""
    hidden: tuple[Hidden, ...] = ()
    by_line: bool = False
    is_prose: bool = True

    def places_of(self, span: Span) -> tuple[Place, ...]:
        """Return the places that hold some of a span: lines, where they can be told and nothing else is."""
        near = self.places.near(span) if isinstance(self.places, Nearby) else self.places
        found = tuple(place for place in near if place.span.overlaps(span))
        return found or (self._lines_of(span) if self.by_line else ())

    def _lines_of(self, span: Span) -> tuple[Place, ...]:
        """Return the lines that hold some of a span, counted from 1 as an editor does."""
        text, start = self.text, span.start
        if text[max(0, start - 1) : start + 1] == "\r\n":
            start -= 1
        begin, number = text.rfind("\n", 0, start) + 1, 1
        if "\r" in text:
            begin = max(begin, text.rfind("\r", 0, start) + 1)
            number += text.count("\r", 0, begin) - text.count("\r\n", 0, begin)
        number += text.count("\n", 0, begin)
        lines = (Span(*match.span(1)) for match in _LINE.finditer(text, begin, span.end))
        return tuple(
            Place("line", str(at), line) for at, line in enumerate(lines, number) if len(line) and span.overlaps(line)
        )

    def hidden_in(self, span: Span) -> tuple[Hidden, ...]:
        """Return what nobody sees of a span."""
        return tuple(hidden for hidden in self.hidden if hidden.span.overlaps(span))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of one section: `span.of(document.text) == text`, and each sentence's span lies in `span`.

    `header` is the first row of the table the chunk begins inside, where that row stands before it.
    """

    id: str
    source: str
    section: Section
    span: Span
    text: str
    sentences: tuple[Span, ...]
    header: str = ""

    def context(self, title: str) -> str:
        """Return what goes in front of the chunk when it is looked up or read."""
        return self.section.context(title, self.header)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a hit's score is made of.

    `dense` and `sentence` are cosine similarities of the question to the chunk and to its best
    sentence; `coverage` is the share (0 to 1) of the question's terms, rare ones counting more, that stand
    together in one sentence; `keyword` is the BM25 score as a share of the best one for this question, times
    the share of its terms that stand in the chunk.
    """

    dense: float
    sentence: float
    keyword: float
    coverage: float = 0.0


@dataclass(frozen=True, slots=True)
class SentenceReading:
    """What a reader makes of one sentence of a text: its best span, and that span's logit over "no answer"."""

    span: Span
    margin: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader makes of a text: the span that would answer, and the log-odds that it does.

    An empty span is no span. In a `Hit` spans count in the document, elsewhere in the text read. `sentences` runs
    beside the sentences the reader was told of, if it was told of any.
    """

    span: Span
    logit: float
    sentences: tuple[SentenceReading, ...] = ()

    @property
    def probability(self) -> float:
        """The chance, 0 to 1, that the text answers."""
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self.logit))))


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a question; `score` says how well it fits, higher is better, and orders hits.

    `sentence_scores` runs beside `chunk.sentences`: the cosine similarity of each to the question.
    `reading` is there where a reader has read the chunk.
    """

    chunk: Chunk
    score: float
    parts: Parts
    sentence_scores: tuple[float, ...]
    reading: Reading | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """Evidence as it is shown: one or more overlapping hits of one document, numbered from 1.

    `highlights` lie inside `span`; `places` and `hidden` are those of the document that overlap it. `support` holds
    hits elsewhere that say the same in nearly the same words.
    """

    number: int
    hits: tuple[Hit, ...]
    span: Span
    text: str
    highlights: tuple[Span, ...] = ()
    support: tuple[Hit, ...] = ()
    places: tuple[Place, ...] = ()
    hidden: tuple[Hidden, ...] = ()

    @property
    def source(self) -> str:
        """The document the passage stands in."""
        return self.hits[0].chunk.source

    @property
    def section(self) -> Section:
        """The section of the passage's best hit."""
        return self.hits[0].chunk.section

    @property
    def score(self) -> float:
        """The fused score of the passage's best hit."""
        return self.hits[0].score


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim quote: `quote.of(document.text)` for the document of this digest.

    `focus` lies inside `quote`: the words that answer, where a reader is sure of them.
    """

    passage: Passage
    digest: str
    quote: Span
    focus: Span | None = None

    @property
    def hidden(self) -> tuple[Hidden, ...]:
        """What nobody who looks at the file sees of the quote."""
        return tuple(hidden for hidden in self.passage.hidden if hidden.span.overlaps(self.quote))

    @property
    def text(self) -> str:
        """The quoted words."""
        offset = self.passage.span.start
        return self.passage.text[self.quote.start - offset : self.quote.end - offset]


class Verdict(StrEnum):
    """What the documents have to say: an answer, perhaps only something near, or nothing."""

    ANSWERED = "answered"
    UNSURE = "unsure"
    NOT_FOUND = "not_found"


class Kind(StrEnum):
    """What kind of reply a question gets."""

    PASSAGE = "passage"
    COUNT = "count"
    OVERVIEW = "overview"
    COMPARISON = "comparison"
    SOCIAL = "social"


@dataclass(frozen=True, slots=True)
class DocumentOccurrences:
    """Where one document holds what was counted, in the text's order."""

    source: str
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Every place that holds what was counted: `scanned` documents were looked through, `unread` files could not be."""

    documents: tuple[DocumentOccurrences, ...]
    scanned: int
    unread: int

    @property
    def total(self) -> int:
        """How many places there are in all."""
        return sum(len(document.spans) for document in self.documents)


@dataclass(frozen=True, slots=True)
class Quote:
    """A stretch of passage `number`'s document, and inside it the words that answer, where they are known."""

    number: int
    span: Span
    focus: Span | None = None


@dataclass(frozen=True, slots=True)
class Value:
    """An amount or date that quotes of the passages `numbers` give; `as_of` is the year they speak of, "" unknown."""

    text: str
    as_of: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer writes: text with `[n]` marks, and the quotes it was made from, in order.

    `log_odds` are those that the first quote answers the question. `values` are what the quotes give, the newest
    first, where an amount or a date was asked for; several mean that they differ.
    """

    text: str
    quotes: tuple[Quote, ...]
    log_odds: float = -math.inf
    values: tuple[Value, ...] = ()


class FreeText(StrEnum):
    """What becomes of a draft's words that are no quote: refused, marked as generated, or kept as the program's own."""

    REFUSED = "refused"
    GENERATED = "generated"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Answer:
    """The reply to one question.

    `searched` is the question as it was looked up (it differs from `question` after a follow-up was
    resolved or an over-long question cut); `confidence`, 0 to 1, is the probability that the first quote answers;
    `notices` are things the asker must be told, as whole sentences; `values` are those of its draft. `occurrences`
    is there where something was counted. `yes_no` is "yes" or "no" where the quotes settle it beyond doubt, else "". A
    social reply quotes nothing. `generated` are stretches of the text that a model wrote in words of its own.
    """

    question: str
    searched: str
    text: str
    citations: tuple[Citation, ...]
    passages: tuple[Passage, ...]
    verdict: Verdict
    confidence: float
    notices: tuple[str, ...] = ()
    kind: Kind = Kind.PASSAGE
    occurrences: Occurrences | None = None
    values: tuple[Value, ...] = ()
    generated: tuple[Span, ...] = ()
    yes_no: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """How one question fared: the log-odds of its first quote, and whether that was the right one."""

    log_odds: float
    right: bool = False


@dataclass(frozen=True, slots=True)
class Calibration:
    """How questions made from the collection itself, and questions on other matters, fared on it.

    `present`: their source was there; `absent`: all that answers them was withheld; `swapped`: a name, year
    or number of theirs was exchanged; `foreign`: everyday questions that no collection like this one answers.
    """

    present: tuple[Trial, ...]
    absent: tuple[Trial, ...]
    swapped: tuple[Trial, ...]
    foreign: tuple[Trial, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation: what was asked and what came back."""

    question: str
    answer: str = ""


class FileState(StrEnum):
    """What became of a file: read into the index, whole or partly, left out on purpose, or failed."""

    INDEXED = "indexed"
    PARTLY = "partly"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of a file was read: `parts` pages, slides or sheets, of them `empty` without text.

    `hidden` and `lost` count characters that nobody sees in the file, and that a limit left out; `passed` counts pages,
    sheets or files inside it that should have been read and were not.
    """

    parts: int = 0
    empty: int = 0
    hidden: int = 0
    lost: int = 0
    passed: int = 0

    @property
    def is_short(self) -> bool:
        """Whether some of the file was not read."""
        return bool(self.empty or self.lost or self.passed)


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """One file's line in the coverage ledger.

    `reason` says why a file isn't indexed, or what a reader should know of one that is.
    `characters` counts the canonical text; `reader` and `encoding` name how it was read. `same_as` is another
    file of the very same bytes, the first by name. `seconds` is the wall time it took to read and to cut into
    chunks when that was last done; lines that differ in it alone are equal.
    """

    source: str
    state: FileState
    reason: str = ""
    reader: str = ""
    encoding: str = ""
    characters: int = 0
    sections: int = 0
    chunks: int = 0
    extent: Extent = field(default_factory=Extent)
    same_as: str = ""
    seconds: float = field(default=0.0, compare=False)

    def facts(self) -> dict[str, Any]:
        """Return the line as plain values, in the order of its fields; many times faster than `asdict`."""
        flat = {name: getattr(self, name) for name in self.__slots__}
        return flat | {"extent": {name: getattr(self.extent, name) for name in self.extent.__slots__}}

    @property
    def is_searched(self) -> bool:
        """Whether some of the file is in the index."""
        return self.state in (FileState.INDEXED, FileState.PARTLY)
