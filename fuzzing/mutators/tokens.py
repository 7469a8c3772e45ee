"""Damages any text token by token and line by line; knows words and numbers, no format."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_TOKEN = re.compile(rb"[A-Za-z]+|[0-9]+|[ \t]+|\r\n|[\x80-\xff]+|.", re.DOTALL)
_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
_MANY = (2, 2, 2, 3, 3, 10, 10, 100, 1000)
_LONGEST_GROWN = 20_000  # bytes

NUMBERS = [
    *b"0 1 -1 2 7 9 10 12 13 31 32 60 99 100 127 128 255 256 999 1000 32767 32768 65535 65536 1048576 2147483647"
    b" -2147483648 4294967295 4294967296 9223372036854775807 18446744073709551616 99999999999999999999 1e308 1e999"
    b" -1e308 0.1 -0.0 1e-9 NaN INF 00000001 2958465 2958466 -693594 60.5".split(),
    b"9" * 5000,
    b"",
    b"\xd9\xa1",
    b"\xc2\xb2",
    b"1_0",
    b"0x10",
    b" 7 ",
]

# what text may hold and few texts do
_CHARACTERS = tuple(
    one.encode("utf-8", "surrogatepass")
    for one in (
        "\x00", "\x01", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\xa0", "\xad", "\u0301", "\u200b",
        "\u200d", "\u200e", "\u202e", "\u2028", "\u2029", "\u2003", "\u3000", "\ufeff", "\ufffd", "\ufffe", "\uffff",
        "\ud800", "\udfff", "\U0001f600", "\U0010ffff", "e\u0301\u0301", "ﬀ", "ß", "İ", "ı", "١", "²", "①", "漢字", "ل",
        "\r", "\n", "\r\n", "\n\n", "\t", "\\", "\x7f", "\x1b[31m",
    )
)  # fmt: skip
ODDITIES = (*_CHARACTERS, b"\xff", b"\xc0\x80", b"\xe9", b"\x80", b"\xfe\xff", b"\xff\xfe\x00\x00")


def mutate(data: bytes, dice: random.Random, donors: Sequence[bytes] = (), words: Sequence[bytes] = ()) -> bytes:
    """Return a text with something taken out, put in, repeated, moved, or written as it seldom is."""
    if not data:
        return dice.choice([*words, *ODDITIES])
    way = dice.choices(_WAYS, _WEIGHTS)[0]
    return way(data, dice, donors, words)


def _split(data: bytes, dice: random.Random) -> list[bytes]:
    pattern = _LINE if dice.random() < 0.45 else _TOKEN
    return pattern.findall(data)


def _stretch(count: int, dice: random.Random) -> tuple[int, int]:
    start = dice.randrange(count)
    return start, min(count, start + dice.choice((1, 1, 1, 2, 3, 5, 8, 20, max(1, count // 4))))


def _delete(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    parts = _split(data, dice)
    start, end = _stretch(len(parts), dice)
    return b"".join(parts[:start] + parts[end:])


def _repeat(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    parts = _split(data, dice)
    start, end = _stretch(len(parts), dice)
    piece = b"".join(parts[start:end])
    times = min(dice.choice(_MANY), max(1, _LONGEST_GROWN // max(1, len(piece))))
    return b"".join([*parts[:start], piece * times, *parts[end:]])


def _swap(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    parts = _split(data, dice)
    one, other = sorted(dice.randrange(len(parts)) for _ in range(2))
    parts[one], parts[other] = parts[other], parts[one]
    return b"".join(parts)


def _move(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    parts = _split(data, dice)
    start, end = _stretch(len(parts), dice)
    piece, rest = parts[start:end], parts[:start] + parts[end:]
    at = dice.randrange(len(rest) + 1)
    return b"".join(rest[:at] + piece + rest[at:])


def _number(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return _insert(data, dice, donors, NUMBERS)
    match = dice.choice(found)
    return data[: match.start()] + dice.choice(NUMBERS) + data[match.end() :]


def _insert(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    parts = _split(data, dice)
    piece = dice.choice(words) if words and dice.random() < 0.7 else dice.choice(ODDITIES)
    if dice.random() < 0.06:
        piece *= min(dice.choice(_MANY), max(1, _LONGEST_GROWN // max(1, len(piece))))
    at = dice.randrange(len(parts) + 1)
    return b"".join([*parts[:at], piece, *parts[at:]])


def _replace(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    parts = _split(data, dice)
    at = dice.randrange(len(parts))
    parts[at] = dice.choice([dice.choice(parts), *([dice.choice(words)] if words else []), dice.choice(ODDITIES)])
    return b"".join(parts)


def _splice(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    if not donors:
        return _insert(data, dice, donors, words)
    parts, others = _split(data, dice), _split(dice.choice(donors), dice)
    if not others:
        return data
    start, end = _stretch(len(others), dice)
    at = dice.randrange(len(parts) + 1)
    return b"".join(parts[:at] + others[start:end] + parts[at:])


def _truncate(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] if dice.random() < 0.8 else data[at:]


def flip(data: bytes, dice: random.Random, donors: Sequence[bytes] = (), words: Sequence[bytes] = ()) -> bytes:
    """Return `data` with some of its bits turned."""
    spoiled = bytearray(data)
    for _ in range(dice.choice((1, 2, 8)) if spoiled else 0):
        spoiled[dice.randrange(len(spoiled))] ^= 1 << dice.randrange(8)
    return bytes(spoiled)


def _line_ends(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    end = dice.choice(
        (b"\r\n", b"\r", b"\n\n", b"\r\r\n", b"\n\r", b" \n", b"\x0b", b"\x0c", b"\xe2\x80\xa8", b"\xc2\x85")
    )
    if dice.random() < 0.5:
        return re.sub(rb"\r\n|\r|\n", end, data)
    return re.sub(rb"\r\n|\r|\n", lambda match: end if dice.random() < 0.3 else match.group(), data)


def _encoding(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    text = data.decode("utf-8", "replace")
    name = dice.choice(
        ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "cp437", "utf-7")
    )
    return text.encode(name, "replace")


def _indent(data: bytes, dice: random.Random, donors: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    lines = _LINE.findall(data)
    start, end = _stretch(len(lines), dice)
    lead = dice.choice((b" ", b"    ", b"\t", b"> ", b"- ", b"\xc2\xa0", b"\xe3\x80\x80", b"# ", b"* ", b"| "))
    return b"".join([*lines[:start], *(lead + line for line in lines[start:end]), *lines[end:]])


_Way = Callable[[bytes, random.Random, Sequence[bytes], Sequence[bytes]], bytes]
_WEIGHED: dict[_Way, float] = {
    _delete: 4, _repeat: 4, _swap: 2, _move: 3, _number: 2, _insert: 6, _replace: 4, _splice: 3, _truncate: 1,
    flip: 1, _line_ends: 0.6, _encoding: 0.3, _indent: 1,
}  # fmt: skip
_WAYS, _WEIGHTS = list(_WEIGHED), list(_WEIGHED.values())
