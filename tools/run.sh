#!/bin/sh
# run.sh DIR - the demo: server, pages, simulator, and a lens that watches a
# painted facade (JIUAN_LENS=0: without); stops with Ctrl-C.
set -eu
build=${1:-build} data=${JIUAN_DATA:-data} port=${JIUAN_PORT:-8080}
if [ "${JIUAN_LENS:-1}" = 1 ] && command -v ffmpeg >/dev/null 2>&1; then
	mkdir -p "$data/lens"
	# It ends with the server, which takes over this process.
	python3 tools/demo_lens.py "$build" "http://127.0.0.1:$port" "$data/lens" $$ >"$data/lens/log" 2>&1 &
fi
exec "$build/src/app/jiuan" serve --demo --simulator --data "$data" --port "$port"
