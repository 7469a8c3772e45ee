"""Any sentence-transformers model as an embedder: chunk and sentence vectors from one forward pass.

The chunk's vector is the model's own pooling; a sentence's is the mean of its tokens' contextual states
in that same pass, so it costs no model time. A text longer than the model reads is read in windows: each
token's state is taken once, and the windows' vectors are averaged by their number of tokens.

The model runs on ONNX Runtime, from an export made once, or on torch; `runtime` says which and why.
"""

from __future__ import annotations

import bisect
import functools
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.embed.backend import Backend, Pieces
from qa.embed.cache import ExportCache
from qa.embed.export import FLOAT32, INT8, TORCH, VERSION, Exported, Exporter
from qa.embed.processor import byte_products
from qa.embed.recipe import normalised
from qa.embed.tensors import Floats
from qa.embed.weights import find_model
from qa.embed.windows import Part, Window, cut, reduce
from qa.errors import ModelUnavailable
from qa.protocols import Embedded, Input, Progress, Query
from qa.types import Span

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Block:
    """Some inputs with their tokens and windows, the longest window first."""

    inputs: Sequence[Input]
    pieces: list[Pieces]
    windows: list[Window]
    repeated: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Sums:
    """Of each sentence, the sum of its tokens' states and their number: (sentences, width) and (sentences, 1)."""

    states: Floats
    tokens: Floats

    def last(self, count: int) -> _Sums:
        """Return those of the last so many sentences."""
        return _Sums(self.states[len(self.states) - count :], self.tokens[len(self.tokens) - count :])


