"""What every embedder does: texts and questions to rows of unit length, near where they mean the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from qa.embed import export
from qa.embed.samples import SAMPLES
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.embed.torch_backend import TorchBackend
from qa.embed.weights import bundled_model
from qa.protocols import Embedder, Input, Rows
from qa.sentences import find_sentences
from tests.fakes import HashingEmbedder

WAYS: dict[str, Callable[[], Embedder]] = {
    "hashing": HashingEmbedder,
    "onnx-int8": lambda: SentenceTransformerEmbedder(backend="onnx", precision="int8", threads=2),
    "onnx-float32": lambda: SentenceTransformerEmbedder(backend="onnx", precision="float32"),
    "torch": lambda: SentenceTransformerEmbedder(backend="torch"),
}


PARAMETERS = [pytest.param(name, marks=pytest.mark.slow if name == "torch" else ()) for name in WAYS]


@pytest.fixture(scope="module", params=PARAMETERS)
def way(request: pytest.FixtureRequest) -> tuple[str, Embedder]:
    return request.param, WAYS[request.param]()


@pytest.fixture
def embedder(way: tuple[str, Embedder]) -> Embedder:
    return way[1]


def item(text: str, context: str = "") -> Input:
    return Input(context, text, tuple(find_sentences(text)))


RETURNS = item("A parcel may be returned within 30 days. The buyer pays the postage.", "Shop › Returns")
BAKERY = item("Ines bakes the rye bread.", "Staff › Bakery")
GARDEN = item("Tomatoes want sun. Basil dislikes cold nights. Mint grows anywhere.")


def test_there_is_a_row_for_each_chunk_and_each_sentence_in_order(embedder: Embedder) -> None:
    embedded = embedder.embed_documents([RETURNS, BAKERY, GARDEN])
    assert embedded.chunks.shape == (3, embedder.dim)
    assert embedded.sentences.shape == (2 + 1 + 3, embedder.dim)
    assert embedded.chunks.dtype == embedded.sentences.dtype == np.dtype(np.float32)


def test_every_row_has_unit_length(embedder: Embedder) -> None:
    embedded = embedder.embed_documents([RETURNS, BAKERY, GARDEN])
    for row in [*embedded.chunks, *embedded.sentences, embedder.embed_query("Who bakes?").row]:
        assert float(np.linalg.norm(row)) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize(
    ("question", "chunk", "sentence"),
    [
        ("Within how many days may a parcel be returned?", 0, 0),
        ("Who pays the postage?", 0, 1),
        ("Who bakes rye bread?", 1, 2),
        ("What dislikes cold nights?", 2, 4),
    ],
)
def test_a_question_is_nearest_to_the_chunk_and_the_sentence_that_answer_it(
    embedder: Embedder, question: str, chunk: int, sentence: int
) -> None:
    embedded = embedder.embed_documents([RETURNS, BAKERY, GARDEN])
    row = embedder.embed_query(question).row
    assert int(np.argmax(embedded.chunks @ row)) == chunk
    assert int(np.argmax(embedded.sentences @ row)) == sentence


def test_the_context_colours_the_chunk(embedder: Embedder) -> None:
    plain, coloured = item("It opens at nine."), item("It opens at nine.", "The public library")
    rows = embedder.embed_documents([plain, coloured]).chunks
    query = embedder.embed_query("public library").row
    assert rows[1] @ query > rows[0] @ query


def test_rows_do_not_depend_on_what_else_is_in_the_batch_or_its_order(embedder: Embedder) -> None:
    forth = embedder.embed_documents([RETURNS, BAKERY, GARDEN])
    back = embedder.embed_documents([GARDEN, BAKERY, RETURNS])
    alone = embedder.embed_documents([BAKERY])
    assert np.allclose(forth.chunks, back.chunks[::-1], atol=1e-5)
    assert np.allclose(forth.sentences[:2], back.sentences[4:], atol=1e-5)
    assert np.allclose(forth.chunks[1], alone.chunks[0], atol=1e-5)


def test_the_same_call_twice_gives_the_same_bits(embedder: Embedder) -> None:
    one, two = (embedder.embed_documents([RETURNS, GARDEN]) for _ in range(2))
    assert np.array_equal(one.chunks, two.chunks)
    assert np.array_equal(one.sentences, two.sentences)
    question = "Who pays the postage?"
    assert np.array_equal(embedder.embed_query(question).row, embedder.embed_query(question).row)


def test_nothing_to_embed_gives_no_rows_of_the_right_length(embedder: Embedder) -> None:
    embedded = embedder.embed_documents([])
    assert embedded.chunks.shape == (0, embedder.dim)
    assert embedded.sentences.shape == (0, embedder.dim)


def test_a_text_without_sentences_has_a_row_and_adds_none_to_the_sentences(embedder: Embedder) -> None:
    embedded = embedder.embed_documents([Input("", "words", ()), BAKERY])
    assert (len(embedded.chunks), len(embedded.sentences)) == (2, 1)


def test_a_question_that_fits_is_read_whole(embedder: Embedder) -> None:
    question = "Who bakes the 😀 rye bread?"
    assert embedder.embed_query(question).kept == len(question)


def test_an_over_long_question_is_cut_at_the_models_limit_and_says_where(embedder: Embedder) -> None:
    question = "bread " * 20_000
    query = embedder.embed_query(question)
    assert 0 < query.kept < len(question)
    assert query.kept // 6 <= embedder.max_tokens
    assert np.allclose(query.row, embedder.embed_query(question[: query.kept]).row, atol=1e-5)
    assert query.row.shape == (embedder.dim,)


@pytest.mark.parametrize("question", ["?!", "\x01", "😀", "\u200d", "漢字", "\ud800 bread"])
def test_any_question_has_a_finite_row(embedder: Embedder, question: str) -> None:
    row = embedder.embed_query(question).row
    assert np.isfinite(row).all()
    assert float(np.linalg.norm(row)) == pytest.approx(1.0, abs=1e-5)


def test_progress_ends_with_everything_done(embedder: Embedder) -> None:
    seen: list[tuple[int, int]] = []
    embedder.embed_documents([RETURNS, BAKERY, GARDEN], lambda done, total: seen.append((done, total)))
    assert seen[-1] == (3, 3)
    assert seen == sorted(seen)


def test_the_fingerprint_is_one_word_that_stays(way: tuple[str, Embedder]) -> None:
    name, embedder = way
    assert embedder.fingerprint == embedder.fingerprint.strip() != ""
    assert WAYS[name]().fingerprint == embedder.fingerprint


# The runtimes of one model, on the same texts

LONG = " ".join(f"In year {at} the {word} committee met again." for at in range(30) for word in ("first", "second"))
MIXED = [RETURNS, BAKERY, GARDEN, item(LONG, "History › Minutes"), item("😀 漢字 \u200d Straße, İstanbul."), item("x")]


def cosines(rows: Rows, others: Rows) -> Rows:
    product: Rows = (rows * others).sum(axis=1)
    return product


@pytest.fixture(scope="module")
def reference() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(backend="torch")


def test_on_torch_a_row_is_the_librarys_own(reference: SentenceTransformerEmbedder) -> None:
    backend = reference._backend
    assert isinstance(backend, TorchBackend)
    texts = ["Goods crossed the border by rail. Trade grew.", "Why?"]
    own = backend.model.encode(texts, normalize_embeddings=True)
    assert np.allclose(reference.embed_documents([item(text) for text in texts]).chunks, own, atol=1e-5)
    assert np.allclose(reference.embed_query(texts[0]).row, own[0], atol=1e-5)


@pytest.mark.parametrize(("precision", "least"), [("float32", 0.99999), ("int8", 0.99)])
def test_runtimes_agree_on_chunks_sentences_and_questions(
    reference: SentenceTransformerEmbedder, precision: str, least: float
) -> None:
    other = SentenceTransformerEmbedder(backend="onnx", precision=precision)
    theirs, ours = reference.embed_documents(MIXED), other.embed_documents(MIXED)
    assert cosines(ours.chunks, theirs.chunks).min() > least
    assert cosines(ours.sentences, theirs.sentences).min() > least
    for question in ("Who pays the postage?", "bread " * 300, "¿Dónde está İstanbul?"):
        one, two = reference.embed_query(question), other.embed_query(question)
        assert float(one.row @ two.row) > least
        assert one.kept == two.kept


def test_rows_that_can_be_compared_have_one_fingerprint_and_others_another(
    reference: SentenceTransformerEmbedder,
) -> None:
    plain, small = (SentenceTransformerEmbedder(precision=precision) for precision in ("float32", "int8"))
    assert plain.fingerprint == reference.fingerprint
    assert small.fingerprint == f"{plain.fingerprint}:int8.3"


def test_the_vectors_that_come_with_the_program_are_the_librarys(reference: SentenceTransformerEmbedder) -> None:
    stored = Path(export.__file__).with_name(f"reference-{bundled_model().fingerprint}.npy")
    assert cosines(np.load(stored), export.vectors(reference._backend, SAMPLES)).min() > 0.999999
