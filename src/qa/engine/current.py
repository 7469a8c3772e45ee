"""Always an engine over the newest generation on disk, whoever builds it: loads anew when the pointer moves.

Answers go on while a build runs and while the next generation is opened; knows nothing of pages or of who builds.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qa.config import Settings
from qa.engine import adapters
from qa.engine.ask import Engine
from qa.errors import QAError
from qa.index import MANIFEST, POINTER
from qa.protocols import Embedder, Reader

logger = logging.getLogger(__name__)

_AGAIN = 5.0  # seconds until a generation that couldn't be opened is tried once more


@dataclass(frozen=True, slots=True)
class Generation:
    """Which generation is being asked: its name, when it was written, and when its files were last found as recorded.

    `problem` says why a newer one isn't asked, or why that can't be told; "" where there is nothing to say.
    """

    name: str
    built: datetime
    checked: datetime
    problem: str = ""


class Current:
    """Hands out the engine over the newest generation. For any number of threads.

    An engine stays good as long as someone refers to it: its generation's files stay on disk, and are let go with it.
    Take one for each question, and for everything that is shown of its answer.
    """

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self._settings = settings
        self._embedder = embedder
        self._reader: Reader | None = None
        self._engine: Engine | None = None
        self._built = datetime.fromtimestamp(0, UTC)
        self._pointed = b""  # what the pointer said when it was last followed
        self._tried: tuple[bytes, float] = (b"", 0.0)  # what couldn't be opened, and when to try it again
        self._problem = ""
        self._lock = threading.Lock()

    def engine(self) -> Engine:
        """Return the engine over the newest generation; where there is no new one, that costs a look at a small file.

        Where the newest can't be opened, the last one goes on answering and `generation` says why; without a last
        one, raises as `Engine.open` does.
        """
        with self._lock:
            return self._follow()

    def generation(self) -> Generation:
        """Return which generation is being asked; raises as `engine` does."""
        with self._lock:
            name = self._follow().index.folder.name
            try:
                checked = _time_of(self._settings.index / POINTER)
            except OSError:
                checked = self._built
            return Generation(name, self._built, checked, self._problem)

    def _follow(self) -> Engine:
        """Return the engine over what the pointer names, opened unless it is."""
        pointed = self._pointer()
        if self._engine is not None:
            if pointed == self._pointed:
                self._problem = ""
                return self._engine
            if pointed == self._tried[0] and time.monotonic() < self._tried[1]:
                return self._engine
        try:
            self._engine = self._open()
        except QAError as exc:
            if self._engine is None:
                raise
            self._tried = pointed, time.monotonic() + _AGAIN
            if str(exc) != self._problem:
                logger.warning("the newest index can't be opened; answers come from the one before: %s", exc)
            self._problem = str(exc)
            return self._engine
        self._problem = ""
        # a build may have switched generations meanwhile: then the pointer has moved on and is followed next time
        after = self._pointer()
        self._pointed = after if after.startswith(f"{self._engine.index.folder.name} ".encode()) else pointed
        return self._engine

    def _open(self) -> Engine:
        index = adapters.open_collection(self._settings)
        if self._embedder is None:
            self._embedder = adapters.make_embedder(self._settings)
        if self._reader is None:
            self._reader = adapters.make_reader(self._settings)
        engine = Engine.over(self._settings, index, self._embedder, self._reader)
        self._built = _time_of(index.folder / MANIFEST)
        return engine

    def _pointer(self) -> bytes:
        try:
            return (self._settings.index / POINTER).read_bytes()
        except OSError:
            return b""


def _time_of(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
