"""How fast Quoth is, measured beside its peers in the same run; quality lives in `evals/`."""
