"""Quality, measured: the product's own path (files, index, questions) against baselines and ablations."""
