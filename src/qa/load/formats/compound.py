"""Compound files (OLE2), the container of Office files before 2007: takes out one stream. Knows no format.

Every chain of sectors is followed once round at most: libraries at hand (`xlrd`'s own reader among them) run
in circles on a damaged one.
"""

from __future__ import annotations

import struct
from array import array

from qa.load.extracted import Unreadable
from qa.load.formats.zipped import ANEW

_LAST = 0xFFFFFFFA  # sector numbers from here on are signs: end of chain, free …
_HEADER = 512
_ENTRY = 128


def stream(data: bytes, *names: str) -> bytes | None:
    """Return the first stream of one of these names (in any case); None where there is none."""
    try:
        return _stream(data, [name.lower() for name in names])
    except (struct.error, IndexError, ValueError, OverflowError) as exc:
        raise Unreadable("it is damaged: its parts can't be found in it.", ANEW) from exc


def _stream(data: bytes, names: list[str]) -> bytes | None:
    power, small_power = struct.unpack_from("<HH", data, 30)
    if not 7 <= power <= 16 or not 3 <= small_power <= power:
        raise ValueError("sector size")
    size, small = 1 << power, 1 << small_power
    first_directory, _, cutoff, first_small, _ = struct.unpack_from("<5I", data, 48)
    table = _table(data, size)
    directory = _joined(data, _HEADER, size, table, first_directory)
    entries = [directory[at : at + _ENTRY] for at in range(0, len(directory) - _ENTRY + 1, _ENTRY)]
    for entry in entries:
        first, length = struct.unpack_from("<II", entry, 116)
        if entry[66] != 2 or _name(entry).lower() not in names:
            continue
        if length >= cutoff:
            return _joined(data, _HEADER, size, table, first)[:length]
        small_table = _numbers(_joined(data, _HEADER, size, table, first_small))
        (root,) = struct.unpack_from("<I", entries[0], 116)
        return _joined(_joined(data, _HEADER, size, table, root), 0, small, small_table, first)[:length]
    return None


def _table(data: bytes, size: int) -> array[int]:
    """Return for each sector the one that follows it."""
    sectors = list(struct.unpack_from("<109I", data, 76))
    following = struct.unpack_from("<I", data, 68)[0]
    seen: set[int] = set()
    while following < _LAST and following not in seen:
        seen.add(following)
        more = _numbers(data[_HEADER + following * size : _HEADER + (following + 1) * size])
        sectors += more[:-1]
        following = more[-1]
    table = array("I")
    for sector in dict.fromkeys(sectors):
        if sector < _LAST:
            table += _numbers(data[_HEADER + sector * size : _HEADER + (sector + 1) * size])
    return table


def _joined(data: bytes, base: int, size: int, table: array[int], first: int) -> bytes:
    parts = []
    seen: set[int] = set()
    at = first
    while at < _LAST:
        if at in seen:
            raise ValueError("circle")
        seen.add(at)
        parts.append(data[base + at * size : base + (at + 1) * size])
        at = table[at]
    return b"".join(parts)


def _numbers(data: bytes) -> array[int]:
    return array("I", struct.unpack(f"<{len(data) // 4}I", data[: len(data) // 4 * 4]))


def _name(entry: bytes) -> str:
    (length,) = struct.unpack_from("<H", entry, 64)
    return entry[: max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
