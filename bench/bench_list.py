"""50 of 100,000 alerts by filter and page, for a signed-in desk, 64 connections: beside fastify and better-sqlite3,
which answer the same requests with the same bytes.  Server on one processor, load on the other."""
import hashlib
import json
import os
import random
import re
import sqlite3
import subprocess

from bench import (COMMUNITY, RUNS, Client, Server, check, cpu_seconds, end, figure, figures_of, folder, free_port,
                   make_places, median, npm, pinned, program, ratio, run, wait_for_port)

ALERTS, OPEN, SECONDS, CONNECTIONS, PAGES = 100_000, 400, 5, 64, 8
FILTERS = ("state=new,acknowledged,dispatched&sort=desk", "state=closed&sort=-opened_at", "severity=urgent&state=closed&sort=-opened_at")
BEGIN = 1_760_000_000_000_000  # microseconds
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def make_id(n):
    """26 characters in the order of n, as the server's ids."""
    out = ""
    for _ in range(26):
        n, digit = divmod(n, 32)
        out = ALPHABET[digit] + out
    return out


def alerts(place, path):
    """Rows as the server would have written them: most closed, OPEN not; a fifth outside the desk's community."""
    pick = random.Random(20260312)
    for i in range(ALERTS):
        at = BEGIN + i * 300_000_000 + pick.randrange(1_000_000)
        is_open = i >= ALERTS - OPEN
        severity = pick.choice(("normal", "normal", "normal", "high", "urgent"))
        state = pick.choice(("new", "acknowledged", "dispatched")) if is_open else "closed"
        acked = None if state == "new" else at + 45_000_000
        closed = None if is_open else at + 900_000_000
        there = path if i % 5 else "3601.360113.360113002."
        yield {
            "id": make_id((at // 1000 << 40) + i), "version": 3, "created_at": at, "updated_at": closed or at, "number": f"A-{i + 1}",
            "rule_id": make_id(77), "rule_revision": 1, "kind": "door_left_open", "severity": severity,
            "desk_rank": ("urgent", "high", "normal").index(severity), "state": state, "place_id": place,
            "place_path": f"{there}b{i % 40}.{i % 3}.{i % 6}01.", "place_label": f"{i % 40}-{i % 3}-{i % 6}01", "question": "door_left_open",
            "facts": json.dumps({"minutes": i % 90, "door": "unit"}, separators=(",", ":")), "opened_at": at, "last_at": at + 30_000_000,
            "ongoing": 0, "sources": 1 + i % 3, "acked_by": acked and make_id(5), "acked_by_name": acked and "值守员甲", "acked_at": acked,
            "ack_due_at": None, "task_id": None, "outcome": closed and pick.choice(("true", "useful", "false")),
            "outcome_note": closed and "到场查看，门已关好", "closed_by": closed and make_id(5), "closed_by_name": closed and "值守员甲",
            "closed_at": closed, "escalation": 0, "escalated_at": None, "merged_into": None, "silenced": 0, "drill": 0, "note": None,
            "rung_at": None, "next_at": None, "merge_key": f"k{i}", "welfare_id": None,
        }


def fill(path, rows, columns=None):
    with sqlite3.connect(path) as c:
        for row in rows:
            columns = columns or list(row)
            c.execute(f"INSERT INTO watch_alert ({','.join(columns)}) VALUES ({','.join('?' * len(columns))})",
                      [row[k] for k in columns])
    c.close()


def set_up(build, data):
    """A stopped server's data: places, a desk account, the alerts; the account's one-time password."""
    with Server(build, data) as server:
        place, path = make_places(server.admin(), *COMMUNITY)
    words = run([program(build), "user", "add", "desk", "--data", data, "--role", "seat", "--place", path], 60)
    fill(os.path.join(data, "jiuan.db"), alerts(place, path))
    return place, path, re.search(r"one-time password: (\S+)", words)[1]


def follow(client):
    """The requests: PAGES pages of every filter, by the key that each page hands on; path and body of each."""
    pages = []
    for words in FILTERS:
        path = f"/api/watch/alert?{words}&limit=50"
        after = ""
        for _ in range(PAGES if "closed" in words else OPEN // 50 // 2):
            answer, body = client.raw("GET", path + after)
            check(answer.status == 200, f"{path}{after}: {answer.status} {body[:300]!r}")
            page = json.loads(body)
            check(len(page["items"]) == 50 and page["next"], f"{path}{after}: {len(page['items'])} rows")
            pages.append((path + after, body))
            after = "&after=" + page["next"]
    return pages


TIMES = ("created_at", "updated_at", "opened_at", "last_at", "acked_at", "ack_due_at", "closed_at", "escalated_at", "rung_at")
PEER_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE session (token_hash TEXT PRIMARY KEY, person_id TEXT NOT NULL, path TEXT NOT NULL, permissions TEXT NOT NULL,
  ended_at TEXT);
CREATE TABLE alert (id TEXT PRIMARY KEY, {columns});
CREATE INDEX alert_state ON alert (state, desk_rank, opened_at, id);
CREATE INDEX alert_state_opened ON alert (state, opened_at, id);
CREATE INDEX alert_rule ON alert (rule_id, rule_revision);
CREATE INDEX alert_closed ON alert (closed_at);
"""


class Fastify:
    """The same rows, an index for each order of the requests; times stored as text."""

    def __init__(self, home, ours, path, columns):
        self.db, self.port = os.path.join(home, "alerts.db"), free_port()
        with sqlite3.connect(self.db) as c:
            c.executescript(PEER_SCHEMA.replace("{columns}", ", ".join(x for x in columns if x != "id")))
            c.execute("ATTACH ? AS ours", (ours,))
            shown = ", ".join(f"strftime('%Y-%m-%dT%H:%M:%S.', {x} / 1000000, 'unixepoch') || printf('%06d', {x} % 1000000) || 'Z'"
                              if x in TIMES else x for x in columns)
            c.execute(f"INSERT INTO alert ({', '.join(columns)}) SELECT {shown} FROM ours.watch_alert ORDER BY id")
            permissions = "places.place.read,people.person.read,sensing.read,watch.alert.read,watch.alert.ack,dispatch.read"
            for i in range(200):
                token = hashlib.sha256(b"peer-session-%d" % i).hexdigest()
                c.execute("INSERT INTO session VALUES (?, ?, ?, ?, NULL)", (token, make_id(i), path, permissions))
        c.close()

    def __enter__(self):
        home = npm("fastify")
        self.proc = subprocess.Popen(pinned(0, ["node", os.path.join(home, "app.mjs"), self.db, str(self.port)]), cwd=home,
                                     env={**os.environ, "NODE_ENV": "production"})
        try:
            wait_for_port(self.port, self.proc)
        except BaseException:
            end(self.proc)
            raise
        return self

    def __exit__(self, *_):
        end(self.proc)


def measure(build, folder_, port, pid, pages, cookie, seconds=SECONDS):
    """Requests per second of the server's CPU, wall rate, delays."""
    requests = os.path.join(folder_, "requests")
    with open(requests, "w") as f:
        f.writelines(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {cookie}\r\n\r\n" for path, _ in pages)
    cpu = cpu_seconds(pid)
    found = figures_of(run(pinned(1, [os.path.join(build, "bench", "http_load"), str(port), str(seconds), str(CONNECTIONS), requests]),
                           seconds * 5 + 60))
    cpu = cpu_seconds(pid) - cpu
    return {"per_cpu_s": found["answers"] / cpu, "wall": found["answers"] / found["wall"], "p50": found["p50"], "p99": found["p99"]}


def bench(build):
    ours, peer = [], []
    with folder() as data, folder() as home:
        place, path, password = set_up(build, data)
        with Server(build, data, cpu=0) as server:
            desk = Client(server.port).sign_in("desk", password)
            pages = follow(desk)
            columns = [k for k in json.loads(pages[0][1])["items"][0] if k != "masked"]
            with Fastify(home, os.path.join(data, "jiuan.db"), path, columns) as fastify:
                other = Client(fastify.port)
                check(other.raw("GET", pages[0][0])[0].status == 401, "the peer answers strangers")
                check(Client(server.port).raw("GET", pages[0][0])[0].status == 401, "the server answers strangers")
                other.headers["Cookie"] = "session=peer-session-7"
                for words, body in pages:
                    theirs = other.raw("GET", words)[1]
                    check(theirs == body, f"{words}: other bytes\n{body[:600]!r}\n{theirs[:600]!r}\n{body[-80:]!r}\n{theirs[-80:]!r}")
                measure(build, home, fastify.port, fastify.proc.pid, pages, other.headers["Cookie"], 2)  # until compiled
                for _ in range(RUNS):
                    ours.append(measure(build, home, server.port, server.pid, pages, desk.headers["Cookie"]))
                    peer.append(measure(build, home, fastify.port, fastify.proc.pid, pages, other.headers["Cookie"]))
    mine = {k: median([r[k] for r in ours]) for k in ours[0]}
    theirs = {k: median([r[k] for r in peer]) for k in peer[0]}
    figure("list-bytes", sum(len(b) for _, b in pages) / len(pages), "B")
    for name, r in (("list", mine), ("fastify", theirs)):
        figure(f"{name}-per-cpu-s", r["per_cpu_s"], "requests/s")
        figure(f"{name}-wall", r["wall"], "requests/s")
        figure(f"{name}-p50", r["p50"], "ms")
        figure(f"{name}-p99", r["p99"], "ms")
    ratio("list", mine["per_cpu_s"] / theirs["per_cpu_s"], "fastify-better-sqlite3 (per server-cpu-s)")
    ratio("list-p99", mine["p99"] / theirs["p99"], "fastify-better-sqlite3 (delay: less is better)")
