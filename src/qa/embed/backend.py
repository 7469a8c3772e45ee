"""The seam inside this room: a model that cuts texts into tokens and gives each token's state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from qa.embed.tensors import Floats

Taken = TypeVar("Taken")


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text's tokens without special ones: their ids, and the characters each stands for."""

    ids: list[int]
    places: list[tuple[int, int]]


class Backend(Protocol):
    """Runs one model."""

    @property
    def runtime(self) -> str:
        """What computes, and how precisely, for a person."""

    @property
    def dim(self) -> int:
        """Length of a row."""

    @property
    def max_tokens(self) -> int:
        """Tokens read at once, special ones included."""

    @property
    def special(self) -> tuple[list[int], list[int]]:
        """The ids before and after a text."""

    @property
    def averages(self) -> bool:
        """Whether a text's vector is the mean of its tokens' states, so that it can be made in parts."""

    def prompt(self, *names: str) -> str:
        """Return the first of these prompts that the model has, or ""."""

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Cut texts into tokens, whole, however long they are."""

    def forward(
        self, windows: Sequence[list[int]], take: Callable[[int, Floats, Floats], Taken], threads: int
    ) -> Iterator[Taken]:
        """Yield `take(number, states, vector)` for each window, in order; states are (tokens, width).

        Longest first is fastest. `take` may be called in several threads at once.
        """

    def sentence(self, means: Floats) -> Floats:
        """Make rows of sentences from the mean states of their tokens."""


_SURROGATE = re.compile("[\ud800-\udfff]")


def valid_unicode(text: str) -> str:
    """Put U+FFFD in the place of each half of a broken pair: tokenizers take only valid Unicode, offsets stay."""
    return _SURROGATE.sub("\ufffd", text)


def ends_of(bare: list[int], whole: list[int]) -> tuple[list[int], list[int]]:
    """Return what stands before and after a text's own tokens."""
    at = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
    return whole[:at], whole[at + len(bare) :]
