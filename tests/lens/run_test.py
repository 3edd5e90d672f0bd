#!/usr/bin/env python3
"""run_test.py JIUAN-LENS [--only a,b] - the lens as cameras and the server meet it.

Paints a clip, plays it through a real RTSP server on loopback into a stand-in
of the server's doors.  Prints "N passed, N failed".
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from intake import Intake  # noqa: E402
from rtsp_server import Server  # noqa: E402


class Failed(Exception):
    pass


def check(what, ok, more=""):
    if not ok:
        raise Failed(f"{what} {more}")


def until(what, fn, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = fn()
        if got:
            return got
        time.sleep(0.05)
    raise Failed(f"not within {seconds} s: {what}")


class World:
    """A folder, a painted clip, and what was started."""

    def __init__(self, lens):
        self.lens = lens
        self.dir = tempfile.mkdtemp(prefix="jiuan-lens-")
        self.running, self.n = [], 0
        clips = os.path.join(self.dir, "clips")
        os.mkdir(clips)
        subprocess.run([lens, "evaluate", "--generate", "--keep", clips, "--levels", "L1", "--seeds", "7", "--secs",
                        "13", "--objects", "1", "--size", "960x540"], check=True, capture_output=True)
        found = sorted(pathlib.Path(clips).glob("*.mp4"))
        self.clip = str(found[0])

    def path(self, name):
        return os.path.join(self.dir, name)

    def ffmpeg(self, *words):
        subprocess.run(["ffmpeg", "-v", "error", "-y", *words], check=True)

    def config(self, cameras, hub=None, name="a", **more):
        key = self.path("key")
        pathlib.Path(key).write_text("secret\n")
        os.chmod(key, 0o600)
        words = {"spool": {"folder": self.path("spool-" + name)}, "cameras": cameras, **more}
        if hub:
            words["server"] = {"url": hub if isinstance(hub, str) else hub.url, "device": "d1", "key_file": key}
        path = self.path(f"{name}.json")
        pathlib.Path(path).write_text(json.dumps(words))
        os.chmod(path, 0o600)
        return path

    def start(self, config):
        self.n += 1
        log = self.path(f"log-{self.n}")
        p = subprocess.Popen([self.lens, "run", "--config", config], stderr=open(log, "w"))
        p.log = lambda: pathlib.Path(log).read_text()
        self.running.append(p)
        return p

    def end(self, p, how=signal.SIGTERM, seconds=25):
        p.send_signal(how)
        code = p.wait(seconds)
        self.running.remove(p)
        return code

    def spool(self, name="a"):
        folder = self.path("spool-" + name)
        return sorted(f for f in os.listdir(folder) if f not in (".lock", ".cameras")) if os.path.isdir(folder) else []

    def close(self):
        for p in self.running:
            p.kill()
            p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


def seconds(time):
    from datetime import datetime
    return datetime.fromisoformat(time.replace("Z", "+00:00")).timestamp()


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def test_recording(w):
    """A recording: one event with its evidence; again: the same ids, taken as duplicates."""
    with Intake() as hub:
        config = w.config([{"source": "lens/a", "input": w.clip, "start_at": "2026-03-12T08:00:00Z"}], hub)
        p = w.start(config)
        check("ends by itself", p.wait(60) == 0, p.log())
        thrown = hub.of("camera.thrown")
        check("one event", len(thrown) == 1, p.log())
        event = thrown[0]
        check("at the time of the recording", event["time"].startswith("2026-03-12T08:00:0"), event["time"])
        check("the spool is empty", w.spool() == [], w.spool())
        kinds = {k[1] for k in hub.files}
        check("still, clip, shared", kinds == {"still", "clip", "shared"}, kinds)
        check_evidence(w, hub, event)
        p = w.start(config)
        check("ends again", p.wait(60) == 0)
        check("no event twice", len(hub.of("camera.thrown")) == 1 and hub.duplicates >= 1, hub.duplicates)


def packets(path):
    """Payload hashes, without their container."""
    out = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-map", "0:v", "-c", "copy", "-f", "framehash", "-"],
                         capture_output=True, text=True, check=True).stdout
    return [line.split(",")[-1].strip() for line in out.splitlines() if line and not line.startswith("#")]


def check_evidence(w, hub, event):
    files = {kind: body for (id_, kind), (_, body, _) in hub.files.items() if id_ == event["id"]}
    for kind, body in files.items():
        pathlib.Path(w.path(kind)).write_bytes(body)
    source, clip = packets(w.clip), packets(w.path("clip"))
    at = [i for i in range(len(source)) if source[i:i + len(clip)] == clip]
    check("the clip is a run of the camera's own packets", len(at) == 1, (len(source), len(clip)))
    path = event["data"]["path"]
    check("a path with stamps", len(path) >= 9 and path[0][0] == 0 and path[-1][2] > path[0][2])
    check("a JPEG", files["still"][:3] == b"\xff\xd8\xff")
    probe = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "stream=codec_name,nb_frames", "-of", "csv=p=0",
                            w.path("shared")], capture_output=True, text=True, check=True).stdout
    check("the shared copy is VP9", probe.startswith("vp9,"), probe)
    facts = hub.of("camera.evidence")
    check("facts", len(facts) == 1 and facts[0]["data"]["event"] == event["id"])
    from hashlib import blake2b
    for f in facts[0]["data"]["files"]:
        want = blake2b(files[f["name"]], digest_size=32).hexdigest()
        check("hash of " + f["name"], f["blake2b"] == want and f["bytes"] == len(files[f["name"]]))
    check("nobody but the device's key", hub.auth == {"Device d1.secret"}, hub.auth)


def test_stream_cut(w):
    """RTSP over TCP, cut twice: comes back, nothing is told twice."""
    with Server(w.clip, loop=True) as cam, Intake() as hub:
        p = w.start(w.config([{"source": "lens/a", "input": cam.url}], hub))
        until("connected", lambda: "camera_connected" in p.log())
        time.sleep(1.5)
        cam.cut(0.2)
        until("connected again", lambda: p.log().count("camera_connected") >= 2)
        until("the event", lambda: hub.of("camera.thrown"), 30)
        time.sleep(2.5)  # the seconds after
        cam.cut(0.5)
        until("connected a third time", lambda: p.log().count("camera_connected") >= 3)
        until("evidence in spite of the cut", lambda: {k[1] for k in hub.files} == {"still", "clip", "shared"}, 40)
        # The clip goes round every 13 s: the next fall is another one.
        times = sorted(seconds(e["time"]) for e in hub.of("camera.thrown"))
        check("told once", all(b - a > 11 for a, b in zip(times, times[1:])), times)
        check("interleaved", any("TCP" in t for m, t in cam.log if m == "SETUP"), cam.log)
        check("heartbeats", hub.beats and hub.beats[-1]["data"] == {"tamper": False, "covered": False}, hub.beats)
        check("a clean end", w.end(p) == 0, p.log())
        check("ended is said", "lens.ended" in p.log())


def test_stream_udp(w):
    """RTP over UDP, with a login; the password is nowhere in the log."""
    auth = "Basic dmlld2VyOmdlaGVpbTE3"  # viewer:geheim17
    with Server(w.clip, auth=auth) as cam, Intake() as hub:
        url = cam.url.replace("://", "://viewer:geheim17@")
        p = w.start(w.config([{"source": "lens/a", "input": url, "transport": "udp"}], hub))
        until("the event", lambda: hub.of("camera.thrown"), 40)
        check("by UDP", all("TCP" not in t for m, t in cam.log if m == "SETUP"), cam.log)
        check("a clean end", w.end(p) == 0)
        check("no password in the log", "geheim17" not in p.log())


def test_server_away(w):
    """No server at first, killed in between: everything arrives once, later."""
    port = free_port()
    camera = {"source": "lens/a", "start_at": "2026-03-12T09:00:00Z"}
    # A folder in real time waits for more: the lens is there to be killed.
    os.mkdir(w.path("queue"))
    shutil.copy(w.clip, w.path("queue/1.mp4"))
    p = w.start(w.config([{**camera, "input": w.path("queue"), "pace": True}], f"http://127.0.0.1:{port}", name="away"))
    until("says that it waits", lambda: "no_approval" in p.log())
    check("looks at nothing before the server said so", "camera_connected" not in p.log(), p.log())
    with Intake(port) as hub:
        until("allowed", lambda: "lens.running cameras=1" in p.log())
    until("in the spool", lambda: any(f.endswith(".facts.json") for f in w.spool("away")), 60)
    check("killed", w.end(p, signal.SIGKILL) == -signal.SIGKILL)
    kept = w.spool("away")
    check("all five", len([f for f in kept if not f.endswith(".part")]) == 5, kept)
    config = w.config([{**camera, "input": w.clip}], f"http://127.0.0.1:{port}", name="away")
    pathlib.Path(w.path("spool-away/0000-scrap.clip.mp4.part")).write_bytes(b"half")
    with Intake(port) as hub:
        hub.status = 503
        p = w.start(config)
        until("asked", lambda: hub.requests >= 1)
        hub.status = None
        hub.refuse["lens/a"] = "quarantined"  # not approved yet: waits
        until("asked again", lambda: hub.requests >= 2)
        time.sleep(0.5)
        check("kept while quarantined", any(".event." in f for f in w.spool("away")), w.spool("away"))
        w.end(p)
        hub.refuse.clear()
        p = w.start(config)
        check("ends by itself", p.wait(90) == 0, p.log())
        check("once", len(hub.of("camera.thrown")) == 1, hub.events)
        check("with its files", {k[1] for k in hub.files} == {"still", "clip", "shared"}, hub.files.keys())
        check("nothing left, no scrap", w.spool("away") == [], w.spool("away"))


def test_others_run_on(w):
    """Broken inputs end with the camera's name; the sound one beside them works."""
    pathlib.Path(w.path("noise.mp4")).write_bytes(os.urandom(50000))
    data = pathlib.Path(w.clip).read_bytes()
    pathlib.Path(w.path("cut.mp4")).write_bytes(data[:len(data) // 2])
    w.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=7680x4320:r=5:d=0.4", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt",
             "yuv420p", w.path("8k.mp4"))
    w.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:r=10:d=1", "-c:v", "mpeg4", w.path("old.mp4"))
    w.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=2", "-c:v", "libx265", "-x265-params", "log-level=none",
             w.path("small.h265"))
    os.mkdir(w.path("folder"))
    w.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=2", "-c:v", "libx264", "-pix_fmt", "yuv420p",
             w.path("folder/1.mp4"))
    shutil.copy(w.path("noise.mp4"), w.path("folder/2.mp4"))
    w.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x480:r=15:d=2", "-c:v", "libx264", "-pix_fmt", "yuv420p",
             w.path("folder/3.mp4"))
    # Another size in mid-stream.
    for name, size in (("p1", "320x240"), ("p2", "640x480")):
        w.ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-f",
                 "h264", w.path(name))
    pathlib.Path(w.path("sizes.h264")).write_bytes(
        pathlib.Path(w.path("p1")).read_bytes() + pathlib.Path(w.path("p2")).read_bytes())
    names = ["noise.mp4", "cut.mp4", "8k.mp4", "old.mp4", "gone.mp4", "small.h265", "folder", "sizes.h264"]
    cameras = [{"name": n, "source": f"lens/{i}", "input": w.path(n)} for i, n in enumerate(names)]
    cameras.append({"name": "sound", "source": "lens/s", "input": w.clip})
    p = w.start(w.config(cameras, name="many"))
    check("ends", p.wait(120) == 0, p.log())
    log = p.log()
    for name in ("noise.mp4", "cut.mp4", "8k.mp4", "old.mp4", "gone.mp4"):
        check(f"{name} is named", re.search(rf'camera_lost camera="{name}"', log), log)
    check("8K is too large", re.search(r'camera="8k.mp4".*larger than allowed', log), log)
    check("old codec", re.search(r'camera="old.mp4".*neither', log), log)
    decoded = {m[1]: int(m[2]) for m in re.finditer(r'lens.minute camera="([^"]+)" decoded=(\d+)', log)}
    check("the sound one is whole", decoded["sound"] == 325 and log.count("lens.thrown") == 1, log)
    check("H.265", decoded["small.h265"] == 50, decoded)
    check("a folder around a broken file", decoded["folder"] == 80, decoded)
    check("both sizes", decoded["sizes.h264"] == 100, decoded)
    check("kept in the spool", len([f for f in w.spool("many") if ".event." in f]) == 1, w.spool("many"))
    rss = int(re.search(r"rss_kb=(\d+)", log)[1])
    check("memory", rss < 400_000, rss)


