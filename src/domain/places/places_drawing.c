/* places_drawing.c - segments and entrances between JSON and structs. */
#include "domain/places/places_outline.h"
#include "base/datum.h"

#include <stdio.h>
#include <string.h>

const char *const segment_kinds[] = { "wall", "landscape_wall", "fence", "building_face", "water", "gate", NULL };
const char *const entrance_states[] = { "open", "closed", "emergency_only", "night_closed", NULL };
const char *const lane_directions[] = { "both", "in", "out", NULL };

/* ---- values ----------------------------------------------------------------------- */

static enum rc read_word(struct ctx *c, const struct json *j, const char *key, const char *const *words, unsigned *ret)
{
	struct str s = json_get_text(j, key);

	if (s.p == NULL)
		return FAIL(c, RC_INVALID, "required", str_of(key), "%s is required", key);
	for (unsigned i = 0; words[i]; i++) {
		if (str_is(s, words[i])) {
			*ret = i;
			return RC_OK;
		}
	}
	return FAIL(c, RC_INVALID, "unknown_word", str_of(key), "%s has no such value", key);
}

static enum rc read_text(struct ctx *c, const struct json *j, const char *key, size_t most, struct str *ret)
{
	const struct json *v = json_get(j, key);

	*ret = NO_STR;
	if (v == NULL || v->kind == J_NULL)
		return RC_OK;
	if (v->kind != J_TEXT)
		return FAIL(c, RC_INVALID, "wrong_type", str_of(key), "%s must be text", key);
	if (str_chars(v->text) > most)
		return FAIL(c, RC_INVALID, "wrong_length", str_of(key), "at most %zu characters", most);
	if (v->text.n)
		*ret = v->text;
	return RC_OK;
}

static enum rc read_flag(struct ctx *c, const struct json *j, const char *key, bool missing, bool *ret)
{
	const struct json *v = json_get(j, key);

	*ret = missing;
	if (v == NULL)
		return RC_OK;
	if (v->kind != J_BOOL)
		return FAIL(c, RC_INVALID, "wrong_type", str_of(key), "%s must be true or false", key);
	*ret = v->i != 0;
	return RC_OK;
}

/* "2025-06-01", a day that exists. */
static enum rc read_day(struct ctx *c, const struct json *j, const char *key, struct str *ret)
{
	int64_t t;

	TRY(read_text(c, j, key, 10, ret));
	if (ret->p &&
	    (ret->n != 10 || time_parse(arena_fmt(c->arena, FMT_STR "T00:00:00Z", ARG_STR(*ret)), &t) != RC_OK))
		return FAIL(c, RC_INVALID, "bad_day", str_of(key), "a day is written 2025-06-01");
	return RC_OK;
}

static enum rc read_point(struct ctx *c, const struct json *j, const char *field, struct lonlat *ret)
{
	const struct json *lat = j && j->kind == J_LIST && j->child ? j->child->next : NULL;

	if (!lat || !json_number(j->child, &ret->lon) || !json_number(lat, &ret->lat))
		return FAIL(c, RC_INVALID, "bad_point", str_of(field), "a point is [lon, lat]");
	if (!lonlat_is_valid(*ret))
		return FAIL(c, RC_INVALID, "out_of_range", str_of(field), "longitude -180 to 180, latitude -90 to 90");
	return RC_OK;
}

/* Members nobody knows are refused: a misspelt "kind" must not pass silently. */
static enum rc only(struct ctx *c, const struct json *j, const char *const *known)
{
	if (j->kind != J_MAP)
		return FAIL(c, RC_INVALID, "wrong_type", NO_STR, "a JSON object is expected");
	for (const struct json *m = j->child; m; m = m->next) {
		size_t i = 0;

		while (known[i] && !str_is(m->key, known[i]))
			i++;
		if (!known[i])
			return FAIL(c, RC_INVALID, "unknown_field", m->key, "no member of this name");
	}
	return RC_OK;
}

/* ---- one of each ---------------------------------------------------------------------- */

static bool same_point(struct lonlat a, struct lonlat b)
{
	return a.lon == b.lon && a.lat == b.lat;
}

static enum rc read_line(struct ctx *c, const struct json *line, struct segment *s)
{
	if (line == NULL || line->kind != J_LIST || line->n < 2)
		return FAIL(c, RC_INVALID, "too_short", STR("line"), "a line has at least two points");
	s->p = NEW_N(c->arena, struct lonlat, line->n);
	s->n = 0;
	for (const struct json *j = line->child; j; j = j->next) {
		TRY(read_point(c, j, "line", &s->p[s->n]));
		s->n += s->n == 0 || !same_point(s->p[s->n], s->p[s->n - 1]);
	}
	return s->n >= 2 ? RC_OK : FAIL(c, RC_INVALID, "too_short", STR("line"), "all points of the line are the same");
}

