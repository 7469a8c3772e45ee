"""What every vector store does: rows of unit length in, (row, cosine similarity) out, best first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qa.errors import IndexCorrupt, IndexMismatch
from qa.protocols import Rows, VectorStore
from qa.store import FaissStore

DIM = 4
Make = Callable[[int], VectorStore]


@pytest.fixture(params=[FaissStore], ids=["faiss"])
def make(request: pytest.FixtureRequest) -> Make:
    factory: Make = request.param
    return factory


@pytest.fixture
def store(make: Make) -> VectorStore:
    return make(DIM)


def rows(*values: tuple[float, ...]) -> Rows:
    made = np.array(values, dtype=np.float32)
    unit: Rows = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def assert_found(found: list[tuple[int, float]], expected: dict[int, float]) -> None:
    """The rows, in order, and the similarity of each."""
    assert [row for row, _ in found] == list(expected)
    assert [similarity for _, similarity in found] == pytest.approx(list(expected.values()), abs=1e-5)


AXES = rows((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


def test_a_new_store_is_empty_and_finds_nothing(store: VectorStore) -> None:
    assert (len(store), store.dim) == (0, DIM)
    assert store.search(AXES[0], k=3) == []


def test_a_stored_row_finds_itself_with_similarity_one(store: VectorStore) -> None:
    store.add(AXES)
    assert_found(store.search(AXES[3], k=1), {3: 1.0})


def test_similarity_is_the_cosine_best_first(store: VectorStore) -> None:
    # at 45 degrees the cosine is one half of the root of two, at right angles nought, opposite minus one
    store.add(rows((0, 1, 0, 0), (-1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 0, 0)))
    assert_found(store.search(AXES[0], k=4), {3: 1.0, 2: 0.5**0.5, 0: 0.0, 1: -1.0})


def test_equal_rows_come_in_the_order_of_their_numbers(store: VectorStore) -> None:
    store.add(np.concatenate([AXES[:1]] * 5))
    assert [row for row, _ in store.search(AXES[0], k=5)] == [0, 1, 2, 3, 4]


def test_asking_for_fewer_than_are_equal_gives_the_first_of_them(store: VectorStore) -> None:
    store.add(np.concatenate([AXES[:1]] * 5))
    assert [row for row, _ in store.search(AXES[0], k=2)] == [0, 1]


def test_asking_for_more_rows_than_there_are_gives_those_there_are(store: VectorStore) -> None:
    store.add(AXES[:2])
    assert sorted(row for row, _ in store.search(AXES[0], k=10)) == [0, 1]


def test_asking_for_none_gives_none(store: VectorStore) -> None:
    store.add(AXES)
    assert store.search(AXES[0], k=0) == []


def test_rows_are_numbered_on_from_the_length(store: VectorStore) -> None:
    store.add(AXES[:1])
    store.add(AXES[1:3])
    assert len(store) == 3
    assert store.search(AXES[2], k=1)[0][0] == 2


def test_after_removal_the_rest_close_ranks_in_their_order(store: VectorStore) -> None:
    store.add(AXES)
    store.remove([0, 2])
    assert len(store) == 2
    assert_found(store.search(AXES[1], k=1), {0: 1.0})
    assert_found(store.search(AXES[3], k=1), {1: 1.0})
    assert max(similarity for _, similarity in store.search(AXES[0], k=4)) == pytest.approx(0.0)


def test_the_order_in_which_rows_are_named_for_removal_does_not_matter(store: VectorStore) -> None:
    store.add(AXES)
    store.remove([3, 0])
    assert store.search(AXES[1], k=1)[0][0] == 0


def test_removing_nothing_removes_nothing(store: VectorStore) -> None:
    store.add(AXES)
    store.remove([])
    assert len(store) == 4


@pytest.mark.parametrize("row", [-1, 4])
def test_removing_a_row_that_is_not_there_is_our_own_mistake(store: VectorStore, row: int) -> None:
    store.add(AXES)
    with pytest.raises(ValueError, match="no such rows to remove"):
        store.remove([row])
    assert len(store) == 4


def test_similarities_come_in_the_order_the_rows_are_named(store: VectorStore) -> None:
    store.add(rows((1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0)))
    assert store.similarities(AXES[0], [2, 0, 1]) == pytest.approx([0.5**0.5, 1.0, 0.0])
    assert store.similarities(AXES[0], []) == []


def test_rows_of_another_length_are_refused_with_both_lengths(store: VectorStore) -> None:
    with pytest.raises(ValueError, match="rows have 3 dimensions, the store's have 4"):
        store.add(np.ones((2, 3), dtype=np.float32))
    with pytest.raises(ValueError, match="rows have 5 dimensions"):
        store.search(np.ones(5, dtype=np.float32), k=1)


def test_a_saved_store_finds_the_same(store: VectorStore, make: Make, tmp_path: Path) -> None:
    store.add(rows((1, 2, 3, 4), (4, 3, 2, 1), (1, 0, 0, 1)))
    store.save(tmp_path / "rows")
    read = make(DIM)
    read.add(AXES)
    read.load(tmp_path / "rows")
    assert len(read) == 3
    query = rows((1, 1, 2, 0))[0]
    assert read.search(query, k=3) == store.search(query, k=3)


def test_an_empty_store_can_be_saved_and_read(store: VectorStore, make: Make, tmp_path: Path) -> None:
    store.save(tmp_path / "rows")
    read = make(DIM)
    read.load(tmp_path / "rows")
    assert len(read) == 0


def test_a_file_of_other_dimensions_is_refused_with_both(make: Make, tmp_path: Path) -> None:
    make(3).save(tmp_path / "rows")
    with pytest.raises(IndexMismatch, match="rows have 3 dimensions, the model's have 4"):
        make(DIM).load(tmp_path / "rows")


@pytest.mark.parametrize("data", [b"", b"not a store", b"IxFI\x04\x00\x00\x00"])
def test_a_file_that_is_no_store_is_refused(make: Make, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "rows").write_bytes(data)
    with pytest.raises(IndexCorrupt, match=r"rows: .*qa index --rebuild"):
        make(DIM).load(tmp_path / "rows")
