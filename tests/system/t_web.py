"""Sessions, other sites' requests, headers of every kind of answer, unknown paths, HEAD, wrong methods."""
import os
import threading
import time

from rig import PASSWORD, check, folder, note, post_events, raw, same, server

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def guarded(answer, what):
    for name, value in HEADERS.items():
        same(answer.header(name), value, f"{what}: {name}")
    policy = answer.header("Content-Security-Policy") or ""
    for word in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "object-src 'none'"):
        check(word in policy, f"{what}: {word} in the policy {policy!r}")
    check("unsafe" not in policy and "http" not in policy, f"{what}: nothing unsafe, no other origin")
    check(answer.header("Cache-Control"), f"{what}: Cache-Control")
    check("libmicrohttpd" not in str(answer.headers).lower(), f"{what}: says nothing of its insides")


def headers(jiuan, _):
    with folder() as web:
        os.mkdir(os.path.join(web, "assets"))
        for name, text in (("index.html", "<!doctype html><title>t</title>"), ("assets/a-1.js", "export {}\n"),
                           ("robots.txt", "x\n")):
            with open(os.path.join(web, name), "w", encoding="ascii") as f:
                f.write(text)
        with server(jiuan, web=web) as s:
            c, me = s.client(), s.client("chenxiao")
            pages(c)
            kinds(s, c, me)
            unknown(c, me)


