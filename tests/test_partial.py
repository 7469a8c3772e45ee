"""A build that was stopped: the next goes on from what was embedded, and nothing half written gets in."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from qa.config import ChunkSettings, Settings
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.engine import build, open_collection
from qa.index.journal import Growing
from qa.index.layout import DOCUMENT_COLUMNS
from qa.load import Found, Readers, Reading
from qa.protocols import Embedded, Input
from qa.sealed import Sheet
from tests.conftest import without_weights, write_files
from tests.fakes import HashingEmbedder

FILES = 20
STOPPED_AFTER = 12  # of twenty: sixty in a hundred


class Stopped(Exception):
    """Stands for the signal that ends a build."""


class MortalEmbedder(HashingEmbedder):
    """Embeds two chunks at a time, and ends the build after some."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def embed_stream(self, inputs: Iterable[Input], block: int = 2) -> Iterator[Embedded]:
        """Embed until it has been enough."""
        for embedded in super().embed_stream(inputs, block):
            if self.embedded > self._most:
                raise Stopped
            yield embedded


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    files = {f"f{number:02}.md": f"# Pump {number}\nPump {number} moves water. It is red.\n" for number in range(FILES)}
    return write_files(tmp_path / "docs", files)


@pytest.fixture
def stopped(docs: Path, settings: Settings) -> Path:
    """Leave a build that was stopped when twelve of twenty chunks were embedded; return its folder."""
    with pytest.raises(Stopped):
        build(settings, [docs], embedder=MortalEmbedder(STOPPED_AFTER))
    return settings.index / "partial"


def embedded(settings: Settings, docs: Path) -> int:
    embedder = HashingEmbedder()
    build(settings, [docs], embedder=embedder)
    return embedder.embedded


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes, but for what reading took, in which alone two builds differ."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "seconds.jsonl"]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def assert_as_made_anew(settings: Settings, docs: Path) -> None:
    """The index is, byte for byte, the one a build makes that nothing stopped."""
    anew = without_weights(settings.index.with_name("anew"))
    build(anew, [docs], embedder=HashingEmbedder())
    assert files_of(settings.index) == files_of(anew.index)


def test_a_build_goes_on_from_what_was_embedded(stopped: Path, settings: Settings, docs: Path) -> None:
    assert embedded(settings, docs) == FILES - STOPPED_AFTER
    assert not stopped.exists()
    open_collection(settings).check()
    assert_as_made_anew(settings, docs)


def test_a_build_may_be_stopped_again_and_again(stopped: Path, settings: Settings, docs: Path) -> None:
    for _ in range(2):
        with pytest.raises(Stopped):
            build(settings, [docs], embedder=MortalEmbedder(2))
    assert embedded(settings, docs) == FILES - STOPPED_AFTER - 4
    assert_as_made_anew(settings, docs)


