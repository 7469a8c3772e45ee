"""`python -m benchmarks [NAME …]`: speed, memory and growth, beside peers in the same run; results named by commit.

Without names, all but the peers in environments of their own and the sizes that take long (--envs, --large).
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.report import write_page
from benchmarks.run import Run, say

RESULTS = Path(__file__).parent / "results"
PAGE = machine.ROOT / "docs" / "benchmarks.md"
BENCHMARKS = {
    "index": "indexing",
    "ask": "asking",
    "update": "updating",
    "peers": "peers",
    "scale": "scale",
    "busy": "busy",
    "peak": "peak",
    "bounded": "bounded",
    "formats": "formats",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmarks asked for, write their results and the page."""
    options = _parser().parse_args(argv)
    results = options.out or RESULTS / f"{machine.commit()}.json"
    if not options.page_only:
        names = options.names or list(BENCHMARKS)
        with tempfile.TemporaryDirectory(prefix="benchmarks-", ignore_cleanup_errors=True) as scratch:
            work = (options.work or Path(scratch)).resolve()
            work.mkdir(parents=True, exist_ok=True)
            run = Run(
                work,
                tuple(sorted(set(options.size))),
                options.rounds,
                options.questions,
                options.docs.resolve() if options.docs else None,
                options.envs.resolve() if options.envs else None,
                tuple(options.peers),
                options.large,
                options.threads,
            )
            for name in names:
                _keep(results, name, run, *_measured(name, run))
    whole = json.loads(results.read_text(encoding="utf-8"))
    other = json.loads(options.beside.read_text(encoding="utf-8")) if options.beside else None
    write_page(options.page, whole, other)
    print(f"Written: {results}, {options.page}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    known = ", ".join(BENCHMARKS)
    # the empty list is what argparse checks where none is named
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[*BENCHMARKS, []], help=f"benchmarks: {known} (default: all)"
    )
    parser.add_argument("--size", type=int, nargs="+", default=[1_000], help="chunks, about (default: 1000)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each competitor, in turn (default: 3)")
    parser.add_argument("--questions", type=int, default=200, help="questions at most (default: 200)")
    parser.add_argument("--large", action="store_true", help="the sizes that take long, too")
    parser.add_argument("--docs", type=Path, help="folder of documents to measure on (default: generated ones)")
    parser.add_argument("--envs", type=Path, help="folder with an environment a peer, outside the repository")
    parser.add_argument("--peers", nargs="+", default=[], help="peers by name (default: all)")
    parser.add_argument("--threads", type=int, default=0, help="threads of peers (default: what they choose)")
    parser.add_argument("--work", type=Path, help="folder for documents and indexes (default: a temporary one)")
    parser.add_argument("--out", type=Path, help="results file (default: benchmarks/results/<commit>.json)")
    parser.add_argument("--page", type=Path, default=PAGE, help="page to write (default: docs/benchmarks.md)")
    parser.add_argument("--beside", type=Path, help="results of another machine, to show beside the targets")
    parser.add_argument("--page-only", action="store_true", help="write the page anew from the results there are")
    return parser


def _measured(name: str, run: Run) -> tuple[dict[str, Any], float]:
    say(f"== {name}")
    began = time.perf_counter()
    found: dict[str, Any] = importlib.import_module(f"benchmarks.{BENCHMARKS[name]}").measure(run)
    return found, time.perf_counter() - began


def _keep(path: Path, name: str, run: Run, found: dict[str, Any], seconds: float) -> None:
    """Put one benchmark's results beside the others of this commit."""
    whole = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    whole |= {"commit": machine.commit(), "machine": machine.facts()}
    whole[name] = found | {
        "run": {
            "texts": "the user's" if run.docs else "generated",
            "rounds": run.rounds,
            "seconds": round(seconds),
            "load": machine.load(),
            "source": machine.source_digest(),
            "commit": machine.commit(),
        }
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_rounded(whole), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:  # noqa: ANN401 -- JSON
    """Keep five digits: more would be noise, and every run would change every line."""
    if isinstance(value, float):
        return float(f"{value:.5g}")
    if isinstance(value, dict):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    sys.exit(main())
