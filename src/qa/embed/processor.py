"""Asks the processor whether it multiplies bytes faster than floats."""

from __future__ import annotations

import functools
import platform
import sys
from pathlib import Path

import numpy as np

# what Linux and numpy call them, the fastest first: all but AVX2 sum products of bytes in 32 bits
_LINUX = ("amx_int8", "avx512_vnni", "avx_vnni", "i8mm", "asimddp", "avx2")
_NUMPY = ("AVX512_SPR", "AVX512_ICL", "AVX512_CLX", "ASIMDDP", "AVX2", "X86_V4", "X86_V3")


@functools.cache
def byte_products() -> str:
    """Name the processor's instructions for products of bytes; "" where none are known of, and int8 is slower.

    AVX2 adds pairs in 16 bits; the weights are made so that these don't overflow (`graph.in_bytes`).
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
