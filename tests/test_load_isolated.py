"""Readers in a process of their own: what crosses over, and what a reader that misbehaves costs."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.isolated import Worker
from qa.load.table import READERS
from qa.load.wire import pack, parsed, unpack
from tests import hostile_readers

LIMITS = Limits()
POSIX = pytest.mark.skipif(os.name != "posix", reason="this system limits time alone")
HOSTILE = {
    name: f"tests.hostile_readers:{name}" for name in vars(hostile_readers) if name[0].islower() and name[0] != "_"
}


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(HOSTILE, memory=400_000_000) as one:
        yield one


def problem(worker: Worker, name: str, data: bytes = b"", seconds: float = 20) -> str:
    with pytest.raises(Unreadable) as caught:
        worker.read(name, data, LIMITS, seconds)
    assert worker.read("echo", b"still here", LIMITS, 20) == Extracted("still here")
    return caught.value.problem


def test_every_field_of_an_extract_crosses_over(worker: Worker) -> None:
    assert worker.read("everything", b"", LIMITS, 20) == hostile_readers.EVERYTHING
    for field in fields(Extracted):
        assert getattr(hostile_readers.EVERYTHING, field.name) != getattr(Extracted(""), field.name), field.name


def test_the_limits_reach_the_reader(worker: Worker) -> None:
    limits = Limits(characters=5, depth=1)
    assert worker.read("which_limits", b"", limits, 20).text == repr(limits)


def test_one_process_reads_file_after_file(worker: Worker) -> None:
    first = worker.read("process", b"", LIMITS, 20).text
    assert worker.read("process", b"", LIMITS, 20).text == first
    assert first != str(os.getpid())


def test_a_large_file_crosses_over_both_ways(worker: Worker) -> None:
    words = "ümlaut " * 1_000_000
    assert worker.read("echo", words.encode("utf-8"), LIMITS, 20).text == words


def test_a_refusal_comes_back_as_it_was_and_can_be_printed(worker: Worker) -> None:
    with pytest.raises(Unreadable) as caught:
        worker.read("refuse", b"", LIMITS, 20)
    assert (caught.value.problem, caught.value.remedy) == ("it is made of \\ud800 cheese.", "Eat it.")


def test_a_file_over_the_limit_is_not_even_sent(worker: Worker) -> None:
    with pytest.raises(Unreadable, match="larger than 2 MB"):
        worker.read("echo", bytes(2_000_001), Limits(file_bytes=2_000_000), 20)


@pytest.mark.parametrize("name", ["sleep", "spin"])
def test_a_reader_that_hangs_is_ended(worker: Worker, name: str) -> None:
    worker.read("echo", b"", LIMITS, 20)
    began = time.monotonic()
    assert problem(worker, name, seconds=0.3) == "its reader took longer than 0.3 s."
    assert time.monotonic() - began < 5


@POSIX
@pytest.mark.parametrize("name", ["devour", "devour_slowly"])
def test_a_reader_that_wants_too_much_memory_is_ended(worker: Worker, name: str) -> None:
    assert problem(worker, name) == "its reader needed more than 0.4 GB of memory."


@POSIX
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crash", "its reader crashed (signal 11)."),
        ("vanish", "its reader crashed (exit status 3)."),
        ("be_killed", "its reader was ended from outside, perhaps for want of memory (signal 9)."),
    ],
)
def test_a_reader_that_dies_says_of_what(worker: Worker, name: str, said: str) -> None:
    assert problem(worker, name) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("leave", "its reader failed (SystemExit: good bye)."),
        ("fail", "its reader failed (KeyError: 'no such thing')."),
        ("recurse", "its contents are nested deeper than its reader can follow."),
        ("with_nul", "its reader gave an answer that makes no sense."),
        ("beyond", "its reader gave an answer that makes no sense."),
        ("outside", "its reader gave an answer that makes no sense."),
    ],
)
def test_a_reader_that_breaks_its_contract_costs_one_file(worker: Worker, name: str, said: str) -> None:
    assert problem(worker, name) == said


def test_text_that_cannot_be_stored_costs_one_file(worker: Worker) -> None:
    assert problem(worker, "half_a_character").startswith("its reader failed (UnicodeEncodeError")


def test_what_a_library_prints_does_not_land_among_the_answers(worker: Worker) -> None:
    assert worker.read("chatter", b"", LIMITS, 20).text == "quiet"


def test_a_reader_can_neither_connect_nor_start_programs(worker: Worker) -> None:
    assert (
        problem(worker, "connect")
        == "its reader failed (PermissionError: a reader may not do this: socket.getaddrinfo)."
    )
    assert problem(worker, "start_a_program") == "its reader failed (PermissionError: a reader may not start programs)."


def test_a_reader_can_neither_write_nor_remove_files(worker: Worker, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_text("kept", encoding="utf-8")
    assert "a reader may not write files" in problem(worker, "write_a_file", os.fsencode(tmp_path / "new.txt"))
    assert "a reader may not write files" in problem(worker, "write_a_file", os.fsencode(kept))
    assert "a reader may not do this: os.remove" in problem(worker, "remove_a_file", os.fsencode(kept))
    assert [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] == ["kept"]


def test_modules_in_the_folder_one_stands_in_are_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('taken over')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    with Worker(HOSTILE) as worker:
        assert worker.read("echo", b"words", LIMITS, 20).text == "words"


def test_a_closed_worker_leaves_no_process_and_starts_again_when_asked() -> None:
    with Worker(HOSTILE) as worker:
        number = int(worker.read("process", b"", LIMITS, 20).text)
        worker.close()
        if os.name == "posix":
            with pytest.raises(ProcessLookupError):
                os.kill(number, 0)
        assert worker.read("echo", b"again", LIMITS, 20).text == "again"


def test_an_interruption_half_way_does_not_leave_an_answer_for_the_next_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with Worker(HOSTILE) as worker:
        worker.read("echo", b"first", LIMITS, 20)
        with monkeypatch.context() as patched:
            patched.setattr("qa.load.isolated._receive", interrupted)
            with pytest.raises(KeyboardInterrupt):
                worker.read("echo", b"second", LIMITS, 20)
        assert worker.read("echo", b"third", LIMITS, 20).text == "third"


def test_every_reader_of_the_table_can_be_loaded_in_a_worker() -> None:
    with Worker() as worker:
        for name in READERS:
            with pytest.raises(Unreadable) as caught:
                worker.read(name, b"\x00\x01\x02 no format at all", LIMITS, 20)
            assert "its reader" not in caught.value.problem, (name, caught.value.problem)


@pytest.mark.parametrize(
    "change",
    [
        {"start": 10**9},
        {"parts": True},
        {"headings": [[1, "a", 0]]},
        {"headings": [[1, "a", 3, 2]]},
        {"headings": [[1, "a", 0, 10**9]]},
        {"hidden": [["why", 0, None]]},
        {"notes": "a string"},
        {"title": None},
        {"title": "\ud800"},
        {"children": ["a.txt"]},
        {"children": ["/a.txt", "b"]},
        {"children": ["", "b"]},
        {"children": "ab"},
        {"places": 5},
    ],
)
def test_an_answer_that_was_tampered_with_is_refused(change: dict[str, object]) -> None:
    header, pieces = pack(hostile_readers.EVERYTHING)
    with pytest.raises((ValueError, TypeError, KeyError)):
        unpack({**header, "empty": [], "notes": [], **change}, pieces)


@pytest.mark.parametrize(
    "packed", ["", "[]", "{}", '{"sizes": 3}', '{"sizes": [4]}', '{"sizes": [-1, 4]}', "[" * 99_999]
)
def test_a_header_that_announces_something_else_than_follows_is_refused(packed: str) -> None:
    assert parsed(packed.encode(), 3) is None
    assert parsed(b'{"sizes": [1, 2]}', 3) == {"sizes": [1, 2]}
