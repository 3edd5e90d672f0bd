"""500 swipes a second, durable, from 64 connections of 20 gates: how long from the swipe to its verdict over HTTP, at a fixed
rate (a slow answer does not hold the next swipe back).  Every verdict is known beforehand; every swipe is in the store."""
import collections
import json
import os
import selectors
import socket
import sqlite3
import time

from bench import COMMUNITY, Server, check, figure, folder, make_device, make_places

RATE, SECONDS, LANES, CARDS, CONNECTIONS = 500, 20, 20, 500, 64
WAYS = [{"method": "card"}]


def set_up(admin):
    place, _ = make_places(admin, *COMMUNITY)
    group = admin.call("POST", "/api/access/group", {"name": "gates", "place_id": place})["id"]
    door = [admin.call("POST", "/api/access/door", {"name": f"d{i}", "place_id": place, "group_id": group, "area_id": place})["id"]
            for i in range(LANES)]
    keys = []
    for i in range(LANES):
        device, key = make_device(admin, f"bench/gate/{i}", place, "gate")
        lane = admin.call("POST", "/api/access/lane", {"name": f"l{i}", "door_id": door[i], "direction": "both", "device_id": device,
                                                       "ways": WAYS})["id"]
        admin.call("POST", f"/api/access/lane/{lane}/switch_on", {})
        keys.append(f"Device {device}.{key}")
    for i in range(CARDS):
        admin.call("POST", "/api/access/credential", {"place_id": place, "holder": "staff", "method": "card", "token": f"card-{i}",
                                                      "rights": [{"group_id": group}]})
    return keys


def request(port, keys, n):
    body = json.dumps({"method": "card", "token": f"card-{n * 7 % (CARDS + 50)}", "serial": n, "direction": "in"})
    return (f"POST /api/access/swipe HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {keys[n % LANES]}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


class Load:
    def __init__(self, port, keys):
        self.port, self.keys, self.delays, self.said = port, keys, [], collections.Counter()
        self.selector, self.idle = selectors.DefaultSelector(), []
        for _ in range(CONNECTIONS):
            s = socket.create_connection(("127.0.0.1", port))
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.idle.append(s)

    def take(self, s, n, due, got):
        got += s.recv(65536)
        head, sep, body = got.partition(b"\r\n\r\n")
        length = next((int(x.split(b":")[1]) for x in head.split(b"\r\n") if x.lower().startswith(b"content-length:")), None)
        if not sep or length is None or len(body) < length:
            self.selector.modify(s, selectors.EVENT_READ, (n, due, got))
            return
        self.delays.append(time.perf_counter() - due)
        said = json.loads(body)
        check(head.startswith(b"HTTP/1.1 200"), f"swipe {n}: {got[:300]!r}")
        want = "grant ok" if n * 7 % (CARDS + 50) < CARDS else "refuse unknown"
        check(f"{said['verdict']} {said['reason']}" == want, f"swipe {n}: {said} instead of {want}")
        self.said[want] += 1
        self.selector.unregister(s)
        self.idle.append(s)

    def wait(self, until):
        for key, _ in self.selector.select(max(0, until - time.perf_counter())):
            self.take(key.fileobj, *key.data)

    def run(self, first, count):
        begun = time.perf_counter()
        for n in range(count):
            due = begun + n / RATE
            while time.perf_counter() < due or not self.idle:
                self.wait(due if self.idle else due + 60)
            s = self.idle.pop()
            s.sendall(request(self.port, self.keys, first + n))
            self.selector.register(s, selectors.EVENT_READ, (first + n, due, b""))
        while len(self.idle) < CONNECTIONS:
            self.wait(time.perf_counter() + 60)
        return time.perf_counter() - begun


def bench(build):
    with folder() as data:
        with Server(build, data) as server:
            keys = set_up(server.admin())
            load = Load(server.port, keys)
            load.run(0, RATE)  # warm
            load.delays.clear()
            cpu = server.cpu()
            took = load.run(RATE, RATE * SECONDS)
            cpu = server.cpu() - cpu
        with sqlite3.connect(os.path.join(data, "jiuan.db")) as db:
            rows = db.execute("SELECT count(*), count(DISTINCT lane_id || '/' || serial) FROM access_pass").fetchone()
        check(rows == (RATE * (SECONDS + 1),) * 2, f"{rows} passes of {RATE * (SECONDS + 1)}")
        delays = sorted(load.delays)
        figure("swipes", len(delays) / took, "1/s")
        figure("swipe-to-verdict-p50", delays[len(delays) // 2] * 1000, "ms")
        figure("swipe-to-verdict-p99", delays[len(delays) * 99 // 100] * 1000, "ms")
        figure("swipes-per-cpu-s", len(delays) / cpu, "1/s")
