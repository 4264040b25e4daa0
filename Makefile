# `make run` on a machine with Python 3.11 or newer and nothing else gives a working site.

PYTHON ?= python3
FORUM_ENV ?= development
FLASK_APP = wsgi
PIP_DISABLE_PIP_VERSION_CHECK = 1
export FORUM_ENV FLASK_APP PIP_DISABLE_PIP_VERSION_CHECK

VENV = .venv
PY = $(VENV)/bin/python
FLASK = $(VENV)/bin/flask
PIP_INSTALL = $(PY) -m pip install --quiet -c constraints.txt

# A stamp's name carries the content of what was installed, so a new requirement is a new stamp.
RUNTIME = $(VENV)/.runtime-$(shell cat requirements.txt constraints.txt | cksum | tr ' ' -)
TESTING = $(VENV)/.testing-$(shell cat requirements.txt requirements-dev.txt constraints.txt | cksum | tr ' ' -)

.DEFAULT_GOAL = help
.PHONY: help run test check bench clean data assets chromium
.DELETE_ON_ERROR:

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' Makefile

run: $(RUNTIME) assets data ## install what is needed and serve the site (HOST=127.0.0.1 PORT=8000)
	@exec $(FLASK) serve

test: $(TESTING) assets chromium check ## everything that must hold before a change goes in
	$(PY) -m pytest -n auto --dist worksteal

check: $(TESTING) ## style and types only
	$(PY) -m ruff check
	$(PY) -m ruff format --check
	$(PY) -m mypy

bench: $(TESTING) assets ## how fast pages and searches are on this machine
	$(PY) -m tests.bench
	$(PY) -m tests.bench.schools
	$(PY) -m tests.bench.library
	$(PY) -m tests.bench.search --posts 1000000
	$(PY) -m tests.bench.watch
	$(PY) -m tests.bench.queue

clean: ## take away what can be made again; the database in instance/ stays
	rm -rf $(VENV) node_modules static/build .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

data: $(RUNTIME) assets
	@$(FLASK) db upgrade
	@$(FLASK) conversation load
	@if [ "$$FORUM_ENV" = development ]; then $(FLASK) demo load && $(FLASK) demo sign-ins; fi

assets: $(RUNTIME)
	@$(PY) -m forum.core.assets

chromium:
	@for name in chromium chromium-browser google-chrome; do \
	  if command -v $$name >/dev/null; then exit 0; fi; \
	done; \
	as_root=; \
	if [ "$$(id -u)" != 0 ]; then as_root="sudo -n"; fi; \
	if command -v apt-get >/dev/null && $$as_root true 2>/dev/null; then \
	  echo "Installing Chromium for the browser tests."; \
	  $$as_root apt-get update -qq && \
	  $$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-liberation; \
	else \
	  echo "The browser tests need Chromium. Install it first: apt install chromium" >&2; exit 1; \
	fi

$(VENV)/.made:
	@if ! command -v $(PYTHON) >/dev/null; then \
	  echo "There is no $(PYTHON) here. This needs Python 3.11 or newer: apt install python3 python3-venv" >&2; exit 1; \
	fi
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	  echo "This needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "If there is a newer one here, name it: make run PYTHON=python3.13" >&2; exit 1; \
	fi
	@if $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
	elif $(PYTHON) -m virtualenv --version >/dev/null 2>&1; then $(PYTHON) -m virtualenv --quiet $(VENV); \
	elif command -v virtualenv >/dev/null; then virtualenv --quiet --python $(PYTHON) $(VENV); \
	else echo "$(PYTHON) cannot make a virtual environment yet. Install what it lacks: apt install python3-venv" >&2; exit 1; \
	fi
	@touch $@

$(RUNTIME): $(VENV)/.made
	@echo "Installing what the site runs on; this takes a minute, once."
	@$(PIP_INSTALL) -r requirements.txt
	@rm -f $(VENV)/.runtime-* && touch $@

$(TESTING): $(RUNTIME)
	@echo "Installing what the tests run on; this takes a minute, once."
	@$(PIP_INSTALL) -r requirements-dev.txt
	@rm -f $(VENV)/.testing-* && touch $@
