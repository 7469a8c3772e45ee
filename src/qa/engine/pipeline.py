"""The two sides of a build: one thread reads files into a bounded queue, another embeds and writes what was read.

A document is written as soon as it is embedded, in the order of reading. Knows documents, chunks and vectors; nothing
of what is kept or removed.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

from qa.index.writing import Embedding, Writer
from qa.ingest import FileEnd, Prepared
from qa.protocols import Embedder, Input
from qa.types import Chunk, Span

Stage = Callable[[str, int, int], None]
"""Called with (what is being done, done, total) as a build goes on."""

_AHEAD = 16  # documents read before they are asked for
_WAIT = 0.1  # seconds between two looks whether to stop


class ReadAhead:
    """A thread that reads files into a bounded queue, until it is closed."""

    def __init__(self, reading: Iterator[Prepared | FileEnd | int], total: int, say: Stage) -> None:
        self._reading, self._total, self._say = reading, total, say
        self._queue: queue.Queue[Prepared | FileEnd | BaseException | None] = queue.Queue(_AHEAD)
        self._stopped = threading.Event()
        self.all_read = False
        self._thread = threading.Thread(target=self._read, name="read", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Prepared | FileEnd]:
        """Yield what was read, as it comes."""
        while not self._stopped.is_set():
            try:
                found = self._queue.get(timeout=_WAIT)
            except queue.Empty:
                continue
            if isinstance(found, BaseException):
                raise found
            if found is None:
                return
            yield found

    def close(self) -> None:
        """Return once no more is read: the file being read is read to its end."""
        self._stopped.set()
        self._thread.join()

    def _read(self) -> None:
        try:
            for found in self._reading:
                if isinstance(found, int):
                    self._say("reading", found, self._total)
                elif not self._put(found):
                    return
                if self._stopped.is_set():
                    return
            self.all_read = True
            self._put(None)
        except BaseException as exc:  # noqa: BLE001 -- it is raised again where the result is awaited
            self._put(exc)

    def _put(self, found: Prepared | FileEnd | BaseException | None) -> bool:
        while not self._stopped.is_set():
            try:
                self._queue.put(found, timeout=_WAIT)
                return True
            except queue.Full:
                continue
        return False


@dataclass(slots=True)
class _Waiting:
    """A document that was read, and its vectors where another's could be taken."""

    prepared: Prepared
    taken: list[Embedding] | None


class Consumer:
    """Embeds what was read and writes each document as soon as it is embedded, in the order of reading."""

    def __init__(
        self,
        writer: Writer,
        embedder: Embedder,
        ahead: ReadAhead,
        roots: tuple[str, ...],
        looked: int,
        say: Stage,
    ) -> None:
        self._writer, self._embedder, self._ahead = writer, embedder, ahead
        self._roots, self._looked, self._say = roots, looked, say
        self._waiting: deque[_Waiting | FileEnd] = deque()
        self._given = self._embedded = 0
        self._begun = False

    def run(self) -> None:
        """Go on until everything is read and written."""
        with closing(self._embeddings()) as embeddings:
            coming: Iterator[Embedding] = embeddings
            while True:
                while self._waiting:
                    self._write(self._waiting.popleft(), coming)
                first = next(embeddings, None)
                if first is None:
                    break
                coming = itertools.chain([first], embeddings)
            while self._waiting:
                self._write(self._waiting.popleft(), embeddings)

    def _embeddings(self) -> Generator[Embedding, None, None]:
        """Yield the vectors of the chunks that `_inputs` gives, as they come."""
        asked: deque[int] = deque()  # sentences of each chunk given
        for block in self._embedder.embed_stream(self._inputs(asked)):
            first = 0
            self._embedded += len(block.chunks)
            if self._ahead.all_read:
                self._say("embedding", self._embedded, self._given)
            for row in block.chunks:
                last = first + asked.popleft()
                yield Embedding.of(row, block.sentences[first:last])
                first = last

    def _inputs(self, asked: deque[int]) -> Iterator[Input]:
        """Yield what is to be embedded of what was read; called in the embedder's thread."""
        for found in self._ahead:
            if isinstance(found, FileEnd):
                self._waiting.append(found)
                continue
            taken = self._writer.find_alike(found.reading, found.chunks)
            self._waiting.append(_Waiting(found, taken))
            if taken is not None:
                continue
            title = found.reading.document.title
            for before, chunk in zip((None, *found.chunks), found.chunks, strict=False):
                start = chunk.span.start
                spans = tuple(Span(one.start - start, one.end - start) for one in chunk.sentences)
                asked.append(len(spans))
                self._given += 1
                yield Input(chunk.context(title), chunk.text, spans, _repeated(before, chunk))

    def _write(self, found: _Waiting | FileEnd, coming: Iterator[Embedding]) -> None:
        if not self._begun:
            self._writer.begin(self._roots)
            self._begun = True
        if isinstance(found, FileEnd):
            self._writer.finish_file(found.sources, found.stamp, self._looked, found.others)
            return
        one = found.prepared
        embedded = iter(found.taken) if found.taken is not None else itertools.islice(coming, len(one.chunks))
        self._writer.put(one.reading, one.chunks, embedded, one.stamp, self._looked, one.seconds)
        self._writer.catch_up(last=False)


def _repeated(before: Chunk | None, chunk: Chunk) -> int:
    """Return how many of a chunk's first sentences are the last ones of the chunk before."""
    if before is None or not before.sentences:
        return 0
    count = sum(one.end <= before.sentences[-1].end for one in chunk.sentences)
    return count if 0 < count <= len(before.sentences) and before.sentences[-count:] == chunk.sentences[:count] else 0
