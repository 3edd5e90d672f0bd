#include "ground.h"

#include "domain/places/places.h"
#include "files/files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const struct module *const ground_modules[] = { &files_module, &places_module, NULL };
static const char *const office[] = { "places.*", NULL };
static const char *const reader[] = { "places.place.read", NULL };
const struct role ground_roles[] = { { "office", office }, { "reader", reader }, { 0 } };

static const double lon0 = 115.9, lat0 = 28.68, m_per_lon = 97726.0, m_per_lat = 110832.0;

static const char *place(struct ground *g, const char *parent, const char *kind, const char *code)
{
	return create(g->r, rig_actor(g->r, "boss", "office@", NULL), "/api/places/place",
		      fmt(g->r, "{%s%s%s\"kind\":\"%s\",\"code\":\"%s\"}", parent ? "\"parent_id\":\"" : "",
			  parent ? parent : "", parent ? "\"," : "", kind, code));
}

void ground_build(struct ground *g, struct rig *r)
{
	*g = (struct ground){ .r = r };
	g->city = place(g, NULL, "city", "3601");
	g->district = place(g, g->city, "district", "360111");
	g->street = place(g, g->district, "subdistrict", "360111001");
	g->community = place(g, g->street, "community", "c1");
	g->enclosure = place(g, g->community, "enclosure", "e1");
	place(g, g->street, "community", "c2");
	g->office = rig_actor(r, "olga", "office@36.3601.360111.360111001.c1.", NULL);
	g->reader = rig_actor(r, "rita", "reader@36.3601.360111.360111001.c1.", NULL);
	g->other = rig_actor(r, "otto", "office@36.3601.360111.360111001.c2.", NULL);
}

const char *ground_point(struct ground *g, double x, double y)
{
	return fmt(g->r, "%.7f,%.7f", lon0 + x / m_per_lon, lat0 + y / m_per_lat);
}

static const char *lon_lat(struct ground *g, double x, double y)
{
	return fmt(g->r, "\"lon\":%.7f,\"lat\":%.7f", lon0 + x / m_per_lon, lat0 + y / m_per_lat);
}

const char *ground_building(struct ground *g, const char *code, double x, double y)
{
	return create(g->r, g->office, "/api/places/place",
		      fmt(g->r, "{\"parent_id\":\"%s\",\"kind\":\"building\",\"code\":\"%s\",%s}", g->enclosure, code,
			  lon_lat(g, x, y)));
}

const char *ground_segment(struct ground *g, const char *kind, const double *xy, size_t n)
{
	const char *line = "";

	for (size_t i = 0; i < n; i++)
		line = fmt(g->r, "%s%s[%s]", line, i ? "," : "", ground_point(g, xy[2 * i], xy[2 * i + 1]));
	return fmt(g->r, "{\"kind\":\"%s\",\"line\":[%s]}", kind, line);
}

const char *ground_door(struct ground *g, const char *code, double x, double y, const char *more)
{
	return fmt(g->r, "{\"code\":\"%s\",%s%s}", code, lon_lat(g, x, y), more);
}

const char *ground_square(struct ground *g, double gap)
{
	const double a[] = { 0, 0, 400, 0 }, b[] = { 400, gap, 400, 300 }, c[] = { 400, 300, 0, 300 },
		     d[] = { 0, 300, 0, 0 };

	return fmt(g->r, "[%s,%s,%s,%s]", ground_segment(g, "wall", a, 2), ground_segment(g, "landscape_wall", b, 2),
		   ground_segment(g, "fence", c, 2), ground_segment(g, "building_face", d, 2));
}

const char *ground_draft(struct ground *g, const char *segments, const char *entrances)
{
	return create(g->r, g->office, OUTLINE,
		      fmt(g->r, "{\"place_id\":\"%s\"%s%s%s%s}", g->enclosure, segments ? ",\"segments\":" : "",
			  segments ? segments : "", entrances ? ",\"entrances\":" : "", entrances ? entrances : ""));
}

const struct json *ground_step(struct ground *g, const char *path, const char *id, const char *verb, const char *body,
			       int want)
{
	return call(g->r, g->office, "POST", fmt(g->r, "%s/%s/%s", path, id, verb), body, want);
}

const char *ground_publish(struct ground *g, const char *entrances)
{
	const char *id = ground_draft(g, ground_square(g, 0), entrances);

	ground_step(g, OUTLINE, id, "check", "{}", 200);
	ground_step(g, OUTLINE, id, "publish", "{}", 200);
	return id;
}

const struct json *ground_fault(struct ground *g, const char *code)
{
	const struct json *list = at(here(g->r), "faults");

	for (const struct json *j = list && list->kind == J_LIST ? list->child : NULL; j; j = j->next)
		if (strcmp(text_at(g->r, j, "code"), code) == 0)
			return j;
	return NULL;
}

double real_at(const struct json *j, const char *dotted)
{
	double d;
	const struct json *v = at(j, dotted);

	return v && json_number(v, &d) ? d : (double)NAN;
}
