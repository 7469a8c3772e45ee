"""Settings: defaults < qa.toml < QA_* variables < flags, resolved once and then only read.

Rooms take plain values (`size=900`), never `Settings`; there is no global getter.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from qa.errors import ConfigError

CONFIG_FILE = "qa.toml"
ENV_PREFIX = "QA_"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChunkSettings(_Frozen):
    """How documents are cut."""

    size: int = Field(900, ge=100, le=20_000, description="Characters a chunk aims at.")
    overlap: int = Field(200, ge=0, description="Characters of whole sentences repeated from the chunk before.")

    @model_validator(mode="after")
    def _overlap_at_most_half(self) -> ChunkSettings:
        if self.overlap > self.size // 2:
            raise ValueError(f"overlap {self.overlap} is more than half of size {self.size}")
        return self


class EmbedSettings(_Frozen):
    """Which model makes the vectors, and how."""

    model: str = Field("", description="Folder of a sentence-transformers model; empty: the bundled one.")
    backend: Literal["auto", "onnx", "torch"] = Field(
        "auto", description="What runs it: ONNX Runtime, or torch; auto: ONNX Runtime where the model can be exported."
    )
    precision: Literal["auto", "float32", "int8"] = Field(
        "auto", description="Of its products on ONNX Runtime; auto: int8 where the processor multiplies bytes fast."
    )
    cache: str = Field("", description="Folder that exported models are kept in; empty: the user's cache folder.")
    batch_tokens: int = Field(4096, ge=256, description="Tokens a batch may hold on torch, padding included.")
    threads: int = Field(0, ge=0, description="Threads while indexing; 0: all cores. Questions use one.")


class StoreSettings(_Frozen):
    """What holds the vectors."""

    kind: str = Field("faiss", description="faiss, or the name of a vector store of an installed package.")


class RetrieveSettings(_Frozen):
    """How passages are found and ranked."""

    k: int = Field(10, ge=1, le=1000, description="Passages an answer carries at most.")
    candidates: int = Field(100, ge=1, description="Chunks taken from each of vectors and BM25.")
    dense: float = Field(0.1, ge=0, description="Weight of the chunk's similarity.")
    sentence: float = Field(0.45, ge=0, description="Weight of the best sentence's similarity.")
    keyword: float = Field(0.15, ge=0, description="Weight of BM25 times the share of the question's words found.")
    coverage: float = Field(0.3, ge=0, description="Weight of the share of the question's words in one sentence.")
    language: str = Field("english", description="Stemmer and stop words for BM25.")
    translator: str = Field(
        "spanish",
        description="spanish: its questions are looked up in English words; none; or a translator's name of an "
        "installed package.",
    )

    @model_validator(mode="after")
    def _some_weight(self) -> RetrieveSettings:
        if self.dense + self.sentence + self.keyword + self.coverage <= 0:
            raise ValueError("the weights dense, sentence, keyword and coverage are all zero")
        return self


class ReaderSettings(_Frozen):
    """The trained reader, which reads the best chunks closely."""

    enabled: bool = Field(True, description="Whether the reader reads; everything works without it.")
    count: int = Field(8, ge=1, le=100, description="Chunks it reads a question.")
    weight: float = Field(0.3, ge=0, description="What its probability adds to a chunk's score.")


class VerdictSettings(_Frozen):
    """From which confidence on an answer is given."""

    answered: float = Field(0.45, ge=0, le=1, description="Confidence from which the answer is given as one.")
    unsure: float = Field(0.15, ge=0, le=1, description="Confidence under which nothing counts as found.")
    lean: Literal["strict", "even", "lenient"] = Field(
        "even", description="strict answers only with three times the odds, lenient already with a third of them."
    )
    questions: int = Field(16, ge=0, description="Questions made from the collection to calibrate on; 0: none.")


class AnswerSettings(_Frozen):
    """What writes answers."""

    kind: str = Field("extractive", description="extractive, or the name of an answerer of an installed package.")


class LoadSettings(_Frozen):
    """Which files are read."""

    formats: str = Field("", description="Names of formats of installed packages to read, too, with commas between.")


class WalkSettings(_Frozen):
    """How the files of a collection are found."""

    follow_links: bool = Field(False, description="Whether symbolic links are followed, out of the folder too.")


class LimitSettings(_Frozen):
    """What one file may cost: generous for real documents, finite for those that mean harm."""

    file_mb: int = Field(512, ge=1, description="Size of a file; a larger one is not read.")
    characters: int = Field(50_000_000, ge=1000, description="Characters of one document's text; the rest is left out.")
    pages: int = Field(20_000, ge=1, description="Pages, slides or sheets of one file; the rest is left out.")
    members: int = Field(10_000, ge=1, description="Files in an archive, messages in a mailbox.")
    unpacked_mb: int = Field(1000, ge=1, description="What an archive may unpack to.")
    depth: int = Field(3, ge=0, le=20, description="Archives in archives, messages in messages.")
    seconds: float = Field(120.0, gt=0, description="Time one file may take to be parsed in a process of its own.")
    memory_mb: int = Field(2000, ge=300, description="Memory that process may take.")


class OcrSettings(_Frozen):
    """How text in pictures and on scanned pages is recognised, where Tesseract is installed."""

    language: str = Field(
        "eng", pattern=r"^\w+(\+\w+)*$", description='Tesseract\'s name for the language of what is scanned: "deu+eng".'
    )
    seconds: float = Field(
        900.0, ge=0, description="Time one file's pages may take on top of limits.seconds; 0: none is recognised."
    )


class WatchSettings(_Frozen):
    """How the index is kept in step with its folders."""

    enabled: bool = Field(True, description="Whether `qa chat` does so, in a process of its own.")
    settle: float = Field(2.0, ge=0.1, description="Seconds files must rest before they are indexed.")
    patience: float = Field(30.0, ge=0, description="Seconds that is waited for at most.")
    sweep: float = Field(300.0, ge=1, description="Seconds between two looks at every file, whatever the system told.")
    poll: float = Field(10.0, ge=0.1, description="The same where the system tells of none, as on network drives.")
    polling: bool = Field(False, description="Whether to look at every file without asking the system.")


class ServeSettings(_Frozen):
    """Where the page is served."""

    host: str = Field("127.0.0.1", description="Address the page listens on.")
    port: int = Field(7860, ge=1, le=65_535, description="Port the page listens on.")
    names: str = Field("", description="Other names it may be asked for under, as behind a proxy, with commas between.")
    auth: str = Field("", description='Who may come in: "token", or a file of names that `qa passwd` writes.')
    certificate: str = Field("", description="File of the certificate to serve https with, in PEM format.")
    key: str = Field("", description="File of its key, where that isn't in the same file.")
    at_once: int = Field(0, ge=0, le=64, description="Questions answered at a time; 0: as many as there are cores.")
    waiting: int = Field(32, ge=0, le=1000, description="Questions that may wait; beyond that the page says busy.")
    question_chars: int = Field(8000, ge=100, le=50_000, description="Characters a question may have.")


class Settings(_Frozen):
    """Everything that can be set, resolved."""

    index: Path = Field(Path("index"), description="Folder of the index.")
    chunk: ChunkSettings = ChunkSettings()
    embed: EmbedSettings = EmbedSettings()
    store: StoreSettings = StoreSettings()
    retrieve: RetrieveSettings = RetrieveSettings()
    reader: ReaderSettings = ReaderSettings()
    answer: AnswerSettings = AnswerSettings()
    verdict: VerdictSettings = VerdictSettings()
    load: LoadSettings = LoadSettings()
    walk: WalkSettings = WalkSettings()
    limits: LimitSettings = LimitSettings()
    ocr: OcrSettings = OcrSettings()
    watch: WatchSettings = WatchSettings()
    serve: ServeSettings = ServeSettings()


def load_settings(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Settings:
    """Resolve the settings; `flags` maps dotted names ("serve.port") to values, None meaning "not given".

    Raises ConfigError naming the file, variable or flag, the value, and what is allowed.
    """
    merged: dict[str, Any] = {}
    origin: dict[str, str] = {}
    path = (folder or Path()) / CONFIG_FILE
    for name, value in _from_file(path).items():
        _put(merged, origin, name, value, str(path))
    for name, (variable, value) in _from_environ(os.environ if environ is None else environ).items():
        _put(merged, origin, name, value, f"variable {variable}")
    for name, value in (flags or {}).items():
        if value is not None:
            _put(merged, origin, name, value, f"--{name.rpartition('.')[2].replace('_', '-')}")
    try:
        return Settings.model_validate(merged)
    except ValidationError as exc:
        raise ConfigError(_explain(exc, origin)) from exc


def setting_names() -> dict[str, str]:
    """Return each setting's dotted name with its description, in order."""
    return {name: field.description or "" for name, field in _leaves(Settings).items()}


