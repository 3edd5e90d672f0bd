/* settings.c - see settings.h. */
#include "lens/settings.h"

#include "base/json.h"
#include "lens/settings_inner.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MOST = 4 << 20 };

enum rc settings_fail(struct reader *r, const char *where, const char *fmt, ...)
{
	va_list args;
	int n = snprintf(r->err->text, sizeof(r->err->text), "%s: ", where);

	va_start(args, fmt);
	if (n > 0 && (size_t)n < sizeof(r->err->text))
		vsnprintf(r->err->text + n, sizeof(r->err->text) - (size_t)n, fmt, args);
	va_end(args);
	return RC_INVALID;
}

const char *settings_path(struct reader *r, const char *where, const char *key, int index)
{
	struct str s = index < 0 ? arena_fmt(r->a, "%s%s%s", where, *where ? "." : "", key)
				 : arena_fmt(r->a, "%s%s%s[%d]", where, *where ? "." : "", key, index);

	return s.p;
}

enum rc settings_known(struct reader *r, const struct json *j, const char *where, const char *const *keys)
{
	if (j->kind != J_MAP)
		return settings_fail(r, where, "an object is expected");
	for (const struct json *c = j->child; c; c = c->next) {
		bool known = false;

		for (size_t i = 0; keys[i]; i++)
			known = known || str_is(c->key, keys[i]);
		if (!known)
			return settings_fail(r, settings_path(r, where, arena_z(r->a, c->key), -1), "unknown key");
	}
	return RC_OK;
}

enum rc settings_text(struct reader *r, const struct json *map, const char *where, const char *key, size_t most,
		      const char **ret)
{
	const struct json *j = json_get(map, key);

	if (j == NULL)
		return RC_OK;
	if (j->kind != J_TEXT || j->text.n == 0 || j->text.n > most)
		return settings_fail(r, settings_path(r, where, key, -1), "a text of 1 to %zu bytes is expected", most);
	*ret = arena_z(r->a, j->text);
	return RC_OK;
}

enum rc settings_real(struct reader *r, const struct json *map, const char *where, const struct range *range,
		      double *ret)
{
	const struct json *j = json_get(map, range->key);
	double v;

	if (j == NULL)
		return RC_OK;
	if (!json_number(j, &v) || v < range->lo || v > range->hi)
		return settings_fail(r, settings_path(r, where, range->key, -1), "a number from %g to %g is expected",
				     range->lo, range->hi);
	*ret = v;
	return RC_OK;
}

enum rc settings_flag(struct reader *r, const struct json *map, const char *where, const char *key, bool *ret)
{
	const struct json *j = json_get(map, key);

	if (j == NULL)
		return RC_OK;
	if (j->kind != J_BOOL)
		return settings_fail(r, settings_path(r, where, key, -1), "true or false is expected");
	*ret = j->i != 0;
	return RC_OK;
}

enum rc settings_list(struct reader *r, const struct json *map, const char *where, const char *key, unsigned most,
		      const struct json **ret)
{
	const struct json *j = json_get(map, key);

	*ret = NULL;
	if (j == NULL)
		return RC_OK;
	if (j->kind != J_LIST || j->n > most)
		return settings_fail(r, settings_path(r, where, key, -1), "a list of at most %u is expected", most);
	*ret = j;
	return RC_OK;
}

/* The key stands in a file of its own: the configuration is shown to people. */
static enum rc read_key(struct reader *r, const char *path, const char *id, const char **ret)
{
	char key[200];
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 || fstat(fd, &st) != 0 ? -1 : read(fd, key, sizeof(key) - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return settings_fail(r, "server.key_file", "cannot be read");
	if (st.st_mode & 0007)
		return settings_fail(r, "server.key_file", "others may read it: chmod 600");
	struct str text = str_trim((struct str){ key, (size_t)n });

	*ret = arena_fmt(r->a, "%s." FMT_STR, id, ARG_STR(text)).p;
	return RC_OK;
}

static enum rc read_server(struct reader *r, const struct json *j, struct settings *s)
{
	static const char *const keys[] = { "url", "device", "key_file", "ca_file", "seal_key", NULL };
	const char *id = NULL, *file = NULL;

