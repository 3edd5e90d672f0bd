#!/bin/sh
# lens_eval.sh DIR [OPTIONS] - measures the analyser on painted facades: all
# levels with throws, then five-minute clips in which nothing is thrown, then
# OpenCV's pipeline on one clip.  LENS_SEEDS (1-3) are the buildings;
# LENS_NEGATIVES (1-2) those without throws; LENS_PEER=0 leaves OpenCV out.
# Options go to 'jiuan-lens evaluate'.  Takes about a minute of CPU per
# minute of film.
set -eu
cd "$(dirname "$0")/.."
lens=$1/lens/jiuan-lens
shift
seeds=${LENS_SEEDS:-1-3}
negatives=${LENS_NEGATIVES:-1-2}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$lens" evaluate --levels L0,L1,L2,L3,L4,N1 --seeds "$seeds" "$@"
echo "nothing thrown:"
"$lens" evaluate --levels L1,L2,L3,L4 --seeds "$negatives" --objects 0 --secs 300 "$@"
[ "${LENS_PEER:-1}" = 1 ] || exit 0
python3 - <<'PY'
import sys
sys.path.insert(0, "bench")
from bench import apt
apt("python3-opencv", "python3-numpy")
PY
echo "OpenCV MOG2 on the same kind of clip (L3, building 1):"
"$lens" evaluate --generate --keep "$dir" --levels L3 --seeds 1 2>/dev/null
video=$(ls "$dir"/*.mp4)
/usr/bin/python3 lens/eval/peer_opencv.py "$video" "$dir/events"
"$lens" evaluate --score "${video%.mp4}.json" "$dir/events"
