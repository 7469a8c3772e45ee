"""Keeps exported models in the user's cache folder: written whole or not at all, checked when read.

Each export is a record (`KEY.json`) and, but for models that can't be exported, a file it names by digest.
The file comes first and the record, by an atomic rename, last; whoever reads sees both or neither.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """What came of an export: its precision, the file and its digest, and what should be known of it."""

    precision: str
    reason: str
    file: str = ""
    digest: str = ""


def default_folder() -> Path:
    """Return where this user's programs keep what they can make again."""
    if os.environ.get("XDG_CACHE_HOME"):
        home = Path(os.environ["XDG_CACHE_HOME"])
    elif sys.platform == "darwin":
        home = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        home = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        home = Path.home() / ".cache"
    return home / "quoth" / "embed"


class ExportCache:
    """A folder of exports; one that can't be written is said once and done without."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or default_folder()

    def find(self, key: str) -> Record | None:
        """Return an export's record, or None where there is none that can be read."""
        try:
            return Record(**json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as exc:
            logger.warning("%s: can't be read (%s); the model is exported anew.", self.folder / f"{key}.json", exc)
            return None

    def read(self, record: Record) -> bytes | None:
        """Return an export's file, or None where it is missing or isn't what was written."""
        path = self.folder / record.file
        try:
            content = path.read_bytes()
        except OSError as exc:
            logger.warning("%s: can't be read (%s); the model is exported anew.", path, exc)
            return None
        if _digest(content) != record.digest:
            logger.warning("%s: damaged, its SHA-256 isn't %s; the model is exported anew.", path, record.digest)
            return None
        return content

    def write(self, key: str, precision: str, reason: str, content: bytes = b"") -> Record:
        """Keep an export and return its record; where that fails, say so and return it all the same."""
        digest = _digest(content) if content else ""
        record = Record(precision, reason, f"{key}-{digest[:16]}.onnx" if content else "", digest)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if content:
                self._replace(self.folder / record.file, content)
            self._replace(self.folder / f"{key}.json", json.dumps(asdict(record), indent=1).encode())
            self._sweep(key, record.file)
        except OSError as exc:
            logger.warning(
                "%s: can't be written (%s), so the embedding model is exported anew at each start. "
                "Make it writable, or name another folder in embed.cache.",
                self.folder,
                exc,
            )
        return record

    def _replace(self, path: Path, content: bytes) -> None:
        handle, name = tempfile.mkstemp(dir=self.folder, prefix=".tmp-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _sweep(self, key: str, keep: str) -> None:
        """Remove this key's damaged files."""
        for path in self.folder.glob(f"{key}-*.onnx"):
            if path.name != keep:
                path.unlink(missing_ok=True)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
