"""docs/extending.md is true: its package is installed, named in the settings, and does what the page says."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qa.cite import GENERATED
from qa.config import Settings
from qa.engine import Engine, build, status
from qa.engine.adapters import make_readers, make_translator, open_collection
from qa.errors import ConfigError, IndexCorrupt, QuoteMismatch
from qa.gloss import SpanishGlossary
from qa.load import Found
from qa.protocols import Answerer
from qa.types import Answer, Draft, Passage, Verdict
from qa.ui.answer_json import to_json
from qa.ui.render import WRITTEN, answer_html, to_text
from tests import recipes
from tests.conftest import write_files
from tests.contracts.test_vector_store import PlainStore
from tests.fakes import HashingEmbedder, LatinTranslator
from tests.tiny_models import save_tiny_language_model, save_tiny_model

BREAD = "Who bakes the rye bread?"


@pytest.fixture(autouse=True)
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page's package, installed."""
    return recipes.install(tmp_path / "site", monkeypatch)


def changed(settings: Settings, table: str, **values: object) -> Settings:
    """Return settings with what the page's qa.toml says of a table, or with other values of it."""
    asked = values or recipes.settings_of(table)[table]
    return Settings.model_validate(settings.model_dump() | {table: getattr(settings, table).model_dump() | asked})


def asked(settings: Settings, question: str = BREAD) -> Answer:
    return Engine.open(settings, HashingEmbedder()).ask(question).answer


def test_every_module_of_the_page_is_in_its_package() -> None:
    modules = [name.removesuffix(".py") for name, _ in recipes.blocks() if name.endswith(".py")]
    assert modules == [*recipes.project()["tool"]["setuptools"]["py-modules"], "save_model"]


@pytest.mark.parametrize(
    ("table", "key", "name"),
    [
        ("store", "kind", "milvus"),
        ("answer", "kind", "oracle"),
        ("load", "formats", "wiki, runes"),
        ("retrieve", "translator", "latin"),
    ],
)
def test_what_no_package_offers_is_refused_by_setting_and_name(
    settings: Settings, small_collection: Path, table: str, key: str, name: str
) -> None:
    build(settings, [small_collection], embedder=HashingEmbedder())
    other = changed(settings, table, **{key: name})
    use = make_readers if table == "load" else asked
    with pytest.raises(ConfigError, match=rf"{table}\.{key} can't be '{name.split()[-1]}': no installed package"):
        use(other)


def test_what_cannot_be_loaded_is_refused_with_its_reason(settings: Settings, package: Path) -> None:
    (package / "quoth_wiki.py").write_text("import no_such_library\n")
    with pytest.raises(ConfigError, match=r"quoth_wiki:FORMAT can't be loaded \(No module named 'no_such_library'\)"):
        make_readers(changed(settings, "load"))


# Another vector database


def test_an_index_over_the_pages_store_answers_as_one_over_faiss(settings: Settings, small_collection: Path) -> None:
    build(settings, [small_collection], embedder=HashingEmbedder())
    expected = asked(settings)
    other = changed(settings, "store")
    build(other, [small_collection], rebuild=True, embedder=HashingEmbedder())
    assert [path.name for path in (settings.index / "vectors").iterdir()] == ["vectors.db"]
    assert asked(other) == expected
    assert dict(status(other).summary())["search"] == "SQLite, 4 rows"


def test_the_pages_store_follows_what_changes(settings: Settings, small_collection: Path) -> None:
    other = changed(settings, "store")
    build(other, [small_collection], embedder=HashingEmbedder())
    before = Engine.open(other, HashingEmbedder())
    (small_collection / "garden.txt").unlink()
    write_files(small_collection, {"bees.txt": "Bees keep the orchard alive.\n"})
    build(other, [small_collection], embedder=HashingEmbedder())
    assert len(open_collection(other).store) == 4
    assert asked(other, "What keeps the orchard alive?").passages[0].source == "bees.txt"
    # who had it open goes on with what was there
    assert before.ask("What dislikes cold nights?").answer.passages[0].source == "garden.txt"


