#!/usr/bin/env python3
"""kill_test.py JIUAN [CYCLES] - acknowledged means on disk.

Four senders post batches of events to a real server that is killed with
SIGKILL at random moments, during start-up too, and started again.  A batch
without an answer is sent again with the same ids.  In the end every event that
was ever acknowledged is in the log exactly once, the store is whole, the
chained record unbroken, and the absence question of the demo's resident was
asked exactly once.  Prints "N passed, N failed".
"""
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

SENDERS, BATCH = 4, 20
checks = {"passed": 0, "failed": 0}


def check(ok, what):
    checks["passed" if ok else "failed"] += 1
    if not ok:
        print("FAILED:", what, flush=True)


class Server:
    def __init__(self, jiuan, data, port):
        self.args = [jiuan, "serve", "--demo", "--data", data, "--port", str(port), "--web", "none", "--log", "error"]
        self.proc = None

    def start(self):
        """Seconds until it says it is ready."""
        began = time.monotonic()
        self.proc = subprocess.Popen(self.args, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.proc.stdout:
            if "is ready at" in line:
                return time.monotonic() - began
        raise RuntimeError(f"the server ended with {self.proc.wait()} before it was ready")

    def start_and_kill_early(self, after):
        self.proc = subprocess.Popen(self.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(after)
        self.kill()

    def kill(self):
        self.proc.send_signal(signal.SIGKILL)
        self.proc.wait()


class Sender(threading.Thread):
    """Posts batch after batch; keeps the ids that were acknowledged."""

    def __init__(self, number, port, auth, source):
        super().__init__(daemon=True)
        self.number, self.port, self.auth, self.source = number, port, auth, source
        self.acked, self.next, self.stop, self.again = set(), 0, False, 0

    def body(self, ids):
        return "\n".join(json.dumps({"specversion": "1.0", "id": i, "source": self.source,
                                     "type": "cn.jiuan.sensor.presence.v1", "data": {"sender": self.number}})
                         for i in ids).encode()

    def run(self):
        conn = None
        ids = []
        while not self.stop:
            if not ids:
                ids = [f"s{self.number}-{self.next + k}" for k in range(BATCH)]
            try:
                if conn is None:
                    conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                conn.request("POST", "/api/sensing/events", self.body(ids),
                             {"Authorization": self.auth, "Content-Type": "application/x-ndjson"})
                answer = conn.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                conn = None
                self.again += 1
                time.sleep(0.01)
                continue
            if answer.status in (200, 207):
                verdict = json.loads(said)
                if verdict["refused"]:
                    check(False, f"refused: {said[:300]}")
                    return
                self.acked.update(ids)
                self.next += BATCH
                ids = []
            elif answer.status != 503:
                check(False, f"status {answer.status}: {said[:300]}")
                return


def device_key(data):
    with open(os.path.join(data, "simulator.key"), encoding="ascii") as f:
        return "Device " + f.read().strip()


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def stored_ids(data, source):
    db = sqlite3.connect(os.path.join(data, "jiuan.db"))
    rows = db.execute("SELECT event_id FROM sensing_event WHERE event_id GLOB 's[0-9]-*'").fetchall()
    absences = db.execute("SELECT count(*) FROM watch_alert WHERE question = 'elder_absence'").fetchone()[0]
    due = db.execute("SELECT min(last_seen_at + hours * 3600000000) FROM watch_welfare WHERE state = 'active'").fetchone()[0]
    db.close()
    return [r[0] for r in rows], absences, due


def run(jiuan, cycles, data):
    port = free_port()
    server = Server(jiuan, data, port)
    server.start()
    source = "jiuan/demo"
    db = sqlite3.connect(os.path.join(data, "jiuan.db"))
    source = db.execute("SELECT source FROM sensing_device WHERE kind = 'gateway' AND state = 'active' ORDER BY id").fetchone()[0]
    db.close()
    senders = [Sender(n, port, device_key(data), source) for n in range(SENDERS)]
    for s in senders:
        s.start()
    starts, rng = [], random.Random(7)
    for n in range(cycles):
        time.sleep(rng.uniform(0.02, 0.2))
        server.kill()
        if n % 10 == 9:
            server.start_and_kill_early(rng.uniform(0.0, 0.1))
        starts.append(server.start())
    due = stored_ids(data, source)[2]
    left = (due or 0) / 1e6 - time.time()
    if 0 < left < 120:
        time.sleep(left + 3)
    for s in senders:
        s.stop = True
    for s in senders:
        s.join(10)
    server.proc.send_signal(signal.SIGTERM)
    check(server.proc.wait(20) == 0, "the server stops cleanly")
    ids, absences, _ = stored_ids(data, source)
    acked = set().union(*(s.acked for s in senders))
    check(len(acked) > cycles, f"only {len(acked)} events were acknowledged")
    check(not acked - set(ids), f"{len(acked - set(ids))} acknowledged events are lost")
    check(len(ids) == len(set(ids)), f"{len(ids) - len(set(ids))} events are stored twice")
    check(absences == 1, f"the absence question was asked {absences} times")
    whole = subprocess.run([jiuan, "check", "--data", data], capture_output=True, text=True, timeout=120)
    check(whole.returncode == 0, f"check says: {whole.stdout}{whole.stderr}")
    starts.sort()
    print(f"{cycles} kills, {len(acked)} events acknowledged, {sum(s.again for s in senders)} requests without an answer, "
          f"start after a kill: median {starts[len(starts) // 2]:.2f} s, longest {starts[-1]:.2f} s", flush=True)
    check(starts[-1] <= 10, f"a start took {starts[-1]:.1f} s")


def main():
    jiuan, cycles = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    with tempfile.TemporaryDirectory(prefix="jiuan-kill-") as data:
        try:
            run(jiuan, cycles, data)
        except RuntimeError as e:
            check(False, str(e))
    print(f"{checks['passed']} passed, {checks['failed']} failed")
    return checks["failed"] != 0


if __name__ == "__main__":
    sys.exit(main())
