"""What counts whatever a model has learned: few examples show it, and a person would insist on it.

Weights are in log-odds before the model's calibration, which is fitted with them. A signal that doesn't apply (NaN)
counts nothing.
"""

from __future__ import annotations

import numpy as np

from qa.answer.signals import NAMES, Floats

_OTHER_LABEL = 5.0  # of another hall, boiler or paragraph than was asked for
_OTHER_YEAR = 2.5  # of another year, by the sentence, its heading and its row's header
_OTHER_KIND = 1.5  # nothing of the kind asked for: no date for "when", no amount for "how much"
_OTHER_SUBJECT = 3.0  # names not the one that "who is X" or "what is X" asks about, nor does its heading
_OTHER_ROW = 5.0  # times the share of the question that another row of the table holds beyond this one
_LABELLED, _BARELY = 3.0, 0.4  # for: all of its label is asked for, and this much and more of the question stands here
_ALL_UNKNOWN, _NEARLY_ALL = 3.0, 0.8  # so large a share of the question stands in no document at all
_ASKS = 4.0  # asks something itself
_NOBODY = 5.0  # the office itself, where its holder was asked for
_CODE = 3.0  # code or a bare link, where neither was asked for
_HEADER = 30.0  # the header of a table answers nothing by itself


def rule_log_odds(rows: Floats) -> Floats:
    """Return what is taken off each candidate or, of a row or value whose label is asked for, put on; shape (n,)."""

    def signal(name: str) -> Floats:
        column: Floats = rows[:, NAMES.index(name)]
        return column

    def missing(name: str) -> Floats:
        share: Floats = np.nan_to_num(1 - signal(name))
        return share

    shown = np.clip((signal("here_share") - _BARELY) / (1 - _BARELY), 0, 1)
    labelled = (signal("row") + signal("pair") > 0) & (signal("label_share") == 1) & (signal("row_behind") <= 0)
    odds: Floats = _LABELLED * labelled * shown * (signal("header") == 0) - (
        _OTHER_LABEL * missing("labels_here")
        + _OTHER_YEAR * missing("years_here")
        + _OTHER_KIND * (signal("sentence_fit") < 0)
        + _OTHER_SUBJECT * missing("subject_here")
        + _OTHER_ROW * signal("row_behind")
        + _ALL_UNKNOWN * (signal("unknown") > _NEARLY_ALL)
        + _ASKS * signal("ends_as_question")
        + _NOBODY * signal("names_nobody")
        + _CODE * signal("code")
        + _HEADER * signal("header")
    )
    return odds
