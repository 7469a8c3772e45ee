"""The error tree in code is the one drawn in the docstring, and messages say where, what and what next."""

from __future__ import annotations

import re

from qa import errors
from qa.errors import LoadError, ModelUnavailable, NoText, QAError, UnreadableDocument


def drawn_tree() -> dict[str, str]:
    """Read the drawing: each error's name to its parent's, by how far each is indented."""
    parents: dict[str, str] = {}
    path: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"([ │├└─]+)([A-Z][A-Za-z]+)", line)
        if not match or not line.startswith("    "):
            continue
        depth, name = len(match[1]), match[2]
        while path and path[-1][0] >= depth:
            path.pop()
        parents[name] = path[-1][1] if path else "Exception"
        path.append((depth, name))
    return parents


def test_the_drawn_tree_is_the_tree_of_classes() -> None:
    classes = {
        name: kind.__bases__[0].__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert drawn_tree() == classes
    assert classes["QAError"] == "Exception"
    assert classes["QuoteMismatch"] == "AnswerError"


def test_every_error_says_in_its_docstring_what_it_means() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, QAError)]
    assert [kind.__name__ for kind in kinds if not kind.__doc__] == []


def test_a_load_error_says_where_what_and_what_next() -> None:
    error = UnreadableDocument("manual.pdf", "no text on any of 12 pages (scanned?).", "Run OCR on it.")
    assert str(error) == "manual.pdf: no text on any of 12 pages (scanned?). Run OCR on it."


def test_a_load_errors_reason_leaves_out_the_source_that_the_ledger_names_anyway() -> None:
    error = UnreadableDocument("manual.pdf", "no text.", "Run OCR on it.")
    assert (error.source, error.reason) == ("manual.pdf", "no text. Run OCR on it.")
    assert NoText("a.txt", "the file is empty.").reason == "the file is empty."


def test_one_except_clause_catches_what_costs_a_file_and_not_what_costs_a_run() -> None:
    assert issubclass(NoText, LoadError)
    assert not issubclass(ModelUnavailable, LoadError)


def test_a_model_error_names_the_model() -> None:
    error = ModelUnavailable("mini", "its weights are missing.")
    assert (str(error), error.model) == ("model mini: its weights are missing.", "mini")
