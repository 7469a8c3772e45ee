"""Word, PowerPoint, OpenDocument, RTF and EPUB: their words in reading order, and where each stands."""

from __future__ import annotations

import io
import time

import docx as python_docx
import pptx as python_pptx
import pytest
from pptx.dml.color import RGBColor
from pptx.util import Inches

from qa.load.extracted import Extracted, Limits, Reader, Unreadable
from qa.load.formats import docx, epub, opendocument, pptx, rtf
from qa.types import Span
from tests.office import FORMATS, damaged, owed, paragraph, survives, unzipped, word_file, zipped


def read(extract: Reader, data: bytes, limits: Limits | None = None) -> Extracted:
    return owed(extract(data, limits or Limits()))


def places(found: Extracted, kind: str) -> list[tuple[str, str]]:
    return [(place.label, place.span.of(found.text)) for place in found.places if place.kind == kind]


def outline(found: Extracted) -> list[tuple[int, str]]:
    return [(heading.level, heading.words) for heading in found.headings]


def hidden(found: Extracted) -> list[tuple[str, str]]:
    return [(one.span.of(found.text), one.why) for one in found.hidden]


def refusal(extract: Reader, data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(Unreadable) as caught:
        extract(data, limits or Limits())
    return str(caught.value)


# One small book, as real programs save it

BODY = """\
First chapter

Some words with a note.

The note’s words.

- one
- two

Second chapter

Name | Age
Bo | 7

Inside

1. First
2. Second
  a. deep

End — “quoted”."""
FRONT = "A Small Book\n\nAda Writer\n\n2021-05-06\n\n"
CHAPTERS = [(1, "First chapter"), (1, "Second chapter"), (2, "Inside")]
TITLED = [(1, "A Small Book"), *CHAPTERS]


@pytest.mark.parametrize(
    ("extract", "name"),
    [
        (docx.extract, "pandoc.docx"),
        (docx.extract, "libreoffice.docx"),
        (opendocument.extract, "pandoc.odt"),
        (opendocument.extract, "libreoffice.odt"),
        (rtf.extract, "libreoffice.rtf"),
    ],
)
def test_a_book_reads_the_same_whoever_saved_it(extract: Reader, name: str) -> None:
    found = read(extract, (FORMATS / name).read_bytes())
    assert found.text == FRONT + BODY
    assert outline(found) == TITLED
    assert [words for _, words in places(found, "footnote")] == ["The note’s words."]
    assert (found.title, found.author) == ("A Small Book", "Ada Writer")
    assert found.date.startswith("20")
    assert (found.hidden, found.lost, found.empty) == ((), 0, ())


def test_rtf_without_lists_of_its_own_keeps_the_numbers_that_stand_in_its_text() -> None:
    found = read(rtf.extract, (FORMATS / "pandoc.rtf").read_bytes())
    assert "•\tone\n\n•\ttwo" in found.text
    assert "Name | Age\nBo | 7" in found.text
    assert "1.\tFirst\n\n2.\tSecond\n\na.\tdeep\n\nEnd — “quoted”." in found.text
    assert outline(found) == CHAPTERS


@pytest.mark.parametrize("name", ["pandoc.epub", "pandoc2.epub"])
def test_chapters_of_a_book_are_places_with_their_titles(name: str) -> None:
    found = read(epub.extract, (FORMATS / name).read_bytes())
    assert [label for label, _ in places(found, "chapter")] == ["A Small Book", "First chapter", "Second chapter"]
    second = places(found, "chapter")[2][1]
    assert second.startswith("Second chapter\n\nName | Age\nBo | 7\n\nInside")
    assert second.endswith("End — “quoted”.")
    assert outline(found) == TITLED
    assert (found.title, found.author, found.date) == ("A Small Book", "Ada Writer", "2021-05-06")


def test_a_book_by_libreoffice_is_read_chapter_by_chapter() -> None:
    found = read(epub.extract, (FORMATS / "libreoffice.epub").read_bytes())
    assert [label for label, _ in places(found, "chapter")] == ["Section 1", "First chapter", "Second chapter"]


def test_slides_by_libreoffice_are_read_in_order_with_white_letters_on_blue_in_plain_sight() -> None:
    found = read(opendocument.extract, (FORMATS / "libreoffice.odp").read_bytes())
    assert [words.partition("\n")[0] for _, words in places(found, "slide")] == [
        "A Small Book",
        "First chapter",
        "Second chapter",
        "Inside",
        "Notes",
    ]
    assert "Name | Age\nBo | 7" in found.text
    assert "1. First\n2. Second\n  a. deep" in found.text
    assert (found.parts, found.hidden) == (5, ())


# Word


def test_headings_go_by_outline_level_whatever_the_style_is_called() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="berschrift2"><w:name w:val="heading 2"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Eigen"><w:name w:val="Mein Titel"/>'
        '<w:basedOn w:val="berschrift2"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Gliederung"><w:name w:val="Abschnitt"/>'
        '<w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>'
    )
    body = (
        paragraph("by outline", '<w:pStyle w:val="Gliederung"/>')
        + paragraph("by name", '<w:pStyle w:val="berschrift2"/>')
        + paragraph("by parent", '<w:pStyle w:val="Eigen"/>')
        + paragraph("by itself", '<w:outlineLvl w:val="2"/>')
        + paragraph("not any more", '<w:pStyle w:val="Eigen"/><w:outlineLvl w:val="9"/>')
    )
    found = read(docx.extract, word_file(body, styles=styles))
    assert outline(found) == [(1, "by outline"), (2, "by name"), (2, "by parent"), (3, "by itself")]
    assert found.headings[1].span.of(found.text) == "by name"


