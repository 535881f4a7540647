.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash

.PHONY: help run test check fix worker migrate lock demo bench fuzz docs assets shots

help:  ## Show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: $(VENV)/runtime  ## Set up and start the product on http://127.0.0.1:8000 with demo data
	@$(BIN)/python -m miniprogram_api.devtools.run

test: $(VENV)/development  ## Set up and run all tests, on SQLite and on PostgreSQL + Redis
	@$(BIN)/python -m tests

check: $(VENV)/development  ## Lint, types, import contracts, size budget, documents, locks, released contract
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.support.locks
	@$(BIN)/python -m tests.support.contract_gate
	@$(BIN)/pytest -q -p no:cacheprovider tests/system/test_architecture.py tests/system/test_docs.py

fix: $(VENV)/development  ## Format and mend what can be mended, and write the generated documents
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(MAKE) --no-print-directory docs

docs: $(VENV)/development  ## Write the documents that are generated from the code
	@$(BIN)/python -m miniprogram_api.devtools.documents

worker: $(VENV)/runtime  ## Run background work as a process of its own (with REDIS_URL)
	@$(BIN)/flask --app wsgi worker

migrate: $(VENV)/runtime  ## Bring the database to this code's schema
	@$(BIN)/flask --app wsgi db upgrade -d migrations

demo: $(VENV)/runtime  ## Load the demo data into the database
	@$(BIN)/flask --app miniprogram_api.devtools.wsgi demo load

bench: $(VENV)/development  ## Measure against the ceilings of the same run; writes docs/performance.md
	@$(BIN)/python -m miniprogram_api.devtools.bench

fuzz: $(VENV)/development  ## Call every documented operation with generated requests, for a long time
	@$(BIN)/python -m tests --fuzz

assets: $(VENV)/development  ## Copy what browsers load of other people's from its npm packages, and list it
	@$(BIN)/python -m miniprogram_api.devtools.assets
	@$(MAKE) --no-print-directory docs

shots: $(VENV)/development  ## Take a picture of every console page on demo data, into var/shots/index.html
	@$(BIN)/python -m tests.support.shots $(ONLY)

# Extras stay in the locks: an older pip takes `coverage[toml]` for unpinned where only `coverage==` is listed.
lock: $(VENV)/development  ## Compile the lock files
	@$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate --no-header --quiet --output-file requirements.lock
	@$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-annotate --no-header --quiet --constraint requirements.lock --output-file requirements-dev.lock

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed" if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime: requirements.lock | $(VENV)/bin/python
	@echo "Installing what the product needs ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/development: requirements-dev.lock | $(VENV)/bin/python
	@echo "Installing what the product and its tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/runtime
