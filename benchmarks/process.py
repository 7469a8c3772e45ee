"""Processes: one run and what it took, tasks of ours in a process of their own, and workers that take turns.

Linux and macOS: Windows doesn't tell what a process that has ended took.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from benchmarks.machine import ROOT
from benchmarks.measure import Taken

QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ANONYMIZED_TELEMETRY": "False",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def environment(own: bool = True, threads: int = 0) -> dict[str, str]:
    """Return the environment of a process: no settings of whoever runs this.

    `own` finds the program's source; `threads` limits OpenMP's, which torch and FAISS use, 0 leaves the choice to them.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    places = [str(ROOT), *([str(ROOT / "src")] if own else [])]
    limits = {"OMP_NUM_THREADS": str(threads)} if threads else {}
    return kept | QUIET | limits | {"PYTHONPATH": os.pathsep.join(places)}


def run(command: Sequence[str], cwd: Path | None = None, allowed: Sequence[int] = (0,)) -> tuple[str, Taken]:
    """Run a command; return its output and what it took from start to end, processor time of the whole process.

    Raises RuntimeError with the end of its complaints where it fails.
    """
    with tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=complaints, cwd=cwd or ROOT, env=environment()
        )
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in allowed:
            complaints.seek(0)
            said = complaints.read().decode("utf-8", "replace")[-2000:]
            raise RuntimeError(f"{' '.join(command[:4])} … ended with {process.returncode}: {said}")
    return out.decode("utf-8"), Taken(wall, usage.ru_utime + usage.ru_stime)


def qa(*arguments: str) -> list[str]:
    """Return the command line of the installed `qa`."""
    script = Path(sysconfig.get_path("scripts")) / ("qa.exe" if os.name == "nt" else "qa")
    if script.exists():
        return [str(script), *arguments]
    return [sys.executable, "-c", "import sys; from qa.cli import main; sys.exit(main())", *arguments]


def apart(task: str, **given: object) -> dict[str, Any]:
    """Run `task` ("module.function" in this package) in a process of its own; return what it returned.

    "process" holds what the whole process took, imports included.
    """
    out, taken = run([sys.executable, "-m", "benchmarks.child", task, json.dumps(given, default=str)])
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found | {"process": {"wall": taken.wall, "cpu": taken.cpu}}


class Worker:
    """A process that keeps its model loaded and does one thing a line: {"do": …} in, a result out."""

    def __init__(
        self, module: str, given: Mapping[str, object], python: str = sys.executable, threads: int = 0
    ) -> None:
        self.name = module
        self._complaints: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- as long as the process
        self._process = subprocess.Popen(
            [python, "-m", f"benchmarks.adapters.{module}", json.dumps(dict(given), default=str)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            cwd=ROOT,
            env=environment(python == sys.executable, threads),
            text=True,
            encoding="utf-8",
        )
        self.ready = self._receive()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, do: str, **given: object) -> dict[str, Any]:
        """Have one thing done and return the result."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **given}) + "\n")
        self._process.stdin.flush()
        return self._receive()

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()
        self._complaints.close()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._complaints.seek(0)
            said = self._complaints.read().decode("utf-8", "replace")[-1500:]
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}: {said}")
        result: dict[str, Any] = json.loads(line)
        return result
