"""Texts as windows the model can read, and what is kept of each window's states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.embed.backend import Pieces
from qa.embed.tensors import Floats
from qa.types import Span


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens of one forward pass: special tokens, context, then tokens `first`.. of input `owner`."""

    owner: int
    first: int
    lead: int  # tokens before the text's own: special ones and the context
    ids: list[int]


@dataclass(frozen=True, slots=True)
class Part:
    """What one window adds: its vector by its number of tokens, and sums and counts by sentence.

    `sentences` names the input's sentences that have tokens here.
    """

    owner: int
    vector: Floats
    sentences: NDArray[np.int64]
    sums: Floats
    counts: NDArray[np.int64]


def cut(
    owner: int, lead: Sequence[int], ids: Sequence[int], tail: Sequence[int], limit: int, skip: int = 0
) -> list[Window]:
    """Cut a text's tokens, but the first `skip`, into as few windows as fit, of equal length, lead and tail around."""
    room = limit - len(lead) - len(tail)
    size = len(ids) - skip
    count = max(1, -(-size // room))
    share = max(1, -(-size // count))
    return [
        Window(owner, first, len(lead), [*lead, *ids[first : first + share], *tail])
        for first in range(skip, max(skip + 1, len(ids)), share)
    ]


def reduce(
    window: Window, tail: int, pieces: Pieces, sentences: Sequence[Span], states: Floats, vector: Floats
) -> Part:
    """Keep of a window's states what its input's rows are made of; a token belongs to one sentence at most."""
    own = states[window.lead : len(window.ids) - tail]
    weighted = vector * np.float32(max(1, len(own)))
    if not len(own) or not sentences:
        none = np.empty(0, np.int64)
        return Part(window.owner, weighted, none, np.empty((0, states.shape[1]), np.float32), none)
    places = np.array(pieces.places[window.first : window.first + len(own)])
    starts, ends = (np.array([getattr(span, side) for span in sentences]) for side in ("start", "end"))
    at = np.searchsorted(ends, places[:, 0], side="right")
    inside = at < len(sentences)
    inside[inside] = places[inside, 1] > starts[at[inside]]
    at, own = at[inside], own[inside]
    if not len(at):
        return Part(window.owner, weighted, at, np.empty((0, states.shape[1]), np.float32), at)
    found, firsts, counts = np.unique(at, return_index=True, return_counts=True)
    # several times as fast as np.add.reduceat, which takes column by column
    sums = np.stack([own[first : first + count].sum(axis=0) for first, count in zip(firsts, counts, strict=True)])
    return Part(window.owner, weighted, found, sums, counts)
