"""A question in a process of its own: with a model that was exported before, no heavy library is loaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from qa.embed.sentence_transformer import SentenceTransformerEmbedder
from qa.engine import build
from tests.conftest import REPOSITORY, without_weights

ASKING = f"""
import sys
sys.path.insert(0, {str(REPOSITORY / "src")!r})
from qa.cli import main
code = main(["ask", "Who pays the postage?", "--index", sys.argv[1]])
heavy = {{"torch", "transformers", "sentence_transformers", "onnx", "gradio", "pandas"}} & set(sys.modules)
assert not heavy, heavy
assert "onnxruntime" in sys.modules
sys.exit(code)
"""


def test_a_question_is_answered_without_torch(
    small_collection: Path, tmp_path: Path, real_embedder: SentenceTransformerEmbedder
) -> None:
    build(without_weights(tmp_path / "index"), [small_collection], embedder=real_embedder)
    command = [sys.executable, "-c", ASKING, str(tmp_path / "index")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr[-2_000:]
    assert "The buyer pays the postage." in done.stdout
