"""Plain sentence-transformers and FAISS, in float32, batches of 32: what every other is measured against."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.adapters.serve import Given, Peer, serve


def load(given: Given) -> Peer:
    """Load the model; `options.threads` limits torch's threads, else it takes its own choice."""
    import faiss
    import torch
    from sentence_transformers import SentenceTransformer

    threads = given.options.get("threads")
    if threads:
        torch.set_num_threads(threads)
        faiss.omp_set_num_threads(threads)
    model = SentenceTransformer(given.model, device="cpu", local_files_only=True)
    model.encode(["warm up"])
    kept: list[Any] = []

    def index(folder: Path) -> int:
        texts = list(given.chunks)
        rows = model.encode(texts, batch_size=32, normalize_embeddings=True, show_progress_bar=False)
        made = faiss.IndexFlatIP(rows.shape[1])
        made.add(rows)
        folder.mkdir(parents=True)
        faiss.write_index(made, str(folder / "index.faiss"))
        (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
        kept[:] = [made]
        return int(made.ntotal)

    def ask(question: str) -> Sequence[int]:
        row = model.encode([question], normalize_embeddings=True, show_progress_bar=False)
        return [int(number) for number in kept[0].search(row, 10)[1][0]]

    return Peer(index, ask, f"{torch.get_num_threads()} threads")


if __name__ == "__main__":
    serve(load)
