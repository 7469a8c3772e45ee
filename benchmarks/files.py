"""A file of each format to read: generated texts in its dress, written by the simplest of means.

The same seed gives the same files. The old .xls alone is missing: nothing at hand writes it.
"""

from __future__ import annotations

import csv
import io
import json
import textwrap
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from email.message import EmailMessage
from html import escape
from pathlib import Path

from benchmarks.texts import Writer

PAGE = 2_800  # characters of a page of a report or a book
_LINE = 88  # characters of a line of a page
_PART = 12_000  # characters of one generated document

Part = tuple[str, list[str]]
"""A heading, and the paragraphs under it."""


def parts_of(characters: int, seed: int = 1) -> list[Part]:
    """Return headings with paragraphs, of about so many characters in all."""
    writer, found, length, number = Writer(seed), list[Part](), 0, 0
    while length < characters:
        text, _ = writer.document(number, min(_PART, characters - length))
        number += 1
        for block in text.split("\n\n"):
            words = block.strip()
            if words.startswith("#"):
                heading, _, rest = words.lstrip("# ").partition("\n")
                found.append((heading, [rest] if rest else []))
            elif words:
                found[-1][1].append(words)
            length += len(words)
    return found


def make(name: str, folder: Path, characters: int) -> Path:
    """Write the file of a format, of about so many characters, and return it."""
    suffix, write = MAKERS[name]
    path = folder / f"{name.replace(' ', '-')}{suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(write(parts_of(characters)))
    return path


# Text and markup


def _marked(mark: Callable[[str], str], between: str = "\n\n") -> Callable[[Sequence[Part]], bytes]:
    def write(parts: Sequence[Part]) -> bytes:
        return between.join(block for heading, words in parts for block in (mark(heading), *words)).encode("utf-8")

    return write


def _rst(parts: Sequence[Part]) -> bytes:
    return _marked(lambda heading: f"{heading}\n{'=' * len(heading)}")(parts)


def _latex(parts: Sequence[Part]) -> bytes:
    body = _marked(lambda heading: f"\\section{{{heading}}}")(parts).decode("utf-8")
    return f"\\documentclass{{article}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n".encode()


def _tags(parts: Sequence[Part], heading: str, paragraph: str) -> str:
    return "\n".join(
        line
        for title, words in parts
        for line in (
            f"<{heading}>{escape(title)}</{heading}>",
            *(f"<{paragraph}>{escape(one)}</{paragraph}>" for one in words),
        )
    )


def _html(parts: Sequence[Part]) -> bytes:
    return f"<!doctype html><title>Report</title><body>{_tags(parts, 'h2', 'p')}</body>".encode()


def _xml(parts: Sequence[Part]) -> bytes:
    return f"<report>{_tags(parts, 'title', 'para')}</report>".encode()


def _code(parts: Sequence[Part]) -> bytes:
    lines = []
    for number, (heading, words) in enumerate(parts):
        said = "\n".join(textwrap.wrap(" ".join(words), 100, initial_indent="    # ", subsequent_indent="    # "))
        lines.append(f"def part_{number}() -> str:\n{said}\n    return {heading!r}\n")
    return "\n\n".join(lines).encode("utf-8")


def _settings(parts: Sequence[Part]) -> bytes:
    return "\n".join(
        f"[part{number}]\nname = {heading}\n" + "\n".join(f"text{at} = {words}" for at, words in enumerate(paragraphs))
        for number, (heading, paragraphs) in enumerate(parts)
    ).encode("utf-8")


def _jsonl(parts: Sequence[Part]) -> bytes:
    return "\n".join(json.dumps({"heading": heading, "text": words}) for heading, words in parts).encode("utf-8")


def _notebook(parts: Sequence[Part]) -> bytes:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": [f"## {heading}\n", "\n", "\n\n".join(words)]}
        for heading, words in parts
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode("utf-8")


