"""Drives the page in a real browser."""
