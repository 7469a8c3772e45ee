"""Takes the reader's float weights back out of the int8 file that ships, so that training can go on from it.

Owns how `export.py` lays a linear map out: inputs times factors, an int8 product, a scale a column. Seven bits of
each weight are kept, which is what the shipped reader computes with.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor

MAPS = ("qkv", "out", "up", "down")  # of a layer, in the order in which they are computed


def read_weights(path: Path, layers: int = 6) -> dict[str, Tensor]:
    """Return the weights of `model.Reader` without its embeddings; raise ValueError for another graph."""
    graph = onnx.load(path).graph
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    factors = {
        node.output[0]: values[name]
        for node in graph.node
        if node.op_type == "Mul"
        for name in node.input
        if name in values
    }
    quantised = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "DynamicQuantizeLinear"}
    products = [node for node in graph.node if node.op_type == "MatMulInteger"]
    heads = {1: "verdict.weight", 2: "span.weight"}
    names = [f"layers.{layer}.{part}.weight" for layer in range(layers) for part in MAPS]
    weights: dict[str, Tensor] = {}
    for node in products:
        stored = node.input[1]
        matrix = _dequantised(stored, values)
        smoothed = factors.get(quantised[node.input[0]])
        if smoothed is not None and smoothed.shape == (len(matrix),):
            matrix = matrix * smoothed[:, None]
        if "pool" in stored:
            name = "pool.weight"
        elif matrix.shape[1] in heads:
            name = heads[matrix.shape[1]]
        else:
            name = names[len([known for known in weights if known.startswith("layers.")])]
        weights[name] = torch.from_numpy(np.ascontiguousarray(matrix.T, dtype=np.float32))
    for name, value in values.items():
        if name.startswith("reader.") and name.endswith(("bias", "norm1.weight", "norm2.weight")):
            plain = name.removeprefix("reader.").replace(".1.bias", ".bias")  # without the scale in front of it
            if not plain.startswith("embeddings."):
                weights[plain] = torch.from_numpy(value.copy())
    if len(weights) != layers * 12 + 6:
        raise ValueError(
            f"{path}: {len(weights)} tensors were found, not {layers * 12 + 6}. Was it written by export.py?"
        )
    return weights


def _dequantised(stored: str, values: dict[str, NDArray[np.generic]]) -> NDArray[np.float32]:
    base = stored.removesuffix("_quantized")
    scale, zero = values[f"{base}_scale"].astype(np.float32), values[f"{base}_zero_point"].astype(np.float32)
    matrix: NDArray[np.float32] = (values[stored].astype(np.float32) - zero) * scale
    return matrix
