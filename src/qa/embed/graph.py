"""A network as an ONNX graph for one text at a time, in float32 or with products in int8.

Int8 takes the range of what it multiplies from the text itself, and a few channels stand so far out of the
rest ([CLS] of MiniLM reaches 28 where others stay under 5) that they would leave it a tenth of its steps.
These are made smaller, and their weights larger by as much (SmoothQuant, arXiv 2211.10438); where they stand out
behind the activation, they are multiplied apart, in float32.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qa.embed.network import Layer, Linear, Network, Norm
from qa.embed.onnx_file import Graph
from qa.embed.tensors import Floats

Peaks = Mapping[str, Floats]
"""For each product by name, the largest size of each channel that goes into it."""

INPUT, DISTANCES = "embedded", "distances"
MOST_APART = 8  # channels a product treats on their own at most
_STANDS_OUT = 1.25  # how far above the ninth largest channel
_STEPS = 127  # of a byte's whole numbers to each side; two that are rounded up make 128 at most
_SMOOTHED = 0.75  # the power of that by which a channel is made smaller; at 1 the weights lose more than is gained


@dataclass(frozen=True, slots=True)
class Built:
    """A graph's file, and the products in the order in which their inputs follow the states as outputs."""

    content: bytes
    products: tuple[str, ...]


def build(network: Network, peaks: Peaks | None = None, *, watched: bool = False) -> Built:
    """Return the network's graph, in int8 where peaks are given; if watched, it also gives what goes into products."""
    return _Builder(network, peaks).build(watched=watched)


def apart(peaks: Floats) -> NDArray[np.int64]:
    """Return the channels that stand out: those above all but eight, and well above the ninth."""
    out = np.argsort(-peaks, kind="stable")[:MOST_APART]
    return np.sort(out[peaks[out] > _ninth(peaks) * _STANDS_OUT]).astype(np.int64)


