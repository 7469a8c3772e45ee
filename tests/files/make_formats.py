"""Makes the files under `formats/`, one or more of each format that is read, with the programs people use.

Run by hand, where those are installed: `python tests/files/make_formats.py` (README.md there says which they are).
The files are committed, so that tests need no such programs; their exact bytes differ from run to run, their words
don't. What is planted in them, and where, stands in `tests/test_planted.py`; the rest only gives it room.
"""

from __future__ import annotations

import bz2
import configparser
import csv
import datetime
import gzip
import io
import json
import logging
import lzma
import mailbox
import random
import shutil
import subprocess
import tarfile
import tempfile
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from html import escape
from pathlib import Path

import docx
import nbformat  # type: ignore[import-not-found,unused-ignore]
import openpyxl  # type: ignore[import-untyped]
import pptx
import pypdf  # type: ignore[import-not-found,unused-ignore]
from PIL import Image
from playwright.sync_api import Browser, sync_playwright
from pptx.util import Inches

HERE = Path(__file__).resolve().parent / "formats"
BOOK = """\
---
title: A Small Book
author: Ada Writer
date: 2021-05-06
---
# First chapter

Some *words* with a note.[^1]

- one
- two

[^1]: The note's words.

# Second chapter

| Name | Age |
|------|-----|
| Bo   | 7   |

## Inside

1. First
2. Second
    a. deep

End — “quoted”.
"""

# What gives the planted sentences room

_WHO = """
    the caretaker|two volunteers|the committee|a neighbour|the younger clerk|the night watch|a visiting teacher
    |the treasurer|somebody from the council|the apprentices|her cousin|an old sailor|the choir|the gardener
"""
_DID = """
    painted|counted|forgot|moved|repaired|sold|measured|borrowed|cleaned|described|photographed|covered|returned
    |promised|inspected
"""
_WHAT = """
    the benches|a row of lamps|the smaller boats|every window|the paper flags|the spare keys|some baskets|the long
    table|the wooden steps|three barrels|the weather vane|the old maps|a coil of rope|the kettles|most of the chairs
"""
_WHEN = """
    before the frost|on a wet afternoon|without being asked|for the second time|while the others slept|after supper
    |during the fair|in a great hurry|against all advice|as every year|to nobody's surprise|when the bells rang
"""


def prose(seed: str, sentences: int) -> str:
    """Return a paragraph that says nothing in particular; the same for the same seed."""
    drawn = random.Random(seed)
    parts = [[" ".join(one.split()) for one in words.split("|")] for words in (_WHO, _DID, _WHAT, _WHEN)]
    lines = []
    for _ in range(sentences):
        line = " ".join(drawn.choice(words) for words in parts)
        lines.append(f"{line[0].upper()}{line[1:]}.")
    return " ".join(lines)


# Programs


def run(*command: str | Path, given: bytes | None = None) -> bytes:
    """Run a program and return what it prints."""
    return subprocess.run([str(part) for part in command], input=given, check=True, capture_output=True).stdout


def convert(source: Path, suffix: str, target: str, how: str = "") -> None:
    """Have LibreOffice turn `source` into another format and keep it as `target`."""
    with tempfile.TemporaryDirectory() as folder:
        run("soffice", "--headless", "--convert-to", how or suffix, "--outdir", folder, source)
        shutil.copyfile(Path(folder) / f"{source.stem}.{suffix}", HERE / target)


def pandoc(markdown: str, target: str, to: str, *options: str) -> None:
    """Have pandoc write a text in another format."""
    run("pandoc", "-s", "-f", "markdown", "-t", to, "-o", HERE / target, *options, given=markdown.encode())


def put(name: str, content: str | bytes, encoding: str = "utf-8") -> None:
    """Write a file as an editor does."""
    (HERE / name).write_bytes(content if isinstance(content, bytes) else content.encode(encoding))


# Office files


@dataclass(frozen=True, slots=True)
class Yard:
    """What is planted in a text document: in a paragraph, a footnote, a table, a box and a tracked insertion."""

    place: str
    paragraph: str
    note: str
    row: tuple[str, str, str]
    box: str
    inserted: str
    deleted: str


YARDS = {
    "docx": Yard(
        "Thornhollow",
        "The north gate of Thornhollow weighs 340 pounds.",
        "Thornhollow bought that gate from a convent in Breda.",
        ("Potting shed", "Hugo Lindqvist", "1974"),
        "Visitors to Thornhollow ring the brass bell twice.",
        "The key to the Thornhollow ice house hangs behind the clock.",
        "The ice house was once a chapel of the Moravians.",
    ),
    "odt": Yard(
        "Marlpit",
        "The sundial of Marlpit was set up by Beatrix Holm.",
        "Marlpit lost its sundial to thieves in 1931 and found it in a pond.",
        ("Cider press", "Anselm Rooke", "1962"),
        "Dogs are welcome in Marlpit on Thursdays only.",
        "The well of Marlpit is 27 fathoms deep.",
        "The well was dug by prisoners from Danzig.",
    ),
    "rtf": Yard(
        "Ravensgarth",
        "The library of Ravensgarth owns 6,118 books.",
        "Ravensgarth burned in 1840, and only the atlas was saved.",
        ("Boat house", "Lavinia Stroud", "1988"),
        "Smoking is forbidden in the attic of Ravensgarth.",
        "The piano of Ravensgarth was tuned by Casimir Vogel.",
        "The piano came from a theatre in Riga.",
    ),
    "pdf": Yard(
        "Calderbeck",
        "The Calderbeck pump carries the serial number CP-88317.",
        "The Hessel tower at Calderbeck was measured from its doorstep.",
        ("Brindle workshop", "Ottoline Farr", "1959"),
        "Hard hats are lent at the Calderbeck ticket office.",
        "The Calderbeck weir is opened by Matthias Quill.",
        "The weir was bought from a mill in Leiden.",
    ),
}

