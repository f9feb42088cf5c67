# Two commands on a machine with Python 3.11, 3.12 or 3.13 and make: `make demo`, `make test`.

.DEFAULT_GOAL := help
SUPPORTED := python3.11 python3.12 python3.13 python3 python
IN_RANGE := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))
PYTHON ?= $(firstword $(foreach name,$(SUPPORTED),$(shell $(name) -c '$(IN_RANGE)' 2>/dev/null && echo $(name))))
PIP := -m pip --quiet --disable-pip-version-check --no-input install
BIN := .venv/bin
CLIENTS := ib_async ibapi
RIVALS := pyvolr fast_vollib py_vollib_vectorized quantlib truth
PROGRAMS := strace systemd-analyze chromium
PACKAGES := strace systemd chromium
WORKERS ?= 2
# Tests replace fields by keyword, compare decimals with whole numbers, and call untyped clients.
OF_TESTS := --disable-error-code arg-type --no-strict-equality --no-warn-unused-ignores --allow-untyped-calls

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
setup: programs .venv/.stamp $(CLIENTS:%=.venv-%/.stamp) .venv-supply/.stamp ## Make the environments; quick when they exist

.PHONY: programs
programs: # What some tests watch the bot with; they are skipped where it cannot be installed
	@for program in $(PROGRAMS); do command -v $$program >/dev/null || missing=1; done; \
	test -z "$$missing" || test "$$(id -u)" != 0 || ! command -v apt-get >/dev/null || \
	{ apt-get -qq update && apt-get -qq install --no-install-recommends -y $(PACKAGES); } >/dev/null || true

.PHONY: lint
lint: .venv/.stamp ## Style, types and layers
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy $(OF_TESTS) tests/unit
	MYPYPATH=tests/scenario:tests/property:tests/soak $(BIN)/mypy $(OF_TESTS) tests/soak
	$(BIN)/lint-imports

.PHONY: coverage
coverage: setup ## Tests with coverage: 100 % of what decides, 90 % of the rest
	$(BIN)/pytest -n $(WORKERS) --cov --cov-report=
	$(BIN)/coverage json -q -o .coverage.json
	$(BIN)/python tests/coverage_gate.py .coverage.json

.PHONY: bench
bench: .venv/.stamp $(if $(ONLY),$(if $(filter rivals truth,$(ONLY)),rivals),rivals) ## Benchmarks with their targets, in build/bench/bench.html; ONLY="kernel start" runs some
	PYTHONPATH=.:tests $(BIN)/python tests/benchmarks/run.py --only $(ONLY)

.PHONY: rivals
rivals: # Environments of the libraries that the kernel is held against; what cannot be installed is told of
	@mkdir -p build/rivals
	@for name in $(RIVALS); do $(MAKE) --silent .venv-$$name/.stamp >build/rivals/$$name.log 2>&1 || true; done

.PHONY: screens
screens: setup ## Every page in a browser on a ledger of ten years: pictures in build/screens, load times
	PYTHONPATH=.:tests $(BIN)/python tests/browser/screens.py

.PHONY: proof
proof: .venv/.stamp ## Long runs in which each rule of the method must appear; STEWARD_DATA adds recorded days
	PYTHONPATH=.:tests $(BIN)/python tests/scenario/proof.py

.PHONY: property
property: .venv/.stamp ## Gateway x bot, 100,000 steps in any order; more examples of every property
	$(BIN)/python tests/property/campaign.py --steps 100000 --folder build/property
	$(BIN)/pytest -n $(WORKERS) -m hypothesis --hypothesis-profile=long --timeout=3600

.PHONY: fuzz
fuzz: .venv/.stamp ## A million damaged frames to bot and gateway, odd quotes, damaged configuration
	$(BIN)/python tests/fuzz/campaign.py --frames 1000000 --folder build/fuzz

