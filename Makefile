# Doors: run, test, check, bench (bench-http, bench-changes, bench-strangers), browser-test; hooks (the checks at each commit); screenshots and pictures, architecture, translations;
# wheel, clean. Needs Python 3.11 or newer, nothing else.
BIND ?= 127.0.0.1:8080
ARGS ?=
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --constraint .ci/constraints.txt
PINS := setup.cfg pyproject.toml .ci/constraints.txt

.PHONY: run test check packages lint format types imports policy-coverage hooks bench bench-http bench-changes bench-strangers browser-test
.PHONY: torture screenshots pictures architecture translations wheel clean
.DELETE_ON_ERROR:

run: .venv/runtime
	@ARGUS_BASE_URL=$${ARGUS_BASE_URL:-http://$(BIND)} .venv/bin/argus-idp init --demo
	@exec .venv/bin/argus-idp serve --bind $(BIND)

# A file runs on one worker: its tests may share a server. (loadgroup groups nothing in xdist 3.8 under pytest 9.2.)
test: .venv/test
	@$(PY) -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder --max-worker-restart 1 $(ARGS)

browser-test: .venv/test
	@$(PY) -m pytest -q -m browser $(ARGS)

# One picture of each page and state that the journeys see; git keeps none of them.
screenshots: .venv/test
	@rm -rf screenshots && mkdir screenshots
	@ARGUS_TEST_SCREENSHOTS=screenshots $(PY) -m pytest -q -m browser tests/browser $(ARGS)

# The few that the documents show, made anew from those: smaller, and cut to what one sees first.
pictures: .venv/test
	@$(PY) -m tests.browser.pictures

# Everything that each run of the tests tries a share of, in full: hours, each test without a limit (docs/torture.md).
torture: .venv/test
	@ARGUS_TEST_TORTURE=full $(PY) -m pytest -q -s -o faulthandler_timeout=0 $(or $(ARGS),tests/torture tests/cli/test_killed_commands.py tests/services/test_outbox.py)

translations: .venv/test
	@$(PY) -m tests.house.catalogue

# Each check is a door of its own; the hooks of .pre-commit-config.yaml are the same doors (tests/house/test_hooks.py).
CHECKS := packages lint format types imports policy-coverage

check: $(CHECKS)

packages: .venv/test
	@$(PY) -c "$$PACKAGES"

lint: .venv/test
	@.venv/bin/ruff check --quiet

format: .venv/test
	@.venv/bin/ruff format --quiet --check || { .venv/bin/ruff format --check; exit 1; }

types: .venv/test
	@.venv/bin/mypy --no-error-summary

imports: .venv/test
	@out=$$(.venv/bin/lint-imports 2>&1) || { echo "$$out"; exit 1; }

# The decision is covered to its last branch.
policy-coverage: .venv/test
	@out=$$($(PY) -m pytest -q tests/policy --cov=app.policy --cov-branch --cov-fail-under=100 2>&1) \
		|| { echo "$$out"; exit 1; }

# The checks at each commit.
hooks: .venv/test
	@.venv/bin/pre-commit install

# docs/architecture.svg: who imports whom.
architecture: .venv/test
	@$(PY) -m tests.house.architecture

bench: .venv/test
	@$(PY) -m bench $(ARGS)

# Product and floor over HTTP, alternating (Node.js sends the load); ARGS="--json FILE" keeps it, "--base FILE" compares,
# "--peer" adds node-oidc-provider (its driver of SQLite may compile for minutes at the first run), "--large" the large data.
bench-http: .venv/test
	@for one in load $(if $(filter --peer,$(ARGS)),peer); do \
		(cd bench/$$one && npm install --no-audit --no-fund --no-package-lock --silent) || exit 1; done
	@$(PY) -m bench.side_by_side $(ARGS)

# What a call costs while somebody makes 1,000 policy changes a minute, over the large data.
bench-changes: .venv/test
	@(cd bench/load && npm install --no-audit --no-fund --no-package-lock --silent)
	@$(PY) -m bench.changes $(ARGS)

bench-strangers: .venv/test
	@$(PY) -m bench.strangers

wheel: .venv/runtime
	@rm -rf build dist
	@$(PY) -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir dist .
	@rm -rf build
	@ls dist/*.whl

# Leaves instance/ alone: it holds the database and its keys.
clean:
	rm -rf .venv .npm-cache build dist *.egg-info .coverage .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find app migrations tests bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (or: make PYTHON=/path/to/python)."; exit 1; }
	@echo "Making .venv with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv is missing (Debian: apt install python3-venv)."; exit 1; }

# Stamps: made again when a pin changes, so that a second start is fast.
.venv/runtime: $(PINS) | .venv/bin/python
	@echo "Installing what runs ..."
	@$(PIP) --editable .
	@touch $@

.venv/test: $(PINS) | .venv/bin/python
	@echo "Installing what runs and what tests ..."
	@$(PIP) --editable '.[test]'
	@touch .venv/runtime $@

define PACKAGES
import configparser, pathlib, sys
setup = configparser.ConfigParser()
setup.read('setup.cfg')
listed = set(setup['options']['packages'].split()) - {'app.migrations'}
folders = {file.parent for file in pathlib.Path('app').rglob('*.py')}
found = {'.'.join(folder.parts) for folder in folders}
wrong = ['setup.cfg: packages lacks ' + name for name in sorted(found - listed)]
wrong += ['setup.cfg: packages names the missing ' + name for name in sorted(listed - found)]
wrong += [f'{folder}/__init__.py is missing' for folder in sorted(folders) if not (folder / '__init__.py').exists()]
sys.exit('\n'.join(wrong) or None)
endef
export PACKAGES
