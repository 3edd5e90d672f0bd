/* rules_bench.c - the engine with 20 rules (4 of each kind) over 1,000,000
 * decoded events of 10,000 sources; a million absence timers; the delay of
 * absence.  Correctness is checked against rules_ref.c; time is only printed.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/rules.h"
#include "rules_ref.h"

enum { RUNS = 5, TIMERS = 1000000 };

static const char *const type_names[TYPES] = {
	"cn.jiuan.access.granted.v1",  "cn.jiuan.door.opened.v1",   "cn.jiuan.door.closed.v1",
	"cn.jiuan.camera.object.v1",   "cn.jiuan.camera.lane.v1",   "cn.jiuan.camera.thrown.v1",
	"cn.jiuan.sensor.presence.v1", "cn.jiuan.meter.reading.v1", "cn.jiuan.device.heartbeat.v1",
};
static const char *const label_names[LABELS] = { "bicycle", "car", "e-bike" };
static const char *const zone_names[ZONES] = { "lobby", "lift", "gate" };

#define T(t)        "{'type':'cn.jiuan." t ".v1'}"
#define IS(f, o, v) "{'field':'" f "','op':'" o "','value':" v "}"
static const char *const definitions[RULES_N] = {
	"{'kind':'match','key':'place','cooldown_s':300,'when':{'all':[" T("camera.object") ",{'place':'north'}," IS(
		"label", "eq", "'e-bike'") "," IS("score", "ge", "0.6") "," IS("zone", "in", "['lobby','lift']") "]}}",
	"{'kind':'match','key':'place','cooldown_s':60,'when':{'all':[" T("camera.thrown") "," IS("score", "ge",
												  "0.6") "]}}",
	"{'kind':'match','key':'device','cooldown_s':30,'when':" T("door.opened") ",'without':{'when':" T(
		"access.granted") ",'before_s':5}}",
	"{'kind':'match','key':'device','when':{'all':[" T("meter.reading") "," IS("value", "ge", "0.95") "]}}",
	"{'kind':'count','key':'device','count':5,'window_s':120,'when':{'all':[" T("camera.object") "," IS(
		"label", "eq", "'bicycle'") "]}}",
	"{'kind':'count','key':'device','count':3,'window_s':300,'when':" T("door.opened") "}",
	"{'kind':'count','key':'place','count':4,'window_s':600,'when':" T("sensor.presence") "}",
	"{'kind':'count','key':'place','count':2,'window_s':600,'when':" T("camera.thrown") "}",
	"{'kind':'dwell','key':'device','key_field':'zone','for_s':300,'when':{'all':[" T("camera.lane") "," IS(
		"occupied", "eq", "true") "]},'clear':{'all':[" T("camera.lane") "," IS("occupied", "eq",
											"false") "]}}",
	"{'kind':'dwell','key':'device','for_s':60,'when':" T("door.opened") ",'clear':" T("door.closed") "}",
	"{'kind':'dwell','key':'device','for_s':120,'when':{'all':[" T("camera.object") "," IS(
		"stationary", "eq", "true") "]},'clear':{'all':[" T("camera.object") "," IS("stationary", "eq",
											    "false") "]}}",
	"{'kind':'dwell','key':'device','for_s':300,'when':{'all':[" T("meter.reading") "," IS(
		"value", "gt", "0.5") "]},'clear':{'all':[" T("meter.reading") "," IS("value", "le", "0.5") "]}}",
	"{'kind':'absence','key':'device','for_s':600,'when':" T("sensor.presence") "}",
	"{'kind':'absence','key':'device','for_s':300,'when':{'any':[" T("door.opened") "," T("access.granted") "]}}",
	"{'kind':'absence','key':'device','for_s':900,'when':" T("device.heartbeat") "}",
	"{'kind':'absence','key':'device','for_s':400,'when':" T("camera.object") "}",
	"{'kind':'sequence','key':'device','within_s':10,'steps':[{'when':" T("access.granted") "},{'when':" T(
		"door.opened") "}]}",
	"{'kind':'sequence','key':'device','within_s':5,'steps':[{'when':" T("door.opened") "},{'when':" T(
		"door.closed") "}]}",
	"{'kind':'sequence','key':'place','within_s':60,'steps':[{'when':{'all':[" T("camera.object") "," IS(
		"label", "eq", "'e-bike'") "]}},{'when':{'all':[" T("camera.object") "," IS("label", "eq",
											    "'bicycle'") "]}}]}",
	"{'kind':'sequence','key':'device','within_s':600,'steps':[{'when':" T("sensor.presence") "},{'when':" T(
		"meter.reading") "},{'when':" T("sensor.presence") "}]}",
};

struct bench {
	struct arena *a;
	struct symbols *symbols;
	struct sample *samples;
	struct rule_event *events;
	struct rule_field *fields;
	long fired[RULES_N];
	int64_t *delays; /* of absence, when wanted */
	size_t n_delays;
};

