"""How answers are shown: JSON as the interface has it, everything escaped, highlights cut out by their offsets."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from qa.cite import cite
from qa.types import (
    Answer,
    Draft,
    Parts,
    Passage,
    Place,
    Quote,
    Reading,
    Span,
    Verdict,
)
from qa.ui.answer_json import place, to_json
from qa.ui.answer_json import where as inside
from qa.ui.render import (
    answer_html,
    error_html,
    evidence_html,
    question_html,
    to_text,
)
from tests.samples import document, hit, lookup, passage
from tests.samples import place as where

TEXT = "Preface. Pumps are loud. The red pump moves forty litres. It stands outside."
PUMP = "The red pump moves forty litres."
EVIL = "<script>alert(1)</script>\"'${7*7}{{7*7}}&amp;"


def answer(
    text: str = TEXT,
    quote: str = PUMP,
    *,
    source: str = "pumps.md",
    heading: tuple[str, ...] = ("Yard", "Pumps"),
    verdict: Verdict = Verdict.ANSWERED,
    question: str = "What does it move?",
    notices: tuple[str, ...] = (),
    focus: str = "",
) -> Answer:
    of = document(text, source, heading)
    shown = passage(of, text, score=0.8123456789)
    span = where(of, quote)
    draft = Draft(f"{quote} [1]", (Quote(1, span, where(of, focus) if focus else None),))
    return cite(question, question, draft, [shown], lookup(of), verdict, 0.87654321, notices)


class Elements(HTMLParser):
    """Collects the tags, attributes and words of markup, as a browser would see them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.marked: list[str] = []
        self._open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag and its attributes."""
        self.tags.append(tag)
        self.attributes += attrs
        self._open.append(tag)
        if tag == "mark":
            self.marked.append("")

    def handle_endtag(self, tag: str) -> None:
        """Close the tag."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the words, and apart those that are marked."""
        self.words += data
        if self._open and self._open[-1] == "mark":
            self.marked[-1] += data


# JSON


def test_json_has_the_keys_and_types_of_the_public_interface() -> None:
    shown = to_json(answer(notices=("Said.",)), {"embed": 1.23456, "search": 2.0, "total": 3.5}, "q1")
    assert list(shown) == [
        "id",
        "question",
        "searched",
        "kind",
        "verdict",
        "confidence",
        "answer",
        "generated",
        "yes_no",
        "citations",
        "occurrences",
        "values",
        "passages",
        "notices",
        "timings_ms",
    ]
    assert (shown["id"], shown["question"], shown["verdict"]) == ("q1", "What does it move?", "answered")
    assert (shown["confidence"], shown["answer"]) == (0.8765, f"{PUMP} [1]")
    assert shown["notices"] == ["Said."]
    assert shown["timings_ms"] == {"embed": 1.23, "search": 2.0, "total": 3.5}


def test_a_citation_in_json_says_where_its_quote_stands() -> None:
    (citation,) = to_json(answer())["citations"]
    assert citation == {
        "n": 1,
        "source": "pumps.md",
        "digest": "sha256:pumps.md",
        "page": None,
        "place": "",
        "heading": "Yard › Pumps",
        "start": 25,
        "end": 57,
        "quote": PUMP,
        "focus": None,
        "hidden": [],
    }
    assert TEXT[25:57] == PUMP


def test_the_words_that_answer_are_given_by_their_place_in_the_document() -> None:
    (citation,) = to_json(answer(focus="forty litres"))["citations"]
    assert TEXT[citation["focus"]["start"] : citation["focus"]["end"]] == "forty litres"


def test_a_passage_in_json_has_its_text_scores_and_highlights() -> None:
    (shown,) = to_json(answer())["passages"]
    assert shown == {
        "n": 1,
        "source": "pumps.md",
        "page": None,
        "place": "",
        "heading": "Yard › Pumps",
        "start": 0,
        "end": len(TEXT),
        "text": TEXT,
        "score": 0.812346,
        "parts": {"dense": 0.812346, "sentence": 0.812346, "keyword": 0.812346, "coverage": 0.812346},
        "highlights": [{"start": 25, "end": 57}],
        "hidden": [],
        "also_in": [],
    }


