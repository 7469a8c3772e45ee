"""Lines of a batch to questions with the turns before them: `qa ask --batch FILE.jsonl`. Knows nothing of engines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from qa.errors import ConfigError
from qa.types import Turn


def read_object(line: str, where: str) -> dict[str, Any]:
    """Read one line as a JSON object; raise ConfigError saying `where`."""
    try:
        request = json.loads(line)
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"{where}: not JSON ({exc}). Write one object a line.") from exc
    if not isinstance(request, dict):
        raise ConfigError(f'{where}: no "question". Write {{"id": "1", "question": "…"}}.')
    return request


def read_request(request: dict[str, Any], where: str) -> tuple[str, list[Turn]]:
    """Return a request's question and the turns before it."""
    if not isinstance(request.get("question"), str):
        raise ConfigError(f'{where}: no "question". Write {{"id": "1", "question": "…"}}.')
    history = request.get("history") or []
    if not isinstance(history, list):
        raise ConfigError(f'{where}: "history" must be a list of earlier turns.')
    return request["question"], list(read_turns(history, where))


def read_turns(history: Iterable[Any], where: str) -> Iterator[Turn]:
    """Read turns given as questions, as {"question", "answer"}, or as {"role", "content"} messages."""
    asked: Turn | None = None  # a message by the user, which the next one by the assistant answers
    for item in history:
        role, content = (item.get("role"), item.get("content")) if isinstance(item, dict) else (None, None)
        if role == "assistant" and isinstance(content, str):
            if asked is not None:
                yield Turn(asked.question, content)
            asked = None
            continue
        if asked is not None:
            yield asked
            asked = None
        if isinstance(item, str):
            yield Turn(item)
        elif isinstance(item, dict) and isinstance(item.get("question"), str):
            yield Turn(item["question"], str(item.get("answer") or ""))
        elif role == "user" and isinstance(content, str):
            asked = Turn(content)
        elif role is None:
            raise ConfigError(f'{where}: "history" holds {item!r}, which is no turn. Write {{"question": "…"}}.')
    if asked is not None:
        yield asked


def read_lines(name: str) -> Iterator[str]:
    """Yield the lines of a file, or of standard input for "-"; raise ConfigError where it can't be read."""
    try:
        if name == "-":
            yield from sys.stdin
        else:
            with open(name, encoding="utf-8-sig") as file:
                yield from file
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{name}: can't be read ({exc}). Name a UTF-8 file of JSON lines.") from exc
