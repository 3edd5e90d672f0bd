/* settings_camera.c - one camera of the configuration. */
#include "lens/settings_inner.h"

#include <string.h>

static enum rc read_words(struct reader *r, const struct json *j, const char *where, const char *key, unsigned most,
			  const char **ret)
{
	const struct json *list;
	unsigned n = 0;

	TRY(settings_list(r, j, where, key, most, &list));
	for (const struct json *w = list ? list->child : NULL; w; w = w->next) {
		if (w->kind != J_TEXT || w->text.n == 0 || w->text.n > 400)
			return settings_fail(r, settings_path(r, where, key, (int)n), "a text is expected");
		ret[n++] = arena_z(r->a, w->text);
	}
	if (list)
		ret[n] = NULL;
	return RC_OK;
}

/* The lens looks at places.  Whatever a site's own program could tell about
 * people does not get in here. */
static bool is_of_persons(const char *label)
{
	static const char *const words[] = { "person", "people", "human", "man",  "woman",      "child", "boy",
					     "girl",   "face",   "head",  "gait", "pedestrian", "人",    "脸" };
	char low[64];
	size_t n = 0;

	for (; n < sizeof(low) - 1 && label[n]; n++)
		low[n] = (char)(label[n] >= 'A' && label[n] <= 'Z' ? label[n] + 32 : label[n]);
	low[n] = '\0';
	for (size_t i = 0; i < COUNT(words); i++)
		if (strncmp(low, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static enum rc read_detector(struct reader *r, const struct json *j, const char *where, struct detector_setting *d)
{
	static const char *const keys[] = { "command", "zone",       "area",  "rate", "least",
					    "labels",  "timeout_ms", "width", NULL };
	double timeout = 2000, width = 640;

	*d = (struct detector_setting){ .zone = "lobby", .rate = 3, .least = 0.6, .labels = { "e-bike", NULL } };
	d->timeout_us = 2 * SECOND;
	d->width = 640;
	if (j == NULL)
		return RC_OK;
	TRY(settings_known(r, j, where, keys));
	TRY(read_words(r, j, where, "command", COMMAND_MAX, d->command));
	TRY(settings_text(r, j, where, "zone", 60, &d->zone));
	if (json_get(j, "area"))
		TRY(settings_corners(r, json_get(j, "area"), settings_path(r, where, "area", -1), ANALYSE_CORNERS_MAX,
				     d->area.corners, &d->area.n));
	TRY(settings_real(r, j, where, &(struct range){ "rate", 1, 10 }, &d->rate));
	TRY(settings_real(r, j, where, &(struct range){ "least", 0, 1 }, &d->least));
	TRY(read_words(r, j, where, "labels", LABELS_MAX, d->labels));
	for (int i = 0; d->labels[i]; i++)
		if (is_of_persons(d->labels[i]))
			return settings_fail(r, settings_path(r, where, "labels", -1), "no detector of persons");
	TRY(settings_real(r, j, where, &(struct range){ "timeout_ms", 100, 60000 }, &timeout));
	TRY(settings_real(r, j, where, &(struct range){ "width", 64, 1920 }, &width));
	d->timeout_us = (int64_t)timeout * MILLI;
	d->width = (int)width & ~1;
	return RC_OK;
}

static enum rc read_words_of_input(struct reader *r, const struct json *j, const char *where, struct camera_setting *c)
{
	const char *transport = "tcp", *start = NULL;

	TRY(settings_text(r, j, where, "name", 100, &c->name));
	TRY(settings_text(r, j, where, "source", 128, &c->source));
	TRY(settings_text(r, j, where, "input", 1000, &c->input));
	TRY(settings_text(r, j, where, "sub", 1000, &c->sub));
	TRY(settings_text(r, j, where, "ca_file", 500, &c->ca_file));
	TRY(settings_text(r, j, where, "transport", 3, &transport));
	TRY(settings_text(r, j, where, "start_at", 40, &start));
	if (c->source == NULL || c->input == NULL)
		return settings_fail(r, where, "source and input are needed");
	if (c->name == NULL)
		c->name = c->source;
	if (strcmp(transport, "tcp") != 0 && strcmp(transport, "udp") != 0)
		return settings_fail(r, settings_path(r, where, "transport", -1), "tcp or udp is expected");
	c->udp = strcmp(transport, "udp") == 0;
	if (start && time_parse(str_of(start), &c->start_at) != RC_OK)
		return settings_fail(r, settings_path(r, where, "start_at", -1), "a time (RFC 3339) is expected");
	return RC_OK;
}

static enum rc read_numbers(struct reader *r, const struct json *j, const char *where, struct camera_setting *c)
{
	double ring = 10, pixels = 4096.0 * 2304.0 / 1e6, storm = 6;

	TRY(settings_real(r, j, where, &(struct range){ "ring_mb", 1, 200 }, &ring));
	TRY(settings_real(r, j, where, &(struct range){ "max_megapixels", 0.1, 67 }, &pixels));
	TRY(settings_real(r, j, where, &(struct range){ "storm_max", 1, 1000 }, &storm));
	c->ring_bytes = (int64_t)(ring * 1048576);
	c->max_pixels = (int64_t)(pixels * 1e6);
	c->storm_max = (int)storm;
	TRY(settings_flag(r, j, where, "verify", &c->verify));
	TRY(settings_flag(r, j, where, "pace", &c->pace));
	TRY(settings_flag(r, j, where, "thrown", &c->thrown));
	return settings_flag(r, j, where, "debris", &c->debris);
}

enum rc settings_camera(struct reader *r, const struct json *j, const char *where, struct camera_setting *ret)
{
	static const char *const keys[] = { "name",           "source",    "input",   "sub",      "transport",
					    "verify",         "ca_file",   "pace",    "start_at", "ring_mb",
					    "max_megapixels", "storm_max", "thrown",  "debris",   "calibration",
					    "zones",          "lanes",     "windows", "detector", NULL };

	*ret = (struct camera_setting){ .thrown = true };
	TRY(settings_known(r, j, where, keys));
	TRY(read_words_of_input(r, j, where, ret));
	TRY(read_numbers(r, j, where, ret));
	TRY(settings_drawing(r, j, where, ret));
	return read_detector(r, json_get(j, "detector"), settings_path(r, where, "detector", -1), &ret->detector);
}
