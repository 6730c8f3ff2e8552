# The only commands a person must know. `make` alone lists them.

SWIFT := swift
SOURCES := Package.swift kit services gateway tools Tests

.DEFAULT_GOAL := help
.PHONY: help run setup setup-tests setup-bench test check-manifests bench format format-check clean

help: ## List the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/' | expand -t 26

run: setup ## Build and start everything, with a demo laboratory
	$(SWIFT) build -c release
	@$$($(SWIFT) build -c release --show-bin-path)/lms up $(ARGS)

# setup.sh looks whether it is there.
export SWIFT

setup: ## Install the system packages that are missing
	@tools/setup.sh

test: setup-tests check-manifests ## Run all tests
	$(SWIFT) build --build-tests
	@tools/test.sh

setup-tests:
	@tools/setup.sh test

setup-bench:
	@tools/setup.sh bench

check-manifests: ## Check what deploys: Kubernetes, compose, Prometheus rules
	@if command -v python3 >/dev/null; then tools/check-manifests.py; \
	else echo 'The manifests are NOT checked: there is no python3.' >&2; fi

bench: setup-bench ## Measure against references on the same machine
	$(SWIFT) build -c release
	@tools/bench/run $(ARGS)

format: ## Format the sources
	$(SWIFT) format -i -p -r $(SOURCES)

format-check: ## Say what is not formatted
	$(SWIFT) format lint -s -p -r $(SOURCES)

clean: ## Remove what was built; data of `make run` stay in .lms
	$(SWIFT) package clean
