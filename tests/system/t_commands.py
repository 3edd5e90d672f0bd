"""Every command: help, exit codes, import, export, users, devices, backup, replay, simulate, golden files."""
import hashlib
import json
import os
import re
import sqlite3
import time

from rig import HERE, PASSWORD, check, folder, note, run, same, server, skip, wait_for

FILES = os.path.join(HERE, "files")
DAY = os.path.join(HERE, "day.ndjson")
REAL = os.path.join(HERE, "../../../shared/data")
COMMANDS = ("serve", "import", "export", "replay", "simulate", "user", "device", "backup", "restore", "check", "routes",
            "describe", "version")
FINE, FAILED, USAGE, REFUSED = 0, 1, 2, 3


def ends(jiuan, want, *args, says="", what=None):
    """The command ends so, says so (in one of its outputs), and never both nothing and a failure."""
    r = run(jiuan, *args)
    words = what or "jiuan " + " ".join(os.path.basename(a) for a in args)
    same(r.returncode, want, f"{words}: exit code ({r.stderr.strip()[:200]})")
    check(says in r.stdout + r.stderr, f"{words}: {says!r} is not in {(r.stdout + r.stderr)[:300]!r}")
    check(r.returncode in (FINE,) or r.stderr.strip() or r.stdout.strip(), f"{words}: fails without a word")
    return r


def help_and_codes(jiuan, _):
    for c in COMMANDS:
        r = ends(jiuan, FINE, c, "--help", says=f"usage: jiuan {c}")
        check("--data" in r.stdout or c in ("replay", "simulate"), f"{c} --help lists the options")
        ends(jiuan, USAGE, c, "--no-such-option", says="--no-such-option")
    for words in (["--help"], ["help"]):
        r = ends(jiuan, FINE, *words, says="usage: jiuan COMMAND")
        check(all(re.search(rf"^  {c} ", r.stdout, re.M) for c in COMMANDS), "help names every command")
    ends(jiuan, USAGE)
    ends(jiuan, USAGE, "fly", says="no command 'fly'")
    r = ends(jiuan, FINE, "version", says="jiuan ")
    check(re.fullmatch(r"jiuan \d+\.\d+\.\d+\S*\n", r.stdout), f"version: {r.stdout!r}")
    ends(jiuan, USAGE, "check", "extra", says="extra")
    ends(jiuan, USAGE, "serve", "--port", "65536", says="out of range")
    ends(jiuan, USAGE, "serve", "--port", "-1", says="--port")
    ends(jiuan, USAGE, "serve", "--workers", "0", says="out of range")
    ends(jiuan, USAGE, "serve", "--log", "loud", says="debug|info|warn|error")
    with folder() as d:
        ends(jiuan, FAILED, "serve", "--data", os.path.join(d, "file", "x"), "--bind", "nowhere", "--port", "0",
             says="numeric")
        with open(os.path.join(d, "plain"), "w", encoding="ascii") as f:
            f.write("x")
        ends(jiuan, FAILED, "check", "--data", os.path.join(d, "plain"), says="plain")
        ends(jiuan, FAILED, "check", "--data", d, "--store", "postgres://nobody@127.0.0.1:1/none",
             says="can't open the store")


def golden(jiuan, options):
    routes = run(jiuan, "routes").stdout
    said = json.loads(run(jiuan, "describe").stdout)
    for name, text in (("routes.txt", routes), ("openapi.json", json.dumps(said, indent=1, ensure_ascii=False) + "\n")):
        path = os.path.join(HERE, "golden", name)
        if options.update:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
            note(f"{name} rewritten")
            continue
        with open(path, encoding="utf-8") as f:
            want = f.read()
        old, new = want.splitlines(), text.splitlines()
        gone, come = [x for x in old if x not in new][:5], [x for x in new if x not in old][:5]
        check(text == want, f"{name} has changed (system_test.py JIUAN --update, then look at the difference):"
                            f" gone {gone}, come {come}")
    same(said["openapi"][:3], "3.1", "describe")
    operations = {(m.upper(), p) for p, ms in said["paths"].items() for m in ms}
    listed = {tuple(line.split()[:2]) for line in routes.splitlines() if line.strip()}
    check(listed <= operations, f"operations that the description lacks: {sorted(listed - operations)[:5]}")
    with server(jiuan) as s:
        same(s.client().get("/api/openapi.json").json, said, "GET /api/openapi.json")


