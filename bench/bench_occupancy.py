"""How many are inside and what passed, after 30 days of passes of 10,000 residents (1.2 million): the pages' requests over
HTTP.  The answers are compared with what was written."""
import os
import random
import sqlite3
import time

from bench import COMMUNITY, Client, Server, check, figure, folder, make_places, median

RESIDENTS, DAYS, A_DAY, LANES, ASKS = 10_000, 30, 4, 6, 30
HOUR = 3_600_000_000
PASSWORD = "jasmine-kettle-42-bench"  # what sign_in() takes for the one-time one


def fill(path, place, place_path):
    """As the server writes them: passes in order of arrival, counts by hour, one counter."""
    pick, now = random.Random(6), int(time.time() * 1e6) // HOUR * HOUR
    begun, hours, inside = now - DAYS * 24 * HOUR, {}, 0
    total = RESIDENTS * DAYS * A_DAY

    def rows():
        nonlocal inside
        for seq in range(1, total + 1):
            at = begun + (now - begun) * seq // total
            way = ("in", "out")[seq % 2] if seq % 1000 else "in"
            inside = max(0, inside + (1 if way == "in" else -1))
            lane, hour = f"lane{pick.randrange(LANES)}", at // HOUR * HOUR
            hours[(lane, hour, way)] = hours.get((lane, hour, way), 0) + 1
            yield (seq, lane, seq, way, f"{seq % RESIDENTS:032x}", at, at)

    with sqlite3.connect(path) as db:
        db.executemany("INSERT INTO access_pass (seq, lane_id, serial, method, verdict, reason, direction, alias, device_at, server_at,"
                       " skew_ms, late) VALUES (?, ?, ?, 'card', 'grant', 'ok', ?, ?, ?, ?, 0, 0)", rows())
        db.executemany("INSERT INTO access_hour (lane_id, place_path, hour_at, method, verdict, direction, n)"
                       " VALUES (?, ?, ?, 'card', 'grant', ?, ?)",
                       ((lane, place_path, hour, way, n) for (lane, hour, way), n in hours.items()))
        db.execute("INSERT INTO access_area (area_id, place_path, inside, unsure, reconciled_at) VALUES (?, ?, ?, 30, ?)",
                   (place, place_path, inside, now))
    db.close()
    return inside, {way: sum(n for k, n in hours.items() if k[2] == way) for way in ("in", "out")}


def timed(client, path):
    begun = time.perf_counter()
    said = client.call("GET", path)
    return said, (time.perf_counter() - begun) * 1000


def stamp(us):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(us // 1_000_000))


def bench(build):
    with folder() as data:
        with Server(build, data) as server:
            place, path = make_places(server.admin(), *COMMUNITY)
        inside, ways = fill(os.path.join(data, "jiuan.db"), place, path)
        with Server(build, data) as server:
            admin = Client(server.port).sign_in("admin", PASSWORD)
            one, month = [], []
            query = f"/api/access/figures?from={stamp(int(time.time() * 1e6) - DAYS * 24 * HOUR - HOUR)}"
            for _ in range(ASKS):
                said, ms = timed(admin, "/api/access/occupancy")
                check([(a["inside"], a["unsure"]) for a in said["items"]] == [(inside, 30)], f"{said} instead of {inside}")
                one.append(ms)
                said, ms = timed(admin, query)
                check((said["in"], said["out"]) == (ways["in"], ways["out"]), f"{said['in']}, {said['out']} instead of {ways}")
                month.append(ms)
        figure("passes", RESIDENTS * DAYS * A_DAY, "1")
        figure("occupancy", median(one), "ms")
        figure("occupancy-worst", max(one), "ms")
        figure("month-of-figures", median(month), "ms")
