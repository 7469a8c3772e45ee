"""Damages markup element by element, so that most of it still parses. Knows tags and attributes, no vocabulary."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from fuzzing.mutators import tokens

_PIECE = re.compile(rb"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[^<>]*>|[^<]+|<", re.DOTALL)
_ATTRIBUTE = re.compile(rb"""([\w:.-]+)(\s*=\s*)("[^"]*"|'[^']*')""")
_NAME = re.compile(rb"</?([\w:.-]+)")
_WORD = re.compile(rb"[\w#.%-]+")
_LONGEST_GROWN = 20_000
_VALUES = [
    *b"0 1 true false on off none auto x rId1 rId2 #FFFFFF FFFFFF 000000 ffffff white 100% -5 1.5cm 2pt 0pt ../../x"
    b" /etc/passwd file:///x http://127.0.0.1/ visible hidden collapse General @ d/m/yyyy".split(),
    b"",
    b" ",
    b"&#10;",
    b"&#xD800;",
    b"&#x0;",
    b"&amp;amp;",
    b"&#133;",
    b"\xe2\x80\xa8",
]
_TEXTS = (
    b"&#10;", b"&#13;", b"&#9;", b"&#133;", b"&#x2028;", b"&#x85;", b"&#xA0;", b"&#x10FFFF;", b"&lt;b&gt;", b" | ",
    b"<![CDATA[ <x> ]]>", b"<!-- c -->", b"<?pi x?>", b"&nbsp;", b"_x000D_", b"_xD800_", b"_x0000_", b"   ", b"\n \n",
    b"e\xcc\x81", b"word " * 50, b"Lorem ipsum. " * 20,
)  # fmt: skip


def mutate(data: bytes, dice: random.Random, donors: Sequence[bytes] = ()) -> bytes:
    """Return markup with an element, an attribute or some words changed; now and then damaged as any text."""
    if dice.random() < 0.06:
        return tokens.mutate(data, dice, donors)
    pieces: list[bytes] = _PIECE.findall(data)
    tags = [at for at, piece in enumerate(pieces) if piece[:1] == b"<" and piece[1:2] not in b"/?!"]
    if not tags:
        return tokens.mutate(data, dice, donors)
    way = dice.choices(_WAYS, _WEIGHTS)[0]
    return b"".join(way(pieces, tags, dice, donors))


def elements(data: bytes) -> list[tuple[int, int]]:
    """Return where each element of some markup begins and ends, and where each start tag alone does."""
    pieces: list[bytes] = _PIECE.findall(data)
    places = [0]
    for piece in pieces:
        places.append(places[-1] + len(piece))
    found = []
    for at, piece in enumerate(pieces):
        if piece[:1] == b"<" and piece[1:2] not in b"/?!":
            found += [(places[at], places[_element(pieces, at)]), (places[at], places[at + 1])]
    return found


def _element(pieces: list[bytes], start: int) -> int:
    """Return where the element that begins at `start` ends."""
    if pieces[start].endswith(b"/>"):
        return start + 1
    match = _NAME.match(pieces[start])
    if match is None:
        return start + 1
    name, depth = match[1], 0
    for at in range(start, len(pieces)):
        piece = pieces[at]
        if piece[:1] == b"<":
            if piece.startswith(b"</" + name) and _NAME.match(piece)[1] == name:  # type: ignore[index]
                depth -= 1
            elif piece.startswith(b"<" + name) and not piece.endswith(b"/>") and _NAME.match(piece)[1] == name:  # type: ignore[index]
                depth += 1
            if depth == 0:
                return at + 1
    return start + 1


