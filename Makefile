# One verb list for people and CI. `make help` prints it.

PYTHON ?= python3
DATA ?= data
SERVE ?=
ANTE_CACHE ?= $(HOME)/.cache/antechamber
export ANTE_CACHE
export PIP_CACHE_DIR ?= $(ANTE_CACHE)/pip
export npm_config_cache ?= $(ANTE_CACHE)/npm
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# a newcomer's shell may be inside another environment, or have made its own pip settings mandatory
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --require-hashes
ITSELF := $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
CODE := src tests tools $(wildcard bench)

.DEFAULT_GOAL := help
.SUFFIXES:

.PHONY: help start start-tls test check fix golden docs bench coverage pins packages clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

start: .venv/runtime ## a server on 127.0.0.1:8787 with SQLite and simulated models (DATA=folder, SERVE="--port 9000")
	@exec $(BIN)/ante serve --demo --data "$(DATA)" $(SERVE)

start-tls: .venv/runtime ## the same over TLS, with a local certificate made in DATA/tls
	@$(BIN)/python tools/certificate.py "$(DATA)/tls"
	@exec $(BIN)/ante serve --demo --data "$(DATA)" --tls-cert "$(DATA)/tls/cert.pem" --tls-key "$(DATA)/tls/key.pem" $(SERVE)

test: packages .venv/dev ## install what tests need, then check, then every suite
	@$(MAKE) --no-print-directory check
	@$(BIN)/python -m tests.sandboxes.bases
	@$(BIN)/python tools/suites.py

check: .venv/dev ## lint, format, types, import contracts, generated pages
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports --cache-dir .cache/imports
	$(BIN)/python tools/reference.py --check

fix: .venv/dev ## let ruff repair and format
	$(BIN)/ruff check --fix-only $(CODE)
	$(BIN)/ruff format $(CODE)

golden: .venv/dev ## rewrite tests/golden from what the code does now; read the diff
	$(BIN)/pytest -m golden --golden -p no:randomly
	@git --no-pager diff --stat -- tests/golden

docs: .venv/dev ## rewrite docs/reference from the tables the code runs on
	$(BIN)/python tools/reference.py

bench: .venv/dev ## every figure of docs/performance.md, ours beside the peer's
	@for script in bench/bench_*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

coverage: .venv/dev ## the quick tests under coverage, held to the floors of CONTRIBUTING.md
	@$(BIN)/python tools/suites.py --coverage quick

pins: ## compile requirements/*.txt anew from pyproject.toml (needs uv)
	@tools/pins

packages: # Debian packages that tests need; nothing happens when they are there
	@tools/packages

clean: ## remove the environment and every cache inside the clone (never DATA)
	rm -rf .venv .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache build dist
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 ..."; exit 2; }
	@mkdir -p "$(PIP_CACHE_DIR)"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "apt-get install python3-venv"; exit 2; }

.venv/runtime: requirements/runtime.txt requirements/build.txt pyproject.toml | .venv/bin/python
	@echo "Installing the server's libraries into .venv (once) ..."
	@$(PIP) -r requirements/runtime.txt -r requirements/build.txt
	@$(ITSELF)
	@touch $@

.venv/dev: requirements/dev.txt pyproject.toml | .venv/bin/python
	@echo "Installing the tests' libraries into .venv (once) ..."
	@$(PIP) -r requirements/dev.txt
	@$(ITSELF)
	@touch $@
