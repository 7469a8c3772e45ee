"""The processor's measured limit, how much of it embedding reaches, and where the rest goes.

The limit is what a product of large matrices reaches on one core, in the same precision, by the same library; a
multiply-add counts as two operations. Embedding's operations follow from the model's shapes and the windows read.
All per second of processor time, so that other work on the machine takes no part.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.indexing import chunk_texts, made_collection
from benchmarks.measure import spread, timed
from benchmarks.process import apart
from benchmarks.run import Run, say

_LARGE = (1024, 1024, 1024)
_REPEATS = 5


def measure(run: Run) -> dict[str, Any]:
    """Measure products, then embedding, each in a process of its own."""
    docs = made_collection(run, 300)
    say("peak: products of matrices")
    products = apart("peak.products")
    say("peak: embedding by part")
    embedding = apart("peak.embedding", docs=docs.folder, work=run.work)
    limit = {kind: products[kind]["large"]["median"] for kind in ("float32", "int8")}
    reached = {}
    for precision, parts in embedding["precisions"].items():
        rates = {part: embedding["operations"] / parts[part]["median"] / 1e9 for part in ("forward", "whole")}
        reached[precision] = {
            "gflops": rates["forward"],
            "share": rates["forward"] / limit[precision],
            "share, whole": rates["whole"] / limit[precision],
            "times float32's limit": rates["forward"] / limit["float32"],
        }
    return {"products": products, "embedding": embedding, "reached": reached}


def operations(tokens: int, layers: int, width: int, inner: int) -> int:
    """Return the operations of one window's products: a layer has four of width by width, two with `inner`.

    Attention comes on top. A multiply-add counts as two; norms, softmax and activations aren't counted.
    """
    dense = 2 * tokens * (4 * width * width + 2 * width * inner)
    attention = 2 * 2 * tokens * tokens * width
    return layers * (dense + attention)


def products() -> dict[str, Any]:
    """Return GFLOPS a core reaches in float32 and int8: with large matrices, and with those of the model."""
    shapes = {"large": _LARGE, "the model's widest": (150, 384, 1536), "the model's smallest": (150, 384, 384)}
    runs = {(kind, name): _product(kind, shape) for kind in ("float32", "int8") for name, shape in shapes.items()}
    rates: dict[tuple[str, str], list[float]] = {key: [] for key in runs}
    for _ in range(_REPEATS):
        for (kind, name), run in runs.items():
            rates[kind, name].append(_rate(run, shapes[name]))
    return {kind: {name: asdict(spread(rates[kind, name])) for name in shapes} for kind in ("float32", "int8")}


def _product(kind: str, shape: tuple[int, int, int]) -> Callable[[], object]:
    """Return a call that multiplies once on ONNX Runtime; in int8 the ranges are taken as embedding takes them."""
    from qa.embed.onnx_backend import open_session
    from qa.embed.onnx_file import Graph

    rows, inner, columns = shape
    rng = np.random.default_rng(1)
    graph = Graph()
    entering = graph.input("entering", rows, inner)
    if kind == "float32":
        weights = graph.constant(rng.standard_normal((inner, columns)).astype(np.float32))
        out = graph.add("MatMul", entering, weights)
    else:
        whole = graph.constant(rng.integers(-127, 127, (inner, columns), dtype=np.int8))
        scales = graph.constant(np.full(columns, 0.01, np.float32))
        out = graph.add("ms.DynamicQuantizeMatMul", entering, whole, scales)
    session = open_session(graph.to_bytes([out]), kind)
    given: dict[str, NDArray[np.float32]] = {"entering": rng.standard_normal((rows, inner)).astype(np.float32)}

    def multiply() -> object:
        return session.run(None, given)

    multiply()
    return multiply


def _rate(run: Callable[[], object], shape: tuple[int, int, int]) -> float:
    """Return GFLOPS over a third of a second of processor time on one thread: what else runs takes no part."""
    began, count = time.process_time(), 0
    while time.process_time() - began < 1 / 3:
        run()
        count += 1
    rows, inner, columns = shape
    return 2 * rows * inner * columns * count / (time.process_time() - began) / 1e9


def embedding(docs: str, work: str) -> dict[str, Any]:
    """Time the parts of embedding: tokens, forward passes, sentence sums; and the operators inside a pass."""
    from qa.embed.sentence_transformer import SentenceTransformerEmbedder
    from qa.embed.weights import find_model
    from qa.engine.adapters import usable_cores
    from qa.protocols import Input
    from qa.sentences import find_sentences
    from qa.types import Span

    texts = chunk_texts(Path(docs))
    inputs = [Input("", text, tuple(find_sentences(text, Span(0, len(text))))) for text in texts]
    config = json.loads((find_model().path / "config.json").read_text(encoding="utf-8"))
    threads = usable_cores()
    found: dict[str, Any] = {"chunks": len(texts), "threads": threads, "precisions": {}}
    for precision in ("int8", "float32"):
        embedder = SentenceTransformerEmbedder(precision=precision, threads=threads)
        backend = embedder._backend  # its parts are what is to be told apart
        prefix, suffix = backend.special
        room = backend.max_tokens - len(prefix) - len(suffix)
        cut = backend.encode(texts)
        windows = sorted(([*prefix, *pieces.ids[:room], *suffix] for pieces in cut), key=len, reverse=True)
        found["tokens"] = sum(map(len, windows))
        found["operations"] = sum(
            operations(len(ids), config["num_hidden_layers"], config["hidden_size"], config["intermediate_size"])
            for ids in windows
        )
        parts: dict[str, list[float]] = {"tokens": [], "forward": [], "whole": [], "whole, wall": []}
        for _ in range(3):
            parts["tokens"].append(timed(lambda b=backend: b.encode(texts))[1].cpu)  # type: ignore[misc]
            parts["forward"].append(
                timed(lambda b=backend, w=windows: list(b.forward(w, _vector, threads)))[1].cpu  # type: ignore[misc]
            )
            whole = timed(lambda e=embedder: e.embed_documents(inputs))[1]  # type: ignore[misc]
            parts["whole"].append(whole.cpu)
            parts["whole, wall"].append(whole.wall)
        found["precisions"][precision] = {name: asdict(spread(values)) for name, values in parts.items()} | {
            "operators": _operators(backend, windows[:: max(1, len(windows) // 50)], Path(work))
        }
    return found


def _vector(_: int, states: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return vector


def _operators(backend: Any, windows: list[list[int]], work: Path) -> dict[str, float]:  # noqa: ANN401 -- its session is not public
    """Return each kind of operator's share of the time in a pass, by ONNX Runtime's own profile."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_profiling = True
    options.profile_file_prefix = str(work / "profile")
    content = _content(backend)
    if content is None:
        return {}
    plain, backend._session = (
        backend._session,
        onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"]),
    )
    try:
        list(backend.forward(windows, lambda _, __, vector: vector, 1))
        path = Path(backend._session.end_profiling())
    finally:
        backend._session = plain
    events = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    spent: dict[str, float] = {}
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            kind = event["args"]["op_name"]
            spent[kind] = spent.get(kind, 0.0) + event["dur"]
    total = sum(spent.values())
    return {kind: value / total for kind, value in sorted(spent.items(), key=lambda item: -item[1])}


def _content(backend: Any) -> bytes | None:  # noqa: ANN401
    """Return the graph the backend runs, from the cache of exports."""
    from qa.embed.cache import default_folder

    names = sorted(default_folder().glob(f"*-{backend._precision}-v*.onnx"))
    return names[-1].read_bytes() if names else None
