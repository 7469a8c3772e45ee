"""Quoth: ask your own documents a question and get back their words, with citations that hold."""

from __future__ import annotations

__version__ = "0.1.0"
