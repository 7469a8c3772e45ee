"""The extractive answerer: verbatim sentences, the likeliest first, each with the mark of its passage."""

from __future__ import annotations

import dataclasses

from qa.answer.extractive import ExtractiveAnswerer
from qa.answer.signals import WeighedQuestion
from qa.types import Passage, Reading, SentenceReading, Span
from tests.fakes import PlainVocabulary, SumModel, WordReader
from tests.samples import document, hit, passage, place

PUMPS = document("Pumps are loud. The red pump moves forty litres. It stands outside.", "pumps.txt")
DOORS = document("Doors are quiet. The blue door sticks.", "doors.txt")


def by_words(reader: WordReader | None = None) -> ExtractiveAnswerer:
    """Return an answerer that believes in the share of a question's words: log-odds from -4 to 4."""
    return ExtractiveAnswerer(PlainVocabulary(), reader, SumModel(here_share=8.0, typed_as_question=-4.0))


def by_margin() -> ExtractiveAnswerer:
    return ExtractiveAnswerer(PlainVocabulary(), None, SumModel(margin=1.0))


def passages() -> list[Passage]:
    return [passage(PUMPS, PUMPS.text, 1, score=0.9, best=1), passage(DOORS, DOORS.text, 2, score=0.5, best=0)]


def read(shown: Passage, margins: dict[str, float]) -> Passage:
    """Let a reader have found these words, each in the sentence that holds it, with these margins."""
    found = shown.hits[0]
    apart = []
    for sentence in found.chunk.sentences:
        text = sentence.of(shown.text)
        words = next((words for words in margins if words in text), "")
        at = sentence.start + text.find(words)
        span = Span(at, at + len(words)) if words else Span(sentence.start, sentence.start)
        apart.append(SentenceReading(span, margins.get(words, -9.0)))
    best = max(apart, key=lambda one: one.margin)
    reading = Reading(best.span, best.margin, tuple(apart))
    return dataclasses.replace(shown, hits=(dataclasses.replace(found, reading=reading),))


def test_the_likeliest_sentence_is_quoted_word_for_word_with_its_mark() -> None:
    draft = by_words().write("What does the red pump move?", passages())
    assert draft.text == "The red pump moves forty litres. [1]"
    assert [(quote.number, quote.span.of(PUMPS.text)) for quote in draft.quotes] == [
        (1, "The red pump moves forty litres.")
    ]


def test_the_log_odds_are_those_of_the_first_quote() -> None:
    # "red" and "pump" of "red pump move": two of three words, 8 * 2/3 - 4
    draft = by_words().write("What does the red pump move?", passages())
    assert round(draft.log_odds, 4) == round(8 * 2 / 3 - 4, 4)


def test_a_sentence_of_a_lower_passage_can_be_the_likeliest() -> None:
    assert by_words().write("Which blue door sticks?", passages()).text == "The blue door sticks. [2]"


def test_a_sentence_that_is_as_likely_is_quoted_too_on_a_line_of_its_own() -> None:
    twice = document("The red pump moves water. The red pump moves oil. Nothing else does.", "twice.txt")
    draft = by_words().write("Does the red pump move?", [passage(twice, twice.text, 1)])
    assert draft.text == "The red pump moves water. [1]\nThe red pump moves oil. [1]"
    assert len(draft.quotes) == 2


def test_no_more_than_three_sentences_are_quoted() -> None:
    many = document(" ".join(f"The pump number {word} moves water." for word in "ABCDEF"), "many.txt")
    draft = by_words().write("Which pump moves water?", [passage(many, many.text, 1)])
    assert draft.text.splitlines() == [
        "The pump number A moves water. [1]",
        "The pump number B moves water. [1]",
        "The pump number C moves water. [1]",
    ]


def test_one_likely_sentence_brings_no_unlikely_one() -> None:
    shown = read(passage(PUMPS, PUMPS.text, 1), {"forty litres": 3.0, "outside": -0.5})
    assert by_margin().write("How much?", [shown]).text == "The red pump moves forty litres. [1]"


def test_the_words_that_answer_are_set_off_where_they_are_likely() -> None:
    likely = read(passage(PUMPS, PUMPS.text, 1), {"forty litres": 3.0})
    assert by_margin().write("How much?", [likely]).quotes[0].focus == place(PUMPS, "forty litres")
    unlikely = read(passage(PUMPS, PUMPS.text, 1), {"forty litres": -3.0})
    assert by_margin().write("How much?", [unlikely]).quotes[0].focus is None


def test_the_cell_is_set_off_whose_column_the_question_names() -> None:
    table = document("Hat | Maker | Price\nFelt | Ada | 12\nStraw | Bo | 9", "hats.txt")
    draft = ExtractiveAnswerer(PlainVocabulary(), None, SumModel(sentence_share=8.0)).write(
        "What is the price of straw?", [passage(table, table.text, 1)]
    )
    quote = draft.quotes[0]
    assert (quote.span, quote.focus) == (place(table, "Straw | Bo | 9"), place(table, "9"))


def test_a_header_is_never_the_answer() -> None:
    table = document("Hat | Maker\nFelt | Ada\nStraw | Bo", "hats.txt")
    draft = by_words().write("hat maker", [passage(table, table.text, 1)])
    assert draft.quotes[0].span != place(table, "Hat | Maker")


