"""Names of files inside files: never outside their parent, never twice, and fit to be printed and stored."""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_FORBIDDEN = re.compile(r'[\\/:*?"<>|\s]+')
_LITTER = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "$recycle.bin"))
_CODE_PAGES = (
    # two bytes a character: kana, signs, and the commoner half of the Japanese characters
    (re.compile(rb"(?:[\x00-\x7f]|(?:[\x82\x83\x88-\x97][\x40-\x7e\x80-\xfc]|\x81[\x40-\x5b\x75-\x7a]))+"), "cp932"),
    (re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xa3\xb0-\xf7][\xa1-\xfe])+"), "gb18030"),
    (re.compile(rb"(?:[\x00-\x40\x5b-\x60\x7b-\x7f]|[\x80-\xaf\xe0-\xf1]{2,}|(?<=\.)[A-Za-z0-9]+\Z)+"), "cp866"),
)
_IN_A_ROW = re.compile(rb"(?:[\x80-\xff][\x40-\xff]){2}")
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
    parts = name.split("/")
    return any(part.startswith(".") or part == "__MACOSX" for part in parts) or is_litter(parts[-1])


def is_litter(name: str) -> bool:
    """Tell whether a program or the system keeps a file for itself: the lock of an open document, a folder's looks."""
    return name.startswith("~$") or name.casefold() in _LITTER


def decoded(raw: bytes) -> str:
    """Return a name that an archive holds in a code page it doesn't name: the likeliest one's, else DOS's own.

    Names are short, so that only what bytes fit rather than what they say can tell: Japanese and Chinese stand in pairs
    of certain ranges, at least two in a row, Cyrillic in whole words of others.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    for pattern, encoding in _CODE_PAGES:
        if pattern.fullmatch(raw) and _IN_A_ROW.search(raw):
            try:
                return raw.decode(encoding)
            except UnicodeDecodeError:
                continue
    return raw.decode("cp437")


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
