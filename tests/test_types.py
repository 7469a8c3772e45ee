"""The nouns: spans count characters half-open, and derived facts come from what is nested."""

from __future__ import annotations

import dataclasses

import pytest

from qa.types import Citation, Document, FileState, LedgerEntry, Place, Section, Span, Verdict
from tests.samples import document, hit, passage, place


def test_a_span_cuts_its_start_and_leaves_its_end() -> None:
    assert Span(2, 5).of("abcdefg") == "cde"


def test_a_span_may_be_empty_and_has_its_length() -> None:
    assert (len(Span(3, 3)), len(Span(2, 5)), Span(3, 3).of("abc")) == (0, 3, "")


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2)])
def test_a_span_that_runs_backwards_or_begins_before_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match=rf"0 <= start <= end, got {start}\.\.{end}"):
        Span(start, end)


def test_a_span_past_the_end_is_refused_instead_of_cut_short() -> None:
    with pytest.raises(ValueError, match=r"1\.\.4 reaches past a text of 3"):
        Span(1, 4).of("abc")


def test_touching_spans_do_not_overlap() -> None:
    assert not Span(0, 3).overlaps(Span(3, 5))
    assert Span(0, 4).overlaps(Span(3, 5))
    assert Span(3, 5).overlaps(Span(0, 4))


def test_a_span_contains_itself_and_what_shares_an_edge() -> None:
    assert Span(2, 6).contains(Span(2, 6))
    assert Span(2, 6).contains(Span(3, 6))
    assert not Span(2, 6).contains(Span(2, 7))
    assert not Span(2, 6).contains(Span(1, 3))


def test_spans_sort_by_start_then_end() -> None:
    assert sorted([Span(2, 3), Span(0, 9), Span(0, 4)]) == [Span(0, 4), Span(0, 9), Span(2, 3)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_from_one_as_an_editor_does(end: str) -> None:
    text = end.join(["one", "two", "", "four\x0cstill four"])
    lined = Document("a.txt", "d", "a", text, (), by_line=True)
    four = text.index("four")
    assert [(found.label, found.span.of(text)) for found in lined.places_of(Span(0, four + 4))] == [
        ("1", "one"),
        ("2", "two"),
        ("4", "four"),
    ]
    assert [found.label for found in lined.places_of(Span(four, len(text)))] == ["4"]
    assert [found.label for found in lined.places_of(Span(2, 3 + len(end) + 1))] == ["1", "2"]
    assert all(int(found.label) > 1 for at in range(3, len(text)) for found in lined.places_of(Span(at, len(text))))


def test_where_places_are_known_lines_are_not_told() -> None:
    page = Place("page", "i", Span(0, 3))
    assert Document("a", "d", "a", "one\ntwo", (), (page,), by_line=True).places_of(Span(0, 7)) == (page,)
    assert Document("a", "d", "a", "one\ntwo", ()).places_of(Span(0, 7)) == ()


def test_context_is_the_title_then_the_heading_path() -> None:
    assert Section(None, ("Returns", "Postage"), Span(0, 1)).context("Handbook") == "Handbook › Returns › Postage"


def test_context_does_not_say_a_title_twice_that_opens_the_heading_path() -> None:
    assert Section(None, ("Handbook", "Returns"), Span(0, 1)).context("Handbook") == "Handbook › Returns"


def test_context_without_title_or_heading_is_empty() -> None:
    assert Section(None, (), Span(0, 1)).context("") == ""


def test_a_passage_takes_source_section_and_score_from_its_best_hit() -> None:
    text = document("One. Two.", source="b.md", heading=("H",))
    first, second = hit(text, "One.", 0.8), hit(text, "Two.", 0.9)
    shown = dataclasses.replace(passage(text, "One."), hits=(first, second))
    assert (shown.source, shown.section.heading, shown.score) == ("b.md", ("H",), 0.8)


def test_a_citation_reads_its_words_out_of_the_passage_by_absolute_offsets() -> None:
    text = document("Nothing here. The pump is red. The end.")
    shown = passage(text, "The pump is red. The end.")
    quote = place(text, "The pump is red.")
    assert quote == Span(14, 30)
    assert Citation(shown, text.digest, quote).text == "The pump is red."


def test_verdicts_and_file_states_are_spelled_as_the_interface_has_them() -> None:
    assert [str(verdict) for verdict in Verdict] == ["answered", "unsure", "not_found"]
    assert [str(state) for state in FileState] == ["indexed", "partly", "skipped", "failed"]


def test_the_nouns_cannot_be_changed() -> None:
    for thing in (Span(0, 1), Document("a", "d", "t", "x", ()), LedgerEntry("a", FileState.INDEXED)):
        field = dataclasses.fields(thing)[0].name
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, field, None)
