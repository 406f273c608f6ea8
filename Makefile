# Each target does its own set-up: Python 3.11 or later, make and git are all it needs.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input -c constraints.txt

# Small matrices gain nothing from threads; as many processes as cores do.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

.PHONY: demo test check clean

## A miniature of the study on a synthetic corpus, from audio to a report, and one clip recognised. No network.
demo: $(VENV)/.installed
	$(BIN)/nver corpora synth --to demo/corpus
	$(BIN)/nver run experiments/demo.toml --out demo/results --json > demo/scores.json
	$(BIN)/nver report demo/results --out demo/report
	$(BIN)/nver predict "$$(find demo/corpus -name '*.wav' | sort | head -n 1)" --view vivae-six

## All tests and the examples in docstrings.
test: $(VENV)/.installed-dev
	$(PYTEST)

## What has to pass before a change is proposed.
check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

## Everything that the targets above made.
clean:
	rm -rf $(VENV) demo build src/*.egg-info

$(VENV)/.installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) -e .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(INSTALL) -e ".[dev]"
	touch $@
