#!/bin/sh
# bench.sh DIR [NAME] - all benches, or one; figures, ratios, "N passed, M failed".
set -eu
cd "$(dirname "$0")/.."
exec python3 bench/bench.py "$@"
