"""Sentences: what ends one and what doesn't, by small texts derived in words and by the real ones."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.sentences import find_lines, find_sentences, is_verbatim
from qa.types import Span

DATA = Path(os.environ.get("QUOTH_EVAL_DATA") or Path(__file__).resolve().parents[2] / "shared")
ORIGINALS = DATA / "corpus"
TEXTS = sorted(ORIGINALS.glob("*.txt"))
needs_originals = pytest.mark.skipif(not TEXTS, reason=f"no original texts at {ORIGINALS}; set QUOTH_EVAL_DATA")
each_original = pytest.mark.parametrize("path", [pytest.param(path, id=path.stem[:3]) for path in TEXTS])


def sentences(text: str) -> list[str]:
    return [span.of(text) for span in find_sentences(text)]


def test_a_full_stop_before_a_capital_ends_a_sentence() -> None:
    assert sentences("It rained. Nobody came! Why? We left…") == ["It rained.", "Nobody came!", "Why?", "We left…"]


@pytest.mark.parametrize(
    "text",
    [
        "The U.S. exports wheat.",
        "The U.S. Department of State said so.",
        "He met J. Smith there.",
        "He met George H. W. Bush there.",
        "Dr. Ramos and Mrs. Lee agreed.",
        "It grew by 2.6 % in May.",
        "It cost $1.5 billion, i.e. Too much was paid.",
        "Call ext. 4440 before noon.",
        "See fig. 3 and no. 7 of vol. 2.",
        "The case Smith v. Jones was closed.",
        "They met at 9 a.m. in Lisbon.",
        "The firm of Baker & Co. sold it.",
        "It ended at 5 p.m. sharp.",
    ],
)
def test_an_abbreviation_or_a_decimal_does_not_end_a_sentence(text: str) -> None:
    assert sentences(text) == [text]


def test_an_abbreviation_ends_a_sentence_where_a_word_follows_that_opens_one() -> None:
    text = "It was made in the U.S. The price was low."
    assert sentences(text) == ["It was made in the U.S.", "The price was low."]


def test_a_number_at_the_end_of_a_sentence_ends_it() -> None:
    assert sentences("It opened in 1848. Trade grew.") == ["It opened in 1848.", "Trade grew."]


def test_a_closing_quotation_mark_or_bracket_belongs_to_the_sentence_it_closes() -> None:
    text = "“We stay.” She left. (He did not.) So it went."
    assert sentences(text) == ["“We stay.”", "She left.", "(He did not.)", "So it went."]


def test_a_question_inside_a_running_sentence_does_not_end_it() -> None:
    assert sentences("“Why?” he asked.") == ["“Why?” he asked."]


def test_each_line_of_a_list_is_a_sentence_without_a_full_stop() -> None:
    text = "Consulates:\n- Mexico City (Embassy)\n- Nogales (Consulate General)\n* Oaxaca\n1. First\n2) second\n"
    assert sentences(text) == [
        "Consulates:",
        "- Mexico City (Embassy)",
        "- Nogales (Consulate General)",
        "* Oaxaca",
        "1. First",
        "2) second",
    ]


def test_each_row_of_a_table_is_a_sentence() -> None:
    text = "| | 1990 | 2000 |\n| US exports | 28.3 | 111.3 |\nYear | Sum\n2019 | 4.5\n"
    assert sentences(text) == ["| | 1990 | 2000 |", "| US exports | 28.3 | 111.3 |", "Year | Sum", "2019 | 4.5"]


def test_a_row_that_ends_in_an_empty_cell_is_not_glued_to_the_next() -> None:
    assert sentences("population |\ndensity | 61\n") == ["population |", "density | 61"]
    assert sentences("population |\ndensity |\n") == ["population |", "density |"]


def test_a_hard_wrapped_paragraph_is_read_across_its_line_breaks() -> None:
    text = (
        "The border between the two countries runs for almost two thousand\n"
        "miles, from the ocean to the gulf. It is crossed by more people\n"
        "than any other in the world.\n"
    )
    assert sentences(text) == [
        "The border between the two countries runs for almost two thousand\nmiles, from the ocean to the gulf.",
        "It is crossed by more people\nthan any other in the world.",
    ]


def test_a_wrapped_line_may_go_on_with_a_capital() -> None:
    text = "The treaty that ended the war was signed in the town of Guadalupe\nHidalgo and sold a third of the land.\n"
    assert len(sentences(text)) == 1


def test_a_short_line_before_a_capital_was_ended_on_purpose() -> None:
    text = "Emergency line\nCall any time of day or night and ask for the officer on duty.\n"
    assert sentences(text)[0] == "Emergency line"


def test_a_blank_line_ends_a_sentence_without_a_full_stop() -> None:
    assert sentences("no stop here\n\nnor here") == ["no stop here", "nor here"]
    assert sentences("no stop here\r\n\r\nnor here") == ["no stop here", "nor here"]


def test_carriage_returns_are_line_ends_like_any_other() -> None:
    assert sentences("- one\r\n- two\r- three") == ["- one", "- two", "- three"]


def test_chinese_and_japanese_full_stops_need_no_space_behind_them() -> None:
    assert sentences("我们走了。他留下！为什么？没有人知道。") == ["我们走了。", "他留下！", "为什么？", "没有人知道。"]


def test_a_full_stop_before_a_script_without_capitals_ends_a_sentence() -> None:
    assert sentences("ذهبنا. بقي هنا.") == ["ذهبنا.", "بقي هنا."]


def test_a_byte_order_mark_is_no_part_of_the_first_sentence() -> None:
    assert find_sentences("\ufeffIt rained.") == [Span(1, 11)]


def test_only_the_part_asked_for_is_read_and_offsets_stay_those_of_the_text() -> None:
    text = "Left out. Taken in. Also in. Left out."
    within = Span(text.index("Taken"), text.index(" Left out.", 12))
    assert [span.of(text) for span in find_sentences(text, within)] == ["Taken in.", "Also in."]


def test_white_space_alone_holds_no_sentence() -> None:
    assert find_sentences(" \n\t\r\n ") == []
    assert find_sentences("") == []


def assert_covered_once(text: str) -> None:
    found = find_sentences(text)
    assert found == sorted(found)
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))
    outside = set(range(len(text))).difference(*(range(span.start, span.end) for span in found))
    assert {text[at] for at in outside if not text[at].isspace()} <= {"\ufeff"}
    assert [span.of(text) for span in found] == [span.of(text).strip() for span in found]


@given(st.text(alphabet=st.sampled_from('ab Z.!?。…"”)(-*|1\n\r\t\u2028\x0b\ufeffU.S.é😀ש'), max_size=120))
def test_every_character_that_is_not_white_space_lies_in_exactly_one_sentence(text: str) -> None:
    assert_covered_once(text)


@needs_originals
@each_original
def test_every_character_of_a_real_text_lies_in_exactly_one_sentence(path: Path) -> None:
    assert_covered_once(path.read_text(encoding="utf-8"))


@needs_originals
@each_original
def test_no_sentence_of_a_real_text_is_cut_behind_an_abbreviation(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    cut = [
        (span.of(text)[-40:], text[span.end : span.end + 20])
        for span in find_sentences(text)
        if re.search(r"\b(?:U\.S|D\.C|St|Dr|Mr|Mrs|No|Jan|Feb|Aug|Sept|Oct|Nov|Dec)\.$", span.of(text))
        and re.match(r"[ \t]*[a-z\d,;]", text[span.end :])
    ]
    assert cut == []


@needs_originals
@each_original
def test_no_sentence_of_a_real_text_is_cut_inside_a_number(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    cut = [m.group() for s in find_sentences(text) if (m := re.match(r"\d[.,]\d", text[s.end - 2 : s.end + 1]))]
    assert cut == []


@needs_originals
@pytest.mark.parametrize(
    ("what", "line"), [("row", r"^[ \t]*\|.*\|[ \t]*$"), ("item", r"^[ \t]*[-*•] \S.*$")], ids=["rows", "items"]
)
def test_each_table_row_and_list_item_of_the_real_texts_begins_and_ends_a_sentence(what: str, line: str) -> None:
    lines, broken = 0, []
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        found = find_sentences(text)
        starts, ends = {span.start for span in found}, {span.end for span in found}
        for match in re.finditer(line, text, re.MULTILINE):
            lines += 1
            start = match.start() + len(match.group()) - len(match.group().lstrip())
            end = match.start() + len(match.group().rstrip())
            inside = [span for span in found if start <= span.start < end]
            if start not in starts or end not in ends or (what == "row" and len(inside) > 1):
                broken.append(match.group())
    assert lines > 15
    assert broken == []


@needs_originals
def test_each_consulate_of_the_real_list_is_one_sentence() -> None:
    text = next(path for path in TEXTS if path.name.startswith("002")).read_text(encoding="utf-8")
    found = set(sentences(text))
    listed = re.findall(r"^- .*\((?:Embassy|Consul.*)\)$", text, re.MULTILINE)
    assert len(listed) > 30
    assert [line for line in listed if line not in found] == []


def lines(text: str) -> list[str]:
    return [span.of(text) for span in find_lines(text)]


def test_a_line_of_code_is_a_sentence_and_one_without_a_word_is_none() -> None:
    assert lines("int f() {\n    return 1. + x; // Yes. No.\n}\n") == ["int f() {", "return 1. + x; // Yes. No."]


def test_a_remark_that_runs_over_lines_is_read_as_prose() -> None:
    remark = (
        "# The pump is stopped by hand where the tank is full, since the\n# float sticks. Then it is oiled.\nx = 1\n"
    )
    assert lines(remark) == [
        "# The pump is stopped by hand where the tank is full, since the\n# float sticks.",
        "Then it is oiled.",
        "x = 1",
    ]


def test_remarks_that_stop_early_are_each_one() -> None:
    assert lines("-- Loans\n-- Fines\n") == ["-- Loans", "-- Fines"]


def test_a_long_string_is_read_as_prose_until_it_is_closed() -> None:
    text = (
        'def f():\n    """Stop the pump where the tank is full, since the float of it\n    sticks. Then\n'
        '    oil it."""\n    y = 2\n'
    )
    assert lines(text) == [
        "def f():",
        '"""Stop the pump where the tank is full, since the float of it\n    sticks.',
        'Then\n    oil it."""',
        "y = 2",
    ]


