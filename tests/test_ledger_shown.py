"""The coverage ledger and the pages as they are shown: what a person reads of each file, problems first, escaped."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest

from qa.engine.pages import Page
from qa.load.pictured import Box, Picture
from qa.types import Extent, FileState, LedgerEntry
from qa.ui.ledger import facts, ledger_html, ledger_text, rows_html
from qa.ui.viewer import pages_html, problem_html
from tests.test_render import EVIL, Elements

PLAIN = LedgerEntry("a.md", FileState.INDEXED, "", "markdown", "utf-8", 1200, 3, 4)
FAILED = LedgerEntry("d.txt", FileState.FAILED, "the file is empty.")
SKIPPED = LedgerEntry("c.dwg", FileState.SKIPPED, "there is no reader for .dwg files yet.")
PARTLY = LedgerEntry(
    "b.pdf", FileState.PARTLY, "Page 4: scanned, no text.", "pdf", "", 9_000, 2, 12, Extent(5, 2, 40, 1_000)
)


def sources(markup: str) -> list[str]:
    return re.findall(r'<span class="name">([^<]*)</span>', markup)


@pytest.mark.parametrize(
    ("entry", "known"),
    [
        (PLAIN, ["1,200 characters", "3 sections", "4 chunks", "markdown", "utf-8"]),
        (FAILED, []),
        (
            PARTLY,
            [
                "9,000 of 10,000 characters",
                "2 sections",
                "12 chunks",
                "3 of 5 pages with text",
                "40 characters hidden",
                "pdf",
            ],
        ),
        (
            replace(PLAIN, characters=1, sections=1, chunks=1, same_as="z.md", seconds=1.26, reader="text"),
            ["1 character", "1 section", "1 chunk", "text", "utf-8", "same bytes as z.md", "1.3 s"],
        ),
        # said once where the reason names it
        (
            replace(PLAIN, reason="encoding guessed: cp1252", encoding="cp1252", seconds=0.004),
            ["1,200 characters", "3 sections", "4 chunks", "markdown", "under 0.1 s"],
        ),
        (
            replace(PLAIN, source="a.ods", reader="opendocument", encoding="", extent=Extent(3)),
            ["1,200 characters", "3 sections", "4 chunks", "3 sheets", "opendocument"],
        ),
    ],
)
def test_what_is_known_of_a_file_is_said_in_words(entry: LedgerEntry, known: list[str]) -> None:
    assert facts(entry) == known


def test_in_a_terminal_each_file_has_a_line_and_the_sums_come_last() -> None:
    assert ledger_text([PLAIN, PARTLY, SKIPPED, FAILED]).splitlines() == [
        "indexed  a.md   1,200 characters, 3 sections, 4 chunks, markdown, utf-8",
        "partly   b.pdf  9,000 of 10,000 characters, 2 sections, 12 chunks, 3 of 5 pages with text, "
        "40 characters hidden, pdf, Page 4: scanned, no text.",
        "skipped  c.dwg  there is no reader for .dwg files yet.",
        "failed   d.txt  the file is empty.",
        "4 files: 1 indexed, 1 partly (10,200 characters, 16 chunks), 1 skipped, 1 failed",
    ]


@pytest.mark.parametrize("code", ["\x1b[31m", "\x9b31m", "\x08", "\r", "\x00", "\x85"])
def test_no_control_code_of_a_name_or_reason_reaches_the_terminal(code: str) -> None:
    shown = ledger_text([LedgerEntry(f"a{code}b", FileState.FAILED, f"c{code}d")])
    assert {c for c in shown if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160} == set()


def test_on_the_page_problems_come_first() -> None:
    assert sources(ledger_html([PLAIN, SKIPPED, PARTLY, FAILED])) == ["d.txt", "b.pdf", "c.dwg", "a.md"]


def test_names_and_reasons_are_only_ever_text() -> None:
    seen = Elements(ledger_html([LedgerEntry(f"{EVIL}.txt", FileState.FAILED, EVIL)]))
    assert seen.words == f"failed{EVIL}.txt{EVIL}"
    assert set(seen.tags) == {"ul", "li", "span"}


def test_of_very_many_files_a_hundred_are_given_at_a_time_problems_first() -> None:
    many = [replace(PLAIN, source=f"{number:05}.md") for number in range(10_000)]
    many[7_777] = replace(FAILED, source="07777.md")
    first = ledger_html(many)
    assert sources(first) == ["07777.md", *(f"{number:05}.md" for number in range(99))]
    assert "Show 100 more of 9,900" in first
    assert re.findall(r'data-state="(\w*)"[^>]*>([^<]*)<', first) == [
        ("", "all 10,000"),
        ("failed", "failed 1"),
        ("indexed", "indexed 9,999"),
    ]
    shown, start = sources(first), 100
    while start < 10_000:
        rows = rows_html(many, start=start)
        shown += sources(rows)
        start += 100
    assert sorted(shown) == [entry.source for entry in many]
    assert "more" not in rows


def test_files_are_chosen_by_state_and_by_words_of_their_names() -> None:
    ledger = [PLAIN, SKIPPED, PARTLY, FAILED, replace(PLAIN, source="2024/Annual Report.md")]
    assert sources(rows_html(ledger, "partly")) == ["b.pdf"]
    assert sources(rows_html(ledger, words="report 2024")) == ["2024/Annual Report.md"]
    assert sources(rows_html(ledger, "indexed", ".MD")) == ["2024/Annual Report.md", "a.md"]
    assert Elements(rows_html(ledger, "failed", "report")).words == "No file is called so."


# Pages


PICTURE = Picture(b"\x89PNG\r\n\x1a\n", 600.0, 800.0, (Box(60, 80, 300, 92), Box(0, 0, 600, 800)))


def test_boxes_are_laid_over_the_picture_in_shares_of_the_page() -> None:
    markup = pages_html("a.pdf", [Page("iv", PICTURE, ("Two  words",))])
    # a point of room on each side, but not beyond the page: 59 of 600, 79 of 800, 242 of 600, 14 of 800
    assert re.findall(r'<i style="([^"]*)">', markup) == [
        "left: 9.833%; top: 9.875%; width: 40.333%; height: 1.750%",
        "left: 0.000%; top: 0.000%; width: 100.000%; height: 100.000%",
    ]
    seen = dict(Elements(markup.replace("<img ", "<span ").replace('draggable="false">', "></span>")).attributes)
    assert seen["aria-label"] == "Marked on page iv: “Two words”"
    assert seen["alt"] == "Page iv of a.pdf"
    assert seen["src"] == "data:image/png;base64," + base64.b64encode(PICTURE.png).decode()


def test_where_the_place_on_the_page_is_unknown_it_is_said() -> None:
    markup = pages_html("a.pdf", [Page("9", replace(PICTURE, boxes=()), ("Two words",))])
    assert "The words stand on this page, but where on it isn't known: “Two words”" in markup
    assert 'class="marks"' not in markup


def test_names_labels_words_and_problems_are_only_ever_text() -> None:
    markup = pages_html(f"{EVIL}.pdf", [Page(EVIL, PICTURE, (EVIL,))]) + problem_html(EVIL)
    assert "<script" not in markup
    assert markup.count("<img ") == 1
    attributes = re.findall(r' ([a-z-]+)="', re.sub(r'="[^"]*"', '=""', markup))
    assert set(attributes) == {"class", "data-width", "style", "src", "alt", "draggable", "role", "aria-label"}
