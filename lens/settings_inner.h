/* settings_inner.h - how the configuration is read, field by field. */
#ifndef LENS_SETTINGS_INNER_H
#define LENS_SETTINGS_INNER_H

#include "base/json.h"
#include "lens/settings.h"

struct reader {
	struct arena *a;
	struct settings_error *err;
};
struct range {
	const char *key;
	double lo, hi;
};

/* All but settings_path: RC_OK, or RC_INVALID with the error written.  A key
 * that is not there leaves *ret as it was. */
enum rc settings_fail(struct reader *r, const char *where, const char *fmt, ...) PRINTF(3, 4) MUST_USE;
const char *settings_path(struct reader *r, const char *where, const char *key, int index); /* index < 0: none */
enum rc settings_known(struct reader *r, const struct json *j, const char *where, const char *const *keys) MUST_USE;
enum rc settings_text(struct reader *r, const struct json *map, const char *where, const char *key, size_t most,
		      const char **ret) MUST_USE;
enum rc settings_real(struct reader *r, const struct json *map, const char *where, const struct range *range,
		      double *ret) MUST_USE;
enum rc settings_flag(struct reader *r, const struct json *map, const char *where, const char *key, bool *ret) MUST_USE;
enum rc settings_list(struct reader *r, const struct json *map, const char *where, const char *key, unsigned most,
		      const struct json **ret) MUST_USE;
enum rc settings_camera(struct reader *r, const struct json *j, const char *where, struct camera_setting *ret) MUST_USE;

/* settings_draw.c: what is drawn on a still.  The same JSON is kept with the
 * device on the server. */
enum rc settings_drawing(struct reader *r, const struct json *j, const char *where,
			 struct camera_setting *ret) MUST_USE;
enum rc settings_corners(struct reader *r, const struct json *j, const char *where, int most, struct corner *ret,
			 int *n) MUST_USE;

#endif
