"""BM25: what counts as a term, which text scores how, and that a saved index answers as before."""

from __future__ import annotations

import itertools
import math
import random
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from qa.errors import ConfigError, IndexCorrupt
from qa.keyword import KeywordFolder, KeywordIndex, Run, Segment, Termed, Terms, write_keyword
from qa.keyword import index as keyword_index
from qa.sealed import Files

TEXTS = [
    "The red pump pumps water.",
    "Red paint, red brushes.",
    "A meeting of nobody.",
    "Water from the well.",
]


def written(folder: Path, chunks: Sequence[Sequence[str]]) -> KeywordIndex:
    termed = Termed.of(chunks, Terms())
    write_keyword(folder, [Run(termed, 0, len(chunks))])
    return opened(folder)


def opened(folder: Path) -> KeywordIndex:
    made = KeywordIndex(Terms())
    made.load([Segment(Files(folder))])
    return made


def over(chunks: Sequence[Sequence[str]]) -> KeywordIndex:
    """Index these chunks, each a heading path and sentences, in a folder that goes with the index."""
    folder = tempfile.TemporaryDirectory()
    made = written(Path(folder.name), chunks)
    weakref.finalize(made, folder.cleanup)
    return made


def index(texts: Sequence[str] = TEXTS) -> KeywordIndex:
    return over([["", text] for text in texts])


def terms(text: str, language: str = "english") -> list[str]:
    return Terms(language).of(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1,972,550 km", "1972550 km"),
        ("the U.S. economy", "the US economy"),
        ("the U.S.-Mexico border", "the US Mexico border"),
        ("Ciudad Juárez", "ciudad juarez"),
        ("naïve façade", "naive facade"),
        ("Straße", "STRASSE"),
        ("Mexico's trade", "Mexico trade"),
        ("Mexico’s trade", "Mexico's trade"),
        ("exporting", "exports"),
        ("ﬁne", "fine"),
    ],
)
def test_two_spellings_of_one_thing_are_one_term(one: str, other: str) -> None:
    assert terms(one) == terms(other) != []


def test_a_number_with_its_separators_is_one_term() -> None:
    assert terms("725.7 and 1,234.5 and 61") == ["725.7", "1234.5", "61"]


def test_numbers_that_differ_stay_different() -> None:
    assert terms("28.3") != terms("283")
    assert terms("1,5") != terms("15")


def test_words_of_which_questions_are_built_are_no_terms() -> None:
    assert terms("How many of them are there, and what is it about?") == []


def test_us_is_a_country_and_no_stop_word() -> None:
    assert terms("the US and us") == ["us", "us"]


def test_terms_keep_their_order_and_repeats() -> None:
    assert terms("pump red pump") == ["pump", "red", "pump"]


def test_another_language_has_its_own_stems_and_stop_words() -> None:
    assert terms("las relaciones", "spanish") == terms("relación", "spanish") != []


def test_an_unknown_language_is_refused_with_those_known() -> None:
    with pytest.raises(ConfigError, match=r"retrieve\.language: no stemmer for 'klingon'\. Known: .*english"):
        Terms("klingon")


def test_the_text_with_the_rare_term_comes_first_and_texts_without_any_score_nothing() -> None:
    scores = index().scores("red pump")
    assert scores.shape == (4,)
    assert list(np.argsort(-scores)[:2]) == [0, 1]
    assert scores[2] == scores[3] == 0.0


def test_scores_are_those_of_the_formula() -> None:
    # "well" stands once, in one of four texts, and that one has 2 of 4 + 4 + 2 + 2 = 12 terms:
    # idf = ln(1 + (4 - 1 + .5) / (1 + .5)); tf = 1 / (1 + 1.5 * (1 - .75 + .75 * 2 / (12 / 4)))
    assert [len(terms(text)) for text in TEXTS] == [4, 4, 2, 2]
    idf = math.log(1 + 3.5 / 1.5)
    frequency = 1 / (1 + 1.5 * (0.25 + 0.75 * 2 / (12 / 4)))
    assert index().scores("well")[3] == pytest.approx(idf * frequency, rel=1e-5)


def test_a_question_that_shares_no_term_scores_nothing_anywhere() -> None:
    assert list(index().scores("zebra")) == [0.0] * 4
    assert list(index().scores("of the and")) == [0.0] * 4
    assert list(index().scores("")) == [0.0] * 4


def test_texts_without_any_term_can_be_indexed_and_asked() -> None:
    made = index(["!!!", "the of"])
    assert len(made) == 2
    assert list(made.scores("red")) == [0.0, 0.0]
    assert made.coverage("red", ["red"]) == [1.0]