class SentenceTransformerEmbedder:
    """Embeds with a sentence-transformers model from a local folder.

    `backend` is "auto", "onnx" or "torch"; `precision` is "auto", "float32" or "int8".
    """

    def __init__(
        self,
        model: str = "",
        *,
        backend: str = "auto",
        precision: str = "auto",
        batch_tokens: int = 4096,
        threads: int = 1,
        cache: Path | None = None,
    ) -> None:
        self._folder = find_model(model)
        self._wanted = backend
        self._batch_tokens = batch_tokens
        self._threads = threads
        wanted = precision if precision != "auto" else INT8 if byte_products() else FLOAT32
        self._exporter = Exporter(self._folder, wanted, ExportCache(cache))
        self._loading = threading.RLock()
        self._loaded: Backend | None = None

    @property
    def fingerprint(self) -> str:
        """The model's name, a hash over every file of it that shapes the vectors, and int8 where that does.

        Torch and ONNX Runtime share one in float32: their vectors' cosine is above .9999.
        """
        name = f"{self._folder.name}:{self._folder.fingerprint}"
        return f"{name}:int8.{VERSION}" if self._precision == INT8 else name

    @property
    def runtime(self) -> str:
        """What computes the vectors, how precisely, and why so where there's a reason; loads no model."""
        if self._wanted == "torch":
            return "torch, float32 (as set)"
        record = self._exported.record
        if record.precision == TORCH:
            return f"torch, float32 (not on ONNX Runtime: {record.reason})"
        why = [f"processor has {byte_products()}"] if record.precision == INT8 and byte_products() else []
        return f"ONNX Runtime, {record.precision}" + _bracketed([*why, *([record.reason] if record.reason else [])])

    @functools.cached_property
    def dim(self) -> int:
        """Length of a row."""
        return self._backend.dim

    @functools.cached_property
    def max_tokens(self) -> int:
        """Tokens the model reads at once."""
        return self._backend.max_tokens

    def embed_documents(self, inputs: Sequence[Input], progress: Progress | None = None) -> Embedded:
        """Embed chunks and their sentences, results in the order given."""
        chunks = np.zeros((len(inputs), self.dim), dtype=np.float32)
        sentences = np.zeros((sum(len(item.sentences) for item in inputs), self.dim), dtype=np.float32)
        done = first = 0
        for part in self.embed_stream(inputs):
            chunks[done : done + len(part.chunks)] = part.chunks
            sentences[first : first + len(part.sentences)] = part.sentences
            done, first = done + len(part.chunks), first + len(part.sentences)
            if progress:
                progress(done, len(inputs))
        return Embedded(chunks, sentences)

    def embed_stream(self, inputs: Iterable[Input], block: int = 256) -> Iterator[Embedded]:
        """Embed so many inputs at a time, as they come; two blocks' tokens are held at most, and no states.

        While one block is read, the next is cut into tokens in a thread of its own, in which `inputs` is asked.
        """
        coming = iter(inputs)
        ahead = ThreadPoolExecutor(1, thread_name_prefix="tokens")
        try:
            ready = ahead.submit(self._cut, coming, block).result()
            running = self._start(ready)
            before: _Sums | None = None
            while ready.inputs:
                following = ahead.submit(self._cut, coming, block)
                parts = list(running)
                done, ready = ready, following.result()
                # the next block is begun first, so that no core waits for what is done with this one
                running = self._start(ready)
                embedded, before = self._put_together(done, parts, before)
                yield embedded
        finally:
            # whoever interrupts this isn't kept waiting until a block's worth of inputs has come
            ahead.shutdown(wait=False, cancel_futures=True)

    def embed_query(self, question: str) -> Query:
        """Embed a question on the calling thread, cut at the model's limit."""
        backend = self._backend
        pieces = backend.encode([question])[0]
        prefix, suffix = backend.special
        prompt = self._prompt("query")
        room = backend.max_tokens - len(prefix) - len(suffix) - len(prompt)
        kept = pieces.places[room - 1][1] if len(pieces.ids) > room else len(question)
        window = [*prefix, *prompt, *pieces.ids[:room], *suffix]
        (vector,) = backend.forward([window], lambda _, __, vector: vector, threads=1)
        return Query(normalised(vector[None])[0], kept)

    def _cut(self, coming: Iterator[Input], most: int) -> _Block:
        """Cut the next inputs into tokens and windows; none where there are no more."""
        inputs = list(islice(coming, most))
        if not inputs:
            return _Block([], [], [], [])
        backend = self._backend
        prefix, suffix = backend.special
        prompt = self._prompt("document", "passage")
        room = backend.max_tokens // 3  # a heading path colours a chunk; it must not crowd it out
        contexts = sorted({item.context for item in inputs})
        context_ids = {text: pieces.ids for text, pieces in zip(contexts, backend.encode(contexts), strict=True)}
        pieces = backend.encode([item.text for item in inputs])
        repeated = [_repeated(item) if backend.averages else 0 for item in inputs]
        windows = [
            window
            for owner, item in enumerate(inputs)
            for window in cut(
                owner,
                [*prefix, *(prompt + context_ids[item.context])[:room]],
                pieces[owner].ids,
                suffix,
                backend.max_tokens,
                _tokens_of(pieces[owner], item.sentences[: repeated[owner]]),
            )
        ]
        # the longest first: then no thread is left alone with a long one in the end
        windows.sort(key=lambda window: (-len(window.ids), window.owner, window.first))
        return _Block(inputs, pieces, windows, repeated)

    def _start(self, block: _Block) -> Iterator[Part]:
        """Begin to read a block's windows; yields what is kept of each."""
        if not block.windows:
            return iter(())  # nothing to read is no reason to load a model
        backend, tail = self._backend, len(self._backend.special[1])

        def take(number: int, states: Floats, vector: Floats) -> Part:
            window = block.windows[number]
            sentences = block.inputs[window.owner].sentences
            return reduce(window, tail, block.pieces[window.owner], sentences, states, vector)

        return backend.forward([window.ids for window in block.windows], take, self._threads)

    def _put_together(self, block: _Block, parts: Sequence[Part], before: _Sums | None) -> tuple[Embedded, _Sums]:
        """Make rows of what was kept of a block's windows.

        `before` is of the input before; with the rows comes what the input after needs.
        """
        firsts = np.concatenate([[0], np.cumsum([len(item.sentences) for item in block.inputs])]).astype(int)
        chunks = np.zeros((len(block.inputs), self.dim), dtype=np.float32)
        # the states' width needn't be the rows'
        sums = np.zeros((int(firsts[-1]), parts[0].sums.shape[1]), dtype=np.float32)
        counts = np.zeros((int(firsts[-1]), 1), dtype=np.float32)
        for part in parts:
            chunks[part.owner] += part.vector
            rows = firsts[part.owner] + part.sentences
            sums[rows] += part.sums
            counts[rows, 0] += part.counts
        all_sums = _Sums(sums, counts)
        self._take_over(block.repeated, firsts, all_sums, chunks, before)
        last = all_sums.last(int(firsts[-1] - firsts[-2]))
        if not len(sums):
            return Embedded(normalised(chunks), np.zeros((0, self.dim), dtype=np.float32)), last
        sentences = self._backend.sentence((sums / np.maximum(counts, 1)).astype(np.float32))
        return Embedded(normalised(chunks), normalised(np.where(counts > 0, sentences, np.float32(0)))), last

    def _take_over(
        self, repeated: Sequence[int], firsts: NDArray[np.int64], sums: _Sums, chunks: Floats, before: _Sums | None
    ) -> None:
        """Give repeated sentences the sums they have in the input before, and their inputs' vectors that share."""
        means, tokens, owners = [], [], []
        for owner, count in enumerate(repeated):
            first = int(firsts[owner])
            source = _Sums(sums.states[:first], sums.tokens[:first]) if owner else before
            if not count or source is None or len(source.states) < count:
                continue
            taken = source.last(count)
            sums.states[first : first + count] = taken.states
            sums.tokens[first : first + count] = taken.tokens
            read = float(taken.tokens.sum())
            if read:
                means.append(taken.states.sum(axis=0) / np.float32(read))
                tokens.append([read])
                owners.append(owner)
        if owners:
            rows = self._backend.sentence(np.stack(means).astype(np.float32))
            chunks[owners] += rows * np.array(tokens, dtype=np.float32)

    def _prompt(self, *names: str) -> list[int]:
        text = self._backend.prompt(*names)
        return self._backend.encode([text])[0].ids if text else []

    @property
    def _precision(self) -> str:
        return TORCH if self._wanted == "torch" else self._exported.record.precision

    @functools.cached_property
    def _exported(self) -> Exported:
        with self._loading:
            exported = self._exporter.resolve()
        if exported.record.precision == TORCH and self._wanted == "onnx":
            raise ModelUnavailable(
                self._folder.name,
                f"it can't run on ONNX Runtime: {exported.record.reason}. Set embed.backend to auto or torch.",
            )
        return exported

    @property
    def _backend(self) -> Backend:
        # loaded when first needed: an unchanged collection is found to be so without a model
        with self._loading:
            if self._loaded is None:
                self._loaded = self._load()
            return self._loaded

    def _load(self) -> Backend:
        if self._precision == TORCH:
            from qa.embed.torch_backend import TorchBackend

            return TorchBackend(self._folder, batch_tokens=self._batch_tokens)
        return self._exporter.open(self._exported)


def _repeated(item: Input) -> int:
    """Return how many sentences are taken over: none where that would leave nothing to read."""
    return item.repeated if item.repeated < len(item.sentences) else 0


def _tokens_of(pieces: Pieces, repeated: Sequence[Span]) -> int:
    """Return how many tokens stand up to the end of the repeated sentences; never all."""
    if not repeated:
        return 0
    end = repeated[-1].end
    return min(bisect.bisect_left(pieces.places, end, key=lambda place: place[1] - 1), max(0, len(pieces.ids) - 1))


def _bracketed(words: Sequence[str]) -> str:
    return f" ({'; '.join(words)})" if words else ""
