"""Follow-ups: a question that leans on the last ones is searched with their topic, one that stands alone is not."""

from __future__ import annotations

import pytest

from qa.chat.lookups import lookups, read_as
from qa.types import Turn

TOPIC = Turn("When did the USMCA enter into force?", "It entered into force in 2020.")


def test_the_first_question_is_searched_as_asked() -> None:
    assert lookups("And what about it?", []) == ("And what about it?",)


@pytest.mark.parametrize(
    "question",
    [
        "How many consulates does Mexico have in the United States?",
        "Which river marks the border between Texas and Chihuahua?",
        "Who signed the treaty of Guadalupe Hidalgo in 1848?",
    ],
)
def test_a_question_with_words_of_its_own_stands_alone(question: str) -> None:
    assert lookups(question, [TOPIC]) == (question,)


@pytest.mark.parametrize(
    "question",
    [
        "And when does it end?",
        "What about Canada?",
        "Who signed it?",
        "Why?",
        "When did they sign that?",
        "How about the earlier agreement between the three countries?",
    ],
)
def test_a_question_that_leans_on_the_last_is_searched_with_it_in_front(question: str) -> None:
    assert lookups(question, [TOPIC]) == (f"{TOPIC.question} {question}",)


def test_a_chain_of_follow_ups_keeps_the_topic_and_the_last_question() -> None:
    turns = [TOPIC, Turn("Who signed it?"), Turn("And when?")]
    assert lookups("Where?", turns) == (f"{TOPIC.question} And when? Where?",)


def test_a_new_topic_replaces_the_old_one() -> None:
    newer = Turn("How many consulates does Mexico have in the United States?")
    assert lookups("Where are they?", [TOPIC, newer]) == (f"{newer.question} Where are they?",)


def test_a_conversation_that_never_named_a_topic_goes_back_to_its_first_question() -> None:
    assert lookups("Why?", [Turn("What is it?"), Turn("And then?")]) == ("What is it? And then? Why?",)


@pytest.mark.parametrize("question", ["What is the salary of the ambassador?", "When was the Battle of Hastings?"])
def test_a_question_with_two_words_of_its_own_is_tried_as_typed_and_then_with_the_topic(question: str) -> None:
    assert lookups(question, [TOPIC]) == (question, f"{TOPIC.question} {question}")


def test_marks_in_a_question_mean_nothing() -> None:
    assert lookups("What does [1] say?", [TOPIC])[-1].endswith("What does [1] say?")


def test_answers_are_not_searched_for() -> None:
    assert lookups("Why?", [TOPIC]) == (f"{TOPIC.question} Why?",)


def test_the_same_turns_give_the_same_question() -> None:
    assert lookups("Why?", [TOPIC]) == lookups("Why?", (TOPIC,))


def test_a_question_about_that_is_read_behind_the_one_before_it() -> None:
    before = [Turn("How was the loan used?"), Turn("When was it paid back?")]
    assert read_as("Was that late?", before) == "When was it paid back? Was that late?"
    assert read_as("What share of imports is that?", before) == "What share of imports is that?"
    assert read_as("Was that late?", []) == "Was that late?"
