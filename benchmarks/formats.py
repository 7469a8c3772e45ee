"""Reading: how much of each format is turned into chunks a second, and how long a 600-page PDF takes to be indexed.

Files are read as the product reads them, in its process of their own where it has one, and cut into chunks; nothing
is embedded but in the long PDF's whole `qa index`. Beside the PDF reader stands what it is built upon: PDFium's own
text of each page, which knows neither paragraphs nor places.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import json
import resource
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.files import MAKERS, PAGE, make, pages_of, parts_of, write_pdf
from benchmarks.measure import ratio, spread
from benchmarks.process import apart, qa
from benchmarks.process import run as run_process
from benchmarks.run import Run, say

if TYPE_CHECKING:
    from qa.load import Found, Readers

_CHARACTERS = 500_000  # of a file of each format
_PICTURE = 2_000
_PDF_PAGES, _LONG_PAGES = 200, 600
_LEAST_SECONDS = 1.0  # of reading a round: small files are read several times over


def measure(run: Run) -> dict[str, Any]:
    """Read every format in turn, the PDF beside plain rivals, and index the long PDF."""
    folder = run.work / "formats"
    shutil.rmtree(folder, ignore_errors=True)
    kinds = _own(run.docs) if run.docs else _made(folder)
    found: dict[str, Any] = {"kinds": {}}
    for name, paths in kinds.items():
        say(f"formats: {name}, {len(paths)} files")
        rounds = [apart("formats.in_child", paths=[str(path) for path in paths]) for _ in range(run.rounds)]
        found["kinds"][name] = _spreads(rounds)
    pdfs = kinds.get("pdf", [])
    if pdfs:
        found["pdf"] = _beside(run, [str(path) for path in pdfs])
    found["long"] = _long(run)
    return found


def _made(folder: Path) -> dict[str, list[Path]]:
    kinds = {}
    for name in MAKERS:
        if name == "picture" and shutil.which("tesseract") is None:
            continue
        size = {"picture": _PICTURE, "pdf": _PDF_PAGES * PAGE}.get(name, _CHARACTERS)
        kinds[name] = [make(name, folder, size)]
    return kinds


def _own(docs: Path) -> dict[str, list[Path]]:
    """Sort the user's files by their readers."""
    from qa.load.table import BY_SUFFIX

    kinds: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(path for path in docs.rglob("*") if path.is_file()):
        if path.suffix.lower() in BY_SUFFIX:
            kinds[BY_SUFFIX[path.suffix.lower()]].append(path)
    return dict(sorted(kinds.items()))


