"""Many users of the served page at once, over HTTP: how long they wait, whether answers cross, what memory does.

    python -m benchmarks.load FOLDER QUESTIONS.jsonl --seconds 300 --users 50

Serves FOLDER with `qa chat`, has each question answered for one user alone, then for many, then for ten while malformed
requests come in. Each user opens the page, asks, listens, and looks up every citation in the evidence that came along.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.measure import percentiles

_TOKEN = re.compile(r'quothToken = "([0-9a-f]+)"')
_CITED = re.compile(r'class="cite" data-turn="(\d+)" data-n="(\d+)"')
_ASKED = re.compile(r'<div class="question">(.*?)</div>', re.DOTALL)
_QUOTED = re.compile(r'<blockquote class="quote">(.*?)</blockquote>', re.DOTALL)
_MARKUP = re.compile(r"<[^>]+>|\[\d+\]")


@dataclass
class Seen:
    """What a phase brought."""

    waits: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    crossed: int = 0
    different: int = 0
    busy: int = 0
    citations: int = 0


class User:
    """One page in one browser."""

    def __init__(self, address: str, number: int) -> None:
        self._web = httpx.AsyncClient(base_url=address, timeout=120, trust_env=False)
        self._session = f"user{number}x{random.randrange(10**9)}"
        self._head: dict[str, str] = {}
        self._beat: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the page."""
        page = (await self._web.get("/")).text
        found = _TOKEN.search(page)
        assert found, page[:200]
        self._head = {"X-Quoth-Token": found[1]}
        functions = json.loads(re.search(r"window\.gradio_config = (\{.*?\});</script>", page)[1])["dependencies"]  # type: ignore[index]
        by_inputs = [one["id"] for one in functions if one["backend_fn"]]
        self._receive, self._answer = by_inputs[0], by_inputs[1]
        self._anew = next(one["id"] for one in functions if one["api_name"] == "start_again")
        self._beat = asyncio.create_task(self._beating())

    async def _beating(self) -> None:
        async with self._web.stream("GET", f"/gradio_api/heartbeat/{self._session}", headers=self._head) as beats:
            async for _ in beats.aiter_bytes():
                pass

    async def ask(self, question: str, seen: Seen) -> str:
        """Ask as the page does, in a conversation of its own; return what is quoted, "" where nothing is."""
        anew = {"session_hash": self._session, "fn_index": self._anew, "data": []}
        await self._web.post("/gradio_api/run/predict", json=anew, headers=self._head)
        began = time.perf_counter()
        event = {"session_hash": self._session, "fn_index": self._receive, "data": [question, None]}
        received = await self._web.post("/gradio_api/run/predict", json=event, headers=self._head)
        event = {"session_hash": self._session, "fn_index": self._answer, "data": [None, None]}
        joined = await self._web.post("/gradio_api/queue/join", json=event, headers=self._head)
        if received.status_code != 200 or joined.status_code != 200:
            seen.errors.append(f"{received.status_code} {joined.status_code} {joined.text[:100]}")
            return ""
        path = f"/gradio_api/queue/data?session_hash={self._session}"
        last: list[Any] = []
        async with self._web.stream("GET", path, headers=self._head) as heard:
            async for line in heard.aiter_lines():
                if line.startswith("data: ") and '"process_' in line:
                    message = json.loads(line[6:])
                    data = (message.get("output") or {}).get("data") or []
                    last = data if any(isinstance(one, str) for one in data) else last
        seen.waits.append(time.perf_counter() - began)
        return self._looked_at(question, last, seen)

    def _looked_at(self, question: str, data: list[Any], seen: Seen) -> str:
        talk = next((one for one in data if isinstance(one, str) and "class='log'" in one), "")
        evidence = next((one for one in data if isinstance(one, str) and "data-turn" in one and one is not talk), "")
        if "Busy:" in talk:
            seen.busy += 1
            return ""
        asked = _ASKED.findall(talk)
        if not asked or _plain(asked[-1]) != question:
            seen.crossed += 1
            return ""
        for turn, number in _CITED.findall(talk):
            seen.citations += 1
            if f'id="p-{turn}-{number}"' not in evidence:
                seen.crossed += 1
        last = talk.rpartition('<div class="question">')[2]
        return " ".join(_plain(quote) for quote in _QUOTED.findall(last))

    async def close(self) -> None:
        """Leave."""
        if self._beat:
            self._beat.cancel()
        await self._web.aclose()


