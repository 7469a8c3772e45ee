"""Lists stay whole: what asks for several things gets all items, and a lead-in never stands alone."""

from __future__ import annotations

import pytest

from qa.answer.lists import asks_for_several, whole_list
from qa.sentences import find_sentences

TEXT = "Opening words.\n\nThe office helps with:\n\n- passports\n- visas\n- lost luggage\n\nIt closes at six."
SENTENCES = find_sentences(TEXT)
LEAD, PASSPORTS, VISAS, CLOSES = 1, 2, 3, 5


def quoted(at: int, *, several: bool) -> str:
    return whole_list(TEXT, SENTENCES, at, several=several).of(TEXT)


@pytest.mark.parametrize("at", [LEAD, PASSPORTS, VISAS])
def test_a_question_for_several_things_gets_the_lead_in_and_every_item(at: int) -> None:
    assert quoted(at, several=True) == "The office helps with:\n\n- passports\n- visas\n- lost luggage"


def test_a_question_for_one_thing_gets_the_item_alone() -> None:
    assert quoted(VISAS, several=False) == "- visas"


def test_a_lead_in_brings_its_items_whatever_is_asked() -> None:
    assert quoted(LEAD, several=False) == "The office helps with:\n\n- passports\n- visas\n- lost luggage"


def test_a_sentence_outside_any_list_stays_as_it_is() -> None:
    assert quoted(CLOSES, several=True) == "It closes at six."


def test_a_list_without_a_lead_in_is_its_items() -> None:
    text = "Before.\n\n1. one\n2. two\n\nAfter."
    sentences = find_sentences(text)
    assert whole_list(text, sentences, 2, several=True).of(text) == "1. one\n2. two"


def test_a_very_long_list_is_left_alone() -> None:
    text = "All of them:\n" + "".join(f"- item number {at}\n" for at in range(200))
    sentences = find_sentences(text)
    assert whole_list(text, sentences, 5, several=True) == sentences[5]


@pytest.mark.parametrize(
    ("question", "several"),
    [
        ("Which federations count both among their members?", True),
        ("What are the four focus areas?", True),
        ("Through which bodies do they work together?", True),
        ("List all consulates.", True),
        ("What is the population?", False),
        ("In what year was it set up?", False),
        ("Which number do I call after hours?", False),
        ("Where is the embassy?", False),
    ],
)
def test_what_asks_for_several_is_told_by_its_form(question: str, several: bool) -> None:
    assert asks_for_several(question) is several
