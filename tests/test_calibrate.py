"""Calibration: made questions fare better with their source than without it, and an index keeps what was seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import fmean

import pytest

from qa.answer.verdict import STRICTNESS
from qa.calibrate.measure import measure
from qa.config import Settings
from qa.engine import Engine, build, open_collection, status
from qa.retrieve import Weights
from qa.types import Calibration
from tests.conftest import without_weights, write_files
from tests.fakes import HashingEmbedder, WordReader

Open = Callable[[dict[str, str]], Engine]

# forty sentences that share little but their form, each with a year and a number to ask for
_THINGS = "bridge mill tower harbour school library garden chapel market theatre".split()
_TOWNS = "Arden Borvik Celles Dunmore".split()
TOWNS = {
    f"{town.lower()}.md": "\n\n".join(
        f"## {thing}\n\nThe {thing} of {town} was opened in {1800 + 11 * at + 40 * number} after its {thing} keeper "
        f"had waited {at + 3} long winters for stone and timber from {town}."
        for at, thing in enumerate(_THINGS)
    )
    for number, town in enumerate(_TOWNS)
}  # a chunk a section: forty


def calibrated(folder: Path) -> Settings:
    plain = without_weights(folder)
    return plain.model_copy(update={"verdict": plain.verdict.model_copy(update={"questions": 16})})


def measured(engine: Engine, reader: WordReader | None = None, count: int = 16) -> Calibration | None:
    embedder = HashingEmbedder()
    return measure(
        engine.index,
        lambda question: embedder.embed_query(question).row,
        reader,
        weights=Weights(),
        candidates=100,
        count=count,
    )


def test_questions_fare_better_with_their_source_than_without(engine_over: Open) -> None:
    found = measured(engine_over(TOWNS))
    assert found
    assert [len(kind) for kind in (found.present, found.absent, found.foreign)] == [16, 16, 16]
    odds = [fmean(one.log_odds for one in kind) for kind in (found.present, found.absent, found.foreign)]
    assert odds == sorted(odds, reverse=True)


def test_only_a_question_whose_source_is_there_can_be_answered_rightly(engine_over: Open) -> None:
    found = measured(engine_over(TOWNS))
    assert found
    assert sum(one.right for one in found.present) > 8
    assert not any(one.right for one in (*found.absent, *found.swapped, *found.foreign))


def test_a_reader_changes_what_is_measured(engine_over: Open) -> None:
    engine = engine_over(TOWNS)
    assert measured(engine, WordReader()) != measured(engine)


def test_measuring_twice_gives_the_same(engine_over: Open) -> None:
    engine = engine_over(TOWNS)
    assert measured(engine) == measured(engine)


def test_of_a_collection_too_small_to_ask_about_nothing_is_said(small_engine: Engine) -> None:
    assert measured(small_engine) is None


def test_an_index_keeps_its_calibration(tmp_path: Path) -> None:
    settings = calibrated(tmp_path / "index")
    build(settings, [write_files(tmp_path / "docs", TOWNS)], embedder=HashingEmbedder())
    index = open_collection(settings)
    assert index.calibration == measured(Engine.open(settings, HashingEmbedder()))
    assert index.drift == 0


def test_a_small_change_keeps_the_calibration_and_a_large_one_makes_it_anew(tmp_path: Path) -> None:
    settings = calibrated(tmp_path / "index")
    docs = write_files(tmp_path / "docs", TOWNS | {"note.txt": "One line."})
    build(settings, [docs], embedder=HashingEmbedder())
    first = open_collection(settings)
    (docs / "note.txt").write_text("Another line.", encoding="utf-8")
    build(settings, [docs], embedder=HashingEmbedder())
    second = open_collection(settings)
    assert (second.calibration, second.drift) == (first.calibration, 2)  # one chunk gone, one new
    (docs / "arden.md").unlink()
    (docs / "borvik.md").unlink()
    build(settings, [docs], embedder=HashingEmbedder())
    third = open_collection(settings)
    assert third.drift == 0
    assert third.calibration != first.calibration


def test_the_status_tells_the_error_rates_to_expect_each_way_the_verdict_can_lean(tmp_path: Path) -> None:
    settings = calibrated(tmp_path / "index")
    build(settings, [write_files(tmp_path / "docs", TOWNS)], embedder=HashingEmbedder())
    rates = status(settings).rates
    assert list(rates) == list(STRICTNESS)
    assert {one.questions for one in rates.values()} == {16}
    answered = [one.absent_answered for one in rates.values()]
    refused = [one.present_refused for one in rates.values()]
    assert answered == sorted(answered)
    assert refused == sorted(refused, reverse=True)


@pytest.mark.parametrize("lean", STRICTNESS)
def test_to_lean_moves_verdicts_but_no_confidence(tmp_path: Path, lean: str) -> None:
    settings = calibrated(tmp_path / "index")
    build(settings, [write_files(tmp_path / "docs", TOWNS)], embedder=HashingEmbedder())
    leaning = settings.model_copy(update={"verdict": settings.verdict.model_copy(update={"lean": lean})})
    even, leant = (Engine.open(one, HashingEmbedder()) for one in (settings, leaning))
    order = ["not_found", "unsure", "answered"]
    for question in ("When was the mill of Borvik opened?", "Who paid for the zoo?", "stone and timber"):
        one, other = even.ask(question).answer, leant.ask(question).answer
        assert one.confidence == other.confidence
        step = order.index(other.verdict) - order.index(one.verdict)
        assert step <= 0 if lean == "strict" else step >= 0
