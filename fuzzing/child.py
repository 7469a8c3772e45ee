"""`python -m fuzzing.child`: one format's fuzzing process, which may die of what it is fed; `campaign` watches it.

What it is about to run stands in a shared file before it runs, so that it is known even of a process that crashed.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import mmap
import os
import random
import resource
import struct
import sys
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fuzzing.execute import Outcome

SHARED = 1 << 20  # bytes of the shared file: a count of executions, a length, and the input
HEAD = struct.Struct("<QQ")
_MEMORY = 1_000_000_000  # bytes a reader may ask for on top of what the process starts with
_SAVE_EVERY = 5.0  # seconds
_ANEW = 0.85  # share of refused inputs that are exchanged for a seed: what is hardly a file any more teaches little
_SLOWEST = 3  # inputs kept for having taken longest
# pure Python that readers lean on, which is theirs as far as a hostile file is concerned
_INSTRUMENTED = "qa.load qa.chunk qa.sentences xlrd markdown_it email zipfile tarfile gzip quopri"


def main(name: str, folder: str, seconds: str, engine: str, seed: str) -> None:
    """Fuzz the format `name` for some time; what comes of it stands in files under `folder`."""
    place = Path(folder)
    if engine == "atheris":
        import atheris

        with atheris.instrument_imports(include=_INSTRUMENTED.split()):
            _import(name)
        run = _Run(name, place)
        limit_memory()
        _with_atheris(run, float(seconds), int(seed))
    else:
        _import(name)
        run = _Run(name, place)
        limit_memory()
        _plainly(run, float(seconds), int(seed))


def limit_memory() -> None:
    """Let the process have a gigabyte more than it has now, and leave no core behind."""
    with open("/proc/self/statm", encoding="ascii") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + _MEMORY, now + _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _import(name: str) -> None:
    importlib.import_module("qa.load.formats.sheets")
    importlib.import_module("qa.chunk")
    execute = importlib.import_module("fuzzing.execute")
    execute.reader_of(name)
    for library in {"spreadsheet": ["qa.load.formats.xls"], "epub": ["qa.load.formats.html"]}.get(name, []):
        importlib.import_module(library)


class _Run:
    """Counts what was run and keeps what was found: for each signature the smallest input, and how often it came."""

    def __init__(self, name: str, folder: Path) -> None:
        from fuzzing.execute import execute

        self.name, self.folder = name, folder
        self._execute = execute
        self._finds = folder / "finds"
        self._finds.mkdir(parents=True, exist_ok=True)
        self._sizes: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self.found: Counter[str] = Counter()
        self.slowest: list[tuple[float, int]] = []
        self.refused: set[int] = set()
        self._saved = time.monotonic()
        self._begun = time.monotonic()
        with (folder / "current").open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), SHARED)
        self._before = self._load()

    def one(self, data: bytes) -> None:
        """Run one input, and keep it if it shows something."""
        self.counts["executions"] += 1
        kept = data[: SHARED - HEAD.size]
        self._shared[: HEAD.size + len(kept)] = HEAD.pack(self.counts["executions"], len(kept)) + kept
        outcome: Outcome = self._execute(self.name, data)
        self.counts["read" if outcome.read else "refused"] += 1
        if not outcome.read:
            self.refused.add(zlib.crc32(data))
        for find in outcome.finds:
            self._keep(find.kind, find.signature, find.detail, data)
        self._time(outcome.seconds, data)
        if time.monotonic() - self._saved > _SAVE_EVERY:
            self.save()

    def save(self) -> None:
        """Write down the counts so far, those of processes before this one included."""
        self._saved = time.monotonic()
        counts = Counter(self._before.get("counts", {})) + self.counts
        found = Counter(self._before.get("found", {})) + self.found
        cpu = self._before.get("cpu", 0.0) + time.process_time()
        seconds = self._before.get("seconds", 0.0) + time.monotonic() - self._begun
        said = {"counts": counts, "found": found, "cpu": round(cpu, 1), "seconds": round(seconds, 1)}
        fresh = self.folder / "stats.tmp"
        fresh.write_text(json.dumps({**said, "slowest": self.slowest}), encoding="utf-8")
        os.replace(fresh, self.folder / "stats.json")

    def _load(self) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            before: dict[str, Any] = json.loads((self.folder / "stats.json").read_text(encoding="utf-8"))
            return before
        return {}

    def _keep(self, kind: str, signature: str, detail: str, data: bytes) -> None:
        key = f"{kind} {signature}"
        self.found[key] += 1
        if len(data) >= self._sizes.get(key, 1 << 60):
            return
        self._sizes[key] = len(data)
        stem = f"{kind.replace(' ', '-')}-{zlib.crc32(key.encode()):08x}"
        if key not in self._before.get("found", {}) or self.found[key] > 1:
            (self._finds / f"{stem}.bin").write_bytes(data)
            (self._finds / f"{stem}.txt").write_text(
                f"{key}\n{len(data)} bytes\n\n{detail}", encoding="utf-8", errors="replace"
            )

    def _time(self, seconds: float, data: bytes) -> None:
        if seconds < 1 or (len(self.slowest) >= _SLOWEST and seconds <= self.slowest[-1][0]):
            return
        self.slowest = sorted([*self.slowest, (round(seconds, 2), len(data))], reverse=True)[:_SLOWEST]
        (self.folder / f"slow-{seconds:.2f}.bin").write_bytes(data)


def _with_atheris(run: _Run, seconds: float, seed: int) -> None:
    import atheris

    from fuzzing.mutators import LONGEST, mutate
    from fuzzing.seeds import seeds

    donors = list(seeds(run.name).values())

    def mutator(data: bytes, max_size: int, number: int) -> bytes:
        dice = random.Random(number)
        if dice.random() < 0.1:
            return bytes(atheris.Mutate(data, max_size))
        whole = bytes(data)
        if dice.random() < _ANEW and zlib.crc32(whole) in run.refused:
            whole = dice.choice(donors)
        return mutate(run.name, whole, dice, donors)[:max_size]

    corpus = run.folder / "corpus"
    arguments = [
        "fuzzing", f"-max_total_time={int(seconds)}", f"-max_len={LONGEST}", f"-seed={seed}", "-rss_limit_mb=0",
        "-timeout=3600", "-len_control=0", "-print_final_stats=1", "-reload=0", f"-artifact_prefix={run.folder}/",
        str(corpus),
    ]  # fmt: skip
    atheris.Setup(arguments, run.one, custom_mutator=mutator)
    import atexit

    atexit.register(run.save)
    atheris.Fuzz()


def _plainly(run: _Run, seconds: float, seed: int) -> None:
    """Fuzz without knowing what is covered: seeds are damaged ever anew, some of them over and over."""
    from fuzzing.mutators import mutate
    from fuzzing.seeds import seeds

    dice = random.Random(seed)
    donors = list(seeds(run.name).values())
    pool = list(donors)
    for data in donors:
        run.one(data)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = mutate(run.name, dice.choice(pool), dice, donors)
        run.one(data)
        if dice.random() < 0.05:
            at = dice.randrange(len(pool) + 1)
            if at < len(donors):
                pool.append(data)
            else:
                pool[at - 1 if at == len(pool) else at] = data
            del pool[len(donors) + 200 :]
    run.save()


if __name__ == "__main__":
    main(*sys.argv[1:])
