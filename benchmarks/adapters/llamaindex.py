"""LlamaIndex with HuggingFaceEmbedding and its own in-memory store."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.adapters.serve import Given, Peer, serve


def load(given: Given) -> Peer:
    """Load the framework and the model."""
    from llama_index.core import Settings, VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    Settings.embed_model = HuggingFaceEmbedding(model_name=given.model, device="cpu")
    Settings.llm = None
    Settings.embed_model.get_query_embedding("warm up")
    kept: list[Any] = []

    def index(folder: Path) -> int:
        nodes = [TextNode(text=text, id_=str(number)) for number, text in enumerate(given.chunks)]
        made = VectorStoreIndex(nodes, show_progress=False)
        made.storage_context.persist(str(folder))
        kept[:] = [made.as_retriever(similarity_top_k=10)]
        return len(nodes)

    def ask(question: str) -> Sequence[int]:
        return [int(found.node.node_id) for found in kept[0].retrieve(question)]

    return Peer(index, ask, f"llama-index-core {version('llama-index-core')}")


if __name__ == "__main__":
    serve(load)
