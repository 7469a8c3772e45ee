"""Turns a checkpoint into ONNX files that run without torch, and measures these files.

`python -m training.export --checkpoint FILE --out DIR --data DIR [--test DIR]`. The word embeddings are the
bundled model's own, frozen in training, so the files leave them out: the first input is `word_vectors`,
the rows of that table for the word pieces (batch, length, 384). `reader-f16.onnx` stores weights as float16,
computing in float32; `reader-int8.onnx` has int8 weights by channel and quantises activations as they come,
after their outlying channels were evened out against the weights (SmoothQuant).
"""

from __future__ import annotations

import argparse
import copy
import hashlib
import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from training.data import Batch, Pair, load_pools, read_test_pairs
from training.evaluate import (
    Logits,
    Reading,
    Score,
    fit_score,
    measure,
    overlap,
    read_pairs,
    sample,
    write_json,
)
from training.model import Reader, base_model_folder
from training.tokens import Tokens
from training.train import infer_with, load_reader

logger = logging.getLogger("training")

Infer: TypeAlias = Callable[[Batch], Logits]
Sets: TypeAlias = dict[str, list[Pair]]

INPUTS = ("word_vectors", "attention_mask", "token_type_ids")
OUTPUTS = ("start_logits", "end_logits", "answerable_logit")
ALONE = 1  # passages a call: then no neighbour sets the range of quantised activations, and it is not slower
SMALL = 256  # a tensor with fewer numbers stays float32
SMOOTHING = 0.8  # 0.65 and 0.9 agree less with float32; at 0.5 and below the weights suffer more than is gained
ATTRIBUTION = (
    "all-MiniLM-L6-v2 (Apache-2.0); SQuAD 1.1 and 2.0 (CC BY-SA 4.0); Natural Questions (CC BY-SA 3.0); "
    "FairytaleQA, SelQA (Apache-2.0); QAMR (MIT); MedQuAD (CC BY 4.0); WikiTableQuestions (CC BY-SA 4.0)"
)


