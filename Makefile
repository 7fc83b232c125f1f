# A thin layer over bootstrap.py, which makes the virtual environment first where need be.
.DEFAULT_GOAL := help
.PHONY: help demo test lint check format

PYTHON ?= python3
ARGS ?=

help:    ## Show this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo:    ## The whole pipeline on the bundled season, then the Dagster UI; ARGS=--no-ui leaves it out
	@$(PYTHON) bootstrap.py demo $(ARGS)

test:    ## The tests; ARGS go to pytest
	@$(PYTHON) bootstrap.py test $(ARGS)

lint:    ## Format, lint, types, layers and SQL lint, without changing anything
	@$(PYTHON) bootstrap.py lint

check: lint test ## Everything that CI runs

format:  ## Rewrite files to the house format
	@$(PYTHON) bootstrap.py format
