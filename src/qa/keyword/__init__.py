"""BM25 over chunks, beside the vectors: what counts as a term (`terms`), written (`write`), asked (`index`)."""

from __future__ import annotations

from qa.keyword.index import Covered, KeywordIndex
from qa.keyword.terms import Terms
from qa.keyword.write import Run, Termed, write_keyword

__all__ = ["Covered", "KeywordIndex", "Run", "Termed", "Terms", "write_keyword"]