def _subtitles(parts: Sequence[Part]) -> bytes:
    lines = [line for _, words in parts for one in words for line in textwrap.wrap(one, 80)]

    def clock(second: int) -> str:
        return f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02},000"

    return "\n\n".join(
        f"{number + 1}\n{clock(3 * number)} --> {clock(3 * number + 2)}\n{line}" for number, line in enumerate(lines)
    ).encode("utf-8")


def _rtf(parts: Sequence[Part]) -> bytes:
    body = "".join(
        f"\\pard\\outlinelevel0\\b {heading}\\b0\\par\n" + "".join(f"\\pard {one}\\par\n" for one in words)
        for heading, words in parts
    )
    return ("{\\rtf1\\ansi\\ansicpg1252\\uc1 " + body + "}").encode("ascii", "replace")


def _rows(parts: Sequence[Part]) -> Iterator[list[str]]:
    yield ["number", "heading", "paragraph", "words", "text"]
    number = 0
    for heading, words in parts:
        for at, one in enumerate(words):
            for line in textwrap.wrap(one, 60):
                number += 1
                yield [str(number), heading, str(at), str(len(line.split())), line]


def _csv(parts: Sequence[Part]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(_rows(parts))
    return out.getvalue().encode("utf-8")


# Office


def _zipped(members: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return out.getvalue()


_OPEN = "http://schemas.openxmlformats.org"
_OASIS = "urn:oasis:names:tc:opendocument:xmlns"


def _relation(kind: str, target: str, number: int = 1) -> str:
    address = f"{_OPEN}/officeDocument/2006/relationships/{kind}"
    return f'<Relationship Id="r{number}" Type="{address}" Target="{target}"/>'


def _relations(*lines: str) -> str:
    return f'<Relationships xmlns="{_OPEN}/package/2006/relationships">{"".join(lines)}</Relationships>'


def _docx(parts: Sequence[Part]) -> bytes:
    def paragraph(words: str, style: str = "") -> str:
        return f"<w:p><w:pPr>{style}</w:pPr><w:r><w:t>{escape(words)}</w:t></w:r></w:p>"

    body = "".join(
        paragraph(heading, '<w:outlineLvl w:val="0"/>') + "".join(map(paragraph, words)) for heading, words in parts
    )
    space = f"{_OPEN}/wordprocessingml/2006/main"
    return _zipped(
        {
            "_rels/.rels": _relations(_relation("officeDocument", "word/document.xml")),
            "word/document.xml": f'<w:document xmlns:w="{space}"><w:body>{body}</w:body></w:document>',
        }
    )


def _pptx(parts: Sequence[Part]) -> bytes:
    spaces = (
        f'xmlns:p="{_OPEN}/presentationml/2006/main" xmlns:a="{_OPEN}/drawingml/2006/main" '
        f'xmlns:r="{_OPEN}/officeDocument/2006/relationships"'
    )

    def shape(words: Sequence[str], kind: str) -> str:
        lines = "".join(f"<a:p><a:r><a:t>{escape(one)}</a:t></a:r></a:p>" for one in words)
        return f'<p:sp><p:nvSpPr><p:nvPr><p:ph type="{kind}"/></p:nvPr></p:nvSpPr><p:txBody>{lines}</p:txBody></p:sp>'

    members, numbers, targets = {"_rels/.rels": _relations(_relation("officeDocument", "ppt/presentation.xml"))}, "", []
    for number, (heading, words) in enumerate(parts, start=1):
        inside = shape([heading], "title") + shape(words, "body")
        members[f"ppt/slides/slide{number}.xml"] = (
            f"<p:sld {spaces}><p:cSld><p:spTree>{inside}</p:spTree></p:cSld></p:sld>"
        )
        numbers += f'<p:sldId id="{255 + number}" r:id="r{number}"/>'
        targets.append(_relation("slide", f"slides/slide{number}.xml", number))
    members["ppt/presentation.xml"] = f"<p:presentation {spaces}><p:sldIdLst>{numbers}</p:sldIdLst></p:presentation>"
    members["ppt/_rels/presentation.xml.rels"] = _relations(*targets)
    return _zipped(members)


def _xlsx(parts: Sequence[Part]) -> bytes:
    def cell(value: str) -> str:
        if value.isdecimal():
            return f"<c><v>{value}</v></c>"
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'

    rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in _rows(parts))
    space = f'xmlns="{_OPEN}/spreadsheetml/2006/main" xmlns:r="{_OPEN}/officeDocument/2006/relationships"'
    sheets = '<sheets><sheet name="Words" sheetId="1" r:id="r1"/></sheets>'
    return _zipped(
        {
            "_rels/.rels": _relations(_relation("officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f"<workbook {space}>{sheets}</workbook>",
            "xl/_rels/workbook.xml.rels": _relations(_relation("worksheet", "worksheets/sheet1.xml")),
            "xl/worksheets/sheet1.xml": f"<worksheet {space}><sheetData>{rows}</sheetData></worksheet>",
        }
    )


def _odt(parts: Sequence[Part]) -> bytes:
    body = _tags(parts, "text:h", "text:p").replace("<text:h>", '<text:h text:outline-level="1">')
    content = (
        f'<office:document-content xmlns:office="{_OASIS}:office:1.0" xmlns:text="{_OASIS}:text:1.0">'
        f"<office:body><office:text>{body}</office:text></office:body></office:document-content>"
    )
    return _zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": content})


def _epub(parts: Sequence[Part]) -> bytes:
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>{}</title></head><body>{}</body></html>'
    container = (
        '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
        '<rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
    )
    members, items, order = {"mimetype": "application/epub+zip", "META-INF/container.xml": container}, "", ""
    for number, part in enumerate(parts):
        members[f"c{number}.xhtml"] = page.format(escape(part[0]), _tags([part], "h1", "p"))
        items += f'<item id="c{number}" href="c{number}.xhtml" media-type="application/xhtml+xml"/>'
        order += f'<itemref idref="c{number}"/>'
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>{}</manifest><spine>{}</spine></package>'
    )
    return _zipped({**members, "book.opf": package.format(items, order)})


# Mail, archives


def _message(subject: str, words: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "ada@example.org", "bo@example.org", subject
    message["Date"] = "Mon, 01 Jan 2024 09:00:00 +0000"
    message.set_content(words)
    return message


def _mail(parts: Sequence[Part]) -> bytes:
    words = "\n\n".join(block for heading, paragraphs in parts for block in (heading, *paragraphs))
    return _message("Report", words).as_bytes()


def _mailbox(parts: Sequence[Part]) -> bytes:
    letters = (_message(heading, "\n\n".join(words)).as_bytes() for heading, words in parts)
    return b"\n".join(b"From ada Mon Jan  1 09:00:00 2024\n" + letter for letter in letters)


def _mhtml(parts: Sequence[Part]) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Report"
    message.set_content(_html(parts).decode("utf-8"), subtype="html", cte="quoted-printable")
    message.make_related()
    return message.as_bytes()


def _archive(parts: Sequence[Part]) -> bytes:
    write = _marked(lambda heading: f"# {heading}")
    return _zipped({f"{number:04}.md": write([part]).decode("utf-8") for number, part in enumerate(parts)})


# Pages


def pages_of(parts: Sequence[Part], characters: int = PAGE) -> list[list[str]]:
    """Break headings and paragraphs into pages of lines, about so many characters a page."""
    pages: list[list[str]] = [[]]
    length = 0
    for heading, words in parts:
        for block in (f"\b{heading}", *words):
            for line in [*textwrap.wrap(block, _LINE), ""]:
                if length + len(line) > characters:
                    pages.append([])
                    length = 0
                pages[-1].append(line)
                length += len(line)
    return pages


def write_pdf(pages: Sequence[Sequence[str]]) -> bytes:
    """Write a PDF of these pages: ten-point Helvetica, headings bold and larger, streams deflated."""
    first = 5
    kids = " ".join(f"{first + 2 * number} 0 R" for number in range(len(pages)))
    font = "<</Type/Font/Subtype/Type1/BaseFont/{}/Encoding/WinAnsiEncoding>>"
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode(),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
    ]
    for number, lines in enumerate(pages):
        packed = zlib.compress("".join(_set(lines, number)).encode("cp1252", "replace"))
        bodies.append(
            f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents {first + 2 * number + 1} 0 R"
            "/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>>>".encode()
        )
        head = f"<</Length {len(packed)}/Filter/FlateDecode>>\nstream\n".encode()
        bodies.append(head + packed + b"\nendstream")
    out, at = io.BytesIO(b"%PDF-1.7\n"), []
    out.seek(0, io.SEEK_END)
    for number, body in enumerate(bodies, start=1):
        at.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1))
    out.writelines(b"%010d 00000 n \n" % place for place in at)
    out.write(b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, table))
    return out.getvalue()


