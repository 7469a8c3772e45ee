"""The benchmarks' own arithmetic, their texts, and a tiny run of some; nothing is timed in earnest."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import formats, peak, plot
from benchmarks.__main__ import main
from benchmarks.files import MAKERS, make, pages_of, parts_of, write_pdf
from benchmarks.machine import commit
from benchmarks.measure import StageClock, exponent, percentiles, quantile, ratio, spread
from benchmarks.peers import _best
from benchmarks.process import run
from benchmarks.report import write_page
from benchmarks.scale import recall
from benchmarks.synthetic import SynthesisedEmbedder
from benchmarks.targets import TARGETS, Target
from benchmarks.texts import Writer, collection, small_files
from qa.config import Settings, VerdictSettings
from qa.engine import build
from qa.load.extracted import Limits
from qa.load.formats.pdf import extract
from qa.load.table import BY_SUFFIX, FORMATS
from tests.fakes import HashingEmbedder


def test_a_ratio_is_taken_round_by_round_and_above_one_where_ours_is_faster() -> None:
    # rounds 2/1, 9/3 and 4/4: 2, 3 and 1; the ratio of the medians would be 4/3
    found = ratio([1.0, 3.0, 4.0], [2.0, 9.0, 4.0])
    assert (found.median, found.low, found.high, found.n) == (2.0, 1.0, 3.0, 3)


def test_the_exponent_of_a_power_law_is_found_again() -> None:
    sizes = [10_000.0, 100_000.0, 1_000_000.0]
    assert exponent(sizes, [0.004 * size**0.5 for size in sizes]) == pytest.approx(0.5)
    assert exponent(sizes, [3.0, 3.0, 3.0]) == pytest.approx(0.0)
    assert math.isnan(exponent([1.0], [1.0]))


def test_quantiles_lie_between_neighbours_in_proportion() -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], 0.5) == 2.5
    assert percentiles([float(n) for n in range(101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}
    assert spread([3.0, 1.0, 2.0]).median == 2.0


def test_stages_add_up_to_the_whole_and_an_open_one_takes_what_follows() -> None:
    now = iter([0.0, 1.0, 3.0, 6.0, 10.0, 15.0])
    stages = StageClock(lambda: next(now))
    stages("reading", 1, 1)  # 0 to 1
    stages("embedding", 1, 1)  # 1 to 3
    stages("writing", 0, 1)  # 3 to 6: until it opens, time is put to its account
    stages("calibrating", 0, 1)  # 6 to 10 went to writing, which was open
    stages("writing", 1, 1)  # 10 to 15 went to calibrating
    assert stages.seconds == {"reading": 1.0, "embedding": 2.0, "writing": 7.0, "calibrating": 5.0}
    assert sum(stages.seconds.values()) == 15.0


def test_operations_of_a_pass_follow_from_the_shapes() -> None:
    # one layer, one token, width 2, inner 8: weights 4·2·2 + 2·2·8 = 48, twice; attention 4·1·1·2 = 8
    assert peak.operations(1, 1, 2, 8) == 96 + 8


def test_generated_texts_are_the_same_for_a_seed_and_their_questions_use_their_words(tmp_path: Path) -> None:
    text, questions = Writer(3).document(5, 2_000)
    assert (text, questions) == Writer(3).document(5, 2_000)
    assert text != Writer(4).document(5, 2_000)[0]
    assert 2_000 <= len(text) < 5_000
    place = questions[0].rstrip("?").split()[-1]
    assert any(word in text for word in (place, questions[0].split()[-2]))
    made = collection(tmp_path / "docs", 20)
    assert made.characters == sum(len(path.read_bytes().decode()) for path in made.folder.iterdir())
    assert small_files(tmp_path / "small", 101) > 0
    assert [len(list(folder.iterdir())) for folder in sorted((tmp_path / "small").iterdir())] == [100, 1]


def test_the_users_own_documents_are_taken_as_they_are(tmp_path: Path) -> None:
    docs = tmp_path / "mine"
    docs.mkdir()
    text = "The lighthouse keeper lit the lamp at nine on winter evenings. " * 3
    (docs / "a.txt").write_text(text, encoding="utf-8")
    made = collection(tmp_path / "copy", 10, docs=docs)
    assert (made.files, made.characters) == (1, len(text))
    assert (tmp_path / "copy" / "a.txt").read_text(encoding="utf-8") == text
    assert set(made.questions[0].rstrip("?").split()) <= set(text.replace(".", "").split())


def test_a_build_by_stages_adds_up(tmp_path: Path) -> None:
    made = collection(tmp_path / "docs", 10)
    stages = StageClock()
    settings = Settings(index=tmp_path / "index", verdict=VerdictSettings(questions=0))
    report = build(settings, [made.folder], embedder=HashingEmbedder(), stage=stages)
    assert 5 < report.chunks < 20
    assert set(stages.seconds) >= {"reading", "embedding", "writing"}
    assert all(seconds >= 0 for seconds in stages.seconds.values())


def test_synthesised_rows_are_of_unit_length_and_a_texts_own() -> None:
    rng = np.random.default_rng(1)
    real = rng.standard_normal((20, 32)).astype(np.float32)
    embedder = SynthesisedEmbedder(real / np.linalg.norm(real, axis=1, keepdims=True))
    rows = embedder.rows(["one", "two", "one"])
    assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert (rows[0] == rows[2]).all()
    assert float(rows[0] @ rows[1]) < 0.99
    assert (embedder.embed_query("two").row == rows[1]).all()


def test_recall_counts_what_is_as_similar_as_the_exact_best() -> None:
    assert recall([0.9, 0.8], [0.9, 0.8]) == 1.0
    assert recall([0.9, 0.7], [0.9, 0.8]) == 0.5


def test_there_is_a_file_of_each_format_and_its_reader_finds_every_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "_LEAST_SECONDS", 0.0)
    assert list(MAKERS) == list(FORMATS)
    assert {name: BY_SUFFIX[suffix] for name, (suffix, _) in MAKERS.items()} == {name: name for name in MAKERS}
    words = sum(len(paragraph.split()) for _, paragraphs in parts_of(4_000) for paragraph in paragraphs)
    for name in [name for name in MAKERS if name != "picture"]:
        held = formats.in_child([str(make(name, tmp_path, 4_000))])
        assert (name, held["refused"]) == (name, 0)
        # a word has six characters and a space
        assert held["characters"] > 5 * words, name
        assert held["chunks"] > 0, name
        assert held["wall"] > 0, name


def test_a_made_pdf_has_as_many_pages_and_characters_as_it_says() -> None:
    pages = pages_of(parts_of(12_000), 2_800)
    assert 4 <= len(pages) <= 6
    assert all(2_600 < sum(map(len, page)) <= 2_800 for page in pages[:-1])
    found = extract(write_pdf(pages), Limits())
    assert found.parts == len(pages)
    assert "".join(found.text.split()) == "".join("".join(line.strip("\b").split()) for page in pages for line in page)


def test_the_plain_rival_reads_the_same_pages(tmp_path: Path) -> None:
    path = make("pdf", tmp_path, 9_000)
    plain, ours = formats.plain_in_child([str(path)], "pypdfium2"), formats.in_child([str(path)])
    assert (plain["parts"], plain["bytes"]) == (ours["parts"], ours["bytes"])
    assert plain["characters"] == pytest.approx(ours["characters"], rel=0.05)


def test_a_target_is_missed_met_or_reached() -> None:
    less = Target("time", 8, 4, "ms", False, lambda _: None)
    assert [less.verdict(value) for value in (9, 8, 4)] == ["**missed**", "met", "reached"]
    more = Target("speed", 3, 4, "×", True, lambda _: None)
    assert [more.verdict(value) for value in (2.9, 3.5, 5)] == ["**missed**", "met", "reached"]
    assert [target.found({}) for target in TARGETS] == [None] * len(TARGETS)


def test_plots_hold_every_name_and_point() -> None:
    drawn = plot.lines("Growth", {"a & b": [(10, 1), (1000, 10)]}, "chunks", "ms")
    assert drawn.count("<circle") == 2
    assert "a &amp; b" in drawn
    assert plot.bars("Bars", {"quoth": 1.0, "plain": 4.0}, "ms").count("<rect") == 3  # one is the paper


def test_the_commit_is_read_without_git(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="ascii")
    (tmp_path / ".git" / "packed-refs").write_text(f"{'ab' * 20} refs/heads/main\n", encoding="ascii")
    assert commit(tmp_path) == "ababababab"
    assert commit(tmp_path / "elsewhere") == "unknown"


def test_a_process_is_timed_from_start_to_end_and_its_failure_is_told() -> None:
    said, taken = run([sys.executable, "-c", "print(sum(range(10**6)))"])
    assert said.strip() == "499999500000"
    assert taken.cpu > 0
    assert taken.wall > 0
    with pytest.raises(RuntimeError, match="no such thing"):
        run([sys.executable, "-c", "raise SystemExit('no such thing')"])
    assert run([sys.executable, "-c", "raise SystemExit(1)"], allowed=(0, 1))[0] == ""


def test_others_are_measured_against_the_better_plain_rival_of_each_round() -> None:
    def rounds(walls: list[float]) -> list[dict[str, Any]]:
        return [{"wall": wall, "cpu": wall, "asked": {"walls": [wall], "cpus": [wall]}} for wall in walls]

    best = _best({"quoth": rounds([1, 1]), "plain": rounds([9, 4]), "plain, one thread": rounds([6, 8])})
    assert best == {"wall": [6, 4], "cpu": [6, 4], "ask wall": [6_000, 4_000], "ask cpu": [6_000, 4_000]}


def test_a_page_without_results_says_that_nothing_was_taken(tmp_path: Path) -> None:
    facts = {"processor": "P", "family": "1/2", "cores": 2, "flags": ["avx2"], "memory_gb": 8.0, "system": "Linux"}
    whole = {"commit": "abc", "machine": facts | {"python": "3.11", "versions": {"numpy": "2"}}}
    write_page(tmp_path / "benchmarks.md", whole)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert page.count("not taken") == len(TARGETS)


def test_another_machines_figures_stand_beside_the_targets(tmp_path: Path) -> None:
    facts = {"processor": "P", "family": "1/2", "cores": 2, "flags": ["avx2"], "memory_gb": 8.0, "system": "Linux"}
    whole = {"commit": "abc", "machine": facts | {"python": "3.11", "versions": {"numpy": "2"}}}
    index = {"unchanged": {"wall": {"median": 1.25}}, "one changed": {"wall": {"median": 2.5}}}
    other = {**whole, "commit": "def", "update": {"files": {"10000": index}}}
    write_page(tmp_path / "benchmarks.md", whole, other)
    page = (tmp_path / "benchmarks.md").read_text(encoding="utf-8")
    assert "| re-index, nothing changed, 10,000 files | 2 s | 0.7 s | not taken |  | 1.25 s |" in page
    assert "Beside: Commit def. P (1/2)" in page
    assert "benchmarks/results/def.json" in page


def test_the_command_names_its_benchmarks(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["speed"])
    assert "'index', 'ask', 'update', 'peers', 'scale', 'busy', 'peak'" in capsys.readouterr().err
