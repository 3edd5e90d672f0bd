#!/usr/bin/env python3
"""embed.py NAME FILE OUT - the text FILE as the C string constant NAME in OUT."""
import sys

name, source, out = sys.argv[1:]
with open(source, encoding="utf-8") as f, open(out, "w", encoding="utf-8") as o:
    o.write(f"/* generated from {source.rsplit('/', 1)[-1]}; do not edit */\nstatic const char {name}[] =\n")
    for line in f:
        text = line.rstrip("\n").replace("\\", "\\\\").replace('"', '\\"')
        o.write(f'\t"{text}\\n"\n')
    o.write("\t;\n")
