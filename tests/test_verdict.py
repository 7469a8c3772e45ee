"""The verdict: what log-odds, a collection's calibration and a threshold make of an answer."""

from __future__ import annotations

import math

import pytest

from qa.answer.verdict import STRICTNESS, confidence, error_rates, judge, penalise_unknown_terms, threshold_for
from qa.types import Calibration, Trial, Verdict


def trials(*odds: float, right: bool = False) -> tuple[Trial, ...]:
    return tuple(Trial(one, right) for one in odds)


def test_confidence_is_the_probability_of_the_log_odds() -> None:
    assert confidence(0.0) == 0.5
    assert confidence(math.log(9)) == pytest.approx(0.9)
    assert confidence(-math.inf) == pytest.approx(0.0, abs=1e-12)


def test_a_collection_that_answers_other_matters_takes_something_off() -> None:
    # of 20 questions on other matters one may pass; the second best stands .4 above even odds
    pushy = Calibration((), (), (), trials(2.0, 0.4, *[-3.0] * 18))
    assert confidence(0.0, pushy) == pytest.approx(1 / (1 + math.exp(0.4)), abs=1e-4)
    calm = Calibration((), (), (), trials(2.0, *[-3.0] * 19))
    assert confidence(0.0, calm) == 0.5


def test_a_collection_takes_off_no_more_than_one() -> None:
    wild = Calibration((), (), (), trials(*[9.0] * 20))
    assert confidence(0.0, wild) == pytest.approx(1 / (1 + math.e))


def test_what_passes_is_told_by_the_threshold_for_answers() -> None:
    pushy = Calibration((), (), (), trials(*[0.4] * 20))
    assert confidence(0.0, pushy, answered=0.9) == 0.5  # .4 stands far below the odds of .9
    assert confidence(0.0, pushy, answered=0.5) < 0.5


def test_unknown_terms_halve_the_confidence() -> None:
    assert penalise_unknown_terms(0.9, ()) == 0.9
    assert penalise_unknown_terms(0.9, ("Tesla",)) == 0.45


def test_error_rates_are_the_shares_of_made_questions_a_threshold_gets_wrong() -> None:
    made = Calibration(
        present=(*trials(3.0, 3.0, right=True), *trials(3.0, -3.0)),
        absent=trials(3.0, -3.0),
        swapped=trials(-3.0),
        foreign=trials(*[-3.0] * 9, 3.0),
    )
    # one in ten passes, and one in twenty may: the best of ten takes its three above even odds off, one at most
    rates = error_rates(made, answered=0.5)
    assert rates
    assert (rates.present_refused, rates.absent_answered, rates.swapped_answered) == (0.25, 0.5, 0.0)
    assert (rates.foreign_answered, rates.questions) == (0.1, 4)
    assert rates.right == pytest.approx(2 / 3)


def test_no_error_rates_are_claimed_where_no_question_was_made() -> None:
    assert error_rates(Calibration((), (), ()), answered=0.5) is None


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
    assert [threshold_for(0.5, how) for how in STRICTNESS] == pytest.approx([0.75, 0.5, 0.25])
    edges = [threshold_for(edge, how) for edge in (0.0, 1.0) for how in STRICTNESS]
    assert edges == pytest.approx([0.0] * 3 + [1.0] * 3)
