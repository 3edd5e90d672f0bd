#!/usr/bin/env python3
"""demo_test.py BUILD - the demo as `make run` starts it: what falls from the painted facade
becomes an alert at the desk, with its clip, still and shared copy."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import demo_lens  # noqa: E402


def evidence(api):
    """Kinds of files of the alert that came of the lens's camera."""
    for alert in api.call("GET", "/api/watch/alert?limit=100&sort=-id")["items"]:
        if alert["kind"] != "thrown-object":
            continue
        case = api.call("GET", f"/api/watch/alert/{alert['id']}/case")
        if any(s["name"] == demo_lens.CAMERA["name"] for s in case["sources"]):
            return {f["kind"] for f in case["evidence"]["files"]}
    return None


def main():
    build = os.path.abspath(sys.argv[1])
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
    failed = ["no alert"]
    with tempfile.TemporaryDirectory(prefix="jiuan-demo-") as data:
        run = subprocess.Popen(["sh", "tools/run.sh", build], cwd=ROOT, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL,
                               env={**os.environ, "JIUAN_DATA": data, "JIUAN_PORT": str(port)})
        try:
            api = demo_lens.Api(f"http://127.0.0.1:{port}")
            api.sign_in()
            until, kinds = time.monotonic() + 150, None
            while time.monotonic() < until and kinds != {"still", "clip", "shared"}:
                time.sleep(1)
                kinds = evidence(api)
            failed = [] if kinds == {"still", "clip", "shared"} else [f"files: {kinds}"]
        except urllib.error.URLError as e:
            failed = [str(e)]
        finally:
            log = pathlib.Path(data, "lens/log")
            if failed and log.exists():
                print(log.read_text()[-3000:])
            run.send_signal(signal.SIGTERM)
            run.wait(30)
            end = time.monotonic() + 20  # the lens ends with the server
            while time.monotonic() < end and subprocess.run(
                    ["pgrep", "-f", f"jiuan-lens run --config {data}"], stdout=subprocess.DEVNULL).returncode == 0:
                time.sleep(0.2)
            if time.monotonic() >= end:
                failed.append("the lens outlived the server")
    print("\n".join("FAILED " + f for f in failed))
    print(f"{0 if failed else 1} passed, {len(failed)} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
