"""Clocks and statistics: what was taken, its median and spread, ratios of paired runs, growth exponents.

Knows nothing of what is being measured. Machines are noisy, so competitors take turns in one run, and a ratio is
taken round by round before its median is.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds one thing took: wall time, and processor time over all threads."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with the least and the greatest value of `n` runs."""

    median: float
    low: float
    high: float
    n: int


def timed(run: Callable[[], Result]) -> tuple[Result, Taken]:
    """Run once; return its result and what it took of this process's time."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return result, Taken(time.perf_counter() - wall, time.process_time() - cpu)


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the extremes."""
    return Spread(statistics.median(values), min(values), max(values), len(values))


def ratio(mine: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Return how many times `theirs` is of `mine`, run by run: above 1 means mine is smaller, so faster."""
    return spread([theirs[at] / mine[at] for at in range(min(len(mine), len(theirs)))])


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value under which `share` of them lie, between neighbours in proportion."""
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and p99."""
    return {f"p{round(share * 100)}": quantile(values, share) for share in (0.5, 0.95, 0.99)}


def exponent(sizes: Sequence[float], values: Sequence[float]) -> float:
    """Return e of the power law value ~ size^e that fits best: the slope through the logarithms."""
    if len(sizes) < 2:
        return math.nan
    xs, ys = [math.log(size) for size in sizes], [math.log(value) for value in values]
    middle_x, middle_y = statistics.fmean(xs), statistics.fmean(ys)
    across = sum((x - middle_x) ** 2 for x in xs)
    return sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / across


def memory() -> dict[str, float]:
    """Return this process's memory in MB: resident now, its anonymous part (no mapped files), and the peak.

    Empty where the system doesn't say. The peak is the kernel's high-water mark of this very program; getrusage's would
    hold that of the parent, too.
    """
    try:
        lines = _STATUS.read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    read = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    wanted = {"resident": "VmRSS", "anonymous": "RssAnon", "peak": "VmHWM"}
    return {name: int(read[field][0]) / 1024 for name, field in wanted.items() if field in read}


class StageClock:
    """Adds up wall time by stage from `build`'s callbacks (what is being done, done, total).

    A call with nothing done opens a stage, which lasts until another opens or it ends; other calls report what was
    just done. Calibration has no end of its own, so what follows it (hashes, flushing) is counted with it.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._last = clock()
        self._open = ""
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Note a callback."""
        now = self._clock()
        doing = self._open or stage
        self.seconds[doing] = self.seconds.get(doing, 0.0) + now - self._last
        self._last = now
        self._open = stage if done == 0 and total else "" if done >= total else self._open


def by_name(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """Return one figure of each row."""
    return [float(row[name]) for row in rows]