def test_the_readers_probability_is_a_part_of_the_score_where_it_has_read() -> None:
    found = answer()
    read = replace(found.passages[0].hits[0], reading=Reading(Span(0, 1), 0.0))
    shown = to_json(replace(found, passages=(replace(found.passages[0], hits=(read,)),)))
    assert shown["passages"][0]["parts"]["reader"] == 0.5


def test_support_elsewhere_is_named_in_json() -> None:
    other = document(TEXT, "copy.md")
    found = answer()
    supported = replace(found.passages[0], support=(hit(other, PUMP),))
    shown = to_json(replace(found, passages=(supported,)))
    assert shown["passages"][0]["also_in"] == [{"source": "copy.md", "start": 25, "end": 57}]


def test_json_survives_being_written_and_read() -> None:
    shown = to_json(answer(text="Ünïcödé \u2028 😀. End.", quote="End."), {"total": 1.0}, None)
    assert json.loads(json.dumps(shown, ensure_ascii=False)) == shown


# HTML


def everything(found: Answer) -> str:
    return answer_html(found, 1) + evidence_html(found, 1) + question_html(found.question)


@pytest.mark.parametrize("field", ["text", "source", "heading", "question", "notice"])
def test_markup_from_documents_and_questions_is_only_ever_text(field: str) -> None:
    plain = Elements(everything(answer(notices=("Said.",))))
    found = {
        "text": answer(text=f"{EVIL} {PUMP} {EVIL}", quote=f"{EVIL} {PUMP}", notices=("Said.",)),
        "source": answer(source=f"{EVIL}.md", notices=("Said.",)),
        "heading": answer(heading=("Yard", EVIL), notices=("Said.",)),
        "question": answer(question=EVIL, notices=("Said.",)),
        "notice": answer(notices=(EVIL,)),
    }[field]
    seen = Elements(everything(found))
    assert EVIL in seen.words
    assert "script" not in seen.tags
    assert [tag for tag in seen.tags if tag != "p"] == [tag for tag in plain.tags if tag != "p"]
    assert {name for name, _ in seen.attributes} == {name for name, _ in plain.attributes}


def test_an_errors_message_is_escaped() -> None:
    seen = Elements(error_html(EVIL))
    assert (seen.words, seen.tags) == (EVIL, ["div", "p"])


def test_the_highlight_is_cut_out_by_its_offsets_not_by_its_words() -> None:
    text = "Pumps pump. Pumps pump. Pumps pump."
    of = document(text)
    second = Span(12, 23)
    shown = replace(passage(of, text), highlights=(second,))
    found = cite("q", "q", Draft("", ()), [shown], lookup(of), Verdict.ANSWERED, 0.9)
    markup = evidence_html(found, 1)
    assert Elements(markup).marked == ["Pumps pump."]
    before, _, after = markup.partition("<mark")
    assert "Pumps pump. " in before
    assert after.count("Pumps pump.") == 2


def test_offsets_hold_where_the_passage_begins_far_into_its_document_with_emoji() -> None:
    text = "😀 " * 50 + "Der Bär 👩\u200d👧 läuft. Ende."
    of = document(text)
    shown = passage(of, "Der Bär 👩\u200d👧 läuft. Ende.", best=0)
    found = cite("q", "q", Draft("", ()), [shown], lookup(of), Verdict.ANSWERED, 0.9)
    assert Elements(evidence_html(found, 1)).marked == ["Der Bär 👩\u200d👧 läuft."]


def test_the_whole_passage_is_shown_whatever_is_highlighted() -> None:
    of = document(TEXT)
    overlapping = (Span(0, 24), Span(9, 57), Span(9, 24))
    shown = replace(passage(of, TEXT), highlights=overlapping)
    found = cite("q", "q", Draft("", ()), [shown], lookup(of), Verdict.ANSWERED, 0.9)
    markup = evidence_html(found, 1)
    body = Elements(markup[markup.index('<div class="text"') : markup.index("</li>")])
    assert body.words == TEXT
    assert "".join(body.marked) == TEXT[:57]


