"""Names of files inside files: never outside their parent, never twice, and fit to be printed and stored."""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\s]+')
_LONGEST_PATH = 4096
_LONGEST_TITLE = 60


def inside(raw: str) -> str:
    """Return `raw` as a path inside its parent, "/" between parts; "" where it points outside or names nothing.

    A backslash counts as a separator, as it does for those who mean harm.
    """
    name = raw.replace("\\", "/")
    if len(name) > _LONGEST_PATH or name.startswith("/") or _DRIVE.match(name):
        return ""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        return ""
    path = "/".join(_UNPRINTABLE.sub("_", part) for part in parts)
    return "" if _DRIVE.match(path) else path  # "./C:/x"


def is_hidden(name: str) -> bool:
    """Tell whether a path is passed over, as the walk passes over hidden files: a dot in front, or a Mac's shadow."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def of_title(title: str, fallback: str) -> str:
    """Return words as one part of a path, shortened; `fallback` where none are left."""
    words = _FORBIDDEN.sub(" ", _UNPRINTABLE.sub(" ", title))[:_LONGEST_TITLE].strip(" .")
    return words or fallback


def distinct(name: str, taken: dict[str, int]) -> str:
    """Return `name`, or "name (2).suffix" where it is taken, and remember it in `taken`."""
    count = taken.get(name, 0) + 1
    if count == 1:
        taken[name] = 1
        return name
    folder, slash, last = name.rpartition("/")
    stem, dot, suffix = last.rpartition(".")
    if not stem:
        stem, dot, suffix = last, "", ""
    while (other := f"{folder}{slash}{stem} ({count}){dot}{suffix}") in taken:
        count += 1
    taken[name] = count
    taken[other] = 1
    return other
