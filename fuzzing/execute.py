"""Runs one reader on one input and says what came of it: read, refused, or a find. Knows no way to make inputs."""

from __future__ import annotations

import importlib
import signal
import time
import traceback
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

from fuzzing.contract import breaches, breaches_of_document
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.table import READERS

SLOW = 10.0  # seconds of processor time that no small file may take
LIMITS = Limits()
# now and then everything is scarce, so that what happens at a limit is seen too
SCARCE = Limits(characters=300, pages=2, cells=7, members=3, unpacked_bytes=20_000, nesting=12, depth=1, pixels=20_000)
NO_DEPTH = replace(LIMITS, depth=0)
# what a library says of a damaged file, and a reader may pass on; anything else behind a refusal is looked into
_HONEST = frozenset(
    """
    ExpatError BadZipFile XLRDError PdfiumError UnicodeDecodeError DecompressionBombError UnidentifiedImageError
    ReadError EOFError BadGzipFile LZMAError JSONDecodeError
    """.split()
)


class TooSlow(BaseException):
    """The input took more processor time than it may; no reader catches this."""


@dataclass(frozen=True, slots=True)
class Find:
    """A fault: `kind` is "raised", "broken", "slow", "memory" … or "masked" (a refusal for a reader's own mistake).

    `signature` is the same for two inputs that show the same fault.
    """

    kind: str
    signature: str
    detail: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one input; `read` tells whether the reader took it."""

    read: bool
    seconds: float
    finds: tuple[Find, ...] = ()


def reader_of(name: str) -> Callable[[bytes, Limits], Extracted]:
    """Return the reader of a format of the table."""
    module, _, function = READERS[name].partition(":")
    found: Callable[[bytes, Limits], Extracted] = getattr(importlib.import_module(module), function)
    return found


def limits_for(data: bytes) -> Limits:
    """Return the limits an input runs under: always the same for the same bytes."""
    lot = zlib.crc32(data) % 16
    return SCARCE if lot == 0 else NO_DEPTH if lot == 1 else LIMITS


# where a library meets the damage itself, and raises a dozen kinds
_HONEST_PLACES = frozenset(
    """
    zipped.py:read zipped.py:<lambda> zipped.py:_open zipped.py:feed compound.py:_joined compound.py:_stream
    compound.py:_table xmlfile.py:extract ocr.py:_grey ocr.py:_opened archive.py:readinto archive.py:_fill_from_zip
    xls.py:_extract
    """.split()
)


def execute(name: str, data: bytes, *, thorough: bool | None = None, limits: Limits | None = None) -> Outcome:
    """Run the reader `name` on `data`; with `thorough` twice, and on through sections and chunks.

    Unless told, one input in eight is run thoroughly, chosen by its bytes.
    """
    read = reader_of(name)
    limits = limits or limits_for(data)
    if thorough is None:
        thorough = zlib.crc32(data) >> 8 & 7 == 0
    begun = time.process_time()
    try:
        with _clock(SLOW):
            found = read(data, limits)
    except Unreadable as exc:
        return Outcome(False, time.process_time() - begun, tuple(_behind(exc)))
    except TooSlow as exc:
        return Outcome(False, time.process_time() - begun, (_find("slow", exc),))
    except MemoryError as exc:
        return Outcome(False, time.process_time() - begun, (_find("memory", exc),))
    except BaseException as exc:  # noqa: BLE001 - that is what is looked for
        return Outcome(False, time.process_time() - begun, (_find("raised", exc),))
    seconds = time.process_time() - begun
    return Outcome(True, seconds, tuple(_after(name, data, found, limits, thorough)))


def _after(name: str, data: bytes, found: Extracted, limits: Limits, thorough: bool) -> list[Find]:
    finds = [_broken(one) for one in dict.fromkeys(breaches(name, found, limits))]
    if not thorough:
        return finds
    try:
        with _clock(SLOW):
            if reader_of(name)(data, limits) != found:
                finds.append(_broken("determinism: the same bytes gave something else"))
            if not finds:
                finds += [_broken(one) for one in dict.fromkeys(breaches_of_document(name, data, found))]
    except (Exception, TooSlow) as exc:  # noqa: BLE001 - as above
        finds.append(_find("raised after reading" if isinstance(exc, Exception) else "slow after reading", exc))
    return finds


def _behind(refusal: Unreadable) -> list[Find]:
    """Return a find where a refusal hides a mistake of the reader's own."""
    if not refusal.problem.endswith(".") or "\n" in refusal.problem:
        return [Find("broken", "refusal: isn't a sentence", refusal.problem)]
    cause = refusal.__cause__
    if cause is None or type(cause).__name__ in _HONEST:
        return []
    find = _find("masked", cause)
    if ":".join(find.signature.split(" ", 1)[1].split(":")[:2]) in _HONEST_PLACES:
        return []
    return [replace(find, detail=f"{refusal.problem}\n{find.detail}")]


def _broken(breach: str) -> Find:
    signature = breach.partition(":")[0] + ":" + "".join(c for c in breach.partition(":")[2] if not c.isdigit())
    return Find("broken", signature, breach)


def _find(kind: str, exc: BaseException) -> Find:
    """Name a fault by its exception and the innermost line of ours that it came through."""
    frames = traceback.extract_tb(exc.__traceback__)
    ours = [frame for frame in frames if f"{Path('qa')}/" in frame.filename and "site-packages" not in frame.filename]
    where = ours[-1] if ours else frames[-1]
    spot = (
        f"{Path(where.filename).name}:{where.name}"
        if kind.startswith("slow")
        else (f"{Path(where.filename).name}:{where.name}:{where.line}")
    )
    detail = "".join(traceback.format_exception(exc))
    return Find(kind, f"{type(exc).__name__} {spot}"[:200], detail[-4000:])


class _clock:  # noqa: N801 - reads as a statement
    """Raises TooSlow once the block has taken its processor time; in C code, once that returns."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGPROF, self._strike)
        signal.setitimer(signal.ITIMER_PROF, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, self._before)

    def _strike(self, number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {self._seconds:g} s of processor time")