def test_a_citation_points_at_its_passage_of_its_turn() -> None:
    found = answer()
    button = re.search(r'<button type="button" class="cite" data-turn="3" data-n="1"', answer_html(found, 3))
    assert button is not None
    assert 'id="p-3-1"' in evidence_html(found, 3)


def test_the_words_that_answer_are_set_off_inside_their_quote() -> None:
    markup = answer_html(answer(focus="forty litres"), 1)
    assert "The red pump moves <strong>forty litres</strong>." in markup


def test_a_quote_of_a_file_whose_pages_can_be_drawn_offers_its_page_by_its_label() -> None:
    places = (Place("page", "xi", Span(0, 30)), Place("page", "xii", Span(30, 70)))
    found = answer(source="Pumps & <so>.pdf")
    passages = (replace(found.passages[0], places=places),)
    citations = tuple(replace(citation, passage=passages[0]) for citation in found.citations)
    found = replace(found, passages=passages, citations=citations)
    for markup in (
        answer_html(found, 1, {"Pumps & <so>.pdf": "sha256:1"}.__getitem__),
        evidence_html(found, 1, {"Pumps & <so>.pdf": "sha256:1"}.__getitem__),
    ):
        seen = Elements(markup)
        assert "Show on pages xi–xii" in seen.words
        asked = dict(seen.attributes)
        # the quote's own offsets, which reach from the first page to the second
        assert (asked["data-source"], asked["data-digest"], asked["data-spans"]) == (
            "Pumps & <so>.pdf",
            "sha256:1",
            "25-57",
        )
    for drawn in ({"Pumps & <so>.pdf": ""}.__getitem__, None):
        markup = answer_html(found, 1, drawn) if drawn else answer_html(found, 1)
        assert "Show on" not in markup


def test_without_a_page_none_is_offered() -> None:
    assert "Show on" not in everything(answer()) + evidence_html(answer(), 1, lambda source: "sha256:1")


@pytest.mark.parametrize(
    ("verdict", "said", "lead"),
    [
        (Verdict.ANSWERED, "", "Evidence"),
        (Verdict.UNSURE, "Probably not an answer", "probably not an answer"),
        (Verdict.NOT_FOUND, "Not in your documents", "not an answer"),
    ],
)
def test_each_verdict_is_said_in_words_wherever_it_is_shown(verdict: Verdict, said: str, lead: str) -> None:
    found = answer(verdict=verdict)
    assert said in answer_html(found, 1)
    assert lead in evidence_html(found, 1)
    assert said in to_text(found, colour=False)
    assert f'class="answer {verdict.value}"' in answer_html(found, 1)


def test_where_nothing_was_found_no_quote_is_shown() -> None:
    markup = answer_html(answer(verdict=Verdict.NOT_FOUND), 1)
    assert "<blockquote" not in markup
    assert PUMP not in markup


def test_without_passages_the_evidence_says_so() -> None:
    bare = Answer("q", "q", "", (), (), Verdict.NOT_FOUND, 0.0)
    assert "No passage came near this question." in evidence_html(bare, 1)


# The terminal


def test_the_terminal_shows_quote_place_and_passage_with_the_highlight_marked() -> None:
    assert to_text(answer(), colour=False) == (
        "“The red pump moves forty litres.” [1]\n"
        "    pumps.md · Yard › Pumps\n"
        "\n"
        "[1] pumps.md · Yard › Pumps (score 0.81)\n"
        "    Preface. Pumps are loud. »The red pump moves forty litres.« It stands outside."
    )


def test_without_colour_there_is_no_escape_code() -> None:
    assert "\x1b" not in to_text(answer(notices=("Said.",)), colour=False)


