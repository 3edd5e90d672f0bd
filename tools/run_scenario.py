#!/usr/bin/env python3
"""run_scenario.py BUILD [NAME] - one scenario of tests/scenarios (S6: also
S6-gates), or all, on both stores; ends with "N passed, N failed"."""
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests/rig")]
import os
import pg
import subprocess


def main(build, name=None):
    folder = ROOT / "tests/scenarios"
    files = sorted(p for p in folder.glob("*.json") if name in (None, p.stem, p.stem.split("-")[0]))
    if not files:
        sys.exit(f"run_scenario.py: no scenario {name}")
    command = [str(pathlib.Path(build) / "tests/app/scenario"), *map(str, files)]
    with pg.Pg() as cluster:
        return subprocess.run(command, env={**os.environ, "JIUAN_TEST_PG": cluster.url}).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
