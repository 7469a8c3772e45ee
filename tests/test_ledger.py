"""The coverage ledger is true: of files whose contents are known, it says what was read, what wasn't, and why."""

from __future__ import annotations

import errno
import gzip
import json
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest

from qa.config import LimitSettings, Settings, WalkSettings
from qa.engine import BuildReport, Engine, build, open_collection, status
from qa.errors import UnreadableDocument
from qa.index.records import pack_hidden, unpack_hidden
from qa.ingest import Refused
from qa.load import read_whole, walk
from qa.load.decode import decode
from qa.load.extracted import Limits
from qa.load.formats import plain
from qa.load.walk import Found, stamp_of
from qa.load.whole import _bytes
from qa.protocols import Embedded, Input
from qa.types import Extent, FileState, Hidden, LedgerEntry, Span, Verdict
from qa.ui.ledger import ledger_text
from tests.conftest import dump_of, without_weights, write_files
from tests.fakes import HashingEmbedder
from tests.hostile_folder import locked_zip, pdf_of, tagged
from tests.office import paragraph, word_file, zipped

LIMIT = 1_000
WORDS = "The pump stands in the yard. "


def make(settings: Settings, folder: Path) -> BuildReport:
    return build(settings, [folder], embedder=HashingEmbedder())


def ledger(report: BuildReport) -> dict[str, LedgerEntry]:
    return {entry.source: entry for entry in report.ledger}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[BuildReport, Settings]:
    """Build a folder of files whose truth is known."""
    home = tmp_path_factory.mktemp("known")
    docs = home / "docs"
    files: dict[str, bytes] = {
        "whole.txt": (WORDS * 3).strip().encode(),
        "copy.txt": (WORDS * 3).strip().encode(),
        "long.txt": b"x" * 400 + b" " + b"y" * 1_599,
        "utf16.txt": "Der Bär läuft über die Brücke.".encode("utf-16"),
        "western.txt": "Le café est fermé à midi, et le thé est froid.".encode("cp1252"),
        "five.pdf": pdf_of("The first page speaks.", "", "The third page speaks.", "", "The fifth page speaks."),
        "seen.docx": word_file(paragraph("Eleven plums.") + paragraph("They lie there.")),
        "unseen.docx": word_file(paragraph("Eleven plums.") + paragraph("Seven pears.", run="<w:vanish/>")),
        "tagged.md": f"A plain line.{tagged('secret')}\n".encode(),
        "three.zip": zipped(
            {"a.txt": "The first member.", "b.pdf": b"%PDF no pdf at all", "c.md": "# The third\n\nOne."}
        ),
        "part.tar.gz": gzip.compress(b"no tar, only words", mtime=0),
        "locked.zip": locked_zip(),
        "empty.txt": b"",
        "blank.txt": b" \n\n",
        "song.mp3": b"ID3",
    }
    for name, data in files.items():
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_bytes(data)
    settings = without_weights(home / "index").model_copy(update={"limits": LimitSettings(characters=LIMIT)})
    return make(settings, docs), settings


