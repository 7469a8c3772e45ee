"""`python -m training.average A B --out C`: a checkpoint whose weights lie half way between two of one run.

A later stage gains on what it was trained on and loses a little elsewhere; half way keeps most of the gain and
none of the loss (Wortsman et al. 2022, "Model soups").
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch


def main() -> None:
    """Write the average; all but the weights is the second checkpoint's."""
    parser = argparse.ArgumentParser(prog="python -m training.average", description=__doc__)
    parser.add_argument("checkpoints", type=Path, nargs=2)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    first, second = (torch.load(path, weights_only=True) for path in given.checkpoints)
    torch.save(second | {"weights": average(first["weights"], second["weights"])}, given.out)


def average(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the mean of two states of one network; raise ValueError where they don't have the same tensors."""
    if first.keys() != second.keys():
        raise ValueError("the checkpoints aren't of one network")
    return {
        name: (first[name] + second[name]) / 2 if second[name].is_floating_point() else second[name] for name in second
    }


if __name__ == "__main__":
    main()
