"""Many threads ask one engine at once: each is answered as it would be alone."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from qa.engine import Engine
from qa.ui.answer_json import to_json
from qa.ui.render import answer_html, evidence_html
from tests.conftest import SMALL

_QUESTIONS = [
    *["When may a parcel be returned?", "Who pays the postage?", "Who bakes the rye bread?", "Who grinds the flour?"],
    *["What do tomatoes want?", "What does basil dislike?", "When do parcels leave the warehouse?"],
    *["How long do islands wait?", "Who walked on the moon?"],
]


def test_answers_of_many_threads_are_those_of_one(engine_over: Callable[[dict[str, str]], Engine]) -> None:
    more = {
        f"notes/{number}.txt": f"Note {number}: room {number * 7} holds {number * 3} chairs.\n" for number in range(40)
    }
    engine = engine_over({**SMALL, **more})
    questions = [*_QUESTIONS, *[f"How many chairs does room {number * 7} hold?" for number in range(40)]]
    together = threading.Barrier(8)

    def answered(question: str) -> str:
        answer = engine.ask(question).answer
        engine.check(answer)
        return json.dumps(to_json(answer)) + answer_html(answer, 1) + evidence_html(answer, 1)

    def all_of(start: int) -> dict[str, str]:
        together.wait()
        return {question: answered(question) for question in questions[start:] + questions[:start]}

    with ThreadPoolExecutor(8) as threads:  # the first to ask, too: nothing was loaded or remembered before
        found = list(threads.map(all_of, range(0, 48, 6)))
    alone = {question: answered(question) for question in questions}
    assert all(one == alone for one in found)
