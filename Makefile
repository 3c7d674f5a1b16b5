# spotify-elt: your Spotify history in a warehouse. `make` lists the targets.
#
# Variables (environment or .env; see .env.example): EXPORT, LISTENER, LISTENER_TIMEZONE,
# WAREHOUSE, DUCKDB_PATH, POSTGRES_URL, BIGQUERY_PROJECT, SNOWFLAKE_ACCOUNT, LAKE_PATH, and those of the
# Web API.

# python3 of the PATH; the system's, where that one was compiled without optimisation, as pyenv does unasked: it
# makes everything slower
OPTIMISED := import sysconfig; assert "--enable-optimizations" in sysconfig.get_config_var("CONFIG_ARGS")
SUITABLE := import ensurepip, sys; assert sys.version_info >= (3, 11)
PYTHON ?= $(shell python3 -c '$(OPTIMISED)' 2>/dev/null || ! /usr/bin/python3 -c '$(SUITABLE)' 2>/dev/null \
	&& echo python3 || echo /usr/bin/python3)
BIN := .venv/bin
SPOTIFY_ELT := $(BIN)/spotify-elt
WAREHOUSE ?= $(shell sed -n 's/^WAREHOUSE=\([a-z]*\).*/\1/p' .env 2>/dev/null)
export WAREHOUSE
export DBT_PROJECT_DIR ?= $(CURDIR)/dbt_project
export DBT_PROFILES_DIR ?= $(CURDIR)/profiles

.DEFAULT_GOAL := help
.PHONY: help setup programs run demo login ingest collect status costs build parquet dashboard docs test test-warehouses lint format screenshot bench bench-listeners bench-sources bench-warehouses lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# a warehouse brings packages of its own, where it is not the one that needs none
INSTALLED := .venv/installed$(if $(filter-out duckdb,$(WAREHOUSE)),-$(WAREHOUSE))

setup: $(INSTALLED) ## make .venv and install the pinned, hashed requirements

run: setup ## EXPORT=my_spotify_data.zip: load it, build and test the marts, say what was found
	@$(SPOTIFY_ELT) run

demo: setup ## the same for a simulated listener, in data/demo
	@$(SPOTIFY_ELT) demo

login: setup ## sign in to Spotify, once in six months: runs then ask it for what is new
	@$(SPOTIFY_ELT) login

ingest: setup ## load what is new into the raw tables: exports, then Spotify if signed in
	@$(SPOTIFY_ELT) ingest

collect: setup ## ask Spotify every half hour, until Ctrl+C
	@$(SPOTIFY_ELT) collect --every 30m

status: setup ## what is collected, how fresh, what is missing, when the sign-in ends
	@$(SPOTIFY_ELT) status

costs: setup ## what lies in the warehouse, what its queries are billed for, how near the limits are
	@$(SPOTIFY_ELT) costs

build: setup ## build and test the dbt models
	@$(SPOTIFY_ELT) build

parquet: setup ## write the marts as Parquet, partitioned by listener and month, to data/marts
	@$(SPOTIFY_ELT) parquet

dashboard: setup .venv/installed-dashboard ## look at it: a web app on this machine alone
	@$(BIN)/python -m streamlit run dashboard/app.py

docs: setup ## generate the dbt docs, also as one file, and serve them
	@$(SPOTIFY_ELT) dbt docs generate --static
	@$(SPOTIFY_ELT) dbt docs serve

programs:
	@tests/install_programs.sh

# loadfile: what the tests of a file share is made once; their order is that of tests/conftest.py
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
# of other warehouses, which need packages of their own, and of clouds: make test-warehouses
OF_OTHERS = tests/deploy $(addprefix tests/warehouses/,test_athena.py test_bigquery.py test_bigquery_jobs.py \
	test_bigquery_sql.py test_googlesql.py test_lake.py test_snowflake.py test_snowpipe.py test_stateless.py)
test: .venv/installed-dev programs ## run every test on DuckDB and Postgres, with coverage
	@$(PYTEST) $(addprefix --ignore ,$(OF_OTHERS)) --cov --cov-report=term

test-warehouses: .venv/installed-dev programs .venv/installed-warehouses .venv-bqemulator/installed .venv-fakesnow/installed ## the tests of every warehouse: Postgres, a lake, BigQuery by analyser and emulator, Snowflake by emulator; of deploy/
	@$(PYTEST) tests/warehouses tests/deploy --cov --cov-config=tests/warehouses/coverage.toml --cov-report=term

# md5 of an artist's name, and of an artist's and an album's: keys that unit tests of dbt write out
KEYS_IN_UNIT_TESTS = 02129bb861061d1a052c592e2dc6b383|321759187f2436f110a53883d177c2c3
# what addresses in texts and tests have in its place, and the name of a variable
IN_PLACE_OF_PASSWORDS = password|unused|DBT_ENV_SECRET_POSTGRES_PASSWORD
lint: .venv/installed-dev ## ruff, mypy, sqlfluff, no secrets
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@DUCKDB_PATH=:memory: $(BIN)/sqlfluff lint dbt_project
	@$(BIN)/sqlfluff lint --templater placeholder dashboard/queries
	@git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --exclude-files '.*\.lock$$' \
		--exclude-secrets '^($(KEYS_IN_UNIT_TESTS)|$(IN_PLACE_OF_PASSWORDS))$$'

format: .venv/installed-dev ## let ruff and sqlfluff mend what they can
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@DUCKDB_PATH=:memory: $(BIN)/sqlfluff fix dbt_project

