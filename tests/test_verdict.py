"""Verdict and confidence: they rise with what speaks for an answer, and thresholds cut where they say."""

from __future__ import annotations

import pytest

from qa.answer.verdict import confidence_of, judge
from qa.types import Parts, Passage, Verdict
from tests.samples import document, hit

DOC = document("The red pump moves water.")


def passage(similarity: float) -> Passage:
    found = hit(DOC, DOC.text, parts=Parts(dense=0.0, sentence=similarity, keyword=0.0))
    return Passage(1, (found,), found.chunk.span, DOC.text)


def test_nothing_found_is_no_confidence() -> None:
    assert confidence_of([], []) == 0.0


def test_confidence_lies_between_nothing_and_one() -> None:
    assert 0 < confidence_of([passage(-1)], [0.0]) < confidence_of([passage(1)], [1.0]) < 1


def test_confidence_rises_with_similarity() -> None:
    values = [confidence_of([passage(similarity)], [0.5]) for similarity in (0.0, 0.3, 0.6, 0.9)]
    assert values == sorted(set(values))


def test_confidence_rises_with_the_share_of_the_questions_terms() -> None:
    values = [confidence_of([passage(0.5)], [share]) for share in (0.0, 0.5, 1.0)]
    assert values == sorted(set(values))


def test_the_best_of_several_passages_counts() -> None:
    assert confidence_of([passage(0.1), passage(0.8)], [0.0, 0.9]) == confidence_of([passage(0.8)], [0.9])


def test_words_and_meaning_both_perfect_are_an_answer_and_both_absent_are_none_by_default() -> None:
    assert judge(confidence_of([passage(0.9)], [1.0]), answered=0.5, unsure=0.25) is Verdict.ANSWERED
    assert judge(confidence_of([passage(0.1)], [0.0]), answered=0.5, unsure=0.25) is Verdict.NOT_FOUND


@pytest.mark.parametrize(
    ("confidence", "verdict"),
    [
        (1.0, Verdict.ANSWERED),
        (0.5, Verdict.ANSWERED),
        (0.49, Verdict.UNSURE),
        (0.25, Verdict.UNSURE),
        (0.24, Verdict.NOT_FOUND),
        (0.0, Verdict.NOT_FOUND),
    ],
)
def test_a_confidence_on_a_threshold_has_passed_it(confidence: float, verdict: Verdict) -> None:
    assert judge(confidence, answered=0.5, unsure=0.25) is verdict