static uint64_t next_random(uint64_t *s)
{
	/* xorshift64* */
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return *s * 0x2545F4914F6CDD1Du;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static bool north(void *self, struct str id, uint32_t *lo, uint32_t *hi)
{
	(void)self;
	*lo = 1;
	*hi = 1500;
	return str_is(id, "north");
}

static void make_samples(struct sample *s)
{
	static const enum type kinds[4][4] = { { GRANTED, OPENED, CLOSED, HEARTBEAT },
					       { OBJECT, OBJECT, OBJECT, HEARTBEAT },
					       { LANE, LANE, THROWN, HEARTBEAT },
					       { PRESENCE, PRESENCE, METER, HEARTBEAT } };
	uint64_t seed = 20260312;

	for (int i = 0; i < EVENTS; i++) {
		uint64_t x = next_random(&seed), y = next_random(&seed);

		s[i].at = BEGIN + 1 + SPAN / EVENTS * i + (int64_t)(x % (uint64_t)(SPAN / EVENTS));
		s[i].device = 1 + (uint32_t)(x >> 20) % SOURCES;
		s[i].place = 1 + s[i].device * 7 % PLACES;
		s[i].type = kinds[s[i].device % 4][y % 4];
		s[i].label = (enum label)(y >> 8) % LABELS;
		s[i].zone = (enum zone)(y >> 16) % ZONES;
		s[i].flag = (y >> 24) % 8 < 5;
		s[i].score = (double)(y >> 32 & 0xFFFF) / 65536;
	}
}

static void make_events(struct bench *b)
{
	static const char *const names[] = { "score", "value", "label", "zone", "stationary", "occupied" };
	uint32_t name[COUNT(names)], types[TYPES], labels[LABELS], zones[ZONES];
	struct rule_field *f = b->fields;

	for (size_t i = 0; i < COUNT(names); i++)
		name[i] = symbols_add(b->symbols, str_of(names[i]));
	for (size_t i = 0; i < TYPES; i++)
		types[i] = symbols_add(b->symbols, str_of(type_names[i]));
	for (size_t i = 0; i < LABELS; i++)
		labels[i] = symbols_add(b->symbols, str_of(label_names[i]));
	for (size_t i = 0; i < ZONES; i++)
		zones[i] = symbols_add(b->symbols, str_of(zone_names[i]));
	for (int i = 0; i < EVENTS; i++) {
		const struct sample *s = &b->samples[i];
		struct rule_event *e = &b->events[i];

		*e = (struct rule_event){ .at = s->at,
					  .received = s->at,
					  .seq = (uint64_t)i,
					  .type = types[s->type],
					  .device = s->device,
					  .place = s->place,
					  .fields = f };
		if (s->type == OBJECT || s->type == THROWN)
			*f++ = (struct rule_field){ .name = name[0], .kind = RULE_REAL, .d = s->score };
		if (s->type == METER)
			*f++ = (struct rule_field){ .name = name[1], .kind = RULE_REAL, .d = s->score };
		if (s->type == OBJECT)
			*f++ = (struct rule_field){ .name = name[2], .kind = RULE_TEXT, .text = labels[s->label] };
		if (s->type == OBJECT || s->type == LANE)
			*f++ = (struct rule_field){ .name = name[3], .kind = RULE_TEXT, .text = zones[s->zone] };
		if (s->type == OBJECT || s->type == LANE)
			*f++ = (struct rule_field){ .name = name[s->type == OBJECT ? 4 : 5],
						    .kind = RULE_BOOL,
						    .i = s->flag };
		e->n_fields = (uint32_t)(f - e->fields);
	}
}

static void count_match(void *self, const struct rule_match *m)
{
	struct bench *b = self;

	if (m->phase != RULE_FIRED)
		return;
	b->fired[m->rule]++;
	if (b->delays != NULL)
		b->delays[b->n_delays++] = m->at - m->since;
}

static struct rule *compile(struct bench *b, const char *text)
{
	struct rule_names names = { .symbols = b->symbols, .place = north };
	struct rule_problem problem;
	struct json_error err;
	struct json *def;
	struct rule *r;
	char *z = arena_z(b->a, str_of(text));

	for (char *p = z; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	if (json_parse(b->a, str_of(z), 0, &def, &err) != RC_OK)
		fatal("%s", z);
	if (rule_compile(&names, def, &r, &problem) != RC_OK)
		fatal("%s: %s: %s", z, problem.path, problem.reason);
	return r;
}

static uint32_t put(struct bench *b, struct rules *e, int number, const char *text)
{
	char id[16];
	uint32_t slot;

	snprintf(id, sizeof(id), "r%d", number);
	if (rules_put(e, str_of(id), 1, compile(b, text), &slot) != RC_OK)
		fatal("put %s", id);
	return slot;
}

/* CPU seconds of one pass over all events, with a tick every 250 ms of their time. */
static double run(struct bench *b)
{
	struct rules *e = rules_new(b->symbols, count_match, b, BEGIN);
	int64_t tick = BEGIN;

	memset(b->fired, 0, sizeof(b->fired));
	for (int i = 0; i < RULES_N; i++) {
		struct rule_watch w = { .last_seen = BEGIN };
		uint32_t slot = put(b, e, i, definitions[i]);

		for (uint32_t key = 1; strstr(definitions[i], "'absence'") != NULL && key <= SOURCES; key++)
			if (rules_watch_set(e, slot, key, &w) != RC_OK)
				fatal("watch");
	}
	double begin = cpu_seconds();
	for (size_t i = 0, n; i < EVENTS; i += n) {
		for (; tick <= b->events[i].received; tick += 250 * MILLI)
			rules_tick(e, tick);
		for (n = 1; i + n < EVENTS && b->events[i + n].received < tick; n++)
			;
		rules_events(e, &b->events[i], n);
	}
	for (; tick <= END; tick += 250 * MILLI)
		rules_tick(e, tick);
	double took = cpu_seconds() - begin;
	rules_free(e);
	return took;
}

static int by_real(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int by_time(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void check(const struct bench *b)
{
	long want[RULES_N], all = 0;
	bool wrong = false;

	reference(b->samples, want);
	for (int i = 0; i < RULES_N; i++) {
		if (b->fired[i] != want[i])
			printf("rule %d: fired %ld, reference %ld\n", i, b->fired[i], want[i]);
		wrong |= b->fired[i] != want[i] || want[i] == 0;
		all += want[i];
	}
	if (wrong)
		fatal("the engine and the reference differ (or a rule never fired)");
	printf("matches: %ld, the same as the reference for each of %d rules\n", all, RULES_N);
}

static size_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* A million timers over three days, every one with its own due time. */
static void timers(struct bench *b)
{
	struct rules *e = rules_new(b->symbols, count_match, b, BEGIN);
	uint32_t slot = put(b, e, 0, "{'kind':'absence','key':'watch','for_s':259200}");
	size_t empty = heap_bytes(), own = rules_timer_bytes(e);
	uint64_t seed = 7;

	memset(b->fired, 0, sizeof(b->fired));
	for (uint32_t key = 1; key <= TIMERS; key++) {
		struct rule_watch w = { .last_seen = BEGIN - (int64_t)(next_random(&seed) % (uint64_t)(2 * DAY)) };

		if (rules_watch_set(e, slot, key, &w) != RC_OK)
			fatal("watch");
	}
	size_t grown = heap_bytes() - empty;
	own = rules_timer_bytes(e) - own;
	/* The allocator's own count; a sanitizer's allocator tells nothing. */
	double bytes = (double)(grown > own ? grown : own) / TIMERS;
	printf("figure: timer-bytes %.1f B\n", bytes);
	if (bytes > 32)
		fatal("more than 32 bytes a timer");
	double begin = cpu_seconds();
	b->delays = mem_new(sizeof(int64_t) * TIMERS);
	for (int64_t now = BEGIN; b->n_delays < TIMERS && now < BEGIN + 4 * DAY; now += 250 * MILLI)
		rules_tick(e, now);
	double took = cpu_seconds() - begin;
	if (b->n_delays != TIMERS)
		fatal("%zu of %d fired", b->n_delays, TIMERS);
	for (int i = 0; i < TIMERS; i++)
		b->delays[i] -= 3 * DAY;
	qsort(b->delays, TIMERS, sizeof(int64_t), by_time);
	if (b->delays[0] < 0)
		fatal("one fired too early");
	printf("figure: absence-delay-p99 %.3f s\n", (double)b->delays[TIMERS / 100 * 99] / 1e6);
	printf("figure: absence-delay-max %.3f s\n", (double)b->delays[TIMERS - 1] / 1e6);
	printf("figure: timers-fired-per-cpu-s %.0f timers/s\n", TIMERS / took);
	free(b->delays);
	b->delays = NULL;
	rules_free(e);
}

int main(void)
{
	struct bench b = { .a = arena_new((size_t)16 << 20), .symbols = symbols_new(1) };
	double took[RUNS];

	b.samples = mem_new(sizeof(*b.samples) * EVENTS);
	b.events = mem_new(sizeof(*b.events) * EVENTS);
	b.fields = mem_new(sizeof(*b.fields) * EVENTS * 4);
	make_samples(b.samples);
	make_events(&b);
	for (int i = 0; i < RUNS; i++)
		took[i] = run(&b);
	qsort(took, RUNS, sizeof(took[0]), by_real);
	printf("figure: rules-events-per-cpu-s %.0f events/s\n", EVENTS / took[RUNS / 2]);
	check(&b);
	timers(&b);
	free(b.samples);
	free(b.events);
	free(b.fields);
	symbols_free(b.symbols);
	arena_free(b.a);
	return 0;
}