def test_with_colour_the_highlight_is_reversed_and_every_code_is_closed() -> None:
    shown = to_text(answer(), colour=True)
    assert f"\x1b[7m{PUMP}\x1b[0m" in shown
    assert shown.rstrip().rfind("\x1b[0m") > shown.rfind("\x1b[7m")


@pytest.mark.parametrize("code", ["\x1b[31m", "\x1b]0;title\x07", "\x9b31m", "\x08", "\r", "\x00", "\x85", "\x0c"])
@pytest.mark.parametrize("field", ["text", "source", "heading", "notice"])
def test_no_control_code_from_outside_reaches_the_terminal(code: str, field: str) -> None:
    found = {
        "text": answer(text=f"Before. The {code}pump moves. After.", quote=f"The {code}pump moves."),
        "source": answer(source=f"a{code}b.md"),
        "heading": answer(heading=(f"a{code}b",)),
        "notice": answer(notices=(f"a{code}b",)),
    }[field]
    shown = to_text(found, colour=False)
    assert {c for c in shown if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160} == set()


def test_the_best_three_passages_are_shown_and_those_cited() -> None:
    documents = [document(f"Document {word} speaks.", f"{word}.txt") for word in "abcdef"]
    shown = [passage(of, of.text, at) for at, of in enumerate(documents, start=1)]
    draft = Draft("Document e speaks. [5]", (Quote(5, Span(0, 18)),))
    found = cite("q", "q", draft, shown, lookup(*documents), Verdict.ANSWERED, 0.9)
    assert re.findall(r"^\[(\d)\]", to_text(found, colour=False), re.MULTILINE) == ["1", "2", "3", "5"]


def test_a_place_names_the_page_where_there_is_one() -> None:
    shown = replace(passage(document(TEXT, "a.pdf", ("Yard",)), TEXT), places=(Place("page", "xii", Span(0, 40)),))
    assert place(shown) == "a.pdf · p. xii · Yard"
    assert place(shown, Span(41, 50)) == "a.pdf · Yard", "the page ends before"


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([("page", "12", 0, 20), ("page", "13", 20, 40)], "p. 12–13"),
        ([("slide", "3", 0, 40)], "slide 3"),
        (
            [("sheet", "Budget", 0, 40), ("row", "7", 5, 20), ("cell", "B7", 5, 9), ("cell", "D7", 12, 20)],
            "sheet Budget, B7–D7",
        ),
        ([("time", "00:01:02", 0, 9)], "at 00:01:02"),
        ([("chapter", "The Storm", 0, 40)], "The Storm"),
        ([("chapter", "3", 0, 40)], "chapter 3"),
        ([("cell", "In [3]", 0, 40)], "In [3]"),
        ([("line", "7", 0, 40)], "line 7"),
        ([("line", "7", 0, 9), ("line", "9", 11, 40)], "lines 7–9"),
        ([("slide", "2", 0, 40), ("notes", "2", 5, 40)], "slide 2, notes"),
        ([("header", "default", 0, 40)], "header"),
        ([("comment", "Ada", 0, 40)], "comment by Ada"),
        ([("comment", "", 0, 40)], "comment"),
        ([("footnote", "1", 0, 40)], "footnote 1"),
        ([("page", "14", 30, 40)], ""),
    ],
)
def test_a_place_is_named_as_a_person_would_look_for_it(places: list[tuple[str, str, int, int]], said: str) -> None:
    found = tuple(Place(kind, label, Span(a, b)) for kind, label, a, b in places)
    shown = replace(passage(document(TEXT, "a.pdf"), TEXT), places=found)
    assert inside(shown, Span(0, 25)) == said


def test_a_passage_without_parts_worth_showing_still_renders() -> None:
    of = document(TEXT)
    bare = Passage(1, (hit(of, TEXT, parts=Parts(0.0, 0.0, 0.0)),), Span(0, len(TEXT)), TEXT)
    assert Elements(evidence_html(Answer("q", "q", "", (), (bare,), Verdict.UNSURE, 0.3), 1)).marked == []
