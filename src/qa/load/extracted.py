"""What every reader gives back, whatever the format, and the limits within which it works.

Readers are strangers to each other and to the rest of the house: bytes in, `Extracted` out, or `Unreadable`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from qa.load.sections import Heading
from qa.types import Hidden, Place

__all__ = [
    "CHECKED",
    "SELECTED",
    "UNCHECKED",
    "UNSELECTED",
    "Child",
    "Extracted",
    "Hidden",
    "Limits",
    "Reader",
    "Unreadable",
]

CHECKED, UNCHECKED = "[checked]", "[unchecked]"
SELECTED, UNSELECTED = "[selected]", "[unselected]"
"""What a form's box or one of several buttons says, in every format."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost. All are generous for real documents, and finite for those that mean harm.

    What is in pictures is recognised in `language`, as Tesseract names it: "eng", "deu+eng".
    """

    file_bytes: int = 512_000_000
    characters: int = 50_000_000  # of canonical text, of one document
    pages: int = 20_000  # pages, slides or sheets
    cells: int = 5_000_000  # of a spreadsheet
    members: int = 10_000  # of an archive or mailbox
    unpacked_bytes: int = 1_000_000_000  # of an archive in all
    ratio: int = 200  # unpacked bytes to packed bytes
    depth: int = 3  # archives inside archives, messages inside messages
    nesting: int = 500  # elements inside elements
    pixels: int = 100_000_000  # of one image
    ocr_seconds: float = 900.0  # to recognise the pictures of one file, beyond the time to parse it; 0: they aren't
    language: str = "eng"


class Unreadable(Exception):
    """A reader tried and failed: `problem` says why, `remedy` what a person can do. Names no file; the caller does."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem, self.remedy = problem, remedy


@dataclass(frozen=True, slots=True)
class Child:
    """A file inside a file: a member of an archive, an attachment, a message of a mailbox.

    `name` is its path inside the parent, "/" between parts, never absolute and never with "..".
    """

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Extracted:
    """A document's canonical text and what is known of it.

    `start` is where the body begins (after front matter). `parts` counts pages, slides or sheets; `empty`
    lists those without text, each as a person would say it ("page 4: scanned, no text"). `lost` is how many
    characters of the file's text could not be taken over (beyond a limit), `passed` how many pages, sheets or files
    inside it should have been and were not; `notes` are whole sentences a reader of the ledger should see.
    `composed`: the text isn't the file's own, though its format's is.
    """

    text: str
    headings: tuple[Heading, ...] = ()
    title: str = ""
    author: str = ""
    date: str = ""  # ISO 8601, as precise as the file says
    start: int = 0
    places: tuple[Place, ...] = ()
    parts: int = 0
    empty: tuple[str, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    lost: int = 0
    passed: int = 0
    notes: tuple[str, ...] = ()
    children: tuple[Child, ...] = ()
    encoding: str = ""
    composed: bool = False


Reader = Callable[[bytes, Limits], Extracted]
"""One per format, in a module of its own: raises `Unreadable`, never anything else, whatever the bytes."""