def places_in_tree(jiuan, _):
    good, bad = os.path.join(FILES, "places.csv"), os.path.join(FILES, "broken.csv")
    shape, crossing = os.path.join(FILES, "community.geojson"), os.path.join(FILES, "crossing.geojson")
    with folder() as d:
        at = ["--data", d]
        ends(jiuan, FINE, "import", "places", good, "--dry-run", *at,
             says="7 rows: 7 created, 0 updated, 0 unchanged, 0 refused (dry")
        ends(jiuan, FINE, "import", "places", good, *at, says="7 rows: 7 created, 0 updated, 0 unchanged, 0 refused\n")
        ends(jiuan, FINE, "import", "places", good, *at, says="7 rows: 0 created, 0 updated, 7 unchanged, 0 refused\n")
        r = ends(jiuan, REFUSED, "import", "places", bad, *at, says="4 refused (nothing written)")
        for row, code in ((3, "unknown_word kind"), (4, "unknown_place parent"), (5, "out_of_range lon"),
                          (6, "bad_code code")):
            check(f"broken.csv:{row}: {code}" in r.stderr, f"row {row}: {code} in {r.stderr!r}")
        ends(jiuan, REFUSED, "import", "places", bad, "--partial", *at,
             says="5 rows: 1 created, 0 updated, 0 unchanged, 4 refused\n")
        ends(jiuan, FINE, "import", "places", shape, "--dry-run", *at, says="1 rows: 0 created, 1 updated")
        ends(jiuan, FINE, "import", "places", shape, *at, says="1 rows: 0 created, 1 updated")
        ends(jiuan, REFUSED, "import", "places", crossing, *at, says="crossing.geojson:1: bad_boundary boundary")
        text = os.path.join(d, "open.csv")
        with open(text, "w", encoding="utf-8") as f:
            f.write('code,name,kind\n1,a,city\n2,"open,city\n')
        ends(jiuan, REFUSED, "import", "places", text, *at, says="open.csv:3: bad_csv")
        with open(text, "wb") as f:
            f.write("code,name,kind\n1,南昌,city\n".encode("gb18030"))
        ends(jiuan, REFUSED, "import", "places", text, *at, says="not_utf8")
        ends(jiuan, FAILED, "import", "places", os.path.join(d, "none.csv"), *at, says="can't read")
        ends(jiuan, USAGE, "import", *at, says="usage")
        ends(jiuan, USAGE, "import", "people", good, *at, says="usage")
        ends(jiuan, USAGE, "import", "places", good, "--datum", "bd09", *at, says="wgs84|gcj02")
        ends(jiuan, FINE, "check", *at, says="chain unbroken")


def homes(jiuan, _options):
    with folder() as d:
        at = ("--data", os.path.join(d, "data"))
        community = ("--parent", "36.3601.360102.360102002.c1.")
        text, bad = os.path.join(d, "homes.csv"), os.path.join(d, "bad.csv")
        with open(text, "w", encoding="utf-8") as f:
            f.write("房号,姓名,电话,身份证号\n1-101,安,138 7001 2345,11010519491231002X\n1-101,宁,,\n")
        with open(bad, "w", encoding="utf-8") as f:
            f.write("房号,姓名,身份证号\n1-999,安,\n1-101,宁,110105194912310029\n")
        ends(jiuan, FINE, "import", "places", os.path.join(FILES, "places.csv"), *at)
        ends(jiuan, USAGE, "import", "households", text, *at, says="--parent is needed")
        ends(jiuan, REFUSED, "import", "households", text, "--parent", "36.nowhere.", *at, says="unknown_place")
        ends(jiuan, FINE, "import", "households", text, "--dry-run", *community, *at,
             says="2 rows: 2 created, 0 updated, 0 unchanged, 0 refused (dry run, nothing written)\n")
        ends(jiuan, FINE, "import", "households", text, *community, *at, says="2 rows: 2 created")
        ends(jiuan, FINE, "import", "households", text, *community, *at, says="0 created, 0 updated, 2 unchanged")
        r = ends(jiuan, REFUSED, "import", "households", bad, *community, *at, says="2 refused (nothing written)")
        check("bad.csv:2: unknown_place dwelling" in r.stderr, f"the row is named: {r.stderr}")
        check("bad.csv:3: identity_check id_number" in r.stderr, f"the check digit: {r.stderr}")
        check("110105194912310029" not in r.stderr + r.stdout, "a report tells an identity number")
        with open(os.path.join(d, "data", "jiuan.db"), "rb") as f:
            check(b"11010519491231002X" not in f.read(), "an identity number stands in the file")


