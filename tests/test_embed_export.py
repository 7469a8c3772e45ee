"""Exports: any model the same way, kept whole or not at all, and torch where there is no other way."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.embed import export
from qa.embed.cache import ExportCache
from qa.embed.graph import apart, in_bytes
from qa.embed.network import Tables, read_tables
from qa.embed.onnx_backend import OnnxBackend, open_session
from qa.embed.onnx_file import Graph
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.embed.torch_backend import TorchBackend
from qa.errors import ModelUnavailable
from qa.protocols import Input
from qa.sentences import find_sentences
from tests.conftest import REPOSITORY
from tests.tiny_models import save_tiny_model

TEXTS = [
    "the boat opens at six. who wrote the letter?",
    "The Board VOTES, and the chair is in the harbour.",
    "light and water. " * 40,
    "a",
]
INPUTS = [Input("the harbour", text, tuple(find_sentences(text))) for text in TEXTS]


def embedder(folder: Path, **given: object) -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder(str(folder), cache=folder.parent / "cache", **given)  # type: ignore[arg-type]


# Any model


@pytest.mark.parametrize(
    ("family", "given"),
    [
        ("bert", {"pooling": "cls", "dense": 24, "prompts": {"query": "who ", "document": "the "}}),
        ("bert", {"pooling": "lasttoken", "hidden_act": "gelu_new", "normalised": False, "lower": True}),
        ("roberta", {"pooling": ("max", "mean"), "dense": 40}),
        ("xlm-roberta", {"pooling": "mean_sqrt_len_tokens", "hidden_act": "relu", "normalised": False}),
        ("mpnet", {"pooling": "mean"}),
        ("distilbert", {"pooling": "weightedmean"}),
    ],
)
def test_families_poolings_and_what_follows_them_give_what_torch_gives(
    tmp_path: Path, family: str, given: dict[str, object]
) -> None:
    folder = save_tiny_model(tmp_path / "model", family, **given)  # type: ignore[arg-type]
    ours, theirs = embedder(folder, backend="onnx", precision="float32"), embedder(folder, backend="torch")
    assert isinstance(ours._backend, OnnxBackend)
    assert isinstance(theirs._backend, TorchBackend)
    assert (ours.dim, ours.max_tokens) == (theirs.dim, theirs.max_tokens)
    assert ours.fingerprint == theirs.fingerprint
    mine, reference = ours.embed_documents(INPUTS), theirs.embed_documents(INPUTS)
    assert np.abs(mine.chunks - reference.chunks).max() < 1e-4
    assert np.abs(mine.sentences - reference.sentences).max() < 1e-4
    for text in TEXTS:
        one, two = ours.embed_query(text), theirs.embed_query(text)
        assert np.abs(one.row - two.row).max() < 1e-4
        assert one.kept == two.kept
    # and the texts are not all alike, or nothing was compared
    assert float(reference.chunks[0] @ reference.chunks[1]) < 0.999


def test_weights_in_half_precision_are_read_as_the_library_reads_them(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    folder = save_tiny_model(tmp_path / "model")
    for kind in (torch.float16, torch.bfloat16):
        weights = folder / "model.safetensors"
        save_file({name: tensor.to(kind) for name, tensor in load_file(weights).items()}, weights)
        assert isinstance(embedder(folder, backend="onnx", precision="float32")._backend, OnnxBackend)


def test_int8_that_would_change_vectors_too_much_gives_way_to_float32(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(export._LEAST, export.INT8, 1.01)
    folder = save_tiny_model(tmp_path / "model")
    model = embedder(folder, precision="int8")
    assert model.fingerprint == embedder(folder, backend="torch").fingerprint
    assert "ONNX Runtime, float32 (in int8 its vectors would change too much" in model.runtime
    assert "it runs in float32" in caplog.text


# Torch where there is no other way


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """A model of a family that isn't known."""
    return save_tiny_model(tmp_path / "model", "electra", embedding_size=32)


def test_a_model_that_cannot_be_exported_runs_on_torch_and_says_so(
    strange: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = embedder(strange)
    assert isinstance(model._backend, TorchBackend)
    assert "model can't be exported to ONNX: its architecture 'electra' is none of bert, " in caplog.text
    assert model.runtime.startswith("torch, float32 (not on ONNX Runtime: its architecture 'electra'")
    assert model.fingerprint == embedder(strange, backend="torch").fingerprint
    assert model.embed_documents(INPUTS).chunks.shape == (4, 32)


def test_what_was_found_is_remembered(strange: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = embedder(strange).runtime
    monkeypatch.setattr(export, "read_recipe", None)  # so that a second look would fail
    assert embedder(strange).runtime == first


def test_onnx_that_was_asked_for_and_cannot_be_had_is_an_error(strange: Path) -> None:
    with pytest.raises(ModelUnavailable, match=r"model model: it can't run on ONNX Runtime: .* Set embed\.backend to"):
        embedder(strange, backend="onnx").embed_query("x")


def test_an_export_that_gives_other_vectors_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_tiny_model(tmp_path / "model")

    def wrong(weights: Path, config: dict[str, object]) -> Tables:
        tables = read_tables(weights, config)
        return Tables(tables.words, tables.places[::-1], tables.distances)

    monkeypatch.setattr(export, "read_tables", wrong)
    assert "its export gives other vectors (cosine 0." in embedder(folder).runtime


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("modules.json", '[{"type": "x.StaticEmbedding", "path": ""}]', "its modules are StaticEmbedding"),
        ("1_Pooling/config.json", '{"pooling_mode": "median"}', "its pooling 'median' isn't known"),
        ("tokenizer.json", None, "it has no tokenizer.json"),
        ("config.json", "{", "config.json can't be read"),
    ],
)
def test_each_reason_not_to_export_is_named(tmp_path: Path, file: str, content: str | None, reason: str) -> None:
    folder = save_tiny_model(tmp_path / "model")
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content, encoding="utf-8")
    assert reason in embedder(folder).runtime


