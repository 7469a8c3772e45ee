"""The command line: exit codes 0, 1 and 2, JSON that parses, batches in order, and errors without tracebacks."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qa import __version__
from qa.arguments import build_parser
from qa.cli import main
from tests.conftest import write_files
from tests.fakes import HashingEmbedder

QUESTION = "Who bakes the rye bread?"
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function from arguments to (exit code, standard output, standard error).

    It runs in this test's folder, without weights: the embedder's factory is the seam.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QA_READER_ENABLED", "off")
    monkeypatch.setattr("qa.engine.adapters.make_embedder", lambda settings: HashingEmbedder())

    def call(*argv: str, stdin: str | None = None) -> tuple[int, str, str]:
        if stdin is not None:
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        capsys.readouterr()
        try:
            code = main(argv)
        except SystemExit as exc:  # argparse's own
            code = int(exc.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def indexed(run: Run, small_collection: Path) -> Run:
    """Index the small collection, and return the same function."""
    assert run("index", str(small_collection))[0] == 0
    return run


def set_thresholds(monkeypatch: pytest.MonkeyPatch, answered: float, unsure: float) -> None:
    monkeypatch.setenv("QA_VERDICT_ANSWERED", str(answered))
    monkeypatch.setenv("QA_VERDICT_UNSURE", str(unsure))


def batch_lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


# index and status


def test_indexing_prints_the_ledger_and_what_changed(run: Run, small_collection: Path) -> None:
    write_files(small_collection, {"empty.txt": ""})
    code, out, err = run("index", str(small_collection))
    assert code == 0
    assert out.splitlines()[0] == "failed   empty.txt          the file is empty."
    assert out.splitlines()[-2].startswith("4 files: 3 indexed, 0 partly (")
    assert out.splitlines()[-1] == "3 new, 0 changed, 0 unchanged, 0 removed. Index: index"
    assert "reading" in err
    assert "\x1b" not in out + err


def test_indexing_in_json_tells_the_same(run: Run, small_collection: Path) -> None:
    code, out, _ = run("index", str(small_collection), "--json")
    report = json.loads(out)
    assert code == 0
    assert {key: report[key] for key in ("index", "added", "changed", "unchanged", "removed", "chunks", "note")} == {
        "index": "index",
        "added": 3,
        "changed": 0,
        "unchanged": 0,
        "removed": 0,
        "chunks": 4,
        "note": "",
    }
    assert [(file["source"], file["state"]) for file in report["files"]] == [
        ("garden.txt", "indexed"),
        ("people/staff.html", "indexed"),
        ("returns.md", "indexed"),
    ]


def test_the_index_is_written_where_the_flag_says(run: Run, small_collection: Path, tmp_path: Path) -> None:
    assert run("index", str(small_collection), "--index", "elsewhere/deep")[0] == 0
    assert (tmp_path / "elsewhere" / "deep" / "index.db").is_file()
    assert run("ask", QUESTION, "--index", "elsewhere/deep")[0] in (0, 1)


def test_everything_is_made_anew_on_request(indexed: Run, small_collection: Path) -> None:
    assert "0 new, 0 changed, 3 unchanged" in indexed("index", str(small_collection))[1]
    assert "3 new, 0 changed, 0 unchanged" in indexed("index", str(small_collection), "--rebuild")[1]


def test_without_a_path_the_folder_corpus_is_meant(run: Run, tmp_path: Path) -> None:
    write_files(tmp_path / "corpus", {"a.txt": "Words."})
    assert "1 new" in run("index")[1]


def test_status_tells_files_sizes_and_versions(indexed: Run) -> None:
    code, out, _ = indexed("status")
    assert code == 0
    assert "indexed  garden.txt" in out
    assert "model:         hashing:1" in out
    assert f"quoth:         {__version__}" in out


def test_status_in_json_tells_the_same(indexed: Run) -> None:
    code, out, _ = indexed("status", "--json")
    facts = json.loads(out)
    assert code == 0
    assert (facts["documents"], facts["chunks"], facts["fingerprint"]["embedder"]) == (3, 4, "hashing:1")
    assert facts["bytes"] > 0
    assert [file["source"] for file in facts["files"]] == ["garden.txt", "people/staff.html", "returns.md"]


# ask


@pytest.mark.parametrize(("answered", "unsure", "code"), [(0.0, 0.0, 0), (1.0, 0.0, 1), (1.0, 1.0, 1)])
def test_the_exit_code_is_nought_for_an_answer_and_one_for_none(
    indexed: Run, monkeypatch: pytest.MonkeyPatch, answered: float, unsure: float, code: int
) -> None:
    set_thresholds(monkeypatch, answered, unsure)
    assert indexed("ask", QUESTION)[0] == code
    assert indexed("ask", QUESTION, "--json")[0] == code


def test_an_answer_is_printed_with_quote_place_and_marked_passage(
    indexed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_thresholds(monkeypatch, 0, 0)
    _, out, err = indexed("ask", QUESTION)
    assert out.startswith("“Ines bakes the rye bread.” [1]\n    people/staff.html · Staff › Bakery\n")
    assert "»Ines bakes the rye bread.« Tom grinds the flour." in out
    assert "\x1b" not in out
    assert err == ""


def test_an_answer_in_json_is_one_line_with_exact_offsets(indexed: Run, small_collection: Path) -> None:
    _, out, _ = indexed("ask", "Within how many days may a parcel be returned?", "--json")
    assert len(out.splitlines()) == 1
    answer = json.loads(out)
    assert answer["id"] is None
    assert set(answer["timings_ms"]) >= {"embed", "search", "total"}
    for passage in answer["passages"]:
        if passage["source"] != "people/staff.html":
            text = (small_collection / passage["source"]).read_bytes().decode("utf-8")
            assert text[passage["start"] : passage["end"]] == passage["text"]


def test_k_limits_the_passages(indexed: Run) -> None:
    assert len(json.loads(indexed("ask", QUESTION, "--json", "-k", "2")[1])["passages"]) == 2
    assert len(json.loads(indexed("ask", QUESTION, "--json")[1])["passages"]) == 4


@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_k_that_is_no_number_of_passages_is_refused(indexed: Run, value: str) -> None:
    code, _, err = indexed("ask", QUESTION, "-k", value)
    assert code == 2
    assert "argument -k" in err


@pytest.mark.parametrize("question", ["", "  "])
def test_an_empty_question_exits_with_two(indexed: Run, question: str) -> None:
    code, out, err = indexed("ask", question)
    assert (code, out) == (2, "")
    assert err.startswith("qa: The question is empty.")


def test_an_error_in_json_is_an_object_on_standard_output(indexed: Run) -> None:
    code, out, err = indexed("ask", "", "--json")
    assert code == 2
    assert json.loads(out)["error"].startswith("The question is empty.")
    assert err.startswith("qa: ")


@pytest.mark.parametrize("command", [["ask", "x"], ["status"], ["chat"], ["ask", "--batch", "-"]])
def test_without_an_index_every_command_says_how_to_make_one(run: Run, command: list[str]) -> None:
    code, out, err = run(*command, stdin='{"question": "x"}\n')
    assert (code, out) == (2, "")
    assert err == "qa: index: no index here yet. Run: qa index FOLDER --index index\n"


@pytest.mark.parametrize("argv", [["ask"], ["ask", "x", "--batch", "y"]])
def test_neither_or_both_of_question_and_batch_are_refused(indexed: Run, argv: list[str]) -> None:
    code, _, err = indexed(*argv)
    assert code == 2
    assert "Give one question, or a file of them with --batch FILE" in err


def test_a_wrong_setting_is_refused_with_its_origin(run: Run, tmp_path: Path) -> None:
    (tmp_path / "qa.toml").write_text("[retrieve]\nk = 'many'\n", encoding="utf-8")
    code, _, err = run("ask", "x")
    assert code == 2
    assert "qa.toml: retrieve.k can't be 'many'" in err


def test_an_unknown_command_is_refused_with_those_known(run: Run) -> None:
    code, _, err = run("frobnicate")
    assert code == 2
    assert all(name in err for name in ("index", "ask", "chat", "watch", "status"))


def test_a_damaged_index_exits_with_two_and_the_remedy(indexed: Run, tmp_path: Path) -> None:
    path = tmp_path / "index" / "index.db"
    path.write_bytes(path.read_bytes().replace(b"rye bread", b"rye breed"))
    code, _, err = indexed("ask", "x")
    assert code == 2
    assert err.endswith("Run: qa index --rebuild\n")


def test_a_question_of_a_hundred_thousand_characters_is_answered_and_said_to_be_cut(indexed: Run) -> None:
    code, out, _ = indexed("ask", "rye bread " * 10_000)
    assert code in (0, 1)
    assert "The question is longer than the model reads: of its 100,000 characters" in out


# batches


def test_a_batch_is_answered_line_by_line_in_order_with_ids(indexed: Run, tmp_path: Path) -> None:
    questions = [{"id": at, "question": f"{word}?"} for at, word in enumerate(["bread", "sun", "parcel", "islands"])]
    (tmp_path / "q.jsonl").write_text("\n".join(json.dumps(q) for q in questions) + "\n\n", encoding="utf-8")
    code, out, _ = indexed("ask", "--batch", "q.jsonl", "--json")
    assert code == 0
    assert [(line["id"], line["question"]) for line in batch_lines(out)] == [
        (0, "bread?"),
        (1, "sun?"),
        (2, "parcel?"),
        (3, "islands?"),
    ]


def test_a_batch_and_single_questions_give_the_same_answers(indexed: Run) -> None:
    _, single, _ = indexed("ask", QUESTION, "--json")
    _, batch, _ = indexed("ask", "--batch", "-", "--json", stdin=json.dumps({"question": QUESTION}))
    one, other = json.loads(single), json.loads(batch)
    one.pop("timings_ms")
    other.pop("timings_ms")
    assert one == other


def test_a_dash_reads_standard_input_and_ids_come_back_as_they_are(indexed: Run) -> None:
    lines = [{"id": "é-1", "question": "bread?"}, {"question": "sun?"}, {"id": {"a": [1]}, "question": "x?"}]
    code, out, _ = indexed("ask", "--batch", "-", "--json", stdin="\n".join(json.dumps(line) for line in lines))
    assert code == 0
    assert [line["id"] for line in batch_lines(out)] == ["é-1", None, {"a": [1]}]


def test_a_batch_file_may_begin_with_a_byte_order_mark_and_end_lines_either_way(indexed: Run, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_bytes(b'\xef\xbb\xbf{"id": 1, "question": "bread?"}\r\n{"id": 2, "question": "sun?"}')
    assert [line["id"] for line in batch_lines(indexed("ask", "--batch", "q.jsonl", "--json")[1])] == [1, 2]


def test_an_unanswered_question_in_a_batch_is_no_error(indexed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    set_thresholds(monkeypatch, 1, 1)
    code, out, _ = indexed("ask", "--batch", "-", "--json", stdin='{"question": "zeppelin?"}')
    assert (code, batch_lines(out)[0]["verdict"]) == (0, "not_found")


TOPIC = "Within how many days may a parcel be returned to the shop?"


@pytest.mark.parametrize(
    "history",
    [
        [TOPIC],
        [{"question": TOPIC, "answer": "Within 30 days."}],
        [{"question": TOPIC}],
        [{"role": "user", "content": TOPIC}, {"role": "assistant", "content": "Within 30 days."}],
        [{"role": "system", "content": "Be kind."}, {"role": "user", "content": TOPIC}],
    ],
    ids=["questions", "turns", "unanswered", "messages", "system"],
)
def test_a_history_in_any_common_form_resolves_a_follow_up(indexed: Run, history: list[object]) -> None:
    line = json.dumps({"id": 1, "question": "And who pays?", "history": history})
    _, out, _ = indexed("ask", "--batch", "-", "--json", stdin=line)
    assert batch_lines(out)[0]["searched"] == f"{TOPIC} And who pays?"


@pytest.mark.parametrize("history", [None, []])
def test_no_history_is_no_history(indexed: Run, history: object) -> None:
    line = json.dumps({"id": 1, "question": "And who pays?", "history": history})
    assert batch_lines(indexed("ask", "--batch", "-", "--json", stdin=line)[1])[0]["searched"] == "And who pays?"


@pytest.mark.parametrize(
    ("bad", "id_", "error"),
    [
        ("{broken", None, "line 2: not JSON"),
        ("[1, 2]", None, 'line 2: no "question"'),
        ('"x"', None, 'line 2: no "question"'),
        ('{"id": 7}', None, 'line 2: no "question"'),
        ('{"id": 7, "question": 5}', None, 'line 2: no "question"'),
        ('{"id": 7, "question": " "}', 7, "The question is empty."),
        ('{"id": 7, "question": "x", "history": "y"}', None, '"history" must be a list'),
        ('{"id": 7, "question": "x", "history": [5]}', None, "which is no turn"),
        ("[" * 100_000, None, "line 2: not JSON"),
    ],
    ids=["json", "list", "string", "no-question", "number", "empty", "history", "turn", "deep"],
)
def test_a_bad_line_gets_an_error_object_and_the_others_their_answers(
    indexed: Run, bad: str, id_: object, error: str
) -> None:
    stdin = f'{{"id": 1, "question": "bread?"}}\n{bad}\n{{"id": 3, "question": "sun?"}}\n'
    code, out, _ = indexed("ask", "--batch", "-", "--json", stdin=stdin)
    first, second, third = batch_lines(out)
    assert code == 2
    assert (first["id"], third["id"]) == (1, 3)
    assert "verdict" in first
    assert "verdict" in third
    assert set(second) == {"id", "error"}
    assert error in second["error"]
    assert id_ is None or second["id"] == id_


def test_a_bad_line_that_names_its_id_gets_it_back(indexed: Run) -> None:
    _, out, _ = indexed("ask", "--batch", "-", "--json", stdin='{"id": "q7", "history": []}')
    assert batch_lines(out) == [{"id": "q7", "error": batch_lines(out)[0]["error"]}]


def test_half_a_character_in_a_question_costs_at_most_its_line(indexed: Run) -> None:
    stdin = '{"id": 1, "question": "bread \\ud800?"}\n{"id": 2, "question": "sun?"}\n'
    _, out, _ = indexed("ask", "--batch", "-", "--json", stdin=stdin)
    assert [line["id"] for line in batch_lines(out)] == [1, 2]


def test_a_batch_file_that_is_not_there_is_refused(indexed: Run) -> None:
    code, out, err = indexed("ask", "--batch", "nowhere.jsonl", "--json")
    assert code == 2
    assert "nowhere.jsonl: can't be read" in json.loads(out)["error"]
    assert "Name a UTF-8 file of JSON lines." in err


def test_a_batch_file_that_is_not_utf_8_is_refused(indexed: Run, tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_bytes(b'{"question": "caf\xe9"}\n')
    code, _, err = indexed("ask", "--batch", "q.jsonl", "--json")
    assert code == 2
    assert "q.jsonl: can't be read" in err


def test_standard_input_that_is_not_utf_8_is_refused(indexed: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b'{"question": "caf\xe9"}\n'), encoding="utf-8"))
    code, _, err = indexed("ask", "--batch", "-", "--json")
    assert code == 2
    assert "can't be read" in err


# chat


def test_a_port_in_use_is_said_with_another_to_try(indexed: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, out, err = indexed("chat", "--port", str(port))
    assert (code, out) == (2, "")
    assert err == (
        f"qa: 127.0.0.1:{port} can't be listened on (in use?). "
        f"Stop what runs there, or run: qa chat --port {port + 1}\n"
    )


@pytest.mark.parametrize("port", ["0", "70000", "http"])
def test_a_port_that_is_none_is_refused(indexed: Run, port: str) -> None:
    code, _, err = indexed("chat", "--port", port)
    assert code == 2
    assert "port" in err


# the program as it is installed


def qa(*argv: str, **options: Any) -> subprocess.CompletedProcess[str]:  # noqa: ANN401 -- those of subprocess.run
    return subprocess.run(
        [sys.executable, "-m", "qa.cli", *argv], capture_output=True, text=True, timeout=120, check=False, **options
    )


def test_help_imports_no_heavy_library() -> None:
    script = (
        "import sys\nfrom qa.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('|'.join(sorted(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    imported = set(done.stderr.strip().split("|"))
    assert "qa.cli" in imported
    heavy = ["numpy", "torch", "gradio", "faiss", "pydantic", "langchain_text_splitters", "sentence_transformers"]
    assert [name for name in [*heavy, "onnxruntime", "bm25s", "selectolax"] if name in imported] == []
    assert "COMMAND" in done.stdout


def test_status_imports_neither_model_nor_page(small_collection: Path, settings: Any) -> None:  # noqa: ANN401
    from qa.engine import build

    build(settings, [small_collection], embedder=HashingEmbedder())
    script = (
        "import sys\nfrom qa.cli import main\n"
        "main(['status', '--json', '--index', sys.argv[1]])\nprint('|'.join(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(settings.index)],
        capture_output=True,
        text=True,
        check=True,
        cwd=small_collection,
    )
    imported = set(done.stderr.strip().split("|"))
    assert json.loads(done.stdout)["chunks"] == 4
    assert [name for name in ("torch", "gradio", "sentence_transformers", "onnxruntime") if name in imported] == []


def test_the_program_run_from_outside_exits_with_its_codes(tmp_path: Path) -> None:
    missing = qa("ask", "x", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("qa: index: no index here yet.")
    assert "Traceback" not in missing.stderr
    version = qa("--version")
    assert (version.returncode, version.stdout) == (0, f"quoth {__version__}\n")


def test_output_on_a_console_that_knows_no_unicode_is_not_fatal(tmp_path: Path) -> None:
    (tmp_path / "Bär").mkdir()
    done = qa("index", "Bär", cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": "ascii"}, encoding="utf-8")
    assert done.returncode == 2
    assert "Bär: no files here." in done.stderr


def test_a_reader_that_went_away_is_no_error(small_collection: Path, settings: Any) -> None:  # noqa: ANN401
    from qa.engine import build

    build(settings, [small_collection], embedder=HashingEmbedder())
    process = subprocess.Popen(
        [sys.executable, "-m", "qa.cli", "status", "--index", str(settings.index)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    with process.stderr:
        assert process.stderr.read() == ""


# the parser


def commands() -> dict[str, Any]:
    action = next(action for action in build_parser()._actions if action.dest == "command")
    return dict(action.choices or {})


def test_the_commands_are_those_of_the_public_interface() -> None:
    assert list(commands()) == ["index", "ask", "chat", "passwd", "watch", "doctor", "status"]


def test_every_command_takes_json_and_index_and_every_option_has_its_help() -> None:
    for name, command in commands().items():
        options = {option for action in command._actions for option in action.option_strings}
        wanted = {"--help"} if name == "passwd" else {"--json", "--index", "--help"}  # it touches no index
        assert wanted <= options, name
        assert [action.dest for action in command._actions if not action.help] == [], name
    action = next(action for action in build_parser()._actions if action.dest == "command")
    assert [choice.dest for choice in getattr(action, "_choices_actions", []) if not choice.help] == []
