/* Enclosures: outlines, plans, works, modes; claims. */
#include "cases.h"

#define HEAD "head@" NORTH
#define BASE "/api/places/"

/* A square of some 98 by 111 metres around the stage's building. */
#define SQUARE                                                                                      \
	"[{\"kind\":\"wall\",\"line\":[[115.8995,28.6795],[115.9005,28.6795],[115.9005,28.6805]]}," \
	"{\"kind\":\"fence\",\"line\":[[115.9005,28.6805],[115.8995,28.6805],[115.8995,28.6795]]}]"
#define DOORS                                                                 \
	"[{\"code\":\"S\",\"lon\":115.9,\"lat\":28.6795,\"name\":\"South\"}," \
	"{\"code\":\"N\",\"lon\":115.9,\"lat\":28.6805,\"car\":true}]"

static void placed(struct stage *s)
{
	run_sql(&s->r, "UPDATE places_place SET lon = 115.9, lat = 28.68 WHERE kind = 'building'");
}

static void finished(struct stage *s)
{
	stage_make(s, "work2", BASE "work", "{\"place_id\":\"$north\",\"kind\":\"probe\",\"title\":\"p\"}");
	stage_do(s, BASE "work/$work2/start", "{}", 200);
}

static void spare_work(struct stage *s)
{
	stage_make(s, "work3", BASE "work", "{\"place_id\":\"$north\",\"kind\":\"probe\",\"title\":\"q\"}");
}

static void another(struct stage *s)
{
	stage_make(s, "draft2", BASE "outline", "{\"place_id\":\"$north\"}");
}

static void another_plan(struct stage *s)
{
	stage_make(s, "plan2", BASE "plan", "{\"place_id\":\"$north\",\"name\":\"p\"}");
}

static enum rc take_id(void *arg, const struct row *row)
{
	struct stage *s = arg;

	stage_put(s, "entrance", arena_dup(s->r.arena, row->v[0].s).p);
	return RC_OK;
}

static void at_entrance(struct stage *s)
{
	assert_int_equal(
		conn_each(app_conn(s->r.app), "SELECT id FROM places_entrance WHERE code = 'S'", NO_ARGS, take_id, s),
		RC_OK);
}

