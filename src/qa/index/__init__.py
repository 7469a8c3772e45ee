"""The index on disk: how it lies there (`layout`), opened (`opened`), written and switched (`generation`)."""

from __future__ import annotations

from qa.index.generation import Batch, sweep, write_generation, writing
from qa.index.layout import SCHEMA, Fingerprint, Stored, exists, stored
from qa.index.opened import Index, open_index

__all__ = [
    "SCHEMA",
    "Batch",
    "Fingerprint",
    "Index",
    "Stored",
    "exists",
    "open_index",
    "stored",
    "sweep",
    "write_generation",
    "writing",
]
