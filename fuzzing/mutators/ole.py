"""Damages workbooks: the records of an older one's stream and the sectors around them, the markup of a newer one's.

Writes compound files as small as they can be; knows records by their length alone.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

from fuzzing.mutators import package, tokens
from qa.load.extracted import Unreadable
from qa.load.formats.compound import stream

_SIGN = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_SHORTS = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x3FFF, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF)
# records a workbook may hold: cells, strings, formats, sheets, rows, formulas, notes …
_KINDS = (
    0x000A, 0x0809, 0x0085, 0x00FC, 0x00FD, 0x003C, 0x0031, 0x041E, 0x00E0, 0x0208, 0x0203, 0x027E, 0x00BD, 0x0006,
    0x0207, 0x0204, 0x00BE, 0x0201, 0x0205, 0x007D, 0x0042, 0x0022, 0x0018, 0x0017, 0x001C, 0x00E5, 0x01B6, 0x005D,
    0x00EC, 0x002F, 0x0092, 0x0293, 0x00D6, 0x0200, 0x023E, 0x0055, 0x0225, 0x04BC, 0x0221, 0x00EB, 0x01B8,
)  # fmt: skip


def mutate_workbook(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    """Return a workbook of either kind, damaged as it is built."""
    if not data.startswith(_SIGN):
        return package.mutate(data, dice, [one for one in donors if one.startswith(b"PK")])
    if dice.random() < 0.12:
        return _sectors(data, dice)
    try:
        book = stream(data, "Workbook", "Book")
    except Unreadable:
        book = None
    if not book:
        return _sectors(data, dice)
    return compound(b"".join(_changed(records(book), dice)))


def records(book: bytes) -> list[bytes]:
    """Return a stream's records, each with its head; what is left over is the last."""
    found = []
    at = 0
    while at + 4 <= len(book):
        size = 4 + struct.unpack_from("<H", book, at + 2)[0]
        found.append(book[at : at + size])
        at += size
    return found


def compound(book: bytes) -> bytes:
    """Return a compound file whose one stream is the workbook."""
    book = book.ljust(max(4096, -(-len(book) // _SECTOR) * _SECTOR), b"\0")
    count = len(book) // _SECTOR
    fats = -(-(count + 1) // (_SECTOR // 4 - 1))
    table = [*range(1, count), _END, _END, *[_FAT] * fats]
    table += [_FREE] * (fats * _SECTOR // 4 - len(table))
    header = _SIGN + bytes(16) + struct.pack("<5H", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<9I", 0, fats, count, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", *[count + 1 + at for at in range(fats)], *[_FREE] * (109 - fats))
    directory = _entry("Root Entry", 5, _END, 0, child=1) + _entry("Workbook", 2, 0, len(book))
    return header + book + directory.ljust(_SECTOR, b"\0") + struct.pack(f"<{len(table)}I", *table)


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE) -> bytes:
    coded = name.encode("utf-16-le") + b"\0\0"
    head = coded.ljust(64, b"\0") + struct.pack("<HBB3I", len(coded), kind, 1, _FREE, _FREE, child)
    return head + bytes(36) + struct.pack("<IQ", start, size)


def _changed(found: list[bytes], dice: random.Random) -> list[bytes]:
    for _ in range(dice.choice((1, 1, 2, 4))):
        if not found:
            return found
        at = dice.randrange(len(found))
        roll = dice.random()
        if roll < 0.1:
            del found[at]
        elif roll < 0.2:
            found[at:at] = [found[at]] * dice.choice((1, 2, 100, 1000))
        elif roll < 0.3:
            found.insert(dice.randrange(len(found)), found[at])
        elif roll < 0.4:
            other = dice.randrange(len(found))
            found[at], found[other] = found[other], found[at]
        elif roll < 0.48:
            found[at] = struct.pack("<H", dice.choice(_KINDS)) + found[at][2:]
        elif roll < 0.54:
            found[at] = found[at][:2] + struct.pack("<H", dice.choice(_SHORTS) & 0x3FFF) + found[at][4:]
        elif roll < 0.62:
            body = tokens.mutate(found[at][4:], dice)[:8000]
            found[at] = found[at][:2] + struct.pack("<H", len(body)) + body
        else:
            found[at] = _numbers(found[at], dice)
    return found


def _numbers(record: bytes, dice: random.Random) -> bytes:
    spoiled = bytearray(record)
    for _ in range(dice.choice((1, 1, 2, 5))):
        if len(spoiled) < 6:
            break
        at = dice.randrange(4, len(spoiled) - 1)
        if dice.random() < 0.5:
            struct.pack_into("<H", spoiled, at, dice.choice(_SHORTS))
        else:
            spoiled[at] = dice.randrange(256)
    return bytes(spoiled)


def _sectors(data: bytes, dice: random.Random) -> bytes:
    """Damage what holds the stream: the header, the chains of sectors, the directory."""
    spoiled = bytearray(data)
    roll = dice.random()
    if roll < 0.3 and len(spoiled) > 512:
        struct.pack_into("<I", spoiled, dice.choice((44, 48, 56, 60, 64, 68, 72, 76, 80)), _sector(data, dice))
    elif roll < 0.7 and len(spoiled) > 1024:
        struct.pack_into("<I", spoiled, dice.randrange(512, len(spoiled) - 4) & ~3, _sector(data, dice))
    elif roll < 0.8:
        struct.pack_into("<H", spoiled, dice.choice((30, 32)), dice.randrange(20))
    else:
        return tokens.flip(data, dice)
    return bytes(spoiled)


def _sector(data: bytes, dice: random.Random) -> int:
    return dice.choice((0, 1, 2, len(data) // _SECTOR, len(data) // _SECTOR - 1, _END, _FREE, _FAT, 0x7FFFFFFF, 0xFFFF))
