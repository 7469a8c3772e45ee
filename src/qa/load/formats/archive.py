"""Zip, tar, gzip, bzip2 and xz files: what is in them, as children; nothing is unpacked anywhere but in memory.

What a file is, its first bytes say, not its name. Sizes are measured while unpacking, never believed.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import IO

from qa.load import names
from qa.load.extracted import Child, Extracted, Limits, Unreadable
from qa.load.formats.textfile import check_size

ONLY_MEMBER = "content"
"""The child of a compressed file that doesn't say what it was called: its parent's name without the suffix."""

_AT_ONCE = 1 << 18
_NEVER_A_BOMB = 10_000_000  # bytes: a page of blanks packs a thousand times smaller, and harms nobody
_BLOCK = 512  # of a tar
_NAMED = 5  # of the members passed over for one reason
_LINKS, _DEVICES = "Links", "Devices and pipes"
_NO_FILES = (_LINKS, _DEVICES)
_ENTRY = b"PK\x01\x02"
_UNPACKABLE = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2}
_DAMAGED = Unreadable("the archive is damaged or cut short.", "Get it again, or unpack it and index the files.")


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the members of an archive as children, in its order; what is passed over is named in the notes.

    `limits.depth` is how many archives may yet lie in one another, this one included: whoever reads a child
    lowers it by one.
    """
    check_size(data, limits)
    if limits.depth < 1:
        raise Unreadable("archives lie in one another too deep to follow.", "Unpack it and index the files.")
    basket = _Basket(limits, len(data))
    try:
        if _is_zip(data):
            _fill_from_zip(data, basket)
        elif data.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")):
            _fill_from_stream(data, basket)
        elif _is_tar(data[:_BLOCK]):
            _fill_from_tar(io.BytesIO(data), basket, len(data))
        else:
            raise Unreadable("it is no archive of a known kind.", "Give it its true suffix, or pack it as zip.")
    except Unreadable:
        raise
    except MemoryError:
        raise Unreadable("unpacking it takes more memory than there is.", "Unpack it and index the files.") from None
    except Exception as exc:
        # the unpackers raise whatever they stumble on, and all of it means this
        if not basket.children:
            raise Unreadable(_DAMAGED.problem, _DAMAGED.remedy) from exc
        basket.incomplete = True
        basket.notes.append("The archive is damaged or cut short: only what stands before the damage was read.")
    return Extracted("", children=tuple(basket.children), notes=basket.all_notes(), passed=basket.missed())


class _FullError(Exception):
    """No more fits in: what there is so far is kept."""


@dataclass(slots=True)
class _Gauge:
    """Counts what comes out of an archive; raises Unreadable for a bomb, _FullError at the limit."""

    limits: Limits
    packed: int
    total: int = 0

    def charge(self, size: int) -> None:
        self.total += size
        if self.total > max(_NEVER_A_BOMB, self.limits.ratio * self.packed):
            raise Unreadable(
                f"it unpacks to more than {self.limits.ratio} times its size, as archives meant to do harm do.",
                "If you trust it, unpack it and index the files.",
            )
        if self.total > self.limits.unpacked_bytes:
            raise _FullError