def pages(c):
    page = c.get("/")
    same((page.status, page.header("Content-Type"), page.header("Cache-Control")),
         (200, "text/html; charset=utf-8", "no-cache"), "the page")
    same(c.get("/watch/alert/x").body, page.body, "a deep link is the pages' own")
    same(c.get("/assets/a-1.js").header("Cache-Control"), "public, max-age=31536000, immutable",
         "a file with a hash in its name")
    same(c.get("/", {"If-None-Match": page.header("ETag")}).status, 304, "not modified")
    for path in ("/assets/none.js", "/none.txt", "/../jiuan.db", "/assets/../../etc/passwd", "/..%5c..%5cetc"):
        check(c.get(path).status in (400, 404) or c.get(path).body == page.body, f"{path} leads nowhere")
    check(b"root:" not in raw(c.port, b"GET /../../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
          "no way out")


def kinds(s, c, me):
    """(what, answer, wanted status)"""
    big = b"x" * ((8 << 20) + 1)
    tag = c.get("/").header("ETag")
    key = {"Idempotency-Key": "header-test-1", "Origin": f"http://127.0.0.1:{s.port}"}
    all_kinds = [
        ("200 of the interface", me.get("/api/me"), 200),
        ("a list", me.get("/api/watch/alert"), 200),
        ("200 of the page", c.get("/"), 200),
        ("304", c.get("/", {"If-None-Match": tag}), 304),
        ("a script", c.get("/assets/a-1.js"), 200),
        ("400 of a path", c.get("/%zz"), 400),
        ("400 of a body", me.ask("POST", "/api/watch/silence", b"{", {"Content-Type": "application/json"}), 400),
        ("401", c.get("/api/me"), 401),
        ("403", me.post("/api/sensing/device", {"name": "x"}), 403),
        ("403 cross_origin", me.post("/api/watch/silence", {}, {"Origin": "https://evil.example"}), 403),
        ("404 of the interface", c.get("/api/nothing"), 404),
        ("404 of a row", me.get("/api/watch/alert/none"), 404),
        ("404 of a page", c.get("/none.txt"), 404),
        ("405", c.ask("PUT", "/api/me", b"{}"), 405),
        ("413", c.ask("POST", "/api/sensing/events", big), 413),
        ("healthz", c.get("/healthz"), 200),
        ("readyz", c.get("/readyz"), 200),
        ("metrics", c.get("/metrics"), 200),
        ("a device's answer", post_events(c, s.key(), []), 200),
        ("a bad device", post_events(c, "Device x.y", []), 401),
        ("HEAD", c.ask("HEAD", "/"), 200),
        ("204", me.ask("DELETE", "/api/session", None, key), 204),
    ]
    for what, answer, status in all_kinds:
        same(answer.status, status, what)
        guarded(answer, what)
        if status >= 400:
            same(answer.header("Content-Type"), "application/problem+json", what)
            same(answer.json.get("status"), status, what)
            check(answer.code and "detail" in answer.json, f"{what}: {answer}")
    stream = raw(s.port, b"GET /api/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    # What libmicrohttpd can't even parse gets its own short answer (sys/http.h); it must not repeat what came in.
    for text in (b"NONSENSE\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\nX-Mark-<b>: " + b"<script>" * 9000 + b"\r\n\r\n"):
        said = raw(s.port, text)
        check(said == b"" or (b" 4" in said.split(b"\r\n")[0] and b"<script>" not in said),
              f"unreadable: {said[:200]!r}")
    check(b" 401 " in stream.split(b"\r\n")[0] and b"nosniff" in stream,
          f"the stream without a session: {stream[:100]!r}")


def unknown(c, me):
    for path in ("/api/nothing", "/api", "/api/", "/api/watch", "/api/watch/none", "/api/watch/alert/x/y/z",
                 "/api/places/place/x/fly"):
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            answer = me.ask(method, path, b"{}" if method != "GET" else None)
            check(answer.status in (401, 404) and answer.header("Content-Type") == "application/problem+json",
                  f"{method} {path}: {answer}")
    for method in ("PUT", "DELETE", "BREW", "OPTIONS", "TRACE"):
        answer = c.ask(method, "/api/places/place")
        check(answer.status in (404, 405, 501) and b"<html" not in answer.body, f"{method}: {answer}")
    get, head = c.get("/api/openapi.json"), c.ask("HEAD", "/api/openapi.json")
    same((head.status, head.body), (get.status, b""), "HEAD has no body")
    same(head.header("Content-Length"), get.header("Content-Length"), "HEAD says how long it would be")
    same(c.ask("HEAD", "/api/nothing").status, 404, "HEAD of nothing")


def session(jiuan, _):
    with server(jiuan) as s:
        c = s.client()
        same((c.login("chenxiao", "wrong").status, c.login("chenxiao", "wrong").code), (401, "bad_login"),
             "a wrong password")
        same(c.login("nobody", PASSWORD).code, "bad_login", "an unknown login sounds the same")
        same(c.get("/api/me").status, 401, "nobody is signed in")
        c.cookies["jiuan_session"] = "A" * 43
        answer = c.login("chenxiao")
        same(answer.status, 200, "the right one")
        line = next(x for x in answer.headers.get_all("Set-Cookie") if x.startswith("jiuan_session="))
        for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
            check(word in line, f"{word} in {line}")
        check("Domain" not in line, f"no Domain in {line}")
        first = c.cookies["jiuan_session"]
        check(len(first) == 43 and first != "A" * 43, "a token of our own, 256 bits")
        check(answer.header("Server-Time") and answer.header("Cache-Control") == "no-store", "Server-Time, no-store")
        c.login("chenxiao")
        second = c.cookies["jiuan_session"]
        check(second != first, "a new token at every sign-in")
        same(c.get("/api/me", {"Cookie": "jiuan_session=" + first}).status, 401,
             "the former session of this browser is over")
        same(c.get("/api/me", {"Cookie": "x=1; jiuan_session=" + second + "; y=2"}).status, 200,
             "the token among others")
        other = s.client("wangjing")
        same(other.ask("DELETE", "/api/session").status, 204, "sign out")
        same(other.get("/api/me", {"Cookie": "jiuan_session=" + other.cookies.get("jiuan_session", "")}).status, 401,
             "signed out")
        site(s, c)
        disabled(s)


def site(s, c):
    """Other sites make the browser of somebody who is signed in send requests."""
    mine, body = f"http://127.0.0.1:{s.port}", {"reason": "x"}
    for what, head, bad in (
            ("another origin", {"Origin": "https://evil.example"}, True),
            ("another port", {"Origin": "http://127.0.0.1:1"}, True),
            ("a null origin", {"Origin": "null"}, True),
            ("another scheme's look-alike", {"Origin": f"http://127.0.0.1:{s.port}.evil.example"}, True),
            ("Sec-Fetch-Site: cross-site", {"Sec-Fetch-Site": "cross-site"}, True),
            ("Sec-Fetch-Site: same-site", {"Sec-Fetch-Site": "same-site"}, True),
            ("this origin", {"Origin": mine}, False),
            ("Sec-Fetch-Site: same-origin", {"Sec-Fetch-Site": "same-origin", "Origin": mine}, False),
            ("no browser", {}, False)):
        answer = c.post("/api/watch/silence", body, head)
        check((answer.status == 403 and answer.code == "cross_origin") if bad else answer.status == 400,
              f"{what}: {answer}")
    same(c.get("/api/me", {"Origin": "https://evil.example",
                           "Sec-Fetch-Site": "cross-site"}).header("Access-Control-Allow-Origin"), None,
         "nobody else may read")
    same(s.client().post("/api/session", {"login": "chenxiao", "password": PASSWORD},
                         {"Origin": "https://evil.example"}).status, 403,
         "sign-in from another site")


def disabled(s):
    admin, worker = s.client("admin"), s.client("zhoumin")
    who = worker.get("/api/me").json["person"]["id"]
    same(admin.post(f"/api/people/person/{who}/disable").status, 200, "disable an account")
    began = time.monotonic()
    while worker.get("/api/me").status == 200 and time.monotonic() - began < 5:
        time.sleep(0.02)
    check(time.monotonic() - began <= 1.5, f"its session lived on for {time.monotonic() - began:.1f} s")


def slowed(jiuan, _):
    """Guessing gets slower for the account; 40 sign-ins at once do not eat the memory."""
    with server(jiuan) as s:
        c = s.client()
        said = [c.login("liguoqiang", "wrong") for _ in range(6)]
        same([a.status for a in said[:3]], [401] * 3, "the first wrong passwords")
        check(said[-1].status == 429 and int(said[-1].header("Retry-After") or 0) >= 1, f"then slower: {said[-1]}")
        same(c.login("liguoqiang").status, 429, "the right password from an unknown browser waits, too")
        same(s.client().login("wangjing").status, 200, "nobody else waits")
        before, answers = s.memory(), []
        threads = [threading.Thread(target=lambda: answers.append(s.client().login("chenxiao").status)) for _ in range(40)]
        for t in threads:
            t.start()
        peak = before
        while any(t.is_alive() for t in threads):
            peak = max(peak, s.memory())
            time.sleep(0.01)
        note(f"40 sign-ins at once: {answers.count(200)} done, {answers.count(429)} told to wait; memory {before:.0f} to {peak:.0f} MiB")
        check(peak - before <= 192, f"memory grew by {peak - before:.0f} MiB")
        check(answers.count(200) >= 1 and set(answers) <= {200, 429, 503}, f"answers {sorted(set(answers))}")


TESTS = [headers, session, slowed]
