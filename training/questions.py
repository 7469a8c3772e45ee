"""Collections with questions whose right answers are known, for the answer model.

Owns which parts of which sets are used: only those that the reader was not trained on, and what is made by code.
Documents are made as people have them: a title, then the passages of one article.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from training import everyday
from training.data import held_out_groups, letters, read_set
from training.structured import list_pair, near_thing_pair, person_pair

SEED = 11
TRAINED_WITH = 7  # the seed that decided which articles the reader never saw


@dataclass(frozen=True, slots=True)
class Asked:
    """A question; `source` and [`start`, `end`) say where its passage stands, `answers` what its answer holds.

    An unanswerable one has no answers; it is `written` to mislead, or asks what is simply `absent`.
    """

    question: str
    source: str
    start: int
    end: int
    answers: tuple[str, ...]
    without: str = "written"


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents by file name, and questions to ask of them."""

    name: str
    documents: dict[str, str]
    questions: tuple[Asked, ...]


def collection(name: str, rows: Iterable[dict[str, Any]], *, titled: bool = True) -> Collection:
    """Put the passages of each group into one document, and keep where each stands."""
    by_group: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        by_group[str(row["group"])].append(row)
    documents, questions = {}, []
    for number, (group, members) in enumerate(sorted(by_group.items())):
        source = f"d{number:04d}.{'md' if titled else 'txt'}"
        text = f"# {group.replace('_', ' ')}\n\n" if titled else ""
        at: dict[str, int] = {}
        for row in members:
            if row["passage"] not in at:
                at[row["passage"]] = len(text)
                text += row["passage"] + "\n\n"
        documents[source] = text
        for row in members:
            start = at[row["passage"]]
            answers = tuple(answer["text"] for answer in row["answers"]) if row["answerable"] else ()
            questions.append(Asked(row["question"], source, start, start + len(row["passage"]), answers))
    return Collection(name, documents, tuple(questions))


def some(items: Iterable[Any], count: int, seed: int = SEED) -> list[Any]:
    """Draw a seeded sample in the order given."""
    known = list(items)
    chosen = np.random.default_rng(seed).permutation(len(known))[:count]
    return [known[at] for at in sorted(chosen.tolist())]


def limited(whole: Collection, count: int) -> Collection:
    """Keep all documents and a seeded sample of the questions."""
    return Collection(whole.name, whole.documents, tuple(some(whole.questions, count)))


def squad2(data: Path, half: int) -> Collection:
    """Return the first or second half (0, 1) of squad2's development articles."""
    folder = data / "eval" / "squad2"
    documents = {row["id"]: row for row in map(json.loads, (folder / "corpus.jsonl").read_text("utf-8").splitlines())}
    titles = sorted({row["title"] for row in documents.values()})
    rows = []
    for query in map(json.loads, (folder / "queries.jsonl").read_text("utf-8").splitlines()):
        about = query.get("about")
        name = (
            query["evidence"][0]["doc"] if query.get("evidence") else (about[0] if isinstance(about, list) else about)
        )
        document = documents[name]
        if titles.index(document["title"]) % 2 == half:
            answers = [{"text": one["quote"]} for one in query.get("evidence", ())]
            rows.append(
                {
                    "group": document["title"],
                    "question": query["text"],
                    "passage": document["text"],
                    "answers": answers,
                    "answerable": query["answerable"],
                }
            )
    return collection(f"squad2-{half}", rows)


_TOWN = tuple(
    f"{first}{last}"
    for first in "Ard Bork Cel Dun Esk Fal Gren Hol Ist Jarn Kel Lom Mor Nes Ost Pell Quen Ros Sel Tarn".split()
    for last in "en vik ley ham stad moor ow by".split()
)


def made(count: int) -> Collection:
    """Return near things, people and lists made by code, each of a town of its own that the question names."""
    rng = np.random.default_rng([SEED, 1])
    towns = rng.permutation(_TOWN)
    rows = []
    for number in range(min(count, len(towns))):
        item, town = (near_thing_pair, person_pair, list_pair)[number % 3](rng), str(towns[number])
        mark = "?" if item.question.endswith("?") else ""
        answers = [{"text": text} for text, _ in item.answers]
        rows.append(
            {
                "group": town,
                "question": f"{item.question.rstrip('?')} in {town}{mark}",
                "passage": item.passage,
                "answers": answers,
                "answerable": item.answerable,
            }
        )
    return collection("made", rows)


def everyday_collections() -> list[Collection]:
    """Return the written documents the reader never saw, a collection for each file of them."""
    found = []
    for path in sorted(everyday.FOLDER.glob("*.jsonl")):
        rows = [
            {
                "group": document.title,
                "question": question,
                "passage": passage.text,
                "answers": [{"text": answer}] if answer is not None else [],
                "answerable": answer is not None,
            }
            for document in everyday.read_file(path)[1]
            for passage in document.passages
            for question, answer in passage.questions
        ]
        whole = collection(f"everyday{path.stem}", rows)
        absent = tuple(replace(one, without="absent") for one in whole.questions)
        found.append(replace(whole, questions=absent))
    return found


def tables(train: Path) -> Collection:
    """Return wikitables' look-ups, a table a document; those without the row are unanswerable."""
    rows = [
        json.loads(line)
        for line in gzip.decompress((train / "wikitables" / "train.jsonl.gz").read_bytes()).decode().splitlines()
    ]
    for row in rows:
        row["group"] = row["id"]
    return collection("wikitables", rows, titled=False)


def collections(data: Path, train: Path) -> list[Collection]:
    """Return every collection the answer model is fitted or checked on."""
    squad = read_set(train, "squad")
    out = held_out_groups(squad, TRAINED_WITH)
    held_out = [row for row in squad if row["group"] in out]
    natural = read_set(train, "nq_short")
    unseen = [row for row in natural if row["split"] != "train"]
    # the documents of some trained-on rows stand beside, so that there is something to confuse
    beside = [{**row, "question": ""} for row in some([row for row in natural if row["split"] == "train"], 1500)]
    nq = collection("nq", [*unseen, *beside])
    nq = Collection(nq.name, nq.documents, tuple(one for one in nq.questions if one.question))
    return [
        *everyday_collections(),
        made(160),
        limited(tables(train), 300),
        limited(squad2(data, 0), 200),
        limited(collection("tatqa", read_set(train, "tatqa")), 180),
        limited(nq, 300),
        limited(collection("squad", held_out), 150),
        limited(collection("covidqa", read_set(train, "covidqa")), 200),
        limited(squad2(data, 1), 150),
        limited(collection("selqa", read_set(train, "selqa")), 60),
    ]


def is_right(asked: Asked, source: str, start: int, end: int, text: str) -> bool | None:
    """Tell whether a sentence answers; None where it holds the answer's words elsewhere, which may be chance."""
    held = f" {letters(text)} "
    for answer in asked.answers:
        wanted = letters(answer)
        inside = f" {wanted} " in held or (len(wanted) > 60 and _overlap(wanted, held) > 0.5)
        if inside and wanted:
            return True if source == asked.source and asked.start <= start and end <= asked.end + 2 else None
    return False


def _overlap(wanted: str, held: str) -> float:
    """Return what share of a long answer's words a sentence holds, or of its own words if it is the shorter."""
    left, right = set(wanted.split()), set(held.split())
    return len(left & right) / max(1, min(len(left), len(right)))
