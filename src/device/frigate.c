#include "device/frigate_parts.h"

enum { MAX_NODES = 20000 }; /* one MQTT message */

static struct frigate_out out_new(const struct frigate *f, struct arena *a, int64_t now, struct device_events *ret,
				  struct device_error *err)
{
	*ret = (struct device_events){ NULL, 0 };
	*err = (struct device_error){ NULL, "", 0 };
	return (struct frigate_out){ .f = f, .a = a, .now = now, .ret = ret, .err = err };
}

static enum rc parse(struct frigate_out *o, struct str text, size_t max_nodes, struct json **ret)
{
	struct json_error json;

	if (json_parse(o->a, text, max_nodes, ret, &json) == RC_OK)
		return RC_OK;
	o->err->at = json.at;
	return frigate_refuse(o, "not_json", "");
}

/* ---- availability ----------------------------------------------------------- */

static void put_state(struct frigate_out *o, struct str camera, bool online, struct str reason)
{
	struct device_event *e = frigate_add(o, camera, online ? EVENT_DEVICE_ONLINE : EVENT_DEVICE_OFFLINE, o->now);
	struct buf b = buf_new(o->a, 200);

	e->id = arena_fmt(o->a, FMT_STR "/%lld", ARG_STR(reason), (long long)o->now);
	json_open(&b, '{');
	json_put_text(&b, "reason", reason);
	json_close(&b, '}');
	e->data = buf_str(&b);
}

static struct str state_word(struct str s)
{
	static const char *const words[] = { "online", "offline", "stopped", "disabled" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (str_is(s, words[i]))
			return str_of(words[i]);
	return NO_STR;
}

static enum rc read_available(struct frigate_out *o, struct str payload)
{
	struct str word = state_word(str_trim(payload));

	if (word.p == NULL || str_is(word, "disabled"))
		return frigate_refuse(o, "unknown_word", "available");
	put_state(o, NO_STR, str_is(word, "online"), word);
	return RC_OK;
}

/* Only the detector says whether a camera sees; a lost recording is no gap. */
static enum rc read_status(struct frigate_out *o, struct str camera, struct str role, struct str payload)
{
	struct str word = state_word(str_trim(payload));
	bool record = str_is(role, "record");

	TRY(frigate_check_name(o, camera, "camera"));
	if (word.p == NULL || str_is(word, "stopped"))
		return frigate_refuse(o, "unknown_word", "status");
	if (str_is(role, "detect")) {
		put_state(o, camera, str_is(word, "online"), word);
		return RC_OK;
	}
	if (!record && !str_is(role, "audio"))
		return RC_OK;
	struct device_event *e = frigate_add(o, camera, EVENT_DEVICE_HEALTH, o->now);
	struct buf b = buf_new(o->a, 200);

	e->subject = record ? STR("record") : STR("audio");
	e->id = arena_fmt(o->a, FMT_STR "/" FMT_STR "/%lld", ARG_STR(e->subject), ARG_STR(word), (long long)o->now);
	json_open(&b, '{');
	json_put_text(&b, "part", e->subject);
	json_put_text(&b, "state", word);
	json_close(&b, '}');
	e->data = buf_str(&b);
	return RC_OK;
}

/* ---- events and reviews ------------------------------------------------------ */

/* {type, before, after}: the phase and 'after'. */
static enum rc read_change(struct frigate_out *o, struct str payload, enum frigate_phase *phase,
			   const struct json **after)
{
	struct json *j;

	TRY(parse(o, payload, MAX_NODES, &j));
	struct str type = json_get_text(j, "type");

	*after = json_get(j, "after");
	if (type.p == NULL)
		return frigate_refuse(o, "missing", "type");
	if (!str_is(type, "new") && !str_is(type, "update") && !str_is(type, "end"))
		return frigate_refuse(o, "unknown_word", "type");
	if (*after == NULL || (*after)->kind != J_MAP)
		return frigate_refuse(o, *after ? "wrong_type" : "missing", "after");
	*phase = str_is(type, "new") ? PHASE_NEW : str_is(type, "update") ? PHASE_UPDATE : PHASE_END;
	return RC_OK;
}

static enum rc read_event(struct frigate_out *o, struct str payload)
{
	struct frigate_object it = { .knows_current = true };
	const struct json *after, *wrong;

	TRY(read_change(o, payload, &it.phase, &after));
	wrong = json_get(after, "false_positive");
	if (wrong == NULL || wrong->kind != J_BOOL)
		return frigate_refuse(o, wrong ? "wrong_type" : "missing", "false_positive");
	if (wrong->i)
		return RC_OK;
	TRY(frigate_get_object(o, after, &it));
	if (it.frame_at == 0)
		return frigate_refuse(o, "missing", "frame_time");
	if (it.label.p)
		frigate_put_object(o, &it);
	return RC_OK;
}

static enum rc read_review(struct frigate_out *o, struct str payload)
{
	struct frigate_review it = { .alert = false };
	const struct json *after;
	bool ours;

	TRY(read_change(o, payload, &it.phase, &after));
	TRY(frigate_get_review(o, after, &it, &ours));
	if (ours)
		frigate_put_review(o, &it);
	return RC_OK;
}

/* ---- tracked object updates --------------------------------------------------- */

static bool wants_model(const struct frigate *f, struct str model)
{
	for (size_t i = 0; i < f->models_n; i++)
		if (str_eq(f->models[i], model))
			return true;
	return false;
}

static void put_class(struct frigate_out *o, const struct json *j, struct str ids[3], struct str word, int64_t at)
{
	struct device_event *e = frigate_add(o, ids[1], EVENT_CAMERA_CLASS, at);
	struct buf b = buf_new(o->a, 1000);
	double score;

	e->id = arena_fmt(o->a, FMT_STR "/class/" FMT_STR "/%lld", ARG_STR(ids[0]), ARG_STR(ids[2]), (long long)at);
	e->subject = arena_dup(o->a, ids[0]);
	json_open(&b, '{');
	json_put_text(&b, "object_id", ids[0]);
	json_put_text(&b, "model", ids[2]);
	json_put_text(&b, "class", word);
	if (json_number(json_get(j, "score"), &score))
		json_put_real(&b, "score", score);
	json_close(&b, '}');
	e->data = buf_str(&b);
}

/* Of description, face, lpr and classification only the last, and of that only
 * configured models and words on the list. */
static enum rc read_tracked(struct frigate_out *o, struct str payload)
{
	struct str ids[3], word;
	struct json *j;
	int64_t at = 0;

