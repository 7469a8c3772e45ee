"""The index follows its folders: every kind of change, once it has rested, whatever befalls the watch meanwhile."""

from __future__ import annotations

import gc
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qa.config import Settings
from qa.engine import BuildReport, Current, Engine, Upkeep, build, make_embedder, open_collection
from qa.errors import ConfigError, IndexMismatch, IndexMissing
from qa.index.lock import writing
from qa.index.stored import Moment, stored
from qa.types import FileState
from qa.watch import Built, Keeper, Pace, watching
from qa.watch.changes import is_remote
from tests.conftest import dump_of, without_weights, write_files
from tests.fakes import HashingEmbedder

SETTLE = 0.4
PACE = Pace(settle=SETTLE, patience=20.0, sweep=60.0, poll=0.5)
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals and locks as POSIX has them")


def wait_until(true: Callable[[], bool], seconds: float = 40.0) -> None:
    """Wait for something to become true; fail where it doesn't."""
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it didn't come true in time"
        time.sleep(0.02)


class Watcher:
    """A keeper at work in a thread, and what it said."""

    def __init__(self, upkeep: Upkeep, index: Path, pace: Pace = PACE, *, polling: bool = False) -> None:
        self.builds: list[Built] = []
        self.failures: list[str] = []
        self.said: list[str] = []
        self._stop = threading.Event()
        keeper = Keeper(
            upkeep,
            pace,
            leave_out=index,
            built=self.builds.append,
            failed=self.failures.append,
            say=self.said.append,
            polling=polling,
        )
        self._thread = threading.Thread(target=keeper.run, args=(self._stop,))
        self._thread.start()

    def counts(self) -> list[tuple[int, int, int]]:
        """Return (added, changed, removed) of each build that altered something, in order."""
        reports = [done.report for done in self.builds]
        return [(one.added, one.changed, one.removed) for one in reports if one.altered]

    def close(self) -> None:
        """Stop it, and wait for its end."""
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


Watch = Callable[..., Watcher]


@pytest.fixture
def watch(settings: Settings) -> Iterator[Watch]:
    """Return a function that starts a watcher of these paths; all are stopped in the end."""
    started: list[Watcher] = []

    def start(*paths: Path, upkeep: Upkeep | None = None, **how: Any) -> Watcher:  # noqa: ANN401
        upkeep = upkeep or Upkeep(settings, paths, HashingEmbedder())
        started.append(Watcher(upkeep, settings.index, **how))
        return started[-1]

    yield start
    for watcher in started:
        watcher.close()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    files = {f"f{number}.md": f"# Pump {number}\n\nPump {number} moves water.\n" for number in range(5)}
    return write_files(tmp_path / "docs", files)


def content(index: Path, settings: Settings) -> dict[str, Any]:
    """Return all that an index holds and what it answers, but for times: files' own, and what reading took."""
    opened = open_collection(settings)
    opened.check()
    row = HashingEmbedder().embed_query("What does the red pump hold?").row
    found = opened.store.search(row, 20), opened.keyword.best("red pump water valve", 20)
    return {**dump_of(index), "found": found, "ledger": opened.ledger, "roots": opened.roots}


def fresh(tmp_path: Path, *roots: Path) -> dict[str, Any]:
    """Return what a new index of these folders holds."""
    settings = without_weights(tmp_path / "fresh-index")
    shutil.rmtree(settings.index, ignore_errors=True)
    build(settings, roots, embedder=HashingEmbedder())
    return content(settings.index, settings)


def in_step(settings: Settings, tmp_path: Path, *roots: Path) -> bool:
    """Tell whether the index holds what a new one of these folders would."""
    return content(settings.index, settings) == fresh(tmp_path, *roots)


# What is noticed


def test_what_changed_while_nobody_watched_is_caught_up_with_at_the_start(
    watch: Watch, docs: Path, settings: Settings
) -> None:
    build(settings, [docs], embedder=HashingEmbedder())
    write_files(docs, {"f0.md": "other words", "new.md": "new words"})
    (docs / "f1.md").unlink()
    watcher = watch(docs)
    wait_until(lambda: len(watcher.builds) == 1)
    assert watcher.counts() == [(1, 1, 1)]


