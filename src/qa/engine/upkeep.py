"""One collection, built again and again: its roots, how its files look from outside, and a build with loaded models.

Knows settings, walks and builds; nothing of when to build.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qa.config import Settings
from qa.engine import adapters
from qa.engine.building import DEFAULT_COLLECTION, BuildReport, build
from qa.engine.pipeline import Stage
from qa.errors import ConfigError, IndexMissing, StoreError
from qa.index import stored
from qa.index.stored import last_roots, touched
from qa.protocols import Embedder, Reader

if TYPE_CHECKING:
    from qa.ingest import Refused


class Upkeep:
    """The collection under `paths`, or without paths whatever the index was last built from, whoever built it."""

    def __init__(self, settings: Settings, paths: Sequence[Path] = (), embedder: Embedder | None = None) -> None:
        self._settings = settings
        self._paths = [Path(os.path.abspath(path)) for path in paths]
        self._embedder = embedder
        self._reader: Reader | None = None
        self._refused: dict[str, Refused] = {}  # a file that takes two minutes to fail shouldn't at every build
        self._roots: list[Path] = []
        self._seen: tuple[object, ...] = ()

    def roots(self) -> list[Path]:
        """Return the folders and files the collection is made of; raise StoreError where the index can't tell."""
        if self._paths:
            return self._paths
        seen = touched(self._settings.index)
        if not self._roots or seen != self._seen:
            try:
                self._roots = [Path(root) for root in last_roots(self._settings.index)] or self._roots
            except IndexMissing:
                self._roots = self._roots or [DEFAULT_COLLECTION]
            except StoreError:
                if not self._roots:
                    raise
            self._seen = seen
        return self._roots

    def check(self) -> None:
        """Raise ConfigError where a root is missing of which the index knows nothing: a slip, not a drive away."""
        for root in self.roots():
            if not root.exists() and str(root) not in self._indexed_roots():
                raise ConfigError(f"{root}: no such file or folder. Name the folder that holds your documents.")

    def _indexed_roots(self) -> tuple[str, ...]:
        try:
            return stored(self._settings.index).roots
        except StoreError:
            return ()

    def look(self) -> dict[str, tuple[int, ...]]:
        """Return what each file looks like from outside, by source; raise ConfigError where a root is missing."""
        from qa.load import walk

        follow = self._settings.walk.follow_links
        found = walk(self.roots(), leave_out=self._settings.index, follow_links=follow)
        return {item.source: item.stamp for item in found}

    def holds(self, root: Path) -> bool:
        """Tell whether the index holds documents of one of the roots."""
        try:
            index = adapters.open_collection(self._settings)
        except StoreError:
            return False
        if len(index.roots) < 2:
            return bool(index.sources) and list(index.roots) == [str(root)]
        return any(source.startswith(f"{root.resolve().name}/") for source in index.sources)

    def build(self, stage: Stage) -> BuildReport:
        """Make the index hold what is there now; the models are loaded by the first build that needs them."""
        if self._embedder is None:
            self._embedder = adapters.make_embedder(self._settings)
        if self._reader is None and self._settings.verdict.questions:
            self._reader = adapters.make_reader(self._settings)
        return build(
            self._settings,
            self.roots(),
            stage=stage,
            embedder=self._embedder,
            reader=self._reader,
            refused=self._refused,
        )
