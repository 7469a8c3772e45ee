"""The seams: what the house asks of an embedder, a vector store, a reader, an answerer and a translator.

Each is small enough that a fake is ten lines (tests/fakes.py), and one suite of value-asserting tests
runs over every implementation (tests/contracts/). An installed package may bring another (docs/extending.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.types import Draft, Passage, Reading, Span

Rows = NDArray[np.float32]
"""Float32 array of shape (n, dim), each row of unit length unless a docstring says otherwise."""

Ids = NDArray[np.int64]
"""What chunks are called: numbers that stay theirs as long as they are indexed."""

Block = tuple[Ids, Rows]
"""Ids of shape (n,) and their rows."""

Progress = Callable[[int, int], None]
"""Called with (done, total) as work goes on."""


@dataclass(frozen=True, slots=True)
class Input:
    """One text to embed: `context` (the heading path) goes in front and colours the vectors.

    `sentences` are spans in `text`, not in the document. The first `repeated` of them are the last ones of the input
    before, word for word: what was made of them there is taken over, and they count for nothing where none is.
    """

    context: str
    text: str
    sentences: tuple[Span, ...]
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class Embedded:
    """Vectors for a sequence of inputs, in its order.

    `chunks` has shape (n inputs, dim); `sentences` has shape (sum of sentence counts, dim), the
    sentences of the first input first.
    """

    chunks: Rows
    sentences: Rows


@dataclass(frozen=True, slots=True)
class Query:
    """A question's row, of shape (dim,), and how many of its characters the model read."""

    row: Rows
    kept: int


class Embedder(Protocol):
    """Turns texts and questions into rows of unit length."""

    @property
    def fingerprint(self) -> str:
        """Names everything that shapes the vectors; equal fingerprints mean comparable vectors."""

    @property
    def dim(self) -> int:
        """Length of a row."""

    @property
    def max_tokens(self) -> int:
        """Tokens the model reads at once; longer texts are read in windows, longer questions cut."""

    def embed_documents(self, inputs: Sequence[Input], progress: Progress | None = None) -> Embedded:
        """Embed chunks and their sentences."""

    def embed_stream(self, inputs: Iterable[Input], block: int = 256) -> Iterator[Embedded]:
        """Embed so many inputs at a time, as they come."""

    def embed_query(self, question: str) -> Query:
        """Embed a question, cut at the model's limit."""


class AllRows(Protocol):
    """All rows that a store should hold, to make it from."""

    def sample(self, count: int) -> Rows:
        """Return so many rows, picked evenly, or all there are."""

    def blocks(self) -> Iterator[Block]:
        """Yield all rows in blocks, in the order of their ids."""


class VectorStore(Protocol):
    """Rows of unit length by id, searched by inner product (cosine similarity, higher is better).

    A store is derived from a database and says for which of its transactions it stands; one that lags is brought in
    step by `update`, or cleared and made from everything.
    """

    @property
    def dim(self) -> int:
        """Length of a row."""

    @property
    def revision(self) -> int:
        """The transaction the store stands for; 0 where it holds nothing."""

    @property
    def about(self) -> Mapping[str, Any]:
        """How it searches: `kind`, and where it isn't exact `recall`, the share of the ten nearest it finds."""

    def __len__(self) -> int:
        """Number of rows."""

    def search(self, query: Rows, k: int, without: Ids | None = None) -> list[tuple[int, float]]:
        """Return up to `k` (id, similarity), best first, equal ones by id; none of `without`, none that isn't there."""

    def update(self, revision: int, gone: Ids, added: Iterable[Block], count: int, everything: AllRows) -> None:
        """Take rows out, put others in, and stand for `revision`; `count` rows are there then, namely `everything`."""

    def clear(self) -> None:
        """Hold nothing."""

    def check(self) -> None:
        """Raise IndexCorrupt where what is stored isn't what was written."""


class Reader(Protocol):
    """Reads texts closely: better than retrieval at telling which one answers, and where, at a price."""

    def read(
        self,
        question: str,
        texts: Sequence[str],
        contexts: Sequence[str] = (),
        sentences: Sequence[Sequence[Span]] = (),
    ) -> list[Reading]:
        """Return one reading a text, in the order given.

        `contexts`, if given, hold what stands above each text (its heading path): read with it, no answer in it.
        `sentences`, if given, are spans of each text, and each is said something of apart.
        """


class Answerer(Protocol):
    """Writes a draft from passages; it cannot forge a citation, since `cite` checks each.

    One that writes words of its own says so by an attribute `generative = True`: they are marked then. Of any other
    one a draft with words that are no quote is refused.
    """

    def write(self, question: str, passages: Sequence[Passage]) -> Draft:
        """Write an answer with `[n]` marks from these passages; an empty draft where it has nothing."""


class QueryTranslator(Protocol):
    """Puts a question in the documents' language."""

    def translate(self, question: str, known: Callable[[str], bool]) -> str | None:
        """Return the words to look a question up by, None where those are its own; `known` words stand in documents."""