def places_real(jiuan, _):
    if not os.path.isdir(REAL):
        skip("the real places: no ../shared/data")
        return
    files = [(os.path.join(REAL, n), *more) for n, *more in (
        ("nanchang-districts.csv", "9 rows: 9 created, 0 updated, 0 unchanged", []),
        ("nanchang-subdistricts.csv", "139 rows: 139 created, 0 updated, 0 unchanged", []),
        ("nanchang-districts.geojson", "9 rows: 0 created, 9 updated, 0 unchanged", ["--datum", "gcj02"]))]
    with folder() as d:
        for path, says, more in files:
            ends(jiuan, FINE, "import", "places", path, "--dry-run", "--data", d, *more,
                 says=says + ", 0 refused (dry run")
            ends(jiuan, FINE, "import", "places", path, "--data", d, *more, says=says + ", 0 refused\n")
        again = run(jiuan, "import", "places", files[1][0], "--data", d).stdout
        check("139 unchanged" in again, f"the same file again: {again!r}")
        db = sqlite3.connect(os.path.join(d, "jiuan.db"))
        shaped = db.execute("SELECT count(*) FROM places_place WHERE boundary IS NOT NULL AND area_m2 > 1e7").fetchone()[0]
        lon = db.execute("SELECT lon FROM places_place WHERE code = '360103'").fetchone()[0]
        db.close()
        same(shaped, 9, "districts with a boundary")
        check(115.86 < lon < 115.875, f"360103 at {lon}: GCJ-02 lies about 500 m east of WGS-84")


def users(jiuan, _):
    with folder() as d:
        at = ["--data", d]
        run(jiuan, "import", "places", os.path.join(FILES, "places.csv"), *at)
        same(run(jiuan, "user", "list", *at).stdout.strip(), "[]", "no users yet")
        r = ends(jiuan, FINE, "user", "add", "lan", "--display", "兰", "--role", "grid_worker", "--place",
                 "36.3601.360102.",
                 *at, says="one-time password: ")
        once = r.stdout.split(": ")[1].strip()
        ends(jiuan, REFUSED, "user", "add", "lan", *at, says="already_exists")
        ends(jiuan, REFUSED, "user", "add", "bo", "--role", "none", "--place", "36.3601.", *at, says="unknown_word")
        ends(jiuan, REFUSED, "user", "add", "bo", "--role", "seat", "--place", "9.9.", *at)
        ends(jiuan, USAGE, "user", "add", *at, says="LOGIN")
        ends(jiuan, USAGE, "user", "fly", "x", *at, says="no verb 'fly'")
        check('"lan"' in run(jiuan, "user", "list", *at).stdout, "user list names lan")
        with server(jiuan, data=d, demo=False) as s:
            check("one-time password" in s.said, "the first start tells the first administrator's password")
            admin = re.search(r'"admin" with the one-time password (\S+)', s.said)
            c = s.client()
            answer = c.login("lan", once)
            same((answer.status, answer.json.get("must_change_password")), (200, True),
                 "sign in with the one-time password")
            same(c.get("/api/places/place").status, 403, "nothing before the password is changed")
            same(c.post("/api/people/password", {"old": once, "new": "a-quiet-street-8"}).status, 204, "change it")
            same(c.get("/api/places/place").status, 200, "then the places are there")
            same(s.client().login("admin", admin.group(1) if admin else "").status, 200,
                 "the first administrator signs in")
            ends(jiuan, FAILED, "user", "list", *at, says="another jiuan uses")
            same(s.stop(), 0, "stop")
        with server(jiuan, data=d, demo=False) as s:
            check("one-time password" not in s.said, "the password is told once")
            s.stop()
        again = ends(jiuan, FINE, "user", "password", "lan", *at,
                     says="one-time password: ").stdout.split(": ")[1].strip()
        with server(jiuan, data=d, demo=False) as s:
            same(s.client().login("lan", "a-quiet-street-8").status, 401, "the old one is dead")
            same(s.client().login("lan", again).status, 200, "the new one is alive")
            s.stop()
        ends(jiuan, FINE, "user", "disable", "lan", *at)
        ends(jiuan, REFUSED, "user", "disable", "nobody", *at, says="not_found")
        with server(jiuan, data=d, demo=False) as s:
            same(s.client().login("lan", again).status, 401, "a disabled account")


