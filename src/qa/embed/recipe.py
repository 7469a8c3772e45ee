"""What a sentence-transformers folder says of itself: limit, prompts, pooling, and what follows the pooling.

Reads the folder's own JSON files; knows nothing of tokens, runtimes or other models.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qa.embed.network import NotExportable
from qa.embed.tensors import Floats, Tensors

_SMALLEST = 1e-12
_NO_LIMIT = 100_000  # tokenizers without a limit say 1e30

# mode → states of one text (tokens, width) to one vector
POOLINGS: dict[str, Callable[[Floats], Floats]] = {
    "cls": lambda states: states[0],
    "max": lambda states: states.max(axis=0),
    "mean": lambda states: states.mean(axis=0, dtype=np.float32),
    "mean_sqrt_len_tokens": lambda states: states.sum(axis=0) / np.float32(len(states) ** 0.5),
    "weightedmean": lambda states: np.average(states, axis=0, weights=np.arange(1, len(states) + 1)).astype(np.float32),
    "lasttoken": lambda states: states[-1],
}
_SWITCHES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}


@dataclass(frozen=True, slots=True)
class Dense:
    """A linear map after the pooling."""

    weight: Floats
    bias: Floats
    bent: bool  # by tanh

    def __call__(self, rows: Floats) -> Floats:
        """Map rows of shape (n, inputs)."""
        mapped: Floats = rows @ self.weight + self.bias
        if self.bent:
            np.tanh(mapped, out=mapped)
        return mapped


def normalised(rows: Floats) -> Floats:
    """Scale rows to unit length; a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = (rows / np.maximum(lengths, _SMALLEST)).astype(np.float32)
    return unit


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a folder's model makes a vector; `steps` follow the pooling."""

    config: dict[str, Any]
    limit: int  # tokens, as far as the folder's files say; the network may have fewer positions
    lowercase: bool
    prompts: dict[str, str]
    pooling: tuple[str, ...]
    steps: tuple[Callable[[Floats], Floats], ...]

    def pool(self, states: Floats) -> Floats:
        """Return one text's vector from its tokens' states."""
        pooled = np.concatenate([POOLINGS[mode](states) for mode in self.pooling])
        vector: Floats = self.finish(pooled[None])[0]
        return vector

    def finish(self, rows: Floats) -> Floats:
        """Do to pooled rows what the model does after pooling."""
        for step in self.steps:
            rows = step(rows)
        return rows

    def sentence(self, means: Floats) -> Floats:
        """Make rows of sentences from the mean states of their tokens, comparable with the model's vectors."""
        return self.finish(np.tile(means, (1, len(self.pooling))))


def read_recipe(folder: Path) -> Recipe:
    """Read a folder's files; raise NotExportable where they ask for something that isn't known here."""
    modules = [(str(module["type"]).rpartition(".")[2], module["path"]) for module in _json(folder / "modules.json")]
    kinds = [kind for kind, _ in modules]
    if kinds[:2] != ["Transformer", "Pooling"] or modules[0][1]:
        raise NotExportable(f"its modules are {', '.join(kinds)}, not Transformer and Pooling first")
    if not (folder / "tokenizer.json").is_file():
        raise NotExportable("it has no tokenizer.json")
    config, settings = _json(folder / "config.json"), _settings(folder)
    if settings.get("transformer_task", "feature-extraction") != "feature-extraction":
        raise NotExportable(f"its task is {settings['transformer_task']!r}")
    return Recipe(
        config=config,
        limit=_limit(folder, config, settings),
        lowercase=bool(settings.get("do_lower_case")),
        prompts=_optional(folder / "config_sentence_transformers.json").get("prompts") or {},
        pooling=_pooling(_json(folder / modules[1][1] / "config.json")),
        steps=tuple(_step(kind, folder / path) for kind, path in modules[2:]),
    )


def _settings(folder: Path) -> dict[str, Any]:
    # sentence_bert_config.json, or sentence_roberta_config.json and so on in older folders
    found = sorted(folder.glob("sentence_*_config.json"))
    return _optional(found[0]) if found else {}


def _limit(folder: Path, config: dict[str, Any], settings: dict[str, Any]) -> int:
    if settings.get("max_seq_length"):
        return int(settings["max_seq_length"])
    said = _optional(folder / "tokenizer_config.json").get("model_max_length") or _NO_LIMIT
    return int(min(said, config.get("max_position_embeddings") or _NO_LIMIT, _NO_LIMIT))


def _pooling(config: dict[str, Any]) -> tuple[str, ...]:
    named = config.get("pooling_mode")
    if named is None:
        named = [mode for switch, mode in _SWITCHES.items() if config.get(switch)] or ["mean"]
    modes = (named,) if isinstance(named, str) else tuple(named)
    for mode in modes:
        if mode not in POOLINGS:
            raise NotExportable(f"its pooling {mode!r} isn't known")
    return modes


def _step(kind: str, folder: Path) -> Callable[[Floats], Floats]:
    if kind == "Normalize":
        return normalised
    if kind != "Dense":
        raise NotExportable(f"its module {kind} isn't known")
    config, weights = _json(folder / "config.json"), folder / "model.safetensors"
    bend = str(config.get("activation_function") or "Identity").rpartition(".")[2]
    names: Sequence[object] = (config.get("module_input_name"), config.get("module_output_name"))
    if bend not in ("Tanh", "Identity") or config.get("use_residual") or set(names) - {None, "sentence_embedding"}:
        raise NotExportable(f"its module Dense in {folder.name} is of a kind that isn't known")
    if not weights.is_file():
        raise NotExportable(f"{folder.name}/{weights.name} is missing")
    tensors = Tensors(weights)
    weight = tensors["linear.weight"].T
    bias = tensors["linear.bias"] if "linear.bias" in tensors else np.zeros(weight.shape[1], np.float32)
    return Dense(weight, bias, bend == "Tanh")


def _json(path: Path) -> Any:  # noqa: ANN401 -- whatever the file holds
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise NotExportable(f"{path.name} can't be read ({exc})") from exc


def _optional(path: Path) -> dict[str, Any]:
    return dict(_json(path)) if path.is_file() else {}