def test_no_texts_can_be_indexed_and_asked() -> None:
    assert index([]).scores("red").shape == (0,)


def test_loading_replaces_what_was_there(tmp_path: Path) -> None:
    made = index()
    write_keyword(tmp_path, [Run(Termed.of([["", "blue"]], Terms()), 0, 1)])
    assert made.scores("red")[0] > 0
    made.load([Segment(Files(tmp_path))])
    assert list(made.scores("red")) == [0.0]
    assert made.scores("blue")[0] > 0


def test_coverage_is_the_share_of_the_questions_terms_with_rare_ones_counting_more() -> None:
    # red stands in two texts of four, well in one, zebra in none
    red = math.log(1 + (4 - 2 + 0.5) / 2.5)
    well = math.log(1 + (4 - 1 + 0.5) / 1.5)
    zebra = math.log(1 + (4 + 0.5) / 0.5)
    total = red + well + zebra
    found = index().coverage("red well zebra", ["The well.", "Red, red.", "A zebra at the red well", "nothing"])
    assert found == pytest.approx([well / total, red / total, 1.0, 0.0])


def test_coverage_of_a_question_without_terms_is_nothing_rather_than_everything() -> None:
    assert index().coverage("what is it?", ["anything"]) == [0.0]


def test_covered_tells_the_share_of_a_chunk_and_of_its_best_sentence() -> None:
    made = over(
        [["Yard", "The red pump.", "The well."], ["", "Red, red.", "A pump and a well."], ["Red well", "Nothing."]]
    )
    # of three chunks two hold pump, three red, three well
    pump = math.log(1 + (3 - 2 + 0.5) / 2.5)
    red = well = math.log(1 + 0.5 / 3.5)
    total = pump + red + well
    found = made.covered("red pump, well", [0, 1, 2])
    assert found.chunk == pytest.approx([1.0, 1.0, (red + well) / total])
    assert found.sentence == pytest.approx([(red + pump) / total, (pump + well) / total, 0.0])


def test_covered_comes_in_the_order_of_the_rows_asked_for() -> None:
    found = index().covered("red pump", [3, 0, 1])
    assert found.chunk[1] == found.sentence[1] == pytest.approx(1.0)
    assert found.chunk[0] == 0.0 < found.chunk[2] < 1.0


@pytest.mark.parametrize("question", ["zebra", "of the", ""])
def test_nothing_is_covered_of_a_question_whose_terms_stand_nowhere(question: str) -> None:
    assert [list(shares) for shares in index().covered(question, [0, 1])] == [[0.0, 0.0], [0.0, 0.0]]


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("texts", [TEXTS, ["!!!"], ["one word", "", "other word"]], ids=["some", "none", "gap"])
def test_an_index_written_from_another_is_the_same(tmp_path: Path, texts: list[str]) -> None:
    made = written(tmp_path / "one", [["", text] for text in texts])
    write_keyword(tmp_path / "two", [Run(made.segments[0].termed(), 0, len(texts))])
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert len(files_of(tmp_path / "one")) == 13


def test_runs_of_several_sources_make_what_one_source_makes(tmp_path: Path) -> None:
    chunks = [
        ["Yard", "The red pump.", "The well."],
        ["", "Red, red."],
        ["Red well", "A zebra."],
        ["", "!"],
        ["a", "b"],
    ]
    written(tmp_path / "one", chunks)
    front = Termed.of([*chunks[:2], ["", "gone words"]], Terms(), [0, 1, 7])
    back = Termed.of([["", "gone"], *chunks[2:]], Terms(), [8, 2, 3, 4])
    write_keyword(tmp_path / "two", [Run(front, 0, 2), Run(back, 1, 4)])
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")
    assert b"gone" not in (tmp_path / "two" / "words.bin").read_bytes()


def test_a_block_at_a_time_makes_what_all_at_once_makes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = [["", f"{TEXTS[at % 4]} number {at} of {at // 3}"] for at in range(60)]
    written(tmp_path / "one", chunks)
    monkeypatch.setattr("qa.keyword.write._AT_ONCE", 17)
    written(tmp_path / "two", chunks)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two")


