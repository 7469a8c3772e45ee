"""Picks the adapters: the only module that names concrete embedders, readers, stores, answerers and translators.

Each is imported inside its factory, so that a command pays only for those it uses. Where the settings name one that
isn't ours, it comes from an installed package's entry point (docs/extending.md).
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qa.config import Settings
from qa.errors import ConfigError, IndexMissing, StoreError
from qa.index import Database, Fingerprint, Index, open_index, stored
from qa.index.database import KEYWORD, VECTORS
from qa.index.derived import expect_usable
from qa.protocols import Answerer, Embedder, QueryTranslator, Reader, VectorStore
from qa.retrieve import Weights

if TYPE_CHECKING:
    from qa.index.writing import Writer
    from qa.keyword import KeywordFolder
    from qa.load import Format, Readers


_TRIES = 20  # times an index may change while it is opened


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


def make_answerer(settings: Settings, index: Index, reader: Reader | None) -> Answerer:
    """Return the answerer the settings name; one of another package is given ours, whose quotes and odds it may use."""
    from qa.answer.extractive import ExtractiveAnswerer

    extractive = ExtractiveAnswerer(index.keyword, reader)
    if settings.answer.kind == "extractive":
        return extractive
    answerer: Answerer = _installed("answerers", settings.answer.kind, "answer.kind")(settings, extractive)
    return answerer


def make_translator(settings: Settings) -> QueryTranslator | None:
    """Return what puts questions in the documents' language, if anything; ours knows English documents only."""
    how = settings.retrieve
    if how.translator == "none" or (how.translator == "spanish" and how.language != "english"):
        return None
    if how.translator == "spanish":
        from qa.gloss import SpanishGlossary

        return SpanishGlossary()
    translator: QueryTranslator = _installed("translators", how.translator, "retrieve.translator")(settings)
    return translator


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
    names = [name.strip() for name in settings.load.formats.split(",") if name.strip()]
    formats: dict[str, Format] = {name: _installed("formats", name, "load.formats") for name in names}
    return Readers(limits, seconds=how.seconds, memory=1_000_000 * how.memory_mb, formats=formats)


def make_store(settings: Settings, dim: int, *, at_once: bool = False) -> VectorStore:
    """Return the vector store the settings name; `at_once`: to be asked, whoever writes meanwhile."""
    if settings.store.kind != "faiss":
        store: VectorStore = _installed("vector_stores", settings.store.kind, "store.kind")(settings, dim)
        return store
    from qa.store import FaissStore

    return FaissStore(settings.index / VECTORS, dim, threads=usable_cores(), at_once=at_once)


def make_keyword(folder: Path, language: str) -> KeywordFolder:
    """Return the keyword index of an index in a folder."""
    from qa.keyword import KeywordFolder, Terms

    return KeywordFolder(folder / KEYWORD, Terms(language))


def make_writer(settings: Settings, fingerprint: Fingerprint, dim: Callable[[], int]) -> Writer:
    """Return the one who writes the index the settings name; `dim` is the length of a row, asked where it is new."""
    from qa.index.writing import Writer

    folder = settings.index
    return Writer(
        folder,
        fingerprint,
        dim,
        lambda dim: make_store(settings, dim),
        lambda: make_keyword(folder, fingerprint.language),
    )


def weights_of(settings: Settings) -> Weights:
    """Return how much each part of a hit's score counts."""
    how = settings.retrieve
    return Weights(how.dense, how.sentence, how.keyword, how.coverage)


def open_collection(settings: Settings) -> Index:
    """Open the index the settings name as it is now; no model is needed. Its bytes are checked as they are used."""
    folder = settings.index
    for attempt in itertools.count(1):
        about = stored(folder)
        if not about.dim:
            raise IndexMissing(f"{folder}: nothing is indexed here yet. Run: qa index FOLDER --index {folder}")
        try:
            # what is derived comes first: the snapshot is then of the same transaction or a later one
            store = make_store(settings, about.dim, at_once=True)
            keyword = make_keyword(folder, about.fingerprint.language)
            database = Database(folder)
            database.snapshot()
            for derived in (store, keyword):
                expect_usable(database, derived)
            return open_index(database, store, keyword)
        except StoreError:
            # a build may have removed what was to be opened; damage doesn't go away
            if attempt == _TRIES or stored(folder).moment == about.moment:
                raise
    raise AssertionError("unreachable")


def _installed(seam: str, name: str, setting: str) -> Any:  # noqa: ANN401
    """Return what an installed package offers for a seam; raise ConfigError where none offers it under this name."""
    from importlib.metadata import entry_points

    offered = entry_points(group=f"quoth.{seam}")
    if name not in offered.names:
        others = ", ".join(sorted(offered.names)) or "none"
        raise ConfigError(f"{setting} can't be {name!r}: no installed package offers that. Offered: {others}.")
    try:
        return offered[name].load()
    except (ImportError, AttributeError) as exc:
        raise ConfigError(f"{setting} can't be {name!r}: {offered[name].value} can't be loaded ({exc}).") from exc


def usable_cores() -> int:
    """Return how many cores this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1
