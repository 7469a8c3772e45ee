"""Values: what an amount or a date is, when two agree, and that an answer shows each that differs."""

from __future__ import annotations

import pytest

from qa.answer.extractive import ExtractiveAnswerer
from qa.answer.values import as_of, grouped, relation, said_of, value_of
from qa.types import Value
from tests.fakes import PlainVocabulary, SumModel
from tests.samples import document, passage
from tests.test_extractive import read


@pytest.mark.parametrize(
    ("words", "amount", "unit"),
    [
        ("1.6 million", 1.6e6, ""),
        ("$48.1 billion", 48.1e9, "$"),
        ("48.1 billion dollars", 48.1e9, "$"),
        ("55", 55.0, ""),
        ("twelve", 12.0, ""),
        ("1,972,550 km2", 1972550.0, ""),
        ("18 percent", 18.0, "%"),
        ("a million", 1e6, ""),
    ],
)
def test_an_amount_is_read_with_its_scale_and_unit(words: str, amount: float, unit: str) -> None:
    value = value_of(words)
    assert value.amount == pytest.approx(amount)
    assert value.unit == unit


@pytest.mark.parametrize(
    ("words", "date"),
    [
        ("July 1, 2020", (2020, 7, 1)),
        ("1 July 2020", (2020, 7, 1)),
        ("July 2020", (2020, 7, 0)),
        ("in 1822", (1822, 0, 0)),
        ("30. June", (0, 6, 30)),
    ],
)
def test_a_date_is_read_as_far_as_it_is_given(words: str, date: tuple[int, int, int]) -> None:
    assert value_of(words).date == date


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        (("1.6 million", ""), ("one million", "over "), True),
        (("1.6 million", ""), ("1.5 million", ""), False),
        (("1.6 million", ""), ("1.5 million", "about "), True),
        (("55", ""), ("47", ""), False),
        (("400", ""), ("one", "over "), False),
        (("July 1, 2020", ""), ("2020", ""), True),
        (("July 1, 2020", ""), ("2018", ""), False),
    ],
)
def test_values_agree_where_both_may_be_true(one: tuple[str, str], other: tuple[str, str], agree: bool) -> None:
    left, right = value_of(*one), value_of(*other)
    assert left.agrees(right) is agree
    assert right.agrees(left) is agree


def test_values_of_another_kind_are_left_out_of_the_groups() -> None:
    values = [value_of("55"), value_of("47"), value_of("55 ports"), value_of("July 1, 2020"), value_of("18 percent")]
    assert grouped(values) == [[0, 2], [1]]


def test_a_value_is_of_the_year_its_sentence_speaks_of() -> None:
    assert as_of("In 2019 there were 55 ports.", "55") == "2019"
    assert as_of("There are 55 ports.", "55", "Report of 2021") == "2021"
    assert as_of("It began in 1994.", "1994") == ""


def test_what_is_said_of_values() -> None:
    dated = [Value("55", "2021", (1,)), Value("47", "2012", (3,))]
    assert said_of(dated, 2) == "The quotes differ by date: 55 (2021) [1]; 47 (2012) [3]."
    undated = [Value("55", "", (1,)), Value("47", "2012", (3,))]
    assert relation(undated) == "contradict"
    assert said_of(undated, 2) == "The quotes differ: 55 [1]; 47 (2012) [3]."
    assert said_of([Value("55", "", (1, 2))], 3) == "3 documents agree."
    assert said_of([Value("55", "", (1,))], 1) == ""


PORTS = {
    "old.txt": "The border had 47 ports in 2012. They are busy.",
    "new.txt": "The border has 55 ports as of 2021. Trucks wait.",
    "same.txt": "There are 55 ports on the border. It is long.",
}


def test_documents_that_differ_are_all_quoted_and_those_that_agree_are_counted() -> None:
    shown = [
        read(passage(document(text, name), text, number), {"55 ports": 2.0, "47 ports": 1.9})
        for number, (name, text) in enumerate(PORTS.items(), start=1)
    ]
    draft = ExtractiveAnswerer(PlainVocabulary(), None, SumModel(margin=1.0)).write("How many ports are there?", shown)
    assert [value.text for value in draft.values] == ["55 ports", "47 ports"]
    assert [value.as_of for value in draft.values] == ["2021", "2012"]
    assert [value.numbers for value in draft.values] == [(2, 3), (1,)]
    assert [quote.number for quote in draft.quotes] == [2, 1], "what agrees is not said again"
