"""Keeps an index in step with its folders: notices changes (`changes`), waits until they rest, builds (`keeper`).

Speaks of folders, sizes, times and the clock; knows nothing of what a build does with a file.
"""

from __future__ import annotations

from qa.watch.child import end_with_input, watching
from qa.watch.keeper import Built, Collection, Keeper, Pace

__all__ = ["Built", "Collection", "Keeper", "Pace", "end_with_input", "watching"]
