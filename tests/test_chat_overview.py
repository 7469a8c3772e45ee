"""Overviews of the repository's own documents, with the real model: verbatim, spread over sections, no boilerplate."""

from __future__ import annotations

import pytest

from qa.chat.overview import _BOILERPLATE, _groups, of_collection, of_document
from qa.engine import Engine
from tests.conftest import CORPUS

SOURCES = sorted(path.name for path in CORPUS.iterdir())


@pytest.mark.parametrize("source", SOURCES)
def test_an_overview_touches_the_sections_in_whole_sentences(corpus_engine: Engine, source: str) -> None:
    index = corpus_engine.index
    made = of_document(index, source)
    document = index.document(source)
    sections = index.record_of(source).sections
    groups = _groups(sections)
    touched = {
        groups[section.heading]
        for section in sections
        for spot in made.spots
        if section.span.start <= spot.quote.start < section.span.end
    }
    assert len(touched) >= 0.8 * len(set(groups.values()))
    sentences = {one for row in index.rows_of(source) for one in index.chunk(row).sentences}
    assert {spot.quote for spot in made.spots} <= sentences
    assert [spot.quote for spot in made.spots] == sorted(spot.quote for spot in made.spots)
    assert not [spot for spot in made.spots if _BOILERPLATE.search(spot.quote.of(document.text))]
    assert 5 <= len(made.spots) <= 18


def test_an_overview_of_all_quotes_each_of_a_few_documents(corpus_engine: Engine) -> None:
    made = of_collection(corpus_engine.index)
    assert {spot.source for spot in made.spots} == set(SOURCES)
    assert made.lead.startswith(f"{len(SOURCES)} documents:")


def test_an_overview_is_an_answer_that_holds(corpus_engine: Engine) -> None:
    answer = corpus_engine.ask("Summarise the fact sheet").answer
    assert {citation.passage.source for citation in answer.citations} == {"state-department-fact-sheet.md"}
    corpus_engine.check(answer)
