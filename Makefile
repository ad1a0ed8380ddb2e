# Every target sets up what it needs; nothing but Python 3.11+ and make has to be there.
PYTHON   ?= python3
VENV     := .venv
BIN      := $(VENV)/bin
CHECKOV  := $(VENV)/checkov
WORKLOAD ?= article
.DEFAULT_GOAL := help
.PHONY: help design portfolio test test-all test-lowest test-newest test-long browser quick lint format bench data docs lab wheel clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-11s %s\n", $$1, $$2}'

$(VENV)/.ready: pyproject.toml constraints.txt
	@echo "Setting up $(VENV) (about a minute, once)"; date +%s > .venv.started
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@echo "Set up in $$(( $$(date +%s) - $$(cat .venv.started) )) s"; rm -f .venv.started; touch $@

design: $(VENV)/.ready ## Design a workload: make design WORKLOAD=article OUT=out/article
	@$(BIN)/drkit design "$(WORKLOAD)" $(if $(OUT),--out "$(OUT)")

portfolio: $(VENV)/.ready ## Run the bundled portfolio: make portfolio OUT=out/portfolio
	@$(BIN)/drkit batch data/portfolio.yaml --out "$(or $(OUT),out/portfolio)"

# It pins boto3 far below what drkit needs, hence an environment of its own.
$(CHECKOV)/.ready: tests/checkov.txt | $(VENV)/.ready
	@$(PYTHON) -m venv $(CHECKOV)
	@$(CHECKOV)/bin/pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# Debian's packages bring it in seconds; elsewhere whoever owns the machine decides which browser is on it.
browser: ## Install Chromium for the tests in a browser, where this is Debian and we may
	@command -v chromium > /dev/null || command -v google-chrome > /dev/null || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null; then \
	  echo "Installing Chromium"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } > /dev/null; \
	else \
	  echo "No Chromium on the PATH, tests in a browser are skipped: install the package chromium, or Google Chrome"; \
	fi

# The stack's lives on the emulator wait for the provider's timers most of their time, so they run beside the rest.
test: lint $(CHECKOV)/.ready browser ## Lint, types and the tests, Terraform's too
	@mkdir -p out && rm -f out/stack_times.csv
	@DRKIT_STACK_TIMES="$(CURDIR)/out/stack_times.csv" $(BIN)/pytest -n 3 --dist load -m 'life and not long' > out/life.log 2>&1 & life=$$!; \
	trap 'kill $$life 2> /dev/null' EXIT; \
	$(BIN)/pytest -n 2 --dist worksteal -m 'not life and not long'; rest=$$?; \
	echo "Waiting for the stack's lives on the emulator"; wait $$life; lives=$$?; \
	cat out/life.log; cat out/stack_times.csv 2> /dev/null; exit $$(( rest ? rest : lives ))

test-all: test-long test-lowest ## What make test leaves out: long tests, and the lowest versions

test-long: $(VENV)/.ready browser
	DRKIT_STACK_TIMES="$(CURDIR)/out/stack_times.csv" $(BIN)/pytest -n 3 --dist load -m long

# Quick tests and the main job against the lowest versions that pyproject.toml allows, and against the newest of all on
# the newest Python here; each in an environment of its own, made anew. The newest is not in test-all yet: what pip finds
# without constraints does not fit together.
test-lowest: $(VENV)/.ready
	@$(BIN)/python tests/helpers/bounds.py lowest > $(VENV)/lowest.txt
	@$(PYTHON) -m venv --clear $(VENV)/lowest
	$(VENV)/lowest/bin/pip install --quiet --disable-pip-version-check --constraint $(VENV)/lowest.txt --editable '.[dev]'
	$(call try,$(VENV)/lowest/bin)

test-newest: $(VENV)/.ready
	@$$($(BIN)/python tests/helpers/bounds.py newest-python) -m venv --clear $(VENV)/newest
	$(VENV)/newest/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(VENV)/newest/bin/python --version
	$(call try,$(VENV)/newest/bin)

try = $(1)/pytest -n 2 --dist worksteal -m 'not slow and not terraform' && $(1)/drkit design small-saas --out out/$(notdir $(patsubst %/bin,%,$(1)))

quick: $(VENV)/.ready ## The tests to run all day, under a minute
	$(BIN)/pytest -n 2 --dist worksteal -m 'not slow and not terraform and not long'

lint: $(VENV)/.ready ## ruff, mypy and the layers of packages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.ready ## Format Python, notebooks and Terraform
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	command -v terraform > /dev/null && terraform fmt -recursive terraform || true
	$(BIN)/python tests/helpers/stack_tables.py

bench: $(VENV)/.ready ## Measure what must stay fast, into out/bench.csv
	PYTHONPATH=tests/helpers $(BIN)/python tests/bench/bench.py out/bench.csv

data: $(VENV)/.ready ## Build the embedded snapshot again: make data FACTS=folder
	@test -n "$(FACTS)" || { echo "Name the folder of facts: make data FACTS=folder"; exit 2; }
	$(BIN)/python -m tools.facts $(FACTS)

docs: $(VENV)/.ready ## Run the documents' Python and draw their pictures
	$(BIN)/python docs/build.py

lab: $(VENV)/.ready ## Open the notebooks in JupyterLab
	$(BIN)/jupyter lab notebooks

wheel: $(VENV)/.ready ## Build the wheel, with data, notebooks and Terraform inside
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean: ## Remove what was made
	rm -rf $(VENV) build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis
