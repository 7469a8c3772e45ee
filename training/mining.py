"""Mines misses the way the product finds passages: dense and keyword search fused over all training passages.

Owns the ranking and its cache; which questions are learnt from how often is decided in `second.py`.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray

from qa.keyword import KeywordIndex, Run, Segment, Termed, Terms, write_keyword
from qa.sealed import Files
from training.data import CLS, MAX_QUESTION, PAD, SEP, Pair, holds
from training.model import MASKED, Reader, from_base
from training.tokens import Tokens

logger = logging.getLogger(__name__)

Rows = NDArray[np.float32]

SOURCE = "squad/mined"
QUESTIONS = 20_000  # mined for, at most
PIECES = 128  # of a passage are embedded
DEPTH = 5  # best-ranked other passages of which one becomes the miss
CANDIDATES = 40  # by vector, and as many by BM25
KEYWORD_SHARE, DENSE_SHARE = 0.55, 0.45
FEWEST_TERMS = 3  # "What year did it end?" is answered by half the collection


def embed(reader: Reader, tokens: Tokens, texts: Sequence[str], most: int) -> Rows:
    """Embed texts as all-MiniLM-L6-v2 does: mean of the last states, length one; `reader` is untrained."""
    pieces = [tokens.of(text)[0][:most] for text in texts]
    order = sorted(range(len(texts)), key=lambda index: (len(pieces[index]), index))
    rows = np.zeros((len(texts), reader.config.hidden), np.float32)
    for begin in range(0, len(order), 64):
        part = order[begin : begin + 64]
        longest = max(len(pieces[index]) for index in part) + 2
        ids, mask = np.full((len(part), longest), PAD, np.int64), np.zeros((len(part), longest), np.float32)
        for row, index in enumerate(part):
            ids[row, : len(pieces[index]) + 2] = [CLS, *pieces[index], SEP]
            mask[row, : len(pieces[index]) + 2] = 1
        with torch.inference_mode():
            given = torch.from_numpy(ids)
            x = reader.embeddings(given, torch.zeros_like(given)).to(torch.bfloat16)
            bias = ((1 - torch.from_numpy(mask)) * MASKED).to(torch.bfloat16)[:, None, None, :]
            for layer in reader.layers:
                x = layer(x, bias)
            states = x.float().numpy()
        summed = (states * mask[:, :, None]).sum(axis=1)
        rows[part] = summed / np.linalg.norm(summed, axis=1, keepdims=True)
    return rows


def ranked(dense: Rows, keyword: Rows, depth: int, candidates: int = CANDIDATES) -> list[int]:
    """Rank the nearest by cosine and by BM25, each scaled to 0..1 over them all and weighed; best first."""
    count = min(candidates, len(dense))
    both = np.union1d(np.argpartition(-dense, count - 1)[:count], np.argpartition(-keyword, count - 1)[:count])
    cosines, terms = dense[both], keyword[both]
    cosines = (cosines - cosines.min()) / max(float(cosines.max() - cosines.min()), 1e-9)
    scores = DENSE_SHARE * cosines + KEYWORD_SHARE * terms / max(float(terms.max()), 1e-9)
    return [int(index) for index in both[np.argsort(-scores, kind="stable")[:depth]]]


def lures(best: Sequence[int], passages: Sequence[str], item: Pair, depth: int = DEPTH) -> list[int]:
    """Keep of the best-ranked passages those that are not the question's own and lack its answer."""
    others = [index for index in best if passages[index] != item.passage][:depth]
    return [index for index in others if not holds(passages[index], item.answers)]


def asked_about(pool: list[Pair], order: Sequence[int], terms: Terms, count: int) -> list[int]:
    """Choose the first questions in an order that say enough to be searched for."""
    chosen: list[int] = []
    for index in order:
        if len(chosen) == count:
            break
        if len(set(terms.of(pool[index].question))) >= FEWEST_TERMS:
            chosen.append(index)
    return chosen


def indexed(passages: Sequence[str], terms: Terms) -> KeywordIndex:
    """Return BM25 over these passages."""
    index = KeywordIndex(terms)
    with TemporaryDirectory() as folder:  # what is mapped outlives its name
        write_keyword(Path(folder), [Run(Termed.of(([passage] for passage in passages), terms), 0, len(passages))])
        index.load([Segment(Files(Path(folder)))])
    return index


def mine(pool: list[Pair], order: Sequence[int], tokens: Tokens, seed: int, threads: int = 2) -> list[tuple[int, str]]:
    """Find a lure for questions of the pool: (place in the pool, passage)."""
    began = time.monotonic()
    passages = list(dict.fromkeys(item.passage for item in pool))
    terms = Terms()
    chosen = asked_about(pool, order, terms, QUESTIONS)
    index = indexed(passages, terms)
    usual = torch.get_num_threads()
    torch.set_num_threads(threads)
    reader = from_base().eval()
    reader.layers.to(torch.bfloat16)
    tokens.learn([*passages, *(pool[place].question for place in chosen)])
    rows = embed(reader, tokens, passages, PIECES)
    logger.info("embedded %d passages in %.0f s", len(rows), time.monotonic() - began)
    questions = embed(reader, tokens, [pool[place].question for place in chosen], MAX_QUESTION)
    rng = np.random.default_rng([seed, 29])
    found = []
    for begin in range(0, len(chosen), 500):
        part = chosen[begin : begin + 500]
        dense = questions[begin : begin + 500] @ rows.T
        for place, cosines in zip(part, dense, strict=True):
            best = ranked(cosines, index.scores(pool[place].question), DEPTH + 1)
            candidates = lures(best, passages, pool[place])
            draw = rng.random()
            if candidates:
                found.append((place, passages[candidates[int(draw * len(candidates))]]))
    torch.set_num_threads(usual)
    logger.info("mined %d misses for %d questions in %.0f s", len(found), len(chosen), time.monotonic() - began)
    return found


def mined(pool: list[Pair], order: Sequence[int], tokens: Tokens, seed: int, cache: Path) -> list[Pair]:
    """Give the mined misses, from the cache where it was made of the same pool and seed."""
    made_of = hashlib.sha256(json.dumps([seed, QUESTIONS, DEPTH, PIECES, [one.question for one in pool]]).encode())
    places = {item.passage: place for place, item in reversed(list(enumerate(pool)))}
    kept = json.loads(cache.read_text("utf-8")) if cache.exists() else {}
    if kept.get("made_of") != made_of.hexdigest():
        pairs = [[place, places[passage]] for place, passage in mine(pool, order, tokens, seed)]
        kept = {"made_of": made_of.hexdigest(), "seed": seed, "pairs": pairs}
        partial = cache.with_suffix(".partial")
        partial.write_text(json.dumps(kept) + "\n", "utf-8")
        partial.replace(cache)
    return [pool[left].against(pool[right].passage, SOURCE) for left, right in kept["pairs"]]