def test_added_changed_moved_and_deleted_files_are_each_noticed(
    watch: Watch, docs: Path, settings: Settings, tmp_path: Path
) -> None:
    watcher = watch(docs)
    wait_until(lambda: len(watcher.builds) == 1)
    steps: list[tuple[Callable[[], object], tuple[int, int, int]]] = [
        (lambda: (docs / "new.md").write_text("new words"), (1, 0, 0)),
        (lambda: (docs / "new.md").write_text("other words"), (0, 1, 0)),
        (lambda: (docs / "new.md").rename(docs / "moved.md"), (1, 0, 1)),
        (lambda: write_files(docs, {"deep/er/one.md": "one", "deep/two.md": "two"}), (2, 0, 0)),
        (lambda: (docs / "deep").rename(docs / "renamed"), (2, 0, 2)),
        (lambda: (docs / "moved.md").unlink(), (0, 0, 1)),
    ]
    for number, (change, expected) in enumerate(steps, start=2):
        change()
        wait_until(lambda number=number: len(watcher.counts()) == number)  # type: ignore[misc]
        assert watcher.counts()[-1] == expected
    assert in_step(settings, tmp_path, docs)


def test_what_the_system_does_not_tell_of_is_found_by_looking(
    watch: Watch, docs: Path, settings: Settings, tmp_path: Path
) -> None:
    watcher = watch(docs, polling=True)
    wait_until(lambda: len(watcher.builds) == 1)
    (docs / "f0.md").write_text("other words")
    (docs / "f1.md").rename(docs / "g1.md")
    wait_until(lambda: len(watcher.builds) == 2)
    assert watcher.counts()[-1] == (1, 1, 1)
    time.sleep(3 * SETTLE)
    assert len(watcher.builds) == 2  # looking alone builds nothing
    assert in_step(settings, tmp_path, docs)


def test_a_root_that_is_a_file_is_followed_through_being_replaced(watch: Watch, docs: Path, settings: Settings) -> None:
    watcher = watch(docs / "f0.md")
    wait_until(lambda: len(watcher.builds) == 1)
    (docs / "f1.md").replace(docs / "f0.md")
    wait_until(lambda: len(watcher.counts()) == 2)
    assert open_collection(settings).document("f0.md").text == "# Pump 1\n\nPump 1 moves water.\n"


def test_hidden_files_and_the_index_itself_build_nothing(watch: Watch, docs: Path) -> None:
    settings = without_weights(docs / "index")
    watcher = watch(upkeep=Upkeep(settings, [docs], HashingEmbedder()), pace=PACE)
    watcher.close()
    inner = Watcher(Upkeep(settings, [docs], HashingEmbedder()), settings.index)
    try:
        wait_until(lambda: len(inner.builds) == 1)
        (docs / "f0.md").write_text("other words")
        wait_until(lambda: len(inner.builds) == 2)  # writes below the watched folder
        write_files(docs, {".git/HEAD": "ref", ".f0.md.swp": "half"})
        write_files(settings.index, {"stray.md": "not a document"})
        time.sleep(4 * SETTLE)
        assert len(inner.builds) == 2
    finally:
        inner.close()


def test_without_paths_the_roots_are_those_of_the_last_build_whoever_made_it(
    watch: Watch, docs: Path, settings: Settings, tmp_path: Path
) -> None:
    build(settings, [docs], embedder=HashingEmbedder())
    watcher = watch()
    wait_until(lambda: len(watcher.builds) == 1)
    other = write_files(tmp_path / "other", {"a.md": "alpha"})
    build(settings, [other], embedder=HashingEmbedder())
    wait_until(lambda: len(watcher.builds) == 2)
    write_files(other, {"b.md": "bravo"})
    wait_until(lambda: watcher.counts() == [(1, 0, 0)])
    assert open_collection(settings).sources == ("a.md", "b.md")


def test_a_path_that_never_was_is_a_slip_and_one_that_was_indexed_may_come_back(docs: Path, settings: Settings) -> None:
    with pytest.raises(ConfigError, match=r"nowhere: no such file or folder\. Name the folder"):
        Upkeep(settings, [docs / "nowhere"]).check()
    build(settings, [docs], embedder=HashingEmbedder())
    docs.rename(docs.with_name("away"))
    Upkeep(settings, [docs]).check()


# When it is built


