"""Results to a page: what was aimed at, then a table a benchmark, and two plots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import plot
from benchmarks.targets import TARGETS, dig

_INTRODUCTION = """# How fast it is

Written by `make bench` (`python -m benchmarks`); don't edit it by hand. Quality: [evaluation.md](evaluation.md).

```sh
make bench                                # all at 1,000 chunks, beside plain sentence-transformers + FAISS
python -m benchmarks index ask --size 1000 10000
python -m benchmarks peers --envs FOLDER  # FOLDER holds an environment a peer: langchain, llamaindex, txtai, …
python -m benchmarks scale update --large # up to a million chunks, 10,000 files
python -m benchmarks formats              # reading each format; a 600-page PDF indexed whole
python -m benchmarks --docs FOLDER        # on your own files
```

Competitors take turns in one run; figures are medians, brackets hold the least and the greatest. Wall time depends on
what else the machine is doing, processor time much less, so both are given, and ratios are taken round by round.
Texts are generated from a seed unless said otherwise: real words in sentences of usual length, 4.7 characters a token
as in prose. They say nothing of quality."""

_PEERS_NOTE = """All get the same chunks (ready cut), the same weights and the same questions, and keep their defaults
otherwise. Quoth starts from files, and also makes a vector of each sentence, BM25 and the calibration of its verdict;
its questions end with an answer and its quotes, reader off. What others are measured against is the better of the two
plain rivals in each round: torch's threads spin, which on a machine that does something else too costs it dearly."""


