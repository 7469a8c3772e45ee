"""Ways to damage a file that keep it worth reading: each knows how one kind of file is built, none knows a reader."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from fuzzing.mutators import archive, mail, notebook, ole, package, pdf, picture, tokens, xml
from fuzzing.mutators.dictionaries import WORDS

Mutate = Callable[[bytes, random.Random, Sequence[bytes]], bytes]
"""File, dice and other files of the format to borrow from → another file; the same for the same dice."""

LONGEST = 60_000  # bytes of a damaged file

_STRUCTURED: dict[str, Mutate] = {
    "pdf": pdf.mutate,
    "word": package.mutate,
    "slides": package.mutate,
    "spreadsheet": ole.mutate_workbook,
    "opendocument": package.mutate,
    "epub": package.mutate,
    "html": xml.mutate,
    "xml": xml.mutate,
    "notebook": notebook.mutate,
    "mail": mail.mutate,
    "mailbox": mail.mutate,
    "mhtml": mail.mutate,
    "archive": archive.mutate,
    "picture": picture.mutate,
}


def mutate(name: str, data: bytes, dice: random.Random, donors: Sequence[bytes]) -> bytes:
    """Return `data` damaged in one to four places, as its format is built or as any text; never too long."""
    words = WORDS.get(name, ())
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4))):
        structured = _STRUCTURED.get(name)
        if structured and dice.random() < 0.85:
            data = structured(data, dice, donors)
        else:
            data = tokens.mutate(data, dice, donors, words)
    return data[:LONGEST]
