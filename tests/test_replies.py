"""Replies that are no search, end to end over a small collection without weights: what they say, quote and show."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qa.batch import read_turns
from qa.chat.documents import documents_named
from qa.cli import _exit_code
from qa.engine import Engine
from qa.types import Kind, Turn, Verdict
from qa.ui.answer_json import to_json
from qa.ui.render import answer_html, evidence_html, to_text

GUIDE = """# Island guide

Skip to content

## Getting there

The ferry to the island takes forty minutes in good weather. Bicycles travel free of charge on every ferry of the line.

## Staying

The island has two small inns and one camp site by the lake. Both of the inns close from November until March.

## Eating

Fresh fish is sold at the harbour every morning at six. The bakery opens on Sundays, too, in the summer months.
"""
HANDBOOK = "This handbook is for staff.\n\nLeave is asked for in writing. Anna Berg decides within a week of asking.\n"


@pytest.fixture
def engine(engine_over: Callable[[dict[str, str]], Engine]) -> Engine:
    return engine_over({"guide.md": GUIDE, "staff.txt": HANDBOOK})


def test_a_greeting_is_answered_without_a_quotation_and_is_no_failure(engine: Engine) -> None:
    reply = engine.ask("hello")
    assert (reply.answer.kind, reply.answer.verdict, reply.answer.citations) == (Kind.SOCIAL, Verdict.NOT_FOUND, ())
    assert to_text(reply.answer, colour=False).startswith("Hello.")
    assert "Not in your documents" not in answer_html(reply.answer, 1)
    assert _exit_code(reply) == 0


def test_the_documents_are_listed_with_their_titles(engine: Engine) -> None:
    answer = engine.ask("What documents do you have?").answer
    assert answer.kind is Kind.OVERVIEW
    assert answer.text == "2 documents:\n• guide.md: Island guide\n• staff.txt"


def test_an_overview_quotes_a_sentence_of_every_section_and_no_boilerplate(engine: Engine) -> None:
    answer = engine.ask("Summarise the island guide").answer
    headings = [citation.passage.section.heading[-1] for citation in answer.citations]
    assert list(dict.fromkeys(headings)) == ["Getting there", "Staying", "Eating"]
    text = engine.index.document("guide.md").text
    assert all(citation.quote.of(text) == citation.text for citation in answer.citations)
    assert "Skip to content" not in answer.text
    assert "Sections: Getting there; Staying; Eating." in answer.text
    engine.check(answer)


def test_of_all_documents_each_is_quoted(engine: Engine) -> None:
    answer = engine.ask("what is this about?").answer
    assert {citation.passage.source for citation in answer.citations} == {"guide.md", "staff.txt"}


def test_who_is_mentioned_is_looked_for_in_every_document(engine: Engine) -> None:
    answer = engine.ask("Who is mentioned?").answer
    assert answer.kind is Kind.OVERVIEW
    assert "Anna Berg" in answer.text


@pytest.mark.parametrize(
    ("words", "sources"),
    [
        ("guide.md", ("guide.md",)),
        ("the island guide", ("guide.md",)),
        ("the staff handbook", ("staff.txt",)),
        ("the handbook", ("staff.txt",)),
        ("the ferry", ()),
        ("the tax code", ()),
    ],
)
def test_a_document_is_found_by_name_title_or_what_it_calls_itself(
    engine: Engine, words: str, sources: tuple[str, ...]
) -> None:
    assert documents_named(engine.index, words) == sources


def test_a_count_in_json_gives_each_place(engine: Engine) -> None:
    shown = to_json(engine.ask("How many times is the ferry mentioned?").answer)
    places = [[at, at + 5] for at in range(len(GUIDE)) if GUIDE.startswith("ferry", at)]
    assert shown["kind"] == "count"
    assert shown["occurrences"] == {
        "total": 2,
        "documents": [{"source": "guide.md", "count": 2, "spans": places}],
        "scanned": 2,
        "unread": 0,
    }
    assert {citation["source"] for citation in shown["citations"]} == {"guide.md"}


def test_the_page_shows_what_was_done_and_the_way_back_to_a_search(engine: Engine) -> None:
    shown = answer_html(engine.ask("How many times is the ferry mentioned?").answer, 1)
    assert "Counted in every document." in shown
    assert 'data-ask="search: How many times is the ferry mentioned?"' in shown
    assert "“ferry”: 2 times" in shown


def test_a_search_instead_is_a_search(engine: Engine) -> None:
    answer = engine.ask("search: How many times is the ferry mentioned?").answer
    assert answer.kind is Kind.PASSAGE
    assert answer.searched == "How many times is the ferry mentioned?"


def test_what_a_follow_up_stands_for_is_searched_for_and_shown(engine: Engine) -> None:
    answer = engine.ask("when do they close?", [Turn("Where are the inns?")]).answer
    assert answer.searched == "When do the inns close?"
    shown = answer_html(answer, 1)
    if answer.verdict is not Verdict.NOT_FOUND:
        assert 'data-edit="When do the inns close?"' in shown


def test_nothing_is_said_to_be_missing_beside_a_reply_without_quotes(engine: Engine) -> None:
    assert evidence_html(engine.ask("thanks").answer, 1) == '<p class="empty">Nothing is quoted here.</p>'


def test_the_assistants_messages_answer_the_users() -> None:
    history = [
        {"role": "user", "content": "Who built it?"},
        {"role": "assistant", "content": "John Vance. [1]"},
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "When?"},
    ]
    assert list(read_turns(history, "here")) == [Turn("Who built it?", "John Vance. [1]"), Turn("When?")]
