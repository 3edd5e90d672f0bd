/* sensing_now.c - what events say about the device they come from. */
#include "device/event.h"
#include "domain/sensing/sensing_inner.h"

#include <string.h>

#define EVENT_HEARTBEAT "cn.jiuan.device.heartbeat.v1"

enum { MAX_SKEW_MS = 365 * 24 * 3600 };

enum type_means now_means(struct str type)
{
	return str_is(type, EVENT_HEARTBEAT)        ? MEANS_HEARTBEAT
	       : str_is(type, EVENT_DEVICE_ONLINE)  ? MEANS_ONLINE
	       : str_is(type, EVENT_DEVICE_OFFLINE) ? MEANS_OFFLINE
						    : MEANS_EVENT;
}

/* The middle of the last few: one late delivery does not make a bad clock. */
static int64_t median_ms(const struct device_now *now)
{
	int64_t v[SKEWS];

	for (unsigned i = 0; i < now->n_skews; i++) {
		unsigned k = i;

		for (; k > 0 && v[k - 1] > now->skews[i]; k--)
			v[k] = v[k - 1];
		v[k] = now->skews[i];
	}
	return now->n_skews ? v[(now->n_skews - 1) / 2] / MILLI : 0;
}

void now_skew(struct device *d, int64_t off)
{
	d->now.skews[d->now.next_skew] = off;
	d->now.next_skew = (d->now.next_skew + 1) % SKEWS;
	if (d->now.n_skews < SKEWS)
		d->now.n_skews++;
	d->now.skew_ms = median_ms(&d->now);
}

static void set_bad(struct device_now *now, bool *flag, bool bad, int64_t at)
{
	if (bad && !*flag)
		now->bad_at = at;
	*flag = bad;
}

static void note_heartbeat(struct device *d, struct arena *a, const struct sensing_event *ev)
{
	struct json *j;
	struct json_error err;

	if (ev->data.n == 0 || json_parse(a, ev->data, 1000, &j, &err) != RC_OK)
		return;
	int64_t battery = json_get_int(j, "battery", NO_INT), skew = json_get_int(j, "skew_ms", NO_INT);

	if (battery >= 0 && battery <= 100)
		d->now.battery = battery;
	if (skew != NO_INT && skew / 1000 > -MAX_SKEW_MS && skew / 1000 < MAX_SKEW_MS)
		now_skew(d, skew * MILLI);
	const struct json *tamper = json_get(j, "tamper"), *covered = json_get(j, "covered");

	if (tamper && tamper->kind == J_BOOL)
		set_bad(&d->now, &d->now.tampered, tamper->i != 0, ev->received_at);
	if (covered && covered->kind == J_BOOL)
		set_bad(&d->now, &d->now.covered, covered->i != 0, ev->received_at);
}

void now_note(struct state *st, struct arena *a, struct source *s, const struct type *t, const struct sensing_event *ev)
{
	struct device *d = s->device;

	(void)st;
	if (d == NULL)
		return;
	d->now.seq = ev->seq;
	d->now.events_total++;
	if (ev->received_at > d->now.last_seen_at)
		d->now.last_seen_at = ev->received_at;
	if (d->now.back_at == 0)
		d->now.back_at = ev->received_at;
	if (t->means == MEANS_HEARTBEAT)
		note_heartbeat(d, a, ev);
	/* Whatever else it says, it speaks. */
	set_bad(&d->now, &d->now.offline, t->means == MEANS_OFFLINE, ev->received_at);
}
