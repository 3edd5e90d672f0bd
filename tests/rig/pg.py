#!/usr/bin/env python3
"""pg.py - a PostgreSQL cluster of one's own for tests, gone afterwards.

As a library:   with Pg() as pg: run(env={"JIUAN_TEST_PG": pg.url})
As a command:   pg.py run COMMAND ARG...   runs it with JIUAN_TEST_PG set
                pg.py                      prints the URL and waits for end of input or a signal

The cluster lives in a temporary folder, listens on a unix socket and on a
free port of 127.0.0.1, and never syncs: its data is worth nothing.
"""
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

SETTINGS = {
    "fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "60",
    "max_wal_size": "256MB", "wal_level": "minimal", "max_wal_senders": "0", "autovacuum": "off",
    "listen_addresses": "127.0.0.1", "logging_collector": "off", "log_min_messages": "fatal", "timezone": "UTC",
}


def find_bin():
    """Folder of initdb and postgres; None when PostgreSQL is not there."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: float(p.split("/")[4]))
    if found:
        return found[-1]
    initdb = shutil.which("initdb")
    return os.path.dirname(initdb) if initdb else None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Pg:
    def __init__(self, settings=None):
        self.bin = find_bin()
        if self.bin is None:
            raise RuntimeError("no PostgreSQL server programs found (package postgresql-15)")
        # The server refuses to run as root.
        self.user = "postgres" if os.geteuid() == 0 else None
        self.settings = {**SETTINGS, **(settings or {})}
        self.proc = self.dir = None

    def _popen(self, args, **more):
        ids = pwd.getpwnam(self.user) if self.user else None
        if ids:
            more.update(user=ids.pw_uid, group=ids.pw_gid, extra_groups=[])
        env = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        return subprocess.Popen(args, cwd=self.dir, env=env, stdin=subprocess.DEVNULL, **more)

    def start(self):
        self.dir = tempfile.mkdtemp(prefix="jiuan-pg-")
        if self.user:
            shutil.chown(self.dir, self.user)
        try:
            init = self._popen([f"{self.bin}/initdb", "-D", f"{self.dir}/data", "-U", "jiuan", "-A", "trust", "-E",
                                "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            words = init.communicate(timeout=120)[0]
            if init.returncode:
                raise RuntimeError("initdb failed: " + words)
            for _ in range(5):  # somebody may take the port in between
                if self._serve(free_port()):
                    return self
            raise RuntimeError("the server did not start: " + open(f"{self.dir}/log").read())
        except BaseException:
            self.stop()
            raise

    def _serve(self, port):
        options = [x for k, v in self.settings.items() for x in ("-c", f"{k}={v}")]
        with open(f"{self.dir}/log", "w") as log:
            self.proc = self._popen([f"{self.bin}/postgres", "-D", f"{self.dir}/data", "-p", str(port), "-k", self.dir,
                                     *options], stdout=log, stderr=log, start_new_session=True)
        self.port, self.url = port, f"postgresql://jiuan@127.0.0.1:{port}/postgres"
        ready = [f"{self.bin}/pg_isready", "-q", "-h", self.dir, "-p", str(port)]
        while self.proc.poll() is None:
            if subprocess.run(ready).returncode == 0:
                return True
            try:
                self.proc.wait(0.05)
            except subprocess.TimeoutExpired:
                pass
        return False

    def stop(self):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(signal.SIGQUIT)  # at once; nothing here is worth a checkpoint
            try:
                self.proc.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(self.proc.pid, signal.SIGKILL)
                self.proc.wait()
        self.proc = None
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)
            self.dir = None

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()


def main(args):
    def ended(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, ended)
    try:
        with Pg() as pg:
            if args[:1] == ["run"]:
                return subprocess.call(args[1:], env={**os.environ, "JIUAN_TEST_PG": pg.url})
            print(pg.url, flush=True)
            sys.stdin.read()
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
