"""`python -m evals.places --pdfs FOLDER --texts FOLDER`: sentences of PDFs, found on their pages and boxed there.

Sentences are drawn by seed from the pages' text as another program extracts it, so that the product isn't measured
against itself, and asked for in their own words through `Engine.ask`. The other program's text is given as
FOLDER/<file's name without .pdf>/<page's number>.txt, as made by

    for file in *.pdf; do
        mkdir -p texts/"${file%.pdf}"
        for page in $(seq "$(pdfinfo "$file" | awk '/^Pages/ {print $2}')"); do
            pdftotext -f "$page" -l "$page" "$file" texts/"${file%.pdf}/$page.txt"
        done
    done

(poppler-utils). A sentence that stands on several pages, of whichever files, counts as found on any of them.
"""

from __future__ import annotations

import argparse
import ctypes
import functools
import io
import math
import random
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pypdfium2 as pdfium
from PIL import Image

from qa.config import load_settings
from qa.engine import Engine, build
from qa.load.formats.pdf import locate, render
from qa.sentences import find_sentences
from qa.types import Answer, Citation, Document, Passage, Place, Span

_SEED = 7
_COUNT = 50
_FIRST = 5  # hits in which a page counts as found
_WORDS = range(8, 45)  # of a sentence: shorter ones say too little, longer ones are tables read as one
_LETTERS = 0.7  # share of letters and spaces, which rows of figures don't reach
_SCALE = 3.0  # pixels to the point
_ENOUGH = 0.98  # of ink, below which a quote is listed
_DARK = 140  # less than this is ink, more is paper or shading
_WORD = re.compile(r"\w+")
_HYPHEN = re.compile(r"(\w)[-\u00ad\u2010]\s*\n\s*(\w)")

Pages = Mapping[tuple[str, int], str]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A sentence of another program's text, and the pages it stands on: their files, and their numbers from 1."""

    source: str
    words: str
    pages: frozenset[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Found:
    """Where the product found it: the pages of its first hits, whether an answer quotes it, the boxes' ink."""

    drawn: Drawn
    hits: tuple[tuple[tuple[str, int], ...], ...]
    quoted: bool
    ink: Ink | None

    def rank(self) -> int:
        """Return the number of the first hit on the right page, 0 where there is none."""
        right = (at for at, pages in enumerate(self.hits, 1) if self.drawn.pages.intersection(pages))
        return next(right, 0)


@dataclass(frozen=True, slots=True)
class Ink:
    """Dark pixels: of the quote's own glyphs, those of them inside its boxes, and all inside its boxes."""

    own: int
    inside: int
    boxed: int

    @property
    def covered(self) -> float:
        """The share of the quote's ink that lies inside its boxes."""
        return self.inside / self.own if self.own else 0.0

    @property
    def pure(self) -> float:
        """The share of the boxes' ink that is the quote's."""
        return self.inside / self.boxed if self.boxed else 0.0


class _Collection:
    """An engine, and the files behind it with the numbers of their pages."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self._folder = folder

    def bytes(self, source: str) -> bytes:
        """Return a file's bytes."""
        return (self._folder / source).read_bytes()

    @functools.cache  # noqa: B019 - lives as long as the program
    def places(self, source: str) -> tuple[tuple[int, Place], ...]:
        """Return the places of a document's pages, each with its number from 1: pages without text have no place."""
        with pdfium.PdfDocument(self.bytes(source)) as file:
            labels = [file.get_page_label(at).strip() or str(at + 1) for at in range(len(file))]
        found, number = [], 0
        for place in self.engine.index.document(source).places:
            if place.kind == "page":
                number = labels.index(place.label, number) + 1
                found.append((number, place))
        return tuple(found)

    def pages(self, source: str, span: Span) -> tuple[int, ...]:
        """Return the numbers of the pages a span stands on."""
        return tuple(number for number, place in self.places(source) if place.span.overlaps(span))


def main(argv: Sequence[str] | None = None) -> int:
    """Draw, ask, print; 1 where a sentence wasn't found on its page."""
    parser = argparse.ArgumentParser(prog="python -m evals.places", description=__doc__.splitlines()[0])
    parser.add_argument("--pdfs", type=Path, required=True, help="folder of PDFs")
    parser.add_argument("--texts", type=Path, required=True, help="folder of their pages' texts")
    parser.add_argument("--index", type=Path, help="folder of the index (default: made anew, and thrown away)")
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--count", type=int, default=_COUNT)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        settings = load_settings({"index": options.index or Path(scratch) / "index"}, environ={}, folder=Path(scratch))
        build(settings, [options.pdfs])
        engine = Engine.open(settings)
        pages = read_pages(options.texts)
        collection = _Collection(engine, options.pdfs)
        found = [_ask(collection, one) for one in draw(pages, options.seed, options.count)]
    _report(found)
    return int(any(one.rank() != 1 for one in found))


def read_pages(folder: Path) -> Pages:
    """Return the text of each page, by source and number from 1."""
    return {
        (f"{path.parent.name}.pdf", int(path.stem)): path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.glob("*/*.txt"))
    }


