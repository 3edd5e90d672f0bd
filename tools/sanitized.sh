#!/bin/sh
# sanitized.sh address|thread SUITE[,SUITE] - builds with sanitizers, runs the
# suites there.  Any finding fails its suite.
set -eu
cd "$(dirname "$0")/.."
case $1 in
address) dir=build-asan kind=address,undefined ;;
thread) dir=build-tsan kind=thread ;;
*) echo "sanitized.sh address|thread SUITES" >&2; exit 2 ;;
esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
[ -f $dir/build.ninja ] || meson setup $dir -Db_sanitize=$kind -Db_lundef=false -Dwerror=false >"$log" 2>&1 || { cat "$log"; exit 1; }
ninja -C $dir >"$log" 2>&1 || { tail -n 40 "$log"; exit 1; }
export ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
unset TMPDIR # a folder in a folder in a folder makes names too long for sockets
exec python3 tools/run_tests.py --build $dir --jobs 1 --only "$2"
