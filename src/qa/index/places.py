"""A document's places on disk, in blocks: those near a passage are read without the hundred thousand others.

A spreadsheet has a place for each cell, and a question asks for a few dozen of them. Knows how places are packed;
knows nothing of what they mean.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import overload

from qa.types import Place, Span

_BLOCK = 256  # places
_BETWEEN = b"\x1e"  # in JSON it only stands escaped


def pack_places(places: Sequence[Place]) -> bytes:
    """Return places as JSON on one line: a list of the blocks (least start, greatest end, count), then the blocks."""
    blocks = [places[at : at + _BLOCK] for at in range(0, len(places), _BLOCK)]
    reach = [
        [min(place.span.start for place in block), max(place.span.end for place in block), len(block)]
        for block in blocks
    ]
    flat = ([[place.kind, place.label, place.span.start, place.span.end] for place in block] for block in blocks)
    return _BETWEEN.join(
        json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode("utf-8") for part in (reach, *flat)
    )


class Places(Sequence[Place]):
    """Packed places as a sequence like any other; a block is read when it is asked for."""

    def __init__(self, packed: bytes) -> None:
        head, *self._blocks = packed.split(_BETWEEN)
        self._reach: list[tuple[int, int]] = []
        counts: list[int] = []
        for start, end, count in json.loads(head):
            self._reach.append((start, end))
            counts.append(count)
        self._firsts: list[int] = [0, *accumulate(counts)]

    def __len__(self) -> int:
        """Return how many places there are."""
        return self._firsts[-1]

    def __iter__(self) -> Iterator[Place]:
        """Yield all places in order."""
        for number in range(len(self._blocks)):
            yield from self._block(number)

    @overload
    def __getitem__(self, at: int) -> Place: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Place]: ...
    def __getitem__(self, at: int | slice) -> Place | Sequence[Place]:
        """Return one place, or some."""
        if isinstance(at, slice):
            return tuple(self)[at]
        number = range(len(self))[at]
        return self._block(number // _BLOCK)[number % _BLOCK]

    def __eq__(self, other: object) -> bool:
        """Tell whether another sequence holds the same places."""
        return isinstance(other, (Places, tuple)) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        """Return the hash of the tuple they are equal to."""
        return hash(tuple(self))

    def near(self, span: Span) -> Iterator[Place]:
        """Yield the places of all blocks that reach into a span: those that hold some of it, and their neighbours."""
        for number, (start, end) in enumerate(self._reach):
            if start < span.end and span.start < end:
                yield from self._block(number)

    def _block(self, number: int) -> list[Place]:
        return [Place(kind, label, Span(a, b)) for kind, label, a, b in json.loads(self._blocks[number])]
