"""What comes in: each limit at -1, 0, +1; malformed input; keys of devices."""
import http.client
import json
import time

from rig import JSON, check, event, note, post_events, raw, same, server

MIB8, EVENTS, DEPTH, WORD, DATA = 8 << 20, 10_000, 64, 128, 64 * 1024
ONE, BATCH, LINES = "application/cloudevents+json", "application/cloudevents-batch+json", "application/x-ndjson"


def verdict(answer):
    said = answer.json
    first = (said.get("results") or [{}])[0]
    return answer.status, said.get("accepted"), first.get("code"), first.get("field")


def problem(answer, status, code, what):
    same((answer.status, answer.code), (status, code), what)
    same(answer.header("Content-Type"), "application/problem+json", what + ", content type")
    same(answer.json.get("status"), status, what + ", status inside")


def bodies(jiuan, s, c, key):
    for more in (-1, 0, 1):
        size = MIB8 + more
        body = event(f"size{more}").encode()
        answer = post_events(c, key, body + b"\n" * (size - len(body)))
        what = f"body of 8 MiB {more:+d}"
        same((answer.status, answer.code), (200, None) if more <= 0 else (413, "body_too_large"), what)
    said = raw(s.port,
               b"POST /api/sensing/events HTTP/1.1\r\nHost: x\r\nContent-Type: %b\r\nContent-Length: 9000000000\r\n\r\n"
               % LINES.encode())
    check(b" 413 " in said.split(b"\r\n")[0], f"9 GB announced: {said[:100]!r}")
    for more in (-1, 0, 1):
        n = EVENTS + more
        body = "[" + ",".join(event(f"n{more}-{k}") for k in range(n)) + "]"
        for kind, text in ((BATCH, body), (LINES, body[1:-1].replace("},{\"spec", "}\n{\"spec"))):
            answer = post_events(c, key, text.encode(), kind)
            taken = answer.json.get("accepted", 0) + answer.json.get("duplicate", 0)
            same((answer.status, taken), (200, n) if more <= 0 else (413, 0), f"{n} events as {kind}")
    same(post_events(c, key, b"[]", BATCH).json.get("accepted"), 0, "an empty batch")
    same(post_events(c, key, b"").json.get("accepted"), 0, "no line at all")


def nested(levels):
    """A CloudEvent whose text is so many levels deep."""
    inner = "1"
    for _ in range(levels - 2):
        inner = '{"a":%s}' % inner
    return '{"specversion":"1.0","id":"d%d","source":"demo","type":"cn.jiuan.sensor.presence.v1","data":{"a":%s}}' % (levels, inner)


def words(jiuan, s, c, key):
    for more in (-1, 0, 1):
        answer = post_events(c, key, nested(DEPTH + more).encode(), ONE)
        same(answer.status, 200 if more <= 0 else 400, f"JSON {DEPTH + more} levels deep: {answer}")
    for more in (-1, 0, 1):
        good = more <= 0
        ident = f"{more:+d}".ljust(WORD + more, "x")
        want = (200, 1, None, None) if good else (207, 0, "length", "id")
        same(verdict(post_events(c, key, [event(ident)])), want, f"id of {WORD + more} bytes")
        kind = "a." + "t" * (WORD - 2 + more)
        want = (200, 1, None, None) if good else (207, 0, "length", "type")
        same(verdict(post_events(c, key, [event(f"t{more}", kind)])), want, f"type of {WORD + more} bytes")
        data = '{"a":"%s"}' % ("x" * (DATA + more - 8))
        line = event(f"data{more}").replace('"data": {}', '"data": ' + data)
        want = (200, 1, None, None) if good else (207, 0, "data_too_large", "data")
        same(verdict(post_events(c, key, [line])), want, f"data of {DATA + more} bytes")
    chars = "岁" * 42 + "xx"  # 128 bytes
    same(verdict(post_events(c, key, [event(chars)])), (200, 1, None, None), "128 bytes are bytes, not characters")
    same(verdict(post_events(c, key, [event("")])), (207, 0, "length", "id"), "an empty id")


