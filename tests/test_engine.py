"""The whole way with a model that needs no weights: files in, a checked answer out, and nothing silent."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from qa.config import ReaderSettings, RetrieveSettings, Settings, VerdictSettings
from qa.engine import Engine, build, open_collection, status
from qa.errors import AnswerError, ConfigError, IndexMissing, QAError
from qa.types import FileState, Turn, Verdict
from tests.conftest import write_files
from tests.fakes import HashingEmbedder, WordReader

Open = Callable[[dict[str, str]], Engine]


def thresholds(engine: Engine, settings: Settings, answered: float, unsure: float) -> Engine:
    """Return the same engine, sure of things from other confidences on."""
    verdict = VerdictSettings(answered=answered, unsure=unsure)
    return Engine(settings.model_copy(update={"verdict": verdict}), engine.index, HashingEmbedder())


def test_a_question_is_answered_in_the_documents_words_with_its_place(small_engine: Engine) -> None:
    reply = small_engine.ask("Who bakes the rye bread?")
    answer = reply.answer
    assert answer.passages[0].text == "Ines bakes the rye bread. Tom grinds the flour."
    first = answer.citations[0]
    assert (first.text, first.passage.source) == ("Ines bakes the rye bread.", "people/staff.html")
    assert first.quote.of(small_engine.index.document("people/staff.html").text) == "Ines bakes the rye bread."
    assert first.digest == small_engine.index.digest("people/staff.html")
    assert answer.text.startswith("Ines bakes the rye bread. [1]")
    assert (answer.question, answer.searched) == ("Who bakes the rye bread?", "Who bakes the rye bread?")
    small_engine.check(answer)


def test_the_same_question_gives_the_same_answer(small_engine: Engine) -> None:
    assert small_engine.ask("Who pays the postage?").answer == small_engine.ask("Who pays the postage?").answer


def test_timings_add_up_to_no_more_than_the_whole(small_engine: Engine) -> None:
    timings = small_engine.ask("Who pays the postage?").timings
    assert 0 < timings.embed + timings.search + timings.read <= timings.total


def test_no_more_passages_come_back_than_asked_for(small_engine: Engine) -> None:
    assert len(small_engine.ask("bread", k=2).answer.passages) == 2
    assert len(small_engine.ask("bread").answer.passages) == 4


def test_the_settings_say_how_many_passages_come_back(small_engine: Engine, settings: Settings) -> None:
    fewer = settings.model_copy(update={"retrieve": RetrieveSettings(k=1)})
    assert len(Engine.open(fewer, HashingEmbedder()).ask("bread").answer.passages) == 1


def test_passages_are_numbered_in_order_whatever_the_verdict(small_engine: Engine, settings: Settings) -> None:
    for engine in (thresholds(small_engine, settings, 0, 0), thresholds(small_engine, settings, 1, 1)):
        assert [passage.number for passage in engine.ask("bread").answer.passages] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("answered", "unsure", "verdict"),
    [(0.0, 0.0, Verdict.ANSWERED), (1.0, 0.0, Verdict.UNSURE), (1.0, 1.0, Verdict.NOT_FOUND)],
)
def test_the_thresholds_decide_the_verdict(
    small_engine: Engine, settings: Settings, answered: float, unsure: float, verdict: Verdict
) -> None:
    answer = thresholds(small_engine, settings, answered, unsure).ask("Who bakes the rye bread?").answer
    assert answer.verdict is verdict
    assert bool(answer.citations) == bool(answer.text) == (verdict is not Verdict.NOT_FOUND)


def test_a_question_about_something_else_is_less_sure_than_one_the_documents_answer(small_engine: Engine) -> None:
    known = small_engine.ask("Ines bakes the rye bread").answer.confidence
    unknown = small_engine.ask("zeppelin quantum tariffs").answer.confidence
    assert unknown < known


@pytest.mark.parametrize("question", ["", " ", "\n\t"])
def test_an_empty_question_is_refused_with_an_example(small_engine: Engine, question: str) -> None:
    with pytest.raises(AnswerError, match=r"The question is empty\. Write one, for example"):
        small_engine.ask(question)


def test_an_over_long_question_is_cut_at_the_models_limit_and_said(small_engine: Engine) -> None:
    question = "rye bread " * 10_000
    answer = small_engine.ask(question).answer
    # the model reads 200 words: a hundred times "rye bread" with 99 blanks of the ten characters each takes
    assert answer.searched == ("rye bread " * 100).strip()
    assert answer.question == question
    assert answer.notices[0] == (
        "The question is longer than the model reads: of its 100,000 characters the first 999 were searched for."
    )


def test_a_question_that_fits_is_not_said_to_be_cut(small_engine: Engine) -> None:
    assert not [n for n in small_engine.ask("Who bakes the rye bread?").answer.notices if "longer" in n]


def test_a_follow_up_is_searched_with_its_topic(small_engine: Engine) -> None:
    turns = [Turn("Within how many days may a parcel be returned to the shop?")]
    answer = small_engine.ask("And who pays?", turns).answer
    assert answer.searched == "Within how many days may a parcel be returned to the shop? And who pays?"
    assert answer.question == "And who pays?"
    assert answer.passages[0].section.heading == ("Shop handbook", "Returns")


def test_a_follow_up_is_read_as_typed_so_that_the_last_answer_does_not_answer_it(
    small_engine: Engine, settings: Settings
) -> None:
    engine, reader = with_reader(small_engine, settings)
    answer = engine.ask("And who pays?", [Turn("Who bakes the rye bread?")]).answer
    assert answer.searched == "Who bakes the rye bread? And who pays?"
    assert set(reader.asked) == {"And who pays?"}


def test_a_question_that_may_stand_alone_is_looked_up_with_its_topic_only_where_it_finds_nothing(
    small_engine: Engine, settings: Settings
) -> None:
    engine, reader = with_reader(small_engine, settings)
    turns = [Turn("Within how many days may a parcel be returned to the shop?")]
    assert engine.ask("Who bakes bread?", turns).answer.searched == "Who bakes bread?"
    assert set(reader.asked) == {"Who bakes bread?"}
    once = len(reader.asked)
    engine.ask("Which lizard barks?", turns)
    assert reader.asked[once:] == ["Which lizard barks?"] * 2 * once


@pytest.mark.parametrize("question", ["What is the salary of the ambassador?", "Who repaired its roof?"])
def test_the_last_answer_is_not_given_for_a_follow_up_that_nothing_answers(
    corpus_engine: Engine, question: str
) -> None:
    first = "Who built the embassy building in Mexico City, and when?"
    assert corpus_engine.ask(first).answer.verdict is Verdict.ANSWERED
    assert corpus_engine.ask(question, [Turn(first)]).answer.verdict is not Verdict.ANSWERED


def test_an_over_long_earlier_turn_does_not_push_the_question_out(small_engine: Engine) -> None:
    answer = small_engine.ask("And who bakes it?", [Turn("tomatoes " * 5_000)]).answer
    assert "And who bakes it?" in answer.searched


# What could not be read


def test_a_file_that_fails_is_named_with_its_reason_and_the_others_are_indexed(
    small_collection: Path, settings: Settings
) -> None:
    write_files(small_collection, {"empty.txt": "", "blank.md": " \n", "sound.mp3": "x"})
    (small_collection / "binary.txt").write_bytes(b"PK\x03\x04\x00\x00\x08\x00" * 20)
    report = build(settings, [small_collection], embedder=HashingEmbedder())
    failed = {entry.source: entry.reason for entry in report.ledger if entry.state is FileState.FAILED}
    assert failed == {
        "binary.txt": "its bytes aren't text in any known encoding. Save it as UTF-8, or give it its true suffix.",
        "blank.md": "there is no text in it.",
        "empty.txt": "the file is empty.",
    }
    skipped = {entry.source: entry.reason for entry in report.ledger if entry.state is FileState.SKIPPED}
    assert skipped == {"sound.mp3": "there is no reader for .mp3 files yet. Save it as text, PDF or HTML."}
    assert open_collection(settings).sources == ("garden.txt", "people/staff.html", "returns.md")
    assert (report.added, report.chunks) == (3, 4)


def test_the_ledger_counts_characters_sections_and_chunks(small_collection: Path, settings: Settings) -> None:
    report = build(settings, [small_collection], embedder=HashingEmbedder())
    garden, staff, returns = report.ledger
    assert (garden.characters, garden.sections, garden.chunks, garden.reader, garden.encoding) == (
        57,
        1,
        1,
        "text",
        "utf-8",
    )
    assert (staff.reader, staff.sections) == ("html", 1)
    assert (returns.reader, returns.sections, returns.chunks) == ("markdown", 2, 2)


@pytest.mark.parametrize(
    "text",
    [
        "before" + " " * 5_000 + "after",
        "# A\n\u3000\n# B\n\u2003\n",
        '<meta charset="undefined"><p>caf\xe9</p>',
        '<meta charset="unicode_escape"><p>caf\xe9 \\ud800</p>',
        "\x01\x02\x1b[31m red",
        "\ufeff\ufeff",
        "=" * 100_000,
        "| " * 50_000,
        "\u202e" * 100 + "\u200d",
    ],
    ids=["blanks", "wide-blanks", "undefined", "escape", "control", "marks", "rule", "pipes", "invisible"],
)
def test_a_hostile_file_costs_at_most_itself(small_collection: Path, settings: Settings, text: str) -> None:
    for name in ("hostile.txt", "hostile.md", "hostile.html"):
        (small_collection / name).write_bytes(text.encode("latin-1") if "caf" in text else text.encode("utf-8"))
    build(settings, [small_collection], embedder=HashingEmbedder())
    engine = Engine.open(settings, HashingEmbedder())
    assert {"garden.txt", "people/staff.html", "returns.md"} <= set(engine.index.sources)
    for question in ("Who bakes the rye bread?", "red", "="):
        engine.check(engine.ask(question).answer)


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="whoever runs this may read every file")
def test_a_file_without_permission_is_named(small_collection: Path, settings: Settings) -> None:
    (small_collection / "garden.txt").chmod(0)
    report = build(settings, [small_collection], embedder=HashingEmbedder())
    reasons = [entry.reason for entry in report.ledger if entry.source == "garden.txt"]
    assert reasons == ["it can't be opened (Permission denied). Check its permissions."]


def test_where_files_could_not_be_read_an_unsure_answer_says_so(small_collection: Path, settings: Settings) -> None:
    write_files(small_collection, {"empty.txt": ""})
    build(settings, [small_collection], embedder=HashingEmbedder())
    engine = thresholds(Engine.open(settings, HashingEmbedder()), settings, 1, 1)
    assert engine.ask("zeppelin").answer.notices == (
        "1 of 4 files could not be read and were not searched: see qa status.",
    )


def test_where_every_file_was_read_nothing_is_said_of_coverage(small_engine: Engine, settings: Settings) -> None:
    assert thresholds(small_engine, settings, 1, 1).ask("zeppelin").answer.notices == ()


def test_a_folder_of_unreadable_files_only_is_refused_with_the_reasons(tmp_path: Path, settings: Settings) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "", "b.xlsx": "x"})
    with pytest.raises(ConfigError, match=r"docs: none of 2 files can be read\. a\.txt: the file is empty\.; b\.xlsx"):
        build(settings, [docs], embedder=HashingEmbedder())
    with pytest.raises(IndexMissing):
        open_collection(settings)


def test_an_empty_folder_is_refused(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "docs").mkdir()
    with pytest.raises(ConfigError, match=r"docs: no files here\. Put documents in, or name another folder\."):
        build(settings, [tmp_path / "docs"], embedder=HashingEmbedder())


def test_a_missing_folder_is_refused(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ConfigError, match="nowhere: no such file or folder"):
        build(settings, [tmp_path / "nowhere"], embedder=HashingEmbedder())


def test_a_refused_build_leaves_the_old_index(small_collection: Path, settings: Settings, tmp_path: Path) -> None:
    build(settings, [small_collection], embedder=HashingEmbedder())
    (tmp_path / "bare").mkdir()
    with pytest.raises(QAError):
        build(settings, [tmp_path / "bare"], embedder=HashingEmbedder())
    assert len(open_collection(settings)) == 4


def test_an_index_inside_the_collection_does_not_index_itself(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.txt": "Words."})
    inside = Settings(index=docs / "index", reader=ReaderSettings(enabled=False))
    for _ in range(2):
        report = build(inside, [docs], embedder=HashingEmbedder())
        assert [entry.source for entry in report.ledger] == ["a.txt"]


def test_a_build_tells_its_stages_and_ends_each(small_collection: Path, settings: Settings) -> None:
    seen: list[tuple[str, int, int]] = []
    build(
        settings,
        [small_collection],
        embedder=HashingEmbedder(),
        stage=lambda stage, done, total: seen.append((stage, done, total)),
    )
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == ["reading", "embedding", "writing"]
    for stage, total in (("reading", 3), ("embedding", 4), ("writing", 1)):
        assert (stage, total, total) in seen


def test_without_an_index_asking_says_how_to_make_one(settings: Settings) -> None:
    with pytest.raises(IndexMissing, match="Run: qa index FOLDER"):
        Engine.open(settings, HashingEmbedder())


def test_status_tells_what_is_there_without_a_model(small_engine: Engine, settings: Settings) -> None:
    facts = status(settings)
    assert (facts.chunks, facts.fingerprint.embedder) == (4, "hashing:1")
    assert [entry.source for entry in facts.ledger] == ["garden.txt", "people/staff.html", "returns.md"]
    assert facts.size == sum(path.stat().st_size for path in small_engine.index.folder.rglob("*") if path.is_file())


# The reader


def with_reader(
    engine: Engine, settings: Settings, weight: float = 10.0, count: int = 100
) -> tuple[Engine, WordReader]:
    reader = WordReader()
    how = ReaderSettings(weight=weight, count=count)
    return Engine(settings.model_copy(update={"reader": how}), engine.index, HashingEmbedder(), reader), reader


def test_what_the_reader_finds_comes_first_and_its_words_are_set_off(small_engine: Engine, settings: Settings) -> None:
    engine, _ = with_reader(small_engine, settings)
    answer = engine.ask("rye bread and Tuesdays").answer
    assert answer.passages[0].section.heading == ("Shop handbook", "Delivery")
    first = answer.citations[0]
    assert first.text == "Parcels leave the warehouse on Tuesdays."
    assert first.focus is not None
    assert first.focus.of(engine.index.document("returns.md").text) == "Tuesdays"
    engine.check(answer)


def test_the_reader_reads_no_more_chunks_than_it_is_given(small_engine: Engine, settings: Settings) -> None:
    engine, reader = with_reader(small_engine, settings, count=2)
    engine.ask("rye bread")
    assert reader.counts[0] == 2, "chunks; what follows are sentences read by themselves"


def test_the_reader_sees_the_heading_path_of_each_chunk(small_engine: Engine, settings: Settings) -> None:
    engine, reader = with_reader(small_engine, settings)
    engine.ask("rye bread and Tuesdays")
    seen = dict(zip(reader.read_texts, reader.read_contexts, strict=True))
    assert seen["Ines bakes the rye bread. Tom grinds the flour."] == "Staff › Bakery"


def test_without_a_reader_nothing_is_set_off(small_engine: Engine) -> None:
    assert {citation.focus for citation in small_engine.ask("Who bakes the rye bread?").answer.citations} == {None}


# Questions in Spanish


def test_a_spanish_question_is_looked_up_in_english_words(small_engine: Engine) -> None:
    answer = small_engine.ask("¿En cuántos días puede devolverse un paquete?").answer
    assert answer.question == "¿En cuántos días puede devolverse un paquete?"
    assert "days" in answer.searched
    assert answer.passages[0].source == "returns.md"


def test_an_english_question_is_looked_up_as_it_stands(small_engine: Engine) -> None:
    question = "Who bakes the rye bread?"
    assert small_engine.ask(question).answer.searched == question