def devices(jiuan, _):
    with folder() as d:
        at = ["--data", d]
        run(jiuan, "import", "places", os.path.join(FILES, "places.csv"), *at)
        db = sqlite3.connect(os.path.join(d, "jiuan.db"))
        place = db.execute("SELECT id FROM places_place WHERE code = 'c1'").fetchone()[0]
        db.close()
        same(json.loads(run(jiuan, "device", "list", *at).stdout)["items"], [], "no devices yet")
        r = ends(jiuan, FINE, "device", "add", "东门", "--source", "gate/e", "--kind", "gate", "--place", place, *at)
        made = json.loads(r.stdout)
        same((made["source"], made["kind"], made["state"]), ("gate/e", "gate", "quarantined"), "device add")
        ends(jiuan, REFUSED, "device", "add", "x", "--source", "gate/e", "--kind", "gate", "--place", place, *at)
        ends(jiuan, REFUSED, "device", "add", "x", "--kind", "ufo", "--place", place, *at, says="kind")
        ends(jiuan, REFUSED, "device", "add", "x", *at, says="place_id")
        ends(jiuan, REFUSED, "device", "key", "nosuch", *at, says="not_found")
        ends(jiuan, USAGE, "device", "key", *at, says="needed")
        ends(jiuan, USAGE, "device", "fly", "x", *at, says="no verb 'fly'")
        key = json.loads(ends(jiuan, FINE, "device", "key", made["id"], *at).stdout)["key"]
        check(len(key) >= 40, "a key of 256 bits")
        check(key not in run(jiuan, "device", "list", *at).stdout, "the list does not show the key")
        with open(os.path.join(d, "jiuan.db"), "rb") as f:
            check(key.encode() not in f.read(), "the key itself is not in the store")


def exports(jiuan, _):
    with folder() as d:
        with server(jiuan, data=d) as s:
            who = s.client("admin").get("/api/me").json["person"]["id"]
            s.stop()
        at = ["--data", d]
        rows = json.loads(ends(jiuan, FINE, "export", "register", *at).stdout)
        check(len(rows) > 200, f"the register has {len(rows)} columns")
        check(all(r["class"] in ("P0", "P1", "P2", "P3") and r["purpose"] and r["basis"] for r in rows),
              "every column is classed")
        ends(jiuan, USAGE, "export", *at, says="usage")
        ends(jiuan, USAGE, "export", "register", "x", *at, says="usage")
        ends(jiuan, USAGE, "export", "person", who, *at, says="--reason")
        ends(jiuan, REFUSED, "export", "person", "nosuch", "--reason", "asked for it", *at, says="unknown_person")
        said = json.loads(ends(jiuan, FINE, "export", "person", who, "--reason", "asked for it", *at).stdout)
        same(said["people_person"][0]["login"], "admin", "export person")
        check(any(x["purpose"] == "export" and x["reason"] == "asked for it" for x in said["looks"]),
              "the export is in the log of looks")


