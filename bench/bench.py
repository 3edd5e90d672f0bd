#!/usr/bin/env python3
"""bench.py - runs the benches: bench.py BUILD_DIR [NAME]

A bench prints lines "figure: <name> <value> <unit>" and, beside a peer measured
in the same call, "ratio: <name> <ours/peer> peer=<peer>".  It asserts that the
work was done right (counts, statuses, no duplicates), never how fast.  Rates
are per CPU-second of the server's processes, medians of RUNS rounds in which
ours and the peer take turns.  Everything lives in a temporary folder; servers
listen on 127.0.0.1 and end with the bench.

BENCH_FULL=1 adds what takes minutes (ingest-batch: 20 million stored events).
"""
import contextlib
import http.client
import importlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import traceback

BENCH = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(BENCH)
sys.path[:0] = [BENCH, os.path.join(ROOT, "tests", "rig")]
from pg import free_port  # noqa: E402

NAMES = ["ingest-batch", "ingest-single", "rules", "alert-latency", "list", "memory", "decide", "gate", "occupancy", "lens"]
RUNS = int(os.environ.get("BENCH_RUNS", "3"))
FULL = os.environ.get("BENCH_FULL") == "1"
TICK = os.sysconf("SC_CLK_TCK")


# ---- what a bench says -------------------------------------------------------------

def figure(name, value, unit):
    shown = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
    print(f"figure: {name} {shown} {unit}", flush=True)


def ratio(name, value, peer):
    print(f"ratio: {name} {value:.3g} peer={peer}", flush=True)


def say(text):
    print("# " + text, flush=True)


def median(values):
    return statistics.median(values)


def check(right, words):
    if not right:
        raise AssertionError(words)


# ---- processes ----------------------------------------------------------------------

def tree(pid):
    """The process and all below it."""
    found = [pid]
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as f:
                for child in f.read().split():
                    found += tree(int(child))
    return found


def cpu_seconds(*roots):
    """User and system time of the processes, of those below and of their ended children."""
    total = 0
    for root in roots:
        for pid in tree(root):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/stat") as f:
                    total += sum(map(int, f.read().rpartition(")")[2].split()[11:15]))
    return total / TICK


def memory_bytes(pid, word):
    """'VmRSS' or 'VmHWM'."""
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(rf"^{word}:\s+(\d+) kB", f.read(), re.M).group(1)) * 1024


def end(proc, seconds=30):
    if proc is None or proc.poll() is not None:
        return
    proc.send_signal(signal.SIGTERM)
    try:
        proc.wait(seconds)
    except subprocess.TimeoutExpired:
        proc.kill()
        proc.wait()


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="jiuan-bench-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def pinned(cpu, args):
    """The command on one processor, where there are two: server and load do not fight."""
    return ["taskset", "-c", str(cpu), *args] if shutil.which("taskset") and os.cpu_count() > 1 else list(args)


def run(args, timeout, **more):
    """Standard output of a command that must end with 0."""
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(args[:3])} … ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def figures_of(text):
    return {m[1]: float(m[2]) for m in re.finditer(r"^figure: (\S+) (\S+)", text, re.M)}


# ---- HTTP ----------------------------------------------------------------------------

class Client:
    """One connection, one session."""

    def __init__(self, port):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {}

    def raw(self, method, path, body=None, headers=None):
        data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        sent = {**self.headers, **({"Content-Type": "application/json"} if data else {}), **(headers or {})}
        self.http.request(method, path, data, sent)
        answer = self.http.getresponse()
        return answer, answer.read()

    def call(self, method, path, body=None, headers=None):
        answer, text = self.raw(method, path, body, headers)
        check(answer.status < 300, f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text) if text else None

    def sign_in(self, login, password):
        """Takes a one-time password too, and the change that it asks for."""
        answer, text = self.raw("POST", "/api/session", {"login": login, "password": password})
        check(answer.status == 200, f"sign in as {login}: {answer.status} {text[:300]!r}")
        cookies = [v.split(";")[0] for k, v in answer.getheaders() if k.lower() == "set-cookie"]
        self.headers["Cookie"] = next(c for c in cookies if "session" in c.split("=")[0])
        if json.loads(text).get("must_change_password"):
            self.call("POST", "/api/people/password", {"old": password, "new": "jasmine-kettle-42-bench"})
        return self


def program(build):
    return next((p for p in (os.path.join(build, "jiuan"), os.path.join(build, "src", "app", "jiuan")) if os.path.exists(p)),
                os.path.join(build, "jiuan"))


