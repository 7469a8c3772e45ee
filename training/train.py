"""Trains the reader, on one CPU core or a GPU, within a wall-clock budget, resumably.

`python -m training.train --data DIR --out DIR --minutes N [--resume | --extend | --start FILE]`. Owns the optimiser,
the schedule and the checkpoints. Where the device has bfloat16, the encoder runs in it and the optimiser moves a
float32 copy of its weights; elsewhere all is float32.
"""

from __future__ import annotations

import argparse
import copy
import logging
import math
import os
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training.data import (
    HASHES,
    MIXTURE,
    Batch,
    Example,
    Pair,
    Pools,
    collate,
    epoch_batches,
    epoch_pairs,
    load_pools,
    read_test_pairs,
)
from training.evaluate import Logits, fit_score, measure, read_pairs, sample, write_json
from training.model import Reader, base_model_folder, from_base
from training.second import SECOND, SecondStage
from training.third import MADE, THIRD, ThirdStage
from training.tokens import Tokens

logger = logging.getLogger("training")

CHECKPOINT = "checkpoint.pt"


@dataclass
class Plan:
    """What a resumed run must share with the run it resumes, and how far that one came."""

    seed: int = 7
    stage: int = 1  # 1: `data.MIXTURE`; 2: `second.SECOND`; 3: `third.THIRD`
    batch: int = 32
    rate: float = 2e-4
    warm_up: float = 0.06  # share of the budget
    verdict_share: float = 0.5  # weight of the answerability loss beside the span loss
    limit: int = 0  # examples an epoch; 0: the whole mixture
    minutes: float = 90.0
    elapsed: float = 0.0  # seconds of the present budget
    trained: float = 0.0  # seconds in all, evaluations left out
    epoch: int = 0
    place: int = 0  # next batch of the epoch
    step: int = 0
    examples: int = 0

    def factor(self) -> float:
        """Give the learning rate's factor now: linear up, then down to zero at the end of the budget."""
        done = min(1.0, self.elapsed / (60 * self.minutes))
        return done / self.warm_up if done < self.warm_up else (1 - done) / (1 - self.warm_up)


def losses(output: tuple[Tensor, Tensor, Tensor], batch: Batch) -> tuple[Tensor, Tensor]:
    """Give span loss (start and end; "no answer" is place 0) and answerability loss, weighted means."""
    start, end, verdict = output
    first, last, answerable, span_weight, verdict_weight = (
        torch.from_numpy(part).to(start.device)
        for part in (batch.start, batch.end, batch.answerable, batch.span_weight, batch.verdict_weight)
    )
    span = 0.5 * (
        functional.cross_entropy(start.float(), first, reduction="none")
        + functional.cross_entropy(end.float(), last, reduction="none")
    )
    told = functional.binary_cross_entropy_with_logits(verdict.float(), answerable, reduction="none")
    return (span * span_weight).mean(), (told * verdict_weight).mean()


def tensors(batch: Batch, device: torch.device | str = "cpu") -> tuple[Tensor, Tensor, Tensor]:
    """Give what the reader takes, on its device."""
    return (
        torch.from_numpy(batch.input_ids).to(device),
        torch.from_numpy(batch.attention_mask).to(device),
        torch.from_numpy(batch.token_type_ids).to(device),
    )


def working_dtype(device: str) -> torch.dtype:
    """Give what the encoder computes in: bfloat16 where the device multiplies in it, else float32."""
    if device != "cpu":
        return torch.bfloat16
    # "CPU capability" doesn't tell: oneDNN uses avx512_bf16 or amx where the processor has them
    has = getattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if has else torch.float32


def infer_with(reader: Reader, batch: Batch) -> Logits:
    """Read a batch without learning from it."""
    with torch.inference_mode():
        start, end, verdict = reader(*tensors(batch, reader.span.weight.device))
    return start.float().cpu().numpy(), end.float().cpu().numpy(), verdict.float().cpu().numpy()


