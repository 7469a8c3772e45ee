"""Who has a generation open holds it, so that a build in another process doesn't remove its files: a shared lock.

Knows folders, files and locks; nothing of what they hold. A process that dies lets go. On Windows, where there is no
such lock, an open file keeps its folder from being renamed, and removing one begins with that.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import weakref
from pathlib import Path

from qa.index.layout import MANIFEST

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_HELD = MANIFEST  # written last: who finds it finds the rest
GOING = "going-"


class Hold:
    """Keeps a generation on disk until it is let go, or until nobody refers to it any more.

    Raises FileNotFoundError where the generation isn't there, or is being removed.
    """

    def __init__(self, folder: Path) -> None:
        handle = os.open(folder / _HELD, os.O_RDONLY)
        self._close = weakref.finalize(self, os.close, handle)
        if fcntl is None:
            return
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            self.let_go()
            raise FileNotFoundError(errno.ENOENT, "is being removed", str(folder)) from exc
        except OSError:
            return  # a file system without locks: what is mapped stays readable even so
        if not os.fstat(handle).st_nlink:  # it went between opening and locking
            self.let_go()
            raise FileNotFoundError(errno.ENOENT, "was removed", str(folder))

    def let_go(self) -> None:
        """Let the generation be removed; what was mapped can still be read where the system allows it."""
        self._close()


def remove_unless_held(folder: Path) -> None:
    """Remove a generation, unless someone holds it: then a later build will."""
    if fcntl is None:
        gone = folder.with_name(GOING + folder.name)
        with contextlib.suppress(OSError):
            folder.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)
        return
    handle = -1
    try:
        handle = os.open(folder / _HELD, os.O_RDWR)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return
    except OSError:
        pass  # left without a manifest by a build that was killed, or a file system without locks
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        if handle >= 0:  # not before: the lock tells those who come late that the files go
            os.close(handle)
