"""One module a competitor, each run in its own environment: chunks in, an index on disk out, then questions.

They all get the same chunks, ready cut, and the same model folder, and keep their defaults otherwise.
"""