# name → state, reader, encoding, characters indexed, extent
TRUTH: dict[str, tuple[FileState, str, str, int, Extent]] = {
    "blank.txt": (FileState.FAILED, "", "", 0, Extent()),
    "copy.txt": (FileState.INDEXED, "text", "utf-8", 3 * 29 - 1, Extent()),
    "empty.txt": (FileState.FAILED, "", "", 0, Extent()),
    # five pages of which two are empty; what the three say, with a blank line after the first and after the third
    "five.pdf": (FileState.PARTLY, "pdf", "", 22 + 2 + 22 + 2 + 22, Extent(parts=5, empty=2)),
    "locked.zip": (FileState.FAILED, "", "", 0, Extent()),
    # of 2,000 characters the limit leaves 1,000
    "long.txt": (FileState.PARTLY, "text", "utf-8", LIMIT, Extent(lost=1_000)),
    "part.tar.gz": (FileState.INDEXED, "archive", "", 0, Extent()),
    "part.tar.gz/part.tar": (FileState.FAILED, "", "", 0, Extent()),
    "seen.docx": (FileState.INDEXED, "word", "", len("Eleven plums.\n\nThey lie there."), Extent()),
    "song.mp3": (FileState.SKIPPED, "", "", 0, Extent()),
    "tagged.md": (FileState.INDEXED, "markdown", "utf-8", 13 + 6 + 1, Extent(hidden=6)),
    "three.zip": (FileState.INDEXED, "archive", "", 0, Extent()),
    "three.zip/a.txt": (FileState.INDEXED, "text", "utf-8", 17, Extent()),
    "three.zip/b.pdf": (FileState.FAILED, "", "", 0, Extent()),
    "three.zip/c.md": (FileState.INDEXED, "markdown", "utf-8", len("# The third\n\nOne."), Extent()),
    "unseen.docx": (FileState.INDEXED, "word", "", len("Eleven plums.\n\nSeven pears."), Extent(hidden=12)),
    "utf16.txt": (FileState.INDEXED, "text", "utf-16", 30, Extent()),
    "western.txt": (FileState.INDEXED, "text", "cp1252", 46, Extent()),
    "whole.txt": (FileState.INDEXED, "text", "utf-8", 3 * 29 - 1, Extent()),
}


def test_every_file_has_its_line_and_no_other_has(known: tuple[BuildReport, Settings]) -> None:
    assert [entry.source for entry in known[0].ledger] == sorted(TRUTH)


@pytest.mark.parametrize("name", sorted(TRUTH))
def test_the_ledger_tells_the_truth_of_a_file(known: tuple[BuildReport, Settings], name: str) -> None:
    entry = ledger(known[0])[name]
    assert (entry.state, entry.reader, entry.encoding, entry.characters, entry.extent) == TRUTH[name]


def test_the_reasons_say_what_is_the_matter(known: tuple[BuildReport, Settings]) -> None:
    reasons = {entry.source: entry.reason for entry in known[0].ledger}
    assert reasons["five.pdf"] == "Page 2: blank; page 4: blank."
    assert reasons["long.txt"] == "Only its first 1,000 characters were read."
    assert reasons["unseen.docx"] == "It holds 12 characters that nobody sees (hidden text)."
    assert reasons["three.zip"] == "3 files inside, each with a line of its own."
    assert reasons["locked.zip"].startswith("the archive is encrypted.")
    assert reasons["empty.txt"] == "the file is empty."
    assert reasons["western.txt"] == "Its encoding was guessed: cp1252."
    assert reasons["whole.txt"] == ""


def test_what_the_ledger_counts_is_what_the_index_holds(known: tuple[BuildReport, Settings]) -> None:
    report, settings = known
    index = open_collection(settings)
    for entry in report.ledger:
        if entry.chunks:
            document = index.document(entry.source)
            assert entry.characters == len(document.text)
            assert entry.sections == len(document.sections)
            assert entry.chunks == len(index.rows_of(entry.source))
            assert entry.extent.hidden == sum(len(hidden.span) for hidden in document.hidden)


def test_the_same_bytes_name_the_first_by_name(known: tuple[BuildReport, Settings]) -> None:
    assert {entry.source: entry.same_as for entry in known[0].ledger if entry.same_as} == {"whole.txt": "copy.txt"}


def test_what_was_stored_is_what_was_reported_times_included(known: tuple[BuildReport, Settings]) -> None:
    report, settings = known
    stored = open_collection(settings).ledger
    assert stored == report.ledger
    assert [entry.seconds for entry in stored] == [entry.seconds for entry in report.ledger]
    assert status(settings).ledger == report.ledger
    index = open_collection(settings)
    assert (index.unread, index.partly, index.lines) == (6, 2, len(TRUTH))


def test_every_file_that_was_read_has_taken_time(known: tuple[BuildReport, Settings]) -> None:
    read = [entry for entry in known[0].ledger if entry.state is not FileState.SKIPPED and entry.source != "empty.txt"]
    assert all(0 < entry.seconds < 60 for entry in read), [(entry.source, entry.seconds) for entry in read]


