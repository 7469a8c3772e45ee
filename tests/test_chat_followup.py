"""Follow-ups put as the question they stand for; what a person would have to guess is left alone."""

from __future__ import annotations

import pytest

from qa.chat.comparison import cell_of, computed, sides_of
from qa.chat.followup import standalone, topic_of
from qa.chat.swap import swapped
from qa.types import Turn


@pytest.mark.parametrize(
    ("first", "question", "expected"),
    [
        ("How much did it cost in 2000?", "and in 2023?", "How much did it cost in 2023?"),
        ("How much did the US import from Mexico?", "what about Canada?", "How much did the US import from Canada?"),
        ("Where is the Mexican embassy?", "and the American one?", "Where is the American embassy?"),
        ("How much did they import?", "and exports?", "How much did they export?"),
        ("What does level 2 cost?", "and level 3?", "What does level 3 cost?"),
        ("When is it open on weekdays?", "and on Sundays?", "When is it open on Sundays?"),
        ("When was the bridge built?", "who designed it?", "Who designed the bridge?"),
        ("When was the bridge built?", "why?", "Why was the bridge built?"),
        ("What does the lease say?", "when does it end?", "When does the lease end?"),
        ("Who is the ambassador to Mexico?", "no, I meant Canada", "Who is the ambassador to Canada?"),
        ("How many came in 2017?", "and two years earlier?", "How many came in 2015?"),
        (
            "How many came in the 2017 season?",
            "What had that been the year before?",
            "How many came in the 2016 season?",
        ),
        ("How many came in 2017?", "y tres años después?", "How many came in 2020?"),
        ("¿Cuánto exportó México en 2018?", "¿y en 2020?", "¿Cuánto exportó México en 2020?"),
    ],
)
def test_what_a_follow_up_leaves_out_is_put_in(first: str, question: str, expected: str) -> None:
    assert standalone(question, [Turn(first)]) == expected


def test_follow_ups_follow_one_another() -> None:
    turns = [Turn("How much did the US import from Mexico in 2000?"), Turn("and in 2023?"), Turn("thanks")]
    assert standalone("what about Canada?", turns) == "How much did the US import from Canada in 2023?"


def test_he_is_whom_the_last_answer_named() -> None:
    turns = [Turn("Who designed the bridge?", "It was drawn by John Vance. [1]")]
    assert standalone("when was he born?", turns) == "When was John Vance born?"


@pytest.mark.parametrize(
    ("first", "question"),
    [
        ("When was the bridge built?", "What does the monthly ferry pass cost?"),
        ("When was the bridge built?", "Is it true that dogs are allowed on the ferry?"),
        ("Who is the ambassador of the United States?", "and the Mexican one?"),
        ("How did Clinton respond to the crisis?", "When was it paid back?"),
        ("What share of imports is that?", "Until when was it meant to last?"),
        ("How many came in 2017?", "Was anything spared two days later?"),
    ],
)
def test_what_stands_alone_or_must_be_guessed_is_left_alone(first: str, question: str) -> None:
    assert standalone(question, [Turn(first)]) is None


def test_nothing_is_put_in_where_nothing_was_asked() -> None:
    assert standalone("and in 2023?", []) is None
    assert standalone("and in 2023?", [Turn("hello")]) is None


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("When was the current embassy in Oslo built?", "the current embassy in Oslo"),
        ("What was the Bracero Program?", "the Bracero Program"),
        ("When does USMCA expire?", "USMCA"),
        ("Which treaty ended the war?", "the treaty that ended the war"),
        ("Who founded the old library?", "the old library"),
        ("How did Clinton respond?", None),
    ],
)
def test_a_question_is_about_its_subject(question: str, topic: str | None) -> None:
    assert topic_of(question) == topic


def test_one_thing_takes_the_place_of_another_of_its_kind_only() -> None:
    assert swapped("What does it cost for adults?", "for children") == "What does it cost for children?"
    assert swapped("How big is it?", "the minimum water depth") is None


def test_sides_of_a_comparison_are_whole_questions() -> None:
    both = sides_of("Compare US exports to Mexico in 1990 and 2023")
    assert both is not None
    assert [side.question for side in both] == ["US exports to Mexico in 1990", "US exports to Mexico in 2023"]
    assert [side.tokens for side in both] == [("1990",), ("2023",)]
    both = sides_of("compare 2018 and 2021", "How much was traded in 2015?")
    assert both is not None
    assert [side.question for side in both] == ["How much was traded in 2018?", "How much was traded in 2021?"]
    assert sides_of("What is the difference between goats and sheep?") is None


def test_only_numbers_of_one_unit_are_computed_with_and_said_to_be() -> None:
    said = "Computed, not quoted: difference +50 million dollars; the second is 1.5 times the first (+50.0 %)."
    assert computed("It was $100 million in 2018.", "It was $150 million in 2021.") == said
    assert computed("65 % in 2017", "30 %") == "Computed, not quoted: difference -35 percentage points."
    assert computed("It was $100 million.", "It was 150 tons.") == ""
    assert computed("Between $100 and $120 million.", "It was $150 million.") == ""


def test_a_cell_is_found_under_its_heading_and_computed_with() -> None:
    above = ["| Year | 1990 | 2023 |", "| --- | --- | --- |"]
    row = "| Exports | 28.3 | 322.7 |"
    cells = [cell_of(row, above, (year,)) for year in ("1990", "2023")]
    assert [cell.of(row) for cell in cells if cell] == ["28.3", "322.7"]
    assert cell_of(row, above, ("2000",)) is None
    area = cell_of("| Area | 12 km2 | 30 km2 |", ["| | Norway | USA United States of America |"], ("united", "states"))
    assert area is not None
    assert area.of("| Area | 12 km2 | 30 km2 |") == "30 km2"
    said = computed("28.3", "322.7", alike=True)
    assert said == "Computed, not quoted: difference +294.4; the second is 11.4 times the first (+1040.3 %)."
