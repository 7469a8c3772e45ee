"""Learns from the collection itself how the signals fall when nothing in it answers."""
