/* settings.h - the configuration of `jiuan-lens run`, one JSON file.
 *
 * docs/lens-run.md lists every key.  Unknown keys, wrong kinds and values out of
 * range are refused with the key's path: "cameras[2].lanes[0].width_m".
 * Passwords may stand in stream addresses and keys in files named here: the
 * configuration itself must not be readable by others (mode 0640 at most).
 */
#ifndef LENS_SETTINGS_H
#define LENS_SETTINGS_H

#include "lens/analyse.h"
#include "lens/lane.h"

enum { CAMERAS_MAX = 64, LANES_MAX = 8, WINDOWS_MAX = 200, LABELS_MAX = 8, COMMAND_MAX = 16 };

struct window { /* blurred in what is shared */
	int n;
	struct corner corners[8];
};
struct lane_setting {
	const char *name; /* the event's zone: "fire-lane" */
	struct lane_config config;
};
/* A program of the site that finds things in pictures (docs/lens-detector.md). */
struct detector_setting {
	const char *command[COMMAND_MAX + 1]; /* NULL-terminated; [0] NULL: off */
	const char *zone;                     /* the event's zone: "lobby", "lift", "stairs" */
	struct zone area;                     /* where motion wakes it; n 0: the whole picture */
	double rate;                          /* pictures a second, 1 to 10 */
	double least;                         /* score */
	const char *labels[LABELS_MAX + 1];   /* NULL-terminated; others are not told */
	int64_t timeout_us;                   /* for one answer */
	int width;                            /* of the pictures it gets */
};

struct camera_setting {
	const char *name, *source; /* for the log; CloudEvents source */
	const char *input;         /* rtsp://, a file, or a folder of files */
	const char *sub;           /* second, smaller stream of the same camera; NULL: none */
	bool udp, verify;
	const char *ca_file;
	bool pace;        /* files: as fast as they were recorded; else as fast as possible */
	int64_t start_at; /* files: wall time of the first picture; 0: now when paced, else the file's own change time
			   */
	int64_t ring_bytes, max_pixels;
	bool thrown, debris;
	bool has_calibration;
	struct calibration calibration;
	int zones_n, lanes_n, windows_n;
	struct zone zones[ANALYSE_ZONES_MAX];
	struct lane_setting lanes[LANES_MAX];
	struct window *windows;
	struct detector_setting detector;
	int storm_max; /* findings per 10 minutes told at once */
};

struct settings {
	const char *server, *device, *ca_file; /* device: "<id>.<key>"; server NULL: nothing is sent, all is kept */
	const char *seal_key;                  /* base64url; NULL: not sealed */
	const char *spool;
	int64_t spool_bytes;
	int workers; /* pictures decoded at the same time; 0: one per core */
	int cameras_n;
	struct camera_setting *cameras;
};

struct settings_error {
	char text[240]; /* path and what is wrong */
};
/* Everything lives in 'a'.  RC_MISSING: no file; RC_DENIED: readable by others;
 * RC_INVALID with *err. */
enum rc settings_read(struct arena *a, const char *path, struct settings *ret, struct settings_error *err) MUST_USE;
enum rc settings_parse(struct arena *a, struct str text, struct settings *ret, struct settings_error *err) MUST_USE;

#endif
