# Loa's commands. `make run` and `make test` set everything up by themselves.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The first Python of the path that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	if command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$p; break; fi; done)
# Extra words for the command: make run ARGS="--port 9000", make test ARGS="tests/config -x".
ARGS ?=
# How many files of tests run at a time, each process with a PostgreSQL and a Redis of its own: 0 runs one after the other.
# In their order: the longest would otherwise come last, for they hold the fewest tests.
SIDE_BY_SIDE ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup run test lint chaos bench lock docs migration clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## the virtual environment .venv with pinned packages and the command loa

$(READY): requirements.lock pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
		echo "Loa cần Python 3.11 trở lên; không tìm thấy trong PATH (đặt PYTHON=/đường/dẫn nếu có)." >&2; \
		echo "Loa needs Python 3.11 or newer; none was found on the PATH (set PYTHON=/path/to/it)." >&2; exit 1; fi
	@"$(PYTHON)" -c 'import sys; v = sys.version_info; sys.exit(f"Loa needs Python 3.11 or newer; $(PYTHON) is {v.major}.{v.minor}." if v < (3, 11) else 0)'
	@# A broken environment, or one of a Python that is gone, is made anew; a good one is only brought up to date.
	@if ! "$(BIN)/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		if "$(PYTHON)" -c 'import ensurepip' 2>/dev/null; then "$(PYTHON)" -m venv --clear "$(VENV)"; \
		else "$(PYTHON)" -m venv --clear --without-pip "$(VENV)"; fi; fi
	@if "$(BIN)/python" -m pip --version >/dev/null 2>&1; then pip="$(BIN)/python -m pip"; \
		elif "$(PYTHON)" -m pip --version >/dev/null 2>&1; then pip="$(PYTHON) -m pip --python $(BIN)/python"; \
		else echo "This Python has no pip (on Debian: apt install python3-venv)." >&2; exit 1; fi; \
	export PIP_DISABLE_PIP_VERSION_CHECK=1; \
	echo "Cài các gói đã khoá phiên bản… / Installing the pinned packages…"; \
	$$pip install --quiet --require-hashes -r requirements.lock && \
	$$pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

run: $(READY) ## all of Loa with a demo: services, telcos, 20,000 people, two campaigns; Ctrl-C ends it
	@exec $(BIN)/loa up --demo $(ARGS)

test: $(READY) ## every test, on a real PostgreSQL, Redis and simulated telco
	$(BIN)/python -m pytest -n $(SIDE_BY_SIDE) --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(READY) ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

chaos: $(READY) ## campaigns while everything is killed, cut off and starved: ARGS="--seeds 20 --first 1 --people 20000"
	$(BIN)/python -m tests.chaos $(ARGS)

bench: $(READY) ## how fast it is, as JSON
	$(BIN)/python -m benchmarks $(ARGS)

docs: $(READY) ## docs/settings.md from config/settings.py
	$(BIN)/loa settings --markdown > docs/settings.md

migration: $(READY) ## a migration from what the models say: make migration m="Say what it does"
	$(BIN)/python -m campaigns.migrations new "$(m)"

lock: ## requirements.lock from pyproject.toml (needs uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --extra dev --python-version 3.11 \
		--custom-compile-command "make lock" -o requirements.lock pyproject.toml

clean: ## what can be made again; never var/, where the data is
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build ./*.egg-info
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
