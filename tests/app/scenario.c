/* scenario.c - runs scenarios: data in tests/scenarios/<name>.json, on every
 * engine that is there.
 *
 *     scenario FILE...        the last line: "N passed, N failed"
 *
 * A scenario is {"name", "start", "steps": [step, ...]} in the world of the
 * demo, seeded at "start".  A step may have
 *     "at"       "09:13:00", China's time: the clock goes on to there first
 *     "skip_h"   so many hours pass at once; only what ends by itself runs
 *     "as"       login of who asks; without: the system
 *     "device"   "${id}.${key}" of a device that asks instead
 *     "ask"      "POST /api/watch/alert/${alert}/ack", "body": {...} or "text": "..."
 *     "events"   [{"source", "type", "data"}]: told by the demo's gateway
 *     "want"     {"<path>": value}: "status", or a path into the answer; a value
 *                is text, number, true, false or null; {"most": n}, {"least": n};
 *                {"after": "<kept time>", "most_s": n}; {"length": n}
 *     "keep"     {"<name>": "<path>"}: later steps may say ${name}
 *     "repeat"   619, "steps": [...]: these steps so often; ${i} counts from 1
 * Every wanted value is one check.
 */
#include "world.h"

#include "testdb.h"

#include "sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEEP_MOST = 64 };
struct play {
	struct world w;
	struct arena *a; /* of the scenario */
	const char *name, *engine;
	size_t step;
	struct {
		struct str name, value;
	} kept[KEEP_MOST];
	size_t n_kept;
	unsigned passed, failed;
};

static void check(struct play *p, bool ok, struct str what, struct str got)
{
	p->passed += ok;
	p->failed += !ok;
	if (!ok)
		printf("%s on %s, step %zu: " FMT_STR ": %.*s\n", p->name, p->engine, p->step, ARG_STR(what),
		       (int)(got.n > 1500 ? 1500 : got.n), got.p);
}

/* ---- ${name} -------------------------------------------------------------------- */

static struct str kept(const struct play *p, struct str name)
{
	for (size_t i = p->n_kept; i-- > 0;)
		if (str_eq(p->kept[i].name, name))
			return p->kept[i].value;
	return NO_STR;
}

static struct str filled(struct play *p, struct str text)
{
	struct buf b = buf_new(p->a, 1 << 20);

	for (size_t i = 0; i < text.n; i++) {
		const char *end = i + 1 < text.n && text.p[i] == '$' && text.p[i + 1] == '{'
					  ? memchr(text.p + i, '}', text.n - i)
					  : NULL;
		if (end == NULL) {
			buf_char(&b, text.p[i]);
			continue;
		}
		struct str name = { text.p + i + 2, (size_t)(end - text.p) - i - 2 }, value = kept(p, name);

		if (value.p == NULL)
			check(p, false, STR("nothing kept under this name"), name);
		buf_add(&b, value);
		i = (size_t)(end - text.p);
	}
	return buf_str(&b);
}

/* ---- what is wanted ---------------------------------------------------------------- */

static struct str text_of(const struct json *j)
{
	return j == NULL ? NO_STR : j->kind == J_TEXT ? j->text : j->raw;
}

static bool time_fits(struct play *p, const struct json *want, const struct json *got)
{
	int64_t from, to;

	return time_parse(kept(p, json_get_text(want, "after")), &from) == RC_OK && got &&
	       time_parse(got->text, &to) == RC_OK && to >= from &&
	       to - from <= json_get_int(want, "most_s", 0) * SECOND;
}

static bool number_fits(const struct json *want, const struct json *got)
{
	double n, limit;

	if (!got || !json_number(got, &n))
		return false;
	return (!json_number(json_get(want, "most"), &limit) || n <= limit) &&
	       (!json_number(json_get(want, "least"), &limit) || n >= limit);
}

static bool fits(struct play *p, const struct json *want, const struct json *got)
{
	if (want->kind == J_MAP && json_get(want, "after"))
		return time_fits(p, want, got);
	if (want->kind == J_MAP && json_get(want, "length"))
		return got && got->kind == J_LIST && got->n == json_get_int(want, "length", -1);
	if (want->kind == J_MAP)
		return number_fits(want, got);
	if (got == NULL || (got->kind == J_TEXT) != (want->kind == J_TEXT))
		return false;
	return str_eq(want->kind == J_TEXT ? filled(p, want->text) : want->raw, text_of(got));
}

static void keep(struct play *p, struct str name, struct str value)
{
	for (size_t i = 0; i < p->n_kept; i++) {
		if (str_eq(p->kept[i].name, name)) {
			p->kept[i].value = value;
			return;
		}
	}
	if (p->n_kept == KEEP_MOST) {
		check(p, false, STR("too many names are kept"), name);
		return;
	}
	p->kept[p->n_kept].name = name;
	p->kept[p->n_kept++].value = value;
}

static void check_want(struct play *p, const struct json *step)
{
	const struct json *want = json_get(step, "want");

	for (const struct json *j = want ? want->child : NULL; j; j = j->next) {
		struct str what = arena_fmt(p->a, FMT_STR " should be " FMT_STR, ARG_STR(j->key), ARG_STR(j->raw));

		if (str_is(j->key, "status"))
			check(p, j->i == p->w.last.status, what, p->w.last.body);
		else
			check(p, fits(p, j, world_at(p->w.answer, filled(p, j->key))), what, p->w.last.body);
	}
	for (const struct json *j = json_get(step, "keep") ? json_get(step, "keep")->child : NULL; j; j = j->next) {
		struct str value = text_of(world_at(p->w.answer, filled(p, j->text)));

		check(p, value.p != NULL, arena_fmt(p->a, "to keep " FMT_STR, ARG_STR(j->text)), p->w.last.body);
		keep(p, j->key, value);
	}
}

