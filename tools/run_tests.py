#!/usr/bin/env python3
"""run_tests.py - the whole test run: every suite of tests/suites.py.

    run_tests.py [--build DIR] [--only a,b] [--kind quick] [--jobs N] [--no-pg] [--verbose]

One PostgreSQL cluster serves all suites (JIUAN_TEST_PG; one given from
outside is used instead).  Prints one line per suite and the output of those
that failed; the last line is "N passed, N failed", with ", N skipped" when
something was left out.  Exit status 0 only when nothing failed.
"""
import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/rig")]

running = set()  # process groups to end when we are told to stop
running_lock = threading.Lock()
stopping = threading.Event()


def count(text):
    """(passed, failed, skipped) by what the suite printed; None without a count."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    total, seen = [0, 0, 0], False
    # cmocka; it repeats the failures as a list of names, which is not counted
    for what, n in re.findall(r"^\[  (PASSED|FAILED|SKIPPED) +\] (\d+) test\(s\)", text, re.M):
        total[("PASSED", "FAILED", "SKIPPED").index(what)] += int(n)
        seen = True
    # vitest: "      Tests  1 failed | 12 passed | 1 skipped (14)"
    for line in re.findall(r"^\s+Tests  (.*)$", text, re.M):
        for n, what in re.findall(r"(\d+) (passed|failed|skipped|todo)", line):
            total[{"passed": 0, "failed": 1}.get(what, 2)] += int(n)
            seen = True
    for p, f, s in re.findall(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$", text, re.M):
        total = [total[0] + int(p), total[1] + int(f), total[2] + int(s or 0)]
        seen = True
    return tuple(total) if seen else None


def end_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def run_suite(suite, build, env):
    """Dict with name, passed, failed, skipped, seconds, output, why (None when all is well)."""
    start, why = time.monotonic(), None
    tmp = tempfile.mkdtemp(prefix="jiuan-run-")
    args = shlex.split(suite["command"].format(build=build))
    with tempfile.TemporaryFile("w+", errors="replace") as out:
        try:
            if stopping.is_set():
                raise OSError("stopped")
            p = subprocess.Popen(args, cwd=ROOT, env={**env, "TMPDIR": tmp}, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as e:
            p, why = None, str(e)
        if p:
            with running_lock:
                running.add(p.pid)
            try:
                if p.wait(suite["timeout"]) != 0:
                    why = f"exit status {p.returncode}"
            except subprocess.TimeoutExpired:
                why = f"no end after {suite['timeout']} s"
            end_group(p.pid)  # and whatever it left behind
            p.wait()
            with running_lock:
                running.discard(p.pid)
        out.seek(0)
        text = out.read()
    shutil.rmtree(tmp, ignore_errors=True)
    counts = count(text)
    passed, failed, skipped = counts or (0, 0, 0)
    if why is None and counts is None:
        why = "printed no count"
    if why is None and passed + failed + skipped == 0:
        why = "ran no test"
    if why is None and failed:
        why = "failed, but exit status 0"
    if why and failed == 0:
        failed = 1  # the suite itself
    return dict(name=suite["name"], passed=passed, failed=failed, skipped=skipped, why=why, output=text,
                seconds=time.monotonic() - start)


def report(r, verbose):
    skipped = f", {r['skipped']} skipped" if r["skipped"] else ""
    why = f"  ({r['why']})" if r["why"] else ""
    mark = "FAIL" if r["why"] else "ok"
    # the comma-separated form is kept for the closing line alone
    print(f"{mark:4} {r['name']:24} passed {r['passed']:5}  failed {r['failed']:3}{skipped}  {r['seconds']:6.1f} s{why}",
          flush=True)
    if r["why"] or verbose:
        lines = r["output"].splitlines()
        print("".join(f"     | {line}\n" for line in lines[-200:]), end="", flush=True)


def choose(suites, options):
    names = [n for n in (options.only or "").split(",") if n]
    unknown = set(names) - {s["name"] for s in suites}
    if unknown:
        sys.exit(f"run_tests.py: no suite {', '.join(sorted(unknown))}")
    chosen = [s for s in suites if (not names or s["name"] in names) and options.kind in (None, s["kind"])]
    return sorted(chosen, key=lambda s: -s["weight"])


def run_all(suites, options, env):
    totals = [0, 0, 0]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(run_suite, s, options.build, env) for s in suites]
        try:
            for job in concurrent.futures.as_completed(jobs):
                r = job.result()
                report(r, options.verbose)
                totals = [a + r[k] for a, k in zip(totals, ("passed", "failed", "skipped"))]
        except BaseException:
            stopping.set()
            with running_lock:
                for pid in running:
                    end_group(pid)
            raise
    return totals


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=str(ROOT / "build"))
    parser.add_argument("--only", metavar="NAME,NAME")
    parser.add_argument("--kind")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--no-pg", action="store_true", help="skip what needs PostgreSQL")
    parser.add_argument("--verbose", action="store_true", help="print all output")
    options = parser.parse_args()
    options.build = os.path.abspath(options.build)
    import suites
    chosen = choose(suites.SUITES, options)
    env, cluster = dict(os.environ), None

    def ended(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, ended)
    totals = [0, 1, 0]  # until proved otherwise
    try:
        if options.no_pg:
            env.pop("JIUAN_TEST_PG", None)
        elif any(s["pg"] for s in chosen) and "JIUAN_TEST_PG" not in env:
            import pg
            cluster = pg.Pg().start()
            env["JIUAN_TEST_PG"] = cluster.url
        totals = run_all(chosen, options, env)
    except KeyboardInterrupt:
        print("stopped", flush=True)
    except RuntimeError as e:
        print(f"FAIL {e}", flush=True)
    finally:
        if cluster:
            cluster.stop()
    passed, failed, skipped = totals
    if passed + failed == 0:
        failed = 1  # a run that ran nothing has proved nothing
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
