"""Wires the kinds of reply that aren't one search: talk, counts, overviews, comparisons.

A question and its route in, an `Answer` out; None where it turns out to be a question for a passage after all.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from qa.chat import counting, overview, social
from qa.chat.comparison import Side, cell_of, computed, sides_of
from qa.chat.documents import documents_named
from qa.chat.evidence import passages_of, renumbered
from qa.chat.phrasing import fold
from qa.chat.router import Route, Wanted
from qa.cite import cite
from qa.index import Index
from qa.types import Answer, Citation, Draft, FreeText, Kind, Occurrences, Passage, Quote, Span, Turn, Verdict, is_row

_TRIED, _SUGGESTED = 6, 3  # questions tried to find some that are answered
_EACH = 3  # passages a side
_SOURCES = 8  # asked each for itself
_OTHERWISE = "Look it up instead: put “search:” in front of the question."

LookUp = Callable[[str], Answer]
"""A question in, its answer from passages out."""


class Replies:
    """Makes replies over one index; `look_up` asks a question, `by_source` asks each of some documents."""

    def __init__(self, index: Index, look_up: LookUp, by_source: Callable[[str, int], list[Answer]]) -> None:
        self._index = index
        self._look_up = look_up
        self._by_source = by_source
        self.named = functools.lru_cache(maxsize=256)(functools.partial(documents_named, index))

    def reply(self, route: Route, question: str, turns: Sequence[Turn]) -> Answer | None:
        """Return the reply a route asks for."""
        if route.kind is Kind.SOCIAL and route.talk is not None:
            asked = () if route.talk is social.Talk.FAREWELL else self._suggestions
            text = social.reply(route.talk, question, asked)
            return Answer(question, question, text, (), (), Verdict.NOT_FOUND, 0.0, kind=Kind.SOCIAL)
        if route.kind is Kind.COUNT:
            return self._count(route, question)
        if route.kind is Kind.OVERVIEW:
            return self._overview(route, question)
        if route.wanted is Wanted.BY_SOURCE:
            return self._of_each(route.topic, question)
        before = turns[-1].question if turns else ""
        return self._compare(question, before)

    def _count(self, route: Route, question: str) -> Answer | None:
        among = self.named(route.where) if route.where else None
        if route.wanted is Wanted.VALUES:
            report: counting.Report | None = counting.collect(self._index, route.topic, among)
        else:
            report = counting.count(self._index, route.topic, among, documents=route.wanted is Wanted.DOCUMENTS_WITH)
        if report is None:
            return None
        passages, quotes = passages_of(self._index, report.spots)
        return self._said(Kind.COUNT, question, report.text, passages, quotes, 1.0, occurrences=report.occurrences)

    def _overview(self, route: Route, question: str) -> Answer | None:
        index = self._index
        sources = self.named(route.topic) if route.topic else index.sources
        if route.wanted is Wanted.PEOPLE:
            report = counting.collect(index, "people", self.named(route.topic) if route.topic else None)
            passages, quotes = passages_of(index, report.spots)
            return self._said(
                Kind.OVERVIEW, question, report.text, passages, quotes, 1.0, occurrences=report.occurrences
            )
        if route.wanted is Wanted.DOCUMENTS or not sources:
            return self._said(Kind.OVERVIEW, question, overview.listing(index), [], [], 1.0)
        if route.wanted is Wanted.WRITTEN:
            made = [overview.written(index, sources)]
            if not made[0].lead and not made[0].spots and route.topic:
                return None  # its text may say so where this didn't look
            if not made[0].lead and not made[0].spots:
                text = "Neither the files nor their words say when or by whom they were written."
                return self._said(Kind.OVERVIEW, question, text, [], [], 0.0, Verdict.NOT_FOUND)
        elif route.topic and sources != index.sources:
            made = [overview.of_document(index, source) for source in sources]
        else:
            made = [overview.of_collection(index) if len(sources) > 1 else overview.of_document(index, sources[0])]
        lines: list[str] = []
        all_spots = [spot for one in made for spot in one.spots]
        passages, quotes = passages_of(index, all_spots)
        left = iter(quotes)
        for one in made:
            lines += [one.lead, *(_quoted(passages, next(left)) for _ in one.spots)]
        text = "\n".join(line for line in lines if line)
        return self._said(Kind.OVERVIEW, question, text, passages, quotes, 0.9)

    def _compare(self, question: str, before: str) -> Answer | None:
        sides = sides_of(question, before)
        if sides is None:
            return None
        found = [_held(side, self._look_up(side.question)) for side in sides]
        if not any(found):
            return None
        passages: list[Passage] = []
        quotes: list[Quote] = []
        lines: list[str] = []
        cells: list[str] = []
        for side, one in zip(sides, found, strict=True):
            if one is None:
                lines.append(f"{side.label}: nothing that says it was found.")
                continue
            answer, citation = one
            some = [citation.passage, *(p for p in answer.passages if p.number != citation.passage.number)][:_EACH]
            number = len(passages) + 1
            passages += renumbered(some, number)
            cell = _cell(citation, side)
            cells.append(_cut(citation, cell) if cell else "")
            quotes.append(Quote(number, citation.quote, cell or citation.focus))
            said = f"{side.label}: {cells[-1]} –" if cell else f"{side.label}:"
            lines.append(f"{said} {citation.text} [{number}]")
        if all(cells) and len(cells) == len(sides):
            sums = computed(*cells, alike=True)
        else:
            texts = [_focus_or_all(one[1]) for one in found if one]
            # one sentence for both sides doesn't say which number is whose
            sums = computed(*texts) if all(found) and texts[0] != texts[1] else ""
        lines += [sums] if sums else []
        sure = [one[0].confidence for one in found if one]
        verdict = Verdict.ANSWERED if len(sure) == len(sides) else Verdict.UNSURE
        searched = " / ".join(side.question for side in sides)
        return self._said(Kind.COMPARISON, question, "\n".join(lines), passages, quotes, min(sure), verdict, searched)

    def _of_each(self, topic: str, question: str) -> Answer | None:
        answers = [answer for answer in self._by_source(topic, _SOURCES) if answer.citations]
        if len(answers) < 2:
            return None
        passages: list[Passage] = []
        quotes: list[Quote] = []
        lines: list[str] = []
        for answer in answers:
            citation, number = answer.citations[0], len(passages) + 1
            passages += renumbered([citation.passage], number)
            quotes.append(Quote(number, citation.quote, citation.focus))
            lines.append(f"{citation.passage.source}: {citation.text} [{number}]")
        confidence = max(answer.confidence for answer in answers)
        return self._said(Kind.COMPARISON, question, "\n".join(lines), passages, quotes, confidence, searched=topic)

    def _said(
        self,
        kind: Kind,
        question: str,
        text: str,
        passages: Sequence[Passage],
        quotes: Sequence[Quote],
        confidence: float,
        verdict: Verdict = Verdict.ANSWERED,
        searched: str = "",
        *,
        occurrences: Occurrences | None = None,
    ) -> Answer:
        draft = Draft(text, tuple(quotes))
        answer = cite(
            question,
            searched or question,
            draft,
            passages,
            self._index.document,
            verdict,
            confidence,
            [_OTHERWISE],
            FreeText.OWN,
        )
        return replace(answer, text=answer.text or text, kind=kind, occurrences=occurrences)

    @functools.cached_property
    def _suggestions(self) -> tuple[str, ...]:
        """Questions about the collection's headings that it was seen to answer, from several documents."""
        good: list[str] = []
        for asked, source in itertools.islice(_about_headings(self._index), _TRIED):
            answer = self._look_up(asked)
            if answer.verdict is Verdict.ANSWERED and answer.citations and answer.citations[0].passage.source == source:
                good.append(asked)
            if len(good) == _SUGGESTED:
                break
        return tuple(good)


