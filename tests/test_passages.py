"""Hits to passages: overlaps merged with their text exact, near-copies folded, the newer figure kept."""

from __future__ import annotations

from qa.passages import gather
from qa.types import Span
from tests.samples import document, hit, place

TEXT = "The first sentence stands here. The second one follows it. The third ends it all. Something else."
DOC = document(TEXT)


def test_hits_become_passages_numbered_from_one_in_their_order() -> None:
    one, two = document("Red pumps pump.", "b.txt"), document("Blue doors shut.", "a.txt")
    passages = gather([hit(one, one.text, 0.9), hit(two, two.text, 0.4)], k=10)
    assert [(p.number, p.source, p.text, p.score) for p in passages] == [
        (1, "b.txt", "Red pumps pump.", 0.9),
        (2, "a.txt", "Blue doors shut.", 0.4),
    ]


def test_overlapping_hits_become_one_passage_whose_text_is_the_documents() -> None:
    later = hit(DOC, "The second one follows it. The third ends it all.", 0.9)
    earlier = hit(DOC, "The first sentence stands here. The second one follows it.", 0.8)
    (passage,) = gather([later, earlier], k=10)
    assert passage.span == place(
        DOC, "The first sentence stands here. The second one follows it. The third ends it all."
    )
    assert passage.text == passage.span.of(TEXT)
    assert passage.hits == (later, earlier)


def test_a_hit_that_overlaps_on_both_sides_grows_both_ends() -> None:
    inner = hit(DOC, "second one", 0.9)
    outer = hit(DOC, "The first sentence stands here. The second one follows it.", 0.8)
    (passage,) = gather([inner, outer], k=10)
    assert passage.text == outer.chunk.text == passage.span.of(TEXT)


def test_a_hit_inside_another_changes_nothing_of_its_text() -> None:
    outer, inner = hit(DOC, "The second one follows it.", 0.9), hit(DOC, "second one", 0.8)
    (passage,) = gather([outer, inner], k=10)
    assert passage.text == "The second one follows it."


def test_hits_that_only_touch_stay_apart() -> None:
    passages = gather([hit(DOC, "The first sentence stands here. "), hit(DOC, "The second one follows it.")], k=10)
    assert len(passages) == 2


def test_overlapping_offsets_in_different_documents_are_no_overlap() -> None:
    other = document("Altogether different words, and many of them stand in this one.", "b.txt")
    assert len(gather([hit(DOC, DOC.text), hit(other, other.text)], k=10)) == 2


def test_a_merged_passage_grows_to_two_thousand_characters_and_no_further() -> None:
    text = "".join(f"Sentence number {at:04} of a long document goes on. " for at in range(100))
    of = document(text)
    starts = range(0, 4000, 500)
    passages = gather([hit(of, text[start : start + 1000]) for start in starts], k=10)
    assert max(len(passage.text) for passage in passages) == 2000
    assert all(passage.text == passage.span.of(text) for passage in passages)


def test_a_passage_ranks_where_its_best_hit_does() -> None:
    other = document("Something quite different stands in this document.", "b.txt")
    passages = gather(
        [
            hit(DOC, "The second one follows it. The third ends it all.", 0.9),
            hit(other, other.text, 0.8),
            hit(DOC, "The first sentence stands here. The second one follows it.", 0.1),
        ],
        k=10,
    )
    assert [(p.source, p.score, len(p.hits)) for p in passages] == [("a.txt", 0.9, 2), ("b.txt", 0.8, 1)]


def test_a_near_copy_elsewhere_is_folded_in_as_support() -> None:
    words = (
        "The warehouse in Laredo opens at nine and closes at five on every working day of the whole long year. "
        "Whoever comes later finds the gate shut and has to wait beside the road until the next morning."
    )
    one, copy = document(words, "new.txt"), document(words.replace("whole long", "entire long"), "old.txt")
    first, second = hit(one, one.text, 0.9), hit(copy, copy.text, 0.8)
    (passage,) = gather([first, second], k=10)
    assert (passage.source, passage.hits, passage.support) == ("new.txt", (first,), (second,))


def test_the_same_words_with_another_number_are_never_folded() -> None:
    words = "There are {} ports of entry on the border between the two countries, and trade is worth ${} billion."
    figures = [("55", "677"), ("47", "677"), ("55", "678"), ("55", "725.7")]
    documents = [document(words.format(*pair), f"{at}.txt") for at, pair in enumerate(figures)]
    passages = gather([hit(of, of.text) for of in documents], k=10)
    assert [passage.source for passage in passages] == ["0.txt", "1.txt", "2.txt", "3.txt"]
    assert [passage.support for passage in passages] == [()] * 4


def test_different_words_with_the_same_numbers_are_not_folded() -> None:
    one = document("In 1848 the treaty of Guadalupe Hidalgo ended the war.", "a.txt")
    two = document("Gold was found in California early in the year 1848.", "b.txt")
    assert len(gather([hit(one, one.text), hit(two, two.text)], k=10)) == 2


def test_no_more_passages_are_made_than_asked_for_and_the_best_are_kept() -> None:
    documents = [document(f"Document {word} says something of its own.", f"{word}.txt") for word in "abcde"]
    passages = gather([hit(of, of.text, 1 - at / 10) for at, of in enumerate(documents)], k=2)
    assert [passage.source for passage in passages] == ["a.txt", "b.txt"]


def test_a_hit_behind_the_last_passage_still_joins_one_it_overlaps() -> None:
    other = document("Something quite different stands in this document.", "b.txt")
    first = hit(DOC, "The first sentence stands here.")
    late = hit(DOC, "The first sentence stands here. The second one follows it.")
    (passage,) = gather([first, hit(other, other.text), late], k=1)
    assert passage.text == late.chunk.text


def test_the_highlight_is_the_sentence_of_the_best_hit_nearest_to_the_question() -> None:
    (passage,) = gather([hit(DOC, "The second one follows it. The third ends it all.", best=1)], k=1)
    assert [span.of(TEXT) for span in passage.highlights] == ["The third ends it all."]
    assert passage.highlights == (Span(59, 81),)


def test_of_sentences_equally_near_the_first_is_highlighted() -> None:
    (passage,) = gather([hit(DOC, "The second one follows it. The third ends it all.", best=9)], k=1)
    assert [span.of(TEXT) for span in passage.highlights] == ["The second one follows it."]


def test_no_hits_make_no_passages() -> None:
    assert gather([], k=10) == []
