#include "fourfold.h"

#include <string.h>

const char *const fourfold_places[PLACES] = { "north", "dwelling", "south", "parent" };
static const char *const paths[PLACES] = { NORTH, NORTH "3.2.501.", SOUTH, "36.3601.360102." };

const char *fourfold_name(struct stage *s, const char *text, int place)
{
	char *p = arena_z(s->r.arena, str_of(text));

	for (char *q = p; (q = strchr(q, '@')) != NULL;)
		*q = (char)('0' + place);
	return p;
}

static void make(struct stage *s, const char *name, const char *path, const char *body, int i)
{
	stage_make(s, fourfold_name(s, name, i), path, fourfold_name(s, body, i));
}

static void sql(struct stage *s, const char *text, int i)
{
	run_sql(&s->r, stage_fill(s, fourfold_name(s, text, i)));
}

static void people_at(struct stage *s, int i)
{
	make(s, "person@", "/api/people/person",
	     "{\"name\":\"" CANARY "\",\"display\":\"D\",\"phone\":\"" CANARY "\",\"place_id\":\"$place@\"}", i);
	make(s, "post@", "/api/people/post",
	     "{\"person_id\":\"$person@\",\"role\":\"grid_worker\",\"place_id\":\"$place@\"}", i);
	make(s, "contact@", "/api/people/contact",
	     "{\"person_id\":\"$person@\",\"kind\":\"family\",\"name\":\"" CANARY "\",\"phone\":\"" CANARY
	     "\",\"order_no\":1}",
	     i);
	make(s, "consent@", "/api/people/consent",
	     "{\"person_id\":\"$person@\",\"purpose\":\"secret_purpose\",\"text_version\":\"1\",\"channel\":\"paper\"}",
	     i);
	stage_put(s, fourfold_name(s, "session@", i), fourfold_name(s, "session-@", i));
	sql(s,
	    "INSERT INTO people_session (id, version, created_at, updated_at, person_id, state, last_seen_at, address, "
	    "agent,"
	    " token_hash) VALUES ('$session@', 1, 1, 1, '$person@', 'live', 1, '" CANARY "', '" CANARY "', 'x@')",
	    i);
	make(s, "shift@", "/api/dispatch/shift",
	     "{\"person_id\":\"$person@\",\"place_id\":\"$place@\",\"from_at\":\"$-1\",\"to_at\":\"$+600\",\"kind\":"
	     "\"field\"}",
	     i);
}

/* A calendar belongs to the one who made it; the address of the first is told to all. */
static void calendar_at(struct stage *s, int i)
{
	const struct actor *who =
		rig_actor(&s->r, stage_get(s, fourfold_name(s, "person@", i)), "grid_worker@" NORTH, NULL);
	const char *id = create(&s->r, who, "/api/dispatch/calendar", "{\"scope\":\"own\"}");

	stage_put(s, fourfold_name(s, "calendar@", i), id);
	if (i > 0)
		return;
	call(&s->r, who, "POST", fmt(&s->r, "/api/dispatch/calendar/%s/renew", id), NULL, 200);
	stage_put(s, "rota_key", strstr(text_at(&s->r, here(&s->r), "address"), "key=") + 4);
}

static void things_at(struct stage *s, int i)
{
	make(s, "device@", "/api/sensing/device",
	     "{\"name\":\"Door\",\"kind\":\"door\",\"source\":\"t/@\",\"place_id\":\"$place@\"}", i);
	stage_do(s, fourfold_name(s, "/api/sensing/device/$device@/approve", i),
		 fourfold_name(s, "{\"place_id\":\"$place@\"}", i), 200);
	make(s, "channel@", "/api/sensing/channel", "{\"device_id\":\"$device@\",\"name\":\"lock\",\"kind\":\"lock\"}",
	     i);
	make(s, "eye@", "/api/sensing/device",
	     "{\"name\":\"Eye\",\"kind\":\"camera\",\"source\":\"t/eye@\",\"place_id\":\"$place@\"}", i);
	make(s, "drawing@", "/api/sensing/drawing", "{\"device_id\":\"$eye@\",\"drawing\":{}}", i);
	stage_put(s, fourfold_name(s, "gap@", i), fourfold_name(s, "gap-@", i));
	run_sql(&s->r, fmt(&s->r,
			   "INSERT INTO sensing_gap (id, version, created_at, updated_at, device_id, place_path, "
			   "from_at, to_at,"
			   " reason) VALUES ('gap-%d', 1, 1, 1, '%s', '%s', 1, 2, 'silent')",
			   i, stage_get(s, fourfold_name(s, "device@", i)), paths[i]));
	make(s, "rule@", "/api/watch/rule", "{\"name\":\"Held\",\"template\":\"door-held\",\"place_id\":\"$place@\"}",
	     i);
	stage_do(s, fourfold_name(s, "/api/watch/rule/$rule@/backtest", i), "{\"days\":7}", 200);
	stage_put(s, fourfold_name(s, "backtest@", i), text_at(&s->r, here(&s->r), "id"));
	stage_alert(s, fourfold_name(s, "alert@", i), fourfold_name(s, "kind-@", i), fourfold_name(s, "place@", i));
	make(s, "escalation@", "/api/watch/escalation",
	     "{\"place_id\":\"$place@\",\"level\":1,\"role\":\"head\",\"after_s\":60}", i);
	make(s, "silence@", "/api/watch/silence", "{\"rule_id\":\"$rule@\",\"until_at\":\"$+60\",\"reason\":\"works\"}",
	     i);
}

