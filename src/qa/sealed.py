"""Files written once under a seal: a digest of every block, checked when a byte of it is first used.

Opening costs a look at the sizes; what a question doesn't touch is neither read nor hashed, and what it touches
is known to be what was written. Knows files, arrays and digests; nothing of what they hold.
"""

from __future__ import annotations

import hashlib
import io
import math
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt

SEAL = "seal.bin"
_BLOCK = 1 << 14
_WIDTH = 16  # bytes kept of a block's SHA-256: this is about accidents
_AT_ONCE = 1 << 24  # bytes streamed before they are let go
_HEADER = 128  # bytes before the values of an .npy file
_REMEDY = "Run: qa index --rebuild"

Values = NDArray[Any]


def seal(folder: Path) -> dict[str, Any]:
    """Write a digest of each block of each file under `folder` into seal.bin; return what opens it again."""
    sizes: dict[str, int] = {}
    digest = hashlib.sha256()
    with (folder / SEAL).open("wb") as out:
        for name in sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()):
            if name == SEAL:
                continue
            sizes[name] = 0
            with (folder / name).open("rb") as file:
                while block := file.read(_BLOCK):
                    sizes[name] += len(block)
                    part = hashlib.sha256(block).digest()[:_WIDTH]
                    digest.update(part)
                    out.write(part)
    return {"seal": digest.hexdigest(), "files": sizes}


