# Three commands: `make chat` runs the product, `make check` is for each change, `make test` passes all the tests.
# A fresh clone needs Python 3.11 or newer, pip and make; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
INSTALLED_DEV := $(VENV)/.installed-dev
DATA ?= ../shared
# Linux without a GPU: make chat TORCH_INDEX=https://download.pytorch.org/whl/cpu
TORCH_INDEX ?=

.PHONY: help chat index check test unit-a unit-j lint docs eval bench clean

help:
	@echo "make chat    build the index of corpus/ and open the page on http://127.0.0.1:7860"
	@echo "make check   lint, types and all but the slow tests, side by side: for each change"
	@echo "make test    lint, types and all tests"
	@echo "make index   build or update the index of corpus/"
	@echo "make docs    write docs/cli.md and docs/config.md anew from the code"
	@echo "make eval    measure quality on evaluation data (DATA=folder)"
	@echo "make bench   measure speed and memory (ENVS=folder: beside peers, each in an environment there)"
	@echo "make clean   remove the virtual environment, the index and caches"

$(BIN)/python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Quoth needs Python 3.11 or newer')"
	$(PYTHON) -m venv $(VENV)

# torch comes first and pinned: a newer one would pull in gigabytes of GPU libraries
$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

index: $(INSTALLED)
	$(BIN)/qa index

chat: index
	$(BIN)/qa chat

lint: $(INSTALLED_DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: $(INSTALLED_DEV)
	$(MAKE) --no-print-directory -j2 lint unit-a unit-j

# halves of about the same length, one a core
unit-a: $(INSTALLED_DEV)
	$(BIN)/python -m pytest -q -m "not slow" tests/test_[a-i]*.py tests/contracts

unit-j: $(INSTALLED_DEV)
	$(BIN)/python -m pytest -q -m "not slow" tests/test_[j-z]*.py

test: lint
	$(BIN)/python -m pytest

docs: $(INSTALLED_DEV)
	$(BIN)/python docs/generate.py

eval: $(INSTALLED_DEV)
	$(BIN)/python -m evals --data $(DATA)

bench: $(INSTALLED_DEV)
	$(BIN)/python -m benchmarks $(if $(ENVS),--envs $(ENVS))

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find index -mindepth 1 ! -name .gitkeep -delete
