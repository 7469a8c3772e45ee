"""The segments of a keyword index in a folder: appended to, merged, and named in one file that is replaced at once.

    keyword/
    ├── segments.json           which transaction they stand for, which segments there are and which chunks are gone
    │                           from each; its own SHA-256 in front
    └── s000003/                one segment (see `write`), with a digest of every block of its files

A change writes a small segment; it is merged with those before it that aren't much larger, so that each chunk is
written a few times and a large segment is left alone. Words of chunks that are gone stay in a large segment until a
tenth of it has gone.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qa.errors import IndexCorrupt
from qa.keyword.index import KeywordIndex
from qa.keyword.segment import Segment
from qa.keyword.terms import Terms
from qa.keyword.write import Run, Termed, write_keyword
from qa.sealed import Files, replace_file, seal, with_digest, without_digest

_NAMES = "segments.json"
_SMALL = 2_000  # chunks of a segment that is written anew as soon as one has gone from it
_GONE = 0.1  # share of a larger one's chunks that may have gone
_TRIES = 20  # times another process may replace the segments while they are opened


class KeywordFolder:
    """A keyword index on disk, in step with the transaction `revision`, 0 where there is none."""

    def __init__(self, folder: Path, terms: Terms) -> None:
        self._folder = folder
        self.terms = terms
        self.revision = 0
        self.index = KeywordIndex(terms)
        self._open()

    def add_in_memory(self, gone: NDArray[np.int64], chunks: Termed | None) -> KeywordIndex:
        """Return the index with some chunks gone and others added, which is not written down."""
        self._remove(self.index.segments, gone)
        added = []
        if chunks is not None and len(chunks.chunks):
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
                write_keyword(Path(folder), [Run(chunks, 0, len(chunks.chunks))])
                added.append(Segment(Files(Path(folder))))  # what is mapped outlives its name
        self.index.load([*self.index.segments, *added])
        return self.index

    def update(self, revision: int, gone: NDArray[np.int64], batches: Iterable[Termed]) -> None:
        """Take out the chunks that are gone, add others, and write down that this stands for `revision`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="making-", dir=self._folder) as making:
            coming = [batch.spilled(Path(making) / str(at)) for at, batch in enumerate(batches)]
            segments = list(self.index.segments)
            self._remove(segments, gone)
            merged = [one for one in segments if self._is_worn(one)]
            kept = sorted((one for one in segments if one not in merged), key=lambda one: -one.live)
            count = sum(len(batch.chunks) for batch in coming) + sum(one.live for one in merged)
            while kept and count and kept[-1].live <= 2 * count:
                merged.append(kept.pop())
                count += merged[-1].live
            runs = [Run(termed, *stretch) for one in merged for termed in [one.termed()] for stretch in one.stretches()]
            runs += [Run(batch, 0, len(batch.chunks)) for batch in coming]
            if runs:
                kept.append(self._write(runs, revision))
            self._name(kept, revision)
        self.index.load(kept)
        self._sweep()

    def clear(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self.revision = 0
        self.index.load([])

    def check(self) -> None:
        """Check every byte."""
        for segment in self.index.segments:
            segment.files.check()

    def _open(self) -> None:
        for attempt in range(_TRIES):
            try:
                data = (self._folder / _NAMES).read_bytes()
            except FileNotFoundError:
                return
            try:
                said = json.loads(without_digest(self._folder / _NAMES, data))
                self.index.load([self._opened(one) for one in said["segments"]])
            except (FileNotFoundError, IndexCorrupt) as exc:
                if attempt < _TRIES - 1 and self._moved_on(data):
                    continue  # another process has replaced the segments meanwhile
                if isinstance(exc, IndexCorrupt):
                    raise
                raise IndexCorrupt(f"{exc.filename}: missing from the index. Run: qa index --rebuild") from exc
            self.revision = said["revision"]
            return

    def _moved_on(self, data: bytes) -> bool:
        try:
            return (self._folder / _NAMES).read_bytes() != data
        except FileNotFoundError:
            return True

    def _opened(self, said: dict[str, Any]) -> Segment:
        folder = self._folder / said["name"]
        gone = np.array(said["gone"], dtype=np.int64).cumsum()
        return Segment(Files(folder, said), gone)

    @staticmethod
    def _remove(segments: Sequence[Segment], gone: NDArray[np.int64]) -> None:
        for segment in segments if len(gone) else ():
            numbers = segment.locate(gone)
            segment.remove(numbers[numbers >= 0])

    @staticmethod
    def _is_worn(segment: Segment) -> bool:
        return bool(len(segment.gone)) and (len(segment) <= _SMALL or len(segment.gone) > _GONE * len(segment))

    def _write(self, runs: Sequence[Run], revision: int) -> Segment:
        name = f"s{revision:08d}"
        shutil.rmtree(self._folder / name, ignore_errors=True)
        write_keyword(self._folder / name, runs)
        return Segment(Files(self._folder / name, seal(self._folder / name)))

    def _name(self, segments: Sequence[Segment], revision: int) -> None:
        said = [
            # small steps are shorter to write than large numbers
            {"name": one.files.folder.name, "gone": np.diff(one.gone, prepend=0).tolist(), **one.files.sealed}
            for one in segments
        ]
        data = json.dumps({"revision": revision, "segments": said}).encode()
        replace_file(self._folder / _NAMES, with_digest(data))
        self.revision = revision

    def _sweep(self) -> None:
        named = {one.files.folder.name for one in self.index.segments}
        for path in self._folder.iterdir():
            if path.is_dir() and path.name not in named:
                with contextlib.suppress(OSError):
                    shutil.rmtree(path)
