"""Always an engine over what the index holds now, whoever builds it: opened again when the database has changed.

Answers go on while a build runs and while the next snapshot is opened; knows nothing of pages or of who builds.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from qa.config import Settings
from qa.engine import adapters
from qa.engine.ask import Engine
from qa.errors import QAError
from qa.index import stored
from qa.index.stored import Moment, touched
from qa.protocols import Embedder, Reader

logger = logging.getLogger(__name__)

_AGAIN = 5.0  # seconds until what couldn't be opened is tried again, or a build that goes on is looked at again


@dataclass(frozen=True, slots=True)
class Generation:
    """Which state of the index is asked: its name, when it was written, when its files were last found as recorded.

    `problem` says why a newer one isn't asked, or why that can't be told; "" where there is nothing to say.
    """

    name: str
    built: datetime
    checked: datetime
    problem: str = ""


class Current:
    """Hands out the engine over the newest state of the index. For any number of threads.

    An engine stays good as long as someone refers to it. Take one for each question, and for everything that is shown
    of its answer.
    """

    def __init__(self, settings: Settings, embedder: Embedder | None = None) -> None:
        self._settings = settings
        self._embedder = embedder
        self._reader: Reader | None = None
        self._engine: Engine | None = None
        self._moment: Moment = (0, 0, 0)  # what the engine is over
        self._about = Generation("", datetime.fromtimestamp(0, UTC), datetime.fromtimestamp(0, UTC))
        self._touched: tuple[object, ...] = ()  # how the files looked when it was found to be the newest
        self._tried: tuple[object, ...] = ()  # how they looked when it couldn't be opened
        self._not_before = 0.0
        self._problem = ""
        self._lock = threading.Lock()

    def engine(self) -> Engine:
        """Return the engine over the newest state; where there is no newer one, that costs a look at two files.

        Where the newest can't be opened, the last one goes on answering and `generation` says why; without a last
        one, raises as `Engine.open` does.
        """
        with self._lock:
            return self._follow()

    def generation(self) -> Generation:
        """Return which state is being asked; raises as `engine` does."""
        with self._lock:
            self._follow()
            about = self._about
            return Generation(about.name, about.built, about.checked, self._problem)

    def _follow(self) -> Engine:
        """Return the engine over what the database holds now, opened unless it is."""
        seen = touched(self._settings.index)
        if self._engine is not None:
            waiting = time.monotonic() < self._not_before
            if seen == self._touched or (waiting and (seen == self._tried or not self._problem)):
                return self._engine
        try:
            now = stored(self._settings.index)
            if self._engine is None or now.moment != self._moment:
                self._engine = self._open()
                self._moment = self._engine.index.moment
                # every document that is written moves the index on; between two of them it isn't opened anew
                self._not_before = 0.0 if now.is_whole else time.monotonic() + _AGAIN
            self._about = Generation(f"{self._moment[1]}.{self._moment[2]}", now.built, now.looked)
            self._touched, self._problem = seen, ""
        except QAError as exc:
            if self._engine is None:
                raise
            self._tried, self._not_before = seen, time.monotonic() + _AGAIN
            if str(exc) != self._problem:
                logger.warning("the newest index can't be opened; answers come from the one before: %s", exc)
            self._problem = str(exc)
        return self._engine

    def _open(self) -> Engine:
        index = adapters.open_collection(self._settings)
        if self._embedder is None:
            self._embedder = adapters.make_embedder(self._settings)
        if self._reader is None:
            self._reader = adapters.make_reader(self._settings)
        return Engine.over(self._settings, index, self._embedder, self._reader)
