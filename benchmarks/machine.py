"""What the figures were taken on: processor, cores, versions, the commit and a digest of the source."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_CPUINFO = Path("/proc/cpuinfo")
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16", "asimddp", "i8mm", "sve")
_LIBRARIES = (
    *("numpy", "onnxruntime", "tokenizers", "faiss-cpu", "bm25s"),
    *("torch", "transformers", "sentence-transformers"),
)


def facts() -> dict[str, Any]:
    """Return the machine, and the versions of what computes."""
    info = _cpuinfo()
    flags = set((info.get("flags") or info.get("Features") or "").split())
    affinity = getattr(os, "sched_getaffinity", None)
    return {
        "processor": info.get("model name") or platform.processor() or platform.machine(),
        "family": "/".join(info.get(name, "?") for name in ("cpu family", "model")) if info else "",
        "architecture": platform.machine(),
        "cores": len(affinity(0)) if affinity else os.cpu_count(),
        "flags": [flag for flag in _FLAGS if flag in flags],
        "memory_gb": round(_memory_bytes() / 2**30, 1),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in _LIBRARIES},
    }


def commit(root: Path = ROOT) -> str:
    """Return the checked-out commit's first ten digits, "unknown" outside a repository; git itself isn't needed."""
    folder = root / ".git"
    try:
        if folder.is_file():  # a worktree names its folder
            folder = root / folder.read_text(encoding="utf-8").partition("gitdir:")[2].strip()
        head = (folder / "HEAD").read_text(encoding="ascii").strip()
        if not head.startswith("ref: "):
            return head[:10]
        name = head.removeprefix("ref: ")
        common = folder / "commondir"
        shared = folder / common.read_text(encoding="utf-8").strip() if common.exists() else folder
        for place in (folder / name, shared / name):
            if place.is_file():
                return place.read_text(encoding="ascii").strip()[:10]
        packed = (shared / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next(line.split()[0][:10] for line in packed if line.endswith(f" {name}"))
    except (OSError, StopIteration):
        return "unknown"


def source_digest(root: Path = ROOT) -> str:
    """Return a digest over the program's source: what was measured, committed or not."""
    whole = hashlib.sha256()
    for path in sorted((root / "src" / "qa").rglob("*.py")):
        whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:10]


def load() -> float | None:
    """Return how many processes wanted a core over the last minute: what else ran shows here."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def _cpuinfo() -> dict[str, str]:
    try:
        first = _CPUINFO.read_text(encoding="utf-8", errors="replace").split("\n\n")[0]
    except OSError:
        return {}
    return {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}


def _memory_bytes() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