def draw(pages: Pages, seed: int, count: int) -> list[Drawn]:
    """Return sentences drawn at random, and each with all pages that it stands on."""
    run = {where: _run(text) for where, text in pages.items()}
    sentences = sorted({(source, words) for (source, _), text in pages.items() for words in _sentences(text)})
    drawn = random.Random(seed).sample(sentences, min(count, len(sentences)))
    return [
        Drawn(source, words, frozenset(where for where, text in run.items() if _run(words) in text))
        for source, words in drawn
    ]


def _sentences(text: str) -> Iterator[str]:
    whole = _HYPHEN.sub(r"\1\2", text)
    for span in find_sentences(whole):
        words = " ".join(span.of(whole).split())
        letters = sum(character.isalpha() or character == " " for character in words)
        if (
            len(words.split()) in _WORDS
            and words[-1:] in ".!?"
            and words[:1].isupper()
            and letters > _LETTERS * len(words)
        ):
            yield words


def _run(text: str) -> str:
    """Return a text as its letters and digits alone: programs differ in spaces, hyphens and quotation marks."""
    return "".join(_WORD.findall(text)).casefold().replace("_", "")


def _ask(collection: _Collection, drawn: Drawn) -> Found:
    answer = collection.engine.ask(drawn.words).answer
    hits = tuple(
        tuple((passage.source, page) for page in collection.pages(passage.source, _best(passage, drawn.words)))
        for passage in answer.passages[:_FIRST]
    )
    quoted = any(_says(citation, drawn) for citation in answer.citations)
    return Found(drawn, hits, quoted, _ink(collection, answer, drawn))


def _best(passage: Passage, words: str) -> Span:
    """Return the sentence of a passage that is highlighted first, or the one that says the very words."""
    wanted = _run(words)
    sentences = sorted({sentence for hit in passage.hits for sentence in hit.chunk.sentences})
    shift = passage.span.start
    same = (s for s in sentences if wanted in _run(passage.text[s.start - shift : s.end - shift]))
    return next(same, passage.highlights[0])


def _ink(collection: _Collection, answer: Answer, drawn: Drawn) -> Ink | None:
    """Measure the boxes of the citation that quotes the sentence; None where none does."""
    quoting = (citation for citation in answer.citations if _says(citation, drawn))
    citation = next(quoting, None)
    if citation is None:
        return None
    source = citation.passage.source
    document = collection.engine.index.document(source)
    sums = np.zeros(3, dtype=np.int64)
    for number, place in collection.places(source):
        if place.span.overlaps(citation.quote):
            sums += _ink_on(collection.bytes(source), number - 1, document, place, citation.quote)
    return Ink(*sums.tolist())


