"""Sums documents up in their own sentences: the most central ones, spread over the sections; nothing is written.

Central is what is near the mean of all a document's sentences, by the vectors the index keeps. Index and sources in,
a text and the sentences to quote out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.chat.evidence import Spot, spot_around
from qa.index import Index
from qa.types import Section, Span, is_row

_FEWEST, _MOST = 6, 18  # sentences of one document
_DOCUMENTS = 8  # of a collection, that are quoted
_SEEN = 40  # documents named
_SAMPLE = 400  # chunks looked at of one document
_APART = 0.85  # similarity from which two sentences say the same
_LENGTH = (40, 420)  # characters of a sentence that stands for others
_WORDS = 7
_OPENING = 0.08  # what being the first sentence of its section adds
_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*$")
_BOILERPLATE = re.compile(
    r"skip (?:to|global|breadcrumb)|cookie|javascript|all rights reserved|copyright|©|subscribe|newsletter|click (?:here|on)|read more|learn more|sign (?:in|up)|log ?in\b|"
    r"official website|share (?:this|sensitive)|https?://|www\.|\.gov\b|table of contents|image is property|discover more from|leave a (?:comment|reply)|"
    r"follow us|feedback|privacy policy|terms of (?:use|service)|powered by|back to top|previous post|next post|please (?:visit|see|check)|is available on the|listed at the end|"
    r"\bthis (?:article|page|site|website|document|section)\b.*\b(?:about|helps|explains|describes)|by understanding this|it.s important to learn",
    re.IGNORECASE,
)
_WHOLE_LINE = re.compile(
    r"^(?:[-•*·] ?|\d+[.)] )?[A-ZÁÉÍÓÚÑ\d“\"](?:\S* ){2,}\S"
)  # a line of a list that says something by itself
_OPENS_ELSEWHERE = re.compile(
    r"^(?:these|those|this|that|it|he|she|they|however|moreover|but|and|also|in addition|as a result|such|among (?:them|these))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Overview:
    """What to say, line by line, and the sentences that are quoted, in the text's order."""

    lead: str
    spots: tuple[Spot, ...]


@dataclass(frozen=True, slots=True)
class _Sentence:
    span: Span
    text: str
    group: str
    centrality: float
    row: NDArray[np.float32]


def of_document(index: Index, source: str) -> Overview:
    """Sum one document up: a sentence a section of the highest level at least, in the text's order."""
    sections = index.record_of(source).sections
    groups = _groups(sections)
    sentences = _sentences(index, source, groups)
    chosen: list[_Sentence] = []
    for group in dict.fromkeys(groups.values()):
        best = max(
            (s for s in sentences if s.group == group), key=lambda s: (s.centrality, -s.span.start), default=None
        )
        if best is not None:
            chosen.append(best)
    chosen = sorted(chosen, key=lambda s: -s.centrality)[:_MOST]
    for sentence in sorted(sentences, key=lambda s: (-s.centrality, s.span.start)):
        if len(chosen) >= _FEWEST:
            break
        if all(float(sentence.row @ other.row) < _APART for other in chosen):
            chosen.append(sentence)
    record = index.record_of(source)
    topics = _topics(groups)
    lead = f"{record.title} ({source})" if record.title and record.title not in source else source
    if len(topics) > 1:
        lead += f"\nSections: {'; '.join(topics[:_SEEN])}{f' and {len(topics) - _SEEN} more' if len(topics) > _SEEN else ''}."
    return Overview(lead, tuple(_spot(source, s) for s in sorted(chosen, key=lambda s: s.span)))


def _topics(groups: dict[tuple[str, ...], str]) -> list[str]:
    return [group for group in dict.fromkeys(groups.values()) if group and not _BOILERPLATE.search(group)]


