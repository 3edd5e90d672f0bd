# The commands people type.  Each does its own set-up on a fresh Debian 12.
BUILD ?= build
NAME ?=

.PHONY: help run test bench lens-eval scenario lint clean setup build

help:
	@echo "make run       start the demo on http://127.0.0.1:8080 (JIUAN_PORT, JIUAN_DATA)"
	@echo "make test      everything: layers, format, lint, all suites, sanitizers, browser"
	@echo "make bench     all benchmarks, or one: make bench NAME=ingest-batch"
	@echo "make lens-eval the video analyser on painted facades: what it finds and misses (long)"
	@echo "make scenario  all scenarios, or one: make scenario NAME=S7"
	@echo "make lint      layers, format, clang-tidy, cppcheck"
	@echo "make clean     remove what was built"

setup:
	@tools/setup.sh

build: setup
	@tools/build.sh $(BUILD)

run:
	@tools/setup.sh run
	@tools/build.sh $(BUILD) src/app/jiuan lens/jiuan-lens
	@tools/run.sh $(BUILD)

test: setup
	@tools/test.sh

bench: build
	@tools/bench.sh $(BUILD) $(NAME)

lens-eval: build
	@tools/lens_eval.sh $(BUILD)

scenario: build
	@python3 tools/run_scenario.py $(BUILD) $(NAME)

lint: setup
	@tools/lint.sh

clean:
	rm -rf build build-asan build-tsan build-fuzz web/console/dist web/console/node_modules
