# A thin layer over bootstrap.py, which first makes the virtual environment if it is missing.
.DEFAULT_GOAL := help
.PHONY: help demo test lint audit check format docs lock bench

PYTHON ?= python3
ARGS ?=

help:    ## Show this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo:    ## Run the whole pipeline on the bundled data, then the Dagster UI; ARGS=--no-ui leaves it out
	@$(PYTHON) bootstrap.py demo $(ARGS)

test:    ## Run the tests; ARGS go to pytest
	@$(PYTHON) bootstrap.py test $(ARGS)

lint:    ## Check format, lint, types, layers and SQL; change nothing
	@$(PYTHON) bootstrap.py lint

audit:   ## List the packages of production, and look for known vulnerabilities if there is a network
	@$(PYTHON) bootstrap.py audit

check: lint audit test ## Run all three: everything that CI runs

format:  ## Rewrite files to the house format
	@$(PYTHON) bootstrap.py format

docs:    ## Write the generated pages of docs/
	@$(PYTHON) bootstrap.py docs

lock:    ## Renew the lock files from pyproject.toml; ARGS=--upgrade takes the newest versions
	@$(PYTHON) bootstrap.py lock $(ARGS)

bench:   ## Measure each case beside its yardstick, write docs/performance.md; SIZE=large takes hours
	@$(PYTHON) bootstrap.py bench $(if $(SIZE),--size $(SIZE)) $(ARGS)
