#!/bin/sh
# build.sh DIR [TARGETS] - everything in C, or some targets of it, and the pages;
# only what changed.
set -eu
dir=${1:-build}
[ $# = 0 ] || shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quiet() { "$@" >"$log" 2>&1 || { cat "$log"; exit 1; }; }
[ -f "$dir/build.ninja" ] || quiet meson setup "$dir"
[ -f "$dir/src/app/jiuan" ] || echo "building the program"
quiet ninja -C "$dir" "$@"
web=web/console
[ -f $web/package.json ] || exit 0
if [ ! -d $web/node_modules ] || [ $web/package-lock.json -nt $web/node_modules/.package-lock.json ]; then
	echo "fetching what the pages are built with"
	quiet npm --prefix $web ci --no-fund --no-audit
fi
if [ ! -f $web/dist/index.html ] || [ -n "$(find $web/src $web/public $web/index.html $web/package-lock.json $web/vite.config.ts \
	-newer $web/dist/index.html 2>/dev/null | head -n 1)" ]; then
	echo "building the pages"
	quiet npm --prefix $web run build
fi
