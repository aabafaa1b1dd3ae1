# Thin: one builder process holds the graph of notebooks and decides by content what is stale.
# GNU Make 3.81 is enough. A failed page keeps its last good version, so nothing is deleted on error.
PYTHON ?= python3
VENV ?= .venv
PY := "$(VENV)/bin/python"
ENVIRONMENT := "$(PYTHON)" -I src/notebook_build/environment.py --venv "$(VENV)"
# `make -k all` goes on after a failure with what does not need it.
KEEP_GOING := $(if $(findstring k,$(firstword -$(MAKEFLAGS))),--keep-going)
LOCK := $(PY) -m uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url

.PHONY: all run test test-browser reproduce validate lab clean help lock accept-raw explain compare snapshot check-snapshot release sweep fetch
.PHONY: environment test-environment FORCE
.DEFAULT_GOAL := help

all: environment ## Build the data and every page that is stale: open reports/index.html
	@$(PY) -m notebook_build all $(KEEP_GOING)

run: environment ## One page with other parameters: NOTEBOOK=name P="first=2014 flow=import"
	@$(PY) -m notebook_build run "$(NOTEBOOK)" "$$P"

test: test-environment ## Run the tests, two at a time
	@$(PY) -m pytest -n 2 --dist loadfile

test-browser: all test-environment ## Read the built pages as a user would, in Chromium (installed by you)
	@$(PY) -m pytest -n 2 tests/browser

reproduce: all ## Build again elsewhere, from nothing, and compare every byte
	@$(PY) bench/reproduce.py

reports/%.html: environment FORCE ## Build one page and what it needs
	@$(PY) -m notebook_build page "$*"

explain: environment ## Say for every page why it would run
	@$(PY) -m notebook_build explain

compare: environment ## Which results changed, and by how much, since BASE=commit or folder
	@$(PY) -m notebook_build compare "$(BASE)"

validate: environment ## Run the long simulations (not part of the tests)
	@$(PY) bench/validate.py

snapshot: all ## Write the results as committed: docs/results, code book, README, crate
	@$(PY) -m analysis.snapshot

check-snapshot: all ## Say where the build departs from the committed results
	@$(PY) -m analysis.snapshot --check

release: environment ## One archive of the commit, which rebuilds from itself
	@$(PY) -m analysis.release

sweep: environment ## Run every specification (SCHEDULER=tcp://host:port: on a Dask cluster)
	@$(PY) -m analysis.sweep $(if $(SCHEDULER),--scheduler "$(SCHEDULER)")

fetch: environment ## Fetch China's monthly trade by commodity from UN Comtrade (needs the network)
	@$(PY) -m analysis.fetch

lab: environment ## Open the notebooks in JupyterLab
	@$(PY) -m jupyterlab --notebook-dir=.

accept-raw: environment ## Accept an edited table of data/raw: rewrites its size and hash
	@$(PY) -m analysis.sources.datapackage --accept

lock: environment ## Remake both locks from pyproject.toml (asks the package index)
	@$(PY) -m uv --version >/dev/null 2>&1 || $(ENVIRONMENT) --add uv
	@$(LOCK) --upgrade pyproject.toml --output-file requirements.lock
	@$(LOCK) --upgrade --group test --constraints requirements.lock --output-file requirements-test.lock

clean: ## Remove what was built (pages and processed data)
	@rm -rf reports
	@find data/processed -mindepth 1 ! -name .gitkeep -delete 2>/dev/null || true

help: ## Show this list
	@sed -n 's/^\([a-z][a-z%./-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | sed 's/%/NAME/' | expand -t 28

environment:
	@$(ENVIRONMENT) --lock requirements.lock

test-environment:
	@$(ENVIRONMENT) --lock requirements.lock --lock requirements-test.lock

FORCE:
