"""Time of a question: warm, by part; cold, from process start to answer; and the memory it takes to serve."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.indexing import made_collection
from benchmarks.measure import exponent, memory, percentiles, spread, timed
from benchmarks.process import apart, environment, qa
from benchmarks.process import run as run_process
from benchmarks.run import Run, say

_PARTS = ("embed", "search", "read", "total")


def measure(run: Run) -> dict[str, Any]:
    """Ask indexes of each size, warm and cold."""
    sizes = {}
    for size in run.sizes:
        docs = made_collection(run, size)
        index = run.work / f"index-{size}"  # that of the index benchmark, where it ran before
        say(f"ask: building an index of about {size:,} chunks")
        run_process(qa("index", str(docs.folder), "--index", str(index), "--json"))
        questions = docs.questions[: run.questions]
        say(f"ask: {len(questions)} questions, reader off and on in turn")
        warm = apart("asking.warm", index=index, questions=questions)
        say(f"ask: cold starts, {run.rounds * 3} each")
        sizes[str(size)] = {
            "chunks": warm["chunks"],
            "warm": warm["figures"],
            "cold": cold(index, questions, run.rounds * 3),
            "stages": [apart("asking.stages", index=index, question=questions[0], reader=on) for on in (False, True)],
            "memory": {
                name: apart("asking.serving", index=index, questions=questions[:20], reader=on)["memory"]
                for name, on in (("reader off", False), ("reader on", True))
            },
        }
    found: dict[str, Any] = {"sizes": sizes}
    if len(sizes) > 1:
        chunks = [one["chunks"] for one in sizes.values()]
        totals = [one["warm"]["reader off"]["total"]["p50"] for one in sizes.values()]
        found["exponent"] = exponent(chunks, totals)
    return found


def warm(index: str, questions: Sequence[str]) -> dict[str, Any]:
    """Ask each question with the reader off and on, one after the other; return percentiles in milliseconds."""
    from qa.engine import make_embedder

    embedder = make_embedder(_settings(index, reader=False))
    engines = {name: _open(index, on, embedder) for name, on in (("reader off", False), ("reader on", True))}
    taken: dict[str, dict[str, list[float]]] = {name: {part: [] for part in (*_PARTS, "cpu")} for name in engines}
    for engine in engines.values():
        engine.warm_up()
        for question in questions[:5]:
            engine.ask(question)
    for question in questions:
        for name, engine in engines.items():
            reply, clock = timed(lambda engine=engine, question=question: engine.ask(question))  # type: ignore[misc]
            for part in _PARTS:
                taken[name][part].append(getattr(reply.timings, part))
            taken[name]["cpu"].append(clock.cpu * 1e3)
    figures = {
        name: {part: percentiles(values) for part, values in parts.items()}
        | {"embed+search": percentiles([a + b for a, b in zip(parts["embed"], parts["search"], strict=True)])}
        for name, parts in taken.items()
    }
    return {"chunks": len(engines["reader off"].index), "figures": figures}


def cold(index: Path, questions: Sequence[str], times: int) -> dict[str, Any]:
    """Start a process for each question, in turn with `qa --help` and an interpreter that does nothing."""
    taken: dict[str, list[Any]] = {}
    for at in range(times):
        question = questions[at % len(questions)]
        commands = {
            "python": [sys.executable, "-c", "pass"],
            "qa --help": qa("--help"),
            "qa ask --reader off": qa("ask", question, "--index", str(index), "--reader", "off"),
            "qa ask": qa("ask", question, "--index", str(index)),
        }
        for name, command in commands.items():
            taken.setdefault(name, []).append(run_process(command, allowed=(0, 1))[1])
    return {
        name: {"wall": asdict(spread([one.wall for one in runs])), "cpu": asdict(spread([one.cpu for one in runs]))}
        for name, runs in taken.items()
    }


def stages(index: str, question: str, reader: bool) -> dict[str, Any]:
    """Return where a cold question's time goes, in milliseconds, and the libraries that cost most to import."""
    began = time.perf_counter()
    code = (
        "import sys, time; t = [time.perf_counter()]; m = lambda: t.append(time.perf_counter())\n"
        "from qa.config import load_settings; m()\n"
        "from qa.engine import Engine, make_embedder, make_reader, open_collection; m()\n"
        "s = load_settings({'index': sys.argv[1], 'reader.enabled': sys.argv[3] == '1'}, environ={}); m()\n"
        "i = open_collection(s); m()\n"
        "e = make_embedder(s); e.fingerprint; m()\n"
        "e.embed_query('warm up'); m()\n"
        "r = make_reader(s); r and r.read('warm up', ['warm up']); m()\n"
        "a = Engine(s, i, e, r).ask(sys.argv[2]); m()\n"
        "from qa.ui.render import to_text; to_text(a.answer, colour=False); m()\n"
        "print(*(1e3 * (b - a) for a, b in zip(t, t[1:])))\n"
    )
    command = [code, index, question, "1" if reader else "0"]
    out, clock = run_process([sys.executable, "-c", *command])
    names = (
        *("import settings", "import engine", "resolve settings", "open index", "fingerprint of the model"),
        *("load the model", "load the reader", "answer", "render"),
    )
    parts = dict(zip(names, map(float, out.split()), strict=True))
    rest = clock.wall * 1e3 - sum(parts.values())
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", *command],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    return {
        "reader": reader,
        "milliseconds": {"start and end of the interpreter": rest, **parts},
        "imports": _imports(traced.stderr),
        "seconds": time.perf_counter() - began,
    }


def _imports(trace: str, most: int = 12) -> dict[str, float]:
    """Return milliseconds by top-level package: what its modules took themselves, the dearest first."""
    found: dict[str, float] = {}
    for line in trace.splitlines():
        fields = line.removeprefix("import time:").split("|")
        if len(fields) == 3 and fields[0].strip().isdigit():
            name = fields[2].strip().split(".")[0]
            found[name] = found.get(name, 0.0) + int(fields[0]) / 1e3
    return dict(sorted(found.items(), key=lambda item: -item[1])[:most])


def serving(index: str, questions: Sequence[str], reader: bool) -> dict[str, Any]:
    """Return the memory of a process that has answered some questions."""
    engine = _open(index, reader, None)
    for question in questions:
        engine.ask(question)
    return {"memory": memory(), "chunks": len(engine.index)}


def _open(index: str, reader: bool, embedder: Any) -> Any:  # noqa: ANN401 -- imported where it is used, in the child
    from qa.engine import Engine

    return Engine.open(_settings(index, reader=reader), embedder)


def _settings(index: str, *, reader: bool) -> Any:  # noqa: ANN401
    from qa.config import load_settings

    return load_settings({"index": index, "reader.enabled": reader}, environ={}, folder=Path(index))