def malformed(jiuan, s, c, key):
    good = event("good").encode()
    cases = {
        "broken UTF-8": b'{"specversion":"1.0","id":"\xc3\x28","source":"demo","type":"a.b"}',
        "overlong UTF-8": b'{"specversion":"1.0","id":"\xc0\xaf","source":"demo","type":"a.b"}',
        "a lone surrogate": b'{"specversion":"1.0","id":"\\ud800","source":"demo","type":"a.b"}',
        "NUL in a text": b'{"specversion":"1.0","id":"a\\u0000b","source":"demo","type":"a.b"}',
        "a duplicate key": b'{"specversion":"1.0","id":"a","id":"b","source":"demo","type":"a.b"}',
        "NaN": b'{"specversion":"1.0","id":"a","source":"demo","type":"a.b","data":{"x":NaN}}',
        "infinity": b'{"specversion":"1.0","id":"a","source":"demo","type":"a.b","data":{"x":1e999}}',
        "a leading zero": b'{"specversion":"1.0","id":"a","source":"demo","type":"a.b","data":{"x":01}}',
        "something behind": good + b" x",
        "half of it": good[:-5],
        "nothing": b" ",
    }
    for what, body in cases.items():
        answer = post_events(c, key, body, ONE)
        problem(answer, 400, "not_json", what)
        if what in ("nothing", "something behind"):
            continue
        answer = post_events(c, key, body + b"\n" + good)
        said = verdict(answer)
        same(said[:1] + said[2:3], (207, "not_json"), what + " as one line of two")
    same(verdict(post_events(c, key, b"[1]", BATCH))[2], "not_object", "a number as an event")
    same(post_events(c, key, good, "text/plain").code, "content_type", "a content type that says nothing")
    for field in ("id", "source", "type", "specversion"):
        short = json.loads(good)
        del short[field]
        said = verdict(post_events(c, key, [json.dumps(short)]))
        same((said[0], said[3]), (207, field), f"without {field}")
    same(verdict(post_events(c, key, [event("v", specversion="0.3")]))[3], "specversion", "another version")
    same(verdict(post_events(c, key, [event("f", data={"face_id": 1})]))[2], "forbidden_field", "a face in the data")
    same(verdict(post_events(c, key, [event("s", source="demo2")]))[2], "quarantined", "a source nobody registered")
    admin = s.client("admin")
    for what, body in (("a list", b"[]"), ("text", b'"x"'), ("NaN", b'{"name":NaN}'),
                       ("broken UTF-8", b'{"name":"\xff"}'),
                       ("two of one key", b'{"name":"a","name":"b"}'), ("65 levels", b"[" * 65), ("nothing", b"")):
        answer = admin.ask("POST", "/api/sensing/device", body, JSON)
        same(answer.status, 400, f"a new device from {what}: {answer}")
    answer = admin.post("/api/sensing/device", {"name": "x", "kind": "door", "source": "x/1", "colour": "red"})
    same((answer.status, answer.code, answer.json.get("field")), (400, "unknown_field", "colour"), "an unknown field")