def in_bytes(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return weights (inputs, outputs) as whole numbers, and what one step is worth in each output channel.

    AVX2 adds the products of two inputs side by side in 16 bits, which holds a byte's 255 times 128 and no more. Two
    such weights of one sign get no further than that together, so the sum is the same on every processor.
    """
    pairs = np.zeros((weight.shape[0] + weight.shape[0] % 2, weight.shape[1]), np.float32)
    pairs[: len(weight)] = weight
    one, other = pairs[0::2], pairs[1::2]
    together = np.where(one * other > 0, np.abs(one + other), 0).max(axis=0)
    strength = np.maximum(np.abs(weight).max(axis=0), together) / _STEPS
    scale = np.where(strength > 0, strength, 1).astype(np.float32)
    return np.clip(np.rint(weight / scale), -_STEPS, _STEPS).astype(np.int8), scale


def _ninth(peaks: Floats) -> float:
    """Return the size of the largest channel that is never counted as standing out."""
    return float(np.sort(peaks)[::-1][min(MOST_APART, len(peaks) - 1)])


class _Builder:
    def __init__(self, network: Network, peaks: Peaks | None) -> None:
        self._network = network
        self._peaks = peaks
        self._graph = Graph()
        self._products: dict[str, str] = {}

    def build(self, *, watched: bool) -> Built:
        network, graph = self._network, self._graph
        x = graph.input(INPUT, "tokens", network.width)
        if network.has_distances:
            graph.input(DISTANCES, 1, network.heads, "tokens", "tokens")
        x = self._norm(x, network.norm)
        for number, layer in enumerate(network.layers):
            x = self._layer(x, layer, str(number))
        watching = tuple(self._products.values()) if watched else ()
        return Built(graph.to_bytes([x, *watching]), tuple(self._products) if watched else ())

    def _layer(self, x: str, layer: Layer, name: str) -> str:
        graph = self._graph
        mixed = self._product(x, layer.mix, f"{name}.mix")
        out = self._product(self._attention(mixed), layer.out, f"{name}.out")
        x = self._norm(graph.add("Add", out, x), layer.out_norm)
        narrowed = self._feed_forward(x, layer, name)
        return self._norm(graph.add("Add", narrowed, x), layer.narrow_norm)

    def _attention(self, mixed: str) -> str:
        graph, network = self._graph, self._network
        size = network.width // network.heads
        shaped = graph.add("Reshape", mixed, self._sizes(-1, 3, network.heads, size))
        turned = graph.add("Transpose", shaped, perm=(1, 2, 0, 3))
        query, key, value = graph.add_many(3, "Split", turned, axis=0, num_outputs=3)
        scores = graph.add("ms.FusedMatMul", query, key, transB=1, alpha=size**-0.5)
        if network.has_distances:
            scores = graph.add("Add", scores, DISTANCES)
        seen = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
        back = graph.add("Transpose", seen, perm=(0, 2, 1, 3))
        return graph.add("Reshape", back, self._sizes(-1, network.width))

    def _feed_forward(self, x: str, layer: Layer, name: str) -> str:
        """Widen and narrow; channels that stand out in between never enter the int8 product."""
        graph, act = self._graph, self._network.activation
        widen, narrow = layer.widen, layer.narrow
        out = self._apart(f"{name}.narrow")
        if not len(out):
            wide = graph.add(act, self._product(x, widen, f"{name}.widen"))
            return self._product(wide, narrow, f"{name}.narrow")
        # a column of zeros gives zero, of which the activation makes zero: no pass to mask it
        wide = graph.add(act, self._product(x, _without_columns(widen, out), f"{name}.widen"))
        inner = self._int8(wide, Linear(_without_rows(narrow.weight, out), narrow.bias))
        few = graph.add("Gemm", x, self._constant(widen.weight[:, out]), self._constant(widen.bias[out]))
        return graph.add("Gemm", graph.add(act, few), self._constant(narrow.weight[out]), inner)

    def _product(self, x: str, linear: Linear, name: str) -> str:
        self._products[name] = x
        graph = self._graph
        if self._peaks is None:
            return graph.add("Gemm", x, self._constant(linear.weight), self._constant(linear.bias))
        out = self._apart(name)
        if not len(out):
            return self._int8(x, linear)
        factors = self._factors(name, out)
        smoothed = graph.add("Mul", x, graph.constant((1 / factors).astype(np.float32)))
        return self._int8(smoothed, Linear(linear.weight * factors[:, None], linear.bias))

    def _factors(self, name: str, out: NDArray[np.int64]) -> Floats:
        """Return what each channel is divided by, and its weights multiplied."""
        assert self._peaks is not None
        peaks = self._peaks[name]
        factors = np.ones(len(peaks), np.float32)
        factors[out] = (peaks[out] / _ninth(peaks)) ** _SMOOTHED
        return factors

    def _int8(self, x: str, linear: Linear) -> str:
        """Multiply in int8: weights by output channel, x by the range it has in this text."""
        whole, scale = in_bytes(linear.weight)
        constants = (whole, scale, np.zeros(len(scale), np.int8), linear.bias.astype(np.float32))
        return self._graph.add("ms.DynamicQuantizeMatMul", x, *(self._graph.constant(array) for array in constants))

    def _apart(self, name: str) -> NDArray[np.int64]:
        return apart(self._peaks[name]) if self._peaks is not None else np.empty(0, np.int64)

    def _norm(self, x: str, norm: Norm) -> str:
        parts = self._constant(norm.scale), self._constant(norm.shift)
        # ONNX Runtime's SkipLayerNormalization, which adds and normalises in one, takes seven times as long
        return self._graph.add("LayerNormalization", x, *parts, axis=-1, epsilon=self._network.epsilon)

    def _sizes(self, *sizes: int) -> str:
        return self._graph.constant(np.array(sizes, dtype=np.int64))

    def _constant(self, array: Floats) -> str:
        return self._graph.constant(array.astype(np.float32, copy=False))


def _without_columns(linear: Linear, columns: NDArray[np.int64]) -> Linear:
    weight, bias = linear.weight.copy(), linear.bias.copy()
    weight[:, columns] = 0
    bias[columns] = 0
    return Linear(weight, bias)


def _without_rows(weight: Floats, rows: NDArray[np.int64]) -> Floats:
    rest = weight.copy()
    rest[rows] = 0
    return rest