class Exported(nn.Module):
    """The reader from word vectors on; positions, types and their norm are inside (0.4 MB in float16)."""

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self.reader = reader

    def forward(
        self, word_vectors: Tensor, attention_mask: Tensor, token_type_ids: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Give the outputs in the order of `OUTPUTS`."""
        inner = self.reader.embeddings
        places = inner.position.weight[: word_vectors.shape[1]][None]
        x = inner.norm(word_vectors + places + inner.kind(token_type_ids))
        return self.reader.read(x, attention_mask, token_type_ids)


class Scale(nn.Module):
    """A factor for each channel."""

    def __init__(self, factors: Tensor) -> None:
        super().__init__()
        self.factors = nn.Parameter(factors)

    def forward(self, x: Tensor) -> Tensor:
        """Scale the last dimension."""
        return x * self.factors


def channel_peaks(reader: Reader, tokens: Tokens, pairs: list[Pair]) -> dict[str, Tensor]:
    """Observe the largest input of each channel of each linear map."""
    peaks: dict[str, Tensor] = {}

    def watch(name: str) -> Callable[..., None]:
        def look(_: nn.Module, given: tuple[Tensor, ...], __: Tensor) -> None:
            seen = given[0].detach().abs().flatten(0, -2).amax(0)
            peaks[name] = torch.maximum(peaks[name], seen) if name in peaks else seen

        return look

    linears = [(name, part) for name, part in reader.named_modules() if isinstance(part, nn.Linear)]
    hooks = [part.register_forward_hook(watch(name)) for name, part in linears]
    read_pairs(lambda batch: infer_with(reader, batch), tokens, pairs)
    for hook in hooks:
        hook.remove()
    return peaks


def smoothed(reader: Reader, peaks: dict[str, Tensor]) -> Reader:
    """Make the same function with outlying channels moved from activations into weights, for `store_as_int8`."""
    other = copy.deepcopy(reader)
    linears = [(name, part) for name, part in other.named_modules() if isinstance(part, nn.Linear)]
    for name, part in linears:
        if name.startswith("layers."):
            strength = part.weight.detach().abs().amax(0).clamp(min=1e-3)
            factors = peaks[name].clamp(min=1e-3) ** SMOOTHING / strength ** (1 - SMOOTHING)
            part.weight.data *= factors
            parent, _, own = name.rpartition(".")
            setattr(other.get_submodule(parent), own, nn.Sequential(Scale(1 / factors), part))
    return other


def export_float32(reader: Reader, path: Path) -> None:
    """Write the plain graph, any batch and any length up to the positions there are."""
    shape = {
        0: torch.export.Dim("batch", min=1, max=512),
        1: torch.export.Dim("length", min=4, max=reader.config.positions),
    }
    # two tensors: given one tensor twice, the exporter takes both inputs for the same one
    mask, kinds = torch.ones(2, 16, dtype=torch.int64), torch.ones(2, 16, dtype=torch.int64)
    torch.onnx.export(
        Exported(reader).eval(),
        (torch.randn(2, 16, reader.config.hidden), mask, kinds),
        str(path),
        input_names=list(INPUTS),
        output_names=list(OUTPUTS),
        dynamic_shapes=(shape, shape, shape),
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def store_as_float16(source: Path, target: Path) -> None:
    """Keep the graph, its weights in float16 behind a cast, which the runtime folds away on loading."""
    model = onnx.load(source)
    graph = model.graph
    casts = []
    for index, weight in enumerate(graph.initializer):
        if weight.data_type != onnx.TensorProto.FLOAT or np.prod(weight.dims) < SMALL:
            continue
        name, values = weight.name, onnx.numpy_helper.to_array(weight).astype(np.float16)
        graph.initializer[index].CopyFrom(onnx.numpy_helper.from_array(values, f"{name}.f16"))
        to = onnx.TensorProto.FLOAT
        casts.append(onnx.helper.make_node("Cast", [f"{name}.f16"], [name], name=f"{name}.cast", to=to))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, target)


def store_as_int8(source: Path, target: Path) -> None:
    """Quantise every product with a weight, by channel, to seven bits: eight overflow on processors without VNNI."""
    quantize_dynamic(
        source,
        target,
        op_types_to_quantize=["MatMul", "Gemm"],
        per_channel=True,
        reduce_range=True,
        weight_type=QuantType.QInt8,
    )


def note_in_file(path: Path, score: Score, step: int) -> None:
    """Let the score's three numbers, the step and the attribution travel with the weights."""
    model = onnx.load(path)
    notes = {
        "score": f"{score.verdict!r} {score.margin!r} {score.constant!r}",
        "step": str(step),
        "attribution": ATTRIBUTION,
    }
    onnx.helper.set_model_props(model, notes)
    onnx.save(model, path)


def runner(path: Path, table: NDArray[np.float32], threads: int) -> Infer:
    """Open a file for reading batches, the way the product does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def infer(batch: Batch) -> Logits:
        given = (table[batch.input_ids], batch.attention_mask, batch.token_type_ids)
        start, end, verdict = session.run(list(OUTPUTS), dict(zip(INPUTS, given, strict=True)))
        return start, end, verdict

    return infer


def largest_difference(truth: Logits, other: Logits, batch: Batch) -> float:
    """Find the largest difference of a logit that counts (not of padding or question)."""
    counts = (batch.attention_mask * batch.token_type_ids).astype(bool)
    counts[:, 0] = True
    spans = [np.abs(ours - theirs)[counts].max() for ours, theirs in zip(truth[:2], other[:2], strict=True)]
    return float(max(*spans, np.abs(truth[2] - other[2]).max()))


def agreement(pairs: list[Pair], truth: list[Reading], other: list[Reading]) -> dict[str, float]:
    """Compare two readers' spans, margins and verdicts on the same pairs."""
    both = list(zip(pairs, truth, other, strict=True))
    alike = [overlap(item.passage[one.begin : one.end], item.passage[two.begin : two.end]) for item, one, two in both]
    return {
        "pairs": len(pairs),
        "same_span": float(np.mean([(one.begin, one.end) == (two.begin, two.end) for _, one, two in both])),
        "f1_of_spans": float(np.mean(alike)),
        "mean_margin_difference": float(np.mean([abs(one.margin - two.margin) for _, one, two in both])),
        "mean_verdict_difference": float(np.mean([abs(one.verdict - two.verdict) for _, one, two in both])),
    }


def against_torch(reader: Reader, infer: Infer, tokens: Tokens, pairs: list[Pair]) -> dict[str, float]:
    """Compare a file with the float32 reader it was made from."""
    differences = []

    def plain(batch: Batch) -> Logits:
        return infer_with(reader, batch)

    def watched(batch: Batch) -> Logits:
        ours = infer(batch)
        differences.append(largest_difference(plain(batch), ours, batch))
        return ours

    figures = agreement(pairs, read_pairs(plain, tokens, pairs), read_pairs(watched, tokens, pairs, ALONE))
    return {"largest_logit_difference": max(differences), **figures}


def seconds_for(infer: Infer, rows: int, length: int, repeats: int = 5) -> float:
    """Time one call; the best of some."""
    ids = np.random.default_rng(1).integers(1000, 20000, (rows, length))
    kinds = np.ones_like(ids)
    kinds[:, :14] = 0
    nothing, ones = np.zeros(rows, np.int64), np.ones(rows, np.float32)
    batch = Batch(ids, np.ones_like(ids), kinds, nothing, nothing, ones, ones, ones)
    timings = []
    for _ in range(repeats):
        began = time.perf_counter()
        infer(batch)
        timings.append(time.perf_counter() - began)
    return min(timings)


def inspect(path: Path, reader: Reader, tokens: Tokens, sets: Sets, step: int, threads: int) -> dict[str, Any]:
    """Fit the file's score on the held-out squad articles, note it in the file, and measure on every set."""
    infer = runner(path, reader.embeddings.word.weight.detach().numpy(), threads)
    report: dict[str, Any] = {
        "against_torch_float32": against_torch(reader, infer, tokens, sample(sets["squad"], 200, 7)),
        "seconds_ten_passages_of_200": seconds_for(infer, 10, 200),
        "seconds_one_passage_of_200": seconds_for(infer, 1, 200),
    }
    readings = read_pairs(infer, tokens, sets["squad"], ALONE)
    score = fit_score(sets["squad"], readings)
    note_in_file(path, score, step)
    report |= {
        "bytes": path.stat().st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "score": asdict(score),
        "sets": {"squad": measure(sets["squad"], readings, score)},
    }
    for name, pairs in sets.items():
        if name != "squad":
            report["sets"][name] = measure(pairs, read_pairs(infer, tokens, pairs, ALONE), score)
    return report


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.export", description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="the training sets, for validation")
    parser.add_argument("--test", type=Path, help="folder of a test set")
    parser.add_argument("--counts", type=int, default=0, help="validation pairs a set; 0: all")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Write both files, then measure them, the int8 file first; `figures.json` grows meanwhile."""
    given = arguments()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logger.setLevel(logging.INFO)  # the exporter says a hundred lines of its own
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    reader, state = load_reader(given.checkpoint)
    plain, half, small = (given.out / f"reader-{kind}.onnx" for kind in ("f32", "f16", "int8"))
    tokens = Tokens(base_model_folder() / "tokenizer.json")
    pools = load_pools(given.data, state["plan"]["seed"])
    export_float32(reader, plain)
    store_as_float16(plain, half)
    calibration = [pair for name in ("squad", "fairytaleqa") for pair in sample(pools.training[name], 60, 7)]
    export_float32(smoothed(reader, channel_peaks(reader, tokens, calibration)), plain)
    store_as_int8(plain, small)
    plain.unlink()
    sets = {name: sample(pairs, given.counts or len(pairs), 7) for name, pairs in pools.validation.items()}
    if given.test:
        sets["test"] = read_test_pairs(given.test)
    step = state["plan"]["step"]
    report: dict[str, Any] = {"step": step, "examples": state["plan"]["examples"], "files": {}}
    run = given.checkpoint.with_name("figures.json")
    if run.exists():
        report["run"] = json.loads(run.read_text("utf-8"))
    for path in (small, half):
        report["files"][path.name] = inspect(path, reader, tokens, sets, step, given.threads)
        write_json(given.out / "figures.json", report)
        logger.info("%s: %d bytes", path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