def _ink_on(data: bytes, index: int, document: Document, place: Place, quote: Span) -> npt.NDArray[np.int64]:
    """Count the dark pixels of a quote's part on one page: its own, those inside its boxes, all in its boxes."""
    shift = place.span.start
    part = Span(max(quote.start, shift) - shift, min(quote.end, place.span.end) - shift)
    page_text = place.span.of(document.text)
    dark = np.asarray(Image.open(io.BytesIO(render(data, index, _SCALE))).convert("L")) < _DARK
    boxes = locate(data, index, page_text, part)
    inside = _mask(dark.shape, [(b.left * _SCALE, b.top * _SCALE, b.right * _SCALE, b.bottom * _SCALE) for b in boxes])
    standing = [_mask(dark.shape, glyphs) for glyphs in _glyphs(data, index, dark.shape, part.of(page_text))]
    if not standing:
        return np.zeros(3, dtype=np.int64)
    # words that stand on the page several times: the boxes are of one of them
    own = max(standing, key=lambda mask: int((mask & inside & dark).sum()))
    counts = [(own & dark).sum(), (own & inside & dark).sum(), (inside & dark).sum()]
    return np.array(counts, dtype=np.int64)


def _mask(shape: tuple[int, ...], boxes: Sequence[tuple[float, float, float, float]]) -> npt.NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.bool_)
    for left, top, right, bottom in boxes:
        mask[max(0, math.floor(top)) : math.ceil(bottom), max(0, math.floor(left)) : math.ceil(right)] = True
    return mask


def _glyphs(
    data: bytes, index: int, shape: tuple[int, ...], words: str
) -> list[list[tuple[float, float, float, float]]]:
    """Return the boxes of the glyphs of each occurrence of some words, as PDFium tells them, in pixels.

    Nothing of the product's own reading of the page takes part: neither its order, nor its lines, nor its turning.
    """
    import pypdfium2.raw as raw

    found = []
    with pdfium.PdfDocument(data) as file:
        page = file[index]
        text = page.get_textpage()
        letters = [chr(raw.FPDFText_GetUnicode(text, at)) for at in range(text.count_chars())]
        run, numbers = [], []
        for at, letter in enumerate(letters):
            for one in _run(letter):
                run.append(one)
                numbers.append(at)
        wanted, whole = _run(words), "".join(run)
        at = whole.find(wanted)
        while wanted and at >= 0:
            first, last = numbers[at], numbers[at + len(wanted) - 1]
            while first and not letters[first - 1].isspace() and not letters[first - 1].isalnum():
                first -= 1
            while last + 1 < len(letters) and not letters[last + 1].isspace() and not letters[last + 1].isalnum():
                last += 1
            found.append([_on_screen(page, text.get_charbox(number), shape) for number in range(first, last + 1)])
            at = whole.find(wanted, at + 1)
    return found


def _on_screen(
    page: pdfium.PdfPage, box: tuple[float, float, float, float], shape: tuple[int, ...]
) -> tuple[float, float, float, float]:
    import pypdfium2.raw as raw

    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(page, 0, 0, shape[1], shape[0], 0, x, y, across, down)
        corners.append((across.value, down.value))
    (x0, y0), (x1, y1) = corners
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _says(citation: Citation, drawn: Drawn) -> bool:
    return _run(drawn.words) in _run(citation.text)


def _report(found: Sequence[Found]) -> None:
    ranks = [one.rank() for one in found]
    inks = [one.ink for one in found if one.ink]
    print(f"{len(found)} sentences")
    print(f"right page among the first hit's:  {sum(rank == 1 for rank in ranks)}")
    print(f"right page among the first {_FIRST} hits: {sum(rank > 0 for rank in ranks)}")
    print(f"quoted in the answer:              {sum(one.quoted for one in found)}")
    if inks:
        covered, pure = [ink.covered for ink in inks], [ink.pure for ink in inks]
        print(f"boxes measured:                    {len(inks)}")
        print(f"quote's ink inside, mean / least:  {np.mean(covered):.4f} / {min(covered):.4f}")
        print(f"of the boxes' ink the quote's:     {np.mean(pure):.4f} / {min(pure):.4f}")
    for one, rank in zip(found, ranks, strict=True):
        if rank != 1 or not one.quoted or one.ink is None or min(one.ink.covered, one.ink.pure) < _ENOUGH:
            print(f"- {one.drawn.source} {sorted(one.drawn.pages)} {one.drawn.words!r}")
            print(f"  rank {rank}, {one.hits[:2]}, {one.ink}")


if __name__ == "__main__":
    sys.exit(main())
