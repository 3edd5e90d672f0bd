/* access_setup.c - gate groups and schedules, and small things of the module. */
#include "domain/access/access_inner.h"

#include <string.h>

/* ---- small things ------------------------------------------------------------------ */

enum rc access_place_of(struct ctx *c, struct str id, const char *field, const char *perm, struct place_ref *ret)
{
	TRY(places_get(c, id, field, ret));
	return ctx_may_at(c, perm, ret->path) ? RC_OK
					      : FAIL(c, RC_INVALID, "unknown_place", str_of(field), "no such place");
}

bool access_lies_in(struct str path, struct str top)
{
	return path.n >= top.n && (top.n == 0 || memcmp(path.p, top.p, top.n) == 0);
}

struct str access_path_end(struct ctx *c, struct str path)
{
	char *end = arena_z(c->arena, path);

	if (path.n == 0)
		return STR("\x7f");
	end[path.n - 1] = '/'; /* the byte after '.' */
	return (struct str){ end, path.n };
}

/* A row another one names, for our own code; RC_INVALID at 'field' when there is none. */
enum rc access_row_of(struct ctx *c, const struct entity *e, struct str id, const char *field, void *row)
{
	bool found;

	TRY(entity_find(c, e, "id = $1", ARGS(V_STR(id.p ? id : STR(""))), row, &found));
	return found ? RC_OK : FAIL(c, RC_INVALID, "unknown_ref", str_of(field), "no such %s", e->name);
}

enum rc access_list_changed(struct ctx *c, int64_t *no)
{
	TRY(db_run(c,
		   "INSERT INTO access_count (name, n) VALUES ('list', 1)"
		   " ON CONFLICT (name) DO UPDATE SET n = access_count.n + 1",
		   NO_ARGS, NULL));
	return no ? access_list_number(c, no) : RC_OK;
}

enum rc access_list_number(struct ctx *c, int64_t *no)
{
	return db_int(c, "SELECT n FROM access_count WHERE name = 'list'", NO_ARGS, 0, no);
}

const struct json *access_json_of(struct ctx *c, struct str text)
{
	struct json_error err;
	struct json *j;

	return text.n && json_parse(c->arena, text, 0, &j, &err) == RC_OK ? j : NULL;
}

/* ---- groups: doors that know the same codes ----------------------------------------- */

static const struct field group_fields[] = {
	F_STD(struct group_row),
	F_TEXT(struct group_row, name, 1, 100, REQUIRED | P1),
	F_REF(struct group_row, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct group_row, place_path, DERIVED | P1),
};

static enum rc group_create(struct ctx *c, void *row, const struct json *in)
{
	struct group_row *g = row;
	struct place_ref place;

	(void)in;
	TRY(access_place_of(c, g->place_id, "place_id", "access.manage", &place));
	g->place_path = place.path;
	return RC_OK;
}

static const struct see setup_see[] = { { "access.read", SEE_PLACE }, { 0 } };
static const struct see group_see[] = { { "access.read", SEE_PLACE }, { "access.host", SEE_PLACE }, { 0 } };
static const struct sort by_name[] = { { "name", { "name" } }, { 0 } };

const struct entity access_group = {
	.module = "access",
	.name = "group",
	.table = "access_group",
	.size = sizeof(struct group_row),
	.fields = group_fields,
	.n_fields = COUNT(group_fields),
	.see = group_see,
	.perm = { .create = "access.manage", .update = "access.manage" },
	.place = "place_path",
	.sorts = by_name,
	.on_create = group_create,
	.purpose = "entry",
	.basis = "contract",
};

/* ---- schedules ------------------------------------------------------------------------ */

static const struct field schedule_fields[] = {
	F_STD(struct schedule_row),
	F_TEXT(struct schedule_row, name, 1, 100, REQUIRED | P1),
	F_REF(struct schedule_row, place_id, "places.place", REQUIRED | FIXED | FILTER | P1),
	F_PATH(struct schedule_row, place_path, DERIVED | P1),
	F_JSON(struct schedule_row, windows, 4000, REQUIRED | P1),
	F_JSON(struct schedule_row, days, 16000, P1),
};

/* "07:30", up to "24:00"; -1: none. */
static int32_t seconds_of(struct str s)
{
	int64_t h, m;
	struct str rest = s, part;

	if (s.n != 5 || s.p[2] != ':' || !str_cut(&rest, ':', &part) || str_int(part, &h) != RC_OK ||
	    str_int(rest, &m) != RC_OK || h < 0 || m < 0 || m > 59 || h * 60 + m > 24 * 60)
		return -1;
	return (int32_t)(h * 3600 + m * 60);
}

static enum rc read_window(struct ctx *c, const struct json *j, struct gate_window *w)
{
	const struct json *days = json_get(j, "days");

	*w = (struct gate_window){ .from_s = seconds_of(json_get_text(j, "from")),
				   .to_s = seconds_of(json_get_text(j, "to")) };
	for (const struct json *d = days && days->kind == J_LIST ? days->child : NULL; d; d = d->next) {
		if (d->kind != J_INT || d->i < 1 || d->i > 7)
			return FAIL(c, RC_INVALID, "bad_window", STR("windows"), "days are 1 (Monday) to 7");
		w->days |= (uint8_t)(1u << (d->i - 1));
	}
	if (w->from_s < 0 || w->to_s < 0 || w->days == 0)
		return FAIL(c, RC_INVALID, "bad_window", STR("windows"),
			    "a window has days [1..7], from and to as \"07:30\"");
	return RC_OK;
}

static enum rc read_day(struct ctx *c, const struct json *j, struct gate_day *d)
{
	struct str date = json_get_text(j, "date"), as = json_get_text(j, "as");
	const struct json *weekday = json_get(j, "as");
	int64_t at;

	if (date.n != 10 || time_parse(arena_fmt(c->arena, FMT_STR "T00:00:00Z", ARG_STR(date)), &at) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_day", STR("days"), "a day has a date as \"2026-05-01\"");
	d->day = (int32_t)(at / DAY);
	if (str_is(as, "shut"))
		d->as = GATE_DAY_SHUT;
	else if (str_is(as, "all"))
		d->as = GATE_DAY_ALL;
	else if (weekday && weekday->kind == J_INT && weekday->i >= 1 && weekday->i <= 7)
		d->as = (uint8_t)(weekday->i - 1);
	else
		return FAIL(c, RC_INVALID, "bad_day", STR("days"), "a day counts as \"shut\", \"all\" or 1 to 7");
	return RC_OK;
}

enum rc schedule_read(struct ctx *c, const struct schedule_row *s, struct gate_schedule *ret)
{
	const struct json *windows = access_json_of(c, s->windows), *days = access_json_of(c, s->days);
	struct gate_window *w = NEW_N(c->arena, struct gate_window, WINDOWS_MOST);
	struct gate_day *d = NEW_N(c->arena, struct gate_day, DAYS_MOST);

	*ret = (struct gate_schedule){ .windows = w, .days = d };
	if (windows == NULL || windows->kind != J_LIST || windows->n > WINDOWS_MOST)
		return FAIL(c, RC_INVALID, "bad_window", STR("windows"), "a list of at most %d windows", WINDOWS_MOST);
	if (days && (days->kind != J_LIST || days->n > DAYS_MOST))
		return FAIL(c, RC_INVALID, "bad_day", STR("days"), "a list of at most %d days", DAYS_MOST);
	for (const struct json *j = windows->child; j; j = j->next)
		TRY(read_window(c, j, &w[ret->n_windows++]));
	for (const struct json *j = days ? days->child : NULL; j; j = j->next) {
		TRY(read_day(c, j, &d[ret->n_days]));
		if (ret->n_days && d[ret->n_days].day <= d[ret->n_days - 1].day)
			return FAIL(c, RC_INVALID, "bad_day", STR("days"), "days are in order, each once");
		ret->n_days++;
	}
	return RC_OK;
}

static enum rc schedule_save(struct ctx *c, void *row, const struct json *in)
{
	struct schedule_row *s = row;
	struct gate_schedule read;
	struct place_ref place;

	(void)in;
	TRY(access_place_of(c, s->place_id, "place_id", "access.manage", &place));
	s->place_path = place.path;
	TRY(schedule_read(c, s, &read));
	return access_list_changed(c, NULL);
}

const struct entity access_schedule = {
	.module = "access",
	.name = "schedule",
	.table = "access_schedule",
	.size = sizeof(struct schedule_row),
	.fields = schedule_fields,
	.n_fields = COUNT(schedule_fields),
	.see = setup_see,
	.perm = { .create = "access.manage", .update = "access.manage" },
	.place = "place_path",
	.sorts = by_name,
	.on_create = schedule_save,
	.on_update = schedule_save,
	.purpose = "entry",
	.basis = "contract",
};
