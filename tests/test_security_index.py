"""What an index must not lose or lay open: folders that can't be read for a moment, large removals, file modes."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qa import engine as engine_module
from qa.cli import main
from qa.config import Settings
from qa.engine import Engine, build
from qa.errors import ConfigError, StoreError
from qa.types import FileState
from tests.conftest import without_weights, write_files
from tests.fakes import HashingEmbedder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
_FILES = {
    "a.md": "# Bees\n\nBees dance to say where the clover is.\n",
    "b.txt": "Owls hunt by night.\n",
    "locked/c.txt": "The key hangs behind the clock.\n",
    "locked/d.txt": "The cellar is dry.\n",
}


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that anyone may enter."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def unprivileged() -> Iterator[Callable[[], None]]:
    """Return a function after which this process may do only what file modes allow, as for anyone but root."""
    root = os.geteuid() == 0
    yield lambda: os.seteuid(65_534) if root else None
    if root:
        os.seteuid(0)


def made(home: Path) -> Settings:
    settings = without_weights(home / "index")
    build(settings, [write_files(home / "docs", _FILES)], embedder=HashingEmbedder())
    return settings


def test_a_folder_that_cannot_be_opened_keeps_its_documents_and_is_named(
    home: Path, unprivileged: Callable[[], None]
) -> None:
    settings = made(home)
    # whatever is loaded on asking, while this process may still read it
    Engine.open(settings, HashingEmbedder()).ask("Where does the key hang?")
    (home / "docs" / "b.txt").unlink()
    if os.geteuid() == 0:
        for path in [home / "index", *(home / "index").rglob("*")]:
            os.chown(path, 65_534, 65_534)
    (home / "docs" / "locked").chmod(0)
    unprivileged()
    report = build(settings, [home / "docs"], embedder=HashingEmbedder())
    assert (report.added, report.changed, report.unchanged, report.removed) == (0, 0, 3, 1)
    line = next(entry for entry in report.ledger if entry.source == "locked")
    assert line.state is FileState.FAILED
    assert line.reason == (
        "the folder can't be opened (Permission denied). What was indexed of it before is kept: 2 documents."
    )
    engine = Engine.open(settings, HashingEmbedder())
    answer = engine.ask("Where does the key hang?").answer
    assert answer.passages[0].source == "locked/c.txt"
    # once it can be opened again, all is as before
    if os.geteuid() != os.getuid():
        os.seteuid(0)
    (home / "docs" / "locked").chmod(0o755)
    (home / "docs" / "locked" / "d.txt").unlink()
    again = build(settings, [home / "docs"], embedder=HashingEmbedder())
    assert (again.unchanged, again.removed) == (2, 1)
    assert [entry.source for entry in again.ledger] == ["a.md", "locked/c.txt"]


@pytest.mark.parametrize("changed", [False, True])
def test_an_index_that_cannot_be_written_is_said_with_where_what_and_what_next(
    home: Path, unprivileged: Callable[[], None], changed: bool
) -> None:
    settings = made(home)
    if changed:
        (home / "docs" / "b.txt").write_text("Owls sleep by day.\n")
    (home / "index").chmod(0o555)
    if os.geteuid() != 0:
        (home / "index" / "lock").chmod(0o444)
    unprivileged()
    with pytest.raises(StoreError, match=r"the index can't be written \(Permission denied\).*See to its permissions"):
        build(settings, [home / "docs"], embedder=HashingEmbedder())


def test_the_command_says_it_and_exits_2(
    home: Path,
    unprivileged: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made(home)
    (home / "shut").mkdir(mode=0o555)
    unprivileged()
    assert main(["index", str(home / "docs"), "--index", str(home / "shut" / "index")]) == 2
    assert "the index can't be written" in capsys.readouterr().err


def test_an_index_is_its_owners_alone(home: Path) -> None:
    made(home)
    assert (home / "index").stat().st_mode & 0o777 == 0o700


def test_more_than_a_third_is_removed_only_where_that_is_meant(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = made(home)
    asked: list[tuple[int, int]] = []

    def refuse(count: int, of: int) -> bool:
        asked.append((count, of))
        return False

    with pytest.raises(ConfigError, match=r"3 of 4 documents aren't in .* add --remove"):
        build(settings, [home / "docs" / "a.md"], embedder=HashingEmbedder(), may_remove=refuse)
    assert asked == [(3, 4)]
    assert len(Engine.open(settings, HashingEmbedder()).index.sources) == 4
    (home / "docs" / "b.txt").unlink()  # one of four is no more than a third
    assert build(settings, [home / "docs"], embedder=HashingEmbedder(), may_remove=refuse).removed == 1
    assert asked == [(3, 4)]
    assert (
        build(settings, [home / "docs" / "a.md"], embedder=HashingEmbedder(), may_remove=lambda *_: True).removed == 2
    )

    settings = made(home)
    monkeypatch.setenv("QA_INDEX", str(settings.index))
    monkeypatch.setenv("QA_VERDICT_QUESTIONS", "0")
    make = engine_module.adapters.make_embedder
    monkeypatch.setattr(engine_module.adapters, "make_embedder", lambda _: HashingEmbedder())
    assert make is not engine_module.adapters.make_embedder
    assert main(["index", str(home / "docs" / "a.md")]) == 2
    assert "--remove" in capsys.readouterr().err
    assert main(["index", str(home / "docs" / "a.md"), "--remove"]) == 0
    assert "3 removed" in capsys.readouterr().out
