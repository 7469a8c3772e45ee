"""Turns the training sets into tokenised examples: mixtures, negatives, hold-outs, windows, batches.

Owns every choice of what is learnt from; knows nothing of networks. All randomness is seeded, so the
n-th batch of an epoch is the same on every machine and after every resume.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from training.tokens import Ints, Tokens

Row: TypeAlias = dict[str, Any]

HASHES = {
    "covidqa": "78a24874eec758b03864e898537d70a57477af1ab66cbde40247222b1b4f2211",
    "fairytaleqa": "48f8517dd8dc4858276cd2f7ab9ed7afc528bccc977bffe241cc0baec7540f65",
    "medquad": "0814f6e443669bbc507280ffc9cd158401c544f67212c33a87edbe2181f6f19c",
    "nq_short": "8fdaeea2be277d416ca8784d3a120e787c1a5494daa29525e4146b4bed7ea0f5",
    "qamr": "cabe43928647b3ffd08b0462f961ee818b6f388a4aceb4a1ae1113c97371aec1",
    "selqa": "ec00196e52e2f86b87b411bee8e02f564ce5933f7c7a88bb8a2dc33d29491349",
    "squad": "77c82c1d3e2223ad3f4964337510faf8d5bb325cf637f8a6c71001b012e47dcf",
    "tatqa": "d50b28d74bffd83961c710fd951bc8dde30a5238d3f5cca543c2f71bfcd3374e",
}
TRANSFER = ("covidqa", "tatqa")  # never trained on
CLS, SEP, PAD = 101, 102, 0
MAX_LENGTH = 320  # word pieces of question and passage together
MAX_QUESTION = 64

# Examples of an epoch by source; None: all there are. `squad` positives and `neg` are drawn anew each epoch.
MIXTURE: dict[str, int | None] = {
    "squad": 34_000,
    "nq_short": None,
    "fairytaleqa": None,
    "qamr": 2_000,
    "selqa": 1_000,
    "medquad": 1_000,
    "squad/written": None,
    "squad/neg": 11_000,
    "nq_short/same-group": 1_500,
    "fairytaleqa/same-group": 2_000,
    "medquad/same-group": 1_000,
    "squad/other-document": 1_000,
    "nq_short/other-document": 1_000,
}
CUT_SHARE = 0.4  # of the examples see a piece of their passage only: more questions an hour, and product-like
CUT_LENGTHS = (64, 160)  # word pieces of such a piece
GUESSED_SPAN = 0.5  # span weight where the occurrence of the answer string was guessed


def read_set(folder: Path, name: str) -> list[Row]:
    """Read the rows of one set; a file that is not the one documented raises `ValueError`."""
    path = folder / name / "train.jsonl.gz"
    packed = path.read_bytes()
    digest = hashlib.sha256(packed).hexdigest()
    if digest != HASHES[name]:
        raise ValueError(f"{path}: SHA-256 is {digest}, expected {HASHES[name]}. Fetch the set again.")
    return [json.loads(line) for line in gzip.decompress(packed).decode("utf-8").splitlines()]


@dataclass(frozen=True)
class Pair:
    """A question with one passage: what evaluation and training both start from."""

    question: str
    passage: str
    answers: tuple[tuple[str, int], ...]  # (text, start); empty where nothing here answers
    answerable: bool
    source: str
    group: str
    span_weight: float = 1.0
    verdict_weight: float = 1.0
    gist: str = ""  # what answers the question in its own passage, wherever `passage` is from
    context: str = ""  # heading path shown before the passage; no span lies in it

    def against(self, passage: str, source: str) -> Pair:
        """Pair the question with a passage that does not answer it."""
        return Pair(self.question, passage, (), False, source, self.group, 1.0, self.verdict_weight, self.gist)


def gist(row: Row) -> str:
    """Give the text of a row's first answer."""
    return str(row["answers"][0]["text"]) if row["answers"] else ""


def letters(text: str) -> str:
    """Reduce a text to letters and digits in lower case, for "does this passage hold that answer"."""
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


def holds(passage: str, answers: Iterable[tuple[str, int]]) -> bool:
    """Tell whether one of the answers stands in the passage, as whole words."""
    padded = f" {letters(passage)} "
    return any(f" {letters(text)} " in padded for text, _ in answers)


