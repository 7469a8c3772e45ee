"""The second stage: what is learnt once the first has taught the task.

Owns its mixture and the leanings: positives that share few words with their answer's sentence, misses that
share many with their passage. Questions the first stage did not plan for come first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from qa.keyword import Terms
from training import mining
from training.data import MIXTURE, Pair, Pools
from training.evaluate import sentence_bounds
from training.exchange import Names, exchanged
from training.tokens import Tokens
from training.variants import LONGEST_GIST, Answers, as_claim, keywords, rewritten, varied

# Examples of an epoch by source, as in `MIXTURE`; about what 85 minutes on one core read
SECOND: dict[str, int | None] = {
    "squad": 22_000,
    "nq_short": None,
    "fairytaleqa": 3_000,
    "qamr": 1_500,
    "selqa": 800,
    "medquad": 1_000,
    mining.SOURCE: 9_000,
    "squad/neg": 4_500,
    "squad/written": 8_500,
    "nq_short/same-group": None,
    "fairytaleqa/same-group": 1_500,
    "medquad/same-group": 1_000,
    "squad/other-document": 500,
    "nq_short/other-document": 500,
}
EXCHANGED_SHARE = 0.2  # of the answerable pairs; six in ten of those drawn hold something to exchange
LEANING_SHARE = 0.5  # of a leaning source's examples come from its outermost third by overlap
MINED_FILE = "mined.json"


def unseen_first(source: str, size: int, seed: int) -> list[int]:
    """Order a pool as the first stage does, what its first epoch planned put last."""
    if source not in MIXTURE:
        return [int(index) for index in np.random.default_rng([seed, 31]).permutation(size)]
    order = np.random.default_rng([seed, 11, list(MIXTURE).index(source)]).permutation(size)
    return [int(index) for index in np.roll(order, -min(size, MIXTURE[source] or size))]


def answer_sentence(item: Pair) -> str:
    """Give the sentence (or sentences) the first answer stands in."""
    text, begin = item.answers[0]
    bounds = sentence_bounds(item.passage)
    low = max((bound for bound in bounds if bound <= begin), default=0)
    high = min((bound for bound in bounds if bound >= begin + len(text)), default=len(item.passage))
    return item.passage[low:high]


def overlaps(pool: Sequence[Pair], terms: Terms) -> list[float]:
    """Give the share of each question's terms in its answer's sentence or, for misses, anywhere in the passage."""

    @lru_cache(maxsize=40_000)
    def held(text: str) -> frozenset[str]:
        return frozenset(terms.of(text))

    shares = []
    for item in pool:
        asked = held(item.question)
        there = held(answer_sentence(item) if item.answers else item.passage)
        shares.append(len(asked & there) / max(1, len(asked)))
    return shares


def leaning(order: Sequence[int], keys: Sequence[float], count: int, epoch: int) -> list[int]:
    """Draw in the given order, half of the draws among the third with the smallest keys; each epoch walks on."""
    nearest = set(sorted(order, key=lambda index: keys[index])[: len(order) // 3])
    wanted = round(count * LEANING_SHARE)
    drawn: list[int] = []
    for part, size in (([i for i in order if i in nearest], wanted), ([i for i in order if i not in nearest], count)):
        size = min(size, len(part), count - len(drawn))
        drawn.extend(part[(epoch * size + place) % len(part)] for place in range(size))
    return drawn


class SecondStage:
    """The second stage's epochs; making it mines, or takes up what a run in the same folder mined."""

    def __init__(self, pools: Pools, tokens: Tokens, seed: int, out: Path) -> None:
        self.pools, self.seed = pools, seed
        squad = pools.training["squad"]
        order = unseen_first("squad", len(squad), seed)
        pools.training[mining.SOURCE] = mining.mined(squad, order, tokens, seed, out / MINED_FILE)
        terms = Terms()
        self.keys = {"squad": overlaps(squad, terms)}
        for source in (mining.SOURCE, "squad/neg"):
            self.keys[source] = [-share for share in overlaps(pools.training[source], terms)]
        self.answers = Answers().learn([*squad, *pools.training["nq_short"]])
        self.names = Names().learn([*squad, *pools.training["nq_short"]])
        pools.validation |= reworded(pools.validation["squad"], seed)

    def pairs(self, epoch: int, limit: int = 0) -> list[Pair]:
        """Mix one epoch in a seeded order, and rewrite a share of it."""
        chosen = draw_mixture(SECOND, self.pools, self.keys, self.seed, epoch)
        shuffled = np.random.default_rng([self.seed, 37, epoch]).permutation(len(chosen))
        mixed = [chosen[index] for index in (shuffled[:limit] if limit else shuffled)]
        mixed = with_exchanged(mixed, self.names, np.random.default_rng([self.seed, 47, epoch]))
        return varied(mixed, self.pools.headings, self.answers, np.random.default_rng([self.seed, 41, epoch]))


def draw_mixture(
    mixture: Mapping[str, int | None], pools: Pools, keys: Mapping[str, Sequence[float]], seed: int, epoch: int
) -> list[Pair]:
    """Draw an epoch's pairs source by source, unseen ones first; sources with `keys` lean to their smallest."""
    chosen: list[Pair] = []
    for source, share in mixture.items():
        pool = pools.training[source]
        order, count = unseen_first(source, len(pool), seed), min(len(pool), share or len(pool))
        if source in keys:
            drawn = leaning(order, keys[source], count, epoch)
        else:
            drawn = [order[(epoch * count + place) % len(order)] for place in range(count)]
        chosen.extend(pool[index] for index in drawn)
    return chosen


def with_exchanged(pairs: Sequence[Pair], names: Names, rng: np.random.Generator) -> list[Pair]:
    """Turn a share of the answerable pairs into ones about another name, year or opposite, in order."""
    made = []
    for item in pairs:
        drawn = rng.random() < EXCHANGED_SHARE and item.answers
        other = exchanged(item, answer_sentence(item), names, rng) if drawn else None
        made.append(other or item)
    return made


def reworded(pairs: Sequence[Pair], seed: int) -> dict[str, list[Pair]]:
    """Make validation sets of the held-out articles' questions as claims and as keywords."""
    able = [item for item in pairs if item.gist and len(item.gist.split()) <= LONGEST_GIST]
    answers, rng = Answers().learn(able), np.random.default_rng([seed, 43])
    shapes: dict[str, Callable[[Pair], Pair]] = {
        "claims": lambda item: as_claim(item, answers, rng),
        "keywords": lambda item: rewritten(item, keywords(item.question)),
    }
    sets = {name: [shape(item) for item in able] for name, shape in shapes.items()}
    answered, names = [item for item in able if item.answers], Names().learn(able)
    others = [exchanged(item, answer_sentence(item), names, rng) for item in answered]
    return sets | {"exchanged": [*answered, *(other for other in others if other)]}
