"""PDFs to text: reading order, spaces, tables, running headers, hidden words; and quotes back to their rectangles."""

from __future__ import annotations

import ctypes
import io
import os
import random
import re
import shutil
import threading
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from PIL import Image, ImageOps

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats import ocr
from qa.load.formats.pdf import Box, extract, locate, render
from qa.load.formats.pdf.pdfium import File
from qa.load.isolated import Worker
from qa.sentences import find_sentences
from qa.types import Place, Span

DATA = Path(os.environ.get("QUOTH_EVAL_DATA") or Path(__file__).resolve().parents[2] / "shared")
OCR = pytest.mark.skipif(
    shutil.which("tesseract") is None and not os.environ.get("QUOTH_REQUIRE_OCR"),
    reason="Tesseract (tesseract-ocr) isn't installed",
)
FILINGS = sorted((DATA / "pdfs").glob("*.pdf"))

PROSE = [
    "The warehouse in Lyon ships parcels on Tuesdays and on Fridays, and",
    "on no other day of the week, since the ferry to the islands sails at",
    "noon on these two days alone. Whoever needs a parcel sooner may come",
    "to the counter and take it home.",
]
JOINED = " ".join(PROSE)
LEFT = [
    "Bees gather nectar from clover,",
    "and from lime trees in early",
    "summer when the days are long",
    "and the nights are warm enough",
    "for the flowers to stay open.",
]
RIGHT = [
    "Wasps hunt for flies and other",
    "small prey, which they carry to",
    "the nest to feed their young as",
    "long as the season lasts and as",
    "the queen goes on laying eggs.",
]


# A writer of small PDFs, so that a test says exactly what is in the file


def say(x: float, y: float, words: str, size: float = 10, font: str = "F1", extra: str = "") -> str:
    """Return the operators that set words at a point, y from the bottom."""
    escaped = words.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    return f"BT /{font} {size} Tf {extra} 1 0 0 1 {x} {y} Tm ({escaped}) Tj ET\n"


def stack(x: float, y: float, lines: Sequence[str], size: float = 10, leading: float = 12, font: str = "F1") -> str:
    """Return the operators that set lines one below the other."""
    return "".join(say(x, y - number * leading, line, size, font) for number, line in enumerate(lines))


def write(
    pages: Sequence[str],
    *,
    page_extra: str = "",
    catalog: str = "",
    info: str = "",
    trailer: str = "",
    objects: Sequence[str] = (),
) -> bytes:
    """Return a PDF of these content streams; `objects` are numbered from 10, pages stand behind them."""
    image = "<</Type/XObject/Subtype/Image/Width 2/Height 2/ColorSpace/DeviceGray/BitsPerComponent 8/Length 4>>"
    fonts = "/F1 3 0 R/F2 4 0 R/F3 5 0 R"
    first = 10 + len(objects)
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    bodies: dict[int, bytes] = {
        1: f"<</Type/Catalog/Pages 2 0 R{catalog}>>".encode("latin-1"),
        2: f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode("latin-1"),
        3: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
        4: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold/Encoding/WinAnsiEncoding>>",
        5: b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman/Encoding/WinAnsiEncoding>>",
        6: image.encode("latin-1") + b"\nstream\n\x40\x80\xc0\xff\nendstream",
        7: f"<<{info}>>".encode("latin-1"),
    }
    bodies |= {10 + number: body.encode("latin-1") for number, body in enumerate(objects)}
    for number, content in enumerate(pages):
        packed = zlib.compress(content.encode("cp1252"))
        bodies[first + 2 * number] = (
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {first + 2 * number + 1} 0 R"
            f"/Resources<</Font<<{fonts}>>/XObject<</Im 6 0 R>>>>{page_extra}>>"
        ).encode("latin-1")
        bodies[first + 2 * number + 1] = (
            f"<</Length {len(packed)}/Filter/FlateDecode>>\nstream\n".encode() + packed + b"\nendstream"
        )
    out = io.BytesIO()
    out.write(b"%PDF-1.7\n")
    at = {}
    for number in sorted(bodies):
        at[number] = out.tell()
        out.write(f"{number} 0 obj\n".encode() + bodies[number] + b"\nendobj\n")
    table = out.tell()
    size = max(bodies) + 1
    out.write(f"xref\n0 {size}\n0000000000 65535 f \n".encode())
    for number in range(1, size):
        out.write(f"{at[number]:010} 00000 n \n".encode() if number in at else b"0000000000 00000 f \n")
    out.write(
        f"trailer\n<</Size {size}/Root 1 0 R/Info 7 0 R{trailer}>>\nstartxref\n{table}\n%%EOF\n".encode("latin-1")
    )
    return out.getvalue()


def read(data: bytes, limits: Limits | None = None) -> Extracted:
    """Extract and check what holds of every reader's text."""
    found = extract(data, limits or Limits())
    assert_contract(found)
    return found


def text_of(*pages: str) -> str:
    return read(write(pages)).text


def assert_contract(found: Extracted) -> None:
    text = found.text
    assert "\x00" not in text
    assert "\x02" not in text
    text.encode("utf-8")
    assert text == text.strip(" \n")
    pages = [place.span for place in found.places if place.kind == "page"]
    assert pages == sorted(pages)
    assert all(upper.end <= lower.start for upper, lower in pairwise(pages))
    covered = "".join(span.of(text) for span in pages)
    assert re.sub(r"\s", "", covered) == re.sub(r"\s", "", text)
    spans = [heading.span for heading in found.headings]
    assert spans == sorted(spans)
    for heading in found.headings:
        line = heading.span.of(text)
        assert " ".join(line.removeprefix("- ").split()) == heading.words
        assert (text[: heading.span.start][-1:] or "\n") == "\n"
        assert (text[heading.span.end :][:1] or "\n") == "\n"
    for hidden in found.hidden:
        assert hidden.span.of(text).strip()
        assert hidden.why


