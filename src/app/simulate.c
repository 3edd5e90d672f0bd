/* simulate.c - an ordinary day: doors, gates, cars, readings, heartbeats. */
#include "app/simulate_inner.h"

#include "device/event.h"

#include <stdlib.h>
#include <string.h>

enum { BEAT_S = 100, SILENT_BEAT_S = 15, SILENT_AFTER_S = 30, UNKNOWN_S = 120, EVENT_MOST = 4096 };

/* How lively an hour is, percent; China's time of day. */
static const unsigned day_curve[24] = { 10,  6,   5,  5,  8,  25,  70,  150, 160, 110, 90, 95,
					130, 100, 80, 85, 95, 130, 170, 160, 130, 95,  55, 25 };

/* Seconds between ordinary things of one device at 100 percent; 0: none. */
static const unsigned every_s[] = {
	[DEMO_DOOR] = 150,  [DEMO_GATE] = 60,  [DEMO_PRESENCE] = 60, [DEMO_METER] = 300,
	[DEMO_LOBBY] = 240, [DEMO_LANE] = 120, [DEMO_SILENT] = 0,
};

/* ---- dice and the list of what is to be told ------------------------------------ */

int64_t simulation_dice(struct simulation *s, int64_t n)
{
	uint64_t x = s->rng += 0x9E3779B97F4A7C15u; /* SplitMix64 */

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
	x = (x ^ x >> 27) * 0x94D049BB133111EBu;
	return (int64_t)((x ^ x >> 31) % (uint64_t)n);
}

void simulation_plan(struct simulation *s, struct todo t)
{
	size_t i = s->n;

	if (s->n == TODO_MOST) /* at a thousand times life not every door is heard */
		return;
	for (; i > 0 && s->todo[i - 1].at > t.at; i--)
		s->todo[i] = s->todo[i - 1];
	s->todo[i] = t;
	s->n++;
}

size_t simulation_device(enum demo_does does, int64_t n)
{
	size_t found[DEMO_DEVICES_MOST] = { 0 }, k = 0;

	for (size_t i = 0; i < n_demo_devices; i++)
		if (demo_devices[i].does == does)
			found[k++] = i;
	return k ? found[(size_t)n % k] : 0;
}

void simulation_door(struct simulation *s, size_t device, int64_t at, int64_t open_for)
{
	static const char *const methods[] = { "card", "phone_code", "button", "host" };

	simulation_plan(s, (struct todo){ .at = at,
					  .device = device,
					  .tell = TELL_GRANTED,
					  .word = methods[simulation_dice(s, COUNT(methods))] });
	simulation_plan(s, (struct todo){ .at = at + 900 * MILLI, .device = device, .tell = TELL_OPENED });
	simulation_plan(s, (struct todo){ .at = at + 900 * MILLI + open_for, .device = device, .tell = TELL_CLOSED });
}

/* ---- ordinary things ------------------------------------------------------------- */

static void object(struct simulation *s, size_t device, int64_t at, const char *word, const char *zone)
{
	struct todo t = { .at = at,
			  .device = device,
			  .tell = TELL_OBJECT,
			  .word = word,
			  .zone = zone,
			  .phase = "new",
			  .n = simulation_dice(s, 100000),
			  .percent = (unsigned)(70 + simulation_dice(s, 28)) };

	simulation_plan(s, t);
	t.phase = "end";
	t.at += (4 + simulation_dice(s, 8)) * SECOND;
	simulation_plan(s, t);
}

/* Open now, or about to be used: a second opening would hide how long it stays
 * open. */
static bool door_busy(const struct simulation *s, size_t i, int64_t at)
{
	for (size_t k = 0; k < s->n; k++) {
		const struct todo *t = &s->todo[k];

		if (t->device == i && t->tell >= TELL_GRANTED && t->tell <= TELL_CLOSED)
			return t->tell == TELL_CLOSED || t->at < at + 30 * SECOND;
	}
	return false;
}

static void live(struct simulation *s, size_t i, int64_t at)
{
	static const char *const keys[] = { "card", "phone_code", "plate", "visitor_code" };
	static const char *const inside[] = { "parcel", "stroller", "suitcase" };
	static const char *const outside[] = { "car", "car", "car", "bicycle", "e-bike" };
	int64_t pick;

	switch (demo_devices[i].does) {
	case DEMO_DOOR:
		if (!door_busy(s, i, at))
			simulation_door(s, i, at, (3 + simulation_dice(s, 12)) * SECOND);
		break;
	case DEMO_GATE:
		pick = simulation_dice(s, COUNT(keys));
		simulation_plan(s, (struct todo){ .at = at, .device = i, .tell = TELL_GRANTED, .word = keys[pick] });
		break;
	case DEMO_PRESENCE: simulation_plan(s, (struct todo){ .at = at, .device = i, .tell = TELL_PRESENCE }); break;
	case DEMO_METER: simulation_plan(s, (struct todo){ .at = at, .device = i, .tell = TELL_METER }); break;
	case DEMO_LOBBY: object(s, i, at, inside[simulation_dice(s, COUNT(inside))], "lobby"); break;
	case DEMO_LANE: object(s, i, at, outside[simulation_dice(s, COUNT(outside))], "yard"); break;
	default: break;
	}
}

/* Real time to the next thing: between half and one and a half of the mean. */
static int64_t wait_of(struct simulation *s, size_t i, int64_t at)
{
	int64_t hour = (s->start + (int64_t)((double)at * s->speed)) / HOUR + 8;
	double mean = (double)every_s[demo_devices[i].does] * 100 / day_curve[hour % 24] / s->speed;

	return (int64_t)(mean * (0.5 + (double)simulation_dice(s, 1000) / 1000) * (double)SECOND) + 1;
}

static void beat(struct simulation *s, size_t i, int64_t until)
{
	bool silent = demo_devices[i].does == DEMO_SILENT;

	for (; s->next_beat[i] < until; s->next_beat[i] += (silent ? SILENT_BEAT_S : BEAT_S) * SECOND)
		if (!silent || s->next_beat[i] < SILENT_AFTER_S * SECOND)
			simulation_plan(s, (struct todo){ .at = s->next_beat[i],
							  .device = i,
							  .tell = TELL_BEAT,
							  .n = simulation_dice(s, 81) - 40 });
}

static void plan_until(struct simulation *s, int64_t until)
{
	for (size_t i = 0; i < n_demo_devices; i++) {
		beat(s, i, until);
		while (every_s[demo_devices[i].does] && s->next[i] < until) {
			live(s, i, s->next[i]);
			s->next[i] += wait_of(s, i, s->next[i]);
		}
	}
	for (; s->next_unknown < until; s->next_unknown += UNKNOWN_S * SECOND)
		simulation_plan(s, (struct todo){ .at = s->next_unknown, .tell = TELL_UNKNOWN });
	simulation_cases(s, until);
}

/* ---- as CloudEvents ------------------------------------------------------------------ */

static const char *const types[] = {
	[TELL_BEAT] = "cn.jiuan.device.heartbeat.v1",    [TELL_GRANTED] = "cn.jiuan.access.granted.v1",
	[TELL_OPENED] = "cn.jiuan.door.opened.v1",       [TELL_CLOSED] = "cn.jiuan.door.closed.v1",
	[TELL_FORCED] = "cn.jiuan.door.forced.v1",       [TELL_PRESENCE] = "cn.jiuan.sensor.presence.v1",
	[TELL_METER] = "cn.jiuan.meter.reading.v1",      [TELL_OBJECT] = EVENT_CAMERA_OBJECT,
	[TELL_THROWN] = "cn.jiuan.camera.thrown.v1",     [TELL_LANE] = "cn.jiuan.camera.lane.v1",
	[TELL_UNKNOWN] = "cn.jiuan.device.heartbeat.v1",
};

