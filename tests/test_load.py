"""Files to documents: the walk, the decoding, and each reader's text and sections with their offsets."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qa.chunk import chunk_document
from qa.errors import ConfigError, LoadError, NoText, UnreadableDocument, UnsupportedFormat
from qa.load import Found, Readers, Reading, names, read_document, walk
from qa.load.decode import decode
from qa.load.sections import Heading, sections_of
from qa.types import Span

SPANISH = "El señor Muñoz llegó a Mérida en el año 1990 y no encontró a nadie; después volvió a casa con su niña."


def read(text: str | bytes, name: str = "a.txt") -> Reading:
    data = text.encode("utf-8") if isinstance(text, str) else text
    return read_document(Found(Path(name), name), data)


def outline(text: str | bytes, name: str = "a.txt") -> list[tuple[tuple[str, ...], str]]:
    """Return each section's heading path with its words."""
    document = read(text, name).document
    return [(section.heading, section.span.of(document.text)) for section in document.sections]


def sources(roots: list[Path], leave_out: Path | None = None) -> list[str]:
    return [found.source for found in walk(roots, leave_out=leave_out)]


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words\n", encoding="utf-8")
    return folder


# The walk


def test_files_come_sorted_by_their_path_within_the_root(tmp_path: Path) -> None:
    touch(tmp_path, "b.txt", "a/z.txt", "a/b/c.txt", "B.txt", "a.txt")
    assert sources([tmp_path]) == ["B.txt", "a.txt", "a/b/c.txt", "a/z.txt", "b.txt"]


def test_hidden_files_and_folders_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden.txt", ".git/config.txt", "shown.txt", "deep/.cache/x.txt")
    assert sources([tmp_path]) == ["shown.txt"]


def test_the_folder_of_the_index_is_passed_over_wherever_it_lies(tmp_path: Path) -> None:
    touch(tmp_path, "shown.txt", "sub/index/texts.txt", "index/also-shown.txt")
    assert sources([tmp_path], leave_out=tmp_path / "sub" / "index") == ["index/also-shown.txt", "shown.txt"]


def test_a_symbolic_link_is_named_and_not_followed(tmp_path: Path) -> None:
    touch(tmp_path, "outside/secret.txt", "docs/a.txt")
    (tmp_path / "docs" / "link.txt").symlink_to(tmp_path / "outside" / "secret.txt")
    (tmp_path / "docs" / "linked").symlink_to(tmp_path / "outside")
    found = {item.source: item.problem for item in walk([tmp_path / "docs"])}
    assert list(found) == ["a.txt", "link.txt", "linked"]
    assert found["a.txt"] == ""
    assert found["link.txt"] == found["linked"]
    assert found["linked"].startswith("a symbolic link, which is not followed.")


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    touch(tmp_path, "a/x.txt")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert sources([tmp_path]) == ["a/loop", "a/x.txt"]


