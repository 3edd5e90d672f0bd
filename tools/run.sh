#!/bin/sh
# run.sh DIR - the demo: server, pages, simulator; stops with Ctrl-C.
set -eu
exec "${1:-build}/src/app/jiuan" serve --demo --simulator --data "${JIUAN_DATA:-data}" --port "${JIUAN_PORT:-8080}"
