/* frigate_parts.h - inside of the Frigate codec: what was read, before it is
 * written as events.  Only frigate*.c include it. */
#ifndef DEVICE_FRIGATE_PARTS_H
#define DEVICE_FRIGATE_PARTS_H

#include "device/frigate.h"

/* Words that may pass, each as our own constant; absent: not on the list. */
struct str frigate_label(struct str s); /* things; "person-verified" is a person */
struct str frigate_sound(struct str s);
struct str frigate_class(struct str s); /* "E-Bike" and "ebike" are both e_bike */

enum frigate_phase { PHASE_NEW, PHASE_UPDATE, PHASE_END };

struct frigate_zones {
	struct str names[FRIGATE_MAX_ZONES];
	size_t n;
};

struct frigate_object {
	struct str id, camera, label; /* 'label' is a constant */
	enum frigate_phase phase;
	int64_t frame_at, started_at, ended_at; /* 0: none */
	const struct json *score;               /* a number, NULL: none */
	bool stationary, has_snapshot, has_clip;
	bool knows_current; /* HTTP lists don't say where the object is now */
	struct frigate_zones entered, current;
};

struct frigate_review {
	struct str id, camera;
	enum frigate_phase phase;
	bool alert;
	int64_t started_at, ended_at;
	const struct json *objects, *sounds; /* lists, NULL: none */
	struct frigate_zones zones;
};

/* Where events go. */
struct frigate_out {
	const struct frigate *f;
	struct arena *a;
	int64_t now;
	struct device_events *ret;
	size_t cap;
	struct device_error *err;
};

enum rc frigate_refuse(struct frigate_out *o, const char *code, const char *field) MUST_USE;

/* From a JSON map; the label or severity may still be absent: not for us. */
enum rc frigate_get_object(struct frigate_out *o, const struct json *j, struct frigate_object *ret) MUST_USE;
/* *ours false: a severity or objects that don't concern us. */
enum rc frigate_get_review(struct frigate_out *o, const struct json *j, struct frigate_review *ret,
			   bool *ours) MUST_USE;
enum rc frigate_get_id(struct frigate_out *o, const struct json *j, const char *field, struct str *ret) MUST_USE;
enum rc frigate_get_name(struct frigate_out *o, const struct json *j, const char *field, struct str *ret) MUST_USE;
enum rc frigate_check_name(struct frigate_out *o, struct str s, const char *field) MUST_USE;
/* Seconds since 1970 as a number; null and missing leave *ret. */
enum rc frigate_get_time(struct frigate_out *o, const struct json *j, const char *field, int64_t *ret) MUST_USE;

struct device_event *frigate_add(struct frigate_out *o, struct str camera, const char *type, int64_t at);
void frigate_put_object(struct frigate_out *o, const struct frigate_object *it);
void frigate_put_review(struct frigate_out *o, const struct frigate_review *it);

#endif
