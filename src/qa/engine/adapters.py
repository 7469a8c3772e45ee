"""Picks the adapters: the only module that names concrete embedders, readers and stores.

Each is imported inside its factory, so that a command pays only for those it uses.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.index import Index, open_index, stored
from qa.keyword import KeywordIndex
from qa.protocols import Embedder, Reader, VectorStore
from qa.retrieve import Weights

if TYPE_CHECKING:
    from qa.load import Readers


def make_embedder(settings: Settings) -> Embedder:
    """Return the embedder the settings name; raise ModelUnavailable where its files aren't sound."""
    from qa.embed.sentence_transformer import SentenceTransformerEmbedder

    embed = settings.embed
    return SentenceTransformerEmbedder(
        embed.model,
        backend=embed.backend,
        precision=embed.precision,
        batch_tokens=embed.batch_tokens,
        threads=embed.threads or usable_cores(),
        cache=Path(embed.cache).expanduser() if embed.cache else None,
    )


def make_reader(settings: Settings) -> Reader | None:
    """Return the reader, or None where it is switched off."""
    if not settings.reader.enabled:
        return None
    from qa.reader.onnx import OnnxReader

    return OnnxReader(threads=usable_cores())


def make_readers(settings: Settings) -> Readers:
    """Return the readers of files, within the limits the settings set."""
    from qa.load import Limits, Readers

    how = settings.limits
    limits = Limits(
        file_bytes=1_000_000 * how.file_mb,
        characters=how.characters,
        pages=how.pages,
        members=how.members,
        unpacked_bytes=1_000_000 * how.unpacked_mb,
        depth=how.depth,
        ocr_seconds=settings.ocr.seconds,
        language=settings.ocr.language,
    )
    return Readers(limits, seconds=how.seconds, memory=1_000_000 * how.memory_mb)


def make_store(dim: int) -> VectorStore:
    """Return an empty vector store."""
    from qa.store import RowStore

    return RowStore(dim)


def make_keyword(language: str) -> KeywordIndex:
    """Return an empty keyword index."""
    from qa.keyword import KeywordIndex, Terms

    return KeywordIndex(Terms(language))


def weights_of(settings: Settings) -> Weights:
    """Return how much each part of a hit's score counts."""
    how = settings.retrieve
    return Weights(how.dense, how.sentence, how.keyword, how.coverage)


def open_collection(settings: Settings) -> Index:
    """Open the index the settings name; no model is needed. Its bytes are checked as they are used."""
    made = stored(settings.index)
    return open_index(settings.index, make_store(made.dim), make_keyword(made.fingerprint.language))


def usable_cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
