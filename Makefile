# Two commands on a machine with Python 3.11, 3.12 or 3.13 and make: `make demo`, `make test`.

.DEFAULT_GOAL := help
SUPPORTED := python3.11 python3.12 python3.13 python3 python
IN_RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(firstword $(foreach name,$(SUPPORTED),$(shell $(name) -c '$(IN_RANGE)' 2>/dev/null && echo $(name))))
PIP := -m pip --quiet --disable-pip-version-check --no-input install
BIN := .venv/bin
CLIENTS := ib_async ibapi
WORKERS ?= 2

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: .venv/.stamp ## Trade simulated sessions on the gateway that ships with steward
	$(BIN)/steward demo

.PHONY: test
test: setup lint ## Everything: style, types, layers, tests
	$(BIN)/pytest -n $(WORKERS)

.PHONY: setup
setup: .venv/.stamp $(CLIENTS:%=.venv-%/.stamp) ## Make the environments; quick when they exist

.PHONY: lint
lint: .venv/.stamp ## Style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: coverage
coverage: setup ## Tests with coverage: 100 % of what decides, 90 % of the rest
	$(BIN)/pytest -n $(WORKERS) --cov --cov-report=
	$(BIN)/coverage json -q -o .coverage.json
	$(BIN)/python tests/coverage_gate.py .coverage.json

.PHONY: property
property: .venv/.stamp ## Property tests with many more, random examples
	$(BIN)/pytest -n $(WORKERS) -m hypothesis --hypothesis-profile=long --timeout=3600

.PHONY: lock
lock: ## Resolve the dependencies anew, with hashes
	@$(require-python)
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python $(PIP) 'pip-tools>=7.5,<8'
	.venv-lock/bin/pip-compile --quiet --extra dev --all-build-deps --output-file requirements.lock $(LOCK_OPTIONS) pyproject.toml
	sed -i '1i # Exact versions and hashes of everything that make installs; made by `make lock`.' requirements.lock

.PHONY: clean
clean: ## Remove the environments and everything generated
	rm -rf .venv .venv-* build dist *.egg-info .coverage* .*_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.stamp: requirements.lock pyproject.toml
	@$(require-python)
	$(PYTHON) -m venv .venv
	$(BIN)/python $(PIP) --require-hashes -r requirements.lock
	$(BIN)/python $(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv-%/.stamp: tests/wire/clients/%.txt
	@$(require-python)
	$(PYTHON) -m venv .venv-$*
	.venv-$*/bin/python $(PIP) --require-hashes -r $<
	@touch $@

LOCK_OPTIONS := --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

define require-python
test -n "$(PYTHON)" || { echo "no Python 3.11, 3.12 or 3.13 found: install one, or name it: make PYTHON=/path/to/python"; exit 1; }
endef
