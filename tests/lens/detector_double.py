#!/usr/bin/env python3
"""detector_double.py MODE - stands in for a site's detector (docs/lens-detector.md).

Finds no e-bikes: it reports one wherever a picture is bright in its middle.
MODE: ok; dies (after three pictures); sleeps (answers too late); nonsense;
mute (never says it is ready); stranger (labels nobody asked for).
"""
import json
import sys
import time

mode = sys.argv[1] if len(sys.argv) > 1 else "ok"


def say(words):
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if mode == "mute":
    time.sleep(60)
say({"ready": True, "protocol": 1, "name": "double", "version": "1"})
n = 0
while True:
    head = sys.stdin.buffer.readline().split()
    if not head:
        break
    word, seq, width, height, form, size, _ = head
    assert word == b"frame" and form == b"rgb24" and int(size) == int(width) * int(height) * 3
    picture = sys.stdin.buffer.read(int(size))
    n += 1
    if mode == "dies" and n == 3:
        sys.exit(1)
    if mode == "sleeps":
        time.sleep(5)
    if mode == "nonsense":
        print("{\"frame\": 0, boxes")
        sys.stdout.flush()
        continue
    middle = (int(height) // 2 * int(width) + int(width) // 2) * 3
    bright = picture[middle] > 150
    label = "person" if mode == "stranger" else "e-bike"
    say({"frame": int(seq), "boxes": [{"label": label, "score": 0.9, "box": [0.4, 0.4, 0.2, 0.2]}] if bright else []})
