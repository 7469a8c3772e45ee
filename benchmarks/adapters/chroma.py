"""Chroma's persistent client with its sentence-transformers function."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.adapters.serve import Given, Peer, serve


def load(given: Given) -> Peer:
    """Load the framework and the model."""
    import chromadb
    from chromadb.utils.embedding_functions import SentenceTransformerEmbeddingFunction

    model = SentenceTransformerEmbeddingFunction(model_name=given.model, device="cpu")
    model(["warm up"])
    kept: list[Any] = []
    made = 0

    def index(folder: Path) -> int:
        nonlocal made
        made += 1  # clients of one folder share their state in a process, so each round has a folder of its own
        client = chromadb.PersistentClient(
            path=str(folder / str(made)), settings=chromadb.Settings(anonymized_telemetry=False)
        )
        found = client.create_collection(
            "chunks", embedding_function=model, configuration={"hnsw": {"space": "cosine"}}
        )
        most = client.get_max_batch_size()
        for first in range(0, len(given.chunks), most):
            texts = list(given.chunks[first : first + most])
            found.add(ids=[str(first + at) for at in range(len(texts))], documents=texts)
        kept[:] = [found, client]
        return int(found.count())

    def ask(question: str) -> Sequence[int]:
        return [int(number) for number in kept[0].query(query_texts=[question], n_results=10)["ids"][0]]

    return Peer(index, ask, f"chromadb {version('chromadb')}")


if __name__ == "__main__":
    serve(load)
