#!/usr/bin/env python3
"""code_test.py JIUAN - one single-use code, 1,000 tries at once, exactly one opens.

Two gates of one group send 500 tries each of the same visitor code and its signed
pass on sixteen connections, while the real server is killed with SIGKILL in the
middle, three times, and comes back.  A try without an answer is sent again with
its serial, as a gate does.  In the end one serial was granted, one pass is
stored as granted, the code is used, and the keypads are open.  On SQLite, and on
PostgreSQL when JIUAN_TEST_PG is set.  Prints "N passed, N failed".
"""
import http.client
import json
import os
import shutil
import sys
import tempfile
import threading
import time

from kill_test import Postgres, Server, Sqlite, check, checks, free_port

AREA = "36.3601.360113.360113001."
PASSWORD = "tengwangge-demo"
TRIES, WORKERS, KILLS = 500, 16, 3
WAYS = [{"method": "visitor_code"}, {"method": "qr"}, {"method": "card"}]


class Admin:
    def __init__(self, port):
        self.port, self.cookies = port, {}
        self.ask("POST", "/api/session", {"login": "admin", "password": PASSWORD})

    def ask(self, method, path, body=None):
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        head = {"Content-Type": "application/json", "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        conn.request(method, path, json.dumps(body) if body is not None else None, head)
        response = conn.getresponse()
        said = response.read()
        for line in response.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        conn.close()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {said[:300]}")
        return json.loads(said) if said else {}

    def make(self, what, body):
        return self.ask("POST", f"/api/{what}", body)["id"]


def gate(admin, name, door, place):
    device = admin.make("sensing/device", {"name": name, "kind": "gate", "source": f"test/{name}", "place_id": place})
    admin.ask("POST", f"/api/sensing/device/{device}/approve", {"place_id": place})
    key = admin.ask("POST", f"/api/sensing/device/{device}/key")["key"]
    lane = admin.make("access/lane", {"name": name, "door_id": door, "direction": "in", "device_id": device,
                                      "ways": WAYS})
    admin.ask("POST", f"/api/access/lane/{lane}/switch_on", {})
    return f"Device {device}.{key}"


def set_up(admin):
    place = admin.ask("GET", f"/api/places/place?path={AREA}jingtai.")["items"][0]["id"]
    home = admin.ask("GET", f"/api/places/place?kind=dwelling&under={AREA}jingtai.&limit=1")["items"][0]
    group = admin.make("access/group", {"name": "gates", "place_id": place})
    gates = []
    for name in ("east", "west"):
        door = admin.make("access/door", {"name": name, "place_id": place, "group_id": group, "area_id": place})
        gates.append(gate(admin, name, door, place))
    visit = admin.make("access/visit", {"dwelling_id": home["id"], "purpose": "test", "reason": "test"})
    told = admin.ask("POST", f"/api/access/visit/{visit}/code", {"reason": "test", "group_id": group})
    return gates, told


class Tries:
    def __init__(self, port, gates, told):
        self.port, self.lock, self.granted, self.said, self.done = port, threading.Lock(), set(), {}, 0
        typed = {"method": "visitor_code", "unit": told["unit"], "code": told["code"]}
        shown = {"method": "qr", "token": told["pass"]}
        self.work = [(g, n, typed if n % 2 else shown) for n in range(TRIES) for g in range(len(gates))]
        self.gates = gates
        self.work.reverse()

    def send(self, auth, serial, body):
        """Until there is an answer: a gate keeps what was not acknowledged."""
        while True:
            try:
                conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
                conn.request("POST", "/api/access/swipe", json.dumps({"serial": serial, **body}),
                             {"Authorization": auth, "Content-Type": "application/json"})
                response = conn.getresponse()
                said = json.loads(response.read())
                conn.close()
                if response.status == 200:
                    return said
                if response.status not in (429, 503):
                    raise RuntimeError(f"{response.status} {said}")
            except (OSError, http.client.HTTPException, ValueError):
                pass
            time.sleep(0.02)

    def run(self):
        while True:
            with self.lock:
                if not self.work:
                    return
                g, serial, body = self.work.pop()
            said = self.send(self.gates[g], serial, body)
            with self.lock:
                self.done += 1
                word = f"{said['verdict']} {said['reason']}"
                self.said[word] = self.said.get(word, 0) + 1
                if said["verdict"] == "grant":
                    self.granted.add((g, serial))


def run_on(jiuan, make):
    with tempfile.TemporaryDirectory(prefix="jiuan-code-") as data:
        store, port = make(data), free_port()
        server = Server(jiuan, data, store, port)
        try:
            server.start()
            gates, told = set_up(Admin(port))
            tries = Tries(port, gates, told)
            workers = [threading.Thread(target=tries.run, daemon=True) for _ in range(WORKERS)]
            for w in workers:
                w.start()
            for n in range(KILLS):
                while tries.done < n * TRIES // 2 and any(w.is_alive() for w in workers):
                    time.sleep(0.001)
                server.kill()
                server.start()
            for w in workers:
                w.join(300)
            check(tries.done == 2 * TRIES, f"{store.name}: {tries.done} of {2 * TRIES} tries were answered")
            check(len(tries.granted) == 1, f"{store.name}: opened by {sorted(tries.granted)}: {tries.said}")
            board = Admin(port).ask("GET", "/api/access/board")["items"]
            check(all(lane["codes_closed_until"] is None for lane in board), f"{store.name}: a keypad closed")
            server.stop()
            granted = store.rows("SELECT count(*) FROM access_pass WHERE verdict = 'grant' AND reason = 'ok'")[0][0]
            check(granted == 1, f"{store.name}: {granted} passes stand as granted")
            passes = store.rows("SELECT count(*) FROM access_pass")[0][0]
            check(passes == 2 * TRIES, f"{store.name}: {passes} passes of {2 * TRIES} tries")
            left = store.rows("SELECT state, uses_left FROM access_code")
            check([tuple(r) for r in left] == [("used", 0)], f"{store.name}: the code is {left}")
            print(f"   {store.name}: {tries.said}, {KILLS} kills")
        except (RuntimeError, OSError, KeyError, IndexError) as e:
            check(False, f"{store.name}: {e!r}")
        finally:
            if server.proc and server.proc.poll() is None:
                server.kill()
            store.drop()


def main():
    jiuan = os.path.abspath(sys.argv[1])
    run_on(jiuan, Sqlite)
    url = os.environ.get("JIUAN_TEST_PG")
    if url and shutil.which("psql"):
        run_on(jiuan, lambda data: Postgres(url))
    else:
        checks["skipped"] += 1
        print("skipped: PostgreSQL (JIUAN_TEST_PG is not set, or no psql)")
    print(f"{checks['passed']} passed, {checks['failed']} failed" +
          (f", {checks['skipped']} skipped" if checks["skipped"] else ""))
    return checks["failed"] != 0


if __name__ == "__main__":
    sys.exit(main())
