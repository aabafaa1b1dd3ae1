# Thin: one builder process holds the graph of notebooks and decides by content what is stale.
# GNU Make 3.81 is enough. A failed page keeps its last good version, so nothing is deleted on error.
PYTHON ?= python3
VENV ?= .venv
PY := "$(VENV)/bin/python"
ENVIRONMENT := "$(PYTHON)" -I src/notebook_build/environment.py --venv "$(VENV)"
LOCK := $(PY) -m uv pip compile --quiet --no-config --universal --python-version 3.11 \
	--generate-hashes --no-header --no-emit-index-url

.PHONY: all test validate sweep lab clean help lock accept-raw explain environment test-environment FORCE
.DEFAULT_GOAL := help

all: environment ## Build the data and every page that is stale: open reports/index.html
	@$(PY) -m notebook_build all

test: test-environment ## Run the tests, two at a time
	@$(PY) -m pytest -n 2 --dist loadfile

reports/%.html: environment FORCE ## Build one page and what it needs
	@$(PY) -m notebook_build page "$*"

explain: environment ## Say for every page why it would run
	@$(PY) -m notebook_build explain

validate: environment ## Run the long simulations (not part of the tests)
	@$(PY) bench/validate.py

sweep: environment ## Run every specification (SCHEDULER=tcp://host:port: on a Dask cluster)
	@$(PY) -m analysis.sweep $(if $(SCHEDULER),--scheduler "$(SCHEDULER)")

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
