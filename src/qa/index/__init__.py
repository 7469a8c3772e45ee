"""The index on disk: its layout, one in the making (`partial`), opened, written and switched (`generation`)."""

from __future__ import annotations

from qa.index.generation import Taken, confirmed, drop_partial, last_look, sweep, write_generation, writing
from qa.index.layout import PARTIAL, SCHEMA, Fingerprint, Record, Stored, exists, stored
from qa.index.opened import Index, open_index
from qa.index.partial import Partial, Stamp

__all__ = [
    "PARTIAL",
    "SCHEMA",
    "Fingerprint",
    "Index",
    "Partial",
    "Record",
    "Stamp",
    "Stored",
    "Taken",
    "confirmed",
    "drop_partial",
    "exists",
    "last_look",
    "open_index",
    "stored",
    "sweep",
    "write_generation",
    "writing",
]
