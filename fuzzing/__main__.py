"""`python -m fuzzing FORMAT …`: damaged files for each reader, found faults kept under --out.

`python -m fuzzing --minimise FORMAT FILE` makes a find small, `--stretch FORMAT …` looks for time out of proportion.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fuzzing import campaign
from qa.load.table import FORMATS


def main(argv: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 1 where anything was found that breaks a promise."""
    options = _parser().parse_args(argv)
    unknown = [name for name in options.formats if not campaign.known(name)]
    if unknown:
        print(f"no such format: {', '.join(unknown)}. There are: {', '.join(FORMATS)}.", file=sys.stderr)
        return 2
    names = options.formats or list(FORMATS)
    if options.report:
        print(campaign.table(options.report))
        return 0
    if options.minimise:
        return _minimise(names[0], options.minimise)
    if options.stretch:
        return _stretch(names)
    engine = options.engine or ("atheris" if campaign.has_atheris() else "plain")
    options.out.mkdir(parents=True, exist_ok=True)
    lines = campaign.run(
        names, minutes=options.minutes, out=options.out, jobs=options.jobs, engine=engine, seed=options.seed
    )
    broken = 0
    for line in lines:
        counts, found = line.get("counts", {}), line.get("found", {})
        print(f"{line['format']}: {counts.get('executions', 0):,} executions in {line['minutes']} minutes ({engine})")
        for key in [*sorted(found), *line["died"]]:
            print(f"  {key} ({found.get(key, 1)})")
            broken += not key.startswith("masked")
    return 1 if broken else 0


def _minimise(name: str, path: Path) -> int:
    from fuzzing.minimise import minimise

    found = minimise(name, path.read_bytes())
    if found is None:
        print(f"{path}: the reader {name} finds nothing wrong with it.", file=sys.stderr)
        return 1
    small, find = found
    target = path.with_suffix(".small")
    target.write_bytes(small)
    print(f"{find.kind} {find.signature}\n{len(small)} bytes in {target}\n{find.detail}")
    return 0


def _stretch(names: Sequence[str]) -> int:
    from fuzzing.stretch import stretched

    found = 0
    for name in names:
        for line in stretched(name):
            found += 1
            print(line)
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    assert __doc__ is not None
    parser = argparse.ArgumentParser(prog="python -m fuzzing", description=__doc__.splitlines()[0])
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help="by default all of them, one after the other")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each format (default: 10)")
    parser.add_argument("--jobs", type=int, default=2, help="formats at a time (default: 2)")
    parser.add_argument("--out", type=Path, default=Path("/tmp/quoth-fuzzing"), help="folder for finds and logs")
    parser.add_argument("--engine", choices=("atheris", "plain"), help="by default atheris, where it is installed")
    parser.add_argument("--seed", type=int, default=1, help="of the dice (default: 1)")
    parser.add_argument("--minimise", type=Path, metavar="FILE", help="make a find of FORMAT as small as it can be")
    parser.add_argument("--report", type=Path, metavar="DIR", help="print what was run into a folder as a table")
    parser.add_argument("--stretch", action="store_true", help="repeat each piece of each seed, and time it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
