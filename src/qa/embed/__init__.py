"""Sentence-transformers models as `Embedder`s: rows for chunks, their sentences, and questions."""