def test_the_printed_ledger_says_pages_characters_and_copies(known: tuple[BuildReport, Settings]) -> None:
    lines = {line.split()[1]: line for line in ledger_text(known[0].ledger).splitlines()[:-1]}
    assert "3 of 5 pages with text" in lines["five.pdf"]
    assert "1,000 of 2,000 characters" in lines["long.txt"]
    assert "copy.txt" in lines["whole.txt"]
    assert "12 characters that nobody sees" in lines["unseen.docx"]


def test_the_ledger_in_json_holds_every_field(known: tuple[BuildReport, Settings]) -> None:
    (line,) = [file for file in status(known[1]).to_json()["files"] if file["source"] == "five.pdf"]  # type: ignore[attr-defined]
    assert json.loads(json.dumps(line)) == {
        "source": "five.pdf",
        "state": "partly",
        "reason": "Page 2: blank; page 4: blank.",
        "reader": "pdf",
        "encoding": "",
        "characters": 70,
        "sections": 1,
        "chunks": 1,
        "extent": {"parts": 5, "empty": 2, "hidden": 0, "lost": 0, "passed": 0},
        "same_as": "",
        "seconds": line["seconds"],
    }


# Times


def test_lines_that_are_kept_keep_their_times(tmp_path: Path, settings: Settings) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": WORDS, "b.txt": "Another pump. " * 40, "c.mp3": "x"})
    before = ledger(make(settings, docs))
    write_files(docs, {"new.txt": "A third pump."})
    after = ledger(make(settings, docs))
    assert {name: after[name].seconds for name in ("a.txt", "b.txt")} == {
        name: before[name].seconds for name in ("a.txt", "b.txt")
    }
    assert after["new.txt"].seconds > 0
    assert {one.source: one.seconds for one in open_collection(settings).ledger}["b.txt"] == before["b.txt"].seconds


