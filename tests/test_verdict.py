"""Verdict and confidence: they rise with what speaks for an answer, and thresholds cut where they say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.answer.verdict import LEANS, confidence_of, error_rates, judge, leaning, signals_of
from qa.types import Calibration, Hit, Parts, Reading, Signals, Span, Verdict
from tests.samples import document, hit

DOC = document("The red pump moves water.")


def found(similarity: float = 0.5, coverage: float = 0.5, logit: float | None = None) -> Hit:
    parts = Parts(dense=0.0, sentence=similarity, keyword=0.0, coverage=coverage)
    reading = None if logit is None else Reading(Span(0, 3), logit)
    return replace(hit(DOC, DOC.text, parts=parts), reading=reading)


def test_nothing_found_is_no_confidence() -> None:
    assert confidence_of([]) == 0.0


def test_confidence_lies_between_nothing_and_one() -> None:
    assert 0 < confidence_of([found(-1, 0)]) < confidence_of([found(1, 1)]) < 1


@pytest.mark.parametrize("logit", [None, 0.0], ids=["unread", "read"])
def test_confidence_rises_with_similarity(logit: float | None) -> None:
    values = [confidence_of([found(similarity, logit=logit)]) for similarity in (0.0, 0.3, 0.6, 0.9)]
    assert values == sorted(set(values))


def test_unread_confidence_rises_with_the_share_of_the_questions_terms() -> None:
    values = [confidence_of([found(coverage=share)]) for share in (0.0, 0.5, 1.0)]
    assert values == sorted(set(values))


def test_the_same_reading_says_more_of_a_question_that_avoids_the_texts_words() -> None:
    values = [confidence_of([found(coverage=share, logit=-1.0)]) for share in (0.1, 0.5, 0.8)]
    assert values == sorted(set(values), reverse=True)
    assert confidence_of([found(coverage=0.8, logit=-1.0)]) == confidence_of([found(coverage=1.0, logit=-1.0)])


def test_confidence_rises_with_the_readers_odds() -> None:
    values = [confidence_of([found(logit=logit)]) for logit in (-4.0, -1.0, 0.0, 3.0)]
    assert values == sorted(set(values))


def test_the_best_of_several_hits_counts() -> None:
    assert confidence_of([found(0.1, 0.9), found(0.8, 0.0)]) == confidence_of([found(0.8, 0.9)])
    assert confidence_of([found(logit=-5), found(logit=2)]) == confidence_of([found(logit=2)])


def test_words_and_meaning_both_perfect_are_an_answer_and_both_absent_are_none_by_default() -> None:
    assert judge(confidence_of([found(0.9, 1.0)]), answered=0.5, unsure=0.25) is Verdict.ANSWERED
    assert judge(confidence_of([found(0.1, 0.0)]), answered=0.5, unsure=0.25) is Verdict.NOT_FOUND


def test_a_collection_takes_something_off_where_questions_without_an_answer_get_far() -> None:
    usual = confidence_of([found(logit=0.0)])
    far, little, none = (Calibration((), (Signals(0.5, 0.8, read),) * 9, ()) for read in (9.0, 0.0, -9.0))
    taken = [confidence_of([found(logit=0.0)], one) for one in (far, little, none)]
    assert taken[0] < taken[1] < taken[2] == usual


def test_two_in_three_questions_without_an_answer_may_pass_before_anything_is_taken_off() -> None:
    high, low = Signals(0.5, 0.8, 9.0), Signals(0.5, 0.8, -9.0)
    within, beyond = (Calibration((), (high,) * count + (low,) * (9 - count), ()) for count in (6, 7))
    usual = confidence_of([found(logit=0.0)])
    assert confidence_of([found(logit=0.0)], within) == usual > confidence_of([found(logit=0.0)], beyond)


def test_what_was_measured_without_a_reader_says_nothing_of_what_one_read() -> None:
    unread = Calibration((), (Signals(0.9, 1.0),) * 3, ())
    assert confidence_of([found(logit=0.0)], unread) == confidence_of([found(logit=0.0)])


def test_a_calibration_without_absent_questions_moves_nothing() -> None:
    assert confidence_of([found()], Calibration((), (), ())) == confidence_of([found()])


def test_error_rates_are_the_shares_of_made_questions_a_threshold_gets_wrong() -> None:
    high, low = signals_of([found(0.95, 1.0, 9.0)]), signals_of([found(0.0, 0.0, -9.0)])
    made = Calibration(present=(high, high, high, low), absent=(high, low), swapped=(high, high, high, low, low))
    rates = error_rates(made, answered=0.5, read=True)
    assert rates
    assert (rates.present_refused, rates.absent_answered, rates.swapped_answered) == pytest.approx((0.25, 0.5, 0.6))
    assert rates.questions == 4


def test_no_error_rates_are_claimed_for_a_reader_that_was_not_measured() -> None:
    signals = signals_of([found()])
    made = Calibration((signals,), (signals,), ())
    assert error_rates(made, answered=0.5, read=True) is None
    assert error_rates(made, answered=0.5, read=False)


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


def test_to_be_strict_takes_three_times_the_odds_and_to_be_lenient_a_third() -> None:
    assert [leaning(0.5, lean) for lean in LEANS] == pytest.approx([0.75, 0.5, 0.25])
    edges = [leaning(edge, lean) for edge in (0.0, 1.0) for lean in LEANS]
    assert edges == pytest.approx([0.0] * 3 + [1.0] * 3)
