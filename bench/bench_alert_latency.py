"""From the POST of an event to the alert in the live stream of a signed-in desk, beside 1,000 other events a second,
one a POST, which no rule asks a question about."""
import json
import multiprocessing
import selectors
import socket
import threading
import time

from bench import COMMUNITY, Client, Server, check, figure, folder, make_device, make_places

DOORS, PROBES_PER_S, TRAFFIC_PER_S, SPEAKERS = 300, 10, 1000, 8
RULE = {"kind": "match", "key": "device", "when": {"type": "cn.jiuan.door.forced.v1"}}


def event(kind, source, number, data):
    now = time.time()
    at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%06dZ" % (now % 1 * 1_000_000)
    return {"specversion": "1.0", "id": f"b-{number}", "source": source, "type": kind, "time": at, "data": data}


def head(key):
    return {"Authorization": f"Device {key[0]}.{key[1]}", "Content-Type": "application/cloudevents+json"}


def traffic(port, keys, seconds, said):
    """TRAFFIC_PER_S single events, evenly; says how many were taken, and what went wrong."""
    waiting, idle, taken, bad, n = selectors.DefaultSelector(), [], 0, "", 0
    for i, key in enumerate(keys):
        for _ in range(4):
            s = socket.create_connection(("127.0.0.1", port))
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            idle.append((s, i, key))
    begin = time.monotonic()
    while not bad and (n < seconds * TRAFFIC_PER_S or len(idle) < 4 * len(keys)):
        due = min((time.monotonic() - begin) * TRAFFIC_PER_S, seconds * TRAFFIC_PER_S)
        while n < due and idle:
            s, i, key = idle.pop(0)
            body = json.dumps(event("cn.jiuan.camera.object.v1", f"traffic/{i}/{n % 100}", f"t{n}",
                                    {"label": "person", "zone": "gate", "score": 0.9, "phase": "new"}))
            lines = [f"{k}: {v}" for k, v in {**head(key), "Host": "b", "Content-Length": len(body.encode())}.items()]
            s.sendall(("POST /api/sensing/events HTTP/1.1\r\n" + "\r\n".join(lines) + "\r\n\r\n" + body).encode())
            waiting.register(s, selectors.EVENT_READ, (s, i, key))
            n += 1
        for found, _ in waiting.select(0.001):
            answer = found.fileobj.recv(65536)  # an answer this small comes in one piece
            waiting.unregister(found.fileobj)
            idle.append(found.data)
            taken += b'"accepted":1' in answer
            if b'"accepted":1' not in answer:
                bad = answer[:800].decode(errors="replace") or "connection closed"
        check(time.monotonic() - begin < seconds * 3 + 30, f"only {taken} events of other traffic were taken")
    said.put((taken, time.monotonic() - begin, bad))


class Live(threading.Thread):
    """When the first word of each place's alert came."""

    def __init__(self, port, cookie):
        super().__init__(daemon=True)
        self.client = Client(port)
        self.client.http.request("GET", "/api/live", headers={"Cookie": cookie, "Accept": "text/event-stream"})
        self.answer, self.came = self.client.http.getresponse(), {}
        check(self.answer.status == 200, f"live: {self.answer.status}")

    def run(self):
        try:
            for line in self.answer:
                now = time.monotonic()
                if line.startswith(b"data:") and b'"watch.alert"' in line:
                    self.came.setdefault(json.loads(line[5:])["place_path"], now)
        except (OSError, ValueError, AttributeError):
            pass  # closed


def make_rule(admin, place):
    rule = admin.call("POST", "/api/watch/rule", {"name": "forced door", "kind": "match", "severity": "urgent", "place_id": place,
                                                  "definition": RULE})
    test = admin.call("POST", f"/api/watch/rule/{rule['id']}/backtest", {"days": 1})
    rule = admin.call("POST", f"/api/watch/rule/{rule['id']}/switch_on", {"backtest_id": test["id"]})
    check(rule["state"] == "active", f"the rule is {rule['state']}")


def bench(build):
    seconds = DOORS / PROBES_PER_S
    with folder() as data, Server(build, data) as server:
        admin = server.admin()
        place, _ = make_places(admin, *COMMUNITY)
        enclosure = admin.call("POST", "/api/places/place", {"kind": "enclosure", "code": "e", "name": "E", "parent_id": place})["id"]
        doors = []
        for i in range(DOORS):
            made = admin.call("POST", "/api/places/place", {"kind": "building", "code": f"{i}", "name": f"{i}", "parent_id": enclosure})
            doors.append((made["path"], f"door/{i}", make_device(admin, f"door/{i}", made["id"], "door")))
        keys = [make_device(admin, f"traffic/{i}", place) for i in range(SPEAKERS)]
        make_rule(admin, place)
        live = Live(server.port, admin.headers["Cookie"])
        live.start()
        said = multiprocessing.Queue()
        other = multiprocessing.Process(target=traffic, args=(server.port, keys, seconds + 3, said), daemon=True)
        other.start()
        sent, answered, speaker = {}, [], Client(server.port)
        time.sleep(2)
        begin = time.monotonic()
        for i, (path, source, key) in enumerate(doors):
            time.sleep(max(0, begin + i / PROBES_PER_S - time.monotonic()))
            body = json.dumps(event("cn.jiuan.door.forced.v1", source, f"p{i}", {})).encode()
            sent[path] = time.monotonic()
            taken = speaker.call("POST", "/api/sensing/events", body, head(key))
            answered.append(time.monotonic() - sent[path])
            check(taken["accepted"] == 1, f"probe {i}: {taken}")
        taken, took, bad = said.get(timeout=seconds * 3 + 60)
        other.join(10)
        for _ in range(100):
            if len(set(sent) & set(live.came)) == DOORS:
                break
            time.sleep(0.05)
        made = admin.call("GET", "/api/watch/alert?limit=200")
        made["items"] += admin.call("GET", f"/api/watch/alert?limit=200&after={made['next']}")["items"]
        live.client.http.close()
    missing = set(sent) - set(live.came)
    check(not bad, f"other traffic was answered: {bad}")
    check(not missing, f"{len(missing)} of {DOORS} alerts did not come: {sorted(missing)[:3]}")
    check(sorted(a["place_path"] for a in made["items"]) == sorted(sent), f"{len(made['items'])} alerts, not one a door")
    check(taken == seconds * TRAFFIC_PER_S + 3 * TRAFFIC_PER_S, f"{taken} events of other traffic were taken")
    delays = sorted((live.came[p] - sent[p]) * 1000 for p in sent)
    figure("alert-latency-traffic", taken / took, "events/s")
    figure("alert-latency-acknowledged-p50", sorted(answered)[DOORS // 2] * 1000, "ms")
    figure("alert-latency-p50", delays[DOORS // 2], "ms")
    figure("alert-latency-p99", delays[DOORS - 1 - DOORS // 100], "ms")
    figure("alert-latency-most", delays[-1], "ms")