def hidden_in(found: Extracted) -> list[tuple[str, str]]:
    return [(hidden.why, hidden.span.of(found.text)) for hidden in found.hidden]


# Paragraphs


def test_lines_of_a_paragraph_are_joined_by_a_space_and_paragraphs_parted_by_a_blank_line() -> None:
    page = stack(72, 700, PROSE) + stack(72, 640, ["Islands wait a week longer."])
    assert text_of(page) == f"{JOINED}\n\nIslands wait a week longer."


def test_an_indented_first_line_begins_a_paragraph_though_no_gap_does() -> None:
    page = stack(72, 700, PROSE[:3]) + say(90, 664, "Islands wait a week longer than towns do, as no boat sails")
    page += say(72, 652, "there but the ferry.")
    assert text_of(page).split("\n\n") == [
        " ".join(PROSE[:3]),
        "Islands wait a week longer than towns do, as no boat sails there but the ferry.",
    ]


def test_a_word_broken_at_the_end_of_a_line_is_whole_again() -> None:
    page = stack(72, 700, ["The museum shows paintings of inter-", "national artists and of those who live nearby."])
    assert text_of(page) == "The museum shows paintings of international artists and of those who live nearby."


def test_a_hyphen_at_the_end_of_a_line_stays_before_a_capital_and_in_a_word_written_so_elsewhere() -> None:
    page = stack(
        72,
        700,
        [
            "We report a well-known measure that is non-",
            "GAAP, and it is well-",
            "known to all who read our letters here.",
        ],
    )
    assert text_of(page) == (
        "We report a well-known measure that is non-GAAP, and it is well-known to all who read our letters here."
    )


def test_a_document_that_breaks_lines_only_at_hyphens_of_its_words_keeps_those_it_writes_once() -> None:
    page = stack(
        72,
        700,
        [
            "We think long-term, well-known as it is, of long-",
            "term leases, of well-",
            "known names, and of non-",
            "infrastructure costs that nobody else has.",
        ],
    )
    assert text_of(page) == (
        "We think long-term, well-known as it is, of long-term leases, of well-known names, and of "
        "non-infrastructure costs that nobody else has."
    )


def test_list_items_stand_on_lines_of_their_own_with_the_dash_of_all_readers() -> None:
    page = say(72, 700, "Bring the following things to the harbour:")
    page += stack(90, 680, ["• a coat against the wind and the rain that comes with it, since the", "  deck is open"])
    page += say(90, 656, "• some bread")
    assert text_of(page) == (
        "Bring the following things to the harbour:\n\n"
        "- a coat against the wind and the rain that comes with it, since the deck is open\n- some bread"
    )


# Spaces


def test_words_that_are_only_moved_apart_get_their_spaces() -> None:
    page = "BT /F1 10 Tf 1 0 0 1 72 700 Tm [(The)-300(ferry)-250(sails)-280(at)-260(noon.)] TJ ET"
    assert text_of(page) == "The ferry sails at noon."


def test_kerning_makes_no_spaces() -> None:
    page = "BT /F1 10 Tf 1 0 0 1 72 700 Tm [(A)80(V)60(A)-60(T)80(AR  )20(W)-70(A)50(V)-40(ES)] TJ ET"
    assert text_of(page) == "AVATAR WAVES"


def test_letters_set_wide_apart_are_words_nevertheless() -> None:
    page = "BT /F1 10 Tf 3 Tc 1 0 0 1 72 700 Tm (Chapter seven begins) Tj ET"
    assert text_of(page) == "Chapter seven begins"


# Reading order


def test_columns_are_read_one_after_the_other_below_a_heading_that_spans_both() -> None:
    page = say(72, 760, "Insects of the garden and of the meadow through the whole year", 16, "F2")
    page += stack(72, 720, LEFT) + stack(310, 720, RIGHT)
    found = read(write([page]))
    assert found.text == (
        "Insects of the garden and of the meadow through the whole year\n\n" + " ".join(LEFT) + "\n\n" + " ".join(RIGHT)
    )


def test_columns_written_line_by_line_across_the_page_are_read_down_all_the_same() -> None:
    page = "".join(
        say(72, 720 - 12 * at, left) + say(310, 720 - 12 * at, right)
        for at, (left, right) in enumerate(zip(LEFT, RIGHT, strict=True))
    )
    assert text_of(page) == " ".join(LEFT) + "\n\n" + " ".join(RIGHT)


def test_a_heading_in_the_middle_of_two_columns_parts_what_is_above_it_from_what_is_below() -> None:
    page = stack(72, 760, LEFT) + stack(310, 760, RIGHT)
    page += say(72, 660, "What the beekeepers of the valley say about the summer of this year", 14, "F2")
    page += stack(72, 620, [*RIGHT[:4], "last words on the left."]) + stack(310, 620, LEFT)
    blocks = text_of(page).split("\n\n")
    assert [block.split()[0] for block in blocks] == ["Bees", "Wasps", "What", "Wasps", "Bees"]


def test_a_sentence_goes_on_from_the_foot_of_one_column_to_the_head_of_the_next() -> None:
    left = [*LEFT[:4], "for the flowers, which stay open"]
    right = ["until the evening comes, and the", *RIGHT[1:]]
    assert text_of(stack(72, 720, left) + stack(310, 720, right)) == " ".join(left) + " " + " ".join(right)


