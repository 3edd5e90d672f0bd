/* frigate.h - Frigate NVR: MQTT messages and HTTP lists -> neutral events.
 * Formats: docs.frigate.video, "MQTT" and "HTTP API" (0.13 to 0.16).
 *
 * What may pass is listed, all else is dropped: labels from a fixed list of
 * things (person, car, dog, fire ...), zone and camera names, ids, scores,
 * times and flags.  Never: sub_label, faces, number plates, descriptions,
 * attributes, thumbnails, boxes, paths.  There is no setting to widen it but
 * 'models', and classification results pass only as words of a fixed list
 * (e_bike, scooter ...).
 *
 * source   "<prefix>/<camera>", for the server itself "<prefix>"
 * types and data:
 *   camera.object  {object_id, phase new|update|end, label, zone, current, score, stationary, has_snapshot,
 *                   has_clip, started_at, frame_at, ended_at}; one event per zone the object has entered, with
 *                   "current" for whether it is in it now (never at the end); no zone: one event with zone "".
 *                   id "<object>/new/<zone>", "<object>/update/<frame time>/<zone>", "<object>/end/<zone>"
 *   camera.review  {review_id, phase, severity detection|alert, objects[], zones[], sounds[], started_at,
 *                   ended_at}; id "review/<id>/<phase>" (update: with a hash of the data)
 *   camera.class   {object_id, model, class, score}; id "<object>/class/<model>/<time>"
 *   device.online, device.offline  {reason}: the server (topic available), a camera's detector (status/detect;
 *                   "disabled" counts as offline: nothing is seen)
 *   device.health  {part audio|record, state}: other roles of a camera
 *
 * 'at': frame time of new and update, end time of end; availability has no
 * time in it, so 'now' goes into 'at' and the id.  Retained messages come
 * again with each connection: the caller ignores those that are not newer
 * than what it has ('at').
 */
#ifndef DEVICE_FRIGATE_H
#define DEVICE_FRIGATE_H

#include "device/event.h"

enum {
	FRIGATE_MAX_PREFIX = 48, /* bytes */
	FRIGATE_MAX_ID = 40,     /* object and review ids: [A-Za-z0-9._-] */
	FRIGATE_MAX_NAME = 48,   /* camera, zone and model names */
	FRIGATE_MAX_ZONES = 32,  /* of one object or review */
	FRIGATE_MAX_LIST = 10000 /* items of one HTTP answer */
};

struct frigate {
	struct str prefix;        /* absent: "frigate" */
	const struct str *models; /* classification models to listen to */
	size_t models_n;
};

/* One MQTT message.  RC_OK with no events: not for us (other topics, false
 * positives, labels that are not on the list).  RC_INVALID with *err: the
 * payload is not what Frigate sends. */
enum rc frigate_read(const struct frigate *f, struct arena *a, struct str topic, struct str payload, int64_t now,
		     struct device_events *ret, struct device_error *err) MUST_USE;
/* Answer of GET /api/events: finished objects give the same events, with the
 * same ids, as MQTT's "end"; objects in progress those of "new".  Items that
 * are malformed are skipped; *skipped counts them, *err tells the last one
 * (code NULL: none). */
enum rc frigate_read_events(const struct frigate *f, struct arena *a, struct str body, struct device_events *ret,
			    size_t *skipped, struct device_error *err) MUST_USE;
/* Answer of GET /api/review, likewise. */
enum rc frigate_read_reviews(const struct frigate *f, struct arena *a, struct str body, struct device_events *ret,
			     size_t *skipped, struct device_error *err) MUST_USE;

#endif
