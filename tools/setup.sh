#!/bin/sh
# setup.sh run|test - what Debian 12 needs to build and run Jiuan, or also to
# test it; does nothing when all of it is there.  Root, or a user with sudo.
set -eu
packages="gcc make meson ninja-build pkg-config python3 libsqlite3-dev libpq-dev libmicrohttpd-dev libsodium-dev
libcurl4-openssl-dev libmosquitto-dev libgeos-dev libproj-dev libical-dev libcmocka-dev libavformat-dev libavcodec-dev
libswscale-dev libavutil-dev ffmpeg ca-certificates"
# What only tests and checkers start: servers, a browser, compilers' tools.
[ "${1:-test}" = run ] || packages="$packages mosquitto mosquitto-clients postgresql chromium fonts-noto-cjk
clang clang-format clang-tidy cppcheck libclang-rt-14-dev"
missing=""
for p in $packages; do
	dpkg-query -W -f='${Status}' "$p" 2>/dev/null | grep -q '^install ok' || missing="$missing $p"
done
# Any Node from 18 on will do; npm comes with some and not with others.
command -v node >/dev/null 2>&1 || missing="$missing nodejs"
command -v npm >/dev/null 2>&1 || missing="$missing npm"
[ -z "$missing" ] && exit 0
as_root=""
[ "$(id -u)" = 0 ] || as_root="sudo"
echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
# No services: tests and the demo start their own servers.
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends $missing >/tmp/jiuan-apt.log 2>&1 || {
	tail -n 20 /tmp/jiuan-apt.log
	exit 1
}
