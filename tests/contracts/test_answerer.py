"""What every answerer does: quotes from the passages it was given, marks that point at them, nothing from nothing."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from qa.answer.extractive import ExtractiveAnswerer
from qa.cite import cite, marks_in
from qa.protocols import Answerer
from qa.types import FreeText, Passage, Verdict
from tests import recipes
from tests.fakes import PlainVocabulary
from tests.samples import document, lookup, passage

HARBOUR = document("The ferry leaves at noon. It carries bicycles.", "harbour.txt")
BAKERY = document("Ines bakes the rye bread. Tom grinds the flour.", "bakery.txt")
SHOWN = [passage(HARBOUR, HARBOUR.text, 1), passage(BAKERY, BAKERY.text, 2)]


@pytest.fixture(params=["extractive", "docs/extending.md"])
def answerer(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Answerer:
    ours = ExtractiveAnswerer(PlainVocabulary())
    if request.param == "extractive":
        return ours
    recipes.install(tmp_path, monkeypatch)
    made: Answerer = importlib.import_module("quoth_llm").LanguageModelAnswerer(ours, lambda prompt: "Ines. [2]")
    return made


def test_from_nothing_comes_nothing(answerer: Answerer) -> None:
    draft = answerer.write("Who bakes the rye bread?", [])
    assert (draft.text, draft.quotes) == ("", ())


def test_the_first_quote_is_the_sentence_that_answers_and_its_passage_is_named(answerer: Answerer) -> None:
    draft = answerer.write("Who bakes the rye bread?", SHOWN)
    assert draft.quotes[0].number == 2
    assert draft.quotes[0].span.of(BAKERY.text) == "Ines bakes the rye bread."
    assert marks_in(draft.text)[0][2] == 2


@pytest.mark.parametrize("question", ["Who bakes the rye bread?", "When does the ferry leave?", "ferry bread", "?"])
def test_every_quote_lies_in_its_passage_and_every_mark_points_at_one(answerer: Answerer, question: str) -> None:
    draft = answerer.write(question, SHOWN)
    by_number: dict[int, Passage] = {one.number: one for one in SHOWN}
    assert all(by_number[quote.number].span.contains(quote.span) for quote in draft.quotes)
    assert {number for _, _, number in marks_in(draft.text)} <= set(by_number)


def test_the_same_passages_give_the_same_draft(answerer: Answerer) -> None:
    assert answerer.write("Who bakes?", SHOWN) == answerer.write("Who bakes?", SHOWN)


def test_words_of_its_own_are_written_by_none_but_who_says_so(answerer: Answerer) -> None:
    generative = getattr(answerer, "generative", False)
    free = FreeText.GENERATED if generative else FreeText.REFUSED
    draft = answerer.write("Who bakes the rye bread?", SHOWN)
    answer = cite("q", "q", draft, SHOWN, lookup(HARBOUR, BAKERY), Verdict.ANSWERED, 0.9, free_text=free)
    assert bool(answer.generated) == generative