def test_a_table_is_read_row_by_row() -> None:
    rows = [("", "2019", "2018"), ("Net sales", "2,390", "2,100"), ("Cost of sales", "(1,118)", "(990)")]
    page = say(72, 720, "The figures of both years follow in a table with two columns of numbers.")
    for at, row in enumerate(rows):
        for x, cell in zip((72, 300, 380), row, strict=True):
            page += say(x, 690 - 14 * at, cell) if cell else ""
    assert text_of(page).split("\n\n")[1] == "2019 | 2018\nNet sales | 2,390 | 2,100\nCost of sales | (1,118) | (990)"


def test_a_currency_sign_in_a_cell_of_its_own_belongs_to_its_amount() -> None:
    page = (
        say(72, 700, "Net sales")
        + say(300, 700, "$")
        + say(330, 700, "2,390")
        + say(380, 700, "$")
        + say(410, 700, "8")
    )
    page += say(72, 686, "Cost of sales") + say(330, 686, "1,118") + say(410, 686, "9")
    assert text_of(page) == "Net sales | $ 2,390 | $ 8\nCost of sales | 1,118 | 9"


def test_a_label_that_runs_over_two_lines_stays_one_cell() -> None:
    page = say(72, 714, "Interest paid") + say(300, 714, "12") + say(380, 714, "14")
    page += say(72, 700, "Net cash provided by the sale of") + say(72, 688, "property and equipment")
    page += say(300, 688, "2,390") + say(380, 688, "2,100")
    assert text_of(page) == (
        "Interest paid | 12 | 14\nNet cash provided by the sale of property and equipment | 2,390 | 2,100"
    )


def test_writing_up_the_margin_is_read_after_the_page_and_not_in_its_midst() -> None:
    page = stack(72, 700, PROSE) + "BT /F1 8 Tf 0 1 -1 0 40 400 Tm (Printed in Lyon) Tj ET"
    assert text_of(page) == f"{JOINED}\n\nPrinted in Lyon"


def test_a_page_written_sideways_and_turned_for_display_is_read_as_it_is_displayed() -> None:
    page = "".join(f"BT /F1 10 Tf 0 1 -1 0 {100 + 12 * at} 72 Tm ({line}) Tj ET\n" for at, line in enumerate(PROSE))
    assert read(write([page], page_extra="/Rotate 90")).text == JOINED


# Pages


def test_pages_bear_the_labels_that_the_file_gives_them() -> None:
    labels = "/PageLabels<</Nums[0<</S/r/St 3>>2<</S/D/St 1>>]>>"
    found = read(write([say(72, 700, f"Page that says {word}.") for word in ("one", "two", "three")], catalog=labels))
    assert [(place.label, place.span.of(found.text)) for place in found.places] == [
        ("iii", "Page that says one."),
        ("iv", "Page that says two."),
        ("1", "Page that says three."),
    ]
    assert found.parts == 3


def test_pages_without_labels_are_numbered() -> None:
    assert [place.label for place in read(write([say(72, 700, "Sun."), say(72, 700, "Rain.")])).places] == ["1", "2"]


def test_a_paragraph_goes_on_over_the_page_break_and_the_places_meet_inside_it() -> None:
    found = read(write([stack(72, 100, PROSE[:2]), stack(72, 760, PROSE[2:])]))
    assert found.text == JOINED
    first, second = found.places
    assert first == Place("page", "1", Span(0, second.span.start))
    assert second.span.of(found.text) == " ".join(PROSE[2:])


def test_a_word_broken_over_the_page_break_is_whole_again() -> None:
    first = ["The museum shows the paintings of many and", "various famous inter-"]
    found = read(write([stack(72, 100, first), stack(72, 760, ["national artists.", "All are welcome."])]))
    assert "famous international artists." in found.text
    assert found.places[0].span.of(found.text).endswith("inter")
    assert found.places[1].span.of(found.text).startswith("national")


def test_running_headers_and_page_numbers_are_left_out_and_noted() -> None:
    pages = [
        say(72, 800, "Annual report of the harbour") + stack(72, 700, PROSE) + say(280, 40, f"- {number} -")
        for number in range(7, 12)
    ]
    found = read(write(pages))
    assert found.text == "\n\n".join([JOINED] * 5)
    assert found.notes == ("Repeated headers and footers on 5 pages were left out.",)


def test_headers_of_left_and_right_pages_are_both_left_out() -> None:
    pages = [
        say(72, 800, "The harbour" if number % 2 else "Annual report")
        + stack(72, 700, [*PROSE[:3], f"on day {number}."])
        for number in range(8)
    ]
    text = text_of(*pages)
    assert "Annual" not in text
    assert "The harbour" not in text
    assert text.count("on day") == 8


def test_a_header_that_names_its_chapter_beside_the_page_number_is_left_out() -> None:
    pages = [
        say(72, 800, f"Chapter of {animal}") + say(500, 800, f"{number}") + stack(72, 700, [*PROSE[:3], f"{animal}."])
        for number, animal in enumerate(["bees", "bees", "wasps", "ants"], 12)
    ]
    assert "Chapter of" not in text_of(*pages)


def test_headings_that_count_and_stand_alike_on_pages_that_follow_each_other_stay() -> None:
    pages = [say(72, 800, f"Lesson {number}", 16) + stack(72, 700, PROSE) for number in range(1, 6)]
    found = read(write(pages))
    assert [heading.words for heading in found.headings] == [f"Lesson {number}" for number in range(1, 6)]


def test_rows_that_only_resemble_each_other_are_no_headers() -> None:
    pages = [
        say(72, 800, f"Sales of {year}: {amount} crates") + stack(72, 700, PROSE)
        for year, amount in ((2019, 14), (2018, 99), (2017, 5), (2016, 61))
    ]
    found = read(write(pages))
    assert found.notes == ()
    assert "Sales of 2017: 5 crates" in found.text