def test_words(w):
    """What the command line says when something is wrong."""
    def run(*words):
        r = subprocess.run([w.lens, "run", *words], capture_output=True, text=True, timeout=20)
        return r.returncode, r.stderr
    check("no words", run()[0] == 2)
    check("no file", run("--config", "/nowhere")[0] == 3)
    path = w.config([{"source": "a", "input": "b"}], name="open")
    os.chmod(path, 0o644)
    code, text = run("--config", path)
    check("readable by all", code == 3 and "others may read" in text, text)
    one = w.start(w.config([{"source": "a", "input": w.clip, "pace": True}], name="one"))
    until("running", lambda: "lens.running" in one.log())
    code, text = run("--config", w.path("one.json"))
    check("one process, one spool", code == 3 and "another" in text, text)
    w.end(one)


def test_approval(w):
    """A camera runs while the server lists it, with what was drawn there."""
    with Server(w.clip, loop=True) as cam, Intake() as hub:
        hub.cameras = {}
        p = w.start(w.config([{"name": "eye", "source": "lens/a", "input": cam.url}], hub, name="may"))
        until("left out", lambda: 'camera_not_active camera="eye"' in p.log())
        check("not looked through", "camera_connected" not in p.log())
        w.end(p)
        hub.cameras = {"lens/a": {"lanes": [{"corners": [[0, 0], [1, 0], [1, 1]]}]}}
        p = w.start(w.config([{"name": "eye", "source": "lens/a", "input": cam.url}], hub, name="may"))
        until("a wrong drawing is said", lambda: "drawing_refused" in p.log() and "lanes[0]: size" in p.log())
        until("and the camera runs", lambda: "camera_connected" in p.log())
        w.end(p)
    with Server(w.clip, loop=True) as cam:  # no server any more: as it was
        p = w.start(w.config([{"name": "eye", "source": "lens/a", "input": cam.url}], hub, name="may"))
        until("goes on without a server", lambda: "camera_connected" in p.log())
        w.end(p)


TESTS = [test_recording, test_stream_cut, test_stream_udp, test_server_away, test_approval, test_others_run_on,
         test_words]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("lens")
    p.add_argument("--only", default="")
    a = p.parse_args()
    only = [n for n in a.only.split(",") if n]
    passed = failed = 0
    w = World(os.path.abspath(a.lens))
    try:
        for t in TESTS:
            name = t.__name__[5:]
            if only and name not in only:
                continue
            began = time.monotonic()
            try:
                t(w)
                passed += 1
                print(f"ok {name} {time.monotonic() - began:.1f} s", flush=True)
            except (Failed, subprocess.SubprocessError, AssertionError) as e:
                failed += 1
                print(f"FAILED {name}: {e}", flush=True)
            for r in list(w.running):
                w.end(r, signal.SIGKILL)
    finally:
        w.close()
    print(f"{passed} passed, {failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
