"""Every format through the whole house: planted words are found, and their place is the one a person would look for."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from qa.config import Settings
from qa.engine import Engine, build, open_collection
from qa.load import table
from qa.types import FileState, LedgerEntry
from qa.ui.answer_json import to_json
from tests.conftest import without_weights
from tests.fakes import HashingEmbedder

FORMATS = Path(__file__).parent / "files" / "formats"
PICTURES = table.FORMATS["picture"].suffixes

Files = dict[str, bytes]


def zipped(members: Files) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return packed.getvalue()


def letter() -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ada <ada@example.org>", "bob@example.org", "The quarry"
    message["Date"] = "Mon, 02 Mar 2026 10:00:00 +0000"
    message.set_content("The quarry by the lake was sold to Fergus in spring.\n")
    message.add_attachment("The lease of the quarry costs nine hundred crowns.\n", filename="lease.txt")
    return message.as_bytes()


def put(folder: Path, files: Files) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def opened(tmp_path: Path) -> Callable[[Files], Engine]:
    def make(files: Files) -> Engine:
        settings = without_weights(tmp_path / "index")
        build(settings, [put(tmp_path / "docs", files)], embedder=HashingEmbedder())
        return Engine.open(settings, HashingEmbedder())

    return make


def lines(engine: Engine) -> dict[str, LedgerEntry]:
    return {entry.source: entry for entry in engine.index.ledger}


@pytest.mark.parametrize("path", sorted(FORMATS.glob("*.*")), ids=lambda path: path.name)
def test_a_file_of_a_real_producer_is_indexed_and_quoted_verbatim(
    path: Path, opened: Callable[[Files], Engine]
) -> None:
    if path.suffix in PICTURES and shutil.which("tesseract") is None:
        pytest.skip("no Tesseract found: install the package tesseract-ocr")
    engine = opened({path.name: path.read_bytes()})
    for entry in engine.index.ledger:
        assert entry.state in (FileState.INDEXED, FileState.PARTLY), entry.reason
    texts = {source: engine.index.document(source).text for source in engine.index.sources}
    assert {entry.source: entry.characters for entry in engine.index.ledger if entry.chunks} == {
        source: len(text) for source, text in texts.items()
    }
    assert texts
    for row in engine.index.chunk_ids:
        chunk = engine.index.chunk(row)
        assert chunk.span.of(texts[chunk.source]) == chunk.text


def test_a_line_is_cited_by_its_number(opened: Callable[[Files], Engine]) -> None:
    lines = [f"Pump {at} was oiled." for at in range(1, 9)]
    engine = opened({"pumps.txt": "\r\n\r\n".join(lines).encode()})
    (citation,) = to_json(engine.ask("Pump 5 oiled").answer)["citations"][:1]
    # an empty line stands between two of them, so the fifth is the ninth line
    assert (citation["quote"], citation["place"]) == ("Pump 5 was oiled.", "line 9")


def test_a_remark_above_a_definition_stands_under_it(opened: Callable[[Files], Engine]) -> None:
    code = b"def first():\n    return 1\n\n\n# Drains the tank.\n@slow\ndef drain():\n    return 2\n"
    engine = opened({"tank.py": code})
    chunks = [engine.index.chunk(row) for row in engine.index.chunk_ids]
    assert [(chunk.section.heading, chunk.text.splitlines()[0]) for chunk in chunks] == [
        (("def first()",), "def first():"),
        (("def drain()",), "# Drains the tank."),
    ]


def test_each_line_of_a_log_is_a_sentence_of_its_own(opened: Callable[[Files], Engine]) -> None:
    engine = opened({"lift.log": b"INFO floor 1 reached\nWARNING cabin stuck at 2\nINFO floor 3 reached\n"})
    chunk = engine.index.chunk(engine.index.chunk_ids[0])
    assert [span.of(chunk.text) for span in chunk.sentences] == chunk.text.splitlines()


def test_a_row_over_several_lines_is_one_sentence(opened: Callable[[Files], Engine]) -> None:
    engine = opened({"wells.csv": b'"Well","Remark"\n"Upper","dry\nin May"\n"Lower","deep"\n'})
    chunk = engine.index.chunk(engine.index.chunk_ids[0])
    said = [span.of(chunk.text) for span in chunk.sentences]
    assert said == ['"Well","Remark"', '"Upper","dry\nin May"', '"Lower","deep"']


def test_a_page_inside_a_feed_is_read_as_a_page(opened: Callable[[Files], Engine]) -> None:
    feed = "<rss><channel><item><title>Lens</title><description>&lt;p&gt;It was &lt;b&gt;cleaned&lt;/b&gt;.&lt;/p&gt;"
    engine = opened({"news.rss": f"{feed}</description></item></channel></rss>".encode()})
    assert engine.index.document("news.rss").text == "Lens\n\nIt was cleaned."


def test_a_cell_is_cited_by_its_address(opened: Callable[[Files], Engine]) -> None:
    engine = opened({"yard.csv": b"Pump,Litres,Keeper\nNorth pump,forty,Ines\nSouth pump,sixty,Tom\n"})
    (citation,) = to_json(engine.ask("South pump sixty").answer)["citations"][:1]
    assert citation["quote"] == "South pump,sixty,Tom"
    assert citation["place"] == "A3–C3"
    assert citation["page"] is None


def test_rows_of_a_long_spreadsheet_know_their_header(opened: Callable[[Files], Engine]) -> None:
    rows = [f"Town {at},{100 + at},keeper {at}" for at in range(120)]
    engine = opened({"towns.csv": "\n".join(["Town,Litres,Keeper", *rows]).encode()})
    headers = [engine.index.chunk(row).header for row in engine.index.rows_of("towns.csv")]
    assert len(headers) > 2
    assert headers == ["", *["Town,Litres,Keeper"] * (len(headers) - 1)]


def test_members_of_an_archive_are_documents_of_their_own(opened: Callable[[Files], Engine]) -> None:
    inner = zipped({"deep.txt": b"The deep well was dug by Oskar.\n"})
    engine = opened({"box.zip": zipped({"a/note.md": b"# Note\n\nThe mill burned in May.\n", "inner.zip": inner})})
    found = lines(engine)
    assert list(found) == ["box.zip", "box.zip/a/note.md", "box.zip/inner.zip", "box.zip/inner.zip/deep.txt"]
    assert {entry.state for entry in found.values()} == {FileState.INDEXED}
    assert found["box.zip"].reason == "2 files inside, each with a line of its own."
    answer = engine.ask("Who dug the deep well?").answer
    assert answer.citations[0].passage.source == "box.zip/inner.zip/deep.txt"
    assert engine.index.unread == 0


def test_a_message_and_what_is_attached_to_it_are_both_searched(opened: Callable[[Files], Engine]) -> None:
    engine = opened({"sale.eml": letter()})
    assert list(lines(engine)) == ["sale.eml", "sale.eml/lease.txt"]
    document = engine.index.document("sale.eml")
    assert (document.title, document.author) == ("The quarry", "Ada <ada@example.org>")
    assert document.date.startswith("2026-03-02")
    answer = engine.ask("What does the lease of the quarry cost?").answer
    assert answer.citations[0].passage.source == "sale.eml/lease.txt"


def test_a_bad_member_costs_itself_alone(opened: Callable[[Files], Engine]) -> None:
    engine = opened({"box.zip": zipped({"broken.docx": b"PK\x03\x04 no more", "fine.txt": b"The mill burned.\n"})})
    found = lines(engine)
    assert found["box.zip/broken.docx"].state is FileState.FAILED
    assert found["box.zip/fine.txt"].state is FileState.INDEXED
    assert engine.index.unread == 1


def test_an_unchanged_archive_is_not_opened_again_and_a_changed_one_embeds_only_what_is_new(
    tmp_path: Path, settings: Settings
) -> None:
    docs = put(tmp_path / "docs", {"box.zip": zipped({"a.txt": b"First.\n", "b.txt": b"Second.\n", "c.mp3": b"x"})})
    first = build(settings, [docs], embedder=HashingEmbedder())
    assert (first.added, len(first.ledger)) == (2, 4)
    again = build(settings, [docs], embedder=HashingEmbedder())
    assert (again.added, again.changed, again.unchanged, again.removed) == (0, 0, 2, 0)
    assert again.ledger == first.ledger
    put(docs, {"box.zip": zipped({"a.txt": b"First.\n", "b.txt": b"Changed.\n"})})
    third = build(settings, [docs], embedder=HashingEmbedder())
    assert (third.added, third.changed, third.unchanged, third.removed) == (0, 1, 1, 0)
    assert [entry.source for entry in third.ledger] == ["box.zip", "box.zip/a.txt", "box.zip/b.txt"]
    (docs / "box.zip").unlink()
    put(docs, {"other.txt": b"Other.\n"})
    assert build(settings, [docs], embedder=HashingEmbedder()).removed == 2


def test_a_definition_is_quoted_with_its_signature(opened: Callable[[Files], Engine]) -> None:
    engine = opened({"pump.py": b"def litres(pump, hours=24):\n    return pump.rate * hours\n"})
    assert (
        engine.index.chunk(engine.index.chunk_ids[0]).text
        == "def litres(pump, hours=24):\n    return pump.rate * hours"
    )
    assert engine.index.chunk(engine.index.chunk_ids[0]).section.heading == ("def litres(pump, hours=24)",)


def test_files_of_the_same_bytes_name_the_first(opened: Callable[[Files], Engine]) -> None:
    found = lines(opened({"one.txt": b"The same.\n", "copies/two.txt": b"The same.\n", "other.txt": b"Another.\n"}))
    assert {source: entry.same_as for source, entry in found.items()} == {
        "copies/two.txt": "",
        "one.txt": "copies/two.txt",
        "other.txt": "",
    }


def test_a_file_larger_than_the_limit_is_named_and_not_read(tmp_path: Path) -> None:
    plain = without_weights(tmp_path / "index")
    settings = plain.model_copy(update={"limits": plain.limits.model_copy(update={"file_mb": 1})})
    docs = put(tmp_path / "docs", {"huge.txt": b"word " * 300_000, "small.txt": b"A word.\n"})
    build(settings, [docs], embedder=HashingEmbedder())
    entry = {one.source: one for one in open_collection(settings).ledger}["huge.txt"]
    assert entry.state is FileState.FAILED
    assert entry.reason == "it is larger than 1 MB. Split it, or raise limits.file_mb."


def test_characters_beyond_the_limit_make_a_file_partly_read(tmp_path: Path) -> None:
    plain = without_weights(tmp_path / "index")
    settings = plain.model_copy(update={"limits": plain.limits.model_copy(update={"characters": 1000})})
    docs = put(tmp_path / "docs", {"long.txt": b"A word. " * 200})
    (entry,) = build(settings, [docs], embedder=HashingEmbedder()).ledger
    assert (entry.state, entry.characters, entry.extent.lost) == (FileState.PARTLY, 1000, 600)
