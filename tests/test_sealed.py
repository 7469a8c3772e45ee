"""Files written once: rows come back as written, in whatever way they are asked for, and needn't stay in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qa import sealed
from qa.errors import IndexCorrupt
from qa.sealed import Appender, Files, Sheet, seal

ROWS = np.arange(40_000, dtype=np.float32).reshape(-1, 4)


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    with Appender(tmp_path / "rows.npy", "<f4", 4) as out:
        out.add(ROWS)
    return Files(tmp_path, seal(tmp_path)).sheet("rows.npy")


def resident() -> int:
    """Return how many bytes of mapped files this process holds in memory."""
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    found = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
    return 1024 * (int(found["Rss"]) - int(found["Anonymous"]))


def test_rows_are_gathered_in_the_order_asked_for_a_block_at_a_time(
    sheet: Sheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "_AT_ONCE", 1 << 16)
    wanted = np.random.default_rng(1).permutation(len(ROWS))
    blocks = list(sheet.gather(wanted))
    assert len(blocks) > 100
    assert np.array_equal(np.concatenate(blocks), ROWS[wanted])
    assert list(sheet.gather(wanted[:0])) == []


def test_stretches_come_one_after_another_empty_ones_too(sheet: Sheet) -> None:
    first, last = np.array([7, 3, 3, 9_000]), np.array([10, 3, 5, 10_000])
    assert np.array_equal(
        sheet.stretches(first, last), np.concatenate([ROWS[a:b] for a, b in zip(first, last, strict=True)])
    )
    assert sheet.stretches(first[:0], last[:0]).shape == (0, 4)
    assert sheet.stretches(first[1:2], last[1:2]).shape == (0, 4)


def test_a_stretch_is_checked_to_its_end(tmp_path: Path, sheet: Sheet) -> None:
    with (tmp_path / "rows.npy").open("r+b") as file:
        file.seek(100_000)  # in row 6,242
        file.write(b"\xff")
    assert len(sheet.stretches(np.array([0, 8_500]), np.array([5_000, 8_600]))) == 5_100
    with pytest.raises(IndexCorrupt, match=r"rows\.npy"):
        sheet.stretches(np.array([0, 8_500]), np.array([7_000, 8_600]))


def test_gathering_checks_what_it_reads(tmp_path: Path, sheet: Sheet) -> None:
    with (tmp_path / "rows.npy").open("r+b") as file:
        file.seek(100_000)
        file.write(b"\xff")
    assert len(list(sheet.gather(np.arange(1_000)))) == 1
    with pytest.raises(IndexCorrupt, match=r"rows\.npy"):
        list(sheet.gather(np.arange(len(ROWS))))


@pytest.mark.skipif(not Path("/proc/self/smaps_rollup").exists(), reason="the system doesn't tell")
def test_what_was_let_go_is_out_of_memory_and_still_there(tmp_path: Path) -> None:
    with Appender(tmp_path / "rows.npy", "<f4", 1_000) as out:
        for number in range(8):
            out.add(np.full((1_000, 1_000), number, np.float32))  # 4 MB each
    sheet = Files(tmp_path).sheet("rows.npy")
    before = resident()
    assert sheet.values.sum() == 28_000_000.0
    assert resident() - before > 24_000_000
    sheet.let_go()
    assert resident() - before < 8_000_000
    assert sheet.cut(7_999, 8_000)[0, 0] == 7.0