	if (j == NULL)
		return RC_OK;
	TRY(settings_known(r, j, "server", keys));
	TRY(settings_text(r, j, "server", "url", 250, &s->server));
	TRY(settings_text(r, j, "server", "device", 64, &id));
	TRY(settings_text(r, j, "server", "key_file", 500, &file));
	TRY(settings_text(r, j, "server", "ca_file", 500, &s->ca_file));
	TRY(settings_text(r, j, "server", "seal_key", 64, &s->seal_key));
	if (s->server == NULL || id == NULL || file == NULL)
		return settings_fail(r, "server", "url, device and key_file belong together");
	struct str url = str_of(s->server);

	if (!str_starts(url, "http://") && !str_starts(url, "https://"))
		return settings_fail(r, "server.url", "http:// or https:// is expected");
	if (str_ends(url, "/"))
		return settings_fail(r, "server.url", "no slash at the end");
	return read_key(r, file, id, &s->device);
}

static enum rc read_spool(struct reader *r, const struct json *j, struct settings *s)
{
	static const char *const keys[] = { "folder", "max_mb", NULL };
	double mb = 2048;

	if (j) {
		TRY(settings_known(r, j, "spool", keys));
		TRY(settings_text(r, j, "spool", "folder", 450, &s->spool));
		TRY(settings_real(r, j, "spool", &(struct range){ "max_mb", 16, 1e6 }, &mb));
	}
	if (s->spool == NULL)
		return settings_fail(r, "spool.folder", "is needed");
	s->spool_bytes = (int64_t)(mb * 1048576);
	return RC_OK;
}

static enum rc no_twins(struct reader *r, const struct settings *s)
{
	for (int i = 0; i < s->cameras_n; i++)
		for (int k = 0; k < i; k++)
			if (strcmp(s->cameras[i].source, s->cameras[k].source) == 0)
				return settings_fail(r, settings_path(r, "", "cameras", i), "source as of camera %d",
						     k);
	return RC_OK;
}

enum rc settings_parse(struct arena *a, struct str text, struct settings *ret, struct settings_error *err)
{
	static const char *const keys[] = { "server", "spool", "workers", "cameras", NULL };
	struct reader r = { .a = a, .err = err };
	struct json *j;
	struct json_error wrong;
	const struct json *list;
	double workers = 0;

	*ret = (struct settings){ 0 };
	err->text[0] = '\0';
	if (json_parse(a, text, 200000, &j, &wrong) != RC_OK)
		return settings_fail(&r, "configuration", "no JSON at byte %zu: %s", wrong.at, wrong.reason);
	TRY(settings_known(&r, j, "", keys));
	TRY(read_server(&r, json_get(j, "server"), ret));
	TRY(read_spool(&r, json_get(j, "spool"), ret));
	TRY(settings_real(&r, j, "", &(struct range){ "workers", 0, 256 }, &workers));
	ret->workers = (int)workers;
	TRY(settings_list(&r, j, "", "cameras", CAMERAS_MAX, &list));
	if (list == NULL || list->n == 0)
		return settings_fail(&r, "cameras", "at least one is needed");
	ret->cameras = NEW_N(a, struct camera_setting, list->n);
	for (const struct json *c = list->child; c; c = c->next) {
		const char *where = settings_path(&r, "", "cameras", ret->cameras_n);

		TRY(settings_camera(&r, c, where, &ret->cameras[ret->cameras_n++]));
	}
	return no_twins(&r, ret);
}

enum rc settings_read(struct arena *a, const char *path, struct settings *ret, struct settings_error *err)
{
	struct reader r = { .a = a, .err = err };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		(void)!settings_fail(&r, path, "cannot be read");
		return RC_MISSING;
	}
	enum rc rc = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? RC_OK : RC_INVALID;

	if (rc != RC_OK || st.st_size > FILE_MOST) {
		rc = settings_fail(&r, path, "is no file of at most 4 MiB");
	} else if (st.st_mode & 0007) {
		(void)!settings_fail(&r, path, "others may read it, and it may hold passwords: chmod 640");
		rc = RC_DENIED;
	}
	char *text = rc == RC_OK ? arena_alloc(a, (size_t)st.st_size + 1) : NULL;
	size_t n = 0;

	for (ssize_t k = 1; rc == RC_OK && k > 0 && n<(size_t)st.st_size; n += k> 0 ? (size_t)k : 0)
		k = read(fd, text + n, (size_t)st.st_size - n);
	close(fd);
	return rc == RC_OK ? settings_parse(a, (struct str){ text, n }, ret, err) : rc;
}