def pair(row: Row, source: str, span_weight: float = 1.0, verdict_weight: float = 1.0) -> Pair:
    """Pair a row's question with its own passage."""
    answers = tuple((answer["text"], answer["start"]) for answer in row["answers"])
    return Pair(
        row["question"],
        row["passage"],
        answers,
        row["answerable"],
        source,
        row["group"],
        span_weight,
        verdict_weight,
        gist(row),
    )


def missed(row: Row, passage: str, source: str, verdict_weight: float = 1.0) -> Pair:
    """Pair the row's question with a passage that does not answer it."""
    return Pair(row["question"], passage, (), False, source, row["group"], 1.0, verdict_weight, gist(row))


def held_out_groups(rows: list[Row], seed: int, share: float = 0.03) -> set[str]:
    """Choose the groups that are validated on and never trained on."""
    groups = sorted({row["group"] for row in rows})
    chosen = np.random.default_rng([seed, 3]).permutation(len(groups))[: round(share * len(groups))]
    return {groups[index] for index in chosen}


def same_group(rows: list[Row], source: str, seed: int, verdict_weight: float = 1.0) -> list[Pair]:
    """Make one miss a question, where its group has another passage without the answer string."""
    passages: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        if row["passage"] not in passages[row["group"]]:
            passages[row["group"]].append(row["passage"])
    rng = np.random.default_rng([seed, 5])
    found = []
    for row in rows:
        others = [text for text in passages[row["group"]] if text != row["passage"]]
        for index in rng.permutation(len(others))[:4]:
            if not holds(others[index], ((answer["text"], 0) for answer in row["answers"])):
                found.append(missed(row, others[index], source, verdict_weight))
                break
    return found


def other_document(rows: list[Row], source: str, seed: int, count: int) -> list[Pair]:
    """Make easy misses: a question with any other document's passage."""
    rng = np.random.default_rng([seed, 7])
    found = []
    for left, right in rng.integers(0, len(rows), (2 * count, 2)):
        row, other = rows[left], rows[right]
        answers = ((answer["text"], 0) for answer in row["answers"])
        if row["group"] != other["group"] and not holds(other["passage"], answers):
            found.append(missed(row, other["passage"], source))
    return found[:count]


def paragraph_misses(rows: list[Row], paragraphs: dict[str, str]) -> list[Pair]:
    """Pair each answerable squad question with each of its `neg` paragraphs."""
    answered = [row for row in rows if row["answerable"]]
    return [missed(row, paragraphs[pid], "squad/neg") for row in answered for pid in row["neg"]]


@dataclass
class Pools:
    """Training pairs by source, and validation pairs by set."""

    training: dict[str, list[Pair]] = field(default_factory=dict)
    validation: dict[str, list[Pair]] = field(default_factory=dict)
    headings: dict[str, tuple[str, ...]] = field(default_factory=dict)  # title, perhaps heading, by passage