_FLAT = """\
<?xml version="1.0" encoding="UTF-8"?>
<office:document office:version="1.2" office:mimetype="application/vnd.oasis.opendocument.text"
  xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
  xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
  xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
  xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
  xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
  xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
  xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
  xmlns:dc="http://purl.org/dc/elements/1.1/">
 <office:styles>
  <style:default-style style:family="paragraph">
   <style:text-properties fo:language="en" fo:country="US" fo:font-size="12pt" style:font-name="DejaVu Serif"/>
  </style:default-style>
  <style:style style:name="Standard" style:family="paragraph">
   <style:paragraph-properties fo:margin-bottom="0.3cm"/>
  </style:style>
  <style:style style:name="Heading_20_1" style:display-name="Heading 1" style:family="paragraph"
    style:parent-style-name="Standard" style:default-outline-level="1">
   <style:text-properties fo:font-size="18pt" fo:font-weight="bold"/>
  </style:style>
  <style:style style:name="Heading_20_2" style:display-name="Heading 2" style:family="paragraph"
    style:parent-style-name="Standard" style:default-outline-level="2">
   <style:text-properties fo:font-size="15pt" fo:font-weight="bold"/>
  </style:style>
 </office:styles>
 <office:automatic-styles>
  <style:page-layout style:name="Sheet">
   <style:page-layout-properties fo:page-width="14.8cm" fo:page-height="21cm" fo:margin="2cm"/>
   <style:header-style/><style:footer-style/>
  </style:page-layout>
  <style:style style:name="Onward" style:family="paragraph" style:parent-style-name="Heading_20_2">
   <style:paragraph-properties fo:break-before="page"/>
  </style:style>
  <style:style style:name="Box" style:family="graphic">
   <style:graphic-properties style:wrap="none" fo:border="0.05cm solid #000000" fo:padding="0.1cm"/>
  </style:style>
 </office:automatic-styles>
 <office:master-styles>
  <style:master-page style:name="Standard" style:page-layout-name="Sheet">
   <style:header><text:p>Yard book of PLACE</text:p></style:header>
   <style:footer><text:p>Page <text:page-number/></text:p></style:footer>
  </style:master-page>
 </office:master-styles>
 <office:body><office:text>
  <text:tracked-changes>
   <text:changed-region text:id="c1"><text:insertion><office:change-info>
    <dc:creator>Editor</dc:creator><dc:date>2026-03-02T09:00:00</dc:date></office:change-info></text:insertion>
   </text:changed-region>
   <text:changed-region text:id="c2"><text:deletion><office:change-info>
    <dc:creator>Editor</dc:creator><dc:date>2026-03-02T09:01:00</dc:date></office:change-info>
    <text:p>DELETED </text:p></text:deletion></text:changed-region>
  </text:tracked-changes>
  <text:h text:style-name="Heading_20_1" text:outline-level="1">Yard book</text:h>
  <text:p>PROSE1</text:p><text:p>PROSE2</text:p>
  <text:h text:style-name="Onward" text:outline-level="2">Grounds</text:h>
  <text:p>PROSE3</text:p>
  <text:p>PARAGRAPH<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation>
   <text:note-body><text:p>NOTE</text:p></text:note-body></text:note></text:p>
  <text:p>PROSE4</text:p>
  <text:h text:style-name="Onward" text:outline-level="2">Sheds</text:h>
  <text:p>PROSE5</text:p>
  <table:table table:name="Sheds"><table:table-column table:number-columns-repeated="3"/>
   TABLE
  </table:table>
  <text:p/>
  <text:p>PROSE6<draw:frame draw:style-name="Box" text:anchor-type="paragraph" svg:width="9cm" svg:x="0.5cm"
    svg:y="3.4cm"><draw:text-box fo:min-height="1.2cm"><text:p>BOX</text:p></draw:text-box></draw:frame></text:p>
  <text:h text:style-name="Onward" text:outline-level="2">Keys</text:h>
  <text:p>PROSE7</text:p>
  <text:p><text:change text:change-id="c2"/><text:change-start text:change-id="c1"/>INSERTED<text:change-end
    text:change-id="c1"/></text:p>
  <text:p>PROSE8</text:p>
 </office:text></office:body>
</office:document>
"""


def make_yard_book(folder: Path, suffix: str) -> None:
    """Write a text document with all that word processors know, and have LibreOffice save it in a format."""
    yard = YARDS[suffix]
    rows = [("Building", "Keeper", "Since"), ("Tool store", f"Warden of {yard.place}", "1990"), yard.row]
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>".format
    table = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    words = {"TABLE": table, "PLACE": yard.place, "PARAGRAPH": yard.paragraph, "NOTE": yard.note, "BOX": yard.box}
    words |= {"INSERTED": yard.inserted, "DELETED": yard.deleted}
    words |= {f"PROSE{at}": prose(f"{suffix} {at}", 6) for at in range(1, 9)}
    flat = _FLAT
    for slot, filling in words.items():
        flat = flat.replace(slot, filling)
    source = folder / "yard.fodt"
    source.write_text(flat, encoding="utf-8")
    convert(source, suffix, f"libreoffice-writer.{suffix}")


