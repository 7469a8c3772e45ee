"""Runs formats' fuzzing processes side by side, watches them, and starts each anew when an input has killed it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fuzzing.child import HEAD, SHARED
from fuzzing.seeds import seeds
from qa.load.table import FORMATS, READERS

_HANGING = 30.0  # seconds of processor time upon one input, in which nothing of Python's ran
_LOOKING = 1.0  # seconds between two looks
_FEATURES = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class _Watched:
    """One format's run: its process now, how long it has yet, and what was last seen of it."""

    name: str
    folder: Path
    until: float
    process: subprocess.Popen[bytes]
    begun: float
    starts: int = 1
    count: int = -1
    used: float = 0.0  # processor time when the count last moved
    died: list[str] = field(default_factory=list)


def run(
    names: Sequence[str], *, minutes: float, out: Path, jobs: int, engine: str, seed: int = 1
) -> list[dict[str, Any]]:
    """Fuzz formats in order, `jobs` at a time, each for `minutes`; return a line for each, also kept under `out`."""
    waiting, done = list(names), []
    running: list[_Watched] = []
    while waiting or running:
        while waiting and len(running) < jobs:
            running.append(_start(waiting.pop(0), minutes * 60, out, engine, seed))
        time.sleep(_LOOKING)
        for one in list(running):
            if _look(one, engine, seed):
                running.remove(one)
                done.append(_summary(one, out, engine))
    return done


def has_atheris() -> bool:
    """Tell whether coverage can guide the fuzzing here."""
    return importlib.util.find_spec("atheris") is not None


def code_of(name: str) -> str:
    """Return a short digest of the reader's own module, or package, and of what all readers share."""
    module = READERS[name].partition(":")[0].removeprefix("qa.load.formats.").split(".")[0]
    formats = ROOT / "src" / "qa" / "load" / "formats"
    own = sorted((formats / module).glob("*.py")) if (formats / module).is_dir() else [formats / f"{module}.py"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in own))
    return digest.hexdigest()[:8]


def _start(name: str, seconds: float, out: Path, engine: str, seed: int) -> _Watched:
    folder = out / name.replace(" ", "-")
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for at, data in enumerate(seeds(name).values()):
        (corpus / f"seed-{at:02d}").write_bytes(data)
    (folder / "stats.json").unlink(missing_ok=True)
    (folder / "code").write_text(code_of(name), encoding="utf-8")
    with (folder / "current").open("wb") as file:
        file.truncate(SHARED)
    now = time.monotonic()
    return _Watched(name, folder, now + seconds, _process(name, folder, seconds, engine, seed), time.time())


def _process(name: str, folder: Path, seconds: float, engine: str, seed: int) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "fuzzing.child", name, str(folder), str(max(1, int(seconds))), engine, str(seed)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env={**os.environ, "OMP_THREAD_LIMIT": "1", "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )


def _look(one: _Watched, engine: str, seed: int) -> bool:
    """Look after a process; tell whether its format is done."""
    code = one.process.poll()
    left = one.until - time.monotonic()
    if code is None:
        count, used = _progress(one)
        if count != one.count:
            one.count, one.used = count, used
        elif count > 0 and used - one.used > _HANGING:
            _end(one.process)
            _keep_current(one, "hang", f"more than {_HANGING:g} s of processor time")
        elif left < -120:
            _end(one.process)
            return True
        return False
    if code and left > 5:
        if one.count > 0:  # before the first input it has only itself to blame, and its log says why
            _keep_current(one, "crash", f"signal {-code}" if code < 0 else f"exit status {code}")
        if one.starts > 200:
            return True
    elif left <= 5:
        return True
    one.starts += 1
    one.count = -1
    one.process = _process(one.name, one.folder, left, engine, seed + one.starts)
    return False


def _progress(one: _Watched) -> tuple[int, float]:
    with (one.folder / "current").open("rb") as file:
        count, _ = HEAD.unpack(file.read(HEAD.size))
    try:
        fields = (
            Path(f"/proc/{one.process.pid}/stat")
            .read_text(encoding="ascii", errors="replace")
            .rpartition(")")[2]
            .split()
        )
    except OSError:
        return count, 0.0
    return count, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _keep_current(one: _Watched, kind: str, how: str) -> None:
    with (one.folder / "current").open("rb") as file:
        _, length = HEAD.unpack(file.read(HEAD.size))
        data = file.read(length)
    one.died.append(f"{kind}: {how}")
    stem = one.folder / "finds" / f"{kind}-{zlib.crc32(data):08x}"
    stem.parent.mkdir(exist_ok=True)
    stem.with_suffix(".bin").write_bytes(data)
    tail = (one.folder / "log").read_bytes()[-3000:].decode("utf-8", "replace")
    stem.with_suffix(".txt").write_text(f"{kind} {how}\n{length} bytes\n\n{tail}", encoding="utf-8")


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except OSError:
        process.kill()
    process.wait()


def _summary(one: _Watched, out: Path, engine: str) -> dict[str, Any]:
    try:
        stats = json.loads((one.folder / "stats.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stats = {}
    log = (one.folder / "log").read_bytes().decode("utf-8", "replace")
    features = _FEATURES.findall(log)
    line = {
        "format": one.name,
        "engine": engine,
        "begun": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(one.begun)),
        "minutes": round((time.time() - one.begun) / 60, 1),
        "code": (one.folder / "code").read_text(encoding="utf-8"),
        **stats,
        "branches": int(features[-1][0]) if features else None,
        "corpus": int(features[-1][2]) if features else None,
        "died": one.died,
        "starts": one.starts,
    }
    with (out / "runs.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
    return line


def table(out: Path) -> str:
    """Return the runs kept under a folder as a Markdown table, a line for each format in the order of the formats."""
    lines = [json.loads(line) for line in (out / "runs.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [
        "| format | minutes | of processor time | executions | read | branches | signatures found |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in FORMATS:
        runs = [line for line in lines if line["format"] == name and "counts" in line]
        if runs:
            executions = sum(line["counts"].get("executions", 0) for line in runs)
            read = sum(line["counts"].get("read", 0) for line in runs)
            minutes, used = sum(line["minutes"] for line in runs), sum(line["cpu"] for line in runs) / 60
            found = {key for line in runs for key in [*line["found"], *line["died"]]}
            branches = max(line["branches"] or 0 for line in runs)
            share = f"{read / max(1, executions):.0%}"
            cells = [name, f"{minutes:.0f}", f"{used:.1f}", f"{executions:,}", share, branches, len(found)]
            rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows)


def known(name: str) -> bool:
    """Tell whether there is a format of this name."""
    return name in FORMATS
