"""The index on disk: its layout, one in the making (`partial`), opened, written and switched (`generation`).

What a question needs is named here; who builds imports `partial` and `generation` themselves.
"""

from __future__ import annotations

from qa.index.layout import (
    MANIFEST,
    PARTIAL,
    POINTER,
    SCHEMA,
    Fingerprint,
    Listed,
    Record,
    Stored,
    exists,
    ledger_of,
    stored,
)
from qa.index.opened import Index, open_index

__all__ = [
    "MANIFEST",
    "PARTIAL",
    "POINTER",
    "SCHEMA",
    "Fingerprint",
    "Index",
    "Listed",
    "Record",
    "Stored",
    "exists",
    "ledger_of",
    "open_index",
    "stored",
]