def load_pools(folder: Path, seed: int) -> Pools:
    """Read all sets and split them: squad by article, the transfer sets wholly to validation."""
    pools = Pools()
    squad = read_set(folder, "squad")
    out = held_out_groups(squad, seed)
    paragraphs = {row["pid"]: row["passage"] for row in squad}
    inside = [row for row in squad if row["group"] not in out]
    outside = [row for row in squad if row["group"] in out]
    answered = [row for row in inside if row["answerable"]]
    training = pools.training
    training["squad"] = [pair(row, "squad", GUESSED_SPAN if row["span_from"] == "guess" else 1.0) for row in answered]
    training["squad/written"] = [pair(row, "squad/written") for row in inside if not row["answerable"]]
    training["squad/neg"] = paragraph_misses(inside, paragraphs)
    training["squad/other-document"] = other_document(answered, "squad/other-document", seed, 2_000)
    pools.validation["squad"] = [
        *(pair(row, "squad" if row["answerable"] else "squad/written") for row in outside),
        *(missed(row, paragraphs[row["neg"][0]], "squad/neg") for row in outside if row["answerable"] and row["neg"]),
    ]
    natural = [row for row in read_set(folder, "nq_short") if row["split"] == "train"]
    training["nq_short"] = [pair(row, "nq_short") for row in natural]
    training["nq_short/same-group"] = same_group(natural, "nq_short/same-group", seed)
    training["nq_short/other-document"] = other_document(natural, "nq_short/other-document", seed, 2_000)
    tales = read_set(folder, "fairytaleqa")
    training["fairytaleqa"] = [pair(row, "fairytaleqa") for row in tales]
    training["fairytaleqa/same-group"] = same_group(tales, "fairytaleqa/same-group", seed)
    training["qamr"] = [pair(row, "qamr", 0.5) for row in read_set(folder, "qamr")]
    selected = read_set(folder, "selqa")
    training["selqa"] = [pair(row, "selqa", 0.3) for row in selected]
    medical = read_set(folder, "medquad")
    # the answer is the whole passage, so there is no span to learn
    training["medquad"] = [pair(row, "medquad", 0.0, 0.5) for row in medical]
    training["medquad/same-group"] = same_group(medical, "medquad/same-group", seed, 0.5)
    for row in squad:
        pools.headings[row["passage"]] = (row["group"].replace("_", " "),)
    for row in (*natural, *selected):
        pools.headings[row["passage"]] = (row["group"],)
    for row in medical:
        pools.headings[row["passage"]] = (row["focus"], row["qtype"].capitalize())
    for name in TRANSFER:
        rows = read_set(folder, name)
        misses = same_group(rows, f"{name}/same-group", seed)
        pools.validation[name] = [*(pair(row, name) for row in rows), *misses]
    return pools


def epoch_pairs(pools: Pools, seed: int, epoch: int, limit: int = 0) -> list[Pair]:
    """Mix one epoch in a seeded order; a source larger than its share is walked through epoch by epoch."""
    chosen: list[Pair] = []
    for index, (source, share) in enumerate(MIXTURE.items()):
        pool = pools.training[source]
        count = min(len(pool), share or len(pool))
        order = np.random.default_rng([seed, 11, index]).permutation(len(pool))
        chosen.extend(pool[order[(epoch * count + place) % len(pool)]] for place in range(count))
    shuffled = np.random.default_rng([seed, 13, epoch]).permutation(len(chosen))
    return [chosen[index] for index in (shuffled[:limit] if limit else shuffled)]


@dataclass(frozen=True, slots=True)
class Example:
    """A pair as word pieces: a window [low, high) of its passage and the span, counted in the passage."""

    pair: Pair
    low: int
    high: int
    first: int  # first word piece of the answer; -1 where there is none
    last: int
    length: int  # with question and special tokens


def span_in_pieces(tokens: Tokens, item: Pair) -> tuple[int, int]:
    """Find the first and last word piece of the first answer; (-1, -1) where there is none."""
    if not item.answers:
        return -1, -1
    text, begin = item.answers[0]
    _, starts, ends = tokens.of(item.passage)
    first = int(np.searchsorted(ends, begin, side="right"))
    last = int(np.searchsorted(starts, begin + len(text), side="left")) - 1
    return (first, last) if first <= last else (-1, -1)


def richest_window(asked: Ints, pieces: Ints, room: int, rng: np.random.Generator) -> int:
    """Choose of six random windows the one with most of the question's word pieces: lures tend to stay in."""
    lows = rng.integers(0, len(pieces) - room + 1, 6)
    return int(max(lows, key=lambda low: len(np.intersect1d(asked, pieces[low : low + room]))))


def example(tokens: Tokens, item: Pair, rng: np.random.Generator) -> Example | None:
    """Cut a pair to size; None where the answer does not fit, for such a window would be a dishonest miss."""
    asked = tokens.of(item.question)[0][:MAX_QUESTION]
    pieces = tokens.of(item.passage)[0]
    first, last = span_in_pieces(tokens, item)
    trains_span = item.answerable and item.span_weight > 0
    if trains_span and first < 0:
        return None
    taken = 3 + len(asked) + len(tokens.of(item.context)[0])
    room = MAX_LENGTH - taken
    if rng.random() < CUT_SHARE:
        room = min(room, int(rng.integers(*CUT_LENGTHS)))
    low = 0
    if len(pieces) > room:
        if trains_span:
            if last - first >= room:
                return None
            low = int(rng.integers(max(0, last + 1 - room), min(first, len(pieces) - room) + 1))
        else:
            low = richest_window(asked, pieces, room, rng)
    high = min(len(pieces), low + room)
    if not trains_span:
        first = last = -1
    return Example(item, low, high, first, last, taken + high - low)


