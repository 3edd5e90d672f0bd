/* frigate_read.c - fields out of Frigate's JSON, checked. */
#include "device/frigate_parts.h"

#include <math.h>
#include <string.h>

enum rc frigate_refuse(struct frigate_out *o, const char *code, const char *field)
{
	o->err->code = code;
	o->err->field = field;
	return RC_INVALID;
}

static enum rc get_text(struct frigate_out *o, const struct json *j, const char *field, struct str *ret)
{
	const struct json *c = json_get(j, field);

	if (c == NULL)
		return frigate_refuse(o, "missing", field);
	if (c->kind != J_TEXT)
		return frigate_refuse(o, "wrong_type", field);
	*ret = c->text;
	return RC_OK;
}

enum rc frigate_get_id(struct frigate_out *o, const struct json *j, const char *field, struct str *ret)
{
	TRY(get_text(o, j, field, ret));
	if (ret->n == 0 || ret->n > FRIGATE_MAX_ID)
		return frigate_refuse(o, "length", field);
	for (size_t i = 0; i < ret->n; i++) {
		char c = ret->p[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '.' &&
		    c != '-' && c != '_')
			return frigate_refuse(o, "characters", field);
	}
	return RC_OK;
}

/* Names of cameras, zones and models are the installer's; Chinese is fine. */
enum rc frigate_check_name(struct frigate_out *o, struct str s, const char *field)
{
	if (s.n == 0 || s.n > FRIGATE_MAX_NAME)
		return frigate_refuse(o, "length", field);
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7F || c == '/' || (c == 0xC2 && (unsigned char)s.p[i + 1] < 0xA0))
			return frigate_refuse(o, "characters", field);
	}
	return RC_OK;
}

enum rc frigate_get_name(struct frigate_out *o, const struct json *j, const char *field, struct str *ret)
{
	TRY(get_text(o, j, field, ret));
	return frigate_check_name(o, *ret, field);
}

enum rc frigate_get_time(struct frigate_out *o, const struct json *j, const char *field, int64_t *ret)
{
	const struct json *c = json_get(j, field);
	double s;

	if (c == NULL || c->kind == J_NULL)
		return RC_OK;
	if (!json_number(c, &s))
		return frigate_refuse(o, "wrong_type", field);
	if (!(s >= 1 && s < 253402300800.0)) /* 1970 to 9999 */
		return frigate_refuse(o, "time", field);
	*ret = llround(s * 1e6);
	return RC_OK;
}

static enum rc get_zones(struct frigate_out *o, const struct json *j, const char *field, struct frigate_zones *ret)
{
	const struct json *list = json_get(j, field);

	if (list == NULL || list->kind == J_NULL)
		return RC_OK;
	if (list->kind != J_LIST)
		return frigate_refuse(o, "wrong_type", field);
	for (const struct json *c = list->child; c; c = c->next) {
		bool known = false;

		if (c->kind != J_TEXT)
			return frigate_refuse(o, "wrong_type", field);
		TRY(frigate_check_name(o, c->text, field));
		for (size_t i = 0; i < ret->n; i++)
			known = known || str_eq(ret->names[i], c->text);
		if (!known && ret->n == FRIGATE_MAX_ZONES)
			return frigate_refuse(o, "too_many", field);
		if (!known)
			ret->names[ret->n++] = c->text;
	}
	return RC_OK;
}

static bool get_flag(const struct json *j, const char *field)
{
	const struct json *c = json_get(j, field);

	return c && c->kind == J_BOOL && c->i;
}

static const struct json *get_number(const struct json *j, const char *field)
{
	const struct json *c = json_get(j, field);

	return c && (c->kind == J_REAL || c->kind == J_INT) ? c : NULL;
}

/* The current score while it lasts, the best one at the end.  HTTP lists keep
 * it in "data". */
static const struct json *get_score(const struct json *j, enum frigate_phase phase)
{
	const struct json *in[] = { j, json_get(j, "data") };
	const char *first = phase == PHASE_END ? "top_score" : "score",
		   *second = phase == PHASE_END ? "score" : "top_score";

	for (size_t i = 0; i < COUNT(in); i++) {
		const struct json *score = get_number(in[i], first);

		score = score ? score : get_number(in[i], second);
		if (score)
			return score;
	}
	return NULL;
}

enum rc frigate_get_object(struct frigate_out *o, const struct json *j, struct frigate_object *ret)
{
	struct str label;

	TRY(frigate_get_id(o, j, "id", &ret->id));
	TRY(frigate_get_name(o, j, "camera", &ret->camera));
	TRY(get_text(o, j, "label", &label));
	TRY(frigate_get_time(o, j, "frame_time", &ret->frame_at));
	TRY(frigate_get_time(o, j, "start_time", &ret->started_at));
	TRY(frigate_get_time(o, j, "end_time", &ret->ended_at));
	TRY(get_zones(o, j, ret->knows_current ? "entered_zones" : "zones", &ret->entered));
	if (ret->knows_current)
		TRY(get_zones(o, j, "current_zones", &ret->current));
	ret->label = frigate_label(label);
	ret->score = get_score(j, ret->phase);
	ret->stationary = get_flag(j, "stationary");
	ret->has_snapshot = get_flag(j, "has_snapshot");
	ret->has_clip = get_flag(j, "has_clip");
	return RC_OK;
}

static bool any_word(const struct json *list, struct str (*word)(struct str))
{
	for (const struct json *c = list ? list->child : NULL; c; c = c->next)
		if (c->kind == J_TEXT && word(c->text).p)
			return true;
	return false;
}

static enum rc get_list(struct frigate_out *o, const struct json *j, const char *field, const struct json **ret)
{
	*ret = json_get(j, field);
	if (*ret && (*ret)->kind == J_NULL)
		*ret = NULL;
	return *ret && (*ret)->kind != J_LIST ? frigate_refuse(o, "wrong_type", field) : RC_OK;
}

enum rc frigate_get_review(struct frigate_out *o, const struct json *j, struct frigate_review *ret, bool *ours)
{
	const struct json *data = json_get(j, "data");
	struct str severity;

	*ours = false;
	TRY(frigate_get_id(o, j, "id", &ret->id));
	TRY(frigate_get_name(o, j, "camera", &ret->camera));
	TRY(get_text(o, j, "severity", &severity));
	TRY(frigate_get_time(o, j, "start_time", &ret->started_at));
	TRY(frigate_get_time(o, j, "end_time", &ret->ended_at));
	if (ret->started_at == 0)
		return frigate_refuse(o, "missing", "start_time");
	if (data == NULL || data->kind != J_MAP)
		return frigate_refuse(o, data ? "wrong_type" : "missing", "data");
	TRY(get_list(o, data, "objects", &ret->objects));
	TRY(get_list(o, data, "audio", &ret->sounds));
	TRY(get_zones(o, data, "zones", &ret->zones));
	ret->alert = str_is(severity, "alert");
	if (!ret->alert && !str_is(severity, "detection"))
		return str_is(severity, "significant_motion") ? RC_OK : frigate_refuse(o, "unknown_word", "severity");
	*ours = any_word(ret->objects, frigate_label) || any_word(ret->sounds, frigate_sound);
	return RC_OK;
}
