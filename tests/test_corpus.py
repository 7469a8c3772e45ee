"""The documents in corpus/ say what their originals say, in other words, and name them as their source.

The originals and the questions are evaluation data, kept beside the repository and never copied into it.
QUOTH_EVAL_DATA names the folder that holds them, as `corpus` and `eval`; where it is absent, the tests that
need it are skipped.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
DATA = Path(os.environ.get("QUOTH_EVAL_DATA") or Path(__file__).resolve().parents[2] / "shared")
ORIGINALS = DATA / "corpus"
QUESTIONS = DATA / "eval" / "us-mexico" / "gold.jsonl"
LONGEST_SHARED_RUN = 8

COUNTERPARTS = {
    "000_5be50aa0abcb50f7.txt": "embassy-history.txt",
    "001_e7f1c142014c8110.txt": "state-department-fact-sheet.md",
    "002_3da61aa1751b51d0.txt": "encyclopedia-article.html",
    "003_28cd6dece1d8c0c6.txt": "foreign-policy-explainer.md",
    "004_ef5239fb885208d1.txt": "citizen-services.html",
}

# What each document must say of its source: title, publisher, as of when.
SOURCES = {
    "embassy-history.txt": ("U.S. Embassy Mexico City, Mexico", "U.S. Department of State", "as of 2018"),
    "state-department-fact-sheet.md": (
        "U.S. Relations With Mexico",
        "U.S. Department of State",
        "as of September 2022",
    ),
    "encyclopedia-article.html": ("Mexico–United States relations", "Wikipedia", "as of 2025"),
    "foreign-policy-explainer.md": (
        "US-Mexico Relations: Understanding United States Foreign Policy",
        "publisher is not named",
        "undated",
    ),
    "citizen-services.html": (
        "U.S. Citizen Services: General Information",
        "U.S. Embassy in Mexico City",
        "undated",
    ),
}


class VisibleText(HTMLParser):
    """Collects what a reader of the page sees; a tag separates words as a space would."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []
        self.hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a stretch that is hidden, or part two words."""
        self.hidden += tag in ("script", "style")
        self.pieces.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Close what the start tag opened."""
        self.hidden -= tag in ("script", "style")
        self.pieces.append(" ")

    def handle_data(self, data: str) -> None:
        """Keep text outside scripts and styles."""
        if not self.hidden:
            self.pieces.append(data)


@cache
def visible_text(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".html":
        return text
    page = VisibleText()
    page.feed(text)
    page.close()
    return "".join(page.pieces)


def answer_words(text: str) -> list[str]:
    """Words in which two spellings of one answer agree: "US$1,234.5" is "$1234.5", "5%" is "5 percent"."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = text.replace("us$", "$").replace("%", " percent ")
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"(?<!\d)\.|\.(?!\d)", " ", text)  # a full stop stays only inside a number
    return [word for word in re.findall(r"[\w.]+", text) if word not in ("a", "an", "the")]


def holds(text: str, answer: str) -> bool:
    """Whether the answer stands in the text as a run of whole words."""
    needle = " ".join(answer_words(answer))
    return bool(needle) and f" {needle} " in f" {' '.join(answer_words(text))} "


def plain_words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def shared_runs(words: list[str], others: list[str]) -> list[str]:
    """Find the longest runs of words that stand in both, where longer than LONGEST_SHARED_RUN."""
    size = LONGEST_SHARED_RUN + 1
    known = {tuple(others[i : i + size]) for i in range(len(others) - size + 1)}
    runs: list[list[str]] = []
    previous = -2
    for i in range(len(words) - size + 1):
        if tuple(words[i : i + size]) not in known:
            continue
        if i == previous + 1:
            runs[-1].append(words[i + size - 1])
        else:
            runs.append(words[i : i + size])
        previous = i
    return [" ".join(run) for run in runs]


def read_questions() -> list[dict[str, Any]]:
    if not QUESTIONS.is_file():
        return []
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    return [question for question in map(json.loads, filter(None, lines)) if question["answerable"]]


def wanted(question: dict[str, Any], document: str) -> list[list[str]]:
    """List what the document must hold for the question, each thing by its accepted wordings."""
    if question.get("evidence_mode") == "sides":
        return [e["answers"] for e in question["evidence"] if COUNTERPARTS[e["doc"]] == document]
    if question.get("answer_sets"):
        return list(question["answer_sets"])
    if question["answer_mode"] == "all":
        return [[answer] for answer in question["answers"]]
    return [list(question["answers"])]


CASES = read_questions()


def test_every_counterpart_is_there() -> None:
    assert [name for name in COUNTERPARTS.values() if not (CORPUS / name).is_file()] == []


@pytest.mark.skipif(not CASES, reason=f"no questions at {QUESTIONS}; set QUOTH_EVAL_DATA to the data folder")
@pytest.mark.parametrize("question", [pytest.param(case, id=case["id"]) for case in CASES])
def test_the_counterpart_of_the_evidence_holds_the_answer(question: dict[str, Any]) -> None:
    missing: list[tuple[str, list[str]]] = []
    for document in sorted({COUNTERPARTS[evidence["doc"]] for evidence in question["evidence"]}):
        text = visible_text(CORPUS / document)
        for wordings in wanted(question, document):
            if not any(holds(text, wording) for wording in wordings):
                missing.append((document, wordings))
    assert missing == []


@pytest.mark.skipif(not ORIGINALS.is_dir(), reason=f"no originals at {ORIGINALS}; set QUOTH_EVAL_DATA")
@pytest.mark.parametrize("document", sorted(COUNTERPARTS.values()))
def test_no_run_of_nine_words_is_taken_from_an_original(document: str) -> None:
    words = plain_words(visible_text(CORPUS / document))
    runs = {
        original: shared_runs(words, plain_words((ORIGINALS / original).read_text(encoding="utf-8")))
        for original in COUNTERPARTS
    }
    assert {original: found for original, found in runs.items() if found} == {}


@pytest.mark.parametrize("document", sorted(COUNTERPARTS.values()))
def test_the_document_names_its_source(document: str) -> None:
    # a line break inside a title counts as a space
    text = " ".join(visible_text(CORPUS / document).split())
    assert [part for part in SOURCES[document] if part not in text] == []
    assert re.search(r"\bretell(?:s|ing)\b", text)
    assert "Apache-2.0" in text


def test_a_run_is_shared_from_nine_words_on() -> None:
    nine = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert shared_runs(["zero", *nine, "eleven"], ["nought", *nine, "ten"]) == [" ".join(nine)]
    assert shared_runs(["zero", *nine[:8], "eleven"], ["nought", *nine, "ten"]) == []


def test_an_answer_is_found_as_whole_words_only() -> None:
    assert holds("They owed US$1,234.5 million.", "$1234.5 million")
    assert holds("In Ciudad Juárez, 70% agreed.", "juarez 70 percent")
    assert not holds("Founded in 1955.", "55")
