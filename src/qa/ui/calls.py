"""What a page may send: each call's shape, checked before the page's framework sees it.

Knows names, numbers and sizes; nothing of HTTP, nor of what a call does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from qa.types import Span

_Pair = Annotated[list[int], Field(min_length=2, max_length=2)]
Session = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{4,40}$")]
_MOST_SPANS = 100


class Refused(Exception):
    """A call that isn't one the page makes; its message may be shown to whoever sent it."""


class _Call(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Event(_Call):
    """A press of a button, the tick of a clock: values for the inputs of one function."""

    session_hash: Session
    fn_index: int
    data: list[str | bool | None]
    trigger_id: int | None = None


class _ServerCall(_Call):
    """A function called by name, for the list of files and the pictures of pages."""

    session_hash: Session
    component_id: int
    fn_name: str
    data: Any = None


class _Cancel(_Call):
    session_hash: Session
    fn_index: int
    event_id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class PagesAsked(_Call):
    """Which quotes are to be shown on their pages."""

    source: Annotated[str, StringConstraints(max_length=5000)]
    digest: Annotated[str, StringConstraints(max_length=100)]
    spans: Annotated[list[_Pair], Field(min_length=1, max_length=_MOST_SPANS)]

    def found(self) -> list[Span]:
        """Return the spans; raise Refused where one isn't."""
        try:
            return [Span(start, end) for start, end in self.spans]
        except ValueError as exc:
            raise Refused("There are no such words.") from exc


class FilesAsked(_Call):
    """Which lines of the list of files are to be shown."""

    state: Annotated[str, StringConstraints(max_length=20)]
    words: Annotated[str, StringConstraints(max_length=500)]
    start: Annotated[int, Field(ge=0, le=1_000_000_000)]


_SERVER_CALLS: dict[str, type[_Call]] = {"show_pages": PagesAsked, "list_files": FilesAsked}


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of one page: how many inputs each function has, and whether it stands in the queue."""

    inputs: Mapping[int, int]
    queued: frozenset[int]
    components: frozenset[int]  # those with functions to be called by name
    longest: int  # characters of a value

    def checked(self, path: str, body: bytes) -> tuple[str, bytes]:
        """Return the session a call is of and the call as it may be passed on; raise Refused otherwise."""
        try:
            sent = json.loads(body)
        except (ValueError, RecursionError) as exc:
            raise Refused("This is not JSON.") from exc
        try:
            call = self._call(path, sent)
        except ValidationError as exc:
            first = exc.errors(include_input=False, include_url=False, include_context=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Refused(f"{where or 'call'}: {first['msg']}.") from exc
        return call.session_hash, json.dumps(call.model_dump()).encode()

    def _call(self, path: str, sent: object) -> _Event | _ServerCall | _Cancel:
        if path == "component_server":
            return self._server_call(_ServerCall.model_validate(sent))
        if path == "cancel":
            return _Cancel.model_validate(sent)
        event = _Event.model_validate(sent)
        if (event.fn_index in self.queued) != (path == "queue/join") or event.fn_index not in self.inputs:
            raise Refused("There is no such function here.")
        if len(event.data) != self.inputs[event.fn_index]:
            raise Refused(f"data: {self.inputs[event.fn_index]} values are wanted.")
        longest = max((len(value) for value in event.data if isinstance(value, str)), default=0)
        if longest > self.longest:
            raise Refused(f"{longest:,} characters are more than the {self.longest:,} a question may have. Shorten it.")
        return event

    def _server_call(self, call: _ServerCall) -> _ServerCall:
        if call.component_id not in self.components or call.fn_name not in _SERVER_CALLS:
            raise Refused("There is no such function here.")
        TypeAdapter(_SERVER_CALLS[call.fn_name]).validate_python(call.data)
        return call