def test_two_builds_differ_in_nothing_but_their_times(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": WORDS, "b.md": "# B\n\nWords.", "empty.txt": ""})
    one, two = (without_weights(tmp_path / name) for name in ("one", "two"))
    make(one, docs)
    make(two, docs)
    assert dump_of(one.index) == dump_of(two.index)
    assert len(dump_of(one.index)["unread"]) == 1


# Hidden text


def test_hidden_stretches_come_back_as_they_were_put_down() -> None:
    hidden = (
        Hidden(Span(3, 7), "off page"),
        Hidden(Span(7, 9), "zero-width"),
        Hidden(Span(10, 12), "off page"),
        Hidden(Span(500_000, 500_001), "off page"),
    )
    assert pack_hidden(hidden) == b'{"off page":[3,4,3,2,499988,1],"zero-width":[7,2]}'
    assert unpack_hidden(pack_hidden(hidden)) == hidden
    assert unpack_hidden(pack_hidden(())) == ()


def test_hidden_stretches_that_touch_or_overlap_are_put_down_once() -> None:
    hidden = [Hidden(Span(3, 7), "tiny"), Hidden(Span(5, 9), "tiny"), Hidden(Span(9, 10), "tiny")]
    assert unpack_hidden(pack_hidden(hidden)) == (Hidden(Span(3, 10), "tiny"),)


def opened(settings: Settings, docs: Path) -> Engine:
    lenient = settings.model_copy(
        update={"verdict": settings.verdict.model_copy(update={"answered": 0.0, "unsure": 0.0, "questions": 0})}
    )
    build(lenient, [docs], embedder=HashingEmbedder())
    return Engine.open(lenient, HashingEmbedder())


def test_a_quote_that_nobody_sees_in_the_file_is_marked_as_such(tmp_path: Path, settings: Settings) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    shown = paragraph("The rye bread is baked on Mondays.")
    hidden = paragraph("The vault code is four four one seven.", run="<w:vanish/>")
    (docs / "vault.docx").write_bytes(word_file(hidden + shown))
    answer = opened(settings, docs).ask("What is the vault code?").answer
    assert answer.verdict is Verdict.ANSWERED
    assert answer.citations[0].text == "The vault code is four four one seven."
    assert [(one.span.start, one.span.end, one.why) for one in answer.citations[0].hidden] == [(0, 38, "hidden text")]
    assert answer.notices[0] == "The quote from vault.docx is text that nobody sees in the file (hidden text)."


def test_a_quote_that_is_partly_hidden_says_so_and_one_that_is_not_says_nothing(
    tmp_path: Path, settings: Settings
) -> None:
    docs = write_files(
        tmp_path / "docs",
        {
            "mixed.txt": f"The vault code{tagged('secret')} is on the door.\n",
            "plain.txt": "The rye bread is baked on Mondays.\n",
        },
    )
    engine = opened(settings, docs)
    notices = engine.ask("What is the vault code?").answer.notices
    assert notices[0] == "The quote from mixed.txt holds text that nobody sees in the file (zero-width)."
    answer = engine.ask("When is the rye bread baked?").answer
    assert answer.citations[0].passage.source == "plain.txt"
    assert not any("plain.txt" in notice for notice in answer.notices)


# What an answer says of coverage


def test_an_answer_from_a_file_read_in_part_says_so(tmp_path: Path, settings: Settings) -> None:
    docs = write_files(tmp_path / "docs", {"long.txt": "The rye bread is baked on Mondays. " + "Filler. " * 200})
    short = settings.model_copy(update={"limits": LimitSettings(characters=LIMIT)})
    answer = opened(short, docs).ask("When is the rye bread baked?").answer
    assert answer.notices == ("long.txt was read only in part: Only its first 1,000 characters were read.",)


def test_where_nothing_is_found_it_is_said_how_much_was_not_searched(tmp_path: Path, settings: Settings) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": WORDS, "long.txt": "Filler. " * 200, "b.txt": "", "c.mp3": "x"})
    strict = settings.model_copy(
        update={
            "limits": LimitSettings(characters=LIMIT),
            "verdict": settings.verdict.model_copy(update={"answered": 1.0, "unsure": 1.0}),
        }
    )
    build(strict, [docs], embedder=HashingEmbedder())
    answer = Engine.open(strict, HashingEmbedder()).ask("Who walked on the moon?").answer
    assert answer.verdict is Verdict.NOT_FOUND
    said = "2 of 4 files could not be read and were not searched, 1 of 4 was read only in part: see qa status."
    assert said in answer.notices


# Files that change or go while they are read


def found_at(path: Path) -> Found:
    return Found(path, path.name, stamp=stamp_of(path.lstat()))


def test_the_stamp_that_is_recorded_is_that_of_the_bytes_read(tmp_path: Path) -> None:
    path = write_files(tmp_path, {"a.txt": "old"}) / "a.txt"
    met = found_at(path)
    path.write_bytes(b"newer words")
    found, data = read_whole(met, 1_000)
    assert (data, found.stamp) == (b"newer words", stamp_of(path.lstat()))
    assert found.stamp != met.stamp


def test_a_file_that_changes_under_a_build_is_indexed_as_it_was_read_and_seen_to_have_changed_at_the_next(
    tmp_path: Path, settings: Settings
) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": WORDS, "b.txt": "The old words."})

    def change(stage: str, done: int, total: int) -> None:
        # b.txt has been met and not yet read
        if (stage, done) == ("reading", 1):
            (docs / "b.txt").write_bytes(b"The words that came meanwhile.")

    build(settings, [docs], embedder=HashingEmbedder(), stage=change)
    index = open_collection(settings)
    assert index.document("b.txt").text == "The words that came meanwhile."
    with closing(sqlite3.connect(settings.index / "index.db")) as connection:
        stamps = {
            row[0]: row[1:] for row in connection.execute("SELECT source, size, modified, altered FROM documents")
        }
    assert stamps["b.txt"] == stamp_of((docs / "b.txt").lstat())
    (docs / "b.txt").write_bytes(b"The last words.")
    assert make(settings, docs).changed == 1
    assert open_collection(settings).document("b.txt").text == "The last words."


def test_a_file_that_goes_under_a_build_costs_itself_alone(tmp_path: Path, settings: Settings) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": WORDS, "b.txt": "Words.", "c.txt": "More words."})

    def remove(stage: str, done: int, total: int) -> None:
        if (stage, done) == ("reading", 1):
            (docs / "b.txt").unlink()

    lines = ledger(build(settings, [docs], embedder=HashingEmbedder(), stage=remove))
    assert {name: line.state.value for name, line in lines.items()} == {
        "a.txt": "indexed",
        "b.txt": "failed",
        "c.txt": "indexed",
    }
    assert lines["b.txt"].reason == "it went away before it could be read. Index again."


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("what", ["pipe", "link"])
def test_what_is_put_in_a_file_s_place_is_neither_waited_for_nor_followed(tmp_path: Path, what: str) -> None:
    path = write_files(tmp_path, {"a.txt": "words", "secret": "secret"}) / "a.txt"
    met = found_at(path)
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(tmp_path / "secret")
    with pytest.raises(UnreadableDocument, match=r"no regular file any more|symbolic link was put in its place"):
        read_whole(met, 1_000)


def test_a_file_that_only_grows_is_what_it_was_when_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_files(tmp_path, {"log.txt": "one\n"}) / "log.txt"
    first = stamp_of(path.lstat())

    def read_and_grow(handle: int, most: int) -> bytes:
        data = _bytes(handle, most)
        with path.open("ab") as log:
            log.write(b"more\n")
        return data

    monkeypatch.setattr("qa.load.whole._bytes", read_and_grow)
    found, data = read_whole(found_at(path), 1_000)
    assert (data, found.stamp) == (b"one\n", first)


def test_a_file_that_is_written_over_again_and_again_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_files(tmp_path, {"a.txt": "0"}) / "a.txt"
    numbers = iter(range(1, 100))

    def read_and_change(handle: int, most: int) -> bytes:
        data = _bytes(handle, most)
        path.write_bytes(b"%d" % next(numbers))
        os.utime(path, ns=(0, next(numbers)))
        return data

    monkeypatch.setattr("qa.load.whole._bytes", read_and_change)
    with pytest.raises(UnreadableDocument, match="it changes while it is read"):
        read_whole(found_at(path), 1_000)


def test_bytes_that_come_back_stood_in_the_file_together_though_another_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a" * 300_000)
    over = threading.Event()

    def write() -> None:
        at = 0
        while not over.wait(0.002):
            at += 1
            beside = tmp_path / "beside"
            beside.write_bytes(bytes([97 + at % 26]) * (300_000 + at % 7))
            os.replace(beside, path)

    writer = threading.Thread(target=write)
    writer.start()
    read = 0
    try:
        ends = time.monotonic() + 1.5
        while time.monotonic() < ends:
            try:
                found, data = read_whole(found_at(path), 1_000_000)
            except UnreadableDocument:
                continue
            read += 1
            assert len(set(data)) == 1
            assert len(data) == found.stamp[0]
    finally:
        over.set()
        writer.join()
    assert read > 0


def test_a_file_that_says_it_is_small_and_never_ends_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 2_000)
    with pytest.raises(UnreadableDocument, match="larger than 0 MB"):
        read_whole(found_at(path), 1_999)
    if sys.platform == "linux":
        with pytest.raises(UnreadableDocument, match="no regular file any more"):
            read_whole(Found(Path("/dev/zero"), "zero.txt", linked=True), 1_000)


