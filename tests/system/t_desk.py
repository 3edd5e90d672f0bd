"""People at once: races over one alert, double clicks, retried requests, stale versions; what a rule may not say."""
import datetime
import threading

from rig import AREA, check, post_events, same, server, thrown, wait_for


def at_once(*calls):
    """The answers of several calls that start together."""
    gate, answers = threading.Barrier(len(calls)), [None] * len(calls)

    def go(n, call):
        gate.wait()
        answers[n] = call()

    threads = [threading.Thread(target=go, args=(n, call)) for n, call in enumerate(calls)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return answers


def later(minutes):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def new_alert(s, desk, number):
    """An alert of its own: each facade's falling object is another place's."""
    facades = ("7a", "1", "2", "4", "5", "8", "10")
    source = f"demo/honggu/facade-{facades[number]}"
    desk.close()
    same(post_events(s.client(), s.key(), [thrown(f"desk-{number}", source)]).status, 200, "a falling object")
    alert = wait_for(lambda: next((a for a in desk.get("/api/watch/alert?state=new&question=thrown_object").json["items"]), None))
    check(alert, f"alert {number} comes up")
    return alert


def two_operators(s, desk, deputy):
    for n in range(5):
        alert = new_alert(s, desk, n)
        path = f"/api/watch/alert/{alert['id']}/ack"
        for c in (desk, deputy):
            c.get("/api/me")
        answers = at_once(lambda: desk.post(path), lambda: deputy.post(path))
        same(sorted(a.status for a in answers), [200, 409], "two operators take one alert")
        won, lost = sorted(answers, key=lambda a: a.status)
        same(lost.code, "wrong_state", "the second is told why")
        same((lost.json.get("current") or {}).get("acked_by_name"), won.json["acked_by_name"], "and who was first")
        check(won.json["acked_by_name"] in ("陈晓", "管理员"), f"a name: {won.json['acked_by_name']!r}")
        row = desk.get(f"/api/watch/alert/{alert['id']}").json
        same((row["state"], row["version"]), ("acknowledged", won.json["version"]), "it happened once")
        lines = [x["what"] for x in desk.get(f"/api/watch/alert/{alert['id']}/timeline").json["items"]]
        same(lines.count("acked"), 1, "one line in the timeline")
        close = {"outcome": "false", "outcome_note": "开窗"}
        answers = at_once(*[lambda: desk_like(s, desk).post(f"/api/watch/alert/{alert['id']}/close",
                                                            close) for _ in range(4)])
        same(sorted(a.status for a in answers), [200, 409, 409, 409], "four clicks on close")


def desk_like(s, desk):
    """Another tab: the same session on a connection of its own."""
    tab = s.client()
    tab.cookies = dict(desk.cookies)
    return tab


def retried(s, desk):
    place = desk.first(f"/api/places/place?path={AREA}jingtai.")["id"]
    body = {"place_id": place, "until_at": later(30), "reason": "消防演练"}
    key = {"Idempotency-Key": "silence-0001"}
    first = desk.post("/api/watch/silence", body, key)
    same(first.status, 201, f"a silence: {first}")
    again = desk.post("/api/watch/silence", body, key)
    same((again.status, again.json), (201, first.json), "the same request again")
    same(again.header("Idempotency-Replayed"), "true", "says that it is told again")
    other = desk.post("/api/watch/silence", {**body, "reason": "另一件事"}, key)
    same((other.status, other.code), (409, "idempotency_mismatch"), "the same key for something else")
    for size, want in ((7, 400), (8, 201), (64, 201), (65, 400)):
        got = desk.post("/api/watch/silence", body, {"Idempotency-Key": "k" * size})
        same(got.status, want, f"a key of {size} characters")
    before = len(desk.get("/api/watch/silence?limit=200").json["items"])
    tabs = [desk_like(s, desk) for _ in range(6)]
    clicks = at_once(*[lambda t=t: t.post("/api/watch/silence", body,
                                          {"Idempotency-Key": "silence-click"}) for t in tabs])
    same({a.status for a in clicks}, {201}, "six clicks with one key")
    same(len({a.json["id"] for a in clicks}), 1, "made one row")
    same(len(desk.get("/api/watch/silence?limit=200").json["items"]), before + 1, "one more than before")
    wrong = {**body, "until_at": "yesterday"}
    same(desk.post("/api/watch/silence", wrong, {"Idempotency-Key": "silence-bad"}).status, 400, "a refused request")
    same(desk.post("/api/watch/silence", body, {"Idempotency-Key": "silence-bad"}).status, 201,
         "is not kept: the corrected one is taken")
    deputy = s.client("admin")
    mine = deputy.post("/api/watch/silence", body, key)
    check(mine.status == 201 and mine.json["id"] != first.json["id"], "another person's key is another key")


def stale(s, admin):
    place = admin.first(f"/api/places/place?path={AREA}jingtai.")
    path = f"/api/places/place/{place['id']}"
    tag = admin.get(path).header("ETag")
    same(tag, f'"{place["version"]}"', "ETag")
    same(admin.ask("PATCH", path, {"name": "江铃景泰花园"}, {"If-Match": tag}).status, 200, "If-Match of now")
    old = admin.ask("PATCH", path, {"name": "x"}, {"If-Match": tag})
    same((old.status, old.json.get("current", {}).get("version")), (412, place["version"] + 1),
         f"If-Match of before: {old}")
    tabs = [desk_like(s, admin) for _ in range(4)]
    tag = admin.get(path).header("ETag")
    answers = at_once(*[lambda t=t, n=n: t.ask("PATCH", path, {"name": f"景泰 {n}"}, {"If-Match": tag}) for n,
                        t in enumerate(tabs)])
    same(sorted(a.status for a in answers), [200, 412, 412, 412], "four changes of one version")
    same(admin.ask("PATCH", path, {"name": "x"}, {"If-Match": "nonsense"}).status in (400, 412), True,
         "an If-Match that is none")


def rules(s, admin):
    place = admin.first(f"/api/places/place?path={AREA}honggu.")["id"]
    good = {"kind": "match", "severity": "high", "key": "place",
            "when": {"all": [{"type": "cn.jiuan.camera.object.v1"}, {"field": "label", "op": "eq", "value": "car"}]}}
    made = admin.post("/api/watch/rule", {"name": "院内车辆", "kind": "match", "severity": "high", "place_id": place,
                                          "definition": good})
    same(made.status, 201, f"a rule: {made}")
    cases = (
        ({**good, "whenn": {}}, "definition.whenn"),
        ({**good, "when": {"all": [{"type": "cn.jiuan.camera.object.v1"}, {"field": "colour", "op": "eq",
                                                                           "value": "red"}]}},
         "definition.when.all[1].field"),
        ({**good, "when": {"all": [{"type": "cn.jiuan.camera.object.v1"}, {"field": "label", "op": "like",
                                                                           "value": "c"}]}},
         "definition.when.all[1].op"),
        ({**good, "when": {"type": "cn.jiuan.camera.face.v1"}}, "definition.when.type"),
        ({**good, "when": {"place": "nowhere"}}, "definition.when.place"),
    )
    for definition, where in cases:
        answer = admin.post("/api/watch/rule", {"name": "坏规则", "kind": "match", "severity": "high", "place_id": place,
                                                "definition": definition})
        same((answer.status, answer.json.get("field")), (400, where), f"a rule with a mistake at {where}: {answer}")


def rings(s, admin):
    place = admin.first(f"/api/places/place?path={AREA}jingtai.")

    def polygon(*points):
        return {"type": "Polygon", "coordinates": [[list(p) for p in points]]}

    path = f"/api/places/place/{place['id']}"
    cases = {
        "a ring that crosses itself": polygon((115.88, 28.68), (115.89, 28.69), (115.89, 28.68), (115.88, 28.69),
                                              (115.88, 28.68)),
        "a ring that is open": polygon((115.88, 28.68), (115.89, 28.68), (115.89, 28.69), (115.88, 28.69)),
        "a ring of two points": polygon((115.88, 28.68), (115.89, 28.68), (115.88, 28.68)),
        "a point outside the world": polygon((115.88, 28.68), (215.89, 28.68), (115.89, 28.69), (115.88, 28.68)),
        "a point": {"type": "Point", "coordinates": [115.88, 28.68]},
        "no geometry": {"type": "Polygon"},
    }
    for what, shape in cases.items():
        answer = admin.ask("PATCH", path, {"boundary": shape})
        field = answer.json.get("field") or ""
        check(answer.status == 400 and field.startswith("boundary"), f"{what}: {answer}")
    good = polygon((115.88, 28.68), (115.89, 28.68), (115.89, 28.69), (115.88, 28.69), (115.88, 28.68))
    answer = admin.ask("PATCH", path, {"boundary": good})
    check(answer.status == 200 and 1.0e6 < answer.json["area_m2"] < 1.2e6, f"a good ring: {answer}")
    body = b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"jingtai","kind":"community","parent":"' + \
        AREA.encode() + b'"},"geometry":' + \
        b'{"type":"Polygon","coordinates":[[[115.88,28.68],[115.89,28.69],[115.89,28.68],[115.88,28.69],[115.88,28.68]]]}}]}'
    answer = admin.ask("POST", "/api/places/import?format=geojson", body, {"Content-Type": "application/geo+json"})
    same((answer.status, answer.code), (400, "rows_refused"), f"import of a crossing ring: {answer}")
    same([(e["row"], e["code"]) for e in answer.json.get("errors", [])], [(1, "bad_boundary")], "names the row")


def desk(jiuan, _):
    with server(jiuan) as s:
        operator, admin = s.client("chenxiao"), s.client("admin")
        two_operators(s, operator, admin)
        retried(s, operator)
        stale(s, admin)
        rules(s, admin)
        rings(s, admin)
        same(s.stop(), 0, "stops")
        check("BUG" not in s.errors(), f"the log: {s.errors()[:500]}")


TESTS = [desk]
