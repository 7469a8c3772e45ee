"""Workbooks and tables of plain text: cells as people see them, each with its name, offsets exact."""

from __future__ import annotations

import csv
import datetime
import io
import time
from typing import Literal

import openpyxl  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.comments import Comment  # type: ignore[import-untyped]
from openpyxl.styles import Font, PatternFill  # type: ignore[import-untyped]

from qa.load.extracted import Extracted, Limits, Reader, Unreadable
from qa.load.formats import csvfile, opendocument, sheets
from qa.load.formats.grid import column_name, column_number
from qa.load.formats.numberformat import shown, shown_text
from tests.office import FORMATS, damaged, owed, relations, survives, zipped


def read(data: bytes, extract: Reader = sheets.extract, limits: Limits | None = None) -> Extracted:
    return owed(extract(data, limits or Limits()))


def cells(found: Extracted) -> dict[str, str]:
    return {place.label: place.span.of(found.text) for place in found.places if place.kind == "cell"}


def hidden(found: Extracted) -> list[tuple[str, str]]:
    return [(one.span.of(found.text), one.why) for one in found.hidden]


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


# One workbook, as LibreOffice saves it in three formats


@pytest.mark.parametrize(
    ("extract", "name"),
    [
        (sheets.extract, "libreoffice.xlsx"),
        (sheets.extract, "libreoffice.xls"),
        (opendocument.extract, "libreoffice.ods"),
    ],
)
def test_a_workbook_reads_the_same_in_each_format(extract: Reader, name: str) -> None:
    found = read((FORMATS / name).read_bytes(), extract)
    assert found.text == (
        "Data\n\nName | Share | Date | Price\nBo | 25.6% | 2024-03-01 | 1,234.50 €\nSum | 2\n|  |  |  | far"
        "\n\nSecret\n\npsst\n\nEmpty"
    )
    assert [(one.level, one.words) for one in found.headings] == [(1, "Data"), (1, "Secret"), (1, "Empty")]
    first = {label: words for label, words in cells(found).items() if words != "psst"}
    assert (first["B2"], first["C2"], first["D2"], first["B4"], first["H9"]) == (
        *("25.6%", "2024-03-01", "1,234.50 €", "2", "far"),
    )
    assert hidden(found) == [("far", "hidden column"), ("Secret\n\npsst", "hidden sheet")]
    assert (found.parts, found.empty) == (3, ("sheet Empty: no text",))
    assert [place.label for place in found.places if place.kind == "sheet"] == ["Data", "Secret", "Empty"]


# XLSX


def test_hidden_rows_and_white_letters_are_flagged_and_white_on_a_filled_cell_is_not() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["A1"], sheet["A2"], sheet["A3"], sheet["A4"] = "seen", "row", "ghost", "head"
    sheet.row_dimensions[2].hidden = True
    sheet["A3"].font = Font(color="FFFFFFFF")
    sheet["A4"].font = Font(color="FFFFFFFF")
    sheet["A4"].fill = PatternFill("solid", fgColor="FF000066")
    found = read(saved(book))
    assert hidden(found) == [("row", "hidden row"), ("ghost", "invisible colour")]


def test_merged_cells_stand_wherever_they_reach_and_empty_rows_not_at_all() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet["B2"], sheet["D3"], sheet["B9"] = "over two", "x", "below"
    sheet.merge_cells("B2:C2")
    found = read(saved(book))
    assert found.text == "Sheet\n\nover two | over two\n|  | x\nbelow"
    assert cells(found) == {"B2": "over two", "C2": "over two", "D3": "x", "B9": "below"}


def test_formulas_without_a_saved_value_are_counted() -> None:
    book = openpyxl.Workbook()
    book.active.append(["=1+1", "=2+2", "kept"])
    found = read(saved(book))
    assert found.text == "Sheet\n\nkept"
    assert found.notes[0].startswith("Formulas without a saved value: 2, which are left out. Open the file in")


def test_comments_stand_after_their_sheet_with_the_cells_name() -> None:
    book = openpyxl.Workbook()
    book.active["C3"] = "words"
    book.active["C3"].comment = Comment("Is this right?", "Ada")
    found = read(saved(book))
    assert found.text == "Sheet\n\nwords\n\nIs this right?"
    assert [(one.label, one.span.of(found.text)) for one in found.places if one.kind == "comment"] == [
        ("C3", "Is this right?")
    ]


