# `make` alone prints what there is. Everything runs from .venv and leaves no process behind.
.DEFAULT_GOAL := help
.PHONY: help setup servers turbojpeg monitoring tls-postgresql demo test test-long lint types format bench soak fuzz docs lock clean
MAKEFLAGS += --no-print-directory

python := .venv/bin/python
sources := $(wildcard colecionador connectors flows sandbox demo bench soak deploy docs tests)

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.ready ## .venv with the project and all its dependencies; quick when nothing changed
	@:

.venv/.ready: requirements.lock pyproject.toml setup/venv.sh
	@sh setup/venv.sh

# RabbitMQ is the one server that no Python package brings.
servers: setup
	@$(python) -m sandbox install

# Without it everything works, and JPEGs take half as much again of the processor.
turbojpeg: setup
	@$(python) -m sandbox install turbojpeg

# Prometheus and Alertmanager, on which the alerts are tested.
monitoring: setup
	@$(python) -m sandbox install monitoring

# PostgreSQL with TLS, which the package's own does not have.
tls-postgresql: setup
	@$(python) -m sandbox install tls-postgresql

demo: servers turbojpeg ## the main job on real photographs, on private servers of its own
	@$(python) -m sandbox run -- $(python) -m demo

# Two files of tests at once, each process with servers of its own: most of a test is waiting.
test: servers turbojpeg monitoring tls-postgresql lint types ## every check and every test
	@$(python) -m pytest --numprocesses 2 --dist loadfile

test-long: servers turbojpeg ## the faults at their full lengths: a quarter of an hour
	@$(python) -m pytest -m long

lint: setup ## style, formatting and the layers between packages
	@.venv/bin/ruff check --quiet $(sources)
	@.venv/bin/ruff format --quiet --check $(sources)
	@.venv/bin/lint-imports --no-logo > .venv/lint-imports.txt 2>&1 || { cat .venv/lint-imports.txt; exit 1; }

types: setup ## static types, strictly
	@.venv/bin/mypy --no-error-summary $(sources)

format: setup ## rewrite the sources in the project's style
	@.venv/bin/ruff check --quiet --fix $(sources)
	@.venv/bin/ruff format $(sources)

bench: servers turbojpeg ## the benchmarks: a table, and bench/results.json
	@$(python) -m sandbox run -- $(python) -m bench

# MINUTES=10 for a long one; SEED chooses the faults.
MINUTES := 2
soak: servers turbojpeg ## load and random faults for MINUTES=2, then the books: nothing lost, nothing doubled
	@$(python) -m soak $(MINUTES) $(SEED)

SECONDS := 300
fuzz: setup turbojpeg ## the parser, AMQP properties and image intake under a fuzzer, SECONDS=300 each
	@$(python) -m pip install --quiet --no-build-isolation --editable '.[fuzz]'
	@$(python) -m tests.fuzz $(SECONDS)

docs: setup ## write anew what is made from code: settings.md, metrics.md, benchmarks.md, schema.sql, the topology, the dashboards
	@$(python) -m docs.settings_page > docs/settings.md
	@$(python) -m docs.metrics_page > docs/metrics.md
	@$(python) -m bench.markdown > docs/benchmarks.md
	@$(python) -m connectors.postgres.migrate > docs/schema.sql
	@$(python) -m docs.topology
	@$(python) -m deploy.dashboards deploy/grafana/dashboards

# Pins are resolved on 3.11, the oldest Python that is supported: what it can run, 3.12 can too.
compile = CUSTOM_COMPILE_COMMAND="make lock" $(python) -m piptools compile --quiet --generate-hashes \
	--allow-unsafe --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
# In the image too: they cost nothing until they are configured.
extras := --extra sentry --extra datadog --extra tracing
lock: setup ## resolve the dependencies anew into requirements.lock and requirements-runtime.lock
	@$(python) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "make lock needs a .venv of Python 3.11")'
	@$(compile) --upgrade --extra dev $(extras) --all-build-deps --output-file requirements.lock pyproject.toml
	@$(compile) --upgrade $(extras) --constraint requirements.lock --output-file requirements-runtime.lock pyproject.toml

clean: ## remove what the other targets made, servers left up included
	@if [ -x $(python) ]; then $(python) -m sandbox down; fi
	@rm -rf .venv .sandbox demo-output build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
