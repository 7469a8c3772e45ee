"""Trains the small extractive reader; apart from the product, which needs none of this at run time."""
