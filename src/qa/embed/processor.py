"""Asks the processor whether it multiplies bytes fast and without overflow."""

from __future__ import annotations

import functools
import platform
import sys
from pathlib import Path

import numpy as np

# what Linux and numpy call instructions that sum products of bytes in 32 bits
_LINUX = ("amx_int8", "avx512_vnni", "avx_vnni", "i8mm", "asimddp")
_NUMPY = ("AVX512_SPR", "AVX512_ICL", "AVX512_CLX", "ASIMDDP")


@functools.cache
def byte_products() -> str:
    """Name the processor's instructions for products of bytes; "" where none are known of.

    Without them older instructions add pairs in 16 bits, which overflow: int8 would be slower and wrong at times.
    """
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return "asimddp"  # every Apple processor of this kind
    try:
        words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        words = set()
    if words:
        return next((name for name in _LINUX if name in words), "")
    found: list[str] = np.show_config(mode="dicts")["SIMD Extensions"].get("found", [])
    return next((name for name in _NUMPY if name in found), "")
