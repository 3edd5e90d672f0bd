#!/usr/bin/env python3
"""demo_lens.py BUILD URL FOLDER [PARENT] - the demo's own eye: a painted facade, played by a
loopback RTSP server, watched by jiuan-lens, told to the demo's server.

Registers the lens and its camera as a person would, through the public
interface.  Ends when PARENT ends.  Needs the ffmpeg command.
"""
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests/lens"))

from rtsp_server import Server  # noqa: E402

ACCOUNT, PASSWORD = "admin", "tengwangge-demo"
CALM = 240  # seconds between two falls
CAMERA = {"name": "红谷春天 9 栋外立面（镜头分析）", "kind": "camera", "source": "lens/honggu-9",
          "legal_basis": "公共安全视频图像信息系统管理条例（演示）", "sign_record": "已立牌（演示记录）",
          "field_of_view": "9 栋外立面，不含室内（演示画面为合成）"}
LENS = {"name": "红谷春天镜头分析", "kind": "lens", "source": "lens/honggu"}


class Api:
    def __init__(self, url):
        self.url, self.cookie = url, None

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json", "Origin": self.url}
        if self.cookie:
            headers["Cookie"] = self.cookie
        r = urllib.request.Request(self.url + path, method=method, headers=headers,
                                   data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(r, timeout=10) as answer:
            if answer.headers.get("Set-Cookie"):
                self.cookie = answer.headers["Set-Cookie"].split(";")[0]
            return json.loads(answer.read() or b"{}")

    def sign_in(self):
        for _ in range(240):  # the demo fills itself first
            try:
                return self.call("POST", "/api/session", {"login": ACCOUNT, "password": PASSWORD})
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.5)
        raise SystemExit("demo_lens: the server does not answer")

    def device(self, words, place):
        found = self.call("GET", f"/api/sensing/device?source={words['source']}")["items"]
        row = found[0] if found else self.call("POST", "/api/sensing/device", {**words, "place_id": place})
        if row["state"] == "quarantined":
            row = self.call("POST", f"/api/sensing/device/{row['id']}/approve", {"place_id": place})
        return row["id"]


def paint(lens, folder):
    """One clip, the same every time, painted once."""
    made = sorted(folder.glob("*.mp4"))
    if not made:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["nice", lens, "evaluate", "--generate", "--keep", str(folder), "--levels", "L1", "--seeds", "7",
                        "--secs", "16", "--objects", "1", "--size", "1280x720"], check=True, stdout=subprocess.DEVNULL)
        made = sorted(folder.glob("*.mp4"))
    return str(made[0])


def configure(api, folder, stream):
    home = api.call("GET", "/api/places/place?kind=building&limit=200")["items"]
    building = next(p for p in home if p["path"].endswith("honggu.9."))
    community = building["path"].rsplit("honggu.", 1)[0] + "honggu."
    whole = api.call("GET", "/api/places/place?kind=community&limit=200")["items"]
    lens = api.device(LENS, next(p["id"] for p in whole if p["path"] == community))
    api.device(CAMERA, building["id"])
    key, config = folder / "key", folder / "lens.json"
    for path, text in ((key, api.call("POST", f"/api/sensing/device/{lens}/key", {})["key"]), (config, json.dumps({
            "server": {"url": api.url, "device": lens, "key_file": str(key)},
            "spool": {"folder": str(folder / "spool"), "max_mb": 256},
            "cameras": [{"name": CAMERA["name"], "source": CAMERA["source"], "input": stream}]}))):
        path.touch(0o600)
        path.chmod(0o600)
        path.write_text(text)
    return config


def main():
    build, url, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3]).resolve()
    parent = int(sys.argv[4]) if len(sys.argv) > 4 else os.getppid()
    lens = str(pathlib.Path(build).resolve() / "lens/jiuan-lens")
    clip = paint(lens, folder / "clips")
    api = Api(url)
    api.sign_in()
    with Server(clip, loop=True, calm=CALM) as camera:
        child = subprocess.Popen([lens, "run", "--config", str(configure(api, folder, camera.url))])
        try:
            while child.poll() is None and pathlib.Path(f"/proc/{parent}").exists():
                time.sleep(0.5)
        finally:
            child.terminate()
            child.wait(30)


if __name__ == "__main__":
    main()