async def phase(address: str, users: int, seconds: float, questions: list[str], alone: dict[str, str]) -> Seen:
    """Have some users ask one question after the other for so long; `alone` is what one user was answered."""
    seen, until = Seen(), time.monotonic() + seconds

    async def live(number: int) -> None:
        user, chance = User(address, number), random.Random(number)
        try:
            await user.open()
            while time.monotonic() < until:
                question = chance.choice(questions)
                quoted = await user.ask(question, seen)
                if alone and quoted and quoted != alone[question]:
                    seen.different += 1
        except (httpx.HTTPError, AssertionError, ValueError) as exc:
            seen.errors.append(f"{type(exc).__name__}: {exc}")
        finally:
            await user.close()

    await asyncio.gather(*[live(number) for number in range(users)])
    return seen


def malformed(chance: random.Random, port: int) -> bytes:
    """Return one request that is none, or not one of the page's."""
    body = bytes(chance.randrange(256) for _ in range(chance.randrange(200)))
    if chance.random() < 0.5:
        body = json.dumps(
            chance.choice([[], {}, 5, {"data": [{}]}, {"fn_index": 10**30}, {"session_hash": "\ud800"}])
        ).encode()
    method = chance.choice(["GET", "POST", "PUT", "HEAD", "OPTIONS", "BREW", "\x00", "get"])
    paths = [
        "/",
        "/gradio_api/run/predict",
        "/gradio_api/queue/join",
        "/gradio_api/upload",
        "/%ff",
        "/..",
        "*",
        "//",
        "/a" * 3000,
    ]
    length = chance.choice([str(len(body)), str(len(body) + 50), "0", "-1", "x", str(10**15)])
    head = [
        f"{method} {chance.choice(paths)} HTTP/{chance.choice(['1.1', '1.0', '2.0', '9'])}",
        f"Host: {chance.choice([f'127.0.0.1:{port}', 'evil.example', '', 'é'])}",
        f"Content-Length: {length}",
        f"Content-Type: {chance.choice(['application/json', 'multipart/form-data; boundary=x', 'text/plain'])}",
        chance.choice(["X: y", "Transfer-Encoding: chunked", "Origin: null", "X-Quoth-Token: " + "a" * 96, "\x01: 1"]),
    ]
    whole = "\r\n".join(head).encode("utf-8", "replace") + b"\r\n\r\n" + body
    return whole[: chance.randrange(1, len(whole))] if chance.random() < 0.2 else whole


async def attack(port: int, count: int) -> dict[str, int]:
    """Send so many malformed requests, some of them slowly; return how they were answered."""
    chance = random.Random(13)
    answers: dict[str, int] = {}
    room = asyncio.Semaphore(20)

    async def one() -> None:
        async with room:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                data = malformed(chance, port)
                for at in range(0, len(data), 50 if chance.random() < 0.05 else len(data)):
                    writer.write(data[at : at + 50] if len(data) > 50 and chance.random() < 0.05 else data[at:])
                    await writer.drain()
                try:
                    got = await asyncio.wait_for(reader.read(200), chance.choice([0.2, 0.2, 3.0]))
                except TimeoutError:
                    got = b"left before an answer"
                writer.close()
            except OSError:
                got = b""
            status = got[9:12].decode("latin-1") if got.startswith(b"HTTP/1.1 ") else ("closed" if not got else "left")
            answers[status] = answers.get(status, 0) + 1

    await asyncio.gather(*[one() for _ in range(count)])
    return answers