def test_a_line_too_long_for_code_has_sentences() -> None:
    record = '{"a": "' + "The pump is red. " * 30 + '"}'
    # the marks that close the record belong to its last sentence
    assert len(lines(record)) == 30


@pytest.mark.parametrize(
    ("words", "text", "held"),
    [
        ("The red pump moves forty litres.", "Then the “red  pump”\nmoves forty litres an hour.", True),
        ("The red pump moves forty litres.", "The red pump moves fifty litres.", False),
        ("the red pump moves", "the red pump moves", False),  # four words may stand together by chance
    ],
)
def test_words_stand_in_a_text_whatever_lies_between_them(words: str, text: str, held: bool) -> None:
    assert is_verbatim(words, text) is held


# Written anew by kind, "|" where sentences end: days, ordinals, numbered parts, units, titles, initials, abbreviations.
BY_KIND = [
    ("day", "The lease ends on 30. June 2026 and can't be renewed.| It was signed twice."),
    ("day", "Das Mietverhältnis beginnt am 1. Oktober 2024 und endet am 30. September 2027.| Danach ist Schluss."),
    ("day", "Die Übergabe findet am 5. März statt.| Bitte kommen."),
    ("ordinal", "Der 2. Stock wird von der Firma Gebr. Huber genutzt.| Der 3. Stock steht leer."),
    ("ordinal", "Sie wohnt im 4. Obergeschoss.| Er wohnt unten."),
    ("para", "The limits are listed in Art. 5 para. 2 of the ordinance.| See there."),
    ("para", "Es gilt § 4 Abs. 2 der Anlage, vgl. Nr. 7.| Der Rest entfällt."),
    ("para", "Véase el art. 12 párr. 3 del reglamento.| Rige desde enero."),
    ("para", "Voir l'art. 12 al. 3 du règlement.| Il est en vigueur."),
    ("para", "Si veda l'art. 12 del regolamento a pag. 4.| È in vigore."),
    ("number", "The permit is filed under No. 7731 of the authority.| He said no.| The deal fell through."),
    ("number", "El expediente núm. 45 está en la pág. 7 del tomo.| Nadie lo lee."),
    ("incl", "Parts cost max. 1.250 EUR incl. VAT.| Freight is extra."),
    ("incl", "Der Preis beträgt ca. 2.400 Euro inkl. MwSt. und zzgl. Versand.| Er gilt bis Mai."),
    ("abbr", "Das gilt z. B. für Hunde, d. h. auch für Ihren.| Katzen dürfen bleiben."),
    ("abbr", "Mitzubringen sind Stifte, Hefte usw.| Die Schule stellt Bücher."),
    ("abbr", "Meals, tools, etc. are paid by the firm.| Travel isn't."),
    ("abbr", "The depth is 11.4 m.| Meals are paid by the firm."),
    ("abbr", "See p. 12 ff. of the manual.| It is short."),
    ("name", "Mr. J. R. Okafor, Jr. is the new harbour master.| He starts in May."),
    ("name", "The crane was inspected by Dr. Ines Halvorsen.| She approved it."),
    ("name", "La Sra. Ortiz y el Dr. Ruiz firmaron.| Nadie más firmó."),
    ("name", "M. Dupont et Mme. Leroy ont signé.| Personne d'autre."),
    ("name", "O Sr. Silva e a Dra. Costa assinaram.| Mais ninguém."),
    ("name", "Il sig. Rossi e il dott. Bianchi hanno firmato.| Nessun altro."),
    ("name", "Hr. Maier und Fr. Dr. Schulz unterschrieben.| Sonst niemand."),
    ("al", "The survey by Lund et al. [2004] found it.| Others did not."),
    ("al", "Lund et al. (2004) disagree.| So do we."),
    ("us", "The U.S. officials left at 5 p.m. on Monday.| They were tired."),
    ("us", "He moved to the U.S.| He liked it there."),
    ("ellipsis", "He waited … and waited.| Then he left."),
    ("ellipsis", "He waited ... and waited.| Then he left."),
    ("decimal", "It grew by 2.6 % in 2023.| It fell later."),
    ("quote", "“We are done.”| He sat down."),
    ("question", "Is it open?| Yes!| It is."),
    ("fig", "The tug is moored at St. Anne quay, cf. Fig. 3 of the plan.| It floats."),
    ("ltd", "The contract with Brandt & Co. Ltd. ends soon.| It was long."),
    ("ej", "Se admiten mascotas, p. ej. perros.| Los gatos no."),
    ("ecc", "Portare penne, quaderni, ecc.| I libri sono gratuiti."),
    ("art", "She studied art.| Then she left."),
    ("version", "Install ver. 2.1 of the tool.| Restart it."),
    ("unit", "The load is 40 t.| The crane is new."),
    ("etal", "Der Vertrag mit der Fa. Meier läuft bis 31. Dez. 2025.| Er wird verlängert."),
    ("initial", "Gezeichnet von K. F. Schmidt.| Geprüft von A. Kurz."),
]


@pytest.mark.parametrize(("kind", "text"), BY_KIND)
def test_a_full_stop_inside_a_sentence_is_told_from_one_that_ends_it(kind: str, text: str) -> None:
    plain = text.replace("|", "")
    expected = [part.strip() for part in text.split("|")]
    assert [sentence.of(plain) for sentence in find_sentences(plain)] == expected, kind


def test_an_empty_part_of_a_text_has_no_sentences() -> None:
    assert find_sentences("One. Two.", Span(4, 4)) == []
    assert find_lines("one\ntwo", Span(3, 3)) == []