enum rc drawing_segment(struct ctx *c, const struct json *j, struct segment *ret)
{
	static const char *const known[] = { "ring", "kind", "built_on", "note", "line", NULL };
	int64_t ring;

	TRY(only(c, j, known));
	ring = json_get_int(j, "ring", 0);
	if (ring < 0 || ring >= OUTLINE_MAX_RINGS)
		return FAIL(c, RC_INVALID, "out_of_range", STR("ring"), "ring must be 0 to %d", OUTLINE_MAX_RINGS - 1);
	*ret = (struct segment){ .ring = (size_t)ring };
	TRY(read_word(c, j, "kind", segment_kinds, &ret->kind));
	TRY(read_day(c, j, "built_on", &ret->built_on));
	TRY(read_text(c, j, "note", 200, &ret->note));
	return read_line(c, json_get(j, "line"), ret);
}

static bool code_is_good(struct str code)
{
	for (size_t i = 0; i < code.n; i++) {
		char ch = code.p[i];

		if (!(ch >= '0' && ch <= '9') && !(ch >= 'a' && ch <= 'z') && !(ch >= 'A' && ch <= 'Z') && ch != '_' &&
		    ch != '-')
			return false;
	}
	return code.n > 0 && code.n <= PLACE_MAX_CODE;
}

enum rc drawing_doorway(struct ctx *c, const struct json *j, struct doorway *ret)
{
	static const char *const known[] = { "code",      "name",   "note", "lon",    "lat",  "state",
					     "direction", "people", "car",  "e_bike", "fire", NULL };

	*ret = (struct doorway){ .state = ENTRANCE_OPEN };
	TRY(only(c, j, known));
	TRY(read_text(c, j, "code", PLACE_MAX_CODE, &ret->code));
	if (!code_is_good(ret->code))
		return FAIL(c, RC_INVALID, "bad_code", STR("code"), "1 to %d of 0-9 A-Z a-z _ -", PLACE_MAX_CODE);
	TRY(read_text(c, j, "name", PLACE_MAX_NAME, &ret->name));
	TRY(read_text(c, j, "note", 200, &ret->note));
	if (ret->name.p == NULL)
		ret->name = ret->code;
	if (!json_number(json_get(j, "lon"), &ret->at.lon) || !json_number(json_get(j, "lat"), &ret->at.lat))
		return FAIL(c, RC_INVALID, "required", STR("lon"), "lon and lat are required");
	if (!lonlat_is_valid(ret->at))
		return FAIL(c, RC_INVALID, "out_of_range", STR("lon"), "longitude -180 to 180, latitude -90 to 90");
	if (json_get(j, "state"))
		TRY(read_word(c, j, "state", entrance_states, &ret->state));
	if (json_get(j, "direction"))
		TRY(read_word(c, j, "direction", lane_directions, &ret->direction));
	TRY(read_flag(c, j, "people", true, &ret->people));
	TRY(read_flag(c, j, "car", false, &ret->car));
	TRY(read_flag(c, j, "e_bike", false, &ret->e_bike));
	TRY(read_flag(c, j, "fire", false, &ret->fire));
	if (!ret->people && !ret->car && !ret->e_bike && !ret->fire)
		return FAIL(c, RC_INVALID, "required", STR("people"), "an entrance is for somebody or something");
	return RC_OK;
}

/* ---- lists -------------------------------------------------------------------------------- */

static enum rc read_list(struct ctx *c, struct str text, const char *name, size_t most, const struct json **ret)
{
	struct json_error err;
	struct json *j;

	*ret = NULL;
	if (text.n == 0)
		return RC_OK;
	if (json_parse(c->arena, text, 0, &j, &err) != RC_OK)
		return FAIL(c, RC_INVALID, "bad_json", str_of(name), "%s near byte %zu", err.reason, err.at);
	if (j->kind != J_LIST)
		return FAIL(c, RC_INVALID, "wrong_type", str_of(name), "%s must be a list", name);
	if (j->n > most)
		return FAIL(c, RC_INVALID, "too_many", str_of(name), "at most %zu", most);
	*ret = j;
	return RC_OK;
}

/* "segments[3].kind" instead of "kind". */
static enum rc at_item(struct ctx *c, enum rc rc, const char *list, size_t i)
{
	if (rc == RC_INVALID)
		c->fail.field = arena_fmt(c->arena, "%s[%zu]%s" FMT_STR, list, i, c->fail.field.n ? "." : "",
					  ARG_STR(c->fail.field));
	return rc;
}

enum rc drawing_check(struct ctx *c, const struct drawing *d)
{
	size_t points = 0;

	for (size_t i = 0; i < d->n_segments; i++)
		points += d->segments[i].n;
	if (points > OUTLINE_MAX_POINTS || d->n_segments > OUTLINE_MAX_SEGMENTS)
		return FAIL(c, RC_INVALID, "too_many", STR("segments"), "at most %d segments and %d points",
			    OUTLINE_MAX_SEGMENTS, OUTLINE_MAX_POINTS);
	if (d->n_doorways > OUTLINE_MAX_ENTRANCES)
		return FAIL(c, RC_INVALID, "too_many", STR("entrances"), "at most %d", OUTLINE_MAX_ENTRANCES);
	for (size_t i = 0; i < d->n_doorways; i++)
		for (size_t k = 0; k < i; k++)
			if (str_eq(d->doorways[i].code, d->doorways[k].code))
				return at_item(c,
					       FAIL(c, RC_INVALID, "already_exists", STR("code"),
						    "another entrance has this code"),
					       "entrances", i);
	return RC_OK;
}

static void convert(struct lonlat *p)
{
	struct datum_point at = datum_gcj_to_wgs((struct datum_point){ p->lon, p->lat });

	*p = (struct lonlat){ at.lon, at.lat };
}

void drawing_convert(struct drawing *d, unsigned datum)
{
	if (datum != PLACES_GCJ02)
		return;
	for (size_t i = 0; i < d->n_segments; i++)
		for (size_t k = 0; k < d->segments[i].n; k++)
			convert(&d->segments[i].p[k]);
	for (size_t i = 0; i < d->n_doorways; i++)
		convert(&d->doorways[i].at);
}

enum rc drawing_read(struct ctx *c, struct str segments, struct str entrances, unsigned datum, struct drawing *ret)
{
	const struct json *s, *e;

	*ret = (struct drawing){ 0 };
	TRY(read_list(c, segments, "segments", OUTLINE_MAX_SEGMENTS, &s));
	TRY(read_list(c, entrances, "entrances", OUTLINE_MAX_ENTRANCES, &e));
	ret->segments = NEW_N(c->arena, struct segment, s ? s->n + 1 : 1);
	ret->doorways = NEW_N(c->arena, struct doorway, e ? e->n + 1 : 1);
	for (const struct json *j = s ? s->child : NULL; j; j = j->next) {
		TRY(at_item(c, drawing_segment(c, j, &ret->segments[ret->n_segments]), "segments", ret->n_segments));
		ret->n_points += ret->segments[ret->n_segments++].n;
	}
	for (const struct json *j = e ? e->child : NULL; j; j = j->next) {
		TRY(at_item(c, drawing_doorway(c, j, &ret->doorways[ret->n_doorways]), "entrances", ret->n_doorways));
		ret->n_doorways++;
	}
	drawing_convert(ret, datum);
	return drawing_check(c, ret);
}

/* ---- JSON out ------------------------------------------------------------------------------- */

void segment_line(struct buf *out, const struct segment *s)
{
	buf_char(out, '[');
	for (size_t i = 0; i < s->n; i++)
		buf_fmt(out, "%s[%.7f,%.7f]", i ? "," : "", s->p[i].lon, s->p[i].lat);
	buf_char(out, ']');
}

struct str drawing_segments(struct arena *a, const struct drawing *d)
{
	struct buf out = buf_new(a, 1 << 20);

	json_open(&out, '[');
	for (size_t i = 0; i < d->n_segments; i++) {
		const struct segment *s = &d->segments[i];
		struct buf line = buf_new(a, 1 << 20);

		json_open(&out, '{');
		json_put_int(&out, "ring", (int64_t)s->ring);
		json_put_text(&out, "kind", str_of(segment_kinds[s->kind]));
		json_put_text(&out, "built_on", s->built_on);
		json_put_text(&out, "note", s->note);
		segment_line(&line, s);
		json_put_raw(&out, "line", buf_str(&line));
		json_close(&out, '}');
	}
	json_close(&out, ']');
	return buf_str(&out);
}

struct str drawing_doorways(struct arena *a, const struct drawing *d)
{
	struct buf out = buf_new(a, 1 << 20);

	json_open(&out, '[');
	for (size_t i = 0; i < d->n_doorways; i++) {
		const struct doorway *e = &d->doorways[i];

		json_open(&out, '{');
		json_put_text(&out, "code", e->code);
		json_put_text(&out, "name", e->name);
		json_key(&out, "lon");
		buf_fmt(&out, "%.7f", e->at.lon);
		json_key(&out, "lat");
		buf_fmt(&out, "%.7f", e->at.lat);
		json_put_text(&out, "state", str_of(entrance_states[e->state]));
		json_put_text(&out, "direction", str_of(lane_directions[e->direction]));
		json_put_bool(&out, "people", e->people);
		json_put_bool(&out, "car", e->car);
		json_put_bool(&out, "e_bike", e->e_bike);
		json_put_bool(&out, "fire", e->fire);
		json_put_text(&out, "note", e->note);
		json_close(&out, '}');
	}
	json_close(&out, ']');
	return buf_str(&out);
}
