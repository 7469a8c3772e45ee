"""Copies the documents of a question set into a folder. Knows where installed packages keep their texts; asks nothing.

The texts are other people's, so the repository names them instead of holding them.
"""

import glob
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
SETS = sorted(found.parent.name for found in HERE.glob("*/documents.txt"))


def listed(name: str) -> Iterator[tuple[str, str]]:
    """Each document of the set: where it is installed, and its name in the folder; `.txt` is added to a bare one."""
    for line in (HERE / name / "documents.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pattern, target = (part.strip() for part in line.split("|"))
            # "CC0-1.0" ends in a version, not in a suffix
            bare = not Path(target).suffix.lstrip(".").isalpha()
            yield pattern, f"{target}.txt" if bare else target


def installed(pattern: str) -> Path:
    """The one file that the pattern names; the first place along `sys.path` that has it wins, as with an import."""
    for place in ("",) if pattern.startswith("/") else sys.path:
        found = glob.glob(pattern, root_dir=place or None)
        if len(found) > 1:
            raise SystemExit(f"{pattern}: {len(found)} versions installed in {place}. Keep one.")
        if found:
            return Path(place, found[0])
    remedy = "A Debian system has it" if pattern.startswith("/") else 'Run "pip install -c constraints.txt -e .[dev]"'
    raise SystemExit(f"{pattern}: not installed. {remedy}.")


def collect(name: str, folder: Path) -> list[Path]:
    """Copies every document of the set into the folder; nothing is copied when one is missing."""
    documents = [(installed(pattern), folder / target) for pattern, target in listed(name)]
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copyfile(source, target)) for source, target in documents]


def main() -> None:
    """Copies the set and says how much was copied; a missing document ends the program with its name."""
    parser = ArgumentParser(prog="python -m evals.everyday.collect", description="Copy the documents of a set.")
    parser.add_argument("set", choices=SETS)
    parser.add_argument("folder", type=Path)
    asked = parser.parse_args()
    copied = collect(asked.set, asked.folder)
    print(f"{len(copied)} documents, {sum(path.stat().st_size for path in copied) // 1000} kB, in {asked.folder}")


if __name__ == "__main__":
    main()