def test_a_table_s_head_that_repeats_on_every_page_stays() -> None:
    head = say(72, 800, "Port") + say(250, 800, "2019") + say(350, 800, "2018")
    pages = [
        head + say(72, 786, town) + say(250, 786, f"{n}1") + say(350, 786, f"{n}2") for n, town in enumerate("ABCD")
    ]
    assert text_of(*pages).count("Port | 2019 | 2018") == 4


def test_two_pages_are_too_few_to_tell_a_header_but_for_a_number_that_counts() -> None:
    pages = [say(72, 800, "Dear Ines,") + stack(72, 700, PROSE) + say(280, 40, f"Page {n} of 2") for n in (1, 2)]
    assert text_of(*pages) == "\n\n".join(["Dear Ines,", JOINED] * 2)


def test_pages_without_text_are_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    pages = [say(72, 700, "Sun."), "", "q 500 0 0 700 40 40 cm /Im Do Q", "10 10 m 90 90 l S"]
    found = read(write(pages))
    assert found.empty == (
        "page 2: blank",
        "page 3: scanned, no text (an image)",
        "page 4: no text (a drawing)",
    )
    assert found.notes == (
        "Scanned pages were not read: install Tesseract (tesseract-ocr), then run: qa index --rebuild",
    )
    assert read(write(pages), Limits(ocr_seconds=0)).notes == ()


# Scans


def scan(data: bytes, *, dots: int = 200, turn: int = 0) -> bytes:
    """Return a PDF that shows the same pages as pictures, laid on the glass turned by so many degrees to the left."""
    document = pdfium.PdfDocument(data)
    pictures = []
    for number in range(len(document)):
        picture = document[number].render(scale=dots / 72, grayscale=True).to_pil()
        pictures.append(picture.rotate(turn, Image.Resampling.BICUBIC, expand=True, fillcolor=255))
    document.close()
    out = io.BytesIO()
    pictures[0].save(out, "PDF", save_all=True, append_images=pictures[1:], resolution=dots)
    return out.getvalue()


def beside(*files: bytes) -> bytes:
    """Return a PDF of all pages of several."""
    out, whole = io.BytesIO(), pdfium.PdfDocument.new()
    for data in files:
        part = pdfium.PdfDocument(data)
        whole.import_pages(part)
        part.close()
    whole.save(out)
    whole.close()
    return out.getvalue()


@OCR
@pytest.mark.parametrize("turn", [0, 90, 180, 3, -8])
def test_a_scanned_page_is_laid_out_like_one_of_text(turn: int) -> None:
    page = write([say(72, 760, "Insects of the garden", 16) + stack(72, 720, LEFT) + stack(310, 720, RIGHT)])
    found = read(scan(page, turn=turn))
    assert found.text == "Insects of the garden\n\n" + " ".join(LEFT) + "\n\n" + " ".join(RIGHT)
    assert (found.parts, found.empty) == (1, ())
    assert found.notes[0] == "Page 1 was read by OCR, and may be misread."
    assert re.fullmatch(r"Mean confidence: (?:8[5-9]|9\d|100) of 100\.", found.notes[1])


@OCR
def test_a_word_broken_over_lines_and_pages_of_a_scan_is_whole_again() -> None:
    first = stack(72, 700, ["The museum shows paintings of inter-", "national artists and of those who live near the"])
    second = stack(72, 700, ["harbour of the town, where the ferry sails", "at noon on Tuesdays and on Fridays alone."])
    assert read(scan(write([first, second]))).text == (
        "The museum shows paintings of international artists and of those who live near the harbour of the town, "
        "where the ferry sails at noon on Tuesdays and on Fridays alone."
    )


@OCR
def test_scans_stand_among_pages_of_text_which_are_not_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    grey = File.grey

    def noting(file: File, number: int, dots: int) -> Image.Image:
        asked.append(number)
        return grey(file, number, dots)

    monkeypatch.setattr(File, "grey", noting)
    text = write([stack(72, 700, PROSE)])
    found = read(
        beside(text, scan(write([stack(72, 700, LEFT)])), text, scan(write([""])), scan(write([stack(72, 700, RIGHT)])))
    )
    assert asked == [1, 3, 4]
    assert [(place.label, place.span.of(found.text)) for place in found.places] == [
        ("1", JOINED),
        ("2", " ".join(LEFT)),
        ("3", JOINED),
        ("5", " ".join(RIGHT)),
    ]
    assert found.empty == ("page 4: a picture or drawing, no text found",)
    assert found.notes[0] == "Pages 2, 5 were read by OCR, and may be misread."


@OCR
def test_a_number_stamped_upon_a_scan_does_not_make_it_a_page_of_text() -> None:
    letter = scan(write([stack(72, 700, PROSE)]))
    document = pdfium.PdfDocument(letter)
    page = document[0]
    font = pdfium.raw.FPDFText_LoadStandardFont(document, b"Helvetica")
    words = pdfium.raw.FPDFPageObj_CreateTextObj(document, font, 10.0)
    written = (ctypes.c_ushort * 9)(*map(ord, "LT-00042"), 0)
    pdfium.raw.FPDFText_SetText(words, written)
    pdfium.raw.FPDFPageObj_Transform(words, 1, 0, 0, 1, 450, 40)
    pdfium.raw.FPDFPage_InsertObject(page, words)
    pdfium.raw.FPDFPage_GenerateContent(page)
    out = io.BytesIO()
    document.save(out)
    document.close()
    assert read(out.getvalue()).text == f"{JOINED}\n\nLT-00042"


