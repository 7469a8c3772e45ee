"""Damages archives: members and their names, the tables around them, and streams under their packing."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
from collections.abc import Callable, Sequence

from fuzzing.mutators import package, tokens

_NAMES = (
    "../x", "/abs", "C:\\x", "a/../../b", "a\\..\\b", ".hidden", "__MACOSX/._a", "a" * 5000, "", ".", "..", "//x",
    "a//b", "a/./b", "A.TXT", "a.txt", "a.txt/b", "\ud800", "é", "é", "a\nb", "a\x00b", "con", "dir/", "x.zip",
    "\u202etxt.exe",
)  # fmt: skip
_SHORTS = (0, 1, 2, 8, 9, 12, 14, 20, 63, 93, 99, 0x7F, 0xFF, 0x7FFF, 0xFFFF)
_PACKERS: dict[bytes, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    b"\x1f\x8b": (gzip.decompress, lambda data: gzip.compress(data, 1, mtime=0)),
    b"BZ": (bz2.decompress, bz2.compress),
    b"\xfd7": (lzma.decompress, lzma.compress),
}


def mutate(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    """Return an archive with members, names, sizes or packing changed."""
    for sign, (unpack, pack) in _PACKERS.items():
        if data.startswith(sign):
            if dice.random() < 0.3:
                return tokens.mutate(data, dice, donors)
            try:
                inside = unpack(data)
            except Exception:  # noqa: BLE001 - it was damaged on purpose
                return tokens.flip(data, dice)
            inside = mutate(inside[:200_000], dice, donors)
            return pack(inside) if dice.random() < 0.9 else dice.choice([*_PACKERS.values()])[1](inside)
    if data.startswith(b"PK"):
        return _zip(data, dice, donors)
    if data[257:262] == b"ustar":
        return _tar(data, dice)
    return tokens.mutate(data, dice, donors)


def _zip(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    members = package.unpacked(data)
    roll = dice.random()
    if members and roll < 0.5:
        at = dice.randrange(len(members))
        name, content = members[at]
        way = dice.randrange(6)
        if way == 0:
            members[at] = (_named(dice), content)
        elif way == 1:
            members.append((_named(dice), dice.choice([content, data, *donors])))
        elif way == 2:
            members += [(name, content)] * dice.choice((1, 5, 300))
        elif way == 3:
            del members[at]
        elif way == 4:
            members[at] = (name, tokens.mutate(content, dice, donors))
        else:
            members[at] = (name, data)
        try:
            return package.packed(members)
        except Exception:  # noqa: BLE001 - not every name can be packed
            return tokens.flip(data, dice)
    return _heads(data, dice)


def _heads(data: bytes, dice: random.Random) -> bytes:
    """Change a number in one of the archive's own records."""
    signs = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07")
    found = [at for sign in signs for at in _all(data, sign)]
    if not found or dice.random() < 0.1:
        return tokens.mutate(data, dice)
    spoiled = bytearray(data)
    at = dice.choice(found) + dice.randrange(4, 46, 2)
    if at + 4 > len(spoiled):
        return tokens.flip(data, dice)
    if dice.random() < 0.5:
        struct.pack_into("<H", spoiled, at, dice.choice(_SHORTS))
    else:
        struct.pack_into("<I", spoiled, at, dice.choice((0, 1, 0xFFFFFFFF, 0x7FFFFFFF, len(data), 100_000_000)))
    return bytes(spoiled)


def _all(data: bytes, sign: bytes) -> list[int]:
    found: list[int] = []
    at = data.find(sign)
    while at >= 0 and len(found) < 100:
        found.append(at)
        at = data.find(sign, at + 1)
    return found


def _tar(data: bytes, dice: random.Random) -> bytes:
    roll = dice.random()
    blocks = [data[at : at + 512] for at in range(0, len(data), 512)]
    heads = [at for at, block in enumerate(blocks) if block[257:262] == b"ustar"]
    if roll < 0.35 and heads:
        at = dice.choice(heads)
        blocks[at] = _head_changed(blocks[at], dice)
    elif roll < 0.5:
        at = dice.randrange(len(blocks))
        blocks[at:at] = [blocks[at]] * dice.choice((1, 2, 40))
    elif roll < 0.6:
        del blocks[dice.randrange(len(blocks))]
    elif roll < 0.8:
        return _tar_of(dice, dice.choice((tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT)))
    else:
        return tokens.mutate(data, dice)
    return b"".join(blocks)


def _head_changed(head: bytes, dice: random.Random) -> bytes:
    """Return a header block with one of its fields changed, its checksum right for the most part."""
    spoiled = bytearray(head.ljust(512, b"\0"))
    start, size = dice.choice(((0, 100), (100, 8), (124, 12), (136, 12), (156, 1), (157, 100), (257, 8), (345, 155)))
    if size == 1:
        spoiled[start] = dice.choice(b"01234567gxLKSVDNMX\0\xff")
    elif dice.random() < 0.5:
        value = dice.choice(
            (b"7" * size, b"-1", b"\x80" + b"\xff" * (size - 1), b"\xff" * size, b"", b"00000001000\0", b" 7 ")
        )
        spoiled[start : start + size] = value[:size].ljust(size, b"\0")
    else:
        value = dice.choice(_NAMES).encode("utf-8", "surrogatepass")
        spoiled[start : start + size] = value[:size].ljust(size, b"\0")
    if dice.random() < 0.9:
        spoiled[148:156] = b" " * 8
        spoiled[148:156] = b"%06o\0 " % sum(spoiled)
    return bytes(spoiled)


def _tar_of(dice: random.Random, kind: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=kind, errors="surrogateescape") as archive:
        for _ in range(dice.choice((1, 2, 5))):
            info = tarfile.TarInfo(_named(dice).replace("\ud800", "") or "x")
            content = b"words " * dice.randrange(200)
            info.type = dice.choice(
                (tarfile.REGTYPE,) * 6 + (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE)
            )
            info.linkname = (
                _named(dice).replace("\ud800", "") if info.type in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
            )
            info.size = len(content) if info.isreg() else 0
            try:
                archive.addfile(info, io.BytesIO(content))
            except ValueError:
                continue
    return buffer.getvalue()


def _named(dice: random.Random) -> str:
    name = dice.choice(_NAMES)
    return name if dice.random() < 0.7 else f"{dice.choice(('a', 'b', 'deep/er'))}/{name or 'c'}.txt"