def test_a_broken_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "gone.txt").symlink_to(tmp_path / "nowhere")
    assert [item.source for item in walk([tmp_path]) if item.problem] == ["gone.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_named_and_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (found,) = walk([tmp_path])
    assert (found.source, found.problem) == ("pipe.txt", "not a regular file (a device, pipe or socket).")


def test_several_roots_keep_their_names_in_front(tmp_path: Path) -> None:
    touch(tmp_path, "one/a.txt", "two/a.txt", "single.txt")
    roots = [tmp_path / "two", tmp_path / "one", tmp_path / "single.txt"]
    assert sources(roots) == ["one/a.txt", "single.txt", "two/a.txt"]


def test_a_file_given_alone_goes_by_its_name(tmp_path: Path) -> None:
    touch(tmp_path, "deep/a.txt")
    assert sources([tmp_path / "deep" / "a.txt"]) == ["a.txt"]


def test_a_root_given_twice_is_walked_once(tmp_path: Path) -> None:
    touch(tmp_path, "docs/a.txt")
    assert sources([tmp_path / "docs", tmp_path / "docs" / ".." / "docs"]) == ["docs/a.txt"]


def test_two_files_that_would_bear_one_name_are_refused(tmp_path: Path) -> None:
    touch(tmp_path, "one/docs/a.txt", "two/docs/a.txt")
    with pytest.raises(ConfigError, match=r"would both be called 'docs/a\.txt'\. Index the folder that holds both"):
        walk([tmp_path / "one" / "docs", tmp_path / "two" / "docs"])


def test_a_root_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere: no such file or folder\. Name the folder"):
        walk([tmp_path / "nowhere"])


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    assert walk([tmp_path]) == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems don't allow such names")
def test_a_name_that_is_not_utf_8_is_spelled_so_that_it_can_be_printed_and_the_file_still_be_read(
    tmp_path: Path,
) -> None:
    name = os.fsencode(tmp_path) + b"/caf\xe9.txt"
    with open(name, "wb") as file:
        file.write(b"words")
    (found,) = walk([tmp_path])
    assert found.source == "caf\\xe9.txt"
    assert found.source.encode("utf-8") == b"caf\\xe9.txt"
    assert found.path.read_bytes() == b"words"


@pytest.mark.skipif(sys.platform == "win32", reason="paths this long aren't allowed there")
def test_folders_nested_deeper_than_the_interpreter_goes_do_not_end_the_walk(tmp_path: Path) -> None:
    touch(tmp_path, "docs/shown.txt")
    # relative steps, since mkdir of the whole path would recurse itself
    script = (
        "import os\nfor _ in range(1100):\n    os.mkdir('d'); os.chdir('d')\nopen('deep.txt', 'w').write('words')\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path / "docs", check=True)
    try:
        found = sources([tmp_path / "docs"])
    finally:
        # the standard library's own removal recurses too
        subprocess.run(["rm", "-rf", str(tmp_path / "docs" / "d")], check=True)
    assert found[-1] == "shown.txt"


# Decoding


def test_utf_8_is_read_as_it_stands() -> None:
    decoded = decode("naïve 😀\r\n".encode())
    assert decoded is not None
    assert (decoded.text, decoded.encoding, decoded.guessed) == ("naïve 😀\r\n", "utf-8", False)


def test_a_utf_8_byte_order_mark_stays_so_that_offsets_are_the_files_own() -> None:
    document = read(codecs.BOM_UTF8 + b"It rained.").document
    assert document.text == "\ufeffIt rained."
    assert document.text[1:11] == "It rained."


@pytest.mark.parametrize(
    ("mark", "encoding", "name"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16"),
        (codecs.BOM_UTF32_LE, "utf-32-le", "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32"),
    ],
)
def test_a_byte_order_mark_says_which_wide_encoding_it_is(mark: bytes, encoding: str, name: str) -> None:
    decoded = decode(mark + "Año 😀\r\n".encode(encoding))
    assert decoded is not None
    assert (decoded.text, decoded.encoding, decoded.guessed) == ("Año 😀\r\n", name, False)


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_western_text_in_an_eight_bit_encoding_is_guessed_right_and_said_to_be_a_guess(encoding: str) -> None:
    decoded = decode(SPANISH.encode(encoding))
    assert decoded is not None
    assert decoded.text == SPANISH
    assert decoded.guessed


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Hélène a goûté les crêpes de sa grand-mère, qui étaient délicieuses. Où étiez-vous passés ?"),
        ("cp1252", "The naïve café owner said “it’s fine” – and so it was: £5 for a crème brûlée, all told."),
        ("koi8-r", "Съешь же ещё этих мягких французских булок, да выпей чаю."),
        ("cp1251", "Съешь же ещё этих мягких французских булок, да выпей чаю."),
        ("shift_jis", "これは日本語の文章です。とても短いですが、文字コードを推測できるはずです。"),
        ("gb18030", "这是一个中文句子，用来测试编码猜测。我们希望它能被正确识别出来。"),
    ],
)
def test_other_legacy_encodings_are_guessed_from_a_sentence(encoding: str, text: str) -> None:
    decoded = decode(text.encode(encoding))
    assert decoded is not None
    assert (decoded.text, decoded.guessed) == (text, True)


def test_a_guess_is_reported_with_the_reading() -> None:
    reading = read(SPANISH.encode("cp1252"))
    assert reading.note == f"Its encoding was guessed: {reading.encoding}."
    assert read(SPANISH).note == ""


def test_markup_that_declares_its_encoding_is_not_guessed_at() -> None:
    page = '<html><head><meta charset="windows-1252"></head><body><p>Señor – “ja” €5</p></body></html>'
    decoded = decode(page.encode("cp1252"), markup=True)
    assert decoded is not None
    assert (decoded.text, decoded.encoding, decoded.guessed) == (page, "cp1252", False)


