# Doors: run, test, check, bench, browser-test; and screenshots, translations, wheel, clean. Needs Python 3.11 or newer, nothing else.
BIND ?= 127.0.0.1:8080
ARGS ?=
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

PY := .venv/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --quiet --constraint .ci/constraints.txt
PINS := setup.cfg pyproject.toml .ci/constraints.txt

.PHONY: run test check policy-coverage bench browser-test screenshots translations wheel clean
.DELETE_ON_ERROR:

run: .venv/runtime
	@ARGUS_BASE_URL=$${ARGUS_BASE_URL:-http://$(BIND)} .venv/bin/argus-idp init --demo
	@exec .venv/bin/argus-idp serve --bind $(BIND)

# A file runs on one worker: its tests may share a server. (loadgroup groups nothing in xdist 3.8 under pytest 9.2.)
test: .venv/test
	@$(PY) -m pytest -q -n 2 --dist loadfile --max-worker-restart 1 $(ARGS)

browser-test: .venv/test
	@$(PY) -m pytest -q -m browser $(ARGS)

# One picture of each page and state that the journeys see.
screenshots: .venv/test
	@mkdir -p docs/screenshots && rm -f docs/screenshots/*.jpg
	@ARGUS_TEST_SCREENSHOTS=docs/screenshots $(PY) -m pytest -q -m browser tests/browser $(ARGS)

translations: .venv/test
	@$(PY) -m tests.house.catalogue

check: .venv/test
	@$(PY) -c "$$PACKAGES"
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --quiet --check || { .venv/bin/ruff format --check; exit 1; }
	@.venv/bin/mypy --no-error-summary
	@out=$$(.venv/bin/lint-imports 2>&1) || { echo "$$out"; exit 1; }
	@$(MAKE) --no-print-directory policy-coverage

# The decision is covered to its last branch.
policy-coverage: .venv/test
	@out=$$($(PY) -m pytest -q tests/policy --cov=app.policy --cov-branch --cov-fail-under=100 2>&1) \
		|| { echo "$$out"; exit 1; }

bench: .venv/test
	@$(PY) -m bench $(ARGS)

wheel: .venv/runtime
	@rm -rf build dist
	@$(PY) -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir dist .
	@rm -rf build
	@ls dist/*.whl

# Leaves instance/ alone: it holds the database and its keys.
clean:
	rm -rf .venv build dist *.egg-info .coverage .hypothesis .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
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