def _leaves(model: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found.update(_leaves(kind, f"{prefix}{name}."))
        else:
            found[prefix + name] = field
    return found


def _from_file(path: Path) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError(f"{path}: can't be read as TOML ({exc}). Mend it or move it away.") from exc
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{inner}": item for inner, item in value.items()})
        else:
            flat[name] = value
    return flat


def _from_environ(environ: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    names = {ENV_PREFIX + name.replace(".", "_").upper(): name for name in _leaves(Settings)}
    found: dict[str, tuple[str, str]] = {}
    for variable, value in environ.items():
        if not variable.startswith(ENV_PREFIX):
            continue
        if variable not in names:
            raise ConfigError(
                f"variable {variable}: no such setting. Known: {', '.join(sorted(names))}. Unset it or rename it."
            )
        found[names[variable]] = (variable, value)
    return found


def _put(merged: dict[str, Any], origin: dict[str, str], name: str, value: object, where: str) -> None:
    origin[name] = where
    room, dot, leaf = name.rpartition(".")
    table = merged.setdefault(room, {}) if dot else merged
    if not isinstance(table, dict):
        raise ConfigError(f"{origin[room]}: {room} can't be {table!r}: it is a table of settings, such as {name}.")
    table[leaf] = value


def _explain(exc: ValidationError, origin: Mapping[str, str]) -> str:
    lines = []
    for error in exc.errors():
        name = ".".join(str(part) for part in error["loc"])
        where = origin.get(name, next((o for n, o in origin.items() if n.startswith(name)), "settings"))
        if error["type"] == "extra_forbidden":
            known = ", ".join(setting_names())
            lines.append(f"{where}: no setting is called {name!r}. Known: {known}.")
        else:
            problem = error["msg"].removeprefix("Value error, ")
            lines.append(f"{where}: {name} can't be {error['input']!r}: {problem}.")
    return "\n".join(lines)
