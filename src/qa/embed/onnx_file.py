"""Writes ONNX files: the few parts of the format that are needed here, without the `onnx` package (31 MB).

An ONNX file is a protocol buffer. Field numbers are those of onnx.proto3; they are never reused or changed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KINDS = {np.dtype(np.float32): 1, np.dtype(np.int8): 3, np.dtype(np.int64): 7}
_OPSETS = (("", 18), ("com.microsoft", 1))
_IR_VERSION = 9
LARGEST = 2**31 - 2**20  # a protocol buffer holds less than 2 GB


class Graph:
    """A graph under construction: each call adds a part and returns the name of what comes out."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._inputs: list[bytes] = []
        self._count = 0

    def input(self, name: str, *shape: int | str) -> str:
        """Declare a float32 input; sizes given as words may vary."""
        self._inputs.append(_value(name, shape))
        return name

    def constant(self, array: NDArray[Any]) -> str:
        """Add an array that belongs to the graph."""
        name = self._name("c")
        kind = _KINDS[array.dtype]
        raw = np.ascontiguousarray(array).tobytes()
        dims = b"".join(_number(1, size) for size in array.shape)
        self._constants.append(dims + _number(2, kind) + _bytes(8, name.encode()) + _bytes(9, raw))
        return name

    def add(self, kind: str, *inputs: str, **attributes: object) -> str:
        """Add a node with one output."""
        return self.add_many(1, kind, *inputs, **attributes)[0]

    def add_many(self, outputs: int, kind: str, *inputs: str, **attributes: object) -> list[str]:
        """Add a node with several outputs; "ms.Name" is one of ONNX Runtime's own operators."""
        names = [self._name("t") for _ in range(outputs)]
        own = kind.startswith("ms.")
        node = b"".join(_bytes(1, name.encode()) for name in inputs)
        node += b"".join(_bytes(2, name.encode()) for name in names)
        node += _bytes(4, kind.removeprefix("ms.").encode())
        node += b"".join(_bytes(5, _attribute(name, value)) for name, value in attributes.items())
        self._nodes.append(node + (_bytes(7, b"com.microsoft") if own else b""))
        return names

    def to_bytes(self, outputs: Sequence[str]) -> bytes:
        """Return the whole as a file's content."""
        graph = b"".join(
            [
                *(_bytes(1, node) for node in self._nodes),
                _bytes(2, b"network"),
                *(_bytes(5, constant) for constant in self._constants),
                *(_bytes(11, value) for value in self._inputs),
                *(_bytes(12, _value(name, None)) for name in outputs),
            ]
        )
        opsets = b"".join(_bytes(8, _bytes(1, domain.encode()) + _number(2, number)) for domain, number in _OPSETS)
        return _number(1, _IR_VERSION) + _bytes(2, b"quoth") + opsets + _bytes(7, graph)

    def _name(self, letter: str) -> str:
        self._count += 1
        return f"{letter}{self._count}"


def _varint(value: int) -> bytes:
    return bytes(_digits(value & (2**64 - 1)))


def _digits(value: int) -> Iterator[int]:
    while value > 127:
        yield value & 127 | 128
        value >>= 7
    yield value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _attribute(name: str, value: object) -> bytes:
    start = _bytes(1, name.encode())
    if isinstance(value, float):
        return start + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return start + _number(3, value) + _number(20, 2)
    if isinstance(value, tuple):
        return start + b"".join(_number(8, int(item)) for item in value) + _number(20, 7)
    raise ValueError(f"attribute {name} is a {type(value).__name__}")


def _value(name: str, shape: Sequence[int | str] | None) -> bytes:
    kind = _number(1, 1)
    if shape is not None:
        dims = (_number(1, size) if isinstance(size, int) else _bytes(2, size.encode()) for size in shape)
        kind += _bytes(2, b"".join(_bytes(1, dim) for dim in dims))
    return _bytes(1, name.encode()) + _bytes(2, _bytes(1, kind))