screenshot: .venv/installed-dev ## the README's picture of the dashboard, of the simulated listener
	@$(BIN)/python -m tests.dashboard.screenshot

bench: .venv/installed-dev .venv-user/installed ## 1,000,000 plays: ours beside a hand-written script and dlt's default path
	@$(BIN)/python -m tests.bench

bench-listeners: .venv/installed-dev .venv-user/installed ## 10,000,000 plays of 100 listeners: time and memory of a build
	@$(BIN)/python -m tests.bench.listeners

bench-sources: .venv/installed-dev .venv-user/installed ## 1,000,000 plays of all sources, then 50 polled ones, beside a hand-written script
	@$(BIN)/python -m tests.bench.sources

bench-warehouses: .venv/installed-dev .venv/installed-warehouses .venv-bqemulator/installed .venv-fakesnow/installed ## 1,000,000 plays into each warehouse that runs here: time and memory
	@$(BIN)/python -m tests.bench.warehouses

UV_COMPILE = uv pip compile pyproject.toml - --universal --python-version 3.11 --generate-hashes \
	--strip-extras --no-annotate --no-header --no-emit-index-url --quiet

# the emulator brings a plugin of pytest's that breaks ours, so it has an environment of its own; the
# extension is the one that it would fetch from a server, for exactly that DuckDB
BQEMULATOR = bqemulator==1.4.0 duckdb==1.5.5 duckdb-extension-spatial==1.5.5 numpy
# Snowflake's emulator is of another DuckDB and another sqlglot than ours; its connector is ours
FAKESNOW = 'fakesnow[server]==0.12.1' 'snowflake-connector-python<5'

# dbt-snowflake wants an older certifi than all others are content with
WITH_SNOWFLAKE = --constraint .venv/without-certifi.lock

lock: .venv/installed-dev ## pin and hash the requirements anew
	@echo 'setuptools>=82' | $(UV_COMPILE) --extra dev --output-file requirements-dev.lock
	@sed '/^certifi==/,/[^\\]$$/d' requirements-dev.lock > .venv/without-certifi.lock
	@echo 'setuptools>=82' | $(UV_COMPILE) --constraint requirements-dev.lock --output-file requirements.lock
	@echo 'setuptools>=82' | $(UV_COMPILE) --constraint requirements-dev.lock --extra postgres --output-file requirements-postgres.lock
	@echo 'setuptools>=82' | $(UV_COMPILE) --constraint requirements-dev.lock --extra dashboard --output-file requirements-dashboard.lock
	@echo 'setuptools>=82' | $(filter-out --universal,$(UV_COMPILE)) --constraint requirements-dev.lock --extra bigquery --output-file requirements-bigquery.lock
	@echo 'setuptools>=82' | $(UV_COMPILE) --constraint requirements-dev.lock --extra lake --output-file requirements-lake.lock
	@echo 'setuptools>=82' | $(UV_COMPILE) $(WITH_SNOWFLAKE) --extra snowflake --output-file requirements-snowflake.lock
	@echo 'setuptools>=82' | $(filter-out --universal,$(UV_COMPILE)) $(WITH_SNOWFLAKE) --extra warehouses --output-file requirements-warehouses.lock
	@printf '%s\n' $(BQEMULATOR) | $(filter-out --universal pyproject.toml,$(UV_COMPILE)) --output-file requirements-bqemulator.lock
	@printf '%s\n' $(FAKESNOW) | $(filter-out --universal pyproject.toml,$(UV_COMPILE)) --output-file requirements-fakesnow.lock

clean: ## delete what can be made again (never data/)
	@rm -rf .venv .venv-* build *.egg-info dbt_project/target dbt_project/logs .mypy_cache .ruff_cache .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# the folder was moved: what is in .venv/bin begins with where it was
MOVED := $(filter-out $(CURDIR),$(shell cat .venv/made-in 2>/dev/null))
.PHONY: $(if $(MOVED),moved)
moved:
	@rm -rf .venv

.venv/bin/python: $(if $(MOVED),moved)
	@command -v uv >/dev/null && uv venv --quiet --python $(PYTHON) .venv || $(PYTHON) -m venv .venv
	@echo $(CURDIR) >.venv/made-in

# uv where present; either refuses a requirement whose hash is not in the file. Nothing is resolved
# (--no-deps): a lock names everything, and what was released since must not be looked at
PIP = $(shell command -v uv >/dev/null && echo uv pip install --quiet --python $(BIN)/python \
	|| echo $(BIN)/python -m pip install --quiet --disable-pip-version-check)

.venv/installed: requirements.lock pyproject.toml $(if $(MOVED),moved) | .venv/bin/python
	@echo "Setting up .venv (once) ..."
	@$(PIP) --no-deps --require-hashes -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-%: requirements-%.lock .venv/installed
	@$(PIP) --no-deps --require-hashes -r $<
	@touch $@

.venv-%/installed: BIN = .venv-$*/bin
.venv-%/installed: requirements-%.lock | .venv/bin/python
	$(ENVIRONMENT)

# as users have it who need no other warehouse
.venv-user/installed: BIN = .venv-user/bin
.venv-user/installed: requirements.lock | .venv/bin/python
	$(ENVIRONMENT)

define ENVIRONMENT
@command -v uv >/dev/null && uv venv --quiet --allow-existing --python $(PYTHON) $(@D) || $(PYTHON) -m venv $(@D)
@$(PIP) --no-deps --require-hashes -r $<
@touch $@
endef
