"""Calendars (iCalendar) and contacts (vCard): each event or person as a sentence, the way a program shows it."""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from qa.load.extracted import Extracted, Limits, Unreadable
from qa.load.formats.blocks import Blocks, Run, one_line
from qa.load.formats.textfile import read_text

_FOLD = re.compile(r"(?:\r\n|\r|\n)[ \t]")
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9.-]{1,100})(?P<parameters>(?:;[^:;\"\r\n]*+(?:\"[^\"\r\n]*+\"[^:;\"\r\n]*+)*+)*+):(?P<value>.*)"
)
_ESCAPED = re.compile(r"\\([nN,;\\:])")
_STAMP = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:T(\d\d):?(\d\d)(?::?\d\d)?(Z)?)?")
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTHS = "January February March April May June July August September October November December".split()
_ENTRIES = ("VEVENT", "VTODO", "VJOURNAL", "VCARD")
_CONTACT = {
    "ORG": "organisation", "TITLE": "position", "ROLE": "role", "TEL": "phone", "EMAIL": "e-mail", "ADR": "address",
    "URL": "web", "BDAY": "birthday", "NICKNAME": "nickname",
}  # fmt: skip
_LONGEST_LINE = 100_000
_SILENT_TYPES = ("pref", "internet", "voice", "x-internet")


@dataclass(slots=True)
class _Line:
    name: str
    parameters: dict[str, str]
    value: str

    @property
    def words(self) -> str:
        """The value as it is meant, on as many lines as it says."""
        return _ESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], self.value).strip()


@dataclass(slots=True)
class _Entry:
    kind: str
    lines: list[_Line] = field(default_factory=list)

    def first(self, name: str) -> _Line | None:
        return next((line for line in self.lines if line.name == name), None)

    def words(self, name: str) -> str:
        line = self.first(name)
        return " ".join(line.words.split()) if line else ""


def extract(data: bytes, limits: Limits) -> Extracted:
    """Return each event, task or contact as a paragraph of one sentence, its description or notes below."""
    found = read_text(data, limits)
    blocks = Blocks(limits)
    entries = list(_entries(found.text))
    if not entries:
        raise Unreadable("there are no events and no contacts in it.", "Export it anew.")
    for entry in entries:
        write_entry(blocks, entry)
    name = next(iter(entry.words("SUMMARY") or entry.words("FN") for entry in entries), "") if len(entries) == 1 else ""
    return Extracted(
        blocks.text,
        title=one_line(name),
        places=blocks.sorted_places(),
        lost=blocks.lost + found.lost,
        notes=found.notes,
        encoding=found.encoding,
    )


def said(text: str, limits: Limits) -> str:
    """Return what a calendar or a contact inside a mail says, "" for nothing."""
    blocks = Blocks(limits)
    for entry in _entries(text):
        write_entry(blocks, entry)
    return blocks.text


def write_entry(blocks: Blocks, entry: _Entry) -> None:
    """Write one event, task or contact; its place is named after it."""
    offset = blocks.length
    if entry.kind == "VCARD":
        name = entry.words("FN") or " ".join(part for part in reversed(entry.words("N").split(";")[:2]) if part)
        facts = [_contact(line) for line in entry.lines if line.name in _CONTACT and line.words.strip(" ;")]
        blocks.paragraph([Run(f"{name}: {', '.join(facts)}." if facts else name)])
        kind, notes = "contact", "NOTE"
    else:
        name = entry.words("SUMMARY")
        facts = [*_times(entry), entry.words("LOCATION"), *_people(entry), *_rules(entry)]
        facts = [fact for fact in facts if fact]
        blocks.paragraph([Run(f"{name or 'Event'}: {', '.join(facts)}." if facts else name)])
        kind, notes = "event", "DESCRIPTION"
    line = entry.first(notes)
    for words in line.words.split("\n") if line else ():
        blocks.paragraph([Run(words)])
    blocks.place(kind, name, offset)


def _contact(line: _Line) -> str:
    kinds = [one for one in re.split(r"[,;]", line.parameters.get("TYPE", "").lower()) if one not in _SILENT_TYPES]
    words = (
        [part.strip() for part in re.split(r"(?<!\\);", line.value)] if line.name in ("ADR", "ORG") else [line.value]
    )
    shown = ", ".join(" ".join(_Line("", {}, one).words.split()) for one in words if one)
    if line.name == "BDAY":
        shown = _day(line) or shown
    which = f" ({', '.join(filter(None, kinds))})" if any(kinds) else ""
    return f"{_CONTACT[line.name]}{which} {shown.removeprefix('tel:').removeprefix('mailto:')}"


