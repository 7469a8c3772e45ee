"""Everyday questions written by hand, over documents written for them: `training/everyday/*.jsonl`.

What the public sets lack: questions in other words than the text's, cases for a rule, keywords, and tempting ones
that the document doesn't answer. A line is a document, `{"title", "passages": [{"text", "questions": [{"q", "a"}]}]}`;
`a` stands once in the text, null where nothing in the document answers. Each fourth document is kept from the reader:
the answer model is fitted on those.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data import Pair, holds

FOLDER = Path(__file__).with_name("everyday")
SOURCE = "everyday"
EACH = 4  # one in so many documents is kept from the reader
TITLED_SHARE = 0.6  # of the pairs show the document's title, as the product does


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage and its questions, each with the words that answer it or None."""

    text: str
    questions: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """One written document."""

    title: str
    passages: tuple[Passage, ...]


def read_documents(folder: Path = FOLDER) -> tuple[list[Document], list[Document]]:
    """Read all documents: those the reader is trained on, and those kept from it."""
    trained: list[Document] = []
    kept: list[Document] = []
    for path in sorted(folder.glob("*.jsonl")):
        more, other = read_file(path)
        trained += more
        kept += other
    return trained, kept


def read_file(path: Path) -> tuple[list[Document], list[Document]]:
    """Read the documents of one file, trained on and kept; raise ValueError for an answer that isn't there once."""
    trained: list[Document] = []
    kept: list[Document] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        row = json.loads(line)
        passages = tuple(
            Passage(one["text"], tuple((asked["q"], asked["a"]) for asked in one["questions"]))
            for one in row["passages"]
        )
        for passage in passages:
            for asked, answer in passage.questions:
                if answer is not None and passage.text.count(answer) != 1:
                    raise ValueError(f"{path}:{number}: {asked!r}: {answer!r} must stand once in the passage")
        (trained if number % EACH else kept).append(Document(row["title"], passages))
    return trained, kept


def reading_pairs(documents: list[Document], rng: np.random.Generator) -> list[Pair]:
    """Pair each question with its passage, and each answerable one with another passage of its document, too."""
    pairs: list[Pair] = []
    for document in documents:
        for passage in document.passages:
            others = [one.text for one in document.passages if one is not passage]
            for asked, answer in passage.questions:
                answers = ((answer, passage.text.index(answer)),) if answer is not None else ()
                context = f"{document.title}\n" if rng.random() < TITLED_SHARE else ""
                pairs.append(
                    Pair(
                        asked,
                        passage.text,
                        answers,
                        answer is not None,
                        SOURCE,
                        document.title,
                        gist=answer or "",
                        context=context,
                    )
                )
                without = [text for text in others if not holds(text, answers)]
                if answers and without:
                    pairs.append(pairs[-1].against(without[int(rng.integers(len(without)))], f"{SOURCE}/same-group"))
    return pairs
