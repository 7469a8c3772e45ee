"""Indexes a folder and answers a batch in a process of its own: `python offline_driver.py FOLDER INDEX BATCH`.

Any look at a name or address outside loopback, by Python code, ends it at once.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))


def forbid_the_outside(event: str, arguments: tuple[object, ...]) -> None:
    """Raise where a socket is about to reach out."""
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else "localhost"  # a socket in the file system
    else:
        return
    if host not in ("localhost", "127.0.0.1", "::1", None):
        raise RuntimeError(f"{event}: {host} is not loopback")


def assert_alone() -> None:
    """Make sure that there is nothing but loopback: a documentation address can't be reached."""
    with socket.socket() as probe:
        probe.settimeout(2)
        try:
            probe.connect(("192.0.2.1", 80))
        except OSError as exc:
            if "unreachable" in str(exc):
                return
    raise RuntimeError("there is a way out of this namespace")


assert_alone()
sys.addaudithook(forbid_the_outside)

from qa.cli import main  # noqa: E402

folder, index, batch = sys.argv[1:]
code = main(["index", folder, "--index", index])
sys.exit(code or main(["ask", "--batch", batch, "--json", "--index", index]))
