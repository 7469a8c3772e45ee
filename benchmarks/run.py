"""What one run of the benchmarks is asked to do, and where it may write."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Run:
    """Sizes in chunks, rounds, and folders; `large` adds the sizes that take long.

    `docs` is the user's folder, None for generated texts; `envs` holds an environment a peer;
    `threads` is what peers may use, 0 leaves it to them.
    """

    work: Path
    sizes: tuple[int, ...] = (1_000,)
    rounds: int = 3
    questions: int = 200
    docs: Path | None = None
    envs: Path | None = None
    peers: tuple[str, ...] = ()
    large: bool = False
    threads: int = 0


def say(what: str) -> None:
    """Tell whoever waits what is being done."""
    print(what, file=sys.stderr, flush=True)
