"""What kind of reply a question wants: talk and the rest told from questions about documents, in both languages."""

from __future__ import annotations

import pytest

from evals.routing import routed, utterances
from qa.chat.router import Route, Wanted, route
from qa.chat.social import Talk, is_random, reply, talk_of
from qa.types import Kind


def to(question: str, *, alone: bool = True) -> Route:
    return route(question, lambda words: words == "the annual report", alone=alone)


@pytest.mark.parametrize(
    ("said", "talk"),
    [
        ("hello", Talk.GREETING),
        ("Thanks a lot!", Talk.THANKS),
        ("ok, thanks, bye", Talk.FAREWELL),
        ("Hello! What can you do?", Talk.ABILITY),
        ("¿Quién eres?", Talk.WHO),
        ("vale", Talk.ASSENT),
        ("???", Talk.NOTHING),
        ("🙂", Talk.NOTHING),
    ],
)
def test_talk_is_told_by_all_its_words(said: str, talk: Talk) -> None:
    assert talk_of(said) is talk
    assert to(said).kind is Kind.SOCIAL


@pytest.mark.parametrize(
    "question",
    [
        "Hello Kitty sales in 2021?",
        "Thanks to whom was the treaty signed?",
        "help for arrested citizens",
        "How many consulates are there?",
        "What documents do I need to enter Mexico?",
        "What is NAFTA about?",
        "How often are elections held?",
        "Who wrote the treaty?",
        "What is the difference between a word and a morpheme?",
        "¿Qué documentos necesito para el visado?",
    ],
)
def test_what_only_looks_like_something_else_is_for_a_passage(question: str) -> None:
    assert to(question).kind is Kind.PASSAGE


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many times is NAFTA mentioned?", Route(Kind.COUNT, Wanted.OCCURRENCES, "NAFTA")),
        ("which documents mention “free trade”?", Route(Kind.COUNT, Wanted.DOCUMENTS_WITH, "“free trade”")),
        ("¿Cuántas veces se menciona la OTAN?", Route(Kind.COUNT, Wanted.OCCURRENCES, "la OTAN")),
        ("Which dates appear?", Route(Kind.COUNT, Wanted.VALUES, "dates")),
        (
            "How often is Oslo mentioned in the annual report?",
            Route(Kind.COUNT, Wanted.OCCURRENCES, "Oslo", "the annual report"),
        ),
        ("Does the annual report mention Oslo?", Route(Kind.COUNT, Wanted.OCCURRENCES, "Oslo", "the annual report")),
        ("What's this about?", Route(Kind.OVERVIEW, Wanted.SUMMARY)),
        ("Please summarise the annual report", Route(Kind.OVERVIEW, Wanted.SUMMARY, "the annual report")),
        ("What documents do you have?", Route(Kind.OVERVIEW, Wanted.DOCUMENTS)),
        ("Compare exports in 1990 and 2023", Route(Kind.COMPARISON, Wanted.COMPARISON)),
        ("How tall is it according to each source?", Route(Kind.COMPARISON, Wanted.BY_SOURCE, "How tall is it")),
    ],
)
def test_what_is_wanted_is_cut_out_as_typed(question: str, expected: Route) -> None:
    assert to(question) == expected


def test_a_document_that_is_not_there_is_no_document() -> None:
    assert to("summarise the tax code").kind is Kind.PASSAGE
    assert to("How often is Oslo mentioned in the tax code?").kind is Kind.PASSAGE
    assert to("Did Karin mention the tax code?").kind is Kind.PASSAGE


def test_it_is_the_collection_only_where_nothing_was_asked_before() -> None:
    assert to("What is it about?").kind is Kind.OVERVIEW
    assert to("What is it about?", alone=False).kind is Kind.PASSAGE


def test_a_search_that_is_asked_for_is_made() -> None:
    assert to("search: hello").kind is Kind.PASSAGE


def test_letters_struck_at_random_are_no_question_unless_a_document_has_them() -> None:
    assert is_random("sdkfjhskdf", lambda word: False)
    assert not is_random("sdkfjhskdf", lambda word: True)
    assert not is_random("rhythm", lambda word: False)
    assert not is_random("NAFTA", lambda word: False)


def test_a_reply_proposes_questions_in_the_language_of_what_was_said() -> None:
    assert reply(Talk.GREETING, "hola", ["A?", "B?"]).splitlines()[1:] == ["Podrías preguntar:", "• A?", "• B?"]
    assert reply(Talk.THANKS, "thanks", []) == "You're welcome."


def test_of_the_labelled_set_every_kind_is_sent_where_it_belongs_almost_always() -> None:
    taken = [(one.kind, routed(one.text)) for one in utterances()]
    assert len(taken) > 400
    for kind in set(Kind) - {Kind.PASSAGE}:
        said = [wanted for wanted, got in taken if got is kind]
        wanted = [got for wanted, got in taken if wanted is kind]
        assert sum(one is kind for one in said) / len(said) >= 0.95, kind
        assert sum(one is kind for one in wanted) / len(wanted) >= 0.92, kind
