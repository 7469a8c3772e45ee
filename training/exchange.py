"""Exchanges a name, a year, a number or an opposite in a question, so that its own passage no longer answers it.

Owns the rules. A question whose every other word fits is what a reader is taken in by most.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from training.data import Pair, letters
from training.variants import content_words

NEAR_SHARE = 0.6  # of the exchanged names and years come from the same passage, where it has another

_NAME = re.compile(r"(?<=[a-z,] )[A-Z][\w'’.-]*\w(?:(?: of| the| de| von| and)* [A-Z][\w'’.-]*\w)*")
_YEAR = re.compile(r"\b1[0-9]\d\d\b|\b20[0-2]\d\b")
_OPPOSITES = """
    first last, largest smallest, biggest smallest, highest lowest, oldest newest, earliest latest, longest shortest,
    most least, more fewer, before after, north south, northern southern, east west, eastern western, increase decrease,
    increased decreased, won lost, win lose, major minor, majority minority, upper lower, maximum minimum, above below,
    male female, men women, began ended, begin end, start end, started ended, inside outside, strongest weakest,
    left right, modern ancient, urban rural, public private, never always, import export, imported exported,
    imports exports, advantage disadvantage, allowed forbidden, legal illegal, known unknown, positive negative
"""
_OPPOSITE = {
    word: other
    for left, right in (pair.split() for pair in _OPPOSITES.split(","))
    for word, other in ((left, right), (right, left))
}
_WORD = re.compile(r"[^\W\d_]+")


@dataclass
class Names:
    """Names of questions by the word before them, which tells a place from a person roughly."""

    after: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def learn(self, pairs: Iterable[Pair]) -> Names:
        """Take in the names that the questions speak of."""
        for item in pairs:
            for found in _NAME.finditer(item.question):
                self.after[_before(item.question, found.start())].append(found[0])
        return self


def _before(text: str, start: int) -> str:
    words = text[:start].split()
    return words[-1].lower() if words else ""


def _strange(names: Iterable[str], taboo: str) -> list[str]:
    """Keep the names that share no word with the taboo text."""
    held = set(letters(taboo).split())
    return [name for name in names if not held & set(letters(name).split())]


def _drawn(pool: list[str], rng: np.random.Generator) -> str:
    return pool[int(rng.integers(0, len(pool)))] if pool else ""


def _other_name(item: Pair, found: re.Match[str], sentence: str, names: Names, rng: np.random.Generator) -> str:
    """Draw another name: of the passage, outside the answer's sentence, or of another question."""
    near = _strange((match[0] for match in _NAME.finditer(item.passage)), f"{item.question} {sentence} {item.gist}")
    far = names.after.get(_before(item.question, found.start()), [])
    few = [far[index] for index in rng.integers(0, len(far), 8)] if far else []
    strange = _strange(few, f"{item.question} {item.passage}")
    return _drawn(near if near and rng.random() < NEAR_SHARE else strange, rng)


def _other_year(item: Pair, year: str, sentence: str, rng: np.random.Generator) -> str:
    """Draw another year: of the passage, outside the answer's sentence, or one at most 30 years off."""
    near = [other for other in _YEAR.findall(item.passage) if other not in item.question and other not in sentence]
    if near and rng.random() < NEAR_SHARE:
        return _drawn(near, rng)
    off = int(rng.integers(1, 31)) * (1 if rng.random() < 0.5 else -1)
    other = str(int(year) + off)
    return "" if other in item.passage else other


def exchanged(item: Pair, sentence: str, names: Names, rng: np.random.Generator) -> Pair | None:
    """Ask about something the passage does not say; None where the question holds nothing to exchange.

    What is exchanged stands in the passage, so that the passage itself tells that it is another.
    `sentence` is the one the answer stands in: nothing of it is put into the question.
    """
    held = f" {letters(item.passage)} "
    ways: list[tuple[int, int, str]] = []
    for found in _NAME.finditer(item.question):
        if f" {letters(found[0])} " in held:
            ways.append((found.start(), found.end(), _other_name(item, found, sentence, names, rng)))
    for found in _YEAR.finditer(item.question):
        if found[0] in item.passage:
            ways.append((found.start(), found.end(), _other_year(item, found[0], sentence, rng)))
    for found in _WORD.finditer(item.question):
        if found[0] in _OPPOSITE and f" {found[0]} " in held and f" {_OPPOSITE[found[0]]} " not in held:
            ways.append((found.start(), found.end(), _OPPOSITE[found[0]]))
    ways = [way for way in ways if way[2]]
    if not ways or not content_words(item.question):
        return None
    start, end, other = ways[int(rng.integers(0, len(ways)))]
    question = f"{item.question[:start]}{other}{item.question[end:]}"
    return replace(item.against(item.passage, f"{item.source}/exchanged"), question=question)
