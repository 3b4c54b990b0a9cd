.DEFAULT_GOAL := help
.PHONY: help setup parts lint format types test rules histories docs demo up bench bench-forecast bench-sleeping charts chaos lock clean

PY := .venv/bin/python
TYPED := $(wildcard compose domain workflows activities adapters storage api web cli runtime worker.py bench tests)
PYTEST_ARGS ?=
WAVE ?= 1000
FORECAST ?= 1000000
CHAOS ?= --rounds 10 --contracts 25

help:  ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## The Python environment, from the lock file
	@runtime/ensure_venv.sh

parts: setup  ## What only the tests need: PostgreSQL, Request Tracker, a compose checker, stripe-mock, a Temporal server
	@runtime/install_test_parts.sh

lint: setup  ## Style
	$(PY) -m ruff check --no-cache .
	$(PY) -m ruff format --check .

format: setup  ## Puts the style right
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

types: setup  ## Types
	$(PY) -m mypy $(TYPED)

test: setup lint types parts  ## Style, types and every test, against real counterparts
	$(PY) -m pytest -n 2 $(PYTEST_ARGS)

rules: setup  ## Every rule with the tests that prove it; fails while one has none
	@$(PY) -m tests.rules

demo: setup  ## Each programme's contract through its whole life, compared with the simulator
	./tenure demo

up: setup  ## Everything, running
	./tenure up

histories: setup parts  ## Records what the replay gate lacks: make histories RELEASE=v2; ANEW=1: all of that release
	$(PY) -m tests.replay.record $(RELEASE) $(if $(ANEW),anew)

bench: setup  ## The measurements: a billing run and a wave of renewals
	$(PY) -m bench
	$(PY) -m bench.wave --contracts $(WAVE)

bench-sleeping: setup  ## Fifty thousand contracts asleep, five thousand billed in one instant; an hour or more the first time
	$(PY) -m bench.sleeping $(if $(FOLDER),--folder $(FOLDER))

bench-forecast: setup  ## The forecast of a million contracts, about ten minutes with its preparation
	$(PY) -m bench.forecast --contracts $(FORECAST)

charts: setup  ## The charts and tables of docs/performance.md, from what was measured
	$(PY) -m bench.page

chaos: setup parts  ## Faults: contracts live while everything is killed and ill, and must equal the simulator's
	$(PY) -m bench.chaos $(CHAOS)

LOCK = $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --custom-compile-command 'make lock' pyproject.toml

docs: setup  ## The terms reference, its JSON Schema, the lists of messages and updates anew
	$(PY) -m cli reference > docs/terms.md
	$(PY) -m cli programme schema > docs/terms.schema.json
	$(PY) -m cli messages list > docs/messages.md
	$(PY) -m cli updates > docs/updates.md

lock: setup  ## The lock files anew from pyproject.toml (UPGRADE=1: newest versions)
	$(LOCK) --group dev $(if $(UPGRADE),--upgrade) --output-file requirements.lock
	$(LOCK) --no-annotate --constraint requirements.lock --output-file compose/requirements.lock

clean:  ## Removes the environment, the caches and the data under var/
	rm -rf .venv .venv.lock var .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
