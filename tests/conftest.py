"""Fixtures: a small collection and its index without weights; the real model and the real corpus, once a session."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from qa.config import ReaderSettings, Settings, VerdictSettings
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.engine import Engine, build
from tests.fakes import HashingEmbedder

REPOSITORY = Path(__file__).resolve().parents[1]
CORPUS = REPOSITORY / "corpus"

SMALL = {
    "returns.md": (
        "# Shop handbook\n\n## Returns\n\nA parcel may be returned within 30 days. The buyer pays the postage.\n\n"
        "## Delivery\n\nParcels leave the warehouse on Tuesdays. Islands wait a week longer.\n"
    ),
    "garden.txt": "Tomatoes want sun and water. Basil dislikes cold nights.\n",
    "people/staff.html": (
        "<html><head><title>Staff</title></head><body><h1>Staff</h1><h2>Bakery</h2>"
        "<p>Ines bakes the rye bread. Tom grinds the flour.</p></body></html>"
    ),
}


SLOW = frozenset(
    """
    test_benchmarks test_calibrate test_corpus test_crash test_embed_cold test_embed_export
    test_finds test_formats test_hostile test_load_matrix test_load_ocr test_load_pdf test_offline test_page test_pages
    test_planted test_resume test_security_offline test_security_page test_security_parallel test_training_data
    test_training_structured test_watch
    """.split()
)
"""Modules that `make check` leaves out: whole processes, hostile and planted folders, scans, training, measurements."""
COSTLY = frozenset({"corpus_index", "corpus_engine", "reference"})
"""Fixtures that take so long that the same goes for each test with one of them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow."""
    for item in items:
        if item.path.stem in SLOW or COSTLY & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep QA_* variables of whoever runs the tests out of them."""
    for variable in [name for name in os.environ if name.startswith("QA_")]:
        monkeypatch.delenv(variable)


@pytest.fixture(scope="session", autouse=True)
def _silent_libraries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep libraries from looking for their hub, and exports out of the user's cache; in processes started, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("HF_HUB_OFFLINE", "1")
        patch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
        yield


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Write texts under a folder, newlines as given."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("utf-8"))
    return folder


@pytest.fixture
def small_collection(tmp_path: Path) -> Path:
    """Three files in three formats, one of them in a folder."""
    return write_files(tmp_path / "docs", SMALL)


def without_weights(index: Path) -> Settings:
    """Return settings of an index, by default but for the reader: it would be loaded."""
    return Settings(index=index, reader=ReaderSettings(enabled=False), verdict=VerdictSettings(questions=0))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of an index in this test's folder."""
    return without_weights(tmp_path / "index")


def dump_of(index: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return what an index's database holds, but for when and in which order that came to be."""
    columns = {
        "documents": "id, source, digest, title, chunks, sections, headers, checksum, size",
        "contents": "*",
        "chunks": "id, document, section, header, text, sentences, vector, scales, vectors, checksum",
        "unread": "source, json_remove(entry, '$.seconds')",
    }
    with closing(sqlite3.connect(index / "index.db")) as connection:
        return {
            table: connection.execute(f"SELECT {names} FROM {table} ORDER BY 1, 2").fetchall()
            for table, names in columns.items()
        }


@pytest.fixture
def small_engine(small_collection: Path, settings: Settings) -> Engine:
    """Build the small collection without weights, and open it."""
    build(settings, [small_collection], embedder=HashingEmbedder())
    return Engine.open(settings, HashingEmbedder())


@pytest.fixture
def engine_over(tmp_path: Path) -> Callable[[dict[str, str]], Engine]:
    """Return a function from files to an open engine over them, without weights."""

    def make(files: dict[str, str]) -> Engine:
        made = without_weights(tmp_path / "made-index")
        build(made, [write_files(tmp_path / "made", files)], embedder=HashingEmbedder())
        return Engine.open(made, HashingEmbedder())

    return make


@pytest.fixture(scope="session")
def real_embedder(_silent_libraries: None) -> SentenceTransformerEmbedder:
    """The bundled model as it runs by default, loaded once."""
    return SentenceTransformerEmbedder()


@pytest.fixture(scope="session")
def corpus_index(tmp_path_factory: pytest.TempPathFactory, real_embedder: SentenceTransformerEmbedder) -> Path:
    """The repository's corpus, indexed once by the real model; returns the index's folder."""
    folder = tmp_path_factory.mktemp("corpus") / "index"
    build(Settings(index=folder), [CORPUS], embedder=real_embedder)
    return folder


@pytest.fixture(scope="session")
def corpus_engine(corpus_index: Path, real_embedder: SentenceTransformerEmbedder) -> Engine:
    """Open the corpus's index with the real model."""
    return Engine.open(Settings(index=corpus_index), real_embedder)
