"""One question's time while something else keeps one core busy, beside the plain rival's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any

from benchmarks.indexing import chunk_texts, made_collection
from benchmarks.measure import percentiles, ratio
from benchmarks.peers import model_folder
from benchmarks.process import Worker
from benchmarks.run import Run, say

_CHUNKS = 200


def measure(run: Run) -> dict[str, Any]:
    """Ask the same questions with and without a busy core, competitors taking turns."""
    docs = made_collection(run, _CHUNKS)
    chunks = run.work / f"chunks-{_CHUNKS}.json"
    chunks.write_text(json.dumps(chunk_texts(docs.folder)), encoding="utf-8")
    given = {"model": model_folder(), "chunks": chunks, "docs": docs.folder, "work": run.work}
    questions = docs.questions[: min(run.questions, 50)]
    competitors: dict[str, tuple[str, dict[str, Any]]] = {
        "quoth": ("quoth", {}),
        "quoth, reader on": ("quoth", {"reader": True}),
        "plain": ("plain", {}),
        "plain, one thread": ("plain", {"threads": 1}),
    }
    workers = {name: Worker(module, {**given, "options": how}) for name, (module, how) in competitors.items()}
    walls: dict[str, dict[str, list[list[float]]]] = {name: {"free": [], "busy": []} for name in workers}
    try:
        for worker in workers.values():
            worker.ask("index")
        for at in range(run.rounds):
            say(f"busy: round {at + 1} of {run.rounds}")
            for kind in ("free", "busy"):
                with _busy_core() if kind == "busy" else nullcontext():
                    for name, worker in workers.items():
                        walls[name][kind].append(worker.ask("ask", questions=questions)["walls"])
    finally:
        for worker in workers.values():
            worker.close()
    return {name: _figures(kinds) for name, kinds in walls.items()}


def _figures(kinds: dict[str, list[list[float]]]) -> dict[str, Any]:
    middle = {kind: [percentiles(one)["p50"] for one in rounds] for kind, rounds in kinds.items()}
    every = {kind: percentiles([wall * 1e3 for one in rounds for wall in one]) for kind, rounds in kinds.items()}
    return {**every, "slowed": asdict(ratio(middle["free"], middle["busy"]))}


@contextmanager
def _busy_core() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()
