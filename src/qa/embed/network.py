"""The weights of a BERT-like network under one set of names, whatever its own family calls them.

Knows the families' files; knows nothing of how the network is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.embed.tensors import Floats, Tensors

ACTIVATIONS = {
    "gelu": "ms.Gelu",
    "gelu_new": "ms.FastGelu",
    "gelu_fast": "ms.FastGelu",
    "gelu_pytorch_tanh": "ms.FastGelu",
    "relu": "Relu",
}


class NotExportable(Exception):
    """A network that can't be turned into a graph here; the message says why."""


@dataclass(frozen=True, slots=True)
class Linear:
    """y = x @ weight + bias, with weight of shape (inputs, outputs)."""

    weight: Floats
    bias: Floats


@dataclass(frozen=True, slots=True)
class Norm:
    """Scale and shift of a layer normalisation."""

    scale: Floats
    shift: Floats


@dataclass(frozen=True, slots=True)
class Layer:
    """One encoder layer; `mix` makes queries, keys and values at once."""

    mix: Linear
    out: Linear
    out_norm: Norm
    widen: Linear
    narrow: Linear
    narrow_norm: Norm


@dataclass(frozen=True, slots=True)
class Network:
    """A whole encoder, without the tables its inputs are looked up in."""

    width: int
    norm: Norm
    layers: tuple[Layer, ...]
    heads: int
    epsilon: float
    activation: str
    has_distances: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """Where the network's inputs are looked up; mapped from the model's own file, never copied.

    `places` has a row for each position a text may take, token types included. `distances` has a row for each
    bucket of distances between two tokens and a column for each head, where the family has that.
    """

    words: Floats
    places: Floats
    distances: Floats | None = None


@dataclass(frozen=True, slots=True)
class _Names:
    """What a family calls its parts; `{}` stands for a layer's number."""

    mix: tuple[str, str, str]
    out: str
    out_norm: str
    widen: str
    narrow: str
    narrow_norm: str


_BERT = _Names(
    (
        "encoder.layer.{}.attention.self.query",
        "encoder.layer.{}.attention.self.key",
        "encoder.layer.{}.attention.self.value",
    ),
    "encoder.layer.{}.attention.output.dense",
    "encoder.layer.{}.attention.output.LayerNorm",
    "encoder.layer.{}.intermediate.dense",
    "encoder.layer.{}.output.dense",
    "encoder.layer.{}.output.LayerNorm",
)
_MPNET = _Names(
    (
        "encoder.layer.{}.attention.attn.q",
        "encoder.layer.{}.attention.attn.k",
        "encoder.layer.{}.attention.attn.v",
    ),
    "encoder.layer.{}.attention.attn.o",
    "encoder.layer.{}.attention.LayerNorm",
    _BERT.widen,
    _BERT.narrow,
    _BERT.narrow_norm,
)
_DISTILBERT = _Names(
    (
        "transformer.layer.{}.attention.q_lin",
        "transformer.layer.{}.attention.k_lin",
        "transformer.layer.{}.attention.v_lin",
    ),
    "transformer.layer.{}.attention.out_lin",
    "transformer.layer.{}.sa_layer_norm",
    "transformer.layer.{}.ffn.lin1",
    "transformer.layer.{}.ffn.lin2",
    "transformer.layer.{}.output_layer_norm",
)
_FAMILIES = {
    "bert": _BERT,
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "camembert": _BERT,
    "mpnet": _MPNET,
    "distilbert": _DISTILBERT,
}
_PADDED = ("roberta", "xlm-roberta", "camembert", "mpnet")  # positions begin after the padding's


_WORDS = "embeddings.word_embeddings.weight"


def read_tables(weights: Path, config: Mapping[str, Any]) -> Tables:
    """Map the tables of a model that was exported before; nothing else of its file is read."""
    read = _Reader(weights)
    distances = read.table("encoder.relative_attention_bias.weight") if config["model_type"] == "mpnet" else None
    return Tables(read.table(_WORDS), _places(read, config), distances)


