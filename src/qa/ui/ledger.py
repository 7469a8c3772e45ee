"""The coverage ledger as HTML and as terminal text: what was read of each file, problems first. Pure; knows no page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from qa.types import FileState, LedgerEntry
from qa.ui.escape import escaped, named
from qa.ui.terminal import safe

_PROBLEMS_FIRST = (FileState.FAILED, FileState.PARTLY, FileState.SKIPPED, FileState.INDEXED)
_AT_ONCE = 100  # rows a page is given at a time: ten thousand would make it slow
_FEW = 8  # files that are seen at a glance need no tools to choose among them
_NOUNS = {"pdf": "page", "word": "page", "picture": "page", "slides": "slide", "spreadsheet": "sheet"}
_NOUNS["epub"] = "chapter"
_OPEN_NOUNS = {".odp": "slide", ".otp": "slide", ".ods": "sheet", ".ots": "sheet", ".odt": "page", ".ott": "page"}


def ledger_html(ledger: Sequence[LedgerEntry]) -> str:
    """Return the ledger: its sums, what chooses among many files, and the first of its rows."""
    return f'{_tools(ledger) if len(ledger) > _FEW else ""}<ul class="ledger">{rows_html(ledger)}</ul>'


def rows_html(ledger: Sequence[LedgerEntry], state: str = "", words: str = "", start: int = 0) -> str:
    """Return up to a hundred rows from number `start` on, of the files in a state whose names hold all the words."""
    chosen = _chosen(ledger, state, words)
    rows = "".join(map(_row, chosen[start : start + _AT_ONCE]))
    left = len(chosen) - start - _AT_ONCE
    if left > 0:
        rows += (
            f'<li class="rest"><button type="button" class="more" data-start="{start + _AT_ONCE}">'
            f"Show {min(left, _AT_ONCE)} more of {left:,}</button></li>"
        )
    return rows or '<li class="rest">No file is called so.</li>'


def ledger_text(ledger: Sequence[LedgerEntry]) -> str:
    """Return the ledger for a terminal: a line a file, then the sums."""
    width = min(60, max((len(safe(entry.source)) for entry in ledger), default=0))
    lines = [
        f"{entry.state.value:<8} {safe(entry.source):<{width}}  "
        f"{safe(', '.join([*facts(entry), *([entry.reason] if entry.reason else [])]))}"
        for entry in ledger
    ]
    return "\n".join([*(line.rstrip() for line in lines), _sums(ledger)])


def facts(entry: LedgerEntry) -> list[str]:
    """Return what is known of how a file was read, each as a person would say it; the reason stands apart."""
    if not entry.chunks:
        return []
    extent = entry.extent
    found = [
        f"{entry.characters:,} of {entry.characters + extent.lost:,} characters"
        if extent.lost
        else _counted(entry.characters, "character"),
        _counted(entry.sections, "section"),
        _counted(entry.chunks, "chunk"),
    ]
    if extent.parts:
        noun = _NOUNS.get(entry.reader) or _OPEN_NOUNS.get(PurePosixPath(entry.source).suffix.lower(), "part")
        whole = _counted(extent.parts, noun)
        found.append(f"{extent.parts - extent.empty:,} of {whole} with text" if extent.empty else whole)
    if extent.hidden:
        found.append(f"{_counted(extent.hidden, 'character')} hidden")
    found.append(entry.reader)
    if entry.encoding and entry.encoding not in entry.reason:
        found.append(entry.encoding)
    if entry.same_as:
        found.append(f"same bytes as {entry.same_as}")
    if entry.seconds > 0:
        found.append(f"{entry.seconds:.1f} s" if entry.seconds >= 0.05 else "under 0.1 s")
    return found


def _sums(ledger: Sequence[LedgerEntry]) -> str:
    counts = _counts(ledger)
    characters = sum(entry.characters for entry in ledger)
    chunks = sum(entry.chunks for entry in ledger)
    return (
        f"{_counted(len(ledger), 'file')}: {counts[FileState.INDEXED]} indexed, {counts[FileState.PARTLY]} partly "
        f"({_counted(characters, 'character')}, {_counted(chunks, 'chunk')}), {counts[FileState.SKIPPED]} skipped, "
        f"{counts[FileState.FAILED]} failed"
    )


def _counts(ledger: Iterable[LedgerEntry]) -> dict[FileState, int]:
    counts = dict.fromkeys(_PROBLEMS_FIRST, 0)
    for entry in ledger:
        counts[entry.state] += 1
    return counts


def _chosen(ledger: Sequence[LedgerEntry], state: str, words: str) -> list[LedgerEntry]:
    wanted = words.casefold().split()
    found = [
        entry
        for entry in ledger
        if state in ("", entry.state.value) and all(word in entry.source.casefold() for word in wanted)
    ]
    return sorted(found, key=lambda entry: (_PROBLEMS_FIRST.index(entry.state), entry.source))


def _tools(ledger: Sequence[LedgerEntry]) -> str:
    counts = {state.value: count for state, count in _counts(ledger).items() if count}
    counts = {"": len(ledger), **counts} if len(counts) > 1 else {}
    chips = "".join(
        f'<button type="button" class="chip {state}" data-state="{state}" aria-pressed="{str(not state).lower()}">'
        f"{state or 'all'} {count:,}</button>"
        for state, count in counts.items()
    )
    return (
        f'<div class="ledger-tools"><div role="group" aria-label="Files by state">{chips}</div>'
        '<input type="search" class="ledger-find" placeholder="Find a file" aria-label="Find a file by its name"></div>'
    )


def _row(entry: LedgerEntry) -> str:
    state, name = entry.state.value, named(entry.source)
    known = f'<span class="facts">{escaped(" · ".join(facts(entry)))}</span>' if entry.chunks else ""
    reason = f'<span class="reason">{escaped(entry.reason)}</span>' if entry.reason else ""
    return f'<li class="{state}"><span class="state">{state}</span><span class="name">{name}</span>{reason}{known}</li>'


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
