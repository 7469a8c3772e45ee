"""FAISS behind the `VectorStore` seam: rows in, (row, similarity) out. No text, no file names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from qa.errors import IndexCorrupt, IndexMismatch
from qa.protocols import Rows


class FaissStore:
    """Exact inner-product search over rows of unit length."""

    def __init__(self, dim: int) -> None:
        import faiss

        self._faiss = faiss
        self.dim = dim
        self._index: Any = faiss.IndexFlatIP(dim)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, rows: Rows) -> None:
        """Append rows of shape (n, dim)."""
        self._check(rows)
        self._index.add(np.ascontiguousarray(rows, dtype=np.float32))

    def remove(self, rows: Sequence[int]) -> None:
        """Remove these row numbers; the rest close ranks and keep their order."""
        unknown = [row for row in rows if not 0 <= row < len(self)]
        if unknown:
            raise ValueError(f"no such rows to remove: {unknown[:5]}")
        if rows:
            self._index.remove_ids(np.asarray(rows, dtype=np.int64))

    def search(self, query: Rows, k: int) -> list[tuple[int, float]]:
        """Return up to `k` (row, similarity), best first, ties by row: FAISS gives them in no useful order."""
        self._check(query)
        if not len(self) or k < 1:
            return []
        # one thread: a single query gains nothing from more, and loses much on a busy machine
        self._faiss.omp_set_num_threads(1)
        similarities, rows = self._index.search(query.reshape(1, -1), min(k, len(self)))
        # FAISS fills up with row -1 where it has no more to give
        found = [(int(row), float(s)) for row, s in zip(rows[0], similarities[0], strict=True) if row >= 0]
        return sorted(found, key=lambda item: (-item[1], item[0]))

    def similarities(self, query: Rows, rows: Sequence[int]) -> list[float]:
        """Return the similarity of `query` to each of these rows, in the order given."""
        self._check(query)
        if not rows:
            return []
        picked = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return [float(value) for value in picked @ query]

    def save(self, path: Path) -> None:
        """Write the store to one file."""
        self._faiss.write_index(self._index, str(path))

    def load(self, path: Path) -> None:
        """Replace the rows by those of a saved file."""
        try:
            index = self._faiss.read_index(str(path))
        except RuntimeError as exc:
            raise IndexCorrupt(f"{path}: FAISS can't read it. Run: qa index --rebuild") from exc
        if index.d != self.dim:
            raise IndexMismatch(f"{path}: rows have {index.d} dimensions, the model's have {self.dim}. Run: qa index")
        self._index = index

    def _check(self, rows: Rows) -> None:
        if rows.shape[-1] != self.dim:
            raise ValueError(f"rows have {rows.shape[-1]} dimensions, the store's have {self.dim}")