def _spreads(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    first = rounds[0]
    known = {name: first[name] for name in ("files", "bytes", "characters", "parts", "chunks", "refused")}
    return known | {
        name: asdict(spread([one[name] for one in rounds]))
        for name in ("wall", "cpu", "characters_per_second", "megabytes_per_second", "parts_per_second")
    }


def in_child(paths: list[str]) -> dict[str, Any]:
    """Read files as often as fills a second, and tell what once took."""
    from qa.load import Readers

    files = [Path(path) for path in paths]
    # what a worker takes to start and to load its readers isn't reading
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    warm = Readers()
    _read_all(warm, files[:1])
    warm.close()
    started = _used(before)
    readers = Readers()
    held = _read_all(readers, files[:1])
    before, own, began, times = (
        resource.getrusage(resource.RUSAGE_CHILDREN),
        time.process_time(),
        time.perf_counter(),
        0,
    )
    while not times or time.perf_counter() - began < _LEAST_SECONDS:
        held = _read_all(readers, files)
        times += 1
    wall, own = time.perf_counter() - began, time.process_time() - own
    readers.close()
    # the warm-up of this worker is among what it used, too
    cpu = own + max(0.0, _used(before) - started)
    seconds = wall / times
    return held | {
        "files": len(files),
        "wall": seconds,
        "cpu": cpu / times,
        "characters_per_second": held["characters"] / seconds,
        "megabytes_per_second": held["bytes"] / 1e6 / seconds,
        "parts_per_second": held["parts"] / seconds,
    }


def _used(before: resource.struct_rusage) -> float:
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


def _read_all(readers: Readers, files: list[Path]) -> dict[str, Any]:
    """Read and cut files, those inside them too."""
    from qa.load import Found

    held = {"bytes": 0, "characters": 0, "parts": 0, "chunks": 0, "refused": 0}
    for path in files:
        data = path.read_bytes()
        held["bytes"] += len(data)
        for name, count in _read(readers, Found(path, path.name), data, 0):
            held[name] += count
    return held


def _read(readers: Readers, found: Found, data: bytes, depth: int) -> Iterator[tuple[str, int]]:
    from qa.chunk import chunk_document
    from qa.errors import LoadError
    from qa.load import inside

    try:
        reading = readers.read(found, data, depth)
    except LoadError:
        yield "refused", 1
        return
    yield "characters", len(reading.document.text)
    yield "parts", reading.extent.parts
    yield "chunks", len(chunk_document(reading.document, size=900, overlap=200))
    for child in reading.children:
        yield from _read(readers, inside(found, child), child.data, depth + 1)


# PDF beside others


def _beside(run: Run, paths: list[str]) -> dict[str, Any]:
    """Read the PDFs with each rival in turn; ratios above one say how many times faster the rival is."""
    names = ["quoth", "pypdfium2", *(["pypdf"] if importlib.util.find_spec("pypdf") else [])]
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for at in range(run.rounds):
        say(f"formats: PDF beside {', '.join(names[1:])}, round {at + 1} of {run.rounds}")
        for name in names:
            task = "formats.in_child" if name == "quoth" else "formats.plain_in_child"
            rounds[name].append(apart(task, paths=paths, **({} if name == "quoth" else {"library": name})))
    ours = [one["wall"] for one in rounds["quoth"]]
    pages = rounds["pypdfium2"][0]["parts"]
    return {
        name: {
            "pages_per_second": asdict(spread([pages / one["wall"] for one in runs])),
            "megabytes_per_second": asdict(spread([one["bytes"] / 1e6 / one["wall"] for one in runs])),
            "cpu_ms_per_page": asdict(spread([1e3 * one["cpu"] / pages for one in runs])),
            "times_ours": asdict(ratio([one["wall"] for one in runs], ours)),
        }
        for name, runs in rounds.items()
    }


def plain_in_child(paths: list[str], library: str) -> dict[str, Any]:
    """Take the text of each page as the library gives it."""
    read = {"pypdfium2": _pdfium_pages, "pypdf": _pypdf_pages}[library]
    datas = [Path(path).read_bytes() for path in paths]
    read(datas[0])
    began, own = time.perf_counter(), time.process_time()
    lengths = [length for data in datas for length in read(data)]
    return {
        "wall": time.perf_counter() - began,
        "cpu": time.process_time() - own,
        "bytes": sum(map(len, datas)),
        "parts": len(lengths),
        "characters": sum(lengths),
    }


def _pdfium_pages(data: bytes) -> list[int]:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    lengths = []
    for page in document:
        text = page.get_textpage()
        lengths.append(len(text.get_text_range()))
        text.close()
        page.close()
    document.close()
    return lengths


def _pypdf_pages(data: bytes) -> list[int]:
    pypdf: Any = importlib.import_module("pypdf")
    return [len(page.extract_text()) for page in pypdf.PdfReader(io.BytesIO(data)).pages]


# A long one, indexed whole


def _long(run: Run) -> dict[str, Any]:
    """Index a PDF of 600 pages with the real model: a whole `qa index` process."""
    folder, index = run.work / "long", run.work / "index-long"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # headings and short last lines leave a page a little emptier than it might be
    pages = pages_of(parts_of(int(1.02 * _LONG_PAGES * PAGE)))[:_LONG_PAGES]
    (folder / "long.pdf").write_bytes(write_pdf(pages))
    characters = sum(len(line) for page in pages for line in page)
    taken, said = [], ""
    for at in range(run.rounds):
        say(f"formats: indexing {len(pages)} pages, round {at + 1} of {run.rounds}")
        shutil.rmtree(index, ignore_errors=True)
        said, clock = run_process(qa("index", str(folder), "--index", str(index), "--json"))
        taken.append(clock)
    return {
        "pages": len(pages),
        "characters_a_page": characters / len(pages),
        "chunks": _chunks(said),
        "wall": asdict(spread([one.wall for one in taken])),
        "cpu": asdict(spread([one.cpu for one in taken])),
    }


def _chunks(said: str) -> int:
    """Return how many chunks `qa index --json` says there are."""
    return sum(int(file["chunks"]) for file in json.loads(said)["files"])