def _times(entry: _Entry) -> Iterator[str]:
    start, end, due = entry.first("DTSTART"), entry.first("DTEND"), entry.first("DUE")
    if start is not None:
        zone = _zone(start)
        first, last = _day(start), _day(end) if end else ""
        hour, until = _hour(start), _hour(end) if end else ""
        if not hour:
            # of whole days the end is the day after the last
            yield first
        elif until and first == last:
            yield f"{first}, {hour}–{until}{zone}"
        else:
            yield f"{first}, {hour}{zone}" + (f" until {last}, {until}{_zone(end) if end else ''}" if until else "")
    if due is not None:
        yield f"due {_day(due)}" + (f", {_hour(due)}{_zone(due)}" if _hour(due) else "")


def _people(entry: _Entry) -> Iterator[str]:
    for name, label in (("ORGANIZER", "organised by"), ("ATTENDEE", "with")):
        lines = [line for line in entry.lines if line.name == name]
        shown = [
            line.parameters.get("CN", "") or re.sub(r"^mailto:", "", line.value, flags=re.IGNORECASE) for line in lines
        ]
        if shown:
            yield f"{label} {', '.join(shown)}"


def _rules(entry: _Entry) -> Iterator[str]:
    rule = dict(part.partition("=")[::2] for part in entry.words("RRULE").upper().split(";") if "=" in part)
    if "FREQ" in rule:
        every = rule.get("INTERVAL", "1")
        until = _STAMP.match(rule.get("UNTIL", ""))
        yield (
            f"repeated {rule['FREQ'].lower()}"
            + (f" (every {every})" if every != "1" else "")
            + (f" on {rule['BYDAY']}" if rule.get("BYDAY") else "")
            + (f" until {_dated(until)}" if until else f", {rule['COUNT']} times" if rule.get("COUNT") else "")
        )
    if entry.words("STATUS").upper() in ("CANCELLED", "TENTATIVE", "COMPLETED"):
        yield entry.words("STATUS").lower()


def _day(line: _Line) -> str:
    match = _STAMP.match(line.value.strip())
    return _dated(match) if match else ""


def _dated(match: re.Match[str]) -> str:
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return ""
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _hour(line: _Line) -> str:
    match = _STAMP.match(line.value.strip())
    return f"{match[4]}:{match[5]}" if match and match[4] else ""


def _zone(line: _Line) -> str:
    zone = "UTC" if line.value.strip().upper().endswith("Z") else line.parameters.get("TZID", "")
    return f" ({' '.join(zone.split())})" if zone else ""


def _entries(text: str) -> Iterator[_Entry]:
    """Yield events, tasks and contacts in order; what lies inside one, such as its alarms, is passed over."""
    entry: _Entry | None = None
    inside = 0
    for line in _lines(text):
        if line.name == "BEGIN":
            if entry is not None:
                inside += 1
            elif line.value.strip().upper() in _ENTRIES:
                entry = _Entry(line.value.strip().upper())
        elif line.name == "END":
            if entry is not None and inside:
                inside -= 1
            elif entry is not None:
                yield entry
                entry = None
        elif entry is not None and not inside:
            entry.lines.append(line)
    if entry is not None:
        yield entry


def _lines(text: str) -> Iterator[_Line]:
    waiting = ""
    for raw in _FOLD.sub("", text).splitlines():
        raw = waiting + raw
        waiting = ""
        match = _LINE.fullmatch(raw[:_LONGEST_LINE])
        if match is None:
            continue
        parameters: dict[str, str] = {}
        for part in re.findall(r";([^;\"]*(?:\"[^\"]*\"[^;\"]*)*)", match["parameters"]):
            name, _, value = part.partition("=")
            key, value = (name.upper(), value) if value else ("TYPE", name)  # vCard 2.1 leaves the name out
            parameters[key] = f"{parameters[key]},{value}" if key in parameters else value.replace('"', "")
        value = match["value"]
        if "QUOTED-PRINTABLE" in (parameters.get("ENCODING", "") + parameters.get("TYPE", "")).upper():
            if value.endswith("=") and len(raw) < _LONGEST_LINE:
                waiting = raw[:-1]
                continue
            value = quopri.decodestring(value.encode("utf-8", "replace")).decode("utf-8", "replace")
        yield _Line(match["name"].rpartition(".")[2].upper(), parameters, value)
