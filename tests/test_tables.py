"""Tables: a chunk that begins inside one knows its header, and the row that is asked for is quoted."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qa.answer.tables import Row, header_of, rows_of
from qa.chunk import chunk_document
from qa.engine import Engine
from qa.types import is_row
from tests.samples import document, place

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


def cells(row: Row | None) -> list[str]:
    assert row
    return [cell.of(row.text) for cell in row.cells]


def test_cells_are_cut_at_bars_and_those_at_both_ends_make_none() -> None:
    assert cells(rows_of([ROWS[1]], HEADER)[0]) == ["Norway", "101", "201"]
    assert cells(rows_of(["Norway\t101\t"], "Country\tExports\tImports")[0]) == ["Norway", "101", ""]
    assert cells(rows_of(["Felt;Ada, Bo"], "Hat;Maker")[0]) == ["Felt", "Ada, Bo"]


def test_a_row_knows_its_header_and_prose_is_no_row() -> None:
    prose, header, norway = rows_of(["Prose, with commas.", HEADER, ROWS[1]], HEADER)
    assert prose is None
    assert header
    assert header.is_header
    assert norway
    assert (norway.header, norway.columns, norway.is_header) == (HEADER, ("Country", "Exports", "Imports"), False)


def about(*words: str) -> Callable[[str], float]:
    return lambda text: sum(word in text for word in words) / len(words)


def test_the_cell_asked_for_is_that_of_the_column_the_question_names() -> None:
    row = rows_of([HEADER, ROWS[1]], HEADER)[1]
    assert row
    found = row.cell_for(about("Norway", "Imports"), None)
    assert found
    assert found.of(row.text) == "201"


def test_where_no_column_is_named_the_cell_is_the_one_that_was_read() -> None:
    row = rows_of([HEADER, ROWS[1]], HEADER)[1]
    assert row
    assert row.cell_for(about("Norway"), None) is None
    assert row.cell_for(about("Norway"), place(document(ROWS[1]), "01")) == place(document(ROWS[1]), "101")


def test_a_row_with_other_cells_than_its_header_names_no_column() -> None:
    row = rows_of([HEADER, "| Norway | 101 |"], HEADER)[1]
    assert row
    assert row.columns == ()
    assert row.cell_for(about("Imports"), None) is None


@pytest.mark.parametrize(
    ("texts", "header"),
    [
        (["Hat;Maker", "Felt;Ada"], "Hat;Maker"),
        (["Hat,Maker", 'Felt,"Ada, Bo"'], "Hat,Maker"),
        (["Hat,Maker"], ""),
        (["Hat|Maker", "Felt|Ada"], "Hat|Maker"),
        (["Hat,Maker", "Felt"], ""),
        (["In May, it rained.", "In June, it snowed."], ""),
        (["Consulate, Douglas, Arizona", "Consulate, Nogales, Arizona"], ""),
    ],
)
def test_rows_parted_by_commas_have_their_first_as_header(texts: list[str], header: str) -> None:
    assert header_of(texts, "") == header


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