@OCR
@pytest.mark.parametrize("turn", [0, 90, 180, 270, 4])
def test_a_quote_on_a_scan_is_located_where_the_page_shows_it(turn: int) -> None:
    page = write([stack(72, 700, PROSE)])
    original = read(page).text
    quote = "sails at noon on these two days alone."
    start = original.index(quote)
    data = scan(page, turn=turn)
    found = read(data)
    assert found.text == original
    boxes = locate(data, 0, found.text, Span(start, start + len(quote)))
    assert len(boxes) == 2
    with Image.open(io.BytesIO(render(data, 0, 200 / 72))) as picture:
        shown = picture.convert("L")
    cut = []
    for box in boxes:
        left, top, right, bottom = (round(edge * 200 / 72) for edge in astuple(box))
        cut.append(shown.crop((left - 2, top - 2, right + 2, bottom + 2)))
    if turn % 90 == 0:
        turned = [ImageOps.expand(part, 40, 255).rotate(-turn, expand=True) for part in cut]
        assert " ".join(" ".join(ocr.recognise(part, "eng").text for part in turned).split()) == quote
    ink = np.asarray(shown) < 128
    inside = sum(float((np.asarray(part) < 128).sum()) for part in cut)
    share = len(quote.replace(" ", "")) / len(original.replace(" ", ""))
    # upright rectangles around words aslant hold some of their neighbours too
    most = 1.25 if turn % 90 == 0 else 2.0
    assert 0.8 * share < inside / ink.sum() < most * share


@OCR
def test_what_was_recognised_in_the_time_allowed_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    attempt = ocr._attempt
    done: list[int] = []

    def slowly(image: Image.Image, language: str, deadline: float) -> ocr.Page | Unreadable | None:
        done.append(1)
        return attempt(image, language, deadline) if len(done) <= 2 else None

    monkeypatch.setattr(ocr, "_attempt", slowly)
    monkeypatch.setattr(ocr, "_cores", lambda: 1)
    found = read(scan(write([stack(72, 700, LEFT), stack(72, 700, RIGHT), stack(72, 700, PROSE)])))
    assert found.text == " ".join(LEFT) + "\n\n" + " ".join(RIGHT)
    assert found.empty == ("page 3: scanned, not read in the time allowed",)
    assert found.notes[-1] == (
        "2 of 3 scanned pages were read by OCR in the time allowed (ocr.seconds, 900). "
        "Raise it, then run: qa index --rebuild"
    )


@OCR
def test_a_language_without_data_costs_the_scans_alone() -> None:
    data = beside(write([stack(72, 700, PROSE)]), scan(write([stack(72, 700, LEFT), stack(72, 700, RIGHT)])))
    found = read(data, Limits(language="xyz"))
    why = "scanned, Tesseract has no data for the language 'xyz'"
    assert (found.text, found.empty) == (JOINED, (f"page 2: {why}", f"page 3: {why}"))
    assert found.notes == (
        "Tesseract has no data for the language 'xyz'. Install them (tesseract-ocr-xyz), or set ocr.language.",
    )


@OCR
def test_a_worker_recognises_scans_for_longer_than_it_may_parse() -> None:
    data = scan(write([stack(72, 700, PROSE)] * 4))
    with Worker() as worker:
        worker.read("pdf", write([say(72, 700, "Sun.")]), Limits(), 60)  # so that nothing is imported yet to be
        # one second to parse, and as much as they need to be recognised
        assert worker.read("pdf", data, Limits(), 1, 300).text == "\n\n".join([JOINED] * 4)


# Headings and facts


def test_headings_rank_by_size_and_the_bold_below_them() -> None:
    page = say(72, 780, "The harbour", 22) + say(72, 740, "Parcels", 15) + stack(72, 710, PROSE)
    page += say(72, 640, "On the islands", 10, "F2") + stack(72, 620, PROSE)
    found = read(write([page]))
    assert [(heading.level, heading.words) for heading in found.headings] == [
        (1, "The harbour"),
        (2, "Parcels"),
        (3, "On the islands"),
    ]
    assert [heading.span.of(found.text) for heading in found.headings] == ["The harbour", "Parcels", "On the islands"]


def test_bookmarks_tell_headings_that_look_like_text() -> None:
    outline = [
        "<</Type/Outlines/First 11 0 R/Last 11 0 R/Count 2>>",
        "<</Title(1 Parcels)/Parent 10 0 R/First 12 0 R/Last 12 0 R/Count 1/Dest[13 0 R/Fit]>>",
        "<</Title(On the islands)/Parent 11 0 R/Dest[13 0 R/Fit]>>",
    ]
    page = say(72, 740, "1 Parcels") + stack(72, 710, PROSE) + say(72, 640, "On the islands") + stack(72, 610, PROSE)
    found = read(write([page], objects=outline, catalog="/Outlines 10 0 R"))
    assert [(heading.level, heading.words) for heading in found.headings] == [(1, "1 Parcels"), (2, "On the islands")]


def test_a_page_set_larger_than_the_small_print_is_no_heading() -> None:
    page = stack(72, 780, PROSE, 12, 14) + stack(72, 700, [line + " " + line for line in PROSE * 4], 7, 9)
    assert read(write([page])).headings == ()


def test_title_author_and_date_come_from_the_file() -> None:
    info = "/Title(Handbook of the harbour)/Author(Ines Roca)/CreationDate(D:20190201121530+02'00')"
    found = read(write([say(72, 700, "Sun.")], info=info))
    assert (found.title, found.author, found.date) == (
        "Handbook of the harbour",
        "Ines Roca",
        "2019-02-01T12:15:30+02:00",
    )


