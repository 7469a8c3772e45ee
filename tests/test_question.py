"""What a question asks for, by its form: the kind of answer, and the labels it speaks of."""

from __future__ import annotations

import pytest

from qa.answer.question import Asked, analyse, fits
from qa.answer.signals import WeighedQuestion
from qa.answer.tables import value_of_label
from tests.fakes import PlainVocabulary


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("who signed the lease", Asked.WHO),
        ("tell me who signed it", Asked.WHO),
        ("may a client who pays late cancel", Asked.YES_NO),
        ("when was it signed?", Asked.WHEN),
        ("my visa ran out, when do I have to leave", Asked.WHEN),
        ("extra charge when paying by card?", Asked.ANY),
        ("where do I park", Asked.WHERE),
        ("office where visas are issued", Asked.ANY),
        ("how much heat does the library use?", Asked.MEASURE),
        ("how much does a visa cost", Asked.MONEY),
        ("how long till I get it back", Asked.DURATION),
        ("phone number of the duty officer", Asked.PHONE),
        ("they took my papers, who can I ring at night?", Asked.PHONE),
        ("lost my phone, will they let me in?", Asked.ANY),
        ("what is the email of the ambassador", Asked.EMAIL),
        ("embassy website", Asked.CONTACT),
        ("may I rebuild a website to practise", Asked.YES_NO),
        ("release day of toolbelt 0.8.0", Asked.WHEN),
        ("how do I join", Asked.MANNER),
    ],
)
def test_a_question_asks_for_a_kind_of_answer(text: str, asked: Asked) -> None:
    assert analyse(text).asked is asked


@pytest.mark.parametrize(
    ("asked", "words", "fit"),
    [
        (Asked.PHONE, "Call 555-0187.", 1.0),
        (Asked.PHONE, "dial 911", 1.0),
        (Asked.PHONE, "Sacramento, CA 95833-3505", -1.0),
        (Asked.EMAIL, "write to help@example.org", 1.0),
        (Asked.EMAIL, "Call 555-0187.", -1.0),
        (Asked.MEASURE, "the whole fee", 1.0),
        (Asked.MEASURE, "quite enough", -1.0),
        (Asked.ANY, "anything", 0.0),
    ],
)
def test_words_are_of_the_kind_asked_for_or_cannot_be(asked: Asked, words: str, fit: float) -> None:
    assert fits(asked, words) == fit


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("release date of mpmath 2.0", ("2.0",)),
        ("which version of h11 added HTTP/3", ("HTTP/3",)),
        ("is 2.5 million a lot", ()),
        ("a fee of 3.5 %?", ()),
        ("what does § 13 (2) allow", ("§ 13 (2)",)),
    ],
)
def test_versions_and_codes_tell_things_apart_and_amounts_do_not(text: str, labels: tuple[str, ...]) -> None:
    assert analyse(text).labels == labels


@pytest.mark.parametrize("text", ["Licence 2 ends it.", "Licence, version 2", "licence-2.0", "Licence No. 2"])
def test_a_label_is_found_however_it_is_written(text: str) -> None:
    asked = WeighedQuestion("what does licence 2 say", PlainVocabulary())
    assert asked.labels[0].search(text.casefold())
    assert not asked.labels[0].search("licence 2.1 and licence 20")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Type of building: Warehouse", ("Type of building", "Warehouse")),
        ("- **Key expiry**: `2027-12-18`", ("Key expiry", "`2027-12-18`")),
        ("It opens at 9:30 and closes late.", None),
        ("See https://example.org for more", None),
        ("There are three of them:", None),
        ("The rule that we have followed since the first year: pay first.", None),
    ],
)
def test_a_line_of_a_label_and_its_value_is_taken_apart(text: str, parts: tuple[str, str] | None) -> None:
    found = value_of_label(text)
    assert (found and tuple(part.of(text) for part in found)) == parts