/* What hangs on a dwelling is made there; to see it, its path counts. */
static void moved(struct stage *s, const char *table, const char *name, int i)
{
	run_sql(&s->r, fmt(&s->r, "UPDATE %s SET place_path = '%s' WHERE id = '%s'", table, paths[i],
			   stage_get(s, fourfold_name(s, name, i))));
}

static void homes_at(struct stage *s, int i)
{
	make(s, "household@", "/api/people/household", "{\"place_id\":\"$dwelling\",\"number\":\"@\"}", i);
	moved(s, "people_household", "household@", i);
	make(s, "member@", "/api/people/member",
	     "{\"household_id\":\"$household@\",\"person_id\":\"$person@\",\"role\":\"owner\",\"relation\":\"self\","
	     "\"lives_here\":false}",
	     i);
	make(s, "identity@", "/api/people/identity",
	     "{\"person_id\":\"$person@\",\"kind\":\"passport\",\"number\":\"E1234567@\",\"basis\":\"law\"}", i);
	make(s, "tenancy@", "/api/people/tenancy",
	     "{\"place_id\":\"$dwelling\",\"side\":\"tenant\",\"tenant_id\":\"$person@\",\"from_at\":\"$-9\",\"to_at\":"
	     "\"$+9000\",\"occupants\":1}",
	     i);
	moved(s, "people_tenancy", "tenancy@", i);
	make(s, "permit@", "/api/people/permit",
	     "{\"person_id\":\"$person@\",\"place_id\":\"$dwelling\",\"kind\":\"other\",\"to_at\":\"$+9000\"}", i);
	moved(s, "people_permit", "permit@", i);
	make(s, "capacity@", "/api/people/capacity", "{\"place_id\":\"$place@\",\"most\":4,\"decision\":\"meeting\"}",
	     i);
	make(s, "vehicle@", "/api/people/vehicle",
	     "{\"household_id\":\"$household@\",\"person_id\":\"$person@\",\"kind\":\"car\",\"plate\":\"赣A1234@\"}",
	     i);
	make(s, "care@", "/api/people/care",
	     "{\"person_id\":\"$person@\",\"need\":\"hearing\",\"purpose\":\"visit\",\"basis\":\"law\",\"roles\":"
	     "[\"admin\",\"seat\",\"deputy\",\"head\",\"grid_worker\"],\"ends_at\":\"$+9000\"}",
	     i);
	make(s, "correction@", "/api/people/correction",
	     "{\"person_id\":\"$person@\",\"kind\":\"object\",\"why\":\"no\"}", i);
	stage_put(s, fourfold_name(s, "question@", i), fourfold_name(s, "question-@", i));
	sql(s,
	    "INSERT INTO people_question (id, version, created_at, updated_at, place_id, place_path, place_label, "
	    "kind, state,"
	    " outcome) VALUES ('question-@', 1, 1, 1, '$dwelling', 'x', '', 'over_capacity', 'open', 'not_yet')",
	    i);
	moved(s, "people_question", "question@", i);
}

