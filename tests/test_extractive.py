"""The extractive answerer: verbatim sentences, the best first, each with the mark of its passage."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from qa.answer.extractive import ExtractiveAnswerer
from qa.types import Passage, Reading, Span
from tests.samples import document, hit, passage, place

PUMPS = document("Pumps are loud. The red pump moves forty litres. It stands outside.", "pumps.txt")
DOORS = document("Doors are quiet. The blue door sticks.", "doors.txt")


def shares(words: str) -> ExtractiveAnswerer:
    """Return an answerer to which a sentence that holds `words` has all of a question's terms, others none."""

    def coverage(question: str, texts: Sequence[str]) -> list[float]:
        del question
        return [float(words in text) for text in texts]

    return ExtractiveAnswerer(coverage)


def passages() -> list[Passage]:
    return [passage(PUMPS, PUMPS.text, 1, score=0.9, best=1), passage(DOORS, DOORS.text, 2, score=0.5, best=0)]


def test_the_best_sentence_is_quoted_word_for_word_with_its_mark() -> None:
    draft = shares("red pump").write("What does the red pump move?", passages())
    assert draft.text == "The red pump moves forty litres. [1]"
    assert [(quote.number, quote.span.of(PUMPS.text)) for quote in draft.quotes] == [
        (1, "The red pump moves forty litres.")
    ]


def test_a_sentence_of_a_lower_passage_can_be_the_best() -> None:
    # equally near in meaning, from passages that score alike: the words decide
    better = [passage(PUMPS, PUMPS.text, 1, score=0.5, best=1), passage(DOORS, DOORS.text, 2, score=0.5, best=1)]
    assert shares("blue door").write("Which door sticks?", better).text == "The blue door sticks. [2]"


def test_a_sentence_about_as_good_is_quoted_too_on_a_line_of_its_own() -> None:
    twice = document("The red pump moves water. The red pump moves oil. Nothing else does.", "twice.txt")
    found = hit(twice, twice.text, 0.9)
    equal = Passage(1, (type(found)(found.chunk, 0.9, found.parts, (0.8, 0.8, 0.1)),), found.chunk.span, twice.text)
    draft = shares("red pump").write("What does the red pump move?", [equal])
    assert draft.text == "The red pump moves water. [1]\nThe red pump moves oil. [1]"
    assert len(draft.quotes) == 2


def test_no_more_than_three_sentences_are_quoted() -> None:
    many = document(" ".join(f"The pump number {word} moves water." for word in "ABCDEF"), "many.txt")
    found = hit(many, many.text, 0.9)
    equal = Passage(1, (type(found)(found.chunk, 0.9, found.parts, (0.8,) * 6),), found.chunk.span, many.text)
    draft = shares("pump").write("Which pump moves water?", [equal])
    assert draft.text.splitlines() == [
        "The pump number A moves water. [1]",
        "The pump number B moves water. [1]",
        "The pump number C moves water. [1]",
    ]


def test_a_reading_in_a_row_that_is_not_asked_for_speaks_for_the_one_that_is() -> None:
    table = document("Hat | Maker\nFelt | Ada\nStraw | Bo", "hats.txt")
    shown = passage(table, table.text, 1, score=0.9)
    read = dataclasses.replace(shown.hits[0], reading=Reading(place(table, "Ada"), 3.0))
    other = dataclasses.replace(passage(DOORS, DOORS.text, 2, score=0.5).hits[0], reading=Reading(Span(0, 5), 3.0))
    found = [
        dataclasses.replace(shown, hits=(read,)),
        dataclasses.replace(passage(DOORS, DOORS.text, 2), hits=(other,)),
    ]
    quote = shares("Straw").write("Who is the maker of straw?", found).quotes[0]
    assert (quote.number, quote.span, quote.focus) == (1, place(table, "Straw | Bo"), None)


def test_a_sentence_pasted_in_is_quoted_itself_whatever_a_reader_makes_of_it() -> None:
    shown = passage(PUMPS, PUMPS.text, 1, score=0.9, best=0)
    read = dataclasses.replace(shown.hits[0], reading=Reading(place(PUMPS, "outside"), 9.0))
    found = [dataclasses.replace(shown, hits=(read,))]
    pasted = "the red pump moves forty litres"
    assert shares("nothing").write(pasted, found).quotes[0].span == place(PUMPS, "The red pump moves forty litres.")
    asked = document("Does the red pump move water? It does.", "faq.txt")
    shown = passage(asked, asked.text, 1, score=0.9, best=1)
    # a question that stands there word for word is answered by what follows it
    assert shares("It does").write("Does the red pump move water?", [shown]).quotes[0].span == place(asked, "It does.")


def test_only_the_three_best_passages_are_read_for_an_answer() -> None:
    others = [document(f"Nothing of use in {word}.", f"{word}.txt") for word in "abc"]
    read = [passage(of, of.text, at, score=0.5) for at, of in enumerate(others, start=1)]
    draft = shares("blue door").write("Which door sticks?", [*read, passage(DOORS, DOORS.text, 4, score=0.5)])
    assert 4 not in {quote.number for quote in draft.quotes}


def test_without_passages_the_draft_is_empty() -> None:
    draft = shares("x").write("What?", [])
    assert (draft.text, draft.quotes) == ("", ())
