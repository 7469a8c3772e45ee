# ruff: noqa: E501 - markup in a table of cells
"""What kinds of content each format carries, and what becomes of them: one test for each cell of the table in docs."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pptx as python_pptx
import pytest
from pptx.util import Inches

from qa.chunk import chunk_document
from qa.load import Found, Reading, read_document
from tests.conftest import REPOSITORY
from tests.office import word_file, zipped
from tests.test_load_pdf import say, write

TABLE = REPOSITORY / "docs" / "formats.md"
MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"


@dataclass(frozen=True)
class Cell:
    """A file, and what must stand in its text, must not, is flagged as hidden and why, is a place or a child."""

    name: str
    data: bytes
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()
    places: tuple[tuple[str, str], ...] = ()
    children: tuple[str, ...] = ()
    note: str = ""
    sentences: tuple[str, ...] = ()


def word(body: str, **parts: str) -> bytes:
    return word_file(body.replace("<m:", "<m:").replace("<m:oMath>", f'<m:oMath xmlns:m="{MATH}">'), **parts)


def p(*runs: str) -> str:
    return f"<w:p>{''.join(runs)}</w:p>"


def r(words: str, look: str = "") -> str:
    return f'<w:r><w:rPr>{look}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'


def slides(inside: str) -> bytes:
    deck = python_pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    box = slide.shapes.add_textbox(Inches(1), Inches(1), Inches(5), Inches(1))
    from lxml import etree  # type: ignore[import-untyped]

    paragraph = box.text_frame.paragraphs[0]._p
    for one in etree.fromstring(
        f'<a:p xmlns:a="{DRAWING}" xmlns:m="{MATH}" xmlns:a14="http://schemas.microsoft.com/office/drawing/2010/main">{inside}</a:p>'
    ):
        paragraph.append(one)
    return saved(deck)


def saved(made: object) -> bytes:
    out = io.BytesIO()
    made.save(out)  # type: ignore[attr-defined]
    return out.getvalue()


def slide_table(fill: Callable[[object], None], rows: int, columns: int) -> bytes:
    deck = python_pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    table = slide.shapes.add_table(rows, columns, Inches(1), Inches(1), Inches(5), Inches(2)).table
    fill(table)
    return saved(deck)


def book(fill: Callable[[object], None]) -> bytes:
    made = openpyxl.Workbook()
    fill(made.active)
    return saved(made)


ODF = "urn:oasis:names:tc:opendocument:xmlns"


def open_document(kind: str, body: str, styles: str = "", **members: str) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="{ODF}:{full}:1.0"'
        for name, full in (
            ("office", "office"), ("text", "text"), ("table", "table"), ("style", "style"), ("draw", "drawing"),
            ("fo", "xsl-fo-compatible"), ("presentation", "presentation"),
        )
    ) + ' xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:dc="http://purl.org/dc/elements/1.1/"'  # fmt: skip
    content = (
        f"<office:document-content {spaces}><office:automatic-styles>{styles}</office:automatic-styles>"
        f"<office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return zipped({"content.xml": content, **{name.replace("__", "/"): one for name, one in members.items()}})


STYLES = (
    '<style:style style:name="S" style:family="text"><style:text-properties style:text-line-through-style="solid"/></style:style>'
    '<style:style style:name="U" style:family="text"><style:text-properties style:text-position="super 58%"/></style:style>'
    '<style:style style:name="D" style:family="text"><style:text-properties style:text-position="-33% 58%"/></style:style>'
    '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>'
)
RAISED = '2 × 10<text:span text:style-name="U">6</text:span> of H<text:span text:style-name="D">2</text:span>O'
STRUCK = 'It costs <text:span text:style-name="S">899</text:span> 749 euros.'
MERGED = (
    '<table:table><table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>West</text:p></table:table-cell>'
    "<table:table-cell><text:p>Early</text:p></table:table-cell><table:table-cell><text:p>Lena</text:p></table:table-cell></table:table-row>"
    "<table:table-row><table:covered-table-cell/><table:table-cell><text:p>Late</text:p></table:table-cell>"
    "<table:table-cell><text:p>Piet</text:p></table:table-cell></table:table-row></table:table>"
)
HEADED = (
    '<table:table><table:table-row><table:table-cell table:number-rows-spanned="2"><text:p>Unit</text:p></table:table-cell>'
    '<table:table-cell table:number-columns-spanned="2"><text:p>2023</text:p></table:table-cell><table:covered-table-cell/></table:table-row>'
    "<table:table-row><table:covered-table-cell/><table:table-cell><text:p>Plan</text:p></table:table-cell>"
    "<table:table-cell><text:p>Real</text:p></table:table-cell></table:table-row>"
    "<table:table-row><table:table-cell><text:p>Mill</text:p></table:table-cell><table:table-cell><text:p>77</text:p></table:table-cell>"
    "<table:table-cell><text:p>71</text:p></table:table-cell></table:table-row></table:table>"
)
SHEET = '<table:table table:name="S1">'
MATHML = (
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>F</mi><mo>=</mo>'
    "<mfrac><mrow><mi>σ</mi><mi>W</mi></mrow><mi>L</mi></mfrac></math>"
)
OMML = "<m:oMath><m:r><m:t>F=</m:t></m:r><m:f><m:num><m:r><m:t>σW</m:t></m:r></m:num><m:den><m:r><m:t>L</m:t></m:r></m:den></m:f></m:oMath>"


def merged_slide(table: object) -> None:
    for row, cells in enumerate((("Hall", "Shift", "Who"), ("West", "Early", "Lena"), ("", "Late", "Piet"))):
        for column, words in enumerate(cells):
            table.cell(row, column).text = words  # type: ignore[attr-defined]
    table.cell(1, 0).merge(table.cell(2, 0))  # type: ignore[attr-defined]


def headed_slide(table: object) -> None:
    for row, cells in enumerate((("Unit", "2023", ""), ("", "Plan", "Real"), ("Mill", "77", "71"))):
        for column, words in enumerate(cells):
            table.cell(row, column).text = words  # type: ignore[attr-defined]
    table.cell(0, 1).merge(table.cell(0, 2))  # type: ignore[attr-defined]


def merged_sheet(sheet: object) -> None:
    for row in (("Hall", "Shift", "Who"), ("West", "Early", "Lena"), (None, "Late", "Piet")):
        sheet.append(row)  # type: ignore[attr-defined]
    sheet.merge_cells("A2:A3")  # type: ignore[attr-defined]


def headed_sheet(sheet: object) -> None:
    for row in (
        ("Budget of the works",),
        ("Unit", 2023, None),
        (None, "Plan", "Real"),
        ("Mill", 77, 71),
        ("Dam", 5, 6),
    ):
        sheet.append(row)  # type: ignore[attr-defined]
    sheet.merge_cells("B2:C2")  # type: ignore[attr-defined]


def struck_sheet(sheet: object) -> None:
    from openpyxl.styles import Font  # type: ignore[import-untyped]

    sheet.append(["Fee", 899, 749])  # type: ignore[attr-defined]
    sheet["B1"].font = Font(strike=True)  # type: ignore[index]


def rich_sheet(sheet: object) -> None:
    from openpyxl.cell.rich_text import CellRichText, TextBlock  # type: ignore[import-untyped]
    from openpyxl.cell.text import InlineFont  # type: ignore[import-untyped]

    sheet["A1"] = CellRichText("2 × 10", TextBlock(InlineFont(vertAlign="superscript"), "6"), " cycles")  # type: ignore[index]


def noted_sheet(sheet: object) -> None:
    from openpyxl.comments import Comment  # type: ignore[import-untyped]

    sheet["A1"] = "Fee"  # type: ignore[index]
    sheet["A1"].comment = Comment("Agreed in May.", "Ada")  # type: ignore[index]
    sheet["B1"] = "secret"  # type: ignore[index]
    sheet.column_dimensions["B"].hidden = True  # type: ignore[attr-defined]


def page(inside: str) -> bytes:
    return f"<html><body>{inside}</body></html>".encode()


def epub(inside: str) -> bytes:
    return zipped(
        {
            "META-INF/container.xml": '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
            '<rootfile full-path="b.opf"/></rootfiles></container>',
            "b.opf": '<package xmlns="http://www.idpf.org/2007/opf"><manifest><item id="a" href="a.xhtml" '
            'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>',
            "a.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{inside}</body></html>',
        }
    )


def mail(inside: str, *, files: tuple[tuple[str, str], ...] = ()) -> bytes:
    message = EmailMessage()
    message["From"], message["Subject"] = "Ada <ada@example.org>", "The mill"
    message.set_content(page(inside).decode(), subtype="html")
    for name, words in files:
        message.add_attachment(words, filename=name)
    return message.as_bytes()


MARKUP_MERGED = "<table><tr><th>Hall<th>Shift<th>Who</tr><tr><td rowspan=2>West<td>Early<td>Lena</tr><tr><td>Late<td>Piet</tr></table>"
MARKUP_HEADED = (
    "<table><tr><th rowspan=2>Unit<th colspan=2>2023</tr><tr><th>Plan<th>Real</tr><tr><td>Mill<td>77<td>71</tr></table>"
)
WELL_FORMED = {
    MARKUP_MERGED: "<table><tr><th>Hall</th><th>Shift</th><th>Who</th></tr><tr><td rowspan='2'>West</td><td>Early</td>"
    "<td>Lena</td></tr><tr><td>Late</td><td>Piet</td></tr></table>",
    MARKUP_HEADED: "<table><tr><th rowspan='2'>Unit</th><th colspan='2'>2023</th></tr><tr><th>Plan</th><th>Real</th></tr>"
    "<tr><td>Mill</td><td>77</td><td>71</td></tr></table>",
}
ROW = ("West | Late | Piet",)
HEADER = ("Unit | 2023 Plan | 2023 Real", "Mill | 77 | 71")


def markup(kind: str, made: Callable[[str], bytes], suffix: str) -> dict[tuple[str, str], Cell]:
    """Return the cells of a format whose words are HTML."""
    name = f"a.{suffix}"
    return {
        ("superscript", kind): Cell(
            name, made("<p>2 × 10<sup>6</sup> of H<sub>2</sub>O, 1<sup>st</sup></p>"), ("2 × 10⁶ of H₂O, 1st",)
        ),
        ("footnote", kind): Cell(
            name, made('<p>72<sup><a href="#n">3</a></sup> dB</p><p>3 At 1 m.</p>'), ("72[3] dB",), ("723",)
        ),
        ("struck", kind): Cell(
            name, made("<p>It costs <s>899</s> 749 euros.</p>"), ("It costs 749 euros.",), ("899",), note="struck out"
        ),
        ("merged", kind): Cell(name, made(WELL_FORMED[MARKUP_MERGED]), ROW),
        ("header rows", kind): Cell(name, made(WELL_FORMED[MARKUP_HEADED]), HEADER),
        ("hidden", kind): Cell(
            name,
            made('<p>Open.</p><div style="display:none">Shut.</div>'),
            hidden=(("Shut.", "hidden element"),),
            note="nobody sees",
        ),
        ("comment", kind): Cell(name, made("<p>Open.</p><!-- shut --><p>End.</p>"), ("Open.",), ("shut",)),
        ("form field", kind): Cell(
            name,
            made(
                '<p><input type="checkbox" checked="checked"/> pump <input type="checkbox"/> filter <input value="SN-8"/></p>'
            ),
            ("[checked] pump [unchecked] filter SN-8",),
        ),
        ("equation", kind): Cell(name, made(f"<p>{MATHML}</p>"), ("F = σW/L",)),
    }


RTF_ROW = r"\trowd{0}\cellx1000\cellx2000\cellx3000\intbl {1}\cell {2}\cell {3}\cell\row "
CHECKBOX = (
    '<w:p><w:r><w:fldChar w:fldCharType="begin"><w:ffData><w:checkBox><w:checked/></w:checkBox></w:ffData></w:fldChar></w:r>'
    '<w:r><w:instrText>FORMCHECKBOX</w:instrText></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r><w:r><w:t> blocked</w:t></w:r></w:p>'
)


def tc(words: str, look: str = "") -> str:
    return f"<w:tc><w:tcPr>{look}</w:tcPr>{p(r(words))}</w:tc>"


BEGIN, DOWN, OVER = '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:gridSpan w:val="2"/>'
WORD_MERGED = (
    f"<w:tbl><w:tr>{tc('Hall')}{tc('Shift')}{tc('Who')}</w:tr><w:tr>{tc('West', BEGIN)}{tc('Early')}{tc('Lena')}</w:tr>"
    f"<w:tr>{tc('', DOWN)}{tc('Late')}{tc('Piet')}</w:tr></w:tbl>"
)
WORD_HEADED = (
    f"<w:tbl><w:tr>{tc('Unit', BEGIN)}{tc('2023', OVER)}</w:tr><w:tr>{tc('', DOWN)}{tc('Plan')}{tc('Real')}</w:tr>"
    f"<w:tr>{tc('Mill')}{tc('77')}{tc('71')}</w:tr></w:tbl>"
)
PDF_NOTE = "/Annots[10 0 R]"


def pdf(content: str, note: str = "", extra: str = "") -> bytes:
    return write([content], page_extra=PDF_NOTE if note else "", objects=[note] if note else [], catalog=extra)


LETTER = "From: a@b.org\nSubject: Dates\nContent-Type: text/plain; charset=utf-8\n\n"

CELLS: dict[tuple[str, str], Cell] = {
    ("superscript", "docx"): Cell(
        "a.docx",
        word(
            p(
                r("2 × 10"),
                r("6", '<w:vertAlign w:val="superscript"/>'),
                r(" of H"),
                r("2", '<w:vertAlign w:val="subscript"/>'),
                r("O"),
            )
        ),
        ("2 × 10⁶ of H₂O",),
    ),
    ("footnote", "docx"): Cell(
        "a.docx",
        word(
            p(r("72"), '<w:r><w:footnoteReference w:id="2"/></w:r>', r(" dB")),
            footnotes=f'<w:footnote w:id="2">{p(r("At 1 m."))}</w:footnote>',
        ),
        ("72 dB", "At 1 m."),
        places=(("footnote", "1"),),
    ),
    ("struck", "docx"): Cell(
        "a.docx",
        word(p(r("It costs "), r("899", "<w:strike/>"), r(" 749 euros."))),
        ("It costs 749 euros.",),
        ("899",),
        note="struck out",
    ),
    ("merged", "docx"): Cell("a.docx", word(WORD_MERGED), ROW),
    ("header rows", "docx"): Cell("a.docx", word(WORD_HEADED), HEADER),
    ("hidden", "docx"): Cell(
        "a.docx", word(p(r("Open. "), r("Shut.", "<w:vanish/>"))), hidden=(("Shut.", "hidden text"),)
    ),
    ("comment", "docx"): Cell(
        "a.docx",
        word(
            p(r("Fee."), '<w:r><w:commentReference w:id="1"/></w:r>'),
            comments=f'<w:comment w:id="1" w:author="Ada">{p(r("Agreed."))}</w:comment>',
        ),
        ("Agreed.",),
        places=(("comment", "Ada"),),
    ),
    ("form field", "docx"): Cell("a.docx", word(CHECKBOX), ("[checked] blocked",)),
    ("equation", "docx"): Cell("a.docx", word(f"<w:p>{OMML}</w:p>"), ("F=σW/L",)),
    ("superscript", "pptx"): Cell(
        "a.pptx", slides('<a:r><a:t>2 × 10</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>6</a:t></a:r>'), ("2 × 10⁶",)
    ),
    ("struck", "pptx"): Cell(
        "a.pptx",
        slides(
            '<a:r><a:t>It costs </a:t></a:r><a:r><a:rPr strike="sngStrike"/><a:t>899</a:t></a:r><a:r><a:t> 749.</a:t></a:r>'
        ),
        ("It costs 749.",),
        ("899",),
        note="struck out",
    ),
    ("merged", "pptx"): Cell("a.pptx", slide_table(merged_slide, 3, 3), ROW),
    ("header rows", "pptx"): Cell("a.pptx", slide_table(headed_slide, 3, 3), HEADER),
    ("equation", "pptx"): Cell("a.pptx", slides(f"<a14:m>{OMML}</a14:m>"), ("F=σW/L",)),
    ("superscript", "xlsx"): Cell("a.xlsx", book(rich_sheet), ("2 × 10⁶ cycles",)),
    ("struck", "xlsx"): Cell("a.xlsx", book(struck_sheet), ("Fee | 749",), ("899",), note="struck out"),
    ("merged", "xlsx"): Cell("a.xlsx", book(merged_sheet), ROW, places=(("cell", "A3"),)),
    ("header rows", "xlsx"): Cell(
        "a.xlsx",
        book(headed_sheet),
        ("Budget of the works\n\nUnit | 2023 Plan | 2023 Real\nMill | 77 | 71",),
        places=(("cell", "C4"),),
    ),
    ("hidden", "xlsx"): Cell("a.xlsx", book(noted_sheet), hidden=(("secret", "hidden column"),)),
    ("comment", "xlsx"): Cell("a.xlsx", book(noted_sheet), ("Agreed in May.",), places=(("comment", "A1"),)),
    ("superscript", "odt"): Cell(
        "a.odt", open_document("text", f"<text:p>{RAISED}</text:p>", STYLES), ("2 × 10⁶ of H₂O",)
    ),
    ("footnote", "odt"): Cell(
        "a.odt",
        open_document(
            "text",
            '<text:p>72<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body><text:p>At 1 m.</text:p></text:note-body></text:note> dB</text:p>',
        ),
        ("72 dB", "At 1 m."),
        places=(("footnote", "1"),),
    ),
    ("struck", "odt"): Cell(
        "a.odt",
        open_document("text", f"<text:p>{STRUCK}</text:p>", STYLES),
        ("It costs 749 euros.",),
        ("899",),
        note="struck out",
    ),
    ("merged", "odt"): Cell("a.odt", open_document("text", MERGED), ROW),
    ("header rows", "odt"): Cell("a.odt", open_document("text", HEADED), HEADER),
    ("hidden", "odt"): Cell(
        "a.odt",
        open_document("text", '<text:p>Open. <text:span text:style-name="H">Shut.</text:span></text:p>', STYLES),
        hidden=(("Shut.", "hidden text"),),
    ),
    ("comment", "odt"): Cell(
        "a.odt",
        open_document(
            "text",
            "<text:p>Fee.<office:annotation><dc:creator>Ada</dc:creator><text:p>Agreed.</text:p></office:annotation></text:p>",
        ),
        ("Agreed.",),
        places=(("comment", "Ada"),),
    ),
    ("equation", "odt"): Cell(
        "a.odt",
        open_document(
            "text",
            '<text:p>Load: <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame></text:p>',
            **{"Object 1__content.xml": MATHML},
        ),
        ("Load: F = σW/L",),
    ),
    ("superscript", "ods"): Cell(
        "a.ods",
        open_document(
            "spreadsheet",
            f"{SHEET}<table:table-row><table:table-cell><text:p>{RAISED}</text:p></table:table-cell></table:table-row></table:table>",
            STYLES,
        ),
        ("2 × 10⁶ of H₂O",),
    ),
    ("struck", "ods"): Cell(
        "a.ods",
        open_document(
            "spreadsheet",
            f"{SHEET}<table:table-row><table:table-cell><text:p>{STRUCK}</text:p></table:table-cell></table:table-row></table:table>",
            STYLES,
        ),
        ("It costs 749 euros.",),
        ("899",),
        note="struck out",
    ),
    ("merged", "ods"): Cell(
        "a.ods",
        open_document(
            "spreadsheet",
            MERGED.replace("<table:table>", SHEET).replace(
                'table:number-rows-spanned="2"', 'table:number-rows-spanned="2" table:number-columns-spanned="1"'
            ),
        ),
        ROW,
    ),
    ("header rows", "ods"): Cell(
        "a.ods",
        open_document(
            "spreadsheet",
            HEADED.replace("<table:table>", SHEET)
            .replace('table:number-rows-spanned="2"', 'table:number-rows-spanned="2" table:number-columns-spanned="1"')
            .replace(
                '<table:table-cell table:number-columns-spanned="2"',
                '<table:table-cell table:number-rows-spanned="1" table:number-columns-spanned="2"',
            ),
        ),
        HEADER,
    ),
    ("superscript", "odp"): Cell(
        "a.odp",
        open_document(
            "presentation",
            f"<draw:page><draw:frame><draw:text-box><text:p>{RAISED}</text:p></draw:text-box></draw:frame></draw:page>",
            STYLES,
        ),
        ("2 × 10⁶ of H₂O",),
    ),
    ("struck", "odp"): Cell(
        "a.odp",
        open_document(
            "presentation",
            f"<draw:page><draw:frame><draw:text-box><text:p>{STRUCK}</text:p></draw:text-box></draw:frame></draw:page>",
            STYLES,
        ),
        ("It costs 749 euros.",),
        ("899",),
        note="struck out",
    ),
    ("superscript", "rtf"): Cell("a.rtf", rb"{\rtf1\ansi 2 x 10{\super 6} of H{\sub 2}O}", ("2 x 10⁶ of H₂O",)),
    ("footnote", "rtf"): Cell(
        "a.rtf",
        rb"{\rtf1\ansi 72{\super\chftn}{\footnote At 1 m.} dB\par}",
        ("72 dB", "At 1 m."),
        places=(("footnote", ""),),
    ),
    ("struck", "rtf"): Cell(
        "a.rtf",
        rb"{\rtf1\ansi It costs {\strike 899} 749 euros.}",
        ("It costs 749 euros.",),
        ("899",),
        note="struck out",
    ),
    ("merged", "rtf"): Cell(
        "a.rtf",
        (
            "{\\rtf1\\ansi "
            + RTF_ROW.format(r"\clvmgf", "West", "Early", "Lena")
            + RTF_ROW.format(r"\clvmrg", "", "Late", "Piet")
            + "}"
        ).encode(),
        ROW,
    ),
    ("header rows", "rtf"): Cell(
        "a.rtf",
        (
            "{\\rtf1\\ansi "
            + RTF_ROW.format(r"\clvmgf", "Unit", "2023", "").replace(
                r"\cellx1000\cellx2000", r"\cellx1000\clmgf\cellx2000\clmrg"
            )
            + RTF_ROW.format(r"\clvmrg", "", "Plan", "Real")
            + RTF_ROW.format("", "Mill", "77", "71")
            + "}"
        ).encode(),
        HEADER,
    ),
    ("hidden", "rtf"): Cell("a.rtf", rb"{\rtf1\ansi Open. {\v Shut.}}", hidden=(("Shut.", "hidden text"),)),
    ("comment", "rtf"): Cell(
        "a.rtf",
        rb"{\rtf1\ansi Fee.{\*\atnid A}{\*\atnauthor Ada}{\*\annotation Agreed.}\par}",
        ("Agreed.",),
        places=(("comment", "Ada"),),
    ),
    **markup("html", page, "html"),
    **markup("epub", epub, "epub"),
    **markup("mail", mail, "eml"),
    ("attachment", "mail"): Cell(
        "a.eml", mail("<p>See the annex.</p>", files=(("annex.txt", "Nine crowns."),)), children=("annex.txt",)
    ),
    ("note", "mail"): Cell(
        "a.eml",
        (LETTER + "It is on 21 June.\n\nOn Mon, 3 Jun 2024 Ole <o@b.org> wrote:\n> It is on 12 June.\n").encode(),
        places=(("older mail", "On Mon, 3 Jun 2024 Ole <o@b.org> wrote:"),),
    ),
    ("superscript", "pdf"): Cell(
        "a.pdf", pdf(say(72, 700, "2 x 10") + say(99.5, 704, "6", 6) + say(110, 700, "cycles")), ("2 x 10⁶ cycles",)
    ),
    ("struck", "pdf"): Cell(
        "a.pdf",
        pdf(
            say(72, 700, "The fee is nine crowns.") + "72 703 m 176 703 l S\n" + say(72, 660, "The fee is two crowns.")
        ),
        hidden=(("The fee is nine crowns.", "struck out"),),
        sentences=("The fee is two crowns.",),
    ),
    ("hidden", "pdf"): Cell(
        "a.pdf",
        pdf(say(72, 700, "Open.") + "1 1 1 rg\n" + say(72, 660, "Shut.")),
        hidden=(("Shut.", "invisible colour"),),
    ),
    ("comment", "pdf"): Cell(
        "a.pdf",
        pdf(
            say(72, 700, "The bay is north."),
            "<</Type/Annot/Subtype/Highlight/T(Ada)/Contents(Agreed in May.)/Rect[72 698 170 712]/QuadPoints[72 712 170 712 72 698 170 698]>>",
        ),
        ("Ada, page 1, on “The bay is north.”: Agreed in May.",),
        places=(("note", "page 1, Ada"),),
    ),
    ("form field", "pdf"): Cell(
        "a.pdf",
        pdf(
            say(72, 700, "Exit blocked:"),
            "<</Type/Annot/Subtype/Widget/FT/Btn/T(a)/V/Yes/AS/Yes/Rect[150 698 162 710]>>",
            "/AcroForm<</Fields[10 0 R]>>",
        ),
        ("Exit blocked: [checked]",),
    ),
    ("attachment", "pdf"): Cell(
        "a.pdf",
        write(
            [say(72, 700, "See the annex.")],
            catalog="/Names<</EmbeddedFiles<</Names[(annex.txt) 10 0 R]>>>>",
            objects=[
                "<</Type/Filespec/F(annex.txt)/UF(annex.txt)/EF<</F 11 0 R>>>>",
                "<</Type/EmbeddedFile/Length 12>>\nstream\nNine crowns.\nendstream",
            ],
        ),
        children=("annex.txt",),
    ),
    ("superscript", "markdown"): Cell(
        "a.md", b"It holds 10<sup>6</sup> and 10^6^ cells.\n", ("10<sup>6</sup> and 10^6^",)
    ),
    ("footnote", "markdown"): Cell("a.md", b"It is thick[^1].\n\n[^1]: 28 cm.\n", places=(("footnote", "1"),)),
    ("struck", "markdown"): Cell(
        "a.md",
        b"~~It opens in May.~~ It opens in July.\n",
        hidden=(("~~It opens in May.~~", "struck out"),),
        note="don't count",
        sentences=("It opens in July.",),
    ),
    ("comment", "markdown"): Cell(
        "a.md",
        b"It is lined. <!-- for 92 euros -->\n",
        hidden=(("<!-- for 92 euros -->", "commented out"),),
        sentences=("It is lined.",),
    ),
    ("form field", "markdown"): Cell("a.md", b"- [x] Tested\n- [ ] Hung\n", sentences=("- [x] Tested", "- [ ] Hung")),
    ("note", "markdown"): Cell(
        "a.md",
        b"---\nengineer: Yara\nbudget: 7\n---\n# T\n\nWords.\n",
        places=(("fact", "engineer"), ("fact", "budget")),
        sentences=("engineer: Yara", "budget: 7", "Words."),
    ),
    ("superscript", "latex"): Cell("a.tex", b"It holds $10^{6}$ cells.\n", ("$10^{6}$",)),
    ("footnote", "latex"): Cell("a.tex", b"It is thick.\\footnote{28 cm.}\n", ("thick.\\footnote{28 cm.}",)),
    ("struck", "latex"): Cell(
        "a.tex",
        b"\\sout{It opens in May.} It opens in July.\n",
        hidden=(("\\sout{It opens in May.}", "struck out"),),
        sentences=("It opens in July.",),
    ),
    ("comment", "latex"): Cell(
        "a.tex",
        b"It is 8 m. % was 7 m\n\\begin{comment}\nOld.\n\\end{comment}\nEnd of it.\n",
        hidden=(("% was 7 m", "commented out"), ("\\begin{comment}\nOld.\n\\end{comment}", "commented out")),
        sentences=("It is 8 m.", "End of it."),
    ),
    ("equation", "latex"): Cell("a.tex", b"So $F=\\frac{\\sigma W}{L}$ holds.\n", ("\\frac{\\sigma W}{L}",)),
    ("header rows", "csv"): Cell(
        "a.csv",
        b"Export of 4 March\n\nSite,Who\nNorth,Iona\nEast,Mona\n",
        places=(("row", "3"), ("cell", "B5")),
        sentences=("Site,Who", "North,Iona", "East,Mona"),
    ),
    ("merged", "csv"): Cell(
        "a.csv",
        b'sep=|\nSite|Who\nNorth|"a\nb"\nEast|Mona\n',
        places=(("cell", "B3"),),
        sentences=("Site|Who", 'North|"a\nb"', "East|Mona"),
    ),
}


@pytest.mark.parametrize(("kind", "format_"), sorted(CELLS), ids=lambda one: str(one).replace(" ", "_"))
def test_what_a_format_carries_is_read_as_it_is_meant(kind: str, format_: str) -> None:
    cell = CELLS[kind, format_]
    found = read(cell)
    text = found.document.text
    for words in cell.says:
        assert words in text
    for words in cell.never:
        assert words not in text
    hidden = [(one.span.of(text), one.why) for one in found.document.hidden]
    assert [one for one in cell.hidden if one not in hidden] == [], hidden
    places = [(place.kind, place.label) for place in found.document.places]
    assert [one for one in cell.places if one not in places] == [], places
    assert tuple(child.name for child in found.children) == cell.children
    assert cell.note in found.note
    if cell.sentences:
        chunks = chunk_document(found.document, size=900)
        assert tuple(sentence.of(text) for chunk in chunks for sentence in chunk.sentences) == cell.sentences


def read(cell: Cell) -> Reading:
    return read_document(Found(Path(cell.name), cell.name), cell.data)


def test_the_table_in_the_docs_has_a_mark_where_there_is_a_test_and_else_a_reason() -> None:
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    head = next(line for line in lines if line.startswith("| kind |") and "superscript" not in line and "docx" in line)
    formats = [one.strip() for one in head.strip("|").split("|")][1:]
    tested = set()
    for line in lines[lines.index(head) + 2 :]:
        kind, *cells = [one.strip() for one in line.strip("|").split("|")]
        if len(cells) != len(formats):
            break
        for format_, words in zip(formats, cells, strict=True):
            assert words, f"{kind} × {format_} is empty"
            if words.startswith("✓"):
                tested.add((kind, format_))
            else:
                assert re.fullmatch(r"[a-z]", words), f"{kind} × {format_}: a letter that leads to a reason"
    assert tested == set(CELLS)