class Trainer:
    """The float32 weights, their working copy and the optimiser."""

    def __init__(self, plan: Plan, device: str = "cpu") -> None:
        self.plan = plan
        self.device = device
        self.master = from_base(seed=plan.seed).to(device)
        self.worker = copy.deepcopy(self.master)
        self.worker.layers.to(working_dtype(device))
        self.pairs = [
            (ours, theirs)
            for ours, theirs in zip(self.master.parameters(), self.worker.parameters(), strict=True)
            if ours.requires_grad
        ]
        heads = {id(part) for name, part in self.master.named_parameters() if not name.startswith("layers.")}
        matrices = [ours for ours, _ in self.pairs if ours.ndim > 1 and id(ours) not in heads]
        vectors = [ours for ours, _ in self.pairs if ours.ndim == 1 and id(ours) not in heads]
        fresh = [ours for ours, _ in self.pairs if id(ours) in heads]
        self.optimiser = torch.optim.AdamW(
            [
                {"params": matrices, "weight_decay": 0.01, "scale": 1.0},
                {"params": vectors, "weight_decay": 0.0, "scale": 1.0},
                {"params": fresh, "weight_decay": 0.0, "scale": 3.0},
            ],
            lr=plan.rate,
            betas=(0.9, 0.98),
            eps=1e-6,
            fused=True,
        )

    def step(self, batch: Batch) -> tuple[float, float]:
        """Learn from one batch; gives its span and answerability loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.plan.rate * self.plan.factor() * group["scale"]
        span, told = losses(self.worker(*tensors(batch, self.device)), batch)
        torch.autograd.backward([span + self.plan.verdict_share * told])
        for ours, theirs in self.pairs:
            ours.grad = None if theirs.grad is None else theirs.grad.float()
            theirs.grad = None
        torch.nn.utils.clip_grad_norm_([ours for ours, _ in self.pairs], 1.0)
        self.optimiser.step()
        self.refresh()
        return span.item(), told.item()

    def refresh(self) -> None:
        """Bring the working copy up to the float32 weights."""
        with torch.no_grad():
            for ours, theirs in self.pairs:
                theirs.copy_(ours)

    def save(self, path: Path, log: list[dict[str, Any]]) -> None:
        """Write a checkpoint that is whole or absent; the frozen embeddings stay out."""
        weights = {name: part for name, part in self.master.state_dict().items() if "embeddings" not in name}
        partial = path.with_suffix(".partial")
        torch.save(
            {
                "plan": asdict(self.plan),
                "weights": weights,
                "optimiser": self.optimiser.state_dict(),
                "torch_rng": torch.get_rng_state(),
                "log": log,
            },
            partial,
        )
        os.replace(partial, path)

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Take up weights alone: a run of its own begins from them."""
        absent = self.master.load_state_dict({name: part.float() for name, part in weights.items()}, strict=False)
        if absent.unexpected_keys or any("embeddings" not in name for name in absent.missing_keys):
            raise ValueError(f"not the weights of this reader: {absent}")
        self.refresh()

    def load(self, state: dict[str, Any]) -> None:
        """Take up weights, optimiser and random state of a checkpoint; its plan is the caller's."""
        self.master.load_state_dict(state["weights"], strict=False)
        self.optimiser.load_state_dict(state["optimiser"])
        torch.set_rng_state(state["torch_rng"])
        self.refresh()


def load_reader(path: Path) -> tuple[Reader, dict[str, Any]]:
    """Load the float32 reader of a checkpoint, and all else in it."""
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    reader = from_base()
    absent = reader.load_state_dict(state["weights"], strict=False)
    if absent.unexpected_keys or any("embeddings" not in name for name in absent.missing_keys):
        raise ValueError(f"{path}: not a checkpoint of this reader ({absent}). Train again, or fetch the right one.")
    return reader.eval(), state


def starting_weights(path: Path) -> dict[str, Tensor]:
    """Read weights to begin with: out of the file that ships, or of a float16 checkpoint."""
    if path.suffix == ".onnx":
        from training.dequantise import read_weights

        return read_weights(path)
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)["weights"]
    return weights


def evaluate_reader(reader: Reader, tokens: Tokens, pools: Pools, tests: list[Pair], counts: int) -> dict[str, Any]:
    """Measure on all sets; the score is fitted on the held-out squad articles. `counts` 0: all pairs."""

    def infer(batch: Batch) -> Logits:
        return infer_with(reader, batch)

    report: dict[str, Any] = {}
    chosen = {name: sample(pairs, counts or len(pairs), 7) for name, pairs in pools.validation.items()}
    readings = {name: read_pairs(infer, tokens, pairs) for name, pairs in chosen.items()}
    score = fit_score(chosen["squad"], readings["squad"])
    report["score"] = asdict(score)
    for name, pairs in chosen.items():
        report[name] = measure(pairs, readings[name], score)
    if tests:
        some = sample(tests, 600 if counts else len(tests), 7)
        report["test"] = measure(some, read_pairs(infer, tokens, some), score)
    return report


