"""Rows of tables: which of them a question is about, read with their header. Pure.

A row is picked by its label, as a person does; the header says what stands in it, and answers nothing by itself.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from qa.types import is_row

_SAME = 1e-6


def header_of(texts: Sequence[str], known: str) -> str:
    """Return the header of a passage's rows: the one `known` from outside, else the first row; "" without rows."""
    return known or next((text for text in texts if is_row(text)), "") or (texts[0] if _are_delimited(texts) else "")


def _are_delimited(texts: Sequence[str]) -> bool:
    """Tell whether all lines are parted as often as the first, or more: rows of a CSV file, not sentences."""
    if len(texts) < 2:
        return False
    header = texts[0]
    # in prose and lists a space follows a comma
    marks = [mark for mark in ",;" if mark in header and f"{mark} " not in header]
    return any(header.count(mark) <= min(text.count(mark) for text in texts) for mark in marks)


def under(header: str, texts: Sequence[str]) -> list[str]:
    """Put the header in front of each row: what it says is said of all of them."""
    return [f"{header} {text}" if is_row(text, header) and text != header else text for text in texts]


def passed_over(texts: Sequence[str], alone: Sequence[float], together: Sequence[float], header: str) -> set[int]:
    """Return which of a passage's sentences are rows that the question isn't about.

    `alone` and `together` are the shares of the question's terms that stand in each, without and with the header.
    Where some row holds any, those that hold fewer are passed over; so is the header, where a row adds to it.
    """
    rows = [at for at, text in enumerate(texts) if is_row(text, header)]
    labelled = [at for at in rows if texts[at] != header]
    most = max((alone[at] for at in labelled), default=0.0)
    if most < _SAME:
        return set()
    best = max(together[at] for at in labelled)
    headers = {at for at in rows if texts[at] == header and alone[at] < best - _SAME}
    return headers | {at for at in labelled if alone[at] < most - _SAME}


def picked(texts: Sequence[str], alone: Sequence[float], over: Set[int], header: str) -> set[int]:
    """Return the rows that the question is about, where `passed_over` has found others in favour of them."""
    if not over:
        return set()
    return {
        at
        for at, text in enumerate(texts)
        if at not in over and alone[at] > _SAME and text != header and is_row(text, header)
    }
