"""The third stage: the kinds the first two never showed, beside more of what they did.

Owns its mixture. Where the second stage leant to questions in other words, this one leans to refusals: written
unanswerables, names exchanged, things that are nearly the one asked for, and rows and lists that lack it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.keyword import Terms
from training.data import Pair, Pools
from training.everyday import read_documents, reading_pairs
from training.exchange import Names
from training.second import draw_mixture, overlaps, reworded, with_exchanged
from training.structured import (
    list_pair,
    mistyped,
    near_thing_pair,
    person_pair,
    small_talk_pair,
    subject_pair,
    swapped_roles,
    table_pair,
)
from training.variants import Answers, varied

TABLES_SHA256 = "35335cd44b0195545c9f0f9d6c4a2efa8d1963982b05f1e147d5506faf5f5e05"
# Examples of an epoch by source, as in `MIXTURE`
THIRD: dict[str, int | None] = {
    "squad": 18_000,
    "squad/written": 11_000,
    "squad/neg": 3_500,
    "nq_short": 4_500,
    "nq_short/same-group": 1_000,
    "fairytaleqa": 1_500,
    "fairytaleqa/same-group": 700,
    "qamr": 1_000,
    "selqa": 400,
    "medquad": 400,
    "medquad/same-group": 400,
}
# … and of those made by code
MADE = {"table": 3_500, "list": 1_200, "person": 1_200, "near": 1_500, "subject": 1_500, "talk": 300, "roles": 600}
EVERYDAY_TIMES = 10  # an epoch shows each everyday pair so often; a run sees a third of an epoch
MISTYPED_SHARE = 0.04


def read_tables(folder: Path) -> list[dict[str, Any]]:
    """Read the tables look-ups are made of; raise ValueError for another file than the one documented."""
    path = folder / "wikitables" / "tables.jsonl.gz"
    packed = path.read_bytes()
    if hashlib.sha256(packed).hexdigest() != TABLES_SHA256:
        raise ValueError(f"{path}: its SHA-256 is not {TABLES_SHA256}. Fetch the set again.")
    return [json.loads(line) for line in gzip.decompress(packed).decode("utf-8").splitlines()]


class ThirdStage:
    """The third stage's epochs; the last twentieth of the tables is validated on and never trained on."""

    def __init__(self, pools: Pools, seed: int, data: Path) -> None:
        self.pools, self.seed = pools, seed
        tables = read_tables(data)
        kept = len(tables) * 19 // 20
        self.tables = tables[:kept]
        squad = pools.training["squad"]
        self.keys = {"squad": overlaps(squad, Terms())}
        self.answers = Answers().learn([*squad, *pools.training["nq_short"]])
        self.names = Names().learn([*squad, *pools.training["nq_short"]])
        pools.validation |= reworded(pools.validation["squad"], seed)
        rng = np.random.default_rng([seed, 53])
        held_out = [item for item in pools.validation["squad"] if item.answers]
        self.everyday, kept_back = read_documents()
        pools.validation["everyday"] = reading_pairs(kept_back, rng)
        pools.validation["made"] = list(self._made(rng, tables[kept:], held_out, share=0.1))

    def pairs(self, epoch: int, limit: int = 0) -> list[Pair]:
        """Mix one epoch in a seeded order, and rewrite a share of it."""
        chosen = draw_mixture(THIRD, self.pools, self.keys, self.seed, epoch)
        rng = np.random.default_rng([self.seed, 59, epoch])
        chosen = varied(with_exchanged(chosen, self.names, rng), self.pools.headings, self.answers, rng)
        chosen = [
            replace(item, question=mistyped(item.question, rng)) if rng.random() < MISTYPED_SHARE else item
            for item in chosen
        ]
        chosen.extend(self._made(rng, self.tables, self.pools.training["squad"]))
        for _ in range(EVERYDAY_TIMES):
            chosen.extend(reading_pairs(self.everyday, rng))
        shuffled = rng.permutation(len(chosen))
        return [chosen[index] for index in (shuffled[:limit] if limit else shuffled)]

    def _made(
        self, rng: np.random.Generator, tables: list[dict[str, Any]], squad: list[Pair], share: float = 1.0
    ) -> Iterator[Pair]:
        """Yield pairs made by code, so many a kind as `MADE` says."""
        ways: dict[str, Callable[[], Pair | None]] = {
            "table": lambda: table_pair(tables[int(rng.integers(len(tables)))], rng),
            "list": lambda: list_pair(rng),
            "person": lambda: person_pair(rng),
            "near": lambda: near_thing_pair(rng),
            "subject": lambda: subject_pair(squad[int(rng.integers(len(squad)))], rng),
            "talk": lambda: small_talk_pair(squad[int(rng.integers(len(squad)))], rng),
            "roles": lambda: swapped_roles(squad[int(rng.integers(len(squad)))], rng),
        }
        for kind, count in MADE.items():
            wanted, tries = round(share * count), 0
            while wanted > 0 and tries < 40 * count:
                tries += 1
                item = ways[kind]()
                if item is not None:
                    wanted -= 1
                    yield item
