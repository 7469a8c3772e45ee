"""Finds the files of a collection: stable order, nothing hidden, no loops, never the index itself."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Found:
    """A file met on the walk. `problem` says why it can't be opened as a document; "" where it can.

    `stamp` is its size and when its bytes and its facts last changed, in nanoseconds; () where nobody looked.
    """

    path: Path
    source: str
    problem: str = ""
    stamp: tuple[int, ...] = ()


def walk(roots: Sequence[Path], *, leave_out: Path | None = None) -> list[Found]:
    """Return the files under `roots`, sorted by source (the path relative to its root, "/" between parts).

    Hidden files and folders and the folder `leave_out` are passed over; symbolic links and special files
    come back with a problem, and are not followed. With several roots, each source begins with its
    root's name. Raises ConfigError where a root is missing or two files would bear one name.
    """
    found: dict[str, Found] = {}
    skipped = leave_out.resolve() if leave_out else None
    for root in roots:
        if not root.exists():
            raise ConfigError(f"{root}: no such file or folder. Name the folder that holds your documents.")
        inside = root.is_dir()
        prefix = f"{_root_name(root)}/" if len(roots) > 1 and inside else ""
        met = _walk_folder(root, root, prefix, skipped) if inside else [_examine(root, root.name)]
        for item in met:
            if item.source in found and found[item.source].path.resolve() != item.path.resolve():
                raise ConfigError(
                    f"{found[item.source].path} and {item.path} would both be called {item.source!r}. "
                    "Index the folder that holds both."
                )
            found[item.source] = item
    return [found[source] for source in sorted(found)]


def _root_name(root: Path) -> str:
    return _readable(root.resolve().name) or "root"


def _walk_folder(top: Path, root: Path, prefix: str, leave_out: Path | None) -> Iterator[Found]:
    """Yield what lies under `top`, in no order; no recursion, as folders may be nested deeper than Python goes."""
    folders = [top]
    while folders:
        folder = folders.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as exc:
            yield Found(folder, prefix + _relative(folder, root), f"the folder can't be opened ({exc.strerror}).")
            continue
        for entry in entries:
            path = Path(entry.path)
            if entry.name.startswith("."):
                continue
            if not entry.is_dir(follow_symlinks=False):
                yield _examine(path, prefix + _relative(path, root))
            elif leave_out is None or path.resolve() != leave_out:
                folders.append(path)


def _examine(path: Path, source: str) -> Found:
    source = _readable(source)
    try:
        facts = path.lstat()
    except OSError as exc:
        return Found(path, source, f"can't be examined ({exc.strerror}).")
    mode = facts.st_mode
    if stat.S_ISLNK(mode):
        return Found(path, source, "a symbolic link, which is not followed. Put the file itself in the folder.")
    if not stat.S_ISREG(mode):
        return Found(path, source, "not a regular file (a device, pipe or socket).")
    return Found(path, source, stamp=(facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns))


def _relative(path: Path, root: Path) -> str:
    return _readable(path.relative_to(root).as_posix())


def _readable(name: str) -> str:
    r"""Spell bytes that aren't UTF-8 as \xNN, so that any name can be printed and stored."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
