"""Broken and hostile files: what a build says of each, what it costs, and that good files beside them are answered."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from qa.config import Settings
from qa.engine import open_collection
from tests.conftest import REPOSITORY
from tests.hostile_folder import CASES, GOOD, INJECTED, LIMITS, Case, make_folder, page

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="made of what Linux has: pipes, devices, /proc")

MOST_SECONDS = 120
MOST_MEMORY = 1_000_000_000
_CAPABILITIES = "-dac_override,-dac_read_search"


@dataclass(slots=True)
class Run:
    """What one run of the program did and left behind."""

    index: Path
    files: dict[str, dict[str, Any]]
    seconds: float
    processor: float
    memory: int
    report: dict[str, Any]
    answers: list[dict[str, Any]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def alone() -> list[str]:
    """Return what runs a command without a network and, for who may read everything, without that right."""
    command: list[str] = []
    for flags in ("-rn", "-n"):
        found = ["unshare", flags, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        if (
            shutil.which("unshare")
            and subprocess.run([*found, "true"], capture_output=True, check=False).returncode == 0
        ):
            command = found
            break
    plain = ["setpriv", f"--bounding-set={_CAPABILITIES}", f"--inh-caps={_CAPABILITIES}"]
    if os.getuid() == 0 and shutil.which("setpriv"):
        command += plain
    return command


def memory_of(process: int) -> int:
    """Return the memory of a process and all below it, shared pages counted by their share."""
    total, waiting = 0, [process]
    while waiting:
        number = waiting.pop()
        try:
            rollup = Path(f"/proc/{number}/smaps_rollup").read_text(encoding="ascii")
            total += 1024 * int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])  # type: ignore[index]
            for task in Path(f"/proc/{number}/task").iterdir():
                waiting += map(int, (task / "children").read_text(encoding="ascii").split())
        except (OSError, TypeError):
            continue  # it has ended meanwhile
    return total


def seen_from_outside(folder: Path, but: Path) -> dict[str, tuple[int, int]]:
    """Return every file under a folder with its size and time, one folder left out."""
    found = {}
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if Path(top, name) != but]
        for name in files:
            facts = os.lstat(os.path.join(top, name))
            found[os.path.join(top, name)] = (facts.st_size, facts.st_mtime_ns)
    return found


def run_in(home: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], float, int]:
    """Run the program in a folder of its own; return how it ended, the seconds it took and its peak of memory."""
    settings = {f"QA_LIMITS_{name.upper()}": str(value) for name, value in LIMITS.items()}
    (home / "tmp").mkdir(exist_ok=True)
    environment = {**os.environ, **settings, "TMPDIR": str(home / "tmp"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment |= {"XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(home / "cache"))}
    driver = str(Path(__file__).with_name("hostile_driver.py"))
    began = time.monotonic()
    process = subprocess.Popen(
        [*alone(), sys.executable, driver, str(home / "report.json"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=home,
        env=environment,
    )
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            peak[0] = max(peak[0], memory_of(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        out, err = process.communicate(timeout=5 * MOST_SECONDS)
    finally:
        process.kill()
        over.set()
        watcher.join()
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    return done, time.monotonic() - began, peak[0]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Index the folder once, ask of the good files, and take everything away again."""
    home = tmp_path_factory.mktemp("hostile")
    make_folder(home / "docs")
    before = seen_from_outside(home, home / "index")
    try:
        before_it = os.times()
        done, seconds, memory = run_in(home, "index", "docs", "--index", "index", "--json")
        assert done.returncode == 0, done.stderr[-2_000:]
        processor = sum(os.times()[2:4]) - sum(before_it[2:4])
        report = json.loads((home / "report.json").read_text(encoding="utf-8"))
        files = {file["source"]: file for file in json.loads(done.stdout)["files"]}
        after = seen_from_outside(home, home / "index")
        (home / "batch.jsonl").write_text(
            "".join(json.dumps({"id": name, "question": asked}) + "\n" for name, (_, asked, _) in GOOD.items())
            + json.dumps({"id": "injected", "question": "What is the vault code?"})
            + "\n",
            encoding="utf-8",
        )
        asked, _, _ = run_in(home, "ask", "--batch", "batch.jsonl", "--json", "--index", "index")
        assert asked.returncode == 0, asked.stderr[-2_000:]
        yield Run(
            home / "index",
            files,
            seconds,
            processor,
            memory,
            report,
            [json.loads(line) for line in asked.stdout.splitlines()],
            sorted(path.name for path in (home / "tmp").rglob("*")),
            sorted(
                name for name in {*before, *after} - {str(home / "report.json")} if before.get(name) != after.get(name)
            ),
        )
    finally:
        (home / "docs" / "special" / "locked").chmod(0o700)
        subprocess.run(["rm", "-rf", str(home)], check=True)  # deeper than the library's own removal goes


