"""Wires the rooms together: `build()` and `Engine.ask()`. The only room that names concrete adapters.

Path ─load→ Document ─chunk→ Chunk… ─embed→ rows ─add→ Index
Index ─retrieve→ Hit… ─gather→ Passage… ─answer→ Draft ─cite→ Answer

Who asks doesn't pay for what building imports: that side is loaded when it is first named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qa.engine.adapters import make_embedder, make_reader, open_collection
from qa.engine.ask import Engine, Reply, Timings, status
from qa.engine.current import Current, Generation

if TYPE_CHECKING:
    from qa.engine.building import DEFAULT_COLLECTION, BuildReport, build
    from qa.engine.upkeep import Upkeep

__all__ = [
    "DEFAULT_COLLECTION",
    "BuildReport",
    "Current",
    "Engine",
    "Generation",
    "Reply",
    "Timings",
    "Upkeep",
    "build",
    "make_embedder",
    "make_reader",
    "open_collection",
    "status",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from qa.engine import building, upkeep

    return getattr(upkeep if name == "Upkeep" else building, name)
