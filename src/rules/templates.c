#include "rules/templates.h"

#define OBJECT               "{\"type\":\"cn.jiuan.camera.object.v1\"}"
#define LANE                 "{\"type\":\"cn.jiuan.camera.lane.v1\"}"
#define THROWN               "{\"type\":\"cn.jiuan.camera.thrown.v1\"}"
#define OPENED               "{\"type\":\"cn.jiuan.door.opened.v1\"}"
#define CLOSED               "{\"type\":\"cn.jiuan.door.closed.v1\"}"
#define FORCED               "{\"type\":\"cn.jiuan.door.forced.v1\"}"
#define HELD                 "{\"type\":\"cn.jiuan.door.held.v1\"}"
#define GRANT                "{\"type\":\"cn.jiuan.access.granted.v1\"}"
#define SENSED               "{\"type\":\"cn.jiuan.sensor.presence.v1\"}"
#define METER                "{\"type\":\"cn.jiuan.meter.reading.v1\"}"
#define IS(field, op, value) "{\"field\":\"" field "\",\"op\":\"" op "\",\"value\":" value "}"

/* Everything a resident may have chosen as a sign of life; which of them count
 * for whom is decided by the caller, who sets an event's subject. */
#define ELDER_ABSENCE                                                                                   \
	"{\"kind\":\"absence\",\"severity\":\"high\",\"template\":\"elder-absence\",\"key\":\"watch\"," \
	"\"when\":{\"any\":[" SENSED "," OPENED "," GRANT "," METER "]},\"for_s\":259200,"              \
	"\"task\":{\"form\":\"elder-visit\"}}"

/* A falling object is seen by several cameras of one facade: each may speak
 * once, and they become one alert by place. */
#define THROWN_OBJECT                                                                                    \
	"{\"kind\":\"match\",\"severity\":\"urgent\",\"template\":\"thrown-object\",\"key\":\"device\"," \
	"\"when\":{\"all\":[" THROWN                                                                     \
	"," IS("score", "ge", "0.6") "]},\"cooldown_s\":60,\"merge_s\":120,"                             \
				     "\"limit\":{\"n\":60,\"per_s\":3600},\"task\":{\"form\":\"thrown-object\"}}"

/* New objects only: a stationary e-bike does not alert again. */
#define E_BIKE_INSIDE                                                                                                  \
	"{\"kind\":\"match\",\"severity\":\"high\",\"template\":\"e-bike-inside\",\"key\":\"place\","                  \
	"\"key_field\":\"zone\",\"when\":{\"all\":[" OBJECT                                                            \
	"," IS("label", "in", "[\"e-bike\",\"motorcycle\"]") "," IS("phase", "eq", "\"new\"") "," IS(                  \
		"score", "ge", "0.6") "," IS("zone", "in",                                                             \
					     "[\"lobby\",\"lift\",\"stairs\"]") "]},"                                  \
										"\"cooldown_s\":300,\"merge_s\":600,"  \
										"\"limit\":{\"n\":120,\"per_s\":3600}" \
										",\"task\":{\"form\":\"e-bike\"}}"

#define FIRE_LANE                                                                                              \
	"{\"kind\":\"dwell\",\"severity\":\"high\",\"template\":\"fire-lane\",\"key\":\"device\","             \
	"\"key_field\":\"zone\",\"when\":{\"all\":[" LANE                                                      \
	"," IS("occupied", "eq", "true") "]},"                                                                 \
					 "\"clear\":{\"all\":[" LANE                                           \
					 "," IS("occupied", "eq", "false") "]},\"for_s\":300,\"merge_s\":600," \
									   "\"task\":{\"form\":\"fire-lane\"}}"

/* Either the controller says so itself, or a door opened with no grant at it
 * within the five seconds before. */
#define DOOR_FORCED                                                                                    \
	"{\"kind\":\"match\",\"severity\":\"urgent\",\"template\":\"door-forced\",\"key\":\"device\"," \
	"\"when\":{\"any\":[" FORCED "," OPENED "]},"                                                  \
	"\"without\":{\"when\":" GRANT ",\"before_s\":5,\"only\":" OPENED "},\"cooldown_s\":30,"       \
	"\"merge_s\":300,\"limit\":{\"n\":60,\"per_s\":3600},\"task\":{\"form\":\"door\"}}"

