"""The table of formats: suffix → reader's name, and name → where the reader is and whether it works apart.

Readers are named, not imported: each is loaded when the first file of its kind is read.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A reader, as "package.module:function", and the suffixes of what it reads, in lower case with their dot.

    `apart`: it parses what may mean harm in ways that only a process of its own can bound. `titled`: its headings
    only name what follows; elsewhere, as in program text, their words say something and belong to the text.
    `by_line`: the canonical text is the file as an editor shows it, so that its lines can be told by number.
    `prose`: its sentences run over lines.
    """

    reader: str
    suffixes: tuple[str, ...]
    apart: bool = True
    titled: bool = True
    by_line: bool = False
    prose: bool = True


_CODE = """
    .py .pyi .pyx .js .mjs .cjs .jsx .ts .tsx .java .kt .kts .scala .groovy .swift .c .h .cc .cpp .cxx .hh .hpp .m
    .mm .cs .fs .vb .go .rs .zig .rb .php .pl .pm .lua .r .jl .dart .ex .exs .erl .hs .ml .clj .sh .bash .zsh .fish
    .ps1 .psm1 .sql .proto .graphql .vue .svelte .tf .cmake .gradle .nim .d .f90 .pas
"""
_SETTINGS = ".ini .toml .cfg .conf .yaml .yml .properties .env .editorconfig .service"
_AS_IT_IS = ".json .jsonl .ndjson .geojson .log .css .scss .less .diff .patch .bat .cmd .makefile .mk"


def _format(
    reader: str,
    suffixes: str,
    *,
    apart: bool = True,
    titled: bool = True,
    by_line: bool = False,
    prose: bool = True,
) -> Format:
    return Format(f"qa.load.formats.{reader}", tuple(suffixes.split()), apart, titled, by_line, prose)


FORMATS: dict[str, Format] = {
    "text": _format("plain:read", ".txt .text", apart=False, by_line=True),
    "markdown": _format("markdown:read", ".md .markdown", apart=False, by_line=True),
    "html": _format("html:read", ".html .htm .xhtml"),
    "pdf": _format("pdf:extract", ".pdf"),
    "word": _format("docx:extract", ".docx .docm .dotx .dotm"),
    "slides": _format("pptx:extract", ".pptx .pptm .ppsx .potx"),
    "spreadsheet": _format("sheets:extract", ".xlsx .xlsm .xltx .xls"),
    "csv": _format("csvfile:extract", ".csv .tsv", prose=False),
    "opendocument": _format("opendocument:extract", ".odt .ott .ods .ots .odp .otp"),
    "rtf": _format("rtf:extract", ".rtf"),
    "epub": _format("epub:extract", ".epub"),
    "rst": _format("markup:extract_rst", ".rst .rest", by_line=True),
    "asciidoc": _format("markup:extract_asciidoc", ".adoc .asciidoc .asc", by_line=True),
    "org": _format("markup:extract_org", ".org", by_line=True),
    "latex": _format("latex:extract", ".tex .latex .ltx", by_line=True),
    "code": _format("source:extract", _CODE, titled=False, by_line=True, prose=False),
    "settings": _format("source:extract_settings", _SETTINGS, by_line=True, prose=False),
    "as it is": _format("source:extract_as_it_is", _AS_IT_IS, by_line=True, prose=False),
    "subtitles": _format("subtitles:extract", ".srt .vtt"),
    "notebook": _format("notebook:extract", ".ipynb"),
    "xml": _format("xmlfile:extract", ".xml .xsd .rss .atom .dbk .tei"),
    "calendar": _format("calendarfile:extract", ".ics .vcs .vcf .vcard"),
    "mail": _format("mail:extract", ".eml"),
    "mailbox": _format("mail:extract_mbox", ".mbox .mbx"),
    "mhtml": _format("mail:extract_mhtml", ".mht .mhtml"),
    "archive": _format("archive:extract", ".zip .tar .tgz .tbz2 .txz .gz .bz2 .xz"),
    "picture": _format("ocr:extract", ".png .jpg .jpeg .tif .tiff .webp .bmp .gif"),
}
"""Reader's name → its format."""

BY_SUFFIX: dict[str, str] = {suffix: name for name, kind in FORMATS.items() for suffix in kind.suffixes}
"""Suffix, in lower case with its dot → reader's name."""

READERS: dict[str, str] = {name: kind.reader for name, kind in FORMATS.items()}
"""Reader's name → "package.module:function"."""

DRAWERS: dict[str, str] = {"pdf": "qa.load.formats.pdf:draw"}
"""Name of a reader whose files have pages that can be drawn → "package.module:function"."""

RECOGNISING = frozenset({"pdf", "picture"})
"""Readers that may have the text in pictures recognised."""

CONTAINERS = frozenset({"mail", "mailbox", "archive"})
"""Readers that may find files inside a file."""
