"""Words that mean something in a format, for mutations to put where they weren't expected. Knows no grammar."""

from __future__ import annotations

_RTF = [
    *r"\par \pard \plain \v \v0 \deleted \cf1 \cf0 \cf99 \highlight1 \cb1 \chcbpat1 \fs2 \fs24 \f0 \f1 \f9 \uc0 \uc1 "
    r"\uc16"
    r" \uc99 \u-10179 \u-8704 \u55357 \u56832 \u233 \u99999 \'e9 \'00 \'80 \'8 \'zz \~ \- \_ \: \| \{ \} \\ \* \bin0"
    r" \bin5 \bin99999999 \bin-5 \cell \row \nestcell \nestrow \intbl \trowd \cellx100 \itap2 \s1 \s99 \outlinelevel0"
    r" \outlinelevel8 \outlinelevel-1 \ilvl3 \ilvl99999 \ilvl-3 \tab \line \emdash \lquote \sect \page \column "
    r"\softline"
    r" \ansi \mac \pc \pca \ansicpg65001 \ansicpg1251 \ansicpg932 \ansicpg99999 \fcharset128 \fcharset77 \cpg65001 "
    r"\cpg7"
    r" \footnote \header \headerf \footer \annotation \atnid \chatn \shptxt \listtext \pntext \pict \object \field"
    r" \fldinst \fldrslt \fonttbl \colortbl \stylesheet \info \title \author \creatim \revtim \atnauthor \yr2024 \mo13"
    r" \mo5 \dy31 \hr99 \min7 \red255 \green255 \blue255 \red-1 \ls1 \pn \upr \ud \mht \xe \tc"
    r" \bkmkstart \xmlopen".split(),
    "{",
    "}",
    "{{{{",
    "}}}}",
    "{\\*\\x ",
    "{\\footnote ",
    "{\\listtext ",
    "\\\n",
    "\\",
    "\\u",
    "\\'",
    ";",
]

_TEX = (
    r"\part{ \chapter{ \section{ \section*{ \section[x]{ \subsection{ \paragraph{ \frametitle{ \title{ \author{ \date{"
    r" \begin{document} \end{document} \begin{verbatim} \end{verbatim} \begin{lstlisting} \end{lstlisting}"
    r" \begin{comment} \label{x} \footnote{ \thanks{ \emph{ \textbf{ \texorpdfstring{ \cite{a} \\[2pt] \\ \% % { } "
    r"{} $ ~"
    r" \{ \} \$ \_ \& \verb|x| \[ \] \( \input{x} \newcommand{\x}[1]{#1} [ ] {{{{{{{{ }}}}}}}}"
).split()

_MARKDOWN = [
    "# ", "## ", "###### ", "####### ", "#", "===", "---", "- ", "1. ", "999999999. ", "> ", "    ", "\t", "```", "~~~",
    "```x`y", "<div>", "<!--", "-->", "[a]: <b> 'c'", "[a](b", "![", "](", "**", "__", "* * *", "***", "\\#", "&#35;",
    "&amp;", "---\ntitle: ", "...\n", "---\n---\n", "| a | b |\n|---|---|\n", "`", "``", "\\", "# #", "#\t#",
    "#\u00a0x",
    "<pre>", "</pre>", "<script>", "<?", "<![CDATA[", "title: x", "\u2028# x", "\x0b# x", "\x85# x", "\x0c# x",
    "# \x00",
]  # fmt: skip

_RST = [
    "====",
    "----",
    "~~~~",
    "====\nT\n====\n",
    ".. note::",
    ".. _a:",
    "::",
    ":author: x",
    ":date: 2024-01-01",
    "=\nA\n",
    "\u3000",
    "漢字\n====",
    "=" * 90,
    "* ",
    "+---+",
    "==== ====",
    ".. code::\n\n   x\n   =\n",
    "''''",
    "####\n",
    "\u2028==\n",
]
_ASCIIDOC = [
    "= ", "== ", "====== ", "# ", "----\n", "....\n", "====\n", "****\n", "____\n", "++++\n", "////\n", "```\n",
    "```x\n", "--\n",
    "|===\n", ":author: x\n", ":revdate: 2024\n", "x\n=\n", "ab\n--\n", "== a ==", "[[id]]", "include::x[]", "|====\n",
    "A\n^\n",
]  # fmt: skip
_ORG = [
    "* ", "** ", "*" * 3000 + " x", "TODO ", "DONE TODO ", "[#A] ", " :tag:a@b:", "#+TITLE: x", "#+DATE: <2024-01-01>",
    "#+BEGIN_SRC\n", "#+END_SRC\n", ":PROPERTIES:\n", ":END:\n", "#+: ", "#+BEGIN_EXAMPLE\n* x\n", ",* x", "*\u00a0x",
    "* :a:",
]  # fmt: skip

