"""Chunks: exact slices of one section, cut at sentences' edges, with nothing lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.chunk import chunk_document
from qa.load.sections import Heading, sections_of
from qa.types import Chunk, Document, Section, Span
from tests.samples import document


def texts(chunks: list[Chunk]) -> list[str]:
    return [chunk.text for chunk in chunks]


def assert_contract(of: Document, chunks: list[Chunk]) -> None:
    """Every slice equals its text, lies in its section with its sentences, and nothing but white space is left out."""
    for chunk in chunks:
        assert chunk.span.of(of.text) == chunk.text
        assert chunk.text == chunk.text.strip() != ""
        assert chunk.section in of.sections
        assert chunk.section.span.contains(chunk.span)
        assert chunk.sentences
        assert all(chunk.span.contains(sentence) and len(sentence) for sentence in chunk.sentences)
        assert list(chunk.sentences) == sorted(set(chunk.sentences))
    covered: set[int] = set()
    for chunk in chunks:
        covered.update(range(chunk.span.start, chunk.span.end))
    for section in of.sections:
        lost = [at for at in range(section.span.start, section.span.end) if at not in covered]
        assert {of.text[at] for at in lost if not of.text[at].isspace()} <= {"\ufeff"}


def test_a_text_shorter_than_a_chunk_is_one_chunk_without_the_space_around_it() -> None:
    chunks = chunk_document(document("  One thing. Another.\n"), size=100)
    assert texts(chunks) == ["One thing. Another."]
    assert chunks[0].span == Span(2, 21)
    assert chunks[0].sentences == (Span(2, 12), Span(13, 21))


def six_sentences() -> str:
    """Return six sentences of 20 characters with a blank between: they begin at 0, 21, 42, 63, 84 and 105."""
    return " ".join(["Here goes a sentence"[:19] + "."] * 6)


def test_a_chunk_takes_the_sentences_that_fit_and_ends_at_the_edge_of_the_last() -> None:
    # five sentences with their blanks are 105 characters, so four fit into 100; the fourth ends at 83
    assert [chunk.span for chunk in chunk_document(document(six_sentences()), size=100)] == [
        Span(0, 83),
        Span(84, 125),
    ]


def test_overlap_repeats_whole_sentences_of_the_chunk_before_and_no_more_than_asked() -> None:
    # the second chunk begins at 84; 45 characters before that is 39, and the first sentence to begin from
    # there on is the third, at 42
    chunks = chunk_document(document(six_sentences()), size=100, overlap=45)
    assert [chunk.span for chunk in chunks] == [Span(0, 83), Span(42, 125)]
    assert chunks[1].sentences == (Span(42, 62), Span(63, 83), Span(84, 104), Span(105, 125))


@pytest.mark.parametrize(("overlap", "second"), [(20, 84), (21, 63)])
def test_an_overlap_shorter_than_the_last_sentence_and_its_blank_repeats_nothing(overlap: int, second: int) -> None:
    chunks = chunk_document(document(six_sentences()), size=100, overlap=overlap)
    assert [chunk.span.start for chunk in chunks] == [0, second]


def test_a_chunk_never_crosses_a_section() -> None:
    text = "First part.\n# Heading\nSecond part."
    halves = (Section(None, ("A",), Span(0, 11)), Section(None, ("B",), Span(22, 34)))
    chunks = chunk_document(Document("a.md", "d", "t", text, halves), size=1000, overlap=500)
    assert [(chunk.text, chunk.section.heading) for chunk in chunks] == [
        ("First part.", ("A",)),
        ("Second part.", ("B",)),
    ]


def test_a_chunks_name_is_its_source_and_place() -> None:
    assert chunk_document(document("One. Two.", source="b.txt"), size=100)[0].id == "b.txt#0-9"


def test_a_sentence_longer_than_a_chunk_is_cut_and_each_piece_keeps_its_share_of_it() -> None:
    # 40 words of ten characters with their blank make one sentence of 400; size 100 cuts it in four
    text = ("abcdefghi " * 40).strip() + "."
    chunks = chunk_document(document(text), size=100)
    assert [chunk.sentences for chunk in chunks] == [(chunk.span,) for chunk in chunks]
    assert all(len(chunk.text) <= 150 for chunk in chunks)
    assert len(chunks) == 4
    assert " ".join(texts(chunks)) == text


def test_a_chunk_exceeds_its_size_by_no_more_than_half() -> None:
    text = " ".join(
        f"Sentence number {at} has some words in it, {'and more ' * (at % 9)}that is all." for at in range(80)
    )
    assert max(len(chunk.text) for chunk in chunk_document(document(text), size=200)) <= 300


def test_a_section_of_nothing_but_space_has_no_chunk() -> None:
    assert chunk_document(document(" \n \n"), size=100) == []


@pytest.mark.parametrize(("size", "overlap"), [(100, 51), (100, -1)])
def test_an_overlap_of_more_than_half_is_our_own_mistake(size: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="overlap must lie between 0 and half"):
        chunk_document(document("x"), size=size, overlap=overlap)


def test_a_run_of_blanks_longer_than_a_chunk_costs_nothing_around_it() -> None:
    text = "before" + " " * 2_000 + "after."
    chunks = chunk_document(document(text), size=100)
    assert_contract(document(text), chunks)
    assert "before" in chunks[0].text
    assert "after." in chunks[-1].text


def test_one_line_of_a_megabyte_is_cut_without_losing_a_character() -> None:
    words = "Der Bär läuft 😀 über den Fluß und 人 sieht ihn, "
    text = (words * (1_000_000 // len(words) + 1))[:1_000_000]
    of = document(text)
    chunks = chunk_document(of, size=900, overlap=200)
    assert_contract(of, chunks)
    assert len(chunks) > 1_000


def test_one_word_of_a_megabyte_is_cut_too() -> None:
    of = document("x" * 1_000_000)
    chunks = chunk_document(of, size=900)
    assert_contract(of, chunks)
    assert sum(len(chunk.text) for chunk in chunks) == 1_000_000


PIECES = st.sampled_from(
    [
        *"abc XYZ.!?,;:-|()\"'“”’…",
        "\n",
        "\r\n",
        "\r",
        "\n\n",
        "\r\n\r\n",
        "\t",
        "\ufeff",
        "e\u0301",  # e with a combining acute
        "n\u0303\u0332",
        "😀",
        "👩\u200d👩\u200d👧\u200d👦",  # a family: four people, three joiners
        "🏳️\u200d🌈",
        "漢字。",
        "カタカナ、",
        "שלום עולם. ",
        "\u202eمرحبا\u202c ",
        "\x01",
        "\x1b[31m",
        "\x1c",
        "\x85",
        "\u2028",
        "\u3000",
        "\xa0",
        " " * 130,
        "U.S. ",
        "Sentence one. ",
        "- item\n",
        "| a | b |\n",
        "# Heading\n",
        "word " * 30,
        "x" * 150,
    ]
)


@settings(max_examples=250, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=40), st.integers(100, 300), st.integers(0, 50), st.data())
def test_the_quote_contract_holds_for_any_text(pieces: list[str], size: int, overlap: int, data: st.DataObject) -> None:
    text = "".join(pieces)
    edges = data.draw(st.lists(st.integers(0, len(text)), max_size=3, unique=True).map(sorted))
    headings = [Heading(1 + at % 2, f"H{at}", Span(edge, edge)) for at, edge in enumerate(edges)]
    of = Document("a.txt", "d", "t", text, sections_of(text, headings))
    assert_contract(of, chunk_document(of, size=size, overlap=overlap))