class Mortal(HashingEmbedder):
    """Ends the build when all is read and nothing is embedded."""

    def embed_stream(self, inputs: Iterable[Input], block: int = 2) -> Iterator[Embedded]:
        """End the build."""
        raise KeyboardInterrupt


def test_what_a_stopped_build_made_of_other_bytes_is_not_taken_for_what_the_file_holds_now(
    tmp_path: Path, settings: Settings
) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": WORDS, "b.txt": "Old bread."})
    with pytest.raises(KeyboardInterrupt):
        build(settings, [docs], embedder=Mortal())

    def change(stage: str, done: int, total: int) -> None:
        # b.txt was met as the stopped build left it, and is read after this
        if (stage, done) == ("reading", 1):
            (docs / "b.txt").write_bytes(b"New bread.")

    build(settings, [docs], embedder=HashingEmbedder(), stage=change)
    assert open_collection(settings).document("b.txt").text == "New bread."


# Links, where they are to be followed


def followed(roots: list[Path], leave_out: Path | None = None) -> dict[str, str]:
    return {found.source: found.problem for found in walk(roots, leave_out=leave_out, follow_links=True)}


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    write_files(
        tmp_path, {"outside/far.txt": "far", "outside/deep/x.txt": "x", "docs/a.txt": "a", "docs/sub/b.txt": "b"}
    )
    return tmp_path / "docs"


