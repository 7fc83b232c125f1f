# A thin layer over bootstrap.py, which makes the virtual environment first if it has to.
.DEFAULT_GOAL := help
.PHONY: help demo test lint check format docs lock bench

PYTHON ?= python3
ARGS ?=

help:    ## Show this list
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo:    ## The whole pipeline on the bundled season, then the Dagster UI; without it by ARGS=--no-ui
	@$(PYTHON) bootstrap.py demo $(ARGS)

test:    ## The tests; ARGS go to pytest
	@$(PYTHON) bootstrap.py test $(ARGS)

lint:    ## Format, lint, types, layers and SQL lint, without changing anything
	@$(PYTHON) bootstrap.py lint

check: lint test ## Everything that CI runs

format:  ## Rewrite files to the house format
	@$(PYTHON) bootstrap.py format

docs:    ## Write the generated pages of docs/
	@$(PYTHON) bootstrap.py docs

lock:    ## Renew the lock files from pyproject.toml; ARGS=--upgrade takes the newest versions
	@$(PYTHON) bootstrap.py lock $(ARGS)

bench:   ## Reports of ROWS (10 million) and XLSX_ROWS (2 million) rows, beside COPY and openpyxl
	@$(PYTHON) bootstrap.py bench $(if $(ROWS),--rows $(ROWS)) \
		$(if $(XLSX_ROWS),--xlsx-rows $(XLSX_ROWS)) $(ARGS)
