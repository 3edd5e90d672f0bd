"""The same events, one a POST, 64 connections: beside Node-RED 4 with its SQLite node (WAL, synchronous=FULL, unique
(source, id)), which gets the same requests from the same load."""
import os
import shutil
import sqlite3
import subprocess

from bench import RUNS, Server, check, end, figure, folder, free_port, median, npm, ratio, wait_for_port
from ingest import check_stored, load, prepare

SECONDS, PER_POST = 5, 1
SCHEMA = """PRAGMA journal_mode = WAL;
CREATE TABLE event (no INTEGER PRIMARY KEY, source TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL,
  at TEXT NOT NULL, received INTEGER NOT NULL, data TEXT, UNIQUE (source, id));"""


class NodeRed:
    def __init__(self, home):
        self.home, self.db, self.port = home, os.path.join(home, "events.db"), free_port()

    def __enter__(self):
        path = npm("node-red")
        with sqlite3.connect(self.db) as c:
            c.executescript(SCHEMA)
        c.close()
        shutil.copy(os.path.join(path, "settings.js"), self.home)
        with open(os.path.join(path, "flows.json")) as f, open(os.path.join(self.home, "flows.json"), "w") as out:
            out.write(f.read().replace("DB_FILE", self.db))
        with open(os.path.join(self.home, "log"), "w") as log:
            self.proc = subprocess.Popen(
                ["node", os.path.join(path, "node_modules", "node-red", "red.js"), "-u", self.home, "-s",
                 os.path.join(self.home, "settings.js")], stdout=log, stderr=log, cwd=self.home,
                env={**os.environ, "PORT": str(self.port), "NODE_ENV": "production"})
        try:
            wait_for_port(self.port, self.proc)
        except BaseException:
            end(self.proc)
            raise
        return self

    def __exit__(self, *_):
        end(self.proc)

    def check(self, accepted):
        with sqlite3.connect(f"file:{self.db}?mode=ro", uri=True) as c:
            rows, = c.execute("SELECT count(*) FROM event").fetchone()
            mode, = c.execute("PRAGMA journal_mode").fetchone()
        check(rows == accepted and mode == "wal", f"Node-RED: {rows} rows in mode {mode}, {accepted} accepted")


def bench(build):
    ours, peer = [], []
    with folder() as data, folder() as home, NodeRed(home) as red, Server(build, data) as server:
        keys = os.path.join(data, "keys")
        prepare(server, keys)
        load(build, red.port, red.proc.pid, keys, 2, PER_POST)  # until its code is compiled
        stored = sqlite3.connect(red.db).execute("SELECT count(*) FROM event").fetchone()[0]
        for _ in range(RUNS):
            ours.append(load(build, server.port, server.pid, keys, SECONDS, PER_POST))
            peer.append(load(build, red.port, red.proc.pid, keys, SECONDS, PER_POST))
        server.stop()
        end(red.proc)
        check_stored(os.path.join(data, "jiuan.db"), sum(r["ingest_accepted"] for r in ours))
        red.check(stored + sum(r["ingest_accepted"] for r in peer))
    mine = {k: median([r[k] for r in ours]) for k in ours[0]}
    theirs = {k: median([r[k] for r in peer]) for k in peer[0]}
    figure("ingest-single-per-cpu-s", mine["ingest_per_cpu_s"], "events/s")
    figure("ingest-single-wall", mine["ingest_wall"], "events/s")
    figure("node-red-per-cpu-s", theirs["ingest_per_cpu_s"], "events/s")
    figure("node-red-wall", theirs["ingest_wall"], "events/s")
    ratio("ingest-single", mine["ingest_per_cpu_s"] / theirs["ingest_per_cpu_s"], "node-red-4-sqlite (per server-cpu-s)")
    ratio("ingest-single-wall", mine["ingest_wall"] / theirs["ingest_wall"], "node-red-4-sqlite (wall)")