def _set(lines: Sequence[str], number: int) -> Iterator[str]:
    """Yield the operators that set a page's lines, and its number at the foot."""
    high = 780.0
    leading = min(14.0, 730 / max(len(lines), 1))
    for line in lines:
        words = line.lstrip("\b").replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        style = "/F2 13" if line.startswith("\b") else "/F1 10"
        if words:
            yield f"BT {style} Tf 1 0 0 1 60 {high:.1f} Tm ({words}) Tj ET\n"
        high -= leading
    yield f"BT /F1 8 Tf 1 0 0 1 290 30 Tm ({number + 1}) Tj ET\n"


def _pdf(parts: Sequence[Part]) -> bytes:
    return write_pdf(pages_of(parts))


def _picture(parts: Sequence[Part]) -> bytes:
    from PIL import Image, ImageDraw

    image = Image.new("L", (1654, 2339), 255)  # a page at 200 dots an inch
    for at, line in enumerate(pages_of(parts)[0][:48]):
        ImageDraw.Draw(image).text((120, 120 + 44 * at), line.lstrip("\b"), fill=0, font_size=28)
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def _calendar(parts: Sequence[Part]) -> bytes:
    def escaped(words: str) -> str:
        return words.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;").replace("\n", "\\n")

    lines = ["BEGIN:VCALENDAR", "VERSION:2.0"]
    for heading, words in parts:
        said = escaped("\n".join(words))
        lines += ["BEGIN:VEVENT", f"SUMMARY:{escaped(heading)}", f"DESCRIPTION:{said}", "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""]).encode("utf-8")


MAKERS: dict[str, tuple[str, Callable[[Sequence[Part]], bytes]]] = {
    "text": (".txt", _marked(lambda heading: heading)),
    "markdown": (".md", _marked(lambda heading: f"## {heading}")),
    "html": (".html", _html),
    "pdf": (".pdf", _pdf),
    "word": (".docx", _docx),
    "slides": (".pptx", _pptx),
    "spreadsheet": (".xlsx", _xlsx),
    "csv": (".csv", _csv),
    "opendocument": (".odt", _odt),
    "rtf": (".rtf", _rtf),
    "epub": (".epub", _epub),
    "rst": (".rst", _rst),
    "asciidoc": (".adoc", _marked(lambda heading: f"== {heading}")),
    "org": (".org", _marked(lambda heading: f"* {heading}")),
    "latex": (".tex", _latex),
    "code": (".py", _code),
    "settings": (".ini", _settings),
    "as it is": (".jsonl", _jsonl),
    "subtitles": (".srt", _subtitles),
    "notebook": (".ipynb", _notebook),
    "xml": (".xml", _xml),
    "calendar": (".ics", _calendar),
    "mail": (".eml", _mail),
    "mailbox": (".mbox", _mailbox),
    "mhtml": (".mhtml", _mhtml),
    "archive": (".zip", _archive),
    "picture": (".png", _picture),
}
"""Reader's name → suffix, and what writes a file for it."""
