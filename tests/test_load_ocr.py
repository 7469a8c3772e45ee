"""Pictures: what Tesseract says, line by line, and what happens without it; sizes are checked before decoding."""

from __future__ import annotations

import io
import random
import shutil
import struct
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats import ocr
from qa.load.isolated import Worker

LIMITS = Limits()
OCR = "Its text was recognised in a picture (OCR), and may be misread."
HEADER = "level page_num block_num par_num line_num word_num left top width height conf text".replace(" ", "\t")
WORDS = ["1 1 1 1 Opening", "1 1 1 1 hours:", "1 1 1 2 nine", "1 1 2 1 Closed", "1 2 1 1 on", "1 2 1 1 \t"]


def table(rows: Sequence[str]) -> str:
    """Write rows of page, block, paragraph, line and word as Tesseract's table, after a row that holds no word."""
    lines = [HEADER, "\t".join("1 1 0 0 0 0 0 0 100 100 -1".split()) + "\t"]
    for number, row in enumerate(rows, start=1):
        page, block, paragraph, line, word = row.split(" ", 4)
        lines.append("\t".join(["5", page, block, paragraph, line, str(number), "0", "0", "9", "9", "91.5", word]))
    return "\n".join(lines) + "\n"


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program called "tesseract" on the path that does as the script says."""
    path = folder / "tesseract"
    path.write_text(f"#!{sys.executable} -ISB\n{script}", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def saying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have "tesseract" answer with a table that tells what it was asked."""
    if sys.platform == "win32":
        pytest.skip("scripts can't stand in for programs here")
    script = (
        "import sys\nfrom pathlib import Path\npng = sys.stdin.buffer.read()\n"
        "assert png.startswith(b'\\x89PNG'), png[:9]\n"
        f"Path({str(tmp_path / 'asked')!r}).write_text(' '.join(sys.argv[1:]))\n"
        f"Path({str(tmp_path / 'png')!r}).write_bytes(png)\n"
        f"print(Path({str(tmp_path / 'table')!r}).read_text(encoding='utf-8'))\n"
    )
    program(tmp_path, monkeypatch, script)
    (tmp_path / "table").write_text(table(WORDS), encoding="utf-8")
    return tmp_path


