"""What is measured: the product as it is, the product with a part taken away, and plain rivals.

Each system answers a question with a ranked list of passages (document, start, end, text), best first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.config import Settings, load_settings
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.embed.weights import find_model
from qa.engine import Engine, build, make_embedder
from qa.types import Answer, Verdict


@dataclass(frozen=True, slots=True)
class Place:
    """A passage as scored: a slice of a document, or the whole of one."""

    document: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back for one question; `marks` are highlighted slices, the answer's own first."""

    passages: tuple[Place, ...]
    marks: tuple[Place, ...] = ()
    quotes: tuple[Place, ...] = ()
    answer: str = ""
    confidence: float | None = None
    verdict: str = ""
    milliseconds: float = 0.0


System = Callable[[str, int], Outcome]

RANKINGS = ("BM25 only", "rank fusion")
_CONSTANT = 60  # of reciprocal rank fusion

# the product with one thing changed: name → settings
VARIANTS: dict[str, dict[str, object]] = {
    "quoth": {},
    "without reader": {"reader.enabled": False},
    "dense only": {
        "reader.enabled": False,
        "retrieve.dense": 1,
        "retrieve.sentence": 0,
        "retrieve.keyword": 0,
        "retrieve.coverage": 0,
    },
    "without sentences": {"retrieve.dense": 0.55, "retrieve.sentence": 0},
    "without BM25": {"retrieve.keyword": 0},
    "without coverage": {"retrieve.coverage": 0},
    "without overlap": {"chunk.overlap": 0},
    "float32, without reader": {"embed.precision": "float32", "reader.enabled": False},
}


def product(docs: Path, work: Path, embedder: SentenceTransformerEmbedder, changes: dict[str, object]) -> System:
    """Index `docs` with the product and return it as a system; an index that fits is used again."""
    shaping = "-".join(f"{name}={value}" for name, value in changes.items() if name.startswith(("chunk", "embed")))
    settings = load_settings({"index": work / f"index-{shaping or 'default'}", **changes}, environ={}, folder=work)
    chosen = make_embedder(settings) if any(name.startswith("embed") for name in changes) else embedder
    build(settings, [docs], embedder=chosen)
    return _asking(Engine.open(settings, chosen))


def rankings(docs: Path, work: Path, embedder: SentenceTransformerEmbedder) -> dict[str, System]:
    """Return plain rankings of the product's own chunks: BM25, and its fusion with the vectors' ranks."""
    settings: Settings = load_settings({"index": work / "index-default"}, environ={}, folder=work)
    build(settings, [docs], embedder=embedder)
    index = Engine.open(settings, embedder).index

    def words(question: str) -> list[int]:
        return index.keyword.best(question, 100)

    def outcome(rows: Sequence[int]) -> Outcome:
        chunks = [index.chunk(row) for row in rows]
        return Outcome(tuple(Place(c.source, c.span.start, c.span.end, c.text) for c in chunks))

    def fuse(question: str, k: int) -> Outcome:
        dense = [number for number, _ in index.store.search(embedder.embed_query(question).row, 100)]
        fused: dict[int, float] = {}
        for ranking in (dense, words(question)):
            for rank, number in enumerate(ranking, start=1):
                fused[number] = fused.get(number, 0.0) + 1 / (_CONSTANT + rank)
        return outcome(sorted(fused, key=lambda number: (-fused[number], number))[:k])

    return {"BM25 only": lambda question, k: outcome(words(question)[:k]), "rank fusion": fuse}


def plain_rival(docs: Path, size: int = 1000, overlap: int = 200) -> System:
    """Build what most tools do: chunks of 1,000/200 characters, one vector each, FAISS, nothing else."""
    import faiss
    from langchain_text_splitters import RecursiveCharacterTextSplitter
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(find_model().path), device="cpu", local_files_only=True)
    splitter = RecursiveCharacterTextSplitter(chunk_size=size, chunk_overlap=overlap, add_start_index=True)
    places = []
    for path in sorted(docs.iterdir()):
        for piece in splitter.create_documents([path.read_bytes().decode("utf-8")]):
            start, text = piece.metadata["start_index"], piece.page_content
            places.append(Place(path.name, start, start + len(text), text))
    rows = model.encode([place.text for place in places], normalize_embeddings=True, show_progress_bar=False)
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)

    def ask(question: str, k: int) -> Outcome:
        row = model.encode([question], normalize_embeddings=True, show_progress_bar=False)
        similarities, numbers = index.search(row, k)
        found = tuple(places[number] for number in numbers[0] if number >= 0)
        return Outcome(found, confidence=float(similarities[0][0]))

    return ask


def _asking(engine: Engine) -> System:
    def ask(question: str, k: int) -> Outcome:
        began = time.perf_counter()
        answer = engine.ask(question, k=k).answer
        taken = (time.perf_counter() - began) * 1e3
        quotes = _quotes(answer)
        marks = [
            Place(p.source, h.start, h.end, p.text[h.start - p.span.start : h.end - p.span.start])
            for p in answer.passages
            for h in p.highlights
        ]
        return Outcome(
            tuple(Place(p.source, p.span.start, p.span.end, p.text) for p in answer.passages),
            tuple(marks),
            quotes,
            answer.text if answer.verdict is Verdict.ANSWERED else "",
            answer.confidence,
            answer.verdict.value,
            taken,
        )

    return ask


def _quotes(answer: Answer) -> tuple[Place, ...]:
    return tuple(Place(c.passage.source, c.quote.start, c.quote.end, c.text) for c in answer.citations)


def documents_of(places: Sequence[Place]) -> list[str]:
    """Return the documents of ranked passages, each once, in order, without file suffix."""
    return list(dict.fromkeys(place.document.removesuffix(".txt") for place in places))
