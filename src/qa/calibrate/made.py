"""Makes questions from sentences of the collection, without a model. Pure: sentences in, questions out.

A number, date or name of a sentence becomes what is asked for, and the clause around it the question. Nobody
would ask like that, but what matters here is only how such a question fares with its source and without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from qa.types import Span

_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_SCALE = r"(?:\s(?:thousand|million|billion|trillion))?"
# what can be asked for, surest first: (question words, what stands for the answer)
_ASKED = (
    ("On what date", re.compile(rf"\b{_MONTH} \d{{1,2}}(?:, \d{{4}})?\b|\b\d{{1,2}} {_MONTH}(?: \d{{4}})?\b")),
    ("What percentage", re.compile(r"\b\d+(?:[.,]\d+)*\s?(?:%|percent\b|per cent\b)")),
    ("How much", re.compile(rf"(?:US)?[$€£]\s?\d+(?:[.,]\d+)*{_SCALE}")),
    ("In what year", re.compile(r"\b(?:1[4-9]|20)\d\d\b(?![-–,.]\d)")),
    (
        "How many",
        re.compile(rf"(?<![\w.,$€£-])(?:\d{{1,3}}(?:,\d{{3}})+|\d+(?:\.\d+)?)(?![\w%-]|[.,]\d){_SCALE}"),
    ),
    (
        "What",
        re.compile(r"(?<=[a-z,] )[A-Z][\w’'-]+(?:(?: (?:of|the|de|and|for) (?=[A-Z])| )[A-Z][\w’'-]+)*"),
    ),
)
# what can be put in another's place: years and numbers, names inside the question
_ENTITY = re.compile(r"\b(?:1[4-9]|20)\d\d\b|\b\d+(?:[.,]\d+)*\b|(?<=[a-z,] )[A-Z][\w’'-]+(?: [A-Z][\w’'-]+)*")
_CLAUSE = re.compile(r"[^,;:()—–\n]+")
_WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_LEADING_UP = re.compile(
    r"(?:\b(?:in|on|by|at|of|to|from|since|during|for|about|around|nearly|over|than|the|until|with)\s+)+$", re.I
)
_LONG_WORD = 4  # letters from which a word counts as saying something
_WORDS = (6, 24)  # a question has at least and at most so many
_SENTENCE = (60, 500)  # characters of a sentence worth asking about


@dataclass(frozen=True, slots=True)
class Made:
    """A question made from a sentence, and the words that answer it there; `answer` counts in the sentence."""

    question: str
    answer: Span


def make_question(sentence: str, rng: Random) -> Made | None:
    """Return a question the sentence answers, or None where it holds nothing to ask for."""
    if not _SENTENCE[0] <= len(sentence) <= _SENTENCE[1]:
        return None
    facts: list[tuple[str, Span]] = []
    for words, pattern in _ASKED:
        for match in pattern.finditer(sentence):
            span = Span(*match.span())
            if not any(span.overlaps(other) for _, other in facts):
                facts.append((words, span))
    if not facts:
        return None
    words, answer = rng.choice([fact for fact in facts if fact[0] != "What"] or facts)
    around = _clause(sentence, answer)
    before = _LEADING_UP.sub("", sentence[around.start : answer.start]).strip(" ,")
    after = sentence[answer.end : around.end].strip(" ,.;:")
    if words == "What":
        asked = f"{before} what {after}" if before else f"What {after}"
    elif words == "How many" and after:
        asked = f"How many {after} {before}"
    else:
        asked = f"{words} {before} {after}"
    kept = asked.split()[: _WORDS[1]]
    text = " ".join(kept).strip(" ,.;:|-")
    if len(_WORD.findall(text)) < _WORDS[0]:
        return None
    return Made(f"{text[0].upper()}{text[1:]}?", answer)


def swap(question: str, others: Sequence[str], sentence: str, rng: Random) -> str | None:
    """Put another name, year or number in the place of one of the question's; None where there is none to put.

    `others` are questions to take it from; what stands in `sentence` won't do, since then it may still answer.
    """
    mine = list(_ENTITY.finditer(question))
    if not mine:
        return None
    chosen = rng.choice(mine)
    number = chosen.group()[0].isdigit()
    pool: list[str] = [
        entity
        for other in others
        for entity in _ENTITY.findall(other)
        if entity[0].isdigit() == number and entity.casefold() not in sentence.casefold()
    ]
    if not pool:
        return None
    return question[: chosen.start()] + rng.choice(pool) + question[chosen.end() :]


def _clause(sentence: str, answer: Span) -> Span:
    """Return the clause around the answer, with as many neighbours as it takes to say something."""
    clauses = [match.span() for match in _CLAUSE.finditer(sentence)]
    first = last = next((at for at, (low, high) in enumerate(clauses) if low <= answer.start < high), 0)

    def words() -> int:
        text = sentence[clauses[first][0] : clauses[last][1]]
        return sum(len(word) >= _LONG_WORD for word in _WORD.findall(text))

    while words() < _WORDS[0] - 1 and (first > 0 or last < len(clauses) - 1):
        if last < len(clauses) - 1:
            last += 1
        else:
            first -= 1
    return Span(min(clauses[first][0], answer.start), max(clauses[last][1], answer.end))
