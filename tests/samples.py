"""Documents, hits and passages by hand, so that a test states only what it is about."""

from __future__ import annotations

from collections.abc import Callable

from qa.sentences import find_sentences
from qa.types import Chunk, Document, Hit, Parts, Passage, Section, Span


def document(text: str, source: str = "a.txt", heading: tuple[str, ...] = ()) -> Document:
    """Return a document of one section that holds all its text."""
    section = Section(None, heading, Span(0, len(text)))
    return Document(source, f"sha256:{source}", source, text, (section,))


def hit(
    of: Document,
    words: str,
    score: float = 0.5,
    *,
    parts: Parts | None = None,
    best: int = 0,
) -> Hit:
    """Return a hit on the chunk that reads `words` in the document; its sentence number `best` scores highest."""
    start = of.text.index(words)
    span = Span(start, start + len(words))
    sentences = tuple(find_sentences(of.text, span))
    chunk = Chunk(f"{of.source}#{span.start}-{span.end}", of.source, of.sections[0], span, words, sentences)
    scores = tuple(0.9 if at == best else 0.1 for at in range(len(sentences)))
    return Hit(chunk, score, parts or Parts(score, score, score, score), scores)


def passage(of: Document, words: str, number: int = 1, *, score: float = 0.5, best: int = 0) -> Passage:
    """Return a passage of one hit, its best sentence highlighted."""
    found = hit(of, words, score, best=best)
    return Passage(number, (found,), found.chunk.span, words, (found.chunk.sentences[best],))


def lookup(*documents: Document) -> Callable[[str], Document]:
    """Return what finds these documents by source."""
    return {item.source: item for item in documents}.__getitem__


def place(of: Document, words: str) -> Span:
    """Return where `words` first stand in the document."""
    start = of.text.index(words)
    return Span(start, start + len(words))
