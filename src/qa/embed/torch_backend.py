"""The reference: a sentence-transformers model as its library runs it, on torch in float32.

Also what runs models that can't be exported.
"""

from __future__ import annotations

import functools
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qa.embed.backend import Pieces, Taken, ends_of, valid_unicode
from qa.embed.tensors import Floats
from qa.embed.weights import ModelFolder
from qa.errors import ModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


class TorchBackend:
    """Runs batches of windows, padded to the longest, through the library's own model."""

    def __init__(self, folder: ModelFolder, *, batch_tokens: int = 4096) -> None:
        self.model = _load(folder)
        self._batch_tokens = batch_tokens

    @property
    def runtime(self) -> str:
        """The library and its version."""
        import torch

        return f"torch {torch.__version__}, float32"

    @functools.cached_property
    def dim(self) -> int:
        """Length of a row."""
        return int(self.model.get_embedding_dimension() or 0)

    @functools.cached_property
    def max_tokens(self) -> int:
        """Tokens read at once."""
        return int(self.model.max_seq_length or 512)

    @functools.cached_property
    def special(self) -> tuple[list[int], list[int]]:
        """The ids before and after a text."""
        return ends_of(self.encode(["a"])[0].ids, self._tokenizer("a")["input_ids"])

    @functools.cached_property
    def _tokenizer(self) -> Any:  # noqa: ANN401 -- the library types it no better
        return self.model.tokenizer

    @functools.cached_property
    def averages(self) -> bool:
        """Whether a vector is the mean of its tokens' states."""
        return getattr(list(self.model)[1], "pooling_mode", "") in ("mean", ("mean",), ["mean"])

    def prompt(self, *names: str) -> str:
        """Return the first of these prompts that the model has, or ""."""
        prompts: dict[str, str] = self.model.prompts or {}
        return next((prompts[name] for name in names if prompts.get(name)), "")

    def encode(self, texts: Sequence[str]) -> list[Pieces]:
        """Cut texts into tokens."""
        if not texts:
            return []
        encoded = self._tokenizer(
            [valid_unicode(text) for text in texts],
            add_special_tokens=False,
            return_offsets_mapping=True,
            truncation=False,
            padding=False,
        )
        return [Pieces(*pair) for pair in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)]

    def forward(
        self, windows: Sequence[list[int]], take: Callable[[int, Floats, Floats], Taken], threads: int
    ) -> Iterator[Taken]:
        """Yield what is taken of each window, batch by batch."""
        for batch in self._batches(windows):
            states, vectors = self._run([windows[number] for number in batch], threads)
            for at, number in enumerate(batch):
                yield take(number, states[at, : len(windows[number])], vectors[at])

    def sentence(self, means: Floats) -> Floats:
        """Send each row through pooling and what follows it, as if it were a text of one token."""
        import torch

        features: dict[str, Any] = {
            "token_embeddings": torch.from_numpy(means)[:, None],
            "attention_mask": torch.ones(len(means), 1, dtype=torch.int64),
        }
        with torch.inference_mode():
            for module in list(self.model)[1:]:
                features = module(features)
        rows: Floats = features["sentence_embedding"].float().numpy()
        return rows

    def _batches(self, windows: Sequence[list[int]]) -> list[list[int]]:
        batches: list[list[int]] = []
        longest = 0
        for number, ids in enumerate(windows):
            longest = max(longest, len(ids)) if batches else len(ids)
            if batches and longest * (len(batches[-1]) + 1) <= self._batch_tokens:
                batches[-1].append(number)
            else:
                batches.append([number])
                longest = len(ids)
        return batches

    def _run(self, sequences: Sequence[list[int]], threads: int) -> tuple[Floats, Floats]:
        """Return token states of shape (batch, longest, width) and vectors of shape (batch, dim)."""
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
            out = self.model(features)
        return out["token_embeddings"].float().numpy(), out["sentence_embedding"].float().numpy()


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
