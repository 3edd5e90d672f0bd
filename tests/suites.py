"""The suites of the test run; read by tools/run_tests.py.

One line each: name, command (run in the project's root; {build} is the build
folder), and where it differs: kind (for --kind: "quick" or "slow"), timeout in
seconds, pg=True when it needs PostgreSQL, weight (expected seconds: the
longest start first).
"""
import pathlib


def suite(name, command, kind="quick", timeout=240, pg=False, weight=1):
    return dict(name=name, command=command, kind=kind, timeout=timeout, pg=pg, weight=weight)


# What the sanitizer builds run: everything in C that is quick there.
ASAN = ",".join("""store store_fault portable_sql base time json csv geojson national cloudevents frigate frigate_canary corpus_json
corpus_cloudevents corpus_frigate corpus_csv corpus_geojson corpus_national corpus_ical corpus_rule gate_decide gate_random rules rules_state rule_compile sys_client sys_crypto
sys_geometry sys_http sys_http_stream sys_ical sys_machine places places_outline places_plan places_mode places_outline_file
insight people sensing_device sensing_drawing sensing_ingest sensing_limits sensing_log
sensing_health watch_alert watch_rule watch_eval core_field core_list core_access core_record core_export core_start files evidence dispatch_duty dispatch_calendar
dispatch_task dispatch_door access_gate access_visit access_rules register_home register_rental register_note register_own roles simulate lens_picture lens_motion lens_calibration
lens_analyse lens_eval lens_io lens_plug""".split())
TSAN = "writer,sys_http,sys_http_stream,core_server,frigate_link"

