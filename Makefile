# The two commands: make dashboard, make test. Both set everything up on a machine with Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Many tests wait for a server or a page: three workers keep two cores busy. What stands first in the suite starts first.
WORKERS ?= 3
ALONGSIDE = --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder
FOLLOWED := voila plotly ipywidgets pandas narwhals
LATEST := .venv-latest/bin/python -m pip install --quiet --disable-pip-version-check

.PHONY: install dashboard test lint bench bench-page load limit soak browser check-latest wheels clean

install: .venv/all browser          ## everything pinned in constraints.txt

dashboard: .venv/serving            ## serve the board; only what serving needs is installed
	$(BIN)/netdash serve

test: install                       ## the whole suite; WORKERS=1 for one test after the other
	$(BIN)/python -m pytest $(ALONGSIDE)

lint: .venv/all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/all
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only --benchmark-disable-gc

bench-page: .venv/all               ## the served board beside other pages: make bench-page PAGES="dash=http://127.0.0.1:8901/"
	$(BIN)/python tests/benchmarks/page.py $(PAGES)

check-latest:                       ## the tests with the newest releases of what the board stands on; WHAT="tests/..." for some of them
	$(PYTHON) -m venv --clear .venv-latest
	$(LATEST) --constraint constraints.txt --editable '.[lab,lint,test]'
	$(LATEST) --upgrade $(FOLLOWED)
	.venv-latest/bin/python tests/latest.py
	.venv-latest/bin/python -m pytest $(WHAT)
	.venv-latest/bin/python -m pip check

wheels: .venv/made                  ## a folder from which docs/deploy/install.sh installs without a network
	rm -rf wheels
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --constraint constraints.txt --wheel-dir wheels .
	cp docs/deploy/install.sh constraints.txt wheels/

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
	$(PIP) --editable '.[lab,lint,test]'
	touch .venv/serving $@

# The browser tests need a Chromium: the system's own, or one installed here.
browser: .venv/all
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	{ [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  apt-get install -y -qq --no-install-recommends chromium >/dev/null; } || \
	$(BIN)/playwright install --with-deps chromium || \
	echo "No Chromium could be installed: the browser tests will be skipped and say so."

clean:
	rm -rf .venv .venv-latest wheels artifacts
