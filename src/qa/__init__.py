"""Quoth: ask your own documents a question and get back their words, with citations that hold."""

from __future__ import annotations

import os

# ONNX Runtime reports to its maker unless this is set when it is loaded; nothing here reaches for the network
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__version__ = "0.1.0"
