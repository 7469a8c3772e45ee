"""Damages pictures: PNG chunks with their sums put right, TIFF's numbers, and any picture's bytes."""

from __future__ import annotations

import random
import struct
import zlib
from collections.abc import Sequence

from fuzzing.mutators import tokens

_PNG = b"\x89PNG\r\n\x1a\n"
_LONGS = (0, 1, 2, 7, 255, 256, 65535, 65536, 100_000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    """Return a picture with one of its parts changed."""
    if data.startswith(_PNG) and dice.random() < 0.8:
        return _png(data, dice)
    if data[:4] in (b"II*\0", b"MM\0*") and dice.random() < 0.8:
        return _numbers(data, dice, data[:2] == b"MM")
    roll = dice.random()
    if roll < 0.6:
        return tokens.flip(data, dice)
    if roll < 0.8:
        return _numbers(data, dice, dice.random() < 0.5)
    return tokens.mutate(data, dice, donors)


def _png(data: bytes, dice: random.Random) -> bytes:
    chunks: list[tuple[bytes, bytes]] = []
    at = len(_PNG)
    while at + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        chunks.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + size]))
        at += 12 + size
    if not chunks:
        return tokens.flip(data, dice)
    one = dice.randrange(len(chunks))
    kind, body = chunks[one]
    roll = dice.random()
    if roll < 0.4:
        chunks[one] = (kind, _numbers(body, dice, True) if len(body) > 4 else tokens.flip(body, dice))
    elif roll < 0.55:
        chunks[one:one] = [(kind, body)] * dice.choice((1, 2, 200))
    elif roll < 0.65:
        del chunks[one]
    elif roll < 0.85:
        chunks.insert(
            one, (dice.choice((b"tEXt", b"iTXt", b"zTXt", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"PLTE", b"tRNS")), body)
        )
    elif kind == b"IDAT":
        try:
            chunks[one] = (kind, zlib.compress(tokens.flip(zlib.decompress(body), dice)))
        except zlib.error:
            chunks[one] = (kind, tokens.flip(body, dice))
    return _PNG + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def _numbers(data: bytes, dice: random.Random, big: bool) -> bytes:
    if len(data) < 5:
        return data
    spoiled = bytearray(data)
    at = dice.randrange(min(len(spoiled), 400 if dice.random() < 0.7 else len(spoiled)) - 3)
    if dice.random() < 0.5:
        struct.pack_into(">I" if big else "<I", spoiled, at, dice.choice(_LONGS))
    else:
        struct.pack_into(">H" if big else "<H", spoiled, at, dice.choice(_LONGS) & 0xFFFF)
    return bytes(spoiled)
