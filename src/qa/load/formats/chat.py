"""Chat exports: who said what when.

As text (WhatsApp, Signal) the file stays as it is and each message is a place; as JSON (Slack, Telegram, Discord,
Signal) its messages are written one a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import unescape
from typing import Any

from qa.load.extracted import Extracted, Limits
from qa.load.formats.textfile import fit, legible
from qa.types import Place, Span

KIND = "chat"
_MESSAGE = re.compile(
    r"^[\u200e\u200f\ufeff]?\[?(?P<date>\d{1,4}[./-]\d{1,2}[./-]\d{1,4}),?[ T](?P<time>\d{1,2}[:.]\d\d(?:[:.]\d\d)?"
    r"(?:[ \u202f]?[AaPp]\.?[ ]?[Mm]\.?)?)\]?(?:[ ]-|:)?[ ][\u200e\u200f~]{0,3}(?P<who>[^:\r\n\[\]]{1,60}):[ ]",
    re.MULTILINE,
)
_LEAST = 3  # messages
_SHARE = 0.5  # of the lines that hold something: others are system messages and messages of several lines
_MOST_BYTES = 100_000_000
_HEAD = 4_000  # characters in which a JSON export shows what it is
_WORDS, _WHEN = ("text", "body", "content", "message"), ("ts", "date", "timestamp", "sent_at", "dateSent", "created_at")
_WHO = ("user_profile", "from", "sender", "author", "username", "name", "source", "user")
_NAMES = ("real_name", "display_name", "nickname", "global_name", "name", "username", "id")
_LINK = re.compile(r"<([^<>|\s]{1,500})(?:\|([^<>]{1,500}))?>")
_MILLISECONDS = 10_000_000_000  # a time beyond this isn't in seconds


def find_messages(text: str) -> tuple[Place, ...]:
    """Return the messages of a chat that was exported as text, () where the text is none."""
    found = list(_MESSAGE.finditer(text))
    if len(found) < _LEAST:
        return ()
    lines = sum(bool(line.strip()) for line in text.splitlines())
    if len(found) < _SHARE * lines:
        return ()
    places = []
    for at, match in enumerate(found):
        end = found[at + 1].start() if at + 1 < len(found) else len(text)
        words = match["who"].strip()
        span = Span(match.start(), match.start() + len(text[match.start() : end].rstrip()))
        places.append(Place(KIND, " ".join(f"{words}, {match['date']} {match['time']}".split()), span))
    return tuple(places)


def extract_export(text: str, limits: Limits) -> Extracted | None:
    """Return a chat that was exported as JSON, one message a line; None where the text is something else."""
    head = text[:_HEAD].lstrip("\ufeff \r\n\t")
    if head[:1] not in ("[", "{") or len(text) > _MOST_BYTES or not _has_keys(head):
        return None
    try:
        data = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        return None
    listed = data.get("messages") if isinstance(data, dict) else data
    if not isinstance(listed, list) or not listed:
        return None
    messages = [one for one in listed if isinstance(one, dict)]
    said = [(_speaker(one), _time(one), _words(one)) for one in messages]
    whole = [one for one in said if one[1] and one[2]]
    if len(whole) < _SHARE * len(listed) or not any(who for who, _, _ in whole):
        return None
    people = {str(one.get("user")): _speaker(one) for one in messages if one.get("user")}
    title = data.get("name") if isinstance(data, dict) else ""
    written, notes = _written(whole, people), (f"Messages of the chat: {len(whole):,}.",)
    lines: list[str] = []
    places: list[Place] = []
    length = 0
    for line, label in written:
        start = length + bool(lines)
        places.append(Place(KIND, label, Span(start, start + len(line))))
        lines.append(line)
        length = start + len(line)
    shown, lost, cut = fit("\n".join(lines), limits)
    inside = tuple(place for place in places if place.span.end <= len(shown))
    title = " ".join(legible(title).split()) if isinstance(title, str) else ""
    return Extracted(shown, title=title, places=inside, lost=lost, notes=(*notes, *cut), composed=True)


def _has_keys(head: str) -> bool:
    return any(f'"{key}"' in head for key in _WORDS) and any(f'"{key}"' in head for key in _WHEN)


def _written(said: Sequence[tuple[str, str, str]], people: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for who, when, words in said:
        words = _LINK.sub(lambda match: _linked(match, people), words)
        line = " ".join(legible(unescape(words)).split())
        who = " ".join(legible(who).split())
        if line:
            yield (
                f"[{when}] {who}: {line}" if who else f"[{when}] {line}",
                ", ".join(part for part in (who, when) if part),
            )


def _linked(match: re.Match[str], people: Mapping[str, str]) -> str:
    """Return what Slack shows of a link or a mention."""
    target, label = match[1], match[2]
    return label or (f"@{people.get(target[1:], target[1:])}" if target[:1] == "@" else target.lstrip("#!"))


def _speaker(message: Mapping[str, Any]) -> str:
    for key in _WHO:
        value = message.get(key)
        if isinstance(value, dict):
            value = next((value[name] for name in _NAMES if isinstance(value.get(name), str) and value[name]), "")
        if isinstance(value, str) and value:
            return value
    return ""


def _words(message: Mapping[str, Any]) -> str:
    for key in _WORDS:
        value = message.get(key)
        if isinstance(value, list):  # Telegram's: plain words, and links and the like with their words
            value = "".join(
                one if isinstance(one, str) else str(one.get("text", "")) for one in value if _is_piece(one)
            )
        if isinstance(value, str) and value.strip():
            return value
    return ""


def _is_piece(one: object) -> bool:
    return isinstance(one, str) or (isinstance(one, dict) and isinstance(one.get("text"), str))


def _time(message: Mapping[str, Any]) -> str:
    """Return when a message was sent, to the minute; in UTC where the export counts seconds."""
    for key in _WHEN:
        value = message.get(key)
        if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d", value):
            return value[:16].replace("T", " ")
        try:
            seconds = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else 0.0
            seconds = seconds / 1000 if seconds > _MILLISECONDS else seconds
            if seconds > 0:
                return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")
        except (ValueError, OverflowError, OSError):
            continue
    return ""
