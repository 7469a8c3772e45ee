"""Tokenises texts once and keeps their word pieces; knows nothing of questions or passages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

Ints: TypeAlias = NDArray[np.signedinteger[Any]]


class Tokens:
    """Word pieces and character offsets of texts, tokenised once and kept in one file."""

    def __init__(self, tokenizer_file: Path, cache: Path | None = None) -> None:
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(tokenizer_file))
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self.cache = cache
        self.known: dict[str, tuple[Ints, Ints, Ints]] = {}
        if cache and cache.exists():
            stored = np.load(cache)
            texts = json.loads(bytes(stored["texts"]))
            flat, bounds = stored["flat"], stored["bounds"]
            for index, text in enumerate(texts):
                self.known[text] = tuple(flat[:, bounds[index] : bounds[index + 1]])

    def of(self, text: str) -> tuple[Ints, Ints, Ints]:
        """Give ids, first and end characters (exclusive) of the word pieces, without special tokens."""
        if text not in self.known:
            self.learn([text])
        return self.known[text]

    def learn(self, texts: Iterable[str]) -> None:
        """Tokenise what is new among the texts and keep it."""
        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        for begin in range(0, len(new), 1000):
            part = new[begin : begin + 1000]
            all_encoded = self.tokenizer.encode_batch(part, add_special_tokens=False)
            for text, encoded in zip(part, all_encoded, strict=True):
                offsets = np.array(encoded.offsets, dtype=np.int32).reshape(-1, 2)
                self.known[text] = (np.array(encoded.ids, dtype=np.int32), offsets[:, 0], offsets[:, 1])
        if new and self.cache:
            self.save(self.cache)

    def save(self, path: Path) -> None:
        """Write all that is known to one file, which is whole or absent."""
        texts = list(self.known)
        bounds = np.cumsum([0] + [len(self.known[text][0]) for text in texts])
        flat = np.concatenate([np.stack(self.known[text]) for text in texts], axis=1)
        partial = path.with_suffix(".partial.npz")
        packed = np.frombuffer(json.dumps(texts).encode(), dtype=np.uint8)
        np.savez(partial, flat=flat, bounds=bounds, texts=packed)
        partial.replace(path)
