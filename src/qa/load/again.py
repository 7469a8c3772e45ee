"""Finds the file of a source again, without walking the collection. Knows names and folders; opens no file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from qa.load.walk import Found


def find_again(roots: Sequence[Path], source: str) -> Found | None:
    """Return the file that `walk` called `source`, or the one in which the file of that source lies; None if gone.

    Only this one path is looked at. What is there now may be another file of the same name: compare its digest.
    """
    for root in roots:
        if not root.exists():
            continue
        is_folder = root.is_dir()
        name = _spelled((root.resolve() if is_folder else root).name) or "root"
        prefix = f"{name}/" if len(roots) > 1 or not is_folder else ""
        if not f"{source}/".startswith(prefix):
            continue
        path = _descend(root, source[len(prefix) :]) if is_folder else root
        if path is None:
            continue
        found = prefix + _spelled(path.relative_to(root).as_posix()) if is_folder else name
        return Found(path, found, "" if path.is_file() else "it is no file any more.")
    return None


def _descend(folder: Path, within: str) -> Path | None:
    """Follow a source's parts down from a folder, as far as there are folders; None where one is missing."""
    for part in within.split("/"):
        if not folder.is_dir():
            break
        if part in ("", ".", ".."):
            return None
        below = folder / part
        if not os.path.lexists(below):
            named = _named(folder, part)
            if named is None:
                return None
            below = folder / named
        folder = below
    return folder


def _named(folder: Path, part: str) -> str | None:
    """Return the name in a folder that a source spells as `part`: other than itself where it isn't UTF-8."""
    try:
        with os.scandir(folder) as entries:
            return min((entry.name for entry in entries if _spelled(entry.name) == part), default=None)
    except OSError:
        return None


def _spelled(name: str) -> str:
    # as `walk` spells them in sources
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