#define DOOR_HELD                                                                                       \
	"{\"kind\":\"dwell\",\"severity\":\"normal\",\"template\":\"door-held\",\"key\":\"device\","    \
	"\"when\":{\"any\":[" OPENED "," HELD "]},\"clear\":" CLOSED ",\"for_s\":60,\"stale_s\":86400," \
	"\"merge_s\":300,\"task\":{\"form\":\"door\"}}"

/* Any message proves a device alive; enrolled devices only. */
#define DEVICE_SILENT                                                                                      \
	"{\"kind\":\"absence\",\"severity\":\"normal\",\"template\":\"device-silent\",\"key\":\"device\"," \
	"\"for_s\":300,\"merge_s\":600,\"limit\":{\"n\":50,\"per_s\":600},\"task\":{\"form\":\"device\"}}"

static const struct rule_template templates[] = {
	{ "elder-absence", RULE_HIGH, "seen_lately", ELDER_ABSENCE },
	{ "thrown-object", RULE_URGENT, "thrown", THROWN_OBJECT },
	{ "e-bike-inside", RULE_HIGH, "e_bike_inside", E_BIKE_INSIDE },
	{ "fire-lane", RULE_HIGH, "lane_blocked", FIRE_LANE },
	{ "door-forced", RULE_URGENT, "door_forced", DOOR_FORCED },
	{ "door-held", RULE_NORMAL, "door_held", DOOR_HELD },
	{ "device-silent", RULE_NORMAL, "device_silent", DEVICE_SILENT },
};

static const struct rule_field_row rows[] = {
	{ "cn.jiuan.sensor.presence.v1", NULL, RULE_INT },
	{ "cn.jiuan.door.opened.v1", NULL, RULE_INT },
	{ "cn.jiuan.door.closed.v1", NULL, RULE_INT },
	{ "cn.jiuan.door.forced.v1", NULL, RULE_INT },
	{ "cn.jiuan.door.held.v1", NULL, RULE_INT },
	{ "cn.jiuan.access.granted.v1", NULL, RULE_INT },
	{ "cn.jiuan.meter.reading.v1", NULL, RULE_INT },
	{ "cn.jiuan.camera.object.v1", "label", RULE_TEXT },
	{ "cn.jiuan.camera.object.v1", "zone", RULE_TEXT },
	{ "cn.jiuan.camera.object.v1", "score", RULE_REAL },
	{ "cn.jiuan.camera.object.v1", "object_id", RULE_TEXT },
	{ "cn.jiuan.camera.object.v1", "stationary", RULE_BOOL },
	{ "cn.jiuan.camera.object.v1", "phase", RULE_TEXT },
	{ "cn.jiuan.camera.thrown.v1", "floor", RULE_INT },
	{ "cn.jiuan.camera.thrown.v1", "score", RULE_REAL },
	{ "cn.jiuan.camera.lane.v1", "zone", RULE_TEXT },
	{ "cn.jiuan.camera.lane.v1", "occupied", RULE_BOOL },
	{ "cn.jiuan.device.heartbeat.v1", "battery", RULE_INT },
	{ "cn.jiuan.device.heartbeat.v1", "skew_ms", RULE_INT },
	{ "cn.jiuan.device.heartbeat.v1", "tamper", RULE_BOOL },
};

const struct rule_template *rule_templates(size_t *n)
{
	*n = COUNT(templates);
	return templates;
}

const struct rule_template *rule_template_find(struct str id)
{
	for (size_t i = 0; i < COUNT(templates); i++)
		if (str_is(id, templates[i].id))
			return &templates[i];
	return NULL;
}

const struct rule_field_row *rule_field_rows(size_t *n)
{
	*n = COUNT(rows);
	return rows;
}

bool rule_type_known(void *self, struct str type)
{
	(void)self;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (str_is(type, rows[i].type))
			return true;
	return false;
}

bool rule_field_known(void *self, struct str type, struct str field)
{
	(void)self;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].field != NULL && str_is(field, rows[i].field) &&
		    (type.p == NULL || str_is(type, rows[i].type)))
			return true;
	return false;
}
