"""What every translator of questions does: words to look a question up by, or None where its own will do."""

from __future__ import annotations

import pytest

from qa.gloss import SpanishGlossary
from qa.protocols import QueryTranslator
from tests.fakes import LatinTranslator

FOREIGN = {"latin": "Who bakes the panem?", "spanish": "¿Quién hornea el pan?"}


@pytest.fixture(params=FOREIGN)
def way(request: pytest.FixtureRequest) -> tuple[QueryTranslator, str]:
    name: str = request.param
    return (LatinTranslator() if name == "latin" else SpanishGlossary()), FOREIGN[name]


def in_documents(word: str) -> bool:
    return word in ("who", "bakes", "bread")


def test_a_question_in_its_language_is_put_in_the_documents_words(way: tuple[QueryTranslator, str]) -> None:
    translator, foreign = way
    words = translator.translate(foreign, in_documents)
    assert words is not None
    assert {"who", "bakes", "bread"} <= set(words.casefold().rstrip("?").split())


@pytest.mark.parametrize("question", ["Who bakes the bread?", "", "?", "1848"])
def test_any_other_question_is_left_as_it_is(way: tuple[QueryTranslator, str], question: str) -> None:
    assert way[0].translate(question, in_documents) is None


def test_the_same_question_gives_the_same_words(way: tuple[QueryTranslator, str]) -> None:
    translator, foreign = way
    assert translator.translate(foreign, in_documents) == translator.translate(foreign, in_documents)
