"""Competitors on the same chunks, weights and questions, taking turns; ratios against the plain one of the round.

The plain rival runs twice, with torch's own choice of threads and with one: on a machine that does something else too,
threads that spin can cost it a factor of ten and more. The better of the two, round by round, is what others are
measured against.

Quoth does more than they do: it starts from files, and makes sentence vectors, BM25 and a calibration besides. They
start from ready chunks, which costs them nothing.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.indexing import chunk_texts, made_collection
from benchmarks.measure import percentiles, ratio, spread
from benchmarks.process import Worker
from benchmarks.run import Run, say

PEERS = ("langchain", "llamaindex", "txtai", "haystack", "chroma")
PLAIN, OURS = "plain", "quoth"
_CLOCKS = ("wall", "cpu")


def measure(run: Run) -> dict[str, Any]:
    """Let each competitor index and answer, in turn, as many rounds as asked for."""
    sizes = {}
    for size in run.sizes if run.large else run.sizes[:1]:
        sizes[str(size)] = _of(run, size)
    return {"sizes": sizes}


def _of(run: Run, size: int) -> dict[str, Any]:
    docs = made_collection(run, size)
    texts = chunk_texts(docs.folder)
    chunks = run.work / f"chunks-{size}.json"
    chunks.write_text(json.dumps(texts), encoding="utf-8")
    given = {"model": model_folder(), "chunks": chunks, "docs": docs.folder, "work": run.work}
    questions = docs.questions[: min(run.questions, 50)]
    with contextlib.ExitStack() as stack:
        workers, missing = {}, {}
        for name, (module, python, options) in _competitors(run).items():
            try:
                if not Path(python).exists():
                    raise RuntimeError(f"no environment in {Path(python).parents[1].name}/")
                say(f"peers: starting {name}")
                workers[name] = stack.enter_context(Worker(module, {**given, "options": options}, python, run.threads))
            except RuntimeError as exc:
                missing[name] = str(exc)[-400:]
                say(f"peers: {name} is left out: {missing[name]}")
        rows: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
        for at in range(run.rounds):
            for name, worker in workers.items():
                row = worker.ask("index")
                row |= {"asked": worker.ask("ask", questions=questions)}
                rows[name].append(row)
                say(f"peers: round {at + 1}, {name}: {row['chunks']} chunks in {row['wall']:.1f} s")
        about = {name: worker.ready for name, worker in workers.items()}
    characters = sum(map(len, texts))
    return {
        "chunks": len(texts),
        "characters": characters,
        "missing": missing,
        "peers": {name: _figures(rows[name], _best(rows), about[name]) for name in rows},
    }


def _competitors(run: Run) -> dict[str, tuple[str, str, dict[str, Any]]]:
    """Return each competitor's module, interpreter and options; the plain rival and ourselves are always there."""
    found: dict[str, tuple[str, str, dict[str, Any]]] = {
        OURS: ("quoth", sys.executable, {}),
        PLAIN: ("plain", sys.executable, {}),
    }
    if not run.threads:
        found[f"{PLAIN}, one thread"] = ("plain", sys.executable, {"threads": 1})
    if run.envs:
        for name in run.peers or PEERS:
            found[name] = (name, str(run.envs / name / "bin" / "python"), {})
    return found


def _columns(rows: list[dict[str, Any]]) -> dict[str, list[float]]:
    """Return what is compared, a figure a round: seconds to index, milliseconds of the middle question."""
    asked = {f"ask {clock}": [percentiles(row["asked"][f"{clock}s"])["p50"] * 1e3 for row in rows] for clock in _CLOCKS}
    return {clock: [row[clock] for row in rows] for clock in _CLOCKS} | asked


def _best(rows: dict[str, list[dict[str, Any]]]) -> dict[str, list[float]]:
    """Return the better of the plain rivals in each round and each figure."""
    plain = [_columns(found) for name, found in rows.items() if name.startswith(PLAIN)]
    return {name: [min(values) for values in zip(*(one[name] for one in plain), strict=True)] for name in plain[0]}


def _figures(rows: list[dict[str, Any]], plain: dict[str, list[float]], ready: dict[str, Any]) -> dict[str, Any]:
    mine = _columns(rows)
    every = [wall * 1e3 for row in rows for wall in row["asked"]["walls"]]
    return {
        "about": ready["about"],
        "load": ready["load"],
        "chunks": rows[0]["chunks"],
        "bytes": rows[0]["bytes"],
        "peak_mb": max(row["asked"]["peak_mb"] for row in rows),
        "wall": asdict(spread(mine["wall"])),
        "cpu": asdict(spread(mine["cpu"])),
        "ask_ms": percentiles(every),
        "ask_cpu_ms": asdict(spread(mine["ask cpu"])),
        "faster_wall": asdict(ratio(mine["wall"], plain["wall"])),
        "faster_cpu": asdict(ratio(mine["cpu"], plain["cpu"])),
        "ask_faster_wall": asdict(ratio(mine["ask wall"], plain["ask wall"])),
        "ask_faster_cpu": asdict(ratio(mine["ask cpu"], plain["ask cpu"])),
    }


def model_folder() -> str:
    """Return the folder of the weights that all use."""
    from qa.embed.weights import find_model

    return str(find_model().path)
