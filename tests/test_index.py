"""The index on disk: what was written is what is read, updates touch only what changed, damage is noticed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qa.config import ChunkSettings, RetrieveSettings, Settings
from qa.engine import BuildReport, Engine, build, open_collection
from qa.errors import IndexCorrupt, IndexMismatch, IndexMissing, QAError, StoreError
from qa.index import Index, exists
from qa.ingest import unchanged
from qa.sentences import find_sentences
from qa.types import FileState
from tests.conftest import SMALL, without_weights, write_files
from tests.fakes import HashingEmbedder

FORBIDDEN = "secret marzipan recipe"


def make(settings: Settings, *paths: Path, rebuild: bool = False) -> BuildReport:
    return build(settings, paths, rebuild=rebuild, embedder=HashingEmbedder())


def embedded(settings: Settings, *paths: Path) -> int:
    """Build, and return how many chunks had to be embedded for it."""
    embedder = HashingEmbedder()
    build(settings, paths, embedder=embedder)
    return embedder.embedded


def generation(settings: Settings) -> Path:
    return settings.index / (settings.index / "CURRENT").read_text().split()[0]


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file's bytes, but for what reading took, in which alone two builds differ."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "seconds.jsonl"]
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
    assert len(index) == 4
    for row in range(4):
        chunk = index.chunk(row)
        text = index.document(chunk.source).text
        assert chunk.span.of(text) == chunk.text
        assert list(chunk.sentences) == find_sentences(text, chunk.span)
        assert index.sentence_rows(row).shape == (len(chunk.sentences), HashingEmbedder.dim)
    assert [list(index.rows_of(source)) for source in index.sources] == [[0], [1], [2, 3]]


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
    for row in range(len(index)):
        texts = [sentence.of(index.document(index.chunk(row).source).text) for sentence in index.chunk(row).sentences]
        exact = np.stack([HashingEmbedder().embed_query(text).row for text in texts])
        rows = index.sentence_rows(row)
        cosines = (rows * exact).sum(axis=1) / np.linalg.norm(rows, axis=1)
        assert cosines.min() > 0.997
    assert np.load(generation(settings) / "sentence_rows.npy").dtype == np.int8


def test_sentences_of_several_chunks_are_compared_at_once(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    index = open_collection(settings)
    query = HashingEmbedder().embed_query("Who waters the garden?").row
    for rows in ([2], [3, 0, 2], [0, 1, 2, 3]):
        found, edges = index.sentence_similarities(query, rows)
        for at, row in enumerate(rows):
            own = found[edges[at] : edges[at + 1]]
            assert own == pytest.approx(index.sentence_rows(row) @ query, abs=1e-6)
        assert edges[-1] == len(found)


def test_rows_lie_by_source_and_place_whatever_the_history(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(
        small_collection, {"a.md": "# New\nIt comes first.\n\n# Last\nIt comes second.\n", "z.txt": "It is last."}
    )
    make(settings, small_collection)
    index = open_collection(settings)
    places = [(chunk.source, chunk.span.start) for chunk in map(index.chunk, range(len(index)))]
    assert places == sorted(places)
    assert [source for source, _ in places[:2]] == ["a.md", "a.md"]


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


def test_the_index_is_written_in_plain_formats_only(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    suffixes = {path.suffix for path in generation(settings).rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".jsonl", ".npy", ".faiss", ".bin"}
    for path in generation(settings).rglob("*.npy"):
        np.load(path, allow_pickle=False)


def test_two_builds_of_one_collection_are_the_same_byte_for_byte(small_collection: Path, tmp_path: Path) -> None:
    one, two = (without_weights(tmp_path / name) for name in ("one", "two"))
    make(one, small_collection)
    make(two, small_collection)
    assert files_of(one.index) == files_of(two.index)
    assert len(files_of(one.index)) > 10


# Updates


def test_an_unchanged_collection_is_not_embedded_again_and_writes_nothing(
    small_collection: Path, settings: Settings
) -> None:
    assert embedded(settings, small_collection) == 4
    before = files_of(settings.index)
    assert embedded(settings, small_collection) == 0
    assert files_of(settings.index) == before
    report = make(settings, small_collection)
    assert (report.added, report.changed, report.unchanged, report.removed) == (0, 0, 3, 0)


def test_touching_a_file_without_changing_it_changes_nothing(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    name = generation(settings).name
    write_files(small_collection, SMALL)
    assert embedded(settings, small_collection) == 0
    assert generation(settings).name == name


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


def test_an_updated_index_is_byte_for_byte_one_made_anew(small_collection: Path, tmp_path: Path) -> None:
    write_files(small_collection, {"a.txt": "Old words about bread.", "gone.txt": "Gone words about bread."})
    updated, anew = without_weights(tmp_path / "updated"), without_weights(tmp_path / "anew")
    make(updated, small_collection)
    (small_collection / "gone.txt").unlink()
    write_files(small_collection, {"a.txt": "New words about rye bread.", "q.md": "# Q\nIn the middle.\n"})
    make(updated, small_collection)
    make(anew, small_collection)
    assert files_of(generation(updated)) == files_of(generation(anew))


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


def test_only_one_generation_is_kept(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"new.txt": "More."})
    make(settings, small_collection)
    assert sorted(path.name for path in settings.index.iterdir()) == ["CURRENT", "g000002", "lock"]


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


def unnoticed(settings: Settings, path: Path, places: list[int], mask: int) -> list[int]:
    """Flip one byte after the other and return the places where a look at the whole index noticed nothing."""
    sound = path.read_bytes()
    missed = []
    for at in places:
        path.write_bytes(flipped(sound, at, mask))
        try:
            open_collection(settings).check()
        except QAError:
            continue
        finally:
            path.write_bytes(sound)
        missed.append(at)
    return missed


def test_one_flipped_byte_in_any_file_of_the_index_is_noticed(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    open_collection(settings).check()
    missed: dict[str, list[int]] = {}
    files = [path for path in settings.index.rglob("*") if path.is_file() and path.stat().st_size]
    for path in files:
        size = path.stat().st_size
        places = sorted({0, 1, size // 3, size // 2, 2 * size // 3, size - 1})
        for mask in (0xFF, 0x01):
            if found := unnoticed(settings, path, places, mask):
                missed.setdefault(path.name, []).extend(found)
    assert len(files) > 10
    assert missed == {}


def test_a_flipped_byte_is_noticed_before_it_can_change_an_answer(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.index.opened._CHECKED_WHOLE", 0)  # as if the index were a large one
    # enough text for files of several blocks: what a question doesn't touch needn't be noticed by it
    words = ["bread", "postage", "tomatoes", "flour", "parcel", "island", "pump", "water"]
    docs = {
        f"f{number:02}.md": f"# Part {number}\n"
        + "".join(
            f"The {words[(number * 7 + at) % 8]} of {number} needs {words[at % 8]} number {at}.\n" for at in range(60)
        )
        for number in range(80)
    }
    make(settings, write_files(tmp_path / "docs", docs))
    question = "Which parcel of 7 needs flour number 13?"
    before = Engine.open(settings, HashingEmbedder()).ask(question).answer
    noticed = {True: 0, False: 0}
    for path in each_file(settings):
        sound = path.read_bytes()
        for at in sorted({0, len(sound) // 3, len(sound) // 2, len(sound) - 1} if sound else ()):
            path.write_bytes(flipped(sound, at, 0x11))
            try:
                assert Engine.open(settings, HashingEmbedder()).ask(question).answer == before, path.name
                noticed[False] += 1
            except IndexCorrupt:
                noticed[True] += 1
            path.write_bytes(sound)
    assert noticed[True] > 20  # nearly all of so small an index is touched
    assert noticed[False] > 0  # but not all: what isn't used isn't read


def test_a_small_index_is_checked_whole_as_it_is_opened(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    for path in each_file(settings):
        sound = path.read_bytes()
        if sound:
            path.write_bytes(flipped(sound, len(sound) // 2, 0x01))
            with pytest.raises(IndexCorrupt):
                open_collection(settings)
            path.write_bytes(sound)
    assert len(open_collection(settings)) == 4


def test_an_update_does_not_carry_damage_over(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    write_files(small_collection, {"new.txt": "More."})
    for path in each_file(settings):
        if path.stat().st_size and path.name not in ("rows.npy", "scores.npy", "highest.npy", "starts.npy"):
            sound = path.read_bytes()
            path.write_bytes(flipped(sound, len(sound) - 1, 0x01))
            with pytest.raises(IndexCorrupt, match="qa index --rebuild"):
                make(settings, small_collection)
            path.write_bytes(sound)
    assert make(settings, small_collection).added == 1


@pytest.mark.parametrize("mask", [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80])
def test_any_flipped_bit_of_the_pointer_is_noticed(small_collection: Path, settings: Settings, mask: int) -> None:
    make(settings, small_collection)
    pointer = settings.index / "CURRENT"
    assert unnoticed(settings, pointer, list(range(pointer.stat().st_size)), mask) == []


def each_file(settings: Settings) -> list[Path]:
    return sorted(path for path in generation(settings).rglob("*") if path.is_file())


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(path.read_bytes()[:-1]), Path.unlink])
@pytest.mark.parametrize("engine", [False, True], ids=["index", "engine"])
def test_a_file_cut_short_or_missing_is_noticed_and_named(
    small_collection: Path, settings: Settings, spoil: Callable[[Path], object], engine: bool
) -> None:
    make(settings, small_collection)
    shutil.copytree(settings.index, settings.index.with_name("sound"))
    for path in each_file(settings):
        if spoil is not Path.unlink and not path.stat().st_size:
            continue  # nothing to cut off
        spoil(path)
        with pytest.raises(IndexCorrupt, match=rf"{path.name}.*qa index --rebuild"):
            Engine.open(settings, HashingEmbedder()) if engine else open_collection(settings)
        shutil.rmtree(settings.index)
        shutil.copytree(settings.index.with_name("sound"), settings.index)


@pytest.mark.parametrize("content", [b"", b"\n", b"g000001\n", b"../../etc abc\n", b"\xff\xfe", b"g000009 abc\n"])
def test_a_pointer_that_names_nothing_is_noticed(small_collection: Path, settings: Settings, content: bytes) -> None:
    make(settings, small_collection)
    (settings.index / "CURRENT").write_bytes(content)
    with pytest.raises(IndexCorrupt, match=r"CURRENT: .*qa index --rebuild"):
        open_collection(settings)


def test_a_damaged_index_is_not_updated_but_said_to_be_damaged(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    (generation(settings) / "texts.bin").write_bytes(b"x")
    with pytest.raises(IndexCorrupt, match="qa index --rebuild"):
        make(settings, small_collection)


@pytest.mark.parametrize("name", ["texts.bin", "manifest.json", "CURRENT"])
def test_the_remedy_that_is_named_for_damage_mends_it(small_collection: Path, settings: Settings, name: str) -> None:
    make(settings, small_collection)
    (settings.index / name if name == "CURRENT" else generation(settings) / name).write_bytes(b"x")
    make(settings, small_collection, rebuild=True)
    assert sorted(texts_of(open_collection(settings))) == ["garden.txt", "people/staff.html", "returns.md"]


def test_an_index_of_another_schema_is_named_as_such(small_collection: Path, settings: Settings) -> None:
    import hashlib

    make(settings, small_collection)
    path = generation(settings) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["schema"] = 999
    path.write_text(json.dumps(manifest), encoding="utf-8")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (settings.index / "CURRENT").write_text(f"{path.parent.name} {digest}\n", encoding="ascii")
    with pytest.raises(IndexMismatch, match="the index has schema 999, this version reads"):
        open_collection(settings)
    assert "schema 999" in make(settings, small_collection).note


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


def test_what_a_killed_build_left_behind_is_swept_away_by_the_next(small_collection: Path, settings: Settings) -> None:
    make(settings, small_collection)
    (settings.index / "g000002").mkdir()
    (settings.index / "g000002" / "texts.bin").write_bytes(b"half")
    (settings.index / "CURRENT.new").write_bytes(b"half")
    assert len(open_collection(settings)) == 4
    write_files(small_collection, {"new.txt": "More."})
    make(settings, small_collection)
    assert sorted(path.name for path in settings.index.iterdir()) == ["CURRENT", "g000002", "lock"]
    assert len(open_collection(settings)) == 5


def test_what_a_killed_build_left_behind_is_swept_away_though_nothing_changed(
    small_collection: Path, settings: Settings
) -> None:
    # killed between the switch and the sweep, a build leaves the older generation, with texts since deleted
    make(settings, small_collection)
    (settings.index / "g000009").mkdir()
    (settings.index / "g000009" / "texts.bin").write_bytes(FORBIDDEN.encode())
    assert make(settings, small_collection).unchanged == 3
    assert not any(FORBIDDEN.encode() in data for data in files_of(settings.index).values())
