r"""RTF documents: words in order with headings, list numbers, tables, notes and what is hidden.

RTF is a stream of control words (`\b`, `\par`) in groups (`{…}`); a group takes on the looks around it and
gives them back at its end. (`striprtf`, the library at hand, drops footnotes and headings and shows hidden and
deleted text like any other.)
"""

from __future__ import annotations

import codecs
import re
from dataclasses import replace

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.blocks import Blocks, Run, one_line
from qa.load.formats.rtfstories import Look, Story, why_hidden, words_of, write_story
from qa.load.formats.scripts import lowered, raised
from qa.load.formats.zipped import ANEW, reading

_TOKEN = re.compile(
    rb"\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?[0-9]{1,10})? ?|\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    rb"|(?P<brace>[{}])|(?P<words>[^\\{}\r\n]+)|(?P<rest>[\r\n]+|\\)"
)
_SIGNS = {"~": "\u00a0", "_": "\u2011", "-": "\u00ad", "\\": "\\", "{": "{", "}": "}", "\t": "\t"}
_CHARACTERS = {
    "tab": "\t",
    "line": "\n",
    "lbr": "\n",
    "softline": "\n",
    "emdash": "\u2014",
    "endash": "\u2013",
    "lquote": "\u2018",
    "rquote": "\u2019",
    "ldblquote": "\u201c",
    "rdblquote": "\u201d",
    "bullet": "\u2022",
    "emspace": "\u2003",
    "enspace": "\u2002",
    "qmspace": "\u2005",
    "zwj": "\u200d",
    "zwnj": "\u200c",
    "ltrmark": "\u200e",
    "rtlmark": "\u200f",
}
# groups that hold no words of the document, though they aren't marked as ones to be skipped
_SKIPPED = frozenset(
    """
    pict object fldinst xe tc rxe txe nonshppict themedata colorschememapping datastore listtable revtbl rsidtbl
    listoverridetable filetbl generator xmlnstbl latentstyles operator subject keywords comment doccomm company
    manager category hlinkbase printim buptim template atnid atnref atntime atnicn bkmkstart bkmkend mmathPr
    pgptbl sp objdata headerl headerf footerl footerf ftnsep ftnsepc aftnsep aftnsepc pgdsctbl
    """.split()
)
# marked as to be skipped by those who don't know them; these are known
_KNOWN = frozenset("footnote annotation atnauthor shpinst shptxt shppict listtext pntext cs ud".split())
_STORIES = {
    "footnote": "footnote",
    "annotation": "comment",
    "header": "header",
    "headerr": "header",
    "footer": "footer",
    "footerr": "footer",
    "shptxt": "text box",
}
_TABLES = ("fonttbl", "colortbl", "stylesheet", "info", "creatim", "revtim", "atnauthor")
_CHARSETS = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_LONGEST_MARKER = 20  # pieces
_MOST_CELLS = 500  # of a row whose cells' merging is kept
_TINY = 4  # half points
_RAISED = 5
_HEADING = re.compile(r"heading ?([1-9])", re.IGNORECASE)


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the document's text; headings go by outline level or by styles named "heading 1" and so on."""
    with reading("an RTF document"):
        if not data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{\\rtf"):
            raise Unreadable("it isn't RTF, whatever its name says.", "Give it its true suffix.")
        parser = _Parser(limits)
        parser.read(data)
        return parser.extracted()


class _Parser:
    """Reads the stream once and keeps the stories it tells."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.look = Look()
        self.stack: list[Look] = []
        self.stories = [Story("body")]
        self.edges: list[Story] = []
        self.encoding = "cp1252"
        self.fonts: dict[int, str] = {}
        self.font_defined = -1
        self.white: set[int] = set()
        self.colour = 0
        self.channels: list[int] = []
        self.headings: dict[int, int] = {}
        self.style_defined = 0
        self.style_outline = -1
        self.names: dict[str, list[str]] = {}
        self.pending = bytearray()  # of words in the file's encoding
        self.units: list[int] = []  # of words in UTF-16
        self.to_skip = 0
        self.maybe_skipped = False
        self.deletions = 0
        self.notes: list[str] = []
        self.dates: dict[str, dict[str, int]] = {}

    def read(self, data: bytes) -> None:
        at, end = 0, len(data)
        while at < end:
            match = _TOKEN.match(data, at)
            if match is None:
                at += 1
                continue
            at = match.end()
            kind = match.lastgroup
            if kind == "words":
                self._take_bytes(match["words"])
            elif kind == "byte":
                self._take_bytes(bytes([int(match["byte"], 16)]))
            elif kind == "brace":
                self._flush()
                self.to_skip = 0
                if match["brace"] == b"{":
                    self._open()
                elif self.stack:
                    self._close()
                    if not self.stack:
                        break
            elif kind == "sign":
                self._take_sign(match["sign"])
            elif kind in ("word", "number"):
                given = match["number"]
                word, parameter = match["word"].decode("ascii"), int(given) if given is not None else None
                if word == "bin":
                    at += max(0, parameter or 0)
                else:
                    self._take_word(word, parameter)
        self._flush()
        if self.stack:
            self.notes.append("The file ends before its last part is closed: it may have been cut short.")
        while len(self.stories) > 1:
            self._end_story()
        story = self.stories[0]
        if story.runs:
            story.in_table = False
            story.end_paragraph(self._heading(story))
        story.end_row()

    # groups

    def _open(self) -> None:
        if len(self.stack) >= self.limits.nesting:
            raise Unreadable(f"its groups are nested deeper than {self.limits.nesting} levels.", ANEW)
        self.stack.append(self.look)
        self.look = replace(self.look, story=False)
        self.maybe_skipped = False

    def _close(self) -> None:
        if self.look.story:
            self._end_story()
        if self.look.into == "stylesheet" and self.stack[-1].into == "stylesheet":
            self._end_style()
        self.look = self.stack.pop()

    def _begin_story(self, kind: str) -> None:
        if self.look.into != "text":
            return
        self.look = replace(Look(), font=self.look.font, story=True)
        label = "".join(self.names.pop("atnauthor", [])) if kind == "comment" else ""
        self.stories.append(Story(kind, label.strip()))

    def _end_story(self) -> None:
        story = self.stories.pop()
        if story.runs:
            story.in_table = False
            story.end_paragraph(self._heading(story))
        story.end_row()
        if story.kind in ("header", "footer"):
            self.edges.append(story)
        else:
            self.stories[-1].attached.append(story)

    # words

    def _take_bytes(self, data: bytes) -> None:
        if self.to_skip:
            skipped = min(self.to_skip, len(data))
            self.to_skip -= skipped
            data = data[skipped:]
        if self.look.into in ("colortbl", "skip"):
            if self.look.into == "colortbl":
                for _ in range(data.count(b";")):
                    self._end_colour()
            return
        if data:
            if self.units:
                self._flush()
            self.pending += data

    def _take_sign(self, sign: bytes) -> None:
        character = sign.decode("latin-1")
        if character == "*":
            self.maybe_skipped = True
        elif self.to_skip:
            self.to_skip -= 1
        elif character in ("\r", "\n"):
            self._take_word("par", None)
        elif character in _SIGNS:
            self._write(_SIGNS[character])

    def _write(self, words: str) -> None:
        self._flush()
        self._keep(words)

    def _flush(self) -> None:
        if self.pending:
            data = bytes(self.pending)
            self.pending.clear()
            self._keep(data.decode(self.fonts.get(self.look.font, self.encoding), "replace"))
        if self.units:
            data = b"".join(unit.to_bytes(2, "little") for unit in self.units)
            self.units.clear()
            self._keep(data.decode("utf-16-le", "replace"))

    def _keep(self, words: str) -> None:
        into, look, story = self.look.into, self.look, self.stories[-1]
        if into == "text":
            if look.deleted:
                return
            if look.struck:
                story.runs.append(Run("", left_out=bool(words.strip())))
                return
            shift = {"super": raised, "sub": lowered}.get(look.script)
            story.runs.append(Run(shift(words) if shift else words, why_hidden(look)))
        elif into == "marker":
            if len(self.names.setdefault("marker", [])) < _LONGEST_MARKER:
                self.names["marker"].append(words)
            shown = "".join(self.names["marker"]).strip()
            story.marker = shown if any(one.isalnum() for one in shown) else "-" if shown else ""
        elif into == "stylesheet":
            self.names.setdefault("style", []).append(words)
        elif into not in ("skip", "fonttbl", "colortbl"):
            self.names.setdefault(into, []).append(words)

    # control words

    def _take_word(self, word: str, parameter: int | None) -> None:
        if word == "u" and parameter is not None:
            self._take_unit(parameter)
            return
        if self.to_skip:
            self.to_skip -= 1
            return
        self._flush()
        if self.maybe_skipped:
            self.maybe_skipped = False
            if word not in _KNOWN:
                self.look.into = "skip"
                return
        if word in _SKIPPED:
            self.look.into = "skip"
        if self.look.into == "skip":
            return
        if word in _CHARACTERS:
            self._keep(_CHARACTERS[word])
        elif not self._take_destination(word):
            if self.look.into in ("fonttbl", "colortbl", "stylesheet", "creatim", "revtim"):
                self._take_definition(word, parameter)
            if self.look.into != "fonttbl":
                self._take_property(word, parameter)

    def _take_unit(self, parameter: int) -> None:
        if self.pending:
            self._flush()
        if self.look.into not in ("skip", "fonttbl", "colortbl"):
            self.units.append(parameter & 0xFFFF)
        self.to_skip = self.look.skip

    def _take_destination(self, word: str) -> bool:
        if word in _STORIES:
            self._begin_story(_STORIES[word])
        elif word in _TABLES or (word in ("title", "author") and self.look.into == "info"):
            # some programs name the author twice
            self.look.into = word if word in _TABLES or word not in self.names else "skip"
        elif word in ("listtext", "pntext") and self.look.into == "text":
            self.names.pop("marker", None)
            self.look.into = "marker"
        else:
            return False
        return True

    def _take_definition(self, word: str, parameter: int | None) -> None:
        value = parameter or 0
        into = self.look.into
        if into == "fonttbl":
            if word == "f":
                self.font_defined = value
            elif word in ("fcharset", "cpg"):
                name = _CHARSETS.get(value, "") if word == "fcharset" else f"cp{value}"
                if _is_codec(name):
                    self.fonts[self.font_defined] = name
        elif into == "colortbl":
            if word in ("red", "green", "blue"):
                self.channels.append(value)
        elif into == "stylesheet":
            if word == "s":
                self.style_defined = value
            elif word == "outlinelevel":
                self.style_outline = value
        else:
            self.dates.setdefault(into, {})[word] = value

    def _take_property(self, word: str, parameter: int | None) -> None:
        if self.look.into == "text" and self._take_paragraph_property(word, parameter):
            return
        look = self.look
        on = parameter != 0
        if word == "plain":
            look.hidden = look.deleted = look.white = look.shaded = look.tiny = look.struck = False
            look.font, look.script = -1, ""
        elif word in ("strike", "striked"):
            look.struck = on
        elif word in ("super", "sub", "nosupersub"):
            look.script = word if on and word != "nosupersub" else ""
        elif word in ("up", "dn"):
            # raised by half points: a little is no more than tidy typesetting
            look.script = ("super" if word == "up" else "sub") if (parameter or 0) >= _RAISED else ""
        elif word == "v":
            look.hidden = on
        elif word == "deleted":
            look.deleted = on
            self.deletions += on
        elif word == "cf":
            look.white = (parameter or 0) in self.white
        elif word in ("highlight", "cb", "chcbpat"):
            look.shaded = on and (parameter or 0) not in self.white
        elif word == "fs":
            look.tiny = parameter is not None and 0 < parameter < _TINY
        elif word == "f":
            look.font = parameter or 0
        elif word == "uc":
            look.skip = max(0, min(16, 1 if parameter is None else parameter))
        elif word == "ansicpg" and _is_codec(f"cp{parameter}"):
            self.encoding = f"cp{parameter}"
        elif word in ("mac", "pc", "pca"):
            self.encoding = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}[word]

    def _take_paragraph_property(self, word: str, parameter: int | None) -> bool:
        story = self.stories[-1]
        if word in ("par", "sect"):
            story.end_paragraph(self._heading(story))
        elif word == "cell":
            story.end_cell()
        elif word == "row":
            story.end_row()
        elif word == "nestcell":
            story.runs.append(Run("\n"))
        elif word == "trowd":
            story.merges, story.merge, story.is_head = [], set(), False
        elif word == "trhdr":
            story.is_head = True
        elif word in ("clmgf", "clmrg", "clvmgf", "clvmrg"):
            story.merge.add(word)
        elif word == "cellx":
            story.merges = [*story.merges, story.merge][:_MOST_CELLS]
            story.merge = set()
        elif word == "pard":
            story.in_table, story.heading, story.style, story.level = False, 0, -1, 0
        elif word == "intbl":
            story.in_table = True
        elif word == "s":
            story.style = parameter or 0
        elif word == "outlinelevel":
            story.heading = (parameter or 0) + 1
        elif word == "ilvl":
            story.level = parameter or 0
        else:
            return False
        return True

    def _heading(self, story: Story) -> int:
        level = story.heading or self.headings.get(story.style, 0)
        return level if 0 < level <= 9 else 0

    def _end_style(self) -> None:
        name = "".join(self.names.pop("style", [])).strip().rstrip(";").strip()
        match = _HEADING.fullmatch(name)
        if 0 <= self.style_outline < 9:
            self.headings[self.style_defined] = self.style_outline + 1
        elif match or name.lower() == "title":
            self.headings[self.style_defined] = int(match[1]) if match else 1
        self.style_defined, self.style_outline = 0, -1

    def _end_colour(self) -> None:
        if len(self.channels) == 3 and all(one >= 0xF8 for one in self.channels):
            self.white.add(self.colour)
        self.channels.clear()
        self.colour += 1

    # what comes of it

    def extracted(self) -> Extracted:
        blocks = Blocks(self.limits)
        written: set[str] = set()
        for story in self.edges:
            words = " ".join("".join(words_of(story)).split())
            if words not in written and any(letter.isalpha() for letter in words):
                written.add(words)
                write_story(blocks, story)
        write_story(blocks, self.stories[0])
        notes = list(self.notes)
        if self.deletions:
            notes.append(f"Tracked deletions: {self.deletions:,}. Their text is left out.")
        notes += blocks.struck_said()
        title = one_line("".join(self.names.get("title", [])))
        first = next((one.words for one in blocks.headings if one.level == 1), "")
        return Extracted(
            text=blocks.text,
            headings=tuple(blocks.headings),
            title=title or first,
            author=one_line("".join(self.names.get("author", []))),
            date=_date(self.dates.get("revtim") or self.dates.get("creatim") or {}),
            places=blocks.sorted_places(),
            empty=() if blocks.length else ("the document: no text",),
            hidden=blocks.sorted_hidden(),
            lost=blocks.lost,
            notes=tuple(notes),
        )


def _is_codec(name: str) -> bool:
    try:
        return bool(name) and codecs.lookup(name).name not in ("utf-7",)
    except LookupError:
        return False


def _date(parts: dict[str, int]) -> str:
    if not 1900 <= parts.get("yr", 0) <= 9999:
        return ""
    date = f"{parts['yr']:04d}"
    for name, separator, last in (("mo", "-", 12), ("dy", "-", 31), ("hr", "T", 23), ("min", ":", 59)):
        if not (0 if separator in "T:" else 1) <= parts.get(name, -1) <= last:
            break
        date += f"{separator}{parts[name]:02d}"
    return date[:10] if len(date) == 13 else date
