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
    """Is the rate at 20 million stored that at 1 million?  Two servers, taking turns."""
    with folder() as few, folder() as many, Server(build, few) as small, Server(build, many) as large:
        sides = {"1m": (small, few, 1_000_000), "20m": (large, many, 20_000_000)}
        stored, rounds = {}, {name: [] for name in sides}
        for name, (server, data, mark) in sides.items():
            prepare(server, os.path.join(data, "keys"))
            stored[name] = until(build, server, os.path.join(data, "keys"), 0, mark)
        for _ in range(RUNS):
            for name, (server, data, _) in sides.items():
                rounds[name].append(load(build, server.port, server.pid, os.path.join(data, "keys"), 3, PER_POST))
        for name, (server, data, _) in sides.items():
            server.stop()
            check_stored(os.path.join(data, "jiuan.db"), stored[name] + sum(r["ingest_accepted"] for r in rounds[name]))
            figure(f"ingest-at-{name}-per-cpu-s", median([r["ingest_per_cpu_s"] for r in rounds[name]]), "events/s")
            figure(f"ingest-at-{name}-wall", median([r["ingest_wall"] for r in rounds[name]]), "events/s")
            figure(f"ingest-at-{name}-bytes-per-row", median([r["ingest_bytes_per_row"] for r in rounds[name]]), "B")
        for word in ("per_cpu_s", "wall"):
            ratio(f"ingest-flatness-{word.replace('_', '-')}", median([r[f"ingest_{word}"] for r in rounds["20m"]]) /
                  median([r[f"ingest_{word}"] for r in rounds["1m"]]), "the-same-server-at-1m")


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
        late = check_stored(os.path.join(data, "jiuan.db"), sum(r["ingest_accepted"] for r in ours))
    check(all(r["bare_loop_rows"] > 0.98 * BARE_ROWS for r in bare), f"the bare loop stored too little: {bare}")
    mine = {k: median([r[k] for r in ours]) for k in ours[0]}
    theirs = {k: median([r[k] for r in bare]) for k in bare[0]}
    figure("ingest-batch-per-cpu-s", mine["ingest_per_cpu_s"], "events/s")
    figure("ingest-batch-wall", mine["ingest_wall"], "events/s")
    figure("ingest-batch-bytes-per-row", mine["ingest_bytes_per_row"], "B")
    figure("ingest-batch-repeats-beyond-window", late, "events")
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
          "zabbix-6.0-postgresql (same data as text; acknowledged before stored, no dedupe)")
