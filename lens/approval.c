/* approval.c - see approval.h. */
#include "lens/approval.h"

#include "base/json.h"
#include "lens/file.h"
#include "lens/note.h"
#include "lens/settings_inner.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ANSWER_MOST = 1 << 20 };

static const struct json *cameras_of(struct arena *a, struct str text)
{
	struct json *j;
	struct json_error err;

	if (text.n == 0 || json_parse(a, text, 0, &j, &err) != RC_OK)
		return NULL;
	const struct json *list = json_get(j, "cameras");

	return list && list->kind == J_LIST ? list : NULL;
}

/* Drawings tell where people live: for nobody else to read. */
static void keep(const char *path, struct str text)
{
	char part[1024];

	snprintf(part, sizeof(part), "%s.new", path);
	mode_t old = umask(0077);

	if (file_write(part, text) != RC_OK || rename(part, path) != 0) {
		note(NOTE_WARN, "approval_not_kept", NULL, "reason=disk");
		unlink(part);
	}
	umask(old);
}

bool approval_ask(struct approval *ap, struct post *p, struct arena *a, const char *folder, bool *connected)
{
	struct post_answer answer;
	char path[1000];
	struct str text = NO_STR;

	snprintf(path, sizeof(path), "%s/.cameras", folder);
	*connected = post_get(p, a, "/api/sensing/lens", &answer) == RC_OK && answer.status == 200 &&
		     cameras_of(a, answer.body) != NULL;
	if (*connected)
		text = arena_dup(a, answer.body);
	else if (ap->text.n == 0 && file_read(a, path, &text) == RC_OK && cameras_of(a, text) == NULL)
		text = NO_STR;
	if (text.n == 0 || str_eq(text, ap->text))
		return false;
	if (*connected)
		keep(path, text);
	ap->text = text;
	return true;
}

static const struct json *find(const struct json *list, const char *source)
{
	for (const struct json *j = list ? list->child : NULL; j; j = j->next)
		if (str_is(json_get_text(j, "source"), source))
			return j;
	return NULL;
}

/* The server's drawing stands for all that is drawn: an old zone of the
 * configuration beside a new one of the page would be neither's wish. */
static bool draw(struct arena *a, const struct json *drawing, struct camera_setting *c)
{
	struct settings_error err = { "" };
	struct reader r = { .a = a, .err = &err };

	if (drawing == NULL || drawing->kind != J_MAP)
		return true;
	c->has_calibration = false;
	c->zones_n = c->lanes_n = c->windows_n = 0;
	memset(c->zones, 0, sizeof(c->zones));
	memset(c->lanes, 0, sizeof(c->lanes));
	if (settings_drawing(&r, drawing, "drawing", c) == RC_OK)
		return true;
	note(NOTE_ERROR, "drawing_refused", c->name, "reason=%s", NOTE_VALUE(err.text));
	return false;
}

int approval_apply(const struct approval *ap, const struct settings *s, struct arena *a, struct camera_setting **ret)
{
	const struct json *list = cameras_of(a, ap->text);
	int n = 0;

	*ret = NEW_N(a, struct camera_setting, s->cameras_n);
	for (int i = 0; i < s->cameras_n; i++) {
		const struct json *j = find(list, s->cameras[i].source);
		struct camera_setting c = s->cameras[i];

		if (j == NULL) {
			note(NOTE_WARN, "camera_not_active", c.name, "reason=\"not approved on the server\"");
			continue;
		}
		/* A drawing that cannot be used is no reason to stop looking: the
		 * configuration's own stands. */
		if (!draw(a, json_get(j, "drawing"), &c))
			c = s->cameras[i];
		(*ret)[n++] = c;
	}
	return n;
}
