# Each target does its own set-up: a fresh clone needs Python 3.11 or newer and nothing else.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# The oldest Python we support is tried first, so that nobody leans on a newer one by accident.
PYTHON ?= $(firstword $(foreach name,python3.11 python3 python3.12 python3.13 python3.14,\
	$(shell $(name) -c 'import sys; sys.version_info >= (3, 11) and print("$(name)")' 2>/dev/null)))

# Without byte code every start compiles a thousand files again: five seconds instead of one.
unexport PYTHONDONTWRITEBYTECODE

# How many processes share the tests, and what else to hand to pytest: make test ARGS='-k sla'.
JOBS ?= 2
ARGS ?=
# How much the torture run does: make torture MAILS=1000 KILLS=100 ARGS=tests/test_torture.py
MAILS ?= 10000
KILLS ?= 1000
# The slow ones (killing the desk, the whole corpus, hostile streams) run where there is time.
SLOW := $(if $(CI),,-m "not slow")
# The least share of lines, in per cent, that the tests must reach in desk/ and in mail/.
COVERAGE_MIN ?= 95

.DEFAULT_GOAL := help
.PHONY: help run test lint bench torture requirements clean

help: ## this list
	@echo 'mailtrack: a help desk whose whole interface is e-mail'
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1	\2/p' Makefile | expand -t 21

run: $(READY) ## start the desk on an embedded default, letters into ./var
	@exec $(BIN)/mailtrack serve

test: lint ## everything that must hold: lint, types, contracts, tests, coverage
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -q -n $(JOBS) --cov --cov-report= $(SLOW) $(ARGS)
	@for room in desk mail; do \
		test -d mailtrack/$$room || continue; \
		echo "coverage of mailtrack/$$room:"; \
		$(BIN)/python -m coverage report --include="mailtrack/$$room/*" \
			--skip-covered --show-missing --fail-under=$(COVERAGE_MIN) || exit 1; \
	done

lint: $(READY) ## ruff, mypy --strict, who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

torture: $(READY) ## the long forms of the tests that kill, starve and confuse the desk
	MAILTRACK_TORTURE=1 MAILTRACK_TORTURE_MAILS=$(MAILS) MAILTRACK_TORTURE_KILLS=$(KILLS) \
		$(BIN)/python -m pytest -q -m slow --timeout 3600 $(ARGS)

bench: $(READY) ## measure the desk on this machine
	@if test -f benchmarks/run.py; then \
		$(BIN)/python benchmarks/run.py $(ARGS) && $(BIN)/python benchmarks/read.py && \
		exec $(BIN)/python benchmarks/decide.py; \
	else echo 'There are no benchmarks in this checkout (benchmarks/run.py is missing).' >&2; exit 1; fi

requirements: $(READY) ## write the pinned and hashed requirements anew from pyproject.toml
	@set -e; compile="$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--generate-hashes --no-header --no-emit-index-url --no-emit-find-links"; \
	$$compile pyproject.toml --all-extras --output-file requirements.txt; \
	$$compile pyproject.toml --all-extras --group dev --constraints requirements.txt \
		--output-file requirements-dev.txt; \
	echo 'uv>=0.9,<1' | $$compile - --output-file requirements-uv.txt

clean: ## remove what make and the tests have made; ./var, your mail, stays
	rm -rf $(VENV) dist build htmlcov .coverage .coverage.* .pytest_cache .mypy_cache \
		.ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv installs in three seconds what takes pip thirty. Where it cannot be had, pip reads the same
# pinned and hashed file. The stamp is written last, so that a broken set-up is tried again.
$(READY): pyproject.toml requirements-dev.txt requirements-uv.txt
	@test -n "$(PYTHON)" || { \
		echo 'mailtrack needs Python 3.11 or newer, and none was found.' >&2; \
		echo 'Install one (Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.11 ...' >&2; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or \
		sys.exit("mailtrack needs Python 3.11 or newer; $(PYTHON) is " + sys.version.split()[0])'
	@test -x $(BIN)/pip || { echo 'Making $(VENV) ...'; $(PYTHON) -m venv $(VENV); } || { \
		rm -rf $(VENV); \
		echo 'This Python cannot make virtual environments (Debian: apt-get install python3-venv).' >&2; \
		exit 1; }
	@echo 'Installing what mailtrack needs into $(VENV): once, for half a minute ...'
	@if $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt \
		&& $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-dev.txt; \
	then $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
	else echo 'uv is not to be had here; pip takes about half a minute ...'; \
		$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt \
		&& $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .; fi
	@$(BIN)/python -m compileall -q mailtrack
	@$(BIN)/python -c 'from mailtrack.config.press import install_press; install_press()'
	@touch $(READY)
