"""A build killed at any instant leaves an index that opens and answers, and every document that was committed."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.engine import Engine, open_collection
from qa.errors import IndexMissing
from qa.types import Verdict
from tests.conftest import without_weights, write_files
from tests.fakes import HashingEmbedder

KILLS = 100
FILES = 150
VERSIONS = ("alpha", "bravo")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system can't fork")


class Driver:
    """Starts builds and kills them; the process with the imports is started once and forks for each."""

    def __init__(self, index: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("crash_driver.py")), str(index)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )

    def start(self, folder: Path) -> int:
        """Begin a build of `folder` and return its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{folder}\n")
        return int(self._next())

    def wait_for_writing(self) -> bool:
        """Wait until the build writes; False where it ended before."""
        return self._next() == "writing"

    def wait_for_end(self) -> int:
        """Wait for the build and return its exit status, as `os.waitpid` gives it."""
        words = self._next()
        while not words.startswith("ended"):
            words = self._next()
        return int(words.split()[1])

    def close(self) -> None:
        """Let the driver go."""
        self._process.communicate()

    def _next(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the driver is gone"
        return line.strip()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    made = Driver(tmp_path / "index")
    yield made
    made.close()


def collection(folder: Path, version: str) -> Path:
    """Write a version of the collection: every file says which one it is of, in its text and its heading."""
    return write_files(
        folder / version / "docs",
        {
            f"file{number:03}.md": f"# Pump {number} of {version}\n\nThe {version} pump number {number} moves water.\n"
            for number in range(FILES)
        },
    )


def versions_in(index: Path, at_least: int = FILES) -> set[str]:
    """Open the index, look at every document of it, ask it, and return the versions its documents are of."""
    engine = Engine.open(without_weights(index), HashingEmbedder())
    assert len(engine.index) == len(engine.index.store) == len(engine.index.keyword)
    assert at_least <= len(engine.index.sources) <= FILES
    engine.index.check()
    found = set()
    for source in engine.index.sources:
        words = set(engine.index.document(source).text.split())
        assert len(words & set(VERSIONS)) == 1  # each document is of one version
        found |= words & set(VERSIONS)
    answer = engine.ask("What does the pump number 7 move?").answer
    engine.check(answer)
    if not engine.index.is_whole and answer.verdict is not Verdict.ANSWERED:
        assert any("has not come to its end" in notice for notice in answer.notices)
    return found


def test_a_build_killed_at_a_hundred_instants_leaves_what_it_had_committed(tmp_path: Path, driver: Driver) -> None:
    chance = random.Random(20261122)
    folders = {version: collection(tmp_path, version) for version in VERSIONS}
    index = tmp_path / "index"
    driver.start(folders["alpha"])
    assert driver.wait_for_end() == 0
    began = time.monotonic()
    driver.start(folders["bravo"])
    assert driver.wait_for_writing()
    writes_after = time.monotonic() - began
    assert driver.wait_for_end() == 0
    whole = time.monotonic() - began
    assert versions_in(index) == {"bravo"}

    outcomes = {"none": 0, "some": 0, "all": 0}
    current = "bravo"
    for kill in range(KILLS):
        wanted = "alpha" if current == "bravo" else "bravo"
        process = driver.start(folders[wanted])
        if kill % 2:  # half of them anywhere in the build, half while what is derived is brought in step
            driver.wait_for_writing()
            time.sleep(chance.uniform(0, (whole - writes_after) * 1.05))
        else:
            time.sleep(chance.uniform(0, whole * 1.05))
        with contextlib.suppress(ProcessLookupError):  # it had just ended
            os.kill(process, signal.SIGKILL)
        driver.wait_for_end()
        found = versions_in(index)
        outcomes["some" if len(found) > 1 else "all" if found == {wanted} else "none"] += 1
        if found == {wanted}:
            current = wanted
    # the test means nothing unless it hit what it aims at
    assert outcomes["some"] >= 10
    assert outcomes["all"] >= 10
    # and the next build that is left alone makes it whole
    last = "alpha" if current == "bravo" else "bravo"
    driver.start(folders[last])
    assert driver.wait_for_end() == 0
    assert versions_in(index) == {last}
    assert open_collection(without_weights(index)).is_whole


def test_a_first_build_killed_at_any_instant_goes_on_from_there(tmp_path: Path, driver: Driver) -> None:
    chance = random.Random(3)
    docs, index = collection(tmp_path, "alpha"), tmp_path / "index"
    driver.start(docs)
    assert driver.wait_for_end() == 0
    shutil.rmtree(index)
    committed = 0
    for _ in range(12):
        process = driver.start(docs)
        time.sleep(chance.uniform(0.02, 0.3))
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
        driver.wait_for_end()
        with contextlib.suppress(IndexMissing):
            versions_in(index, at_least=committed)
            committed = len(open_collection(without_weights(index)).sources)
    driver.start(docs)
    assert driver.wait_for_end() == 0
    assert versions_in(index) == {"alpha"}
