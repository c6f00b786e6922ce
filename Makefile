# Everything a person does with this repository. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:

TARGET := $(or $(CARGO_TARGET_DIR),target)
DATA ?= ./data
LISTEN ?= 127.0.0.1:8787

# A release is linked as a whole, which takes minutes; a binary for this machine need not be.
OPTIMISED := CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
BIN := $(TARGET)/release/clonememoria
TRIPLE := $(shell uname -m)-unknown-linux-gnu
STATIC := $(TARGET)/static
STATIC_BIN := $(STATIC)/$(TRIPLE)/release/clonememoria
# What the browser tests run: the one that `rust-tests` builds, so that nothing is built twice.
TEST_BIN := $(TARGET)/debug/clonememoria

# CI must not change Cargo.lock, and gains nothing from incremental builds.
ifdef CI
LOCKED := --locked
export CARGO_INCREMENTAL := 0
endif

MODEL := target/model/model.safetensors target/model/tokenizer.json
WEB_BUILT := web/build/index.html
WEB_MODULES := web/node_modules/.package-lock.json
FUZZ_TOOL := $(TARGET)/fuzz/venv/bin/schemathesis
E2E_MODULES := tests/e2e/node_modules/.package-lock.json
files = $(shell find $(1) -type f 2>/dev/null)

.PHONY: help
help: ## List these targets
	@sed -nE 's/^([a-z]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do \
		printf '  make %-9s %s\n' "$$name" "$$text"; done

# --- Running -----------------------------------------------------------------------------------

.PHONY: run
run: $(BIN) ## Build what is missing and serve on http://127.0.0.1:8787 with ./data
	@exec $(BIN) serve --data-dir $(DATA) --listen $(LISTEN) $(ARGS)

