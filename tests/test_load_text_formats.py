"""Markup, LaTeX, program text, subtitles, notebooks and XML: the text is exact, and headings stand where they stand."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats import latex, markup, notebook, source, subtitles, textfile, xmlfile
from qa.load.sections import sections_of
from qa.load.table import BY_SUFFIX, FORMATS

LIMITS = Limits()
SPANISH = "El señor Muñoz llegó a Mérida en el año 1990 y no encontró a nadie; después volvió a casa con su niña."
Read = Callable[[bytes, Limits], Extracted]


def read(extract: Read, text: str) -> Extracted:
    """Read a text whose canonical text is itself, and make sure that it is."""
    found = extract(text.encode("utf-8"), LIMITS)
    assert found.text == text
    return found


def outline(found: Extracted) -> list[tuple[int, str]]:
    for heading in found.headings:
        assert heading.words.split()[0][:4] in heading.span.of(found.text)
    return [(heading.level, heading.words) for heading in found.headings]


def lines_of(found: Extracted) -> list[str]:
    return [heading.span.of(found.text) for heading in found.headings]


# Text as it stands


def test_line_ends_marks_and_odd_characters_stay_as_they_are() -> None:
    text = "\ufeffeins\r\nzwei\rdrei\u2028\x0bvier\n\n"
    found = read(source.extract_as_it_is, text)
    assert (found.encoding, found.headings, found.notes) == ("utf-8", (), ())


def test_a_guessed_encoding_is_said() -> None:
    found = source.extract_as_it_is(SPANISH.encode("cp1252"), LIMITS)
    assert found.notes == ("Its encoding was guessed: cp1252.",)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Unreadable, match="aren't text in any known encoding"):
        source.extract(b"\x00\x01\x02", LIMITS)


def test_a_nul_far_into_a_file_is_replaced_and_offsets_stay() -> None:
    found = source.extract_as_it_is(b"a" * 300_000 + b"\x00b", LIMITS)
    assert found.text[-3:] == "a\ufffdb"
    assert len(found.text) == 300_002


def test_halves_of_characters_are_replaced() -> None:
    assert textfile.legible("a\ud800b\x00c🚲") == "a\ufffdb\ufffdc🚲"


def test_what_is_beyond_the_limit_is_counted() -> None:
    found = source.extract_as_it_is(b"x" * 120, Limits(characters=100))
    assert (found.text, found.lost) == ("x" * 100, 20)
    assert found.notes == ("Only its first 100 characters were read.",)


def test_a_file_over_the_limit_is_refused() -> None:
    for extract in READERS.values():
        with pytest.raises(Unreadable, match="larger than 0 MB"):
            extract(b"x" * 120, Limits(file_bytes=100))


# reStructuredText

RST = """\
=========
The Guide
=========

:Author: Ann Lee
:Date: 2024-05-01

Words.

Setting up
----------

More words::

   Not a title
   -----------

.. _a-label:

Under it
~~~~~~~~
Text

=====  =====
A      B
=====  =====
1      2
=====  =====

----

Last
----
"""


def test_restructuredtext_titles_take_their_level_from_the_order_of_their_lines() -> None:
    found = read(markup.extract_rst, RST)
    assert outline(found) == [(1, "The Guide"), (2, "Setting up"), (3, "Under it"), (2, "Last")]
    assert lines_of(found)[:2] == ["=========\nThe Guide\n=========", "Setting up\n----------"]
    assert (found.title, found.author, found.date) == ("The Guide", "Ann Lee", "2024-05-01")


def test_a_line_over_and_under_is_another_level_than_one_under() -> None:
    found = read(markup.extract_rst, "====\nTop\n====\n\nx\n\nNext\n====\n\ny\n")
    assert outline(found) == [(1, "Top"), (2, "Next")]


def test_a_line_that_is_too_short_is_none() -> None:
    assert outline(read(markup.extract_rst, "A rather long line of text\n---\n\nx\n")) == []


# AsciiDoc

ADOC = """\
= The Guide
Ann Lee <ann@example.org>
:author: Ann Lee
:revdate: 2024-05

