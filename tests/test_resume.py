"""A build that was stopped: the next goes on from what was embedded, and nothing half written gets in."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from qa.config import ChunkSettings, Settings
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.engine import Engine, build, open_collection
from qa.load import Found, Readers, Reading
from qa.protocols import Embedded, Input
from tests.conftest import dump_of, without_weights, write_files
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
    """Leave a build that was stopped when twelve of twenty chunks were embedded; return the index's folder."""
    with pytest.raises(Stopped):
        build(settings, [docs], embedder=MortalEmbedder(STOPPED_AFTER))
    return settings.index


def embedded(settings: Settings, docs: Path) -> int:
    embedder = HashingEmbedder()
    build(settings, [docs], embedder=embedder)
    return embedder.embedded


def assert_as_made_anew(settings: Settings, docs: Path) -> None:
    """The index holds and answers what one does whose build nothing stopped."""
    anew = without_weights(settings.index.with_name("anew"))
    build(anew, [docs], embedder=HashingEmbedder())
    assert dump_of(settings.index) == dump_of(anew.index)
    engines = [Engine.open(which, HashingEmbedder()) for which in (settings, anew)]
    for question in ("What does pump 7 move?", "Which is red?"):
        assert len({str(engine.ask(question).answer) for engine in engines}) == 1
    engines[0].index.check()


def test_what_was_committed_is_asked_and_it_is_said_that_there_may_be_more(stopped: Path, settings: Settings) -> None:
    engine = Engine.open(settings, HashingEmbedder())
    assert len(engine.index) == len(engine.index.sources) == STOPPED_AFTER
    assert engine.ask("What does pump 7 move?").answer.citations
    answer = engine.ask("Who wrote the symphony?").answer
    assert any("The last build has not come to its end" in notice for notice in answer.notices)


def test_a_build_goes_on_from_what_was_embedded(stopped: Path, settings: Settings, docs: Path) -> None:
    assert embedded(settings, docs) == FILES - STOPPED_AFTER
    assert open_collection(settings).is_whole
    assert_as_made_anew(settings, docs)


def test_a_build_may_be_stopped_again_and_again(stopped: Path, settings: Settings, docs: Path) -> None:
    for _ in range(2):
        with pytest.raises(Stopped):
            build(settings, [docs], embedder=MortalEmbedder(2))
    assert embedded(settings, docs) == FILES - STOPPED_AFTER - 4
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
    files = [path.read_bytes() for path in settings.index.rglob("*") if path.is_file()]
    assert not any(b"Pump 5" in data or b"Pump 3 " in data for data in files)
    assert_as_made_anew(settings, docs)


def test_other_settings_begin_anew(stopped: Path, settings: Settings, docs: Path) -> None:
    assert embedded(settings.model_copy(update={"chunk": ChunkSettings(size=500)}), docs) == FILES


def test_rebuilding_begins_anew(stopped: Path, settings: Settings, docs: Path) -> None:
    embedder = HashingEmbedder()
    build(settings, [docs], rebuild=True, embedder=embedder)
    assert embedder.embedded == FILES


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
    assert dump_of(settings.index) == dump_of(anew.index)


def test_an_update_that_was_stopped_goes_on_too(settings: Settings, docs: Path) -> None:
    assert embedded(settings, docs) == FILES
    write_files(docs, {f"new{number}.md": f"# New {number}\nNew {number} words.\n" for number in range(8)})
    with pytest.raises(Stopped):
        build(settings, [docs], embedder=MortalEmbedder(4))
    assert len(open_collection(settings)) == FILES + 4  # what was there, and what was committed
    assert embedded(settings, docs) == 4
    assert len(open_collection(settings)) == FILES + 8


# Reading goes on while rows are made


class Watching(HashingEmbedder):
    """Notes how many files have been read each time a block is embedded; ends the build after some blocks."""

    def __init__(self, most: int = 1_000) -> None:
        super().__init__()
        self.read: list[int] = []
        self.files = 0
        self._most = most

    def stage(self, name: str, done: int, total: int) -> None:
        """Count the files that have been read."""
        if name == "reading":
            self.files = done

    def embed_stream(self, inputs: Iterable[Input], block: int = 100) -> Iterator[Embedded]:
        """Embed a hundred at a time."""
        for embedded in super().embed_stream(inputs, block):
            self.read.append(self.files)
            if len(self.read) > self._most:
                raise Stopped
            yield embedded


@pytest.fixture
def many(tmp_path: Path) -> Path:
    files = {f"f{number:03}.md": f"# Pump {number}\nPump {number} moves water.\n" for number in range(700)}
    return write_files(tmp_path / "many", files)


def test_the_first_chunks_are_embedded_before_the_last_files_are_read(settings: Settings, many: Path) -> None:
    embedder = Watching()
    build(settings, [many], embedder=embedder, stage=embedder.stage)
    assert len(embedder.read) == 7  # blocks of a hundred chunks, one chunk a file
    assert 99 <= embedder.read[0] <= 120  # a hundred, and what the queue holds
    assert embedder.read[-1] == 700
    assert_as_made_anew(settings, many)


def test_a_build_that_is_stopped_reads_no_further(settings: Settings, many: Path) -> None:
    embedder = Watching(most=1)
    with pytest.raises(Stopped):
        build(settings, [many], embedder=embedder, stage=embedder.stage)
    assert embedder.files <= 220
    again = HashingEmbedder()
    build(settings, [many], embedder=again)
    assert again.embedded == 600  # a hundred documents had been committed
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


def test_an_error_in_the_thread_that_reads_ends_the_build(
    settings: Settings, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: Readers, found: Found, data: bytes, depth: int = 0) -> Reading:
        raise RuntimeError("our own mistake")

    monkeypatch.setattr(Readers, "read", broken)
    with pytest.raises(RuntimeError, match="our own mistake"):
        build(settings, [docs], embedder=HashingEmbedder())


def zip_of(path: Path, files: dict[str, str]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)


def test_an_archive_of_which_a_part_was_committed_is_read_again_and_nothing_of_it_is_lost(
    settings: Settings, tmp_path: Path
) -> None:
    docs = tmp_path / "archives"
    docs.mkdir()
    zip_of(docs / "a.zip", {f"f{number}.txt": f"Pump {number} moves water." for number in range(9)} | {"x.mp3": "x"})
    with pytest.raises(Stopped):
        build(settings, [docs], embedder=MortalEmbedder(4))
    assert len(open_collection(settings).sources) == 4
    assert embedded(settings, docs) == 5
    assert len(open_collection(settings).sources) == 9
    assert [entry.source for entry in open_collection(settings).others] == ["a.zip", "a.zip/x.mp3"]
    assert embedded(settings, docs) == 0
