#!/bin/sh
# test.sh - the whole test run, quiet; the last line counts all suites.
set -eu
cd "$(dirname "$0")/.."
tools/build.sh build
exec python3 tools/run_tests.py --build build "$@"