def of_collection(index: Index) -> Overview:
    """Sum all documents up: how many, their titles, and of up to eight the most central sentence."""
    sources = index.sources
    step = max(1, -(-len(sources) // _DOCUMENTS))
    shown = sources[::step]
    each = 1 if len(shown) > 3 else 2
    spots: list[Spot] = []
    kept: list[_Sentence] = []
    for source in shown:
        sentences = _sentences(index, source, _groups(index.record_of(source).sections))
        fresh = [s for s in sentences if all(float(s.row @ other.row) < _APART for other in kept)]
        best = sorted(fresh or sentences, key=lambda s: (-s.centrality, s.span.start))[:each]
        kept += best
        spots += [_spot(source, s) for s in sorted(best, key=lambda s: s.span)]
    covered = []
    for source in shown:
        topics = _topics(_groups(index.record_of(source).sections))
        if len(topics) > 1:
            covered.append(
                f"{source} covers: {'; '.join(topics[:_DOCUMENTS])}{'; …' if len(topics) > _DOCUMENTS else '.'}"
            )
    return Overview("\n".join([listing(index), *covered]), tuple(spots))


def listing(index: Index) -> str:
    """Return the documents with their titles, and what could not be read."""
    sources = index.sources
    lines = [f"{len(sources):,} {'document' if len(sources) == 1 else 'documents'}:"]
    for source in sources[:_SEEN]:
        title = index.title(source)
        lines.append(f"• {source}" + (f": {title}" if title and title not in source else ""))
    if len(sources) > _SEEN:
        lines.append(f"• and {len(sources) - _SEEN:,} more (qa status names all)")
    if index.unread:
        lines.append(f"{index.unread:,} of {index.lines:,} files could not be read (qa status says why).")
    return "\n".join(lines)


def _groups(sections: Sequence[Section]) -> dict[tuple[str, ...], str]:
    """Return for each heading path its part of the document: the first level at which paths differ."""
    paths = list(dict.fromkeys(section.heading for section in sections))
    deep = [path for path in paths if path]
    depth = 0
    while deep and len({path[: depth + 1] for path in deep}) == 1 and any(len(path) > depth + 1 for path in deep):
        depth += 1
    return {path: path[depth] if len(path) > depth else "" for path in paths}


def _sentences(index: Index, source: str, groups: dict[tuple[str, ...], str]) -> list[_Sentence]:
    """Return the sentences that may stand for others, each with how near it is to all that the document says."""
    rows = index.rows_of(source)
    met: dict[Span, tuple[str, str, NDArray[np.float32]]] = {}
    for row in rows[:: max(1, -(-len(rows) // _SAMPLE))]:
        chunk = index.chunk(row)
        for sentence, vector in zip(chunk.sentences, index.sentence_rows(row), strict=True):
            text = chunk.text[sentence.start - chunk.span.start : sentence.end - chunk.span.start]
            met.setdefault(sentence, (text, groups.get(chunk.section.heading, ""), vector))
    if not met:
        return []
    prose = [(span, *rest) for span, rest in met.items() if _is_prose(rest[0])]
    # where a document is all lists and tables, its longest lines have to do
    usable = prose or [
        (span, *rest) for span, rest in met.items() if len(rest[0].split()) > 3 and not _BOILERPLATE.search(rest[0])
    ]
    usable = usable or [(span, *rest) for span, rest in met.items()]
    missing = set(groups.values()) - {group for _, _, group, _ in usable}
    usable += [
        (span, *rest)
        for span, rest in met.items()
        if rest[1] in missing
        and _WHOLE_LINE.match(rest[0])
        and not is_row(rest[0])
        and not _BOILERPLATE.search(rest[0])
    ]
    matrix = np.stack([vector for *_, vector in usable])
    centre = matrix.mean(axis=0)
    near = matrix @ (centre / max(float(np.linalg.norm(centre)), 1e-9))
    firsts: set[str] = set()
    found = []
    for (span, text, group, vector), score in zip(usable, near.tolist(), strict=True):
        opening = group not in firsts
        firsts.add(group)
        bonus = (
            _OPENING * opening - (0.15 if _OPENS_ELSEWHERE.match(text) else 0.0) - (0.3 if not _is_prose(text) else 0.0)
        )
        found.append(_Sentence(span, text, group, score + bonus, vector))
    return found


def _is_prose(text: str) -> bool:
    return (
        _LENGTH[0] <= len(text) <= _LENGTH[1]
        and len(text.split()) >= _WORDS
        and bool(_SENTENCE.search(text))
        and not is_row(text)
        and not text.lstrip().startswith(("-", "•", "*", "|", "#"))
        and not _BOILERPLATE.search(text)
    )


def _spot(source: str, sentence: _Sentence) -> Spot:
    return Spot(source, sentence.span, None, min(1.0, max(0.0, sentence.centrality)))


def written(index: Index, sources: Sequence[str]) -> Overview:
    """Say when and by whom documents were written, as far as the files or their own words say so."""
    lines, spots = [], []
    for source in sources[:_SEEN]:
        record = index.record_of(source)
        said = ", ".join(part for part in (record.date, f"by {record.author}" if record.author else "") if part)
        if said:
            lines.append(f"• {source}: {said} (by the file's own record)")
        spots += list(itertools.islice(_dated(index, source), 2))
    return Overview("\n".join(lines), tuple(spots))


_DATED = re.compile(
    r"\b(?:(?:last )?(?:updated|revised|modified|reviewed|amended)|published|posted|written|issued|effective(?: date)?|dated?|publicado|actualizado|fecha)\b(?: (?:on|in|at|of|date|as of|el|en))?\s*:?\s*"
    r"(?:\d{1,2}[ /.-](?:\d{1,2}|[A-Za-z]{3,10})[ /.,-]+\d{4}|[A-Z][a-z]{2,9}\.? \d{1,2},? \d{4}|[A-Z][a-z]{2,9} \d{4}|\d{4}-\d\d-\d\d)",
    re.IGNORECASE,
)


def _dated(index: Index, source: str) -> list[Spot]:
    """Return the lines at a text's beginning and end that say when it was written."""
    text = index.document(source).text
    places = [m for m in _DATED.finditer(text) if m.start() < 3_000 or m.start() > len(text) - 1_500]
    found = (spot_around(index, source, Span(*m.span())) for m in places[:2])
    return [spot for spot in found if spot is not None and len(spot.quote) < 220]
