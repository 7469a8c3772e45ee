"""Makes the office and book files under `formats/` with pandoc, LibreOffice and openpyxl.

Run once, by hand, where those are installed: `python tests/files/make_formats.py`. The files are committed,
so that tests need no such programs; their exact bytes differ from run to run, their words don't.
"""

from __future__ import annotations

import datetime
import shutil
import subprocess
import tempfile
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]

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


def convert(source: Path, suffix: str, target: str) -> None:
    """Have LibreOffice turn `source` into another format and keep it as `target`."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["soffice", "--headless", "--convert-to", suffix, "--outdir", folder, str(source)]
        subprocess.run(command, check=True, capture_output=True)
        shutil.copyfile(Path(folder) / f"{source.stem}.{suffix}", HERE / target)


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


def main() -> None:
    """Make all files anew."""
    HERE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "book.md"
        source.write_text(BOOK, encoding="utf-8")
        for target, form in (("docx", "docx"), ("odt", "odt"), ("rtf", "rtf"), ("epub", "epub3"), ("2.epub", "epub2")):
            output = HERE / f"pandoc{target if target[0] == '2' else '.' + target}"
            subprocess.run(["pandoc", "-s", str(source), "-t", form, "-o", str(output)], check=True)
        slides = Path(folder) / "book.pptx"
        subprocess.run(["pandoc", "-s", str(source), "-o", str(slides)], check=True)
        convert(HERE / "pandoc.docx", "odt", "libreoffice.odt")
        convert(HERE / "pandoc.odt", "docx", "libreoffice.docx")
        convert(HERE / "pandoc.odt", "rtf", "libreoffice.rtf")
        convert(HERE / "pandoc.odt", "epub", "libreoffice.epub")
        convert(slides, "odp", "libreoffice.odp")
        workbook = Path(folder) / "grid.xlsx"
        make_workbook(workbook)
        convert(workbook, "xlsx", "libreoffice.xlsx")
        convert(workbook, "xls", "libreoffice.xls")
        convert(workbook, "ods", "libreoffice.ods")


if __name__ == "__main__":
    main()