def test_links_lead_out_of_the_folder_only_on_request(linked: Path) -> None:
    (linked / "z.txt").symlink_to(linked.parent / "outside" / "far.txt")
    (linked / "zz").symlink_to(linked.parent / "outside" / "deep")
    assert [found.source for found in walk([linked]) if not found.problem] == ["a.txt", "sub/b.txt"]
    assert followed([linked]) == {"a.txt": "", "sub/b.txt": "", "z.txt": "", "zz/x.txt": ""}


def test_links_that_lead_in_circles_end(linked: Path) -> None:
    (linked / "sub" / "up").symlink_to("..")
    (linked / "sub" / "self").symlink_to("self")
    (linked / "sub" / "gone").symlink_to("nowhere")
    found = followed([linked])
    assert [name for name, problem in found.items() if not problem] == ["a.txt", "sub/b.txt"]
    assert found["sub/up"] == "the same folder as ., which is read under that name."
    assert found["sub/self"] == f"a symbolic link that leads nowhere ({os.strerror(errno.ELOOP)})."
    assert found["sub/gone"] == f"a symbolic link that leads nowhere ({os.strerror(errno.ENOENT)})."


def test_each_file_is_read_once_and_by_its_own_name_where_it_has_one(linked: Path) -> None:
    (linked / "0-first.txt").symlink_to("a.txt")
    (linked / "1.txt").symlink_to(linked.parent / "outside" / "far.txt")
    (linked / "2.txt").symlink_to("1.txt")
    (linked / "3").symlink_to("sub")
    found = followed([linked])
    assert [name for name, problem in found.items() if not problem] == ["1.txt", "a.txt", "sub/b.txt"]
    assert found["0-first.txt"] == "a symbolic link to a file that is here as a.txt."
    assert found["2.txt"] == "a symbolic link to a file that is here as 1.txt."
    assert found["3"] == "the same folder as sub, which is read under that name."


def test_a_link_to_the_folder_above_brings_in_what_else_is_there_but_never_the_index(linked: Path) -> None:
    write_files(linked.parent, {"index/texts.txt": "the index"})
    (linked / "up").symlink_to(linked.parent)
    found = followed([linked], leave_out=linked.parent / "index")
    assert [name for name, problem in found.items() if not problem] == [
        "a.txt",
        "sub/b.txt",
        "up/outside/deep/x.txt",
        "up/outside/far.txt",
    ]


def test_a_build_follows_links_where_the_settings_say_so(linked: Path, settings: Settings) -> None:
    (linked / "z.txt").symlink_to(linked.parent / "outside" / "far.txt")
    plain = ledger(make(settings, linked))
    assert plain["z.txt"].state is FileState.SKIPPED
    assert "index with --follow-links" in plain["z.txt"].reason
    following = settings.model_copy(update={"walk": WalkSettings(follow_links=True)})
    assert ledger(make(following, linked))["z.txt"].state is FileState.INDEXED
    assert open_collection(settings).document("z.txt").text == "far"
    assert make(following, linked).unchanged == 3


