"""The error tree. Each message says where, what, and what next.

    QAError
    ├── ConfigError               a setting, flag or argument that can't be used
    ├── LoadError(source)         one file; the rest of the folder goes on
    │   ├── UnsupportedFormat     no reader for this kind of file
    │   ├── UnreadableDocument    a reader tried and failed
    │   └── NoText                read, but nothing to search in it
    ├── ModelUnavailable(model)   weights missing, wrong or not loadable
    ├── StoreError                the index on disk
    │   ├── IndexMissing          none there yet
    │   ├── IndexMismatch         built with other settings than these
    │   ├── IndexBusy             another process is writing it
    │   └── IndexCorrupt          its bytes aren't those that were written
    └── AnswerError               an answer that can't be given as asked
        └── QuoteMismatch         a quote that doesn't stand at its place: refused, never shown

Our own mistakes stay ValueError or RuntimeError and show a traceback. "Nothing found" is an `Answer`.
"""

from __future__ import annotations


class QAError(Exception):
    """Something a person can act on: shown as its message, without a traceback, with exit code 2."""


class ConfigError(QAError):
    """A setting, flag or argument that can't be used."""


class LoadError(QAError):
    """A file that could not be turned into a document; it costs that file alone."""

    def __init__(self, source: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{source}: {problem}" + (f" {remedy}" if remedy else ""))
        self.source = source
        self.reason = f"{problem} {remedy}".strip()


class UnsupportedFormat(LoadError):
    """There is no reader for this kind of file."""


class UnreadableDocument(LoadError):
    """A reader tried and failed."""


class NoText(LoadError):
    """The file was read, but holds nothing to search in."""


class ModelUnavailable(QAError):
    """The model's files are missing, changed or not loadable."""

    def __init__(self, model: str, problem: str) -> None:
        super().__init__(f"model {model}: {problem}")
        self.model = model


class StoreError(QAError):
    """Something about the index on disk."""


class IndexMissing(StoreError):
    """There is no index at this place yet."""


class IndexMismatch(StoreError):
    """The index was built with other settings than those in force."""


class IndexBusy(StoreError):
    """Another process is writing the index."""


class IndexCorrupt(StoreError):
    """The index's bytes aren't those that were written."""


class AnswerError(QAError):
    """An answer that can't be given as asked."""


class QuoteMismatch(AnswerError):
    """A quote that doesn't stand at its place in the document: refused, never shown."""