def _about_headings(index: Index) -> Iterator[tuple[str, str]]:
    """Yield questions about headings, a document after the other, and which document each is from."""
    sources = index.sources[:: max(1, len(index.sources) // _TRIED)][:_TRIED]
    each = [[(one, source) for one in _topics(index, source)] for source in sources]
    for some in itertools.zip_longest(*each):
        yield from ((f"What is said about {topic}?", source) for topic, source in filter(None, some))


def _topics(index: Index, source: str) -> list[str]:
    """Return a document's headings that say what they are about, those of the lowest level."""
    record = index.record_of(source)
    said = [
        section.heading[-1] for section in record.sections if section.heading and len(section.span) > _SAYS_SOMETHING
    ]
    return [one for one in dict.fromkeys(said) if _TOPIC.match(one) and one != record.title] or (
        [record.title] if _TOPIC.match(record.title) else []
    )


_SAYS_SOMETHING = 200  # characters of a section
_TOPIC = re.compile(r"^(?=.{4,70}$)[^\W\d_][\w'’&,()/-]*(?: [\w'’&,()/-]+){0,8}$")


def _held(side: Side, answer: Answer) -> tuple[Answer, Citation] | None:
    """Return the quote about a side: the first that holds what tells it from the other side."""
    if answer.verdict is Verdict.NOT_FOUND:
        return None
    must = [token for token in side.tokens if token.isdigit()]
    if answer.verdict is not Verdict.ANSWERED and not must:
        return None  # a year in the quote bears it out, a name doesn't
    for citation in answer.citations:
        quote, around = (
            fold(citation.text),
            fold(citation.passage.text + " " + " ".join(citation.passage.section.heading)),
        )
        named = f"{quote} {around}" if is_row(citation.text) else quote  # a row's years stand in its header
        if all(token in named for token in must) and (not side.tokens or any(token in around for token in side.tokens)):
            return answer, citation
    return None


def _cell(citation: Citation, side: Side) -> Span | None:
    """Return the cell of a row that stands under what tells a side from the other."""
    if not is_row(citation.text):
        return None
    passage, shift = citation.passage, citation.passage.span.start
    above = [passage.hits[0].chunk.header, *passage.text[: citation.quote.start - shift].splitlines()]
    name = fold(side.label)
    cell = cell_of(citation.text, above, (*side.tokens, name, name.removeprefix("the ")))
    return Span(citation.quote.start + cell.start, citation.quote.start + cell.end) if cell else None


def _focus_or_all(citation: Citation) -> str:
    if citation.focus is not None and any(c.isdigit() for c in _cut(citation, citation.focus)):
        return _cut(citation, citation.focus)
    return citation.text


def _cut(citation: Citation, span: Span) -> str:
    return citation.text[span.start - citation.quote.start : span.end - citation.quote.start]


def _quoted(passages: Sequence[Passage], quote: Quote) -> str:
    passage = passages[quote.number - 1]
    shift = passage.span.start
    words = passage.text[quote.span.start - shift : quote.span.end - shift]
    return f"{words} [{quote.number}]"
