"""The index on disk: what was written is what is read, updates touch only what changed, damage is noticed."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qa.config import ChunkSettings, RetrieveSettings, Settings
from qa.engine import BuildReport, Engine, build, open_collection
from qa.errors import IndexCorrupt, IndexMismatch, IndexMissing, StoreError
from qa.index import Index, exists, stored
from qa.ingest import unchanged
from qa.sentences import find_sentences
from qa.types import Answer, FileState
from tests.conftest import SMALL, dump_of, without_weights, write_files
from tests.fakes import HashingEmbedder

FORBIDDEN = "secret marzipan recipe"


def make(settings: Settings, *paths: Path, rebuild: bool = False) -> BuildReport:
    return build(settings, paths, rebuild=rebuild, embedder=HashingEmbedder())


def embedded(settings: Settings, *paths: Path) -> int:
    """Build, and return how many chunks had to be embedded for it."""
    embedder = HashingEmbedder()
    build(settings, paths, embedder=embedder)
    return embedder.embedded


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def texts_of(index: Index) -> dict[str, list[str]]:
    return {source: [index.chunk(row).text for row in index.rows_of(source)] for source in sorted(index.sources)}


# What is written is what is read


def test_documents_come_back_with_text_title_digest_and_sections(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    index = open_collection(settings)
    assert index.sources == ("garden.txt", "people/staff.html", "returns.md")
    document = index.document("returns.md")
    assert document.text == SMALL["returns.md"]
    assert document.title == "Shop handbook"
    assert [section.heading for section in document.sections] == [
        ("Shop handbook", "Returns"),
        ("Shop handbook", "Delivery"),
    ]
    assert [section.span.of(document.text) for section in document.sections] == [
        "A parcel may be returned within 30 days. The buyer pays the postage.",
        "Parcels leave the warehouse on Tuesdays. Islands wait a week longer.",
    ]
    assert index.digest("returns.md") == document.digest
    assert index.digest("nowhere.md") is None
    assert index.title("people/staff.html") == "Staff"


def test_chunks_are_slices_of_their_documents_with_their_sentences(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    index = open_collection(settings)
    assert len(index) == len(index.chunk_ids) == 4
    for row in index.chunk_ids:
        chunk = index.chunk(row)
        text = index.document(chunk.source).text
        assert chunk.span.of(text) == chunk.text
        assert list(chunk.sentences) == find_sentences(text, chunk.span)
        assert index.sentence_rows(row).shape == (len(chunk.sentences), HashingEmbedder.dim)
    of_each = [list(index.rows_of(source)) for source in index.sources]
    assert [len(rows) for rows in of_each] == [1, 1, 2]
    assert sorted(row for rows in of_each for row in rows) == index.chunk_ids


def test_byte_places_hold_where_characters_take_several_bytes(tmp_path: Path, settings: Settings) -> None:
    text = "\ufeff# Ünïcödé 😀\nDer Bär läuft. 人は走る。\n\n## שלום\nElle est là. 👩\u200d👧 rit.\n"
    make(settings, write_files(tmp_path / "docs", {"a.md": text, "b.md": text.replace("Bär", "Wolf")}))
    index = open_collection(settings)
    assert index.document("a.md").text == text
    assert texts_of(index)["a.md"] == ["Der Bär läuft. 人は走る。", "Elle est là. 👩\u200d👧 rit."]
    assert texts_of(index)["b.md"] == ["Der Wolf läuft. 人は走る。", "Elle est là. 👩\u200d👧 rit."]


def test_sentence_rows_come_back_in_eight_bits_and_near_enough(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    index = open_collection(settings)
    for row in index.chunk_ids:
        texts = [sentence.of(index.document(index.chunk(row).source).text) for sentence in index.chunk(row).sentences]
        exact = np.stack([HashingEmbedder().embed_query(text).row for text in texts])
        rows = index.sentence_rows(row)
        cosines = (rows * exact).sum(axis=1) / np.linalg.norm(rows, axis=1)
        assert cosines.min() > 0.997


def test_sentences_of_several_chunks_are_compared_at_once(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    index = open_collection(settings)
    query = HashingEmbedder().embed_query("Who waters the garden?").row
    first, _, third, fourth = index.chunk_ids
    for rows in ([third], [fourth, first, third], index.chunk_ids):
        found, edges = index.sentence_similarities(query, rows)
        for at, row in enumerate(rows):
            own = found[edges[at] : edges[at + 1]]
            assert own == pytest.approx(index.sentence_rows(row) @ query, abs=1e-6)
        assert edges[-1] == len(found)


def test_a_chunk_has_the_same_id_whatever_the_history(small_collection: Path, tmp_path: Path) -> None:
    updated, anew = without_weights(tmp_path / "updated"), without_weights(tmp_path / "anew")
    make(updated, small_collection)
    write_files(small_collection, {"a.md": "# New\nIt comes first.\n", "garden.txt": "Other words."})
    make(updated, small_collection)
    make(anew, small_collection)
    ids = [
        {chunk.id: row for row in index.chunk_ids for chunk in [index.chunk(row)]}
        for index in map(open_collection, (updated, anew))
    ]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 5


def test_the_ledger_is_kept_with_the_index(small_collection: Path, settings: Settings) -> None:
    write_files(small_collection, {"empty.txt": "", "sound.mp3": "x"})
    report = make(settings, small_collection)
    assert open_collection(settings).ledger == report.ledger
    assert [(entry.source, entry.state.value, entry.chunks) for entry in report.ledger] == [
        ("empty.txt", "failed", 0),
        ("garden.txt", "indexed", 1),
        ("people/staff.html", "indexed", 1),
        ("returns.md", "indexed", 2),
        ("sound.mp3", "skipped", 0),
    ]


def test_the_index_is_written_in_standard_formats_only(small_collection: Path, settings: Settings) -> None:
    import faiss

    make(settings, small_collection)
    suffixes = {path.suffix for path in settings.index.rglob("*") if path.is_file() and path.name != "lock"}
    assert suffixes == {".db", ".json", ".npy", ".faiss", ".bin"}
    for path in settings.index.rglob("*.npy"):
        np.load(path, allow_pickle=False)
    (path,) = settings.index.rglob("*.faiss")
    index: Any = faiss.read_index(str(path))
    assert sorted(faiss.vector_to_array(index.id_map).tolist()) == open_collection(settings).chunk_ids


def test_two_builds_of_one_collection_hold_the_same(small_collection: Path, tmp_path: Path) -> None:
    one, two = (without_weights(tmp_path / name) for name in ("one", "two"))
    make(one, small_collection)
    make(two, small_collection)
    assert dump_of(one.index) == dump_of(two.index)
    for name in ("vectors", "keyword"):
        assert files_of(one.index / name) == files_of(two.index / name)


def test_faiss_finds_in_its_file_the_candidates_of_a_question(small_collection: Path, settings: Settings) -> None:
    import faiss

    make(settings, small_collection)
    (path,) = settings.index.rglob("*.faiss")
    engine, file = Engine.open(settings, HashingEmbedder()), faiss.read_index(str(path))
    for question in ("Who waters the garden?", "When may a parcel be returned?", "rye bread"):
        row = HashingEmbedder().embed_query(question).row
        _, ids = file.search(row[None], 3)
        assert {number for number, _ in engine.index.store.search(row, 3)} == set(ids[0].tolist())


# Updates


def test_an_unchanged_collection_is_not_embedded_again_and_writes_nothing(
    small_collection: Path, settings: Settings
) -> None:
    assert embedded(settings, small_collection) == 4
    before, moment = dump_of(settings.index), stored(settings.index).moment
    assert embedded(settings, small_collection) == 0
    assert (dump_of(settings.index), stored(settings.index).moment) == (before, moment)
    report = make(settings, small_collection)
    assert (report.added, report.changed, report.unchanged, report.removed) == (0, 0, 3, 0)


def test_touching_a_file_without_changing_it_changes_nothing(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    moment = stored(settings.index).moment
    write_files(small_collection, SMALL)
    assert embedded(settings, small_collection) == 0
    assert stored(settings.index).moment == moment


def test_a_file_is_known_to_be_the_same_by_its_size_and_times_unless_it_changed_just_before() -> None:
    second = 1_000_000_000
    before = (5, 100 * second, 101 * second)
    assert unchanged(before, before, 200 * second)
    assert not unchanged((6, *before[1:]), before, 200 * second)
    assert not unchanged((5, 99 * second, 101 * second), before, 200 * second)
    assert not unchanged((5, 100 * second, 150 * second), before, 200 * second)
    # a clock that counts in two seconds can't tell what changed at 101 from what changed at 102
    assert not unchanged(before, before, 102 * second)
    assert not unchanged((), (), 200 * second)


def test_a_change_that_leaves_size_and_time_of_a_file_as_they_were_is_seen(
    small_collection: Path, settings: Settings
) -> None:
    path = write_files(small_collection, {"a.txt": "Red pump."}) / "a.txt"
    make(settings, small_collection)
    times = path.stat()
    write_files(small_collection, {"a.txt": "Old well."})
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert make(settings, small_collection).changed == 1
    assert texts_of(open_collection(settings))["a.txt"] == ["Old well."]


def test_an_updated_index_holds_what_one_made_anew_does(small_collection: Path, tmp_path: Path) -> None:
    write_files(small_collection, {"a.txt": "Old words about bread.", "gone.txt": "Gone words about bread."})
    updated, anew = without_weights(tmp_path / "updated"), without_weights(tmp_path / "anew")
    make(updated, small_collection)
    (small_collection / "gone.txt").unlink()
    write_files(small_collection, {"a.txt": "New words about rye bread.", "q.md": "# Q\nIn the middle.\n"})
    make(updated, small_collection)
    make(anew, small_collection)
    assert dump_of(updated.index) == dump_of(anew.index)


def test_only_a_new_file_is_embedded(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"new.txt": "A new pump arrived."})
    assert embedded(settings, small_collection) == 1
    index = open_collection(settings)
    assert texts_of(index)["new.txt"] == ["A new pump arrived."]
    assert len(index) == 5


def test_a_changed_file_is_replaced_and_only_it_is_embedded(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"garden.txt": "Cucumbers want shade."})
    report = make(settings, small_collection)
    assert (report.added, report.changed, report.unchanged, report.removed) == (0, 1, 2, 0)
    assert texts_of(open_collection(settings))["garden.txt"] == ["Cucumbers want shade."]


def test_a_changed_file_counts_its_chunks_alone(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"garden.txt": "Cucumbers want shade."})
    assert embedded(settings, small_collection) == 1


def test_a_deleted_file_is_really_gone_from_every_part(small_collection: Path, settings: Settings) -> None:
    write_files(small_collection, {"b-secret.txt": f"The {FORBIDDEN}: almonds."})
    make(settings, small_collection)
    assert any(FORBIDDEN.encode() in data for data in files_of(settings.index).values())
    (small_collection / "b-secret.txt").unlink()
    report = make(settings, small_collection)
    assert report.removed == 1
    for name, data in files_of(settings.index).items():
        for trace in (FORBIDDEN.encode(), b"b-secret", b"marzipan", b"almond"):
            assert trace not in data, name
    index = open_collection(settings)
    assert index.sources == ("garden.txt", "people/staff.html", "returns.md")
    assert len(index) == len(index.store) == len(index.keyword) == 4
    assert not index.keyword.scores("marzipan almonds").any()
    row = HashingEmbedder().embed_query(f"The {FORBIDDEN}: almonds.").row
    assert max(similarity for _, similarity in index.store.search(row, 10)) < 0.9


def test_the_old_text_of_a_changed_file_is_really_gone(small_collection: Path, settings: Settings) -> None:
    write_files(small_collection, {"b.txt": f"The {FORBIDDEN}."})
    make(settings, small_collection)
    write_files(small_collection, {"b.txt": "Nothing to see."})
    make(settings, small_collection)
    assert not any(b"marzipan" in data for data in files_of(settings.index).values())


def test_a_file_that_can_no_longer_be_read_leaves_the_index(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"garden.txt": ""})
    report = make(settings, small_collection)
    assert (report.removed, open_collection(settings).sources) == (1, ("people/staff.html", "returns.md"))


def test_an_updated_index_answers_as_one_made_anew(small_collection: Path, tmp_path: Path) -> None:
    write_files(small_collection, {"a.txt": "Old words about bread.", "gone.txt": "Gone words about bread."})
    updated, anew = without_weights(tmp_path / "updated"), without_weights(tmp_path / "anew")
    make(updated, small_collection)
    (small_collection / "gone.txt").unlink()
    write_files(small_collection, {"a.txt": "New words about rye bread.", "z.md": "# Z\nLast of all.\n"})
    make(updated, small_collection)
    make(anew, small_collection)
    one, two = open_collection(updated), open_collection(anew)
    assert texts_of(one) == texts_of(two)
    assert one.ledger == two.ledger
    for question in ("Who bakes the rye bread?", "When may a parcel be returned?", "last words"):
        answers = [Engine.open(which, HashingEmbedder()).ask(question).answer for which in (updated, anew)]
        assert answers[0] == answers[1]


def test_a_new_line_in_the_ledger_is_kept_though_no_document_changed(
    small_collection: Path, settings: Settings
) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"sound.mp3": "x"})
    assert embedded(settings, small_collection) == 0
    assert [entry.source for entry in open_collection(settings).ledger if entry.state is FileState.SKIPPED] == [
        "sound.mp3"
    ]


def test_nothing_is_left_beside_the_index(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"new.txt": "More."})
    make(settings, small_collection)
    assert sorted(path.name for path in settings.index.iterdir()) == ["index.db", "keyword", "lock", "vectors"]
    assert len(list((settings.index / "vectors").glob("*.faiss"))) == 1


def test_rebuilding_embeds_everything_anew(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    embedder = HashingEmbedder()
    report = build(settings, [small_collection], rebuild=True, embedder=embedder)
    assert embedder.embedded == 4
    assert (report.added, report.unchanged) == (3, 0)


@pytest.mark.parametrize(
    ("changed", "note"),
    [
        ({"chunk": ChunkSettings(size=500)}, "chunk_size is 900 in the index and 500 in the settings"),
        ({"chunk": ChunkSettings(overlap=100)}, "chunk_overlap is 200 in the index and 100 in the settings"),
        (
            {"retrieve": RetrieveSettings(language="spanish")},
            "language is 'english' in the index and 'spanish' in the settings",
        ),
    ],
)
def test_settings_that_shape_the_index_have_everything_made_anew_and_it_is_said(
    small_collection: Path, settings: Settings, changed: dict[str, object], note: str
) -> None:
    make(settings, small_collection)
    embedder = HashingEmbedder()
    report = build(settings.model_copy(update=changed), [small_collection], embedder=embedder)
    assert report.note == f"Everything was indexed anew: {note}."
    assert embedder.embedded == 4


def test_settings_that_only_shape_answers_leave_the_index_alone(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    assert embedded(settings.model_copy(update={"retrieve": RetrieveSettings(k=3, dense=1)}), small_collection) == 0


class OtherEmbedder(HashingEmbedder):
    """Another model, whose rows are shorter."""

    fingerprint = "hashing:2"
    dim = 32


def test_another_model_has_everything_made_anew_and_it_is_said(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    report = build(settings, [small_collection], embedder=OtherEmbedder())
    assert "embedder is 'hashing:1' in the index and 'hashing:2' in the settings" in report.note
    assert open_collection(settings).store.dim == 32


def test_an_index_of_another_model_is_not_asked_with_this_one(small_collection: Path, settings: Settings) -> None:
    build(settings, [small_collection], embedder=OtherEmbedder())
    with pytest.raises(IndexMismatch, match=r"embedder is 'hashing:2' in the index and 'hashing:1' .*Run: qa index"):
        Engine.open(settings, HashingEmbedder())


def test_without_paths_those_of_the_last_build_are_meant(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"new.txt": "More."})
    assert make(settings).added == 1


def test_rebuilding_without_paths_takes_those_of_the_last_build(
    small_collection: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(settings, small_collection)
    monkeypatch.chdir(small_collection.parent)
    assert make(settings, rebuild=True).added == 3
    assert open_collection(settings).roots == (str(small_collection),)


def test_the_collection_is_found_again_from_any_folder_and_moves_with_its_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path / "case" / "docs", {"a.txt": "Pump 7 moves water.\n"})
    write_files(tmp_path / "other" / "docs", {"b.txt": "Another folder of that name.\n"})
    monkeypatch.chdir(tmp_path / "case")
    make(Settings(index=Path("index")), Path("docs"))
    monkeypatch.chdir(tmp_path / "other")
    settings = Settings(index=tmp_path / "case" / "index")
    assert make(settings).unchanged == 1  # not the folder that bears the name here
    (tmp_path / "case").rename(tmp_path / "closed")
    settings = Settings(index=tmp_path / "closed" / "index")
    assert open_collection(settings).roots == (str(tmp_path / "closed" / "docs"),)
    assert make(settings).unchanged == 1


def test_new_settings_without_paths_take_those_of_the_last_build(
    small_collection: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(settings, small_collection)
    monkeypatch.chdir(small_collection.parent)
    make(settings.model_copy(update={"chunk": ChunkSettings(size=500)}))
    assert open_collection(settings).roots == (str(small_collection),)


# Damage


def test_where_there_is_no_index_the_remedy_is_named(settings: Settings) -> None:
    with pytest.raises(IndexMissing, match=r"no index here yet\. Run: qa index FOLDER --index"):
        open_collection(settings)
    assert not exists(settings.index)


def flipped(data: bytes, at: int, mask: int) -> bytes:
    return data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]


def each_file(settings: Settings) -> list[Path]:
    return sorted(path for path in settings.index.rglob("*") if path.is_file() and path.stat().st_size)


def asked(settings: Settings, questions: list[str]) -> list[Answer]:
    engine = Engine.open(settings, HashingEmbedder())
    return [engine.ask(question).answer for question in questions]


QUESTIONS = ["Who bakes the rye bread?", "When may a parcel be returned?", "What do tomatoes want?"]


@pytest.mark.parametrize("whole", [16_000_000, 0], ids=["checked whole", "checked as it is used"])
def test_one_flipped_byte_raises_or_has_no_part_in_the_answer(
    small_collection: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, whole: int
) -> None:
    monkeypatch.setattr("qa.index.opened._CHECKED_WHOLE", whole)
    make(settings, small_collection)
    before = asked(settings, QUESTIONS)
    chance = random.Random(5)
    noticed = 0
    for path in each_file(settings):
        sound = path.read_bytes()
        used = [at for at in range(len(sound)) if sound[at]]  # most of a small database's pages are empty
        places = {
            0,
            len(sound) // 2,
            len(sound) - 1,
            *chance.sample(used, min(len(used), 40 if path.suffix == ".db" else 2)),
        }
        for at in sorted(places):
            path.write_bytes(flipped(sound, at, 0x11))
            try:
                assert asked(settings, QUESTIONS) == before, (path.name, at)
            except StoreError:
                noticed += 1
            path.write_bytes(sound)
    assert noticed > 40
    assert asked(settings, QUESTIONS) == before


def test_damage_to_any_text_or_vector_is_found_by_a_check(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    path = settings.index / "index.db"
    sound = path.read_bytes()
    columns = {"contents": ["text", "places"], "chunks": ["text", "vector", "vectors", "scales", "sentences"]}
    with closing(sqlite3.connect(path)) as connection:
        values = [
            value if isinstance(value, bytes) else value.encode()
            for table, names in columns.items()
            for row in connection.execute(f"SELECT {', '.join(names)} FROM {table}")
            for value in row
        ]
    assert len(values) > 20
    for value in values:
        at = sound.index(value)
        path.write_bytes(flipped(sound, at + len(value) // 2, 0x01))
        with pytest.raises(IndexCorrupt, match="qa index --rebuild"):
            open_collection(settings).check()
    path.write_bytes(sound)
    open_collection(settings).check()


def cut(path: Path) -> None:
    # the last page of a database may end in nothing that is used
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 if path.suffix == ".db" else -1])


@pytest.mark.parametrize("spoil", [cut, Path.unlink])
def test_a_file_cut_short_or_missing_is_noticed_and_named_or_not_needed(
    small_collection: Path, settings: Settings, spoil: Callable[[Path], object]
) -> None:
    make(settings, small_collection)
    before = asked(settings, QUESTIONS)
    shutil.copytree(settings.index, settings.index.with_name("sound"))
    for path in each_file(settings):
        spoil(path)
        if spoil is Path.unlink and path.name in ("vectors.json", "segments.json"):
            assert asked(settings, QUESTIONS) == before  # derived: all is searched as it stands in the database
        else:
            error = IndexMissing if path.suffix == ".db" and spoil is Path.unlink else IndexCorrupt
            with pytest.raises(error, match=r"Run: qa index"):
                open_collection(settings)
        shutil.rmtree(settings.index)
        shutil.copytree(settings.index.with_name("sound"), settings.index)


@pytest.mark.parametrize("folder", ["vectors", "keyword"])
def test_what_is_derived_is_made_again_from_the_database(
    small_collection: Path, settings: Settings, folder: str
) -> None:
    make(settings, small_collection)
    before = asked(settings, QUESTIONS)
    shutil.rmtree(settings.index / folder)
    assert asked(settings, QUESTIONS) == before
    write_files(small_collection, {"new.txt": "More words."})
    assert embedded(settings, small_collection) == 1
    assert any((settings.index / folder).iterdir())
    assert len(open_collection(settings)) == 5


def test_what_is_derived_of_another_database_is_not_used(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    shutil.copytree(settings.index, settings.index.with_name("old"))
    write_files(small_collection, {"new.txt": "More words."})
    make(settings, small_collection)
    shutil.copy(settings.index.with_name("old") / "index.db", settings.index / "index.db")
    with pytest.raises(IndexCorrupt, match="doesn't go with the database"):
        open_collection(settings)
    make(settings, small_collection)
    assert len(open_collection(settings)) == 5


def test_a_damaged_index_is_not_updated_but_said_to_be_damaged(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    (settings.index / "index.db").write_bytes(b"x" * 20_000)
    with pytest.raises(IndexCorrupt, match="qa index --rebuild"):
        make(settings, small_collection)


@pytest.mark.parametrize("name", ["index.db", "vectors/vectors.json", "keyword/segments.json"])
def test_the_remedy_that_is_named_for_damage_mends_it(small_collection: Path, settings: Settings, name: str) -> None:
    make(settings, small_collection)
    (settings.index / name).write_bytes(b"x" * 20_000)
    make(settings, small_collection, rebuild=True)
    assert sorted(texts_of(open_collection(settings))) == ["garden.txt", "people/staff.html", "returns.md"]


def test_an_index_of_another_schema_is_named_as_such(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    with closing(sqlite3.connect(settings.index / "index.db")) as connection:
        connection.execute("PRAGMA user_version = 999")
    with pytest.raises(IndexMismatch, match="the index has schema 999, this version reads"):
        open_collection(settings)
    assert "schema 999" in make(settings, small_collection).note


def test_an_index_of_an_earlier_version_is_named_as_such_and_made_anew_of_the_same_files(
    small_collection: Path, settings: Settings
) -> None:
    write_files(
        settings.index,
        {
            "CURRENT": "g000007 0123\n",
            "g000007/manifest.json": json.dumps({"schema": 8, "roots": [f"../{small_collection.name}"]}),
            "partial/about.json": "{}",
        },
    )
    with pytest.raises(IndexMismatch, match=r"earlier version's format\. Run: qa index --rebuild"):
        open_collection(settings)
    report = make(settings)
    assert "earlier version's format" in report.note
    assert (report.added, open_collection(settings).roots) == (3, (str(small_collection),))
    assert sorted(path.name for path in settings.index.iterdir()) == ["index.db", "keyword", "lock", "vectors"]


# Several at once


def test_a_second_writer_is_refused_while_the_first_holds_the_lock(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    holder = (
        "import sys; from filelock import FileLock\n"
        f"with FileLock({str(settings.index / 'lock')!r}):\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match=r"another 'qa index' or 'qa watch' is writing here\. Wait for it to end"):
            make(settings, small_collection)
        # reading goes on meanwhile
        assert len(open_collection(settings)) == 4
        process.communicate()
    assert make(settings, small_collection).unchanged == 3


def test_an_index_opened_before_an_update_goes_on_answering(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    engine = Engine.open(settings, HashingEmbedder())
    write_files(small_collection, {"garden.txt": "Cucumbers want shade."})
    make(settings, small_collection)
    answer = engine.ask("What do tomatoes want?").answer
    assert answer.passages[0].text == "Tomatoes want sun and water. Basil dislikes cold nights."
    engine.check(answer)
    after = Engine.open(settings, HashingEmbedder()).ask("What do tomatoes want?").answer
    assert "Tomatoes" not in " ".join(passage.text for passage in after.passages)


def test_an_index_in_a_folder_that_cannot_be_written_to_is_asked_all_the_same(
    small_collection: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(settings, small_collection)
    monkeypatch.setattr("qa.index.database.os.access", lambda path, mode: False)
    assert "rye bread" in asked(settings, QUESTIONS)[0].text
    assert sorted(path.name for path in settings.index.iterdir()) == ["index.db", "keyword", "lock", "vectors"]


# What is derived may lag


def test_what_faiss_and_bm25_do_not_hold_yet_is_found_beside_them(
    small_collection: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"garden.txt": "Cucumbers want shade.", "new.txt": "A new pump arrived."})
    (small_collection / "people" / "staff.html").unlink()
    with monkeypatch.context() as patch:
        patch.setattr("qa.index.writing.catch_up", lambda *args, **how: None)
        make(settings, small_collection)
    lagging = open_collection(settings)
    assert lagging.store.about["beside"] == 2
    anew = without_weights(tmp_path / "anew")
    make(anew, small_collection)
    questions = ["What do cucumbers want?", "Which pump arrived?", "Who bakes the rye bread?", "tomatoes"]
    assert asked(settings, questions) == asked(anew, questions)
    assert dump_of(settings.index) == dump_of(anew.index)
    # the next build brings them in step
    write_files(small_collection, {"more.txt": "More."})
    make(settings, small_collection)
    assert open_collection(settings).store.about["beside"] == 0
