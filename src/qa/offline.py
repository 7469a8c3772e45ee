"""Keeps a process from the network: switches of libraries set for good, sockets refused by Python and by the kernel.

Called first thing in every process of ours, before any library is loaded. Knows nothing of what the process does.
"""

from __future__ import annotations

import ctypes
import ipaddress
import os
import platform
import socket
import struct
import sys
from typing import Any

# set whatever the environment says, before the library that looks is loaded
_SWITCHES = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "GRADIO_RUN_HISTORY": "False",
}
_HEIRLOOMS = ("GRADIO_", "HF_", "HUGGING_FACE_", "HUGGINGFACE_")  # tokens, addresses, programs to be started
_KEPT = frozenset({"GRADIO_TEMP_DIR", "HF_HOME", "HF_HUB_CACHE"})

_ADDRESSED = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1, "socket.bind": 1}
_NAMED = {"socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0}
_FAMILIES = {int(getattr(socket, name)) for name in ("AF_UNIX", "AF_INET", "AF_INET6") if hasattr(socket, name)}


class OutsideRefused(PermissionError):
    """Something tried to reach beyond this machine."""


_state = {"python": False, "kernel": False, "listens": ""}


def keep_offline(*, listens: str = "", kernel: bool = True) -> None:
    """Refuse, from now on and for good, whatever isn't loopback; `listens` is the one address that may be bound to.

    Where `kernel` and the system allows it, no code of this process or of those it starts can open a socket of the
    internet's families at all, loopback's neither; listening ones must be open before.
    """
    switch_libraries_off()
    _state["listens"] = _state["listens"] or listens
    if not _state["python"]:
        sys.addaudithook(_refuse)
        _state["python"] = True
    if kernel and not _state["kernel"]:
        _state["kernel"] = _forbid_sockets()


def switch_libraries_off() -> None:
    """Set every hub and telemetry switch, and drop what else libraries would take from the environment."""
    for name in [name for name in os.environ if name.startswith(_HEIRLOOMS) and name not in _KEPT]:
        del os.environ[name]
    os.environ.update(_SWITCHES)
    os.environ["HF_TOKEN_PATH"] = os.devnull


def held_by() -> str:
    """Return what keeps this process offline, in words; "" where nothing does."""
    if _state["kernel"]:
        return "the kernel (seccomp) and Python's audit hook"
    return "Python's audit hook" if _state["python"] else ""


def is_local(host: object) -> bool:
    """Tell whether an address or name is this machine's own, without asking anyone."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if host in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host).partition("%")[0]).is_loopback
    except ValueError:
        return False


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _ADDRESSED:
        address = arguments[_ADDRESSED[event]]
        if not isinstance(address, tuple) or not address:
            return  # a socket in the file system, or one that is connected already
        if is_local(address[0]) or (event == "socket.bind" and address[0] == _state["listens"] != ""):
            return
        raise OutsideRefused(f"{event}: {address[0]!r} is not this machine. Quoth works offline.")
    if event in _NAMED:
        host = arguments[_NAMED[event]]
        if not is_local(host) and not _is_number(host):  # a number is only spelt out
            raise OutsideRefused(f"{event}: the name {host!r} is not looked up. Quoth works offline.")
    elif event == "socket.__new__" and int(arguments[1]) not in _FAMILIES:
        raise OutsideRefused(f"{event}: sockets of family {int(arguments[1])} are not opened. Quoth works offline.")


def _is_number(host: object) -> bool:
    try:
        ipaddress.ip_address(host.decode() if isinstance(host, bytes) else str(host))
    except ValueError:
        return False
    return True


# The kernel's part: a filter in its own language (seccomp), which no later code of this process can take away.

_ARCHITECTURES = {  # machine: (its number, socket, connect, sendto); io_uring_setup is 425 on both
    "x86_64": (0xC000003E, 41, 42, 44),
    "aarch64": (0xC00000B7, 198, 203, 206),
}
_IO_URING = 425
_AF_UNIX = 1
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_EACCES, _ENOSYS = 13, 38
_NUMBER, _ARCHITECTURE, _FIRST, _FIFTH = 0, 4, 16, 48  # where they stand in what the filter is shown
_NO_NEW_PRIVILEGES, _SET_FILTER, _ALL_THREADS = 38, 1, 1
_SECCOMP = {"x86_64": 317, "aarch64": 277}


def _program(machine: str) -> bytes:
    """Return the filter: only sockets of the file system are opened, nothing is connected, all else is allowed."""
    architecture, open_socket, connect, sendto = _ARCHITECTURES[machine]
    refuse, unknown = _ERRNO | _EACCES, _ERRNO | _ENOSYS
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, architecture),  # calls of another architecture have other numbers: none is made
        (_RETURN, 0, 0, refuse),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, 0, 1, 0x40000000),  # x32's
        (_RETURN, 0, 0, refuse),
        (_EQUAL, 0, 1, _IO_URING),  # which opens sockets without a call of its own
        (_RETURN, 0, 0, unknown),
        (_EQUAL, 0, 1, connect),
        (_RETURN, 0, 0, refuse),
        (_EQUAL, 0, 3, sendto),
        (_LOAD, 0, 0, _FIFTH),  # to an address; without one it is what `send` does
        (_EQUAL, 5, 0, 0),
        (_RETURN, 0, 0, refuse),
        (_EQUAL, 0, 3, open_socket),
        (_LOAD, 0, 0, _FIRST),
        (_EQUAL, 1, 0, _AF_UNIX),
        (_RETURN, 0, 0, refuse),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def _forbid_sockets() -> bool:
    """Hand the filter to the kernel, for all threads; return whether it took it."""
    machine = platform.machine()
    if not sys.platform.startswith("linux") or machine not in _ARCHITECTURES or struct.calcsize("P") != 8:
        return False
    program = _program(machine)
    libc = ctypes.CDLL(None, use_errno=True)
    given = _Filter(len(program) // 8, program)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return False
    number = ctypes.c_long(_SECCOMP[machine])
    return bool(libc.syscall(number, _SET_FILTER, _ALL_THREADS, ctypes.byref(given)) == 0)
