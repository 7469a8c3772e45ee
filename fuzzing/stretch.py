"""Looks for time out of proportion: repeats each piece of each seed, then four times as often, and times both."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable, Iterator

from fuzzing.contract import AS_IT_STANDS
from fuzzing.execute import LIMITS, execute
from fuzzing.mutators import ole, package, pdf
from fuzzing.mutators.dictionaries import WORDS
from fuzzing.mutators.xml import elements
from fuzzing.seeds import seeds
from qa.load.extracted import Unreadable
from qa.load.formats.compound import stream

SMALL, LARGE = 12_000, 48_000  # bytes
_WORTH_TELLING = 0.4  # seconds, below which a ratio means little
_OUT_OF_PROPORTION = 8.0  # four times as much may take somewhat more than four times as long
_SLOW = 4.0  # seconds for LARGE, whatever the ratio
_PIECES = 250  # of one seed
_PLACES = 40  # of one seed, at which what may stand anywhere is repeated
# what patterns run along, and what they begin with
_ANYWHERE = tuple(
    one.encode() for one in (
        " ", "\t", "\n", "\r", " \n", "\t\n", "\xa0", "\u2028", "a", "a ", "A", "1", "_", "*", "=", "-", "~", "#", "`",
        "[", "]", "(", "{", "}", "<", "&", "\\", ":", ".", ",", '"', "'", "|", "%", "/", "- ", "[a", "_a", "a_", "*a",
        "#a", ": ",
        "](", "\\{", "==", "--", "a.", "A. ", "a\n", "a:", "(a", '"a', "' ",
    )
)  # fmt: skip
_PAIRS = 150  # of words, one after the other
_PIECE = re.compile(rb"[A-Za-z]+|[0-9]+|[ \t]+|[^\sA-Za-z0-9]{1,4}|\r?\n", re.DOTALL)
_LINE = re.compile(rb"[^\n]*\n")

Grown = Callable[[int], bytes]
"""Size in bytes → a file with one piece repeated to about that size."""


def stretched(name: str, *, thorough: bool = False) -> Iterator[str]:
    """Yield a line for each piece whose repetition takes the reader `name` longer than in proportion.

    With `thorough`, sections, sentences and chunks are made as well.
    """
    told: set[bytes] = set()
    for piece, grown in _all(name):
        if piece in told:
            continue
        told.add(piece)
        small, large = _seconds(name, grown(SMALL), thorough), 0.0
        if small > _WORTH_TELLING / 10:
            large = _seconds(name, grown(LARGE), thorough)
        if large > _SLOW or (large > _WORTH_TELLING and large > _OUT_OF_PROPORTION * small):
            yield f"{name}: {piece[:80]!r}: {small:.2f} s for {SMALL:,} bytes, {large:.2f} s for {LARGE:,}"


def _seconds(name: str, data: bytes, thorough: bool) -> float:
    begun = time.process_time()
    execute(name, data, thorough=thorough, limits=LIMITS)
    return time.process_time() - begun


def _all(name: str) -> Iterator[tuple[bytes, Grown]]:
    dice = random.Random(1)
    for data in seeds(name).values():
        if len(data) > 20_000:
            continue
        if data.startswith(b"PK") and name != "archive":
            found = list(_of_package(data))
        elif data.startswith(b"%PDF"):
            found = list(_of_pdf(data))
        elif data.startswith(b"\xd0\xcf\x11\xe0"):
            found = list(_of_workbook(data))
        elif name == "notebook":
            found = [_cell(piece) for piece in WORDS["markdown"]]
        else:
            found = list(_of_text(data, WORDS.get(name, ()), dice))
        yield from found if _is_text(name) else dice.sample(found, min(_PIECES, len(found)))


def _is_text(name: str) -> bool:
    return name in AS_IT_STANDS or name in ("rtf", "html", "xml")


def _of_text(data: bytes, words: tuple[bytes, ...], dice: random.Random) -> Iterator[tuple[bytes, Grown]]:
    pieces = {match.group(): match.start() for pattern in (_LINE, _PIECE) for match in pattern.finditer(data)}
    places = sorted({match.start() for pattern in (_LINE, _PIECE) for match in pattern.finditer(data)})
    for at in dice.sample(places, min(_PLACES, len(places))):
        for piece in _ANYWHERE:
            yield b"%s at %d" % (piece, at), _repeated(data, piece, at)
    pieces |= {word: dice.choice(places) for word in words if word}
    some = list(pieces)
    for _ in range(_PAIRS):
        pieces[dice.choice(some) + dice.choice(some)] = dice.choice(places)
    for piece, at in pieces.items():
        yield piece, _repeated(data, piece, at)


def _repeated(data: bytes, piece: bytes, at: int) -> Grown:
    return lambda size: data[:at] + piece * (size // len(piece)) + data[at:]


def _of_package(data: bytes) -> Iterator[tuple[bytes, Grown]]:
    members = package.unpacked(data) or []
    for number, (name, content) in enumerate(members):
        if content[:1] != b"<":
            continue
        for start, end in elements(content):
            piece = content[start:end]

            def grown(
                size: int, number: int = number, name: str = name, start: int = start, piece: bytes = piece
            ) -> bytes:
                inside = members[number][1]
                inside = inside[:start] + piece * (size // len(piece)) + inside[start:]
                return package.packed([*members[:number], (name, inside), *members[number + 1 :]])

            if len(piece) < SMALL // 4:
                yield piece, grown


def _of_pdf(data: bytes) -> Iterator[tuple[bytes, Grown]]:
    objects, trailer = pdf.opened(data)
    for number, body in objects.items():
        for match in _PIECE.finditer(body):

            def grown(size: int, number: int = number, match: re.Match[bytes] = match) -> bytes:
                inside = match.string
                inside = inside[: match.start()] + match[0] * (size // len(match[0])) + inside[match.start() :]
                return pdf.assembled({**objects, number: re.sub(rb"/Length \d+", b"/Length 99999", inside)}, trailer)

            yield match[0] + b" %d" % number, grown
        if b"stream" in body:
            whole = body.partition(b"stream\n")[2].rpartition(b"\nendstream")[0] + b" "
            yield (
                whole,
                lambda size, number=number, whole=whole: pdf.assembled(  # type: ignore[misc]
                    {**objects, number: pdf.stream(whole * (size // len(whole)))}, trailer
                ),
            )


def _of_workbook(data: bytes) -> Iterator[tuple[bytes, Grown]]:
    try:
        records = ole.records(stream(data, "Workbook", "Book") or b"")
    except Unreadable:
        return
    for at, record in enumerate(records):
        yield (
            record,
            lambda size, at=at, record=record: ole.compound(  # type: ignore[misc]
                b"".join([*records[:at], *[record] * (size // len(record)), *records[at:]])
            ),
        )


def _cell(piece: bytes) -> tuple[bytes, Grown]:
    words = piece.decode("utf-8", "replace")

    def grown(size: int) -> bytes:
        cell = {"cell_type": "markdown", "source": words * (size // len(piece))}
        return json.dumps({"cells": [cell], "metadata": {}}).encode()

    return piece, grown
