"""Names that stand in no document: noticed, said, and never answered about in full confidence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qa.answer.names import strangers
from qa.answer.verdict import doubted
from qa.engine import Engine
from qa.types import Verdict

Open = Callable[[dict[str, str]], Engine]

TEXT = "Amazon's chief executive is Jeff Bezos. Maastricht lies on the Meuse. The Netherlands signed in 1992.\n"


def nobody(_: str) -> bool:
    return False


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("Who is the chief executive of Tesla?", ("Tesla",)),
        ("When was General Motors founded by Durant?", ("General", "Motors", "Durant")),
        ("Did Tesla, Inc. pay?", ("Tesla", "Inc")),
        ("Who signed the treaty?", ()),
        ("WHO IS THE CEO OF TESLA?", ()),
        ("Who Signed The Treaty Of Lima?", ()),
        ("¿Quién es el presidente de Chile?", ("Chile",)),
    ],
)
def test_names_are_capitalised_words_after_the_first(question: str, names: tuple[str, ...]) -> None:
    assert strangers(question, nobody) == names


def test_names_that_are_known_are_no_strangers() -> None:
    assert strangers("Did Bezos buy Tesla?", lambda name: name == "Bezos") == ("Tesla",)


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("Amazon", True),
        ("Amazon's", True),
        ("Amazzon", True),
        ("Maastrich", True),
        ("Tesla", False),
        ("Amsterdam", False),
        ("IBM", True),  # too short to tell a slip from a stranger
        ("F19", True),
        ("the", True),
    ],
)
def test_a_word_spelled_nearly_as_one_that_is_known_counts_as_known(engine_over: Open, word: str, known: bool) -> None:
    assert engine_over({"a.txt": TEXT}).index.keyword.resembles(word) is known


def test_a_question_about_a_stranger_is_not_answered_in_confidence(corpus_engine: Engine) -> None:
    asked = "When did {} impose tariffs on Mexican goods?"
    assert corpus_engine.ask(asked.format("the United States")).answer.verdict is Verdict.ANSWERED
    answer = corpus_engine.ask(asked.format("Mozambique")).answer
    assert answer.verdict is not Verdict.ANSWERED
    assert answer.notices[0] == "“Mozambique” stands in none of the documents read."


def test_doubt_halves_the_confidence() -> None:
    assert doubted(0.9, ()) == 0.9
    assert doubted(0.9, ("Tesla",)) == 0.45