SUITES = [
    suite("store", "{build}/tests/store/store_test", pg=True, weight=3),
    suite("store_fault", "{build}/tests/store/fault_test", pg=True, weight=2),
    suite("portable_sql", "{build}/tests/store/portable_sql_test", pg=True, weight=3),
    suite("sqlite", "{build}/tests/store/sqlite_test", weight=3),
    suite("postgres", "{build}/tests/store/pg_test", pg=True),
    suite("store_crash", "{build}/tests/store/crash_test", timeout=120, weight=4),
    *[suite(n, "{build}/tests/base/%s_test" % n) for n in ("base", "time", "json", "csv", "geojson", "national")],
    *[suite(n, "{build}/tests/device/%s_test" % n) for n in ("cloudevents", "frigate", "frigate_canary")],
    *[suite("corpus_" + n, "{build}/tests/fuzz/%s_replay tests/fuzz/corpus/%s" % (n, n))
      for n in ("json", "cloudevents", "frigate", "csv", "geojson", "national", "ical")],
    *[suite("gate_" + n, "{build}/tests/gate/gate_%s_test" % n) for n in ("decide", "random")],
    suite("rules", "{build}/tests/rules/rules_test"),
    suite("rules_state", "{build}/tests/rules/rules_state_test"),
    suite("rule_compile", "{build}/tests/rules/rule_compile_test"),
    suite("corpus_rule", "{build}/tests/rules/rule_replay tests/rules/corpus"),
    *[suite("sys_" + n, "{build}/tests/sys/sys_%s_test" % n, weight=3)
      for n in ("client", "crypto", "geometry", "http", "http_stream", "ical", "machine", "mqtt")],
    suite("places", "{build}/tests/places/places_test", pg=True, weight=2),
    *[suite("places_" + n, "{build}/tests/places/%s_test" % n, pg=True, weight=2)
      for n in ("outline", "plan", "mode", "outline_file")],
    suite("insight", "{build}/tests/insight/insight_test", pg=True),
    suite("people", "{build}/tests/people/people_test", pg=True, weight=12),
    *[suite("sensing_" + n, "{build}/tests/sensing/sensing_%s_test" % n, pg=True, timeout=120, weight=3)
      for n in ("device", "drawing", "ingest", "limits", "log", "health")],
    suite("sensing_window", "{build}/tests/sensing/sensing_window_test"),
    suite("frigate_link", "{build}/tests/sensing/sensing_link_test", pg=True, timeout=120, weight=9),
    *[suite("watch_" + n, "{build}/tests/watch/watch_%s_test" % n, pg=True, weight=3)
      for n in ("alert", "rule", "care", "eval")],
    suite("watch_once", "{build}/tests/watch/watch_once_test", timeout=120, weight=7),
    suite("roles", "{build}/tests/app/roles_test"),
    suite("simulate", "{build}/tests/app/simulate_test", weight=2),
    suite("demo", "{build}/tests/app/demo_test", pg=True, timeout=180, weight=8),
    *[suite("scenario_" + p.stem, "{build}/tests/app/scenario tests/scenarios/%s" % p.name, pg=True, weight=6)
      for p in sorted(pathlib.Path(__file__).with_name("scenarios").glob("*.json"))],
    *[suite("core_" + n, "{build}/tests/core/core_%s_test" % n, pg=True, timeout=120, weight=3)
      for n in ("field", "list", "access", "record", "export", "start")],
    suite("files", "{build}/tests/files/files_test", pg=True, timeout=120, weight=3),
    suite("core_server", "{build}/tests/core/core_server_test", pg=True, timeout=120, weight=16),
    suite("dispatch_duty", "{build}/tests/dispatch/dispatch_duty_test", pg=True, timeout=120, weight=3),
    suite("dispatch_calendar", "{build}/tests/dispatch/dispatch_calendar_test", pg=True, timeout=120, weight=3),
    suite("dispatch_task", "{build}/tests/dispatch/dispatch_task_test", pg=True, timeout=120, weight=10),
    suite("dispatch_door", "{build}/tests/dispatch/dispatch_door_test", pg=True, timeout=120, weight=8),
    suite("evidence", "{build}/tests/failure/evidence_test", pg=True, timeout=120, weight=6),
    *[suite("access_" + n, "{build}/tests/access/access_%s_test" % n, pg=True, timeout=120, weight=10) for n in ("gate", "visit", "rules")],
    *[suite("lens_" + n, "{build}/tests/lens/lens_%s_test" % n, timeout=120, weight=3)
      for n in ("picture", "motion", "calibration", "analyse", "eval", "io")],
    suite("lens_gate", "{build}/tests/lens/lens_gate_test", timeout=300, weight=40),
    suite("lens_lane", "{build}/tests/lens/lens_lane_test", timeout=300, weight=12),
    suite("lens_plug", "{build}/tests/lens/lens_plug_test", timeout=120, weight=9),
    suite("lens_run", "python3 tests/lens/run_test.py {build}/lens/jiuan-lens", kind="slow", timeout=600, weight=90),
    *[suite("register_" + n, "{build}/tests/registers/register_%s_test" % n, pg=True, timeout=120, weight=4)
      for n in ("home", "rental", "note", "own")],
    suite("lens_demo", "python3 tests/lens/demo_test.py {build}", kind="slow", timeout=300, weight=60),
    suite("failure", "{build}/tests/failure/failure_test", timeout=200, weight=10),
    suite("matrix", "{build}/tests/failure/matrix_test", timeout=200, weight=10),
    suite("matrix_live", "{build}/tests/failure/live_test", timeout=120, weight=5),
    suite("lint", "sh tools/lint.sh", kind="slow", timeout=1200, weight=250),
    suite("asan", "sh tools/sanitized.sh address " + ASAN, kind="slow", timeout=1500, pg=True, weight=300),
    suite("tsan", "sh tools/sanitized.sh thread " + TSAN, kind="slow", timeout=1500, pg=True, weight=280),
    suite("console", "npm --silent --prefix web/console run test", kind="slow", timeout=300, weight=15),
    suite("kill", "python3 tests/crash/kill_test.py {build}/src/app/jiuan", kind="slow", timeout=600, pg=True, weight=100),
    suite("code_kill", "python3 tests/crash/code_test.py {build}/src/app/jiuan", kind="slow", timeout=400, pg=True, weight=40),
    suite("system", "python3 tests/system/system_test.py {build}/src/app/jiuan", kind="slow", timeout=600, weight=60),
    suite("desk", "python3 tests/browser/desk_real.py {build}/src/app/jiuan", kind="slow", timeout=600, weight=110),
    suite("places_editor", "python3 tests/browser/desk_real.py {build}/src/app/jiuan places.mjs", kind="slow", timeout=300,
          weight=45),
    suite("registers", "python3 tests/browser/registers_real.py {build}/src/app/jiuan", kind="slow", timeout=600, weight=120),
    suite("door", "python3 tests/browser/desk_real.py {build}/src/app/jiuan door.mjs", kind="slow", timeout=600, weight=110),
    suite("gates_way_in", "python3 tests/browser/desk_real.py {build}/src/app/jiuan gates.mjs", kind="slow", timeout=300,
          weight=60),
    suite("desk_queue", "node tests/browser/desk-queue.mjs", kind="slow", timeout=300, weight=40),
    suite("desk_truth", "node tests/browser/desk-truth.mjs", kind="slow", timeout=400, weight=120),
    suite("desk_duty", "node tests/browser/desk-duty.mjs", kind="slow", timeout=120, weight=10),
    suite("writer", "{build}/tests/store/writer_test", pg=True, weight=6),
]
