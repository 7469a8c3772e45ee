"""Questions made from sentences: what is asked for, what answers it, and what is put in another's place."""

from __future__ import annotations

from random import Random

import pytest

from qa.calibrate.made import make_question, swap


@pytest.mark.parametrize(
    ("sentence", "question", "answer"),
    [
        (
            "The treaty that ended the long war was signed on February 2, 1848, in a small town.",
            "On what date The treaty that ended the long war was signed",
            "February 2, 1848",
        ),
        (
            "Since the reform about 45 percent of all pupils in the northern districts walk to school.",
            "What percentage Since the reform of all pupils in the northern districts walk to school",
            "45 percent",
        ),
        (
            "The two governments paid a total of $15 million for the strip of land near the river.",
            "How much The two governments paid a total for the strip of land near the river",
            "$15 million",
        ),
        (
            "The museum with the largest collection of old clocks was founded in 1923 by a teacher.",
            "In what year The museum with the largest collection of old clocks was founded by a teacher",
            "1923",
        ),
        (
            "The society runs 23 advising centers throughout the country and answers every letter.",
            "How many advising centers throughout the country and answers every letter The society runs",
            "23",
        ),
    ],
)
def test_a_fact_becomes_what_is_asked_for(sentence: str, question: str, answer: str) -> None:
    made = make_question(sentence, Random(1))
    assert made is not None
    assert made.answer.of(sentence) == answer
    assert made.question == f"{question}?"
    assert answer not in made.question


@pytest.mark.parametrize(
    "sentence",
    [
        "Too short: 1923.",
        "there is nothing in this sentence that could be asked for, since it holds no number and no name at all",
        "x" * 600 + " 1923",
        "",
    ],
)
def test_nothing_is_asked_of_a_sentence_without_a_fact_or_of_an_odd_length(sentence: str) -> None:
    assert make_question(sentence, Random(1)) is None


def test_the_clause_around_the_answer_is_asked_not_the_whole_sentence() -> None:
    sentence = (
        "Although nobody had expected it, the northern branch of the old railway was closed in 1967, "
        "and the station became a library."
    )
    made = make_question(sentence, Random(1))
    assert made is not None
    assert made.question == "In what year the northern branch of the old railway was closed?"


def test_the_same_draw_makes_the_same_question() -> None:
    sentence = "The museum bought 12 paintings and 30 drawings from the painter and his three sisters."
    assert make_question(sentence, Random(5)) == make_question(sentence, Random(5))


def test_a_name_or_number_is_exchanged_for_one_of_its_kind_from_another_question() -> None:
    others = ["How many bridges the town of Novi Sad built over the river in 1999?"]
    year = swap("How many members the council had in 1872?", others, "The council had 12 members in 1872.", Random(1))
    assert year == "How many members the council had in 1999?"
    name = swap("How many members the council of Geneva had then?", others, "Geneva had 12 members.", Random(1))
    assert name == "How many members the council of Novi Sad had then?"


def test_what_stands_in_the_sentence_is_not_put_in() -> None:
    others = ["How many bridges were built in 1999?"]
    assert swap("What was built in 1872?", others, "In 1872 and 1999 it was built.", Random(1)) is None


def test_a_question_without_a_name_or_number_is_left_alone() -> None:
    assert swap("What did the council build?", ["In what year 1999?"], "It built.", Random(1)) is None
