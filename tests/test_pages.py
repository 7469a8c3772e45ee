"""Quotes on the pictures of their pages: the ink under the boxes, files that changed, files that mean harm."""

from __future__ import annotations

import gzip
import io
import os
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from qa.config import Settings
from qa.engine import Engine, build
from qa.engine.pages import Page, Pages
from qa.errors import UnreadableDocument
from qa.load.extracted import Limits, Unreadable
from qa.load.formats.pdf import draw, extract
from qa.load.isolated import Worker
from qa.load.pictured import Box, Picture, Quoted
from qa.load.wire import pack_picture, pack_quoted, unpack_picture, unpack_quoted
from qa.types import Span
from tests.fakes import HashingEmbedder
from tests.test_load_pdf import say, stack, write

SUN = "The sun rises over the eastern ridge."
RAIN = "Then the rain comes down in sheets."
WIND = "Last of all the wind turns north."
TWO_PAGES = write(
    [
        stack(72, 700, [SUN, RAIN, WIND], 14, 24)
        + stack(72, 120, ["The story of the two valleys goes on", "with many"], 14, 18),
        stack(72, 760, ["travellers who crossed the river at", "the old ford. They slept in barns."], 14, 18),
    ],
    catalog="/PageLabels<</Nums[0<</S/r/St 4>>]>>",
)

Asked = Callable[..., tuple[Page, ...]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "valleys.pdf").write_bytes(TWO_PAGES)
    (folder / "notes.txt").write_text("Nothing of pages here.", encoding="utf-8")
    return folder


@pytest.fixture
def pages(settings: Settings) -> Iterator[Pages]:
    made = Pages(settings)
    yield made
    made.close()


@pytest.fixture
def asked(docs: Path, settings: Settings, pages: Pages) -> Asked:
    """Return what indexes the folder and shows words of a document on their pages."""
    build(settings, [docs], embedder=HashingEmbedder())
    engine = Engine.open(settings, HashingEmbedder())

    def show(*words: str, source: str = "valleys.pdf") -> tuple[Page, ...]:
        document = engine.index.document(source)
        starts = [document.text.index(said) for said in words]
        spans = [Span(start, start + len(said)) for start, said in zip(starts, words, strict=True)]
        return pages.show(engine.index, source, document.digest, spans)

    return show


def ink(picture: Picture) -> tuple[npt.NDArray[np.bool_], float]:
    """Return where the picture is dark, and its pixels to the point."""
    grey = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return grey < 128, grey.shape[1] / picture.width


def rows_of_ink(picture: Picture, box: Box) -> tuple[float, float]:
    """Return the share of a box's rows and columns between its first and last ink: near 1 where it fits closely."""
    dark, scale = ink(picture)
    cut = dark[round(box.top * scale) : round(box.bottom * scale), round(box.left * scale) : round(box.right * scale)]
    rows, columns = np.nonzero(cut)
    return (rows.max() - rows.min() + 1) / cut.shape[0], (columns.max() - columns.min() + 1) / cut.shape[1]


# What is shown


def test_the_boxes_hold_all_ink_of_the_quote_and_none_beside_it(asked: Asked) -> None:
    (page,) = asked(RAIN)
    assert (page.label, page.words) == ("iv", (RAIN,))
    (box,) = page.picture.boxes
    dark, scale = ink(page.picture)
    assert scale == pytest.approx(2.0, abs=0.01)
    rows, columns = np.nonzero(dark)
    inside = (
        (columns >= scale * box.left - 1)
        & (columns <= scale * box.right + 1)
        & (rows >= scale * box.top - 1)
        & (rows <= scale * box.bottom + 1)
    )
    # the second of three lines, 24 points apart: its baseline lies 842 - 676 points from the top
    second = (rows > scale * (842 - 690)) & (rows < scale * (842 - 670))
    assert (inside == second).all()
    assert inside.sum() > 500
    assert min(rows_of_ink(page.picture, box)) > 0.9


