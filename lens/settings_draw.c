/* settings_draw.c - lines, zones, lanes and windows drawn on a still. */
#include "lens/settings_inner.h"

#include <string.h>

enum rc settings_corners(struct reader *r, const struct json *j, const char *where, int most, struct corner *ret,
			 int *n)
{
	if (j->kind != J_LIST || j->n < 3 || j->n > (unsigned)most)
		return settings_fail(r, where, "a list of 3 to %d corners is expected", most);
	*n = 0;
	for (const struct json *c = j->child; c; c = c->next) {
		double x, y;

		if (c->kind != J_LIST || c->n != 2 || !json_number(c->child, &x) || !json_number(c->child->next, &y) ||
		    x < 0 || x > 1 || y < 0 || y > 1)
			return settings_fail(r, where, "corner %d: [x, y] in 0 to 1 is expected", *n);
		ret[(*n)++] = (struct corner){ (float)x, (float)y };
	}
	return RC_OK;
}

static enum rc read_zones(struct reader *r, const struct json *j, const char *where, struct camera_setting *c)
{
	static const char *const keys[] = { "ignore", "corners", NULL };
	const struct json *list;

	TRY(settings_list(r, j, where, "zones", ANALYSE_ZONES_MAX, &list));
	for (const struct json *z = list ? list->child : NULL; z; z = z->next) {
		const char *at = settings_path(r, where, "zones", c->zones_n);
		struct zone *zone = &c->zones[c->zones_n++];

		TRY(settings_known(r, z, at, keys));
		TRY(settings_flag(r, z, at, "ignore", &zone->ignore));
		if (json_get(z, "corners") == NULL)
			return settings_fail(r, at, "corners are needed");
		TRY(settings_corners(r, json_get(z, "corners"), at, ANALYSE_CORNERS_MAX, zone->corners, &zone->n));
		if (zone_check(zone))
			return settings_fail(r, at, "%s", zone_check(zone));
	}
	return RC_OK;
}

static enum rc read_lane(struct reader *r, const struct json *j, const char *where, struct lane_setting *lane)
{
	static const char *const keys[] = { "name",    "corners",  "width_m", "length_m",
					    "area_m2", "least_m2", "after_s", NULL };
	struct lane_config *c = &lane->config;
	double after = 10;

	lane->name = "fire-lane";
	TRY(settings_known(r, j, where, keys));
	TRY(settings_text(r, j, where, "name", 60, &lane->name));
	if (json_get(j, "corners") == NULL)
		return settings_fail(r, where, "corners are needed");
	TRY(settings_corners(r, json_get(j, "corners"), where, ANALYSE_CORNERS_MAX, c->corners, &c->n));
	TRY(settings_real(r, j, where, &(struct range){ "width_m", 0.5, 100 }, &c->width_m));
	TRY(settings_real(r, j, where, &(struct range){ "length_m", 0.5, 300 }, &c->length_m));
	TRY(settings_real(r, j, where, &(struct range){ "area_m2", 1, 10000 }, &c->area_m2));
	TRY(settings_real(r, j, where, &(struct range){ "least_m2", 0.25, 100 }, &c->least_m2));
	TRY(settings_real(r, j, where, &(struct range){ "after_s", 10, 86400 }, &after));
	c->after_us = (int64_t)after * SECOND;
	const char *wrong = lane_check(c);

	return wrong ? settings_fail(r, where, "%s", wrong) : RC_OK;
}

static enum rc read_windows(struct reader *r, const struct json *j, const char *where, struct camera_setting *c)
{
	const struct json *list;

	TRY(settings_list(r, j, where, "windows", WINDOWS_MAX, &list));
	c->windows = NEW_N(r->a, struct window, list ? list->n : 1);
	for (const struct json *w = list ? list->child : NULL; w; w = w->next) {
		struct window *to = &c->windows[c->windows_n];

		TRY(settings_corners(r, w, settings_path(r, where, "windows", c->windows_n), (int)COUNT(to->corners),
				     to->corners, &to->n));
		c->windows_n++;
	}
	return RC_OK;
}

/* [x1, y1, x2, y2], and for floor lines the height in metres. */
static enum rc read_line(struct reader *r, const struct json *j, const char *where, bool height,
			 struct calibration_line *ret)
{
	double v[5] = { 0 };
	unsigned n = 0, want = height ? 5 : 4;

	for (const struct json *c = j->kind == J_LIST ? j->child : NULL; c && n < want; c = c->next)
		if (!json_number(c, &v[n++]))
			return settings_fail(r, where, "numbers are expected");
	if (j->kind != J_LIST || j->n != want)
		return settings_fail(r, where, "[x1, y1, x2, y2%s] is expected", height ? ", height_m" : "");
	*ret = (struct calibration_line){ v[0], v[1], v[2], v[3], v[4] };
	return RC_OK;
}

static enum rc read_lines(struct reader *r, const struct json *j, const char *where, struct calibration_input *in)
{
	const struct json *list;

	TRY(settings_list(r, j, where, "lines", CALIBRATION_LINES_MAX, &list));
	for (const struct json *l = list ? list->child : NULL; l; l = l->next, in->lines_n++)
		TRY(read_line(r, l, settings_path(r, where, "lines", in->lines_n), true, &in->lines[in->lines_n]));
	TRY(settings_list(r, j, where, "edges", CALIBRATION_EDGES_MAX, &list));
	for (const struct json *l = list ? list->child : NULL; l; l = l->next, in->edges_n++)
		TRY(read_line(r, l, settings_path(r, where, "edges", in->edges_n), false, &in->edges[in->edges_n]));
	return RC_OK;
}

static enum rc read_calibration(struct reader *r, const struct json *j, const char *where, struct camera_setting *c)
{
	static const char *const keys[] = { "lines", "edges", "aspect", "floor_height_m", "floors", NULL };
	struct calibration_input *in = NEW(r->a, struct calibration_input);
	double floors = 30;
	char field[32];
	const char *reason;

	if (j == NULL || j->kind == J_NULL)
		return RC_OK;
	*in = (struct calibration_input){ .aspect = 16.0 / 9, .floor_height_m = 3 };
	TRY(settings_known(r, j, where, keys));
	TRY(read_lines(r, j, where, in));
	TRY(settings_real(r, j, where, &(struct range){ "aspect", 0.2, 5 }, &in->aspect));
	TRY(settings_real(r, j, where, &(struct range){ "floor_height_m", 2, 6 }, &in->floor_height_m));
	TRY(settings_real(r, j, where, &(struct range){ "floors", 1, 200 }, &floors));
	in->floors = (int)floors;
	if (calibration_solve(in, &c->calibration, field, &reason) != RC_OK)
		return settings_fail(r, where, "%s: %s", field, reason);
	c->has_calibration = true;
	return RC_OK;
}

enum rc settings_drawing(struct reader *r, const struct json *j, const char *where, struct camera_setting *ret)
{
	const struct json *list;

	TRY(read_calibration(r, json_get(j, "calibration"), settings_path(r, where, "calibration", -1), ret));
	TRY(read_zones(r, j, where, ret));
	TRY(read_windows(r, j, where, ret));
	TRY(settings_list(r, j, where, "lanes", LANES_MAX, &list));
	for (const struct json *l = list ? list->child : NULL; l; l = l->next, ret->lanes_n++)
		TRY(read_lane(r, l, settings_path(r, where, "lanes", ret->lanes_n), &ret->lanes[ret->lanes_n]));
	return RC_OK;
}