const struct write_case enclosure_cases[] = {
	{ "POST /api/places/outline", HEAD, NULL,
	  "{\"place_id\":\"$north\",\"segments\":" SQUARE ",\"entrances\":" DOORS "}", .want = 201, .before = placed,
	  .save = "draft" },
	{ "PATCH /api/places/outline/{id}", HEAD, BASE "outline/$draft", "{\"note\":\"n\",\"entrances\":" DOORS "}",
	  .want = 200 },
	{ "POST /api/places/outline/{id}/check", HEAD, BASE "outline/$draft/check", "{}", .want = 200 },
	{ "POST /api/places/outline/{id}/publish", HEAD, BASE "outline/$draft/publish", "{}", .want = 200 },
	{ "POST /api/places/outline/{id}/rebase", HEAD, BASE "outline/$draft2/rebase", "{}", .want = 200,
	  .before = another },
	{ "POST /api/places/outline/{id}/drop", HEAD, BASE "outline/$draft2/drop", "{}", .want = 200 },
	{ "POST /api/places/outline_import", HEAD, BASE "outline_import?place=$north&format=csv",
	  "what,code,lon,lat\nentrance,W,115.8995,28.68\n", .want = 200 },
	{ "POST /api/places/plan", HEAD, NULL,
	  "{\"place_id\":\"$north\",\"name\":\"one\",\"changes\":[{\"code\":\"N\",\"state\":\"closed\",\"reason\":"
	  "\"r\"}]}",
	  .want = 201, .save = "plan" },
	{ "PATCH /api/places/plan/{id}", HEAD, BASE "plan/$plan", "{\"name\":\"fewer\"}", .want = 200 },
	{ "POST /api/places/plan/{id}/check", HEAD, BASE "plan/$plan/check", "{}", .want = 200 },
	{ "POST /api/places/plan/{id}/publish", HEAD, BASE "plan/$plan/publish", "{}", .want = 200 },
	{ "POST /api/places/plan/{id}/drop", HEAD, BASE "plan/$plan2/drop", "{}", .want = 200, .before = another_plan },
	{ "POST /api/places/checkpoint", HEAD, NULL,
	  "{\"entrance_id\":\"$entrance\",\"name\":\"South\",\"devices\":[\"d\"],\"roster\":[\"p\"]}", .want = 201,
	  .before = at_entrance, .save = "checkpoint" },
	{ "PATCH /api/places/checkpoint/{id}", HEAD, BASE "checkpoint/$checkpoint", "{\"in_use\":false}", .want = 200 },
	{ "POST /api/places/weight", HEAD, NULL, "{\"place_id\":\"$north\",\"kind\":\"probe\",\"weight\":3}",
	  .want = 201, .save = "weight" },
	{ "PATCH /api/places/weight/{id}", HEAD, BASE "weight/$weight", "{\"weight\":4}", .want = 200 },
	{ "POST /api/places/work", HEAD, NULL, "{\"place_id\":\"$north\",\"kind\":\"boundary\",\"title\":\"t\"}",
	  .want = 201, .save = "work" },
	{ "PATCH /api/places/work/{id}", HEAD, BASE "work/$work", "{\"weight\":7}", .want = 200 },
	{ "POST /api/places/work/{id}/start", HEAD, BASE "work/$work/start", "{}", .want = 200 },
	{ "POST /api/places/work/{id}/finish", HEAD, BASE "work/$work2/finish", "{}", .want = 200, .before = finished },
	{ "POST /api/places/work/{id}/accept", HEAD, BASE "work/$work2/accept",
	  "{\"no_photo_reason\":\"under ground\"}", .want = 200 },
	{ "POST /api/places/work/{id}/send_back", HEAD, BASE "work/$work2/send_back", "{\"reason\":\"a hole\"}",
	  .want = 200 },
	{ "POST /api/places/work/{id}/drop", HEAD, BASE "work/$work3/drop", "{\"reason\":\"not needed\"}", .want = 200,
	  .before = spare_work },
	{ "POST /api/places/area", HEAD, NULL,
	  "{\"place_id\":\"$north\",\"code\":\"001\",\"name\":\"a\",\"kind\":\"open_area\"}", .want = 201,
	  .save = "area" },
	{ "PATCH /api/places/area/{id}", HEAD, BASE "area/$area", "{\"enclosure_id\":\"$north\"}", .want = 200 },
	{ "POST /api/places/timetable", HEAD, NULL,
	  "{\"place_id\":\"$north\",\"mode\":\"closed\",\"days\":\"12\",\"from_min\":1320,\"to_min\":360}", .want = 201,
	  .save = "slot" },
	{ "PATCH /api/places/timetable/{id}", HEAD, BASE "timetable/$slot", "{\"to_min\":300}", .want = 200 },
	{ "POST /api/places/order", HEAD, NULL,
	  "{\"place_id\":\"$north\",\"mode\":\"closed\",\"legal_no\":\"A-1\",\"issued_by\":\"office\",\"reason\":"
	  "\"flood\",\"from_at\":\"$-1\",\"to_at\":\"$+900\"}",
	  .want = 201, .save = "order" },
	{ "POST /api/places/order/{id}/revoke", HEAD, BASE "order/$order/revoke", "{\"revoke_reason\":\"over\"}",
	  .want = 200 },
	{ "POST /api/insight/claim", HEAD, NULL,
	  "{\"place_id\":\"$north\",\"figure\":\"area_km2\",\"value\":1,\"source\":\"report\",\"source_on\":\"2022\"}",
	  .want = 201, .save = "claim" },
	{ "PATCH /api/insight/claim/{id}", HEAD, "/api/insight/claim/$claim", "{\"value\":2}", .want = 200 },
	{ 0 },
};
