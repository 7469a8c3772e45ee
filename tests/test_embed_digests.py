"""Digests of weights: remembered while a file is the same from outside, found anew as soon as it isn't."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from qa.embed import digests
from qa.embed.digests import sha256

OLD = 1_600_000_000


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"w" * 2_000_000)
    return path


@pytest.fixture(autouse=True)
def _each_call_is_a_new_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "_digest", digests._digest.__wrapped__)
    monkeypatch.setattr(digests, "_TOO_NEAR", -10_000_000_000)  # files of a test were all made just now


def truth(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_file_is_read_once_while_it_stays_the_same(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sha256(weights, tmp_path / "cache") == truth(weights)
    monkeypatch.setattr(digests, "_read", lambda _: pytest.fail("the file was read again"))
    assert sha256(weights, tmp_path / "cache") == truth(weights)


def test_a_changed_byte_is_noticed_even_where_size_and_time_are_set_back(weights: Path, tmp_path: Path) -> None:
    os.utime(weights, (OLD, OLD))
    before = sha256(weights, tmp_path / "cache")
    weights.write_bytes(b"w" * 1_999_999 + b"x")
    os.utime(weights, (OLD, OLD))
    assert sha256(weights, tmp_path / "cache") == truth(weights) != before


def test_a_file_changed_just_now_is_not_remembered(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_TOO_NEAR", 10**12)
    sha256(weights, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_small_files_are_read_each_time(tmp_path: Path) -> None:
    small = tmp_path / "config.json"
    small.write_bytes(b"{}")
    assert sha256(small, tmp_path / "cache") == truth(small)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("memory", [b"", b"[1]", b"{", b'{"a": 3}', b"\xff\xfe"])
def test_a_damaged_memory_costs_nothing_but_time(weights: Path, tmp_path: Path, memory: bytes) -> None:
    (tmp_path / "digests.json").write_bytes(memory)
    assert sha256(weights, tmp_path) == truth(weights)
    assert str(weights) in json.loads((tmp_path / "digests.json").read_text())


def test_without_a_place_for_the_memory_the_file_is_read(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    assert sha256(weights, tmp_path / "file" / "cache") == truth(weights)