@pytest.mark.parametrize("name", ["rows.bin", "packed.bin", "texts.bin", "ids.bin", "rows.jsonl", "documents.jsonl"])
@pytest.mark.parametrize("spoil", ["cut", "flip", "trail"])
def test_what_was_half_written_is_made_again(
    stopped: Path, settings: Settings, docs: Path, name: str, spoil: str
) -> None:
    data = (stopped / name).read_bytes()
    if spoil == "cut":
        data = data[: len(data) // 2]
    elif spoil == "flip":
        data = data[:-3] + bytes([data[-3] ^ 0x20]) + data[-2:]
    else:
        data += b'{"half'
    (stopped / name).write_bytes(data)
    assert FILES - STOPPED_AFTER <= embedded(settings, docs) <= FILES
    assert_as_made_anew(settings, docs)


def test_files_that_changed_or_went_meanwhile_are_not_taken_from_it(
    stopped: Path, settings: Settings, docs: Path
) -> None:
    write_files(docs, {"f03.md": "# Well\nThe well is deep and old.\n"})
    (docs / "f05.md").unlink()
    assert embedded(settings, docs) == FILES - STOPPED_AFTER + 1
    index = open_collection(settings)
    assert "deep and old" in index.document("f03.md").text
    assert index.digest("f05.md") is None
    assert not any(b"Pump 5" in data or b"Pump 3 " in data for data in files_of(settings.index).values())
    assert_as_made_anew(settings, docs)


def test_other_settings_begin_anew(stopped: Path, settings: Settings, docs: Path) -> None:
    assert embedded(settings.model_copy(update={"chunk": ChunkSettings(size=500)}), docs) == FILES


def test_rebuilding_begins_anew(stopped: Path, settings: Settings, docs: Path) -> None:
    embedder = HashingEmbedder()
    build(settings, [docs], rebuild=True, embedder=embedder)
    assert embedder.embedded == FILES


def test_a_build_with_nothing_to_do_removes_what_is_left(stopped: Path, settings: Settings, docs: Path) -> None:
    kept = stopped.with_name("kept")
    shutil.copytree(stopped, kept)
    embedded(settings, docs)
    kept.rename(stopped)
    assert embedded(settings, docs) == 0
    assert not stopped.exists()


class MortalModel(SentenceTransformerEmbedder):
    """The real model, two chunks at a time, which ends the build after some."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def embed_stream(self, inputs: Iterable[Input], block: int = 2) -> Iterator[Embedded]:
        """Embed until it has been enough."""
        given = 0
        for embedded in super().embed_stream(inputs, block):
            if given >= self._most:
                raise Stopped
            given += len(embedded.chunks)
            yield embedded


@pytest.mark.parametrize("most", [2, 4, 10])
def test_chunks_that_repeat_sentences_get_the_rows_they_have_in_one_go(
    settings: Settings, tmp_path: Path, most: int
) -> None:
    # a chunk takes its repeated sentences' vectors from the one before, which a build that goes on must make again;
    # with 90 of 180 characters repeated, some chunks repeat what the one before repeats already
    sentences = [f"Pump {number} moves {number * 7} litres{' of water' * (number % 4)}." for number in range(60)]
    docs = write_files(tmp_path / "long", {"pumps.txt": " ".join(sentences)})
    settings = settings.model_copy(update={"chunk": ChunkSettings(size=180, overlap=90)})
    with pytest.raises(Stopped):
        build(settings, [docs], embedder=MortalModel(most))
    build(settings, [docs], embedder=SentenceTransformerEmbedder())
    anew = settings.model_copy(update={"index": settings.index.with_name("anew")})
    build(anew, [docs], embedder=SentenceTransformerEmbedder())
    assert open_collection(settings).records[0].chunks > 10
    assert files_of(settings.index) == files_of(anew.index)


def test_an_update_that_was_stopped_goes_on_too(settings: Settings, docs: Path) -> None:
    assert embedded(settings, docs) == FILES
    write_files(docs, {f"new{number}.md": f"# New {number}\nNew {number} words.\n" for number in range(8)})
    with pytest.raises(Stopped):
        build(settings, [docs], embedder=MortalEmbedder(4))
    assert len(open_collection(settings)) == FILES  # the old index still answers
    assert embedded(settings, docs) == 4
    assert len(open_collection(settings)) == FILES + 8


# Reading goes on while rows are made


class Watching(HashingEmbedder):
    """Notes how many files have been read each time a block is embedded; ends the build after some blocks."""

    def __init__(self, settings: Settings, most: int = 1_000) -> None:
        super().__init__()
        self.read: list[int] = []
        self._settings, self._most = settings, most

    def embed_stream(self, inputs: Iterable[Input], block: int = 100) -> Iterator[Embedded]:
        """Embed a hundred at a time."""
        for embedded in super().embed_stream(inputs, block):
            put_down = (self._settings.index / "partial" / "places.bin").stat().st_size
            self.read.append(put_down // (8 * DOCUMENT_COLUMNS))
            if len(self.read) > self._most:
                raise Stopped
            yield embedded


@pytest.fixture
def many(tmp_path: Path) -> Path:
    files = {f"f{number:03}.md": f"# Pump {number}\nPump {number} moves water.\n" for number in range(700)}
    return write_files(tmp_path / "many", files)


def test_the_first_chunks_are_embedded_before_the_last_files_are_read(settings: Settings, many: Path) -> None:
    embedder = Watching(settings)
    build(settings, [many], embedder=embedder)
    assert len(embedder.read) == 7  # blocks of a hundred chunks, one chunk a file
    assert 100 <= embedder.read[0] <= 400  # as many as are handed on at once, or take long enough
    assert embedder.read[-1] == 700
    assert_as_made_anew(settings, many)


def test_a_build_that_is_stopped_reads_no_further(settings: Settings, many: Path) -> None:
    embedder = Watching(settings, most=1)
    with pytest.raises(Stopped):
        build(settings, [many], embedder=embedder)
    assert embedder.read[-1] < 512
    again = Watching(settings)
    build(settings, [many], embedder=again)
    assert again.embedded == 600  # a hundred rows had been put down
    assert_as_made_anew(settings, many)


def test_an_interrupted_build_waits_for_the_file_being_read_and_no_other(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write_files(tmp_path / "slow", {f"f{number}.txt": f"Pump {number} moves water." for number in range(8)})
    begun: list[str] = []
    going, interrupted = threading.Event(), threading.Event()
    plain = Readers.read

    def slow(self: Readers, found: Found, data: bytes, depth: int = 0) -> Reading:
        begun.append(found.source)
        if len(begun) == 3:
            going.set()
            assert interrupted.wait(10)
        return plain(self, found, data, depth)

    class Interrupted(HashingEmbedder):
        """Is interrupted while another thread reads, as the real one is by Ctrl+C."""

        def embed_stream(self, inputs: Iterable[Input], block: int = 2) -> Iterator[Embedded]:
            threading.Thread(target=lambda: list(inputs), daemon=True).start()
            assert going.wait(10)
            threading.Timer(0.2, interrupted.set).start()
            raise KeyboardInterrupt
            yield

    monkeypatch.setattr(Readers, "read", slow)
    with pytest.raises(KeyboardInterrupt):
        build(settings, [docs], embedder=Interrupted())
    assert interrupted.is_set()  # what was begun was ended before the build gave up its files
    assert begun == ["f0.txt", "f1.txt", "f2.txt"]
    monkeypatch.undo()
    assert embedded(settings, docs) == 8
    assert_as_made_anew(settings, docs)


def test_while_rows_are_written_nothing_else_opens_their_files(
    settings: Settings, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a file mapped by one thread while the other adds to it may end within a row
    asked: list[str] = []
    plain = Growing.sheet

    def sheet(self: Growing) -> Sheet:
        asked.append(self._path.stem)
        return plain(self)

    monkeypatch.setattr(Growing, "sheet", sheet)
    at_writing: list[int] = []

    def stage(name: str, done: int, total: int) -> None:
        if name == "writing" and not done:
            at_writing.append(len(asked))

    build(settings, [many], embedder=HashingEmbedder(), stage=stage)
    assert {"chunks", "texts"} <= set(asked[: at_writing[0]])
    assert not {"rows", "packed", "scales"} & set(asked[: at_writing[0]])
    assert {"rows", "packed", "scales"} <= set(asked)
