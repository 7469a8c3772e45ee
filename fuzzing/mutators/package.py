"""Damages documents that are zip archives of markup: the markup inside, then the archive. Knows no vocabulary."""

from __future__ import annotations

import io
import random
import warnings
import zipfile
from collections.abc import Sequence

from fuzzing.mutators import tokens, xml

Members = list[tuple[str, bytes]]


def unpacked(data: bytes) -> Members | None:
    """Return the members of a zip archive in order; None where it is none."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > 4_000_000:
                return None
            return [(info.filename, archive.read(info)) for info in infos]
    except Exception:  # noqa: BLE001 - it was damaged on purpose
        return None


def packed(members: Members) -> bytes:
    """Return the members as an archive, stored as they are, so that a fuzzer sees what is in them."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def mutate(data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    """Return an archive with one member changed, exchanged, taken from another file, or gone."""
    members = unpacked(data)
    if not members:
        return tokens.flip(data, dice)
    roll = dice.random()
    if roll < 0.8:
        at = _chosen(members, dice)
        name, content = members[at]
        members[at] = (name, xml.mutate(content, dice, _alike(name, donors, dice)))
    elif roll < 0.85:
        del members[dice.randrange(len(members))]
    elif roll < 0.89:
        one, other = dice.randrange(len(members)), dice.randrange(len(members))
        members[one], members[other] = (members[one][0], members[other][1]), (members[other][0], members[one][1])
    elif roll < 0.92:
        members.append((members[dice.randrange(len(members))][0], members[dice.randrange(len(members))][1]))
    elif roll < 0.97 and donors:
        theirs = unpacked(dice.choice(donors)) or members
        name, content = dice.choice(theirs)
        members = [one for one in members if one[0] != name] + [(name, content)]
    else:
        return tokens.flip(packed(members), dice)
    return packed(members)


def _chosen(members: Members, dice: random.Random) -> int:
    """Return which member to damage: those with markup, and large ones, more often."""
    weights = [
        min(40, 2 + len(content) ** 0.5) if content[:1] == b"<" or b"<?xml" in content[:20] else 1
        for _, content in members
    ]
    return dice.choices(range(len(members)), weights)[0]


def _alike(name: str, donors: Sequence[bytes], dice: random.Random) -> list[bytes]:
    """Return the members of another file that may hold elements fit for this one."""
    if not donors or dice.random() < 0.5:
        return []
    suffix = name.rpartition(".")[2]
    theirs = unpacked(dice.choice(donors)) or []
    return [content for other, content in theirs if other.rpartition(".")[2] == suffix and content]