@pytest.mark.parametrize("case", CASES, ids=lambda case: ascii(case.name)[1:-1][:60])
def test_the_ledger_says_of_each_file_what_became_of_it(case: Case, run: Run) -> None:
    if case.gone:
        assert case.called not in run.files
        return
    line = run.files[case.called]
    assert line["state"] in case.state.split("|"), line
    assert re.search(case.reason, line["reason"]), line
    if line["state"] in ("partly", "skipped", "failed"):
        assert line["reason"].endswith("."), line
    if case.inside is not None and case.called == case.name:
        inside = {name: one for name, one in run.files.items() if name.startswith(f"{case.name}/")}
        expected = {f"{case.name}/{name}": state for name, state in case.inside.items()}
        assert {name: one["state"] for name, one in inside.items()} == expected


def test_every_line_of_the_ledger_is_a_case_or_a_good_file(run: Run) -> None:
    named = {case.called for case in CASES} | {f"good/{name}" for name in GOOD}
    folders = tuple(f"{case.name}/" for case in CASES)
    assert [name for name in run.files if name not in named and not name.startswith(folders)] == []
    assert len(CASES) >= 80


def test_no_reader_fails_in_a_way_it_does_not_know(run: Run) -> None:
    # what a reader raises by mistake is caught, and costs one file; here none may
    assert [name for name, line in run.files.items() if "its reader failed" in line["reason"]] == []
    assert [name for name, line in run.files.items() if "makes no sense" in line["reason"]] == []


def test_all_good_files_are_indexed_and_answer(run: Run) -> None:
    assert {name: run.files[f"good/{name}"]["state"] for name in GOOD} == dict.fromkeys(GOOD, "indexed")
    answers = {answer["id"]: answer for answer in run.answers}
    for name, (_, _, words) in GOOD.items():
        quotes = [(one["source"], one["quote"]) for one in answers[name]["citations"]]
        assert quotes, (name, answers[name]["verdict"])
        assert quotes[0][0] == f"good/{name}"
        assert words in quotes[0][1]


def test_it_ends_in_time_and_within_its_memory(run: Run) -> None:
    assert run.processor < MOST_SECONDS
    if os.getloadavg()[0] <= (os.cpu_count() or 1):  # where others work beside it, the clock tells of them
        assert run.seconds < MOST_SECONDS
    assert 50_000_000 < run.memory < MOST_MEMORY


def test_it_reaches_for_no_network(run: Run) -> None:
    assert run.report["reached"] == []
    if alone() and alone()[0] == "unshare":
        assert run.report["packets"] == 0


def test_it_writes_nothing_but_its_index_and_its_cache(run: Run) -> None:
    assert run.changed == []
    assert run.left == []
    cache = os.environ["XDG_CACHE_HOME"]
    allowed = (f"{run.index}/", f"{cache}/", "/dev/null", "/tmp/.")
    assert [name for name in run.report["written"] if not name.startswith(allowed)] == []


def test_nothing_of_the_machine_outside_the_folder_is_read_into_the_index(run: Run) -> None:
    index = open_collection(Settings(index=run.index))
    account = Path("/etc/passwd").read_text(encoding="utf-8").splitlines()[0]
    assert [source for source in index.sources if account in index.document(source).text] == []


def test_words_that_give_orders_are_quoted_and_not_obeyed(run: Run) -> None:
    (answer,) = [answer for answer in run.answers if answer["id"] == "injected"]
    assert answer["citations"][0]["quote"] in f"The vault is in the cellar. {INJECTED}"
    assert answer["answer"].strip() != "BANANA"


def test_the_same_bytes_are_named(run: Run) -> None:
    assert run.files["copies/two.txt"]["same_as"] == "copies/one.txt"
    assert run.files["copies/one.txt"]["same_as"] == ""


def test_the_page_of_cases_is_up_to_date() -> None:
    written = (REPOSITORY / "docs" / "hostile-input.md").read_text(encoding="utf-8")
    assert written == page(), "run: python -c \"from tests.hostile_folder import page; print(page(), end='')\""
