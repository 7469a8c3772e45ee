"""Runs `qa` in a process of its own and notes what it reaches for: `python hostile_driver.py REPORT ARGUMENT ...`.

REPORT gets, as JSON, every address it tried to reach beyond loopback, every file it opened to write, and how many
packets the network namespace it runs in has seen.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
reached: list[str] = []
written: set[str] = set()


def note(event: str, arguments: tuple[object, ...]) -> None:
    """Note what is reached for and what is written."""
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
        host = address[0] if isinstance(address, tuple) else address
        if host not in ("localhost", "127.0.0.1", "::1", None):
            reached.append(f"{event}: {host}")
    elif event == "open":
        path, _, flags = arguments
        if isinstance(flags, int) and flags & _WRITING and isinstance(path, (str, bytes, os.PathLike)):
            written.add(os.path.abspath(os.fsdecode(path)))


def packets() -> int:
    """Return how many packets this namespace has sent or had no way for."""
    rows = [line.split() for line in Path("/proc/net/snmp").read_text(encoding="ascii").splitlines()]
    heads, values = (row for row in rows if row[0] == "Ip:")
    counts = dict(zip(heads[1:], map(int, values[1:]), strict=True))
    return counts["OutRequests"] + counts["OutNoRoutes"]


report, *arguments = sys.argv[1:]
sys.addaudithook(note)

from qa.cli import main  # noqa: E402

code = main(arguments)
sys.stdout.flush()
seen = packets() if Path("/proc/net/snmp").exists() else 0
Path(report).write_text(json.dumps({"reached": reached, "written": sorted(written), "packets": seen}), encoding="utf-8")
os._exit(code)
