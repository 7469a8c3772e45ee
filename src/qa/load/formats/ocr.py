"""Pictures with text in them, through Tesseract where it is installed: pipes in and out, no files.

Knows pictures and words; that recognition may misread is said in every result.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Iterator

from PIL import Image, ImageOps, ImageSequence

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.textfile import check_size, fit, legible
from qa.types import Place, Span

LANGUAGE = "eng"

_FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF")
_SECONDS = 60.0  # a picture
_LANGUAGES = re.compile(r"\w+(?:\+\w+)*", re.ASCII)
_ANEW = "Save it anew as PNG or JPEG."


def extract(data: bytes, limits: Limits, language: str = LANGUAGE) -> Extracted:
    """Return the words in a picture, line by line; each page of a TIFF is a place of kind "page"."""
    check_size(data, limits)
    _program()  # before any effort is made
    texts = [_recognised(png, language) for png in _pages(data, limits)]
    blocks: list[str] = []
    places: list[Place] = []
    at = 0
    for number, words in enumerate(texts, start=1):
        if not words:
            continue
        lead = "\n\n" if blocks else ""
        places.append(Place("page", str(number), Span(at + len(lead), at + len(lead) + len(words))))
        blocks.append(lead + words)
        at = places[-1].span.end
    text, lost, notes = fit("".join(blocks), limits)
    several = len(texts) > 1
    name = "page {}: a picture, no text found" if several else "a picture, no text found"
    return Extracted(
        text,
        places=tuple(place for place in places if place.span.end <= len(text)) if several else (),
        parts=len(texts),
        empty=tuple(name.format(number) for number, words in enumerate(texts, start=1) if not words),
        lost=lost,
        notes=("Its text was recognised in a picture (OCR), and may be misread.", *notes) if text else notes,
    )


def recognise(png: bytes, limits: Limits, language: str = LANGUAGE) -> str:
    """Return the words in one picture, a line for each line and a blank line between paragraphs.

    Raises Unreadable where there is no Tesseract, or it fails.
    """
    _program()
    return _recognised(next(_pages(png, limits)), language)


def _program() -> str:
    program = shutil.which("tesseract")
    if program is None:
        raise Unreadable("a picture: no text was looked for.", "Install Tesseract (tesseract-ocr) and index again.")
    return program


def _pages(data: bytes, limits: Limits) -> Iterator[bytes]:
    """Yield each page as a grey PNG; sizes are looked at before anything is decoded."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            # a film's pictures are the same words over and over
            count = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1
            if count > limits.pages:
                raise Unreadable(f"it has more than {limits.pages} pages.", "Split it.")
            for number, frame in enumerate(ImageSequence.Iterator(image)):
                if number == count:
                    break
                _check_pixels(frame, limits)
                yield _as_png(frame)
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


def _as_png(image: Image.Image) -> bytes:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in ("RGBA", "LA", "PA", "P"):
        # clear parts are white, as on paper
        full = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", full.size, "white"), full)
    out = io.BytesIO()
    upright.convert("L").save(out, "PNG", compress_level=1)
    return out.getvalue()


def _recognised(png: bytes, language: str) -> str:
    if not _LANGUAGES.fullmatch(language):
        raise Unreadable(f"{language!r} names no language for Tesseract.", 'Name one like "eng" or "deu+eng".')
    command = [_program(), "stdin", "stdout", "-l", language, "tsv"]
    try:
        done = subprocess.run(command, input=png, capture_output=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise Unreadable(f"recognising its text took longer than {_SECONDS:g} s.", "Save it smaller.") from None
    except OSError as exc:
        why = exc.strerror or exc
        raise Unreadable(f"Tesseract can't be started ({why}).", "Install it anew and index again.") from exc
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Unreadable(
            f"Tesseract failed ({legible(said[-1])[:200] if said else f'exit status {done.returncode}'}).",
            f"Check that it works by itself, with the language {language!r}.",
        )
    return _lines(done.stdout.decode("utf-8", "replace"))


def _lines(table: str) -> str:
    """Put together Tesseract's table: a row a word, numbered by page, block, paragraph and line."""
    text: list[str] = []
    before: list[str] = []
    for row in table.split("\n"):
        cells = row.rstrip("\r").split("\t")
        if len(cells) < 12 or cells[0] != "5":
            continue
        words = legible("\t".join(cells[11:])).strip()
        if not words:
            continue
        here = cells[1:5]
        if before:
            text.append(" " if here == before else "\n" if here[:3] == before[:3] else "\n\n")
        text.append(words)
        before = here
    return "".join(text)