def test_an_xml_declaration_names_the_encoding_too() -> None:
    page = '<?xml version="1.0" encoding="iso-8859-2"?><html><body>Łódź</body></html>'
    decoded = decode(page.encode("iso-8859-2"), markup=True)
    assert decoded is not None
    assert (decoded.text, decoded.guessed) == (page, False)


def test_plain_text_about_a_declaration_declares_nothing() -> None:
    decoded = decode(f'{SPANISH} <meta charset="koi8-r">'.encode("cp1252"))
    assert decoded is not None
    assert decoded.text.startswith(SPANISH)


@pytest.mark.parametrize(
    "declared", ["undefined", "utf-16", "utf-7", "unicode_escape", "idna", "punycode", "hex", "no-such-encoding"]
)
def test_a_declaration_that_cannot_be_true_is_passed_over(declared: str) -> None:
    page = f'<meta charset="{declared}"><p>{SPANISH} \\ud800 +2AA-</p>'
    data = page.encode("cp1252")
    for padded in (data, data + b" "):  # an even and an odd number of bytes
        decoded = decode(padded, markup=True)
        assert decoded is not None
        assert decoded.text.rstrip() == page


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04\x00\x00\x08\x00" * 20, b"\x7fELF\x02\x01\x01\x00", b"GIF89a\x01\x00\x01\x00\x80\x00\x00"]
)
def test_binary_bytes_are_no_text(data: bytes) -> None:
    assert decode(data) is None


def test_a_binary_file_with_a_texts_suffix_is_refused_with_a_remedy() -> None:
    with pytest.raises(UnreadableDocument, match=r"a\.txt: its bytes aren't text in any known encoding\. Save it as"):
        read(b"PK\x03\x04\x00\x00\x08\x00" * 20)


@pytest.mark.parametrize("data", [codecs.BOM_UTF16_LE + b"a", codecs.BOM_UTF16_LE + b"\x00\xd8a\x00"])
def test_wide_text_that_breaks_off_or_has_half_a_character_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableDocument):
        read(data)


def test_an_empty_file_has_no_text() -> None:
    with pytest.raises(NoText, match=r"a\.txt: the file is empty\."):
        read(b"")


@pytest.mark.parametrize(
    "text", [" \n\t\r\n", "\ufeff", "\ufeff \n", "\u3000\n", "\u2003 \u2003", "\x85\x1c", "\ufeff\u3000"]
)
@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
def test_a_file_of_white_space_has_no_text(text: str, name: str) -> None:
    with pytest.raises(NoText, match="there is no text in it"):
        read(text, name)


# The suffix table


def test_a_file_without_a_reader_is_refused_by_its_suffix() -> None:
    with pytest.raises(UnsupportedFormat, match=r"a\.DOC: there is no reader for \.doc files yet\. Save it as text"):
        read("x", "a.DOC")
    with pytest.raises(UnsupportedFormat, match=r"README: there is no reader for files without a suffix"):
        read("x", "README")


@pytest.mark.parametrize(("name", "reader"), [("a.TXT", "text"), ("a.Md", "markdown"), ("a.HTM", "html")])
def test_a_suffix_counts_whatever_its_case(name: str, reader: str) -> None:
    assert read("<p>words</p>", name).reader == reader


def test_there_is_a_reader_for_text_markdown_and_html() -> None:
    suffixes = Readers().suffixes
    assert {".txt", ".md", ".html", ".htm"} <= set(suffixes)
    assert list(suffixes) == sorted(suffixes)


def test_identity_is_the_source_and_revision_the_bytes_digest() -> None:
    document = read("abc", "a.txt").document
    assert document.source == "a.txt"
    assert document.digest == "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_document_without_a_title_goes_by_its_files_name() -> None:
    assert read("just words", "notes.txt").document.title == "notes"


# Sections


def test_sections_are_what_stands_between_headings() -> None:
    text = "lead\nA\none\nB\ntwo"
    headings = [Heading(1, "A", Span(5, 7)), Heading(1, "B", Span(11, 13))]
    found = [(section.heading, section.span.of(text)) for section in sections_of(text, headings)]
    assert found == [((), "lead"), (("A",), "one"), (("B",), "two")]


def test_a_deeper_heading_stands_under_the_one_before_and_a_shallower_one_ends_both() -> None:
    text = "# A\na\n## B\nb\n### C\nc\n# D\nd\n"
    assert outline(text, "a.md") == [(("A",), "a"), (("A", "B"), "b"), (("A", "B", "C"), "c"), (("D",), "d")]


