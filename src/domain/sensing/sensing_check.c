/* sensing_check.c - may this speaker say this, and what must an event look like? */
#include "domain/sensing/sensing_inner.h"

#include <string.h>

enum { NEW_UNKNOWN = 16 /* of one request */ };

static bool type_ok(struct str t)
{
	if (t.n == 0 || t.n > 128)
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (!((t.p[i] >= 'a' && t.p[i] <= 'z') || (t.p[i] >= '0' && t.p[i] <= '9') || t.p[i] == '.'))
			return false;
	return true;
}

/* The device with this source, or with the longest one above it. */
static struct device *registered(const struct state *st, struct str source, bool *exact)
{
	*exact = true;
	for (;;) {
		struct device *d = cache_by_source(st, source);

		if (d)
			return d;
		*exact = false;
		while (source.n && source.p[source.n - 1] != '/')
			source.n--;
		if (source.n == 0)
			return NULL;
		source.n--;
	}
}

static bool below(struct str path, struct str top)
{
	return path.n >= top.n && memcmp(path.p, top.p, top.n) == 0;
}

static const char *refusal(const struct device *d)
{
	switch (d->state) {
	case S_QUARANTINED: return "quarantined";
	case S_REFUSED: return "device_refused";
	case S_RETIRED: return "device_retired";
	default: return NULL;
	}
}

/* A gateway or a lens speaks for devices of its own place, never for itself under
 * another name: that is a device nobody has looked at yet. */
static const char *may_speak(const struct device *speaker, const struct device *d, bool exact)
{
	if (speaker == NULL)
		return d ? NULL : "unknown_source";
	if (speaker->kind != K_GATEWAY && speaker->kind != K_LENS)
		return d == speaker ? NULL : "not_your_source";
	if (d == NULL || (d == speaker && !exact))
		return "quarantined";
	if (d != speaker && !below(d->place_path, speaker->place_path) && !str_eq(d->gateway_id, speaker->id))
		return "not_your_source";
	return NULL;
}

static void refuse(struct item *it, const char *code, const char *field)
{
	it->word = SENSING_REFUSED;
	it->code = code;
	it->field = field;
}

static bool forbidden_key(struct str key)
{
	static const char *const words[] = { "biometric",  "ethnic",  "face",      "feature_vector", "fingerprint",
					     "gait",       "id_card", "id_number", "iris",           "nationality",
					     "palm_print", "politic", "race",      "religion",       "voiceprint" };
	char low[16];
	size_t n = 0;

	for (; n < key.n && n < sizeof(low) - 1; n++)
		low[n] = (char)(key.p[n] >= 'A' && key.p[n] <= 'Z' ? key.p[n] + 32 : key.p[n]);
	low[n] = '\0';
	for (size_t i = 0; i < COUNT(words); i++)
		if (words[i][0] == low[0] && strncmp(low, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

bool check_forbidden(const struct json *data)
{
	if (data == NULL || (data->kind != J_MAP && data->kind != J_LIST))
		return false;
	for (const struct json *j = data->child; j; j = j->next)
		if ((j->key.n && forbidden_key(j->key)) || check_forbidden(j))
			return true;
	return false;
}

/* Who owns this source does not change until another device is registered. */
static struct device *owner_of(struct state *st, struct item *it, bool *exact)
{
	struct source *s = cache_source(st, it->source, NULL);

	if (s && s->device && atomic_load_explicit(&s->checked, memory_order_relaxed) == st->n_devices) {
		it->from = s;
		*exact = s->device->source.n == it->source.n;
		return s->device;
	}
	struct device *d = registered(st, it->source, exact);

	it->from = d ? cache_source(st, it->source, d) : NULL;
	if (it->from)
		atomic_store_explicit(&it->from->checked, st->n_devices, memory_order_relaxed);
	return d;
}

static void check_words(struct state *st, struct item *it, const struct item *before)
{
	if (before && before->kind && str_eq(before->kind->text, it->type)) {
		it->kind = before->kind;
	} else if (!type_ok(it->type)) {
		refuse(it, "bad_type", "type");
		return;
	} else {
		it->kind = cache_type(st, it->type);
	}
	if ((it->from == NULL || it->from->no == 0) &&
	    (it->device->n_sources >= MAX_SOURCES_EACH || st->n_sources >= MAX_SOURCES))
		refuse(it, "too_many_sources", "source");
	else if ((it->kind == NULL || it->kind->no == 0) && st->n_types >= MAX_TYPES)
		refuse(it, "too_many_types", "type");
	else if (it->from && it->from->no != 0) {
		it->hashed_no = it->from->no;
		it->hash = window_hash(&st->window, it->hashed_no, it->id);
	}
}

void check_item(struct state *st, struct device *speaker, struct item *it, const struct item *before)
{
	bool exact;
	struct device *d = owner_of(st, it, &exact);
	const char *code = may_speak(speaker, d, exact);

	if (code) { /* quarantined without a device: one has to be made */
		it->from = NULL;
		refuse(it, code, "source");
		return;
	}
	it->device = d;
	code = refusal(d);
	if (code)
		refuse(it, code, "source");
	else
		check_words(st, it, before);
}

static bool source_ok(struct str s)
{
	if (s.n == 0 || s.n > 128)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 127)
			return false;
	return true;
}

static enum rc make_unknown(struct ctx *c, const struct device *speaker, const struct item *it)
{
	struct device_row r;

	entity_init(&sensing_device, &r);
	r.name = r.source = it->source;
	r.kind = str_starts(it->type, "cn.jiuan.camera.") ? K_CAMERA : K_SENSOR;
	r.place_id = speaker->place_id;
	r.place_path = speaker->place_path;
	r.gateway_id = speaker->id;
	r.state = S_QUARANTINED;
	r.health = H_NEVER_SEEN;
	r.last_seen_at = c->now;
	r.heartbeat_s = 0;
	r.battery = r.skew_ms = NO_INT;
	r.refused_total = 1;
	TRY(entity_insert(c, &sensing_device, &r, "appeared"));
	return cache_changed(c);
}

enum rc check_unknown(struct ctx *c, struct device *speaker, struct item *items, size_t n)
{
	struct state *st = sensing_state(c);
	unsigned made = 0;

	for (size_t i = 0; i < n && speaker && made < NEW_UNKNOWN; i++) {
		struct item *it = &items[i];
		int64_t known;

		if (it->device || it->code == NULL || strcmp(it->code, "quarantined") != 0 || !source_ok(it->source))
			continue;
		if (i > 0 && str_eq(it->source, items[i - 1].source))
			continue;
		if (st->n_quarantined + made >= MAX_QUARANTINED)
			break;
		TRY(db_int(c, "SELECT count(*) FROM sensing_device WHERE source = $1", ARGS(V_STR(it->source)), 0,
			   &known));
		if (known)
			continue;
		TRY(make_unknown(c, speaker, it));
		made++;
	}
	return RC_OK;
}

struct device *check_source_of(struct state *st, struct device *speaker, struct str source, struct source **from,
			       const char **code)
{
	struct item it = { .source = source };
	bool exact;
	struct device *d = owner_of(st, &it, &exact);

	*code = may_speak(speaker, d, exact);
	if (*code == NULL)
		*code = refusal(d);
	*from = it.from;
	return d;
}