def backups(jiuan, _):
    with folder() as d, folder() as other:
        file = os.path.join(other, "copy.db")
        with server(jiuan, data=d) as s:
            key, c = s.key(), s.client()
            wait_for(lambda: c.get("/readyz").status == 200)
            ends(jiuan, FINE, "backup", file, "--data", d, what="backup while the server runs")
            same(c.get("/readyz").status, 200, "the server goes on")
            ends(jiuan, FAILED, "restore", file, "--data", d, "--force", says="is a server running there?")
            ends(jiuan, FAILED, "check", "--data", d, says="another jiuan uses")
            s.stop()
        ends(jiuan, REFUSED, "backup", file, "--data", d, says="exists already")
        ends(jiuan, USAGE, "backup", "--data", d, says="FILE")
        ends(jiuan, USAGE, "backup", file, "--data", d, "--store", "postgres://x/y", says="pg_dump")
        ends(jiuan, FAILED, "backup", os.path.join(other, "x.db"), "--data", os.path.join(other, "none"),
             says="can't copy")
        ends(jiuan, REFUSED, "restore", os.path.join(other, "none"), "--data", d, says="no whole store")
        ends(jiuan, REFUSED, "restore", DAY, "--data", d, says="no whole store")
        ends(jiuan, REFUSED, "restore", file, "--data", d, says="--force")
        ends(jiuan, FINE, "restore", file, "--data", d, "--force")
        ends(jiuan, FINE, "check", "--data", d, says="chain unbroken")
        new = os.path.join(other, "new")
        ends(jiuan, FINE, "restore", file, "--data", new)
        ends(jiuan, FINE, "check", "--data", new, says="store: whole")
        with server(jiuan, data=d) as s:
            same(s.client().login("chenxiao", PASSWORD).status, 200, "the restored data serve")
            same(s.key(), key, "the gateway's key is the same")
        with open(file, "r+b") as f: # a torn copy
            f.seek(40960)
            f.write(b"\xff" * 8192)
        ends(jiuan, REFUSED, "restore", file, "--data", os.path.join(other, "torn"), says="no whole store")


PNG = b"\x89PNG\r\n\x1a\n" + b"0123456789"


def kept_file(d, n):
    """A file as the server keeps it: bytes in its folder, a row in the store."""
    name = "01KXJ0000000000000000000%02d" % n
    os.makedirs(os.path.join(d, "files", name[-2:]), exist_ok=True)
    path = os.path.join(d, "files", name[-2:], name)
    with open(path, "wb") as f:
        f.write(PNG)
    db = sqlite3.connect(os.path.join(d, "jiuan.db"))
    now = int(time.time() * 1e6)
    digest = hashlib.blake2b(PNG, digest_size=32).hexdigest()
    db.execute("INSERT INTO files_file VALUES (?, ?, ?, ?, 'still', 'image/png', ?, ?, 'P1', 'evidence', '36.')",
               (name, now, now, now + 86400 * 10**6, len(PNG), digest))
    db.commit()
    db.close()
    return path


def backed_up_files(jiuan, _):
    with folder() as d, folder() as other:
        with server(jiuan, data=d) as s:
            s.stop()
        path, lost = kept_file(d, 10), kept_file(d, 11)
        file = os.path.join(other, "copy.db")
        ends(jiuan, FINE, "check", "--data", d, says="files: 2, 36 bytes, 0 missing, 0 damaged, 0 without a row")
        ends(jiuan, FINE, "backup", file, "--data", d, says="files: 2, 36 bytes copied")
        copy = os.path.join(file + ".files", "10", os.path.basename(path))
        check(os.path.exists(copy), "the bytes are in the backup")
        os.remove(lost)
        with open(path, "r+b") as f:
            f.write(b"\x88")
        ends(jiuan, FAILED, "check", "--data", d, says="1 missing, 1 damaged")
        ends(jiuan, FAILED, "backup", os.path.join(other, "bad.db"), "--data", d, says="damaged")
        ends(jiuan, FINE, "restore", file, "--data", d, "--force", says="files: 2, 36 bytes copied")
        ends(jiuan, FINE, "check", "--data", d, says="files: 2, 36 bytes, 0 missing, 0 damaged, 0 without a row")
        check(os.path.exists(os.path.join(d, "files.before-restore", "10", os.path.basename(path))), "the old ones are kept")
        ends(jiuan, REFUSED, "restore", file, "--data", d, "--force", says="from an earlier restore")
        with open(copy, "wb") as f:
            f.write(PNG[:-1])
        ends(jiuan, REFUSED, "restore", file, "--data", os.path.join(other, "new"), says="damaged")
        check(not os.path.exists(os.path.join(other, "new", "jiuan.db")), "nothing is put back from a damaged backup")


