# Two commands: `make run` and `make test`. Everything else serves them.
PY := .venv/bin/python
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo 'make run    set everything up and start a demonstration: http://localhost:8000'
	@echo 'make test   set up what the tests need and run all of them'
	@echo 'make check  format, lint, types and import contracts'

.PHONY: tools
tools:
	@python3 -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo '需要 Python 3.11 或更新，以及 venv 模块。Python >= 3.11 with venv is needed: sudo apt-get install python3 python3-venv'; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || \
	  { echo '需要 Node 20 或更新，以及 npm。Node >= 20 with npm is needed: sudo apt-get install nodejs npm, or https://nodejs.org'; exit 1; }

PIP := $(PY) -m pip install --quiet --disable-pip-version-check

.venv/.run-stamp: deploy/requirements.txt pyproject.toml | tools
	python3 -m venv .venv
	$(PIP) --require-hashes -r deploy/requirements.txt
	$(PIP) --no-deps --editable .
	@touch $@

.venv/.test-stamp: deploy/requirements-dev.txt .venv/.run-stamp
	$(PIP) --require-hashes -r deploy/requirements-dev.txt
	@touch $@

web/node_modules/.stamp: web/package.json web/package-lock.json | tools
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
web/dist/.stamp: web/node_modules/.stamp $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@

.PHONY: run
run: .venv/.run-stamp web/dist/.stamp
	$(PY) -m server.cli serve --demo

.PHONY: check check-python check-web
check: check-python check-web

check-python: .venv/.test-stamp
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports

check-web: web/node_modules/.stamp
	cd web && npm run --silent check

# Tests that measure times, or that keep a core busy with media: nothing runs beside them.
ALONE := tests/integration/lessons tests/integration/turn $(wildcard tests/integration/test_*.py)
# Stories without a live lesson: two browsers beside each other do not mind.
QUIET := $(patsubst %,tests/e2e/test_%.py,accessible decks exports offline_pack plan_tabs plans research screen_offline \
  timetable)

.PHONY: test
test:
	.ci/system-packages
	$(MAKE) --no-print-directory --jobs=3 --output-sync=target check-python check-web web/dist/.stamp
	$(PY) -m pytest tests/unit -n auto
	$(PY) -m pytest tests/scenarios -n auto
	cd web && npm run --silent test
	$(PY) -m pytest tests/integration $(QUIET) -n 2 --dist loadfile $(ALONE:%=--ignore=%)
	$(PY) -m pytest $(ALONE) tests/e2e $(QUIET:%=--ignore=%)
