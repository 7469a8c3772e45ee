"""Everyday questions about collections that nothing was tuned on: what people type, and what they would accept."""
