"""Memory of the server with the demo after an hour of simulated life (a minute of ours)."""
import os
import sqlite3
import subprocess

from bench import Server, check, figure, folder, memory_bytes, program

SPEED, MINUTES = 60, 60


def bench(build):
    with folder() as data, Server(build, data, "--demo") as server:
        begin = memory_bytes(server.pid, "VmRSS")
        done = subprocess.run(
            [program(build), "simulate", "--url", f"http://127.0.0.1:{server.port}", "--key-file",
             os.path.join(data, "simulator.key"), "--speed", str(SPEED), "--minutes", str(MINUTES)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=MINUTES * 60 // SPEED * 5 + 60)
        sent = dict(w.rsplit(" ", 1) for w in done.stdout.strip().replace(":", ",").split(", "))
        sent = {k: int(v) for k, v in sent.items()}
        check(sent["sent"] > 500 and sent["accepted"] > 0.9 * sent["sent"], f"the simulator told {done.stdout} {done.stderr}")
        now, most = memory_bytes(server.pid, "VmRSS"), memory_bytes(server.pid, "VmHWM")
        server.stop()
        with sqlite3.connect(f"file:{data}/jiuan.db?mode=ro", uri=True) as c:
            rows, = c.execute("SELECT count(*) FROM sensing_event").fetchone()
            alerts, = c.execute("SELECT count(*) FROM watch_alert").fetchone()
        check(rows >= sent["accepted"], f"{rows} events stored, {sent['accepted']} accepted")
    figure("memory-events", rows, "events")
    figure("memory-alerts", alerts, "alerts")
    figure("memory-start", begin / 1e6, "MB")
    figure("memory-after-an-hour", now / 1e6, "MB")
    figure("memory-most", most / 1e6, "MB")