def make_word_file() -> None:
    """Write a DOCX as python-docx does: headings, a table, a comment, a page break."""
    document = docx.Document()
    document.core_properties.author = "Ada Writer"
    document.add_heading("Pottery handbook", 0)
    document.add_heading("Works", 1)
    document.add_paragraph(prose("potters", 5))
    document.add_heading("Kiln", 2)
    document.add_paragraph(prose("kiln", 3))
    document.add_paragraph("The kiln at Pell Street reaches 1,260 degrees after nine hours.")
    swept = document.add_paragraph(prose("flue", 2))
    document.add_comment(swept.runs, "The flue was last swept by Wilhelmina Dace.", author="Reviewer", initials="R")
    document.add_page_break()  # type: ignore[no-untyped-call]
    document.add_heading("Glazes", 1)
    table = document.add_table(rows=0, cols=3)
    for row in (("Glaze", "Supplier", "Tins"), ("Tenmoku", "Orr Brothers", "6"), ("Celadon", "Hobart and Wray", "14")):
        for cell, words in zip(table.add_row().cells, row, strict=True):
            cell.text = words
    document.add_paragraph(prose("glazes", 4))
    document.save(str(HERE / "python-docx.docx"))


@dataclass(frozen=True, slots=True)
class Talk:
    """What is planted in slides: in a bullet, in a speaker's notes, in a table."""

    title: str
    bullet: str
    notes: str
    row: tuple[str, str]


def make_slides(path: Path, talk: Talk) -> None:
    """Write a presentation of three slides as python-pptx does."""
    deck = pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[0])
    first.shapes.title.text = talk.title
    first.placeholders[1].text = "Annual meeting"
    second = deck.slides.add_slide(deck.slide_layouts[1])
    second.shapes.title.text = "What was built"
    frame = second.placeholders[1].text_frame
    frame.text = "The old landing stage was kept"
    frame.add_paragraph().text = talk.bullet
    second.notes_slide.notes_text_frame.text = talk.notes
    third = deck.slides.add_slide(deck.slide_layouts[5])
    third.shapes.title.text = "Who helped"
    table = third.shapes.add_table(3, 2, Inches(1), Inches(2), Inches(6), Inches(1.5)).table
    for at, row in enumerate((("Firm", "Work"), ("Unnamed donors", "Money"), talk.row)):
        for column, words in enumerate(row):
            table.cell(at, column).text = words
    deck.save(str(path))


@dataclass(frozen=True, slots=True)
class Budget:
    """What is planted in a workbook: a row of costs, the sum's label, a member of the staff."""

    row: tuple[str, str, float]
    total: str
    member: tuple[str, str]


def make_costs(path: Path, budget: Budget) -> None:
    """Write a workbook with two sheets, formulas, dates and merged cells, as openpyxl does."""
    book = openpyxl.Workbook()
    costs = book.active
    costs.title = "Costs"
    costs.append(["Item", "Supplier", "Amount", "Due"])
    others = [("Sand", "Lowe Ltd", 120.0), ("Gravel", "Lowe Ltd", 95.5), ("Nails", "Orr Brothers", 17.25)]
    others += [("Rope", "Orr Brothers", 44.0), ("Paint", "Lowe Ltd", 210.0)]
    for at, row in enumerate([*others, budget.row], 2):
        costs.append([*row, datetime.date(2026, 5, at)])
        costs[f"C{at}"].number_format = "#,##0.00"
        costs[f"D{at}"].number_format = "yyyy-mm-dd"
    costs.append([budget.total, None, "=SUM(C2:C7)"])
    costs["C8"].number_format = "#,##0.00"
    staff = book.create_sheet("Staff")
    staff["A1"] = "People on site"
    staff.merge_cells("A1:C1")
    staff.append(["Name", "Duty", "Since"])
    staff.append(["Jo Bright", "Watchman", datetime.date(2024, 1, 8)])
    staff.append([*budget.member, datetime.date(2025, 9, 1)])
    for at in (3, 4):
        staff[f"C{at}"].number_format = "d mmmm yyyy"
    book.save(path)