def test_line_breaks_in_a_cell_become_spaces_and_kinds_of_values_their_signs() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(
        ["two\nlines", True, 0.1 + 0.2, datetime.datetime(2024, 3, 1, 9, 30), datetime.time(7, 5), 12345678901234]
    )
    line = "two lines | TRUE | 0.3 | 2024-03-01 9:30:00 | 7:05:00 | 12345678901234"
    assert read(saved(book)).text == f"Sheet\n\n{line}"


def worksheet(inside: str, **more: str) -> bytes:
    uri = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return zipped(
        {
            "_rels/.rels": relations(officeDocument="xl/workbook.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{uri}" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/'
            'relationships"><sheets><sheet name="S" r:id="worksheet"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relations(worksheet="s.xml", **{kind: f"{kind}.xml" for kind in more}),
            "xl/s.xml": f'<worksheet xmlns="{uri}">{inside}</worksheet>',
            **{f"xl/{kind}.xml": f'<sst xmlns="{uri}">{content}</sst>' for kind, content in more.items()},
        }
    )


def test_a_cell_in_the_last_row_and_column_costs_no_more_than_itself() -> None:
    last = '<row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    inside = f'<sheetData><row r="1"><c r="A1"><v>1</v></c></row>{last}</sheetData>'
    started = time.perf_counter()
    assert cells(read(worksheet(inside))) == {"A1": "1", "XFD1048576": "2"}
    assert time.perf_counter() - started < 3


def test_cells_without_names_count_on_and_disorder_is_put_right() -> None:
    inside = (
        '<sheetData><row r="3"><c><v>c</v></c></row><row r="1"><c r="B1" t="str"><v>b</v></c>'
        '<c r="A1" t="str"><v>a</v></c><c r="A1" t="str"><v>aa</v></c></row></sheetData>'
    )
    found = read(worksheet(inside.replace("<v>c</v>", "<v>7</v>")))
    assert found.text == "S\n\naa | b\n7"
    assert cells(found) == {"A1": "aa", "B1": "b", "A3": "7"}


def test_shared_strings_leave_out_phonetic_hints_and_undo_escapes() -> None:
    strings = "<si><r><t>東</t></r><r><t>京</t></r><rPh><t>とう</t></rPh></si><si><t>a_x0041_b_xD800__x0000_</t></si>"
    inside = '<sheetData><row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>9</v></c></row></sheetData>'
    found = read(worksheet(inside, sharedStrings=strings))
    assert found.text == "S\n\n東京 | aAb_xD800__x0000_"


def test_cells_beyond_the_limit_are_counted_as_lost() -> None:
    inside = "<sheetData>" + "<row><c><v>12</v></c><c><v>34</v></c></row>" * 5 + "</sheetData>"
    found = read(worksheet(inside), limits=Limits(cells=4))
    assert found.text == "S\n\n12 | 34\n12 | 34"
    assert (found.lost, found.notes) == (12, ("Only the first 4 cells are read.",))


@pytest.mark.slow
def test_a_sheet_that_would_be_all_bars_stops_at_the_limit_of_characters() -> None:
    wide = "".join(f'<c r="{column_name(at)}1"><v>1</v></c>' for at in range(0, 16_384, 2))
    rows = "".join(f'<row r="{at}"><c r="XFC{at}"><v>1</v></c></row>' for at in range(2, 1000))
    found = read(worksheet(f'<sheetData><row r="1">{wide}</row>{rows}</sheetData>'), limits=Limits(characters=200_000))
    assert len(found.text) <= 200_000
    assert found.lost > 900


def test_what_is_no_workbook_is_refused_and_an_encrypted_one_says_so() -> None:
    for data, words in (
        (b"Name,Age", "is a zip archive"),
        ((FORMATS / "libreoffice.docx").read_bytes(), "isn't a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "it is damaged: its parts can't be found"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    ):
        with pytest.raises(Unreadable, match=words):
            sheets.extract(data, Limits())


@pytest.mark.parametrize(
    ("extract", "name"),
    [
        (sheets.extract, "libreoffice.xlsx"),
        (sheets.extract, "libreoffice.xls"),
        (opendocument.extract, "libreoffice.ods"),
    ],
)
def test_damaged_workbooks_are_read_or_refused_and_nothing_else(extract: Reader, name: str) -> None:
    data = (FORMATS / name).read_bytes()
    for spoiled in damaged(data, seed=len(name)):
        survives(extract, spoiled)
    survives(extract, data, Limits(characters=30, cells=3, pages=1))


def test_a_container_whose_sectors_follow_each_other_in_a_circle_is_refused() -> None:
    data = (FORMATS / "libreoffice.xls").read_bytes()
    table = 512 + 512 * int.from_bytes(data[76:80], "little")
    refused = 0
    for at in range(table, table + 40, 4):
        # each sector in turn is followed by itself
        own = ((at - table) // 4).to_bytes(4, "little")
        refused += not survives(sheets.extract, data[:at] + own + data[at + 4 :])
    assert refused > 5


# OpenDocument sheets


def test_repeated_cells_and_rows_are_all_there_and_the_empty_end_of_a_sheet_is_not() -> None:
    uri = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = " ".join(f'xmlns:{name}="{uri}:{name}:1.0"' for name in ("office", "table", "text"))
    rows = (
        '<table:table-row table:number-rows-repeated="2"><table:table-cell table:number-columns-repeated="3">'
        "<text:p>x</text:p></table:table-cell></table:table-row>"
        '<table:table-row table:number-rows-repeated="1048570">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )
    content = (
        f"<office:document-content {spaces}>"
        f'<office:body><office:spreadsheet><table:table table:name="T">{rows}</table:table></office:spreadsheet>'
        "</office:body></office:document-content>"
    )
    found = read(zipped({"content.xml": content}), opendocument.extract)
    assert found.text == "T\n\nx | x | x\nx | x | x"
    assert list(cells(found)) == ["A1", "B1", "C1", "A2", "B2", "C2"]
    bomb = content.replace('repeated="2"', 'repeated="1000000000"').replace('repeated="3"', 'repeated="16384"')
    started = time.perf_counter()
    lost = read(zipped({"content.xml": bomb}), opendocument.extract, Limits(cells=20_000))
    assert (len(cells(lost)), lost.lost > 10_000_000) == (16_384, True)
    assert time.perf_counter() - started < 5


# Numbers


@pytest.mark.parametrize(
    ("value", "code", "words"),
    [
        (0.256, "0.0%", "25.6%"),
        (1234567.891, "#,##0.00", "1,234,567.89"),
        (-5, "#,##0;(#,##0)", "(5)"),
        (-5, "0.0", "-5.0"),
        (0, '0.00;-0.00;"none"', "none"),
        (5, "00000", "00005"),
        (5.5, "0.##", "5.5"),
        (2.5, "0", "3"),
        (0.00012345, "0.00E+00", "1.23E-04"),
        (1234567, '0.0,,"M"', "1.2M"),
        (1.25, "# ?/?", "1 1/4"),
        (12, '"No. "0', "No. 12"),
        (99.5, "[$€-407] #,##0.00", "€ 99.50"),
        (1234.5, "_($* #,##0.00_)", "$1,234.50"),
        (7, "[>5]\\h\\i\\g\\h;[<=5]\\l\\o\\w", "high"),
        (3, "[>5]\\h\\i\\g\\h;[<=5]\\l\\o\\w", "low"),
        (45000.75, "dd.mm.yyyy hh:mm", "15.03.2023 18:00"),
        (45000.75, "d mmmm yyyy h:mm AM/PM", "15 March 2023 6:00 PM"),
        (45000.5, "[$-409]mmm d, yyyy", "Mar 15, 2023"),
        (1.5, "[h]:mm", "36:00"),
        (0.75, "hh:mm:ss", "18:00:00"),
        (59, "yyyy-mm-dd", "1900-02-28"),
        (61, "yyyy-mm-dd", "1900-03-01"),
        (0.1 + 0.2, "General", "0.3"),
        (1e20, "General", "1E+20"),
        (12345678901234, "General", "12345678901234"),
        (42, "General;General", "42"),
        (42, ";;;", ""),
    ],
)
def test_numbers_are_shown_as_their_format_says(value: float, code: str, words: str) -> None:
    assert shown(value, code) == words


def test_dates_may_be_counted_from_1904_and_text_has_a_format_too() -> None:
    assert shown(0, "yyyy-mm-dd", since_1904=True) == "1904-01-01"
    assert shown_text("Bo", '"Mr "@') == "Mr Bo"


@settings(max_examples=300, deadline=None)
@given(st.floats(), st.text(alphabet='0#?.,%E+-/yYmMdDhHsS[]"\\_*;@$€AP gG', max_size=12))
def test_any_number_in_any_format_is_some_text(value: float, code: str) -> None:
    assert isinstance(shown(value, code), str)


def test_columns_are_named_as_above_the_sheet() -> None:
    assert [column_name(at) for at in (0, 25, 26, 701, 702, 16_383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_number(column_name(at)) == at for at in range(0, 16_384, 97))


# CSV


def table(text: str, delimiter: str) -> list[list[str]]:
    """Return the values the scanner finds, doubled quotation marks made one as `csv` does."""
    rows = []
    for row in csvfile.scan(text, delimiter):
        quoted = [span.start > 0 and text[span.start - 1] == '"' for span in row]
        rows.append(
            [
                span.of(text).replace('""', '"') if inner else span.of(text)
                for span, inner in zip(row, quoted, strict=True)
            ]
        )
    return rows


FIELD = st.text(alphabet='ab",;\t|\n\r é😀', max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(FIELD, min_size=1, max_size=4), max_size=5),
    st.sampled_from(",;\t|"),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_the_scanner_reads_what_csv_writes(rows: list[list[str]], delimiter: str, line: str, quote_all: bool) -> None:
    buffer = io.StringIO(newline="")
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(buffer, delimiter=delimiter, lineterminator=line, quoting=quoting).writerows(rows)
    text = buffer.getvalue()
    again = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    assert [row for row in table(text, delimiter) if row] == again
    # otherwise `csv` leaves a "\r" unquoted that it then reads as the end of a row
    assert again == rows or not quote_all


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet='ab",;\t|\n\r é', max_size=60))
def test_any_text_is_divided_into_cells_that_lie_in_order(text: str) -> None:
    found = owed(csvfile.extract(text.encode(), Limits()))
    assert found.text == text


def test_the_text_is_the_file_and_rows_and_cells_are_places_in_it() -> None:
    text = '\ufeffName;Note;Price\r\nBo;"two\r\nlines; ""quoted""";1,5\r\n\r\n;;\r\nEve;;2,5'
    found = owed(csvfile.extract(text.encode("utf-8"), Limits()))
    assert found.text == text
    assert cells(found) == {
        "A1": "Name",
        "B1": "Note",
        "C1": "Price",
        "A2": "Bo",
        "B2": 'two\r\nlines; ""quoted""',
        "C2": "1,5",
        "A5": "Eve",  # an empty line is a row as any program shows it
        "C5": "2,5",
    }
    rows = [(place.label, place.span.of(text)) for place in found.places if place.kind == "row"]
    assert rows == [("1", "Name;Note;Price"), ("2", 'Bo;"two\r\nlines; ""quoted""";1,5'), ("5", "Eve;;2,5")]


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n", ";"),
        ("a\tb\n1,5\t2;5\n", "\t"),
        ("a|b\n1|2\n", "|"),
        ('"a, b",c\n"d, e",f\n', ","),
        ("just prose, here\nand one, and two, three\nnone\nnor here\n", "\x00"),
        ("one\ntwo\n", "\x00"),
        ("", "\x00"),
    ],
)
def test_the_delimiter_is_the_character_that_divides_evenly(text: str, delimiter: str) -> None:
    assert csvfile.find_delimiter(text) == delimiter


def test_excels_own_first_line_names_the_delimiter_and_is_not_part_of_the_body() -> None:
    found = csvfile.extract(b"sep=|\r\na|b\r\n", Limits())
    assert (found.start, cells(found)) == (7, {"A1": "a", "B1": "b"})


def test_a_quotation_mark_that_is_never_closed_swallows_nothing() -> None:
    found = csvfile.extract(b'5" disk,1\n"open,2\nc,3\n', Limits())
    assert cells(found) == {"A1": '5" disk', "B1": "1", "A2": '"open', "B2": "2", "A3": "c", "B3": "3"}


def test_other_encodings_are_read_and_named_and_bytes_that_are_no_text_refused() -> None:
    words = (
        "lugar;texto\nMérida;El señor Muñoz llegó en el año 1990 y no encontró a nadie\nLeón;después volvió a casa\n"
    )
    found = csvfile.extract(words.encode("cp1252"), Limits())
    assert (found.text, found.encoding) == (words, "cp1252")
    assert found.notes == ("Its encoding isn't stated and was guessed: cp1252.",)
    with pytest.raises(Unreadable, match="aren't text in any known encoding"):
        csvfile.extract(bytes(range(256)) * 10, Limits())


def test_limits_of_tables_cut_text_and_places_and_say_so() -> None:
    found = csvfile.extract(b"a,b\n" * 10, Limits(characters=20, cells=6))
    assert (len(found.text), found.lost, len(cells(found))) == (20, 20, 6)
    assert found.notes == (
        "Only its first 20 characters were read.",
        "Only the first 6 cells have places of their own.",
    )


@pytest.mark.parametrize(
    "hostile", ['"a,' * 100_000, '"' * 200_001, '""' * 100_000 + '"', '"a"b"' * 50_000, ",\n" * 50_000]
)
def test_hostile_tables_take_time_in_proportion(hostile: str) -> None:
    started = time.perf_counter()
    csvfile.extract(hostile.encode(), Limits())
    assert time.perf_counter() - started < 3
