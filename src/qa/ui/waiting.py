"""Who is answered when: as many questions at once as there are cores, the others in the order they came.

Knows tickets and threads; nothing of questions or pages. For one event loop.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from qa.errors import AnswerError

_Result = TypeVar("_Result")
_LOOK = 0.5  # seconds between two looks at whether whoever asked is still there


class Busy(AnswerError):
    """So many wait already that one more would wait too long."""


class Left(Exception):
    """Whoever asked is gone."""


class WaitingRoom:
    """Gives out tickets: `at_once` are served at a time, `most` wait, of each person `each`."""

    def __init__(self, at_once: int, most: int = 32, each: int = 3) -> None:
        self._at_once, self._most, self._each = at_once, most, each
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="answer")
        self._waiting: list[Ticket] = []
        self._served = 0
        self._held: Counter[str] = Counter()

    def ticket(self, person: str) -> Ticket:
        """Return a ticket, to be used in a `with` statement; raise Busy where there are enough already."""
        if len(self._waiting) >= self._most:
            raise Busy(f"Busy: {len(self._waiting)} questions wait already. Ask again in a moment.")
        if self._held[person] >= self._each:
            raise Busy(f"Busy: {self._held[person]} of your questions wait already. Ask again once they are answered.")
        return Ticket(self, person)

    def _ahead(self, ticket: Ticket) -> int:
        """Return how many are served before a ticket's turn; 0: it is its turn."""
        return max(0, self._waiting.index(ticket) + 1 - (self._at_once - self._served))

    def _call(self) -> None:
        for ticket in self._waiting:
            ticket.moved.set()


class Ticket:
    """A place in the queue."""

    def __init__(self, room: WaitingRoom, person: str) -> None:
        self.moved = asyncio.Event()
        self._room, self._person = room, person

    def __enter__(self) -> Self:
        self._room._waiting.append(self)
        self._room._held[self._person] += 1
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self in self._room._waiting:
            self._room._waiting.remove(self)
        self._room._held[self._person] -= 1
        if not self._room._held[self._person]:
            del self._room._held[self._person]
        self._room._call()

    async def ahead(self, before: int, is_there: Callable[[], bool]) -> int:
        """Return how many are ahead once that isn't `before` any more; raise Left where whoever asked has gone."""
        while True:
            if not is_there():
                raise Left
            ahead = self._room._ahead(self)
            if ahead != before or not ahead:
                return ahead
            self.moved.clear()
            try:
                await asyncio.wait_for(self.moved.wait(), _LOOK)
            except TimeoutError:
                continue

    async def served(self, make: Callable[[], _Result]) -> _Result:
        """Run `make` in a thread, now that it is this ticket's turn."""
        room = self._room
        room._waiting.remove(self)
        room._served += 1
        future = asyncio.get_running_loop().run_in_executor(room._threads, make)
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, _: object) -> None:
        # also where nobody waits for the result any more: its thread was busy until now
        self._room._served -= 1
        self._room._call()
