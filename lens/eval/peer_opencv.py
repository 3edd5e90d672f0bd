#!/usr/bin/python3
"""peer_opencv.py VIDEO EVENTS - what one would build from OpenCV: MOG2, opening,
connected components, nearest-neighbour tracks, a test for downward acceleration.

Writes its events as JSON lines like 'jiuan-lens analyse' does, so that
'jiuan-lens evaluate --score TRUTH EVENTS' measures both alike; prints frames and
CPU seconds. Debian's python3-opencv; one thread.
"""
import json
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
MAX_BLOBS, GATE_PX, LEAST_POINTS, MISSES, WARM_UP = 400, 60.0, 8, 3, 25


class Track:
    def __init__(self, frame, blob):
        self.points, self.missed = [(frame, *blob)], 0

    def predicted(self, frame):
        f, x, y = self.points[-1][:3]
        if len(self.points) < 2:
            return x, y, GATE_PX
        g = self.points[-2]
        step = (frame - f) / (f - g[0])
        return x + (x - g[1]) * step, y + (y - g[2]) * step, GATE_PX * 0.6


def falls(track):
    """Downwards, accelerating, smooth."""
    p = np.array([q[:3] for q in track.points], float)
    if len(p) < LEAST_POINTS:
        return False
    t, x, y = p[:, 0] - p[0, 0], p[:, 1], p[:, 2]
    fall = y[-1] - y[0]
    if fall < 60 or (np.diff(y) > 0).mean() < 0.85 or abs(x[-1] - x[0]) > 1.5 * fall:
        return False
    curve = np.polyfit(t, y, 2)
    rest, side = y - np.polyval(curve, t), x - np.polyval(np.polyfit(t, x, 1), t)
    return bool(curve[0] >= 0.02 and 1 - rest.var() / max(1e-9, y.var()) >= 0.97 and side.std() <= max(3, 0.08 * fall))


def follow(tracks, frame, blobs, ended):
    """Longest track first, each takes its nearest blob."""
    taken, live = set(), []
    places = np.array([b[:2] for b in blobs]) if blobs else np.zeros((0, 2))
    for track in sorted(tracks, key=lambda t: -len(t.points)):
        x, y, gate = track.predicted(frame)
        far = ((places - (x, y)) ** 2).sum(1) if len(places) else []
        near = next((int(i) for i in np.argsort(far)[:3] if far[i] <= gate * gate and int(i) not in taken), None)
        if near is None:
            track.missed += 1
        else:
            taken.add(near)
            track.points.append((frame, *blobs[near]))
            track.missed = 0
        (ended if track.missed > MISSES else live).append(track)
    return live + [Track(frame, b) for i, b in enumerate(blobs) if i not in taken]


def blobs_of(mask):
    n, _, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    if n - 1 > MAX_BLOBS:
        return []
    return [(float(centres[i][0]), float(centres[i][1]), int(stats[i, 2]), int(stats[i, 3]))
            for i in range(1, n) if stats[i, 4] >= 4 and stats[i, 2] < 120 and stats[i, 3] < 160]


def line(track, fps):
    p = track.points
    return json.dumps({"seconds": p[0][0] / fps, "end_seconds": p[-1][0] / fps,
                       "path": [[q[0] / fps, q[1], q[2], q[3], q[4]] for q in p]})


def main(video, events):
    film = cv2.VideoCapture(video)
    fps = film.get(cv2.CAP_PROP_FPS)
    mog2 = cv2.createBackgroundSubtractorMOG2(500, 16.0, False)
    square = cv2.getStructuringElement(cv2.MORPH_RECT, (3, 3))
    tracks, ended, frame, start = [], [], 0, time.process_time()
    while True:
        there, picture = film.read()
        if not there:
            break
        mask = cv2.morphologyEx(mog2.apply(picture), cv2.MORPH_OPEN, square)
        tracks = follow(tracks, frame, blobs_of(mask) if frame > WARM_UP else [], ended)
        frame += 1
    seconds = time.process_time() - start
    with open(events, "w", encoding="utf-8") as out:
        for track in ended + tracks:
            if falls(track):
                out.write(line(track, fps) + "\n")
    print(json.dumps({"frames": frame, "cpu_s": round(seconds, 3)}))
    return 0 if frame else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
