"""Finds the rows of documents that an index holds already under another name: moved, renamed, copied.

A file's bytes decide nothing alone, since its name may give its title, which is embedded too: whatever the embedder
is given must be the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from qa.index.layout import Part, Record
from qa.index.opened import Index
from qa.sealed import Values

_SHAPING = [1, 2, 3, 7]  # of a chunk's columns: section, start, end, header


class Earlier:
    """The documents of an index made by the same model, to take rows over from."""

    def __init__(self, old: Index) -> None:
        self._part = old.part()
        self._records = old.records
        self._alike: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        for number, record in enumerate(self._records):
            self._alike[_key(record)].append(number)

    def find(self, part: Part, number: int, record: Record) -> tuple[int, int] | None:
        """Return the rows here of a document that is number `number` of `part`, if it would be embedded just so."""
        for other in self._alike.get(_key(record), []):
            known = self._records[other]
            same = (known.sections, known.headers) == (record.sections, record.headers)
            if same and _same_content(self._part, other, part, number):
                first, last = self._part.places.cut(other, other + 1)[0, 4:6].tolist()
                return first, last
        return None

    def blocks(self, first: int, last: int) -> Iterator[tuple[Values, Values, Values]]:
        """Yield rows `first` to `last` in blocks: the chunks', and the packed ones of their sentences with scales."""
        for rows in self._part.rows(first, last):
            low, high = self._part.first_sentence(first), self._part.first_sentence(first + len(rows))
            yield rows, self._part.packed.cut(low, high), self._part.scales.cut(low, high)
            first += len(rows)


def _key(record: Record) -> tuple[str, str, str]:
    return record.digest, record.title, record.reader


def _same_content(one: Part, a: int, other: Part, b: int) -> bool:
    """Tell whether two documents have the same text, cut into the same chunks and sentences."""
    return all(np.array_equal(x, y) for x, y in zip(_content(one, a), _content(other, b), strict=True))


def _content(part: Part, number: int) -> Iterator[Values]:
    _, _, first_byte, last_byte, first, last = part.places.cut(number, number + 1)[0, :6].tolist()
    yield part.chunks.cut(first, last)[:, _SHAPING]
    yield part.sentences.cut(part.first_sentence(first), part.first_sentence(last))
    yield part.texts.cut(first_byte, last_byte)
