"""Results to Markdown: one table a set, systems as rows, each figure with its interval."""

from __future__ import annotations

import math
from typing import Any

_SHOWN = {
    "us-mexico": ("answerable, Spanish aside", ("hit@1", "hit@5", "MRR", "all@5", "cont", "mark.F1")),
    "scifact": ("answerable", ("nDCG@10", "recall@100", "MRR@10", "hit@1")),
}
_DEFAULT = ("answerable", ("hit@1", "hit@5", "MRR@10", "sentence holds it", "mark F1", "answer holds it"))
_ABSTENTION = ("AUROC", "false answers at 80%", "false answers at 90%", "refusal recall", "answerable refused")


def to_markdown(whole: dict[str, Any]) -> str:
    """Return the tables, with the commit and the machine they were measured on."""
    machine = whole["machine"]
    lines = [f"Commit {whole['commit']}, {machine['cores']} cores, {machine['processor']}, Python {machine['python']}."]
    if whole["limit"]:
        lines.append(f"At most {whole['limit']} questions a set, evenly picked.")
    for name, systems in whole["sets"].items():
        kind, figures = _SHOWN.get(name, _DEFAULT)
        first = next(iter(systems.values())).get(kind, {})
        shown = [figure for figure in figures if figure in first]
        refusing = [figure for figure in _ABSTENTION if figure in next(iter(systems.values()))["abstention"]]
        count = max((estimate["n"] for estimate in first.values()), default=0)
        lines += ["", f"### {name} ({kind}: {count} questions)", ""]
        lines.append("| system | " + " | ".join([*shown, *refusing, "ms p50 / p95"]) + " |")
        lines.append("|---" * (len(shown) + len(refusing) + 2) + "|")
        for system, result in systems.items():
            cells = [_cell(result.get(kind, {}).get(figure)) for figure in shown]
            cells += [_plain(result["abstention"].get(figure)) for figure in refusing]
            took = result["milliseconds"]
            cells.append(f"{took['p50']:.0f} / {took['p95']:.0f}" if took["p95"] else "")
            lines.append(f"| {system} | " + " | ".join(cells) + " |")
        lines += _by_kind(systems)
    return "\n".join(lines) + "\n"


def _by_kind(systems: dict[str, Any]) -> list[str]:
    """Return the first system's figures by question type, where there is more than one."""
    name, result = next(iter(systems.items()))
    kinds = [kind for kind in result if kind not in ("abstention", "milliseconds")]
    if len(kinds) < 2:
        return []
    shown = list(dict.fromkeys(figure for kind in kinds for figure in result[kind]))
    lines = ["", f"{name}, by type:", "", "| type | n | " + " | ".join(shown) + " |", "|---" * (len(shown) + 2) + "|"]
    for kind in kinds:
        count = max(estimate["n"] for estimate in result[kind].values())
        cells = [_plain((result[kind].get(figure) or {}).get("mean")) for figure in shown]
        lines.append(f"| {kind} | {count} | " + " | ".join(cells) + " |")
    return lines


def _cell(estimate: dict[str, float] | None) -> str:
    if not estimate or math.isnan(estimate["mean"]):
        return ""
    return f"{estimate['mean']:.3f} ({estimate['low']:.2f}–{estimate['high']:.2f})"


def _plain(value: float | None) -> str:
    return "" if value is None or math.isnan(value) else f"{value:.3f}"
