"""Writes a generation beside the last and switches to it by one rename; a crash leaves the old one current."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from qa.errors import IndexBusy, StoreError
from qa.index.hold import GOING, remove_unless_held
from qa.index.layout import (
    CHUNK_COLUMNS,
    DOCUMENT_COLUMNS,
    PARTIAL,
    POINTER,
    SCHEMA,
    SECONDS,
    Fingerprint,
    Part,
    pack_seconds,
    read_pointer,
    roots_to,
    unread_to,
)
from qa.index.opened import Index, open_generation
from qa.keyword import KeywordIndex, Run, write_keyword
from qa.protocols import Rows, VectorStore
from qa.sealed import Appender, Files, seal
from qa.types import Calibration, LedgerEntry, Trial

Calibrate = Callable[[Index], Calibration | None]
"""Measures how questions made from an index fare on it."""

_DRIFT = 0.1  # share of the chunks that may change before a calibration is made anew


@dataclass(frozen=True, slots=True)
class Taken:
    """A document to be written: number `number` of a part, with its file's size and times."""

    source: str
    part: Part
    number: int
    stamp: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Documents that stand one after another in a part, and where what belongs to them stands there."""

    part: Part
    documents: tuple[int, int]
    lines: tuple[int, int]
    bytes: tuple[int, int]
    chunks: tuple[int, int]
    sentences: tuple[int, int]


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the index's lock; raise IndexBusy where another process holds it, StoreError where it can't be written.

    A folder made here is its owner's alone: it holds the texts of documents that may be so, too.
    """
    lock = FileLock(folder / "lock")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise IndexBusy(f"{folder}: another 'qa index' or 'qa watch' is writing here. Wait for it to end.") from exc
    except OSError as exc:
        raise _unwritable(folder, exc) from exc
    try:
        yield
    except OSError as exc:
        if exc.errno not in _UNWRITABLE:
            raise
        raise _unwritable(folder, exc) from exc
    finally:
        lock.release()


_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}


def _unwritable(folder: Path, exc: OSError) -> StoreError:
    return StoreError(
        f"{folder}: the index can't be written ({exc.strerror or exc}); what it held before is as it was. "
        "See to its permissions and free space, or write another with --index DIR."
    )


def write_generation(
    folder: Path,
    *,
    old: Index | None,
    documents: Sequence[Taken],
    unread: Sequence[LedgerEntry],
    seconds: Mapping[str, float],
    partly: int,
    roots: Sequence[str],
    fingerprint: Fingerprint,
    runtime: str,
    began: int,
    store: VectorStore,
    keyword: KeywordIndex,
    calibrate: Calibrate | None = None,
) -> Path:
    """Write a generation of these documents and switch to it; `old` is the one they are partly taken from.

    `store` and `keyword` come out holding the new generation. `calibrate` is called on the new content before it
    becomes current, unless old's calibration still holds. `seconds` is what reading each document took, `partly` how
    many files were read only in part, `began` when the files were looked at, in nanoseconds. Call it under `writing`.
    A crash at any instant leaves the old generation current.
    """
    current = old.folder.name if old else _current(folder)
    _sweep(folder, current)
    name = f"g{1 + max([int(current[1:] or 0), *_numbers(folder)]):06d}"
    target = folder / name
    target.mkdir()
    documents = sorted(documents, key=lambda taken: taken.source)
    stretches = list(_stretches(documents))
    stamps = np.array([taken.stamp for taken in documents], dtype=np.int64)
    _write_content(target, stretches, stamps, store)
    (target / "unread.jsonl").write_bytes(unread_to(unread))
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "fingerprint": asdict(fingerprint),
        "runtime": runtime,
        "dim": store.dim,
        "roots": roots_to(folder, roots),
        "documents": len(documents),
        "unread": sum(not entry.is_searched for entry in unread),
        "partly": partly,
        "lines": len(documents) + len(unread),
        "chunks": sum(stretch.chunks[1] - stretch.chunks[0] for stretch in stretches),
        "drift": 0,
        "calibration": None,
    }
    if calibrate:
        manifest |= _calibration(open_generation(Files(target), manifest, store, keyword), old, stretches, calibrate)
    manifest |= seal(target)
    # not under the seal: two builds of the same files differ in it alone
    (target / SECONDS).write_bytes(pack_seconds({**seconds, **{one.source: one.seconds for one in unread}}))
    data = json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode()
    (target / "manifest.json").write_bytes(data)
    for path in [*target.rglob("*"), target]:
        _sync(path)
    pointer = folder / f"{POINTER}.new"
    pointer.write_bytes(f"{name} {hashlib.sha256(data).hexdigest()}\n".encode("ascii"))
    os.utime(pointer, ns=(began, began))
    _sync(pointer)
    os.replace(pointer, folder / POINTER)
    _sync(folder)
    if old:
        old.let_go()
    _sweep(folder, name)
    return target


def confirmed(folder: Path, began: int) -> None:
    """Note that the files were found to be as recorded by a look that began then."""
    os.utime(folder / POINTER, ns=(began, began))


def last_look(folder: Path) -> int:
    """Return when the files were last known to be as recorded, in nanoseconds."""
    return (folder / POINTER).stat().st_mtime_ns


