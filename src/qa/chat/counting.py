"""Counts and lists: every text is looked through, never the best few, and it is said how many were.

Index and what to look for in, a `Report` out.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from qa.chat.evidence import Spot, spot_around
from qa.chat.scan import find_in_each
from qa.chat.values import find_values
from qa.chat.wordforms import Term, term_of
from qa.index import Index
from qa.types import DocumentOccurrences, Occurrences, Span

_QUOTES = 10
_NAMED = 20  # documents, or values, named in the text
_OR = re.compile(r"\s+(?:or|and/or|o|u)\s+", re.IGNORECASE)
_BOTH = re.compile(r"^both\s+(.+?)\s+and\s+(.+)$|^tanto\s+(.+?)\s+como\s+(.+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Report:
    """What was found: its words, every place, and the sentences to show; `found` counts the forms met."""

    text: str
    occurrences: Occurrences
    spots: tuple[Spot, ...]


def count(index: Index, words: str, among: Collection[str] | None, *, documents: bool) -> Report | None:
    """Count words in all documents, or in those named; None where there is nothing to look for.

    `documents` says that the documents are asked for, not the places.
    """
    terms, all_of_them = _terms(words)
    if not terms:
        return None
    found: list[DocumentOccurrences] = []
    scanned = 0
    forms: Counter[str] = Counter()
    for keys, texts in _texts(index, among):
        scanned += len(texts)
        each = [find_in_each(term, texts) for term in terms]
        for key, data, *some in zip(keys, texts, *each, strict=True):
            if not any(len(p) for p in some) or (all_of_them and not all(len(p) for p in some)):
                continue
            text = data.decode()
            spans = _joined([Span(start, end) for places in some for start, end in places.tolist()])
            forms.update(" ".join(span.of(text).split()).casefold() for span in spans)
            found.append(DocumentOccurrences(_source(index, key), tuple(spans)))
    occurrences = Occurrences(
        tuple(sorted(found, key=lambda one: (-len(one.spans), one.source))), scanned, index.unread
    )
    label = (
        " and ".join(f"“{term.label}”" for term in terms)
        if all_of_them
        else " or ".join(f"“{term.label}”" for term in terms)
    )
    return Report(_counted(label, occurrences, forms, documents=documents), occurrences, _spots(index, occurrences))


def collect(index: Index, kind: str, among: Collection[str] | None) -> Report:
    """List the values of a kind ("dates", "people") that stand in the documents, each with how often."""
    found: list[DocumentOccurrences] = []
    values: Counter[str] = Counter()
    named: dict[str, str] = {}
    scanned = 0
    for keys, texts in _texts(index, among):
        scanned += len(texts)
        for key, data in zip(keys, texts, strict=True):
            text = data.decode()
            spans = tuple(find_values(kind, text))
            for span in spans:
                value = " ".join(span.of(text).split())
                values[named.setdefault(value.casefold(), value)] += 1
            if spans:
                found.append(DocumentOccurrences(_source(index, key), spans))
    occurrences = Occurrences(
        tuple(sorted(found, key=lambda one: (-len(one.spans), one.source))), scanned, index.unread
    )
    if not values:
        text = f"No {kind} were found."
    else:
        ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
        shown = ", ".join(f"{value} ({times})" if times > 1 else value for value, times in ranked[: 2 * _NAMED])
        more = f" and {len(ranked) - 2 * _NAMED:,} more" if len(ranked) > 2 * _NAMED else ""
        text = (
            f"{len(values):,} {_of_kind(kind, len(values))} at {occurrences.total:,} {_plural('place', occurrences.total)} in "
            f"{_of_documents(occurrences)}: {shown}{more}."
        )
    return Report(f"{text}\n{completeness(occurrences)}", occurrences, _spots(index, occurrences))


def _of_kind(kind: str, number: int) -> str:
    one = {"people": "person", "email addresses": "email address"}.get(kind, kind.removesuffix("s"))
    return one if number == 1 else f"different {kind}"


def completeness(occurrences: Occurrences) -> str:
    """Say how much was looked through."""
    scanned = "The one document was" if occurrences.scanned == 1 else f"All {occurrences.scanned:,} documents were"
    unread = (
        f"; {occurrences.unread:,} {_plural('file', occurrences.unread)} could not be read"
        if occurrences.unread
        else ""
    )
    return f"{scanned} looked through{unread}."


def _texts(index: Index, among: Collection[str] | None) -> Iterator[tuple[Sequence[str | int], list[bytes]]]:
    """Yield texts, some together, under their sources or, where all are wanted, their numbers: few need a name."""
    if among is not None:
        yield from (([source], [index.document(source).text.encode()]) for source in sorted(among))
        return
    for first, ends, block in index.texts():
        texts = [block[low:high] for low, high in itertools.pairwise([0, *ends])]
        yield range(first, first + len(texts)), texts


def _source(index: Index, key: str | int) -> str:
    return key if isinstance(key, str) else index.source_of(key)


def _terms(words: str) -> tuple[list[Term], bool]:
    """Return what to look for, and whether a document must hold all of it."""
    both = _BOTH.match(words.strip())
    parts = [part for part in both.groups() if part] if both else _OR.split(words)
    terms = [term for part in parts if (term := term_of(part)) is not None]
    return terms, bool(both)


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Return spans in order, those that overlap an earlier one left out: each place counts once."""
    kept: list[Span] = []
    for span in sorted(spans):
        if not kept or not kept[-1].overlaps(span):
            kept.append(span)
    return kept


def _counted(label: str, found: Occurrences, forms: Counter[str], *, documents: bool) -> str:
    if not found.total:
        return f"{label}: 0 times, in none of the {found.scanned:,} {_plural('document', found.scanned)}.\n{completeness(found)}"
    times = f"{found.total:,} {_plural('time', found.total)}"
    where = ", ".join(f"{one.source} ({len(one.spans):,})" for one in found.documents[:_NAMED])
    more = f" and {len(found.documents) - _NAMED:,} more" if len(found.documents) > _NAMED else ""
    if documents:
        few = len(found.documents)
        text = f"{few:,} of {found.scanned:,} {_plural('document', found.scanned)} {'mentions' if few == 1 else 'mention'} {label}, {times}: {where}{more}."
    else:
        text = f"{label}: {times}, in {_of_documents(found)}: {where}{more}."
    if len(forms) > 1:
        text += "\nCounted: " + ", ".join(f"“{form}” {times:,}" for form, times in forms.most_common(_NAMED)) + "."
    return f"{text}\n{completeness(found)}"


def _of_documents(found: Occurrences) -> str:
    return f"{len(found.documents):,} of {found.scanned:,} {_plural('document', found.scanned)}"


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"


def _spots(index: Index, occurrences: Occurrences) -> tuple[Spot, ...]:
    """Return sentences to show: the first place of each document, then more of those that have most."""
    chosen: list[Spot] = []
    depth = 0
    while len(chosen) < _QUOTES and depth < _QUOTES:
        some = [document for document in occurrences.documents if len(document.spans) > depth]
        for document in some[: _QUOTES - len(chosen)]:
            spot = spot_around(index, document.source, document.spans[depth])
            if spot is not None and not any(
                spot.source == one.source and spot.quote.overlaps(one.quote) for one in chosen
            ):
                chosen.append(spot)
        if not some:
            break
        depth += 1
    return tuple(chosen)
