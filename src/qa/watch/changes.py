"""Turns what the system tells of folders into the paths that changed: the only module that knows the library for it.

Knows nothing of collections; where the system tells nothing, says so by raising `Untold`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

_STEP = 100  # milliseconds without a change that end a batch, and after which a signal is heeded
_BATCH = 400  # milliseconds a batch is collected at most

# file systems that other machines write to, of which this one's kernel isn't told
_REMOTE = frozenset(
    """
    9p afs ceph cifs drvfs fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs fuse.vmhgfs-fuse glusterfs lustre ncpfs nfs
    nfs4 prl_fs smb3 smbfs vboxsf virtiofs
    """.split()
)
_MOUNTS = Path("/proc/self/mountinfo")


class Untold(Exception):
    """The system doesn't tell of changes in a folder; the message says why."""


def told(folders: Sequence[Path], tick: float, stop: threading.Event) -> Iterator[set[str]]:
    """Yield the paths that changed since the last yield, at least every `tick` seconds, until `stop` is set.

    Nothing is lost between yields, however long the caller takes. Raises Untold where the system can't tell, at the
    first yield or later, when its means are exhausted.
    """
    try:
        yield from _batches(folders, tick, stop, lenient=False)
    except PermissionError:
        # of a folder inside that may not be read nothing is indexed; but leniency would hide other failings, too
        yield from _batches(folders, tick, stop, lenient=True)


def _batches(folders: Sequence[Path], tick: float, stop: threading.Event, *, lenient: bool) -> Iterator[set[str]]:
    from watchfiles import watch

    batches = watch(
        *folders,
        watch_filter=None,
        debounce=_BATCH,
        step=_STEP,
        rust_timeout=max(1, int(1e3 * tick)),
        yield_on_timeout=True,
        stop_event=stop,
        force_polling=False,
        recursive=True,
        ignore_permission_denied=lenient,
        debug=False,
    )
    while True:
        try:
            batch = next(batches, None)
        except PermissionError as exc:
            if not lenient:
                raise
            raise Untold(str(exc)) from exc
        except (OSError, RuntimeError) as exc:
            raise Untold(str(exc)) from exc
        if batch is None:
            return
        yield {path for _, path in batch}


def is_remote(folder: Path) -> bool:
    """Tell whether a folder lies on a file system that other machines may write to; False where that isn't known."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in lines:
        place, _, after = line.partition(" - ")
        mounted = place.split(" ")[4].encode("latin-1", "replace").decode("unicode_escape")
        inside = os.path.join(mounted, "")
        if os.path.join(folder, "").startswith(inside) and len(inside) >= len(best):
            best, kind = inside, after.split(" ")[0]
    return kind in _REMOTE