static void put_data(struct simulation *s, struct buf *b, const struct todo *t)
{
	const struct demo_device *d = &demo_devices[t->device];

	switch (t->tell) {
	case TELL_BEAT:
		if (d->battery)
			json_put_int(b, "battery", d->battery);
		json_put_int(b, "skew_ms", t->n);
		json_put_bool(b, "tamper", false);
		break;
	case TELL_GRANTED: json_put_text(b, "method", str_of(t->word)); break;
	case TELL_METER:
		s->watts += 120 + simulation_dice(s, 60);
		json_put_real(b, "value", (double)s->watts / 1000);
		json_put_text(b, "unit", STR("kWh"));
		break;
	case TELL_OBJECT:
		json_put_text(b, "label", str_of(t->word));
		json_put_text(b, "zone", str_of(t->zone));
		json_put_text(b, "phase", str_of(t->phase));
		json_put_real(b, "score", t->percent / 100.0);
		json_put_text(b, "object_id", arena_fmt(s->scratch, "%05lld", (long long)t->n));
		json_put_bool(b, "stationary", false);
		break;
	case TELL_THROWN:
		json_put_int(b, "floor", t->n);
		json_put_real(b, "score", t->percent / 100.0);
		break;
	case TELL_LANE:
		json_put_text(b, "zone", str_of(t->zone));
		json_put_bool(b, "occupied", t->n != 0);
		break;
	default: break;
	}
}

static enum rc tell(struct simulation *s, const struct todo *t, enum rc (*put)(void *arg, struct str event), void *arg)
{
	struct str source = str_of(t->tell == TELL_UNKNOWN ? DEMO_UNKNOWN : demo_devices[t->device].source);

	arena_reset(s->scratch);
	struct buf b = buf_new(s->scratch, EVENT_MOST);

	json_open(&b, '{');
	json_put_text(&b, "specversion", STR("1.0"));
	/* The start is part of the id: the next run of the simulator is not the same one told twice. */
	json_put_text(&b, "id", arena_fmt(s->scratch, "%llx-%lld", (unsigned long long)s->start, (long long)++s->told));
	json_put_text(&b, "source", source);
	json_put_text(&b, "type", str_of(types[t->tell]));
	json_put_time(&b, "time", s->start + t->at);
	json_key(&b, "data");
	json_open(&b, '{');
	put_data(s, &b, t);
	json_close(&b, '}');
	json_close(&b, '}');
	return b.overflow ? RC_BUG : put(arg, buf_str(&b));
}

static enum rc tell_until(struct simulation *s, int64_t until, enum rc (*put)(void *arg, struct str event), void *arg)
{
	size_t n = 0;
	enum rc rc = RC_OK;

	for (; n < s->n && s->todo[n].at < until && rc == RC_OK; n++)
		rc = tell(s, &s->todo[n], put, arg);
	memmove(s->todo, s->todo + n, (s->n - n) * sizeof(*s->todo));
	s->n -= n;
	return rc;
}

/* ---- from outside ------------------------------------------------------------------------ */

struct simulation *simulation_new(uint64_t seed, int64_t start, double speed)
{
	struct simulation *s = mem_new(sizeof(*s));

	s->rng = seed;
	s->start = start;
	s->speed = speed > 0 ? speed : 1;
	s->scratch = arena_new(1 << 20);
	s->next_unknown = 20 * SECOND;
	s->watts = 4218000;
	for (size_t i = 0; i < n_demo_devices; i++) { /* not all at once */
		s->next_beat[i] = (int64_t)i * 200 * MILLI;
		if (every_s[demo_devices[i].does])
			s->next[i] = wait_of(s, i, 0);
	}
	return s;
}

void simulation_free(struct simulation *s)
{
	if (s == NULL)
		return;
	arena_free(s->scratch);
	free(s);
}

/* In whole simulated seconds, so that the size of the steps changes nothing. */
enum rc simulation_step(struct simulation *s, int64_t span, enum rc (*put)(void *arg, struct str event), void *arg)
{
	int64_t end = s->lived + span, until;

	for (int64_t t = s->lived / SECOND * SECOND + SECOND; t <= end; t += SECOND) {
		until = (int64_t)((double)t / s->speed);
		plan_until(s, until);
		TRY(tell_until(s, until, put, arg));
	}
	s->lived = end;
	return RC_OK;
}
