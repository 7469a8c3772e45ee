"""Haystack's sentence-transformers embedders with its in-memory store; BM25 and vectors joined by rank."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.adapters.serve import Given, Peer, serve


def load(given: Given) -> Peer:
    """Load the framework and the model."""
    from haystack import Document, Pipeline
    from haystack.components.joiners import DocumentJoiner
    from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.utils import ComponentDevice
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )

    device = ComponentDevice.from_str("cpu")
    writer = SentenceTransformersDocumentEmbedder(model=given.model, device=device, progress_bar=False)
    asker = SentenceTransformersTextEmbedder(model=given.model, device=device, progress_bar=False)
    for part in (writer, asker):
        part.warm_up()
    asker.run(text="warm up")
    kept: list[Any] = []

    def index(folder: Path) -> int:
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        documents = [Document(content=text, meta={"number": number}) for number, text in enumerate(given.chunks)]
        store.write_documents(writer.run(documents=documents)["documents"])
        folder.mkdir(parents=True)
        store.save_to_disk(str(folder / "store.json"))
        kept[:] = [InMemoryEmbeddingRetriever(store, top_k=10), InMemoryBM25Retriever(store, top_k=10)]
        kept.append(_pipeline())
        return int(store.count_documents())

    def _pipeline() -> Any:  # noqa: ANN401 -- the library's own type is only there in its environment
        joined = Pipeline()
        joined.add_component("dense", kept[0])
        joined.add_component("bm25", kept[1])
        joined.add_component("join", DocumentJoiner(join_mode="reciprocal_rank_fusion", top_k=10))
        joined.connect("dense", "join")
        joined.connect("bm25", "join")
        return joined

    def ask(question: str) -> Sequence[int]:
        row = asker.run(text=question)["embedding"]
        found = kept[2].run({"dense": {"query_embedding": row}, "bm25": {"query": question}})
        return [document.meta["number"] for document in found["join"]["documents"]]

    return Peer(index, ask, f"haystack-ai {version('haystack-ai')}")


if __name__ == "__main__":
    serve(load)