def test_two_quotes_of_one_page_are_both_marked_and_what_lies_between_is_not(asked: Asked) -> None:
    (page,) = asked(WIND, SUN)
    assert page.words == (SUN, WIND)
    tops = [round(box.top) for box in page.picture.boxes]
    assert tops == pytest.approx([842 - 700 - 10, 842 - 652 - 10], abs=2)


def test_a_quote_that_runs_over_two_pages_shows_both_with_its_part_on_each(asked: Asked) -> None:
    quote = "goes on with many travellers who crossed"
    first, second = asked(quote)
    assert [first.label, second.label] == ["iv", "v"]
    assert [first.words, second.words] == [("goes on with many ",), ("travellers who crossed",)]
    assert [len(first.picture.boxes), len(second.picture.boxes)] == [2, 1]
    # the first page's last lines, the second's first
    assert first.picture.boxes[0].top > 700
    assert second.picture.boxes[0].top < 100


def test_a_page_asked_for_again_is_not_drawn_again(asked: Asked, pages: Pages) -> None:
    first = asked(RAIN)
    pages.close()  # a picture could only come from a new process now
    began = time.perf_counter()
    assert asked(RAIN) == first
    assert time.perf_counter() - began < 0.05


def test_pictures_kept_are_bounded(asked: Asked, pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qa.engine.pages._MOST_KEPT", 2)
    for words in (SUN, RAIN, WIND, "the old ford"):
        asked(words)
    assert len(pages._kept) == 2


@pytest.mark.parametrize("pack", ["zip", "gz", "zip in zip"])
def test_a_page_of_a_file_inside_a_file_is_shown(pack: str, docs: Path, settings: Settings, pages: Pages) -> None:
    if pack == "gz":
        (docs / "inner.pdf.gz").write_bytes(gzip.compress(TWO_PAGES))
        source = "inner.pdf.gz/inner.pdf"
    else:
        inner = zipped({"deep/inner.pdf": TWO_PAGES, "b.txt": b"Beside it."})
        source = "a.zip/deep/inner.pdf"
        if pack == "zip in zip":
            inner = zipped({"x/in.zip": inner})
            source = "a.zip/x/in.zip/deep/inner.pdf"
        (docs / "a.zip").write_bytes(inner)
    (docs / "valleys.pdf").unlink()
    build(settings, [docs], embedder=HashingEmbedder())
    index = Engine.open(settings, HashingEmbedder()).index
    document = index.document(source)
    start = document.text.index(WIND)
    (page,) = pages.show(index, source, document.digest, [Span(start, start + len(WIND))])
    assert (page.label, page.words, len(page.picture.boxes)) == ("iv", (WIND,), 1)


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_with_several_folders_each_file_is_found_under_its_own(
    tmp_path: Path, settings: Settings, pages: Pages
) -> None:
    other = write([say(72, 700, "An other book speaks of the moon.")])
    for name, data in (("one", TWO_PAGES), ("two", other)):
        (tmp_path / name / "in").mkdir(parents=True)
        (tmp_path / name / "in" / "book.pdf").write_bytes(data)
    (tmp_path / "single.pdf").write_bytes(TWO_PAGES)
    roots = [tmp_path / "one", tmp_path / "two", tmp_path / "single.pdf"]
    build(settings, roots, embedder=HashingEmbedder())
    index = Engine.open(settings, HashingEmbedder()).index
    assert index.sources == ("one/in/book.pdf", "single.pdf", "two/in/book.pdf")
    for source in index.sources:
        document = index.document(source)
        (page,) = pages.show(index, source, document.digest, [Span(0, 10)])
        assert page.words == (document.text[:10],)
        assert len(page.picture.boxes) == 1


@pytest.mark.skipif(os.name != "posix", reason="names are text here")
def test_a_file_whose_name_is_no_text_is_found_again(docs: Path, settings: Settings, pages: Pages) -> None:
    try:
        os.rename(docs / "valleys.pdf", os.fsencode(docs) + b"/val\xe9.pdf")
    except OSError:
        pytest.skip("this file system takes no such names")
    build(settings, [docs], embedder=HashingEmbedder())
    index = Engine.open(settings, HashingEmbedder()).index
    source = "val\\xe9.pdf"
    (page,) = pages.show(index, source, index.document(source).digest, [Span(0, 10)])
    assert page.label == "iv"


# What is refused


def test_a_file_that_changed_is_never_drawn_not_even_from_memory(asked: Asked, docs: Path) -> None:
    asked(RAIN)
    (docs / "valleys.pdf").write_bytes(TWO_PAGES + b"\n%changed\n")
    with pytest.raises(UnreadableDocument) as caught:
        asked(RAIN)
    assert str(caught.value) == "valleys.pdf: the file has changed since it was indexed. Run: qa index"
    (docs / "valleys.pdf").write_bytes(TWO_PAGES)
    assert len(asked(RAIN)) == 1


def test_a_file_that_is_gone_is_said_to_be_gone(asked: Asked, docs: Path) -> None:
    (docs / "valleys.pdf").unlink()
    with pytest.raises(UnreadableDocument, match=r"the file isn't there any more. Put it back, or run: qa index"):
        asked(RAIN)
    docs.rename(docs.with_name("moved"))
    with pytest.raises(UnreadableDocument, match="isn't there any more"):
        asked(RAIN)


@pytest.mark.skipif(os.name != "posix", reason="there are no such files here")
def test_what_stands_in_the_files_place_now_is_not_opened(asked: Asked, docs: Path) -> None:
    (docs / "valleys.pdf").unlink()
    os.mkfifo(docs / "valleys.pdf")  # opening it would wait for ever
    with pytest.raises(UnreadableDocument, match="it is no file any more"):
        asked(RAIN)
    (docs / "valleys.pdf").unlink()
    (docs / "secret.txt").write_text("not for you", encoding="utf-8")
    (docs / "valleys.pdf").symlink_to(docs / "secret.txt")
    with pytest.raises(UnreadableDocument, match="has changed since"):
        asked(RAIN)


def test_an_answer_from_before_the_file_was_indexed_anew_is_not_shown_on_the_new_one(
    asked: Asked, docs: Path, settings: Settings, pages: Pages
) -> None:
    asked(RAIN)
    index = Engine.open(settings, HashingEmbedder()).index
    with pytest.raises(UnreadableDocument, match=r"it was indexed anew since this answer. Ask again"):
        pages.show(index, "valleys.pdf", "sha256:0", [Span(0, 5)])
    with pytest.raises(UnreadableDocument, match="it isn't in the index any more"):
        pages.show(index, "../etc/passwd", "sha256:0", [Span(0, 5)])
    digest = index.digest("valleys.pdf") or ""
    for spans in ([Span(0, 10**6)], [], [Span(3, 3)]):
        with pytest.raises(UnreadableDocument, match="there are no such words in it"):
            pages.show(index, "valleys.pdf", digest, spans)


def test_a_format_without_pages_is_not_offered(asked: Asked, pages: Pages) -> None:
    assert [pages.draws(name) for name in ("a.PDF", "z.zip/a.pdf", "a.docx", "a.txt", "pdf")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(UnreadableDocument, match="it isn't known on which page"):
        asked("Nothing of pages", source="notes.txt")


# Which page it is


def quoted(data: bytes, words: str, earlier: int = 0, label: str | None = None) -> Quoted:
    found = extract(data, Limits())
    place = next(place for place in found.places if words in place.span.of(found.text))
    text = place.span.of(found.text)
    start = text.index(words)
    return Quoted(label or place.label, text, (Span(start, start + len(words)),), earlier)


def test_of_pages_with_one_label_the_one_with_the_quotes_text_is_drawn() -> None:
    same = "/PageLabels<</Nums[0<</P(A)>>1<</P(A)>>2<</P(A)>>3<</P(A)>>]>>"
    pages = [say(72, 700, words) for words in ("A cat.", "The dog ate.", "The dog ate.", "A bird.")]
    # the third page stands lower, so that its boxes tell it from the second
    pages[2] = say(72, 300, "The dog ate.")
    data = write(pages, catalog=same)
    assert [place.label for place in extract(data, Limits()).places] == ["A"] * 4
    tops = [draw(data, quoted(data, "dog", earlier), Limits()).boxes[0].top for earlier in (0, 1)]
    assert tops == pytest.approx([842 - 707, 842 - 307], abs=2)
    with pytest.raises(Unreadable, match="page A isn't found in it as it was indexed"):
        draw(data, quoted(data, "dog", 2), Limits())


def test_a_page_whose_text_came_from_elsewhere_is_shown_without_boxes() -> None:
    recognised = Quoted("iv", "Words that a recognition read.", (Span(0, 5),))
    found = draw(TWO_PAGES, recognised, Limits())
    assert found.boxes == ()
    assert Image.open(io.BytesIO(found.png)).size == (1190, 1684)


def test_a_huge_page_is_drawn_small_enough_to_be_sent() -> None:
    data = write([say(72, 700, "Sun.")]).replace(b"[0 0 595 842]", b"[0 0 14400 14400]")
    wide, high = Image.open(io.BytesIO(draw(data, quoted(data, "Sun"), Limits()).png)).size
    assert 2_000 < wide == high
    assert wide * high == pytest.approx(8_000_000, rel=0.001)


@pytest.mark.parametrize("turn", ["/Rotate 90", "/Rotate 180", "/Rotate 270", "/CropBox[50 80 560 810]"])
def test_boxes_lie_on_the_ink_however_the_page_is_turned_and_cropped(turn: str) -> None:
    data = write([stack(72, 700, [SUN, RAIN, WIND], 14, 24)], page_extra=turn)
    picture = draw(data, quoted(data, RAIN), Limits())
    (box,) = picture.boxes
    assert min(rows_of_ink(picture, box)) > 0.9
    dark, _ = ink(picture)
    assert dark.sum() > 1000


# What means harm


def crash(data: bytes, asked: Quoted, limits: Limits) -> Picture:
    os.kill(os.getpid(), 11)
    raise AssertionError


def hang(data: bytes, asked: Quoted, limits: Limits) -> Picture:
    while True:
        time.sleep(1)


def devour(data: bytes, asked: Quoted, limits: Limits) -> Picture:
    return Picture(bytes(10**10), 1, 1)


def lie(data: bytes, asked: Quoted, limits: Limits) -> Picture:
    return Picture(b"<svg onload='alert(1)'/>", 100, 100)


def shapeless(data: bytes, asked: Quoted, limits: Limits) -> Picture:
    return Picture(b"\x89PNG\r\n\x1a\n", float("nan"), 100)


def honest(data: bytes, asked: Quoted, limits: Limits) -> Picture:
    boxes = (Box(-5, 10, 50, 20), Box(90, 10, 500, 20), Box(200, 10, 300, 20))
    return Picture(b"\x89PNG\r\n\x1a\n" + data, 100, 100, boxes)


HOSTILE = {name: f"{__name__}:{name}" for name in ("crash", "hang", "devour", "lie", "shapeless", "honest")}
HOSTILE["real"] = "qa.load.formats.pdf:draw"


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(drawers=HOSTILE, memory=600_000_000) as one:
        yield one


@pytest.mark.skipif(os.name != "posix", reason="this system limits time alone")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("crash", r"its reader crashed \(signal 11\)"),
        ("hang", "its reader took longer than 0.5 s"),
        ("devour", "its reader needed more than 0.6 GB of memory"),
        ("lie", "its reader gave an answer that makes no sense"),
        ("shapeless", "its reader gave an answer that makes no sense"),
    ],
)
def test_a_file_that_crashes_hangs_or_lies_costs_only_its_own_picture(worker: Worker, name: str, said: str) -> None:
    wanted = Quoted("1", "words", (Span(0, 5),))
    worker.draw("honest", b"", wanted, Limits(), 20)
    with pytest.raises(Unreadable, match=said):
        worker.draw(name, b"data", wanted, Limits(), 0.5 if name == "hang" else 20)
    # what reaches beyond the page is cut, what lies outside left out
    assert worker.draw("honest", b"!", wanted, Limits(), 20).boxes == (Box(0, 10, 50, 20), Box(90, 10, 100, 20))


