"""Nothing gets out: what Python and the kernel keep each process of ours from, tried in processes of their own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from qa.load.extracted import Limits
from qa.load.isolated import Worker
from tests.conftest import REPOSITORY, SMALL, write_files

_KERNEL = sys.platform.startswith("linux") and platform.machine() in ("x86_64", "aarch64")
needs_kernel = pytest.mark.skipif(not _KERNEL, reason="only Linux's kernel refuses, on x86-64 and arm64")
_SOURCE = str(REPOSITORY / "src")


def alone(code: str, *arguments: str, **environ: str) -> str:
    """Run code in a process of its own, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {_SOURCE!r})\n{code}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environ},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


_TRY = """
import socket
from qa.offline import OutsideRefused, keep_offline
keep_offline(kernel=False, listens="192.0.2.9")
try:
    {attempt}
except OutsideRefused as exc:
    print("refused", exc)
except OSError as exc:
    print("passed", exc)
else:
    print("passed")
"""


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), 1)",
        "socket.socket().connect(('192.0.2.1', 80))",
        "socket.socket().connect_ex(('192.0.2.1', 80))",
        "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 80))",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))",
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.1', 53))",
        "socket.getaddrinfo('example.invalid', 80)",
        "socket.gethostbyname('example.invalid')",
        "socket.gethostbyaddr('example.invalid')",
        "socket.socket().bind(('0.0.0.0', 0))",
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
        "socket.socket().connect(('0.0.0.0', 9))",
        "import urllib.request; urllib.request.urlopen('http://192.0.2.1/')",
        "import asyncio; asyncio.run(asyncio.open_connection('192.0.2.1', 80))",
    ],
)
def test_python_reaches_nothing_beyond_this_machine(attempt: str) -> None:
    if "AF_PACKET" in attempt and not sys.platform.startswith("linux"):
        pytest.skip("Linux's")
    assert "Quoth works offline." in alone(_TRY.format(attempt=attempt))


@pytest.mark.parametrize(
    "attempt",
    [
        "there = socket.create_server(('127.0.0.1', 0)); socket.create_connection(there.getsockname(), 2).close()",
        "socket.getaddrinfo('localhost', 80)",
        "socket.getaddrinfo('192.0.2.1', 80)",  # only spelt out
        "a, b = socket.socketpair(); a.sendall(b'x'); b.recv(1)",
        "socket.socket().bind(('192.0.2.9', 0))",  # what it was told to listen on; no address of this machine
    ],
)
def test_this_machine_itself_can_be_reached(attempt: str) -> None:
    assert alone(_TRY.format(attempt=attempt)).startswith("passed")


@needs_kernel
@pytest.mark.parametrize("family", [2, 10, 16, 17])
def test_native_code_can_open_no_socket_and_neither_can_what_it_starts(family: int) -> None:
    native = (
        f"import ctypes; lib = ctypes.CDLL(None, use_errno=True); print(lib.socket({family}, 3, 0), ctypes.get_errno())"
    )
    code = f"from qa.offline import keep_offline; keep_offline()\n{native}\n"
    assert alone(code) == "-1 13"
    begin = "from qa.offline import keep_offline; keep_offline()\nimport subprocess\n"
    started = f"{begin}subprocess.run([sys.executable, '-c', {native!r}])"
    assert alone(started) == "-1 13"


@needs_kernel
def test_a_thread_that_was_there_before_is_held_too() -> None:
    code = """
import ctypes, threading
from qa.offline import keep_offline
go, seen = threading.Event(), []
def later():
    go.wait()
    seen.append(ctypes.CDLL(None).socket(2, 1, 0))
thread = threading.Thread(target=later); thread.start()
keep_offline(); go.set(); thread.join()
print(seen)
"""
    assert alone(code) == "[-1]"


@needs_kernel
def test_a_socket_that_listens_already_goes_on_listening() -> None:
    code = """
import os, socket
from qa.offline import keep_offline
listener = socket.create_server(("127.0.0.1", 0))
child = os.fork()
if not child:
    with socket.create_connection(listener.getsockname(), 10) as line:
        line.sendall(b"hello")
    os._exit(0)
keep_offline()
line, _ = listener.accept()
print(line.recv(5).decode())
os.waitpid(child, 0)
"""
    assert alone(code) == "hello"


