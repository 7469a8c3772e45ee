"""The index: a database on disk (`database`, `records`), written (`writing`), followed (`derived`), opened (`opened`).

What a question needs is named here; who builds imports `writing` itself.

    index/
    ├── index.db        SQLite: documents, texts, chunks, vectors, ledger; the truth
    ├── vectors/        FAISS's file of the chunks' vectors, and in vectors.json which transaction it stands for
    ├── keyword/        BM25 in segments, and which transaction they stand for
    └── lock            held while writing
"""

from __future__ import annotations

from qa.index.database import SCHEMA, Database
from qa.index.opened import Index, open_index
from qa.index.records import Fingerprint, Record
from qa.index.stored import Stored, exists, stored

__all__ = [
    "SCHEMA",
    "Database",
    "Fingerprint",
    "Index",
    "Record",
    "Stored",
    "exists",
    "open_index",
    "stored",
]