# The cache


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny") / "model")


def row(folder: Path, cache: Path) -> list[float]:
    model = SentenceTransformerEmbedder(str(folder), backend="onnx", precision="int8", cache=cache)
    return [float(x) for x in model.embed_query("who wrote the letter?").row]


def names(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir())


def test_a_second_start_uses_what_the_first_exported(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = row(tiny, tmp_path)
    assert len(names(tmp_path)) == 2  # the file and its record
    monkeypatch.setattr(export, "build", None)
    assert row(tiny, tmp_path) == first


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :],
        lambda data: b"",
        None,
    ],
    ids=["shortened", "one bit", "empty", "missing"],
)
def test_a_damaged_export_is_noticed_and_made_anew(
    tiny: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: Callable[[bytes], bytes] | None
) -> None:
    first = row(tiny, tmp_path)
    (path,) = tmp_path.glob("*.onnx")
    whole = path.read_bytes()
    path.unlink()
    if damage:
        path.write_bytes(damage(whole))
    assert row(tiny, tmp_path) == first
    assert "the model is exported anew" in caplog.text
    assert path.read_bytes() == whole


def test_a_damaged_record_is_noticed_too(tiny: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    first = row(tiny, tmp_path)
    (path,) = tmp_path.glob("*.json")
    path.write_text("{", encoding="utf-8")
    assert row(tiny, tmp_path) == first
    assert f"{path}: can't be read" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="no such permissions")
def test_a_cache_that_cannot_be_written_is_said_once_and_done_without(
    tiny: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")  # holds for root as well, unlike permissions
    with caplog.at_level(logging.WARNING):
        assert row(tiny, blocked / "cache") == row(tiny, tmp_path / "other")
    said = [record.getMessage() for record in caplog.records if "can't be written" in record.getMessage()]
    assert len(said) == 1
    assert "another folder in embed.cache" in said[0]


def test_another_exporter_or_another_precision_is_another_entry(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row(tiny, tmp_path)
    SentenceTransformerEmbedder(str(tiny), precision="float32", cache=tmp_path).embed_query("x")
    assert len(names(tmp_path)) == 4
    monkeypatch.setattr(export, "VERSION", 99)
    row(tiny, tmp_path)
    assert len(names(tmp_path)) == 6


EXPORTING = """
import sys
from pathlib import Path
from qa.embed.sentence_transformer import SentenceTransformerEmbedder
model = SentenceTransformerEmbedder(precision="int8", cache=Path(sys.argv[1]))
print(model.embed_query("who wrote the letter?").row.tobytes().hex())
assert not {"torch", "transformers", "sentence_transformers", "onnx"} & set(sys.modules)
"""


def test_processes_that_export_at_once_do_not_meet_and_none_needs_torch_for_the_bundled_model(tmp_path: Path) -> None:
    command = [sys.executable, "-c", EXPORTING, str(tmp_path)]
    environ = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) for _ in range(2)]
    rows = {process.communicate(timeout=120)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0]
    assert len(rows) == 1
    assert [name.rpartition(".")[2] for name in names(tmp_path)] == ["onnx", "json"]


def test_the_cache_stands_where_the_platform_keeps_such_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert ExportCache().folder == tmp_path / "quoth" / "embed"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert Path.home() in ExportCache().folder.parents


# Channels apart


def test_channels_that_stand_a_quarter_above_the_ninth_are_multiplied_apart() -> None:
    peaks = np.ones(40, np.float32)
    peaks[[30, 3, 17]] = [28, 1.2, 1.3]
    assert apart(peaks).tolist() == [17, 30]


def test_at_most_eight_are() -> None:
    assert len(apart(np.arange(1, 65, dtype=np.float32) ** 8)) <= 8
    assert apart(np.ones(64, np.float32)).tolist() == []


# Weights in bytes


@given(st.integers(1, 9), st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1.0, 3.0]))
def test_no_two_weights_side_by_side_outgrow_sixteen_bits(inputs: int, seed: int, middle: float) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.normal(middle, 1, (inputs, 5)).astype(np.float32)
    whole, scale = in_bytes(weight)
    pairs = np.zeros((inputs + inputs % 2, 5), np.int64)
    pairs[:inputs] = whole
    for entering in ((255, 255), (255, 0), (0, 255)):
        sums = entering[0] * pairs[0::2] + entering[1] * pairs[1::2]
        assert sums.min() >= -(2**15)
        assert sums.max() < 2**15
    assert np.abs(whole * scale - weight).max() <= scale.max() * 0.5001


def test_weights_of_one_sign_are_multiplied_rightly_on_any_processor() -> None:
    # side by side they are the worst case: in eight bits each, AVX2 would give half of what is right
    whole, scale = in_bytes(np.full((384, 8), 2.0, np.float32))
    graph = Graph()
    constants = (whole, scale, np.zeros(8, np.int8))
    product = graph.add(
        "ms.DynamicQuantizeMatMul", graph.input("x", 3, 384), *(graph.constant(array) for array in constants)
    )
    session = open_session(graph.to_bytes([product]), "a product")
    (found,) = session.run(None, {"x": np.full((3, 384), 0.5, np.float32)})
    assert found == pytest.approx(384.0, rel=0.01)
