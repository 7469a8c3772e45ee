"""Texts to measure on: generated from a seed by a small grammar, or the user's own files.

Generated texts are made of real words and sentences of usual length in twelve fields, with made-up names (so the
vocabulary grows as real ones do), so that cutting them into tokens and matching words costs what real text does.
They mean nothing: quality isn't measured on them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from benchmarks.words import ADVERBS, CAUSES, ENDINGS, FIELDS, GIVEN, ROLES, SYLLABLES, Field

_A_DOCUMENT = 12_000  # characters
_A_CHUNK = 620  # characters that are new in a chunk of generated text, as it is cut by default
_WORD = re.compile(r"[^\W_][\w'’-]+")


@dataclass(frozen=True, slots=True)
class Collection:
    """A folder of documents, its characters, and questions that its documents answer."""

    folder: Path
    files: int
    characters: int
    questions: tuple[str, ...]


class Writer:
    """Writes texts; the same seed and number give the same text."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed

    def document(self, number: int, characters: int = _A_DOCUMENT) -> tuple[str, list[str]]:
        """Return a Markdown document of about so many characters, and questions it answers."""
        rng = Random(f"{self._seed}:{number}")
        field = rng.choice(FIELDS)
        parts, questions = [f"# {field.name.title()} of {_place(rng)}\n"], []
        length = len(parts[0])
        while length < characters:
            paragraphs = [f"## The {rng.choice(field.kinds)} {rng.choice(field.things)}\n"]
            for _ in range(rng.randint(2, 6)):
                sentences = []
                for _ in range(rng.randint(3, 7)):
                    sentence, question = _sentence(rng, field)
                    sentences.append(sentence)
                    questions += [question] if question else []
                paragraphs.append(" ".join(sentences) + "\n")
            section = "\n".join(paragraphs)
            parts.append(section)
            length += len(section) + 1
        return "\n".join(parts), questions

    def note(self, number: int) -> str:
        """Return a short text of three or four sentences, as a small file holds."""
        rng = Random(f"{self._seed}:note:{number}")
        field = rng.choice(FIELDS)
        return " ".join(_sentence(rng, field)[0] for _ in range(rng.randint(3, 4))) + "\n"


def collection(folder: Path, chunks: int, *, docs: Path | None = None, seed: int = 1) -> Collection:
    """Fill a folder with about so many chunks' worth of documents: generated ones, or copies of those in `docs`.

    The user's own come in order of their names until there is enough; they aren't repeated.
    """
    wanted = chunks * _A_CHUNK
    made = _own(docs, folder) if docs else _generated(folder, wanted, seed)
    files, characters, questions = 0, 0, []
    for size, asked in made:
        files, characters = files + 1, characters + size
        questions += asked
        if characters >= wanted:
            break
    return Collection(folder, files, characters, tuple(Random(seed).sample(questions, min(200, len(questions)))))


def small_files(folder: Path, count: int, seed: int = 1) -> int:
    """Fill a folder with so many small files, a hundred a folder; return their characters."""
    writer, characters = Writer(seed), 0
    for number in range(count):
        path = folder / f"{number // 100:03}" / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = writer.note(number)
        path.write_bytes(text.encode("utf-8"))
        characters += len(text)
    return characters


def _generated(folder: Path, wanted: int, seed: int) -> Iterator[tuple[int, list[str]]]:
    writer = Writer(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1 + wanted // 1000):
        text, questions = writer.document(number, min(_A_DOCUMENT, wanted))
        (folder / f"{number:05}.md").write_bytes(text.encode("utf-8"))
        yield len(text), questions


def _own(docs: Path, folder: Path) -> Iterator[tuple[int, list[str]]]:
    rng = Random(1)
    for path in sorted(path for path in docs.rglob("*") if path.is_file()):
        target = folder / path.relative_to(docs)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        text = path.read_text(encoding="utf-8", errors="replace")
        sentences = [s for s in re.split(r"(?<=[.!?])\s+", text) if 40 < len(s) < 300]
        words = [_WORD.findall(sentence) for sentence in rng.sample(sentences, min(5, len(sentences)))]
        yield len(text), [" ".join(rng.sample(found, min(8, len(found)))) + "?" for found in words if found]


def _sentence(rng: Random, field: Field) -> tuple[str, str]:
    """Return a sentence, and a question it answers, or "" where it makes none."""
    thing, other = rng.sample(field.things, 2)
    deed, kind = rng.choice(field.deeds), rng.choice(field.kinds)
    place, year, number = _place(rng), rng.randint(1780, 2024), rng.choice((rng.randint(2, 99), rng.randint(100, 9999)))
    ending = rng.choice(ENDINGS)
    form = rng.randrange(7)
    if form == 0:
        return (
            f"In {year} the {rng.choice(ROLES)} {_person(rng)} {deed} the {kind} {thing} of {place}, {ending}.",
            f"Who {deed} the {thing} of {place}?",
        )
    if form == 1:
        return (
            f"The {thing} at {place} was {rng.choice(ADVERBS)} {deed} in {year} {rng.choice(CAUSES)}.",
            f"When was the {thing} at {place} {deed}?",
        )
    if form == 2:
        return (
            f"About {number:,} people in {place} depended on the {thing}, {ending}.",
            f"How many people depended on the {thing} in {place}?",
        )
    if form == 3:
        return f"A {kind} {thing} was planned beside the {other}, {ending}.", ""
    if form == 4:
        return (
            f"It cost {number:,} pounds more than the {other} that {_person(rng)} had {deed} near {place} in {year}.",
            "",
        )
    if form == 5:
        return f"Neither the {thing} nor the {kind} {other} could be {deed} {rng.choice(CAUSES)}.", ""
    return (
        f"According to {_person(rng)}, the {kind} {thing} lay {number:,} metres from {place}, {ending}.",
        f"How far from {place} was the {thing}?",
    )


def _place(rng: Random) -> str:
    return "".join(rng.choice(part) for part in SYLLABLES).capitalize()


def _person(rng: Random) -> str:
    return f"{rng.choice(GIVEN)} {_place(rng)}"