class Server:
    """build/jiuan serve on a free port, data in a folder."""

    def __init__(self, build, data, *options, cpu=None):
        self.args = [program(build), "serve", "--data", data, "--port", "0", "--log", "warn",
                     "--web", "/nonexistent", *options]
        if cpu is not None:
            self.args = pinned(cpu, self.args)
        self.log = os.path.join(data, "bench.log")
        self.out = os.path.join(data, "bench.out")
        self.proc = None

    def start(self):
        with open(self.log, "ab") as log, open(self.out, "wb") as out:
            self.proc = subprocess.Popen(self.args, stdout=out, stderr=log, stdin=subprocess.DEVNULL, cwd=ROOT)
        for _ in range(1200):
            with open(self.out) as f:
                self.words = f.read()
            ready = re.search(r"ready at https?://[^:]+:(\d+)", self.words)
            if ready:
                self.port = int(ready[1])
                return self
            if self.proc.poll() is not None:
                break
            time.sleep(0.05)
        self.stop()
        with open(self.log) as f:
            raise RuntimeError(f"the server did not start: {self.words} {f.read()[-2000:]}")

    def admin(self):
        """Signed in by the one-time password of the first start."""
        return Client(self.port).sign_in("admin", re.search(r"one-time password (\S+)", self.words)[1])

    @property
    def pid(self):
        return self.proc.pid

    def cpu(self):
        return cpu_seconds(self.pid)

    def stop(self):
        end(self.proc)
        self.proc = None

    __enter__ = start

    def __exit__(self, *_):
        self.stop()


COMMUNITY = (("city", "3601"), ("district", "360113"), ("subdistrict", "360113001"), ("community", "360113001001"))


def make_places(admin, *kinds_codes):
    """A chain of places from the top, as (kind, code); id and path of the last."""
    made = None
    for kind, code in kinds_codes:
        body = {"kind": kind, "code": code, "name": f"{kind} {code}"}
        made = admin.call("POST", "/api/places/place", {**body, "parent_id": made["id"]} if made else body)
    return made["id"], made["path"]


def make_device(admin, source, place, kind="sensor"):
    """Id and key of an active device."""
    body = {"name": source, "kind": kind, "source": source, "place_id": place}
    device = admin.call("POST", "/api/sensing/device", body)
    if device["state"] != "active":
        admin.call("POST", f"/api/sensing/device/{device['id']}/approve", {"place_id": place})
    return device["id"], admin.call("POST", f"/api/sensing/device/{device['id']}/key")["key"]


# ---- peers ---------------------------------------------------------------------------

def apt(*packages):
    """Debian's own packages; none of their services is started."""
    def there(p):
        asked = subprocess.run(["dpkg-query", "-W", "-f=${Status}", p], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
        return asked.stdout.startswith("install ok installed")

    missing = [p for p in packages if not there(p)]
    if not missing:
        return
    say("installing " + " ".join(missing))
    root = [] if os.geteuid() == 0 else ["sudo"]
    quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}}
    run([*root, "apt-get", "update", "-qq"], 300, **quiet)
    run([*root, "env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1", "apt-get", "install", "-y", "-qq",
         "--no-install-recommends", *missing], 900, **quiet)


def npm(name):
    """bench/peers/<name> with its packages; its folder."""
    path = os.path.join(BENCH, "peers", name)
    mark = os.path.join(path, "node_modules", ".package-lock.json")
    if not os.path.exists(mark) or os.path.getmtime(mark) < os.path.getmtime(os.path.join(path, "package-lock.json")):
        say(f"npm ci in bench/peers/{name} (compiles a SQLite binding where none is ready-made: a minute or two)")
        run(["npm", "ci", "--no-fund", "--no-audit"], 900, cwd=path)
    return path


def wait_for_port(port, proc, seconds=60):
    for _ in range(seconds * 20):
        check(proc.poll() is None, f"process ended with {proc.returncode} before it listened")
        with contextlib.suppress(OSError):
            http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port} after {seconds} s")


# ---- all of them -----------------------------------------------------------------------

def main(args):
    if not 1 <= len(args) <= 2 or args[1:] and args[1] not in NAMES:
        print(f"usage: bench.py BUILD_DIR [{'|'.join(NAMES)}]", file=sys.stderr)
        return 2
    build, failed = os.path.abspath(args[0]), 0
    names = args[1:] or NAMES
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are stopped
    for name in names:
        say(f"{name}: load {os.getloadavg()[0]:.2f} on {os.cpu_count()} processors")
        try:
            importlib.import_module("bench_" + name.replace("-", "_")).bench(build)
        except Exception as e:  # the next bench has its own turn
            traceback.print_exc()
            print(f"FAILED: {name}: {e}", flush=True)
            failed += 1
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.modules["bench"] = sys.modules["__main__"]
    sys.exit(main(sys.argv[1:]))