def test_scores_are_those_bm25s_gives() -> None:
    import bm25s
    from bm25s.tokenization import Tokenized

    texts = [f"{TEXTS[at % 4]} number {at} of {at // 3}, {'water ' * (at % 5)}" for at in range(60)]
    cut = [terms(text) for text in texts]
    words = {word: number for number, word in enumerate(dict.fromkeys(itertools.chain(*cut)))}
    rival = bm25s.BM25()
    rival.index(Tokenized([[words[word] for word in line] for line in cut], words), show_progress=False)
    made = index(texts)
    for question in ("red water pump", "water water", "number 7"):
        assert np.array_equal(made.scores(question), rival.get_scores(terms(question)))


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["picked", "added up"])
def test_the_best_are_those_of_all_scores_in_order_of_score_and_number(
    monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(keyword_index, "_FEW", few)
    rng = random.Random(5)
    words = [f"word{number}" for number in range(60)]
    weights = [1 / (number + 1) for number in range(60)]
    made = index([" ".join(rng.choices(words, weights, k=rng.randint(3, 30))) for _ in range(700)])
    for _ in range(60):
        question = " ".join(rng.choices(words, weights, k=rng.randint(1, 8)))
        scores = made.scores(question)
        for count in (1, 5, 40, 1_000):
            order = np.lexsort((np.arange(len(scores)), -scores))[:count]
            assert made.best(question, count) == [row for row in order.tolist() if scores[row] > 0]
        rows = rng.sample(range(700), 50)
        assert np.array_equal(made.scores_of(question, rows), scores[rows])


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["picked", "added up"])
def test_the_best_of_many_that_hold_a_rare_word_are_those_of_all_scores(
    monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(keyword_index, "_FEW", few)
    # three chunks in a thousand are met: so few are sorted, many are looked for among all scores
    texts = [f"text {number}" + " gentian" * (number in (17, 401, 998)) for number in range(1_000)]
    made = index(texts)
    assert made.best("gentian", 2) == [17, 401]
    assert made.best("gentian 998", 2) == [998, 17]
    assert made.best("text gentian", 5) == [17, 401, 998, 0, 1]


def test_asking_for_the_best_of_nothing_gives_nothing() -> None:
    assert index().best("zebra of the", 5) == index().best("red", 0) == index([]).best("red", 3) == []


def test_english_stop_words_hold_those_bm25s_lists() -> None:
    from bm25s.tokenization import STOPWORDS_EN

    assert [word for word in STOPWORDS_EN if terms(word)] == []


def test_a_saved_index_that_lacks_a_file_is_refused(tmp_path: Path) -> None:
    written(tmp_path, [["", "red"]])
    (tmp_path / "times.npy").unlink()
    with pytest.raises(IndexCorrupt, match=r"times.npy: missing from the index.* qa index --rebuild"):
        opened(tmp_path)


def test_a_saved_index_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    written(tmp_path, [["", "red"]])
    (tmp_path / "times.npy").write_bytes(b"x" * 200)
    with pytest.raises(IndexCorrupt, match=r"times.npy: no array can be read from it .* qa index --rebuild"):
        opened(tmp_path)


# Segments: a history of additions and removals


def texts_of(numbers: Sequence[int]) -> list[list[str]]:
    rng = random.Random(9)
    words = [f"word{number}" for number in range(40)]
    weights = [1 / (number + 1) for number in range(40)]
    all_texts = {at: ["", " ".join(rng.choices(words, weights, k=rng.randint(3, 20)))] for at in range(400)}
    return [all_texts[number] for number in numbers]


def batch(numbers: Sequence[int]) -> list[Termed]:
    return [Termed.of(texts_of(numbers), Terms(), numbers)] if len(numbers) else []


def names(*numbers: int) -> np.ndarray:
    return np.array(numbers, dtype=np.int64)


def grown(folder: Path, seed: int) -> tuple[KeywordFolder, list[int]]:
    """Add and remove chunks twenty times; return the folder and what it holds in the end."""
    rng = random.Random(seed)
    made = KeywordFolder(folder, Terms())
    held: set[int] = set()
    for revision in range(1, 21):
        gone = rng.sample(sorted(held), min(len(held), rng.randint(0, 6)))
        left = sorted(set(range(400)) - held)
        added = sorted(rng.sample(left, min(len(left), rng.choice([1, 3, 60]))))
        made.update(revision, names(*gone), batch(added))
        held = (held - set(gone)) | set(added)
    return made, sorted(held)


@pytest.mark.parametrize("small", [0, 2_000], ids=["large segments stay", "small ones are written again"])
@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_history_an_index_answers_as_one_made_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, small: int
) -> None:
    monkeypatch.setattr("qa.keyword.folder._SMALL", small)
    monkeypatch.setattr("qa.keyword.folder._GONE", 0.5)
    folder, held = grown(tmp_path / "grown", seed)
    anew = KeywordFolder(tmp_path / "anew", Terms())
    anew.update(1, names(), batch(held))
    again = KeywordFolder(tmp_path / "grown", Terms())
    assert again.revision == 20
    if not small:
        assert len(again.index.segments) > 1
        assert any(len(segment.gone) for segment in again.index.segments)
    for one in (folder.index, again.index):
        assert (len(one), one.names.tolist()) == (len(held), held)
        for question in ("word1 word7", "word0 word0 word30", "word3 word5 word39 nothing", "nothing"):
            assert np.array_equal(one.scores(question), anew.index.scores(question))
            assert one.best(question, 15) == anew.index.best(question, 15)
            for mine, other in zip(one.covered(question, held), anew.index.covered(question, held), strict=True):
                assert np.array_equal(mine, other)
            assert one.coverage(question, ["word1 word3"]) == anew.index.coverage(question, ["word1 word3"])


