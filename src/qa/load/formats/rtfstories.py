"""What an RTF document tells, once its stream is read: stories of paragraphs and table rows, and how they are written.

Knows no control words but those that merge a table's cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from qa.load.formats.blocks import Blocks, Run
from qa.load.formats.tables import TableCell, TableRow, write_table


@dataclass(slots=True)
class Look:
    """What a group's beginning saves and its end brings back."""

    into: str = "text"  # or "skip", or the table or field its words go to
    font: int = -1
    skip: int = 1  # characters that stand for one in Unicode, for older programs
    hidden: bool = False
    deleted: bool = False
    white: bool = False
    shaded: bool = False
    tiny: bool = False
    struck: bool = False
    script: str = ""  # "super" or "sub"
    story: bool = False  # whether the group is one


@dataclass(slots=True)
class Story:
    """A run of paragraphs: the body, a footnote, a header. Each item is a paragraph or a row of cells."""

    kind: str
    label: str = ""
    items: list[Paragraph | MergedRow] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    cells: list[list[Run]] = field(default_factory=list)
    merges: list[set[str]] = field(default_factory=list)  # of the row's cells, as its definition names them
    merge: set[str] = field(default_factory=set)  # of the cell that is being defined
    is_head: bool = False
    attached: list[Story] = field(default_factory=list)
    marker: str = ""
    level: int = 0
    heading: int = 0
    style: int = -1
    in_table: bool = False

    def end_paragraph(self, heading: int) -> None:
        """End a paragraph; in a table it is a line of its cell."""
        if self.in_table:
            self.runs.append(Run("\n"))
            return
        self.end_row()
        self.items.append(Paragraph(self.runs, self.marker, self.level, heading, self.attached))
        self.runs, self.marker, self.attached = [], "", []

    def end_cell(self) -> None:
        """End a cell of the row being read."""
        lead = [Run(f"{self.marker} ")] if self.marker else []
        self.cells.append([*lead, *self.runs])
        self.runs, self.marker = [], ""

    def end_row(self) -> None:
        """End a row, if there is one."""
        if self.cells:
            self.items.append(MergedRow(self.cells, self.merges, self.is_head))
            self.cells = []


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Words with their list marker, level and heading, and the notes that hang on them."""

    runs: list[Run]
    marker: str
    level: int
    heading: int
    attached: list[Story]


@dataclass(frozen=True, slots=True)
class MergedRow:
    """A table's row, with how each cell is merged, as the row's definition says."""

    cells: list[list[Run]]
    merges: list[set[str]]
    is_head: bool


def write_story(blocks: Blocks, story: Story) -> None:
    """Write a story, each note after the paragraph it hangs on."""
    offset = blocks.length
    rows: list[MergedRow] = []
    for item in story.items:
        if isinstance(item, MergedRow):
            rows.append(item)
            continue
        _write_rows(blocks, rows)
        blocks.paragraph(item.runs, marker=item.marker, level=max(0, item.level), heading=item.heading)
        for one in item.attached:
            write_story(blocks, one)
    _write_rows(blocks, rows)
    for one in story.attached:
        write_story(blocks, one)
    if story.kind in ("footnote", "comment", "header", "footer"):
        blocks.place(story.kind, story.label, offset)


def _write_rows(blocks: Blocks, rows: list[MergedRow]) -> None:
    """Write the rows of one table and forget them; merged cells are told by the rows' definitions."""
    found: list[TableRow] = []
    above: dict[int, TableCell] = {}
    for row in rows:
        cells: list[TableCell] = []
        for at, runs in enumerate(row.cells):
            merges = row.merges[at] if at < len(row.merges) else set()
            if "clvmrg" in merges and at in above:
                above[at].down += 1
            elif "clmrg" in merges and cells:
                cells[-1].across += 1
            else:
                cells.append(TableCell(runs))
                above.pop(at, None)
                if "clvmgf" in merges:
                    above[at] = cells[-1]
        found.append(TableRow(cells, header=row.is_head))
    rows.clear()
    if found:
        write_table(blocks, found)


def words_of(story: Story) -> list[str]:
    """Return the words of a story's paragraphs, run by run."""
    return [run.words for item in story.items if isinstance(item, Paragraph) for run in item.runs]


def why_hidden(look: Look) -> str:
    """Return why nobody sees words that look so, "" where they are seen."""
    if look.hidden:
        return "hidden text"
    if look.white and not look.shaded:
        return "invisible colour"
    return "tiny letters" if look.tiny else ""
