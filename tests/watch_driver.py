"""`qa watch` without weights, in a process of its own, to be killed: `python watch_driver.py ARGUMENT...`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "src")]

from qa.cli import main  # noqa: E402
from qa.engine import adapters  # noqa: E402
from tests.fakes import HashingEmbedder  # noqa: E402

# who runs the tests in the background may have them begin with Ctrl+C ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
adapters.make_embedder = lambda settings: HashingEmbedder()
sys.exit(main(["watch", *sys.argv[1:]]))