def make_workbook(path: Path) -> None:
    """Write a workbook with number formats, a formula, a hidden column, a hidden sheet and an empty one."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Data"
    sheet.append(["Name", "Share", "Date", "Price"])
    sheet.append(["Bo", 0.256, datetime.date(2024, 3, 1), 1234.5])
    sheet["B2"].number_format = "0.0%"
    sheet["D2"].number_format = '#,##0.00 "€"'
    sheet["A4"] = "Sum"
    sheet["B4"] = "=1+1"
    sheet["H9"] = "far"
    sheet.column_dimensions["H"].hidden = True
    secret = book.create_sheet("Secret")
    secret["A1"] = "psst"
    secret.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.save(path)


def make_office(folder: Path) -> None:
    """Make what office programs write."""
    for suffix in YARDS:
        make_yard_book(folder, suffix)
    make_word_file()
    make_slides(
        HERE / "python-pptx.pptx",
        Talk(
            "Harbour of Skarvik",
            "The Skarvik pier grew by 62 metres",
            "Thank Solveig Aune, who paid for the lanterns of Skarvik.",
            ("Tollefsen Dredging", "Cleared the basin"),
        ),
    )
    talks = {
        "odp": Talk(
            "Museum of Ostrava Lane",
            "The whale skeleton was lent by Bergen",
            "Remember that the whale may not be photographed with a flash.",
            ("Pemberton Glass", "Cases and lamps"),
        ),
        "ppsx": Talk(
            "Orchard of Winterslow",
            "Winterslow planted ninety quince trees",
            "Mention that the bees belong to Godfrey Plum.",
            ("Haldane Ladders", "Ladders and crates"),
        ),
    }
    for suffix, talk in talks.items():
        make_slides(folder / "talk.pptx", talk)
        convert(folder / "talk.pptx", suffix, f"libreoffice-impress.{suffix}")
    budgets = {
        "xlsx": Budget(("Copper gutters", "Ferrars & Nye", 1284.5), "Total Ashgrove", ("Leopold Tranter", "Roofer")),
        "xls": Budget(("Oak shutters", "Dunmore Joinery", 2310.0), "Total Birchfold", ("Agnes Whitlock", "Glazier")),
        "ods": Budget(("Slate tiles", "Penrhyn Quarry", 3075.75), "Total Cedarholt", ("Rufus Almond", "Mason")),
    }
    for suffix, budget in budgets.items():
        make_costs(folder / "costs.xlsx", budget)
        convert(folder / "costs.xlsx", suffix, f"libreoffice-calc.{suffix}")
    kitchen = Budget(("Enamel basins", "Falkirk Foundry", 640.0), "Total Dunlin", ("Prudence Achterberg", "Cook"))
    make_costs(HERE / "openpyxl.xlsx", kitchen)
    make_costs(folder / "list.xlsx", Budget(("Felt hats", "Maison Grévy", 77.0), "Total Elmsett", ("Bo", "Tailor")))
    # the options are: field separator ";", text delimiter '"', character set Windows-1252, from line 1, cells as shown
    convert(
        folder / "list.xlsx", "csv", "libreoffice-calc.csv", "csv:Text - txt - csv (StarCalc):59,34,1,1,,0,false,true"
    )


# PDF

_JOURNAL = """\
.nr PS 10
.nr VS 12
.nr PO 2.2c
.nr LL 16.5c
.ds LH Journal of Small Rivers
.ds CH
.ds RH No. 14
.ds CF %
.TL
Measuring the Velmora
.AU
Ada Writer
.2C
.SH
Preface
.PP
{0}
.PP
{1}
.bp
.SH
The whole length
.PP
{2}
.PP
The river Velmora is 412 kilometres long and ends in a salt marsh.
{3}
.bp
.SH
Measurements
.PP
{4}
.PP
The hydrographic commissioner Tamsin Oakhurst recommended uninterrupted
measurements throughout the hibernation of the freshwater
mussels.
{5}
.bp
.SH
Floods
.PP
{6}
.PP
At Orrin Bridge the gauge stood at nineteen metres on the fourth of March.
{7}
"""

_PRICES = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Lantern hire</title>
<style>body {{ font: 12px "DejaVu Sans" }} table {{ border-collapse: collapse }}
td, th {{ border: 1px solid; padding: 4px 18px }} h2 {{ break-before: page }}</style></head><body>
<h1>Lantern hire</h1><p>{0}</p>
<table><tr><th>Lantern</th><th>Price a day</th><th>Fetched on</th></tr>
<tr><td>Moonshell</td><td>4.10</td><td>Fridays</td></tr>
<tr><td>Quillfeather</td><td>7.25</td><td>Mondays</td></tr>
<tr><td>Storm glass</td><td>9.80</td><td>Sundays</td></tr></table>
<p>{1}</p><h2>Returns</h2><p>{2}</p>
<p>Returned lanterns are checked by Piers Alderson in the blue shed.</p><p>{3}</p></body></html>
"""

_TURNED = """\
<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Drawings of the Marrow Lock</title>
<style>@page { size: 148mm 210mm; margin: 0 } body { margin: 0; font: 12px "DejaVu Serif" }
section { position: relative; width: 148mm; height: 209mm; overflow: hidden; break-after: page }
div { position: absolute; left: 15mm; top: 15mm; width: 118mm }
.left { transform-origin: 0 0; transform: translate(0, 179mm) rotate(-90deg); width: 179mm }
</style></head><body>
<section><div><h1>Drawings</h1><p>PROSE1</p></div></section>
<section><div class="left"><h2>Plan</h2><p>PROSE2</p>
<p>The plan of the Marrow Lock was drawn by Ilse Brandt in 1887.</p></div></section>
<section><div class="left"><h2>Section</h2><p>PROSE3</p>
<p>Sluice seven of the Marrow Lock opens against the stream.</p></div></section>
</body></html>
"""


def make_pdfs(browser: Browser) -> None:
    """Make PDFs by groff (two columns, hyphenated) and Chromium (a table; pages that are turned)."""
    source = _JOURNAL.format(*(prose(f"journal {at}", 14) for at in range(8)))
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(run("groff", "-ms", "-Tpdf", "-K", "utf8", given=source.encode())))
    writer.set_page_label(0, 1, style="/r")
    writer.set_page_label(2, 3, style="/D")
    writer.write(HERE / "groff-journal.pdf")

    page = browser.new_page()
    page.set_content(_PRICES.format(*(prose(f"lanterns {at}", 8) for at in range(4))))
    look = "<div style='font-size: 8px; margin: 0 15mm'>{}</div>".format
    page.pdf(
        path=HERE / "chromium-table.pdf",
        format="A5",
        margin={"top": "20mm", "bottom": "20mm", "left": "15mm", "right": "15mm"},
        display_header_footer=True,
        header_template=look("Lantern hire, summer list"),
        footer_template=look("<span class='pageNumber'></span> of <span class='totalPages'></span>"),
    )
    turned = _TURNED
    for at in range(1, 4):
        turned = turned.replace(f"PROSE{at}", prose(f"lock {at}", 6))
    page.set_content(turned)
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(page.pdf(prefer_css_page_size=True)))
    writer.pages[1].rotate(90)
    writer.write(HERE / "chromium-rotated.pdf")
    page.close()


