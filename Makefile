# Everything that can be done here. Needs git, make and a Python from 3.11 on, with pip and venv.

SHELL := /bin/sh
VENV ?= .venv
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& echo $$python && break; done)
BIN := $(VENV)/bin
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

.PHONY: help run test check format test-all soak slow-clients autobahn bench bench-reload bench-data bench-sockets realworld fuzz fresh clean
.DEFAULT_GOAL := help

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

run: $(VENV)/installed ## Serve example_project on http://127.0.0.1:8000
	$(BIN)/zenith-server dev ./example_project

test: $(VENV)/installed-test ## Run the whole suite and print its coverage; ARGS="-k word" runs a part
	$(BIN)/python scripts/test.py $(ARGS)

check: $(VENV)/installed-check ## Check format, lint, types and the walls between modules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/basedpyright --pythonpath $(BIN)/python

format: $(VENV)/installed-check ## Format all files and apply safe fixes
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

test-all: $(VENV)/installed ## Run the suite on every CPython from 3.11 to 3.14 that is found
	$(BIN)/python scripts/test_all.py

slow-clients: $(VENV)/installed-test ## Send 400 slow clients at both engines (needs slowhttptest); ARGS="header body"
	$(BIN)/python scripts/slow_clients.py $(ARGS)

autobahn: $(VENV)/installed-test ## Run the Autobahn suite for WebSockets (needs python2.7); ARGS="1.* 7.*"
	$(BIN)/python scripts/autobahn.py $(ARGS)

soak: $(VENV)/installed-test ## Stop, replace and kill servers under load, at length; ARGS="--share 0.1"
	$(BIN)/python scripts/soak.py $(ARGS)

bench: .venv-bench/installed ## Compare what a request costs with other frameworks; ARGS="--rounds 9"
	.venv-bench/bin/python -m tests.benchmarks.bench $(ARGS)

bench-reload: .venv-bench/installed ## Compare starts and reloads with uvicorn and FastAPI; ARGS="--rounds 5"
	.venv-bench/bin/python -m tests.benchmarks.reload $(ARGS)

bench-data: $(VENV)/installed-test ## Compare the data layer with SQLAlchemy alone, on PostgreSQL
	$(BIN)/python -m tests.benchmarks.data $(ARGS)

bench-sockets: .venv-bench/installed ## Compare TechEmpower's tests over sockets (needs wrk); ARGS="fastapi --rounds 3"
	.venv-bench/bin/python -m tests.benchmarks.sockets $(ARGS)

realworld: $(VENV)/installed-test ## Run the RealWorld collection on SQLite and PostgreSQL
	$(BIN)/python scripts/realworld.py sqlite postgresql

fuzz: $(VENV)/installed-test ## Send 100,000 odd requests to the example, then let schemathesis look for faults
	$(BIN)/python scripts/fuzz.py
	$(INSTALL) '.[suite,fuzz]'
	$(BIN)/python scripts/schemathesis.py $(ARGS)

fresh: ## Install into an empty environment, make a project, serve it and ask it
	$(PYTHON) scripts/installed.py

clean: ## Remove the environments and everything that was measured or built
	rm -rf .venv .venv-* build dist .coverage* .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python from 3.11 on with pip and venv was found." \
		"Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

.venv-bench/installed: pyproject.toml
	$(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[bench]'
	@touch $@

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(INSTALL) '.[auth]'
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	$(INSTALL) '.[suite]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-check: pyproject.toml | $(VENV)/bin/python
	$(INSTALL) '.[check]'
	@touch $@ $(VENV)/installed $(VENV)/installed-test