class Sheet:
    """An array whose rows are checked as they are first asked for; one without a file has nothing to check."""

    def __init__(
        self, values: Values, blocks: _Blocks | None = None, offset: int = 0, mapped: mmap.mmap | None = None
    ) -> None:
        self.values = values  # unchecked
        self._blocks = blocks
        self._offset = offset
        self._mapped = mapped
        self._stride = values.dtype.itemsize * math.prod(values.shape[1:])

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, first: int, last: int) -> Values:
        """Return rows `first` to `last`."""
        if self._blocks and self._blocks.left and last > first:
            self._blocks.check(self._offset + first * self._stride, self._offset + last * self._stride)
        return self.values[first:last]

    def take(self, rows: Sequence[int] | NDArray[np.integer[Any]]) -> Values:
        """Return these rows, in the order given."""
        numbers = np.asarray(rows, dtype=np.int64)
        if self._blocks and self._blocks.left and len(numbers):
            low = self._offset + numbers * self._stride
            self._blocks.check_places(low, low + self._stride)
        taken: Values = self.values[numbers]
        return taken

    def stretches(self, first: NDArray[np.int64], last: NDArray[np.int64]) -> Values:
        """Return rows `first[i]` to `last[i]` of each stretch, one stretch after another."""
        some = last > first
        if self._blocks and self._blocks.left and some.any():
            low, high = first[some] * self._stride, last[some] * self._stride
            self._blocks.check_places(self._offset + low, self._offset + high)
        lengths = last - first
        ends = np.cumsum(lengths)
        taken: Values = self.values[np.repeat(last - ends, lengths) + np.arange(ends[-1] if len(ends) else 0)]
        return taken

    def stream(self, first: int, last: int) -> Iterator[Values]:
        """Yield rows `first` to `last` in blocks; those that were yielded needn't stay in memory."""
        step = max(1, _AT_ONCE // self._stride)
        for low in range(first, last, step):
            yield self.cut(low, min(low + step, last))
            self.let_go()

    def gather(self, rows: NDArray[np.integer[Any]]) -> Iterator[Values]:
        """Yield these rows, in the order given, in blocks; those that were yielded needn't stay in memory."""
        # a row that stands alone brings its whole page along
        step = max(1, _AT_ONCE // max(self._stride, mmap.PAGESIZE))
        for low in range(0, len(rows), step):
            yield self.take(rows[low : low + step])
            self.let_go()

    def let_go(self) -> None:
        """Let the system have the memory of what was read; it's read again where it's asked for."""
        if self._mapped is not None and hasattr(self._mapped, "madvise"):
            self._mapped.madvise(mmap.MADV_DONTNEED)

    def whole(self) -> Values:
        """Return all rows."""
        return self.cut(0, len(self.values))


class _Blocks:
    """One mapped file, and which of its blocks haven't been looked at."""

    def __init__(self, path: Path, data: NDArray[np.uint8], digests: bytes) -> None:
        self._path = path
        self._data = data
        self._digests = digests
        count = len(digests) // _WIDTH
        self._pending = np.ones(count, dtype=bool)
        self.left = count

    def check(self, low: int, high: int) -> None:
        """Check the bytes from `low` to `high`; raise IndexCorrupt where they aren't those that were sealed."""
        first, last = low // _BLOCK, (high - 1) // _BLOCK + 1
        if first == last - 1:
            if self._pending[first]:
                self._look(first)
            return
        for block in np.flatnonzero(self._pending[first:last]).tolist():
            self._look(first + block)

    def check_places(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> None:
        """Check many short stretches."""
        first, last = low // _BLOCK, (high - 1) // _BLOCK
        for step in range(int((last - first).max()) + 1):
            blocks = np.minimum(first + step, last)
            for block in np.unique(blocks[self._pending[blocks]]).tolist():
                self._look(block)

    def _look(self, block: int) -> None:
        found = hashlib.sha256(self._data[block * _BLOCK : (block + 1) * _BLOCK].data).digest()[:_WIDTH]
        if found != self._digests[block * _WIDTH : (block + 1) * _WIDTH]:
            raise IndexCorrupt(f"{self._path}: its bytes aren't those that were written. {_REMEDY}")
        self._pending[block] = False
        self.left = int(np.count_nonzero(self._pending)) if self.left < 2 else self.left - 1


class Files:
    """A folder's files, to be read as arrays or bytes; under a seal where `sealed` is what `seal` returned."""

    def __init__(self, folder: Path, sealed: Mapping[str, Any] | None = None, prefix: str = "") -> None:
        self.folder = folder
        self._prefix = prefix
        self._seen: dict[str, _Mapped] = {}
        self._digests: dict[str, bytes] | None = None
        self.sealed: dict[str, Any] = {name: sealed[name] for name in ("seal", "files")} if sealed else {}
        if sealed is not None:
            self._digests = _open_seal(folder, sealed)

    def under(self, name: str) -> Files:
        """Return the files of a folder in this one."""
        inner = Files(self.folder, prefix=f"{self._prefix}{name}/")
        inner._seen, inner._digests = self._seen, self._digests
        return inner

    def path(self, name: str) -> Path:
        """Return where a file stands."""
        return self.folder / f"{self._prefix}{name}"

    def has(self, name: str) -> bool:
        """Tell whether there is such a file."""
        return self.path(name).exists() if self._digests is None else f"{self._prefix}{name}" in self._digests

    def read(self, name: str) -> bytes:
        """Return a file's bytes, checked."""
        return self.raw(name).whole().tobytes()

    def raw(self, name: str) -> Sheet:
        """Return a file's bytes as an array."""
        data, blocks, mapped = self._map(f"{self._prefix}{name}")
        return Sheet(data, blocks, mapped=mapped)

    def sheet(self, name: str) -> Sheet:
        """Return the array in an .npy file."""
        data, blocks, mapped = self._map(f"{self._prefix}{name}")
        if blocks:
            blocks.check(0, min(_HEADER, len(data)))
        head = io.BytesIO(data[:_HEADER].tobytes())
        try:
            np.lib.format.read_magic(head)
            shape, _, dtype = np.lib.format.read_array_header_1_0(head)
            values = data[_HEADER:].view(dtype).reshape(shape)
        except ValueError as exc:
            raise IndexCorrupt(f"{self.path(name)}: no array can be read from it ({exc}). {_REMEDY}") from exc
        return Sheet(values, blocks, _HEADER, mapped)

    def check(self) -> None:
        """Check every byte that hasn't been."""
        for name in self._digests or ():
            data, blocks, _ = self._map(name)
            if blocks and len(data):
                blocks.check(0, len(data))

    def _map(self, name: str) -> _Mapped:
        if name not in self._seen:
            path = self.folder / name
            data, mapped = map_file(path)
            blocks = _Blocks(path, data, self._digests[name]) if self._digests is not None else None
            self._seen[name] = data, blocks, mapped
        return self._seen[name]


_Mapped = tuple[NDArray[np.uint8], _Blocks | None, mmap.mmap | None]


def map_file(path: Path) -> tuple[NDArray[np.uint8], mmap.mmap | None]:
    """Return a file's bytes, memory-mapped, and the mapping; an empty file has none."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return np.zeros(0, dtype=np.uint8), None
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return np.frombuffer(mapped, dtype=np.uint8), mapped


def with_digest(data: bytes) -> bytes:
    """Return data behind its own SHA-256, as `without_digest` takes it."""
    return hashlib.sha256(data).hexdigest().encode("ascii") + b"\n" + data


def without_digest(path: Path, data: bytes) -> bytes:
    """Return the data behind its digest; raise IndexCorrupt where it isn't what was written."""
    digest, _, rest = data.partition(b"\n")
    if hashlib.sha256(rest).hexdigest().encode("ascii") != digest:
        raise IndexCorrupt(f"{path}: its bytes aren't those that were written. {_REMEDY}")
    return rest


def replace_file(path: Path, data: bytes) -> None:
    """Write a file beside, and put it in the place of another at once."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, path)


def _open_seal(folder: Path, sealed: Mapping[str, Any]) -> dict[str, bytes]:
    """Return each file's block digests, having checked them and every file's size."""
    path = folder / SEAL
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != sealed["seal"]:
        raise IndexCorrupt(f"{path}: its bytes aren't those that were written. {_REMEDY}")
    digests: dict[str, bytes] = {}
    at = 0
    for name, size in sealed["files"].items():
        if (folder / name).stat().st_size != size:
            raise IndexCorrupt(f"{folder / name}: its bytes aren't those that were written. {_REMEDY}")
        count = -(-size // _BLOCK) * _WIDTH
        digests[name] = data[at : at + count]
        at += count
    return digests


class Appender:
    """Writes an .npy file as its rows come, so that none need stay in memory."""

    def __init__(self, path: Path, dtype: str, width: int | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._dtype = np.dtype(dtype)
        self._width = width
        self._file: BinaryIO = path.open("wb")
        self._file.write(bytes(_HEADER))
        self.count = 0

    def __enter__(self) -> Appender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, rows: Values) -> None:
        """Append rows."""
        if len(rows):
            self._file.write(np.ascontiguousarray(rows, dtype=self._dtype).data.cast("B"))
            self.count += len(rows)

    def close(self) -> None:
        """Write the header, now that the number of rows is known."""
        shape = (self.count,) if self._width is None else (self.count, self._width)
        self._file.seek(0)
        self._file.write(header_of(self._dtype, shape))
        self._file.close()


def header_of(dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """Return the header of an .npy file, of one length whatever the shape."""
    facts = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    made = io.BytesIO()
    np.lib.format.write_array_header_1_0(made, facts)
    data = made.getvalue()
    if len(data) != _HEADER:
        raise RuntimeError(f"an array's header takes {len(data)} bytes, not {_HEADER}")
    return data


def write_sheet(path: Path, values: Values) -> None:
    """Write one array."""
    with Appender(path, values.dtype.str, values.shape[1] if values.ndim == 2 else None) as out:
        out.add(values)
