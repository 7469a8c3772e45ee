"""A build killed at any instant leaves an index that opens and answers: the old one or the new one, never a mixture."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.engine import Engine
from tests.conftest import without_weights, write_files
from tests.fakes import HashingEmbedder

KILLS = 50
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


def version_of(index: Path) -> str:
    """Open the index, look at every document of it, ask it, and return the version it is of."""
    engine = Engine.open(without_weights(index), HashingEmbedder())
    assert len(engine.index) == len(engine.index.store) == len(engine.index.keyword) == FILES
    found = {word for source in engine.index.sources for word in engine.index.document(source).text.split()}
    (version,) = found & set(VERSIONS)
    assert {Path(root).parent.name for root in engine.index.roots} == {version}
    answer = engine.ask("What does the pump number 7 move?").answer
    engine.check(answer)
    assert {word for passage in answer.passages for word in passage.text.split()} & set(VERSIONS) == {version}
    return version


def test_a_build_killed_at_fifty_instants_leaves_the_old_or_the_new_index(tmp_path: Path, driver: Driver) -> None:
    chance = random.Random(20261122)
    folders = {version: collection(tmp_path, version) for version in VERSIONS}
    index = tmp_path / "index"
    # one build over none and one over another give the instants between which to kill
    driver.start(folders["alpha"])
    assert driver.wait_for_end() == 0
    began = time.monotonic()
    driver.start(folders["bravo"])
    assert driver.wait_for_writing()
    writes_after = time.monotonic() - began
    assert driver.wait_for_end() == 0
    whole = time.monotonic() - began
    assert version_of(index) == "bravo"

    outcomes = {"old": 0, "new": 0, "while writing": 0}
    current = "bravo"
    for kill in range(KILLS):
        wanted = "alpha" if current == "bravo" else "bravo"
        process = driver.start(folders[wanted])
        if kill % 2:  # half of them anywhere in the build, half in the part that matters most
            assert driver.wait_for_writing()
            time.sleep(chance.uniform(0, (whole - writes_after) * 1.05))
        else:
            time.sleep(chance.uniform(0, whole * 1.05))
        with contextlib.suppress(ProcessLookupError):  # it had just ended
            os.kill(process, signal.SIGKILL)
        killed = driver.wait_for_end() == signal.SIGKILL
        left = sorted(path.name for path in index.glob("g[0-9]*"))
        outcomes["while writing"] += killed and len(left) > 1
        found = version_of(index)
        assert found in (current, wanted)
        assert killed or found == wanted
        outcomes["new" if found == wanted else "old"] += 1
        current = found

    # the test means nothing unless it hit what it aims at
    assert outcomes["old"] >= 10
    assert outcomes["while writing"] >= 5
    # and the next build that is left alone clears away whatever the killed ones left behind
    last = "alpha" if current == "bravo" else "bravo"
    driver.start(folders[last])
    assert driver.wait_for_end() == 0
    assert version_of(index) == last
    assert len(list(index.glob("g[0-9]*"))) == 1
