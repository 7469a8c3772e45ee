"""Pairs made by code: each answer stands where it is said to, and where there is none the passage lacks it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from training.data import Pair
from training.dequantise import read_weights
from training.export import export_float32, smoothed, store_as_int8
from training.model import Reader, ReaderConfig
from training.questions import collection, is_right
from training.structured import (
    list_pair,
    mistyped,
    near_thing_pair,
    person_pair,
    subject_pair,
    swapped_roles,
    table_pair,
)

TABLE = {
    "id": "t",
    "header": ["Country", "Exports", "Capital"],
    "rows": [[f"Land {letter}", str(100 + at), f"Town {letter}"] for at, letter in enumerate("ABCDEFGH")],
}
WAYS: dict[str, Callable[[np.random.Generator], Pair | None]] = {
    "table": lambda rng: table_pair(TABLE, rng),
    "list": list_pair,
    "person": person_pair,
    "near": near_thing_pair,
}


@pytest.mark.parametrize("way", WAYS)
def test_an_answer_stands_where_it_is_said_to_and_some_have_none(way: str) -> None:
    rng = np.random.default_rng(3)
    found = [item for item in (WAYS[way](rng) for _ in range(200)) if item]
    for item in found:
        assert item.answerable == bool(item.answers)
        assert all(item.passage[start : start + len(text)] == text for text, start in item.answers)
    share = sum(item.answerable for item in found) / len(found)
    assert 0.4 < share < 0.9


def test_a_cell_is_in_the_row_and_column_that_are_asked_for() -> None:
    rng = np.random.default_rng(5)
    for _ in range(100):
        item = table_pair(TABLE, rng)
        if item and item.answers:
            line = next(line for line in item.passage.split("\n") if item.answers[0][0] in line)
            label = line[:6].lower()
            assert label in item.question.lower()


def test_a_thing_that_is_missing_is_not_named_beside_what_is_asked() -> None:
    rng = np.random.default_rng(7)
    missing = [item for item in (near_thing_pair(rng) for _ in range(300)) if not item.answers]
    assert any(item.question.split()[-1].rstrip("?").lower() not in item.passage.lower() for item in missing)


def test_a_name_is_asked_about_where_the_passage_says_who_it_is() -> None:
    text = "In 1901 Ada Quist, the first keeper of the lighthouse, saw a whale. Bo slept."
    item = subject_pair(Pair("", text, (), False, "squad", "x"), np.random.default_rng(1))
    assert item
    assert item.answers == (("the first keeper of the lighthouse", text.index("the first")),)
    assert "ada quist" in item.question.lower()


def test_two_names_exchange_their_places() -> None:
    item = Pair(
        "Who was ambassador of Peru to Chile?",
        "Ada was ambassador of Peru to Chile.",
        (("Ada", 0),),
        True,
        "squad",
        "x",
        gist="Ada",
    )
    other = swapped_roles(item, np.random.default_rng(1))
    assert other
    assert other.question == "Who was ambassador of Chile to Peru?"
    assert not other.answerable
    assert swapped_roles(Pair("Who is Ada?", "Ada.", (), False, "s", "x"), np.random.default_rng(1)) is None


def test_a_slip_changes_one_long_word_only() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        slipped = mistyped("who wrote the constitution", rng)
        assert slipped.split()[:3] == ["who", "wrote", "the"] or slipped.split()[1] != "wrote"
        assert abs(len(slipped) - len("who wrote the constitution")) <= 1
    assert mistyped("who is it", rng) == "who is it"


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:# The axis name:UserWarning")  # torch's, exporting
def test_float_weights_come_back_out_of_the_int8_file(tmp_path: Path) -> None:
    torch.manual_seed(1)
    reader = Reader(ReaderConfig(vocab=50, positions=32, layers=2, hidden=48, heads=4, intermediate=96)).eval()
    for part in reader.modules():
        if isinstance(part, torch.nn.LayerNorm):  # equal ones would be stored once
            torch.nn.init.normal_(part.weight, 1.0, 0.1)
            torch.nn.init.normal_(part.bias, 0.0, 0.1)
    peaks = {
        name: torch.rand(part.in_features) + 0.5
        for name, part in reader.named_modules()
        if isinstance(part, torch.nn.Linear)
    }
    export_float32(smoothed(reader, peaks), tmp_path / "plain.onnx")
    store_as_int8(tmp_path / "plain.onnx", tmp_path / "small.onnx")
    found = read_weights(tmp_path / "small.onnx", layers=2)
    own = {name: part for name, part in reader.state_dict().items() if not name.startswith("embeddings.")}
    assert found.keys() == own.keys()
    for name, part in own.items():
        # seven bits a channel, and what was smoothed away is back
        assert torch.allclose(found[name], part, atol=0.02 * float(part.abs().max()) + 1e-3), name


def test_passages_of_a_group_make_one_document_and_a_quote_is_right_in_its_own_passage_only() -> None:
    rows = [
        {
            "group": "G",
            "question": "When?",
            "passage": "It was in 1901.",
            "answers": [{"text": "1901"}],
            "answerable": True,
        },
        {"group": "G", "question": "Why?", "passage": "Nobody knows of 1901.", "answers": [], "answerable": False},
    ]
    made = collection("some", json.loads(json.dumps(rows)))
    text = made.documents["d0000.md"]
    assert text == "# G\n\nIt was in 1901.\n\nNobody knows of 1901.\n\n"
    when, why = made.questions
    assert text[when.start : when.end] == "It was in 1901."
    assert is_right(when, "d0000.md", when.start, when.end, "It was in 1901.") is True
    assert is_right(when, "d0000.md", why.start, why.end, "Nobody knows of 1901.") is None
    assert is_right(when, "d0000.md", when.start, when.end, "It was.") is False
    assert is_right(why, "d0000.md", why.start, why.end, "Nobody knows of 1901.") is False
