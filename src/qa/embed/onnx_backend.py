"""An exported model on ONNX Runtime: tokenizers, onnxruntime and numpy, nothing heavier.

One window a call, windows side by side on as many threads as are allowed. No padding is computed, no
thread spins, and a window's states are the same to the last bit whatever else is being read: in int8 the
ranges of a call's numbers shape all of its results, so company in a call would change them.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from qa.embed.backend import Pieces, Taken, ends_of, valid_unicode
from qa.embed.graph import DISTANCES, INPUT
from qa.embed.network import Tables
from qa.embed.recipe import Recipe
from qa.embed.tensors import Floats
from qa.embed.weights import ModelFolder
from qa.errors import ModelUnavailable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

logger = logging.getLogger(__name__)

_BUCKETS, _FARTHEST = 32, 128  # of distances, in MPNet


class OnnxBackend:
    """Runs an exported model; `content` is the graph's file, the tables stay in the model's own."""

    def __init__(self, folder: ModelFolder, recipe: Recipe, tables: Tables, content: bytes, precision: str) -> None:
        self._folder = folder
        self._recipe = recipe
        self._tables = tables
        self._precision = precision
        self._session = open_session(content, folder.name)
        self._tokenizer = _tokenizer(folder, recipe)
        self.special = ends_of(self.encode(["a"])[0].ids, self._tokenizer.encode("a").ids)
        self.max_tokens = min(recipe.limit, len(tables.places))

    @property
    def runtime(self) -> str:
        """The library, its version and the precision."""
        import onnxruntime

        return f"ONNX Runtime {onnxruntime.__version__}, {self._precision}"

    @functools.cached_property
    def dim(self) -> int:
        """Length of a row."""
        return int(self._recipe.pool(np.zeros((1, self._tables.words.shape[1]), np.float32)).shape[0])

    @property
    def averages(self) -> bool:
        """Whether a vector is the mean of its tokens' states."""
        return self._recipe.pooling == ("mean",)

    def prompt(self, *names: str) -> str:
        """Return the first of these prompts that the model has, or ""."""
        return next((self._recipe.prompts[name] for name in names if self._recipe.prompts.get(name)), "")

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Cut texts into tokens."""
        found = self._tokenizer.encode_batch([valid_unicode(text) for text in texts], add_special_tokens=False)
        return [Pieces(item.ids, item.offsets) for item in found]

    def forward(
        self, windows: Sequence[list[int]], take: Callable[[int, Floats, Floats], Taken], threads: int
    ) -> Iterator[Taken]:
        """Yield what is taken of each window."""

        def one(number: int) -> Taken:
            states = self._states(windows[number])
            return take(number, states, self._recipe.pool(states))

        if threads == 1 or len(windows) == 1:
            return map(one, range(len(windows)))
        return self._pool(threads).map(one, range(len(windows)))

    def watch(self, ids: list[int]) -> list[Floats]:
        """Return all a graph gives for one window."""
        embedded = self._tables.words[ids] + self._tables.places[: len(ids)]
        given = {INPUT: embedded}
        if self._tables.distances is not None:
            given[DISTANCES] = self._distances(len(ids))
        outputs: list[Floats] = self._session.run(None, given)
        return outputs

    def sentence(self, means: Floats) -> Floats:
        """Make rows of sentences from the mean states of their tokens."""
        return self._recipe.sentence(means)

    def _states(self, ids: list[int]) -> Floats:
        return self.watch(ids)[0]

    @functools.cache  # noqa: B019 -- one backend a process, and few numbers of threads
    def _pool(self, threads: int) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(threads, thread_name_prefix="embed")

    def _distances(self, length: int) -> Floats:
        """Return what MPNet adds to each head's scores, by the distance of two tokens: (1, heads, length, length)."""
        row = self._by_distance
        middle = (row.shape[1] - 1) // 2
        places = np.arange(length)
        added: Floats = row[None, :, places[None, :] - places[:, None] + middle]
        return added

    @functools.cached_property
    def _by_distance(self) -> Floats:
        """The table spread over all distances from -most to most: (heads, 2 * most + 1)."""
        table = self._tables.distances
        assert table is not None
        most = len(self._tables.places)
        distances = np.arange(-most, most + 1)
        half, exact = _BUCKETS // 2, _BUCKETS // 4
        size = np.abs(distances)
        log = np.log(np.maximum(size, 1).astype(np.float32) / np.float32(exact)) / np.float32(np.log(_FARTHEST / exact))
        far = np.minimum(exact + (log * np.float32(half - exact)).astype(np.int64), half - 1)
        buckets = np.where(distances > 0, half, 0) + np.where(size < exact, size, far)
        spread: Floats = np.ascontiguousarray(table[buckets].T)
        return spread


def open_session(content: bytes, model: str) -> InferenceSession:
    """Open a graph for calls from many threads, each of which computes alone."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # the graph is written as it should run: left to itself, the optimiser puts in a slower normalisation
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as exc:  # the library's errors share no base but this
        raise ModelUnavailable(
            model, f"ONNX Runtime can't run its export ({exc}). Set embed.backend to torch."
        ) from exc


def _tokenizer(folder: ModelFolder, recipe: Recipe) -> Any:  # noqa: ANN401 -- the library ships no types
    from tokenizers import Tokenizer
    from tokenizers.normalizers import Lowercase, Sequence

    tokenizer = Tokenizer.from_file(str(folder.path / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    if recipe.lowercase:
        own = tokenizer.normalizer
        tokenizer.normalizer = Sequence([Lowercase(), *([own] if own else [])])
    return tokenizer
