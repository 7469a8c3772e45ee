"""Places in blocks: the same sequence as before packing, and near a passage only what lies there is read."""

from __future__ import annotations

import json
import random
from types import SimpleNamespace

import pytest

from qa.index import places as packing
from qa.index.places import Places, pack_places
from qa.types import Document, Place, Section, Span

# a sheet of 2,000 cells, ten characters each with a space between
CELLS = [Place("cell", f"A{number}", Span(11 * number, 11 * number + 10)) for number in range(2_000)]
SHEET = [Place("sheet", "Costs\tand\x1e“more”", Span(0, 22_000)), *CELLS]


def document(places: list[Place]) -> Document:
    text = "0123456789 " * 2_000
    section = Section(None, (), Span(0, len(text)))
    return Document("a.xlsx", "sha256:a", "a", text, (section,), Places(pack_places(places)))


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 2_001])
def test_places_come_back_as_they_were_put_down(count: int) -> None:
    places = Places(pack_places(SHEET[:count]))
    assert tuple(places) == tuple(SHEET[:count])
    assert (len(places), places == tuple(SHEET[:count]), hash(places)) == (count, True, hash(tuple(SHEET[:count])))
    assert [places[at] for at in range(count)] == SHEET[:count]
    assert places[:3] == tuple(SHEET[: min(3, count)])


def test_an_index_beyond_the_last_place_is_refused() -> None:
    places = Places(pack_places(SHEET))
    assert places[-1] == CELLS[-1]
    with pytest.raises(IndexError):
        places[len(SHEET)]


def test_packed_places_stand_on_one_line_without_tabs() -> None:
    packed = pack_places(SHEET)
    assert b"\n" not in packed
    assert b"\t" not in packed


def test_the_places_of_a_span_are_those_that_hold_some_of_it() -> None:
    found = document(SHEET)
    # the end of cell 100, the space and the beginning of cell 101
    assert found.places_of(Span(1_105, 1_113)) == (SHEET[0], CELLS[100], CELLS[101])
    # a space between cells is in the sheet alone
    assert found.places_of(Span(1_110, 1_111)) == (SHEET[0],)


def test_any_span_gets_what_a_look_at_every_place_gives() -> None:
    chance = random.Random(5)
    places = [
        Place("cell", str(number), Span(start, start + chance.randrange(0, 60)))
        for number, start in enumerate(chance.randrange(20_000) for _ in range(3_000))
    ]
    found = document(places)
    for _ in range(200):
        start = chance.randrange(21_000)
        span = Span(start, start + chance.randrange(1, 400))
        assert found.places_of(span) == tuple(place for place in places if place.span.overlaps(span))


def test_only_the_blocks_near_a_span_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = document(SHEET)
    read: list[int] = []

    def counted(data: bytes) -> object:
        read.append(1)
        return json.loads(data)

    monkeypatch.setattr(packing, "json", SimpleNamespace(loads=counted))
    found.places_of(Span(11_000, 11_500))
    # the block the sheet itself stands in, and one or two around character 11,000
    assert len(read) <= 3
