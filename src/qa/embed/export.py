"""Turns a model folder into an ONNX file once, makes sure that it does what the model does, and keeps it.

Nothing but numpy and ONNX Runtime is needed for the bundled model, whose vectors of the sample texts come with
the program; any other model is compared with torch, once.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from qa.embed.backend import Backend
from qa.embed.cache import ExportCache, Record
from qa.embed.graph import Peaks, build
from qa.embed.network import Network, NotExportable, Tables, read_network, read_tables
from qa.embed.onnx_backend import OnnxBackend
from qa.embed.onnx_file import LARGEST
from qa.embed.recipe import Recipe, read_recipe
from qa.embed.samples import SAMPLES
from qa.embed.tensors import Floats
from qa.embed.weights import ModelFolder
from qa.errors import ModelUnavailable

logger = logging.getLogger(__name__)

_UNSAFE = re.compile(r"[^\w.-]+")
VERSION = 3  # of what is written; another one is another key in the cache
TORCH, FLOAT32, INT8 = "torch", "float32", "int8"
_LEAST = {FLOAT32: 0.9999, INT8: 0.99}  # cosine of each sample's vector with the model's own


@dataclass(frozen=True, slots=True)
class Exported:
    """How a model is run here, and why so; `content` is at hand where it was made just now."""

    record: Record
    content: bytes = b""


class Exporter:
    """Exports one model at the precision wanted, or less, or says that torch must run it."""

    def __init__(self, folder: ModelFolder, wanted: str, cache: ExportCache) -> None:
        self._folder = folder
        self._wanted = wanted
        self._cache = cache
        self._key = f"{_UNSAFE.sub('-', folder.name)}-{folder.fingerprint}-{wanted}-v{VERSION}"

    def resolve(self) -> Exported:
        """Return what the cache says of this model; export it where it says nothing."""
        record = self._cache.find(self._key)
        return Exported(record) if record else self._export()

    def open(self, exported: Exported) -> OnnxBackend:
        """Open an export that isn't torch's; one that was damaged since is made anew."""
        content = exported.content or self._cache.read(exported.record)
        if content is None:
            exported = self._export()
            content = exported.content
        recipe = read_recipe(self._folder.path)
        tables = read_tables(self._weights, recipe.config)
        return OnnxBackend(self._folder, recipe, tables, content, exported.record.precision)

    @property
    def _weights(self) -> Path:
        return self._folder.path / "model.safetensors"

    def _export(self) -> Exported:
        try:
            recipe = read_recipe(self._folder.path)
            network, tables = read_network(self._weights, recipe.config), read_tables(self._weights, recipe.config)
            plain = build(network).content
            if len(plain) > LARGEST:
                raise NotExportable(f"its layers take {len(plain) / 1e9:.1f} GB; a file holds less than 2")
            return self._verified(recipe, tables, network, plain)
        except NotExportable as exc:
            logger.warning(
                "%s can't be exported to ONNX: %s. It runs on torch, which is slower.", self._folder.name, exc
            )
            return Exported(self._cache.write(self._key, TORCH, str(exc)))

    def _verified(self, recipe: Recipe, tables: Tables, network: Network, plain: bytes) -> Exported:
        reference = self._reference(recipe, tables, plain)
        floats = OnnxBackend(self._folder, recipe, tables, plain, FLOAT32)
        worst = least_cosine(vectors(floats, SAMPLES), reference)
        if worst < _LEAST[FLOAT32]:
            raise NotExportable(f"its export gives other vectors (cosine {worst:.4f})")
        if self._wanted == FLOAT32:
            return self._keep(FLOAT32, "", plain)
        small = build(network, self._peaks(recipe, tables, network)).content
        close = least_cosine(vectors(OnnxBackend(self._folder, recipe, tables, small, INT8), SAMPLES), reference)
        if close >= _LEAST[INT8]:
            return self._keep(INT8, f"cosine with the model's own vectors at least {close:.4f}", small)
        reason = f"in int8 its vectors would change too much (cosine {close:.4f})"
        logger.warning("%s: %s; it runs in float32.", self._folder.name, reason)
        return self._keep(FLOAT32, reason, plain)

    def _keep(self, precision: str, reason: str, content: bytes) -> Exported:
        return Exported(self._cache.write(self._key, precision, reason, content), content)

    def _peaks(self, recipe: Recipe, tables: Tables, network: Network) -> Peaks:
        """Run the samples in float32 and note the largest size of each channel that enters a product."""
        watched = build(network, watched=True)
        backend = OnnxBackend(self._folder, recipe, tables, watched.content, FLOAT32)
        peaks: dict[str, Floats] = {}
        for ids in _windows(backend, SAMPLES):
            for name, entering in zip(watched.products, backend.watch(ids)[1:], strict=True):
                seen = np.abs(entering).max(axis=0)
                peaks[name] = np.maximum(peaks[name], seen) if name in peaks else seen
        return peaks

    def _reference(self, recipe: Recipe, tables: Tables, plain: bytes) -> Floats:
        """Return the samples' vectors as the model's own library makes them."""
        stored = Path(__file__).with_name(f"reference-{self._folder.fingerprint}.npy")
        if stored.is_file():
            known: Floats = np.load(stored)
            return known
        from qa.embed.torch_backend import TorchBackend

        torch = TorchBackend(self._folder)
        ours = OnnxBackend(self._folder, recipe, tables, plain, FLOAT32)
        same = [one.ids == two.ids for one, two in zip(torch.encode(SAMPLES), ours.encode(SAMPLES), strict=True)]
        if not all(same) or torch.special != ours.special:
            raise NotExportable("its tokenizer.json cuts texts otherwise than its library does")
        return vectors(torch, SAMPLES)


def vectors(backend: Backend, texts: Sequence[str]) -> Floats:
    """Return each text's vector, cut at the model's limit."""
    return np.stack(list(backend.forward(_windows(backend, texts), lambda _, __, vector: vector, threads=1)))


def least_cosine(rows: Floats, others: Floats) -> float:
    """Return the smallest cosine of two rows of the same text; 0 where one isn't finite."""
    if rows.shape != others.shape:
        raise ModelUnavailable("export", f"vectors of length {rows.shape[1]} instead of {others.shape[1]}.")
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(others, axis=1)
    cosines = (rows * others).sum(axis=1) / np.maximum(lengths, 1e-12)
    return float(np.nan_to_num(cosines).min())


def _windows(backend: Backend, texts: Sequence[str]) -> list[list[int]]:
    prefix, suffix = backend.special
    room = backend.max_tokens - len(prefix) - len(suffix)
    return [[*prefix, *pieces.ids[:room], *suffix] for pieces in backend.encode(texts)]
