"""What an index holds, how large it is and what it was made with: facts for a person or a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from qa.answer.verdict import ErrorRates
from qa.index import Fingerprint
from qa.types import LedgerEntry

_LIBRARIES = ("sentence-transformers", "faiss-cpu", "onnxruntime", "numpy", "gradio")


@dataclass(frozen=True, slots=True)
class Status:
    """What an index holds, how large it is, and what it was made with."""

    folder: Path
    roots: tuple[str, ...]
    ledger: tuple[LedgerEntry, ...]
    chunks: int
    size: int
    fingerprint: Fingerprint
    rates: dict[str, ErrorRates]
    search: Mapping[str, Any] = field(default_factory=dict)
    runtime: str = ""

    def summary(self) -> list[tuple[str, str]]:
        """Return the facts beside the ledger as (name, value), in order."""
        from importlib.metadata import version

        made = self.fingerprint
        return [
            ("index", f"{self.folder} ({self.size / 1e6:.1f} MB)"),
            ("collection", ", ".join(self.roots)),
            ("model", made.embedder),
            *([("runtime", f"{self.runtime}, when it was built")] if self.runtime else []),
            (
                "chunks",
                f"{self.chunks:,} of about {made.chunk_size} characters, overlap {made.chunk_overlap}",
            ),
            *([("search", _said(self.search))] if self.search else []),
            ("language", made.language),
            ("verdict", self._verdicts()),
            ("schema", str(made.schema)),
            ("quoth", version("quoth")),
            ("libraries", ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)),
        ]

    def _verdicts(self) -> str:
        if not self.rates:
            return "not calibrated on this collection: too little in it to make questions from"
        said = [
            f"{lean}: {rates.right:.0%} of the answers right, {rates.present_refused:.0%} refused that could be "
            f"answered, {rates.absent_answered:.0%} answered that could not, {rates.foreign_answered:.0%} answered "
            "on other matters"
            for lean, rates in self.rates.items()
        ]
        count = next(iter(self.rates.values())).questions
        return f"tried on {count} questions made from the collection: {'; '.join(said)}"

    def to_json(self) -> dict[str, object]:
        """Return the same facts for `--json`."""
        return {
            "index": str(self.folder),
            "bytes": self.size,
            "roots": list(self.roots),
            "documents": sum(entry.is_searched and entry.chunks > 0 for entry in self.ledger),
            "chunks": self.chunks,
            "fingerprint": asdict(self.fingerprint),
            "runtime": self.runtime,
            "search": dict(self.search),
            "error_rates": {lean: asdict(rates) for lean, rates in self.rates.items()},
            "versions": dict(self.summary()[-2:]),
            "files": [entry.facts() for entry in self.ledger],
        }


def _said(search: Mapping[str, Any]) -> str:
    """Put in words how chunks are searched."""
    beside = f", {search['beside']:,} of them beside it" if search.get("beside") else ""
    if search["kind"] not in ("flat", "lists"):
        return f"{search['kind']}, {search['rows']:,} rows{beside}"
    if search["kind"] == "flat":
        return f"FAISS, each of {search['rows']:,} rows is looked at: exact{beside}"
    return (
        f"FAISS, {search['probes']:,} of {search['lists']:,} lists are looked into, which finds {search['recall']:.1%} "
        f"of the ten nearest of {search['rows']:,} rows ({search['bytes'] / 1e6:.0f} MB{beside})"
    )
