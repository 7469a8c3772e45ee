"""What every competitor's process does: load, say so, then index or answer as it is told, and tell the time.

Only the standard library is imported here, since each competitor has an environment of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO


@dataclass(frozen=True)
class Given:
    """What a competitor works on: the same chunks, the same model, a folder to write to."""

    model: str
    chunks: Sequence[str]
    docs: Path
    work: Path
    options: dict[str, Any]


@dataclass(frozen=True)
class Peer:
    """A competitor, loaded: `index` makes an index in a folder and keeps it open, `ask` searches it for ten.

    `ask` returns numbers of chunks; -1 for what has no number.
    """

    index: Callable[[Path], int]
    ask: Callable[[str], Sequence[int]]
    about: str = ""


def serve(load: Callable[[Given], Peer]) -> None:
    """Load a competitor and obey the lines on standard input until it ends."""
    answers = _own_output()
    wanted = json.loads(sys.argv[1])
    chunks = json.loads(Path(wanted["chunks"]).read_text(encoding="utf-8"))
    work = Path(tempfile.mkdtemp(prefix="peer-", dir=wanted["work"]))
    given = Given(wanted["model"], chunks, Path(wanted["docs"]), work, wanted.get("options", {}))
    began = time.perf_counter()
    peer = load(given)
    _say(answers, {"load": time.perf_counter() - began, "about": peer.about})
    for line in sys.stdin:
        asked = json.loads(line)
        result = _index(peer, work) if asked["do"] == "index" else _ask(peer, asked["questions"])
        _say(answers, result | {"peak_mb": _peak()})


def _index(peer: Peer, work: Path) -> dict[str, Any]:
    folder = work / "index"
    shutil.rmtree(folder, ignore_errors=True)
    wall, cpu = time.perf_counter(), time.process_time()
    count = peer.index(folder)
    taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return {"chunks": count, "bytes": size, **taken}


def _ask(peer: Peer, questions: Sequence[str]) -> dict[str, Any]:
    peer.ask("warm up")
    walls, cpus, found = [], [], []
    for question in questions:
        wall, cpu = time.perf_counter(), time.process_time()
        numbers = peer.ask(question)
        walls.append(time.perf_counter() - wall)
        cpus.append(time.process_time() - cpu)
        found.append([int(number) for number in numbers])
    return {"walls": walls, "cpus": cpus, "found": found}


def _own_output() -> TextIO:
    """Keep standard output for answers: whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _say(answers: TextIO, result: dict[str, Any]) -> None:
    answers.write(json.dumps(result) + "\n")
    answers.flush()


def _peak() -> float:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), 0.0)
