"""Decides when a collection is built anew: once its files have rested, never while a root is away, again on failure.

Speaks of roots, stamps and the clock; what building is, and what is said of it, it is given.
"""

from __future__ import annotations

import logging
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from qa.errors import IndexBusy, QAError
from qa.watch.changes import Untold, is_remote, told

if TYPE_CHECKING:
    from qa.engine import BuildReport

logger = logging.getLogger(__name__)

_TICK = 0.5  # seconds between two looks at the roots
_BUSY = 1.0  # seconds until an index another process writes to is tried again
_LONGEST = 60.0  # seconds between attempts, however many have failed
_LONGEST_ON_CHANGE = 10.0  # the same where something has changed since: it may be mended

Look = Mapping[str, tuple[int, ...]]
"""Source → what tells from outside that a file is still the same: its size, then times in nanoseconds."""


class Collection(Protocol):
    """What is kept in step."""

    def roots(self) -> Sequence[Path]:
        """Return the folders and files it is made of."""

    def look(self) -> Look:
        """Look at every file from outside; raise QAError where that can't be done."""

    def holds(self, root: Path) -> bool:
        """Tell whether the index holds something of this root."""

    def build(self, stage: Callable[[str, int, int], None]) -> BuildReport:
        """Make the index hold what is there now; calls `stage("writing", 0, 1)` before anything is replaced."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long files must rest, how long that is waited for, and between two looks at every file.

    `sweep` is the last where the system tells of changes, `poll` where it doesn't.
    """

    settle: float = 2.0
    patience: float = 30.0
    sweep: float = 300.0
    poll: float = 10.0


@dataclass(frozen=True, slots=True)
class Built:
    """A build that succeeded, and how many seconds it took."""

    report: BuildReport
    seconds: float


class _RootAway(QAError):
    """A root vanished while a build was under way."""