@dataclass(slots=True)
class _Basket:
    """Gathers members under distinct, safe names, and the names of those passed over by reason."""

    limits: Limits
    packed: int
    children: list[Child] = field(default_factory=list)
    taken: dict[str, int] = field(default_factory=dict)
    passed: dict[str, list[str]] = field(default_factory=dict)
    hidden: int = 0
    beyond: int = 0
    incomplete: bool = False  # there is more, nobody knows how much
    notes: list[str] = field(default_factory=list)
    gauge: _Gauge = field(init=False)

    def __post_init__(self) -> None:
        self.gauge = _Gauge(self.limits, self.packed)

    def pass_over(self, reason: str, raw: str) -> None:
        printable = raw.encode("utf-8", "backslashreplace").decode("utf-8")
        self.passed.setdefault(reason, []).append(printable[:100] if len(self.passed[reason]) < _NAMED else "")

    def place_for(self, raw: str) -> str:
        """Return the name a member will bear; "" where it is passed over, and noted why."""
        name = names.inside(raw)
        if not name:
            self.pass_over("Names that lead outside the archive" if raw else "Files without a name", raw or "?")
        elif names.is_hidden(name):
            self.hidden += 1
        elif len(self.children) >= self.limits.members:
            self.beyond += 1
        else:
            return name
        return ""

    def add(self, name: str, opened: IO[bytes]) -> None:
        pieces = []
        while piece := opened.read(_AT_ONCE):
            self.gauge.charge(len(piece))
            pieces.append(piece)
        self.children.append(Child(names.distinct(name, self.taken), b"".join(pieces)))

    def all_notes(self) -> tuple[str, ...]:
        notes = [f"{reason}, passed over: {_listed(raws)}." for reason, raws in self.passed.items()]
        if self.hidden:
            notes.append(f"Hidden files, passed over: {self.hidden}.")
        if self.beyond:
            notes.append(f"Only the first {self.limits.members} files were read; {self.beyond} more are in it.")
        if not (self.children or self.passed or self.hidden):
            notes.append("There are no files in it.")
        return (*notes, *self.notes)

    def missed(self) -> int:
        """Return how many files should have been read and weren't; those nobody can count count as one."""
        passed = sum(len(raws) for reason, raws in self.passed.items() if reason not in _NO_FILES)
        return passed + self.beyond + self.incomplete

    def note_full(self) -> None:
        self.incomplete = True
        self.notes.append(
            f"Only the first {len(self.children)} files were read: "
            f"together they unpack to more than {self.limits.unpacked_bytes // 1_000_000} MB."
        )


def _listed(raws: list[str]) -> str:
    shown = ", ".join(repr(raw)[1:-1] for raw in raws[:_NAMED])
    return f"{shown} and {len(raws) - _NAMED} more" if len(raws) > _NAMED else shown


_UTF8 = 0x800  # flag of a member whose name says so; others are in whatever code page their maker used


def _is_zip(data: bytes) -> bool:
    return data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")) or b"PK\x05\x06" in data[-66_000:]


def _fill_from_zip(data: bytes, basket: _Basket) -> None:
    # the table of contents is read whole, before anything can be counted: one entry takes 46 bytes of the file
    # and ten times that in memory
    if data.count(_ENTRY) > 10 * basket.limits.members:
        raise Unreadable(f"it holds more than {10 * basket.limits.members} files.", "Unpack it and index the files.")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        encrypted = 0
        for info in archive.infolist():
            if not info.flag_bits & _UTF8 and not info.filename.isascii():
                info.filename = names.decoded(info.filename.encode("cp437", "replace"))
            if info.filename.endswith("/"):
                continue
            name = basket.place_for(info.filename)
            if not name:
                continue
            if stat.S_ISLNK(info.external_attr >> 16):
                basket.pass_over(_LINKS, info.filename)
            elif info.flag_bits & 0x1:
                encrypted += 1
                basket.pass_over("Encrypted files", info.filename)
            elif info.compress_type not in _UNPACKABLE:
                basket.pass_over(f"Files packed by a method there is no unpacker for ({info.compress_type})", name)
            elif not _add_zipped(archive, info, name, basket):
                return
    if encrypted and not basket.children:
        raise Unreadable("the archive is encrypted.", "Unpack it with its password and index the files.")


def _add_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, basket: _Basket) -> bool:
    """Add one member; return False where no more fit."""
    try:
        with archive.open(info) as opened:
            basket.add(name, opened)
    except Unreadable:
        raise
    except _FullError:
        basket.note_full()
        return False
    except Exception:  # noqa: BLE001 - zipfile raises a dozen kinds for a damaged member; the others may be sound
        basket.pass_over("Damaged files", info.filename)
    return True


