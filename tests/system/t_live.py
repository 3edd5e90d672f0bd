"""GET /api/live: a thousand listeners, what each may see, going on after a restart."""
import json
import resource
import selectors
import socket
import time

from rig import check, folder, note, post_events, same, server, skip, thrown, wait_for

LISTENERS = 1000


class Stream:
    """One listener: frames as they come."""

    def __init__(self, port, cookie, last=None):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        more = f"Last-Event-ID: {last}\r\n" if last is not None else ""
        self.sock.sendall(f"GET /api/live HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\nAccept: text/event-stream\r\n{more}\r\n".encode())
        self.sock.setblocking(False)
        self.text, self.at, self.over = b"", {}, False

    def read(self):
        try:
            part = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        self.over = self.over or part == b""
        self.text += part

    def head(self):
        return self.text.split(b"\r\n\r\n")[0].decode()

    def frames(self):
        """[(id, event, data)]"""
        text = self.text.split(b"\r\n\r\n", 1)[-1].replace(b"\r\n", b"\n").decode()
        out = []
        lines = [x for x in text.split("\n") if not (x and all(c in "0123456789abcdef" for c in x) and len(x) <= 4)]  # chunk sizes
        for block in "\n".join(lines).split("\n\n"):
            found = dict(x.split(": ", 1) for x in block.strip().split("\n") if ": " in x)
            if "event" in found:
                out.append((int(found["id"]) if "id" in found else None, found["event"],
                            json.loads(found.get("data", "{}"))))
        return out

    def wait(self, word, seconds=5):
        until = time.monotonic() + seconds
        while word not in self.text and time.monotonic() < until and not self.over:
            self.read()
            time.sleep(0.005)
        return word in self.text

    def ended(self, seconds):
        """The last chunk came, or the connection was closed."""
        until = time.monotonic() + seconds
        while not self.over and not self.text.endswith(b"\r\n0\r\n\r\n") and time.monotonic() < until:
            self.read()
            time.sleep(0.05)
        return self.over or self.text.endswith(b"\r\n0\r\n\r\n")

    def close(self):
        self.sock.close()


def cookie_of(client):
    return "; ".join(f"{k}={v}" for k, v in client.cookies.items())


def thousand(jiuan, _):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = LISTENERS + 200
    if hard != resource.RLIM_INFINITY and hard < need:
        skip(f"{LISTENERS} listeners: only {hard} open files are allowed")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, need), hard))  # the server inherits it
    with server(jiuan) as s:
        c = s.client("chenxiao")
        before, cookie = s.memory(), cookie_of(c)
        began = time.monotonic()
        all_of = [Stream(s.port, cookie) for _ in range(LISTENERS)]
        sel = selectors.DefaultSelector()
        for x in all_of:
            sel.register(x.sock, selectors.EVENT_READ, x)
        gather(sel, lambda: all(b"event: hello" in x.text for x in all_of), 20)
        same(sum(b"event: hello" in x.text for x in all_of), LISTENERS, "listeners that were greeted")
        note(f"{LISTENERS} listeners in {time.monotonic() - began:.2f} s; memory {before:.0f} to {s.memory():.0f} MiB")
        same(post_events(s.client(), s.key(), [thrown("live-1")]).status, 200, "a falling object")
        sent = time.monotonic()
        got = {}

        def seen():
            for x in all_of:
                if x not in got and b"event: watch.alert" in x.text:
                    got[x] = time.monotonic() - sent
            return len(got) == LISTENERS

        gather(sel, seen, 10)
        late = sorted(got.values()) or [99]
        same(len(got), LISTENERS, "listeners that heard of the alert")
        note(f"all heard of it after {late[-1]:.2f} s (the first {late[0]:.2f} s); memory {s.memory():.0f} MiB")
        check(late[-1] <= 3, f"the last listener waited {late[-1]:.1f} s; a second or so is the aim")
        began = time.monotonic()
        same(c.get("/api/watch/board").status, 200, "the desk works beside them")
        check(time.monotonic() - began < 1, "at once")
        figures = s.client().get("/metrics").body.decode()
        check(f"jiuan_live_listeners {LISTENERS}" in figures, "the figure says so")
        for x in all_of:
            x.close()
        sel.close()
        gone = wait_for(lambda: "jiuan_live_listeners 0\n" in s.client().get("/metrics").body.decode(), 40, 0.5)
        check(gone, "those who left are let go")
        note(f"memory after they left {s.memory():.0f} MiB")
        same(s.stop(), 0, "stops")
        check("level=" not in s.errors() and "BUG" not in s.errors(), f"the log: {s.errors()[:500]}")


