"""rig.py - real servers in temporary folders, plain HTTP, and a count of checks."""
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
PASSWORD = "tengwangge-demo"
AREA = "36.3601.360113.360113001."
JSON = {"Content-Type": "application/json"}

counts = {"passed": 0, "failed": 0, "skipped": 0}


def check(ok, what):
    counts["passed" if ok else "failed"] += 1
    if not ok:
        print("FAILED:", what, flush=True)
    return bool(ok)


def same(have, want, what):
    return check(have == want, f"{what}: {have!r} instead of {want!r}")


def skip(what):
    counts["skipped"] += 1
    print("skipped:", what, flush=True)


def note(what):
    print("  ", what, flush=True)


def wait_for(fn, seconds=10.0, every=0.05):
    """The first true value of fn(), or its last false one."""
    until = time.monotonic() + seconds
    value = fn()
    while not value and time.monotonic() < until:
        time.sleep(every)
        value = fn()
    return value


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="jiuan-system-")
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


class Answer:
    def __init__(self, response, body):
        self.status, self.headers, self.body = response.status, response.headers, body

    def header(self, name):
        return self.headers.get(name)

    @property
    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    @property
    def code(self):
        said = self.json
        return said.get("code") if isinstance(said, dict) else None

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Client:
    """One connection, made anew when the server closed it; one session."""

    def __init__(self, port, tls=None, headers=None):
        self.port, self.tls, self.headers, self.cookies, self.conn = port, tls, dict(headers or {}), {}, None

    def connection(self):
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def send(self, method, path, body, headers):
        fresh = self.conn is None
        if fresh:
            self.conn = self.connection()
        try:
            self.conn.request(method, path, body, headers)
            response = self.conn.getresponse()
            said = response.read()
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            if fresh:
                raise
            return self.send(method, path, body, headers)
        if response.will_close:
            self.close()
        return Answer(response, said)

    def ask(self, method, path, body=None, headers=None):
        head = {**self.headers, **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        if self.cookies:
            head.setdefault("Cookie", "; ".join(f"{k}={v}" for k, v in self.cookies.items()))
        answer = self.send(method, path, body, head)
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer

    def get(self, path, headers=None):
        return self.ask("GET", path, None, headers)

    def post(self, path, body=None, headers=None):
        return self.ask("POST", path, {} if body is None else body, headers)

    def login(self, login="admin", password=PASSWORD):
        return self.post("/api/session", {"login": login, "password": password})

    def first(self, path):
        items = self.get(path).json.get("items") or [None]
        return items[0]

    def close(self):
        if self.conn:
            self.conn.close()
        self.conn = None


class Server:
    def __init__(self, jiuan, data, *more, demo=True, web=None, port=0):
        self.args = [jiuan, "serve", "--data", data, "--web", web or "none", "--log", "warn",
                     *(["--demo"] if demo else []),
                     *more]
        self.data, self.port, self.proc, self.said, self.want = data, port, None, "", port
        self.err = tempfile.TemporaryFile("w+", errors="replace")

    def start(self):
        self.proc = subprocess.Popen([*self.args, "--port", str(self.want)], stdout=subprocess.PIPE, stderr=self.err,
                                     text=True, errors="replace")
        self.said = ""
        for line in self.proc.stdout:
            self.said += line
            found = re.search(r"is ready at https?://127\.0\.0\.1:(\d+)", line)
            if found:
                self.port = int(found.group(1))
                return self
        raise RuntimeError(f"the server ended with {self.proc.wait()}: {self.said}{self.errors()}")

    def errors(self):
        self.err.seek(0)
        return self.err.read()

    def signal(self, sig):
        self.proc.send_signal(sig)

    def stop(self, seconds=20):
        """Exit status after SIGTERM."""
        if self.proc is None or self.proc.poll() is not None:
            return self.proc.returncode if self.proc else None
        self.signal(signal.SIGTERM)
        try:
            return self.proc.wait(seconds)
        except subprocess.TimeoutExpired:
            self.proc.kill()
            self.proc.wait()
            return "no end"
        finally:
            self.proc.stdout.close()

    def kill(self):
        if self.proc and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
            self.proc.stdout.close()

    def memory(self):
        """Resident MiB."""
        with open(f"/proc/{self.proc.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) / 1024

    def client(self, login=None, **more):
        c = Client(self.port, **more)
        if login:
            answer = c.login(login)
            if answer.status != 200:
                raise RuntimeError(f"{login} can't sign in: {answer}")
        return c

    def key(self):
        with open(os.path.join(self.data, "simulator.key"), encoding="ascii") as f:
            return "Device " + f.read().strip()


@contextlib.contextmanager
def server(jiuan, *more, data=None, **options):
    with contextlib.ExitStack() as stack:
        s = Server(jiuan, data or stack.enter_context(folder()), *more, **options)
        try:
            yield s.start()
        finally:
            s.kill()
            s.err.close()


def run(jiuan, *args, stdin=None, seconds=120):
    return subprocess.run([jiuan, *args], capture_output=True, text=True, errors="replace", input=stdin,
                          timeout=seconds)


def event(ident, kind="cn.jiuan.sensor.presence.v1", data=None, source="demo", **more):
    return json.dumps({"specversion": "1.0", "id": ident, "source": source, "type": kind, "data": data or {}, **more})


def post_events(client, key, lines, kind="application/x-ndjson", query=""):
    body = lines if isinstance(lines, bytes) else "\n".join(lines).encode()
    return client.ask("POST", "/api/sensing/events" + query, body, {"Authorization": key, "Content-Type": kind})


def thrown(ident, source="demo/honggu/facade-7a"):
    return event(ident, "cn.jiuan.camera.thrown.v1", {"floor": 9, "score": 0.9}, source)


def raw(port, text, seconds=10, shut=False):
    """What the server says to these bytes, until it closes or falls silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
        s.sendall(text)
        if shut:
            s.shutdown(socket.SHUT_WR)
        said = b""
        with contextlib.suppress(OSError):
            while True:
                part = s.recv(65536)
                if not part:
                    break
                said += part
                head, sep, body = said.partition(b"\r\n\r\n")
                length = re.search(rb"(?im)^content-length: *(\d+)", head)
                if sep and length and len(body) >= int(length.group(1)):
                    break
    return said


def trusting():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
