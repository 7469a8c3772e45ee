"""Names and texts from documents in the page's markup: nothing reads as something it isn't."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from qa.engine import Engine
from qa.types import Answer, FileState, LedgerEntry
from qa.ui.ledger import rows_html
from qa.ui.render import answer_html, evidence_html


@pytest.mark.parametrize("render", [answer_html, evidence_html])
def test_characters_that_turn_the_direction_are_shown_as_marks(
    engine_over: Callable[[dict[str, str]], Engine], render: Callable[[Answer, int], str]
) -> None:
    disguised = "report\u202efdp.txt"
    engine = engine_over({disguised: "Foxes sleep \u2066by\u202e day.\n"})
    shown = render(engine.ask("When do foxes sleep?").answer, 1)
    assert "report⟦RLO⟧fdp.txt" in shown
    assert "Foxes sleep ⟦LRI⟧by⟦RLO⟧ day." in shown
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", shown)


def test_a_name_in_the_list_of_files_hides_nothing() -> None:
    entry = LedgerEntry("a\u202e\u200b\u00ad.txt", FileState.FAILED, "it is \u202edegamad.")
    shown = rows_html([entry], "", "", 0)
    assert '"name">a⟦RLO⟧⟦U+200B⟧⟦U+00AD⟧.txt<' in shown
    assert "it is ⟦RLO⟧degamad." in shown
