"""A full disk: writes are refused, reads go on, nothing acknowledged is lost, it works again when there is space."""
import contextlib
import ctypes
import os
import sqlite3
import subprocess
import time

from rig import Server, check, event, folder, note, post_events, run, same, skip, thrown, wait_for

SIZE_MB, BACK_S = 64, 10  # the write-ahead log alone takes up to 32 MB
CLONE_NEWNS = 0x20000


def small_disk(where):
    """True when a small file system could be mounted there.  It is seen by this process and its children only and goes
    with the last of them, however they end."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        return False
    return all(subprocess.run(["mount", *args], capture_output=True, check=False).returncode == 0 for args in (
        ["--make-rprivate", "/"], ["-t", "tmpfs", "-o", f"size={SIZE_MB}m", "jiuan-system-test", where]))


def fill(where):
    """Not a byte is left."""
    with open(os.path.join(where, "filler"), "ab", buffering=0) as f:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    if f.write(b"x" * size) < size:
                        break


def ingest(c, key, acked, name, rounds, enough=None):
    """Statuses of some batches, fewer once 'enough' were refused; what was acknowledged is noted."""
    said, refused = [], 0
    for n in range(rounds):
        ids = [f"{name}-{n}-{m}" for m in range(50)]
        answer = post_events(c, key, [event(i, data={"fill": "x" * 200}) for i in ids])
        if answer.status == 200:
            acked.update(ids)
        said.append(answer)
        refused += answer.status != 200
        if refused == enough:
            break
    return said


def disk_full(jiuan, _):
    with folder() as where:
        if not small_disk(where):
            skip("a full disk: no file system may be mounted here")
            return
        s = Server(jiuan, os.path.join(where, "data"))
        try:
            full_and_back(jiuan, s.start(), where)
        finally:
            s.kill()
            subprocess.run(["umount", "-l", where], capture_output=True, check=False)


def full_and_back(jiuan, s, where):
    c, desk, acked = s.client(), s.client("chenxiao"), set()
    post_events(c, s.key(), [thrown("full-1")])
    alert = wait_for(lambda: desk.first("/api/watch/alert?question=thrown_object"))
    same({a.status for a in ingest(c, s.key(), acked, "before", 20)}, {200}, "events while there is space")
    fill(where)
    said = ingest(c, s.key(), acked, "full", 4000, enough=40)  # a log that is there already takes some first
    refused = [a for a in said if a.status != 200]
    check(refused, "the disk is full at last")
    same({(a.status, a.code) for a in refused}, {(503, "busy")}, "what is refused is told so")
    check(all(a.header("Retry-After") for a in refused), "and when to try again")
    note(f"{len(acked)} events acknowledged; {len(refused)} of {len(said)} batches refused on the full disk")
    same(c.get("/healthz").status, 200, "it lives")
    same((c.get("/readyz").status, c.get("/readyz").code), (503, "not_ready"), "and says that it can't write")
    for path in ("/api/watch/board", "/api/watch/alert", f"/api/watch/alert/{alert['id']}/case", "/api/places/place",
                 "/api/me",
                 "/api/sensing/health"):
        same(desk.get(path).status, 200, f"read {path}")
    same(desk.post(f"/api/watch/alert/{alert['id']}/ack").status, 503, "an acknowledgement")
    same(desk.get(f"/api/watch/alert/{alert['id']}").json["state"], "new", "is not half done")
    same(s.client().login("wangjing").status, 503, "a sign-in")
    lost(s, acked, "while the disk is full")
    os.remove(os.path.join(where, "filler"))
    began = time.monotonic()
    back = wait_for(lambda: post_events(c, s.key(), [event(f"back-{time.monotonic()}")]).status == 200, BACK_S)
    check(back, f"writes again within {BACK_S} s")
    note(f"writes again {time.monotonic() - began:.2f} s after there was space")
    same(c.get("/readyz").status, 200, "ready again")
    same(desk.post(f"/api/watch/alert/{alert['id']}/ack").status, 200, "the acknowledgement is taken")
    post_events(c, s.key(), [thrown("full-2", "demo/honggu/facade-1")])
    check(wait_for(lambda: len(desk.get("/api/watch/alert?question=thrown_object").json["items"]) == 2),
          "questions are asked again")
    fill(where)
    ingest(c, s.key(), acked, "again", 100)
    s.kill()
    began = time.monotonic()
    try:
        s.start()
        note(f"starts on a full disk ({time.monotonic() - began:.2f} s)")
        same(s.client().get("/healthz").status, 200, "it lives")
    except RuntimeError as e:
        check(len(str(e)) < 2000 and "full" in str(e), f"does not start on a full disk and says why: {e}")
        note("does not start on a full disk")
    os.remove(os.path.join(where, "filler"))
    s.kill()
    s.start()
    same(ingest(s.client(), s.key(), acked, "after", 1)[0].status, 200, "and takes events after that")
    lost(s, acked, "after all")
    same(s.stop(), 0, "stops")
    check("BUG" not in s.errors(), f"the log: {s.errors()[-500:]}")
    whole = run(jiuan, "check", "--data", s.data)
    check(whole.returncode == 0, f"the store is whole, the record unbroken: {whole.stdout}{whole.stderr}")


def lost(s, acked, when):
    db = sqlite3.connect(f"file:{s.data}/jiuan.db?mode=ro", uri=True)
    have = [r[0] for r in db.execute("SELECT event_id FROM sensing_event")]
    db.close()
    same((len(acked - set(have)), len(have) - len(set(have))), (0, 0), f"events lost, doubled {when}")


TESTS = [disk_full]