@pytest.mark.parametrize(
    "title", ["Microsoft Word - draft3.doc", "draft3.docx", "0001018724-20-000004", "Untitled", ""]
)
def test_a_title_that_says_nothing_gives_way_to_the_first_heading(title: str) -> None:
    page = say(72, 740, "The harbour", 22) + stack(72, 700, PROSE)
    assert read(write([page], info=f"/Title({title})")).title == "The harbour"


@pytest.mark.parametrize(
    ("written", "date"),
    [("D:2019", "2019"), ("D:201902", "2019-02"), ("20190203", "2019-02-03"), ("D:20191399", ""), ("soon", "")],
)
def test_a_date_is_as_precise_as_the_file_says(written: str, date: str) -> None:
    assert read(write([say(72, 700, "Sun.")], info=f"/CreationDate({written})")).date == date


def test_what_is_typed_into_a_form_is_read_where_it_stands() -> None:
    fields = [
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ines Roca)/Rect[120 695 300 710]/F 4>>",
        "<</Type/Annot/Subtype/Widget/FT/Tx/T(no)/V(never shown)/Rect[120 595 300 610]/F 2>>",
    ]
    page = say(72, 700, "Name:") + stack(72, 660, PROSE)
    found = read(
        write([page], objects=fields, page_extra="/Annots[10 0 R 11 0 R]", catalog="/AcroForm<</Fields[10 0 R]>>")
    )
    assert found.text == f"Name: Ines Roca\n\n{JOINED}"


# Hidden text


def test_text_nobody_sees_is_kept_in_its_place_and_reported() -> None:
    page = stack(72, 780, PROSE)
    page += say(72, 700, "drawn invisibly", extra="3 Tr") + "0 Tr\n"
    page += "1 1 1 rg\n" + say(72, 660, "white on white") + "0 0 0 rg\n"
    page += "0.2 0.4 0.6 rg 60 610 300 30 re f\n" + say(72, 620, "blue on blue") + "0 0 0 rg\n"
    page += say(72, 580, "too small to read", 1)
    page += say(700, 540, "beside the page")
    page += say(72, 500, "struck out") + "0 0 0 rg 60 490 200 30 re f\n"
    found = read(write([page]))
    assert sorted(hidden_in(found)) == [
        ("covered", "struck out"),
        ("invisible", "drawn invisibly"),
        ("invisible colour", "blue on blue"),
        ("invisible colour", "white on white"),
        ("off page", "beside the page"),
        ("tiny", "too small to read"),
    ]
    assert JOINED in found.text


def test_light_text_on_a_dark_ground_and_dark_text_on_a_picture_are_seen() -> None:
    page = "0 0 0 rg 60 690 300 30 re f 1 1 1 rg\n" + say(72, 700, "white on black")
    page += "q 300 0 0 30 60 600 cm /Im Do Q\n" + say(72, 610, "white on a picture")
    page += "1 0 0 rg\n" + say(72, 500, "red on white")
    assert read(write([page])).hidden == ()


def test_the_text_layer_of_a_scan_is_text() -> None:
    page = "q 595 0 0 842 0 0 cm /Im Do Q\n3 Tr\n" + stack(72, 700, PROSE)
    found = read(write([page]))
    assert (found.text, found.hidden) == (JOINED, ())
    assert found.notes == ("1 page is scanned, read by the text layer that a recognition put there.",)


def test_a_hidden_word_inside_a_sentence_is_told_from_its_neighbours() -> None:
    page = (
        say(72, 700, "Pay by Friday")
        + "1 1 1 rg\n"
        + say(138, 700, "never")
        + "0 0 0 rg\n"
        + say(168, 700, "at the desk.")
    )
    found = read(write([page]))
    assert found.text == "Pay by Friday never at the desk."
    assert hidden_in(found) == [("invisible colour", "never")]


# Files that can't be read, or do harm


def test_a_file_under_a_password_says_so() -> None:
    lock = f"/Encrypt<</Filter/Standard/V 1/R 2/O<{'61' * 32}>/U<{'62' * 32}>/P -4>>/ID[<{'63' * 16}><{'63' * 16}>]"
    with pytest.raises(Unreadable) as refused:
        extract(write([say(72, 700, "Sun.")], trailer=lock), Limits())
    assert (refused.value.problem, refused.value.remedy) == (
        "it is protected by a password.",
        "Remove the password and index again.",
    )


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"<html>no</html>", b"\x00" * 5000, b"%PDF-1.4\n%%EOF", b"PK\x03\x04"]
)
def test_what_is_no_pdf_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"isn't a PDF|no pages"):
        extract(data, Limits())


def attempt(data: bytes) -> Extracted | None:
    try:
        return read(data)
    except Unreadable:
        return None


RICH = write(
    [
        say(72, 760, "The harbour", 22) + stack(72, 700, PROSE) + "1 1 1 rg\n" + say(72, 600, "unseen words"),
        "q 595 0 0 842 0 0 cm /Im Do Q\n" + stack(72, 720, LEFT) + stack(310, 720, RIGHT),
    ],
    objects=["<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ines Roca)/Rect[120 695 300 710]/F 4>>"],
    page_extra="/Annots[10 0 R]",
    catalog="/PageLabels<</Nums[0<</S/r>>]>>",
    info="/Title(Harbour)/CreationDate(D:2019)",
)


def test_a_file_cut_short_anywhere_is_read_as_far_as_it_goes_or_refused() -> None:
    whole = read(RICH).text
    for length in range(0, len(RICH), 61):
        found = attempt(RICH[:length])
        if found is not None and found.text:
            assert set(found.text.split()) <= set(whole.split())


