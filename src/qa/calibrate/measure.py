"""Asks a collection questions made from itself, with and without their sources, and keeps what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random

from qa.answer.verdict import signals_of
from qa.calibrate.made import Made, make_question, swap
from qa.index import Index
from qa.protocols import Reader, Rows
from qa.retrieve import Weights, rerank, retrieve
from qa.types import Calibration, Hit, Signals, Span

_SEED = 7
_TRIES = 30  # sentences looked at for each question wanted
_DEPTH = 40  # hits among which those that still answer are looked for
_NEARLY = 0.5  # a chunk that holds the answer and so much of the question may answer it as well
_FEWEST = 8  # questions under which nothing can be said
_READ = 2  # hits read for a made question; fewer than for a person's, so that calibrating stays cheap
_AT_ONCE = 3  # questions


@dataclass(frozen=True, slots=True)
class _Asked:
    """A made question with where its sentence and its answer stand."""

    made: Made
    source: str
    sentence: str
    answer: Span  # in the document


def measure(
    index: Index,
    embed: Callable[[str], Rows],
    reader: Reader | None,
    *,
    weights: Weights,
    candidates: int,
    count: int,
) -> Calibration | None:
    """Return how made questions fare; None where too few can be made.

    `count` questions are made from sentences drawn evenly over the chunks. Each is asked as it is (present),
    with all that answers it taken away (absent), and with a name, year or number exchanged (swapped).
    """
    asked = _draw(index, count)
    if len(asked) < _FEWEST:
        return None

    def look_up(question: str, most: int) -> list[Hit]:
        return retrieve(index, question, embed(question), weights=weights, candidates=candidates, most=most)

    def read(question: str, hits: Sequence[Hit]) -> dict[str, Hit]:
        read = rerank(index, hits, reader, question, count=len(hits), weight=0.0) if reader else hits
        return {hit.chunk.id: hit for hit in read}

    def of_one(one: _Asked, swapped: str) -> tuple[Signals | None, ...]:
        """Return how one question fared: present, absent, swapped."""
        question = one.made.question
        hits = look_up(question, _DEPTH)
        present, absent = hits[:_READ], [hit for hit in hits if not _answers(index, hit, one)][:_READ]
        known = read(question, list({hit.chunk.id: hit for hit in (*present, *absent)}.values()))
        exchanged = list(read(swapped, look_up(swapped, _READ)).values()) if swapped else []
        of_kinds = ([known[hit.chunk.id] for hit in present], [known[hit.chunk.id] for hit in absent], exchanged)
        return tuple(_rounded(signals_of(hits)) if hits else None for hits in of_kinds)

    # side by side: the reader has windows to read while another question is looked up
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="calibrate") as pool:
        fared = list(pool.map(of_one, asked, _swapped(asked)))
    return Calibration(*(tuple(signals for signals in kind if signals) for kind in zip(*fared, strict=True)))


def _swapped(asked: Sequence[_Asked]) -> list[str]:
    """Return each question with a name, year or number exchanged, "" where it has none."""
    rng = Random(_SEED)
    questions = [one.made.question for one in asked]
    return [
        swap(question, [*questions[:at], *questions[at + 1 :]], asked[at].sentence, rng) or ""
        for at, question in enumerate(questions)
    ]


def _rounded(signals: Signals) -> Signals:
    read = None if signals.read is None else round(signals.read, 3)
    return Signals(round(signals.similarity, 3), round(signals.coverage, 3), read)


def _draw(index: Index, count: int) -> list[_Asked]:
    """Make up to `count` questions, each of another chunk, no sentence twice."""
    rng = Random(_SEED)
    rows = rng.sample(range(len(index)), min(len(index), _TRIES * count))
    drawn: list[_Asked] = []
    seen: set[str] = set()
    for row in _around(rows, _TRIES * count):
        if len(drawn) == count:
            break
        chunk = index.chunk(row)
        span = rng.choice(chunk.sentences)
        sentence = chunk.text[span.start - chunk.span.start : span.end - chunk.span.start]
        made = None if sentence in seen else make_question(sentence, rng)
        if made:
            seen.add(sentence)
            answer = Span(span.start + made.answer.start, span.start + made.answer.end)
            drawn.append(_Asked(made, chunk.source, sentence, answer))
    return drawn


def _around(rows: Sequence[int], count: int) -> Iterator[int]:
    """Go through the rows, and again, until `count` are given."""
    for at in range(count):
        yield rows[at % len(rows)]


def _answers(index: Index, hit: Hit, asked: _Asked) -> bool:
    """Tell whether a hit holds the sentence asked about, or the same answer near the same words."""
    chunk = hit.chunk
    if chunk.source == asked.source and chunk.span.contains(asked.answer):
        return True
    if not _holds(chunk.text, asked.made.answer.of(asked.sentence)):
        return False
    return index.keyword.coverage(asked.made.question, [chunk.text])[0] > _NEARLY


def _holds(text: str, answer: str) -> bool:
    return f" {_letters(answer)} " in f" {_letters(text)} "


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()
