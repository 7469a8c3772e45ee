"""Question to hits: which chunks are candidates, what their scores are made of, in an order that never varies."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from qa.engine import Engine
from qa.retrieve import Weights, retrieve
from qa.types import Hit
from tests.conftest import SMALL
from tests.fakes import HashingEmbedder

Open = Callable[[dict[str, str]], Engine]
EVEN = Weights(1, 1, 1, 1)


def find(engine: Engine, question: str, weights: Weights = EVEN, most: int = 100) -> list[Hit]:
    row = HashingEmbedder().embed_query(question).row
    return retrieve(engine.index, question, row, weights=weights, candidates=100, most=most)


def sources(hits: list[Hit]) -> list[str]:
    return [hit.chunk.source for hit in hits]


def test_the_page_that_answers_comes_first(small_engine: Engine) -> None:
    hits = find(small_engine, "Who bakes the rye bread?")
    assert hits[0].chunk.text == "Ines bakes the rye bread. Tom grinds the flour."
    assert hits[0].chunk.section.heading == ("Staff", "Bakery")


def test_every_candidate_comes_back_best_first(small_engine: Engine) -> None:
    hits = find(small_engine, "Who bakes the rye bread?")
    assert len(hits) == len(small_engine.index) == 4
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_no_more_than_the_best_asked_for_come_back(small_engine: Engine) -> None:
    hits = find(small_engine, "Who bakes the rye bread?")
    assert find(small_engine, "Who bakes the rye bread?", most=2) == hits[:2]


def test_a_hit_tells_its_parts_the_similarities_and_the_share_of_the_best_keyword_score(small_engine: Engine) -> None:
    question = "Ines bakes the rye bread."
    best, *others = find(small_engine, question)
    row = HashingEmbedder().embed_query(question).row
    # the first sentence is the question word for word, so its cosine is one, but for its eight bits a number
    assert best.parts.sentence == pytest.approx(1.0, abs=0.01)
    assert best.sentence_scores[0] == best.parts.sentence == max(best.sentence_scores)
    assert len(best.sentence_scores) == len(best.chunk.sentences) == 2
    number = next(n for n in small_engine.index.chunk_ids if small_engine.index.chunk(n) == best.chunk)
    assert best.parts.dense == pytest.approx(small_engine.index.store.similarities(row, [number])[0])
    assert best.parts.keyword == 1.0
    assert [hit.parts.keyword for hit in others] == [0.0, 0.0, 0.0]


def test_the_best_in_every_part_scores_one_and_the_worst_in_every_part_nothing(engine_over: Open) -> None:
    hits = find(engine_over({"a.txt": "red pump", "b.txt": "blue door"}), "red pump")
    assert sources(hits) == ["a.txt", "b.txt"]
    assert [hit.score for hit in hits] == pytest.approx([1.0, 0.0])


def test_the_fused_score_is_the_weighted_mean_of_the_parts_with_similarities_scaled(
    small_engine: Engine,
) -> None:
    question = "bread within 30 days of sun"
    weights = Weights(dense=0.2, sentence=0.4, keyword=0.3, coverage=0.1)
    hits = find(small_engine, question, weights)

    def scaled(name: str) -> dict[str, float]:
        values = {hit.chunk.id: getattr(hit.parts, name) for hit in hits}
        low, high = min(values.values()), max(values.values())
        return {key: (value - low) / (high - low) for key, value in values.items()}

    dense, sentence = scaled("dense"), scaled("sentence")
    for hit in hits:
        key = hit.chunk.id
        words = 0.3 * hit.parts.keyword + 0.1 * hit.parts.coverage
        assert hit.score == pytest.approx(0.2 * dense[key] + 0.4 * sentence[key] + words, abs=1e-5)


def test_weights_need_not_sum_to_one(small_engine: Engine) -> None:
    one = find(small_engine, "rye bread", Weights(0.2, 0.3, 0.4, 0.1))
    ten = find(small_engine, "rye bread", Weights(2, 3, 4, 1))
    assert [hit.chunk for hit in one] == [hit.chunk for hit in ten]
    assert [hit.score for hit in one] == pytest.approx([hit.score for hit in ten])


PARTS = ("dense", "sentence", "keyword", "coverage")


@pytest.mark.parametrize("part", PARTS)
def test_a_single_weight_orders_by_its_part_alone(small_engine: Engine, part: str) -> None:
    weights = Weights(**{name: float(name == part) for name in PARTS})
    values = [getattr(hit.parts, part) for hit in find(small_engine, "Islands wait for bread and sun", weights)]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]


def test_chunks_that_score_alike_come_by_source_then_place(engine_over: Open) -> None:
    text = "# One\nThe same words.\n# Two\nThe same words.\n"
    engine = engine_over({"b.md": text, "a.md": text, "c.md": text})
    hits = find(engine, "unrelated zebra")
    keys = [(hit.chunk.source, hit.chunk.span.start) for hit in hits]
    assert len({round(hit.parts.sentence, 6) for hit in hits}) == 1
    for alike in (("One",), ("Two",)):
        chosen = [key for key, hit in zip(keys, hits, strict=True) if hit.chunk.section.heading == alike]
        assert chosen == sorted(chosen)


def test_candidates_are_the_nearest_by_vector_and_the_best_by_words_together(engine_over: Open) -> None:
    files = {f"{name}.txt": text for name, text in zip("abcd", ["red", "blue", "green", "black"], strict=True)}
    engine = engine_over(files)
    # the row says "green" while the words say "red": one candidate each
    row = HashingEmbedder().embed_query("green").row
    hits = retrieve(engine.index, "red", row, weights=EVEN, candidates=1, most=9)
    assert sorted(sources(hits)) == ["a.txt", "c.txt"]


def test_no_chunk_comes_twice_though_both_ways_lead_to_it(small_engine: Engine) -> None:
    hits = find(small_engine, "rye bread")
    assert len({hit.chunk.id for hit in hits}) == len(hits)


def test_a_chunk_without_a_shared_word_is_no_candidate_by_words(engine_over: Open) -> None:
    engine = engine_over({"a.txt": "red", "b.txt": "blue", "c.txt": "green"})
    row = HashingEmbedder().embed_query("green").row
    assert sources(retrieve(engine.index, "zebra", row, weights=EVEN, candidates=1, most=9)) == ["c.txt"]


def test_an_index_without_a_single_term_still_finds_by_vector(engine_over: Open) -> None:
    engine = engine_over({"a.txt": "!!!", "b.txt": "the of"})
    hits = find(engine, "the of")
    assert sources(hits) == ["b.txt", "a.txt"]
    assert [hit.parts.keyword for hit in hits] == [0.0, 0.0]


def test_the_similarities_of_one_lonely_chunk_have_nothing_to_stand_out_from(engine_over: Open) -> None:
    (hit,) = find(engine_over({"a.txt": "red pump"}), "red pump", Weights(1, 1, 0, 0))
    assert hit.score == 0.0
    assert hit.parts.sentence == pytest.approx(1.0, abs=0.01)


def test_the_same_question_finds_the_same_every_time(small_engine: Engine) -> None:
    assert find(small_engine, "bread and sun") == find(small_engine, "bread and sun")


def test_the_order_of_files_on_disk_changes_nothing(engine_over: Open) -> None:
    hits = find(engine_over(SMALL), "Who pays the postage of bread?")
    again = find(engine_over(dict(reversed(SMALL.items()))), "Who pays the postage of bread?")
    assert hits == again
    assert np.isfinite([hit.score for hit in hits]).all()


def test_words_count_for_more_where_one_sentence_holds_them_together(engine_over: Open) -> None:
    files = {"apart.txt": "The pump is new. The door is red.", "together.txt": "The red pump is new. A door is there."}
    together, apart = find(engine_over(files), "red pump", Weights(0, 0, 0, 1))
    assert (together.chunk.source, apart.chunk.source) == ("together.txt", "apart.txt")
    assert (together.parts.coverage, apart.parts.coverage) == pytest.approx((1.0, 0.5))


def test_bm25_counts_in_proportion_to_the_share_of_the_question_it_speaks_of(engine_over: Open) -> None:
    # "pump" alone stands in a.txt: the best BM25 score of all, though half of the question is nowhere
    (hit,) = find(engine_over({"a.txt": "pump"}), "red pump")
    red, pump = math.log(1 + 1.5 / 0.5), math.log(1 + 0.5 / 1.5)
    assert hit.parts.keyword == pytest.approx(pump / (red + pump))


def test_a_sentence_pasted_in_comes_first_by_more_than_a_reader_can_add(engine_over: Open) -> None:
    said = "Prior year amounts were not adjusted by the new rule."
    alike = "Prior period amounts were not adjusted by the new rule, nor any other."
    engine = engine_over({"a.txt": f"{alike}\n", "b.txt": f"{said}\n"})
    first, second = find(engine, "prior year amounts were not adjusted by the new rule")
    assert first.chunk.text == said
    assert first.score > second.score + 0.5
