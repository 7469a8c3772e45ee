"""Yes and no are said only where a quote settles it: never wrong on questions labelled by hand, half of them open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from qa.chat.yesno import decided, is_yes_no
from qa.engine import Engine
from qa.types import Answer, Chunk, Citation, Document, Hit, Parts, Passage, Section, Span, Verdict
from qa.ui.answer_json import to_json
from qa.ui.render import answer_html, to_text

# question | quote | what may be said; nothing where the quote leaves a doubt
LABELLED = """
Is the pool heated? | The pool is heated. | yes
Is the pool heated? | The pool is not heated. | no
Is the pool heated? | The pool isn't heated. | no
Are dogs allowed on the beach? | Dogs are not allowed on the beach. | no
Are dogs allowed on the beach? | Dogs are allowed on the beach. | yes
Was the bridge built in 1912? | The bridge was built in 1912. | yes
Was the bridge built in 1912? | The bridge was not built in 1912. | no
Does the warranty cover batteries? | The warranty covers batteries. | yes
Does the warranty cover batteries? | The warranty does not cover batteries. | no
Does the ticket include breakfast? | The ticket doesn't include breakfast. | no
Did the council approve the plan? | The council did not approve the plan. | no
Can guests use the gym? | Guests can use the gym. | yes
Can guests use the gym? | Guests cannot use the gym. | no
Must visitors sign the register? | Visitors must sign the register. | yes
Will the shop open on Monday? | The shop will not open on Monday. | no
Has the lease expired in May? | The lease has expired in May. | yes
Is the applicant a resident? | [x] Applicant a resident | yes
Is the applicant a resident? | [ ] Applicant a resident | no
Is smoker? | Smoker: Yes |
Is the applicant married? | Applicant married: Yes | yes
Is the applicant married? | Applicant married: No | no
Is parking included? | Parking included [checked] | yes
Is parking included? | Parking included [unchecked] | no
Is parking included? | [checked] Parking included | yes
Is breakfast included? | Breakfast included: No | no
Is breakfast included? | Breakfast included | Yes |
¿Está la piscina climatizada? | La piscina está climatizada. | yes
¿Está la piscina climatizada? | La piscina no está climatizada. | no
¿Incluye el billete el desayuno? | El billete incluye el desayuno. | yes
¿Incluye el billete el desayuno? | El billete no incluye el desayuno. | no
¿Es el contrato renovable? | Contrato renovable: Sí | yes
¿Es el contrato renovable? | Contrato renovable: No | no
¿Tiene el piso garaje? | El piso no tiene garaje. | no
¿Abre el museo los lunes? | El museo no abre los lunes. | no
Is the pool heated? | The pool is heated in winter. |
Is the pool heated? | The pool is heated only if guests ask. |
Is the pool heated? | The indoor pool is heated. |
Is the pool heated? | The spa is heated. |
Is the pool heated? | The pool is heated. In summer it is not. |
Is the pool heated? | Is the pool heated? |
Is the pool heated? | Anna said: the pool is heated. |
Is the pool heated? | The pool is rarely heated. |
Is the pool heated? | The pool was heated. |
Is the pool heated? | The pool will be heated. |
Are dogs allowed on the beach? | Dogs are allowed on the beach from October. |
Are dogs allowed on the beach? | Dogs are allowed on the promenade. |
Are dogs allowed on the beach? | Guide dogs are allowed on the beach. |
Are dogs allowed on the beach? | Dogs are not allowed on the beach, except in winter. |
Was the bridge built in 1912? | The bridge was built in 1921. |
Was the bridge built in 1912? | The bridge was not built in 1912 but in 1921. |
Was the bridge built in 1912? | The bridge was widened in 1912. |
Does the warranty cover batteries? | The warranty covers batteries for a year. |
Does the warranty cover batteries? | The warranty covers motors. |
Does the warranty cover batteries? | The extended warranty covers batteries. |
Did the council approve the plan? | The council approved the plan after the mayor left. |
Did the council approve the plan? | The council did not approve the plan until May. |
Can guests use the gym? | Guests can use the gym until ten. |
Can guests use the gym? | Members can use the gym. |
Can guests use the gym? | Guests may use the gym. |
Must visitors sign the register? | Visitors should sign the register. |
Will the shop open on Monday? | The shop may open on Monday. |
Is the applicant married? | [x] Married or widowed |
Is the applicant married? | Applicant married: |
Is the applicant married? | Applicant married: not stated |
Is the applicant married? | Spouse of applicant married: Yes |
Is parking included? | [x] Parking |
Is parking included? | [?] Parking included |
Is the shop open or closed? | The shop is open. |
Is the pool not heated? | The pool is not heated. |
Is there a lift? | Lift: No |
Is it heated? | It is heated. |
When is the pool heated? | The pool is heated. |
¿Está la piscina climatizada? | La piscina está climatizada en invierno. |
¿Está la piscina climatizada? | La piscina estará climatizada. |
¿Incluye el billete el desayuno? | El billete incluye la cena. |
¿Tiene el piso garaje? | El piso de abajo tiene garaje. |
¿Abre el museo los lunes? | El museo abre los lunes de verano. |
"""
ROWS = [tuple(part.strip() for part in line.rsplit("|", 1)) for line in LABELLED.strip().splitlines()]
CASES = [(*(part.strip() for part in asked.split("|", 1)), said) for asked, said in ROWS]


@pytest.mark.parametrize(("question", "quote", "said"), CASES)
def test_yes_and_no_are_said_where_it_is_beyond_doubt(question: str, quote: str, said: str) -> None:
    assert decided(question, [quote]) == said


def test_half_of_the_labelled_questions_stay_open() -> None:
    settled = sum(bool(said) for *_, said in CASES)
    assert len(CASES) >= 60
    assert 30 <= settled <= len(CASES) / 2


def test_quotes_that_contradict_each_other_settle_nothing() -> None:
    assert decided("Is the pool heated?", ["The pool is heated.", "The pool is not heated."]) == ""
    assert decided("Is the pool heated?", ["The pool is heated.", "The spa is warm."]) == "yes"
    assert decided("Is the pool heated?", []) == ""


def test_other_questions_are_none_of_yes_or_no() -> None:
    assert is_yes_no("Is the pool heated?")
    assert not is_yes_no("Which pool is heated?")


def test_the_line_stands_before_the_quote_and_the_field_in_json() -> None:
    passage = "The pool is not heated."
    document = Document("a.txt", "sha256:a", "", passage, (Section(None, (), Span(0, 23)),))
    chunk = Chunk("a", "a.txt", document.sections[0], Span(0, 23), passage, (Span(0, 23),))
    hit = Hit(chunk, 1.0, Parts(0.0, 0.0, 0.0), (0.0,))
    cited = Citation(Passage(1, (hit,), Span(0, 23), passage), "sha256:a", Span(0, 23))
    english, spanish = (
        Answer(asked, asked, f"{passage} [1]", (cited,), (cited.passage,), Verdict.ANSWERED, 0.9, yes_no="no")
        for asked in ("Is the pool heated?", "¿Está la piscina climatizada?")
    )
    assert to_text(english, colour=False).startswith("No, by this quote:\n\n“The pool is not heated.” [1]")
    assert to_text(spanish, colour=False).startswith("No, según esta cita:")
    assert answer_html(english, 1).index("No, by this quote:") < answer_html(english, 1).index("<blockquote")
    assert (to_json(english)["yes_no"], to_json(replace(english, yes_no=""))["yes_no"]) == ("no", None)


def test_the_engine_says_no_only_with_an_answer(engine_over: Callable[[dict[str, str]], Engine]) -> None:
    engine = engine_over({"a.txt": "The pool is not heated.\n\nThe harbour lies to the north of the old town.\n"})
    answer = engine.ask("Is the pool heated?").answer
    assert answer.citations[0].text == "The pool is not heated."
    assert answer.yes_no == ("no" if answer.verdict is Verdict.ANSWERED else "")
