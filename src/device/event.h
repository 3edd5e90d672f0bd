/* event.h - what every device codec makes of its own format: neutral events,
 * in the words of CloudEvents 1.0.2.  All strings live in the arena that the
 * codec was given, or are constants; none points into the payload.
 */
#ifndef DEVICE_EVENT_H
#define DEVICE_EVENT_H

#include "base/json.h"

struct device_event {
	struct str source;  /* 1-128 bytes */
	struct str id;      /* 1-128 bytes; with the source the dedupe key */
	struct str type;    /* one of the words below */
	struct str subject; /* what in the source it is about; may be absent */
	int64_t at;         /* as the device says; 'now' where the format has no time */
	struct str data;    /* a JSON object */
};

#define EVENT_CAMERA_OBJECT  "cn.jiuan.camera.object.v1"
#define EVENT_CAMERA_REVIEW  "cn.jiuan.camera.review.v1"
#define EVENT_CAMERA_CLASS   "cn.jiuan.camera.class.v1"
#define EVENT_DEVICE_ONLINE  "cn.jiuan.device.online.v1"
#define EVENT_DEVICE_OFFLINE "cn.jiuan.device.offline.v1"
#define EVENT_DEVICE_HEALTH  "cn.jiuan.device.health.v1"

struct device_events {
	struct device_event *items;
	size_t n;
};

struct device_error {
	const char *code;  /* stable words: "not_json", "missing", "wrong_type", "length", "characters", "time",
			      "too_many", "unknown_word" */
	const char *field; /* name in the device's format, or "" */
	size_t at;         /* "not_json": byte offset; in lists: index of the item */
};

#endif
