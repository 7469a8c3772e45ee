"""Pictures: what Tesseract says, line by line, and what happens without it; sizes are checked before decoding."""

from __future__ import annotations

import html
import io
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats import ocr
from qa.load.isolated import Worker

LIMITS = Limits()
OCR = "Its text was recognised in a picture (OCR), and may be misread."
SURE = "Mean confidence: 91 of 100."
WORDS = ["1 1 Opening", "1 1 hours:", "1 2 nine", "2 3 Closed", "3 4 on", "3 4 \t"]
REQUIRED = bool(os.environ.get("QUOTH_REQUIRE_OCR"))
REAL = pytest.mark.skipif(
    shutil.which("tesseract") is None and not REQUIRED, reason="Tesseract (tesseract-ocr) isn't installed"
)
SCRIPTS = pytest.mark.skipif(sys.platform == "win32", reason="scripts can't stand in for programs here")
QA = [sys.executable, "-c", "import sys; from qa.cli import main; sys.exit(main())"]
LETTER = [
    "The ferry to the islands sails at noon on Tuesdays",
    "and on Fridays, and on no other day of the week.",
    "Whoever needs a parcel sooner may come to the",
    "counter of the warehouse in Lyon and take it home.",
    "Invoice 40817 of the third of March stays unpaid.",
    "Please settle the amount of 1,296 euros by Monday.",
]


def hocr(rows: Sequence[str], sure: int = 91) -> str:
    """Write rows of paragraph, line and word as Tesseract's page does."""
    parts = ["<!DOCTYPE html>\n<html><body><div class='ocr_page' title='bbox 0 0 900 900'>"]
    before = ("", "")
    for number, row in enumerate(rows):
        paragraph, line, word = row.split(" ", 2)
        if paragraph != before[0]:
            parts.append("<p class='ocr_par' lang='eng' title='bbox 0 0 90 90'>")
        if (paragraph, line) != before:
            parts.append(f"<span class='ocr_line' title='bbox 0 {9 * number} 90 {9 * number + 30}; x_size 30'>")
        parts.append(
            f"<span class='ocrx_word' title='bbox 0 0 90 30; x_wconf {sure}'><em>{html.escape(word)}</em></span>"
        )
        before = paragraph, line
    return "\n".join([*parts, "</div></body></html>"])


def written(dots: int, *, size: float = 11, lines: Sequence[str] = LETTER, font: str = "") -> Image.Image:
    """Return lines as they are printed in `size` points and scanned at so many dots an inch."""
    pixels = size * dots / 72
    image = Image.new("L", (int(30 * pixels), int((2 * len(lines) + 4) * pixels)), 255)
    for number, line in enumerate(lines):
        at = (2 * pixels, (2 + 2 * number) * pixels)
        if font:
            ImageDraw.Draw(image).text(at, line, fill=0, font=ImageFont.truetype(font, pixels))
        else:
            ImageDraw.Draw(image).text(at, line, fill=0, font_size=pixels)
    return image


