"""Names that stand in no document: noticed, said, and never answered about in full confidence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qa.answer.names import unknown_labels, unknown_terms
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
    assert unknown_terms(question, nobody, nobody) == names


def test_names_that_are_known_are_no_unknown_terms() -> None:
    assert unknown_terms("Did Bezos buy Tesla?", lambda name: name == "Bezos", nobody) == ("Tesla",)


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("What was said of tariffs in 2031?", ("2031",)),
        ("WHAT WAS SAID IN 2031?", ("2031",)),
        ("What does Order 9108 of 1942 say of 1,250 people?", ("9108", "1,250")),  # 1942 stands in the texts
        ("What happened on day 12 at 3.14159 or in version 2.500?", ()),  # small, or with a fraction
        ("What do F117 and B-52 and 1990s mean?", ()),  # a name, or a span of years
    ],
)
def test_numbers_of_three_digits_that_stand_nowhere_are_unknown_terms(question: str, numbers: tuple[str, ...]) -> None:
    assert unknown_terms(question, lambda _: True, lambda number: number == "1942") == numbers


@pytest.mark.parametrize("said", ["1,250 people came.", "1250 people came."])
def test_a_number_is_known_however_its_thousands_are_set_off(engine_over: Open, said: str) -> None:
    keyword = engine_over({"a.txt": said}).index.keyword
    assert unknown_terms("Did 1,250 or 1250 people come?", keyword.resembles, keyword.knows) == ()


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


def test_a_question_about_an_unknown_name_is_not_answered_in_confidence(corpus_engine: Engine) -> None:
    asked = "When did {} impose tariffs on Mexican goods?"
    assert corpus_engine.ask(asked.format("the United States")).answer.verdict is Verdict.ANSWERED
    answer = corpus_engine.ask(asked.format("Mozambique")).answer
    assert answer.verdict is not Verdict.ANSWERED
    assert answer.notices[0] == "“Mozambique” stands in none of the documents read."


def test_a_question_about_a_year_that_stands_nowhere_is_doubted_and_told_so(engine_over: Open) -> None:
    engine = engine_over({"a.txt": TEXT})
    known, unknown = (engine.ask(f"Who signed in {year}?").answer for year in (1992, 2031))
    assert unknown.confidence < known.confidence / 2  # the year is missed elsewhere, too
    assert unknown.verdict is not Verdict.ANSWERED
    assert unknown.notices[0] == "“2031” stands in none of the documents read."
    assert not known.notices


BOILERS = ["Boiler 1 runs. Boiler 2 rests.", "Boilers 3 and others; boiler 5 leaks."]


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("When was boiler 4 serviced?", ["“boiler 4” is named in none of the passages found; boiler 1, 2, 3, 5 are."]),
        ("When was boiler 2 serviced?", []),
        ("How full is Hall C?", ["“Hall C” is named in none of the passages found."]),
        ("What happened in May 2019?", []),
        ("When was it serviced?", []),
    ],
)
def test_a_label_that_no_passage_names_is_said_with_those_that_are(question: str, said: list[str]) -> None:
    assert unknown_labels(question, BOILERS) == said
