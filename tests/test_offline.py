"""Offline and deterministic: in a network namespace with nothing but loopback, the same bytes and the same answers."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qa.engine import Engine
from qa.types import Turn
from qa.ui.answer_json import to_json
from tests.conftest import CORPUS

QUESTIONS = [
    "On what date does the USMCA end unless it is extended?",
    "Which countries' football federations do both belong to?",
    "Which number do I call after hours in an emergency?",
    "How many ports of entry does the border have?",
    "Who walked on the moon first?",
    "What was the value of trade in goods and services in 2019?",
    "¿Cuántos consulados tiene México en Estados Unidos?",
    "When was the treaty of Guadalupe Hidalgo signed?",
    "bread " * 2_000,
]
HISTORY = ["On what date does the USMCA end unless it is extended?"]


def namespace() -> list[str]:
    """Return the command that gives another one a network of its own, or skip where that isn't allowed."""
    for flags in ("-rn", "-n"):
        unshare = shutil.which("unshare")
        command = [unshare or "unshare", flags, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        if unshare and subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("no network namespaces here: unshare is missing or not permitted")


def lasting(line: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without its timings."""
    return {key: value for key, value in line.items() if key != "timings_ms"}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """Build and ask in another process without a network; returns its index and its answers."""
    command = namespace()
    home = tmp_path_factory.mktemp("alone")
    requests = [{"id": at, "question": question} for at, question in enumerate(QUESTIONS)]
    requests.append({"id": "follow-up", "question": "And who signed it?", "history": HISTORY})
    (home / "batch.jsonl").write_text("".join(json.dumps(line) + "\n" for line in requests), encoding="utf-8")
    driver = Path(__file__).with_name("offline_driver.py")
    done = subprocess.run(
        [*command, sys.executable, str(driver), str(CORPUS), str(home / "index"), str(home / "batch.jsonl")],
        capture_output=True,
        text=True,
        cwd=home,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return home / "index", answers


def test_a_build_and_a_batch_need_no_network(alone: tuple[Path, list[dict[str, Any]]]) -> None:
    _, answers = alone
    assert [answer["id"] for answer in answers] == [*range(len(QUESTIONS)), "follow-up"]
    assert all(answer["passages"] for answer in answers)


def test_two_builds_in_two_processes_write_the_same(
    alone: tuple[Path, list[dict[str, Any]]], corpus_index: Path
) -> None:
    files = [
        {
            path.relative_to(folder).as_posix(): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and not path.name.startswith("index.db")
        }
        for folder in (alone[0], corpus_index)
    ]
    assert files[0] == files[1]
    assert any(name.endswith(".faiss") for name in files[0])
    one, other = (_rows(folder / "index.db") for folder in (alone[0], corpus_index))
    assert one == other


def _rows(database: Path) -> dict[str, list[Any]]:
    """Return what an index holds of its documents, times aside."""
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        return {
            "documents": connection.execute(
                "SELECT id, source, digest, title, chunks FROM documents ORDER BY id"
            ).fetchall(),
            "contents": connection.execute("SELECT * FROM contents ORDER BY document").fetchall(),
            "chunks": connection.execute("SELECT * FROM chunks ORDER BY id").fetchall(),
        }


def test_two_batches_in_two_processes_are_the_same_but_for_timings(
    alone: tuple[Path, list[dict[str, Any]]], corpus_engine: Engine
) -> None:
    here = [to_json(corpus_engine.ask(question).answer, {}, at) for at, question in enumerate(QUESTIONS)]
    follow_up = corpus_engine.ask("And who signed it?", [Turn(question) for question in HISTORY])
    here.append(to_json(follow_up.answer, {}, "follow-up"))
    assert [lasting(answer) for answer in alone[1]] == [lasting(json.loads(json.dumps(answer))) for answer in here]


def test_every_quote_of_the_batch_is_the_slice_of_its_document(
    alone: tuple[Path, list[dict[str, Any]]], corpus_engine: Engine
) -> None:
    checked = 0
    for answer in alone[1]:
        for quote in answer["citations"]:
            document = corpus_engine.index.document(quote["source"])
            assert document.text[quote["start"] : quote["end"]] == quote["quote"]
            assert document.digest == quote["digest"]
            checked += 1
        for passage in answer["passages"]:
            text = corpus_engine.index.document(passage["source"]).text
            assert text[passage["start"] : passage["end"]] == passage["text"]
    assert checked >= 5


def test_offsets_into_plain_formats_are_the_files_own(corpus_engine: Engine) -> None:
    for name in ("embassy-history.txt", "state-department-fact-sheet.md", "foreign-policy-explainer.md"):
        assert corpus_engine.index.document(name).text == (CORPUS / name).read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    ("question", "source", "words"),
    [
        (QUESTIONS[0], "state-department-fact-sheet.md", "2036"),
        (QUESTIONS[7], "", "1848"),
    ],
)
def test_the_real_way_finds_the_answer_in_the_real_corpus(
    corpus_engine: Engine, question: str, source: str, words: str
) -> None:
    passages = corpus_engine.ask(question).answer.passages[:3]
    assert [p for p in passages if words in p.text and p.source.startswith(source)]