class Run:
    """One sitting of training: order of the data, clock, log, checkpoints."""

    def __init__(
        self, trainer: Trainer, pools: Pools, tokens: Tokens, tests: list[Pair], out: Path, data: Path
    ) -> None:
        self.trainer, self.pools, self.tokens, self.tests, self.out = trainer, pools, tokens, tests, out
        self.later: SecondStage | ThirdStage | None = None
        if trainer.plan.stage == 2:
            self.later = SecondStage(pools, tokens, trainer.plan.seed, out)
        elif trainer.plan.stage == 3:
            self.later = ThirdStage(pools, trainer.plan.seed, data)
        self.log: list[dict[str, Any]] = []
        self.stopping = False

    def batches(self) -> list[list[Example]]:
        """Lay out the present epoch; the same plan gives the same batches."""
        plan = self.trainer.plan
        if self.later:
            pairs = self.later.pairs(plan.epoch, plan.limit)
        else:
            pairs = epoch_pairs(self.pools, plan.seed, plan.epoch, plan.limit)
        self.tokens.learn(text for item in pairs for text in (item.question, item.passage, item.context))
        made = epoch_batches(self.tokens, pairs, plan.seed, plan.epoch, plan.batch)
        lengths = [one.length for batch in made for one in batch]
        logger.info("epoch %d: %d batches, %.0f pieces a row", plan.epoch, len(made), np.mean(lengths))
        return made

    def assess(self, counts: int) -> None:
        """Measure on samples and log it."""
        began = time.monotonic()
        report = evaluate_reader(self.trainer.worker, self.tokens, self.pools, self.tests, counts)
        plan = self.trainer.plan
        self.log.append({"step": plan.step, "examples": plan.examples, "evaluation": report})
        logger.info("evaluated in %.0f s: %s", time.monotonic() - began, brief(report))

    def go(self, checkpoint_seconds: float, looks: int, counts: int) -> None:
        """Train until the budget is spent or a signal asks to stop; ends with a checkpoint either way."""
        plan, trainer = self.trainer.plan, self.trainer
        before = plan.elapsed
        began = saved = time.monotonic()
        recent: list[tuple[float, float, int, float]] = []
        batches = self.batches()
        next_look = (math.floor(plan.elapsed / (60 * plan.minutes) * looks) + 1) / looks
        while plan.elapsed < 60 * plan.minutes and not self.stopping:
            if plan.place >= len(batches):
                plan.epoch, plan.place = plan.epoch + 1, 0
                batches = self.batches()
            tick = time.monotonic()
            batch = batches[plan.place]
            span, told = trainer.step(collate(self.tokens, batch))
            took = time.monotonic() - tick
            plan.place, plan.step, plan.examples = plan.place + 1, plan.step + 1, plan.examples + len(batch)
            plan.trained += took
            plan.elapsed = before + time.monotonic() - began
            if not math.isfinite(span + told):
                raise ValueError(f"step {plan.step}: the loss is not finite. Resume with a lower --rate.")
            recent.append((span, told, len(batch), took))
            if len(recent) == 50:
                self.note(recent)
                recent = []
            if plan.elapsed / (60 * plan.minutes) >= next_look and next_look < 1:
                self.assess(counts)
                next_look += 1 / looks
                plan.elapsed = before + time.monotonic() - began
            if time.monotonic() - saved > checkpoint_seconds:
                trainer.save(self.out / CHECKPOINT, self.log)
                saved = time.monotonic()
        trainer.save(self.out / CHECKPOINT, self.log)
        logger.info("stopped at step %d, %d examples, %.0f s", plan.step, plan.examples, plan.elapsed)

    def note(self, recent: list[tuple[float, float, int, float]]) -> None:
        """Log the means of the latest steps."""
        plan = self.trainer.plan
        entry = {
            "step": plan.step,
            "examples": plan.examples,
            "minutes": plan.elapsed / 60,
            "span_loss": float(np.mean([one[0] for one in recent])),
            "verdict_loss": float(np.mean([one[1] for one in recent])),
            "examples_a_second": sum(one[2] for one in recent) / sum(one[3] for one in recent),
            "factor": plan.factor(),
        }
        self.log.append(entry)
        logger.info("%s", " ".join(f"{key} {value:.4g}" for key, value in entry.items()))

    def figures(self) -> dict[str, Any]:
        """Gather what is worth keeping of the run."""
        plan = self.trainer.plan
        mixture = {1: MIXTURE, 2: SECOND, 3: THIRD | MADE}[plan.stage]
        return {
            "plan": asdict(plan),
            "examples_a_second": plan.examples / max(plan.trained, 1e-9),
            "data_sha256": HASHES,
            "mixture": {name: share or len(self.pools.training[name]) for name, share in mixture.items()},
            "pools": {name: len(pairs) for name, pairs in self.pools.training.items()},
            "validation": {name: len(pairs) for name, pairs in self.pools.validation.items()},
            "log": self.log,
        }


