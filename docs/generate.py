"""Writes docs/cli.md and docs/config.md from the code; a test fails where they are out of date."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from qa.arguments import build_parser
from qa.config import Settings, load_settings, setting_names

_HERE = Path(__file__).parent


def cli_page() -> str:
    """Return the page of commands: each one's own help, at 80 columns."""
    os.environ["COLUMNS"] = "80"
    os.environ["NO_COLOR"] = "1"
    parser = build_parser()
    lines = [
        "# Commands",
        "",
        "Made from the program's own help by `make docs`.",
        "",
        "Exit codes: 0 answered (or done), 1 no answer found, 2 error.",
    ]
    for name, command in commands(parser).items():
        lines += ["", f"## qa {name}", "", "```", command.format_help().rstrip(), "```"]
    return "\n".join(lines) + "\n"


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the subcommands by name."""
    found = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found.choices)


def config_page() -> str:
    """Return the page of settings: name, variable, default, meaning."""
    defaults: Settings = load_settings(environ={}, folder=_HERE)
    lines = [
        "# Settings",
        "",
        "Made from the code by `make docs`. Defaults are overridden by `qa.toml` in the working folder, that by",
        "`QA_*` variables, those by flags. An unknown name is refused.",
        "",
        "| in `qa.toml` | variable | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, meaning in setting_names().items():
        value: object = defaults
        for part in name.split("."):
            value = getattr(value, part)
        shown = f"`{value}`" if str(value) else "(empty)"
        lines.append(f"| `{name}` | `QA_{name.replace('.', '_').upper()}` | {shown} | {meaning} |")
    lines += ["", "```toml", "[retrieve]", "k = 5", "", "[serve]", "port = 8000", "```"]
    return "\n".join(lines) + "\n"


def pages() -> dict[Path, str]:
    """Return every generated page by its path."""
    return {_HERE / "cli.md": cli_page(), _HERE / "config.md": config_page()}


if __name__ == "__main__":
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
