#!/usr/bin/env python3
"""system_test.py JIUAN [--update] [--only a,b] - the program as people and devices meet it.

Starts real servers on free loopback ports in temporary folders.  Sections:
commands, limits, desk, web, live, trouble, full (disk), tls.  --update rewrites
the golden files.  Prints "N passed, N failed" and, when something could not be
done here, ", N skipped".
"""
import argparse
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import rig  # noqa: E402
import t_commands  # noqa: E402
import t_desk  # noqa: E402
import t_full  # noqa: E402
import t_limits  # noqa: E402
import t_live  # noqa: E402
import t_tls  # noqa: E402
import t_trouble  # noqa: E402
import t_web  # noqa: E402

SECTIONS = {"commands": t_commands, "limits": t_limits, "desk": t_desk, "web": t_web, "live": t_live,
            "trouble": t_trouble,
            "full": t_full, "tls": t_tls}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("jiuan")
    p.add_argument("--update", action="store_true", help="rewrite the golden files")
    p.add_argument("--only", default="", help="sections by name")
    options = p.parse_args()
    jiuan = os.path.abspath(options.jiuan)
    names = [n for n in options.only.split(",") if n] or list(SECTIONS)
    for name in names:
        began = time.monotonic()
        for test in SECTIONS[name].TESTS:
            try:
                test(jiuan, options)
            except Exception:
                rig.check(False, f"{name}, {test.__name__}: {traceback.format_exc()}")
        print(f"{name}: {time.monotonic() - began:.1f} s", flush=True)
    c = rig.counts
    print(f"{c['passed']} passed, {c['failed']} failed" + (f", {c['skipped']} skipped" if c["skipped"] else ""))
    return c["failed"] != 0


if __name__ == "__main__":
    sys.exit(main())
