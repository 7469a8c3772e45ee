"""The quote contract: unknown marks are taken out and counted, a forged quote is refused and never shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from qa.cite import GENERATED, check, cite, marks_in
from qa.errors import QuoteMismatch
from qa.types import Answer, Draft, FreeText, Passage, Quote, Span, Verdict
from tests.samples import document, lookup, passage, place

DOC = document("Preface. Pumps are loud. The red pump moves forty litres. It stands outside.", "pumps.txt")
SHOWN = passage(DOC, "Pumps are loud. The red pump moves forty litres.", best=0)
PUMP = place(DOC, "The red pump moves forty litres.")
DRAFT = Draft("The red pump moves forty litres. [1]", (Quote(1, PUMP),))


def make(
    draft: Draft = DRAFT,
    shown: Passage = SHOWN,
    verdict: Verdict = Verdict.ANSWERED,
    free_text: FreeText = FreeText.OWN,
) -> Answer:
    return cite("q", "s", draft, [shown], lookup(DOC), verdict, 0.8, ["Said before."], free_text)


def test_an_answer_keeps_the_drafts_text_and_cites_document_and_revision() -> None:
    answer = make()
    assert answer.text == "The red pump moves forty litres. [1]"
    (citation,) = answer.citations
    assert (citation.text, citation.quote, citation.digest) == ("The red pump moves forty litres.", PUMP, DOC.digest)
    assert (answer.question, answer.searched, answer.confidence) == ("q", "s", 0.8)
    assert answer.notices == ("Said before.",)


def test_what_is_quoted_is_what_is_highlighted() -> None:
    answer = make()
    assert answer.passages[0].highlights == (PUMP,)
    assert answer.citations[0].passage == answer.passages[0]


def test_a_passage_that_is_not_quoted_keeps_its_highlight() -> None:
    assert make(Draft("", ())).passages == (SHOWN,)


def test_two_quotes_of_one_passage_are_highlighted_in_the_order_of_the_text() -> None:
    loud = place(DOC, "Pumps are loud.")
    answer = make(Draft("Both. [1] [1]", (Quote(1, PUMP), Quote(1, loud))))
    assert answer.passages[0].highlights == (loud, PUMP)
    assert [citation.quote for citation in answer.citations] == [PUMP, loud]


@pytest.mark.parametrize("mark", ["[2]", "[0]", "[9999]"])
def test_a_mark_without_a_passage_is_taken_out_and_counted(mark: str) -> None:
    answer = make(Draft(f"Forty. {mark} Fine. [1]", (Quote(1, PUMP),)))
    assert answer.text == "Forty. Fine. [1]"
    assert answer.notices[1] == "1 citation mark(s) pointed at no passage and were taken out."


def test_several_marks_without_a_passage_are_counted_together() -> None:
    answer = make(Draft("A [7] b [8] c [1].", (Quote(1, PUMP),)))
    assert answer.text == "A b c [1]."
    assert answer.notices[1].startswith("2 citation mark(s)")


def test_a_quote_from_a_passage_that_does_not_exist_is_no_citation() -> None:
    assert make(Draft("Forty.", (Quote(2, PUMP),))).citations == ()


def test_a_bracketed_number_that_stands_in_the_quote_itself_is_not_taken_for_a_mark() -> None:
    of = document("The treaty of 1848 ended the war.[12] It was long.", "wiki.txt")
    quote = place(of, "The treaty of 1848 ended the war.[12]")
    draft = Draft("The treaty of 1848 ended the war.[12] [1]", (Quote(1, quote),))
    answer = cite("q", "q", draft, [passage(of, of.text)], lookup(of), Verdict.ANSWERED, 0.9)
    assert answer.text == "The treaty of 1848 ended the war.[12] [1]"
    assert answer.notices == ()


def test_where_nothing_was_found_there_is_no_text_and_no_citation_but_the_passages_stay() -> None:
    answer = make(verdict=Verdict.NOT_FOUND)
    assert (answer.text, answer.citations) == ("", ())
    assert answer.passages == (SHOWN,)


def test_an_unsure_answer_keeps_its_quotes() -> None:
    answer = make(verdict=Verdict.UNSURE)
    assert [citation.text for citation in answer.citations] == ["The red pump moves forty litres."]


def test_a_sound_answer_passes_a_second_check() -> None:
    check(make(), lookup(DOC))


def test_a_passage_whose_text_is_not_the_documents_is_refused() -> None:
    forged = replace(SHOWN, text=SHOWN.text.replace("forty", "fifty"))
    with pytest.raises(QuoteMismatch, match=r"pumps\.txt: a passage at 9\.\.57 isn't what stands there"):
        make(shown=forged)


def test_a_passage_moved_by_one_character_is_refused() -> None:
    moved = replace(SHOWN, span=Span(SHOWN.span.start + 1, SHOWN.span.end + 1))
    with pytest.raises(QuoteMismatch, match="a passage at"):
        make(Draft("", ()), shown=moved)


def test_a_passage_past_the_end_of_its_document_is_refused() -> None:
    text = DOC.text[60:]
    beyond = replace(SHOWN, text=text, span=Span(60, 60 + len(text) + 5), highlights=())
    with pytest.raises(QuoteMismatch, match="a passage at"):
        make(Draft("", ()), shown=beyond)


@pytest.mark.parametrize("outside", [place(DOC, "Preface."), place(DOC, "It stands outside.")])
def test_a_highlight_outside_its_passage_is_refused(outside: Span) -> None:
    with pytest.raises(QuoteMismatch, match="a highlight at"):
        make(Draft("", ()), shown=replace(SHOWN, highlights=(outside,)))


@pytest.mark.parametrize("outside", [place(DOC, "Preface."), place(DOC, "It stands outside."), Span(0, 9_999)])
def test_a_quote_outside_its_passage_is_refused(outside: Span) -> None:
    with pytest.raises(QuoteMismatch, match=r"a (?:highlight|quote) at"):
        make(Draft("Said. [1]", (Quote(1, outside),)))


def test_an_empty_quote_is_refused() -> None:
    with pytest.raises(QuoteMismatch, match="a quote at"):
        make(Draft("Said. [1]", (Quote(1, Span(PUMP.start, PUMP.start)),)))


def test_the_words_that_answer_are_kept_inside_their_quote() -> None:
    forty = place(DOC, "forty litres")
    (citation,) = make(Draft("Forty. [1]", (Quote(1, PUMP, forty),))).citations
    assert citation.focus == forty


@pytest.mark.parametrize("outside", [place(DOC, "Pumps are loud."), Span(PUMP.start, PUMP.end + 1)])
def test_words_that_answer_but_stand_outside_their_quote_are_refused(outside: Span) -> None:
    with pytest.raises(QuoteMismatch, match="a focus at"):
        make(Draft("Forty. [1]", (Quote(1, PUMP, outside),)))


def test_a_quote_whose_passage_was_forged_afterwards_is_refused_at_display() -> None:
    answer = make()
    forged = replace(answer.citations[0].passage, text=SHOWN.text.replace("forty", "fifty"))
    with pytest.raises(QuoteMismatch, match="a quote at"):
        check(replace(answer, citations=(replace(answer.citations[0], passage=forged),)), lookup(DOC))


def test_a_quote_of_another_revision_is_refused() -> None:
    answer = make()
    with pytest.raises(QuoteMismatch, match="a quote at"):
        check(replace(answer, citations=(replace(answer.citations[0], digest="sha256:other"),)), lookup(DOC))


def test_a_document_that_changed_since_is_refused_at_display() -> None:
    changed = replace(DOC, text=DOC.text.replace("forty", "fifty"))
    with pytest.raises(QuoteMismatch, match=r"the answer is withheld\. Run: qa index --rebuild"):
        check(make(), lookup(changed))


def test_marks_are_found_with_the_blank_before_them() -> None:
    assert marks_in("One. [1] Two[12] [x] [12345]") == [(4, 8, 1), (12, 16, 12)]


# Words that are no quote


@pytest.mark.parametrize(
    "text",
    [
        "It moves a lot. [1]",
        "The red pump moves forty litres. [1] Buy it.",
        "So: The red pump moves forty litres. [1]",
        "The red pump moves forty  litres. [1]",
        "The red pump moves forty litres. [9] And more.",
    ],
)
def test_a_draft_with_words_that_are_no_quote_is_refused(text: str) -> None:
    with pytest.raises(QuoteMismatch, match=r"words that are no quote .* generative = True"):
        make(Draft(text, (Quote(1, PUMP),)), free_text=FreeText.REFUSED)


@pytest.mark.parametrize("free_text", FreeText)
def test_quotes_and_their_marks_alone_are_never_refused_nor_marked(free_text: FreeText) -> None:
    loud = place(DOC, "Pumps are loud.")
    draft = Draft("Pumps are loud. [1]\nThe red pump moves forty litres. [1] [9]", (Quote(1, loud), Quote(1, PUMP)))
    answer = make(draft, free_text=free_text)
    assert answer.text == "Pumps are loud. [1]\nThe red pump moves forty litres. [1]"
    assert answer.generated == ()


def test_words_that_a_model_wrote_are_kept_and_marked_where_they_stand() -> None:
    text = "It is strong [1] [7]: The red pump moves forty litres. [1] Buy two."
    answer = make(Draft(text, (Quote(1, PUMP),)), free_text=FreeText.GENERATED)
    assert answer.text == "It is strong [1]: The red pump moves forty litres. [1] Buy two."
    assert [span.of(answer.text) for span in answer.generated] == ["It is strong", ":", "Buy two."]
    assert answer.notices[-1] == GENERATED
    assert [citation.text for citation in answer.citations] == ["The red pump moves forty litres."]


def test_the_programs_own_words_are_neither_refused_nor_marked() -> None:
    assert make(Draft("It stands in 3 documents.", ()), free_text=FreeText.OWN).generated == ()
