"""Damages JSON value by value, so that it still parses; knows no schema."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

from fuzzing.mutators import tokens

_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 10**9, 10**30, 1.5, 1e308, float("nan"), float("inf"), "", "x", "\ud800", "\x00",
    "# Heading\n\nwords", "a\nb", "\r\n", "\u2028# x", "```\n# no\n```", [], {}, ["a", 1, None, "b\n"], [[]], [{}],
    {"text/plain": "x"}, {"image/png": "AAAA", "text/plain": "y"}, "markdown", "code", "raw", "heading", "error",
    "stream", "display_data", "pyout", "---\ntitle: x\n---\n", "# " * 2000, "Title\n=====\n", "\x1b[31mred\x1b[0m",
)  # fmt: skip
_KEYS = (
    "cells cell_type source input outputs output_type data text text/plain text/html image/png execution_count"
    " prompt_number metadata title authors name worksheets level ename evalue traceback nbformat"
).split()


def mutate(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    """Return JSON with one value or key changed, moved, nested or repeated."""
    try:
        whole = json.loads(data)
        spots = list(_spots(whole))
    except (ValueError, RecursionError):
        return tokens.mutate(data, dice, donors)
    if not spots:
        return tokens.mutate(data, dice, donors)
    holder, key = dice.choice(spots)
    roll = dice.random()
    if roll < 0.35:
        holder[key] = dice.choice(_VALUES)
    elif roll < 0.5:
        other, at = dice.choice(spots)
        holder[key] = json.loads(json.dumps(other[at]))
    elif roll < 0.6 and isinstance(holder[key], str):
        changed = tokens.mutate(holder[key].encode("utf-8", "surrogatepass"), dice)
        holder[key] = changed.decode("utf-8", "surrogateescape")
    elif roll < 0.7:
        del holder[key]
    elif roll < 0.8 and isinstance(holder, list):
        holder[key:key] = [holder[key]] * dice.choice((1, 2, 50, 400))
    elif roll < 0.9 and isinstance(holder, dict):
        holder[dice.choice(_KEYS)] = dice.choice(_VALUES) if dice.random() < 0.5 else holder[key]
    else:
        for _ in range(dice.choice((1, 3, 40))):
            holder[key] = [holder[key]] if dice.random() < 0.5 else {dice.choice(_KEYS): holder[key]}
    try:
        return json.dumps(whole).encode()
    except (ValueError, RecursionError):
        return data


def _spots(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401 - whatever JSON holds
    found: list[tuple[Any, Any]] = []
    queue = [value]
    while queue and len(found) < 3000:
        one = queue.pop()
        keys = list(one) if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            found.append((one, key))
            queue.append(one[key])
    return found