def _calibration(new: Index, old: Index | None, stretches: Sequence[_Stretch], calibrate: Calibrate) -> dict[str, Any]:
    """Return the manifest's part: old's calibration while a tenth of the chunks at most has changed since."""
    if old and old.calibration:
        kept = sum(stretch.chunks[1] - stretch.chunks[0] for stretch in stretches if stretch.part.old)
        drift = old.drift + (len(old) - kept) + (len(new) - kept)
        if drift <= _DRIFT * len(new):
            return {"drift": drift, "calibration": _to_json(old.calibration)}
    return {"drift": 0, "calibration": _to_json(calibrate(new))}


def _to_json(calibration: Calibration | None) -> dict[str, list[list[float]]] | None:
    if calibration is None:
        return None
    kinds: dict[str, tuple[Trial, ...]] = {
        field.name: getattr(calibration, field.name) for field in dataclasses.fields(calibration)
    }
    return {kind: [[one.log_odds, int(one.right)] for one in trials] for kind, trials in kinds.items()}


def _stretches(documents: Sequence[Taken]) -> Iterator[_Stretch]:
    """Put documents that stand side by side in their part together: most of an update is a few long stretches."""
    first = 0
    for at, taken in enumerate(documents):
        following = documents[at + 1] if at + 1 < len(documents) else None
        if following and following.part is taken.part and following.number == taken.number + 1:
            continue
        part, low, high = taken.part, documents[first].number, taken.number + 1
        start, end = part.places.cut(low, low + 1)[0].tolist(), part.places.cut(high - 1, high)[0].tolist()
        sentences = part.first_sentence(start[4]), part.first_sentence(end[5])
        yield _Stretch(part, (low, high), (start[0], end[1]), (start[2], end[3]), (start[4], end[5]), sentences)
        first = at + 1


def _write_content(target: Path, stretches: Sequence[_Stretch], stamps: NDArray[np.int64], store: VectorStore) -> None:
    """Write everything but the ledger of what wasn't read and the manifest."""
    dim = store.dim
    with (
        (target / "documents.jsonl").open("wb") as lines,
        (target / "texts.bin").open("wb") as texts,
        Appender(target / "documents.npy", "<i8", DOCUMENT_COLUMNS) as places,
        Appender(target / "chunks.npy", "<i8", CHUNK_COLUMNS) as chunks,
        Appender(target / "sentences.npy", "<i8", 2) as sentences,
        Appender(target / "sentence_rows.npy", "i1", dim) as packed,
        Appender(target / "sentence_scales.npy", "<f4") as scales,
    ):
        for stretch in stretches:
            part, first_byte, first_sentence = stretch.part, texts.tell(), sentences.count
            table = part.places.cut(*stretch.documents).copy()
            table[:, 0:2] += lines.tell() - stretch.lines[0]
            table[:, 2:4] += first_byte - stretch.bytes[0]
            table[:, 4:6] += chunks.count - stretch.chunks[0]
            table[:, 6:] = stamps[places.count : places.count + len(table)]
            shift = np.zeros(CHUNK_COLUMNS, dtype=np.int64)
            shift[0] = places.count - stretch.documents[0]
            shift[4:6] = first_byte - stretch.bytes[0]
            shift[6] = first_sentence - stretch.sentences[0]
            places.add(table)
            for block in part.lines.stream(*stretch.lines):
                lines.write(block.tobytes())
            for block in part.texts.stream(*stretch.bytes):
                texts.write(block.tobytes())
            for block in part.chunks.stream(*stretch.chunks):
                chunks.add(block + shift)
            for sheet, out in ((part.sentences, sentences), (part.packed, packed), (part.scales, scales)):
                for block in sheet.stream(*stretch.sentences):
                    out.add(block)
    store.write(target / "vectors", _rows(stretches))
    write_keyword(target / "keyword", [Run(stretch.part.termed, *stretch.chunks) for stretch in stretches])


def _rows(stretches: Sequence[_Stretch]) -> Iterator[Rows]:
    for stretch in stretches:
        yield from stretch.part.rows(*stretch.chunks)


def sweep(folder: Path) -> None:
    """Remove generations other than the current one that nobody has open, and what a killed build left behind."""
    _sweep(folder, read_pointer(folder)[0])
    drop_partial(folder)


def drop_partial(folder: Path) -> None:
    """Remove what a build before this one made without ending."""
    shutil.rmtree(folder / PARTIAL, ignore_errors=True)


def _current(folder: Path) -> str:
    """Return the current generation's name; "g" where there is none, or where the pointer is damaged."""
    try:
        return read_pointer(folder)[0]
    except StoreError:
        return "g"


def _numbers(folder: Path) -> list[int]:
    """Return the numbers of the generations there: an old one stays while someone has it open."""
    return [int(path.name[1:]) for path in folder.glob("g[0-9]*") if path.name[1:].isdecimal()]


def _sweep(folder: Path, current: str) -> None:
    for path in folder.glob("g[0-9]*"):
        if path.name != current and path.is_dir():
            remove_unless_held(path)
    for path in folder.glob(f"{GOING}*"):
        shutil.rmtree(path, ignore_errors=True)


def _sync(path: Path) -> None:
    if os.name == "nt" and path.is_dir():
        return  # Windows can't open a folder to flush it
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
