"""ingest.py - what both ingest benches share: a server with 64 devices, the load, the check of what is stored."""
import os
import sqlite3
import subprocess

from bench import COMMUNITY, check, figures_of, make_device, make_places

DEVICES = 64
WINDOW = 1 << 20  # events that the server's dedupe remembers (WINDOW_EVENTS in src/domain/sensing)


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
    # 1 % are sent twice, but only once a connection's 24 bodies have had their first turn.
    again = found["ingest_posts"] - 24 * connections
    known = found["ingest_duplicate"] > 0 or again * per_post < 10_000
    check(found["ingest_accepted"] > 0 and known, f"nothing accepted or no duplicate found: {found}")
    return found


def check_stored(db, accepted):
    """Every accepted event is there, and none twice as far back as the server remembers; how many further back."""
    with sqlite3.connect(f"file:{db}?mode=ro", uri=True) as c:
        rows, = c.execute("SELECT count(*) FROM sensing_event").fetchone()
        check(rows == accepted, f"{rows} rows stored, {accepted} accepted")
        if rows > 8_000_000:
            return None
        near, far = c.execute(
            "WITH twice AS MATERIALIZED (SELECT source_no, event_id FROM sensing_event GROUP BY 1, 2 HAVING count(*) > 1),"
            " gaps AS (SELECT seq - lag(seq) OVER (PARTITION BY source_no, event_id ORDER BY seq) AS gap FROM sensing_event"
            "  WHERE (source_no, event_id) IN (SELECT * FROM twice))"
            " SELECT count(*) FILTER (WHERE gap <= ?1), count(*) FILTER (WHERE gap > ?1) FROM gaps", (WINDOW,)).fetchone()
        check(near == 0, f"{near} events are stored twice within {WINDOW} events")
        return far