# What a browser saves


def make_pages(browser: Browser, folder: Path) -> None:
    """Make a saved web page, and pictures of text."""
    page = browser.new_page(viewport={"width": 760, "height": 420})
    source = folder / "ferry.html"
    source.write_text(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Ferry to Inishcarra</title></head><body>"
        f"<h1>Ferry to Inishcarra</h1><p>{prose('ferry', 5)}</p><h2>Times</h2>"
        "<p>The last ferry to Inishcarra leaves at 21:40.</p>"
        f"<h2>Tickets</h2><p>{prose('tickets', 3)}</p><p>Bicycles to Inishcarra travel for two shillings.</p>"
        "</body></html>",
        encoding="utf-8",
    )
    page.goto(source.as_uri())
    session = page.context.new_cdp_session(page)
    put("chromium-page.mhtml", session.send("Page.captureSnapshot", {"format": "mhtml"})["data"])

    def pictured(*words: str) -> Image.Image:
        page.set_content("<body style='font: 26px DejaVu Sans; margin: 40px'>" + "".join(f"<p>{w}</p>" for w in words))
        return Image.open(io.BytesIO(page.screenshot())).convert("L")

    pictured(
        "Notice", "The swimming bath of Larkmead is closed for tiling.", "Season cards of Larkmead cost 31 crowns."
    ).save(HERE / "pillow.png", optimize=True)
    pictured("Label", "This parcel was packed by Henrietta Boyle.", "The parcel holds nineteen thimbles.").save(
        HERE / "pillow.jpg", quality=60
    )
    pages = [
        pictured("Receipt", "Received of Mister Ogilvie forty guineas."),
        pictured("Receipt", "Mister Ogilvie still owes two hens."),
    ]
    pages[0].save(HERE / "pillow.tiff", save_all=True, append_images=pages[1:], compression="tiff_deflate")
    page.close()


# What pandoc writes


def manual(title: str, first: tuple[str, str], second: tuple[str, str], *, note: str = "") -> str:
    """Return a Markdown text with two chapters, each with a sentence of its own: (heading, sentence)."""
    chapters = []
    for at, (heading, sentence) in enumerate((first, second)):
        mark = "[^1]" if note and at else ""
        chapters.append(
            f"# {heading}\n\n{prose(f'{title} {at}', 5)}\n\n## Details\n\n{prose(f'{title} {at} more', 3)} "
            f"{sentence}{mark}\n\n{prose(f'{title} {at} end', 3)}\n"
        )
    front = f"---\ntitle: {title}\nauthor: Ada Writer\ndate: 2026-02-03\nlang: en\n---\n\n"
    return front + "\n".join(chapters) + (f"\n[^1]: {note}\n" if note else "")


MANUALS = {
    "pandoc-manual.rst": (
        "rst",
        manual(
            "Bell ringing",
            ("Ropes", "The tenor rope of Saint Osyth was spliced by Jory Pascoe."),
            ("Changes", "A full peal at Saint Osyth lasts three hours and four minutes."),
        ),
    ),
    "pandoc-manual.adoc": (
        "asciidoc",
        manual(
            "Hive keeping",
            ("Frames", "The hives at Lintwhite hold eleven frames each."),
            ("Honey", "Lintwhite sells its heather honey to Bartholomew Senn."),
        ),
    ),
    "pandoc-manual.org": (
        "org",
        manual(
            "Ink making",
            ("Galls", "Oak galls for the Verity ink come from Aleppo."),
            ("Vitriol", "The Verity ink needs 85 grams of green vitriol."),
        ),
    ),
    "pandoc-manual.tex": (
        "latex",
        manual(
            "Clock repair",
            ("Springs", "The Ambrose clock has a mainspring of blue steel."),
            ("Weights", "The striking weight of the Ambrose clock is filled with shot."),
        ),
    ),
    "pandoc-manual.html": (
        "html",
        manual(
            "Candle dipping",
            ("Wicks", "Wicks for the Tallis candles are plaited from cotton."),
            ("Moulds", "The Tallis moulds were cast by Ignatius Moor."),
        ),
    ),
    "pandoc-manual.dbk": (
        "docbook5",
        manual(
            "Rope walking",
            ("Poles", "The balancing pole of Delphine Astor is eight yards long."),
            ("Nets", "Delphine Astor gave her net away in Trieste."),
        ),
    ),
    "pandoc-manual.tei": (
        "tei",
        manual(
            "Bread baking",
            ("Ovens", "The oven of Molenaar Street is heated with beech."),
            ("Loaves", "Molenaar Street bakes 430 loaves a night."),
        ),
    ),
    "pandoc-manual.ipynb": (
        "ipynb",
        manual(
            "Tide reckoning",
            ("Moons", "Spring tides at Penmorva come two days after the full moon."),
            ("Marks", "The tide mark at Penmorva was cut by Elowen Trask."),
        ),
    ),
    "pandoc-slides.pptx": (
        "pptx",
        "# Weaving\n\n- The loom of Hilderstone has forty treadles.\n\n"
        "# Dyeing\n\n- Madder at Hilderstone is boiled for six hours.\n\n"
        "::: notes\nSay that the indigo vat was a gift of Rosalind Okafor.\n:::\n",
    ),
    "pandoc-novel.epub": (
        "epub3",
        manual(
            "The Ferryman",
            ("The lamp", "Old Corvin lit the lamp with a page of the almanac."),
            ("The crossing", "Corvin carried the notary across for a jar of figs."),
            note="The almanac of Corvin was printed in Utrecht.",
        ),
    ),
    "pandoc-novel-2.epub": (
        "epub2",
        manual(
            "The Glover",
            ("The shop", "Marguerite Sable stitched gloves for the left hand only."),
            ("The letter", "The letter to Marguerite Sable smelled of juniper."),
        ),
    ),
}


