"""Every file that once broke a reader, and every one that fuzzing begins from: read or refused, all promises kept."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from fuzzing.contract import breaches
from fuzzing.execute import LIMITS, NO_DEPTH, SCARCE, execute, reader_of
from fuzzing.minimise import kept
from fuzzing.mutators import mutate, ole, package, pdf
from fuzzing.seeds import FINDS, seeds
from qa.load.extracted import Child, Extracted, Hidden, Limits
from qa.load.formats.compound import stream
from qa.load.formats.numberformat import shown
from qa.load.sections import Heading
from qa.load.table import BY_SUFFIX, CONTAINERS, FORMATS
from qa.types import Place, Span

SEEDS = {f"{name}: {key}": (name, data) for name in FORMATS for key, data in seeds(name).items() if name != "picture"}


def found(name: str) -> Extracted:
    path = FINDS / name
    return reader_of(BY_SUFFIX[path.suffix])(path.read_bytes(), Limits())


@pytest.mark.parametrize("path", sorted(FINDS.glob("*.*")), ids=lambda path: path.name)
def test_a_file_that_once_broke_a_reader_breaks_none(path: Path) -> None:
    name, data = BY_SUFFIX[path.suffix], path.read_bytes()
    for limits in (LIMITS, SCARCE, *([NO_DEPTH] if name in CONTAINERS else [])):
        assert execute(name, data, thorough=True, limits=limits).finds == ()


@pytest.mark.parametrize("limits", [LIMITS, SCARCE], ids=["usual", "scarce"])
@pytest.mark.parametrize("key", SEEDS)
def test_what_fuzzing_begins_from_keeps_all_promises(key: str, limits: Limits) -> None:
    name, data = SEEDS[key]
    outcome = execute(name, data, thorough=True, limits=limits)
    assert outcome.finds == ()
    assert outcome.read or limits is SCARCE


# each took time in the square of its length: ten seconds and more
SLOW_ONCE = {
    "a heading of brackets": ("markdown", b"# " + b"[a" * 30_000 + b"\n"),
    "a heading of blanks": ("markdown", b"# a" + b" " * 60_000 + b"b\n"),
    "a heading of underscores": ("markdown", b"# a" + b"_" * 60_000 + b"b\n"),
    "a title of blanks": ("markdown", b"---\ntitle: a" + b" " * 60_000 + b"b\n---\nwords\n"),
    "blanks behind a command": ("latex", b"\\title" + b" " * 60_000 + b"\n"),
    "brackets that never close": ("latex", b"\\title[" * 15_000),
    "labels that never close": ("latex", b"\\section{a}\\label{" * 5_000),
    "a title of blanks in asciidoc": ("asciidoc", b"== a" + b" " * 60_000 + b"b\n"),
    "a title of blanks in org": ("org", b"* a" + b" " * 60_000 + b"b\n"),
    "blanks beside hidden words": ("rtf", b"{\\rtf1 {\\v x} a" + b" " * 60_000 + b"b\\par}"),
    "cues without a blank line between them": ("subtitles", b"00:00:01,000 --> 00:00:02,000\nx\n" * 4_000),
}


@pytest.mark.parametrize("key", SLOW_ONCE)
def test_what_once_took_long_takes_as_long_as_it_is(key: str) -> None:
    name, data = SLOW_ONCE[key]
    outcome = execute(name, data, thorough=False, limits=LIMITS)
    assert outcome.read
    assert outcome.seconds < 2  # of processor time; a busy machine may count some of the others' in


def test_each_find_is_named_by_its_format_and_small() -> None:
    for path in FINDS.glob("*.*"):
        assert path.name.startswith(f"{BY_SUFFIX[path.suffix].replace(' ', '-')}."), path.name
        assert path.stat().st_size < 50_000, path.name


# What became of some of them


def test_a_message_in_an_oddly_declared_encoding_is_read() -> None:
    assert found("mail.charset-as-an-extended-parameter.eml").text == "Subject: x\n\n© words"


def test_a_message_that_the_library_cannot_write_is_a_child_all_the_same() -> None:
    (child,) = found("mail.bytes-in-a-multipart-without-boundary.eml").children
    assert child.name == "in.eml"
    assert child.data.splitlines()[0] == b"Subject: in"


def test_a_member_without_a_name_costs_itself_alone() -> None:
    archive = found("archive.member-without-a-name.zip")
    assert [(child.name, child.data) for child in archive.children] == [("kept.txt", b"kept words\n")]
    assert archive.notes == ("Files without a name, passed over: ?.",)
    assert found("word.member-without-a-name.docx").text == "words"


def test_a_message_whose_parts_cannot_be_told_apart_is_read_as_one_text_and_says_so() -> None:
    message = found("mail.broken-parameters.eml")
    assert message.text == "Subject: two\n\nSecond words"
    assert message.notes == ("Its parts could not be told apart, and are read as one text.",)


def test_a_message_inside_a_message_has_the_same_bytes_each_time() -> None:
    once, again = (found("mail.boundary-without-a-name.eml").children for _ in range(2))
    assert [child.name for child in once] == ["in.eml"]
    assert once == again


def test_one_damaged_message_does_not_cost_a_mailbox() -> None:
    box = found("mailbox.one-message-with-broken-parameters.mbox")
    assert [child.name for child in box.children] == ["0001 one.eml", "0002 two.eml"]


def test_a_drive_does_not_hide_behind_a_dot() -> None:
    assert [child.name for child in found("archive.drive-behind-a-dot.tar").children] == ["a.txt"]


def test_a_member_larger_than_any_disk_ends_its_archive() -> None:
    archive = found("archive.member-larger-than-any-disk.tar")
    assert [child.name for child in archive.children] == ["first.txt"]
    assert archive.notes == ("The archive is damaged or cut short: only what stands before the damage was read.",)


def test_cues_without_a_blank_line_between_them_have_their_times() -> None:
    words = b"1\n00:00:01,000 --> 00:00:02,000\nFirst\n2\n00:00:03,000 --> 00:00:04,000\nSecond 7\n7\n"
    cues = reader_of("subtitles")(words, Limits())
    said = [(place.label, place.span.of(cues.text)) for place in cues.places]
    assert said == [("00:00:01", "First"), ("00:00:03", "Second 7\n7")]


def test_a_damaged_sheet_costs_itself_alone() -> None:
    book = found("spreadsheet.damaged-sheet.xls")
    assert book.text == "Data\n\nSecret\n\npsst\n\nEmpty"
    assert (book.parts, book.empty) == (3, ("sheet Data: no text", "sheet Empty: no text"))
    assert book.notes == ("Damaged sheets, which could not be read: Data.",)


@pytest.mark.parametrize(
    ("name", "damaged", "kept_words"),
    [
        ("word.damaged-footnotes.docx", "word/footnotes.xml", "Body two"),
        ("slides.damaged-slide.pptx", "ppt/slides/slide2.xml", "Say this"),
        ("spreadsheet.damaged-sheet.xlsx", "xl/s1.xml", "Secret"),
        ("epub.damaged-chapter.epub", "O/b b.xhtml", "Alpha"),
    ],
)
def test_a_damaged_part_costs_itself_alone_and_is_named(name: str, damaged: str, kept_words: str) -> None:
    document = found(name)
    assert kept_words in document.text
    assert document.notes[-1] == f"Damaged parts, which could not be read: {damaged}."
    assert document.passed == 1


def test_letters_that_only_fold_to_others_are_not_those() -> None:
    assert shown(2.0, "[ſ]") == shown(2.0, "[x]")  # a long s is no second
    assert found("pdf.dotless-i-at-the-foot-of-a-page.pdf").text == "ı–ngth"  # and a dotless i no Roman number


def test_a_footnote_s_own_footnote_lies_in_its_place() -> None:
    assert [place.kind for place in found("rtf.footnote-in-a-footnote.rtf").places] == ["footnote"]


# The harness itself: a check that finds nothing wrong with what is wrong would be worth nothing

SOUND = Extracted(
    "One\n\nwords and more",
    headings=(Heading(1, "One", Span(0, 3)),),
    title="One",
    date="2024-05",
    places=(Place("page", "1", Span(0, 10)), Place("page", "2", Span(11, 19))),
    hidden=(Hidden(Span(5, 10), "hidden text"),),
    notes=("A note.",),
    children=(Child("a/b.txt", b"x"),),
)


def without(**fields: object) -> Extracted:
    kept_fields = {name: getattr(SOUND, name) for name in Extracted.__dataclass_fields__}
    return Extracted(**{**kept_fields, **fields})


def test_a_sound_extract_breaks_no_promise() -> None:
    assert breaches("word", SOUND, LIMITS) == []


@pytest.mark.parametrize(
    ("broken", "breach"),
    [
        (without(text="One\n\nwords and\x00more"), "text: holds NUL or half of a character"),
        (without(title="One\u2028two"), "title: more than one line"),
        (without(title="\ud800"), "title: holds NUL or half of a character"),
        (without(date="May 2024"), "date: 'May 2024' is none"),
        (without(start=40), "start: outside of the text"),
        (without(lost=-1), "count: below nought"),
        (without(notes=("no sentence",)), "note: isn't a sentence"),
        (without(headings=(Heading(1, "Two", Span(0, 3)),)), "heading: its span's words are others"),
        (without(headings=(Heading(1, "words", Span(5, 10)),)), "heading: its span isn't a line"),
        (
            without(headings=(Heading(1, "One", Span(0, 3)), Heading(1, "One", Span(0, 3)))),
            "heading: overlaps the next",
        ),
        (without(headings=(Heading(1, "x", Span(30, 40)),)), "heading: reaches past the text"),
        (without(places=(Place("page", "1", Span(3, 5)),)), "place: a page without words"),
        (without(places=(*SOUND.places[1:], *SOUND.places[:1])), "place: page: out of order"),
        (without(places=(*SOUND.places, Place("page", "3", Span(15, 19)))), "place: page: overlaps the next"),
        (without(hidden=(Hidden(Span(5, 5), "hidden text"),)), "hidden: empty, or for no reason"),
        (without(hidden=(*SOUND.hidden, Hidden(Span(7, 12), "x"))), "hidden: overlaps the next"),
        (without(children=(Child("../b.txt", b"x"),)), "children: a name that leads outside, or is none"),
        (without(children=SOUND.children * 2), "children: two of one name"),
    ],
)
def test_each_broken_promise_is_named(broken: Extracted, breach: str) -> None:
    assert breach in breaches("word", broken, LIMITS)


def test_limits_are_promises_too() -> None:
    assert breaches("word", SOUND, Limits(characters=5)) == ["text: 19 characters, over the limit of 5"]
    assert breaches("word", SOUND, Limits(depth=0)) == ["children: deeper than is followed"]


@pytest.mark.parametrize("name", FORMATS)
def test_damage_is_done_by_the_dice_alone_and_leaves_files_that_can_be_read(name: str) -> None:
    some = [data for data in seeds(name).values() if len(data) < 20_000]
    once, twice = ([mutate(name, some[at % len(some)], random.Random(at), some) for at in range(24)] for _ in range(2))
    assert once == twice
    assert sum(one not in some for one in once) > len(once) / 2
    if name != "picture":
        assert any(execute(name, data, thorough=False, limits=LIMITS).read for data in once)


def test_a_workbook_s_records_and_a_pdf_s_objects_survive_being_taken_apart() -> None:
    older = next(data for key, data in seeds("spreadsheet").items() if key == "libreoffice.xls")
    book = stream(older, "Workbook") or b""
    assert (stream(ole.compound(book), "Workbook") or b"")[: len(book)] == book
    whole = seeds("pdf")["pdf-rich"]
    assert reader_of("pdf")(pdf.assembled(*pdf.opened(whole)), LIMITS) == reader_of("pdf")(whole, LIMITS)
    words = seeds("word")["word-rich"]
    assert reader_of("word")(package.packed(package.unpacked(words) or []), LIMITS) == reader_of("word")(words, LIMITS)


@pytest.mark.parametrize(
    ("shows", "left"),
    [
        (lambda items: 7 in items, [7]),
        (lambda items: 3 in items and 90 in items, [3, 90]),
        (lambda items: sum(items) >= 100, [1, 99]),
    ],
)
def test_what_a_fault_can_do_without_is_taken_away(shows: Callable[[list[int]], bool], left: list[int]) -> None:
    small = kept(range(100), shows)
    assert shows(small)
    assert len(small) <= len(left)