def test_pages_are_found_in_a_file_whose_end_is_lost() -> None:
    data = write([stack(72, 700, PROSE), say(72, 700, "Sun.")])
    found = read(data[: data.index(b"xref")])
    assert found.text == f"{JOINED}\n\nSun."
    note = "The file is damaged, its end or its list of pages is lost; what could be found was read."
    assert found.notes == (note,)
    without_tree = data[: data.index(b"xref")].replace(b"/Catalog", b"/Dogalog").replace(b"/Pages", b"/Dages")
    assert read(without_tree).text == f"{JOINED}\n\nSun."
    half = read(data[: data.index(b"12 0 obj")])
    assert (half.text, half.empty) == (JOINED, ("page 2: can't be read",))
    assert half.notes == (note, "1 page is damaged and couldn't be read.")


def test_flipped_bytes_never_raise_anything_but_the_refusal() -> None:
    rng = random.Random(5)
    for _ in range(80):
        data = bytearray(RICH)
        for _ in range(rng.randint(1, 12)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        attempt(bytes(data))


def test_numbers_beyond_all_measure_do_no_harm() -> None:
    for matrix in ("1e30 0 0 1e30 0 0", "0 0 0 0 72 700", "1 0 0 1 9e37 -9e37", "-1 0 0 1 300 700", "1 0 5 1 72 700"):
        page = f"BT /F1 10 Tf {matrix} Tm (Sun and rain.) Tj ET\n" + say(72, 500, "Still here.")
        assert "Still here." in text_of(page)
    assert text_of("BT /F1 999999999 Tf 72 700 Td (Sun.) Tj ET " + say(72, 500, "Still here.")).endswith("Still here.")


def test_a_page_tree_that_bites_its_tail_and_claims_a_million_pages_ends() -> None:
    data = write([say(72, 700, "Sun.")]).replace(b"/Count 1>>", b"/Count 1000000000>>")
    attempt(data)
    attempt(write([say(72, 700, "Sun.")]).replace(b"/Kids[10 0 R]", b"/Kids[2 0 R ]"))


def test_a_page_that_unpacks_to_very_much_is_read_in_bounded_time() -> None:
    page = say(72, 700, "Sun.") * 20_000 + " " * 20_000_000
    began = time.perf_counter()
    found = read(write([page]), Limits(characters=1_000))
    assert time.perf_counter() - began < 10
    assert len(found.text) <= 1_000


def test_pages_and_characters_beyond_the_limits_are_counted_and_noted() -> None:
    pages = [stack(72, 700, PROSE), stack(72, 500, [line.upper() for line in PROSE]), say(72, 700, "Sun.")]
    found = read(write(pages), Limits(characters=300))
    assert found.text == JOINED
    assert found.lost > 200
    assert found.notes == ("It holds more text than is read of one document; the rest was left out.",)
    assert read(write(pages), Limits(pages=1)).notes == ("Only the first 1 of 3 pages were read.",)
    with pytest.raises(Unreadable, match="larger than can be read"):
        extract(RICH, Limits(file_bytes=100))


def test_reading_twice_and_in_several_threads_gives_the_same() -> None:
    once = read(RICH)
    found: list[Extracted] = []
    threads = [threading.Thread(target=lambda: found.append(extract(RICH, Limits()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [once] * 4


# Quotes back to the page


@cache
def drawn(data: bytes, page_index: int) -> list[tuple[str, float, float]]:
    """Return a page's letters with the middle of their ink, asked of PDFium directly, in axes as displayed."""
    letters = []
    with pdfium.PdfDocument(data) as document:
        page = document[page_index]
        text_page = page.get_textpage()
        left, _, _, top = page.get_bbox()
        wide, high = page.get_size()
        for at in range(text_page.count_chars()):
            char = chr(pdfium.raw.FPDFText_GetUnicode(text_page, at))
            if char.strip():
                x0, y0, x1, y1 = text_page.get_charbox(at)
                x, y = (x0 + x1) / 2 - left, top - (y0 + y1) / 2
                turned = {0: (x, y), 90: (wide - y, x), 180: (wide - x, high - y), 270: (y, high - x)}
                letters.append(("-" if char in "\x02\ufffe" else char, *turned[page.get_rotation()]))
        text_page.close()
        page.close()
    return letters


def glyphs_inside(data: bytes, page_index: int, boxes: Sequence[Box]) -> str:
    """Return the letters whose ink lies with its middle in a box."""
    return "".join(
        char
        for char, x, y in drawn(data, page_index)
        if any(box.left <= x <= box.right and box.top - 0.5 <= y <= box.bottom + 0.5 for box in boxes)
    )


def quotes(found: Extracted) -> Iterator[tuple[int, str, Span]]:
    """Yield every sentence with the index of its page and its span in the page's text."""
    for index, place in enumerate(found.places):
        for sentence in find_sentences(found.text, place.span):
            start = place.span.start
            yield index, place.span.of(found.text), Span(sentence.start - start, sentence.end - start)


def bare(words: str) -> list[str]:
    return sorted(re.sub(r"[\s|]|(?<![^\n])- ", "", words))


TURNS = ["", "/Rotate 90", "/Rotate 180", "/Rotate 270", "/CropBox[50 80 560 810]", "/Rotate 90/CropBox[50 80 560 810]"]


@pytest.mark.parametrize("turn", TURNS)
def test_every_quote_is_covered_exactly_however_the_page_is_turned_and_cropped(turn: str) -> None:
    page = stack(72, 760, LEFT) + stack(310, 760, RIGHT) + stack(72, 650, PROSE)
    page += say(72, 560, "Net sales") + say(300, 560, "2,390") + say(72, 546, "Costs") + say(300, 546, "1,118")
    data = write([page], page_extra=turn)
    found = read(data)
    for index, page_text, span in quotes(found):
        assert "".join(bare(glyphs_inside(data, index, locate(data, index, page_text, span)))) == "".join(
            bare(span.of(page_text))
        )


def test_a_quote_over_two_lines_has_two_boxes_and_a_row_one_for_each_cell() -> None:
    page = stack(72, 700, PROSE) + say(72, 600, "Net sales") + say(300, 600, "2,390") + say(380, 600, "2,100")
    page += say(72, 586, "Costs") + say(300, 586, "1,118") + say(380, 586, "990")
    data = write([page])
    text = read(data).text
    start = text.index("noon on these")
    two = locate(data, 0, text, Span(start - 4, start + 4))
    assert [glyphs_inside(data, 0, [box]) for box in two] == ["at", "noon"]
    # baseline at 842 - 688 from the top of the page for the first, 12 points lower for the second
    assert [round(box.bottom) for box in two] == pytest.approx([157, 169], abs=1)
    row = locate(data, 0, text, Span(text.index("Net sales"), text.index("2,100") + 5))
    assert [glyphs_inside(data, 0, [box]) for box in row] == ["Netsales", "2,390", "2,100"]


def test_single_letters_and_our_own_signs_are_located() -> None:
    page = say(72, 700, "Net sales") + say(300, 700, "2,390") + say(72, 686, "Costs") + say(300, 686, "1,118")
    data = write([page])
    text = read(data).text
    for at, char in enumerate(text):
        boxes = locate(data, 0, text, Span(at, at + 1))
        ours = char.isspace() or char == "|"
        assert (boxes == ()) is ours
        assert ours or glyphs_inside(data, 0, boxes) == char


def test_quotes_are_found_where_headers_were_left_out_and_words_joined_over_pages() -> None:
    middle = ["The museum shows the paintings of many and", "various famous inter-"]
    header = say(72, 800, "The harbour")
    pages = [
        # a heading of the same words as the header, each time at another height
        header + stack(72, 720 - 30 * n, ["The harbour", *PROSE]) + stack(72, 100, middle) + say(280, 40, f"{n}")
        for n in range(4)
    ]
    pages.append(header + stack(72, 700, ["national artists.", *PROSE]) + say(280, 40, "4"))
    data = write(pages)
    found = read(data)
    assert found.text.count("The harbour") == 4
    for index, page_text, span in quotes(found):
        boxes = locate(data, index, page_text, span)
        inside, wanted = glyphs_inside(data, index, boxes), span.of(page_text)
        # the hyphen that fell away stands in no box: the quote doesn't have it
        assert bare(inside) == bare(wanted)
        # never the header at 42 points from the top, though it has the same words
        assert min(box.top for box in boxes) > 60


def test_what_is_located_is_drawn_there_and_nothing_else_is() -> None:
    page = stack(72, 700, ["First the sun rises.", "Then comes the rain.", "Last the wind turns."], 14, 22)
    data = write([page])
    text = read(data).text
    scale = 2.0
    shown = np.asarray(Image.open(io.BytesIO(render(data, 0, scale))).convert("L"))
    span = Span(text.index("Then"), text.index("Last") - 1)
    (box,) = locate(data, 0, text, span)
    rows, columns = np.nonzero(shown < 128)
    inside = (
        (columns >= scale * box.left - 1)
        & (columns <= scale * box.right + 1)
        & (rows >= scale * box.top - 1)
        & (rows <= scale * box.bottom + 1)
    )
    # the ink of the second line, and no other: rows 842 - 678 ± a letter's height
    second = (rows > scale * (842 - 692)) & (rows < scale * (842 - 672))
    assert (inside == second).all()
    assert inside.sum() > 300


def test_a_page_is_drawn_at_the_scale_asked_for_and_never_beyond_reason() -> None:
    assert Image.open(io.BytesIO(render(RICH, 0, 0.5))).size == (298, 421)
    huge = write([say(72, 700, "Sun.")]).replace(b"[0 0 595 842]", b"[0 0 14400 14400]")
    wide, high = Image.open(io.BytesIO(render(huge.replace(b"14400 14400", b"2000 2000"), 0, 0.1))).size
    assert (wide, high) == (200, 200)


def test_a_text_of_another_page_is_refused() -> None:
    data = write([stack(72, 700, PROSE), say(72, 700, "Sun.")])
    with pytest.raises(ValueError, match="isn't that of page"):
        locate(data, 1, JOINED, Span(0, 5))
    with pytest.raises(ValueError, match="no page number 7"):
        locate(data, 7, JOINED, Span(0, 5))
    with pytest.raises(ValueError, match="reaches past"):
        locate(data, 1, "Sun.", Span(0, 50))
    with pytest.raises(ValueError, match="no page number 9"):
        render(data, 9)


@pytest.mark.skipif(not FILINGS, reason="the filings are not here")
@pytest.mark.parametrize("path", FILINGS, ids=lambda path: path.stem)
def test_sentences_of_real_filings_are_covered_exactly(path: Path) -> None:
    data = path.read_bytes()
    found = read(data)
    assert found.empty == ()
    assert found.hidden == ()
    labels = {place.label: number for number, place in enumerate(found.places)}
    assert list(labels) == [str(number + 1) for number in range(found.parts)]
    sentences = [quote for quote in quotes(found) if len(quote[2]) > 30]
    for index, page_text, span in random.Random(3).sample(sentences, 20):
        wanted = re.sub(r"^- ", "", span.of(page_text))
        inside = glyphs_inside(data, index, locate(data, index, page_text, span)).lstrip("•")
        assert bare(inside) == bare(wanted)