/* ---- steps ---------------------------------------------------------------------------- */

static void go_to(struct play *p, struct str clock)
{
	int64_t midnight = (p->w.now + 8 * HOUR) / DAY * DAY - 8 * HOUR, part[3] = { 0 }, to;
	struct str rest = clock, piece;

	for (size_t i = 0; i < 3 && str_cut(&rest, ':', &piece); i++)
		if (str_int(piece, &part[i]) != RC_OK)
			check(p, false, STR("a time is expected"), clock);
	to = midnight + part[0] * HOUR + part[1] * MINUTE + part[2] * SECOND;
	check(p, to >= p->w.now && world_pass(&p->w, to - p->w.now), STR("the clock can't go there"), clock);
}

static void tell(struct play *p, const struct json *events)
{
	struct buf b = buf_new(p->a, 1 << 20);
	char at[TIME_TEXT];

	for (const struct json *e = events->child; e; e = e->next) {
		json_open(&b, '{');
		json_put_text(&b, "specversion", STR("1.0"));
		json_put_text(&b, "id",
			      arena_fmt(p->a, "%s-%zu-%u", p->name, p->step, (unsigned)(e->raw.p - events->raw.p)));
		json_put_text(&b, "source", json_get_text(e, "source"));
		json_put_text(&b, "type", json_get_text(e, "type"));
		json_put_text(&b, "time", time_text(p->w.now, at));
		json_put_raw(&b, "data", json_get(e, "data") ? json_get(e, "data")->raw : STR("{}"));
		json_close(&b, '}');
		buf_char(&b, '\n');
	}
	check(p, world_tell(&p->w, buf_str(&b)) == 200, STR("events are taken"), p->w.last.body);
	check(p, world_pass(&p->w, 0), STR("events are heard"), NO_STR);
}

static void play_step(struct play *p, const struct json *step)
{
	struct str at = json_get_text(step, "at"), ask = json_get_text(step, "ask"), method;
	const struct json *body = json_get(step, "body"), *events = json_get(step, "events");
	const char *login = json_get(step, "as") ? arena_z(p->a, json_get_text(step, "as")) : NULL;

	if (at.p)
		go_to(p, at);
	if (json_get(step, "skip_h"))
		check(p, world_skip(&p->w, json_get_int(step, "skip_h", 0) * HOUR), STR("time passes"), NO_STR);
	if (events)
		tell(p, events);
	if (ask.p) {
		ask = filled(p, ask);
		(void)str_cut(&ask, ' ', &method);
		struct str text = body ? filled(p, body->raw) : filled(p, json_get_text(step, "text")),
			   device = json_get_text(step, "device");

		if (device.p)
			world_device(&p->w, arena_fmt(p->a, "Device " FMT_STR, ARG_STR(filled(p, device))), method, ask,
				     text);
		else
			world_ask(&p->w, login, method, ask, text);
	}
	check_want(p, step);
}

static void play_steps(struct play *p, const struct json *steps, bool numbered)
{
	for (const struct json *s = steps ? steps->child : NULL; s; s = s->next) {
		int64_t times = json_get_int(s, "repeat", 0);

		p->step += numbered;
		for (int64_t i = 1; i <= times; i++) {
			keep(p, STR("i"), arena_fmt(p->a, "%lld", (long long)i));
			play_steps(p, json_get(s, "steps"), false);
		}
		if (times == 0)
			play_step(p, s);
	}
}

static void play_on(struct play *p, const struct json *scenario, enum testdb_kind kind)
{
	const struct json *steps = json_get(scenario, "steps");
	const char *url = testdb_url(kind);
	int64_t start = 0;

	p->engine = testdb_name(kind);
	p->n_kept = 0;
	bool ok = url && time_parse(json_get_text(scenario, "start"), &start) == RC_OK &&
		  world_open(&p->w, url, start) && world_without_gates(&p->w);

	check(p, ok, STR("the world opens"), json_get_text(scenario, "start"));
	if (!ok)
		return;
	p->w.alive = true;
	p->step = 0;
	play_steps(p, steps, true);
	world_close(&p->w);
	testdb_drop(url);
}

static bool play_file(struct play *p, const char *file)
{
	struct json_error err;
	struct json *scenario;
	struct str text;

	if (file_read(p->a, file, 1 << 20, &text) != RC_OK || json_parse(p->a, text, 0, &scenario, &err) != RC_OK) {
		fprintf(stderr, "can't read %s\n", file);
		return false;
	}
	p->name = arena_z(p->a, json_get_text(scenario, "name"));
	if (testdb_has(TESTDB_MEMORY))
		play_on(p, scenario, TESTDB_MEMORY);
	if (testdb_has(TESTDB_PG))
		play_on(p, scenario, TESTDB_PG);
	return true;
}

int main(int argc, char **argv)
{
	struct play *p = mem_new(sizeof(*p));
	bool ok = argc > 1;
	unsigned failed;

	p->a = arena_new((size_t)64 << 20);
	for (int i = 1; i < argc; i++)
		ok &= play_file(p, argv[i]);
	failed = p->failed + !ok;
	printf("%u passed, %u failed\n", p->passed, failed);
	arena_free(p->a);
	free(p);
	return failed ? 1 : 0;
}