$(BIN): $(call files,src packaging/model packaging/*.rs) Cargo.toml Cargo.lock $(MODEL) $(WEB_BUILT)
	@packaging/needs.sh rust
	$(OPTIMISED) cargo build --release $(LOCKED)
	@touch $@

.PHONY: model
model: $(MODEL) ## Fetch the embedding model
$(MODEL) &: packaging/model/SHA256SUMS
	@packaging/needs.sh rust model
	packaging/model/fetch.sh
	@touch $(MODEL)

.PHONY: web
web: $(WEB_BUILT) ## Build the web app
$(WEB_BUILT): $(WEB_MODULES) $(call files,web/src web/static) $(wildcard web/*.ts web/*.js web/*.json)
	cd web && npm run --silent build
	@touch $@

$(WEB_MODULES): web/package.json web/package-lock.json
	@packaging/needs.sh node
	cd web && npm ci --ignore-scripts --no-progress
	@touch $@

# --- Testing -----------------------------------------------------------------------------------

.PHONY: test
test: formatted web-tests deny lint rust-tests e2e ## Everything that CI checks

.PHONY: check
check: formatted lint ## The quick part of `test`: format, lints, rules, unit tests
	cargo test $(LOCKED) --features testing --lib --test tidy

.PHONY: formatted
formatted: $(WEB_MODULES)
	cargo fmt --check
	cd web && npm run --silent format:check

.PHONY: lint
lint: | $(MODEL)
	@packaging/needs.sh rust
	cargo clippy $(LOCKED) --all-targets --features testing -- -D warnings

.PHONY: deny
deny: ## Licences, bans and sources of the dependencies
	"$$(packaging/cargo-deny.sh)" check --hide-inclusion-graph licenses bans sources

.PHONY: web-tests
web-tests: $(WEB_MODULES) $(WEB_BUILT)
	cd web && npm run --silent check && npm run --silent lint && npm test --silent
	cd web && npx --no-install openapi-typescript ../openapi/clonememoria.json -o .svelte-kit/schema.d.ts >/dev/null
	@cmp web/.svelte-kit/schema.d.ts web/src/lib/api/schema.d.ts || \
		{ echo "the client in web/ is older than openapi/clonememoria.json: run 'make openapi'"; exit 1; }

.PHONY: rust-tests
rust-tests: | $(MODEL) $(WEB_BUILT)
	@packaging/needs.sh rust
	cargo test $(LOCKED) --features testing
	python3 tests/faults/run.py --quick

.PHONY: e2e
e2e: $(E2E_MODULES) $(WEB_BUILT) ## Browser tests against the real binary
	@packaging/needs.sh browser
	cargo test $(LOCKED) --features testing --test it --no-run
	cd tests/e2e && npm run --silent check
	cd tests/e2e && CLONEMEMORIA_BIN=$(abspath $(TEST_BIN)) npm test --silent

$(E2E_MODULES): tests/e2e/package.json tests/e2e/package-lock.json
	@packaging/needs.sh node
	cd tests/e2e && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --ignore-scripts --no-progress
	@touch $@

.PHONY: torture
torture: | $(MODEL) ## Kill the server, fill and break its disk, 200 times each (ROUNDS=n), cut the power a million times (IMAGES=n)
	TORTURE_IMAGES=$(or $(IMAGES),500000) TORTURE_ROUNDS=$(or $(ROUNDS),200) \
		cargo test $(LOCKED) --features testing --lib -- power:: store::check --nocapture --test-threads=1
	TORTURE_ROUNDS=$(or $(ROUNDS),200) cargo test $(LOCKED) --features testing --test it -- kill:: setup:: \
		torture:: disk_full:: disk_errors:: stopping:: --nocapture --test-threads=1

.PHONY: faults
faults: | $(MODEL) $(WEB_BUILT) ## Plant faults in the code and see that the tests notice each (FAULTS="a b")
	python3 tests/faults/run.py $(FAULTS)

.PHONY: fuzz
fuzz: | $(FUZZ_TOOL) $(MODEL) $(WEB_BUILT) ## Ask the server everything its document allows, and more (SECONDS_OF_FUZZ=n)
	cargo build $(LOCKED) --features testing
	python3 tests/fuzz/run.py --bin $(TEST_BIN) --schemathesis $(abspath $(FUZZ_TOOL)) \
		--seconds $(or $(SECONDS_OF_FUZZ),180) --log $(TARGET)/fuzz/server.log

$(FUZZ_TOOL): tests/fuzz/requirements.txt
	python3 -m venv $(TARGET)/fuzz/venv
	$(TARGET)/fuzz/venv/bin/pip install --quiet --requirement $<
	@touch $@

.PHONY: bench
bench: $(BIN) ## Measure start, memory, writes, search and streams
	$(OPTIMISED) cargo build --release $(LOCKED) --features testing --target-dir $(TARGET)/measured
	BIN=$(abspath $(BIN)) TESTING_BIN=$(abspath $(TARGET))/measured/release/clonememoria \
		tests/bench/run.sh $(ARGS)

.PHONY: eval
eval: $(BIN) ## Measure how well it finds: make eval EVAL_DATA=directory
	@test -n "$(EVAL_DATA)" || { echo "say where the questions are: make eval EVAL_DATA=directory"; exit 64; }
	python3 tests/eval/run.py --bin $(BIN) --data $(EVAL_DATA) $(ARGS)

# --- Releasing ---------------------------------------------------------------------------------

.PHONY: release
release: $(MODEL) $(WEB_BUILT) ## One static binary with the web app and the model inside
	@packaging/needs.sh rust
	CARGO_TARGET_DIR=$(STATIC) RUSTFLAGS="-C target-feature=+crt-static" \
		cargo build --release --locked --target $(TRIPLE)
	packaging/verify-release.sh $(STATIC_BIN)

.PHONY: deb
deb: ## A Debian package of the static binary (after `make release`)
	packaging/debian/build.sh $(STATIC_BIN) $(TARGET)

.PHONY: openapi
openapi: $(WEB_MODULES) ## Write openapi/ and the generated client again
	cargo run --quiet $(LOCKED) --features testing -- openapi > $(TARGET)/openapi.json
	mv $(TARGET)/openapi.json openapi/clonememoria.json
	cd web && npm run --silent api

.PHONY: fmt
fmt: $(WEB_MODULES) ## Format everything
	cargo fmt
	cd web && npm run --silent format

.PHONY: clean
clean: ## Remove what was built; data stays
	rm -rf $(TARGET) web/build web/.svelte-kit web/node_modules tests/e2e/node_modules tests/e2e/test-results
