"""A process's own clocks: they end it when a file takes too long, in case nobody outside does.

Wound by what serves readers; a reader whose work is slow by nature asks for more. Knows no format.
"""

from __future__ import annotations

import contextlib
import signal
import time

GRACE = 5  # seconds they run longer than those of the process outside

_wound = False


def wind(seconds: float) -> None:
    """Have this process end `seconds` and a little from now; 0 stops the clocks."""
    global _wound
    _wound = bool(seconds)
    if not hasattr(signal, "setitimer"):
        return
    import resource

    signal.setitimer(signal.ITIMER_REAL, seconds and seconds + GRACE)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    allowed = int(time.process_time() + seconds + GRACE) + 1 if seconds else most
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (allowed, most))


def allow(seconds: float) -> None:
    """Wind the clocks anew if they run: what comes next may take `seconds`, however long it took so far."""
    if _wound:
        wind(seconds)
