"""What is aimed at on two cores, and where in the results the figure stands that is held against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Found = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A figure to reach. `more` says whether more of it is better; `found` picks it out, None where it wasn't taken."""

    what: str
    least: float
    reach: float
    unit: str
    more: bool
    found: Callable[[Found], float | None]

    def verdict(self, value: float) -> str:
        """Say how the value stands to the target."""
        sign = 1 if self.more else -1
        for limit, word in ((self.reach, "reached"), (self.least, "met")):
            if sign * value >= sign * limit:
                return word
        return "**missed**"


def dig(whole: Any, *path: str) -> Any:  # noqa: ANN401 -- JSON
    """Follow a path of names into the results; "last" takes the largest size, None where there is nothing."""
    for name in path:
        if not isinstance(whole, dict) or not whole:
            return None
        whole = whole[list(whole)[-1]] if name == "last" else whole.get(name)
    return whole


def _at(*path: str, times: float = 1.0) -> Callable[[Found], float | None]:
    def found(whole: Found) -> float | None:
        value = dig(whole, *path)
        return None if value is None else float(value) * times

    return found


def _against_fastest(whole: Found) -> float | None:
    """Return how many times the processor time of the cheapest other competitor is of ours."""
    peers = dig(whole, "peers", "sizes", "last", "peers")
    if not peers or len(peers) < 2:
        return None
    ours = peers["quoth"]["cpu"]["median"]
    return float(min(one["cpu"]["median"] for name, one in peers.items() if name != "quoth") / ours)


def _at_size(least: int, *path: str) -> Callable[[Found], float | None]:
    """Pick a figure of the first size from `least` chunks on."""

    def found(whole: Found) -> float | None:
        sizes = dig(whole, path[0], "sizes") or {}
        for one in sizes.values():
            if one["chunks"] >= least:
                value = dig(one, *path[1:])
                return None if value is None else float(value)
        return None

    return found


def _growth(whole: Found) -> float | None:
    """Return the exponent of a question's search time, where it was taken up to a million chunks or near."""
    sizes = dig(whole, "scale", "sizes") or {}
    if max((one["chunks"] for one in sizes.values()), default=0) < 50_000:
        return None
    return _at("scale", "exponents", "search")(whole)


_TEN, _HUNDRED, _MILLION = 9_000, 90_000, 900_000
_SPREAD = "median"

TARGETS = (
    Target(
        "index throughput against plain sentence-transformers + FAISS, sentence vectors included (wall)",
        *(3, 4, "×", True),
        _at("peers", "sizes", "last", "peers", "quoth", "faster_wall", _SPREAD),
    ),
    Target(
        "… in processor time",
        *(3, 4, "×", True),
        _at("peers", "sizes", "last", "peers", "quoth", "faster_cpu", _SPREAD),
    ),
    Target("… against the cheapest competitor, processor time", 2.5, 3.5, "×", True, _against_fastest),
    Target(
        "one question warm at 10k chunks, reader off, whole answer: p50",
        *(8, 4, "ms", False),
        _at_size(_TEN, "ask", "warm", "reader off", "total", "p50"),
    ),
    Target(
        "… embedding and search alone",
        *(8, 4, "ms", False),
        _at_size(_TEN, "ask", "warm", "reader off", "embed+search", "p50"),
    ),
    Target(
        "one question's search at 1M chunks: p50",
        *(20, 8, "ms", False),
        _at_size(_MILLION, "scale", "milliseconds", "search", "p50"),
    ),
    Target("… recall@10", 0.98, 0.98, "", True, _at_size(_MILLION, "scale", "recall@10")),
    Target(
        "cold `qa ask` on 10k chunks, process start to answer",
        *(1.2, 0.5, "s", False),
        _at_size(_TEN, "ask", "cold", "qa ask", "wall", _SPREAD),
    ),
    Target("… reader off", 1.2, 0.5, "s", False, _at_size(_TEN, "ask", "cold", "qa ask --reader off", "wall", _SPREAD)),
    Target(
        "`qa --help`", 80, 50, "ms", False, _at("ask", "sizes", "last", "cold", "qa --help", "wall", _SPREAD, times=1e3)
    ),
    Target(
        "re-index, nothing changed, 10,000 files",
        *(2, 0.7, "s", False),
        _at("update", "files", "10000", "unchanged", "wall", _SPREAD),
    ),
    Target(
        "one file of 10,000 changed",
        *(3, 1, "s", False),
        _at("update", "files", "10000", "one changed", "wall", _SPREAD),
    ),
    Target(
        "resident memory serving 100k chunks", 500, 300, "MB", False, _at_size(_HUNDRED, "scale", "memory", "resident")
    ),
    Target(
        "peak memory while 1 GB of text is indexed, without the model (50 MB of text unless --large)",
        *(2000, 1000, "MB", False),
        _at("bounded", "without", "peak_mb"),
    ),
    Target(
        "… 50 MB of text with the model (5 MB unless --large)",
        2000,
        1000,
        "MB",
        False,
        _at("bounded", "with the model", "peak_mb"),
    ),
    Target(
        "a 600-page PDF indexed, 2,800 characters a page: a whole `qa index`",
        *(60, 30, "s", False),
        _at("formats", "long", "wall", _SPREAD),
    ),
    Target("growth of a question's search time: exponent", 0.5, 0.1, "", False, _growth),
)
