# Everyday commands. A fresh Debian or Ubuntu machine needs cargo and make; the rest is installed where
# that is allowed (root, or a sudo that does not ask).

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help run test browser lint generate tools postgres conformance conformance-floor clients docker clean reset

# `make run ARGS="--port 54341 --no-demo"`
ARGS ?=

help: ## list the targets
	@sed -n 's/^\([a-z\\:-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | tr -d '\\' | expand -t 34

run: ## start everything on this machine: PostgreSQL, schema, demo data, server (ARGS="--no-demo")
	cargo run -- dev $(ARGS)

test: postgres ## every test, the walk through a browser, then lint
	cargo test --no-fail-fast
	$(MAKE) --no-print-directory browser
	$(MAKE) --no-print-directory lint

browser: ## a small React Admin app walked through in Chromium (says SKIPPED where there is none)
	cargo build --quiet
	tests/browser/run.sh

lint: tools ## formatting, clippy, documentation
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --quiet

# The tests that compare checked-in files with their source write them when this variable is set. Twice: the
# OpenAPI document contains what the first run writes of the relations.
generate: ## write the checked-in files that come from the code: OpenAPI, migrations, reference pages
	OPPBASE_BLESS=1 cargo test --quiet -- checked_in docs::
	OPPBASE_BLESS=1 cargo test --quiet -- checked_in docs::

# rustfmt and clippy are components that a minimal toolchain lacks.
tools:
	@for tool in fmt clippy; do \
	  cargo $$tool --version >/dev/null 2>&1 && continue; \
	  component=$${tool/fmt/rustfmt}; \
	  echo "installing $$component"; \
	  rustup component add "$$component"; \
	done

# A throwaway cluster proves that PostgreSQL is there, and installs it where it is not.
postgres:
	cargo run --quiet -- cluster -- true

conformance: ## PostgREST's own cases, compared with the recorded floor
	tests/conformance/run.sh

conformance-floor: ## the same, and raise the floor to the result
	tests/conformance/run.sh --raise

clients: ## supabase-js, openapi-typescript, the guide's examples, Schemathesis against a server (needs node, python)
	tests/clients/run.sh

docker: ## build the image
	docker build --tag oppbase .

# The written procedures call the migration by the names of its old scripts. DATABASE_URL names the
# database; make itself ends with 2 when a command fails, and prints the command's own exit code.
OPPBASE ?= cargo run --quiet --
.PHONY: migrate\:dry-run validate\:pre-migration migrate\:backup migrate\:production migrate\:execute migrate\:transform migrate\:status migrate\:verify migrate\:validate migrate\:report migrate\:rollback migrate\:cleanup migrate\:final-check

migrate\:dry-run: ## measure a migration and change nothing
	$(OPPBASE) migrate dry-run $(ARGS)

validate\:pre-migration: ## check the data before a migration
	$(OPPBASE) migrate validate $(ARGS)

migrate\:backup: ## make a backup and verify it
	$(OPPBASE) migrate backup $(ARGS)

migrate\:production: ## migrate, or continue a run that stopped
	$(OPPBASE) migrate run $(ARGS)

migrate\:execute: ## run some phases only (ARGS="--phase 1.1")
	$(OPPBASE) migrate execute $(ARGS)

migrate\:transform: ## run the steps that fill rows only
	$(OPPBASE) migrate transform $(ARGS)

migrate\:status: ## how far the latest run is
	$(OPPBASE) migrate status $(ARGS)

migrate\:verify: ## compare every row with the backup, and the rest with the plan
	$(OPPBASE) migrate verify $(ARGS)

migrate\:validate: ## the same under its other old name
	$(OPPBASE) migrate verify $(ARGS)

migrate\:report: ## write the report of a run
	$(OPPBASE) migrate report $(ARGS)

migrate\:rollback: ## undo a run within its window
	$(OPPBASE) migrate rollback $(ARGS)

migrate\:cleanup: ## remove old backups
	$(OPPBASE) migrate cleanup $(ARGS)

migrate\:final-check: ## the last sweep before the application is opened
	$(OPPBASE) migrate final-check $(ARGS)

clean: ## remove what was built
	cargo clean

reset: ## remove the local database of `make run`
	@if [ -L .oppbase/postgres ]; then rm -rf -- "$$(readlink .oppbase/postgres)"; fi
	rm -rf .oppbase