def picture(kind: str = "PNG", mode: str = "RGB", size: tuple[int, int] = (60, 40), pages: int = 1) -> bytes:
    out = io.BytesIO()
    images = [Image.new(mode, size) for _ in range(pages)]
    more = {"save_all": True, "append_images": images[1:]} if pages > 1 else {}
    images[0].save(out, kind, **more)
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """Write the head of a picture that would be enormous, and the beginning of nothing behind it."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", len(head) - 4) + head + struct.pack(">I", zlib.crc32(head))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 1000) + b"IDAT"


def refusal(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(Unreadable) as caught:
        ocr.extract(data, limits)
    return str(caught.value)


def test_without_tesseract_a_picture_says_that_no_text_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said = "a picture: no text was looked for. Install Tesseract (tesseract-ocr) and index again."
    assert refusal(picture()) == said
    with pytest.raises(Unreadable, match="no text was looked for"):
        ocr.recognise(picture(), LIMITS)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_words_come_line_by_line_and_paragraph_by_paragraph(saying: Path, kind: str) -> None:
    found = ocr.extract(picture(kind), LIMITS)
    assert found == Extracted("Opening hours:\nnine\n\nClosed\n\non", parts=1, notes=(OCR,))
    assert (saying / "asked").read_text() == "stdin stdout -l eng tsv"


def test_each_page_of_a_tiff_is_a_place(saying: Path) -> None:
    (saying / "table").write_text(table(["1 1 1 1 Größe"]), encoding="utf-8")
    found = ocr.extract(picture("TIFF", pages=2), LIMITS)
    assert found.text == "Größe\n\nGröße"
    assert [(place.kind, place.label, place.span.of(found.text)) for place in found.places] == [
        ("page", "1", "Größe"),
        ("page", "2", "Größe"),
    ]
    assert found.parts == 2


def test_of_a_film_the_first_picture_is_read(saying: Path) -> None:
    assert ocr.extract(picture("GIF", pages=3), LIMITS).parts == 1


def test_a_page_without_words_is_named(saying: Path) -> None:
    (saying / "table").write_text(table([]), encoding="utf-8")
    assert ocr.extract(picture(), LIMITS) == Extracted("", parts=1, empty=("a picture, no text found",))
    assert ocr.extract(picture("TIFF", pages=2), LIMITS).empty == (
        "page 1: a picture, no text found",
        "page 2: a picture, no text found",
    )


def test_clear_parts_are_white_and_turned_pictures_upright(saying: Path) -> None:
    ocr.extract(picture(mode="RGBA"), LIMITS)
    with Image.open(saying / "png") as seen:
        assert (seen.mode, seen.getpixel((5, 5))) == ("L", 255)
    out = io.BytesIO()
    turned = Image.new("RGB", (60, 40))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(out, "JPEG", exif=exif)
    ocr.extract(out.getvalue(), LIMITS)
    with Image.open(saying / "png") as seen:
        assert seen.size == (40, 60)


def test_one_page_of_a_scan_can_be_recognised(saying: Path) -> None:
    assert ocr.recognise(picture(), LIMITS, "deu+eng") == "Opening hours:\nnine\n\nClosed\n\non"
    assert (saying / "asked").read_text() == "stdin stdout -l deu+eng tsv"


def test_a_worker_may_start_tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("scripts can't stand in for programs here")
    said = table(["1 1 1 1 Words"])
    program(tmp_path, monkeypatch, f"import sys\nsys.stdin.buffer.read()\nprint({said!r})\n")
    with Worker() as worker:
        assert worker.read("picture", picture(), LIMITS, 20).text == "Words"


def test_a_language_is_no_way_to_give_orders(saying: Path) -> None:
    for language in ("", "-c", "eng --tessdata-dir /", "../x"):
        with pytest.raises(Unreadable, match="names no language"):
            ocr.recognise(picture(), LIMITS, language)


@pytest.mark.parametrize("size", [(20_000, 6_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_that_would_be_too_large_is_never_decoded(saying: Path, size: tuple[int, int]) -> None:
    assert "more than the 100 million" in refusal(huge_png(*size))
    assert not (saying / "png").exists()


def test_more_pages_than_allowed_are_refused(saying: Path) -> None:
    assert refusal(picture("TIFF", pages=3), Limits(pages=2)) == "it has more than 2 pages. Split it."


def test_what_is_no_picture_is_refused(saying: Path) -> None:
    for data in (b"", b"words", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\x89PNG\r\n\x1a\n"):
        assert refusal(data).startswith("the picture is damaged, or of no known kind.")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "import sys; sys.stdin.read; sys.exit('Failed loading language')",
            "Tesseract failed (Failed loading language).",
        ),
        ("import sys; sys.exit(3)", "Tesseract failed (exit status 3)."),
        ("import time; time.sleep(30)", "recognising its text took longer than 0.3 s."),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="scripts can't stand in for programs here")
def test_a_tesseract_that_fails_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, said: str
) -> None:
    program(tmp_path, monkeypatch, script)
    monkeypatch.setattr(ocr, "_SECONDS", 0.3)
    assert refusal(picture()).startswith(said)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_a_damaged_picture_is_read_or_refused(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(ocr, "_program", lambda: "tesseract")
    monkeypatch.setattr(ocr, "_recognised", lambda png, language: "words" if png else "")
    whole = picture(kind, size=(16, 16))
    chance = random.Random(kind)
    damaged = [whole[:length] for length in range(0, len(whole), max(1, len(whole) // 60))]
    for _ in range(80):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        damaged.append(bytes(data))
    for sample in damaged:
        try:
            assert ocr.extract(sample, Limits(pixels=1_000_000)).text in ("words", "words\n\nwords")
        except Unreadable:
            continue


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract isn't installed")
def test_tesseract_reads_what_is_written() -> None:
    image = Image.new("L", (700, 160), 255)
    ImageDraw.Draw(image).text((20, 40), "Opening hours", fill=0, font_size=64)
    out = io.BytesIO()
    image.save(out, "PNG")
    assert ocr.extract(out.getvalue(), LIMITS).text == "Opening hours"