def _fill_from_stream(data: bytes, basket: _Basket) -> None:
    """Unpack gzip, bzip2 or xz: to the members of a tar where it is one, to one child otherwise."""
    # of a tar, more is read than its members: their headers, and what is read ahead
    room = replace(basket.limits, unpacked_bytes=basket.limits.unpacked_bytes + _NEVER_A_BOMB)
    opened = io.BufferedReader(_Metered(_unpacker(data), _Gauge(room, len(data))), _AT_ONCE)
    try:
        if _is_tar(opened.peek(_BLOCK)[:_BLOCK]):
            _fill_from_tar(opened, basket, room.unpacked_bytes)
        else:
            basket.add(names.inside(_name_in_gzip(data).rpartition("/")[2]) or ONLY_MEMBER, opened)
    except _FullError:
        if basket.children:
            basket.note_full()
            return
        unpacked = basket.limits.unpacked_bytes // 1_000_000
        raise Unreadable(f"it unpacks to more than {unpacked} MB.", "Unpack it and index the parts.") from None


def _unpacker(data: bytes) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    packed = io.BytesIO(data)
    if data.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=packed)
    return bz2.BZ2File(packed) if data.startswith(b"BZh") else lzma.LZMAFile(packed)


class _Metered(io.RawIOBase):
    """A stream that charges a gauge for every byte read from it."""

    def __init__(self, opened: gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile, gauge: _Gauge) -> None:
        self._opened = opened
        self._gauge = gauge

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self._opened.read(len(buffer))
        self._gauge.charge(len(piece))
        buffer[: len(piece)] = piece
        return len(piece)


def _name_in_gzip(data: bytes) -> str:
    """Return the name a gzip file says its contents had, or ""."""
    if not data.startswith(b"\x1f\x8b") or len(data) < 12 or not data[3] & 8:
        return ""
    at = 10
    if data[3] & 4:
        at += 2 + int.from_bytes(data[10:12], "little")
    end = data.find(b"\x00", at, at + 1000)
    return data[at:end].decode("latin-1") if end > at else ""


def _is_tar(block: bytes) -> bool:
    if len(block) < _BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.EOFHeaderError:  # type: ignore[attr-defined]  # a block of zeros: a tar with nothing in it
        return True
    except (tarfile.HeaderError, ValueError):
        return False
    return True


def _fill_from_tar(opened: IO[bytes], basket: _Basket, most: int) -> None:
    """Add the members of a tar that is at most so many bytes long."""
    # read as a stream: nothing but the member at hand is in memory, and an end that isn't there isn't looked for
    with tarfile.open(fileobj=opened, mode="r|", encoding="utf-8", errors="surrogateescape") as archive:
        for member in _members(archive, most):
            if member.isdir():
                continue
            if not member.isreg():
                reason = _LINKS if member.issym() or member.islnk() else _DEVICES
                basket.pass_over(reason, member.name)
                continue
            name = basket.place_for(member.name)
            if not name:
                continue
            content = archive.extractfile(member)
            if content is None:
                continue
            try:
                basket.add(name, content)
            except _FullError:
                basket.note_full()
                return
        # tarfile takes a header it can't make sense of for the end; its own stream has read ahead of ours
        while archive.fileobj and (piece := archive.fileobj.read(_AT_ONCE)):
            if piece.strip(b"\x00"):
                basket.incomplete = True
                basket.notes.append("There is more in it behind a damaged part, which was not read.")
                return


def _members(archive: tarfile.TarFile, most: int) -> Iterator[tarfile.TarInfo]:
    while (member := archive.next()) is not None:
        if member.size < 0:
            raise tarfile.ReadError("a member of negative size")
        yield member
        if archive.offset > most + tarfile.RECORDSIZE:
            # the library would go there block by block, to find that nothing is left
            raise tarfile.ReadError("a member that ends behind the end")
        archive.members.clear()  # type: ignore[attr-defined]  # they are kept for going back, which we never do
