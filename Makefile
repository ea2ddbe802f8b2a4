# The ways into this house. `make help` tells them; CONTRIBUTING.md says more.

PYTHON ?=
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fmt e2e pictures browser bench soak docs lock clean
MAKEFLAGS += --no-print-directory

##@ To begin

help: ## Show this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo

setup: $(READY) ## Make the environment in .venv (PYTHON=python3.12 to choose another; at least 3.11)

$(READY): $(wildcard requirements/*.txt) pyproject.toml scripts/setup.sh scripts/environment.py scripts/fonts.py
	@PYTHON='$(PYTHON)' VENV='$(VENV)' scripts/setup.sh >&2
	@touch $@

demo: $(READY) ## Play the story of eight nodes (ONCE=1 print and stop, JSON=1, UN_LIST=FILE adds the real list)
	@$(BIN)/tansiq demo $(if $(ONCE),--once) $(if $(JSON),--json) $(if $(UN_LIST),--un-list '$(UN_LIST)')

##@ Before you hand in

test: $(READY) browser ## Everything: check, all tests on SQLite, the storage tests again on PostgreSQL, the pages
	@$(BIN)/python scripts/test.py

e2e: $(READY) browser ## The pages alone: two browsers against two nodes (pictures in build/pictures)
	@PICTURES=1 $(BIN)/python -m pytest tests/e2e $(ARGS)

pictures: $(READY) browser ## The pictures of the documentation, taken anew from the pages
	@PICTURES=1 $(BIN)/python -m pytest tests/e2e && $(BIN)/python scripts/pictures.py

browser:
	@scripts/browser.sh

check: $(READY) ## Style, types, order of the rooms, texts (about a minute)
	@scripts/check.sh $(BIN)

fmt: $(READY) ## Put the code into its form and mend what can be mended safely
	@$(BIN)/python scripts/french.py
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

##@ Longer runs

soak: $(READY) ## Crashes at random, load, evidence bit by bit and the properties, for long (LOAD_STATEMENTS=20000)
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -m soak $(ARGS)
	@HYPOTHESIS_PROFILE=soak $(BIN)/python -m pytest -m "not soak and not storage and not crash" \
	  tests/protocol tests/policy tests/names tests/registers $(ARGS)

bench: $(READY) ## Speed of the exchange, as ratios to the bare bound (MESSAGES=2000 SIZE=2048, JSON=1)
	@$(BIN)/tansiq bench exchange --messages $(or $(MESSAGES),2000) --size $(or $(SIZE),2048) $(if $(JSON),--json)

##@ Upkeep

docs: $(READY) ## Write the generated pages of docs/reference and check every link
	@LC_ALL=C.UTF-8 $(BIN)/python scripts/docs.py --write

lock: $(READY) ## Pin requirements/*.in anew by hash (UPGRADE=1 takes newer versions)
	@VENV='../$(VENV)' UPGRADE='$(UPGRADE)' scripts/lock.sh

clean: ## Remove what was built and measured; the environment stays
	rm -rf build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +
