/* sensing_drawing.c - lines, zones, lanes and windows drawn on a camera's
 * picture, and the lens that asks for them by its key.
 *
 * Corners are fractions of the picture, 0 to 1 from the top left.  The shape is
 * that of the lens's own configuration (docs/lens-run.md).
 */
#include "domain/sensing/sensing_inner.h"

#include <string.h>

enum { DRAWING_MOST = 256 * 1024, LINES = 64, EDGES = 8, ZONES = 16, LANES = 8, WINDOWS = 200, CORNERS = 32 };

struct drawing_row {
	struct std std;
	struct str device_id, place_path, drawing;
	int64_t revision;
	double residual_px;
};

static const struct field drawing_fields[] = {
	F_STD(struct drawing_row),
	F_REF(struct drawing_row, device_id, "sensing.device", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct drawing_row, place_path, DERIVED | P1),
	F_INT(struct drawing_row, revision, 1, INT64_MAX, DERIVED | P0),
	F_JSON(struct drawing_row, drawing, DRAWING_MOST, REQUIRED | FIXED | P1),
	F_REAL(struct drawing_row, residual_px, 0, 1000, FIXED | P0),
};
static const struct see drawing_see[] = { { "sensing.read", SEE_PLACE }, { 0 } };

/* ---- its shape ------------------------------------------------------------------- */

static enum rc wrong(struct ctx *c, const char *where, size_t i, const char *what)
{
	return FAIL(c, RC_INVALID, "bad_drawing", STR("drawing"), "%s[%zu]: %s", where, i, what);
}

static bool numbers(const struct json *list, unsigned n, double lo, double hi)
{
	double v = 0;

	if (list == NULL || list->kind != J_LIST || list->n != n)
		return false;
	for (const struct json *j = list->child; j; j = j->next)
		if (!json_number(j, &v) || v < lo || v > hi)
			return false;
	return true;
}

static bool corners(const struct json *list, unsigned most)
{
	if (list == NULL || list->kind != J_LIST || list->n < 3 || list->n > most)
		return false;
	for (const struct json *j = list->child; j; j = j->next)
		if (!numbers(j, 2, 0, 1))
			return false;
	return true;
}

static bool number_in(const struct json *map, const char *key, double lo, double hi, bool needed)
{
	const struct json *j = json_get(map, key);
	double v = 0;

	return j ? json_number(j, &v) && v >= lo && v <= hi : !needed;
}

/* A list of at most 'most' things that are 'ok'. */
static enum rc each(struct ctx *c, const struct json *map, const char *key, unsigned most,
		    bool (*ok)(const struct json *j))
{
	const struct json *list = json_get(map, key);
	size_t i = 0;

	if (list == NULL)
		return RC_OK;
	if (list->kind != J_LIST || list->n > most)
		return wrong(c, key, 0, "too many, or no list");
	for (const struct json *j = list->child; j; j = j->next, i++)
		if (!ok(j))
			return wrong(c, key, i, "shape or range");
	return RC_OK;
}

static bool line_ok(const struct json *j)
{
	double height = 0;

	return j->kind == J_LIST && j->n == 5 && numbers(j, 5, -1000, 1000) &&
	       json_number(j->child->next->next->next->next, &height) && height >= -50 && height <= 1000;
}

static bool edge_ok(const struct json *j)
{
	return numbers(j, 4, -1, 2);
}

static bool zone_ok(const struct json *j)
{
	return corners(json_get(j, "corners"), CORNERS);
}

static bool window_ok(const struct json *j)
{
	return corners(j, 8);
}

static bool lane_ok(const struct json *j)
{
	bool sides = json_get(j, "width_m") && json_get(j, "length_m");

	return corners(json_get(j, "corners"), CORNERS) && (sides || json_get(j, "area_m2")) &&
	       number_in(j, "width_m", 0.5, 100, false) && number_in(j, "length_m", 0.5, 300, false) &&
	       number_in(j, "area_m2", 1, 10000, false) && number_in(j, "least_m2", 0.25, 100, false) &&
	       number_in(j, "after_s", 10, 86400, false) && json_get_text(j, "name").n <= 60;
}

static enum rc calibration_check(struct ctx *c, const struct json *map)
{
	const struct json *cal = json_get(map, "calibration"), *lines = json_get(cal, "lines");

	if (cal == NULL || cal->kind == J_NULL)
		return RC_OK;
	if (lines == NULL || lines->n < 3)
		return wrong(c, "calibration", 0, "three floor lines are needed");
	TRY(each(c, cal, "lines", LINES, line_ok));
	TRY(each(c, cal, "edges", EDGES, edge_ok));
	if (!number_in(cal, "aspect", 0.2, 5, false) || !number_in(cal, "floor_height_m", 2, 6, true) ||
	    !number_in(cal, "floors", 1, 200, false))
		return wrong(c, "calibration", 0, "aspect, floor_height_m or floors");
	return RC_OK;
}

static enum rc drawing_check(struct ctx *c, struct str text)
{
	static const char *const keys[] = { "calibration", "zones", "lanes", "windows" };
	struct json *map;
	struct json_error err;

	if (json_parse(c->arena, text, 100000, &map, &err) != RC_OK || map->kind != J_MAP)
		return FAIL(c, RC_INVALID, "bad_drawing", STR("drawing"), "an object is expected");
	for (const struct json *j = map->child; j; j = j->next) {
		bool known = false;

		for (size_t i = 0; i < COUNT(keys); i++)
			known = known || str_is(j->key, keys[i]);
		if (!known)
			return FAIL(c, RC_INVALID, "bad_drawing", STR("drawing"), "unknown key");
	}
	TRY(calibration_check(c, map));
	TRY(each(c, map, "zones", ZONES, zone_ok));
	TRY(each(c, map, "lanes", LANES, lane_ok));
	return each(c, map, "windows", WINDOWS, window_ok);
}

static enum rc drawing_create(struct ctx *c, void *row, const struct json *in)
{
	struct drawing_row *r = row;
	struct device_row d;
	bool found;

	(void)in;
	TRY(entity_find(c, &sensing_device, "id = $1", ARGS(V_STR(r->device_id)), &d, &found));
	if (!found || !ctx_may_at(c, "sensing.manage", d.place_path))
		return FAIL(c, RC_INVALID, "unknown_device", STR("device_id"), "no such device");
	if (d.kind != K_CAMERA)
		return FAIL(c, RC_CONFLICT, "wrong_kind", STR("device_id"), "only cameras have pictures");
	TRY(drawing_check(c, r->drawing));
	TRY(db_int(c, "SELECT max(revision) FROM sensing_drawing WHERE device_id = $1", ARGS(V_STR(r->device_id)), 0,
		   &r->revision));
	r->revision++;
	r->place_path = d.place_path;
	return RC_OK;
}

static const struct sort drawing_sorts[] = { { "revision", { "-revision" } }, { 0 } };

const struct entity sensing_drawing = {
	.module = "sensing",
	.name = "drawing",
	.table = "sensing_drawing",
	.size = sizeof(struct drawing_row),
	.fields = drawing_fields,
	.n_fields = COUNT(drawing_fields),
	.see = drawing_see,
	.perm = { .create = "sensing.manage" },
	.place = "place_path",
	.sorts = drawing_sorts,
	.on_create = drawing_create,
	.purpose = "device_care",
	.basis = "public_duty",
};

/* ---- for the lens -------------------------------------------------------------------- */

/* The active cameras this lens may speak for, with the newest drawing of each.
 * A camera that is not in the list is not to be looked through. */
enum rc lens_get(struct ctx *c, struct call *k)
{
	struct device *speaker;

	TRY(cache_refresh(c));
	TRY(ingest_speaker(c, &speaker));
	struct str from = speaker->place_path, to = arena_dup(c->arena, from);
	bool others = speaker->kind == K_LENS || speaker->kind == K_GATEWAY;

	/* "36." .. "36/": everything below a path. */
	((char *)(uintptr_t)to.p)[to.n - 1]++;
	json_open(k->out, '{');
	json_key(k->out, "cameras");
	TRY(db_json(c, k->out,
		    "SELECT d.source AS source, w.revision AS revision, w.drawing AS drawing_json FROM sensing_device d"
		    " LEFT JOIN sensing_drawing w ON w.device_id = d.id AND w.revision ="
		    " (SELECT max(x.revision) FROM sensing_drawing x WHERE x.device_id = d.id)"
		    " WHERE d.kind = 'camera' AND d.state = 'active'"
		    " AND ((d.place_path >= $1 AND d.place_path < $2 AND $3 = 1) OR d.id = $4 OR d.gateway_id = $4)"
		    " ORDER BY d.source",
		    ARGS(V_STR(from), V_STR(to), V_INT(others), V_STR(speaker->id))));
	json_close(k->out, '}');
	return RC_OK;
}