def gather(sel, done, seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until and not done():
        for key, _ in sel.select(0.05):
            key.data.read()
            if key.data.over:
                sel.unregister(key.data.sock)


def resume(jiuan, _):
    with folder() as data:
        with server(jiuan, data=data) as s:
            c, key = s.client("chenxiao"), s.key()
            x = Stream(s.port, cookie_of(c))
            check(x.wait(b"event: hello"), "greeted")
            head = x.head().lower()
            check("text/event-stream" in head and "nosniff" in head and "no-store" in head, f"its head: {head[:300]}")
            post_events(s.client(), key, [thrown("r-1")])
            check(x.wait(b"event: watch.alert"), "hears of the alert")
            last = [f[0] for f in x.frames() if f[0]][-1]
            alert = [f[2] for f in x.frames() if f[1] == "watch.alert"][0]
            same(set(alert), {"entity", "id", "version", "verb", "place_path"}, "says no more than it needs")
            began = time.monotonic()
            same(s.stop(), 0, "stops with a listener")
            check(time.monotonic() - began < 3, f"it took {time.monotonic() - began:.1f} s")
            check(x.ended(1), "the stream has ended")
        with server(jiuan, data=data) as s:
            c = s.client("chenxiao")
            missed = c.post(f"/api/watch/alert/{alert['id']}/ack")
            same(missed.status, 200, "something happens while nobody listens")
            x = Stream(s.port, cookie_of(c), last)
            check(x.wait(b'"verb":"ack"'), f"is told after the restart: {x.text[-500:]!r}")
            numbers = [f[0] for f in x.frames() if f[1] not in ("hello", "reset") and f[0]]
            check(numbers and min(numbers) > last and numbers == sorted(set(numbers)),
                  f"each once, in order, after {last}: {numbers}")
            check(b"event: reset" not in x.text, "without a reset")
            old = Stream(s.port, cookie_of(c), 10**9)
            check(old.wait(b"event: reset"), "a number of another history: load the page anew")
            for word in ("x", "-1", "9" * 30):
                y = Stream(s.port, cookie_of(c), word)
                check(y.wait(b"event: reset"), f"Last-Event-ID {word}")
                y.close()
            worker = s.client("wangjing")
            z = Stream(s.port, cookie_of(worker))
            check(z.wait(b"event: hello"), "a grid worker listens")
            c.post(f"/api/watch/alert/{alert['id']}/note", {"text": "已电话核实"})
            c.post(f"/api/watch/alert/{alert['id']}/close", {"outcome": "false", "outcome_note": "开窗"})
            check(x.wait(b'"verb":"close"'), "the desk hears of the end")
            z.wait(b"event: watch.alert", 0.5)
            check(b"event: watch.alert" not in z.text, "the grid worker hears nothing of alerts")
            c.ask("DELETE", "/api/session")
            check(x.ended(18), "who signs out loses the stream within a beat")
            for y in (x, z, old):
                y.close()


def outsiders(jiuan, _):
    with server(jiuan) as s:
        same(s.client().get("/api/live").status, 401, "a stream for nobody")
        same(s.client().post("/api/live").status in (401, 404), True, "POST to the stream")


TESTS = [thousand, resume, outsiders]
