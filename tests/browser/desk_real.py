#!/usr/bin/env python3
"""desk_real.py JIUAN [SCRIPT] - a script in Chromium against a real server with
the demo.  Without a script: the case S7 through the real desk, with the
simulator, at the desk and as the worker's phone (desk.mjs; door.mjs alike).  Ends with the
script's own "N passed, N failed"."""
import http.cookiejar
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PASSWORD = "tengwangge-demo"  # of the demo's accounts, as the server prints it


def ready_url(server):
    for line in server.stdout:
        if "is ready at" in line:
            return line.split()[-1]
    raise RuntimeError("the server ended before it was ready")


def wait_for_cases(url, seconds):
    """Until the demo's four cases are on the desk."""
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    body = json.dumps({"login": "chenxiao", "password": PASSWORD}).encode()
    opener.open(urllib.request.Request(url + "/api/session", body, {"Content-Type": "application/json"})).read()
    kinds, end = set(), time.monotonic() + seconds
    while len(kinds) < 4 and time.monotonic() < end:
        time.sleep(1)
        kinds = {a["kind"] for a in json.load(opener.open(url + "/api/watch/alert?limit=50"))["items"]}
    return kinds


def main(jiuan, script="desk.mjs"):
    simulator = ["--simulator"] if script in ("desk.mjs", "door.mjs") else []
    with tempfile.TemporaryDirectory(prefix="jiuan-desk-") as data:
        server = subprocess.Popen([jiuan, "serve", "--demo", *simulator, "--data", data, "--port", "0",
                                   "--web", str(ROOT / "web/console/dist"), "--log", "error"],
                                  stdout=subprocess.PIPE, text=True, cwd=ROOT)
        try:
            url = ready_url(server)
            kinds = wait_for_cases(url, 150) if simulator else set()
            if simulator:
                print("cases within two minutes:", ", ".join(sorted(kinds)), flush=True)
            if simulator and not {"elder-absence", "thrown-object", "e-bike-inside", "fire-lane"} <= kinds:
                print("0 passed, 1 failed")
                return 1
            env = {**os.environ, "JIUAN_URL": url, "JIUAN_PASSWORD": PASSWORD}
            return subprocess.run(["node", f"tests/browser/{script}"], cwd=ROOT, env=env, timeout=300).returncode
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(20)


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1]), *sys.argv[2:]))
