"""Reads tensors out of a safetensors file with numpy alone; float32 ones stay mapped, not loaded."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_WIDTHS: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}


class Tensors:
    """The floating-point tensors of one file, by name: 8 bytes of header size, a JSON header, the data."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            header: dict[str, Any] = json.loads(file.read(size))
        self._start = 8 + size
        self._facts = {name: facts for name, facts in header.items() if facts.get("dtype") in _WIDTHS}

    def __contains__(self, name: str) -> bool:
        return name in self._facts

    def __iter__(self) -> Any:  # noqa: ANN401 -- an iterator of names
        return iter(sorted(self._facts))

    def __getitem__(self, name: str) -> Floats:
        """Return a tensor as float32; raise KeyError where the file has none of that name."""
        facts = self._facts[name]
        kind, shape = facts["dtype"], tuple(facts["shape"])
        if 0 in shape:
            return np.zeros(shape, np.float32)
        width: np.dtype[Any] = _WIDTHS[kind]
        mapped = np.memmap(self._path, width, "r", self._start + facts["data_offsets"][0], shape)
        plain = mapped.view(np.ndarray)
        # the bits of bfloat16 are the upper half of a float32's
        wide = (plain.astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else plain
        floats: Floats = wide.astype(np.float32, copy=False)
        return floats
