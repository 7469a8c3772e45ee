"""Counting looks through every text: planted words are all found, at their places, whatever they are spelled like."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from qa.chat.counting import collect, count
from qa.chat.scan import find_in
from qa.chat.wordforms import term_of
from qa.engine import Engine, build
from qa.types import Kind, Verdict
from tests.conftest import without_weights, write_files
from tests.fakes import HashingEmbedder

FILLER = (
    "the old pier stands near a café where Zoë sells “fresh” bread – and naïve gulls wait, ¿verdad? 漢字 Привет".split()
)
# what is asked for, what counts as it, and what only looks like it
PLANTED = (
    ("treaty", ["treaty", "treaties", "Treaty", "TREATIES"], ["treatyless", "entreaty", "treat"]),
    ("trade", ["trade", "trades", "traded", "trading", "Trading"], ["trader", "tradewind", "bootrade"]),
    ("mérida", ["Mérida", "Merida", "MÉRIDA", "Me\u0301rida"], ["Meridan", "Amerida"]),
    ("university", ["university", "universities"], ["universe", "universal"]),
    ("woman", ["woman", "women"], ["womanly"]),
    ("free trade zone", ["free trade zone", "Free trade\nzones", "free  trade zone"], ["free trade", "trade zone"]),
    ('"rate"', ["rate", "Rate", "RATE"], ["rates", "rated", "crate"]),
    ("boat", ["boat", "bo\u00adat", "boats"], ["boatman", "lifeboat", "boät2"]),
)


@pytest.mark.parametrize("seed", range(50))
def test_planted_words_are_all_found_at_their_places(seed: int) -> None:
    rng = random.Random(seed)
    asked, forms, decoys = PLANTED[seed % len(PLANTED)]
    parts: list[str] = []
    expected: list[tuple[int, int]] = []
    length = 0
    for _ in range(rng.randint(50, 400)):
        draw = rng.random()
        word = rng.choice(forms) if draw < 0.1 else rng.choice(decoys) if draw < 0.2 else rng.choice(FILLER)
        # apart by what is no letter, and never by white space alone: two planted words must not make a third
        gap = rng.choice([" . ", ", – ", ".\n\n", " (", " “", "; "])
        if draw < 0.1:
            expected.append((length, length + len(word)))
        parts += [word, gap]
        length += len(word) + len(gap)
    text = "".join(parts)
    term = term_of(asked)
    assert term is not None
    assert [tuple(place) for place in find_in(term, text.encode()).tolist()] == expected


@pytest.mark.parametrize("asked", ["treaty", "café", "Привет", "U.S.", "go"])
def test_a_long_text_is_searched_piece_by_piece_as_by_the_plain_pattern(
    asked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.chat.scan._PIECE", 97)
    rng = random.Random(4)
    words = [*FILLER, "treaties", "CAFÉ", "cafés", "ПРИВЕТ", "U.S.", "went", "goes", "e\u0301clair", "ﬁne"]
    text = " ".join(rng.choice(words) for _ in range(3_000))
    term = term_of(asked)
    assert term is not None
    found = [tuple(place) for place in find_in(term, text.encode()).tolist()]
    assert found == [match.span() for match in term.text.finditer(text)]
    assert found


def test_every_document_is_scanned_and_each_place_told(engine_over: Callable[[dict[str, str]], Engine]) -> None:
    files = {f"d{at}.txt": f"Page {at}. " + "The pier is old. " * at + "A pierced ear." for at in range(5)}
    engine = engine_over(files)
    answer = engine.ask("How many times is the pier mentioned?").answer
    assert answer.kind is Kind.COUNT
    assert answer.verdict is Verdict.ANSWERED
    assert answer.occurrences is not None
    assert answer.occurrences.total == 0 + 1 + 2 + 3 + 4
    assert [(one.source, len(one.spans)) for one in answer.occurrences.documents] == [
        ("d4.txt", 4),
        ("d3.txt", 3),
        ("d2.txt", 2),
        ("d1.txt", 1),
    ]
    assert answer.occurrences.scanned == 5
    for one in answer.occurrences.documents:
        text = engine.index.document(one.source).text
        assert [span.of(text) for span in one.spans] == re.findall(r"\bpier\b", text)
    assert "All 5 documents were looked through." in answer.text
    engine.check(answer)


def test_a_file_that_could_not_be_read_is_said(tmp_path: Path) -> None:
    settings = without_weights(tmp_path / "index")
    folder = write_files(tmp_path / "docs", {"a.txt": "The pier is old.\n", "b.pdf": "no pdf at all"})
    build(settings, [folder], embedder=HashingEmbedder())
    answer = Engine.open(settings, HashingEmbedder()).ask("Which documents mention the pier?").answer
    assert answer.text.splitlines()[0] == "1 of 1 document mentions “pier”, 1 time: a.txt (1)."
    assert "1 file could not be read" in answer.text


def test_what_stands_nowhere_is_counted_as_none(small_engine: Engine) -> None:
    report = count(small_engine.index, "zeppelin", None, documents=False)
    assert report is not None
    assert (report.occurrences.total, report.occurrences.scanned, report.spots) == (0, 3, ())
    assert report.text.startswith("“zeppelin”: 0 times")


def test_both_words_must_stand_in_a_document(engine_over: Callable[[dict[str, str]], Engine]) -> None:
    engine = engine_over({"a.txt": "Salt and pepper.", "b.txt": "Salt only.", "c.txt": "Pepper only."})
    answer = engine.ask("Which documents mention both salt and pepper?").answer
    assert answer.occurrences is not None
    assert [one.source for one in answer.occurrences.documents] == ["a.txt"]


@pytest.mark.parametrize(
    ("kind", "text", "found"),
    [
        (
            "dates",
            "From 3 May 2020 until June 7, 2021, not May we; el 4 de julio de 2019.",
            ["3 May 2020", "June 7, 2021", "4 de julio de 2019"],
        ),
        ("amounts", "It cost $1.5 million, or 20 euros; 30 people came.", ["$1.5 million", "20 euros"]),
        ("percentages", "12 % and 3.5 percent of 100.", ["12 %", "3.5 percent"]),
        ("email addresses", "Write to a.b@example.org, please.", ["a.b@example.org"]),
        ("people", "President Anna Berg met John F. Vance in General Hospital.", ["Anna Berg", "John F. Vance"]),
        ("years", "In 1998, room 2021b, 1,998 and 2020s.", ["1998", "2020s"]),
    ],
)
def test_values_are_found_by_their_kind(
    engine_over: Callable[[dict[str, str]], Engine], kind: str, text: str, found: list[str]
) -> None:
    engine = engine_over({"a.txt": text})
    report = collect(engine.index, kind, None)
    spans = [span for one in report.occurrences.documents for span in one.spans]
    assert [span.of(text) for span in spans] == found