@needs_kernel
def test_a_reader_of_files_can_open_no_socket_past_python() -> None:
    with Worker({"out": "tests.hostile_readers:natively_out"}) as worker:
        assert worker.read("out", b"", Limits(), 30).text == "-1 13"


def test_the_environment_cannot_undo_the_switches() -> None:
    code = "from qa.offline import switch_libraries_off; switch_libraries_off()\n"
    code += "import json, os\nprint(json.dumps(dict(os.environ)))"
    wishes = {
        "HF_HUB_OFFLINE": "0",
        "TRANSFORMERS_OFFLINE": "0",
        "GRADIO_ANALYTICS_ENABLED": "True",
        "HF_TOKEN": "hf_secret",
        "GRADIO_RUN_HISTORY": "True",
        "GRADIO_SHARE": "True",
        "GRADIO_NODE_PATH": "/bin/evil",
        "HF_ENDPOINT": "http://x",
        "HUGGING_FACE_HUB_TOKEN": "hf_secret",
        "GRADIO_ALLOWED_PATHS": "/",
        "DO_NOT_TRACK": "0",
    }
    left = json.loads(alone(code, **wishes))
    assert {name: left.get(name) for name in wishes} == {
        **dict.fromkeys(wishes),
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_RUN_HISTORY": "False",
        "DO_NOT_TRACK": "1",
    }
    assert left["HF_TOKEN_PATH"] == os.devnull


def test_the_hubs_library_finds_itself_offline_and_without_a_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hf_saved_by_the_user")
    code = (
        "from qa.offline import switch_libraries_off; switch_libraries_off()\n"
        "from huggingface_hub import constants, get_token\nprint(constants.is_offline_mode() if hasattr(constants, "
        "'is_offline_mode') else constants.HF_HUB_OFFLINE, get_token())"
    )
    assert alone(code, HF_HOME=str(tmp_path), HF_HUB_OFFLINE="0", HF_TOKEN="hf_other") == "True None"


@needs_kernel
def test_every_command_is_held_by_the_kernel(tmp_path: Path) -> None:
    """Each runs until it reads standard input, or ends at once; what holds it is seen from inside."""
    write_files(tmp_path, SMALL)
    code = (
        "import qa.cli, qa.offline, os\n"
        "os._exit = lambda code: print('held by', qa.offline.held_by())\n"
        "sys.argv = ['qa', *sys.argv[1:]]\nqa.cli.run()"
    )
    for command in (["status"], ["ask", "?"], ["index", "nowhere"], ["watch", "nowhere"], ["doctor"]):
        assert "held by the kernel" in alone(code, *command, "--index", str(tmp_path / "none")), command


def test_the_doctor_tries_all_of_it(tmp_path: Path) -> None:
    write_files(tmp_path / "docs", {"returns.md": SMALL["returns.md"]})
    qa = [sys.executable, "-m", "qa.cli"]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("QA_")}
    subprocess.run([*qa, "index", "docs"], cwd=tmp_path, check=True, capture_output=True, env=environ)
    done = subprocess.run(
        [*qa, "doctor", "--json"], cwd=tmp_path, capture_output=True, text=True, check=False, env=environ
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {one["name"]: one for one in json.loads(done.stdout)}
    assert list(found) == [
        *["versions", "offline", "native code", "models", "index folder", "space", "index", "test question"]
    ]
    assert {one["state"] for name, one in found.items() if name not in ("space", "native code")} == {"well"}
    if _KERNEL:
        assert found["native code"]["state"] == "well"
    assert "53aa51172d142c89" in found["models"]["said"]
    # damage is found, and said with exit 2
    texts = next(path for path in (tmp_path / "index").rglob("*") if path.is_file() and path.stat().st_size > 60)
    target = next((tmp_path / "index").glob("g*/unread.jsonl"), texts)
    target = max((path for path in target.parent.iterdir() if path.is_file()), key=lambda path: path.stat().st_size)
    data = bytearray(target.read_bytes())
    data[len(data) // 2] ^= 0xFF
    target.write_bytes(data)
    hurt = subprocess.run(
        [*qa, "doctor", "--json"], cwd=tmp_path, capture_output=True, text=True, check=False, env=environ
    )
    assert hurt.returncode == 2
    assert {one["name"]: one["state"] for one in json.loads(hurt.stdout)}["index"] == "wrong"