def test_damage_in_the_pages_store_is_noticed(settings: Settings, small_collection: Path) -> None:
    other = changed(settings, "store")
    build(other, [small_collection], embedder=HashingEmbedder())
    path = settings.index / "vectors" / "vectors.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE vectors SET vector = zeroblob(256) WHERE id = (SELECT min(id) FROM vectors)")
    with pytest.raises(IndexCorrupt, match=r"vectors\.db: what is stored isn't what was written"):
        status(other)
    path.write_bytes(b"x" * 5000)
    with pytest.raises(IndexCorrupt, match=r"vectors\.db: what is stored isn't what was written"):
        asked(other)


SERVER: Any = PlainStore(64)


def server(settings: Settings, dim: int) -> PlainStore:
    """Return a store whose rows outlive the index's folder, as those on a server do."""
    store: PlainStore = SERVER
    return store


def test_a_store_that_lies_elsewhere_forgets_the_index_before(
    settings: Settings, small_collection: Path, package: Path
) -> None:
    # its revision is beyond all of the new index's, so that all would be taken to be in it
    SERVER.update(1_000, np.zeros(0, np.int64), [(np.array([5]), np.eye(64, dtype=np.float32)[:1])], 1, SERVER)
    recipes.offer(package, "quoth.vector_stores", f"server = {__name__}:server")
    other = changed(settings, "store", kind="server")
    build(other, [small_collection], embedder=HashingEmbedder())
    assert len(SERVER) == 4
    assert SERVER.revision < 1_000
    assert asked(other).passages[0].source == "people/staff.html"


# A new file format

WIKI = "= Harbour =\n\nThe old port.\n\n== Ferries ==\r\nThe ferry leaves at noon. It carries bicycles.\n"


def test_the_pages_format_is_read_in_a_process_of_its_own(settings: Settings) -> None:
    readers = make_readers(changed(settings, "load"))
    try:
        reading = readers.read(Found(Path("harbour.wiki"), "harbour.wiki"), WIKI.encode())
    finally:
        readers.close()
    assert (reading.reader, reading.document.title, reading.document.text) == ("wiki", "Harbour", WIKI)
    assert [section.heading for section in reading.document.sections] == [("Harbour",), ("Harbour", "Ferries")]


def test_the_pages_format_is_quoted_by_its_line(settings: Settings, tmp_path: Path) -> None:
    collection = write_files(tmp_path / "docs", {"harbour.wiki": WIKI})
    with pytest.raises(ConfigError, match=r"there is no reader for \.wiki files yet"):
        build(settings, [collection], embedder=HashingEmbedder())
    other = changed(settings, "load")
    build(other, [collection], embedder=HashingEmbedder())
    shown = to_json(asked(other, "When does the ferry leave?"))["citations"][0]
    assert (shown["quote"], shown["place"], shown["heading"]) == (
        "The ferry leaves at noon.",
        "line 6",
        "Harbour › Ferries",
    )


# Answers by a language model


class Putting:
    """An answerer that puts a text in the place of ours."""

    def __init__(self, extractive: Answerer, text: str) -> None:
        self._extractive, self._text = extractive, text

    def write(self, question: str, passages: Sequence[Passage]) -> Draft:
        """Return our quotes under another text."""
        return replace(self._extractive.write(question, passages), text=self._text)


def undeclared(settings: Settings, extractive: Answerer) -> Answerer:
    return Putting(extractive, "It is Ines, I think. [1]")


def declared(settings: Settings, extractive: Answerer) -> Answerer:
    answerer: Answerer = importlib.import_module("quoth_llm").LanguageModelAnswerer(extractive, _say)
    return answerer


PROMPTS: list[str] = []


def _say(prompt: str) -> str:
    PROMPTS.append(prompt)
    return " Ines does [1], on <Monday> [9]. Ines bakes the rye bread. [1]\n"


def test_an_answerer_that_does_not_say_it_writes_words_of_its_own_is_refused(
    settings: Settings, small_collection: Path, package: Path
) -> None:
    build(settings, [small_collection], embedder=HashingEmbedder())
    recipes.offer(package, "quoth.answerers", f"undeclared = {__name__}:undeclared")
    with pytest.raises(QuoteMismatch, match="words that are no quote"):
        asked(changed(settings, "answer", kind="undeclared"))


