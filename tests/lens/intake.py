"""intake.py - a stand-in for the server's two doors: events and evidence.

Keeps what came, answers as docs/interfaces.md says, and can be away, slow or
unwilling.  Duplicates are told by (source, id), as the real one does.
"""
import http.server
import json
import threading
import urllib.parse


class Intake:
    def __init__(self, port=0):
        self.events, self.beats, self.files = {}, [], {}
        self.duplicates, self.requests = 0, 0
        self.refuse, self.status = {}, None  # source -> code; an HTTP status for everything
        self.cameras = {"lens/a": None}  # those that may run, with what was drawn
        self.auth = set()
        self.lock = threading.Lock()
        intake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                with intake.lock:
                    status, answer = intake.take(self.path, self.headers, body)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_GET(self):
                with intake.lock:
                    status, answer = intake.allow()
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        class Http(http.server.ThreadingHTTPServer):
            daemon_threads = True

        self.http = Http(("127.0.0.1", port), Handler)
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()

    def allow(self):
        """GET /api/sensing/lens"""
        if self.status:
            return self.status, {}
        return 200, {"cameras": [{"source": k, "revision": v and 1, "drawing": v} for k, v in self.cameras.items()]}

    def take(self, path, headers, body):
        url = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(url.query))
        self.requests += 1
        self.auth.add(headers.get("Authorization"))
        if self.status:
            return self.status, {}
        if url.path == "/api/sensing/events":
            return self.take_events(json.loads(body))
        if url.path == "/api/sensing/evidence":
            return self.take_file(query, headers.get("Content-Type"), body)
        return 404, {}

    def take_events(self, batch):
        answer = {"accepted": 0, "duplicate": 0, "refused": 0, "results": []}
        for i, e in enumerate(batch):
            key = (e["source"], e["id"])
            word = "accepted"
            if e["source"] in self.refuse:
                word = "refused"
            elif key in self.events:
                word = "duplicate"
                self.duplicates += 1
            elif e["type"] == "cn.jiuan.device.heartbeat.v1":
                self.beats.append(e)
            else:
                self.events[key] = e
            answer[word] += 1
            if word != "accepted":
                answer["results"].append({"i": i, "verdict": word, "code": self.refuse.get(e["source"])})
        return (207 if answer["refused"] else 200), answer

    def take_file(self, query, kind, body):
        if (query.get("source"), query.get("id")) not in self.events:
            return 404, {"code": "unknown_event"}
        if len(body) > 8 << 20:
            return 413, {}
        key = (query["id"], query["kind"])
        again = key in self.files
        self.files[key] = (kind, body, query.get("at"))
        return (200 if again else 201), {"id": "x", "duplicate": again}

    def of(self, kind):
        """Events of a type's short name, oldest first: "camera.thrown"."""
        with self.lock:
            return [e for e in self.events.values() if e["type"] == f"cn.jiuan.{kind}.v1"]
