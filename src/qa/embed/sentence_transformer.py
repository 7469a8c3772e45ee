"""A sentence-transformers model on torch: chunk and sentence vectors from one forward pass.

The chunk's vector is the model's own pooling; a sentence's is the mean of its tokens' contextual states
in that same pass, so it costs no model time. A text longer than the model reads is read in windows: each
token's state is taken once, and the windows' vectors are averaged by their number of tokens.
"""

from __future__ import annotations

import functools
import logging
import os
import re
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qa.embed.weights import ModelFolder, find_model
from qa.errors import ModelUnavailable
from qa.protocols import Embedded, Input, Progress, Query, Rows
from qa.types import Span

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

_SMALLEST = 1e-12
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class _Window:
    """Tokens of one forward pass: special tokens, context, then tokens `first`.. of input `owner`."""

    owner: int
    first: int
    lead: int  # tokens before the text's own: special ones and the context
    ids: list[int]


@dataclass(frozen=True, slots=True)
class _Tokens:
    """One input, tokenised: the context's ids, the text's ids, and each text token's characters."""

    context: list[int]
    ids: list[int]
    places: list[tuple[int, int]]


class SentenceTransformerEmbedder:
    """Embeds with a sentence-transformers model from a local folder."""

    def __init__(self, model: str = "", *, batch_tokens: int = 4096, threads: int = 1) -> None:
        self._folder = find_model(model)
        self._batch_tokens = batch_tokens
        self._threads = threads
        self._loading = threading.Lock()
        self._loaded: SentenceTransformer | None = None

    @property
    def fingerprint(self) -> str:
        """The model's name and a hash over every file of it that shapes the vectors."""
        return f"{self._folder.name}:{self._folder.fingerprint}"

    @functools.cached_property
    def dim(self) -> int:
        """Length of a row."""
        return int(self._model.get_embedding_dimension() or 0)

    @functools.cached_property
    def max_tokens(self) -> int:
        """Tokens the model reads at once."""
        return int(self._model.max_seq_length or 512)

    @property
    def _model(self) -> SentenceTransformer:
        # loaded when first needed: an unchanged collection is found to be so without importing torch
        with self._loading:
            if self._loaded is None:
                self._loaded = _load(self._folder)
            return self._loaded

    @functools.cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 -- the library types it no better
        return self._model.tokenizer

    @functools.cached_property
    def _special(self) -> tuple[list[int], list[int]]:
        """The ids before and after a text: [CLS] and [SEP], or what the model has for them."""
        bare = self._encode("a")
        whole: list[int] = self._tokenizer("a")["input_ids"]
        at = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
        return whole[:at], whole[at + len(bare) :]

    def embed_documents(self, inputs: Sequence[Input], progress: Progress | None = None) -> Embedded:
        """Embed chunks and their sentences; batches are sorted by length, results in the order given."""
        tokens = self._tokenise(inputs)
        windows = [window for owner, item in enumerate(tokens) for window in self._windows(owner, item)]
        chunk_rows = np.zeros((len(inputs), self.dim), dtype=np.float32)
        firsts = np.concatenate([[0], np.cumsum([len(item.sentences) for item in inputs])]).astype(int)
        sentence_rows = np.zeros((int(firsts[-1]), self.dim), dtype=np.float32)
        remaining = np.bincount([window.owner for window in windows], minlength=len(inputs))
        done = 0
        for batch in self._batches(windows):
            states, pooled = self._forward([window.ids for window in batch], self._threads)
            for window, token_states, vector in zip(batch, states, pooled, strict=True):
                item, owner = tokens[window.owner], window.owner
                own = token_states[window.lead : len(window.ids) - len(self._special[1])]
                chunk_rows[owner] += vector * max(1, len(own))
                _add_sentences(
                    sentence_rows[firsts[owner] : firsts[owner + 1]],
                    inputs[owner].sentences,
                    item,
                    window,
                    own,
                )
                remaining[owner] -= 1
                done += not remaining[owner]
            if progress:
                progress(done, len(inputs))
        return Embedded(_normalised(chunk_rows), _normalised(sentence_rows))

    def embed_query(self, question: str) -> Query:
        """Embed a question on one thread, cut at the model's limit."""
        question = _without_surrogates(question)
        encoded = self._tokenizer(question, add_special_tokens=False, return_offsets_mapping=True, truncation=False)
        prompt = self._prompt("query")
        prefix, suffix = self._special
        room = self.max_tokens - len(prefix) - len(suffix) - len(prompt)
        ids: list[int] = encoded["input_ids"]
        kept = encoded["offset_mapping"][room - 1][1] if len(ids) > room else len(question)
        # one thread: two that spin slow a single question down whenever the machine does something else
        _, pooled = self._forward([[*prefix, *prompt, *ids[:room], *suffix]], threads=1)
        return Query(_normalised(pooled)[0], kept)

    def _tokenise(self, inputs: Sequence[Input]) -> list[_Tokens]:
        if not inputs:
            return []
        contexts = {context: self._encode(context) for context in {item.context for item in inputs}}
        prompt = self._prompt("document", "passage")
        most = self.max_tokens // 3  # a heading path colours a chunk; it must not crowd it out
        encoded = self._tokenizer(
            [item.text for item in inputs],
            add_special_tokens=False,
            return_offsets_mapping=True,
            truncation=False,
        )
        return [
            _Tokens((prompt + contexts[item.context])[:most], ids, places)
            for item, ids, places in zip(inputs, encoded["input_ids"], encoded["offset_mapping"], strict=True)
        ]

    def _windows(self, owner: int, tokens: _Tokens) -> list[_Window]:
        prefix, suffix = self._special
        lead = [*prefix, *tokens.context]
        room = self.max_tokens - len(lead) - len(suffix)
        count = max(1, -(-len(tokens.ids) // room))
        share = -(-len(tokens.ids) // count) if tokens.ids else 0
        return [
            _Window(owner, first, len(lead), [*lead, *tokens.ids[first : first + share], *suffix])
            for first in range(0, max(1, len(tokens.ids)), max(1, share))
        ]

    def _batches(self, windows: Sequence[_Window]) -> list[list[_Window]]:
        batches: list[list[_Window]] = []
        for window in sorted(windows, key=lambda window: (-len(window.ids), window.owner, window.first)):
            if batches and len(batches[-1][0].ids) * (len(batches[-1]) + 1) <= self._batch_tokens:
                batches[-1].append(window)
            else:
                batches.append([window])
        return batches

    def _forward(self, sequences: Sequence[list[int]], threads: int) -> tuple[NDArray[np.float32], Rows]:
        """Return token states of shape (batch, longest, dim) and pooled rows of shape (batch, dim)."""
        import torch

        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        longest = max(len(ids) for ids in sequences)
        pad = self._tokenizer.pad_token_id or 0
        features = {
            "input_ids": torch.tensor([ids + [pad] * (longest - len(ids)) for ids in sequences]),
            "attention_mask": torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids in sequences]),
        }
        if "token_type_ids" in self._tokenizer.model_input_names:
            features["token_type_ids"] = torch.zeros_like(features["input_ids"])
        with torch.inference_mode():
            out = self._model(features)
        return out["token_embeddings"].float().numpy(), out["sentence_embedding"].float().numpy()

    def _encode(self, text: str) -> list[int]:
        if not text:
            return []
        ids: list[int] = self._tokenizer(text, add_special_tokens=False, truncation=False)["input_ids"]
        return ids

    def _prompt(self, *names: str) -> list[int]:
        prompts: dict[str, str] = self._model.prompts or {}
        return self._encode(next((prompts[name] for name in names if prompts.get(name)), ""))


def _without_surrogates(text: str) -> str:
    """Put U+FFFD in the place of each half of a broken pair: the tokenizer takes only valid Unicode."""
    return _SURROGATE.sub("\ufffd", text)


def _add_sentences(
    rows: Rows, sentences: Sequence[Span], tokens: _Tokens, window: _Window, states: NDArray[np.float32]
) -> None:
    """Add each token's state to the row of the sentence it stands in; rows are normalised at the end."""
    at = 0
    for offset, state in enumerate(states):
        start, end = tokens.places[window.first + offset]
        while at < len(sentences) and sentences[at].end <= start:
            at += 1
        if at == len(sentences):
            break
        if end > sentences[at].start:
            rows[at] += state


def _load(folder: ModelFolder) -> SentenceTransformer:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from sentence_transformers import SentenceTransformer
            from transformers.utils import logging as transformers_logging

            transformers_logging.disable_progress_bar()
            model: SentenceTransformer = SentenceTransformer(str(folder.path), device="cpu", local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as exc:
        raise ModelUnavailable(folder.name, f"{folder.path} can't be loaded ({exc}).") from exc
    # texts longer than the model reads are windowed here, so the tokenizer's own warning would mislead
    logging.getLogger("transformers.tokenization_utils_base").setLevel(logging.ERROR)
    return model.eval()


def _normalised(rows: NDArray[np.float32]) -> Rows:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    normalised: Rows = (rows / np.maximum(lengths, _SMALLEST)).astype(np.float32)
    return normalised
