"""Builds an index over and over in processes of its own, to be killed: `python crash_driver.py INDEX`.

Imports everything once; then, for each folder read from standard input, forks a child that builds it. Prints the
child's process id, "writing" when the child begins to write the new generation, and how it ended.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "src")]

import bm25s  # noqa: E402, F401 -- paid for once, before forking
import faiss  # noqa: E402, F401
import langchain_text_splitters  # noqa: E402, F401

from qa.config import Settings  # noqa: E402
from qa.engine import build  # noqa: E402
from tests.fakes import HashingEmbedder  # noqa: E402


def say(words: object) -> None:
    print(words, flush=True)


def build_once(index: Path, folder: Path) -> None:
    def stage(name: str, done: int, total: int) -> None:
        if name == "writing" and done < total:
            say("writing")

    build(Settings(index=index), [folder], embedder=HashingEmbedder(), stage=stage)


def main() -> None:
    index = Path(sys.argv[1])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            build_once(index, Path(line.strip()))
            os._exit(0)
        say(child)
        _, status = os.waitpid(child, 0)
        say(f"ended {status}")


main()
