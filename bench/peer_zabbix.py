"""peer_zabbix.py - Zabbix 6.0 on a PostgreSQL of its own that syncs, 10,000 trapper items, fed by zabbix_sender."""
import json
import os
import random
import re
import shutil
import socket
import subprocess
import tempfile
import time

from bench import apt, check, cpu_seconds, end, run, say, wait_for_port

ITEMS, HOST = 10_000, "jiuan"
SQL_FILES = "/usr/share/zabbix-server-pgsql/%s.sql.gz"
CONFIG = """
ListenIP=127.0.0.1
ListenPort={port}
SocketDir={dir}
PidFile={dir}/zabbix.pid
LogFile={dir}/zabbix.log
DebugLevel=2
User={user}
DBHost=127.0.0.1
DBPort={pg}
DBName=postgres
DBUser=jiuan
StartPollers=1
StartPollersUnreachable=1
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartTrappers=5
StartDBSyncers=4
CacheSize=128M
HistoryCacheSize=256M
HistoryIndexCacheSize=64M
TrendCacheSize=32M
ValueCacheSize=64M
HousekeepingFrequency=0
LogSlowQueries=0
"""
HOST_SQL = f"""
INSERT INTO hosts (hostid, host, name, status) VALUES (90001, '{HOST}', '{HOST}', 0);
INSERT INTO items (itemid, type, hostid, name, key_, delay, history, trends, status, value_type, params, description, posts, headers)
  SELECT 900000 + i, 2, 90001, 'e' || i, 'e[' || i || ']', '0', '90d', '0', 0, 4, '', '', '', ''
  FROM generate_series(1, {ITEMS}) i;
INSERT INTO item_rtdata (itemid) SELECT itemid FROM items WHERE hostid = 90001;
"""


def low_port():
    """A free one below 32768: Zabbix refuses others."""
    for port in random.sample(range(20000, 32000), 50):
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) != 0:
                return port
    raise RuntimeError("no free port between 20000 and 32000")


class Zabbix:
    def __enter__(self):
        apt("postgresql", "zabbix-server-pgsql", "zabbix-agent")  # zabbix_sender stands in zabbix-agent
        from pg import Pg
        self.pg = Pg({"fsync": "on", "full_page_writes": "on", "autovacuum": "on", "shared_buffers": "128MB",
                      "max_connections": "100", "max_wal_size": "1GB"})
        self.pg.start()
        self.dir, self.proc, self.sent = tempfile.mkdtemp(prefix="jiuan-zabbix-"), None, 0
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        end(self.proc)
        self.pg.stop()
        shutil.rmtree(self.dir, ignore_errors=True)

    def psql(self, sql=None, file=None):
        args = [f"{self.pg.bin}/psql", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.pg.url]
        return run(args + (["-c", sql] if sql else ["-f", file]), 300)

    def start(self):
        schema = os.path.join(self.dir, "schema.sql")
        with open(schema, "w") as f:
            f.write(run(["zcat", SQL_FILES % "schema"], 60))
            f.write("SET session_replication_role = replica;\n")  # 33 MB of icons that its maps ask for stay out
            f.write(run(["zcat", SQL_FILES % "data"], 60))
            f.write("SET session_replication_role = DEFAULT;\n")
            f.write(HOST_SQL)
        self.psql(file=schema)
        root = os.geteuid() == 0
        if root:
            shutil.chown(self.dir, "zabbix", "zabbix")
        self.port = low_port()
        config = os.path.join(self.dir, "zabbix.conf")
        with open(config, "w") as f:
            f.write(CONFIG.format(port=self.port, dir=self.dir, pg=self.pg.port, user="zabbix" if root else "nobody"))
        os.chmod(config, 0o644)
        with open(os.path.join(self.dir, "out"), "w") as out:
            self.proc = subprocess.Popen(["/usr/sbin/zabbix_server", "-f", "-c", config], stdout=out, stderr=out)
        wait_for_port(self.port, self.proc)
        for _ in range(60):  # until its configuration cache knows the items
            if self.feed([self.line(1, "ready")]) == 1:
                break
            time.sleep(1)
        self.wait_for(self.sent)
        self.psql("CHECKPOINT")
        say("Zabbix runs, %d items" % ITEMS)

    def line(self, item, value):
        return f'{HOST} e[{item}] {int(time.time())} {self.sent % 1_000_000_000} "{value}"\n'

    def feed(self, lines):
        """How many values Zabbix took."""
        path = os.path.join(self.dir, "values")
        with open(path, "w") as f:
            f.writelines(lines)
        done = subprocess.run(["zabbix_sender", "-z", "127.0.0.1", "-p", str(self.port), "-T", "-N", "-i", path, "-v"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
        taken = sum(int(n) for n in re.findall(r"^Response from .*?processed: (\d+);", done.stdout, re.M))
        self.sent += taken
        return taken

    def stored(self):
        return int(self.psql("SELECT count(*) FROM history_text"))

    def wait_for(self, n):
        for _ in range(1200):
            if self.stored() >= n:
                return
            time.sleep(0.25)
        raise RuntimeError(f"{self.stored()} of {n} values are in the database")

    def send(self, n):
        """n values, from the first sent to the last one stored; the value is the data of ingest/load.c's events."""
        pick, begin = random.Random(self.sent), int(time.time())

        def value(i):
            data = {"label": "person", "zone": f"gate_{i % 7}", "score": round(0.01 * (i % 100), 2), "current": True,
                    "stationary": False, "object_id": f"17000{i}-abc"}
            return json.dumps(data, separators=(",", ":")).replace('"', '\\"')

        # Every value has its own nanosecond: (item, second, nanosecond) is the key.
        lines = [f'{HOST} e[{pick.randint(1, ITEMS)}] {begin} {self.sent + i} "{value(i)}"\n' for i in range(n)]
        pids = (self.proc.pid, self.pg.proc.pid)
        target, cpu, wall = self.sent + n, cpu_seconds(*pids), time.monotonic()
        check(self.feed(lines) == n, "Zabbix did not take every value")
        self.wait_for(target)
        cpu, wall = cpu_seconds(*pids) - cpu, time.monotonic() - wall
        check(self.stored() == target, f"{self.stored()} values stored, {target} sent")
        return {"per_cpu_s": n / cpu, "wall": n / wall}
