"""Everyday questions: what they want stands in the documents as the product reads them, in one sentence or row."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from evals.everyday.collect import HERE, SETS, collect
from qa.load import Readers, walk
from qa.sentences import find_lines, find_sentences

LICENCES = Path("/usr/share/common-licenses")


def questions(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of questions."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def plain(text: str) -> str:
    """Return a text as the scores compare it: white space and case aside."""
    return re.sub(r"\s+", " ", text).casefold()


def questions_about(name: str) -> list[dict[str, Any]]:
    """Return the questions about a collected set: a file of its own, or its rows of the mixed one."""
    own = HERE / name / "questions.jsonl"
    return questions(own) if own.exists() else [row for row in questions(HERE / "mixed.jsonl") if row["folder"] == name]


@pytest.mark.parametrize("name", SETS)
def test_what_a_question_wants_stands_in_one_sentence_or_row(name: str, tmp_path: Path) -> None:
    if name == "licences" and not LICENCES.is_dir():
        pytest.skip("Debian's licences aren't here")
    copied = collect(name, tmp_path)
    readers = Readers()
    texts = [readers.read(found, found.path.read_bytes()).document.text for found in walk([tmp_path])]
    readers.close()
    assert len(texts) == len(copied) >= 7
    stretches = [plain(text[at.start : at.end]) for text in texts for at in (*find_sentences(text), *find_lines(text))]
    wholes = [plain(text) for text in texts]
    for row in questions_about(name):
        wanted = [[plain(wording) for wording in group] for group in row["groups"]]
        places = stretches if row["kind"] == "fact" else wholes
        held = any(all(any(wording in place for wording in group) for group in wanted) for place in places)
        assert held, row["question"]


def test_the_questions_are_of_the_kinds_the_readme_counts() -> None:
    files = [*HERE.glob("*/questions.jsonl"), HERE / "mixed.jsonl"]
    rows = [row for path in files for row in questions(path)]
    assert Counter(row["kind"] for row in rows) == {"fact": 136, "list": 15, "absent": 69}
    assert len({row["id"] for row in rows}) == len({row["question"] for row in rows}) == 220
    assert all(bool(row["groups"]) == (row["kind"] != "absent") for row in rows)


def test_a_set_with_a_document_that_is_not_installed_is_not_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "documents.txt").write_text("idlelib/CREDITS.txt | a.txt\nidlelib/DEBTS.txt | b.txt\n")
    monkeypatch.setattr("evals.everyday.collect.HERE", tmp_path)
    with pytest.raises(SystemExit, match=r"idlelib/DEBTS\.txt: not installed"):
        collect("letters", tmp_path / "copies")
    assert not (tmp_path / "copies").exists()
