"""`python -m evals.tables`: long tables, asked for a cell of a row far below the header.

Six tables with the same 62 row labels and made-up numbers, so that only the header tells one from another.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qa.config import load_settings
from qa.engine import Engine, build
from qa.types import Verdict

_SEED = 3
_NEAR = 15  # rows that stand near the header anyway
_SHARE = 0.3  # of the others that are asked for
_PLACES = """
    Portugal Norway Chile Kenya Vietnam Canada Iceland Peru Ghana Nepal Cuba Oman Fiji Malta Qatar Latvia Poland Greece
    Turkey Jordan Israel Egypt Sudan Angola Zambia Malawi Rwanda Uganda Niger Mali Chad Gabon Togo Benin Haiti Belize
    Panama Guyana Brazil Bolivia Paraguay Uruguay Argentina Ecuador Colombia Honduras Jamaica Barbados Ireland Belgium
    Austria Hungary Romania Bulgaria Serbia Croatia Slovenia Albania Estonia Finland Sweden Denmark
""".split()
_COLUMNS = (
    ("Area (km2)", "Forest cover (%)", "Highest point (m)", "Coastline (km)"),
    ("Population", "Median age", "Birth rate", "Life expectancy"),
    ("Exports to the US", "Imports from the US", "Tariff rate (%)", "Trade balance"),
    ("Hospital beds", "Physicians per 1,000", "Infant deaths", "Vaccination share (%)"),
    ("Oil production", "Solar capacity (MW)", "Coal use", "Electricity price"),
    ("Pupils per teacher", "Literacy (%)", "University places", "School years"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """A question for one cell: the label of its row, and what stands in it."""

    question: str
    row: str
    value: str


def main(argv: Sequence[str] | None = None) -> int:
    """Write the tables, index them, ask, print."""
    parser = argparse.ArgumentParser(prog="python -m evals.tables", description=__doc__.splitlines()[0])
    parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as scratch:
        work = Path(scratch)
        cells = write_tables(work / "docs")
        settings = load_settings({"index": work / "index"}, environ={}, folder=work)
        build(settings, [work / "docs"])
        engine = Engine.open(settings)
        first = five = quoted = 0
        for cell in cells:
            answer = engine.ask(cell.question).answer
            held = [cell.row in passage.text and cell.value in passage.text for passage in answer.passages[:5]]
            first, five = first + held[0], five + any(held)
            quoted += answer.verdict is Verdict.ANSWERED and cell.value in answer.text
    print(f"{len(cells)} cells, {len(engine.index)} chunks: hit@1, hit@5, cell's row quoted in an answer")
    print(" ".join(f"{count / len(cells):.3f}" for count in (first, five, quoted)))
    return 0


def write_tables(folder: Path) -> list[Cell]:
    """Write one file a table; return the questions."""
    folder.mkdir(parents=True)
    rng = random.Random(_SEED)
    cells = []
    for number, columns in enumerate(_COLUMNS):
        rows = rng.sample(_PLACES, len(_PLACES))
        lines = ["| Country | " + " | ".join(columns) + " |", "|---|---|---|---|---|"]
        for at, row in enumerate(rows):
            values = [str(rng.randint(100, 99_999)) for _ in columns]
            lines.append(f"| {row} | " + " | ".join(values) + " |")
            if at > _NEAR and rng.random() < _SHARE:
                column = rng.randrange(len(columns))
                asked = columns[column].split(" (")[0].lower()
                cells.append(Cell(f"What was {asked} in {row}?", row, values[column]))
        text = "Figures by country, 2021. Source: statistical office.\n\n" + "\n".join(lines) + "\n\nEnd of table.\n"
        (folder / f"annex-{number}.md").write_text(text, encoding="utf-8")
    return cells


if __name__ == "__main__":
    sys.exit(main())