@pytest.mark.parametrize("few", [0, 1_000_000], ids=["picked", "added up"])
def test_the_best_of_several_segments_leave_out_what_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(keyword_index, "_FEW", few)
    monkeypatch.setattr("qa.keyword.folder._SMALL", 0)
    monkeypatch.setattr("qa.keyword.folder._GONE", 0.5)
    folder, held = grown(tmp_path, 3)
    for question in ("word1 word7", "word0 word2 word30"):
        scores = folder.index.scores(question)
        order = np.lexsort((np.array(held), -scores))[:20]
        assert folder.index.best(question, 20) == [held[at] for at in order if scores[at] > 0]


def test_chunks_beside_the_folder_are_searched_with_it(tmp_path: Path) -> None:
    folder = KeywordFolder(tmp_path / "some", Terms())
    folder.update(1, names(), batch(range(50)))
    (more,) = batch(range(50, 80))
    beside = folder.add_in_memory(names(3, 4), more)
    anew = KeywordFolder(tmp_path / "anew", Terms())
    anew.update(1, names(), batch([at for at in range(80) if at not in (3, 4)]))
    assert beside.best("word1 word7", 10) == anew.index.best("word1 word7", 10)
    assert len(KeywordFolder(tmp_path / "some", Terms()).index) == 50


def test_a_small_change_leaves_a_large_segment_alone(tmp_path: Path) -> None:
    folder = KeywordFolder(tmp_path, Terms())
    folder.update(1, names(), batch(range(300)))
    before = files_of(tmp_path / "s00000001")
    folder.update(2, names(), batch([300]))
    folder.update(3, names(), batch([301]))
    assert files_of(tmp_path / "s00000001") == before
    assert [len(segment) for segment in folder.index.segments] == [300, 2]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s00000001", "s00000003", "segments.json"]


def test_words_of_what_is_gone_are_gone_from_a_small_segment(tmp_path: Path) -> None:
    folder = KeywordFolder(tmp_path, Terms())
    folder.update(1, names(), [Termed.of([["", "marzipan recipe"], ["", "bread"]], Terms(), [1, 2])])
    assert any(b"marzipan" in data for data in files_of(tmp_path).values())
    folder.update(2, names(1), [])
    assert not any(b"marzipan" in data for data in files_of(tmp_path).values())
    assert not folder.index.knows("marzipan")
    assert folder.index.knows("bread")


def test_a_word_that_only_stands_in_what_is_gone_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.keyword.folder._SMALL", 0)
    monkeypatch.setattr("qa.keyword.folder._GONE", 0.9)
    folder = KeywordFolder(tmp_path, Terms())
    folder.update(1, names(), [Termed.of([["", "marzipan recipe"], ["", "bread"]], Terms(), [1, 2])])
    folder.update(2, names(1), [])
    assert not folder.index.knows("marzipan")
    assert not folder.index.resembles("marzipann")
    assert folder.index.best("marzipan bread", 5) == [2]


@pytest.mark.parametrize("spoil", ["flip", "gone"])
def test_damage_to_what_names_the_segments_or_to_one_of_them_is_noticed(tmp_path: Path, spoil: str) -> None:
    folder = KeywordFolder(tmp_path, Terms())
    folder.update(1, names(), batch(range(20)))
    for path in [*tmp_path.glob("s0*/*"), tmp_path / "segments.json"]:
        sound = path.read_bytes()
        if spoil == "flip":
            path.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
        else:
            path.unlink()
        if (path.name, spoil) == ("segments.json", "gone"):
            assert len(KeywordFolder(tmp_path, Terms()).index) == 0  # as if nothing had been derived yet
        else:
            with pytest.raises(IndexCorrupt, match="qa index --rebuild"):
                KeywordFolder(tmp_path, Terms()).check()
        path.write_bytes(sound)
    KeywordFolder(tmp_path, Terms()).check()