static void care_at(struct stage *s, int i)
{
	/* A watch hangs on a dwelling; to see it, its path counts. */
	run_sql(&s->r, fmt(&s->r, "UPDATE people_person SET place_id = '%s' WHERE id = '%s'", stage_get(s, "dwelling"),
			   stage_get(s, fourfold_name(s, "person@", i))));
	make(s, "welfare@", "/api/watch/welfare",
	     "{\"dwelling_id\":\"$dwelling\",\"person_id\":\"$person@\",\"hours\":72,\"sources\":[\"$device1\"],"
	     "\"consent_text_version\":\"2\"}",
	     i);
	make(s, "leave@", "/api/watch/leave",
	     "{\"welfare_id\":\"$welfare@\",\"kind\":\"hospital\",\"from_at\":\"$+1\",\"to_at\":\"$+5000\"}", i);
	run_sql(&s->r,
		fmt(&s->r, "UPDATE watch_welfare SET place_path = '%s', last_seen_at = " SEEN_AT_N " WHERE id = '%s'",
		    paths[i], stage_get(s, fourfold_name(s, "welfare@", i))));
	run_sql(&s->r, fmt(&s->r, "UPDATE watch_leave SET place_path = '%s' WHERE id = '%s'", paths[i],
			   stage_get(s, fourfold_name(s, "leave@", i))));
	stage_put(s, fourfold_name(s, "task@", i), fourfold_name(s, "task-@", i));
	run_sql(&s->r, fmt(&s->r,
			   "INSERT INTO dispatch_task (id, version, created_at, updated_at, number, alert_id, kind, "
			   "severity, place_id,"
			   " place_path, place_label, worker_id, worker_name, state, offered_at, offer_until, "
			   "arrived_at, due_at, proof,"
			   " two_people) VALUES ('task-%d', 1, 1, 1, 'T-%d', 'x', 'k', 'high', 'x', '%s', '', '%s', "
			   "'D', 'closed', %lld,"
			   " 1, %lld, %lld, 'none', 0)",
			   i, i, paths[i], stage_get(s, fourfold_name(s, "person@", i)), (long long)s->r.now,
			   (long long)s->r.now, (long long)s->r.now));
	stage_put(s, fourfold_name(s, "handover@", i), fourfold_name(s, "handover-@", i));
	run_sql(&s->r,
		fmt(&s->r,
		    "INSERT INTO dispatch_handover (id, version, created_at, updated_at, shift_id, from_id, from_name,"
		    " place_id, place_path, alerts, tasks, accepted, state) VALUES ('handover-%d', 1, 1, 1, 'x-%d', "
		    "'%s',"
		    " 'D', 'x', '%s', '[]', '[]', '[]', 'open')",
		    i, i, stage_get(s, fourfold_name(s, "person@", i)), paths[i]));
}

static void doors_at(struct stage *s, int i)
{
	static const char *const rows[] = {
		"rung@",
		"dispatch_rung (id, version, created_at, updated_at, place_id, place_path, level, word, approve, "
		"wait_min,"
		" two_people, unused) VALUES ('rung-@', 1, 1, 1, '$place@', '$path@', 1, 'neighbour', 'nobody', 5, 0, "
		"0)",
		"attempt@",
		"dispatch_attempt (id, version, created_at, updated_at, task_id, task_number, alert_id, place_id, "
		"place_path, place_label, worker_id, worker_name, level, word, approve, wait_min, two_people, state, "
		"result) VALUES ('attempt-@', 1, 1, 1, 'x-@', 'T-@', 'x', 'x', '$path@', '', '$person@', 'D', 1, "
		"'neighbour', 'nobody', 5, 0, 'done', 'no_answer')",
		"mark@",
		"dispatch_mark (id, version, created_at, updated_at, place_id, place_path, place_label, reason, "
		"until_at,"
		" state) VALUES ('mark-@', 1, 1, 1, '$place@', '$path@', '', 'dog', 9, 'ended')",
	};

	stage_put(s, fourfold_name(s, "path@", i), paths[i]);
	for (size_t k = 0; k < COUNT(rows); k += 2) {
		stage_put(s, fourfold_name(s, rows[k], i),
			  fourfold_name(s, fmt(&s->r, "%.*s-@", (int)strcspn(rows[k], "@"), rows[k]), i));
		sql(s, fmt(&s->r, "INSERT INTO %s", rows[k + 1]), i);
	}
}