def test_a_heading_with_nothing_under_it_is_a_section_of_its_own_words() -> None:
    assert outline("# A\n\n# B\nb\n\n# C\n", "a.md") == [(("A",), "# A"), (("B",), "b"), (("C",), "# C")]


def test_a_heading_with_only_deeper_headings_under_it_lives_on_in_their_paths() -> None:
    assert outline("# A\n## B\nb\n", "a.md") == [(("A", "B"), "b")]


# Plain text


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_wiki_marks_are_headings(newline: str) -> None:
    text = newline.join(["= Relations =", "Old ones.", "", "==History==", "War came.", "=== Since 1945 ===", "Peace."])
    assert outline(text) == [
        (("Relations",), "Old ones."),
        (("Relations", "History"), "War came."),
        (("Relations", "History", "Since 1945"), "Peace."),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_underlined_lines_are_headings(newline: str) -> None:
    text = newline.join(["Handbook", "========", "It begins.", "", "Returns", "-------", "Within 30 days."])
    assert outline(text) == [(("Handbook",), "It begins."), (("Handbook", "Returns"), "Within 30 days.")]


def test_short_lines_that_stand_alone_before_prose_are_headings() -> None:
    text = "Border trade\n\nHow it began\n\nIt began early.\n\nToday\n\nIt goes on.\n"
    assert outline(text) == [
        (("Border trade", "How it began"), "It began early."),
        (("Border trade", "Today"), "It goes on."),
    ]


def test_a_first_heading_is_a_plain_texts_title() -> None:
    assert read("Border trade\n\nIt began early.\n", "x.txt").document.title == "Border trade"
    assert read("It began early.\n\nLater on\n\nIt ended.\n", "x.txt").document.title == "x"


@pytest.mark.parametrize(
    "line", ["It is over.", "Is it over?", "- an item", "1. an item", "a small start", "Names:", "Call a@b.org", "12"]
)
def test_a_short_line_that_reads_otherwise_is_no_heading(line: str) -> None:
    text = f"{line}\n\nThis is prose that follows it.\n"
    assert [heading for heading, _ in outline(text)] == [()]


def test_short_lines_without_prose_behind_them_are_no_headings() -> None:
    assert [heading for heading, _ in outline("Milk\n\nEggs\n\nBread\n")] == [()]


def test_nothing_of_a_plain_text_is_changed() -> None:
    text = "\ufeffOne\r\n\r\nTwo  three.\r\n\tFour\x0b five.\n"
    assert read(text).document.text == text


# Markdown


def test_both_kinds_of_headings_count() -> None:
    text = "Setext one\n===\na\n\nSetext two\n---\nb\n\n### ATX ###\nc\n"
    assert outline(text, "a.md") == [
        (("Setext one",), "a"),
        (("Setext one", "Setext two"), "b"),
        (("Setext one", "Setext two", "ATX"), "c"),
    ]


@pytest.mark.parametrize("fence", ["```", "~~~"])
def test_a_mark_inside_code_is_no_heading(fence: str) -> None:
    text = f"# A\n{fence}sh\n# a comment\n{fence}\n\n    # indented code\n"
    assert [heading for heading, _ in outline(text, "a.md")] == [("A",)]


def test_a_heading_inside_a_quotation_or_list_cuts_nothing() -> None:
    assert [heading for heading, _ in outline("# A\n> # quoted\n\n- # listed\n", "a.md")] == [("A",)]


def test_a_hash_without_a_blank_is_no_heading() -> None:
    assert outline("#tag\nwords\n", "a.md") == [((), "#tag\nwords")]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
def test_offsets_hold_whatever_the_line_ends_are(newline: str) -> None:
    text = newline.join(["# Über", "", "Größe zählt.", "", "Unter", "---", "", "Maß voll.", ""])
    assert outline(text, "a.md") == [(("Über",), "Größe zählt."), (("Über", "Unter"), "Maß voll.")]
    assert read(text, "a.md").document.text == text


def test_offsets_hold_behind_a_byte_order_mark_and_emoji() -> None:
    assert outline("\ufeff# 😀 Joy\n👩\u200d👧 words\n", "a.md") == [(("😀 Joy",), "👩\u200d👧 words")]


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_front_matter_gives_the_title_and_each_entry_is_a_fact(newline: str) -> None:
    text = newline.join(["---", 'title: "The handbook"', "tags: [a, b]", "---", "# Returns", "Within 30 days.", ""])
    document = read(text, "a.md").document
    assert document.title == "The handbook"
    assert outline(text, "a.md")[1] == (("Returns",), "Within 30 days.")
    facts = [(place.label, place.span.of(text)) for place in document.places if place.kind == "fact"]
    assert facts == [("title", 'title: "The handbook"'), ("tags", "tags: [a, b]")]
    sentences = [s.of(text) for chunk in chunk_document(document, size=400) for s in chunk.sentences]
    assert sentences == ['title: "The handbook"', "tags: [a, b]", "Within 30 days."]
    assert document.text == text


def test_a_rule_at_the_top_hides_nothing_of_what_stands_before_the_next_rule() -> None:
    text = "---\n\nFirst part.\n\n---\n\nSecond part.\n"
    assert "First part." in "".join(words for _, words in outline(text, "a.md"))


def test_the_first_outermost_heading_is_the_title() -> None:
    assert read("## Low\nx\n# High\ny\n", "a.md").document.title == "High"


def test_a_headings_words_come_without_their_markup() -> None:
    assert outline("# *All* of [the docs](http://x.y) `now`\nx\n", "a.md")[0][0] == ("All of the docs now",)


def test_an_underscore_inside_a_word_of_a_heading_is_no_markup() -> None:
    assert outline("# The _new_ max_open_files option\nx\n", "a.md")[0][0] == ("The new max_open_files option",)


# HTML


def text_of(markup: str) -> str:
    return read(markup, "a.html").document.text


def test_headings_make_sections_and_the_outermost_the_title() -> None:
    page = "<title>Site</title><h1>Guide</h1><p>Lead.</p><h2>Parts</h2><p>Of it.</p><h1>End</h1><p>Out.</p>"
    assert outline(page, "a.html") == [(("Guide",), "Lead."), (("Guide", "Parts"), "Of it."), (("End",), "Out.")]
    assert read(page, "a.html").document.title == "Guide"


def test_a_page_without_a_heading_is_called_by_its_title() -> None:
    assert read("<title>The  site</title><p>x</p>", "a.html").document.title == "The site"


def test_navigation_scripts_and_styles_are_left_out() -> None:
    page = (
        "<head><style>p{}</style><script>let a</script></head><body><nav>Home</nav><div role='navigation'>More</div>"
        "<p>Kept.</p><script>let b</script><template>t</template><noscript>n</noscript><button>Go</button></body>"
    )
    assert text_of(page) == "Kept."


def test_header_footer_and_aside_are_kept_since_they_may_say_something() -> None:
    assert text_of("<header>Above.</header><p>It.</p><aside>Beside.</aside><footer>Below.</footer>") == (
        "Above.\n\nIt.\n\nBeside.\n\nBelow."
    )


def test_white_space_is_one_blank_and_inline_markup_leaves_its_words() -> None:
    assert text_of("<p>Some\n   <b>bold</b><i>er</i>  <a href='x'>link</a>.</p>") == "Some bolder link."


def test_entities_are_characters() -> None:
    assert text_of("<p>A &amp; B &lt;c&gt; &eacute; &#8364; &#x1F600; x&nbsp;y</p>") == "A & B <c> é € 😀 x\xa0y"


def test_a_line_break_is_a_line_break() -> None:
    assert text_of("<p>Line one<br>line two<br/> line three</p>") == "Line one\nline two\nline three"


def test_preformatted_text_keeps_its_blanks_and_lines() -> None:
    assert text_of("<p>Before</p><pre>a  b\n  c\n</pre><p>after  it</p>") == "Before\n\na  b\n  c\n\nafter it"


def test_a_table_is_a_row_a_line_with_its_header_first() -> None:
    page = (
        "<p>Trade</p><table><caption>In billions</caption><thead><tr><th></th><th>1990</th><th>2000</th></tr></thead>"
        "<tbody><tr><td>Exports</td><td>28.3</td><td><b>111</b>.3</td></tr>"
        "<tr><td>Imports</td><td></td><td>135.9<br>(est.)</td></tr></tbody></table><p>End</p>"
    )
    assert text_of(page).split("\n") == [
        "Trade",
        "",
        "In billions",
        "",
        "| 1990 | 2000",
        "Exports | 28.3 | 111.3",
        "Imports |  | 135.9 (est.)",
        "",
        "End",
    ]


def test_two_tables_are_kept_apart() -> None:
    table = "<table><tr><td>{}</td><td>1</td></tr></table>"
    assert text_of(table.format("a") + table.format("b")) == "a | 1\n\nb | 1"


def test_paragraphs_and_lists_in_a_cell_stay_in_their_row() -> None:
    page = "<table><tr><td><p>one</p><p>two</p></td><td><ul><li>x</li><li>y</li></ul></td></tr></table>"
    assert text_of(page) == "one two | x y"


def test_a_table_for_layout_is_read_as_paragraphs() -> None:
    inner = "<table><tr><td>a</td><td>b</td></tr></table>"
    page = f"<table><tr><td><h2>News</h2><p>Rain.</p></td><td>{inner}</td></tr></table>"
    assert text_of(page) == "News\n\nRain.\n\na | b"
    assert outline(page, "a.html") == [(("News",), "Rain.\n\na | b")]


def test_list_items_are_lines_with_their_mark_and_depth() -> None:
    bullets = "<ul><li>one<ul><li>inner <b>a</b></li><li>b</li></ul></li><li><p>two</p></li></ul>"
    assert text_of(bullets + "<ol start='3'><li>x<li>y</ol>") == "- one\n  - inner a\n  - b\n- two\n3. x\n4. y"


def test_an_empty_item_leaves_no_mark_to_the_next_paragraph() -> None:
    assert text_of("<ul><li></li></ul><p>After.</p>") == "After."


def test_broken_markup_is_mended_as_browsers_do() -> None:
    assert text_of("<p>One<p>Two<div>Three</p></div></span>Four") == "One\n\nTwo\n\nThree\n\nFour"


@pytest.mark.parametrize("tags", [["div"], ["span"], ["ul", "li"], ["table", "tr", "td"], ["blockquote"], ["b"]])
@pytest.mark.slow
def test_markup_nested_twenty_thousand_deep_is_read(tags: list[str]) -> None:
    opening = "".join(f"<{tag}>" for tag in tags)
    assert "Deep down." in text_of(opening * (20_000 // len(tags)) + "Deep down.")


def test_text_outside_any_element_is_kept() -> None:
    assert text_of("Just words.") == "Just words."


def test_offsets_are_those_of_the_extracted_text() -> None:
    document = read("<h1>É</h1><p>α &amp; β</p><h2>Z</h2><p>fin</p>", "a.html").document
    assert document.text == "É\n\nα & β\n\nZ\n\nfin"
    assert [section.span for section in document.sections] == [Span(3, 8), Span(13, 16)]


@pytest.mark.parametrize("name", ["a.txt", "a.md", "a.html"])
@pytest.mark.slow
def test_one_line_of_a_megabyte_is_read_in_seconds(name: str) -> None:
    began = time.monotonic()
    for text in ("word " * 200_000, "= " * 500_000, "x" * 1_000_000, "| " * 500_000, "[" * 100_000):
        assert read(text, name).document.sections
    assert time.monotonic() - began < 30


def test_what_a_reader_refuses_is_a_load_error_that_names_the_file() -> None:
    for data, name in ((b"", "sub/a.txt"), (b"\x00\x01", "sub/a.txt"), (b"x", "sub/a.xyz")):
        with pytest.raises(LoadError) as caught:
            read(data, name)
        assert caught.value.source == name
        assert str(caught.value).startswith(f"{name}: ")


def test_what_programs_keep_for_themselves_is_met_and_no_document(tmp_path: Path) -> None:
    touch(tmp_path, "~$report.docx", "Thumbs.db", "desktop.ini", "report.txt")
    problems = {found.source: found.problem for found in walk([tmp_path])}
    litter = "not a document: a program or the system keeps it for itself."
    assert problems == {"Thumbs.db": litter, "desktop.ini": litter, "report.txt": "", "~$report.docx": litter}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("Müller Größe.txt", "cp437"),
        ("ÄÖ.txt", "cp437"),
        ("año.txt", "cp437"),
        ("見積書.txt", "cp932"),
        ("テスト 2.txt", "cp932"),
        ("报价单.txt", "gb18030"),
        ("Отчёт 2024.txt", "cp866"),
        ("Müller.txt", "utf-8"),
    ],
)
def test_names_of_an_archive_without_a_code_page_are_read_in_the_likeliest(name: str, encoding: str) -> None:
    assert names.decoded(name.encode(encoding)) == name