def test_what_a_model_writes_is_marked_and_the_quotes_stand_beneath(
    settings: Settings, small_collection: Path, package: Path
) -> None:
    build(settings, [small_collection], embedder=HashingEmbedder())
    recipes.offer(package, "quoth.answerers", f"declared = {__name__}:declared")
    plain, answer = asked(settings), asked(changed(settings, "answer", kind="declared"))
    assert f"[1] {answer.passages[0].text}" in PROMPTS[-1]
    assert PROMPTS[-1].endswith(f"Question: {BREAD}\nAnswer:")
    assert answer.text == "Ines does [1], on <Monday>. Ines bakes the rye bread. [1]"
    assert [span.of(answer.text) for span in answer.generated] == ["Ines does", ", on <Monday>."]
    assert GENERATED in answer.notices
    # what is quoted, and how sure that is, is as it would be without
    assert (answer.citations, answer.verdict, answer.confidence) == (plain.citations, plain.verdict, plain.confidence)
    assert [citation.text for citation in answer.citations] == ["Ines bakes the rye bread."]
    assert to_json(answer)["generated"] == [{"start": 0, "end": 9}, {"start": 13, "end": 27}]
    assert f"{WRITTEN}\n    Ines does [1], on <Monday>." in to_text(answer, colour=False)
    assert f"{WRITTEN}</p>" in answer_html(answer, 1)
    assert "&lt;Monday&gt;" in answer_html(answer, 1)
    assert WRITTEN not in to_text(plain, colour=False) + answer_html(plain, 1)


def test_nothing_is_written_where_nothing_was_found(settings: Settings, small_collection: Path, package: Path) -> None:
    build(settings, [small_collection], embedder=HashingEmbedder())
    recipes.offer(package, "quoth.answerers", f"declared = {__name__}:declared")
    answer = asked(changed(settings, "answer", kind="declared"), "Which comet did Halley observe?")
    assert (answer.verdict, answer.text, answer.generated) == (Verdict.NOT_FOUND, "", ())


@pytest.mark.slow
def test_a_model_from_a_folder_writes(
    settings: Settings, small_collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(settings, [small_collection], embedder=HashingEmbedder())
    monkeypatch.setenv("QUOTH_LLM", str(save_tiny_language_model(tmp_path / "model")))
    answer = asked(changed(settings, "answer"))
    assert answer.generated
    assert GENERATED in answer.notices
    assert [citation.text for citation in answer.citations] == ["Ines bakes the rye bread."]


# A translator


def latin(settings: Settings) -> LatinTranslator:
    return LatinTranslator()


def test_a_translator_puts_a_question_in_the_documents_words(
    settings: Settings, small_collection: Path, package: Path
) -> None:
    build(settings, [small_collection], embedder=HashingEmbedder())
    recipes.offer(package, "quoth.translators", f"latin = {__name__}:latin")
    answer = asked(changed(settings, "retrieve", translator="latin"), "Who bakes the rye panem?")
    assert (answer.question, answer.searched) == ("Who bakes the rye panem?", BREAD)
    assert [citation.text for citation in answer.citations] == ["Ines bakes the rye bread."]


@pytest.mark.parametrize(
    ("translator", "language", "searched"),
    [
        ("spanish", "english", "where is bread?"),
        ("none", "english", "¿Dónde está el pan?"),
        ("spanish", "german", "¿Dónde está el pan?"),
    ],
)
def test_the_glossary_is_used_for_english_documents_unless_it_is_switched_off(
    settings: Settings, translator: str, language: str, searched: str
) -> None:
    chosen = make_translator(changed(settings, "retrieve", translator=translator, language=language))
    question = "¿Dónde está el pan?"
    translated = chosen.translate(question, lambda word: word == "bread") if chosen else None
    assert (translated or question).lower() == searched.lower()
    assert isinstance(chosen, SpanishGlossary) == (searched != question)


# Another embedding model


@pytest.mark.slow
def test_a_model_that_was_saved_as_the_page_says_makes_the_vectors(
    settings: Settings, small_collection: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build(settings, [small_collection], embedder=HashingEmbedder())
    name = save_tiny_model(tmp_path / "downloaded", prompts={"query": "who ", "document": "the "})
    folder = recipes.settings_of("embed")["embed"]["model"]
    importlib.import_module("save_model").save(str(name), folder)
    other = changed(settings, "embed", model=folder, precision="float32")
    report = build(other, [small_collection])
    assert "another embedding model" in report.note or report.added == 3
    engine = Engine.open(other)
    assert (engine.index.store.dim, dict(status(other).summary())["search"]) == (
        32,
        "FAISS, each of 4 rows is looked at: exact",
    )
    assert engine.ask("Who bakes the rye bread?").answer.passages