.PHONY: ci-long
ci-long: .venv/.stamp ## What takes longer: a hundred kills of sessions and recoveries, eighty sessions in which everything goes wrong
	$(BIN)/python tests/crash/campaign.py --kills 100 --jobs $(WORKERS) --folder build/crash-ci --anew
	$(BIN)/python tests/soak/soak_campaign.py --seeds 2 --sessions 40 --jobs $(WORKERS) --folder build/soak-ci --anew

.PHONY: crash
crash: setup ## A thousand kills, and a failing disk at every write of a session; goes on where it stood
	$(BIN)/python tests/crash/campaign.py --kills 1000 --jobs $(WORKERS) --folder build/crash
	$(BIN)/python tests/crash/disk.py --jobs $(WORKERS) --folder build/disk

.PHONY: tearsheet
tearsheet: .venv/.stamp .venv-quantstats/.stamp ## Hold the figures of `steward export tearsheet` against quantstats
	$(BIN)/pytest tests/tearsheet

.PHONY: soak
soak: .venv/.stamp ## Ten years in which everything goes wrong, and twenty pairs of one seed; goes on where it stood
	$(BIN)/python tests/soak/soak_campaign.py --seeds 10 --jobs $(WORKERS) --folder build/soak
	$(BIN)/python tests/soak/soak_campaign.py --pairs 20 --sessions 20 --jobs $(WORKERS) --folder build/soak-pairs

.PHONY: hour
hour: .venv/.stamp ## `steward run` for an hour against the gateway at sixty times its speed: phases, memory, handles, logs
	PYTHONPATH=.:tests $(BIN)/python tests/soak/hour.py --folder build/hour

.PHONY: audit
audit: .venv-supply/.stamp ## Known vulnerabilities of what is locked; skipped where no database answers
	@.venv-supply/bin/python tests/audit_gate.py

.PHONY: sbom
sbom: .venv-supply/.stamp ## Bill of materials of what runs (CycloneDX), in build/sbom.cdx.json
	@mkdir -p build
	.venv-supply/bin/python -W ignore -m cyclonedx_py requirements deploy/runtime.lock --pyproject pyproject.toml --output-reproducible --output-file build/sbom.cdx.json

.PHONY: lock
lock: ## Resolve the dependencies anew, with hashes
	@$(require-python)
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python $(PIP) 'pip-tools>=7.5,<8'
	.venv-lock/bin/pip-compile --quiet --extra dev --extra sweep --all-build-deps --output-file requirements.lock $(LOCK_OPTIONS) pyproject.toml
	.venv-lock/bin/pip-compile --quiet --all-build-deps --constraint requirements.lock --output-file deploy/runtime.lock $(LOCK_OPTIONS) pyproject.toml
	.venv-lock/bin/pip-compile --quiet --output-file deploy/supply.lock $(LOCK_OPTIONS) deploy/supply.in
	sed -i '1i # Exact versions and hashes of everything that make installs; made by `make lock`.' requirements.lock
	sed -i '1i # What steward needs to run, and nothing else: versions and hashes as in requirements.lock; made by `make lock`.' deploy/runtime.lock
	sed -i '1i # The tools behind `make sbom`, `make audit` and the check of deploy/compose.yaml, with hashes; made by `make lock`.' deploy/supply.lock

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
	$(locked-environment)

.venv-%/.stamp: tests/tearsheet/%.txt
	$(locked-environment)

.venv-%/.stamp: tests/benchmarks/rivals/%.txt
	$(locked-environment)

.venv-%/.stamp: deploy/%.lock
	$(locked-environment)

LOCK_OPTIONS := --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

define require-python
test -n "$(PYTHON)" || { echo "no Python 3.11, 3.12 or 3.13 found: install one, or name it: make PYTHON=/path/to/python"; exit 1; }
endef

define locked-environment
@$(require-python)
$(PYTHON) -m venv .venv-$*
.venv-$*/bin/python $(PIP) --require-hashes -r $<
@touch $@
endef
