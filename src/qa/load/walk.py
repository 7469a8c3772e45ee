"""Finds the files of a collection: stable order, nothing hidden, no loops, never the index itself."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from qa.errors import ConfigError
from qa.load import names

_LINK = "a symbolic link, which is not followed. Put the file itself in the folder, or index with --follow-links."


@dataclass(frozen=True, slots=True)
class Found:
    """A file met on the walk. `problem` says why it can't be opened as a document; "" where it can.

    `stamp` is its size and when its bytes and its facts last changed, in nanoseconds; () where nobody looked.
    `linked`: its path is a symbolic link, which is to be followed. `failed`: that it can't be opened was not meant so.
    """

    path: Path
    source: str
    problem: str = ""
    stamp: tuple[int, ...] = ()
    linked: bool = False
    failed: bool = False


def stamp_of(facts: os.stat_result) -> tuple[int, ...]:
    """Return what tells from outside whether a file is still the same."""
    return facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def walk(roots: Sequence[Path], *, leave_out: Path | None = None, follow_links: bool = False) -> list[Found]:
    """Return the files under `roots`, sorted by source (the path relative to its root, "/" between parts).

    Hidden files and folders and the folder `leave_out` are passed over; special files come back with a problem, and
    so do symbolic links unless `follow_links`: then they lead anywhere, but to each file and folder once, and what
    stands under a name of its own goes by that. With several roots, each source begins with its
    root's name. Raises ConfigError where a root is missing or two files would bear one name.
    """
    found: dict[str, Found] = {}
    walker = _Walker(_identity(leave_out), follow_links)
    for root in roots:
        if not root.exists():
            raise ConfigError(f"{root}: no such file or folder. Name the folder that holds your documents.")
        inside = root.is_dir()
        prefix = f"{_root_name(root)}/" if len(roots) > 1 and inside else ""
        for item in walker.folder(root, prefix) if inside else [walker.file(root, root.name)]:
            _put(found, item)
    for item in walker.through_links():
        _put(found, item)
    return [found[source] for source in sorted(found)]


def _put(found: dict[str, Found], item: Found) -> None:
    while (other := found.setdefault(item.source, item)) is not item:
        if other.path == item.path or other.path.parent != item.path.parent:
            break
        # two names that only spelling makes the same: "\xe9" as a byte, and as four characters
        item = replace(item, source=f"{item.source} (2)")
    if other is not item and other.path.resolve() != item.path.resolve():
        raise ConfigError(
            f"{other.path} and {item.path} would both be called {item.source!r}. Index the folder that holds both."
        )


def _root_name(root: Path) -> str:
    return readable(root.resolve().name) or "root"


def _identity(folder: Path | None) -> tuple[int, int] | None:
    """Return what a folder is called by the system, whichever way leads there; None where there is none."""
    try:
        facts = folder.stat() if folder else None
    except OSError:
        return None
    return (facts.st_dev, facts.st_ino) if facts else None


@dataclass(slots=True)
class _Walker:
    """Goes through folders; remembers links for later, and where it has been."""

    leave_out: tuple[int, int] | None
    follow: bool
    links: list[tuple[Path, str]] = field(default_factory=list)
    # real path → source; asked only where links are followed
    files: dict[str, str] = field(default_factory=dict)
    folders: dict[tuple[int, int], str] = field(default_factory=dict)

    def folder(self, top: Path, source: str) -> Iterator[Found]:
        """Yield what lies under `top`, in no order; no recursion, as folders may be nested deeper than Python goes.

        `source` is what `top` is called, with a "/" behind it; "" where it is the collection itself.
        """
        waiting = [(top, source)]
        while waiting:
            folder, prefix = waiting.pop()
            name = prefix.removesuffix("/") or "."
            if self.follow and (problem := self._been(folder, name)):
                yield Found(folder, name, problem)
                continue
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError as exc:
                yield Found(folder, name, f"the folder can't be opened ({exc.strerror}).", failed=True)
                continue
            real = os.path.realpath(folder) if self.follow else ""
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                path, called = Path(entry.path), prefix + readable(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    if not self._is_left_out(path, entry):
                        waiting.append((path, f"{called}/"))
                elif self.follow and entry.is_symlink():
                    self.links.append((path, called))
                else:
                    if self.follow:
                        self.files.setdefault(os.path.join(real, entry.name), called)
                    yield _examine(path, called)

    def file(self, path: Path, source: str) -> Found:
        """Return a file that was named by itself."""
        if self.follow:
            self.files.setdefault(os.path.realpath(path), readable(source))
        return _examine(path, source, self.follow and path.is_symlink())

    def through_links(self) -> Iterator[Found]:
        """Yield what links lead to, once all is known that needs none; they may lead to further links."""
        while self.links:
            links, self.links = sorted(self.links, key=lambda link: link[1]), []
            for path, source in links:
                yield from self._through(path, source)

    def _through(self, path: Path, source: str) -> Iterator[Found]:
        try:
            facts = path.stat()
        except OSError as exc:
            yield Found(path, source, f"a symbolic link that leads nowhere ({exc.strerror}).", failed=True)
            return
        if stat.S_ISDIR(facts.st_mode):
            if (facts.st_dev, facts.st_ino) != self.leave_out:
                yield from self.folder(path, f"{source}/")
            return
        real = os.path.realpath(path)
        if real in self.files:
            yield Found(path, source, f"a symbolic link to a file that is here as {self.files[real]}.")
            return
        self.files[real] = source
        yield _examine(path, source, linked=True)

    def _been(self, folder: Path, name: str) -> str:
        """Say that a folder was gone through already, and under which name; "" where it wasn't."""
        identity = _identity(folder)
        if identity is None:
            return ""
        first = self.folders.setdefault(identity, name)
        return "" if first == name else f"the same folder as {first}, which is read under that name."

    def _is_left_out(self, path: Path, entry: os.DirEntry[str]) -> bool:
        # its number alone is known without asking the system again
        return self.leave_out is not None and entry.inode() == self.leave_out[1] and _identity(path) == self.leave_out


def _examine(path: Path, source: str, linked: bool = False) -> Found:
    source = readable(source)
    if names.is_litter(path.name):
        return Found(path, source, "not a document: a program or the system keeps it for itself.")
    try:
        facts = path.stat() if linked else path.lstat()
    except OSError as exc:
        return Found(path, source, f"it can't be examined ({exc.strerror}).", failed=True)
    mode = facts.st_mode
    if stat.S_ISLNK(mode):
        return Found(path, source, _LINK)
    if not stat.S_ISREG(mode):
        return Found(path, source, "not a regular file (a device, pipe or socket).")
    return Found(path, source, stamp=stamp_of(facts), linked=linked)


def readable(name: str) -> str:
    r"""Spell bytes that aren't UTF-8 as \xNN, so that any name can be printed and stored."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
