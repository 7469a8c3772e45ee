"""Makes a find small: takes away what the fault can do without, member by member, piece by piece, byte by byte."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from fuzzing.execute import LIMITS, NO_DEPTH, SCARCE, Find, execute
from fuzzing.mutators import ole, package, pdf
from qa.load.extracted import Limits, Unreadable
from qa.load.formats.compound import stream

_Item = TypeVar("_Item")
_PIECES = (
    re.compile(rb"[^\n]*\n|[^\n]+"),
    re.compile(rb"<[^<>]*>|[^<]+|<"),
    re.compile(rb"[A-Za-z]+|[0-9]+|\s+|.", re.DOTALL),
    re.compile(rb".", re.DOTALL),
)
_MOST_TRIALS = 4000


def minimise(name: str, data: bytes) -> tuple[bytes, Find] | None:
    """Return a smaller file in which the reader `name` shows the same fault, and the fault; None for no fault."""
    for limits in (LIMITS, SCARCE, NO_DEPTH):
        finds = execute(name, data, thorough=True, limits=limits).finds
        if finds:
            break
    else:
        return None
    wanted = finds[0]
    trials = 0

    def shows(candidate: bytes) -> bool:
        nonlocal trials
        trials += 1
        if trials > _MOST_TRIALS:
            return False
        return any(
            one.signature == wanted.signature for one in execute(name, candidate, thorough=True, limits=limits).finds
        )

    small = _smaller(data, shows)
    last = next(
        one for one in execute(name, small, thorough=True, limits=limits).finds if one.signature == wanted.signature
    )
    return small, last


def kept(items: Sequence[_Item], shows: Callable[[list[_Item]], bool]) -> list[_Item]:
    """Return as few of the items, in order, as still show it: halves are taken away first, then quarters, and so on."""
    left = list(items)
    size = max(1, len(left) // 2)
    while left:
        at, shrunk = 0, False
        while at < len(left):
            fewer = left[:at] + left[at + size :]
            if shows(fewer):
                left, shrunk = fewer, True
            else:
                at += size
        if size == 1 and not shrunk:
            return left
        size = max(1, size // 2)
    return left


def _smaller(data: bytes, shows: Callable[[bytes], bool]) -> bytes:
    members = package.unpacked(data) if data.startswith(b"PK") else None
    if members is not None and shows(package.packed(members)):
        return _smaller_package(members, shows)
    if data.startswith(b"%PDF"):
        objects, trailer = pdf.opened(data)
        if shows(pdf.assembled(objects, trailer)):
            return _smaller_pdf(objects, trailer, shows)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        found = _smaller_workbook(data, shows)
        if found is not None:
            return found
    return _smaller_text(data, shows)


def _smaller_text(data: bytes, shows: Callable[[bytes], bool]) -> bytes:
    for pattern in _PIECES:
        data = b"".join(kept(pattern.findall(data), lambda pieces: shows(b"".join(pieces))))
    return data


def _smaller_package(members: package.Members, shows: Callable[[bytes], bool]) -> bytes:
    members = kept(members, lambda some: shows(package.packed(some)))
    for at, (name, content) in enumerate(members):

        def with_it(inside: bytes, at: int = at, name: str = name) -> bool:
            return shows(package.packed([*members[:at], (name, inside), *members[at + 1 :]]))

        for pattern in _PIECES[1:3]:
            content = b"".join(kept(pattern.findall(content), lambda pieces: with_it(b"".join(pieces))))
        members[at] = (name, content)
    return package.packed(members)


def _smaller_pdf(objects: pdf.Objects, trailer: bytes, shows: Callable[[bytes], bool]) -> bytes:
    objects = dict(kept(list(objects.items()), lambda some: shows(pdf.assembled(dict(some), trailer))))
    for number in list(objects):

        def with_it(pieces: list[bytes], number: int = number) -> bool:
            return shows(pdf.assembled({**objects, number: b"".join(pieces)}, trailer))

        left: list[bytes] = kept(_PIECES[2].findall(objects[number]), with_it)
        objects[number] = b"".join(left)
    return pdf.assembled(objects, trailer)


def _smaller_workbook(data: bytes, shows: Callable[[bytes], bool]) -> bytes | None:
    try:
        book = stream(data, "Workbook", "Book")
    except Unreadable:
        return None
    if not book or not shows(ole.compound(book)):
        return None
    return ole.compound(b"".join(kept(ole.records(book), lambda some: shows(ole.compound(b"".join(some))))))


def scarcity(limits: Limits) -> str:
    """Return a word for limits that finds were made under."""
    return {id(SCARCE): "scarce", id(NO_DEPTH): "no depth"}.get(id(limits), "")