	TRY(parse(o, payload, MAX_NODES, &j));
	if (!str_is(json_get_text(j, "type"), "classification"))
		return json_get_text(j, "type").p ? RC_OK : frigate_refuse(o, "missing", "type");
	TRY(frigate_get_name(o, j, "model", &ids[2]));
	word = json_get_text(j, "attribute");
	word = frigate_class(word.p ? word : json_get_text(j, "sub_label"));
	if (!wants_model(o->f, ids[2]) || word.p == NULL)
		return RC_OK;
	TRY(frigate_get_id(o, j, "id", &ids[0]));
	TRY(frigate_get_name(o, j, "camera", &ids[1]));
	TRY(frigate_get_time(o, j, "timestamp", &at));
	if (at == 0)
		return frigate_refuse(o, "missing", "timestamp");
	put_class(o, j, ids, word, at);
	return RC_OK;
}

/* ---- topics ------------------------------------------------------------------ */

static bool cut_prefix(const struct frigate *f, struct str *topic)
{
	struct str prefix = f->prefix.n ? f->prefix : STR("frigate");

	if (prefix.n > FRIGATE_MAX_PREFIX || topic->n <= prefix.n || topic->p[prefix.n] != '/' ||
	    !str_eq((struct str){ topic->p, prefix.n }, prefix))
		return false;
	topic->p += prefix.n + 1;
	topic->n -= prefix.n + 1;
	return true;
}

enum rc frigate_read(const struct frigate *f, struct arena *a, struct str topic, struct str payload, int64_t now,
		     struct device_events *ret, struct device_error *err)
{
	struct frigate_out o = out_new(f, a, now, ret, err);
	struct str camera, word;

	if (!str_utf8(topic) || !cut_prefix(f, &topic))
		return RC_OK;
	if (str_is(topic, "available"))
		return read_available(&o, payload);
	if (str_is(topic, "events"))
		return read_event(&o, payload);
	if (str_is(topic, "reviews"))
		return read_review(&o, payload);
	if (str_is(topic, "tracked_object_update"))
		return read_tracked(&o, payload);
	if (str_cut(&topic, '/', &camera) && str_cut(&topic, '/', &word) && str_is(word, "status") && topic.n)
		return read_status(&o, camera, topic, payload);
	return RC_OK;
}

/* ---- HTTP lists ---------------------------------------------------------------- */

static enum rc read_event_item(struct frigate_out *o, const struct json *j)
{
	struct frigate_object it = { .knows_current = false };
	const struct json *end = json_get(j, "end_time"), *wrong = json_get(j, "false_positive");

	it.phase = end && end->kind != J_NULL ? PHASE_END : PHASE_NEW;
	if (wrong && wrong->kind == J_BOOL && wrong->i)
		return RC_OK;
	TRY(frigate_get_object(o, j, &it));
	if (it.started_at == 0)
		return frigate_refuse(o, "missing", "start_time");
	if (it.label.p)
		frigate_put_object(o, &it);
	return RC_OK;
}

static enum rc read_review_item(struct frigate_out *o, const struct json *j)
{
	struct frigate_review it = { .alert = false };
	const struct json *end = json_get(j, "end_time");
	bool ours;

	it.phase = end && end->kind != J_NULL ? PHASE_END : PHASE_NEW;
	TRY(frigate_get_review(o, j, &it, &ours));
	if (ours)
		frigate_put_review(o, &it);
	return RC_OK;
}

static enum rc read_list(struct frigate_out *o, struct str body, size_t *skipped,
			 enum rc (*item)(struct frigate_out *, const struct json *))
{
	struct json *list;
	size_t i = 0;

	*skipped = 0;
	if (o->f->prefix.n > FRIGATE_MAX_PREFIX)
		return frigate_refuse(o, "length", "prefix");
	TRY(parse(o, body, 0, &list));
	if (list->kind != J_LIST)
		return frigate_refuse(o, "wrong_type", "");
	if (list->n > FRIGATE_MAX_LIST) {
		(void)!frigate_refuse(o, "too_many", "");
		return RC_LIMIT;
	}
	for (const struct json *j = list->child; j; j = j->next, i++) {
		if (item(o, j) != RC_OK) {
			o->err->at = i;
			++*skipped;
		}
		if (arena_check(o->a) != RC_OK) {
			(void)!frigate_refuse(o, "too_many", "");
			return RC_LIMIT;
		}
	}
	return RC_OK;
}

enum rc frigate_read_events(const struct frigate *f, struct arena *a, struct str body, struct device_events *ret,
			    size_t *skipped, struct device_error *err)
{
	struct frigate_out o = out_new(f, a, 0, ret, err);

	return read_list(&o, body, skipped, read_event_item);
}

enum rc frigate_read_reviews(const struct frigate *f, struct arena *a, struct str body, struct device_events *ret,
			     size_t *skipped, struct device_error *err)
{
	struct frigate_out o = out_new(f, a, 0, ret, err);

	return read_list(&o, body, skipped, read_review_item);
}
