/* demo_gates.c - the way into Jingtai Garden (S7): a gate group, the north gate
 * with a lane in, a lane out and one for cars behind its one controller.  The
 * guard's and the household's accounts stand in demo_people.c.
 */
#include "app/demo_inner.h"

#define COMMUNITY "jingtai."
#define GATE      "jingtai.north."
#define DEVICE    "demo/jingtai/gate-n"

static const struct demo_lane {
	const char *name, *direction, *ways;
} lanes[] = {
	{ "北门 1 号 人行进", "in",
	  "[{\"method\":\"card\"},{\"method\":\"phone\"},{\"method\":\"visitor_code\"},{\"method\":\"qr\"},"
	  "{\"method\":\"guard\"}]" },
	{ "北门 2 号 人行出", "out", "[{\"method\":\"card\"},{\"method\":\"guard\"}]" },
	{ "北门 3 号 车行", "both", "[{\"method\":\"plate\"},{\"method\":\"card\"},{\"method\":\"guard\"}]" },
};

static enum rc add_lane(struct demo *d, const struct demo_lane *l, struct str door, struct str device)
{
	struct buf b = demo_body(d);
	const struct json *known;
	struct str lane;

	TRY(demo_first(d, arena_fmt(d->arena, "/api/access/lane?door_id=" FMT_STR, ARG_STR(door)), &known));
	while (known && !str_is(json_get_text(known, "name"), l->name))
		known = known->next;
	if (known)
		return RC_OK;
	json_put_text(&b, "name", str_of(l->name));
	json_put_text(&b, "door_id", door);
	json_put_text(&b, "direction", str_of(l->direction));
	json_put_raw(&b, "ways", str_of(l->ways));
	json_put_text(&b, "device_id", device);
	TRY(demo_make(d, "access/lane", &b, &lane));
	return demo_ask(d, STR("POST"), arena_fmt(d->arena, "/api/access/lane/" FMT_STR "/switch_on", ARG_STR(lane)),
			STR("{}"), NULL);
}

static enum rc add_door(struct demo *d, struct str community, struct str place, struct str *door)
{
	struct buf b = demo_body(d);
	struct str group;

	json_put_text(&b, "name", STR("景泰花园各门"));
	json_put_text(&b, "place_id", community);
	TRY(demo_make(d, "access/group", &b, &group));
	b = demo_body(d);
	json_put_text(&b, "name", STR("北门"));
	json_put_text(&b, "place_id", place);
	json_put_text(&b, "area_id", community);
	json_put_text(&b, "group_id", group);
	return demo_make(d, "access/door", &b, door);
}

/* The lanes in order, each looked for before it is made. */
enum rc demo_seed_gates(struct demo *d)
{
	const struct json *known;
	struct str community, place, door;

	TRY(demo_place(d, COMMUNITY, &community));
	TRY(demo_place(d, GATE, &place));
	TRY(demo_first(d, STR("/api/access/door?limit=1"), &known));
	door = json_get_text(known, "id");
	if (known == NULL)
		TRY(add_door(d, community, place, &door));
	TRY(demo_first(d, STR("/api/sensing/device?source=" DEVICE), &known));
	for (size_t i = 0; i < COUNT(lanes); i++)
		TRY(add_lane(d, &lanes[i], door, json_get_text(known, "id")));
	return RC_OK;
}
