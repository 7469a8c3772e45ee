"""The code of docs/extending.md, taken from the page as a reader would: modules, settings, entry points."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[1] / "docs" / "extending.md"
_BLOCK = re.compile(r"^```(python|toml)\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[tuple[str, str]]:
    """Return (file name, content) of each block of code, in order."""
    return [(name, code) for _, name, code in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))]


def install(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """Put the page's package where Python finds it, with the entry points its pyproject.toml declares."""
    about = folder / "quoth_extras-0.1.0.dist-info"
    about.mkdir(parents=True)
    for name, code in blocks():
        if name.endswith(".py"):
            (folder / name).write_text(code, encoding="utf-8")
            patch.delitem(sys.modules, name.removesuffix(".py"), raising=False)  # of a test before
    groups = project()["project"]["entry-points"]
    lines = [
        f"[{group}]\n" + "".join(f"{name} = {value}\n" for name, value in groups[group].items()) for group in groups
    ]
    (about / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: quoth-extras\nVersion: 0.1.0\n", encoding="utf-8")
    patch.syspath_prepend(folder)
    return folder


def offer(folder: Path, group: str, line: str) -> None:
    """Let the package in a folder offer one thing more."""
    path = folder / "quoth_extras-0.1.0.dist-info" / "entry_points.txt"
    path.write_text(path.read_text(encoding="utf-8").replace(f"[{group}]", f"[{group}]\n{line}"), encoding="utf-8")
    if f"[{group}]" not in path.read_text(encoding="utf-8"):
        path.write_text(f"{path.read_text(encoding='utf-8')}\n[{group}]\n{line}\n", encoding="utf-8")


def project() -> dict[str, Any]:
    """Return the page's pyproject.toml."""
    return tomllib.loads(dict(blocks())["pyproject.toml"])


def settings_of(table: str) -> dict[str, Any]:
    """Return the settings of the page's qa.toml that holds a table."""
    found = [tomllib.loads(code) for name, code in blocks() if name == "qa.toml"]
    return next(one for one in found if table in one)