_CODE = [
    *"def x(): class_X: async_def_f( function f() { } ( ) => = const_x fn_main()_{ impl_A_for_B_{ struct_S_{ enum_E"
    " interface_I_{ public_static_void_main(String[]_a)_{ @x # // /* */ -- \"\"\" ''' CREATE_TABLE_t_( "
    "create_or_replace_view_v"
    " x()_{ else_if_(x)_{ template<a> ;; [table] [[a.b]] key: k_=_v module_M end return_f() ~X() operator<< a::b a.b.c"
    " int_a(int_b)_{ void_*f(char_**p)_{ case_class_C( export_default_class_X_{ func_(r_*R)_Name()_{ "
    "local_x_=_function()".replace("_", "\x01").split(),
    "\t",
    "        ",
    "a" * 400,
    "(" * 80,
    "<" * 80,
    "a<" * 60,
    "a b c d e f g h (",
    " x " * 80,
]
_CODE = [one.replace("\u0001", " ") for one in _CODE]

_CSV = [
    '"', '""', '"a""b"', '"a"b"', ",", ";", "\t", "|", ",,,,,,,,", "\n", "\r", "\r\n", "sep=;\n", "sep=,", "sep=\n",
    "SEP=|\r",
    '"\n"', "'", '" "', '"unclosed', ' "x"', "\ufeff", '="x"', ",\n" * 500, '"' * 501, '",' * 400, "\u2028", "sep=\"\n",
]  # fmt: skip
_SUBTITLES = [
    "00:00:01,000 --> 00:00:02,000\n", "0:1:02.5 --> 1:02:03.4 align:start\n", "99:99 --> ", "WEBVTT\n",
    "WEBVTT - x\n\n",
    "WEBVTT X-TIMESTAMP\n\n", "NOTE x\n\n", "STYLE\n::cue{}\n\n", "-->", "<i>x</i>", "{\\an8}", "1\n", "\n\n",
    "<00:00:01.000>",
    "00:00.000 --> 00:01.000\n", "999:00:00.000 --> 999:00:01.000\n", "REGION\n", "\u2028", " \n",
    "١٢:٠٠:٠٠,٠٠٠ --> 00:00:01,000\n",
]  # fmt: skip
_HTML = [
    "<h1>", "</h1>", "<h6>x</h6>", "<table>", "<tr>", "<td>", "<th>", "</td>", "</tr>", "</table>", "<ul>",
    "<ol start=5>",
    "<ol start=99999999999999999999>", "<ol start=-1>", "<ol start='٣'>", "<ol start='²'>", "<li>", "<li value=3>",
    "<pre>",
    "</pre>", "<br>", "<p>", "<div>", "<nav>", "<template>", "<script>", "</script>", "<style>", "<!--", "<![CDATA[",
    "<svg>",
    "<math>", "<title>", "<head>", "<body>", "<frameset>", "<noscript>", "<textarea>", "<select>", "<plaintext>",
    "<xmp>",
    "&nbsp;", "&#0;", "&#xD800;", "&#x110000;", "&#133;", "&zwj;", "<a role=navigation>", "<dl><dt>", "<dd>",
    "<caption>",
    "<td><table>", "<h1><h2>", "<li><h1>", "<td><h1>", "<pre>\n\n", "<h1><br></h1>", "<h1>\u2028</h1>",
    "<h2> \u00a0 </h2>",
]  # fmt: skip
_TEXT = [
    "= x =\n", "== x ==\n", "=x\n", "Title\n=====\n", "Title\n---\n", "~~~\n", "CHAPTER ONE\n\n", "1.\n", "A\n\nB\n\n",
    "Short line\n\n", "\u2028", "A\n\n\n", "\x0c", "\x1c", "\x85", "= = =\n", "======\n", "=" * 3000, "= " * 1500,
    "\ufeff",
]  # fmt: skip
_JSON = [
    "null",
    "true",
    "-0",
    "1e999",
    '"\\ud800"',
    "[[[[",
    "{}",
    "NaN",
    "Infinity",
    '"cells"',
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
]


def _bytes(words: list[str]) -> tuple[bytes, ...]:
    return tuple(word.encode("utf-8", "surrogatepass") for word in words)


WORDS: dict[str, tuple[bytes, ...]] = {
    "text": _bytes(_TEXT),
    "markdown": _bytes(_MARKDOWN),
    "html": _bytes(_HTML),
    "csv": _bytes(_CSV),
    "rtf": _bytes([f"{one} " for one in _RTF] + _RTF),
    "rst": _bytes(_RST),
    "asciidoc": _bytes(_ASCIIDOC),
    "org": _bytes(_ORG),
    "latex": _bytes(_TEX),
    "code": _bytes(_CODE),
    "settings": _bytes(_CODE),
    "as it is": _bytes(_JSON),
    "subtitles": _bytes(_SUBTITLES),
    "notebook": _bytes(_JSON),
    "mhtml": _bytes(_HTML),
    "xml": _bytes(_HTML),
}
"""Format → what its readers look for."""
