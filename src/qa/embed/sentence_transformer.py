"""Any sentence-transformers model as an embedder: chunk and sentence vectors from one forward pass.

The chunk's vector is the model's own pooling; a sentence's is the mean of its tokens' contextual states
in that same pass, so it costs no model time. A text longer than the model reads is read in windows: each
token's state is taken once, and the windows' vectors are averaged by their number of tokens.

The model runs on ONNX Runtime, from an export made once, or on torch; `runtime` says which and why.
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

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

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Block:
    """Some inputs with their tokens and windows, the longest window first."""

    inputs: Sequence[Input]
    pieces: list[Pieces]
    windows: list[Window]


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
        with ThreadPoolExecutor(1, thread_name_prefix="tokens") as ahead:
            following = ahead.submit(self._cut, coming, block)
            while (ready := following.result()).inputs:
                following = ahead.submit(self._cut, coming, block)
                yield self._read(ready)

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
            return _Block([], [], [])
        backend = self._backend
        prefix, suffix = backend.special
        prompt = self._prompt("document", "passage")
        room = backend.max_tokens // 3  # a heading path colours a chunk; it must not crowd it out
        contexts = sorted({item.context for item in inputs})
        context_ids = {text: pieces.ids for text, pieces in zip(contexts, backend.encode(contexts), strict=True)}
        pieces = backend.encode([item.text for item in inputs])
        windows = [
            window
            for owner, item in enumerate(inputs)
            for window in cut(
                owner,
                [*prefix, *(prompt + context_ids[item.context])[:room]],
                pieces[owner].ids,
                suffix,
                backend.max_tokens,
            )
        ]
        # the longest first: then no thread is left alone with a long one in the end
        windows.sort(key=lambda window: (-len(window.ids), window.owner, window.first))
        return _Block(inputs, pieces, windows)

    def _read(self, block: _Block) -> Embedded:
        """Read a block's windows and put what is kept of them together."""
        backend, tail = self._backend, len(self._backend.special[1])

        def take(number: int, states: Floats, vector: Floats) -> Part:
            window = block.windows[number]
            sentences = block.inputs[window.owner].sentences
            return reduce(window, tail, block.pieces[window.owner], sentences, states, vector)

        firsts = np.concatenate([[0], np.cumsum([len(item.sentences) for item in block.inputs])]).astype(int)
        chunks = np.zeros((len(block.inputs), self.dim), dtype=np.float32)
        sums: Floats | None = None
        counts = np.zeros((int(firsts[-1]), 1), dtype=np.float32)
        for part in backend.forward([window.ids for window in block.windows], take, self._threads):
            if sums is None:  # the states' width needn't be the rows'
                sums = np.zeros((int(firsts[-1]), part.sums.shape[1]), dtype=np.float32)
            chunks[part.owner] += part.vector
            rows = firsts[part.owner] + part.sentences
            sums[rows] += part.sums
            counts[rows, 0] += part.counts
        assert sums is not None
        if not len(sums):
            return Embedded(normalised(chunks), np.zeros((0, self.dim), dtype=np.float32))
        sentences = backend.sentence((sums / np.maximum(counts, 1)).astype(np.float32))
        return Embedded(normalised(chunks), normalised(np.where(counts > 0, sentences, np.float32(0))))

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


def _bracketed(words: Sequence[str]) -> str:
    return f" ({'; '.join(words)})" if words else ""