def test_a_folder_that_cannot_be_opened_has_failed_and_a_link_was_left_out_on_purpose(
    tmp_path: Path, settings: Settings
) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": WORDS})
    (docs / "link.txt").symlink_to("a.txt")
    (docs / ("d" * 200)).mkdir()
    assert ledger(make(settings, docs))["link.txt"].state is FileState.SKIPPED
    locked = docs / "locked"
    locked.mkdir()
    locked.chmod(0)
    try:
        if os.access(locked, os.R_OK):
            pytest.skip("whoever runs this may read every folder")
        assert ledger(make(settings, docs))["locked"].state is FileState.FAILED
    finally:
        locked.chmod(0o700)


# Names and encodings


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't allow such names")
def test_names_that_are_no_utf_8_can_be_indexed_and_two_that_are_spelled_alike_are_told_apart(
    tmp_path: Path, settings: Settings
) -> None:
    docs = write_files(tmp_path / "docs", {"caf\\xe9.txt": "The first menu."})
    for name in (b"caf\xe9.txt", b"song.\xff"):
        with open(os.fsencode(docs) + b"/" + name, "wb") as file:
            file.write(b"The second menu.")
    lines = ledger(make(settings, docs))
    assert {name: line.state.value for name, line in lines.items()} == {
        "caf\\xe9.txt": "indexed",
        "caf\\xe9.txt (2)": "indexed",
        "song.\\xff": "skipped",
    }
    assert lines["song.\\xff"].reason.startswith("there is no reader for .\\xff files yet.")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_told_by_its_empty_halves(encoding: str) -> None:
    words = "The spoon — a silver one — lies in the drawer.\r\n" * 20
    found = decode(words.encode(encoding))
    assert found is not None
    assert (found.text, found.encoding, found.guessed) == (words, encoding, True)


@pytest.mark.parametrize(
    "data",
    [bytes(200), b"MZ\x00\x01" * 90, b"a\x00b", b"\x00\x00\x00\x01text" * 30, b"\x01\x00\x02\x00\x03\x00" * 50],
)
def test_bytes_with_nul_that_are_no_text_stay_so(data: bytes) -> None:
    assert decode(data) is None


def test_a_long_row_of_blanks_is_read_in_a_moment() -> None:
    # each took time by the square of its length: minutes for a row as long as this
    began = time.perf_counter()
    for words in (b" " * 400_000, b"= a" + b" " * 400_000, b"= " * 200_000, b"a" + b"\n" * 400_000):
        plain.read(words, Limits())
    assert time.perf_counter() - began < 10


# Tried again


def test_a_file_that_failed_is_not_tried_again_by_who_remembers_it_until_it_changes(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qa.ingest._TOO_NEAR", 0)
    docs = write_files(tmp_path / "docs", {"good.txt": WORDS, "bad.txt": ""})
    refused: dict[str, Refused] = {}
    build(settings, [docs], embedder=HashingEmbedder(), refused=refused)
    first = refused["bad.txt"]
    assert [entry.source for entry in first.entries] == ["bad.txt"]
    write_files(docs, {"more.txt": WORDS})
    report = build(settings, [docs], embedder=HashingEmbedder(), refused=refused)
    assert refused == {"bad.txt": first}
    assert refused["bad.txt"] is first
    assert ledger(report)["bad.txt"] is first.entries[0]
    write_files(docs, {"bad.txt": "Now the pump is described."})
    report = build(settings, [docs], embedder=HashingEmbedder(), refused=refused)
    assert refused == {}
    assert ledger(report)["bad.txt"].state is FileState.INDEXED
    # who remembers nothing tries every time
    write_files(docs, {"bad.txt": ""})
    for _ in range(2):
        assert ledger(make(settings, docs))["bad.txt"].state is FileState.FAILED


def test_a_lines_facts_are_all_its_fields_in_their_order() -> None:
    entry = LedgerEntry("a.pdf", FileState.PARTLY, "2 pages left out.", "pdf", extent=Extent(9, passed=2), seconds=0.5)
    assert json.dumps(entry.facts()) == json.dumps(asdict(entry))
