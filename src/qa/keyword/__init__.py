"""BM25 over chunks, beside the vectors: terms (`terms`), immutable segments (`write`, `segment`), asked (`index`).

`folder` keeps the segments on disk in step with a number: the transaction of the database they stand for.
"""

from __future__ import annotations

from qa.keyword.folder import KeywordFolder
from qa.keyword.index import Covered, KeywordIndex
from qa.keyword.segment import Segment
from qa.keyword.terms import Terms
from qa.keyword.write import Run, Termed, write_keyword

__all__ = ["Covered", "KeywordFolder", "KeywordIndex", "Run", "Segment", "Termed", "Terms", "write_keyword"]
