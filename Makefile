# Everything there is to do with a clone. `make` alone lists it. Each target calls a script, which can be called directly too.

.DEFAULT_GOAL := help
.PHONY: help setup build test lint demo bench faults mutants release docs clean

# Passed on as they are, quotes included: `make test ARGS="scenarios"`, `make demo ARGS="--once --json"`.
ARGS ?=

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: ## install what building, testing and linting need, and only what is missing
	@scripts/setup

build: ## build the hub (target/debug/placement-hub)
	@scripts/setup build && cargo build --workspace

test: ## run all tests on a private RabbitMQ and PostgreSQL; ARGS filters, AMQP_URL and TEST_DATABASE_URL name others
	@scripts/test $(ARGS)

lint: ## check format, code, dependencies, scripts and documents
	@scripts/lint

demo: ## show the hub at work with simulated organisations; ARGS="--once --json" for one counted run
	@scripts/demo demo $(ARGS)

bench: ## measure messages and deliveries a second, in a release build; ARGS goes to the bench command
	@scripts/demo bench $(ARGS)

faults: ## run the long tests that kill the hub and restart the broker, and print their figures
	@scripts/test --faults $(ARGS)

mutants: ## change the rules one place at a time and show what no test notices; ARGS="--file src/domain/retry.rs" for a part
	@scripts/mutants $(ARGS)

release: ## build one static program into target/dist, with the list of its parts, and print its SHA-256
	@scripts/release && scripts/sbom >target/dist/placement-hub.cdx.json

docs: ## write what documents take from sources, and build them as a site into var/site
	@scripts/documents && scripts/documents --site

clean: ## stop the private servers and delete what was built, downloaded and run under target/ and var/
	@for server in var/postgres-*/; do if [ -d "$$server" ]; then scripts/postgres remove "$$(basename "$${server#var/postgres-}")" >&2 || exit 1; fi; done
	@for broker in var/broker-*/; do if [ -d "$$broker" ]; then scripts/broker stop "$$(basename "$${broker#var/broker-}")" >&2 || exit 1; fi; done
	@cargo clean
	@rm -rf var
