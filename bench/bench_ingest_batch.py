"""Durable, deduplicated, validated events over HTTP, 100 a POST, 64 connections, answered after COMMIT: beside a bare
C loop that appends the same rows, and beside Zabbix 6.0 with PostgreSQL, fed by zabbix_sender."""
import os

from bench import FULL, RUNS, Server, check, figure, figures_of, folder, median, ratio, run, say
from ingest import check_stored, load, prepare
from peer_zabbix import Zabbix

SECONDS, BARE_ROWS, ZABBIX_VALUES, PER_POST = 5, 1_000_000, 300_000, 100


def until(build, server, keys, stored, mark):
    """Fills up to 'mark' stored events; how many are stored now."""
    while stored < mark:
        stored += load(build, server.port, server.pid, keys, 20 if mark - stored > 5_000_000 else 2, PER_POST)["ingest_accepted"]
    return stored


def full(build):
    """Is the rate at 20 million stored that at 1 million?"""
    with folder() as data, Server(build, data) as server:
        keys = os.path.join(data, "keys")
        prepare(server, keys)
        rates = {}
        stored = 0
        for mark in (1_000_000, 20_000_000):
            stored = until(build, server, keys, stored, mark)
            rounds = [load(build, server.port, server.pid, keys, SECONDS, PER_POST) for _ in range(RUNS)]
            stored += sum(r["ingest_accepted"] for r in rounds)
            rates[mark] = {k: median([r[k] for r in rounds]) for k in rounds[0]}
            label = f"{mark // 1_000_000}m"
            figure(f"ingest-at-{label}-per-cpu-s", rates[mark]["ingest_per_cpu_s"], "events/s")
            figure(f"ingest-at-{label}-wall", rates[mark]["ingest_wall"], "events/s")
            figure(f"ingest-at-{label}-bytes-per-row", rates[mark]["ingest_bytes_per_row"], "B")
        server.stop()
        check_stored(os.path.join(data, "jiuan.db"), stored)
        for name in ("per_cpu_s", "wall"):
            ratio(f"ingest-flatness-{name.replace('_', '-')}",
                  rates[20_000_000][f"ingest_{name}"] / rates[1_000_000][f"ingest_{name}"], "the-same-server-at-1m")


def bench(build):
    ours, bare, zabbix = [], [], []
    bare_loop = os.path.join(build, "bench", "bare_loop")
    with folder() as data, folder() as other, Server(build, data) as server:
        keys = os.path.join(data, "keys")
        prepare(server, keys)
        for _ in range(RUNS):
            ours.append(load(build, server.port, server.pid, keys, SECONDS, PER_POST))
            bare.append(figures_of(run([bare_loop, other, str(BARE_ROWS)], 300)))
        server.stop()
        check_stored(os.path.join(data, "jiuan.db"), sum(r["ingest_accepted"] for r in ours))
    check(all(r["bare_loop_rows"] > 0.98 * BARE_ROWS for r in bare), f"the bare loop stored too little: {bare}")
    mine = {k: median([r[k] for r in ours]) for k in ours[0]}
    theirs = {k: median([r[k] for r in bare]) for k in bare[0]}
    figure("ingest-batch-per-cpu-s", mine["ingest_per_cpu_s"], "events/s")
    figure("ingest-batch-wall", mine["ingest_wall"], "events/s")
    figure("ingest-batch-bytes-per-row", mine["ingest_bytes_per_row"], "B")
    figure("bare-loop-per-cpu-s", theirs["bare_loop_per_cpu_s"], "rows/s")
    figure("bare-loop-bytes-per-row", theirs["bare_loop_bytes_per_row"], "B")
    ratio("ingest-batch-bare", mine["ingest_per_cpu_s"] / theirs["bare_loop_per_cpu_s"], "bare-c-sqlite-loop")
    if FULL:
        full(build)
    else:
        say("the rate at 20 million stored events takes minutes: BENCH_FULL=1 measures it")
    with Zabbix() as z:
        for _ in range(RUNS):
            zabbix.append(z.send(ZABBIX_VALUES))
    figure("zabbix-per-cpu-s", median([r["per_cpu_s"] for r in zabbix]), "values/s")
    figure("zabbix-wall", median([r["wall"] for r in zabbix]), "values/s")
    ratio("ingest-batch-zabbix", mine["ingest_per_cpu_s"] / median([r["per_cpu_s"] for r in zabbix]),
          "zabbix-6.0-postgresql (80 B text, acknowledged before stored, no dedupe)")
