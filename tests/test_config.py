"""Settings: defaults < qa.toml < QA_* variables < flags; what can't be used is refused with its origin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qa.config import Settings, load_settings, setting_names
from qa.errors import ConfigError


def write_toml(folder: Path, text: str) -> Path:
    (folder / "qa.toml").write_text(text, encoding="utf-8")
    return folder


def test_without_file_variables_or_flags_the_defaults_hold(tmp_path: Path) -> None:
    assert load_settings(environ={}, folder=tmp_path) == Settings()
    assert (Settings().retrieve.k, Settings().serve.port, Settings().index) == (10, 7860, Path("index"))


def test_the_file_overrides_the_default(tmp_path: Path) -> None:
    write_toml(tmp_path, "index = 'elsewhere'\n[retrieve]\nk = 4\n")
    settings = load_settings(environ={}, folder=tmp_path)
    assert (settings.index, settings.retrieve.k) == (Path("elsewhere"), 4)


def test_a_variable_overrides_the_file(tmp_path: Path) -> None:
    write_toml(tmp_path, "[retrieve]\nk = 4\n")
    assert load_settings(environ={"QA_RETRIEVE_K": "5"}, folder=tmp_path).retrieve.k == 5


def test_a_flag_overrides_the_variable(tmp_path: Path) -> None:
    write_toml(tmp_path, "[retrieve]\nk = 4\n")
    settings = load_settings({"retrieve.k": 6}, environ={"QA_RETRIEVE_K": "5"}, folder=tmp_path)
    assert settings.retrieve.k == 6


def test_a_flag_that_was_not_given_overrides_nothing(tmp_path: Path) -> None:
    settings = load_settings({"retrieve.k": None, "index": None}, environ={"QA_RETRIEVE_K": "5"}, folder=tmp_path)
    assert (settings.retrieve.k, settings.index) == (5, Path("index"))


def test_each_source_can_set_another_leaf_of_the_same_table(tmp_path: Path) -> None:
    write_toml(tmp_path, "[chunk]\nsize = 500\n")
    settings = load_settings({"chunk.overlap": 50}, environ={"QA_EMBED_THREADS": "1"}, folder=tmp_path)
    assert (settings.chunk.size, settings.chunk.overlap, settings.embed.threads) == (500, 50, 1)


def test_variables_of_the_process_count_where_none_are_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QA_SERVE_PORT", "8000")
    assert load_settings(folder=tmp_path).serve.port == 8000


def test_an_unknown_key_in_the_file_is_refused_by_name(tmp_path: Path) -> None:
    write_toml(tmp_path, "[retrieve]\nkk = 4\n")
    with pytest.raises(ConfigError, match=r"qa\.toml: no setting is called 'retrieve\.kk'\. Known: .*retrieve\.k,"):
        load_settings(environ={}, folder=tmp_path)


def test_an_unknown_table_in_the_file_is_refused_by_name(tmp_path: Path) -> None:
    write_toml(tmp_path, "[retrieval]\nk = 4\n")
    with pytest.raises(ConfigError, match=r"qa\.toml: no setting is called 'retrieval"):
        load_settings(environ={}, folder=tmp_path)


def test_an_unknown_variable_is_refused_by_name_with_those_known(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"variable QA_RETREIVE_K: no such setting\. Known: .*QA_RETRIEVE_K"):
        load_settings(environ={"QA_RETREIVE_K": "5"}, folder=tmp_path)


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    assert load_settings(environ={"PATH": "x", "QUOTH_EVAL_DATA": "y"}, folder=tmp_path) == Settings()


@pytest.mark.parametrize(
    ("toml", "environ", "flags", "origin"),
    [
        ("[serve]\nport = 'http'\n", {}, {}, "qa.toml: serve.port can't be 'http'"),
        ("", {"QA_SERVE_PORT": "http"}, {}, "variable QA_SERVE_PORT: serve.port can't be 'http'"),
        ("", {}, {"serve.port": 70_000}, "--port: serve.port can't be 70000"),
        ("[serve]\nport = 1\n", {"QA_SERVE_PORT": "0"}, {}, "variable QA_SERVE_PORT: serve.port can't be '0'"),
    ],
)
def test_a_bad_value_is_refused_with_where_it_came_from(
    tmp_path: Path, toml: str, environ: dict[str, str], flags: dict[str, object], origin: str
) -> None:
    write_toml(tmp_path, toml)
    with pytest.raises(ConfigError, match=re.escape(origin)):
        load_settings(flags, environ=environ, folder=tmp_path)


def test_an_overlap_of_more_than_half_a_chunk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"QA_CHUNK_OVERLAP.*overlap 600 is more than half of size 900"):
        load_settings(environ={"QA_CHUNK_OVERLAP": "600"}, folder=tmp_path)


def test_weights_that_are_all_zero_are_refused(tmp_path: Path) -> None:
    write_toml(tmp_path, "[retrieve]\ndense = 0\nsentence = 0\nkeyword = 0\ncoverage = 0\n")
    with pytest.raises(ConfigError, match="the weights dense, sentence, keyword and coverage are all zero"):
        load_settings(environ={}, folder=tmp_path)


def test_several_mistakes_are_said_at_once(tmp_path: Path) -> None:
    write_toml(tmp_path, "[serve]\nport = 'http'\n[retrieve]\nk = 0\n")
    with pytest.raises(ConfigError) as caught:
        load_settings(environ={}, folder=tmp_path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert "retrieve.k can't be 0" in lines[0]
    assert "serve.port can't be 'http'" in lines[1]


def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path: Path) -> None:
    write_toml(tmp_path, "[retrieve\n")
    with pytest.raises(ConfigError, match=r"qa\.toml: can't be read as TOML .*Mend it or move it away"):
        load_settings(environ={}, folder=tmp_path)


def test_a_value_where_a_table_belongs_is_refused_with_its_file(tmp_path: Path) -> None:
    write_toml(tmp_path, "chunk = 3\n")
    with pytest.raises(ConfigError, match=r"qa\.toml: chunk can't be 3"):
        load_settings(environ={}, folder=tmp_path)


def test_a_value_where_a_table_belongs_is_refused_though_a_variable_sets_a_leaf_of_that_table(tmp_path: Path) -> None:
    write_toml(tmp_path, "chunk = 3\n")
    with pytest.raises(ConfigError, match="chunk"):
        load_settings(environ={"QA_CHUNK_SIZE": "500"}, folder=tmp_path)


def test_every_setting_has_a_dotted_name_and_a_description() -> None:
    names = setting_names()
    assert list(names)[:3] == ["index", "chunk.size", "chunk.overlap"]
    assert [name for name, description in names.items() if not description.endswith(".")] == []


PATHS = ("index", "embed.model", "embed.cache")


@pytest.mark.parametrize("name", [name for name in setting_names() if name not in PATHS])
def test_every_setting_is_read_from_the_variable_of_its_name(tmp_path: Path, name: str) -> None:
    variable = "QA_" + name.replace(".", "_").upper()
    resolved = load_settings(environ={variable: OTHERS.get(name, "1")}, folder=tmp_path)
    assert {key for key in setting_names() if leaf(resolved, key) != leaf(Settings(), key)} == {name}


# a value that is allowed and isn't the default, where 1 is neither
OTHERS = {
    "chunk.size": "500",
    "chunk.overlap": "100",
    "embed.backend": "torch",
    "embed.precision": "float32",
    "embed.batch_tokens": "300",
    "retrieve.language": "spanish",
    "watch.enabled": "off",
    "verdict.lean": "strict",
    "reader.enabled": "off",
    "serve.host": "::1",
    "serve.port": "8000",
    "serve.question_chars": "9000",
    "limits.characters": "5000",
    "limits.memory_mb": "900",
}


def leaf(settings: Settings, name: str) -> object:
    value: object = settings
    for part in name.split("."):
        value = getattr(value, part)
    return value


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(Settings(), "index", Path("x"))  # noqa: B010 -- the type checker would refuse the plain form
