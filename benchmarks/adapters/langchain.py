"""LangChain with HuggingFaceEmbeddings and its FAISS store."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.adapters.serve import Given, Peer, serve


def load(given: Given) -> Peer:
    """Load the framework and the model."""
    from langchain_community.vectorstores import FAISS
    from langchain_huggingface import HuggingFaceEmbeddings

    model = HuggingFaceEmbeddings(model_name=given.model, model_kwargs={"device": "cpu"})
    model.embed_query("warm up")
    kept: list[Any] = []

    def index(folder: Path) -> int:
        numbered = [{"number": number} for number in range(len(given.chunks))]
        made = FAISS.from_texts(list(given.chunks), model, metadatas=numbered)
        made.save_local(str(folder))
        kept[:] = [made]
        return int(made.index.ntotal)

    def ask(question: str) -> Sequence[int]:
        return [found.metadata["number"] for found in kept[0].similarity_search(question, k=10)]

    return Peer(index, ask, f"langchain-community {version('langchain-community')}")


if __name__ == "__main__":
    serve(load)
