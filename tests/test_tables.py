"""Tables: a chunk that begins inside one knows its header, and the row that is asked for is quoted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qa.answer.tables import header_of, passed_over, picked, under
from qa.chunk import chunk_document
from qa.engine import Engine
from qa.types import is_row
from tests.samples import document

HEADER = "| Country | Exports | Imports |"
NAMES = ["Portugal", "Norway", "Chile", "Kenya", "Vietnam", "Canada", "Iceland", "Peru", "Ghana", "Nepal"]
ROWS = [f"| {name} | {100 + at} | {200 + at} |" for at, name in enumerate(NAMES)]
TABLE = "\n".join([HEADER, "|---|---|---|", *ROWS])


def headers(text: str, size: int = 90) -> list[str]:
    return [chunk.header for chunk in chunk_document(document(text), size=size)]


def test_chunks_that_begin_inside_a_table_know_its_header() -> None:
    chunks = chunk_document(document(f"A word before.\n\n{TABLE}\n\nA word after."), size=90)
    inside = [chunk for chunk in chunks if chunk.text.startswith(tuple(ROWS))]
    assert len(inside) == 3
    assert {chunk.header for chunk in inside} == {HEADER}
    assert {chunk.header for chunk in chunks if HEADER in chunk.text} == {""}, "it holds the header itself"


def test_text_after_a_table_has_no_header() -> None:
    chunks = chunk_document(document(f"{TABLE}\n\n{'Prose goes on here. ' * 20}"), size=90)
    assert {chunk.header for chunk in chunks if "Prose" in chunk.text} <= {"", HEADER}
    assert [chunk.header for chunk in chunks if chunk.text.startswith("Prose")] == [""] * sum(
        chunk.text.startswith("Prose") for chunk in chunks
    )


def test_an_empty_line_ends_a_table() -> None:
    other = "\n".join(["Year | Rain", *(f"{1990 + at} | {at * 7} mm of rain in all" for at in range(12))])
    chunks = chunk_document(document(f"{TABLE}\n\n{other}"), size=90)
    assert {chunk.header for chunk in chunks if chunk.text.startswith("199")} == {"Year | Rain"}


def test_a_first_row_too_long_to_be_a_header_is_none() -> None:
    rows = "\n".join([f"{'long ' * 80}| b", *(f"row {at} | {at}" for at in range(20))])
    assert set(headers(rows)) == {""}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_rows_may_end_in_either_newline(newline: str) -> None:
    assert HEADER in headers(TABLE.replace("\n", newline))


def test_cells_stand_between_bars_or_tabs() -> None:
    assert [is_row(text) for text in ("a | b", "a\tb", "a|b", "\tindented", "plain")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_a_row_is_picked_by_its_label_and_a_header_never_alone() -> None:
    texts = [HEADER, *ROWS[:3]]
    # of three terms (norway, exports, 2021) the header holds one, Norway's row another; under the header it holds both
    over = passed_over(texts, [1 / 3, 0.0, 1 / 3, 0.0], [1 / 3, 1 / 3, 2 / 3, 1 / 3], HEADER)
    assert over == {0, 1, 3}


def test_the_row_that_is_picked_is_the_one_others_were_passed_over_for() -> None:
    texts = ["Hat;Maker", "Felt;Ada", "Straw;Bo"]
    # the question names "straw" (half of its terms) and, by the header, "maker"
    alone, together = [0.5, 0.0, 0.5], [0.5, 0.5, 1.0]
    over = passed_over(texts, alone, together, "Hat;Maker")
    assert over == {0, 1}
    assert picked(texts, alone, over, "Hat;Maker") == {2}
    assert picked(texts, alone, set(), "Hat;Maker") == set()


@pytest.mark.parametrize(
    ("texts", "header"),
    [
        (["Hat;Maker", "Felt;Ada"], "Hat;Maker"),
        (["Hat,Maker", 'Felt,"Ada, Bo"'], "Hat,Maker"),
        (["Hat,Maker"], ""),
        (["Hat,Maker", "Felt"], ""),
        (["In May, it rained.", "In June, it snowed."], ""),
        (["Consulate, Douglas, Arizona", "Consulate, Nogales, Arizona"], ""),
    ],
)
def test_rows_parted_by_commas_have_their_first_as_header(texts: list[str], header: str) -> None:
    assert header_of(texts, "") == header


def test_where_no_row_is_named_none_is_passed_over() -> None:
    assert passed_over([HEADER, *ROWS[:2]], [0.5, 0.0, 0.0], [0.5, 0.5, 0.5], HEADER) == set()


def test_a_first_row_that_says_as_much_as_any_stays() -> None:
    texts = ["Capital | Mexico City", "Currency | Mexican peso"]
    # "capital of Mexico": the first row holds both terms, no other adds to it
    assert passed_over(texts, [1.0, 0.5], [1.0, 1.0], texts[0]) == set()


def test_the_header_stands_before_rows_only() -> None:
    assert header_of(["Prose.", HEADER, ROWS[0]], "") == HEADER
    assert header_of(["Prose."], "") == ""
    assert under(HEADER, ["Prose.", HEADER, ROWS[0]]) == ["Prose.", HEADER, f"{HEADER} {ROWS[0]}"]


def test_a_row_far_below_its_header_is_found_by_the_headers_words(
    engine_over: Callable[[dict[str, str]], Engine],
) -> None:
    tables = {
        f"{kind}.md": "\n".join(
            [f"| Country | {kind} |", "|---|---|", *(f"| {n} land of many | {at} |" for at, n in rows)]
        )
        for kind, rows in (("Rainfall", list(enumerate(NAMES * 9))), ("Harvest", list(enumerate(NAMES * 9, 500))))
    }
    engine = engine_over(tables)
    for kind in ("Rainfall", "Harvest"):
        passages = engine.ask(f"{kind} in Nepal land").answer.passages
        whole = [passage.source for passage in passages if passage.hits[0].parts.coverage > 0.99]
        assert set(whole) == {f"{kind}.md"}, "only under its header does a row hold all three words"
    index = engine.index
    assert {index.chunk(row).header for row in index.rows_of("Rainfall.md")} == {"", "| Country | Rainfall |"}