== Setting up ==

----
== not a title
----

=== Under it

====
An example
====

```ruby
== nor this
```

Old style
---------
Text

|===
| a | b
|===
"""


def test_asciidoc_titles_stand_outside_blocks() -> None:
    found = read(markup.extract_asciidoc, ADOC)
    assert outline(found) == [(1, "The Guide"), (2, "Setting up"), (3, "Under it"), (2, "Old style")]
    assert lines_of(found) == ["= The Guide", "== Setting up ==", "=== Under it", "Old style\n---------"]
    assert (found.title, found.author, found.date) == ("The Guide", "Ann Lee", "2024-05")


# Org


def test_org_headings_lose_their_keywords_and_tags() -> None:
    text = (
        "#+TITLE: My notes\n#+AUTHOR: Ann\n#+DATE: <2024-05-01 Wed>\n\nIntro\n* TODO [#A] Buy bread :shop:food:\n"
        "text\n** DONE\n*bold*\n*** Why not :)\n"
    )
    found = read(markup.extract_org, text)
    assert outline(found) == [(1, "Buy bread"), (2, "DONE"), (3, "Why not :)")]
    assert lines_of(found)[0] == "* TODO [#A] Buy bread :shop:food:"
    assert (found.title, found.author, found.date) == ("My notes", "Ann", "2024-05-01")
    assert text[found.start :].lstrip().startswith("Intro")


# LaTeX

LATEX = r"""\documentclass{article}
\title{On \emph{Bicycles} \& other~things}
\author{Ann Lee\thanks{Grateful.}}
\date{2024-05-01}
% \section{Commented out}
\begin{document}
\maketitle
\section{A {\bf bold} start}\label{sec:start}
Words 50\% more. % \section{No}
\subsection*[short]{With $x^2$ in it} And words behind it.
\begin{verbatim}
\section{Not this}
\end{verbatim}
\section{Never closed
"""


def test_latex_sections_are_headings_and_the_preamble_is_passed_over() -> None:
    found = read(latex.extract, LATEX)
    assert outline(found) == [(3, "A bold start"), (4, "With x^2 in it")]
    assert lines_of(found) == [
        r"\section{A {\bf bold} start}\label{sec:start}",
        r"\subsection*[short]{With $x^2$ in it}",
    ]
    assert (found.title, found.author, found.date) == ("On Bicycles & other things", "Ann Lee", "2024-05-01")
    assert found.text[found.start :].startswith(r"\maketitle")


def test_a_latex_file_that_is_a_part_of_another_begins_at_its_beginning() -> None:
    found = read(latex.extract, "\\chapter{Two}\r\nWords.\r\n")
    assert (outline(found), found.start, lines_of(found)) == ([(2, "Two")], 0, ["\\chapter{Two}"])


def test_a_latex_heading_inside_a_heading_is_a_part_of_it() -> None:
    assert outline(read(latex.extract, "\\section{a \\section{b} c}\nx")) == [(3, "a b c")]


# Program text


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (
            "import os\n\nclass Store(Base):\n    def add(self, row: int) -> None:\n        def inner():  # why\n"
            "            pass  # why\n\nasync def main(\n    x,\n):\n    '''class of things'''\n    return x\n",
            [
                (1, "class Store(Base)"),
                (2, "def add(self, row: int) -> None"),
                (3, "def inner()"),
                (1, "async def main"),
            ],
        ),
        (
            "export default class App extends Base {\n  render (props) {\n    if (x) {\n    }\n  }\n}\n"
            "export const f = async (a, b) => {\n}\nconst g = x => x * 2;\nfunction* walk(tree) {\n",
            [
                (1, "export default class App extends Base"),
                (2, "render (props)"),
                (1, "export const f = async (a, b) =>"),
                (1, "function* walk(tree)"),
            ],
        ),
        (
            "static int main(int argc, char **argv)\n{\n}\nint *find(const char *s) {\n  for (;;) {\n  }\n"
            "  call(x);\n}\nstruct point {\n",
            [(1, "int *find(const char *s)"), (1, "struct point")],
        ),
        (
            "public final class A<T> implements B {\n    @Override\n    public List<String> names(int n) {\n"
            "        return x;\n    }\n}\n",
            [(1, "public final class A<T> implements B"), (2, "public List<String> names(int n)")],
        ),
        (
            "func (s *Store) Add(row int) error {\n\treturn nil\n}\npub(crate) fn new<T>(x: T) -> Self {\n"
            "impl<T> Trait for Foo<T> {\n}\n",
            [
                (1, "func (s *Store) Add(row int) error"),
                (1, "pub(crate) fn new<T>(x: T) -> Self"),
                (1, "impl<T> Trait for Foo<T>"),
            ],
        ),
        (
            "module Shop\n  def buy(bread)\n    x\n  end\nend\n# class Comment\n",
            [(1, "module Shop"), (2, "def buy(bread)")],
        ),
        ("CREATE TABLE users (\n  id int\n);\n-- create table no\n", [(1, "CREATE TABLE users")]),
        ("set -e\nbuild() {\n  make\n}\nfunction test {\n", [(1, "build()"), (1, "function test")]),
        ("area <- function(r) {\n  pi * r^2\n}\n", [(1, "area <- function(r)")]),
        ("def one(): return 1\nfn two() -> i32 { 2 }\nclass Three: pass;\n", []),
        ("The class of things that\nfunction well is large.\n", []),
    ],
    ids="python js c java go-rust ruby sql shell r one-liners prose".split(),
)
def test_definitions_are_headings(code: str, expected: list[tuple[int, str]]) -> None:
    assert outline(read(source.extract, code)) == expected


def test_a_definition_is_its_line_without_its_end() -> None:
    found = read(source.extract, "x = 1\r\ndef f(a):\r\n    return a\r\n")
    assert lines_of(found) == ["def f(a):"]


def test_every_line_of_program_text_is_in_a_section_or_a_heading() -> None:
    code = "import os\n\nclass A:\n    x = 1\n    def f(self):\n        return 2\n\ndef g(): return 3\n"
    found = read(source.extract, code)
    kept = [section.span for section in sections_of(code, found.headings)]
    kept += [heading.span for heading in found.headings]
    left = "".join(character for at, character in enumerate(code) if not any(s.start <= at < s.end for s in kept))
    assert left.strip() == ""


def test_lines_made_to_slow_patterns_down_do_not() -> None:
    evil = ["a " * 149 + "(", "a*&" * 99, "public " * 42 + "x", "f(" * 149 + "{", "x = (" + ")" * 290, "<" * 299]
    read(source.extract, "\n".join(evil * 200))


def test_tables_of_settings_are_headings() -> None:
    found = read(
        source.extract_settings, "a = 1\n[server]  # where\nhost = 'x'\nlist = [1, 2]\n[[users]]\nname = 'y'\n"
    )
    assert outline(found) == [(1, "server"), (1, "users")]


def test_outer_keys_of_yaml_are_headings() -> None:
    found = read(source.extract_settings, "version: 2\nservices:\n  web:\n    image: x\nvolumes: # all\n  - a\n")
    assert outline(found) == [(1, "services"), (1, "volumes")]


def test_no_suffix_is_served_twice() -> None:
    suffixes = [suffix for kind in FORMATS.values() for suffix in kind.suffixes]
    assert len(suffixes) == len(set(suffixes)) == len(BY_SUFFIX)


# Subtitles

SRT = """\
1
00:00:01,000 --> 00:00:04,000
Good morning.
How are you?

2
01:02:03,500 --> 01:02:05,000 X1:40
<i>Fine.</i>

3
01:02:06,000 --> 01:02:07,000

"""


def test_each_cue_of_subrip_is_a_place() -> None:
    found = read(subtitles.extract, SRT)
    assert [(place.kind, place.label, place.span.of(found.text)) for place in found.places] == [
        ("time", "00:00:01", "Good morning.\nHow are you?"),
        ("time", "01:02:03", "<i>Fine.</i>"),
    ]


def test_webvtt_has_a_title_and_may_leave_out_the_hours() -> None:
    text = "WEBVTT - The talk\nKind: captions\n\nNOTE nothing\n\nintro\n00:05.000 --> 00:07.000 align:left\nHello\n"
    text = text.replace("\n", "\r\n")
    found = read(subtitles.extract, text)
    assert [(place.label, place.span.of(text)) for place in found.places] == [("00:00:05", "Hello")]
    assert found.title == "The talk"
    assert text[found.start :].lstrip().startswith("NOTE")


def test_a_file_without_subtitles_is_refused() -> None:
    with pytest.raises(Unreadable, match="no subtitles"):
        subtitles.extract(b"Just words.", LIMITS)


# Notebooks


def cell(kind: str, text: str | list[str], **others: object) -> dict[str, object]:
    return {"cell_type": kind, "source": text, "metadata": {}, **others}


def book(*cells: dict[str, object], **others: object) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4, "metadata": {}, **others}).encode()


def test_a_notebook_reads_as_it_is_shown() -> None:
    outputs: list[dict[str, Any]] = [
        {"output_type": "stream", "name": "stdout", "text": ["\x1b[31mred\x1b[0m\n", "line\n"]},
        {"output_type": "execute_result", "data": {"text/plain": "42", "text/html": "<b>42</b>"}},
        {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": "iVBO"}},
        {"output_type": "error", "ename": "ValueError", "evalue": "no", "traceback": ["…"]},
    ]
    found = notebook.extract(
        book(
            cell("markdown", ["# Sales\n", "\n", "All of *May*.\n"]),
            cell("code", "x = 6 * 7\nx", execution_count=3, outputs=outputs),
            cell("code", "", execution_count=None, outputs=[]),
            cell("markdown", "## Next\nwords"),
            cell("raw", "as it is"),
            metadata={"authors": [{"name": "Ann"}, {"name": "Bob"}]},
        ),
        LIMITS,
    )
    assert found.text == (
        "# Sales\n\nAll of *May*.\n\nx = 6 * 7\nx\n\nred\nline\n\n42\n\nValueError: no\n\n## Next\nwords\n\nas it is"
    )
    assert [(place.kind, place.label, place.span.of(found.text)) for place in found.places] == [
        ("cell", "1", "# Sales\n\nAll of *May*."),
        ("cell", "In [3]", "x = 6 * 7\nx\n\nred\nline\n\n42\n\nValueError: no"),
        ("cell", "4", "## Next\nwords"),
        ("cell", "5", "as it is"),
    ]
    assert outline(found) == [(1, "Sales"), (2, "Next")]
    assert lines_of(found) == ["# Sales\n", "## Next\n"]
    assert (found.title, found.author) == ("Sales", "Ann, Bob")


def test_notebooks_before_version_four_are_read() -> None:
    cells = [
        {"cell_type": "heading", "level": 2, "source": "Old"},
        {
            "cell_type": "code",
            "input": "1 + 1",
            "prompt_number": 1,
            "outputs": [{"output_type": "pyout", "text": ["2"]}],
        },
    ]
    found = notebook.extract(json.dumps({"worksheets": [{"cells": cells}]}).encode(), LIMITS)
    assert (found.text, outline(found)) == ("Old\n\n1 + 1\n\n2", [(2, "Old")])
    assert [place.label for place in found.places] == ["1", "In [1]"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1, 2]",
        b'{"cells": ',
        b'"words"',
        b"[" * 100_000,
        b'{"cells": ' + b'{"a":' * 100_000,
        b"\x00\x01",
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
)
def test_what_is_no_notebook_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        notebook.extract(data, LIMITS)


def test_things_of_the_wrong_kind_in_a_notebook_are_passed_over() -> None:
    cells: Iterable[Any] = [
        None,
        5,
        "words",
        cell("code", 7, outputs=5),  # type: ignore[arg-type]
        cell("code", [1, None, "kept \ud800\x00"], outputs=[None, {"data": 3}, {"data": {"text/plain": 4}}]),  # type: ignore[list-item]
        {"cell_type": ["markdown"], "source": "# a", "execution_count": True},
        {"cell_type": "heading", "level": 10**30, "source": "b"},
        {"cell_type": "code", "source": "c", "execution_count": 10**300},
    ]
    found = notebook.extract(book(*cells, metadata={"title": 5, "authors": [None, 3, {"name": []}]}), LIMITS)
    assert found.text == "kept \ufffd\ufffd\n\n# a\n\nb\n\nc"
    assert notebook.extract(b'{"cells": 7, "metadata": []}', LIMITS) == Extracted("", encoding="utf-8")


# XML

DOCBOOK = """\
<?xml version="1.0" encoding="UTF-8"?>
<!-- a comment --><?pi words?>
<book xmlns:x="y">
  <title>The Guide</title>
  <info><author>Ann Lee</author><date>2024-05-01</date></info>
  <chapter>
    <title>Setting <em>up</em></title>
    <para>Turn it on
       <b>twice</b>, then <i>once</i>.</para>
    <para>More words, which go on for long enough that no one could take them for a value beside another value.</para>
    <x:para><![CDATA[1 < 2]]> &amp; caf&#233;</x:para>
  </chapter>
</book>
"""


def test_xml_reads_element_by_element() -> None:
    found = xmlfile.extract(DOCBOOK.encode(), LIMITS)
    assert found.text == (
        "The Guide\n\nAnn Lee\n2024-05-01\n\nSetting up\n\nTurn it on twice, then once.\n\n"
        "More words, which go on for long enough that no one could take them for a value beside another value.\n\n"
        "1 < 2 & café"
    )
    assert outline(found) == [(1, "The Guide"), (2, "Setting up")]
    assert (found.title, found.author, found.date) == ("The Guide", "Ann Lee", "2024-05-01")


def test_a_paragraph_inside_words_keeps_to_itself() -> None:
    found = xmlfile.extract(b"<p>before <list><item>one</item><item>two</item></list> after</p>", LIMITS)
    assert found.text == "before\n\none\ntwo\n\nafter"


def test_values_side_by_side_share_a_paragraph() -> None:
    found = xmlfile.extract(b"<r><p><name>Ann</name><age>40</age></p><p><name>Bob</name></p></r>", LIMITS)
    assert found.text == "Ann\n40\n\nBob"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "shift_jis"])
def test_xml_is_read_in_the_encoding_it_declares(encoding: str) -> None:
    words = "日本語のテキスト" if encoding == "shift_jis" else "Größe"
    declared = encoding.removesuffix("-sig")
    data = f'<?xml version="1.0" encoding="{declared}"?><a>{words}</a>'.encode(encoding)
    assert xmlfile.extract(data, LIMITS).text == words


def test_utf_16_without_a_mark_is_read() -> None:
    data = '<?xml version="1.0" encoding="utf-16"?><a>Größe</a>'.encode("utf-16-le")
    assert xmlfile.extract(data, LIMITS).text == "Größe"


def test_entities_that_multiply_are_refused() -> None:
    lines = [f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12)]
    bomb = f'<!DOCTYPE a [<!ENTITY e0 "{"ha" * 50}">{"".join(lines)}]><a>&e11;</a>'
    with pytest.raises(Unreadable, match="well-formed"):
        xmlfile.extract(bomb.encode(), LIMITS)


def test_one_long_entity_many_times_over_is_held_to_the_limit() -> None:
    bomb = f'<!DOCTYPE a [<!ENTITY e "{"x" * 50_000}">]><a>{"&e;" * 150}</a>'
    found = xmlfile.extract(bomb.encode(), Limits(characters=100_000))
    assert (found.text, found.lost) == ("x" * 100_000, 50_000 * 148)


def test_nothing_is_looked_up_outside_the_file() -> None:
    text = (
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd" [<!ENTITY f SYSTEM "file:///etc/passwd">'
        '<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]><a>caf&eacute; &f;&unknown; end</a>'
    )
    found = xmlfile.extract(text.encode(), LIMITS)
    assert found.text == "café end"
    assert found.notes[0].startswith("Names for text kept outside the file, which was not looked up: ")


def test_elements_nested_too_deep_are_refused() -> None:
    with pytest.raises(Unreadable, match="nested deeper than 500"):
        xmlfile.extract(b"<a>" * 100_000, LIMITS)
    deep = b"<a>" * 500 + b"x" + b"</a>" * 500
    assert xmlfile.extract(deep, LIMITS).text == "x"


@pytest.mark.parametrize(
    "data", [b"", b"words", b"<a>", b"<a></b>", b"<a>&x;</a>", b"<a/><b/>", b"\x00", b"<a>\x01</a>"]
)
def test_what_is_not_well_formed_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        xmlfile.extract(data, LIMITS)


# Damage

READERS: dict[str, Read] = {
    "rst": markup.extract_rst,
    "asciidoc": markup.extract_asciidoc,
    "org": markup.extract_org,
    "latex": latex.extract,
    "code": source.extract,
    "settings": source.extract_settings,
    "as it is": source.extract_as_it_is,
    "subtitles": subtitles.extract,
    "notebook": notebook.extract,
    "xml": xmlfile.extract,
}
SAMPLES = {
    "rst": RST.encode(),
    "asciidoc": ADOC.encode(),
    "org": b"#+TITLE: x\n* TODO a :b:\ntext\n** c\n",
    "latex": LATEX.encode(),
    "code": b"class A:\n    def f(self):\n        return 1\nint g(int x) {\n}\ncreate table x (\n",
    "settings": b"[a]\nb = 1\nc:\n  d: 2\n",
    "as it is": b'{"a": 1}\n',
    "subtitles": SRT.encode(),
    "notebook": book(cell("markdown", "# A\n\nb"), cell("code", "x", execution_count=1, outputs=[{"text": "y"}])),
    "xml": DOCBOOK.encode(),
}


def survives(extract: Read, data: bytes) -> None:
    try:
        found = extract(data, LIMITS)
    except Unreadable:
        return
    assert "\x00" not in found.text
    found.text.encode("utf-8")
    assert 0 <= found.start <= len(found.text)
    ends = 0
    for heading in found.headings:
        assert heading.span.start >= ends
        assert heading.span.of(found.text).strip()
        assert heading.words.strip() == heading.words != ""
        ends = heading.span.end
    ends = 0
    for place in found.places:
        assert place.span.start >= ends
        assert place.span.of(found.text).strip()
        ends = place.span.end
    sections_of(found.text, found.headings, found.start)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_cut_anywhere_is_read_or_refused(name: str) -> None:
    for length in range(len(SAMPLES[name])):
        survives(READERS[name], SAMPLES[name][:length])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_with_flipped_bytes_is_read_or_refused(name: str) -> None:
    chance = random.Random(name)
    for _ in range(60):
        data = bytearray(SAMPLES[name])
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(len(data))] = chance.choice(
                b'\x00\n\r <>&{}[]"\\%*=-:' + bytes([chance.randrange(256)])
            )
        survives(READERS[name], bytes(data))


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    "piece", ["=", "-\n", "\\section{", "{", "* ", "%", " ", "\\", "\n", "a(", "=-\n", "[", "<", "1:"]
)
def test_one_piece_over_and_over_is_read_or_refused_in_time(name: str, piece: str) -> None:
    survives(READERS[name], piece.encode() * 10_000)