def test_a_burst_of_a_thousand_files_makes_two_builds_at_most(
    watch: Watch, docs: Path, settings: Settings, tmp_path: Path
) -> None:
    watcher = watch(docs)
    wait_until(lambda: len(watcher.builds) == 1)
    write_files(docs, {f"burst/{number % 7}/b{number}.md": f"burst number {number}" for number in range(1000)})
    wait_until(lambda: sum(added for added, _, _ in watcher.counts()[1:]) == 1000)
    assert len(watcher.counts()) <= 3
    assert in_step(settings, tmp_path, docs)


def test_an_editor_saving_by_rename_makes_one_change(watch: Watch, docs: Path) -> None:
    watcher = watch(docs)
    wait_until(lambda: len(watcher.builds) == 1)
    (docs / "f0.md~").write_bytes((docs / "f0.md").read_bytes())
    (docs / "4913").write_text("")
    (docs / "4913").unlink()
    (docs / "f0.md.new").write_text("saved words")
    (docs / "f0.md.new").replace(docs / "f0.md")
    (docs / "f0.md~").unlink()
    wait_until(lambda: len(watcher.builds) == 2)
    time.sleep(3 * SETTLE)
    assert [done.report.changed for done in watcher.builds[1:]] == [1]
    assert {entry.source for entry in watcher.builds[1].report.ledger} == {f"f{number}.md" for number in range(5)}