def epoch_batches(tokens: Tokens, pairs: list[Pair], seed: int, epoch: int, size: int) -> list[list[Example]]:
    """Make batches of like length: pools of forty batches, each sorted, cut up and shuffled again."""
    rng = np.random.default_rng([seed, 17, epoch])
    made = [found for item in pairs if (found := example(tokens, item, rng)) is not None]
    batches: list[list[Example]] = []
    for begin in range(0, len(made), 40 * size):
        pool = sorted(made[begin : begin + 40 * size], key=lambda one: one.length)
        parts = [pool[low : low + size] for low in range(0, len(pool), size)]
        batches.extend(parts[index] for index in rng.permutation(len(parts)))
    return batches


@dataclass(frozen=True)
class Batch:
    """Padded arrays; `start` and `end` are 0 (the place of [CLS]) for misses."""

    input_ids: Ints
    attention_mask: Ints
    token_type_ids: Ints
    start: Ints
    end: Ints
    answerable: NDArray[np.float32]
    span_weight: NDArray[np.float32]
    verdict_weight: NDArray[np.float32]


def collate(tokens: Tokens, examples: list[Example]) -> Batch:
    """Lay examples out as [CLS] question [SEP] context, passage [SEP], padded to the longest."""
    shape = (len(examples), max(one.length for one in examples))
    ids, mask, kinds = np.full(shape, PAD, np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    start, end = np.zeros(len(examples), np.int64), np.zeros(len(examples), np.int64)
    for row, one in enumerate(examples):
        asked = tokens.of(one.pair.question)[0][:MAX_QUESTION]
        context, pieces = tokens.of(one.pair.context)[0], tokens.of(one.pair.passage)[0][one.low : one.high]
        ids[row, : one.length] = np.concatenate([[CLS], asked, [SEP], context, pieces, [SEP]])
        mask[row, : one.length] = 1
        kinds[row, len(asked) + 2 : one.length] = 1
        begin = len(asked) + 2 + len(context)
        if one.first >= 0:
            start[row], end[row] = begin + one.first - one.low, begin + one.last - one.low
    pairs = [one.pair for one in examples]
    return Batch(
        ids,
        mask,
        kinds,
        start,
        end,
        np.array([item.answerable for item in pairs], np.float32),
        np.array([item.span_weight for item in pairs], np.float32),
        np.array([item.verdict_weight for item in pairs], np.float32),
    )


def windows(tokens: Tokens, item: Pair, length: int = MAX_LENGTH) -> Iterator[Example]:
    """Show the whole passage for reading: in one window if it fits, else in windows overlapping by half."""
    asked = tokens.of(item.question)[0][:MAX_QUESTION]
    taken = 3 + len(asked) + len(tokens.of(item.context)[0])
    total, room = len(tokens.of(item.passage)[0]), length - taken
    low = 0
    while True:
        high = min(total, low + room)
        yield Example(item, low, high, -1, -1, taken + high - low)
        if high >= total:
            return
        low += room // 2


def read_test_pairs(folder: Path) -> list[Pair]:
    """Pair a test set's questions with the passage they must (not) be answered from. Never trained on."""
    lines = (folder / "corpus.jsonl").read_text("utf-8").splitlines()
    documents = {row["id"]: row for row in map(json.loads, lines)}
    pairs = []
    for row in map(json.loads, (folder / "queries.jsonl").read_text("utf-8").splitlines()):
        evidence = row.get("evidence", [])
        about = row.get("about")
        name = evidence[0]["doc"] if evidence else (about[0] if isinstance(about, list) else about)
        answers = tuple((one["quote"], one["start"]) for one in evidence if one["doc"] == name)
        document = documents[name]
        pairs.append(Pair(row["text"], document["text"], answers, row["answerable"], "test", document["title"]))
    return pairs