def brief(report: dict[str, Any]) -> str:
    """Put a report on one line."""
    parts = []
    for name, figures in report.items():
        if name != "score":
            span = figures["span"]
            curves = " ".join(f"{key[6:]} {one['score']:.3f}" for key, one in figures.items() if key != "span")
            parts.append(f"{name}: F1 {span['f1']:.3f} EM {span['exact']:.3f} sent {span['sentence']:.3f} {curves}")
    return " | ".join(parts)


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m training.train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the training sets")
    parser.add_argument("--out", type=Path, required=True, help="folder for caches, checkpoints and figures")
    parser.add_argument(
        "--test", type=Path, help="folder of a test set (corpus.jsonl, queries.jsonl); never trained on"
    )
    parser.add_argument("--minutes", type=float, default=Plan.minutes, help="budget; the learning rate is zero by then")
    parser.add_argument("--resume", action="store_true", help="go on with the checkpoint and its plan")
    parser.add_argument(
        "--extend",
        action="store_true",
        help="go on with the checkpoint's weights, re-warmed, in stage 2, for --minutes",
    )
    parser.add_argument(
        "--start",
        type=Path,
        help="begin stage 3 from these weights: a file that ships (.onnx) or a float16 checkpoint (.pt)",
    )
    parser.add_argument("--device", default="cpu", help="cpu, or cuda")
    parser.add_argument("--batch", type=int, default=Plan.batch)
    parser.add_argument("--rate", type=float, default=Plan.rate, help="highest learning rate")
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--limit", type=int, default=0, help="examples an epoch, for a trial run")
    parser.add_argument("--looks", type=int, default=4, help="evaluations on samples during the run, the end included")
    parser.add_argument("--counts", type=int, default=500, help="validation pairs a set in these evaluations")
    parser.add_argument("--checkpoint-minutes", type=float, default=10.0)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Train, evaluate on samples at the end, write `figures.json`."""
    given = arguments()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "PIDFILE").write_text(f"{os.getpid()}\n", "utf-8")
    plan = Plan(seed=given.seed, rate=given.rate, limit=given.limit, minutes=given.minutes, batch=given.batch)
    state: dict[str, Any] | None = None
    if given.resume or given.extend:
        state = torch.load(given.out / CHECKPOINT, map_location="cpu", weights_only=True)
        plan = Plan(**state["plan"])
    if given.extend:
        plan.elapsed, plan.minutes, plan.rate = 0.0, given.minutes, given.rate
        if plan.stage == 1:
            plan.stage, plan.epoch, plan.place, plan.limit = 2, 0, 0, given.limit
    if given.start:
        plan.stage = 3
    trainer = Trainer(plan, given.device)
    if given.start:
        trainer.start_from(starting_weights(given.start))
    tokens = Tokens(base_model_folder() / "tokenizer.json", given.out / "tokens.npz")
    pools = load_pools(given.data, plan.seed)
    tests = read_test_pairs(given.test) if given.test else []
    run = Run(trainer, pools, tokens, tests, given.out, given.data)
    if state is not None:
        trainer.load(state)
        run.log = state["log"]

    def stop(*_: object) -> None:
        run.stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    run.go(60 * given.checkpoint_minutes, given.looks, given.counts)
    if not run.stopping:
        run.assess(given.counts)
        trainer.save(given.out / CHECKPOINT, run.log)
    write_json(given.out / "figures.json", run.figures())


if __name__ == "__main__":
    main()