def framing(jiuan, s, c, key):
    def line(text):
        return raw(s.port, text).split(b"\r\n")[0]

    get = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
    check(b" 200 " in line(get + b"Connection: close\r\n\r\n"), "a plain request")
    check(b" 400 " in line(b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), "two lengths")
    check(b" 400 " in line(b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
                           b"2\r\n{}\r\n0\r\n\r\n"), "length beside chunks")
    check(line(b"POST /api/session HTTP/1.1\r\nHost: x\r\nContent-Length: -2\r\n\r\n{}") == b"", "a negative length: closed")
    check(b" 505 " in line(b"GET / HTTP/3.0\r\nHost: x\r\n\r\n"), "a version of another day")
    own = raw(s.port, b"GET /\r\nHost: x\r\n\r\n")
    check(b" 400 " in own.split(b"\r\n")[0] and b"Content-Security-Policy: default-src 'none'" in own
          and b"Server:" not in own and b"<" not in own, "what cannot be read has our headers")
    check(b" 400 " in line(b"GET /a%2fb HTTP/1.1\r\nHost: x\r\n\r\n"), "an encoded slash")
    check(b" 400 " in line(b"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"), "NUL in the path")
    check(b" 400 " in line(b"GET /%c3%28 HTTP/1.1\r\nHost: x\r\n\r\n"), "a path that is no UTF-8")
    check(b" 431 " in line(get + b"X-Much: " + b"x" * 17000 + b"\r\n\r\n"), "17 kB of headers")
    check(b" 431 " in line(get + b"".join(b"X-%d: y\r\n" % n for n in range(101)) + b"\r\n"), "101 headers")
    check(line(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n") is not None, "a TLS hello")
    same(s.client().get("/healthz").status, 200, "and it still answers")


def keys(jiuan, s, c, key):
    ident, secret = key[len("Device "):].split(".")
    wrong = [f"Device {ident}.{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}", f"Device {ident}.",
             "Device x." + secret, "Device",
             f"Bearer {ident}.{secret}", f"Device {ident}.{'k' * 200}", ""]
    for w in wrong:
        answer = post_events(c, w, [event("k")])
        problem(answer, 401, "bad_device_key", f"key {w[:20]!r}")
    admin = s.client("admin")
    device = admin.first("/api/sensing/device?source=demo/honggu/gate-e")
    make = f"/api/sensing/device/{device['id']}/key"
    old = f"Device {device['id']}.{admin.post(make).json['key']}"
    mine = device["source"]
    same(post_events(c, old, [event("g1", source=mine)]).status, 200, "a door with its own key")
    same(verdict(post_events(c, old, [event("g2", source="demo/honggu/gate-w")]))[2], "not_your_source",
         "speaks for another door")
    new = f"Device {device['id']}.{admin.post(make).json['key']}"
    problem(post_events(c, old, [event("g3", source=mine)]), 401, "bad_device_key", "the key of before")
    same(post_events(c, new, [event("g4", source=mine)]).status, 200, "the new key")
    same(admin.post(f"/api/sensing/device/{device['id']}/retire").status, 200, "retire the door")
    problem(post_events(c, new, [event("g5", source=mine)]), 401, "bad_device_key", "the key of a retired door")
    said = []
    for _ in range(25):
        said.append(post_events(c, "Device x.y", [event("k")]))
    check(said[-1].status == 429 and 0 < int(said[-1].header("Retry-After") or 0) <= 60,
          f"wrong keys without end: {said[-1]}")
    same(post_events(c, key, [event("k-right")]).status, 200, "a right key from the same address goes on")


def binary(jiuan, s, c, key):
    head = {"Authorization": key, "Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "bin-1",
            "ce-source": "demo",
            "ce-type": "cn.jiuan.sensor.presence.v1"}
    same(c.ask("POST", "/api/sensing/events", b'{"a":1}', head).json.get("accepted"), 1, "binary mode")
    same(c.ask("POST", "/api/sensing/events", b'{"a":1}', head).json.get("duplicate"), 1, "binary mode again")


def inputs(jiuan, _):
    with server(jiuan) as s:
        key, c = s.key(), s.client()
        before = s.memory()
        for test in (bodies, words, malformed, framing, keys, binary):
            began = time.monotonic()
            test(jiuan, s, c, key)
            note(f"{test.__name__}: {time.monotonic() - began:.1f} s")
        note(f"memory {before:.0f} MiB before, {s.memory():.0f} MiB after")
        same(s.stop(), 0, "stops")
        check("BUG" not in s.errors(), f"the log: {s.errors()[:500]}")


TESTS = [inputs]
