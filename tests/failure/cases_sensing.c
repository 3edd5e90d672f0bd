/* Devices and what they say. */
#include "cases.h"

#define HEAD "head@" NORTH

static void speaks(struct stage *s)
{
	s->r.auth = fmt(&s->r, "Device %s.%s", stage_get(s, "door"), stage_get(s, "door_key"));
	s->r.type = "application/x-ndjson";
}

static void shows(struct stage *s)
{
	speaks(s);
	s->r.type = "image/png";
}

static void silent(struct stage *s)
{
	s->r.auth = s->r.type = NULL;
}

static void another(struct stage *s)
{
	silent(s);
	stage_make(s, "other", "/api/sensing/device",
		   "{\"name\":\"B\",\"kind\":\"door\",\"source\":\"t/b\",\"place_id\":\"$north\"}");
	stage_settle(s);
}

static void eye(struct stage *s)
{
	silent(s);
	stage_make(s, "eye", "/api/sensing/device",
		   "{\"name\":\"E\",\"kind\":\"camera\",\"source\":\"t/e\",\"place_id\":\"$north\"}");
	stage_settle(s);
}

#define EVENT(id, more) \
	"{\"specversion\":\"1.0\",\"id\":\"" id "\",\"source\":\"t/" more "\",\"type\":\"cn.jiuan.door.opened.v1\"}\n"

#define PNG "\x89PNG\r\n\x1a\n0123456789"

const struct write_case sensing_cases[] = {
	/* New, new, twice the same, from a stranger. */
	{ "POST /api/sensing/events", "nobody", "/api/sensing/events?results=all",
	  EVENT("e1", "door") EVENT("e2", "door") EVENT("e2", "door") EVENT("e1", "door/new"), .want = 200,
	  .before = speaks },
	{ "POST /api/sensing/evidence", "nobody", "/api/sensing/evidence?id=e1&kind=still", PNG, .want = 201,
	  .before = shows },
	{ "POST /api/sensing/device", HEAD, NULL,
	  "{\"name\":\"Gate\",\"kind\":\"gate\",\"source\":\"t/gate\",\"place_id\":\"$north\"}", .want = 201,
	  .before = silent, .save = "gate" },
	{ "PATCH /api/sensing/device/{id}", HEAD, "/api/sensing/device/$gate", "{\"heartbeat_s\":30}", .want = 200 },
	{ "POST /api/sensing/device/{id}/approve", HEAD, "/api/sensing/device/$gate/approve",
	  "{\"place_id\":\"$building\"}", .want = 200 },
	{ "POST /api/sensing/device/{id}/key", HEAD, "/api/sensing/device/$gate/key", NULL, .want = 200,
	  .secret = true },
	{ "POST /api/sensing/channel", HEAD, NULL, "{\"device_id\":\"$gate\",\"name\":\"lock\",\"kind\":\"lock\"}",
	  .want = 201, .save = "channel" },
	{ "PATCH /api/sensing/channel/{id}", HEAD, "/api/sensing/channel/$channel", "{\"place_id\":\"$unit\"}",
	  .want = 200 },
	{ "POST /api/sensing/device/{id}/retire", HEAD, "/api/sensing/device/$gate/retire", "{}", .want = 200 },
	{ "POST /api/sensing/device/{id}/refuse", HEAD, "/api/sensing/device/$other/refuse", "{\"reason\":\"unknown\"}",
	  .want = 200, another },
	{ "POST /api/sensing/drawing", HEAD, NULL,
	  "{\"device_id\":\"$eye\",\"drawing\":{\"lanes\":[{\"corners\":[[0,0],[1,0],[1,1]],\"area_m2\":9}]}}",
	  .want = 201, .before = eye },
	EXPORT(HEAD, "sensing/device"),
	EXPORT(HEAD, "sensing/channel"),
	EXPORT(HEAD, "sensing/gap"),
	{ 0 },
};
