"""Pictures with text in them, through Tesseract where it is installed: pipes in and out, no files.

Knows pictures and words; that recognition may misread is said in every result.
"""

from __future__ import annotations

import io
import math
import os
import re
import shutil
import subprocess
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from qa.load import clocks
from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.hocr import Line as Line
from qa.load.formats.hocr import Sureness as Sureness
from qa.load.formats.hocr import Word as Word
from qa.load.formats.hocr import read_hocr, sureness_of
from qa.load.formats.textfile import check_size, fit, legible
from qa.types import Place, Span

LOW = 70.0
"""Mean confidence of a page, of 100, under which it is said to be low."""

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
_SECONDS = 120.0  # a page
_LANGUAGES = re.compile(r"\w+(?:\+\w+)*", re.ASCII)
_NO_DATA = re.compile(r"Failed loading language '([^']*)'")
_ANEW = "Save it anew as PNG or JPEG."
_INSTALL = "Install Tesseract (tesseract-ocr) and index again."
_SMALL = 14.0  # pixels of a word from top to bottom: enlarging helps
_SMALL_PICTURE = 1_700  # pixels of the longer side
_MOST_ENLARGED = 40_000_000  # pixels
_LONGEST_SIDE = 32_000  # pixels; Tesseract takes no more
_STEEPEST = 15  # degrees of slant that are looked for
_SLANTED = 0.75  # degrees from which it pays to set a picture straight
_ANY_WAY_UP, _UPRIGHT, _ONE_BLOCK = "1", "3", "6"  # Tesseract's ways to look for lines
_LEFT_OVER = 0.15  # of the ink
_MERE_PATTERN, _FEW, _SURE = 0.9, 20, 80.0  # ink left over, letters and confidence of a picture that holds no words
_GAINED = 1.1  # times as many letters
_HARDLY_LESS = 0.8  # times as many letters
_LESS_SURE = 5.0  # of 100
_CLEARLY = 1.3  # times as clear as it stands