def write_page(path: Path, whole: dict[str, Any], other: dict[str, Any] | None = None) -> None:
    """Write the page, and its plots beside it; `other` results are of another machine, shown beside the targets."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [_INTRODUCTION, _machine(whole), _targets(whole, other or {})]
    if other:
        parts.append(f"Beside: {_machine(other)} All of its figures: `benchmarks/results/{other['commit']}.json`.")
    for name, section in (
        *(("index", _index), ("ask", _ask), ("update", _update)),
        *(("peers", _peers), ("scale", _scale), ("busy", _busy), ("peak", _peak)),
        *(("bounded", _bounded), ("formats", _formats)),
    ):
        if name in whole:
            parts.append(section(whole[name], path) + _how(whole[name]["run"]))
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows)])


def number(value: float | None, unit: str = "") -> str:
    """Return three digits of a value with its unit, "" for none."""
    if value is None:
        return ""
    shown = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{shown}{'' if unit in ('', '×') else ' '}{unit}"


def spread(found: dict[str, float] | None, times: float = 1.0, unit: str = "") -> str:
    """Return a median with its extremes in brackets."""
    if not found:
        return ""
    middle = number(found["median"] * times, unit)
    if found["n"] < 2:
        return middle
    return f"{middle} ({number(found['low'] * times)}–{number(found['high'] * times)})"


def _machine(whole: dict[str, Any]) -> str:
    facts = whole["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items() if version)
    return (
        f"Commit {whole['commit']}. {facts['processor']} ({facts['family']}), {facts['cores']} cores, "
        f"{', '.join(facts['flags'])}, {facts['memory_gb']:.0f} GiB, "
        f"{facts['system']}, Python {facts['python']}; {versions}."
    )


def _how(run: dict[str, Any]) -> str:
    loaded = f" Mean load of the machine at its end: {run['load']}." if run.get("load") is not None else ""
    at = f"commit {run['commit']}, " if run.get("commit") else ""
    how = (
        f"{run['texts'].capitalize()} texts, {run['rounds']} rounds, {run['seconds']:,} s, {at}source {run['source']}."
    )
    return f"\n\n{how}{loaded}"


def _targets(whole: dict[str, Any], other: dict[str, Any]) -> str:
    head = ["what", "at least", "reach", "now", "", *(["beside, earlier"] if other else [])]
    rows = []
    for target in TARGETS:
        value, beside = target.found(whole), target.found(other)
        rows.append(
            (
                target.what,
                number(target.least, target.unit),
                number(target.reach, target.unit),
                "not taken" if value is None else number(value, target.unit),
                "" if value is None else target.verdict(value),
                *([number(beside, target.unit)] if other else []),
            )
        )
    return "## Against what is aimed at, on two cores\n\n" + table(head, rows)


def _index(found: dict[str, Any], _: Path) -> str:
    sizes = found["sizes"].values()
    rows = [
        (
            f"{one['chunks']:,}",
            f"{one['characters']:,}",
            spread(one["wall"], unit="s"),
            spread(one["chunks_per_second"]),
            spread(one["characters_per_second"]),
            spread(one["cpu_ms_per_chunk"], unit="ms"),
            spread(one["peak_mb"], unit="MB"),
            number(one["bytes_per_character"], "MB"),
        )
        for one in sizes
    ]
    head = ("chunks", "characters", "wall", "chunks/s", "characters/s", "processor a chunk", "peak memory", "index")
    stages = sorted({name for one in sizes for name in one["stages"]})
    parts = [(f"{one['chunks']:,}", *(spread(one["stages"].get(name), unit="s") for name in stages)) for one in sizes]
    apart = found["reading"]
    note = (
        f"Reading {apart['chunks']:,} chunks apart: walking the folder {number(apart['walking'] * 1e3, 'ms')}, "
        f"loading {number(apart['loading'] * 1e3, 'ms')}, chunking {number(apart['chunking'] * 1e3, 'ms')}. "
        "While files are read, what was read is embedded, so `reading` holds both; "
        "hashing and flushing to disk count with calibrating."
    )
    grown = f"\n\nWall time grows as chunks^{found['exponent']:.2f}." if "exponent" in found else ""
    return (
        "## Indexing\n\nFrom files to a saved index, opening the model included; "
        "the index's size is that of a million characters.\n\n"
        + table(head, rows)
        + "\n\nWhere wall time goes:\n\n"
        + table(("chunks", *stages), parts)
        + f"\n\n{note}{grown}"
    )


def _ask(found: dict[str, Any], _: Path) -> str:
    warm, cold, where, memory = [], [], [], []
    for one in found["sizes"].values():
        chunks = f"{one['chunks']:,}"
        for name, parts in one["warm"].items():
            cells = [
                " / ".join(number(parts[part][p]) for p in ("p50", "p95", "p99"))
                for part in ("embed", "search", "read", "total", "cpu")
            ]
            warm.append((chunks, name, *cells))
        for name, taken in one["cold"].items():
            cold.append((chunks, f"`{name}`", spread(taken["wall"], 1e3), spread(taken["cpu"], 1e3)))
        for name, held in one["memory"].items():
            memory.append((chunks, name, *(number(held.get(kind)) for kind in ("resident", "anonymous", "peak"))))
    last = list(found["sizes"].values())[-1]
    for part in last["stages"][0]["milliseconds"]:
        where.append((part, *(number(one["milliseconds"][part]) for one in last["stages"])))
    dearest = ", ".join(f"{name} {number(ms)}" for name, ms in last["stages"][0]["imports"].items())
    return "\n\n".join(
        [
            "## A question",
            "Warm, p50 / p95 / p99 in milliseconds; `processor` counts all threads.",
            table(("chunks", "", "embed", "search", "read", "total", "processor"), warm),
            "Cold: a process from start to end, in milliseconds.",
            table(("chunks", "command", "wall", "processor"), cold),
            f"Where a cold question's time goes at {last['chunks']:,} chunks, in milliseconds:",
            table(("part", "reader off", "reader on"), where),
            f"Imports, in milliseconds of each package's own modules, while being traced: {dearest}.",
            "Memory after twenty questions, in MB; mapped files are resident once touched, and not anonymous.",
            table(("chunks", "", "resident", "anonymous", "peak"), memory),
        ]
    )


def _update(found: dict[str, Any], _: Path) -> str:
    rows = [
        (
            f"{one['files']:,}",
            f"{number(one['first']['wall'], 's')} ({number(one['first']['cpu'])})",
            *(spread(one[kind][clock], unit="s") for kind in ("unchanged", "one changed") for clock in ("wall", "cpu")),
        )
        for one in found["files"].values()
    ]
    head = (
        "files",
        "first time: wall (processor)",
        *("unchanged: wall", "processor", "one changed: wall", "processor"),
    )
    return "## Indexing again\n\nSmall files, a whole `qa index` process.\n\n" + table(head, rows)


def _peers(found: dict[str, Any], path: Path) -> str:
    parts = [f"## Beside others\n\n{_PEERS_NOTE}"]
    for one in found["sizes"].values():
        rows = [
            (
                name,
                *(spread(peer["wall"], unit="s"), spread(peer["cpu"], unit="s")),
                *(spread(peer["faster_wall"], unit="×"), spread(peer["faster_cpu"], unit="×")),
                number(one["chunks"] / peer["wall"]["median"]),
                " / ".join(number(peer["ask_ms"][p]) for p in ("p50", "p95")),
                spread(peer["ask_cpu_ms"]),
                number(peer["peak_mb"]),
                peer["about"],
            )
            for name, peer in one["peers"].items()
        ]
        head = (
            *("", "index: wall", "processor", "faster than plain: wall", "processor", "chunks/s"),
            *("a question, ms: p50 / p95", "processor", "peak MB", "what"),
        )
        parts.append(f"{one['chunks']:,} chunks, {one['characters']:,} characters:\n\n" + table(head, rows))
        parts += [f"Left out: {name} ({why.splitlines()[-1]})" for name, why in one["missing"].items()]
        cost = {name: peer["cpu"]["median"] / one["chunks"] * 1e3 for name, peer in one["peers"].items()}
        drawn = path.with_name(f"{path.stem}-peers.svg")
        title = f"Processor time to index a chunk ({one['chunks']:,} chunks)"
        drawn.write_text(plot.bars(title, cost, "ms"), encoding="utf-8")
    return "\n\n".join([*parts, f"![Processor time to index a chunk, by competitor]({drawn.name})"])


def _scale(found: dict[str, Any], path: Path) -> str:
    rows = [
        (
            f"{one['chunks']:,}",
            *(
                " / ".join(number(one["milliseconds"][part][p]) for p in ("p50", "p95"))
                for part in ("search", "vectors", "words")
            ),
            f"{one['recall@10']:.4f}",
            number(one["opening"] * 1e3),
            number(one["memory"].get("resident")),
            number(one["memory"].get("anonymous")),
            f"{number(one['build']['wall'])} ({number(one['build']['peak_mb'])} MB)",
            one["store"],
        )
        for one in found["sizes"].values()
    ]
    head = (
        *("chunks", "search, ms: p50 / p95", "vectors alone", "words alone", "recall@10", "opening, ms"),
        *("resident MB", "anonymous", "build, s (peak)", "store"),
    )
    text = (
        "## Growth\n\nRows synthesised around real ones (two mixed, with noise), chunks of 240 characters; "
        "everything else is the product's own. `search` is all of retrieval, without embedding the question; "
        "recall is against exact search.\n\n" + table(head, rows)
    )
    if not found["exponents"]:
        return text
    drawn = path.with_name(f"{path.stem}-growth.svg")
    series = {
        f"{part} (^{found['exponents'][part]:.2f})": [
            (one["chunks"], one["milliseconds"][part]["p50"]) for one in found["sizes"].values()
        ]
        for part in found["exponents"]
    }
    drawn.write_text(plot.lines("Time of a question's search", series, "chunks", "ms, p50"), encoding="utf-8")
    grown = ", ".join(f"{part} chunks^{value:.2f}" for part, value in found["exponents"].items())
    return f"{text}\n\nTime grows as: {grown}.\n\n![Time of a search by number of chunks]({drawn.name})"


def _busy(found: dict[str, Any], _: Path) -> str:
    rows = [
        (
            name,
            *(" / ".join(number(one[kind][p]) for p in ("p50", "p95")) for kind in ("free", "busy")),
            spread(one["slowed"], unit="×"),
        )
        for name, one in found.items()
        if name != "run"
    ]
    return "## While one core is busy\n\nA question in milliseconds, p50 / p95.\n\n" + table(
        ("", "nothing else of ours", "one core kept busy", "slower by"), rows
    )


def _bounded(found: dict[str, Any], _: Path) -> str:
    rows = [
        (
            name,
            f"{one['characters'] / 1e6:,.0f} MB",
            f"{one['chunks']:,}",
            number(one["wall"], "s"),
            number(one["cpu"], "s"),
            number(one["peak_mb"], "MB"),
        )
        for name, one in found.items()
        if name != "run"
    ]
    head = ("", "text", "chunks", "wall", "processor", "peak memory")
    return "## Memory while indexing\n\nThe peak of the whole process; without the model rows are drawn.\n\n" + table(
        head, rows
    )


def _formats(found: dict[str, Any], _: Path) -> str:
    rows = [
        (
            name,
            number(one["bytes"] / 1e6, "MB"),
            f"{one['characters']:,}",
            spread(one["characters_per_second"], 1e-3),
            spread(one["megabytes_per_second"]),
            spread(one["parts_per_second"]) if one["parts"] else "",
            number(1e6 * one["cpu"]["median"] / max(one["characters"], 1) * 1e3, "ms"),
        )
        for name, one in found["kinds"].items()
    ]
    head = (
        "",
        "files",
        "characters",
        "thousand characters/s",
        "MB/s",
        "pages, slides, sheets/s",
        "processor a million",
    )
    parts = [
        "## Reading files\n\nReading and cutting into chunks, nothing embedded; in a process of its own as in the "
        "product, one that has started. Compressed files are measured as they lie on disk.",
        table(head, rows),
    ]
    if "pdf" in found:
        beside = [
            (
                name,
                spread(one["pages_per_second"]),
                spread(one["megabytes_per_second"]),
                spread(one["cpu_ms_per_page"], unit="ms"),
                "" if name == "quoth" else spread(one["times_ours"], unit="×"),
            )
            for name, one in found["pdf"].items()
        ]
        parts += [
            "PDF beside others, which give each page's text as it comes, without reading order, paragraphs, places, "
            "hidden text or chunks, in the process that asks:",
            table(("", "pages/s", "MB/s", "processor a page", "as fast as quoth"), beside),
        ]
    long = found["long"]
    parts.append(
        f"A PDF of {long['pages']:,} pages, {long['characters_a_page']:,.0f} characters a page, {long['chunks']:,} "
        f"chunks: a whole `qa index` takes {spread(long['wall'], unit='s')}, "
        f"{spread(long['cpu'], unit='s')} of processor time."
    )
    return "\n\n".join(parts)


def _peak(found: dict[str, Any], _: Path) -> str:
    made, parts = found["products"], found["embedding"]["precisions"]
    shapes = list(made["float32"])
    limits = table(
        ("GFLOPS of one core", *shapes),
        [(kind, *(spread(made[kind][shape]) for shape in shapes)) for kind in ("float32", "int8")],
    )
    reached = table(
        ("precision", "GFLOPS a core", "of the limit", "of the limit, all of embedding", "times float32's limit"),
        [
            (
                kind,
                number(one["gflops"]),
                f"{one['share']:.0%}",
                f"{one['share, whole']:.0%}",
                number(one["times float32's limit"]),
            )
            for kind, one in found["reached"].items()
        ],
    )
    where = [f"- {kind}: {_parts(one)}" for kind, one in parts.items()]
    tokens = dig(found, "embedding", "tokens")
    return "\n\n".join(
        [
            "## The processor's limit",
            "Products of matrices on ONNX Runtime, per second of processor time. Large ones (1024³) set the limit.",
            limits,
            f"Embedding {found['embedding']['chunks']:,} chunks ({tokens:,} tokens, "
            f"{found['embedding']['operations'] / 1e9:,.0f} GFLOP by the model's shapes) "
            f"on {found['embedding']['threads']} threads:",
            reached,
            "\n".join(["Where the time goes:", "", *where]),
        ]
    )


def _parts(one: dict[str, Any]) -> str:
    whole = one["whole"]["median"]
    operators = ", ".join(f"{name} {share:.1%}" for name, share in one["operators"].items() if share > 0.01)
    return (
        f"tokens {one['tokens']['median'] / whole:.1%}, passes {one['forward']['median'] / whole:.1%} of the processor "
        f"time; inside a pass {operators}"
    )
