"""Reads evaluation sets from a folder outside the project: documents, questions, what counts as right.

Layout: `eval/<set>/corpus*.jsonl[.gz]` {id, title, text}, `queries*.jsonl` {id, text, answers?, answerable?,
evidence?}, `qrels.tsv`; for us-mexico the texts in `corpus/` and `gold.jsonl`. Nothing is copied into the
project: the documents are written to a work folder, one file each, and indexed as anyone's would be.
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAMES = ("us-mexico", "squad2", "xquad", "xquad-es-en", "scifact", "clapnq")


@dataclass(frozen=True, slots=True)
class Question:
    """One question with what is right: `relevant` maps document ids to grades, `raw` is the set's own row."""

    id: str
    text: str
    kind: str
    answerable: bool
    relevant: dict[str, int]
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EvalSet:
    """Documents by file name and questions; `graded` where judgements are by document (SciFact)."""

    name: str
    documents: dict[str, str]
    questions: tuple[Question, ...]
    graded: bool = False

    def write(self, folder: Path) -> Path:
        """Write the documents as files, unless they stand there already."""
        docs = folder / self.name / "docs"
        docs.mkdir(parents=True, exist_ok=True)
        for name, text in self.documents.items():
            path = docs / name
            data = text.encode("utf-8")
            if not path.exists() or path.stat().st_size != len(data):
                path.write_bytes(data)
        return docs


def load_set(data: Path, name: str) -> EvalSet:
    """Read one set; raise FileNotFoundError where the folder lacks it."""
    if name == "us-mexico":
        return _load_us_mexico(data)
    folder = data / "eval" / name.removesuffix("-es-en")
    corpus = "corpus.en.jsonl" if name.startswith("xquad") else "corpus.jsonl"
    queries = {"xquad": "queries.en.jsonl", "xquad-es-en": "queries.es-en.jsonl"}.get(name, "queries.jsonl")
    documents = {}
    for row in _rows(folder / corpus):
        # SciFact's judgements are by document, so its titles may stand in front; spans elsewhere are by offset
        text = f"{row['title']}\n\n{row['text']}" if name == "scifact" else row["text"]
        documents[f"{row['id']}.txt"] = text
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, document, grade = line.split("\t")
        relevant[question][document] = int(grade)
    questions = tuple(
        Question(
            row["id"],
            row["text"],
            row.get("type") or ("answerable" if row.get("answerable", True) else "unanswerable"),
            row.get("answerable", True),
            relevant.get(row["id"], {}),
            row,
        )
        for row in _rows(folder / queries)
    )
    return EvalSet(name, documents, questions, graded=name == "scifact")


def _load_us_mexico(data: Path) -> EvalSet:
    documents = {
        path.name: path.read_bytes().decode("utf-8") for path in sorted((data / "corpus").iterdir()) if path.is_file()
    }
    questions = []
    for row in _rows(data / "eval" / "us-mexico" / "gold.jsonl"):
        relevant = {evidence["doc"]: 1 for evidence in row["evidence"]}
        questions.append(Question(row["id"], row["question"], row["type"], row["answerable"], relevant, row))
    return EvalSet("us-mexico", documents, tuple(questions))


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    packed = path.with_name(path.name + ".gz")
    data = gzip.decompress(packed.read_bytes()) if packed.exists() else path.read_bytes()
    for line in data.decode("utf-8").split("\n"):
        if line.strip():
            yield json.loads(line)