def make_by_pandoc() -> None:
    """Make light markup, books and more."""
    for name, (to, text) in MANUALS.items():
        pandoc(text, name, to)
    novel = manual(
        "The Beekeeper's Debt",
        ("The hill", "Tobias Wren hid the deed under the seventh stair."),
        ("The court", "The judge let Tobias Wren keep the mare."),
    )
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "novel.odt"
        run("pandoc", "-s", "-f", "markdown", "-o", source, given=novel.encode())
        convert(source, "epub", "libreoffice-novel.epub")
        page = manual(
            "Kite flying",
            ("Paper", "The red kite of Sennen is made of mulberry paper."),
            ("Lines", "Kites at Sennen fly on waxed linen thread."),
        )
        source = Path(folder) / "kites.odt"
        run("pandoc", "-s", "-f", "markdown", "-o", source, given=page.encode())
        convert(source, "html", "libreoffice-page.html", "html:HTML (StarWriter)")


# What editors and Python's own modules write

_NOTES = """\
---
title: Allotment notes
---

# Allotment notes

{0}

## Beds

1. Bed one holds leeks.
2. The artichokes of plot 31 came from Cosima Hale.
3. Bed three is fallow.

## Water

| Tank | Litres | Filled by |
|---|---|---|
| Green tank | 450 | rain |
| Zinc tank | 1150 | Dermot Quayle |

{1}
"""

_DIARY = """\
SHIP'S DIARY

{0}

MONDAY

{1}
The Halcyon anchored off Cape Sorrel in eleven fathoms.

TUESDAY

{2}
The cook of the Halcyon traded a kettle for limes.
"""

CODE = {
    "editor.py": '''\
"""Keeps the boiler of the greenhouse at work."""

import time

BOILER_LIMIT = 71  # above 71 degrees the Stokesby boiler vents by itself


class Boiler:
    """Speaks with the burner over a serial line."""

    def restart(self, attempts: int = 3) -> bool:
        """Restart the Stokesby burner; it waits 45 seconds between attempts, or the relay sticks."""
        for _ in range(attempts):
            if self._ignite():
                return True
            time.sleep(45)
        return False

    def _ignite(self) -> bool:
        return True
''',
    "editor.c": """\
#include <stdio.h>

/* The Kestrel probe reports pressure in tenths of a millibar. */
static int pressure_of(int raw)
{
    return raw / 10;
}

/* Frames of the Kestrel probe end with the byte 0x7E. */
int is_end_of_frame(int byte)
{
    return byte == 0x7E;
}
""",
    "editor.js": """\
// The gallery shows twelve prints of Yumi Castellan a page.
const PRINTS = 12;

export function openGallery(room) {
  // Room nine is skipped, since its projector was sold to a cinema in Ghent.
  if (room === 9) {
    return null;
  }
  return room * PRINTS;
}
""",
    "editor.rs": """\
/// Grinds coffee for the Borealis machine in 18 gram doses.
pub fn grind(doses: u32) -> u32 {
    doses * 18
}

/// Cleans the Borealis machine with citric acid every 200 cups.
pub fn must_clean(cups: u32) -> bool {
    cups % 200 == 0
}
""",
    "editor.sql": """\
-- Loans of the Farthing library run for 23 days.
CREATE TABLE loans (
    id INTEGER PRIMARY KEY,
    reader TEXT NOT NULL,
    due DATE NOT NULL
);

-- Fines of the Farthing library are paid in walnuts.
CREATE VIEW fines AS
SELECT reader FROM loans WHERE due < CURRENT_DATE;
""",
    "editor.sh": """\
#!/bin/sh
# The Gannet backup is written to the tape drive in the cellar.
set -eu

keep_backup() {
    # Gannet tapes are kept for 19 months and then given to the school.
    mv "$1" /srv/tapes
}
""",
    "editor.toml": """\
# settings of the observatory
[telescope]
name = "Aldebaran refractor"
note = "the Aldebaran refractor was ground by Leocadia Finch"

[dome]
turns = "clockwise"
note = "the dome of the observatory sticks below minus 12 degrees"
""",
    "editor.yaml": """\
# the bakery's ovens
oven:
  name: Salamander
  note: the Salamander oven is lit at half past two
mixer:
  name: Big Berta
  note: Big Berta was mended by Faustino Reyes
""",
    "editor.properties": """\
# texts of the ticket machine
ticket.greeting=Welcome to the Zephyr funicular
ticket.price=A ride on the Zephyr funicular costs 380 cents
ticket.closed=The Zephyr funicular rests in February
""",
    "editor.css": """\
/* The colours of the Hartsease theatre were chosen by Nerissa Vane. */
.stage { color: #7a1f2b; }

/* Programmes of the Hartsease theatre are printed on cream paper. */
.programme { background: #fff8e7; }
""",
    "editor.srt": """\
1
00:00:04,000 --> 00:00:07,500
Welcome to the salt works.

2
00:12:31,200 --> 00:12:36,000
The oldest pan at Saltmarsh Row was forged in 1703.

3
01:05:09,000 --> 01:05:14,000
Saltmarsh Row employs forty rakers in July.
""",
    "editor.vtt": """\
WEBVTT Interview with a diver

00:03.000 --> 00:06.000
How did it begin?

21:44.000 --> 21:49.000
I learned to dive from Okon Bassey.

48:02.500 --> 48:07.000
The wreck of the Perpetua lies under 38 metres of water.
""",
}