def test_a_sentence_pasted_in_is_quoted_itself_whatever_a_reader_makes_of_it() -> None:
    shown = read(passage(PUMPS, PUMPS.text, 1), {"outside": 9.0})
    pasted = "the red pump moves forty litres"
    assert by_margin().write(pasted, [shown]).quotes[0].span == place(PUMPS, "The red pump moves forty litres.")
    asked = document("Does the red pump move water? It does.", "faq.txt")
    shown = read(passage(asked, asked.text, 1), {"It does": 2.0})
    # a question that stands there word for word is answered by what follows it
    assert by_margin().write("Does the red pump move water?", [shown]).quotes[0].span == place(asked, "It does.")


def test_a_reader_reads_the_likeliest_sentences_by_themselves() -> None:
    reader = WordReader()
    by_words(reader).write("Which blue door sticks?", passages())
    assert "The blue door sticks." in reader.read_texts
    assert len(reader.read_texts) == 5  # of five sentences there are, none is left out


def test_only_the_five_best_passages_are_looked_at_for_an_answer() -> None:
    others = [document(f"Nothing of use in {word}.", f"{word}.txt") for word in "abcde"]
    before = [passage(of, of.text, at, score=0.5) for at, of in enumerate(others, start=1)]
    draft = by_words().write("Which blue door sticks?", [*before, passage(DOORS, DOORS.text, 6, score=0.5)])
    assert 6 not in {quote.number for quote in draft.quotes}


def test_without_passages_the_draft_is_empty() -> None:
    draft = by_words().write("What?", [])
    assert (draft.text, draft.quotes, draft.log_odds) == ("", (), -float("inf"))


def test_hits_that_overlap_give_each_sentence_once() -> None:
    first, second = hit(PUMPS, PUMPS.text, 0.9), hit(PUMPS, "The red pump moves forty litres. It stands outside.", 0.8)
    joined = Passage(1, (first, second), first.chunk.span, PUMPS.text)
    assert by_words().write("What does the red pump move?", [joined]).text == "The red pump moves forty litres. [1]"


def test_a_sentence_of_another_label_than_was_asked_for_is_hardly_an_answer() -> None:
    halls = document("Hall D has room for forty. Hall E is cold.", "halls.txt")
    shown = read(passage(halls, halls.text, 1), {"forty": 2.0})
    same = by_margin().write("How many fit into Hall D?", [shown]).log_odds
    other = by_margin().write("How many fit into Hall C?", [shown]).log_odds
    assert (same, other) == (2.0, -3.0)


def test_code_answers_only_where_it_is_asked_for() -> None:
    text = document('"timeout": 30,\n\nIt waits a while.', "config.txt")
    shown = read(passage(text, text.text, 1), {"30": 2.0})
    assert by_margin().write("What about lunch?", [shown]).log_odds == -1.0
    assert by_margin().write("What is the option for the timeout?", [shown]).log_odds == 2.0


def test_a_question_of_which_nothing_stands_in_the_documents_is_hardly_answered() -> None:
    shown = read(passage(PUMPS, PUMPS.text, 1), {"forty litres": 2.0})
    strange = ExtractiveAnswerer(PlainVocabulary({"lizard", "barks"}), None, SumModel(margin=1.0))
    assert strange.write("Which lizard barks?", [shown]).log_odds == -1.0
    assert by_margin().write("Which lizard barks?", [shown]).log_odds == 2.0


def test_what_asks_itself_is_hardly_an_answer() -> None:
    chat = document("Who has the key? The key lies behind the door.", "chat.txt")
    shown = read(passage(chat, chat.text, 1), {"the key": 2.0, "behind": 1.0})
    assert by_margin().write("Who has a key?", [shown]).quotes[0].span == place(chat, "The key lies behind the door.")


def test_who_holds_an_office_is_answered_by_a_name_and_not_by_the_office() -> None:
    text = document("The team answers to the Chief Warden. Ada Quist is the chief warden.", "staff.txt")
    shown = read(passage(text, text.text, 1), {"Chief Warden": 3.0, "Ada Quist": 2.0})
    assert by_margin().write("Who is the chief warden?", [shown]).quotes[0].span == place(
        text, "Ada Quist is the chief warden."
    )


def test_who_someone_is_isnt_said_by_a_sentence_about_another() -> None:
    text = document("Tom Reed signs letters. Ada Quist keeps the books.", "staff.txt")
    shown = read(passage(text, text.text, 1), {"Tom Reed": 2.5, "keeps the books": 2.0})
    assert by_margin().write("Who is Ada Quist?", [shown]).quotes[0].span == place(text, "Ada Quist keeps the books.")


def test_a_value_whose_whole_label_is_asked_for_is_likelier_than_its_words_alone() -> None:
    text = document("Type of building: Warehouse\n\nEmergency exit: north side", "visit.txt")
    shown = read(passage(text, text.text, 1), {"Type": 1.0, "exit": 1.0})
    draft = by_margin().write("What type of building was visited?", [shown])
    assert draft.quotes[0].span.of(text.text) == "Type of building: Warehouse"
    assert draft.quotes[0].focus is not None
    assert draft.quotes[0].focus.of(text.text) == "Warehouse"


def test_a_paragraph_is_found_by_its_number_under_the_number_above_it() -> None:
    asked = WeighedQuestion("What is allowed by § 13 (2)?", PlainVocabulary())
    assert asked.labels[0].search("garden rules § 13 fires  (2) barbecues are allowed")
    assert not asked.labels[0].search("garden rules § 13 fires  (1) fires are forbidden")
    assert not asked.labels[0].search("garden rules § 14 bees  (2) hives are allowed")
