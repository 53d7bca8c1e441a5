# make demo   shows the whole main job on sample data
# make test   runs every suite
# Needs Python 3.11+ with venv; installs uv into .tools and system packages by apt when they are missing.

SHELL := /bin/bash
PYTHON ?= python3
# What runs the gateway: the Python that is named, else Debian's own, which is built with optimisation (docs/performance.md).
INTERPRETER := $(if $(filter file,$(origin PYTHON)),$(firstword $(wildcard /usr/bin/python3.11) $(PYTHON)),$(PYTHON))
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
STAMP := $(VENV)/.ready
ARGS ?=
# The Python that is here is used; none is fetched.
export UV_PYTHON_DOWNLOADS := never
# Containers often set it; each process that a test starts would then compile every library anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench faults lock format clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' Makefile

.tools/bin/uv:
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later with venv is needed. Run: apt-get install python3-venv, or make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv .tools
	.tools/bin/python -m pip install --quiet --disable-pip-version-check uv

$(STAMP): requirements-dev.lock pyproject.toml $(filter .tools/bin/uv,$(UV))
	$(UV) venv --quiet --allow-existing --python $(INTERPRETER) $(VENV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements-dev.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)

setup: $(STAMP)  ## environment in .venv, fonts in build/assets, the English of the pages and the code compiled
	@$(BIN)/python tools/build_assets.py
	@$(BIN)/python tools/translations.py
	@$(BIN)/python -m compileall -q gateway signing certs verify_web

demo: setup  ## set up, issue, sign, resolve a QR image, verify, tamper, serve (ARGS=--no-serve stops before serving)
	@$(BIN)/licence-gateway demo $(ARGS)

test: setup  ## every suite: unit, API, browser, interop with foreign tools
	@tools/system_packages.sh
	@$(BIN)/python -m pytest tests -n auto --dist worksteal $(ARGS)

check: setup  ## format, lint, types, layers, migrations, docs, audit
	@$(BIN)/python tools/check.py

bench: setup  ## all benchmarks, or those named by ARGS: a table and var/bench.json
	@$(BIN)/python -m tests.bench $(ARGS)

faults: setup  ## kills and hostile input, or those named by ARGS: a table and var/faults.json
	@$(BIN)/python -m tests.faults $(ARGS)

lock: $(filter .tools/bin/uv,$(UV))  ## pin the requirements anew
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements.lock requirements.in
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -o requirements-dev.lock requirements-dev.in
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header -c requirements-dev.lock -o requirements-tracing.lock requirements-tracing.in

format: setup  ## format and mend what can be mended
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

clean:  ## remove what can be made again
	rm -rf $(VENV) .tools build var