def test_one_process_reads_files_and_draws_pages(worker: Worker) -> None:
    assert worker.read("pdf", TWO_PAGES, Limits(), 20) == extract(TWO_PAGES, Limits())
    assert worker.draw("real", TWO_PAGES, quoted(TWO_PAGES, RAIN), Limits(), 20) == draw(
        TWO_PAGES, quoted(TWO_PAGES, RAIN), Limits()
    )


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7\n", b"no pdf at all", TWO_PAGES[:700], TWO_PAGES.replace(b"/Kids", b"/Kidz")]
)
def test_a_damaged_file_is_refused_in_words(worker: Worker, data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        worker.draw("real", data, quoted(TWO_PAGES, RAIN), Limits(), 20)
    assert "its reader" not in caught.value.problem


def test_a_page_that_takes_too_long_says_so_and_the_next_is_drawn(
    docs: Path, settings: Settings, pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    # forms inside forms, each drawn eight times: 8^5 rectangles of a few bytes
    body = "/X Do " * 8
    form = "<</Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<</XObject<</X {} 0 R>>>>/Length {}>>"
    forms = [f"{form.format(11 + n, len(body))}\nstream\n{body}\nendstream" for n in range(5)]
    forms.append("<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Length 15>>\nstream\n0 0 3 3 re f    \nendstream")
    slow = write([say(72, 700, "The lamp burns all night.") + "/X Do\n"], objects=forms)
    (docs / "slow.pdf").write_bytes(slow.replace(b"/XObject<</Im 6 0 R>>", b"/XObject<</X 10 0 R>>"))
    build(settings, [docs], embedder=HashingEmbedder())
    index = Engine.open(settings, HashingEmbedder()).index
    slow_one, other = index.document("slow.pdf"), index.document("valleys.pdf")
    with monkeypatch.context() as hasty:
        hasty.setattr("qa.engine.pages._SECONDS", 0.2)
        with pytest.raises(UnreadableDocument, match=r"slow.pdf: its reader took longer than 0.2 s"):
            pages.show(index, "slow.pdf", slow_one.digest, [Span(0, 8)])
    (page,) = pages.show(index, "valleys.pdf", other.digest, [Span(0, 8)])
    assert page.words == ("The sun ",)


# How it crosses between processes


def test_a_question_and_its_picture_cross_over_as_they_were() -> None:
    wanted = Quoted("iv", "Ümlaut 🚲 words", (Span(0, 6), Span(7, 8)), 3)
    assert unpack_quoted(pack_quoted(wanted)) == wanted
    picture = Picture(b"\x89PNG\r\n\x1a\n\x00", 595.5, 842, (Box(1, 2, 3.5, 4),))
    assert unpack_picture(*pack_picture(picture)) == picture


@pytest.mark.parametrize(
    "change",
    [
        {"width": 0},
        {"height": -1.0},
        {"width": "595"},
        {"width": True},
        {"height": float("inf")},
        {"boxes": [[1, 2, 3]]},
        {"boxes": [["a", 2, 3, 4]]},
        {"boxes": [[1, 2, float("nan"), 4]]},
        {"boxes": {}},
    ],
)
def test_a_picture_that_was_tampered_with_is_refused(change: dict[str, object]) -> None:
    header, pieces = pack_picture(Picture(b"\x89PNG\r\n\x1a\n", 595, 842, (Box(1, 2, 3, 4),)))
    with pytest.raises((ValueError, TypeError, KeyError)):
        unpack_picture({**header, **change}, pieces)