def memory_of(pid: int) -> float:
    """Return a process's own memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) / 1e3  # type: ignore[index]


async def sampled(pid: int, every: float, samples: list[tuple[float, float]]) -> None:
    """Note a process's memory again and again."""
    while True:
        samples.append((time.monotonic(), memory_of(pid)))
        await asyncio.sleep(every)


def slope(samples: list[tuple[float, float]]) -> float:
    """Return MB a minute over the second half of some samples, by least squares."""
    late = samples[len(samples) // 2 :]
    middle = sum(at for at, _ in late) / len(late)
    spread = sum((at - middle) ** 2 for at, _ in late)
    return 60 * sum((at - middle) * mb for at, mb in late) / spread if spread else 0.0


async def measure(port: int, pid: int, questions: list[str], how: argparse.Namespace) -> dict[str, Any]:
    """Go through the phases."""
    address = f"http://127.0.0.1:{port}"
    alone: dict[str, str] = {}
    user, first = User(address, 0), Seen()
    await user.open()
    for question in questions:
        alone[question] = await user.ask(question, first)
    await user.close()
    figures: dict[str, Any] = {"alone": figures_of(first)}
    figures["ten"] = figures_of(await phase(address, 10, how.seconds / 4, questions, alone))
    samples: list[tuple[float, float]] = []
    sampling = asyncio.create_task(sampled(pid, 2.0, samples))
    again = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "qa.cli", "index", str(how.folder), "--rebuild", "--index", str(how.index)],
        stdout=subprocess.DEVNULL,
    )
    figures["many"] = figures_of(await phase(address, how.users, how.seconds, questions, alone))
    figures["indexed meanwhile, exit code"] = await again.wait()
    sampling.cancel()
    figures["memory"] = {"first_mb": samples[0][1], "last_mb": samples[-1][1], "mb_a_minute": round(slope(samples), 2)}
    calm = await phase(address, 2, how.seconds / 8, questions, alone)
    attacked, answers = await asyncio.gather(
        phase(address, 2, how.seconds / 8, questions, alone), attack(port, how.malformed)
    )
    figures["two, calm"], figures["two, under attack"] = figures_of(calm), figures_of(attacked)
    figures["malformed"] = answers
    return figures


def figures_of(seen: Seen) -> dict[str, Any]:
    """Return a phase's figures; times in milliseconds."""
    times = percentiles([wait * 1e3 for wait in seen.waits]) if seen.waits else {}
    counts = {"busy": seen.busy, "crossed": seen.crossed, "different": seen.different, "citations": seen.citations}
    return {"answers": len(seen.waits), **times, **counts, "errors": len(seen.errors), "first_errors": seen.errors[:3]}


def main() -> None:
    """Serve, measure, and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("questions", type=Path, help='one {"question": …} a line')
    parser.add_argument("--index", type=Path, default=Path("load-index"))
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--malformed", type=int, default=2000)
    how = parser.parse_args()
    lines = how.questions.read_text(encoding="utf-8").splitlines()
    questions = list(dict.fromkeys(json.loads(line)["question"] for line in lines if line.strip()))[:40]
    qa = [sys.executable, "-m", "qa.cli"]
    subprocess.run([*qa, "index", str(how.folder), "--index", str(how.index)], check=True, stdout=subprocess.DEVNULL)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [*qa, "chat", "--no-watch", "--port", str(port), "--index", str(how.index), "--json"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        assert "address" in server.stdout.readline()
        print(json.dumps(asyncio.run(measure(port, server.pid, questions, how)), indent=1))
    finally:
        server.terminate()
        server.wait(20)


def _plain(markup: str) -> str:
    import html

    return " ".join(html.unescape(_MARKUP.sub("", markup)).split())


if __name__ == "__main__":
    main()
