"""What every vector store does: rows of unit length by id in, (id, cosine similarity) out, best first."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qa.errors import IndexCorrupt, IndexMismatch
from qa.protocols import AllRows, Block, Ids, Rows, VectorStore
from qa.store import FaissStore
from tests import recipes

DIM = 4
Make = Callable[[int], VectorStore]


class PlainStore:
    """Ten lines of numpy: what any store must do."""

    def __init__(self, dim: int) -> None:
        self.dim, self.revision, self.about = dim, 0, {"kind": "plain"}
        self._rows: dict[int, Rows] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def search(self, query: Rows, k: int, without: Ids | None = None) -> list[tuple[int, float]]:
        """Look at each row."""
        self._check(query)
        left = self._rows.keys() - set([] if without is None else without.tolist())
        found = [(number, float(self._rows[number] @ query)) for number in left]
        return sorted(found, key=lambda one: (-one[1], one[0]))[:k]

    def update(self, revision: int, gone: Ids, added: Iterable[Block], count: int, everything: AllRows) -> None:
        """Keep rows by id."""
        self._rows = {number: row for number, row in self._rows.items() if number not in gone}
        for ids, rows in added:
            self._check(rows)
            self._rows |= dict(zip(ids.tolist(), rows, strict=True))
        self.revision = revision

    def clear(self) -> None:
        """Forget all."""
        self._rows, self.revision = {}, 0

    def check(self) -> None:
        """Find nothing wrong."""

    def _check(self, rows: Rows) -> None:
        if rows.shape[-1] != self.dim:
            raise ValueError(f"rows have {rows.shape[-1]} dimensions, the store's have {self.dim}")


@pytest.fixture(params=["plain", "faiss, each row", "faiss, inverted lists", "docs/extending.md"])
def make(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    if request.param == "plain":
        return PlainStore
    if request.param == "docs/extending.md":
        recipes.install(tmp_path / "site", monkeypatch)
        return partial(importlib.import_module("quoth_sqlite").SqliteStore, tmp_path / "vectors.db")
    # inverted lists as with many rows, which aren't all looked at: few as they are, here every list is
    return partial(_faiss, tmp_path / "store", exact_to=0 if "lists" in request.param else 50_000)


def _faiss(folder: Path, dim: int, exact_to: int) -> VectorStore:
    return FaissStore(folder, dim, exact_to=exact_to)


class Given:
    """All rows of a store, given at once."""

    def __init__(self, *blocks: Block) -> None:
        self._blocks = blocks

    def sample(self, count: int) -> Rows:
        """Return the first of them."""
        return np.concatenate([rows for _, rows in self._blocks])[:count]

    def blocks(self) -> Iterator[Block]:
        """Return them all."""
        return iter(self._blocks)


NONE = np.zeros(0, dtype=np.int64)


def ids(*numbers: int) -> Ids:
    return np.array(numbers, dtype=np.int64)


def rows(*values: tuple[float, ...]) -> Rows:
    made = np.array(values, dtype=np.float32)
    unit: Rows = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def filled(make: Make, held: Rows, numbers: Ids | None = None) -> VectorStore:
    store = make(held.shape[1])
    block = (np.arange(len(held)) if numbers is None else numbers, held)
    store.update(1, NONE, [block], len(held), Given(block))
    return store


def assert_found(found: list[tuple[int, float]], expected: dict[int, float]) -> None:
    """The ids, in order, and the similarity of each: half precision leaves three digits, eight bits two."""
    assert [number for number, _ in found] == list(expected)
    assert [similarity for _, similarity in found] == pytest.approx(list(expected.values()), abs=1e-2)


AXES = rows((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


def test_a_new_store_holds_nothing_and_finds_nothing(make: Make) -> None:
    store = make(DIM)
    assert (len(store), store.dim, store.revision) == (0, DIM, 0)
    assert store.search(AXES[0], k=3) == []


def test_a_stored_row_finds_itself_with_similarity_one(make: Make) -> None:
    assert_found(filled(make, AXES).search(AXES[3], k=1), {3: 1.0})


def test_similarity_is_the_cosine_best_first(make: Make) -> None:
    # at 45 degrees the cosine is one half of the root of two, at right angles nought, opposite minus one
    store = filled(make, rows((0, 1, 0, 0), (-1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 0, 0)))
    assert_found(store.search(AXES[0], k=4), {3: 1.0, 2: 0.5**0.5, 0: 0.0, 1: -1.0})


def test_rows_go_by_their_ids(make: Make) -> None:
    store = filled(make, AXES, ids(7, 1 << 60, 40, 3))
    assert_found(store.search(AXES[1], k=1), {1 << 60: 1.0})
    assert_found(store.search(AXES[3], k=1), {3: 1.0})


def test_equal_rows_come_in_the_order_of_their_ids(make: Make) -> None:
    store = filled(make, np.concatenate([AXES[:1]] * 5), ids(50, 40, 30, 20, 10))
    assert [number for number, _ in store.search(AXES[0], k=5)] == [10, 20, 30, 40, 50]


def test_asking_for_more_rows_than_there_are_gives_those_there_are(make: Make) -> None:
    assert sorted(number for number, _ in filled(make, AXES[:2]).search(AXES[0], k=10)) == [0, 1]


def test_asking_for_none_gives_none(make: Make) -> None:
    assert filled(make, AXES).search(AXES[0], k=0) == []


def test_what_is_named_is_left_out_and_the_next_come_in_its_place(make: Make) -> None:
    store = filled(make, rows((1, 0, 0, 0), (1, 1, 0, 0), (0, 1, 0, 0)))
    assert_found(store.search(AXES[0], 2, ids(0)), {1: 0.5**0.5, 2: 0.0})
    assert store.search(AXES[0], 2, ids(0, 1, 2)) == []
    assert_found(store.search(AXES[0], 1, NONE), {0: 1.0})


def test_an_update_takes_rows_out_and_others_in_and_stands_for_its_transaction(make: Make) -> None:
    store = filled(make, AXES)
    added = (ids(1, 9), rows((1, 2, 0, 0), (1, 1, 0, 0)))
    kept = (ids(0, 2), AXES[[0, 2]])
    store.update(5, ids(1, 3), [added], 4, Given(added, kept))
    assert (len(store), store.revision) == (4, 5)
    assert_found(store.search(AXES[0], k=4), {0: 1.0, 9: 0.5**0.5, 1: 0.2**0.5, 2: 0.0})


def test_all_rows_can_go(make: Make) -> None:
    store = filled(make, AXES)
    store.update(2, ids(0, 1, 2, 3), [], 0, Given())
    assert (len(store), store.revision, store.search(AXES[0], k=3)) == (0, 2, [])


def test_clearing_leaves_nothing(make: Make) -> None:
    store = filled(make, AXES)
    store.clear()
    assert (len(store), store.revision, store.search(AXES[0], k=3)) == (0, 0, [])


def test_rows_of_another_length_are_refused_with_both_lengths(make: Make) -> None:
    other = (ids(0, 1), np.ones((2, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="rows have 3 dimensions, the store's have 4"):
        filled(make, AXES).update(2, NONE, [other], 6, Given(other))
    with pytest.raises(ValueError, match="rows have 5 dimensions"):
        filled(make, AXES).search(np.ones(5, dtype=np.float32), k=1)


def test_a_sound_store_is_found_to_be_so(make: Make) -> None:
    filled(make, AXES).check()


# What FAISS alone has: a file


def faiss_over(folder: Path, held: Rows, exact_to: int = 50_000) -> FaissStore:
    store = FaissStore(folder, held.shape[1], exact_to=exact_to)
    block = (np.arange(len(held)), held)
    store.update(1, NONE, [block], len(held), Given(block))
    return store


def clustered(count: int, dim: int = 32) -> Rows:
    rng = np.random.default_rng(4)
    middles = rng.standard_normal((40, dim))
    many = middles[rng.integers(0, 40, count)] + 0.7 * rng.standard_normal((count, dim))
    unit: Rows = (many / np.linalg.norm(many, axis=1, keepdims=True)).astype(np.float32)
    return unit


@pytest.mark.parametrize("exact_to", [10_000, 100])
def test_anyone_finds_with_faiss_what_the_store_finds(tmp_path: Path, exact_to: int) -> None:
    import faiss

    many = clustered(2_000)
    store = faiss_over(tmp_path, many, exact_to=exact_to)
    (file,) = tmp_path.glob("*.faiss")
    index = faiss.read_index(str(file))
    if exact_to == 100:
        faiss.extract_index_ivf(index).nprobe = store.about["probes"]
    for query in many[:100]:
        _, found = index.search(query[None], 10)
        assert {number for number, _ in store.search(query, 10)} == set(found[0].tolist())


@pytest.mark.parametrize("exact_to", [10_000, 100])
def test_a_store_opened_again_answers_as_before(tmp_path: Path, exact_to: int) -> None:
    many = clustered(500)
    store = faiss_over(tmp_path, many, exact_to=exact_to)
    for at_once in (False, True):
        again = FaissStore(tmp_path, 32, exact_to=exact_to, at_once=at_once)
        assert (len(again), again.revision, again.about) == (500, 1, store.about)
        assert [again.search(query, 5) for query in many[:20]] == [store.search(query, 5) for query in many[:20]]


def test_an_exact_store_that_was_updated_is_byte_for_byte_one_made_anew(tmp_path: Path) -> None:
    many = clustered(60)
    anew = faiss_over(tmp_path / "anew", many)
    block = (np.arange(40), many[:40])
    updated = FaissStore(tmp_path / "updated", 32)
    updated.update(1, NONE, [block], 40, Given(block))
    updated.update(2, np.arange(10), [(np.arange(40, 60), many[40:]), (np.arange(10), many[:10])], 60, Given(block))
    assert updated.about["sha256"] == anew.about["sha256"]


def test_many_rows_are_found_nearly_as_well_as_by_looking_at_each(tmp_path: Path) -> None:
    many = clustered(4_000)
    exact, lists = (faiss_over(tmp_path / str(to), many, exact_to=to) for to in (10_000, 1_000))
    assert (exact.about["kind"], lists.about["kind"]) == ("flat", "lists")
    assert 0.985 <= lists.about["recall"] <= 1.0
    assert lists.about["probes"] < lists.about["lists"]
    shared = [len(dict(exact.search(query, 10)).keys() & dict(lists.search(query, 40)).keys()) for query in many[:100]]
    assert sum(shared) / 1_000 >= 0.97


def test_lists_are_changed_in_place_and_learned_again_once_twice_as_many_are_there(tmp_path: Path) -> None:
    many = clustered(3_000)
    store = faiss_over(tmp_path, many[:1_000], exact_to=500)
    more = (np.arange(1_000, 1_900), many[1_000:1_900])
    store.update(2, np.arange(5), [more], 1_895, Given())  # nothing to learn from: it isn't asked
    assert store.about["learned"] == 1_000
    assert len(FaissStore(tmp_path, 32, exact_to=500)) == 1_895
    assert store.search(many[1_500], 1)[0][0] == 1_500
    assert not {number for number, _ in store.search(many[3], 20)} & set(range(5))
    everything = (np.arange(3_000), many)
    store.update(3, NONE, [(np.arange(1_900, 3_000), many[1_900:])], 3_000, Given(everything))
    assert (store.about["learned"], store.about["rows"]) == (3_000, 3_000)


def test_a_folder_of_other_dimensions_is_refused_with_both(tmp_path: Path) -> None:
    faiss_over(tmp_path, clustered(10, dim=8))
    with pytest.raises(IndexMismatch, match="rows have 8 dimensions, the model's have 4"):
        FaissStore(tmp_path, DIM)


Spoil = Callable[[Path], Any]
SPOILED: Mapping[str, Spoil] = {
    "flipped": lambda path: path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1])),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-1]),
    "something else": lambda path: path.write_bytes(b"x" * path.stat().st_size),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("how", list(SPOILED))
@pytest.mark.parametrize("name", ["*.faiss", "vectors.json"])
def test_damage_is_noticed_and_the_file_named(tmp_path: Path, name: str, how: str) -> None:
    faiss_over(tmp_path, clustered(10))
    (path,) = tmp_path.glob(name)
    SPOILED[how](path)
    if (name, how) == ("vectors.json", "gone"):
        assert len(FaissStore(tmp_path, 32)) == 0  # as if nothing had been derived yet
        return
    with pytest.raises(IndexCorrupt, match=rf"{path.name}: .*qa index --rebuild"):
        FaissStore(tmp_path, 32, at_once=True).check()
