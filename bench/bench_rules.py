"""20 rules over 1,000,000 decoded events, a million absence timers and their delay: rules/rules_bench.c, which checks
itself against a plain loop and prints medians of its own."""
import os

from bench import check, figures_of, run


def bench(build):
    out = run([os.path.join(build, "bench", "rules", "rules_bench")], 300)
    print(out, end="")
    found = figures_of(out)
    check({"rules-events-per-cpu-s", "timer-bytes", "absence-delay-p99"} <= set(found), f"figures are missing: {sorted(found)}")
