"""Files that only grow, and a journal of how far they are sound: what was half written when the power went is dropped.

A line of the journal holds, of each file, how many rows stand there and a digest of those added since the line before.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.index.layout import to_line
from qa.sealed import Sheet, map_file


class Growing:
    """A file of rows of one type that only grows."""

    def __init__(self, path: Path, dtype: str, columns: int) -> None:
        self._path = path
        self._dtype = np.dtype(dtype)
        self._columns = columns
        self._size = self._dtype.itemsize * max(columns, 1)
        path.touch()
        self._file = path.open("r+b")
        self.count = path.stat().st_size // self._size

    def cut_to(self, count: int) -> None:
        """Drop what stands beyond `count` rows."""
        self._file.truncate(count * self._size)
        self._file.seek(count * self._size)
        self.count = count

    def add(self, rows: NDArray[Any]) -> bytes:
        """Append rows and return their bytes."""
        data = np.ascontiguousarray(rows, dtype=self._dtype).tobytes()
        self._file.write(data)
        self.count += len(data) // self._size
        return data

    def digest(self, first: int, last: int) -> str:
        """Return a digest of the rows from `first` to `last`."""
        found = hashlib.sha256()
        self._file.seek(first * self._size)
        left = (last - first) * self._size
        while left > 0:
            data = self._file.read(min(left, 1 << 20))
            found.update(data)
            left -= len(data) or left
        return found.hexdigest()

    def flush(self) -> None:
        """Hand to the system what was added."""
        self._file.flush()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def sheet(self) -> Sheet:
        """Return what is there as an array."""
        self._file.flush()
        data, mapped = map_file(self._path)
        values = data[: self.count * self._size].view(self._dtype)
        return Sheet(values.reshape(-1, self._columns) if self._columns else values, mapped=mapped)


class Journal:
    """Files that grow together, and a line for each time they did: what the last sound line doesn't name is dropped."""

    def __init__(self, folder: Path, name: str, shapes: Mapping[str, tuple[str, int]]) -> None:
        self.files = {file: Growing(folder / f"{file}.bin", *shape) for file, shape in shapes.items()}
        self._path = folder / f"{name}.jsonl"
        self._path.touch()
        self._hashes = {file: hashlib.sha256() for file in shapes}
        self._waiting = 0
        good = 0
        with self._path.open("rb") as lines:
            counts = dict.fromkeys(shapes, 0)
            for line in lines:
                found = self._sound(line, counts)
                if found is None:
                    break
                counts, good = found, good + len(line)
        for file, growing in self.files.items():
            growing.cut_to(counts[file])
        self._lines = self._path.open("r+b")
        self._lines.truncate(good)
        self._lines.seek(good)

    def _sound(self, line: bytes, before: Mapping[str, int]) -> dict[str, int] | None:
        try:
            said = json.loads(line)
        except ValueError:
            return None
        for file, growing in self.files.items():
            count, digest = said[file]
            if growing.count < count or growing.digest(before[file], count) != digest:
                return None
        return {file: said[file][0] for file in self.files}

    def add(self, file: str, rows: NDArray[Any]) -> None:
        """Append rows to one of the files."""
        data = self.files[file].add(rows)
        self._hashes[file].update(data)
        self._waiting += len(data)

    def commit(self, least: int = 0) -> None:
        """Make what was added last, unless it is less than `least` bytes."""
        if self._waiting <= least:
            return
        for growing in self.files.values():
            growing.flush()
        said = {file: [self.files[file].count, self._hashes[file].hexdigest()] for file in self.files}
        self._lines.write(to_line(said))
        self._lines.flush()
        self._hashes = {file: hashlib.sha256() for file in self.files}
        self._waiting = 0

    def close(self) -> None:
        """Let go of the files."""
        self._lines.close()
        for growing in self.files.values():
            growing.close()
