"""What every reader does: one reading a text, in the order given; the text that answers is the likeliest."""

from __future__ import annotations

import pytest

from qa.protocols import Reader
from qa.reader.onnx import OnnxReader
from tests.fakes import WordReader

TEXTS = [
    "The committee met again and talked about the weather for a while.",
    "The treaty was signed in 1848 in the town of Guadalupe Hidalgo, and the war ended.",
    "Tomatoes want sun and water.",
]


@pytest.fixture(params=["words", "onnx"], scope="module")
def reader(request: pytest.FixtureRequest) -> Reader:
    return WordReader() if request.param == "words" else OnnxReader()


def test_the_text_that_answers_is_the_likeliest(reader: Reader) -> None:
    readings = reader.read("Where was the treaty signed?", TEXTS)
    assert [reading.probability for reading in readings].index(max(r.probability for r in readings)) == 1
    assert all(0 <= reading.probability <= 1 for reading in readings)


def test_the_span_lies_in_its_text_and_holds_words(reader: Reader) -> None:
    for text, reading in zip(TEXTS, reader.read("Where was the treaty signed?", TEXTS), strict=True):
        assert reading.span.end <= len(text)
    words = reader.read("Where was the treaty signed?", TEXTS)[1].span.of(TEXTS[1])
    assert words == words.strip() != ""


def test_readings_come_in_the_order_of_the_texts(reader: Reader) -> None:
    forth = reader.read("Where was the treaty signed?", TEXTS)
    back = reader.read("Where was the treaty signed?", TEXTS[::-1])
    assert [reading.span for reading in forth] == [reading.span for reading in back[::-1]]
    assert [r.probability for r in forth] == pytest.approx([r.probability for r in back[::-1]], abs=1e-3)


def test_reading_twice_gives_the_same(reader: Reader) -> None:
    assert reader.read("Where was it signed?", TEXTS) == reader.read("Where was it signed?", TEXTS)


def test_no_texts_have_no_readings(reader: Reader) -> None:
    assert reader.read("Where was it signed?", []) == []


def test_an_answer_far_into_a_long_text_is_found(reader: Reader) -> None:
    text = TEXTS[0] * 60 + " " + TEXTS[1]
    (reading,) = reader.read("Where was the treaty signed?", [text])
    assert reading.span.start > len(TEXTS[0]) * 60


@pytest.mark.parametrize("text", ["", " ", "\x01", "😀", "x" * 5_000, "漢字" * 2_000])
def test_any_text_has_a_reading(reader: Reader, text: str) -> None:
    (reading,) = reader.read("Where was it signed?", [text])
    assert 0 <= reading.probability <= 1
    assert reading.span.end <= len(text)


@pytest.mark.parametrize("question", ["x", "why " * 5_000, "😀 ok"])
def test_any_question_can_be_read_for(reader: Reader, question: str) -> None:
    assert len(reader.read(question, TEXTS)) == 3


def test_no_answer_lies_in_what_stands_above_a_text(reader: Reader) -> None:
    above = "The treaty was signed in the town of Guadalupe Hidalgo"
    readings = reader.read("Where was the treaty signed?", TEXTS, [above] * 3)
    assert len(readings) == 3
    for text, reading in zip(TEXTS, readings, strict=True):
        assert reading.span.end <= len(text)


def test_what_stands_above_changes_no_place(reader: Reader) -> None:
    (reading,) = reader.read("Where was the treaty signed?", [TEXTS[1]], ["History › Wars"])
    words = reading.span.of(TEXTS[1])
    assert words == words.strip() != ""
