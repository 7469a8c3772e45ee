"""`python -m evals.ocr --pdfs FOLDER`: how much of a page's text is read when the page is only a picture of itself.

Pages are drawn by seed from PDFs with a text layer, drawn at so many dots an inch, slanted, blurred by a scan's noise
and read through the product's PDF reader. What its words are is known from the text layer, read by the same reader.
"""

from __future__ import annotations

import argparse
import io
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
from PIL import Image

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.pdf import extract

_SEED, _COUNT, _DOTS = 7, 12, 200
_LEAST_WORDS = 100  # of a page, so that it has something to read
_NOISE = 12.0  # of 255, standard deviation


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print one line a page, then the whole."""
    options = _parser().parse_args(argv)
    chance = random.Random(options.seed)
    known = seen = ordered = 0
    began = time.process_time()
    for name, number, page in _drawn(sorted(options.pdfs.glob("*.pdf")), chance, options.count):
        words = _words(page)
        read = _words(_scanned(page, options.dots, options.slant, number))
        same = sum((Counter(words) & Counter(read)).values())
        matched = SequenceMatcher(None, words, read, autojunk=False).get_matching_blocks()
        in_order = sum(block.size for block in matched)
        known, seen, ordered = known + len(words), seen + same, ordered + in_order
        print(
            f"{name} page {number + 1}: {len(words)} words, {same / len(words):.4f} read, {in_order / len(words):.4f}"
        )
    print(
        f"{options.count} pages at {options.dots} dots, slanted by {options.slant:g} degrees: {known} words, "
        f"{seen / max(known, 1):.4f} of them read, {ordered / max(known, 1):.4f} in the same order "
        f"({time.process_time() - began:.0f} s of this process)"
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m evals.ocr", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pdfs", type=Path, required=True, help="folder of PDFs with a text layer")
    parser.add_argument("--seed", type=int, default=_SEED, help=f"which pages are drawn (default: {_SEED})")
    parser.add_argument("--count", type=int, default=_COUNT, help=f"pages (default: {_COUNT})")
    parser.add_argument("--dots", type=int, default=_DOTS, help=f"an inch (default: {_DOTS})")
    parser.add_argument("--slant", type=float, default=0.0, help="degrees (default: 0)")
    return parser


def _drawn(paths: Sequence[Path], chance: random.Random, count: int) -> list[tuple[str, int, bytes]]:
    """Return pages with enough words, each as a PDF of its own."""
    every = []
    for path in paths:
        document = pdfium.PdfDocument(path)
        every += [(path, number) for number in range(len(document))]
        document.close()
    chance.shuffle(every)
    found: list[tuple[str, int, bytes]] = []
    for path, number in every:
        if len(found) == count:
            break
        document, single, out = pdfium.PdfDocument(path), pdfium.PdfDocument.new(), io.BytesIO()
        single.import_pages(document, [number])
        single.save(out)
        single.close()
        document.close()
        if len(_words(out.getvalue())) >= _LEAST_WORDS:
            found.append((path.stem, number, out.getvalue()))
    return found


def _words(page: bytes) -> list[str]:
    try:
        found: Extracted = extract(page, Limits())
    except Unreadable:
        return []
    return found.text.split()


def _scanned(page: bytes, dots: int, slant: float, seed: int) -> bytes:
    document = pdfium.PdfDocument(page)
    image: Image.Image = document[0].render(scale=dots / 72, grayscale=True).to_pil()
    document.close()
    image = image.rotate(slant, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    noise = np.random.default_rng(seed).normal(0.0, _NOISE, (image.height, image.width))
    noisy = Image.fromarray(np.clip(np.asarray(image, dtype=np.float64) + noise, 0, 255).astype(np.uint8))
    out = io.BytesIO()
    noisy.save(out, "PDF", resolution=dots)
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main())
