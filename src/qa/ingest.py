"""Files to a plan: what to embed, what to keep, and every file's line in the ledger."""

from __future__ import annotations

import hashlib

from qa.chunk import chunk_document
from qa.errors import LoadError, UnreadableDocument, UnsupportedFormat
from qa.index import Index
from qa.load import Found, read_document
from qa.types import Chunk, Document, FileState, LedgerEntry


class Plan:
    """What a build will do: documents to embed, documents to keep, and every file's line in the ledger."""

    def __init__(self) -> None:
        self.documents: list[Document] = []
        self.chunks: list[tuple[Chunk, ...]] = []
        self.kept: list[str] = []
        self.ledger: list[LedgerEntry] = []

    def take(self, found: Found, old: Index | None, *, size: int, overlap: int) -> None:
        """Decide about one file: keep its old revision, read it anew, or say why not."""
        try:
            if found.problem:
                raise UnsupportedFormat(found.source, found.problem)
            data = _read_bytes(found)
            digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
            if old and old.digest(found.source) == digest:
                self.kept.append(found.source)
                self.ledger.append(next(entry for entry in old.ledger if entry.source == found.source))
                return
            reading = read_document(found, data)
            document = reading.document
            chunks = tuple(chunk_document(document, size=size, overlap=overlap))
        except LoadError as exc:
            state = FileState.SKIPPED if isinstance(exc, UnsupportedFormat) else FileState.FAILED
            self.ledger.append(LedgerEntry(found.source, state, exc.reason))
            return
        self.documents.append(document)
        self.chunks.append(chunks)
        self.ledger.append(
            LedgerEntry(
                found.source,
                FileState.INDEXED,
                reading.note,
                reading.reader,
                reading.encoding,
                len(document.text),
                len(document.sections),
                len(chunks),
            )
        )


def _read_bytes(found: Found) -> bytes:
    try:
        return found.path.read_bytes()
    except OSError as exc:
        raise UnreadableDocument(
            found.source, f"it can't be opened ({exc.strerror or exc}).", "Check its permissions."
        ) from exc