def broken_record(jiuan, _):
    with folder() as d:
        with server(jiuan, data=d) as s:
            s.stop()
        db = sqlite3.connect(os.path.join(d, "jiuan.db"))
        rows = db.execute("SELECT count(*) FROM core_audit").fetchone()[0]
        db.execute("UPDATE core_audit SET what = 'x.y.z' WHERE seq = (SELECT max(seq) - 5 FROM core_audit)")
        db.commit()
        db.close()
        ends(jiuan, FAILED, "check", "--data", d, says=f"BROKEN at row {rows - 5}")


def replay(jiuan, _):
    with open(DAY, encoding="utf-8") as f:
        n = sum(1 for line in f if line.strip())
    with server(jiuan) as s:
        at = ["--url", f"http://127.0.0.1:{s.port}", "--key-file", os.path.join(s.data, "simulator.key")]
        ends(jiuan, FINE, "replay", DAY, "--speed", "0", *at, says=f"sent {n}: accepted {n}, duplicate 0, refused 0")
        ends(jiuan, FINE, "replay", DAY, "--speed", "0", *at, says=f"sent {n}: accepted 0, duplicate {n}, refused 0")
        c = s.client("chenxiao")
        alert = wait_for(lambda: c.first("/api/watch/alert?question=thrown_object"))
        check(alert and alert["severity"] == "urgent", f"the recorded morning asks about the falling object: {alert}")
        kept = os.path.join(s.data, "kept.ndjson")
        with open(kept, "w", encoding="utf-8") as f:
            f.write('{"specversion":"1.0","id":"k1","source":"demo","type":"cn.jiuan.sensor.presence.v1","time":"2026-03-12T00:00:00Z"}\n')
            f.write('{"specversion":"1.0","id":"k2","source":"who/knows","type":"cn.jiuan.sensor.presence.v1"}\n')
        ends(jiuan, REFUSED, "replay", kept, "--speed", "0", "--keep-times", *at,
             says="accepted 1, duplicate 0, refused 1")
        with open(kept, "w", encoding="utf-8") as f:
            f.write('{"specversion":"1.0"\n')
        ends(jiuan, FAILED, "replay", kept, "--speed", "0", *at, says="line 1: no JSON object")
        ends(jiuan, FAILED, "replay", os.path.join(s.data, "none"), *at, says="can't read")
        ends(jiuan, USAGE, "replay", *at, says="FILE")
        ends(jiuan, FAILED, "replay", DAY, "--speed", "0", *at[:2], "--key-file", DAY, says="")
        ends(jiuan, FAILED, "replay", DAY, *at[:2], "--key-file", "/nonexistent", says="no device key")


def lived(jiuan, seed, minutes):
    """Events of the simulator with what depends on the moment taken out."""
    lines = [json.loads(x) for x in run(jiuan, "simulate", "--print", "--seed", seed, "--minutes",
                                        minutes).stdout.splitlines()]
    for e in lines:
        e["id"] = e["id"].split("-")[-1]
    return lines


def simulate(jiuan, _):
    """Which lane is blocked first follows the clock's minute and how lively it is the hour: a second run may
    fall into another, a third does not."""
    def shape(lines):
        return [(e["id"], e["source"], e["type"], e.get("data")) for e in lines]

    pairs = ((shape(lived(jiuan, "7", "5")), shape(lived(jiuan, "7", "5"))) for _ in range(3))
    check(any(a == b and len(a) > 100 for a, b in pairs), "the same seed lives the same day")
    check(shape(lived(jiuan, "7", "5")) != shape(lived(jiuan, "8", "5")), "another seed lives another")
    with server(jiuan) as s:
        # One device of the simulator is registered nowhere: its events are refused, and the command says so.
        r = ends(jiuan, REFUSED, "simulate", "--minutes", "2", "--speed", "0", "--url", f"http://127.0.0.1:{s.port}",
                 "--key-file",
                 os.path.join(s.data, "simulator.key"), says="refused")
        said = re.search(r"sent (\d+): accepted (\d+), duplicate 0, refused (\d+)", r.stdout)
        check(said and int(said.group(2)) > 50 and int(said.group(3)) < 5, f"simulate into a server: {r.stdout!r}")


TESTS = [help_and_codes, golden, places_in_tree, places_real, homes, users, devices, exports, backups, backed_up_files, broken_record,
         replay,
         simulate]