def make_plain() -> None:
    """Make texts, program text, settings and data."""
    put("editor.md", _NOTES.format(*(prose(f"plot {at}", 5) for at in range(2))))
    diary = _DIARY.format(*(prose(f"diary {at}", 4).replace(". ", ".\n") for at in range(3)))
    put("editor.txt", diary.replace("\n", "\r\n"))
    put("editor-utf16.txt", "\ufeff" + prose("utf-16", 4) + "\nThe café of Zoë Lindgård opens at seven.\n", "utf-16-le")
    put(
        "editor-latin1.txt",
        prose("latin", 4) + "\nThe señor from Logroño left his umbrella at the café Móstoles.\n",
        "cp1252",
    )
    for name, text in CODE.items():
        put(name, text)

    ini = configparser.ConfigParser()
    ini["aquarium"] = {"salinity": "33", "note": "the seahorses of tank four are fed by Ludmila Crane"}
    ini["pumps"] = {"spare": "two", "note": "the spare pump of the aquarium is under the stairs"}
    with open(HERE / "configparser.ini", "w", encoding="utf-8") as file:
        ini.write(file)

    stations = [
        {"name": "Kilnsea", "keeper": "Thaddeus Munk", "note": "The barometer of Kilnsea hangs in the pantry."},
        {"name": "Dunwold", "keeper": "Imogen Sayer", "note": "Dunwold reports snow by pigeon."},
    ]
    put("json.json", json.dumps({"stations": stations}, indent=2) + "\n")
    events = [{"at": f"2026-01-{day:02d}", "said": prose(f"event {day}", 1)} for day in range(1, 9)]
    events[2]["said"] = "Trawler Minnow lost its anchor near Scattery."
    events[6]["said"] = "The anchor of the Minnow was found by Peig Moran."
    put("json.jsonl", "".join(json.dumps(event) + "\n" for event in events))
    make_log()

    with open(HERE / "csv.csv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["Well", "Depth (m)", "Remark"])
        table.writerow(["Lower well", 14, "dry in August"])
        table.writerow(["Saint Wenna's well", 33, "blessed by Canon Jellicoe, twice"])
        table.writerow(["Mill well", 9, 'called "the kettle"'])
    with open(HERE / "csv.tsv", "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, "excel-tab")
        table.writerows(
            [["Tram", "Depot", "Driver"], ["Line 4", "Harwick", "Una Teague"], ["Line 9", "Ostend Road", "Silas Pym"]]
        )

    notebook = nbformat.v4.new_notebook()
    seen = nbformat.v4.new_output("stream", name="stdout", text="The Fulmar drone landed with 17 percent of charge.\n")
    notebook.cells = [
        nbformat.v4.new_markdown_cell(f"# Flights\n\n{prose('flights', 3)}", id="a"),
        nbformat.v4.new_code_cell("min(17, 80)", execution_count=3, outputs=[seen], id="b"),
        nbformat.v4.new_markdown_cell("## Crew\n\nThe Fulmar drone is flown by Araminta Oduya.", id="c"),
    ]
    nbformat.write(notebook, HERE / "nbformat.ipynb")
    make_xml()


def make_log() -> None:
    """Have Python's logging write a log."""
    handler = logging.FileHandler(HERE / "logging.log", mode="w", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("elevator")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    for at in range(40):
        logger.info("floor %d reached in %d ms", at % 7, 900 + 13 * at)
        if at == 11:
            logger.warning("cabin Bluebell stuck between floors 5 and 6 for 26 minutes")
        if at == 30:
            logger.error("brake of cabin Bluebell replaced by technician Omar Vance")
    logger.removeHandler(handler)
    handler.close()


def make_xml() -> None:
    """Have Python's ElementTree write a catalogue and a feed."""
    catalogue = ET.Element("catalogue")
    for title, words in (
        ("Globe", "The celestial globe of Abbot Fulk shows 1,025 stars."),
        ("Astrolabe", "The astrolabe of Abbot Fulk was pawned in Padua."),
    ):
        item = ET.SubElement(catalogue, "item")
        ET.SubElement(item, "title").text = title
        ET.SubElement(item, "description").text = f"{prose(title, 2)} {words}"
    ET.indent(catalogue)
    ET.ElementTree(catalogue).write(HERE / "elementtree.xml", encoding="utf-8", xml_declaration=True)
    feed = ET.Element("rss", version="2.0")
    channel = ET.SubElement(feed, "channel")
    ET.SubElement(channel, "title").text = "Lighthouse news"
    for title, words in (
        ("Lens", "The lens of Skellan light was polished by Bronagh Keane."),
        ("Goats", "Skellan light now keeps five goats."),
    ):
        item = ET.SubElement(channel, "item")
        ET.SubElement(item, "title").text = title
        ET.SubElement(item, "description").text = f"<p>{prose(title, 2)}</p><p>{words}</p>"
    ET.ElementTree(feed).write(HERE / "elementtree.rss", encoding="utf-8", xml_declaration=True)


# Files inside files


def letter(subject: str, words: str, minutes: int = 0) -> EmailMessage:
    """Return a message as Python's email package writes it."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada Writer <ada@example.org>", "bo@example.org", subject
    message["Date"] = f"Mon, 02 Mar 2026 10:{minutes:02d}:00 +0000"
    message["Message-ID"] = f"<{minutes}@example.org>"
    message.set_content(words + "\n")
    return message


def make_mail(browser: Browser, folder: Path) -> None:
    """Make a message with an HTML alternative and two attachments, and a mailbox of three messages."""
    words = f"{prose('mail', 3)}\n\nThe quarterly meeting is held in room 4.17 of the Hallam building."
    message = letter("Quarterly meeting", words)
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in words.split("\n\n"))
    message.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    page = browser.new_page()
    page.set_content(
        f"<h1>Agenda</h1><p>{prose('agenda', 4)}</p><p>Item six is the sale of the Fairweather barge.</p>"
        f"<div style='break-before: page'><p>{prose('agenda more', 4)}</p>"
        "<p>The Fairweather barge was valued by Lorenz Amsel.</p></div>"
    )
    message.add_attachment(page.pdf(format="A5"), maintype="application", subtype="pdf", filename="agenda.pdf")
    page.close()
    terms = docx.Document()
    terms.add_heading("Terms", 1)
    terms.add_paragraph("Tenants of the Hallam building keep no parrots.")
    terms.save(str(folder / "terms.docx"))
    message.add_attachment(
        (folder / "terms.docx").read_bytes(),
        maintype="application",
        subtype="vnd.openxmlformats-officedocument.wordprocessingml.document",
        filename="terms.docx",
    )
    put("email.eml", message.as_bytes())

    (HERE / "mailbox.mbox").unlink(missing_ok=True)
    box = mailbox.mbox(HERE / "mailbox.mbox")
    box.add(letter("Keys", "From now on the attic key of Number Nine is kept by Mrs Adeyemi.", 1))
    box.add(letter("Boiler", f"{prose('boiler', 2)} The boiler of Number Nine is serviced by Kowalczyk and Sons.", 2))
    last = letter("Minutes", prose("minutes", 2), 3)
    last.add_attachment("The roof of Number Nine was last tarred in 2009.\n", filename="minutes.txt")
    box.add(last)
    box.close()


def make_archives() -> None:
    """Make archives: zip in zip, tar.gz, and single files packed."""

    def zipped(members: dict[str, bytes]) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        return packed.getvalue()

    inner = zipped({"deep/spring.md": b"# Spring\n\nThe spring of Tamarisk was walled in by Brother Eadric.\n"})
    outer = {"notes/path.txt": b"The path to Tamarisk is closed from dusk.\n", "inner.zip": inner}
    put("zipfile.zip", zipped(outer))
    with tarfile.open(HERE / "tarfile.tar.gz", "w:gz") as archive:
        for name, words in (
            ("survey/soil.txt", "The soil of Farrow Field is sour clay.\n"),
            ("survey/trees.csv", "Tree,Girth,Age\nFarrow oak,6.4 m,380\nFarrow ash,2.1 m,90\n"),
        ):
            data = words.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    packers: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}
    for (suffix, pack), lines in zip(
        packers.items(),
        (
            ["The tram to Ellerby was horse-drawn until 1912.", "Ellerby sold its last tram horse to a circus."],
            ["The pigeon loft of Cransley has ninety nests.", "Cransley flies its pigeons from Calais."],
            [
                "The maze of Wolvercote was planted in yew.",
                "Nobody has left the maze of Wolvercote in under ten minutes.",
            ],
        ),
        strict=True,
    ):
        put(f"{pack.__module__.strip('_')}.txt.{suffix}", pack(("\n\n".join(lines) + "\n").encode()))


def make_small_book(folder: Path) -> None:
    """Make the small book and grid in the formats that office and book programs write."""
    source = folder / "book.md"
    source.write_text(BOOK, encoding="utf-8")
    for target, form in (("docx", "docx"), ("odt", "odt"), ("rtf", "rtf"), ("epub", "epub3"), ("2.epub", "epub2")):
        pandoc(BOOK, f"pandoc{target if target[0] == '2' else '.' + target}", form)
    slides = folder / "book.pptx"
    run("pandoc", "-s", source, "-o", slides)
    convert(HERE / "pandoc.docx", "odt", "libreoffice.odt")
    convert(HERE / "pandoc.odt", "docx", "libreoffice.docx")
    convert(HERE / "pandoc.odt", "rtf", "libreoffice.rtf")
    convert(HERE / "pandoc.odt", "epub", "libreoffice.epub")
    convert(slides, "odp", "libreoffice.odp")
    workbook = folder / "grid.xlsx"
    make_workbook(workbook)
    for suffix in ("xlsx", "xls", "ods"):
        convert(workbook, suffix, f"libreoffice.{suffix}")


def opened() -> Iterator[Browser]:
    """Yield Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


def main(which: Sequence[str] = ()) -> None:
    """Make all files anew."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        make_plain()
        make_archives()
        make_by_pandoc()
        for browser in opened():
            make_pdfs(browser)
            make_pages(browser, folder)
            make_mail(browser, folder)
        make_office(folder)
        make_small_book(folder)


if __name__ == "__main__":
    main()
