"""FAISS behind the `VectorStore` seam: chunk vectors in a file anyone opens with `faiss.read_index`, ids as its ids.

Up to `EXACT_TO` rows each is looked at, in half precision, in the order of their ids; above, they lie in inverted
lists in eight bits a number, mapped from disk, and the recall@10 of that is measured on the rows themselves. No text,
no documents; what is proposed here is scored by the rows the database holds.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt, IndexMismatch
from qa.protocols import AllRows, Block, Ids, Rows
from qa.sealed import replace_file, with_digest, without_digest

EXACT_TO = 50_000
"""Rows up to which each is looked at."""

_ABOUT = "vectors.json"
_REMEDY = "Run: qa index --rebuild"
_WANTED = 0.985  # recall@10 aimed at
_ASKED = 200  # questions it is measured with
_RESCORED = 40  # of what is proposed, this many are scored by the rows themselves before ten are taken
_TO_LEARN = 24  # rows a list's centroid is learned from
_ROUNDS = 6
_GROWN = 2  # times as many rows as the centroids were learned from: they are learned again
_TRIES = 20  # times another process may replace the file while it is opened


class FaissStore:
    """Vectors in a folder's FAISS file, in step with the transaction `revision`, 0 where there is none."""

    def __init__(
        self, folder: Path, dim: int, *, exact_to: int = EXACT_TO, threads: int = 1, at_once: bool = False
    ) -> None:
        """Open the folder's file if there is one; `at_once` reads it, so that another process may replace it."""
        self.dim = dim
        self.about: dict[str, Any] = {"kind": "flat", "rows": 0, "revision": 0, "dim": dim}
        self._folder = folder
        self._exact_to = exact_to
        self._threads = threads
        self._at_once = at_once
        self._opened: Any = None
        self._open()

    def __len__(self) -> int:
        return int(self.about["rows"])

    @property
    def revision(self) -> int:
        """The transaction the file stands for."""
        return int(self.about["revision"])

    def search(self, query: Rows, k: int, without: Ids | None = None) -> list[tuple[int, float]]:
        """Return up to `k` (id, similarity), best first, ties by id, but none of those named in `without`."""
        if query.shape[-1] != self.dim:
            raise ValueError(f"rows have {query.shape[-1]} dimensions, the store's have {self.dim}")
        if not len(self) or k < 1:
            return []
        import faiss

        faiss.omp_set_num_threads(1)  # for one question, others would be woken for nothing
        how: dict[str, Any] = {"nprobe": self.about["probes"]} if "probes" in self.about else {}
        if without is not None and len(without):
            how["sel"] = faiss.IDSelectorNot(faiss.IDSelectorBatch(without))
        make: Any = faiss.SearchParametersIVF if "probes" in self.about else faiss.SearchParameters
        similarities, ids = self._index.search(
            query[None].astype(np.float32), min(k, len(self)), params=make(**how) if how else None
        )
        kept = ids[0] >= 0  # what is missing comes as -1
        found = zip(ids[0][kept].tolist(), similarities[0][kept].tolist(), strict=True)
        return sorted(found, key=lambda one: (-one[1], one[0]))

    def update(self, revision: int, gone: Ids, added: Iterable[Block], count: int, everything: AllRows) -> None:
        """Take rows out and others in, and write that this stands for `revision`; then there are `count` rows.

        Where their number asks for another kind of index, or for other centroids, it is made from `everything`.
        """
        about: dict[str, Any] = {"kind": "flat"}
        if count <= self._exact_to:
            index = self._flat(gone, added)
        elif self.about["kind"] == "flat" or count > _GROWN * self.about["learned"]:
            index, about = self._lists(count, everything)
        else:
            index, about = self._changed(gone, added), dict(self.about)
        self._write(index, about | {"rows": count, "revision": revision, "dim": self.dim})

    def clear(self) -> None:
        """Remove everything."""
        (self._folder / _ABOUT).unlink(missing_ok=True)
        self._sweep("")
        self.about = {"kind": "flat", "rows": 0, "revision": 0, "dim": self.dim}
        self._forget()

    def check(self) -> None:
        """Check every byte of the file."""
        if name := self.about.get("file"):
            path = self._folder / name
            if self._opened is not None and not path.exists():
                return  # a later build has put another in its place; what was read of it is in memory
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != self.about["sha256"]:
                    raise IndexCorrupt(f"{path}: its bytes aren't those that were written. {_REMEDY}")

    def _flat(self, gone: Ids, added: Iterable[Block]) -> Any:  # noqa: ANN401
        """Return an exact index, its rows in the order of their ids, whatever the history."""
        import faiss

        blocks: list[Block] = []
        for names, block in added:
            self._check(block)
            blocks.append((names, block))
        if len(self) and self.about["kind"] == "flat":
            ids = faiss.vector_to_array(self._index.id_map)
            stay = ~np.isin(ids, gone)
            blocks.insert(0, (ids[stay], self._index.index.reconstruct_n(0, len(ids))[stay]))
        ids = np.concatenate([np.zeros(0, dtype=np.int64), *(block[0] for block in blocks)])
        rows = np.concatenate([np.zeros((0, self.dim), dtype=np.float32), *(block[1] for block in blocks)])
        codes = faiss.IndexScalarQuantizer(self.dim, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index = faiss.IndexIDMap2(codes)
        order = np.argsort(ids, kind="stable")
        index.add_with_ids(np.ascontiguousarray(rows[order]), ids[order])
        return index

    def _changed(self, gone: Ids, added: Iterable[Block]) -> Any:  # noqa: ANN401
        import faiss

        faiss.omp_set_num_threads(self._threads)
        index: Any = faiss.read_index(str(self._folder / self.about["file"]))
        if len(gone):
            index.remove_ids(gone)
        for ids, rows in added:
            self._check(rows)
            index.add_with_ids(rows, ids)
        return index

    def _lists(self, count: int, everything: AllRows) -> tuple[Any, dict[str, Any]]:
        """Return inverted lists over everything, and how well they find."""
        import faiss

        faiss.omp_set_num_threads(self._threads)
        lists = min(2 ** round(math.log2(4 * math.sqrt(count))), max(1, count // 4))
        index: Any = faiss.index_factory(self.dim, f"IVF{lists},SQ8", faiss.METRIC_INNER_PRODUCT)
        index.cp.niter, index.cp.seed = _ROUNDS, 7
        index.cp.max_points_per_centroid, index.cp.min_points_per_centroid = _TO_LEARN, 1
        index.train(everything.sample(_TO_LEARN * lists))
        asked = _questions(everything.sample(_ASKED))
        best = np.full((len(asked), 10), -np.inf, dtype=np.float32)
        true = np.full((len(asked), 10), -1, dtype=np.int64)
        for ids, rows in everything.blocks():
            self._check(rows)
            index.add_with_ids(rows, ids)
            scores = np.concatenate([best, asked @ rows.T], axis=1)
            names = np.concatenate([true, np.broadcast_to(ids, (len(asked), len(ids)))], axis=1)
            keep = np.argsort(-scores, axis=1, kind="stable")[:, :10]
            best, true = np.take_along_axis(scores, keep, axis=1), np.take_along_axis(names, keep, axis=1)
        probes, recall = _tuned(index, asked, true, lists)
        return index, {"kind": "lists", "lists": lists, "probes": probes, "recall": recall, "learned": count}

    def _write(self, index: Any, about: dict[str, Any]) -> None:  # noqa: ANN401
        import faiss

        self._folder.mkdir(parents=True, exist_ok=True)
        name = f"vectors-{about['revision']:08d}.faiss"
        fresh = self._folder / f"{name}.new"
        faiss.write_index(index, str(fresh))
        with fresh.open("rb") as file:
            about |= {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": fresh.stat().st_size}
        fresh.replace(self._folder / name)
        about |= {"file": name}
        replace_file(self._folder / _ABOUT, with_digest(json.dumps(about, sort_keys=True).encode()))
        self.about = about
        self._forget()
        self._sweep(name)

    def _open(self) -> None:
        path = self._folder / _ABOUT
        for attempt in range(_TRIES):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return
            about = json.loads(without_digest(path, data))
            if about["dim"] != self.dim:
                raise IndexMismatch(
                    f"{path}: rows have {about['dim']} dimensions, the model's have {self.dim}. Run: qa index"
                )
            self.about, file = about, self._folder / about["file"]
            try:
                if file.stat().st_size != about["bytes"]:
                    raise IndexCorrupt(f"{file}: its bytes aren't those that were written. {_REMEDY}")
                if self._at_once and about["rows"]:
                    self._opened = self._read()
            except (FileNotFoundError, IndexCorrupt) as exc:
                if attempt < _TRIES - 1 and path.exists() and path.read_bytes() != data:
                    continue  # another process has replaced the file meanwhile
                if isinstance(exc, IndexCorrupt):
                    raise
                raise IndexCorrupt(f"{file}: missing from the index. {_REMEDY}") from exc
            return

    @property
    def _index(self) -> Any:  # noqa: ANN401
        if self._opened is None:
            self._opened = self._read()
        return self._opened

    def _read(self) -> Any:  # noqa: ANN401
        import faiss

        path = self._folder / self.about["file"]
        mapped = faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY if self.about["kind"] == "lists" else 0
        try:
            index = faiss.read_index(str(path), mapped)
        except RuntimeError as exc:
            raise IndexCorrupt(f"{path}: can't be read by FAISS. {_REMEDY}") from exc
        if index.d != self.dim or index.ntotal != len(self):
            raise IndexCorrupt(
                f"{path}: holds {index.ntotal} rows of {index.d}, not {len(self)} of {self.dim}. {_REMEDY}"
            )
        return index

    def _forget(self) -> None:
        self._opened = None

    def _sweep(self, name: str) -> None:
        for path in self._folder.glob("vectors-*.faiss*"):
            if path.name != name:
                with contextlib.suppress(OSError):
                    path.unlink()

    def _check(self, rows: Rows) -> None:
        if rows.shape[-1] != self.dim:
            raise ValueError(f"rows have {rows.shape[-1]} dimensions, the store's have {self.dim}")


def _questions(rows: Rows) -> Rows:
    """Return rows mixed with as much noise as leaves a cosine of .7: questions lie between rows, not upon them."""
    noise = np.random.default_rng(1).standard_normal(rows.shape).astype(np.float32)
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    asked = rows + noise
    questions: Rows = (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)
    return questions


def _tuned(index: Any, asked: Rows, true: NDArray[np.int64], lists: int) -> tuple[int, float]:  # noqa: ANN401
    """Return how many lists to look into, and the share of the ten nearest rows that finds."""
    import faiss

    wanted = [set(row[row >= 0].tolist()) for row in true]
    total = max(1, sum(len(one) for one in wanted))
    probes = 4
    while True:
        probes = min(2 * probes, lists)
        how: Any = faiss.SearchParametersIVF
        _, ids = index.search(asked, _RESCORED, params=how(nprobe=probes))
        recall = sum(len(one & set(row.tolist())) for one, row in zip(wanted, ids, strict=True)) / total
        if recall >= _WANTED or probes >= lists:
            return probes, round(recall, 4)
