"""Spanish questions in English words: told from others, put into words the collection has, names left alone."""

from __future__ import annotations

import gzip

import pytest

from qa.gloss import Gloss, gloss
from qa.gloss.cognates import cognate
from qa.gloss.glossary import TABLE
from qa.gloss.spanish import is_spanish
from qa.gloss.words import folded, stem
from training.glossary import align, by_hand, entries


def nothing(word: str) -> bool:
    return False


def collection(text: str) -> frozenset[str]:
    return frozenset(text.split())


@pytest.mark.parametrize(
    "question",
    [
        "¿Quién es?",
        "¿Cuántas oficinas tiene la empresa?",
        "cuantas oficinas tiene la empresa",
        "En que ano se fundo la ciudad?",
        "población de la ciudad de México",
        "Dime qué países comercian con México",
    ],
)
def test_a_spanish_question_is_told_with_and_without_its_marks(question: str) -> None:
    assert is_spanish(question)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "?",
        "2021",
        "Where is Rio de la Plata?",
        "What does ¿ mean, and when is it used?",
        "Who wrote Cien años de soledad?",
        "Oscar de la Hoya record",
        "When did El Niño hit Los Angeles?",
        "Qui est le président de la France ?",
        "Qual é a capital do Brasil?",
        "Chi è il presidente della Repubblica?",
        "Wer ist der Präsident?",
    ],
)
def test_a_question_in_another_language_is_not_taken_for_spanish(question: str) -> None:
    assert not is_spanish(question)
    assert gloss(question, nothing) is None


def test_question_words_numbers_and_names_come_through() -> None:
    known = collection("offices EducationUSA mexican territory").__contains__
    assert gloss("¿Cuántas oficinas tiene EducationUSA en territorio mexicano?", known) == Gloss(
        "how many offices has EducationUSA in mexican territory?", "es", ()
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("¿Quién fue?", "who was?"),
        ("¿Dónde está?", "where is?"),
        ("¿En qué año?", "in what year?"),
        ("¿en que ano?", "in what year?"),
        ("¿Cuánto?", "how much?"),
        ("¿Qué pasó en EE. UU.?", "what happened in united states?"),
        ("¿Cuánto es 1.234,5 en X25?", "how much is 1.234,5 in X25?"),
    ],
)
def test_each_form_of_asking_has_its_english(question: str, expected: str) -> None:
    found = gloss(question, nothing)
    assert found is not None
    assert found.text == expected


def test_an_adjective_comes_before_its_noun() -> None:
    found = gloss("¿Cuál es el sistema político mexicano?", collection("system political mexican").__contains__)
    assert found is not None
    assert found.text == "what is the mexican political system?"


def test_of_several_meanings_one_the_collection_has_is_taken() -> None:
    def hoja(known: str) -> str:
        found = gloss("¿Dónde está la hoja?", collection(known).__contains__)
        assert found is not None
        return found.text

    assert hoja("sheet") == "where is the sheet?"
    assert hoja("blade") == "where is the blade?"


def test_a_word_the_glossary_lacks_is_tried_as_a_cognate_and_else_left_and_named() -> None:
    known = collection("photosynthesis").__contains__
    assert gloss("¿Qué es la fotosíntesis?", known) == Gloss("what is the photosynthesis?", "es", ())
    assert gloss("¿Qué es el zxqvw?", known) == Gloss("what is the zxqvw?", "es", ("zxqvw",))


def test_a_name_the_collection_has_is_not_translated() -> None:
    found = gloss("¿Cuándo ganó Victoria?", collection("Victoria victory").__contains__)
    assert found is not None
    assert found.text.endswith("Victoria?")


def test_a_question_about_a_spanish_collection_is_left_as_it_is() -> None:
    spanish = "que los las para por una pero como desde sobre entre fue muy empresa fundó"
    assert gloss("¿Quién fundó la empresa?", collection(spanish).__contains__) is None


def test_the_same_question_always_has_the_same_gloss() -> None:
    question = "¿Qué relación tienen las importaciones con el precio del petróleo mexicano?"
    assert len({gloss(question, nothing) for _ in range(3)}) == 1


@pytest.mark.parametrize(
    ("spanish", "english"),
    [
        ("información", "information"),
        ("universidades", "universities"),
        ("rápidamente", "rapidly"),
        ("capitalismo", "capitalism"),
        ("farmacología", "pharmacology"),
    ],
)
def test_endings_and_spellings_lead_to_the_english_cognate(spanish: str, english: str) -> None:
    assert cognate(spanish, {english}.__contains__) == english


def test_short_words_have_no_cognates() -> None:
    assert cognate("pan", lambda word: True) is None


def test_forms_of_one_word_share_a_stem() -> None:
    assert {stem(word) for word in ("mexicano", "mexicanas", "Mexicana")} == {"mexican"}
    assert {stem(word) for word in ("fundar", "fundó", "fundaron", "fundado")} == {"fund"}


def test_folding_takes_accents_and_leaves_the_other_letter() -> None:
    assert folded("Añadió") == "añadio"


def test_the_glossary_is_small() -> None:
    assert TABLE.stat().st_size < 400_000


def test_the_shipped_glossary_holds_what_is_written_by_hand() -> None:
    lines = gzip.decompress(TABLE.read_bytes()).decode("utf-8").splitlines()
    assert [line for line in lines if line[0] in "=+*"] == by_hand()
    assert {"=quién\twho", "+leyes\tlaws", "*mexicanas\tmexican"} <= set(lines)


def test_what_stands_together_in_pairs_is_aligned() -> None:
    # each word is met twice, and but one English word is there both times
    pairs = [
        (("perros", "comen"), ("dogs", "eat")),
        (("perros", "duermen"), ("dogs", "sleep")),
        (("gatos", "comen"), ("cats", "eat")),
        (("gatos", "duermen"), ("cats", "sleep")),
    ]
    links = align(pairs)
    assert links == [frozenset({(0, 0), (1, 1)})] * 4
    assert entries(pairs, links) == [
        "comen\t2\teat\t2",
        "duermen\t2\tsleep\t2",
        "gatos\t2\tcats\t2",
        "perros\t2\tdogs\t2",
    ]