def test_a_file_copied_in_slow_pieces_is_indexed_once_and_whole(watch: Watch, docs: Path, settings: Settings) -> None:
    watcher = watch(docs)
    wait_until(lambda: len(watcher.builds) == 1)
    text = "".join(f"Line {number} of a slow copy.\n" for number in range(2000))
    with (docs / "slow.txt").open("w") as file:
        for piece in range(12):  # each comes before the one before has rested
            file.write(text[piece * len(text) // 12 : (piece + 1) * len(text) // 12])
            file.flush()
            time.sleep(SETTLE / 2)
    wait_until(lambda: len(watcher.builds) == 2)
    assert watcher.counts()[1:] == [(1, 0, 0)]
    assert open_collection(settings).document("slow.txt").text == text


def test_a_file_that_never_rests_is_waited_for_so_long_and_no_longer(watch: Watch, docs: Path) -> None:
    watcher = watch(docs, pace=Pace(settle=SETTLE, patience=1.5, sweep=60.0, poll=0.5))
    wait_until(lambda: len(watcher.builds) == 1)
    began = time.monotonic()
    with (docs / "log.txt").open("w") as file:
        while len(watcher.builds) == 1:
            file.write("one more line\n")
            file.flush()
            time.sleep(SETTLE / 8)
            assert time.monotonic() < began + 30
    assert watcher.counts()[1][0] == 1
    assert time.monotonic() - began >= 1.5


class BusyUpkeep(Upkeep):
    """Something is written to the folder while the first build goes on."""

    def __init__(self, settings: Settings, docs: Path) -> None:
        super().__init__(settings, [docs], HashingEmbedder())
        self.written = docs / "meanwhile.md"

    def build(self, stage: Callable[[str, int, int], None]) -> BuildReport:
        """Build, having the file come once all others were read."""

        def meanwhile(name: str, done: int, total: int) -> None:
            if name == "writing" and not self.written.exists():
                self.written.write_text("written meanwhile")
            stage(name, done, total)

        return super().build(meanwhile)


@pytest.mark.parametrize("polling", [False, True])
def test_what_changes_during_a_build_is_the_next_build(
    watch: Watch, docs: Path, settings: Settings, polling: bool
) -> None:
    watcher = watch(upkeep=BusyUpkeep(settings, docs), polling=polling)
    wait_until(lambda: len(watcher.builds) == 2)
    assert watcher.counts() == [(5, 0, 0), (1, 0, 0)]


# What goes wrong


def test_a_root_that_vanishes_and_returns_leaves_the_index_alone(
    watch: Watch, docs: Path, settings: Settings, tmp_path: Path
) -> None:
    watcher = watch(docs)
    wait_until(lambda: len(watcher.builds) == 1)
    docs.rename(tmp_path / "away")
    wait_until(lambda: bool(watcher.said))
    assert "not there, or empty now" in watcher.said[0]
    docs.mkdir()  # the bare place where the drive is mounted
    time.sleep(3 * SETTLE)
    assert len(open_collection(settings).sources) == 5
    docs.rmdir()
    (tmp_path / "away").rename(docs)
    (docs / "f0.md").write_text("changed elsewhere")
    wait_until(lambda: watcher.counts() == [(5, 0, 0), (0, 1, 0)])
    assert watcher.failures == []
    assert watcher.said[-1] == "Every folder is there again."
    write_files(docs, {"later.md": "watched as before"})
    wait_until(lambda: len(watcher.counts()) == 3)


def test_of_two_roots_one_that_is_empty_now_keeps_its_documents(
    watch: Watch, docs: Path, settings: Settings, tmp_path: Path
) -> None:
    drive = write_files(tmp_path / "drive", {"a.md": "alpha", "b.md": "bravo"})
    watcher = watch(docs, drive)
    wait_until(lambda: len(watcher.builds) == 1)
    drive.rename(tmp_path / "unplugged")
    drive.mkdir()
    (docs / "f0.md").write_text("other words")
    time.sleep(4 * SETTLE)
    assert len(open_collection(settings).sources) == 7
    drive.rmdir()
    (tmp_path / "unplugged").rename(drive)
    wait_until(lambda: watcher.counts() == [(7, 0, 0), (0, 1, 0)])


class VanishingUpkeep(Upkeep):
    """One of two roots goes away in the midst of the second build."""

    builds = 0

    def build(self, stage: Callable[[str, int, int], None]) -> BuildReport:
        """Build; the second time without the second root from the moment everything is read."""
        self.builds += 1
        drive = self.roots()[1]
        if self.builds == 2:
            shutil.rmtree(drive)
            drive.mkdir()
        return super().build(stage)


def test_a_root_that_goes_away_in_the_midst_of_a_build_ends_it_before_anything_is_replaced(
    watch: Watch, docs: Path, settings: Settings, tmp_path: Path
) -> None:
    drive = write_files(tmp_path / "drive", {"a.md": "alpha"})
    watcher = watch(upkeep=VanishingUpkeep(settings, [docs, drive], HashingEmbedder()))
    wait_until(lambda: len(watcher.builds) == 1)
    (docs / "f0.md").write_text("other words")
    wait_until(lambda: bool(watcher.said))
    assert "drive: not there, or empty now" in watcher.said[0]
    assert "drive/a.md" in open_collection(settings).sources
    assert len(watcher.builds) == 1


def test_a_build_that_fails_is_said_once_and_the_next_change_is_built(
    watch: Watch, tmp_path: Path, settings: Settings
) -> None:
    docs = write_files(tmp_path / "docs", {"picture.xyz": "no reader for this"})
    watcher = watch(docs)
    wait_until(lambda: len(watcher.failures) == 1)
    assert "none of 1 files can be read" in watcher.failures[0]
    time.sleep(5 * SETTLE)  # tried again in vain meanwhile
    assert len(watcher.failures) == 1
    write_files(docs, {"a.md": "alpha"})
    wait_until(lambda: watcher.counts() == [(1, 0, 0)])
    assert [entry.state for entry in watcher.builds[0].report.ledger] == [FileState.INDEXED, FileState.SKIPPED]


def test_an_index_that_another_process_writes_to_is_waited_for(watch: Watch, docs: Path, settings: Settings) -> None:
    with writing(settings.index):
        watcher = watch(docs)
        wait_until(lambda: bool(watcher.said))
        assert "another 'qa index' or 'qa watch' is writing here" in watcher.said[0]
        assert watcher.builds == []
    wait_until(lambda: watcher.counts() == [(5, 0, 0)])
    assert watcher.failures == []


def test_a_file_that_cannot_be_read_costs_itself_alone(watch: Watch, docs: Path) -> None:
    watcher = watch(docs)
    wait_until(lambda: len(watcher.builds) == 1)
    (docs / "broken.pdf").write_bytes(b"%PDF-1.7\nnothing more")
    (docs / "good.md").write_text("good words")
    wait_until(lambda: len(watcher.builds) == 2)
    states = {entry.source: entry.state for entry in watcher.builds[1].report.ledger}
    assert (states["broken.pdf"], states["good.md"]) == (FileState.FAILED, FileState.INDEXED)


def test_folders_of_other_machines_are_known_by_their_file_system(tmp_path: Path) -> None:
    assert not is_remote(tmp_path)


# The program


class Program:
    """`qa watch` in a process of its own, its lines read as they come."""

    def __init__(self, *arguments: object, prefix: tuple[str, ...] = (), **variables: str) -> None:
        environment = {
            **os.environ,
            "QA_READER_ENABLED": "off",
            "QA_VERDICT_QUESTIONS": "0",
            "QA_WATCH_SETTLE": str(SETTLE),
            **variables,
        }
        driver = [sys.executable, str(Path(__file__).with_name("watch_driver.py"))]
        self.process = subprocess.Popen(
            [*prefix, *driver, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.out: list[str] = []
        self.err: list[str] = []
        self._threads = [
            threading.Thread(target=lines.extend, args=(pipe,))
            for pipe, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for thread in self._threads:
            thread.start()

    def wait_for_another_line(self) -> None:
        """Wait until it says more on standard output than it has so far."""
        said = len(self.out)
        wait_until(lambda: len(self.out) > said)

    def end(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end and return the exit code."""
        code = self.process.wait(30)
        for thread in self._threads:
            thread.join(10)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()
        return code


@pytest.fixture
def program() -> Iterator[Callable[..., Program]]:
    """Return a function that starts the program; what still runs in the end is killed."""
    started: list[Program] = []

    def start(*arguments: object, **how: Any) -> Program:  # noqa: ANN401
        started.append(Program(*arguments, **how))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.end(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_a_line_a_build_and_ends_cleanly(
    program: Callable[..., Program], docs: Path, settings: Settings, number: signal.Signals
) -> None:
    running = program(docs, "--index", settings.index)
    wait_until(lambda: len(running.out) == 1)
    write_files(docs, {"strange.xyz": "?", "new.md": "new words"})
    wait_until(lambda: len(running.out) == 2)
    assert running.end(number) == 0
    assert running.out[0].split("  ")[1].startswith("5 added, 0 changed, 0 removed in ")
    assert "1 added, 0 changed, 0 removed in" in running.out[1]
    assert " Not wholly read: strange.xyz (" in running.out[1]
    assert running.err == ["qa: Stopped.\n"]


def test_in_json_each_build_is_an_object_with_the_files_that_are_not_wholly_indexed(
    program: Callable[..., Program], docs: Path, settings: Settings
) -> None:
    write_files(docs, {"strange.xyz": "?"})
    running = program(docs, "--index", settings.index, "--json")
    wait_until(lambda: len(running.out) == 1)
    said = json.loads(running.out[0])
    assert [said[name] for name in ("added", "changed", "unchanged", "removed", "chunks")] == [5, 0, 0, 0, 5]
    assert [(file["source"], file["state"]) for file in said["files"]] == [("strange.xyz", "skipped")]
    assert said["index"] == str(settings.index)
    assert 0 < said["seconds"] < 60


def test_it_ends_with_the_input_of_whoever_started_it(
    program: Callable[..., Program], docs: Path, settings: Settings
) -> None:
    running = program(docs, "--index", settings.index, "--until-eof")
    wait_until(lambda: len(running.out) == 1)
    assert running.process.stdin is not None
    running.process.stdin.close()
    running.process.stdin = None
    assert running.wait() == 0


def test_a_path_that_is_not_there_is_an_error(program: Callable[..., Program], tmp_path: Path) -> None:
    running = program(tmp_path / "nowhere", "--index", tmp_path / "index")
    assert running.wait() == 2
    assert running.err == [
        f"qa: {tmp_path / 'nowhere'}: no such file or folder. Name the folder that holds your documents.\n"
    ]


def test_where_the_system_has_no_watches_left_every_file_is_looked_at_instead(
    program: Callable[..., Program], docs: Path, settings: Settings
) -> None:
    prefix = limited_to(2)
    write_files(docs, {f"folder{number}/a.md": f"alpha {number}" for number in range(5)})
    running = program(docs, "--index", settings.index, prefix=prefix, QA_WATCH_POLL="0.5")
    wait_until(lambda: len(running.out) == 1)
    assert "every file is looked at every 0.5 s instead" in running.err[0]
    (docs / "folder4" / "a.md").write_text("other words")
    wait_until(lambda: len(running.out) == 2)
    assert "0 added, 1 changed, 0 removed" in running.out[1]


def test_where_the_last_watches_go_to_new_folders_it_is_said_as_well(
    program: Callable[..., Program], docs: Path, settings: Settings
) -> None:
    prefix = limited_to(4)
    running = program(docs, "--index", settings.index, prefix=prefix, QA_WATCH_POLL="0.5")
    wait_until(lambda: len(running.out) == 1)
    write_files(docs, {f"folder{number}/a.md": f"alpha {number}" for number in range(8)})
    wait_until(lambda: any("8 added" in line for line in running.out))
    wait_until(lambda: bool(running.err))
    assert "every file is looked at every 0.5 s instead" in running.err[0]
    (docs / "folder7" / "a.md").write_text("other words")
    wait_until(lambda: "0 added, 1 changed, 0 removed" in running.out[-1])


def limited_to(watches: int) -> tuple[str, ...]:
    """Return what goes before a command so that the system gives it so many watches; skip where that can't be."""
    # in a namespace of its own the limit binds this process alone
    limit = f'echo {watches} > /proc/sys/user/max_inotify_watches && exec "$@"'
    prefix = ("unshare", "--user", "--map-root-user", "sh", "-c", limit, "sh")
    if shutil.which("unshare") is None or subprocess.run([*prefix, "true"], capture_output=True).returncode:
        pytest.skip("this system makes no user namespaces")
    return prefix


_PARENT = """
import os, sys, time
from qa.watch import watching
with watching(sys.argv[1:], sys.stderr, print):
    print("started", flush=True)
    time.sleep(600)
"""


def children_of(process: int) -> list[int]:
    """Return the processes whose parent is this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            except OSError:
                continue
            if int(parent) == process:
                found.append(int(entry.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_a_watch_that_was_started_beside_ends_even_if_its_parent_is_killed(docs: Path, settings: Settings) -> None:
    build(settings, [docs], embedder=HashingEmbedder())
    environment = {**os.environ, "QA_READER_ENABLED": "off", "QA_VERDICT_QUESTIONS": "0"}
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, "--index", str(settings.index)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    assert parent.stdout is not None
    with parent.stdout:
        assert parent.stdout.readline() == "started\n"
        (child,) = children_of(parent.pid)
        time.sleep(1.0)
        parent.kill()
        parent.wait()
    wait_until(lambda: not is_alive(child), 15)


def is_alive(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_watch_that_was_started_beside_and_ends_by_itself_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    nowhere = [str(tmp_path / "nowhere"), "--index", str(tmp_path / "index")]
    with (tmp_path / "said").open("w") as out, watching(nowhere, out, said.append):
        wait_until(lambda: bool(said))
    assert said == ["The folder is watched no longer (exit code 2). To bring the index in step, run: qa index"]
    assert "no such file or folder" in (tmp_path / "said").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_page_keeps_the_index_in_step_until_it_is_killed_or_told_not_to(docs: Path, settings: Settings) -> None:
    environment = {**os.environ, "QA_READER_ENABLED": "off", "QA_VERDICT_QUESTIONS": "0", "QA_WATCH_SETTLE": "0.4"}
    build(settings, [docs], embedder=make_embedder(settings))
    command = [sys.executable, "-m", "qa.cli", "chat", "--json", "--index", str(settings.index)]
    for flags, children in (([], 1), (["--no-watch"], 0)):
        port = free_port()
        page = subprocess.Popen(
            [*command, "--port", str(port), *flags],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert page.stdout is not None
        assert page.stderr is not None
        with page.stdout, page.stderr:
            assert json.loads(page.stdout.readline()) == {"address": f"http://127.0.0.1:{port}"}
            if children:
                assert "0 added, 0 changed, 0 removed" in page.stderr.readline()
                write_files(docs, {"new.md": "new words"})
                assert "1 added, 0 changed, 0 removed" in page.stderr.readline()
            started = [one for one in children_of(page.pid) if b"watch" in Path(f"/proc/{one}/cmdline").read_bytes()]
            assert len(started) == children
            page.kill()
            page.wait()
        for child in started:
            wait_until(lambda child=child: not is_alive(child), 15)  # type: ignore[misc]


# All of it at once


class Edits:
    """Seeded random edits of a folder."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)
        self._made = 0
        self._kinds = [
            self._add,
            self._add,
            self._add,
            self._change,
            self._change,
            self._delete,
            self._move,
            self._rename_folder,
            self._save_by_rename,
            self._touch,
            self._grow_again,
            self._burst,
            self._break,
            self._copy,
        ]

    def one(self) -> None:
        """Make one edit."""
        self._chance.choice(self._kinds)()

    def _files(self) -> list[Path]:
        return sorted(path for path in self._folder.rglob("*") if path.is_file())

    def _folders(self) -> list[Path]:
        return sorted(path for path in self._folder.rglob("*") if path.is_dir())

    def _any(self) -> Path:
        files = self._files()
        if len(files) < 5:
            self._add()
            files = self._files()
        return self._chance.choice(files)

    def _new(self, suffix: str = "") -> Path:
        self._made += 1
        folder = self._chance.choice(["", "a", "a/b", "c"])
        suffix = suffix or self._chance.choice([".md", ".txt", ".html", ".csv"])
        path = self._folder / folder / f"n{self._made}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _text(self) -> str:
        words = ["pump", "water", "valve", "red", "blue", "motor", "turns", "holds", "seal", "oil"]
        lines = [
            f"The {' '.join(self._chance.choices(words, k=6))} {self._chance.randrange(10**6)}."
            for _ in range(self._chance.randrange(1, 25))
        ]
        return "\n".join(lines) + "\n"

    def _add(self) -> None:
        self._new().write_text(self._text())

    def _change(self) -> None:
        self._any().write_text(self._text())

    def _delete(self) -> None:
        self._any().unlink()

    def _move(self) -> None:
        path = self._any()
        path.rename(self._new(path.suffix))

    def _rename_folder(self) -> None:
        folders = self._folders()
        if folders:
            self._made += 1
            self._chance.choice(folders).rename(self._folder / f"folder{self._made}")

    def _save_by_rename(self) -> None:
        path = self._any()
        half = path.with_name(f".{path.name}.half")
        half.write_text(self._text())
        half.replace(path)

    def _touch(self) -> None:
        self._any().touch()

    def _grow_again(self) -> None:
        path = self._any()
        text = self._text()
        path.write_text("")
        time.sleep(0.05)
        with path.open("a") as file:
            file.write(text[: len(text) // 2])
            file.flush()
            time.sleep(0.05)
            file.write(text[len(text) // 2 :])

    def _burst(self) -> None:
        for _ in range(15):
            self._add()

    def _break(self) -> None:
        self._new(".pdf").write_bytes(b"%PDF-1.4 " + self._chance.randbytes(200))

    def _copy(self) -> None:
        path = self._any()
        shutil.copy2(path, self._new(path.suffix))


class Asker:
    """Asks again and again, and looks whether each answer is of one sound snapshot."""

    def __init__(self, settings: Settings) -> None:
        self.current = Current(settings, HashingEmbedder())
        self.moments: list[Moment] = []
        self.asked = 0
        self.errors: list[BaseException] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            while not self._stop.wait(0.02):
                self._ask(self.current.engine())
        except BaseException as exc:  # noqa: BLE001 -- told by the test
            self.errors.append(exc)

    def _ask(self, engine: Engine) -> None:
        index = engine.index
        answer = engine.ask("What does the red pump hold?").answer
        engine.check(answer)
        for passage in answer.passages:
            assert passage.span.of(index.document(passage.source).text) == passage.text
        for citation in answer.citations:
            assert citation.digest == index.digest(citation.passage.source)
        assert len(index) == len(index.store) == len(index.keyword)
        self.asked += 1
        if index.moment not in self.moments:
            self.moments.append(index.moment)
            assert len(index.ledger) >= len(index.sources)
            index.check()

    def close(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._thread.join(30)


@POSIX
def test_two_hundred_edits_under_a_watch_that_is_killed_three_times_leave_what_a_new_index_would_hold(
    program: Callable[..., Program], docs: Path, settings: Settings, tmp_path: Path
) -> None:
    edits, chance = Edits(docs, 20261122), random.Random(7)
    build(settings, [docs], embedder=HashingEmbedder())
    asker = Asker(settings)
    running = program(docs, "--index", settings.index)
    wait_until(lambda: len(running.out) == 1)
    under_way = 0
    builds: list[str] = []
    for number in range(200):
        edits.one()
        if chance.random() < 0.04:  # now and then it rests until a build has begun, or has ended
            wait_for_a_build_under_way(settings.index)
        elif number % 20 == 19:
            running.wait_for_another_line()
        if number in (60, 110, 160):
            wait_for_a_build_under_way(settings.index)
            under_way += not stored(settings.index).is_whole
            running.end(signal.SIGKILL)
            builds += running.out
            running = program(docs, "--index", settings.index)
    # the last edits are caught up with, and then nothing more happens
    edits.one()
    running.wait_for_another_line()
    assert in_step(settings, tmp_path, docs)
    builds += running.out
    asker.close()
    assert running.end(signal.SIGTERM) == 0
    assert asker.errors == []
    assert asker.asked >= 50
    assert asker.moments == sorted(asker.moments)
    assert len(asker.moments) >= 5
    # an engine over a build under way is kept for a moment, so that not every document has it opened anew
    wait_until(lambda: asker.current.engine().index.moment == open_collection(settings).moment)
    assert under_way >= 1  # kills in the midst of a build
    assert len(builds) >= 5
    assert [line for line in running.err if "Traceback" in line] == []


def wait_for_a_build_under_way(index: Path) -> None:
    """Wait until a build has begun to write."""
    ends = time.monotonic() + 20
    while stored(index).is_whole:
        assert time.monotonic() < ends, "no build has begun"
        time.sleep(0.002)


# The newest generation


def test_current_follows_the_newest_generation_with_the_same_model(docs: Path, settings: Settings) -> None:
    build(settings, [docs], embedder=HashingEmbedder())
    embedder = HashingEmbedder()
    current = Current(settings, embedder)
    first = current.engine()
    assert current.engine() is first
    about = current.generation()
    assert about.problem == ""
    assert abs(time.time() - about.built.timestamp()) < 60
    write_files(docs, {"new.md": "A valve closes."})
    build(settings, embedder=HashingEmbedder())
    second = current.engine()
    assert second.index.document("new.md").text == "A valve closes."
    assert current.generation().name != about.name
    assert current.generation().checked >= about.checked


def test_an_engine_in_use_keeps_its_snapshot_and_lets_go_of_it_in_the_end(docs: Path, settings: Settings) -> None:
    build(settings, [docs], embedder=HashingEmbedder())
    current = Current(settings, HashingEmbedder())
    held = current.engine()
    for number in range(3):
        write_files(docs, {f"new{number}.md": f"number {number}"})
        build(settings, embedder=HashingEmbedder())
    assert len(held.index.ledger) == 5  # asked only now
    held.index.check()
    assert len(current.engine().index.ledger) == 8
    gc.disable()  # it goes with the last who refers to it, not at some later time
    try:
        connection = weakref.ref(held.index._database)
        del held
        assert connection() is None
    finally:
        gc.enable()


def test_where_the_newest_cannot_be_opened_the_last_one_answers_and_it_is_said(docs: Path, settings: Settings) -> None:
    with pytest.raises(IndexMissing):
        Current(settings, HashingEmbedder()).engine()
    build(settings, [docs], embedder=HashingEmbedder())
    current = Current(settings, HashingEmbedder())
    first = current.engine()
    other = HashingEmbedder()
    other.fingerprint = "hashing:2"
    build(settings, embedder=other)
    assert current.engine() is first
    assert "embedder is 'hashing:2' in the index and 'hashing:1' in the settings" in current.generation().problem
    assert first.ask("What moves water?").answer.passages
    with pytest.raises(IndexMismatch):
        Current(settings, HashingEmbedder()).engine()
    build(settings, embedder=HashingEmbedder())
    assert current.engine() is not first
    assert current.generation().problem == ""


# What moved isn't embedded again


def test_a_folder_that_moved_is_not_embedded_again_and_the_index_is_that_of_a_new_one(
    settings: Settings, tmp_path: Path
) -> None:
    texts = {
        f"a/f{number:03}.md": f"# Pump {number}\n\n" + "It moves water. " * (number % 9 * 20) for number in range(200)
    }
    docs = write_files(tmp_path / "docs", texts)
    build(settings, [docs], embedder=HashingEmbedder())
    (docs / "a").rename(docs / "z")
    write_files(docs, {f"{folder}/new{number}.md": f"{folder} {number}" for number in range(3) for folder in "bz"})
    embedder = HashingEmbedder()
    report = build(settings, [docs], embedder=embedder)
    assert (report.added, report.removed) == (206, 200)
    assert embedder.embedded == 6
    assert in_step(settings, tmp_path, docs)


def test_a_file_whose_name_is_its_title_is_embedded_anew_under_another(settings: Settings, tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"pumps.txt": "They move water.", "a.md": "# A\n\nAlpha."})
    build(settings, [docs], embedder=HashingEmbedder())
    (docs / "pumps.txt").rename(docs / "valves.txt")
    (docs / "a.md").rename(docs / "b.md")
    embedder = HashingEmbedder()
    build(settings, [docs], embedder=embedder)
    assert embedder.embedded == 1
    assert in_step(settings, tmp_path, docs)
