"""The house in order: imports point down, heavy libraries sleep, one room prints, nothing points outside."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.arguments import build_parser
from tests.conftest import REPOSITORY

SOURCE = REPOSITORY / "src" / "qa"
MODULES = sorted(SOURCE.rglob("*.py"))

# a room may import from rooms above its own line, never from its own line or below
LAYERS = [
    ["types", "errors", "offline"],
    ["sealed"],
    ["protocols", "config", "sentences"],
    ["load", "chunk", "embed", "reader", "store", "keyword", "passages", "answer", "cite", "gloss"],
    ["index"],
    ["retrieve", "ingest", "status"],
    ["calibrate", "chat"],
    ["engine"],
    ["ui", "watch", "arguments", "batch"],
    ["cli"],
]
LAYER = {room: number for number, rooms in enumerate(LAYERS) for room in rooms}
# the reader was trained upon the bundled model's word embeddings, and finds them as the embedder does
EXCEPTIONS = {("reader", "embed")}

# each library has its place, or one in each of two rooms: what a room imports is paid for by all who load it
ADAPTERS: dict[str, tuple[str, ...]] = {
    "torch": ("embed/torch_backend.py",),
    "sentence_transformers": ("embed/torch_backend.py",),
    "transformers": ("embed/torch_backend.py",),
    "onnxruntime": ("embed/onnx_backend.py", "reader/onnx.py"),
    "tokenizers": ("embed/onnx_backend.py", "reader/onnx.py"),
    "faiss": ("store.py",),
    "bm25s": ("keyword/terms.py",),
    "Stemmer": ("keyword/terms.py",),
    "langchain_text_splitters": ("chunk.py",),
    "gradio": ("ui/app.py",),
    "fastapi": ("ui/app.py",),
    "h11": ("ui/server.py",),
    "uvicorn": ("ui/server.py",),
    "selectolax": ("load/formats/html.py", "load/formats/htmlstate.py"),
    "markdown_it": ("load/formats/markdown.py",),
    "pypdfium2": tuple(f"load/formats/pdf/{name}.py" for name in ("margins", "pdfium", "scene")),
    "PIL": ("load/formats/ocr.py", "load/formats/pdf/pdfium.py"),
    "xlrd": ("load/formats/xls.py",),
    "charset_normalizer": ("load/decode.py",),
    "pydantic": ("config.py", "ui/calls.py"),
    "filelock": ("index/lock.py",),
    "watchfiles": ("watch/changes.py",),
}
# names of XML vocabularies look like addresses; they are compared, never asked
NAMESPACES = {"load/formats/epub.py", "load/formats/zipped.py"}
SLEEPING = [
    *["torch", "sentence_transformers", "transformers", "onnxruntime", "tokenizers"],
    *["faiss", "bm25s", "Stemmer", "langchain_text_splitters", "gradio", "fastapi", "watchfiles"],
]


def name_of(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module:
        if node.module in ("qa", "qa.ui", "qa.load"):
            return [f"{node.module}.{alias.name}" for alias in node.names]
        return [node.module]
    return []


@functools.cache
def imports(path: Path) -> set[str]:
    """Return everything a module imports, wherever in it."""
    return {name for node in ast.walk(tree_of(path)) for name in imported(node)}


def on_loading(path: Path) -> set[str]:
    """Return what is imported when the module is: not inside functions, not for type checking only."""

    def walk(nodes: list[ast.stmt]) -> Iterator[str]:
        for node in nodes:
            yield from imported(node)
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            if isinstance(node, (ast.If, ast.Try, ast.With, ast.ClassDef)):
                yield from walk(node.body)

    return set(walk(tree_of(path).body))


def rooms_imported(path: Path) -> set[str]:
    names = {name.removeprefix("qa.").split(".")[0] for name in imports(path) if name.startswith("qa.")}
    return names - {"__version__"}


def named(requirement: str) -> str:
    """Return the name of what a line of dependencies asks for."""
    return re.split(r"[<>=!~\[; ]", requirement)[0].lower().replace("_", "-")


def found_by_name(path: Path) -> set[str]:
    """Return the words that stand as strings in a module that finds packages by name: those of data are never run."""
    if "find_spec" not in path.read_text(encoding="utf-8"):
        return set()
    return {
        node.value
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
    }


def test_every_room_has_its_layer() -> None:
    assert {room_of(path) for path in MODULES} - {"__init__"} == set(LAYER)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_down(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        assert rooms_imported(path) == set()
        return
    others = {other for other in rooms_imported(path) if other != room and (room, other) not in EXCEPTIONS}
    assert {other for other in others if LAYER[other] >= LAYER[room]} == set()


def test_settings_are_known_only_to_those_who_wire_rooms_together() -> None:
    assert {room_of(path) for path in MODULES if "config" in rooms_imported(path)} <= {"engine", "ui", "cli"}


def test_concrete_adapters_are_named_by_the_engine_alone() -> None:
    for adapter in ("store", "embed", "reader"):
        users = {room_of(path) for path in MODULES if adapter in rooms_imported(path)} - {adapter}
        assert users - {room for room, used in EXCEPTIONS if used == adapter} == {"engine"}, adapter


def test_each_library_has_its_one_room() -> None:
    strays = {
        (name_of(path), library)
        for path in MODULES
        for library in {name.split(".")[0] for name in imports(path)} & set(ADAPTERS)
        if name_of(path) not in ADAPTERS[library]
    }
    assert strays == set()


def test_heavy_libraries_sleep_until_called() -> None:
    awake = {(name_of(path), name) for path in MODULES for name in on_loading(path) if name.split(".")[0] in SLEEPING}
    assert awake == set()


def test_the_command_line_imports_the_standard_library_errors_and_what_keeps_it_offline_as_it_loads() -> None:
    known = {"qa", "qa.arguments", "qa.errors", "qa.offline", "qa.__version__"}
    for module in ("cli.py", "arguments.py"):
        others = {name for name in on_loading(SOURCE / module) if name.split(".")[0] not in sys.stdlib_module_names}
        assert others <= known, module


def test_the_engine_imports_no_adapter_as_it_loads() -> None:
    modules = (SOURCE / "engine").glob("*.py")
    loaded = {name.removeprefix("qa.").split(".")[0] for path in modules for name in on_loading(path)}
    assert loaded & {"store", "embed", "reader", "load", "chunk"} == set()


def test_every_library_that_is_imported_is_declared() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {named(line) for line in project["dependencies"]}
    packages = importlib.metadata.packages_distributions()
    used = {name.split(".")[0] for path in MODULES for name in imports(path)} - set(sys.stdlib_module_names) - {"qa"}
    missing = {
        library
        for library in used
        if not {name.lower().replace("_", "-") for name in packages.get(library, [])} & declared
    }
    assert missing == set()


def test_every_library_that_is_declared_is_imported_or_stands_in_an_extra() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {named(line) for line in project["dependencies"]}
    packages = importlib.metadata.packages_distributions()
    used = {
        distribution.lower().replace("_", "-")
        for path in MODULES
        for name in {*imports(path), *found_by_name(path)}
        for distribution in packages.get(name.split(".")[0], [])
    }
    assert declared - used == set()


def test_only_the_command_line_prints() -> None:
    printing = {
        name_of(path)
        for path in MODULES
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    assert printing == {"cli.py"}


def test_no_module_sets_a_log_level_as_it_loads() -> None:
    for path in MODULES:
        for node in tree_of(path).body:
            assert "setLevel" not in ast.unparse(node) or isinstance(node, (ast.FunctionDef, ast.ClassDef))
            assert "basicConfig" not in ast.unparse(node)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_opens_with_its_boundary(path: Path) -> None:
    docstring = ast.get_docstring(tree_of(path))
    assert docstring
    assert docstring.splitlines()[0].endswith((".", "!", "?", ":")) or "\n" not in docstring


def test_nothing_is_stored_as_a_pickle() -> None:
    assert {name_of(path) for path in MODULES if {"pickle", "shelve", "marshal", "dill"} & imports(path)} == set()
    allowing = {name_of(path) for path in MODULES if "allow_pickle=True" in path.read_text(encoding="utf-8")}
    assert allowing == set()


@pytest.mark.parametrize(
    "path", sorted([*SOURCE.rglob("*.js"), *SOURCE.rglob("*.css"), *SOURCE.rglob("*.py")]), ids=name_of
)
def test_no_address_but_loopback_stands_in_what_is_served(path: Path) -> None:
    addresses = re.findall(r"(?:https?:|wss?:)?//[\w\[][\w.:\]-]*\.[\w.]+", path.read_text(encoding="utf-8"))
    if name_of(path) in NAMESPACES:
        return
    assert [address for address in addresses if not re.search(r"//(?:127\.0\.0\.1|localhost|\[::1\])", address)] == []
    assert "@import" not in path.read_text(encoding="utf-8")


def test_the_readme_shows_every_command() -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    action = next(action for action in build_parser()._actions if action.dest == "command")
    assert [name for name in action.choices or () if f"qa {name}" not in readme] == []


def test_there_is_no_drawer_for_odds_and_ends() -> None:
    drawers = {"utils", "util", "helpers", "helper", "misc", "common", "manager"}
    assert {path.stem for path in MODULES} & drawers == set()