/* An outline hangs on a community or an enclosure; to see one, its path counts. */
static void edge_at(struct stage *s, int i)
{
	static const char *const rows[] = {
		"outline@",
		"places_outline (id, version, created_at, updated_at, place_id, place_path, number, state, datum, "
		"gap_m,"
		" reach_m, fire_m, boundary) VALUES ('outline-@', 1, 1, 1, '$place@', '$path@', 1, 'draft', 'wgs84', "
		"1, 5, "
		"150,"
		" '[]')",
		"segment@",
		"places_segment (id, version, created_at, updated_at, place_id, place_path, outline_id, ring, seq, "
		"kind,"
		" line, length_m) VALUES ('segment-@', 1, 1, 1, '$place@', '$path@', 'outline-@', 0, 1, 'wall',"
		" '[[115.9,28.68],[115.91,28.68]]', 10)",
		"entrance@",
		"places_entrance (id, version, created_at, updated_at, place_id, place_path, outline_id, code, name, "
		"lon,"
		" lat, state, direction, people, car, e_bike, fire, present) VALUES ('entrance-@', 1, 1, 1, '$place@', "
		"'$path@',"
		" 'outline-@', 'A', 'A', 115.9, 28.68, 'open', 'both', 1, 0, 0, 0, 1)",
		"plan@",
		"places_plan (id, version, created_at, updated_at, place_id, place_path, name, state, entrances_before,"
		" entrances_after) VALUES ('plan-@', 1, 1, 1, '$place@', '$path@', 'P', 'draft', 1, 1)",
		"checkpoint@",
		"places_checkpoint (id, version, created_at, updated_at, entrance_id, place_id, place_path, name, "
		"direction,"
		" in_use) VALUES ('checkpoint-@', 1, 1, 1, 'entrance-@', '$place@', '$path@', 'C', 'in', 1)",
		"work@",
		"places_work (id, version, created_at, updated_at, place_id, place_path, kind, title, state) VALUES"
		" ('work-@', 1, 1, 1, '$place@', '$path@', 'probe', 'W', 'accepted')",
	};

	stage_put(s, fourfold_name(s, "path@", i), paths[i]);
	for (size_t k = 0; k < COUNT(rows); k += 2) {
		stage_put(s, fourfold_name(s, rows[k], i),
			  fourfold_name(s, fmt(&s->r, "%.*s-@", (int)strcspn(rows[k], "@"), rows[k]), i));
		sql(s, fmt(&s->r, "INSERT INTO %s", rows[k + 1]), i);
	}
	make(s, "weight@", "/api/places/weight", "{\"place_id\":\"$place@\",\"kind\":\"probe\",\"weight\":2}", i);
	make(s, "area@", "/api/places/area",
	     "{\"place_id\":\"$place@\",\"code\":\"00@\",\"name\":\"A\",\"kind\":\"open_area\"}", i);
	make(s, "timetable@", "/api/places/timetable",
	     "{\"place_id\":\"$place@\",\"mode\":\"closed\",\"days\":\"1\",\"from_min\":0,\"to_min\":60}", i);
	make(s, "order@", "/api/places/order",
	     "{\"place_id\":\"$place@\",\"mode\":\"closed\",\"legal_no\":\"A-@\",\"issued_by\":\"office\",\"reason\":"
	     "\"flood\",\"from_at\":\"$-1\",\"to_at\":\"$+900\"}",
	     i);
	make(s, "claim@", "/api/insight/claim",
	     "{\"place_id\":\"$place@\",\"figure\":\"buildings\",\"value\":1,\"source\":\"report\",\"source_on\":"
	     "\"2022\"}",
	     i);
}

static void gates_at(struct stage *s, int i)
{
	make(s, "group@", "/api/access/group", "{\"name\":\"g\",\"place_id\":\"$place@\"}", i);
	make(s, "schedule@", "/api/access/schedule",
	     "{\"name\":\"h\",\"place_id\":\"$place@\",\"windows\":[{\"days\":[1],\"from\":\"07:00\",\"to\":\"19:00\"}]"
	     "}",
	     i);
	make(s, "door@", "/api/access/door",
	     "{\"name\":\"d\",\"place_id\":\"$place@\",\"area_id\":\"$place@\",\"group_id\":\"$group@\"}", i);
	make(s, "lane@", "/api/access/lane",
	     "{\"name\":\"l\",\"door_id\":\"$door@\",\"direction\":\"both\",\"device_id\":\"$device@\",\"ways\":[{"
	     "\"method\":\"card\"},"
	     "{\"method\":\"face\"}],\"assessment\":\"P-1\"}",
	     i);
	stage_do(s, fourfold_name(s, "/api/access/lane/$lane@/switch_on", i), "{}", 200);
	make(s, "credential@", "/api/access/credential",
	     "{\"person_id\":\"$person@\",\"place_id\":\"$place@\",\"holder\":\"resident\",\"method\":\"card\","
	     "\"token\":\"tok@\",\"label\":\"" CANARY "\",\"rights\":[{\"group_id\":\"$group@\"}]}",
	     i);
	make(s, "movement@", "/api/access/movement",
	     "{\"credential_id\":\"$credential@\",\"case_number\":\"2026-1\",\"purpose\":\"lost "
	     "child\",\"from_at\":\"$-60\","
	     "\"to_at\":\"$+0\"}",
	     i);
	make(s, "policy@", "/api/access/policy",
	     "{\"name\":\"p\",\"place_id\":\"$place@\",\"kind\":\"house\",\"reason\":\"vote\"}", i);
	make(s, "emergency@", "/api/access/emergency",
	     "{\"place_id\":\"$place@\",\"kind\":\"lockdown\",\"reason\":\"drill\",\"until_at\":\"$+60\"}", i);
	make(s, "opening@", "/api/access/opening", "{\"lane_id\":\"$lane@\",\"reason\":\"called\"}", i);
}

