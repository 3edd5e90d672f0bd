#!/bin/sh
# run.sh <build folder of bench/ingest> [seconds] - ours and the peer in the same run
set -eu
bin=$1 seconds=${2:-10}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkfifo "$dir/in"
"$bin/ingest_host" "$dir/jiuan.db" "$dir/keys" >"$dir/out" <"$dir/in" &
exec 3>"$dir/in"
until [ -s "$dir/out" ]; do sleep 0.1; done
read -r port pid <"$dir/out"
ok=0
"$bin/ingest_load" "$port" "$pid" "$dir/keys" "$seconds" >"$dir/load" || ok=1
exec 3>&-
wait
"$bin/ingest_bare_loop" "$dir" 2000000 >"$dir/bare"
cat "$dir/load" "$dir/bare"
awk '/ingest_per_cpu_s/ { a = $3 } /bare_loop_per_cpu_s/ { b = $3 } END { printf "ratio: ingest %.2f peer=bare_c_sqlite_loop\n", a / b }' \
	"$dir/load" "$dir/bare"
exit $ok