class Keeper:
    """Builds a collection at once, and then whenever its files have changed and rested.

    `built` is called after each build, `failed` with what went wrong and `say` with what a person should know beside.
    """

    def __init__(
        self,
        collection: Collection,
        pace: Pace,
        *,
        leave_out: Path,
        built: Callable[[Built], None],
        failed: Callable[[str], None],
        say: Callable[[str], None],
        stage: Callable[[str, int, int], None] | None = None,
        polling: bool = False,
    ) -> None:
        self._collection = collection
        self._pace = pace
        self._leave_out = leave_out.resolve()
        self._built, self._failed, self._say = built, failed, say
        self._stage = stage
        self._polling = polling
        self._tick = min(_TICK, pace.settle / 4)
        self._said = ""  # the last thing said of roots that are away, or of an index that is busy
        self._seen: Look | None = None  # the files as they were before the last build that succeeded
        self._since: float | None = None  # when the first change was noticed that isn't built yet
        self._last = 0.0  # when the last one was
        self._not_before = 0.0
        self._failures = 0
        self._failed_at = 0.0
        self._problem = ""  # what the last attempt failed of
        self._remote = False  # whether a root lies where other machines write
        self._next_sweep = 0.0

    def run(self, stop: threading.Event) -> None:
        """Keep the collection in step until `stop` is set."""
        now = time.monotonic()
        self._since, self._last = now, now - self._pace.settle  # what changed while nobody watched needn't rest anew
        while not stop.is_set():
            self._attend(list(self._collection.roots()), stop)

    def _attend(self, roots: Sequence[Path], stop: threading.Event) -> None:
        """Watch these roots until they are others, one goes or comes, or there are new folders in them."""
        standing = [_standing(root) for root in roots]
        away = [root for root, stands in zip(roots, standing, strict=True) if self._is_away(root, stands)]
        self._announce(away)
        folders = [root.resolve() for root, stands in zip(roots, standing, strict=True) if stands and stands.folder]
        self._remote = any(is_remote(folder) for folder in folders)
        grown = False
        for paths in self._noticed(folders, stop):
            if [_standing(root) for root in roots] != standing or list(self._collection.roots()) != list(roots):
                self._note()
                return
            changed = [path for path in paths if self._concerns(path, folders)]
            if changed:
                self._note()
                grown = grown or any(os.path.isdir(path) for path in changed)
            if away:
                continue
            self._sweep()
            if self._build_if_due(roots) and grown:
                # the system says nothing where it can't tell of a new folder, but does when asked for all anew
                self._next_sweep = 0.0
                return

    def _is_away(self, root: Path, stands: _Standing | None) -> bool:
        """Tell whether a root is missing, or empty as the place of a drive that isn't there."""
        return stands is None or (stands.empty and self._collection.holds(root))

    def _announce(self, away: Sequence[Path]) -> None:
        if away:
            names = ", ".join(str(root) for root in away)
            self._say_once(
                f"{names}: not there, or empty now (a drive that isn't mounted?). The index keeps what it holds of it "
                "until it is back. If it is meant to be so, run: qa index"
            )
        elif self._said:
            self._said = ""
            self._say("Every folder is there again.")

    def _say_once(self, words: str) -> None:
        if words != self._said:
            self._said = words
            self._say(words)

    def _noticed(self, folders: Sequence[Path], stop: threading.Event) -> Iterator[set[str]]:
        """Yield what changed, as far as the system tells, at least once a tick."""
        if folders and not self._polling:
            try:
                yield from told(folders, self._tick, stop)
            except Untold as exc:
                if not all(folder.exists() for folder in folders):
                    stop.wait(self._tick)
                    return
                self._polling = True
                self._say(
                    f"The system doesn't tell of changes here ({exc}): every file is looked at every "
                    f"{self._pace.poll:g} s instead."
                )
            else:
                return
        while not stop.wait(self._tick):
            yield set()

    def _concerns(self, path: str, folders: Sequence[Path]) -> bool:
        """Tell whether a change may alter what is indexed: not in the index itself, nothing hidden."""
        changed = Path(path)
        if changed == self._leave_out or self._leave_out in changed.parents:
            return False
        return any(
            not any(part.startswith(".") for part in changed.relative_to(folder).parts)
            for folder in folders
            if changed.is_relative_to(folder)
        )

    def _note(self) -> None:
        """Note that something changed just now."""
        self._last = time.monotonic()
        if self._since is None:
            self._since = self._last
        if self._failures:
            self._not_before = min(self._not_before, self._failed_at + _LONGEST_ON_CHANGE)

    def _sweep(self) -> None:
        """Look at every file now and then: what no one told of is found all the same."""
        began = time.monotonic()
        if began < self._next_sweep or self._seen is None or self._since is not None:
            return
        try:
            seen: Look | None = self._collection.look()
        except QAError:
            seen = None
        took = time.monotonic() - began
        self._next_sweep = began + max(self._between_sweeps(), 10 * took)  # a tenth of the time is spent at most
        if seen != self._seen:
            self._note()

    def _between_sweeps(self) -> float:
        return self._pace.poll if self._polling or self._remote else self._pace.sweep

    def _build_if_due(self, roots: Sequence[Path]) -> bool:
        """Build if something has changed and rested; tell whether that was done, and well."""
        now = time.monotonic()
        if self._since is None or now < self._not_before:
            return False
        patient = now - self._since < self._pace.patience
        if patient and now - self._last < self._pace.settle:
            return False
        try:
            seen = self._collection.look()
            moving = self._moving_for(seen) if patient else 0.0
            if moving:
                self._not_before = now + moving
                return False
            self._build(roots, seen)
            return True
        except _RootAway:
            self._note()
        except IndexBusy as exc:
            self._note()
            self._not_before = time.monotonic() + _BUSY
            self._say_once(f"{exc} It is waited for.")
        except QAError as exc:
            self._fail(str(exc))
        except Exception as exc:
            # whatever it is, the next change may be free of it; a watch that ends in silence is worse
            logger.exception("a build failed")
            self._fail(f"{type(exc).__name__}: {exc}")
        return False

    def _moving_for(self, seen: Look) -> float:
        """Return how many seconds to wait until the file written to last has rested; 0.0 where all have."""
        ages = (time.time() - max(stamp[1:]) / 1e9 for stamp in seen.values() if stamp)
        # a time to come is another machine's clock, or made up
        youngest = min((age for age in ages if age >= 0), default=self._pace.settle)
        return max(0.0, self._pace.settle - youngest)

    def _build(self, roots: Sequence[Path], seen: Look) -> None:
        def stage(name: str, done: int, total: int) -> None:
            if name == "writing" and done < total:
                for root in roots:
                    if self._is_away(root, _standing(root)):
                        raise _RootAway(f"{root}: went away while it was read.")
            if self._stage:
                self._stage(name, done, total)

        since, self._since = self._since, None  # what is noticed from now on is the next build's
        began = time.monotonic()
        try:
            report = self._collection.build(stage)
        except BaseException:
            self._since = since
            raise
        ended = time.monotonic()
        self._seen = seen
        self._failures, self._not_before, self._problem, self._said = 0, 0.0, "", ""
        self._next_sweep = ended + self._between_sweeps()
        self._built(Built(report, ended - began))

    def _fail(self, problem: str) -> None:
        self._failures += 1
        wait = min(_LONGEST, self._pace.settle * 2.0 ** min(self._failures, 10))
        now = self._failed_at = time.monotonic()
        self._since, self._last, self._not_before = now, now - self._pace.settle, now + wait
        if problem != self._problem:  # it is tried again and again, but said once
            self._problem = problem
            self._failed(f"{problem} It is tried again until it works.")


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a root is: another folder under its name is another root; of a file, the stamp counts, too."""

    identity: tuple[int, ...]
    folder: bool
    empty: bool


def _standing(root: Path) -> _Standing | None:
    """Return what a root is now; None where it can't be reached."""
    try:
        facts = os.stat(root)
        if not stat.S_ISDIR(facts.st_mode):
            return _Standing((facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns), False, False)
        with os.scandir(root) as entries:
            empty = all(entry.name.startswith(".") for entry in entries)
        return _Standing((facts.st_dev, facts.st_ino), True, empty)
    except OSError:
        return None