def test_a_style_based_on_itself_ends() -> None:
    styles = (
        '<w:style w:styleId="a"><w:basedOn w:val="b"/></w:style><w:style w:styleId="b"><w:basedOn w:val="a"/></w:style>'
    )
    assert read(docx.extract, word_file(paragraph("words", '<w:pStyle w:val="a"/>'), styles=styles)).text == "words"


NUMBERING = (
    '<w:abstractNum w:abstractNumId="0">'
    '<w:lvl w:ilvl="0"><w:start w:val="3"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl>'
    '<w:lvl w:ilvl="2"><w:numFmt w:val="upperRoman"/><w:lvlText w:val="§ %3"/></w:lvl></w:abstractNum>'
    '<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="·"/></w:lvl>'
    "</w:abstractNum>"
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="1"/>'
    "</w:lvlOverride></w:num>"
)


def item(words: str, level: int, number: int) -> str:
    return paragraph(words, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>')


def test_list_numbers_are_those_word_shows() -> None:
    listed = [("one", 0, 1), ("in", 1, 1), ("in", 1, 1), ("deep", 2, 1), ("two", 0, 1), ("in", 1, 1), ("dot", 0, 2)]
    body = "".join(item(*one) for one in [*listed, ("again", 0, 3), ("goes on", 0, 3), ("none", 0, 0)])
    found = read(docx.extract, word_file(body, numbering=NUMBERING))
    assert found.text.split("\n") == [
        *["3. one", "  3.a) in", "  3.b) in", "    § I deep", "4. two", "  4.a) in", "- dot", "1. again", "2. goes on"],
        *["", "none"],
    ]


def test_a_headings_number_is_part_of_its_words() -> None:
    styles = (
        '<w:style w:type="paragraph" w:styleId="h1"><w:name w:val="heading 1"/>'
        '<w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
    )
    found = read(
        docx.extract, word_file(paragraph("Scope", '<w:pStyle w:val="h1"/>'), styles=styles, numbering=NUMBERING)
    )
    assert outline(found) == [(1, "3. Scope")]
    assert found.text == "3. Scope"


def test_inserted_text_is_in_and_deleted_text_is_out_and_counted() -> None:
    body = (
        '<w:p><w:r><w:t xml:space="preserve">The fee is </w:t></w:r><w:del><w:r><w:delText>10</w:delText></w:r></w:del>'
        "<w:ins><w:r><w:t>12</w:t></w:r></w:ins><w:r><w:t> euros.</w:t></w:r></w:p>"
    )
    found = read(docx.extract, word_file(body))
    assert found.text == "The fee is 12 euros."
    assert found.notes == ("Tracked deletions: 1. Their text is left out.",)


def test_notes_and_comments_follow_the_paragraph_they_hang_on_with_places_of_their_own() -> None:
    body = (
        '<w:p><w:r><w:t>Body</w:t><w:footnoteReference w:id="5"/></w:r><w:r><w:endnoteReference w:id="2"/></w:r>'
        '<w:r><w:commentReference w:id="0"/></w:r></w:p>' + paragraph("Next")
    )
    parts = {
        "footnotes": f'<w:footnote w:type="separator" w:id="0">{paragraph("line")}</w:footnote>'
        f'<w:footnote w:id="5">{paragraph("Foot")}</w:footnote>',
        "endnotes": f'<w:endnote w:id="2">{paragraph("End")}</w:endnote>',
        "comments": f'<w:comment w:id="0" w:author="Ada">{paragraph("Really?")}</w:comment>',
    }
    found = read(docx.extract, word_file(body, **parts))
    assert found.text == "Body\n\nFoot\n\nEnd\n\nReally?\n\nNext"
    assert places(found, "footnote") == [("1", "Foot")]
    assert places(found, "endnote") == [("i", "End")]
    assert places(found, "comment") == [("Ada", "Really?")]
    assert found.notes == ("Comments in the text: 1, each after the paragraph it is about.",)


def test_a_footnote_that_refers_to_itself_stands_once() -> None:
    reference = '<w:p><w:r><w:t>Foot</w:t><w:footnoteReference w:id="5"/></w:r></w:p>'
    found = read(docx.extract, word_file(reference * 2, footnotes=f'<w:footnote w:id="5">{reference}</w:footnote>'))
    assert found.text == "Foot\n\nFoot\n\nFoot"


def test_a_text_box_is_read_once_though_it_is_there_for_older_programs_too() -> None:
    box = f"<w:txbxContent>{paragraph('Boxed')}</w:txbxContent>"
    body = (
        "<w:p><w:r><w:t>Around</w:t></w:r><w:r><mc:AlternateContent>"
        f"<mc:Choice><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:textbox>{box}</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    assert read(docx.extract, word_file(body)).text == "Around\n\nBoxed"


def test_headers_and_footers_stand_once_before_the_body_and_page_numbers_not_at_all() -> None:
    section = '<w:sectPr><w:headerReference w:type="{0}" r:id="header1"/><w:footerReference r:id="footer1"/></w:sectPr>'
    body = f"<w:p><w:pPr>{section.format('default')}</w:pPr><w:r><w:t>Body</w:t></w:r></w:p>{section.format('default')}"
    found = read(docx.extract, word_file(body, header1=paragraph("Draft of May"), footer1=paragraph("17")))
    assert found.text == "Draft of May\n\nBody"
    assert places(found, "header") == [("default", "Draft of May")]
    unseen = word_file(f"{paragraph('Body')}{section.format('first')}", header1=paragraph("Only on a title page"))
    assert read(docx.extract, unseen).text == "Body"


def test_what_nobody_sees_is_flagged_and_white_letters_on_a_dark_ground_are_not() -> None:
    white = '<w:color w:val="FFFFFF"/>'
    body = (
        paragraph("secret", run="<w:vanish/>")
        + paragraph("seen", run='<w:vanish w:val="0"/>')
        + paragraph("ghost", run=white)
        + paragraph("on blue", run=white + '<w:shd w:val="clear" w:fill="0000FF"/>')
        + paragraph("on blue too", '<w:shd w:val="clear" w:fill="0000FF"/>', run=white)
        + paragraph("on nothing", '<w:shd w:val="clear" w:fill="auto"/>', run=white)
        + paragraph("speck", run='<w:sz w:val="2"/>')
        + f'<w:tbl><w:tr><w:tc><w:tcPr><w:shd w:val="clear" w:fill="112233"/></w:tcPr>{paragraph("head", run=white)}'
        f"</w:tc><w:tc>{paragraph('bare', run=white)}</w:tc></w:tr></w:tbl>"
    )
    found = read(docx.extract, word_file(body))
    assert hidden(found) == [
        ("secret", "hidden text"),
        ("ghost", "invisible colour"),
        ("on nothing", "invisible colour"),
        ("speck", "tiny letters"),
        ("bare", "invisible colour"),
    ]


def test_a_style_can_hide_too() -> None:
    styles = '<w:style w:type="character" w:styleId="h"><w:name w:val="x"/><w:rPr><w:vanish/></w:rPr></w:style>'
    body = "<w:p><w:r><w:t>All </w:t></w:r><w:r><w:rPr><w:rStyle w:val='h'/></w:rPr><w:t>obey</w:t></w:r></w:p>"
    assert hidden(read(docx.extract, word_file(body, styles=styles))) == [("obey", "hidden text")]


def test_pages_are_places_where_the_file_says_where_they_end() -> None:
    broken = "<w:r><w:lastRenderedPageBreak/><w:t>{}</w:t></w:r>"
    body = (
        paragraph("On one.")
        + f'<w:p><w:r><w:t xml:space="preserve">Still one </w:t></w:r>{broken.format("and now two.")}</w:p>'
        + f"<w:p>{broken.format('Three.')}</w:p>"
    )
    found = read(docx.extract, word_file(body))
    assert found.text == "On one.\n\nStill one and now two.\n\nThree."
    assert places(found, "page") == [("1", "On one.\n\nStill one"), ("2", "and now two."), ("3", "Three.")]
    assert (found.parts, found.notes) == (3, ("Page numbers are those of the program that saved the file last.",))
    numbered = word_file(body + '<w:sectPr><w:pgNumType w:start="9"/></w:sectPr>')
    assert [label for label, _ in places(read(docx.extract, numbered), "page")] == ["9", "10", "11"]


def test_without_rendered_breaks_there_are_no_pages() -> None:
    found = read(
        docx.extract, word_file(paragraph("One.") + '<w:p><w:r><w:br w:type="page"/><w:t>Two.</w:t></w:r></w:p>')
    )
    assert (found.text, found.places, found.parts) == ("One.\n\nTwo.", (), 0)


def test_a_fields_instruction_is_no_text_and_its_result_is() -> None:
    def mark(kind: str) -> str:
        return f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>'

    instruction = f"{mark('begin')}<w:r><w:instrText>REF x</w:instrText><w:t>no</w:t></w:r>"
    field = f"{instruction}{mark('separate')}<w:r><w:t>5</w:t></w:r>"
    found = read(
        docx.extract, word_file(f"<w:p><w:r><w:t>See </w:t></w:r>{field}{mark('end')}</w:p>{paragraph('Next')}")
    )
    assert found.text == "See 5\n\nNext"
    unclosed = f"<w:p>{mark('begin')}<w:r><w:t>lost</w:t></w:r></w:p>"
    assert read(docx.extract, word_file(unclosed + paragraph("kept"))).text == "kept"


def test_signs_that_are_elements_become_their_characters_and_spaces_stay_as_written() -> None:
    body = (
        '<w:p><w:r><w:t xml:space="preserve"> a  b</w:t><w:tab/><w:t>c</w:t><w:noBreakHyphen/><w:t>d</w:t><w:br/>'
        "<w:t>e</w:t><w:br/><w:br/><w:t>f </w:t></w:r></w:p>"
    )
    assert read(docx.extract, word_file(body)).text == "a  b\tc\u2011d\ne\nf"


def test_tables_are_rows_and_those_laid_out_for_looks_are_paragraphs() -> None:
    document = python_docx.Document()
    table = document.add_table(2, 3)
    for at, words in enumerate(["Name", "Age", "", "Bo", "7\n8", "x"]):
        table.cell(at // 3, at % 3).text = words
    document.add_paragraph("Between")
    boxed = document.add_table(1, 1).cell(0, 0)
    boxed.text = "One box"
    boxed.add_paragraph("of two paragraphs")
    buffer = io.BytesIO()
    document.core_properties.title = "Tables"
    document.save(buffer)
    found = read(docx.extract, buffer.getvalue())
    assert found.text == "Name | Age\nBo | 7 8 | x\n\nBetween\n\nOne box\n\nof two paragraphs"
    assert found.title == "Tables"


def test_a_cell_merged_downwards_stands_in_each_row_it_reaches() -> None:
    def cell(words: str, merge: str) -> str:
        return f"<w:tc><w:tcPr>{merge}</w:tcPr>{paragraph(words)}</w:tc>"

    rows = (
        f'<w:tr>{cell("All", """<w:vMerge w:val="restart"/>""")}{cell("1", "")}</w:tr>'
        f"<w:tr>{cell('unseen', '<w:vMerge/>')}{cell('2', '')}</w:tr>"
    )
    assert read(docx.extract, word_file(f"<w:tbl>{rows}</w:tbl>")).text == "All | 1\nAll | 2"


def test_charts_and_pictures_are_named_since_their_words_are_not_read() -> None:
    drawing = '<w:p><w:r><w:drawing><c:chart xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"/></w:drawing></w:r></w:p>'
    assert read(docx.extract, word_file(drawing)).notes == ("Charts: 1. The words inside them aren't read.",)
    picture = read(docx.extract, word_file("<w:p><w:r><w:drawing/></w:r></w:p>" * 2))
    assert (picture.text, picture.empty) == ("", ("the document: no text, 2 pictures",))


def test_text_beyond_the_limit_is_counted_as_lost() -> None:
    found = read(docx.extract, word_file(paragraph("x" * 60) * 3), Limits(characters=130))
    assert (len(found.text), found.lost) == (122, 60)


def test_what_is_no_word_document_is_refused() -> None:
    assert "word/document.xml is missing from it" in refusal(docx.extract, zipped({"a.txt": "words"}))
    assert "a Word document is a zip archive" in refusal(docx.extract, b"{\\rtf1 words}")
    assert "nested deeper" in refusal(docx.extract, word_file("<w:sdt>" * 600 + "</w:sdt>" * 600))


def test_content_nested_as_deep_as_the_limit_allows_is_read() -> None:
    deep = "<w:sdt><w:sdtContent>" * 200 + paragraph("deep") + "</w:sdtContent></w:sdt>" * 200
    assert read(docx.extract, word_file(deep)).text == "deep"


# PowerPoint


def slides() -> bytes:
    deck = python_pptx.Presentation()
    first = deck.slides.add_slide(deck.slide_layouts[1])
    first.shapes.title.text = "First\nslide"
    first.placeholders[1].text = "One\nTwo"
    first.placeholders[1].text_frame.paragraphs[1].level = 1
    first.notes_slide.notes_text_frame.text = "Say this"
    for words, left, top in (("right", 5, 6), ("left", 1, 6.05), ("off", 50, 1)):
        box = first.shapes.add_textbox(Inches(left), Inches(top), Inches(2), Inches(0.5))
        box.text_frame.text = words
    ghost = first.shapes.add_textbox(Inches(1), Inches(7), Inches(2), Inches(0.3)).text_frame.paragraphs[0].add_run()
    ghost.text = "ghost"
    ghost.font.color.rgb = RGBColor(255, 255, 255)  # type: ignore[no-untyped-call]
    second = deck.slides.add_slide(deck.slide_layouts[6])
    table = second.shapes.add_table(2, 2, 0, 0, Inches(3), Inches(2)).table
    for at in range(4):
        table.cell(at // 2, at % 2).text = f"c{at}"
    second._element.set("show", "0")
    deck.slides.add_slide(deck.slide_layouts[6])
    dark = deck.slides.add_slide(deck.slide_layouts[6])
    dark.background.fill.solid()
    dark.background.fill.fore_color.rgb = RGBColor(0, 0, 64)  # type: ignore[no-untyped-call]
    seen = dark.shapes.add_textbox(0, 0, Inches(2), Inches(1)).text_frame.paragraphs[0].add_run()
    seen.text = "white on blue"
    seen.font.color.rgb = RGBColor(255, 255, 255)  # type: ignore[no-untyped-call]
    buffer = io.BytesIO()
    deck.core_properties.author = "Ada"
    deck.save(buffer)
    return buffer.getvalue()


def test_slides_come_in_order_with_shapes_from_top_to_bottom_and_left_to_right() -> None:
    found = read(pptx.extract, slides())
    # the box beside the slide has the smallest distance from its top, and the title goes before all
    first = ["First slide", "off", "- One\n  - Two", "left", "right", "ghost", "Say this"]
    assert found.text.split("\n\n") == [*first, "c0 | c1\nc2 | c3", "white on blue"]
    assert [label for label, _ in places(found, "slide")] == ["1", "2", "4"]
    assert places(found, "notes") == [("1", "Say this")]
    assert outline(found) == [(1, "First slide")]
    assert (found.parts, found.empty, found.author) == (4, ("slide 3: no text",), "Ada")


def test_hidden_slides_shapes_off_the_slide_and_letters_in_its_colour_are_flagged() -> None:
    assert sorted(hidden(read(pptx.extract, slides()))) == [
        ("c0 | c1\nc2 | c3", "hidden slide"),
        ("ghost", "invisible colour"),
        ("off", "off the slide"),
    ]


def test_a_presentation_without_slides_is_empty_and_a_workbook_is_none() -> None:
    buffer = io.BytesIO()
    python_pptx.Presentation().save(buffer)
    found = read(pptx.extract, buffer.getvalue())
    assert (found.text, found.parts) == ("", 0)
    assert "isn't a presentation" in refusal(pptx.extract, (FORMATS / "libreoffice.docx").read_bytes())


# OpenDocument

ODF = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"'
    ' xmlns:dc="http://purl.org/dc/elements/1.1/">{0}<office:body><office:text>{1}</office:text></office:body>'
    "</office:document-content>"
)


def text_file(body: str, styles: str = "") -> bytes:
    automatic = f"<office:automatic-styles>{styles}</office:automatic-styles>"
    return zipped({"content.xml": ODF.format(automatic, body)})


def test_spaces_tabs_and_notes_of_an_open_document_are_read_as_its_standard_says() -> None:
    body = (
        "<text:p>a\n  b<text:s text:c='2'/>c<text:tab/>d<text:line-break/>e"
        "<text:note text:note-class='endnote'><text:note-citation>iv</text:note-citation>"
        "<text:note-body><text:p>Note.</text:p></text:note-body></text:note> f"
        "<office:annotation><dc:creator>Ada</dc:creator><text:p>Really?</text:p></office:annotation></text:p>"
    )
    found = read(opendocument.extract, text_file(body))
    assert found.text == "a b  c\td\ne f\n\nNote.\n\nReally?"
    assert places(found, "endnote") == [("iv", "Note.")]
    assert places(found, "comment") == [("Ada", "Really?")]


def test_hidden_words_of_an_open_document_are_flagged() -> None:
    styles = (
        '<style:style style:name="H" style:family="text"><style:text-properties text:display="none"/></style:style>'
        '<style:style style:name="W" style:family="text"><style:text-properties fo:color="#ffffff"/></style:style>'
        '<style:style style:name="D" style:family="paragraph">'
        '<style:paragraph-properties fo:background-color="#000066"/></style:style>'
    )
    body = (
        '<text:p>seen <text:span text:style-name="H">secret</text:span>'
        ' <text:span text:style-name="W">ghost</text:span></text:p>'
        '<text:p text:style-name="D"><text:span text:style-name="W">on blue</text:span></text:p>'
        '<text:section text:display="none"><text:p>a section</text:p></text:section>'
    )
    found = read(opendocument.extract, text_file(body, styles))
    assert hidden(found) == [
        ("secret", "hidden text"),
        ("ghost", "invisible colour"),
        ("a section", "hidden section"),
    ]


def test_tracked_deletions_of_an_open_document_are_out_and_counted() -> None:
    deletion = "<text:deletion><text:p>gone</text:p></text:deletion>"
    changes = f"<text:tracked-changes><text:changed-region>{deletion}</text:changed-region></text:tracked-changes>"
    body = f"{changes}<text:p>kept</text:p>"
    found = read(opendocument.extract, text_file(body))
    assert (found.text, found.notes) == ("kept", ("Tracked deletions: 1. Their text is left out.",))


def test_an_encrypted_open_document_is_refused() -> None:
    manifest = (
        '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><m:file-entry>'
        "<m:encryption-data/></m:file-entry></m:manifest>"
    )
    data = zipped({"META-INF/manifest.xml": manifest, "content.xml": b"\x8fscrambled"})
    assert refusal(opendocument.extract, data) == "it is protected by a password. Save a copy without the password."


# RTF


def test_rtf_is_read_in_its_code_pages_and_in_unicode() -> None:
    data = (
        rb"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset161 B;}}\pard\f9 \'cf\'f0\'e8 "
        rb"{\f1 \'e1} \u8364\'80\u55357?\u56832? \uc2\u233ab\uc0\u233 x\emdash\~y\par}"
    )
    assert read(rtf.extract, data).text == "При α €😀 ééx—\u00a0y"


def test_hidden_white_tiny_and_deleted_words_of_rtf_are_told() -> None:
    data = (
        rb"{\rtf1{\colortbl;\red255\green255\blue255;\red0\green0\blue9;}\pard seen {\v secret} {\cf1 ghost} "
        rb"{\cf1\highlight2 on blue} {\fs2 speck}{\deleted gone} end\par}"
    )
    found = read(rtf.extract, data)
    assert found.text == "seen secret ghost on blue speck end"
    assert hidden(found) == [("secret", "hidden text"), ("ghost", "invisible colour"), ("speck", "tiny letters")]
    assert found.notes == ("Tracked deletions: 1. Their text is left out.",)


def test_rtf_skips_what_is_not_text_and_pictures_by_their_length() -> None:
    data = (
        rb"{\rtf1 a{\*\unknown junk}{\pict 0102}{\info{\title The title}{\author Ada}}\bin4 }}{{b"
        rb"{\field{\*\fldinst HYPERLINK x}{\fldrslt link}}\par}"
    )
    found = read(rtf.extract, data)
    assert (found.text, found.title, found.author) == ("ablink", "The title", "Ada")


def test_rtf_cut_short_is_read_as_far_as_it_goes_and_says_so() -> None:
    found = read(rtf.extract, rb"{\rtf1\pard\outlinelevel0 Title\par {\b words")
    # the second paragraph takes on the first one's level, as it does without "\\pard"
    assert (found.text, outline(found)) == ("Title\n\nwords", [(1, "Title"), (1, "words")])
    assert found.notes == ("The file ends before its last part is closed: it may have been cut short.",)


def test_what_is_no_rtf_or_nested_too_deep_is_refused() -> None:
    assert refusal(rtf.extract, b"words") == "it isn't RTF, whatever its name says. Give it its true suffix."
    assert "nested deeper than 500 levels" in refusal(rtf.extract, b"{\\rtf1" + b"{" * 100_000)


# EPUB

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="O/book.opf"/></rootfiles></container>'
)
BOOK = (
    '<package xmlns="http://www.idpf.org/2007/opf"><metadata/><manifest><item id="b" href="b%20b.xhtml"/>'
    '<item id="a" href="a.xhtml"/><item id="p" href="p.svg" media-type="image/svg+xml"/></manifest>'
    '<spine><itemref idref="b"/><itemref idref="p"/><itemref idref="a"/><itemref idref="gone"/>'
    '<itemref idref="a"/></spine></package>'
)


def book(**more: str) -> bytes:
    return zipped(
        {
            "META-INF/container.xml": CONTAINER,
            "O/book.opf": BOOK,
            "O/a.xhtml": "<h1>Alpha</h1><p>one&nbsp;é</p>",
            "O/b b.xhtml": "<p>before any heading</p>",
            "O/p.svg": "<svg/>",
            **{name.replace("_", "/"): content for name, content in more.items()},
        }
    )


def test_chapters_follow_the_spine_and_headings_keep_their_places() -> None:
    found = read(epub.extract, book())
    assert found.text == "before any heading\n\nAlpha\n\none\u00a0é"
    assert places(found, "chapter") == [("1", "before any heading"), ("Alpha", "Alpha\n\none\u00a0é")]
    assert found.headings[0].span == Span(20, 25)
    assert (found.parts, found.empty) == (4, ("chapter 2: no text, only a picture",))


def test_a_protected_book_is_refused_and_scrambled_fonts_are_no_protection() -> None:
    def encryption(method: str, name: str) -> str:
        return (
            '<encryption xmlns:e="http://www.w3.org/2001/04/xmlenc#"><e:EncryptedData>'
            f'<e:EncryptionMethod Algorithm="{method}"/><e:CipherData><e:CipherReference URI="{name}"/></e:CipherData>'
            "</e:EncryptedData></encryption>"
        )

    name = "META-INF_encryption.xml"
    locked = book(**{name: encryption("http://www.w3.org/2001/04/xmlenc#aes128-cbc", "O/a.xhtml")})
    assert refusal(epub.extract, locked).startswith("it is protected against copying (DRM).")
    fonts = book(**{name: encryption("http://www.idpf.org/2008/embedding", "O/font.ttf")})
    assert read(epub.extract, fonts).text.endswith("Alpha\n\none\u00a0é")


def test_a_book_without_a_list_of_its_chapters_is_refused() -> None:
    assert "no list of its chapters" in refusal(epub.extract, zipped({"a.xhtml": "<p>words</p>"}))


# Whatever the bytes


@pytest.mark.parametrize(
    ("extract", "name"),
    [
        (docx.extract, "pandoc.docx"),
        (docx.extract, "libreoffice.docx"),
        (opendocument.extract, "libreoffice.odt"),
        (opendocument.extract, "libreoffice.odp"),
        (rtf.extract, "libreoffice.rtf"),
        (rtf.extract, "pandoc.rtf"),
        (epub.extract, "pandoc.epub"),
        (pptx.extract, ""),
    ],
)
def test_damaged_files_are_read_or_refused_and_nothing_else(extract: Reader, name: str) -> None:
    data = (FORMATS / name).read_bytes() if name else slides()
    assert survives(extract, data)
    for spoiled in damaged(data, seed=len(data) if name else 7, count=16):
        survives(extract, spoiled)
    tight = Limits(characters=50, members=60, pages=1, nesting=40, unpacked_bytes=400_000)
    survives(extract, data, tight)


def test_each_reader_refuses_the_others_files() -> None:
    readers = {
        "docx": docx.extract,
        "odt": opendocument.extract,
        "rtf": rtf.extract,
        "epub": epub.extract,
        "pptx": pptx.extract,
    }
    for suffix in ("docx", "odt", "rtf", "epub"):
        data = (FORMATS / f"pandoc.{suffix}").read_bytes()
        assert [name for name, extract in readers.items() if survives(extract, data)] == [suffix]


def test_reading_twice_gives_the_same() -> None:
    data = (FORMATS / "libreoffice.odt").read_bytes()
    assert opendocument.extract(data, Limits()) == opendocument.extract(data, Limits())


def test_a_long_document_is_read_in_reasonable_time() -> None:
    data = word_file(
        paragraph("A paragraph of some eighty characters, as they stand in reports and in contracts.") * 5000
    )
    started = time.perf_counter()
    assert len(read(docx.extract, data).text) > 400_000
    assert time.perf_counter() - started < 5


def test_files_made_to_take_long_do_not() -> None:
    chain = "".join(
        f'<w:style w:styleId="s{at}"><w:basedOn w:val="s{at + 1}"/><w:rPr><w:b/></w:rPr></w:style>'
        for at in range(5000)
    )
    chained = word_file("".join(paragraph("x", f'<w:pStyle w:val="s{at}"/>') for at in range(2000)), styles=chain)
    fields = word_file('<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r></w:p>' * 3000 + paragraph("end"))
    groups = b"{\\rtf1 " + b"{\\listtext " + b"{x}" * 20_000 + b"}words\\par}"
    started = time.perf_counter()
    assert read(docx.extract, chained).text.count("x") == 2000
    assert read(docx.extract, fields).text == "end"
    assert read(rtf.extract, groups).text.endswith("words")
    assert time.perf_counter() - started < 6


def test_members_are_read_from_a_strict_file_as_from_any_other() -> None:
    members = unzipped(word_file(paragraph("strict words")))
    strict = {
        name: content.replace(
            b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
            b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        )
        for name, content in members.items()
    }
    assert read(docx.extract, zipped(strict)).text == "strict words"