def read_network(weights: Path, config: Mapping[str, Any]) -> Network:
    """Read a network from its file; raise NotExportable where its family or a part of it isn't known here."""
    family = config.get("model_type")
    names = _FAMILIES.get(str(family))
    if names is None:
        raise NotExportable(f"its architecture {family!r} is none of {', '.join(_FAMILIES)}")
    _refuse_variants(config)
    activation = str(config.get("hidden_act", config.get("activation", "gelu")))
    if activation not in ACTIVATIONS:
        raise NotExportable(f"its activation {activation!r} isn't known")
    try:
        read = _Reader(weights)
        depth = int(config["n_layers"] if family == "distilbert" else config["num_hidden_layers"])
        return Network(
            width=int(read.table(_WORDS).shape[1]),
            norm=read.norm("embeddings.LayerNorm"),
            layers=tuple(_layer(read, names, number) for number in range(depth)),
            heads=int(config["n_heads"] if family == "distilbert" else config["num_attention_heads"]),
            epsilon=float(config.get("layer_norm_eps", 1e-12)),
            activation=ACTIVATIONS[activation],
            has_distances=family == "mpnet",
        )
    except KeyError as exc:
        raise NotExportable(f"{weights.name} or its configuration has no {exc.args[0]}") from exc


def _refuse_variants(config: Mapping[str, Any]) -> None:
    if config.get("position_embedding_type", "absolute") not in (None, "absolute"):
        raise NotExportable(f"its positions are {config['position_embedding_type']!r}")
    if config.get("is_decoder") or config.get("add_cross_attention"):
        raise NotExportable("it is a decoder")
    if config.get("auto_map"):
        raise NotExportable("it brings code of its own")


class _Reader:
    """Reads tensors by the names they have in the bare network, whatever was wrapped around it."""

    def __init__(self, weights: Path) -> None:
        self._tensors = Tensors(weights)
        found = [name for name in self._tensors if name.endswith(_WORDS)]
        if len(found) != 1:
            raise NotExportable(f"{weights.name} has {len(found)} tables of word embeddings, not one")
        self._prefix = found[0].removesuffix(_WORDS)

    def has(self, name: str) -> bool:
        return self._prefix + name in self._tensors

    def table(self, name: str) -> Floats:
        return self._tensors[f"{self._prefix}{name}"]

    def linear(self, *names: str) -> Linear:
        """Read linear maps of the same input, side by side as one."""
        weight = np.concatenate([self.table(f"{name}.weight").T for name in names], axis=1)
        return Linear(weight, np.concatenate([self.table(f"{name}.bias") for name in names]))

    def norm(self, name: str) -> Norm:
        if self.has(f"{name}.gamma"):  # as the first checkpoints of all called them
            return Norm(self.table(f"{name}.gamma"), self.table(f"{name}.beta"))
        return Norm(self.table(f"{name}.weight"), self.table(f"{name}.bias"))


def _places(read: _Reader, config: Mapping[str, Any]) -> Floats:
    family = config["model_type"]
    default = 0 if family == "bert" else 1
    first = int(config.get("pad_token_id") or default) + 1 if family in _PADDED else 0
    places = read.table("embeddings.position_embeddings.weight")[first:]
    if read.has("embeddings.token_type_embeddings.weight"):
        places = places + read.table("embeddings.token_type_embeddings.weight")[0]
    return places


def _layer(read: _Reader, names: _Names, number: int) -> Layer:
    return Layer(
        mix=read.linear(*(name.format(number) for name in names.mix)),
        out=read.linear(names.out.format(number)),
        out_norm=read.norm(names.out_norm.format(number)),
        widen=read.linear(names.widen.format(number)),
        narrow=read.linear(names.narrow.format(number)),
        narrow_norm=read.norm(names.narrow_norm.format(number)),
    )
