/* frigate_app.c - the Frigate link as a part of the server: options, units of
 * work, the gateway device. */
#include "app/frigate_link.h"

#include "core/inner.h"

#include "domain/places/places.h"
#include "sys/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct append_unit {
	const struct sensing_input *events;
	size_t n;
};

static enum rc append_unit(struct ctx *c, void *arg)
{
	const struct append_unit *u = arg;

	return sensing_append(c, u->events, u->n, NEW_N(c->arena, struct sensing_verdict, u->n + 1));
}

static enum rc app_append(void *arg, const struct sensing_input *events, size_t n)
{
	struct append_unit u = { events, n };

	return app_unit(arg, append_unit, &u);
}

struct last_unit {
	struct str source;
	int64_t at;
};

static enum rc last_unit(struct ctx *c, void *arg)
{
	struct last_unit *u = arg;

	return sensing_last_at(c, u->source, &u->at);
}

static enum rc app_last_at(void *arg, struct str source, int64_t *ret)
{
	struct last_unit u = { .source = source };

	TRY(app_unit(arg, last_unit, &u));
	*ret = u.at;
	return RC_OK;
}

/* ---- pictures ---------------------------------------------------------------------------- */

/* Looks once a second: on a connection of its own, that reads. */
struct pictures {
	struct app *app;
	struct conn *reader; /* NULL: to be opened */
};

static enum rc app_wants(void *arg, struct str gateway_id, struct arena *a, size_t most, struct sensing_wanted *ret,
			 size_t *n)
{
	struct pictures *p = arg;
	struct store_error err = { "" };

	if (p->reader == NULL)
		TRY(conn_open(app_url(p->app), CONN_READ_ONLY, &p->reader, &err));
	struct ctx c = app_ctx(p->app, a, p->reader);
	enum rc rc = sensing_wants(&c, gateway_id, most, ret, n);

	if (rc != RC_OK) { /* a lost connection is opened anew */
		conn_close(p->reader);
		p->reader = NULL;
	}
	return rc;
}

static void pictures_done(void *arg)
{
	struct pictures *p = arg;

	conn_close(p->reader);
	free(p);
}

struct got_unit {
	const struct sensing_wanted *w;
	const struct file_ref *file; /* NULL: not had */
	const char *reason;
};

static enum rc got_unit(struct ctx *c, void *arg)
{
	const struct got_unit *u = arg;

	return sensing_got(c, u->w, u->file, u->reason);
}

/* To disk on this thread, with no unit of work open; then the row. */
static enum rc app_got(void *arg, struct arena *a, const struct sensing_wanted *w, struct str bytes, const char *reason)
{
	struct app *app = ((struct pictures *)arg)->app;
	struct ctx c = app_ctx(app, a, NULL);
	const struct file_new n = { .bytes = bytes,
				    .place_path = w->place_path,
				    .purpose = "evidence",
				    .kind = w->kind,
				    .cls = P2,
				    .at = w->at,
				    .delete_at = c.now + SENSING_EVIDENCE_HOURS * HOUR };
	struct file_ref f;
	struct got_unit u = { .w = w, .reason = reason };

	if (reason == NULL) {
		enum rc rc = files_write(&c, &n, &f);

		u.file = rc == RC_OK ? &f : NULL;
		u.reason = rc == RC_INVALID ? "media_type" : rc == RC_LIMIT ? "too_large" : "disk";
	}
	return app_unit(app, got_unit, &u);
}

/* ---- start and stop -------------------------------------------------------------------- */

struct gateway_unit {
	struct str source, place; /* place: id or path */
	char id[64];
};

static enum rc gateway_unit(struct ctx *c, void *arg)
{
	struct gateway_unit *u = arg;
	struct place_ref p;
	struct str id;
	bool found = false;

	if (str_ends(u->place, "."))
		TRY(places_by_path(c, u->place, &p, &found));
	if (!found)
		TRY(places_get(c, u->place, "frigate-place", &p));
	TRY(sensing_gateway(c, u->source, u->source, p.id, &id));
	snprintf(u->id, sizeof(u->id), FMT_STR, ARG_STR(id));
	return RC_OK;
}

enum rc frigate_link_app(struct app *a, struct str place, const struct frigate_link_config *c,
			 struct frigate_link **ret)
{
	struct frigate_link_config mine = *c;
	struct gateway_unit u = { .source = str_of(c->prefix ? c->prefix : "frigate"), .place = place };

	TRY(app_unit(a, gateway_unit, &u));
	mine.gateway_id = str_of(u.id);
	mine.append = app_append;
	mine.last_at = app_last_at;
	if (mine.http_url) {
		struct pictures *p = mem_new(sizeof(*p));

		p->app = a;
		mine.wants = app_wants;
		mine.got = app_got;
		mine.fetch_arg = p;
		mine.fetch_done = pictures_done;
	}
	mine.arg = a;
	return frigate_link_open(&mine, ret);
}

/* A secret stands in a file: options and environment are seen by others. */
static enum rc read_password(struct arena *a, const char *file, const char **ret)
{
	struct str text;

	if (file == NULL)
		return RC_OK;
	if (file_read(a, file, 1024, &text) != RC_OK) {
		fprintf(stderr, "can't read %s\n", file);
		return RC_INVALID;
	}
	*ret = arena_z(a, str_trim(text));
	return RC_OK;
}

enum rc frigate_start(struct app *a, const struct frigate_options *o, struct log *log, struct frigate_link **ret)
{
	*ret = NULL;
	if (o->mqtt == NULL)
		return RC_OK;
	if (o->place == NULL) {
		fprintf(stderr, "--frigate-place is missing: where the cameras are until they are approved\n");
		return RC_INVALID;
	}
	struct arena *tmp = arena_new(1 << 16);
	struct frigate_link_config c = { .host = o->mqtt,
					 .port = (uint16_t)o->mqtt_port,
					 .user = o->user,
					 .ca_file = o->ca_file,
					 .prefix = o->prefix,
					 .http_url = o->http_url,
					 .clock = clock_system(),
					 .log = log };
	enum rc rc = read_password(tmp, o->password_file, &c.password);

	if (rc == RC_OK)
		rc = frigate_link_app(a, str_of(o->place), &c, ret);
	arena_free(tmp);
	return rc;
}

void frigate_stop(struct frigate_link *l)
{
	frigate_link_close(l);
}
