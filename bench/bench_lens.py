"""CPU time per picture on one core, 1080p25 H.264 at 4 Mbit/s: plain decoding beside decoding with analysis, in turns,
and the pipeline one would build from OpenCV's MOG2. The clip is painted (lens/eval), level L3; all thrown must be found."""
import json
import os
import re

from bench import apt, check, figure, folder, median, ratio, run, RUNS, say

SECS, OBJECTS = 20, 4


def lens(build):
    return next(p for p in (os.path.join(build, "lens", "jiuan-lens"), os.path.join(build, "jiuan-lens")) if os.path.exists(p))


def words(text):
    return {m[1]: float(m[2]) for m in re.finditer(r"^(\S+) ([\d.]+)$", text, re.M)}


def score(program, truth, events):
    return json.loads(run([program, "evaluate", "--json", "--score", truth, events], 60))


def ours(program, video, truth, events):
    with open(events, "w") as out:
        out.write(run([program, "analyse", "--quiet", "--calibration", truth, video], 300))
    found, of = score(program, truth, events)["found"]
    check(of == OBJECTS and found == of, f"{found} of {of} found")
    return words(run([program, "bench", "--rounds", str(RUNS), video], 600))


def peer(video, events, rounds):
    """Milliseconds a picture."""
    script = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lens", "eval", "peer_opencv.py")
    times = [json.loads(run(["/usr/bin/python3", script, video, events], 900)) for _ in range(rounds)]
    return median([t["cpu_s"] / t["frames"] * 1e3 for t in times])


def bench(build):
    apt("ffmpeg", "python3-opencv", "python3-numpy")
    program = lens(build)
    with folder() as path:
        say("painting a clip")
        run([program, "evaluate", "--generate", "--keep", path, "--levels", "L3", "--seeds", "1", "--secs", str(SECS),
             "--objects", str(OBJECTS)], 600)
        video = next(os.path.join(path, f) for f in os.listdir(path) if f.endswith(".mp4"))
        truth, events = video[:-4] + ".json", os.path.join(path, "events")
        figures = ours(program, video, truth, events)
        check(figures["pictures"] == SECS * 25, f"{figures['pictures']} pictures")
        figure("streams-per-core", 40 / figures["whole-ms"], "1080p25 streams")
        figure("analysis-ms", figures["analysis-ms"], "ms/picture")
        figure("whole-ms", figures["whole-ms"], "ms/picture")
        ratio("lens", figures["ratio"], "plain-decode")
        theirs = peer(video, events, 1)
        found, of = score(program, truth, events)["found"]
        figure("opencv-ms", theirs, "ms/picture")
        figure("opencv-found", found / of, "of what ours found all")
        ratio("lens-mog2", theirs / figures["whole-ms"], "opencv-mog2")
