"""The reader's training data: rewritten questions, heading paths, mined misses, leanings. No weights, no sets."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from qa.keyword import Terms
from training.average import average
from training.data import CLS, SEP, Pair, collate, epoch_batches, example, windows
from training.everyday import read_documents, reading_pairs
from training.exchange import Names, exchanged
from training.mining import asked_about, lures, ranked
from training.second import answer_sentence, leaning, overlaps, unseen_first
from training.tokens import Tokens
from training.variants import Answers, as_claim, claim, heading, keywords, kind, varied, with_context

PASSAGE = "The tower was built in 1889. It is 330 metres tall."


def asked(question: str, answer: str, passage: str = PASSAGE, source: str = "squad") -> Pair:
    return Pair(question, passage, ((answer, passage.index(answer)),), True, source, "Tower", gist=answer)


BUILT = asked("In what year was the tower built?", "1889")


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    words = Whitespace().pre_tokenize_str(f"{PASSAGE} {BUILT.question} Tower › Height Other passage")
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *sorted({word for word, _ in words})], 200)}
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return Tokens(tmp_path / "tokenizer.json")


def chance(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(
    ("question", "answer", "stated"),
    [
        ("Who won the cup?", "Brazil", "Brazil won the cup"),
        ("What company developed the engine?", "Acme", "Acme developed the engine"),
        ("In what year was the tower built?", "1889", "the tower was built in 1889"),
        ("In which year did the war end?", "1945", "the war end in 1945"),
        ("What year did the war end?", "1945", "the war end in 1945"),
        ("When was the bridge opened?", "May 4, 1902", "the bridge was opened on May 4, 1902"),
        ("Where was she born?", "Lima", "she was born in Lima"),
        ("Where was she born?", "near Lima", "she was born near Lima"),
        ("What is the capital of Peru?", "Lima", "the capital of Peru is Lima"),
        ("What is the deployment phase called?", "BEAST", "the deployment phase is called BEAST"),
        ("What is copper used for?", "wires", "copper is used for wires"),
        ("Who was the first mayor?", "Ann Lee", "Ann Lee was the first mayor"),
        ("How many people live here?", "40", "40 people live here"),
        ("How many seats did the stadium have?", "55,000", "the stadium have 55,000 seats"),
        ("How tall is the tower?", "330 metres", "the tower is 330 metres tall"),
        ("Why did the shop close?", "heavy losses", "the shop close because of heavy losses"),
        ("The tower fell in what year?", "1901", "The tower fell in 1901"),
        ("Before the war, who led the party?", "Ann Lee", "Before the war, Ann Lee led the party"),
        ("name of the first mayor", "Ann Lee", "name of the first mayor Ann Lee"),
    ],
)
def test_a_claim_states_the_answer_in_the_questions_words(question: str, answer: str, stated: str) -> None:
    assert claim(question, answer) == stated


def test_keywords_are_the_content_words_in_order() -> None:
    assert keywords("What did Ann's brother sell to the museum in 1902?") == "Ann brother sell museum 1902"


def test_one_content_word_makes_no_keyword_question() -> None:
    assert keywords("What is gravity?") == ""


@pytest.mark.parametrize(
    ("answer", "sort"),
    [
        ("1889", "year"),
        ("in 1889", "year"),
        ("4 May 1889", "date"),
        ("40,000", "number"),
        ("Two dozen", "number"),
        ("Ann Lee", "name"),
        ("a heavy loss", "other"),
    ],
)
def test_answers_are_sorted_coarsely(answer: str, sort: str) -> None:
    assert kind(answer) == sort


def test_a_wrong_claim_has_the_right_kind_and_no_span() -> None:
    answers = Answers().learn([BUILT, asked("When?", "1923", "In 1923 it rained."), asked("Who?", "Ann", "Ann ran.")])
    made = [as_claim(BUILT, answers, chance(seed)) for seed in range(40)]
    assert {(one.question, one.answerable, one.answers) for one in made} == {
        ("the tower was built in 1889", True, (("1889", 23),)),
        ("the tower was built in 1923", False, ()),
    }


def test_a_claim_against_another_passage_stays_unsupported() -> None:
    miss = BUILT.against("Other passage", "squad/mined")
    made = as_claim(miss, Answers().learn([BUILT]), chance())
    assert (made.question, made.answerable, made.answers) == ("the tower was built in 1889", False, ())


def test_rewriting_keeps_passage_and_span_and_repeats_itself() -> None:
    items = [BUILT] * 300
    headings = {PASSAGE: ("Tower",)}
    first = varied(items, headings, Answers(), chance())
    assert first == varied(items, headings, Answers(), chance())
    assert {(one.passage, one.answers) for one in first} == {(BUILT.passage, BUILT.answers)}
    # shares of 300: 35 % under a title, 10 % claims, 6 % keywords; three standard deviations either way
    assert 80 < sum(bool(one.context) for one in first) < 130
    assert 15 < sum(one.question == "the tower was built in 1889" for one in first) < 46
    assert 6 < sum(one.question == "year tower built" for one in first) < 31


def test_a_context_is_title_or_title_and_heading_on_a_line_of_its_own() -> None:
    made = {with_context(BUILT, ("Tower", "Height"), chance(seed)).context for seed in range(20)}
    assert made == {"Tower\n", "Tower › Height\n"}


def test_a_heading_is_the_passages_commonest_words_but_the_titles() -> None:
    # 44 letters, an even number: one word
    assert heading("The tower leans. Storms, storms and storms!!", "Tower") == "Storms"


def test_the_span_lies_behind_the_context(tokens: Tokens) -> None:
    item = replace(BUILT, context="Tower › Height\n")
    made = example(tokens, item, chance())
    assert made is not None
    batch = collate(tokens, [made])
    year = int(tokens.of("1889")[0][0])
    assert [int(batch.input_ids[0, batch.start[0]]), int(batch.input_ids[0, batch.end[0]])] == [year, year]
    question, context, passage = (list(tokens.of(text)[0]) for text in (item.question, item.context, item.passage))
    assert batch.input_ids[0].tolist() == [CLS, *question, SEP, *context, *passage, SEP]
    assert batch.token_type_ids[0].tolist() == [0] * (len(question) + 2) + [1] * (len(context) + len(passage) + 1)


def test_every_reading_window_repeats_the_context(tokens: Tokens) -> None:
    item = replace(BUILT, context="Tower\n")
    taken = 3 + len(tokens.of(BUILT.question)[0]) + 1
    shown = list(windows(tokens, item, length=taken + 6))
    # 13 pieces in windows of 6 that overlap by half
    assert [(one.low, one.high, one.length) for one in shown] == [
        (0, 6, taken + 6),
        (3, 9, taken + 6),
        (6, 12, taken + 6),
        (9, 13, taken + 4),
    ]


def test_the_same_seed_gives_the_same_batches(tokens: Tokens) -> None:
    pairs = varied([BUILT] * 50, {PASSAGE: ("Tower",)}, Answers(), chance())
    assert epoch_batches(tokens, pairs, 7, 0, 8) == epoch_batches(tokens, pairs, 7, 0, 8)


def test_ranking_weighs_keywords_above_cosines() -> None:
    dense = np.array([0.9, 0.1, 0.5], np.float32)
    keyword = np.array([0.0, 8.0, 4.0], np.float32)
    # 0: .45; 1: .55; 2: .45 / 2 + .55 / 2 = .5
    assert ranked(dense, keyword, 3) == [1, 2, 0]


def test_lures_are_neither_the_own_passage_nor_hold_the_answer() -> None:
    passages = [PASSAGE, "Built in 1889, too.", "A tower elsewhere.", "A tower of salt."]
    assert lures([0, 1, 2, 3], passages, BUILT, depth=2) == [2]


def test_questions_of_few_terms_are_not_mined_for() -> None:
    pool = [asked("What year?", "1889"), asked("Who built the tallest tower?", "1889")]
    assert asked_about(pool, [0, 1], Terms(), 5) == [1]


def test_overlap_counts_the_questions_terms_in_the_answers_sentence() -> None:
    height = asked("How tall is the tower?", "330 metres")
    assert answer_sentence(height).strip() == "It is 330 metres tall."
    # of tall and tower the sentence has "tall"; of year, tower and built the other passage has none
    miss = BUILT.against("Other passage", "squad/mined")
    assert overlaps([height, miss], Terms()) == [pytest.approx(0.5), 0.0]


def test_half_of_a_leaning_draw_comes_from_the_outermost_third() -> None:
    keys = [0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.5, 0.4]  # the third: places 1, 3, 5
    order = [0, 1, 2, 3, 4, 5, 6, 7, 8]
    assert leaning(order, keys, 4, epoch=0) == [1, 3, 0, 2]
    assert leaning(order, keys, 4, epoch=1) == [5, 1, 4, 6]


def test_what_the_first_stage_planned_comes_last() -> None:
    order = unseen_first("qamr", 5_000, seed=7)
    planned = np.random.default_rng([7, 11, 3]).permutation(5_000)[:2_000]
    assert sorted(order) == list(range(5_000))
    assert order[3_000:] == planned.tolist()


# Exchanged names


def test_a_name_of_the_passage_gives_way_to_another_and_nothing_answers_any_more() -> None:
    passage = "In 1889 Paris saw the tower of Eiffel rise. Later London built the bridge of Jones."
    item = asked("When did people in Paris see the tower rise?", "1889", passage)
    names = Names().learn([item])
    made = [exchanged(item, "In 1889 Paris saw the tower of Eiffel rise.", names, chance(at)) for at in range(30)]
    questions = {one.question for one in made if one}
    assert "When did people in London see the tower rise?" in questions
    assert "When did people in Paris see the tower rise?" not in questions
    assert {(one.answerable, one.answers, one.passage) for one in made if one} == {(False, (), passage)}


def test_a_year_gives_way_to_another_year() -> None:
    item = asked("Who ruled in 1889?", "Anna", "In 1889 Anna ruled. Bert ruled in 1901.")
    made = exchanged(item, "In 1889 Anna ruled.", Names(), chance(1))
    assert made is not None
    assert re.fullmatch(r"Who ruled in \d{4}\?", made.question)
    assert "1889" not in made.question


def test_an_opposite_is_put_only_where_the_passage_lacks_it() -> None:
    item = asked("Which is the largest lake?", "Ladoga", "Ladoga is the largest lake.")
    made = exchanged(item, "Ladoga is the largest lake.", Names(), chance())
    assert made is not None
    assert made.question == "Which is the smallest lake?"
    both = replace(item, passage="Ladoga is the largest lake, Saimaa not the smallest one.")
    assert exchanged(both, both.passage, Names(), chance()) is None


def test_a_question_without_names_has_nothing_to_exchange() -> None:
    assert exchanged(asked("Who came?", "Anna", "Anna came."), "Anna came.", Names(), chance()) is None


def test_the_mean_of_two_networks_lies_half_way() -> None:
    first, second = {"w": torch.tensor([0.0, 2.0])}, {"w": torch.tensor([1.0, 4.0])}
    assert average(first, second)["w"].tolist() == [0.5, 3.0]
    with pytest.raises(ValueError, match="one network"):
        average(first, {"v": second["w"]})


def test_written_answers_stand_once_and_each_fourth_document_is_kept_from_the_reader() -> None:
    trained, kept = read_documents()
    assert len(trained) >= 3 * len(kept) > 0
    assert not {one.title for one in trained} & {one.title for one in kept}
    pairs = reading_pairs(trained, np.random.default_rng(1))
    assert all(item.passage[at : at + len(text)] == text for item in pairs for text, at in item.answers)
    asked_of = {(item.question, item.passage) for item in pairs}
    assert len(asked_of) == len(pairs), "a question is paired with its passage once, and with one other"


def test_a_written_answer_that_stands_twice_is_refused(tmp_path: Path) -> None:
    line = {"title": "T", "passages": [{"text": "ten or ten", "questions": [{"q": "how many?", "a": "ten"}]}]}
    (tmp_path / "x.jsonl").write_text(json.dumps(line), "utf-8")
    with pytest.raises(ValueError, match=r"x\.jsonl:1: .* must stand once"):
        read_documents(tmp_path)
