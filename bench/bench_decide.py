"""Decisions of a gate in process, with 100,000 credentials and 1,000 lanes: gate/decide.c, which knows every right
answer beforehand."""
import os

from bench import check, figures_of, run


def bench(build):
    out = run([os.path.join(build, "bench", "gate", "decide_bench")], 120)
    print(out, end="")
    found = figures_of(out)
    check({"decisions-per-s", "decision-p99"} <= set(found), f"figures are missing: {sorted(found)}")
