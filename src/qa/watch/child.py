"""Runs `qa watch` beside another command, for as long as that lives: a process of its own, so that answers stay fast.

Knows processes and pipes; nothing of what is watched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import TextIO

_GRACE = 5.0  # seconds a process may take to end
_NICE = 10  # questions go first


@contextlib.contextmanager
def watching(arguments: Sequence[str], said_to: TextIO, say: Callable[[str], None]) -> Iterator[None]:
    """Run `qa watch` with these arguments meanwhile; what it prints goes to `said_to`.

    `say` is called where it can't be started, or ends before this does: nothing else comes of that.
    """
    command = [sys.executable, "-P", "-m", "qa.cli", "watch", "--until-eof", *arguments]
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said_to, stderr=said_to)
    except OSError as exc:
        say(f"The folder can't be watched ({exc}): the index stays as it is until you run: qa index")
        yield
        return
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    ending = threading.Event()
    threading.Thread(target=_heed, args=(process, ending, say), daemon=True).start()
    try:
        yield
    finally:
        ending.set()
        _end(process)


def _heed(process: subprocess.Popen[bytes], ending: threading.Event, say: Callable[[str], None]) -> None:
    code = process.wait()
    if not ending.is_set():
        say(f"The folder is watched no longer (exit code {code}). To bring the index in step, run: qa index")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close its input, which it takes as its end; where it doesn't, be plainer."""
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.close()
    for plainer in (process.terminate, process.kill):
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE)
            return
        plainer()
    process.wait()


def end_with_input(stream: TextIO) -> None:
    """End this process once `stream` does: whoever held its other end is gone, however it went."""
    threading.Thread(target=_wait_for_end, args=(stream,), daemon=True).start()


def _wait_for_end(stream: TextIO) -> None:
    with contextlib.suppress(OSError, ValueError):
        while stream.read(1 << 12):
            pass
    signal.raise_signal(signal.SIGTERM) if os.name == "nt" else os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_GRACE)
    os._exit(0)  # it was in the midst of something that heeds no signal; a build may be ended at any instant
