"""What every vector store does: rows of unit length in, (row, cosine similarity) out, best first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qa.errors import IndexCorrupt, IndexMismatch
from qa.protocols import Rows, VectorStore
from qa.sealed import Files
from qa.store import RowStore

DIM = 4
Make = Callable[[int], VectorStore]
Fill = Callable[..., VectorStore]


def exact(dim: int) -> VectorStore:
    return RowStore(dim)


def in_cells(dim: int) -> VectorStore:
    """As with many rows, which aren't all looked at: few as they are, here every cell is."""
    return RowStore(dim, exact_to=0)


@pytest.fixture(params=[exact, in_cells])
def make(request: pytest.FixtureRequest) -> Make:
    factory: Make = request.param
    return factory


@pytest.fixture
def filled(make: Make, tmp_path: Path) -> Fill:
    """Return a function from blocks of rows to a store that holds them."""

    def fill(*blocks: Rows, name: str = "store") -> VectorStore:
        made = make(DIM)
        made.write(tmp_path / name, blocks)
        made.load(Files(tmp_path / name))
        return made

    return fill


def rows(*values: tuple[float, ...]) -> Rows:
    made = np.array(values, dtype=np.float32)
    unit: Rows = made / np.linalg.norm(made, axis=1, keepdims=True)
    return unit


def assert_found(found: list[tuple[int, float]], expected: dict[int, float]) -> None:
    """The rows, in order, and the similarity of each."""
    assert [row for row, _ in found] == list(expected)
    assert [similarity for _, similarity in found] == pytest.approx(list(expected.values()), abs=1e-5)


AXES = rows((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))


def test_a_new_store_is_empty_and_finds_nothing(make: Make) -> None:
    store = make(DIM)
    assert (len(store), store.dim) == (0, DIM)
    assert store.search(AXES[0], k=3) == []


def test_a_store_of_no_rows_can_be_written_and_read(filled: Fill) -> None:
    store = filled()
    assert len(store) == 0
    assert store.search(AXES[0], k=3) == []


def test_a_stored_row_finds_itself_with_similarity_one(filled: Fill) -> None:
    assert_found(filled(AXES).search(AXES[3], k=1), {3: 1.0})


def test_similarity_is_the_cosine_best_first(filled: Fill) -> None:
    # at 45 degrees the cosine is one half of the root of two, at right angles nought, opposite minus one
    store = filled(rows((0, 1, 0, 0), (-1, 0, 0, 0), (1, 1, 0, 0), (1, 0, 0, 0)))
    assert_found(store.search(AXES[0], k=4), {3: 1.0, 2: 0.5**0.5, 0: 0.0, 1: -1.0})


def test_equal_rows_come_in_the_order_of_their_numbers(filled: Fill) -> None:
    store = filled(np.concatenate([AXES[:1]] * 5))
    assert [row for row, _ in store.search(AXES[0], k=5)] == [0, 1, 2, 3, 4]


def test_asking_for_fewer_than_are_equal_gives_the_first_of_them(filled: Fill) -> None:
    store = filled(np.concatenate([AXES[:1]] * 5))
    assert [row for row, _ in store.search(AXES[0], k=2)] == [0, 1]


def test_asking_for_more_rows_than_there_are_gives_those_there_are(filled: Fill) -> None:
    assert sorted(row for row, _ in filled(AXES[:2]).search(AXES[0], k=10)) == [0, 1]


def test_asking_for_none_gives_none(filled: Fill) -> None:
    assert filled(AXES).search(AXES[0], k=0) == []


def test_rows_are_numbered_on_from_block_to_block(filled: Fill) -> None:
    store = filled(AXES[:1], AXES[1:3])
    assert len(store) == 3
    assert store.search(AXES[2], k=1)[0][0] == 2


def test_similarities_come_in_the_order_the_rows_are_named(filled: Fill) -> None:
    store = filled(rows((1, 0, 0, 0), (0, 1, 0, 0), (1, 1, 0, 0)))
    assert store.similarities(AXES[0], [2, 0, 1]) == pytest.approx([0.5**0.5, 1.0, 0.0])
    assert store.similarities(AXES[0], []) == []


def test_rows_come_back_as_they_were_written(filled: Fill) -> None:
    store = filled(AXES)
    assert np.array_equal(np.concatenate(list(store.rows(1, 4))), AXES[1:])
    assert list(store.rows(2, 2)) == []


def test_rows_of_another_length_are_refused_with_both_lengths(make: Make, filled: Fill, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rows have 3 dimensions, the store's have 4"):
        make(DIM).write(tmp_path / "other", [np.ones((2, 3), dtype=np.float32)])
    with pytest.raises(ValueError, match="rows have 5 dimensions"):
        filled(AXES).search(np.ones(5, dtype=np.float32), k=1)


def test_loading_replaces_what_was_there(filled: Fill, make: Make, tmp_path: Path) -> None:
    store = filled(rows((1, 2, 3, 4), (4, 3, 2, 1), (1, 0, 0, 1)))
    other = filled(AXES, name="other")
    other.load(Files(tmp_path / "store"))
    assert len(other) == 3
    query = rows((1, 1, 2, 0))[0]
    assert other.search(query, k=3) == store.search(query, k=3)


def test_two_stores_of_the_same_rows_are_the_same_byte_for_byte(make: Make, tmp_path: Path) -> None:
    many = rows(*np.random.default_rng(3).standard_normal((500, DIM)).tolist())
    for name, blocks in (("one", [many]), ("two", [many[:7], many[7:]])):
        make(DIM).write(tmp_path / name, blocks)
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "two").iterdir())
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_a_folder_of_other_dimensions_is_refused_with_both(make: Make, tmp_path: Path) -> None:
    make(3).write(tmp_path, [])
    with pytest.raises(IndexMismatch, match="rows have 3 dimensions, the model's have 4"):
        make(DIM).load(Files(tmp_path))


@pytest.mark.parametrize("data", [b"", b"not a store", b"x" * 400])
def test_a_file_that_is_no_store_is_refused(make: Make, tmp_path: Path, data: bytes) -> None:
    make(DIM).write(tmp_path, [])
    (tmp_path / "rows.npy").write_bytes(data)
    with pytest.raises(IndexCorrupt, match=r"rows.npy: .*qa index --rebuild"):
        make(DIM).load(Files(tmp_path))


def test_many_rows_are_found_nearly_as_well_as_by_looking_at_each(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    middles = rng.standard_normal((40, 32))
    many = middles[rng.integers(0, 40, 4_000)] + 0.7 * rng.standard_normal((4_000, 32))
    many = (many / np.linalg.norm(many, axis=1, keepdims=True)).astype(np.float32)
    found = []
    for name, exact_to in (("exact", 10_000), ("cells", 1_000)):
        store = RowStore(32, exact_to=exact_to)
        store.write(tmp_path / name, [many])
        store.load(Files(tmp_path / name))
        found.append([store.search(query, 10) for query in many[:100]])
        assert store.about["kind"] == ("flat" if name == "exact" else "cells")
    assert 0.985 <= store.about["recall"] <= 1.0
    assert store.about["probes"] < store.about["cells"]
    shared = [len(dict(one).keys() & dict(two).keys()) for one, two in zip(*found, strict=True)]
    assert sum(shared) / 1_000 >= 0.97
    # what is found is scored by the rows themselves
    assert all(
        dict(one)[row] == score for one, two in zip(*found, strict=True) for row, score in two if row in dict(one)
    )