def as_file(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def words_of(found: Extracted) -> list[str]:
    return found.text.split()


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Put a program called "tesseract" on the path that does as the script says."""
    path = folder / "tesseract"
    path.write_text(f"#!{sys.executable} -ISB\n{script}", encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def saying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have "tesseract" answer with a page, and note what it was asked."""
    if sys.platform == "win32":
        pytest.skip("scripts can't stand in for programs here")
    script = (
        "import sys\nfrom pathlib import Path\npng = sys.stdin.buffer.read()\n"
        "assert png.startswith(b'P5'), png[:9]\n"
        f"Path({str(tmp_path / 'asked')!r}).write_text(' '.join(sys.argv[1:]))\n"
        f"Path({str(tmp_path / 'seen')!r}).write_bytes(png)\n"
        f"print(Path({str(tmp_path / 'page')!r}).read_text(encoding='utf-8'))\n"
    )
    program(tmp_path, monkeypatch, script)
    (tmp_path / "page").write_text(hocr(WORDS), encoding="utf-8")
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
        ocr.recognise(Image.new("L", (60, 40)), "eng")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF"])
def test_words_come_line_by_line_and_paragraph_by_paragraph(saying: Path, kind: str) -> None:
    found = ocr.extract(picture(kind), LIMITS)
    assert found == Extracted("Opening hours:\nnine\n\nClosed\n\non", parts=1, notes=(OCR, SURE))
    assert (saying / "asked").read_text() == "stdin stdout -l eng --psm 1 -c tessedit_create_hocr=1"


def test_each_page_of_a_tiff_is_a_place(saying: Path) -> None:
    (saying / "page").write_text(hocr(["1 1 Größe"]), encoding="utf-8")
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
    (saying / "page").write_text(hocr([]), encoding="utf-8")
    assert ocr.extract(picture(), LIMITS) == Extracted("", parts=1, empty=("a picture, no text found",))
    assert ocr.extract(picture("TIFF", pages=2), LIMITS).empty == (
        "page 1: a picture, no text found",
        "page 2: a picture, no text found",
    )


def test_clear_parts_are_white_and_turned_pictures_upright(saying: Path) -> None:
    ocr.extract(picture(mode="RGBA"), LIMITS)
    with Image.open(saying / "seen") as seen:
        assert (seen.mode, seen.getpixel((5, 5))) == ("L", 255)
    out = io.BytesIO()
    turned = Image.new("RGB", (60, 40))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(out, "JPEG", exif=exif)
    ocr.extract(out.getvalue(), LIMITS)
    with Image.open(saying / "seen") as seen:
        assert seen.size == (40, 60)


def test_the_language_is_the_one_that_is_set(saying: Path) -> None:
    ocr.extract(picture(), Limits(language="deu+eng"))
    assert (saying / "asked").read_text().startswith("stdin stdout -l deu+eng --psm")


def test_no_text_is_looked_for_where_no_time_is_given_to_it(saying: Path) -> None:
    assert "as ocr.seconds is 0." in refusal(picture(), Limits(ocr_seconds=0))
    assert not (saying / "asked").exists()


def test_a_pattern_taken_for_letters_is_no_text(saying: Path) -> None:
    (saying / "page").write_text(hocr(WORDS, sure=30), encoding="utf-8")
    assert ocr.extract(picture(), LIMITS) == Extracted("", parts=1, empty=("a picture, no text found",))


def test_low_confidence_is_said(saying: Path) -> None:
    (saying / "page").write_text(hocr(WORDS, sure=60), encoding="utf-8")
    low = "Mean confidence: 60 of 100."
    assert ocr.extract(picture(), LIMITS).notes == (OCR, low, "That is low: expect wrong words.")
    found = ocr.extract(picture("TIFF", pages=4), LIMITS)
    assert found.notes == (OCR, low, "It is low on pages 1–4: expect wrong words.")


@SCRIPTS
def test_what_was_read_when_the_time_is_up_is_kept_and_the_rest_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the first two pages are quick, the others take longer than all the time there is
    script = (
        "import os, sys, time\nfrom pathlib import Path\nsys.stdin.buffer.read()\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "number = len(list(folder.glob('begun*')))\n(folder / f'begun{number}').touch()\n"
        f"time.sleep(30 if number > 1 else 0)\nprint({hocr(['1 1 Words'])!r})\n"
    )
    program(tmp_path, monkeypatch, script)
    monkeypatch.setattr(ocr, "_cores", lambda: 1)
    began = time.monotonic()
    found = ocr.extract(picture("TIFF", pages=6), Limits(ocr_seconds=6))
    assert time.monotonic() - began < 25
    assert found.text == "Words\n\nWords"
    assert found.parts == 6
    assert found.empty == tuple(f"page {n}: a picture, not reached in the time allowed" for n in (3, 4, 5, 6))
    assert found.notes[-1] == (
        "2 of 6 scanned pages were read by OCR in the time allowed (ocr.seconds, 6). "
        "Raise it, then run: qa index --rebuild"
    )


def test_a_worker_may_start_tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform == "win32":
        pytest.skip("scripts can't stand in for programs here")
    said = hocr(["1 1 Words"])
    program(tmp_path, monkeypatch, f"import sys\nsys.stdin.buffer.read()\nprint({said!r})\n")
    with Worker() as worker:
        assert worker.read("picture", picture(), LIMITS, 20).text == "Words"


def test_a_language_is_no_way_to_give_orders(saying: Path) -> None:
    for language in ("", "-c", "eng --tessdata-dir /", "../x"):
        assert "names no language" in refusal(picture(), Limits(language=language))


@pytest.mark.parametrize("size", [(20_000, 6_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1)])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_that_would_be_too_large_is_never_decoded(saying: Path, size: tuple[int, int]) -> None:
    assert "more than the 100 million" in refusal(huge_png(*size))
    assert not (saying / "seen").exists()


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
    line = ocr.Line((ocr.Word("words", 0, 0, 9, 9, 90.0),), 0, 30.0, 9.0)
    monkeypatch.setattr(ocr, "_upright", lambda image, *_: ocr.Page((line,), image.size, image.size))
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


# Tesseract itself


@REAL
@pytest.mark.parametrize(("dots", "kind"), [(150, "PNG"), (150, "WEBP"), (200, "JPEG"), (200, "GIF"), (300, "BMP")])
def test_every_word_of_a_scan_is_read(dots: int, kind: str) -> None:
    found = ocr.extract(as_file(written(dots), kind), LIMITS)
    assert words_of(found) == " ".join(LETTER).split()
    assert found.notes[0] == OCR
    assert int(found.notes[1].removeprefix("Mean confidence: ").removesuffix(" of 100.")) >= 85


@REAL
@pytest.mark.parametrize(("dots", "size"), [(96, 9), (96, 11), (72, 12)])
def test_small_print_is_enlarged_until_it_can_be_read(dots: int, size: float) -> None:
    assert words_of(ocr.extract(as_file(written(dots, size=size)), LIMITS)) == " ".join(LETTER).split()


@REAL
@pytest.mark.parametrize("angle", [90, 180, 270, 8, -12, 94])
def test_a_photo_held_askew_or_upside_down_is_set_upright(angle: int) -> None:
    lines = [*LETTER, *(line.replace("the", "each") for line in LETTER)]
    turned = written(200, lines=lines).rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert words_of(ocr.extract(as_file(turned), LIMITS)) == " ".join(lines).split()


@REAL
def test_a_word_s_box_is_found_again_on_the_picture_as_it_was_held() -> None:
    upright = written(200)
    page = ocr.recognise(upright.rotate(98, Image.Resampling.BICUBIC, expand=True, fillcolor=255), "eng")
    word = next(word for line in page.lines for word in line.words if word.text == "40817")
    left, top, right, bottom = page.original_box(word.left, word.top, word.right, word.bottom)
    held = upright.rotate(98, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    assert (page.original, held.size) == (held.size, page.original)
    cut = held.crop((int(left) - 4, int(top) - 4, int(right) + 5, int(bottom) + 5))
    again = cut.rotate(-98, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    box = ImageOps.invert(again.point(lambda grey: 255 if grey > 128 else 0)).getbbox()
    assert box is not None
    # the cut holds the word's ink: five figures of eleven points, about thirty high and a hundred wide
    assert 80 < box[2] - box[0] < 150


@REAL
def test_each_page_of_a_scanned_tiff_keeps_its_words_in_order() -> None:
    out = io.BytesIO()
    pages = [written(150, lines=[f"{word} page of the lease"]) for word in ("First", "Second", "Third", "Fourth")]
    pages[0].save(out, "TIFF", save_all=True, append_images=pages[1:])
    found = ocr.extract(out.getvalue(), LIMITS)
    assert [place.span.of(found.text) for place in found.places] == [
        *["First page of the lease", "Second page of the lease"],
        *["Third page of the lease", "Fourth page of the lease"],
    ]


@REAL
def test_nothing_is_read_into_a_picture_without_words() -> None:
    noise = random.Random(7)
    image = Image.new("L", (600, 400))
    image.putdata([noise.randrange(256) for _ in range(600 * 400)])
    found = ocr.extract(as_file(image.resize((1200, 800))), LIMITS)
    assert (found.text, found.empty) == ("", ("a picture, no text found",))


@REAL
def test_a_language_tesseract_has_no_data_for_is_named() -> None:
    said = refusal(as_file(written(150)), Limits(language="eng+xyz"))
    assert said == (
        "Tesseract has no data for the language 'xyz'. Install them (tesseract-ocr-xyz), or set ocr.language."
    )


@REAL
def test_the_language_decides_which_letters_there_are() -> None:
    lines = ["El niño pequeño soñó con montañas y cabañas", "¿Cuándo llegará el año próximo a España?"]
    try:
        image = written(300, lines=lines, font="DejaVuSans.ttf")
        found = ocr.extract(as_file(image), Limits(language="spa"))
    except (OSError, Unreadable) as exc:
        if REQUIRED:
            raise
        pytest.skip(f"a font or Tesseract's Spanish data are missing: {exc}")
    assert words_of(found) == " ".join(lines).split()


@REAL
def test_a_worker_reads_pictures_and_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Worker() as worker:
        found = worker.read("picture", as_file(written(150)), LIMITS, 60, 60)
    assert words_of(found) == " ".join(LETTER).split()
    assert list(tmp_path.iterdir()) == []


@SCRIPTS
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="nobody tells which processes there are")
def test_a_worker_that_is_ended_takes_its_tesseract_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = tmp_path / "number"
    script = f"import os, time\nfrom pathlib import Path\nPath({str(name)!r}).write_text(str(os.getpid()))\n"
    program(tmp_path, monkeypatch, script + "time.sleep(60)\n")
    with Worker() as worker, pytest.raises(Unreadable, match="took longer than 3 s"):
        worker.read("picture", picture(), LIMITS, 3)
    number = int(name.read_text())
    until = time.monotonic() + 5
    while Path(f"/proc/{number}").exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not Path(f"/proc/{number}").exists()


@REAL
def test_the_program_indexes_a_folder_with_a_picture_and_quotes_it(tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "ferry.png").write_bytes(as_file(written(150)))
    index = tmp_path / "index"
    made = subprocess.run(
        [*QA, "index", str(folder), "--index", str(index), "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    file = json.loads(made.stdout)["files"][0]
    assert (file["source"], file["state"], file["reader"]) == ("ferry.png", "indexed", "picture")
    assert file["reason"].startswith(f"{OCR} Mean confidence: ")
    asked = subprocess.run(
        [*QA, "ask", "Which invoice stays unpaid?", "--index", str(index), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    quotes = [citation["quote"] for citation in json.loads(asked.stdout)["citations"]]
    assert any("Invoice 40817 of the third of March stays unpaid." in " ".join(quote.split()) for quote in quotes)
