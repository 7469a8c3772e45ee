"""Re-indexing many small files: none changed, one changed; whole `qa index` processes."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.measure import Taken, exponent, spread
from benchmarks.process import qa
from benchmarks.process import run as run_process
from benchmarks.run import Run, say
from benchmarks.texts import small_files


def measure(run: Run) -> dict[str, Any]:
    """Index 1,000 small files (and 10,000 with --large), then update several times."""
    sizes = {str(count): _of(run, count) for count in ((1_000, 10_000) if run.large else (1_000,))}
    found: dict[str, Any] = {"files": sizes}
    if len(sizes) > 1:
        counts = [float(count) for count in sizes]
        for kind in ("unchanged", "one changed"):
            found[f"exponent, {kind}"] = exponent(counts, [one[kind]["wall"]["median"] for one in sizes.values()])
    return found


def _of(run: Run, count: int) -> dict[str, Any]:
    docs, index = run.work / f"small-{count}", run.work / f"index-small-{count}"
    for folder in (docs, index):
        shutil.rmtree(folder, ignore_errors=True)
    characters = small_files(docs, count)
    say(f"update: indexing {count:,} small files")
    _, first = _index(docs, index)
    taken: dict[str, list[Taken]] = {"unchanged": [], "one changed": []}
    for at in range(run.rounds):
        say(f"update: round {at + 1} of {run.rounds}, {count:,} files")
        taken["unchanged"].append(_index(docs, index)[1])
        number = (at * 7919) % count
        with (docs / f"{number // 100:03}" / f"{number:05}.txt").open("a", encoding="utf-8") as file:
            file.write(f"Amended in round {at + 1}.\n")
        said, clock = _index(docs, index)
        if '"changed": 1' not in said:
            raise RuntimeError(f"one file was changed, but qa index said: {said[-300:]}")
        taken["one changed"].append(clock)
    return {
        "files": count,
        "characters": characters,
        "first": asdict(first),
        **{
            kind: {"wall": asdict(spread([one.wall for one in runs])), "cpu": asdict(spread([one.cpu for one in runs]))}
            for kind, runs in taken.items()
        },
    }


def _index(docs: Path, index: Path) -> tuple[str, Taken]:
    return run_process(qa("index", str(docs), "--index", str(index), "--json"))