@dataclass(frozen=True, slots=True)
class Page:
    """What was recognised on a page, line by line; `size` is that of the upright picture.

    The page's own picture, of `original` size, was turned by `angle` degrees to the left and scaled by `scale`.
    """

    lines: tuple[Line, ...]
    size: tuple[int, int]
    original: tuple[int, int]
    angle: float = 0.0
    scale: float = 1.0

    @property
    def text(self) -> str:
        """The words, a line for each line and a blank line between paragraphs."""
        parts: list[str] = []
        for number, line in enumerate(self.lines):
            if number:
                parts.append("\n" if self.lines[number - 1].paragraph == line.paragraph else "\n\n")
            parts.append(" ".join(word.text for word in line.words))
        return "".join(parts)

    @property
    def sureness(self) -> Sureness:
        """How sure the recognition of the whole page was."""
        return sureness_of([word for line in self.lines for word in line.words])

    def original_box(self, left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        """Return where a box of the upright picture lies in the page's own picture."""
        turn = math.radians(self.angle)
        found = []
        for x, y in ((left, top), (right, top), (left, bottom), (right, bottom)):
            across, down = x - self.size[0] / 2, y - self.size[1] / 2
            back = (
                across * math.cos(turn) - down * math.sin(turn),
                across * math.sin(turn) + down * math.cos(turn),
            )
            found.append(tuple(at / self.scale + side / 2 for at, side in zip(back, self.original, strict=True)))
        xs, ys = zip(*found, strict=True)
        return min(xs), min(ys), max(xs), max(ys)


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return the words in a picture, line by line; each page of a TIFF is a place of kind "page"."""
    check_size(data, limits)
    check_program(limits)  # before any effort is made
    with _opened(data, limits) as (image, count):
        pages = list(recognise_all((partial(_page, image, number, limits) for number in range(count)), limits))
    problem = next((page for page in pages if isinstance(page, Unreadable)), None)
    if problem and not any(isinstance(page, Page) for page in pages):
        raise problem
    several = count > 1
    blocks: list[str] = []
    places: list[Place] = []
    empty: list[str] = []
    sure: dict[str, Sureness] = {}
    at = 0
    for number, page in enumerate(pages, start=1):
        words = page.text if isinstance(page, Page) else ""
        if not isinstance(page, Page) or not words:
            why = f"a picture, {'no text found' if isinstance(page, Page) else brief(page)}"
            empty.append(f"page {number}: {why}" if several else why)
            continue
        lead = "\n\n" if blocks else ""
        places.append(Place("page", str(number), Span(at + len(lead), at + len(lead) + len(words))))
        blocks.append(lead + words)
        sure[str(number)] = page.sureness
        at = places[-1].span.end
    text, lost, notes = fit("".join(blocks), limits)
    if text:
        notes = ("Its text was recognised in a picture (OCR), and may be misread.", *said_of(sure, several), *notes)
    late = sum(page is None for page in pages)
    return Extracted(
        text,
        places=tuple(place for place in places if place.span.end <= len(text)) if several else (),
        parts=count,
        empty=tuple(empty),
        lost=lost,
        notes=(*notes, late_said(count - late, count, limits)) if late else notes,
    )


def said_of(pages: dict[str, Sureness], several: bool = True) -> Iterator[str]:
    """Put in words how sure the recognition of pages was, by their labels."""
    letters = sum(sure.letters for sure in pages.values())
    yield f"Mean confidence: {sum(sure.mean * sure.letters for sure in pages.values()) / max(letters, 1):.0f} of 100."
    low = [label for label, sure in pages.items() if sure.mean < LOW]
    if low and several:
        yield f"It is low on page{'s' if len(low) > 1 else ''} {listed(low)}: expect wrong words."
    elif low:
        yield "That is low: expect wrong words."


def late_said(read: int, count: int, limits: Limits) -> str:
    """Put in words how many pages the time was too short for."""
    return (
        f"{read} of {count} scanned pages were read by OCR in the time allowed (ocr.seconds, "
        f"{limits.ocr_seconds:g}). Raise it, then run: qa index --rebuild"
    )


def listed(labels: list[str]) -> str:
    """Return labels with runs of numbers drawn together: "1–3, 7"."""
    runs: list[list[str]] = []
    for label in labels:
        numbers = runs and all(one.isdecimal() and len(one) < 10 for one in (label, runs[-1][-1]))
        follows = numbers and int(label) == int(runs[-1][-1]) + 1
        if follows:
            runs[-1].append(label)
        else:
            runs.append([label])
    shown = [run[0] if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return ", ".join(shown[:10]) + (f" and {len(shown) - 10} more" if len(shown) > 10 else "")


def brief(problem: Unreadable | None) -> str:
    """Put in a few words why a page wasn't read; None stands for want of time."""
    return "not reached in the time allowed" if problem is None else problem.problem.rstrip(".")


def is_installed() -> bool:
    """Tell whether there is a Tesseract."""
    return shutil.which("tesseract") is not None


def check_program(limits: Limits) -> None:
    """Raise Unreadable where pictures can't be read, or are not to be."""
    if not limits.ocr_seconds:
        raise Unreadable("a picture: no text was looked for, as ocr.seconds is 0.", "Set it and index again.")
    _program()
    if not _LANGUAGES.fullmatch(limits.language):
        raise Unreadable(
            f"{limits.language!r} names no language for Tesseract.", 'Name one like "eng" or "deu+eng" (ocr.language).'
        )


def _program() -> str:
    program = shutil.which("tesseract")
    if program is None:
        raise Unreadable("a picture: no text was looked for.", _INSTALL)
    return program


# Many pages at once


def recognise_all(pages: Iterable[Callable[[], Image.Image]], limits: Limits) -> Iterator[Page | Unreadable | None]:
    """Yield what each page says, in order: as many at a time as there are processors.

    A page that fails is its `Unreadable`; one that the time allowed for all was too short for is None. Pictures are
    made as they are needed, so that few are held at once.
    """
    deadline = time.monotonic() + limits.ocr_seconds
    cores = _cores()
    waiting: deque[Future[Page | Unreadable | None]] = deque()
    with ThreadPoolExecutor(cores) as pool:
        try:
            for made in pages:
                clocks.allow(_SECONDS)
                waiting.append(_begun(pool, made, limits.language, deadline))
                if len(waiting) > cores:
                    yield waiting.popleft().result()
            while waiting:
                clocks.allow(_SECONDS)
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _begun(
    pool: ThreadPoolExecutor, made: Callable[[], Image.Image], language: str, deadline: float
) -> Future[Page | Unreadable | None]:
    """Make a page's picture and have it recognised, unless it is too late or the picture can't be made."""
    found: Future[Page | Unreadable | None] = Future()
    if time.monotonic() >= deadline:
        found.set_result(None)
        return found
    try:
        image = made()
    except Unreadable as exc:
        found.set_result(exc)
        return found
    return pool.submit(_attempt, image, language, deadline)


def recognise(image: Image.Image, language: str) -> Page:
    """Return what a grey picture says, set upright first; raise Unreadable where there is no Tesseract, or it fails."""
    found = _attempt(image, language, time.monotonic() + _SECONDS)
    if not isinstance(found, Page):
        raise found or _too_long()
    return found


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _attempt(image: Image.Image, language: str, deadline: float) -> Page | Unreadable | None:
    began = time.monotonic()
    try:
        return _upright(image, language, min(deadline, began + _SECONDS))
    except subprocess.TimeoutExpired:
        return None if began + _SECONDS > deadline else _too_long()
    except Unreadable as exc:
        return exc


def _too_long() -> Unreadable:
    return Unreadable(f"recognising its text took longer than {_SECONDS:g} s.", "Save it smaller.")


# One page


def _upright(image: Image.Image, language: str, until: float) -> Page:
    """Recognise a picture, and again where that shows that it lies on its side, is very small or has words left."""
    longest = max(image.size)
    scale = min(1.0, _LONGEST_SIDE / longest)
    page, turn = _recognised(image, _slant(image), scale, language, until, _ANY_WAY_UP)
    # a line's own height is never given as less than twenty
    heights = [word.bottom - word.top for line in page.lines for word in line.words]
    small = median(heights) < _SMALL if heights else longest < _SMALL_PICTURE
    enlarge = small and 4 * image.width * image.height <= _MOST_ENLARGED and 2 * longest <= _LONGEST_SIDE
    if turn or enlarge:
        angle = _slant(_turned(image, -turn, 1.0)) - turn if turn else page.angle
        again, _ = _recognised(image, angle, 2.0 if enlarge else scale, language, until, _UPRIGHT)
        # what lies on its side may be read as well as what stands, but its lines aren't known as well
        page = again if turn and _sure(again) > _HARDLY_LESS * _sure(page) else max(page, again, key=_sure)
    left_over = _left_over(image, page) if page.lines else 0.0
    if left_over > _MERE_PATTERN and page.sureness.letters < _FEW and page.sureness.mean < _SURE:
        return replace(page, lines=())
    if left_over > _LEFT_OVER:
        # in a table of few figures Tesseract takes columns for something else, but not where it looks for none
        again, _ = _recognised(image, page.angle, page.scale, language, until, _ONE_BLOCK)
        if _sure(again) > _GAINED * _sure(page) and again.sureness.mean > page.sureness.mean - _LESS_SURE:
            return again
    return page


def _left_over(image: Image.Image, page: Page) -> float:
    """Return the share of a picture's ink that lies outside every word recognised."""
    ink = np.asarray(_inked(_turned(image, page.angle, page.scale)), dtype=bool)
    outside = ink.copy()
    down, across = ink.shape[0] / page.size[1], ink.shape[1] / page.size[0]
    for word in (word for line in page.lines for word in line.words):
        rows = slice(max(0, int(word.top * down) - 1), int(word.bottom * down) + 2)
        outside[rows, max(0, int(word.left * across) - 1) : int(word.right * across) + 2] = False
    return float(outside.sum() / max(ink.sum(), 1))


def _sure(page: Page) -> float:
    return sum(word.confidence * len(word.text) for line in page.lines for word in line.words)


def _turned(image: Image.Image, angle: float, scale: float) -> Image.Image:
    if scale != 1.0:
        size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    if angle:
        image = image.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    return image


def _slant(image: Image.Image) -> float:
    """Return by how many degrees to turn a picture left so that its lines lie level; 0 where that isn't clear.

    Lines that lie level make rows of much ink and rows of none.
    """
    ink = _inked(image)

    def clear(angle: float) -> float:
        rows = np.asarray(ink.rotate(angle)).sum(axis=1, dtype=np.float64)
        return float((np.diff(rows) ** 2).sum())

    coarse = max(range(-_STEEPEST, _STEEPEST + 1), key=lambda angle: (clear(angle), -abs(angle)))
    fine = max((coarse + step / 4 for step in range(-4, 5)), key=lambda angle: (clear(angle), -abs(angle)))
    sure = abs(fine) >= _SLANTED and abs(fine) < _STEEPEST and clear(fine) > _CLEARLY * clear(0)
    return fine if sure else 0.0


def _inked(image: Image.Image) -> Image.Image:
    """Return a small copy that is 1 where a picture is darker than around there, else 0."""
    small = image.copy()
    small.thumbnail((1_000, 1_000))
    around = np.asarray(small.filter(ImageFilter.BoxBlur(15)), dtype=np.int16)
    return Image.fromarray(((around - np.asarray(small, dtype=np.int16)) > 20).astype(np.uint8))


def _recognised(
    image: Image.Image, angle: float, scale: float, language: str, until: float, layout: str
) -> tuple[Page, int]:
    """Return what the picture says, turned and scaled so, and by how many degrees left its words lie turned."""
    upright = _turned(image, angle, scale)
    out = io.BytesIO()
    upright.save(out, "PPM")
    order = [_program(), "stdin", "stdout", "-l", language, "--psm", layout]
    said = _run([*order, "-c", "tessedit_create_hocr=1"], out.getvalue(), language, until)
    lines, turn = read_hocr(said)
    return Page(lines, upright.size, image.size, angle, scale), turn


def _run(command: list[str], picture: bytes, language: str, until: float) -> str:
    # one processor a page, as pages are read side by side; Tesseract's own threads gain little
    single = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    left = until - time.monotonic()
    if left <= 0:
        raise subprocess.TimeoutExpired(command, 0)
    try:
        done = subprocess.run(command, input=picture, capture_output=True, timeout=left, check=False, env=single)
    except OSError as exc:
        why = exc.strerror or exc
        raise Unreadable(f"Tesseract can't be started ({why}).", "Install it anew and index again.") from exc
    complaints = legible(done.stderr.decode("utf-8", "replace"))
    missing = _NO_DATA.search(complaints)
    if missing:
        name = missing[1][:40]
        raise Unreadable(
            f"Tesseract has no data for the language {name!r}.",
            f"Install them (tesseract-ocr-{name.replace('_', '-')}), or set ocr.language.",
        )
    if done.returncode:
        said = complaints.strip().splitlines()
        raise Unreadable(
            f"Tesseract failed ({said[-1][:200] if said else f'exit status {done.returncode}'}).",
            f"Check that it works by itself, with the language {language!r}.",
        )
    return done.stdout.decode("utf-8", "replace")


# Pictures


@contextmanager
def _opened(data: bytes, limits: Limits) -> Iterator[tuple[Image.Image, int]]:
    """Open a picture; say how many pages it has, of which none is decoded yet."""
    with _refusing(limits):
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    with image:
        with _refusing(limits):
            # a film's pictures are the same words over and over
            count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
        if count > limits.pages:
            raise Unreadable(f"it has more than {limits.pages} pages.", "Split it.")
        yield image, count


def _page(image: Image.Image, number: int, limits: Limits) -> Image.Image:
    """Return a page in grey; its size is looked at before it is decoded."""
    with _refusing(limits):
        if number:
            image.seek(number)
        _check_pixels(image, limits)
        return _grey(image)


@contextmanager
def _refusing(limits: Limits) -> Iterator[None]:
    try:
        yield
    except Image.DecompressionBombError:
        raise Unreadable(
            f"a picture of more than the {_millions(limits)} pixels allowed.", "Save it smaller."
        ) from None
    except Unreadable:
        raise
    except Exception as exc:
        # Pillow raises OSError, SyntaxError, struct.error and more for a damaged picture
        raise Unreadable("the picture is damaged, or of no known kind.", _ANEW) from exc


def _millions(limits: Limits) -> str:
    return f"{limits.pixels // 1_000_000} million"


def _check_pixels(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    if width * height > limits.pixels:
        raise Unreadable(
            f"a picture of {width} by {height} pixels, more than the {_millions(limits)} allowed.",
            "Save it smaller.",
        )


def _grey(image: Image.Image) -> Image.Image:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "PA", "P"):
        # clear parts are white, as on paper
        full = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", full.size, "white"), full)
    return upright.convert("L")
