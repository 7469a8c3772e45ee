"""Under which names the page may be asked for, and from where: against pages of other origins and names that move.

A name that resolves to this machine for a moment (DNS rebinding) is a foreign name, and foreign names are refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Addresses:
    """What is served, as browsers spell it: scheme, and host with port."""

    scheme: str
    hosts: frozenset[str]
    port: int
    any_number: bool  # of an address in numbers, which no name server can move

    @classmethod
    def of(cls, host: str, port: int, *, names: Sequence[str] = (), tls: bool = False) -> Addresses:
        """Return the addresses of a page that listens on `host`; `names` are others it is known by.

        A name may carry a port, as behind a proxy.
        """
        written = f"[{host}]" if ":" in host else host
        known = {written, *names}
        everywhere = host in ("0.0.0.0", "::")
        if is_loopback(host) or everywhere:
            known |= set(_LOOPBACK)
        scheme = "https" if tls else "http"
        usual = 443 if tls else 80
        hosts = {name if _has_port(name) else f"{name}:{port}" for name in known}
        if port == usual:
            hosts |= {name for name in known if not _has_port(name)}
        return cls(scheme, frozenset(name.lower() for name in hosts), port, everywhere)

    def refusal(self, headers: Mapping[str, str], *, opens_page: bool) -> str:
        """Return why a request isn't answered; "" where it is. `opens_page`: a link from elsewhere may lead here."""
        host = headers.get("host", "").lower()
        if not self._is_served(host):
            return "This name is not served here. Add it to serve.names, or use the address printed at the start."
        origin = headers.get("origin")
        if origin is not None and origin.lower() != f"{self.scheme}://{host}":
            return "Pages of other origins may not ask here."
        site = headers.get("sec-fetch-site", "none")
        if site in ("same-origin", "none"):
            return ""
        if opens_page and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document":
            return ""
        return "Other sites may not ask here."

    def _is_served(self, host: str) -> bool:
        if host in self.hosts:
            return True
        name, colon, port = host.rpartition(":")
        if not self.any_number or not colon or port != str(self.port):
            return False
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _has_port(name: str) -> bool:
    return name.rpartition(":")[2].isdecimal() and not name.endswith("]")
