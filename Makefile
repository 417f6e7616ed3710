# Two commands: `make run` and `make test`. Everything else serves them.
PY := .venv/bin/python
.DEFAULT_GOAL := help

.PHONY: help
help:
	@echo 'make run    set everything up and start a demonstration: http://localhost:8000'
	@echo 'make test   set up what the tests need and run all of them'
	@echo 'make check  format, lint, types and import contracts'

.venv/.stamp: deploy/requirements-dev.txt pyproject.toml
	python3 -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r deploy/requirements-dev.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

web/node_modules/.stamp: web/package.json web/package-lock.json
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts -type f 2>/dev/null)
web/dist/.stamp: web/node_modules/.stamp $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@

.PHONY: run
run: .venv/.stamp web/dist/.stamp
	$(PY) -m server.cli serve --demo

.PHONY: check
check: .venv/.stamp web/node_modules/.stamp
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	cd web && npm run --silent check

.PHONY: test
test: check web/dist/.stamp
	.ci/system-packages
	$(PY) -m pytest tests/unit
	cd web && npm run --silent test
	$(PY) -m pytest tests/integration tests/e2e
