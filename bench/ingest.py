"""ingest.py - what both ingest benches share: a server with 64 devices, the load, the check of what is stored."""
import os
import sqlite3
import subprocess

from bench import COMMUNITY, check, figures_of, make_device, make_places

DEVICES = 64


def prepare(server, keys):
    """64 active devices; their keys as the load wants them."""
    admin = server.admin()
    place, _ = make_places(admin, *COMMUNITY)
    with open(keys, "w") as f:
        for i in range(DEVICES):
            f.write("%s %s load/%d\n" % (*make_device(admin, f"load/{i}", place), i))


def load(build, port, pid, keys, seconds, per_post, connections=64):
    """Figures of one run of ingest/load.c; it ends badly when an answer was not 200 or an event was refused."""
    done = subprocess.run([os.path.join(build, "bench", "ingest_load"), str(port), str(pid), keys, str(seconds),
                           str(per_post), str(connections)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=seconds * 10 + 120)
    check(done.returncode == 0, f"the load ended with {done.returncode}: {done.stderr[-2000:]}")
    found = figures_of(done.stdout)
    known = found["ingest_duplicate"] > 0 or found["ingest_posts"] * per_post < 10_000  # 1 % are sent twice
    check(found["ingest_accepted"] > 0 and known, f"nothing accepted or no duplicate found: {found}")
    return found


def check_stored(db, accepted):
    """Every accepted event is there, and none is there twice."""
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as c:
        rows, = c.execute("SELECT count(*) FROM sensing_event").fetchone()
        check(rows == accepted, f"{rows} rows stored, {accepted} accepted")
        if rows <= 8_000_000:
            twice, = c.execute("SELECT count(*) FROM (SELECT 1 FROM sensing_event GROUP BY source_no, event_id"
                               " HAVING count(*) > 1)").fetchone()
            check(twice == 0, f"{twice} events are stored twice")


