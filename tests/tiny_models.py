"""Sentence-transformers models a few kilobytes large, with random weights, of every family that can be exported."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

WORDS = "the a boat harbour opens at six who wrote letter light water chair votes board and of in to is".split()
LETTERS = [*"abcdefghijklmnopqrstuvwxyz0123456789.,?$%()", *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz")]
SIZES: dict[str, Any] = {
    "vocab_size": 120,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 90,
    "pad_token_id": 1,
}
DISTILBERT = {"dim": 32, "n_layers": 2, "n_heads": 4, "hidden_dim": 64}


def save_tiny_model(
    folder: Path,
    family: str = "bert",
    *,
    pooling: str | tuple[str, ...] = "mean",
    dense: int = 0,
    normalised: bool = True,
    prompts: dict[str, str] | None = None,
    lower: bool = False,
    strength: float = 0.3,
    **changes: object,
) -> Path:
    """Write a model's folder; the same arguments always give the same weights."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules.dense import Dense
    from sentence_transformers.base.modules.normalize import Normalize
    from sentence_transformers.base.modules.transformer import Transformer
    from sentence_transformers.sentence_transformer.modules.pooling import Pooling
    from transformers import AutoConfig, AutoModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    bare = folder.with_name(f"{folder.name}-bare")
    torch.manual_seed(7)
    sizes = SIZES | (DISTILBERT if family == "distilbert" else {}) | changes
    network = AutoModel.from_config(AutoConfig.for_model(family, **sizes))
    with torch.no_grad():
        for parameter in network.parameters():  # strong enough for a wrong one to show
            parameter += torch.randn_like(parameter) * strength
    network.save_pretrained(bare)
    _save_tokenizer(bare)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transformer = Transformer(str(bare), max_seq_length=60, do_lower_case=lower)
        modules: list[Any] = [transformer, Pooling(32, pooling)]
        if dense:
            width = 32 * (1 if isinstance(pooling, str) else len(pooling))
            modules.append(Dense(width, dense))
        if normalised:
            modules.append(Normalize())
        SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder), create_model_card=False)
    if lower:  # the library notes it in the tokenizer; older folders have it here
        settings = folder / "sentence_bert_config.json"
        settings.write_text(json.dumps(json.loads(settings.read_text("utf-8")) | {"do_lower_case": True}), "utf-8")
    return folder


def save_tiny_language_model(folder: Path) -> Path:
    """Write the folder of a model that continues texts, with words of no sense; always the same ones."""
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.manual_seed(7)
    sizes: dict[str, Any] = {
        "vocab_size": 5 + len(WORDS) + len(LETTERS),
        "n_embd": 32,
        "n_layer": 2,
        "n_head": 4,
        "n_positions": 4096,
    }
    ends: dict[str, Any] = {"bos_token_id": 0, "eos_token_id": 2, "pad_token_id": 1}
    # untied, or it would say the last word again and again
    GPT2LMHeadModel(GPT2Config(**sizes, **ends, tie_word_embeddings=False)).save_pretrained(folder)
    _save_tokenizer(folder)
    return folder


def _save_tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import BertPreTokenizer
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    names = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"]
    ids = {word: at for at, word in enumerate([*names, *WORDS, *LETTERS])}
    tokenizer = Tokenizer(WordPiece(ids, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(name, ids[name]) for name in ("[CLS]", "[SEP]")]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        pad_token="[PAD]",
        mask_token="[MASK]",
        model_input_names=["input_ids", "attention_mask"],
    ).save_pretrained(folder)
