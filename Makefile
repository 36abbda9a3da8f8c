# Hearth: `make demo` on a machine with Python 3.11-3.13 and pip. `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo real test test-servers faults lint bench stop status clean venv

SCALE ?= 0.02
SEED ?= 7
DAYS ?= 1
DASHBOARDS ?= 1
DATA ?=
ARGS ?=
RECORD ?=
FULL ?=

# The newest Python that fits; `make PYTHON=/path/to/python ...` takes another.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	path=$$(command -v $$name 2>/dev/null) || continue; \
	$$path -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null \
	&& $$path -m pip --version >/dev/null 2>&1 && { echo $$path; break; }; done)
VENV := .venv/bin
RUN := $(VENV)/python

export PYTHONPATH := plugins
# Where Python may keep no bytecode, each process compiles Airflow, dbt and the rest anew: half of what an import takes.
unexport PYTHONDONTWRITEBYTECODE
# So that the total of the demo counts what a person waits for, the environment included.
export HEARTH_STARTED := $(shell date +%s)

help:
	@echo 'make demo [SEED=7 DAYS=1]             a simulated town, two seasons, the three KPIs beside their true values: five to ten minutes'
	@echo 'make demo SCALE=1                    the whole city of 270,000 homes: half an hour'
	@echo '          [DASHBOARDS=0]               without the managers'"'"' dashboards'
	@echo 'make real DATA=<folder>              the same pipeline over real files of another place'
	@echo 'make test [ARGS="-k name"]           the tests of every change'
	@echo 'make test-servers [ARGS="-k name"]   those that need PostgreSQL 15, a Superset, a running Airflow, a whole demo, a killed server'
	@echo 'make faults [RECORD=1 ARGS="-k name"]  kills, lies and bombs for real, and what was lost; RECORD=1 keeps docs/reliability'
	@echo 'make lint                            ruff, mypy, import-linter, sqlfluff, yamllint, search for secrets'
	@echo 'make bench [FULL=1]                  speed against psql \copy, dlt, bare steps, in a quarter of an hour; all at full size, an hour and a half'
	@echo '           [ARGS="--only demo"]      the whole demo against that of before: up to an hour, in no other way'
	@echo 'make status                          what runs, where, with which login'
	@echo 'make stop                            stop everything; data stays'
	@echo 'make clean                           stop everything and delete its data'

venv:
	@test -n '$(PYTHON)' || { echo 'No Python 3.11, 3.12 or 3.13 with pip found. Install one' \
	'(Debian: apt-get install python3 python3-pip) or name it: make PYTHON=/path/to/python ...' >&2; exit 1; }
	@$(PYTHON) -I local/environment.py

demo: venv
	@$(RUN) -m local.demo --scale $(SCALE) --seed $(SEED) --days $(DAYS) $(if $(filter 0,$(DASHBOARDS)),--no-dashboards,)

real: venv
	@test -n '$(DATA)' || { echo 'Name the folder of the files: make real DATA=<folder>' >&2; exit 2; }
	@$(RUN) -m local.real --data '$(DATA)'

test: venv
	@$(RUN) -m pytest -n 2 --no-loadscope-reorder -m 'not servers' --faults build/faults.json $(ARGS)

test-servers: venv
	@$(RUN) -m pytest -n 2 --no-loadscope-reorder -m servers $(ARGS)

faults: venv
	@$(RUN) -m local.faults $(if $(filter 1,$(RECORD)),--record,) -- $(ARGS)

lint: venv
	@$(RUN) -m local.lint

bench: venv
	@$(RUN) -m local.bench $(if $(filter 1,$(FULL)),--full,) $(ARGS)

# These two work without an environment too: then nothing of ours can run.
stop:
	@if test -x $(RUN); then $(RUN) -m local.stack stop; else echo 'nothing to stop: there is no .venv'; fi

clean:
	@if test -x $(RUN); then $(RUN) -m local.stack clean; fi
	@rm -rf build dbt_project/target dbt_project/logs
	@find . -name __pycache__ -type d -not -path './.venv*' -prune -exec rm -rf {} +

status:
	@if test -x $(RUN); then $(RUN) -m local.stack status; else echo 'no .venv yet: make demo builds everything'; fi
