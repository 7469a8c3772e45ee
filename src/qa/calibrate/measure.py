"""Asks a collection questions made from itself, with and without their sources, and keeps what came of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from qa.answer.extractive import ExtractiveAnswerer
from qa.calibrate.made import Made, make_question, swap
from qa.index import Index
from qa.passages import gather
from qa.protocols import Reader
from qa.protocols import Rows as Vectors
from qa.retrieve import Weights, rerank, retrieve
from qa.types import Calibration, Hit, Span, Trial

_SEED = 7
_TRIES = 30  # sentences looked at for each question wanted
_DEPTH = 40  # hits among which those that still answer are looked for
_NEARLY = 0.5  # a chunk that holds the answer and so much of the question may answer it as well
_FEWEST = 8  # questions under which nothing can be said
_READ = 2  # hits read for a made question; fewer than for a person's, so that calibrating stays cheap
_AT_ONCE = 3  # questions
_OTHER_MATTERS = Path(__file__).with_name("other_matters.txt")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A made question with where its sentence and its answer stand."""

    made: Made
    source: str
    sentence: str
    answer: Span  # in the document


def measure(
    index: Index,
    embed: Callable[[str], Vectors],
    reader: Reader | None,
    *,
    weights: Weights,
    candidates: int,
    count: int,
) -> Calibration | None:
    """Return how made questions and questions on other matters fare; None where too few can be made.

    `count` questions are made from sentences drawn evenly over the chunks. Each is asked as it is (present),
    with all that answers it taken away (absent), and with a name, year or number exchanged (swapped); as many on
    other matters are asked (foreign).
    """
    asked = _draw(index, count)
    if len(asked) < _FEWEST:
        return None
    answerer = ExtractiveAnswerer(index.keyword, reader)

    def look_up(question: str, most: int) -> list[Hit]:
        return retrieve(index, question, embed(question), weights=weights, candidates=candidates, most=most)

    def fares(question: str, hits: Sequence[Hit], answer: _Asked | None = None) -> Trial | None:
        """Say how sure the first quote from these hits is, and whether it is the one the question was made from."""
        read = rerank(index, hits, reader, question, count=_READ, weight=0.0) if reader else hits
        passages = gather(read, _READ)
        draft = answerer.write(question, passages)
        if not draft.quotes:
            return None
        quote = draft.quotes[0]
        source = passages[quote.number - 1].source
        right = answer is not None and source == answer.source and quote.span.overlaps(answer.answer)
        return Trial(round(draft.log_odds, 3), right)

    def of_one(one: _Asked, swapped: str, foreign: str) -> tuple[Trial | None, ...]:
        """Return how one question fared, in the order of the calibration's kinds."""
        question = one.made.question
        hits = look_up(question, _DEPTH)
        absent = [hit for hit in hits if not _answers(index, hit, one)][:_READ]
        return (
            fares(question, hits[:_READ], one),
            fares(question, absent),
            fares(swapped, look_up(swapped, _READ)) if swapped else None,
            fares(foreign, look_up(foreign, _READ)),
        )

    # side by side: the reader has windows to read while another question is looked up
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="calibrate") as pool:
        fared = list(pool.map(of_one, asked, _swapped(asked), _foreign(len(asked))))
    return Calibration(*(tuple(trial for trial in kind if trial) for kind in zip(*fared, strict=True)))


def _foreign(count: int) -> list[str]:
    """Draw so many everyday questions on other matters."""
    lines = _OTHER_MATTERS.read_text("utf-8").splitlines()
    return Random(_SEED).sample(lines, min(count, len(lines)))


def _swapped(asked: Sequence[_Asked]) -> list[str]:
    """Return each question with a name, year or number exchanged, "" where it has none."""
    rng = Random(_SEED)
    questions = [one.made.question for one in asked]
    return [
        swap(question, [*questions[:at], *questions[at + 1 :]], asked[at].sentence, rng) or ""
        for at, question in enumerate(questions)
    ]


def _draw(index: Index, count: int) -> list[_Asked]:
    """Make up to `count` questions, each of another chunk, no sentence twice."""
    rng = Random(_SEED)
    rows = rng.sample(index.chunk_ids, min(len(index), _TRIES * count))
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
