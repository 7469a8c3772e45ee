"""The trained reader on ONNX Runtime: a span and a probability for each text, without torch.

The network shares the bundled model's word embeddings, which were frozen in training; they are read from
that model's own file, so the reader's file holds only what was trained. A text longer than a window is read
in windows that overlap by half.
"""

from __future__ import annotations

import json
import math
import re
import struct
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.embed.weights import bundled_model
from qa.errors import ModelUnavailable
from qa.types import Reading, SentenceReading, Span

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding

Floats = NDArray[np.float32]

WEIGHTS = Path(__file__).with_name("reader.onnx")
_TABLE = "embeddings.word_embeddings.weight"
_CLS, _SEP = 101, 102
_WINDOW = 320  # word pieces of question and text together, as in training
_QUESTION = 64
_CONTEXT = 80
_LONGEST_SPAN = 48
_SLOWER = {"SkipLayerNormFusion"}  # its operator takes seven times as long as the two it stands for
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Window:
    """A stretch of one text's word pieces, with the characters each stands for."""

    owner: int
    context: list[int]  # word pieces in front of each window, in which no span lies
    ids: list[int]
    places: list[tuple[int, int]]


class OnnxReader:
    """Reads with the shipped network; nothing is loaded before the first question."""

    def __init__(self, weights: Path = WEIGHTS, *, threads: int = 1) -> None:
        if not weights.is_file():
            raise ModelUnavailable("reader", f"{weights} is missing. Reinstall quoth, or ask with --reader off.")
        self._weights = weights
        self._threads = threads

    def read(
        self,
        question: str,
        texts: Sequence[str],
        contexts: Sequence[str] = (),
        sentences: Sequence[Sequence[Span]] = (),
    ) -> list[Reading]:
        """Return one reading a text, in the order given; spans count characters of the text."""
        if not texts:
            return []
        asked = self._pieces([question])[0].ids[:_QUESTION]
        above = [pieces.ids[:_CONTEXT] for pieces in self._pieces(f"{c}\n" if c else "" for c in contexts)]
        windows = list(self._windows(texts, above or [[]] * len(texts), _WINDOW - 3 - len(asked)))
        parts = sentences or [()] * len(texts)
        # one window a call: int8 takes its ranges from the whole call, so neighbours would change what is read
        readings = self._pool.map(lambda window: self._infer(asked, window, parts[window.owner]), windows)
        best: dict[int, Reading] = {}
        for window, reading in zip(windows, readings, strict=True):
            known = best.get(window.owner)
            best[window.owner] = _better(known, reading) if known else reading
        return [best[owner] for owner in range(len(texts))]

    def _pieces(self, texts: Iterable[str]) -> list[Encoding]:
        # the tokenizer takes only valid Unicode; each half of a broken pair becomes U+FFFD, lengths stay
        valid = [_SURROGATE.sub("\ufffd", text) for text in texts]
        found: list[Encoding] = self._tokenizer.encode_batch(valid, add_special_tokens=False)
        return found

    def _windows(self, texts: Sequence[str], above: Sequence[list[int]], room: int) -> Iterator[_Window]:
        for owner, (pieces, context) in enumerate(zip(self._pieces(texts), above, strict=True)):
            size = room - len(context)
            for low in range(0, max(1, len(pieces.ids) - size // 2), size // 2):
                yield _Window(owner, context, pieces.ids[low : low + size], pieces.offsets[low : low + size])
                if low + size >= len(pieces.ids):
                    break

    def _infer(self, asked: list[int], window: _Window, sentences: Sequence[Span]) -> Reading:
        lead = [_CLS, *asked, _SEP]
        ids = np.array([[*lead, *window.context, *window.ids, _SEP]], dtype=np.int64)
        kinds = np.zeros_like(ids)
        kinds[0, len(lead) :] = 1
        start, end, verdict = self._session.run(
            ["start_logits", "end_logits", "answerable_logit"],
            {"word_vectors": self._table[ids], "attention_mask": np.ones_like(ids), "token_type_ids": kinds},
        )
        return self._reading(window, start[0], end[0], float(verdict[0]), len(lead) + len(window.context), sentences)

    def _reading(
        self, window: _Window, start: Floats, end: Floats, verdict: float, lead: int, sentences: Sequence[Span]
    ) -> Reading:
        """Return the best span of a window; its logit weighs margin over "no answer" and the verdict head."""
        size = len(window.ids)
        if not size:
            return Reading(Span(0, 0), -math.inf, tuple(SentenceReading(Span(0, 0), -math.inf) for _ in sentences))
        sums = _span_sums(start[lead : lead + size], end[lead : lead + size]) - float(start[0] + end[0])
        first, last, margin = _best_span(sums)
        by_verdict, by_margin, constant = self._score
        logit = by_verdict * verdict + by_margin * margin + constant
        apart = tuple(_read_sentence(sums, window.places, sentence) for sentence in sentences)
        return Reading(Span(window.places[first][0], window.places[last][1]), logit, apart)

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        # what the threads share is made here, before there are any
        _ = self._session, self._score, self._table
        return ThreadPoolExecutor(self._threads, thread_name_prefix="reader")

    @cached_property
    def _session(self) -> InferenceSession:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # windows are read side by side instead
        options.log_severity_level = 3
        try:
            return onnxruntime.InferenceSession(
                str(self._weights),
                options,
                providers=["CPUExecutionProvider"],
                disabled_optimizers=_SLOWER,
            )
        except (RuntimeError, ValueError) as exc:
            raise ModelUnavailable("reader", f"{self._weights} can't be loaded ({exc}). Reinstall quoth.") from exc

    @cached_property
    def _score(self) -> tuple[float, float, float]:
        """How verdict and margin make one logit: fitted on held-out articles, kept in the file."""
        words = self._session.get_modelmeta().custom_metadata_map["score"].split()
        return float(words[0]), float(words[1]), float(words[2])

    @cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 -- the library ships no types
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def _table(self) -> Floats:
        return _map_tensor(self._folder / "model.safetensors", _TABLE)

    @cached_property
    def _folder(self) -> Path:
        return bundled_model().path


def _better(one: Reading, other: Reading) -> Reading:
    """Join what two windows of one text make of it: the likelier span, and of each sentence the better reading."""
    apart = tuple(max(pair, key=lambda read: read.margin) for pair in zip(one.sentences, other.sentences, strict=True))
    better = one if one.logit >= other.logit else other
    return Reading(better.span, better.logit, apart)


def _span_sums(start: Floats, end: Floats) -> Floats:
    """Return the summed logits of each span (first piece, last piece) of at most 48 pieces; -inf for the others."""
    size = len(start)
    length = np.arange(size)[None, :] - np.arange(size)[:, None]
    sums: Floats = np.where((length >= 0) & (length < _LONGEST_SPAN), start[:, None] + end[None, :], -np.inf)
    return sums


def _best_span(sums: Floats) -> tuple[int, int, float]:
    """Return first and last piece of the best span, and its sum."""
    first, last = divmod(int(np.argmax(sums)), sums.shape[1])
    return first, last, float(sums[first, last])


def _read_sentence(sums: Floats, places: Sequence[tuple[int, int]], sentence: Span) -> SentenceReading:
    """Return the best span inside a sentence; -inf where the window holds nothing of it."""
    low = bisect_left(places, sentence.start, key=lambda place: place[0])
    high = bisect_left(places, sentence.end, lo=low, key=lambda place: place[0])
    if low >= high:
        return SentenceReading(Span(sentence.start, sentence.start), -math.inf)
    first, last, margin = _best_span(sums[low:high, low:high])
    return SentenceReading(Span(places[low + first][0], min(places[low + last][1], sentence.end)), margin)


def _map_tensor(path: Path, name: str) -> Floats:
    """Map one float32 tensor of a safetensors file: 8 bytes of header size, a JSON header, the data."""
    with path.open("rb") as file:
        (size,) = struct.unpack("<Q", file.read(8))
        facts = json.loads(file.read(size))[name]
    if facts["dtype"] != "F32":
        raise ModelUnavailable(path.parent.name, f"{name} is {facts['dtype']}, not float32.")
    shape = tuple(facts["shape"])
    table: Floats = np.memmap(path, np.float32, "r", 8 + size + facts["data_offsets"][0], shape).view(np.ndarray)
    return table