def _attribute(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    with_some = [at for at in tags if b"=" in pieces[at]]
    if not with_some:
        return _words(pieces, tags, dice, donors)
    at = dice.choice(with_some)
    found = list(_ATTRIBUTE.finditer(pieces[at]))
    if not found:
        return pieces
    match = dice.choice(found)
    roll = dice.random()
    if roll < 0.15:
        new = b""
    else:
        old = match[3][1:-1]
        if roll < 0.45:
            value = dice.choice(tokens.NUMBERS)
        elif roll < 0.65:
            value = dice.choice(_VALUES)
        elif roll < 0.85:
            others = [each[3][1:-1] for each in _ATTRIBUTE.finditer(pieces[dice.choice(with_some)])]
            value = dice.choice(others) if others else b""
        else:
            value = tokens.mutate(old, dice)
        new = match[1] + match[2] + b'"' + value.replace(b'"', b"").replace(b"<", b"") + b'"'
    piece = pieces[at]
    return [*pieces[:at], piece[: match.start()] + new + piece[match.end() :], *pieces[at + 1 :]]


def _rename(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    names = sorted({match[1] for at in tags if (match := _NAME.match(pieces[at]))})
    start = dice.choice(tags)
    match = _NAME.match(pieces[start])
    if not match:
        return pieces
    end, new = _element(pieces, start), dice.choice(names)
    first = pieces[start].replace(match[1], new, 1)
    if end - start == 1:
        return [*pieces[:start], first, *pieces[end:]]
    last = pieces[end - 1].replace(match[1], new, 1)
    return [*pieces[:start], first, *pieces[start + 1 : end - 1], last, *pieces[end:]]


def _delete(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    start = dice.choice(tags)
    end = _element(pieces, start)
    if dice.random() < 0.4:
        return [*pieces[:start], *pieces[start + 1 : end - 1], *pieces[end:]]  # its tags, not what is in it
    return [*pieces[:start], *pieces[end:]]


def _repeat(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    start = dice.choice(tags)
    end = _element(pieces, start)
    element = b"".join(pieces[start:end])
    times = min(dice.choice((2, 2, 2, 3, 10, 100)), max(1, _LONGEST_GROWN // max(1, len(element))))
    return [*pieces[:start], element * times, *pieces[end:]]


def _nest(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    """Put an element into itself, now and then many times over."""
    start = dice.choice(tags)
    end = _element(pieces, start)
    if end - start < 2:
        return _move(pieces, tags, dice, donors)
    size = len(pieces[start]) + len(pieces[end - 1])
    depth = min(dice.choice((1, 1, 2, 2, 5, 30, 600)), max(1, _LONGEST_GROWN // size))
    return [*pieces[:start], pieces[start] * depth, *pieces[start:end], pieces[end - 1] * depth, *pieces[end:]]


def _move(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    start = dice.choice(tags)
    end = _element(pieces, start)
    element = pieces[start:end]
    rest = pieces[:start] + pieces[end:] if dice.random() < 0.6 else pieces
    at = dice.randrange(len(rest) + 1)
    return [*rest[:at], *element, *rest[at:]]


def _wrap(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    """Put an element into another of the document's."""
    start, other = dice.choice(tags), dice.choice(tags)
    end, other_end = _element(pieces, start), _element(pieces, other)
    if other_end - other < 2:
        return pieces
    return [*pieces[:start], pieces[other], *pieces[start:end], pieces[other_end - 1], *pieces[end:]]


def _borrow(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    if not donors:
        return _move(pieces, tags, dice, donors)
    theirs: list[bytes] = _PIECE.findall(dice.choice(donors))
    starts = [at for at, piece in enumerate(theirs) if piece[:1] == b"<" and piece[1:2] not in b"/?!"]
    if not starts:
        return pieces
    start = dice.choice(starts)
    at = dice.choice(tags) + dice.choice((0, 1))
    return [*pieces[:at], *theirs[start : _element(theirs, start)], *pieces[at:]]


def _words(pieces: list[bytes], tags: list[int], dice: random.Random, donors: Sequence[bytes]) -> list[bytes]:
    texts = [at for at, piece in enumerate(pieces) if piece[:1] != b"<"]
    if not texts or dice.random() < 0.3:
        at = dice.choice(tags) + 1
        return [*pieces[:at], dice.choice(_TEXTS), *pieces[at:]]
    at = dice.choice(texts)
    roll = dice.random()
    if roll < 0.35:
        new = tokens.mutate(pieces[at], dice).replace(b"<", b"")
    elif roll < 0.6:
        new = pieces[at] + dice.choice(_TEXTS)
    elif roll < 0.8:
        new = dice.choice(tokens.NUMBERS)
    else:
        new = dice.choice(_TEXTS)
    return [*pieces[:at], new, *pieces[at + 1 :]]


_Way = Callable[[list[bytes], list[int], random.Random, Sequence[bytes]], list[bytes]]
_WEIGHED: dict[_Way, float] = {
    _attribute: 6, _rename: 2, _delete: 3, _repeat: 2, _nest: 2, _move: 4, _wrap: 2, _borrow: 3, _words: 4,
}  # fmt: skip
_WAYS, _WEIGHTS = list(_WEIGHED), list(_WEIGHED.values())
