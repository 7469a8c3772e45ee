"""Answers as the public interface gives them, and where a passage stands in words: pure, plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qa.types import Answer, Citation, Hidden, Occurrences, Passage, Span

_KINDS = {"page": "p. ", "cell": "", "chapter": "", "time": "at ", "comment": "comment by "}  # others: their own name
_ALONE = {"notes", "header", "footer"}  # their labels say nothing that a reader doesn't see


def to_json(answer: Answer, timings_ms: dict[str, float] | None = None, id: object = None) -> dict[str, Any]:  # noqa: A002
    """Return the answer as the public interface defines it; offsets count characters of the canonical text."""
    return {
        "id": id,
        "question": answer.question,
        "searched": answer.searched,
        "kind": answer.kind.value,
        "verdict": answer.verdict.value,
        "confidence": round(answer.confidence, 4),
        "answer": answer.text,
        "generated": [{"start": one.start, "end": one.end} for one in answer.generated],
        "yes_no": answer.yes_no or None,
        "citations": [_citation_json(citation) for citation in answer.citations],
        "occurrences": _occurrences_json(answer.occurrences) if answer.occurrences else None,
        "values": [{"value": one.text, "as_of": one.as_of, "citations": list(one.numbers)} for one in answer.values],
        "passages": [_passage_json(passage) for passage in answer.passages],
        "notices": list(answer.notices),
        "timings_ms": {name: round(value, 2) for name, value in (timings_ms or {}).items()},
    }


def place(passage: Passage, span: Span | None = None) -> str:
    """Return where a passage, or a `span` of it, stands, as a person would look for it: source, page, heading path."""
    inside = where(passage, span or passage.span)
    return " · ".join(part for part in (passage.source, inside, " › ".join(passage.section.heading)) if part)


def where(passage: Passage, span: Span) -> str:
    """Return the places of a span in its file: "p. iv", "slide 3", "sheet Budget, B7–D7"; "" where it has none."""
    labels: dict[str, list[str]] = {}
    for found in passage.places:
        if found.span.overlaps(span):
            labels.setdefault(found.kind, []).append(found.label)
    if "cell" in labels:
        labels.pop("row", None)
    return ", ".join(_named(kind, names) for kind, names in labels.items())


def _named(kind: str, labels: Sequence[str]) -> str:
    if kind in _ALONE or not labels[0]:
        return kind
    named = _KINDS.get(kind, f"{kind} ")
    if not named and labels[0].isdecimal():
        named = f"{kind} "  # a bare number doesn't say what it counts
    if len(labels) == 1:
        return f"{named}{labels[0]}"
    return f"{'lines ' if kind == 'line' else named}{labels[0]}–{labels[-1]}"


def page_of(passage: Passage, span: Span) -> str | None:
    """Return the label of the page a span begins on; None where the format has no pages."""
    pages = (found.label for found in passage.places if found.kind == "page" and found.span.overlaps(span))
    return next(pages, None)


def _citation_json(citation: Citation) -> dict[str, Any]:
    section = citation.passage.section
    return {
        "n": citation.passage.number,
        "source": citation.passage.source,
        "digest": citation.digest,
        "page": page_of(citation.passage, citation.quote),
        "place": where(citation.passage, citation.quote),
        "heading": " › ".join(section.heading),
        "start": citation.quote.start,
        "end": citation.quote.end,
        "quote": citation.text,
        "focus": {"start": citation.focus.start, "end": citation.focus.end} if citation.focus else None,
        "hidden": _hidden_json(citation.hidden),
    }


def _passage_json(passage: Passage) -> dict[str, Any]:
    parts, reading = passage.hits[0].parts, passage.hits[0].reading
    section = passage.section
    return {
        "n": passage.number,
        "source": passage.source,
        "page": page_of(passage, passage.span),
        "place": where(passage, passage.span),
        "heading": " › ".join(section.heading),
        "start": passage.span.start,
        "end": passage.span.end,
        "text": passage.text,
        "score": round(passage.score, 6),
        "parts": {
            "dense": round(parts.dense, 6),
            "sentence": round(parts.sentence, 6),
            "keyword": round(parts.keyword, 6),
            "coverage": round(parts.coverage, 6),
            **({"reader": round(reading.probability, 6)} if reading else {}),
        },
        "highlights": [{"start": h.start, "end": h.end} for h in passage.highlights],
        "hidden": _hidden_json(passage.hidden),
        "also_in": [
            {"source": h.chunk.source, "start": h.chunk.span.start, "end": h.chunk.span.end} for h in passage.support
        ],
    }


def _occurrences_json(found: Occurrences) -> dict[str, Any]:
    return {
        "total": found.total,
        "documents": [
            {"source": one.source, "count": len(one.spans), "spans": [[span.start, span.end] for span in one.spans]}
            for one in found.documents
        ],
        "scanned": found.scanned,
        "unread": found.unread,
    }


def _hidden_json(hidden: Sequence[Hidden]) -> list[dict[str, Any]]:
    return [{"start": one.span.start, "end": one.span.end, "why": one.why} for one in hidden]
