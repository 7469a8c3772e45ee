"""The lock of an index: one writes at a time, and a folder that can't be written says so."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from qa.errors import IndexBusy, StoreError

_UNWRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EIO, getattr(errno, "EDQUOT", errno.ENOSPC)}


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the index's lock; raise IndexBusy where another process holds it, StoreError where it can't be written.

    A folder made here is its owner's alone: it holds the texts of documents that may be so, too.
    """
    lock = FileLock(folder / "lock")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise IndexBusy(f"{folder}: another 'qa index' or 'qa watch' is writing here. Wait for it to end.") from exc
    except OSError as exc:
        raise _unwritable(folder, exc) from exc
    try:
        yield
    except OSError as exc:
        if exc.errno not in _UNWRITABLE:
            raise
        raise _unwritable(folder, exc) from exc
    finally:
        lock.release()


def _unwritable(folder: Path, exc: OSError) -> StoreError:
    return StoreError(
        f"{folder}: the index can't be written ({exc.strerror or exc}); what it held before is as it was. "
        "See to its permissions and free space, or write another with --index DIR."
    )