static void visits_at(struct stage *s, int i)
{
	static const char *const names[] = { "wait@", "visit@", "code@", "parcel@" };

	for (size_t k = 0; k < COUNT(names); k++)
		stage_put(s, fourfold_name(s, names[k], i),
			  fmt(&s->r, "%.*s-%d", (int)strlen(names[k]) - 1, names[k], i));
	run_sql(&s->r, fmt(&s->r,
			   "INSERT INTO access_wait (id, version, created_at, updated_at, lane_id, place_path, method, "
			   "why, holder,"
			   " plate, confidence, until_at, state) VALUES ('wait-%d', 1, 1, 1, 'x', '%s', 'plate', "
			   "'unknown_plate',"
			   " 'visitor', '" CANARY "', 900, 1, 'waiting')",
			   i, paths[i]));
	run_sql(&s->r, fmt(&s->r,
			   "INSERT INTO access_visit (id, version, created_at, updated_at, dwelling_id, place_path, "
			   "unit, source,"
			   " holder, purpose, name, phone, people, from_at, to_at, state) VALUES ('visit-%d', 1, 1, 1, "
			   "'x', '%s', 'u',"
			   " 'poster', 'visitor', 'tea', '" CANARY "', '" CANARY "', 1, 1, 2, 'expected')",
			   i, paths[i]));
	run_sql(&s->r, fmt(&s->r,
			   "INSERT INTO access_code (id, version, created_at, updated_at, visit_id, group_id, unit, "
			   "place_path, holder,"
			   " code_mac, from_at, to_at, uses, uses_left, state, replays) VALUES ('code-%d', 1, 1, 1, "
			   "'visit-%d', 'x',"
			   " 'u', '%s', 'visitor', 'm%d', 1, 2, 1, 1, 'live', 0)",
			   i, i, paths[i], i));
	run_sql(&s->r, fmt(&s->r,
			   "INSERT INTO access_parcel (id, version, created_at, updated_at, visit_id, dwelling_id, "
			   "place_path, unit,"
			   " state, number, entered_at) VALUES ('parcel-%d', 1, 1, 1, 'visit-%d', 'x', '%s', 'u', "
			   "'dropped', '" CANARY "', 1)",
			   i, i, paths[i]));
	run_sql(&s->r, fmt(&s->r,
			   "INSERT INTO access_hour (lane_id, place_path, hour_at, method, verdict, direction, n) "
			   "VALUES ('lane-%d',"
			   " '%s', %lld, 'card', 'grant', 'in', 1)",
			   i, paths[i], (long long)(s->r.now / HOUR * HOUR)));
	run_sql(&s->r, fmt(&s->r,
			   "INSERT INTO access_area (area_id, place_path, inside, unsure, reconciled_at) VALUES ('%s', "
			   "'%s', 3, 1, 1)",
			   stage_get(s, fourfold_name(s, "place@", i)), paths[i]));
}

void fourfold_build(struct stage *s)
{
	for (int i = 0; i < PLACES; i++)
		stage_put(s, fourfold_name(s, "place@", i), stage_get(s, fourfold_places[i]));
	for (int i = 0; i < PLACES; i++) {
		people_at(s, i);
		calendar_at(s, i);
		things_at(s, i);
		gates_at(s, i);
		visits_at(s, i);
		homes_at(s, i);
	}
	for (int i = 0; i < PLACES; i++)
		care_at(s, i);
	for (int i = 0; i < PLACES; i++)
		doors_at(s, i);
	for (int i = 0; i < PLACES; i++)
		edge_at(s, i);
}
