# Everything runs in an environment of its own, .venv, which the first target makes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHARED ?= $(or $(TILEWRIGHT_SHARED),../shared)

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types layers format bench clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/.done: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[dev]"
	@touch $@

demo: $(VENV)/.done ## map ResNet-50 on Eyeriss and write the report to demo/
	$(BIN)/tilewright map onnx:resnet50 --hw eyeriss --out demo --jobs 2
	@echo "open demo/report.html"

test: $(VENV)/.done ## run all tests
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup
	$(BIN)/python -m pytest -q --doctest-modules --import-mode=prepend src/tilewright

check: lint types layers test ## what CI runs: lint, types, import layers, tests

lint: $(VENV)/.done ## ruff: lint and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.done ## mypy, strict
	$(BIN)/mypy

layers: $(VENV)/.done ## imports point down
	$(BIN)/lint-imports

format: $(VENV)/.done ## rewrite the code in canonical form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.done ## benchmarks, as tables
	$(BIN)/python benchmarks/networks.py

clean: ## remove the environment and everything that was built
	rm -rf $(VENV) demo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache
