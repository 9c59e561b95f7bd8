# make demo and make test are all a newcomer needs: each does its own set-up.
#   make demo          the service with its sample data; ONCE=1 runs through and ends
#   make test          every test
#   make check         lint, format, types, layers and every test
#   make soak          ten thousand acts in any order against the books; BOOKS_SEED=… repeats a run
#   make race          32 callers each release RUNS=100 runs; and again with either guard removed
#   make chaos         200 kills of the service and its database; KILLS=… takes fewer
#   make bench         the figures at the size of a city; STUDENTS=… takes another size
#   make serve         the service; afterwards .venv/bin/aid is the command line
#   make lock          resolve the requirements anew, with hashes
#   make clean         remove what the other targets made, but no data
# PYTHON names another interpreter (3.11 or newer), PYTEST_ARGS adds to pytest's arguments.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ONCE ?=
STUDENTS ?= 1000000
KILLS ?= 200
RUNS ?= 100
BOOKS_SEED ?= $(shell date +%s)
PYTEST_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input \
	--require-hashes
LOCK := $(BIN)/pip-compile --quiet --upgrade --generate-hashes --no-header --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
TYPED := app benchmarks $(wildcard migrations)

.PHONY: test check soak race chaos lint demo serve bench benchmarks lock clean

test: $(VENV)/.dev
	$(BIN)/pytest -n 2 $(PYTEST_ARGS) </dev/null

check: lint test

chaos: $(VENV)/.dev
	$(BIN)/python -W ignore -m tests.chaos.harness --kills $(KILLS) </dev/null

soak: $(VENV)/.dev
	BOOKS_STEPS=10000 BOOKS_SEED=$(BOOKS_SEED) $(BIN)/pytest -s tests/books -k after_every </dev/null

race: $(VENV)/.dev
	RELEASE_RUNS=$(RUNS) $(BIN)/pytest -s tests/disbursement/test_released_once.py </dev/null

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(TYPED)
	$(BIN)/lint-imports --no-logo

demo: $(VENV)/.runtime
	$(BIN)/python -m app.cli demo $(if $(ONCE),--once)

serve: $(VENV)/.runtime
	$(BIN)/python -m app.cli serve

# What the service is compared with stays out of its own environment.
bench:
	@$(MAKE) VENV=.venv-bench benchmarks

benchmarks: $(VENV)/.bench
	$(BIN)/python -m benchmarks --students $(STUDENTS) </dev/null

lock: $(VENV)/.dev
	$(LOCK) --output-file=requirements.lock pyproject.toml
	$(LOCK) --extra=dev --constraint=requirements.lock \
		--output-file=requirements-dev.lock pyproject.toml
	$(LOCK) --extra=bench --constraint=requirements.lock \
		--output-file=requirements-bench.lock pyproject.toml

clean:
	rm -rf $(VENV) .venv-bench .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find app benchmarks tests $(wildcard migrations) -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps below are newer than their lock once everything in it is installed. The development
# lock holds all of the runtime one, so it satisfies both.
$(VENV)/.dev: requirements-dev.lock $(VENV)/.made
	$(INSTALL) --requirement requirements-dev.lock </dev/null
	touch $(VENV)/.dev $(VENV)/.runtime

$(VENV)/.bench: requirements-bench.lock $(VENV)/.made
	@echo "installing into $(VENV) …"
	$(INSTALL) --requirement requirements-bench.lock </dev/null
	touch $@

$(VENV)/.runtime: requirements.lock $(VENV)/.made
	$(INSTALL) --requirement requirements.lock </dev/null
	touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
				python3-venv </dev/null; \
		else \
			echo "Python's venv is not complete; install it first (Debian: python3-venv)" >&2; \
			exit 1; \
		fi; }
	$(PYTHON) -m venv $(VENV)
	printf '#!/bin/sh\nhere=$$(dirname "$$0")\nPYTHONPATH="$$here/../.." exec "$$here/python" -m app.cli "$$@"\n' \
		> $(BIN)/aid && chmod 755 $(BIN)/aid
	touch $@
