/* cmd_data.c - jiuan import and jiuan export. */
#include "app/cli.h"

#include "domain/people/people.h"
#include "domain/places/places.h"
#include "sys/file.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MOST = 256 << 20 };

/* ---- import ------------------------------------------------------------------------- */

struct import {
	struct data_options data;
	const char *format, *datum, *parent, *city, *map;
	bool dry_run, partial;
};
const struct config_option import_options[] = {
	DATA_OPTIONS(struct import, data),
	{ "format", NULL, CONFIG_WORD, offsetof(struct import, format), "by-name", 0, 0, "by-name|csv|geojson",
	  "of the file" },
	{ "datum", NULL, CONFIG_WORD, offsetof(struct import, datum), "wgs84", 0, 0, "wgs84|gcj02",
	  "of its coordinates" },
	{ "parent", NULL, CONFIG_TEXT, offsetof(struct import, parent), NULL, 1, 400, NULL,
	  "places: path for rows that name no parent; households, tenancies: the community" },
	{ "city", NULL, CONFIG_TEXT, offsetof(struct import, city), NULL, 1, 200, NULL,
	  "name of a city the file gives by code only" },
	{ "map", NULL, CONFIG_TEXT, offsetof(struct import, map), NULL, 1, 2000, NULL,
	  "households, tenancies: field=column,... for columns with names of their own" },
	{ "dry-run", NULL, CONFIG_FLAG, offsetof(struct import, dry_run), "false", 0, 0, NULL,
	  "check and count, write nothing" },
	{ "partial", NULL, CONFIG_FLAG, offsetof(struct import, partial), "false", 0, 0, NULL,
	  "write the good rows although others are refused" },
};
const size_t n_import_options = COUNT(import_options);

static void say_row(void *arg, size_t row, const char *code, const char *field, const char *detail)
{
	const char *file = arg;

	if (row)
		fprintf(stderr, "%s:%zu: %s%s%s: %s\n", file, row, code, field ? " " : "", field ? field : "",
			detail ? detail : "");
	else
		fprintf(stderr, "%s: %s%s%s: %s\n", file, code, field ? " " : "", field ? field : "",
			detail ? detail : "");
}

struct importing {
	struct str text;
	struct places_import_options o;
	struct places_import_result result;
};

static enum rc import_unit(struct ctx *c, void *arg)
{
	struct importing *i = arg;

	return places_import(c, i->text, &i->o, &i->result);
}

static int say_result(const struct places_import_result *r, bool dry_run, enum rc rc)
{
	if (rc != RC_OK)
		return rc == RC_INVALID ? EXIT_REFUSED : EXIT_FAILED;
	printf("%zu rows: %zu created, %zu updated, %zu unchanged, %zu refused%s\n", r->rows, r->created, r->updated,
	       r->unchanged, r->refused,
	       dry_run      ? " (dry run, nothing written)"
	       : r->written ? ""
			    : " (nothing written)");
	return r->refused ? EXIT_REFUSED : EXIT_FINE;
}

static int import_places(struct session *s, const struct import *o, const char *file, struct str text)
{
	bool geojson =
		strcmp(o->format, "geojson") == 0 || (strcmp(o->format, "csv") != 0 && str_ends(str_of(file), "json"));
	struct importing i = { .text = text,
			       .o = { .format = geojson ? PLACES_GEOJSON : PLACES_CSV,
				      .datum = strcmp(o->datum, "gcj02") == 0 ? PLACES_GCJ02 : PLACES_WGS84,
				      .dry_run = o->dry_run,
				      .partial = o->partial,
				      .parent_path = str_of(o->parent),
				      .city_name = str_of(o->city),
				      .report = say_row,
				      .arg = (void *)(uintptr_t)file } };
	enum rc rc = app_unit(s->app, import_unit, &i);

	return say_result(&i.result, i.o.dry_run, rc);
}

/* ---- homes and rentals ------------------------------------------------------------------ */

struct homes {
	struct str text;
	struct people_import_options o;
	struct people_import_result result;
};

static void say_progress(void *arg, size_t done, size_t rows)
{
	(void)arg;
	cli_progress("rows", (int64_t)done, (int64_t)rows);
}

static enum rc homes_unit(struct ctx *c, void *arg)
{
	struct homes *h = arg;
	return people_import(c, h->text, &h->o, &h->result);
}

static int import_homes(struct session *s, const struct import *o, const char *const *words, struct str text)
{
	struct homes h = { .text = text,
			   .o = { .what = strcmp(words[0], "tenancies") == 0 ? PEOPLE_TENANCIES : PEOPLE_HOUSEHOLDS,
				  .under = str_of(o->parent),
				  .map = str_of(o->map),
				  .dry_run = o->dry_run,
				  .partial = o->partial,
				  .report = say_row,
				  .progress = say_progress,
				  .arg = (void *)(uintptr_t)words[1] } };
	enum rc rc = app_unit(s->app, homes_unit, &h);
	struct places_import_result r = { h.result.rows,      h.result.created, h.result.updated,
					  h.result.unchanged, h.result.refused, h.result.written };

	return say_result(&r, o->dry_run, rc);
}

static bool is_import(const char *what)
{
	return strcmp(what, "places") == 0 || strcmp(what, "households") == 0 || strcmp(what, "tenancies") == 0;
}

int cmd_import(int argc, char **argv)
{
	struct import o = { 0 };
	const char *words[2] = { NULL, NULL };
	size_t n = 2;
	struct session s;
	int code;

	if (!cli_read(cli_command("import"), argc, argv, &o, words, &n, &code))
		return code;
	if (n < 2 || !is_import(words[0])) {
		fprintf(stderr, "usage: jiuan import places|households|tenancies FILE\n");
		return EXIT_USAGE;
	}
	if (strcmp(words[0], "places") != 0 && o.parent == NULL) {
		fprintf(stderr, "jiuan import %s: --parent is needed: the path of the community\n", words[0]);
		return EXIT_USAGE;
	}
	if (session_open(&o.data, &s) != RC_OK)
		return EXIT_FAILED;
	struct arena *a = arena_new((size_t)FILE_MOST * 2);
	struct str text;

	if (file_read(a, words[1], FILE_MOST, &text) != RC_OK) {
		fprintf(stderr, "can't read %s\n", words[1]);
		code = EXIT_FAILED;
	} else if (strcmp(words[0], "places") == 0) {
		code = import_places(&s, &o, words[1], text);
	} else {
		code = import_homes(&s, &o, words, text);
	}
	arena_free(a);
	session_close(&s);
	return code;
}

/* ---- export -------------------------------------------------------------------------- */

struct export
{
	struct data_options data;
	const char *reason;
};
const struct config_option export_options[] = {
	DATA_OPTIONS(struct export, data),
	{ "reason", NULL, CONFIG_TEXT, offsetof(struct export, reason), NULL, 2, 200, NULL,
	  "why a person's data leave; goes on record" },
};
const size_t n_export_options = COUNT(export_options);

struct exporting {
	const char *what, *id, *reason;
};

static enum rc export_unit(struct ctx *c, void *arg)
{
	const struct exporting *e = arg;
	struct buf out = buf_new(c->arena, 32 << 20);

	if (strcmp(e->what, "register") == 0) {
		TRY(app_register(c, &out));
	} else {
		struct person_ref who;

		TRY(people_person_get(c, str_of(e->id), "ID", &who));
		TRY(note_look(c, "people.person", str_of(e->id), str_of(e->id), STR("*"), STR("export"),
			      str_of(e->reason)));
		TRY(app_export_person(c, str_of(e->id), &out));
	}
	if (out.overflow)
		return FAIL(c, RC_LIMIT, "too_much", NO_STR, "too much for one export");
	printf(FMT_STR "\n", ARG_STR(buf_str(&out)));
	return RC_OK;
}

int cmd_export(int argc, char **argv)
{
	struct export o = { 0 };
	const char *words[2] = { NULL, NULL };
	size_t n = 2;
	struct session s;
	int code;

	if (!cli_read(cli_command("export"), argc, argv, &o, words, &n, &code))
		return code;
	bool person = n == 2 && strcmp(words[0], "person") == 0;

	if (!person && !(n == 1 && strcmp(words[0], "register") == 0)) {
		fprintf(stderr, "usage: jiuan export person ID --reason TEXT | jiuan export register\n");
		return EXIT_USAGE;
	}
	if (person && o.reason == NULL) {
		fprintf(stderr, "jiuan export person: --reason is needed; the person will see it\n");
		return EXIT_USAGE;
	}
	if (session_open(&o.data, &s) != RC_OK)
		return EXIT_FAILED;
	struct exporting e = { words[0], words[1], o.reason };

	enum rc rc = app_unit(s.app, export_unit, &e);

	code = rc == RC_OK ? EXIT_FINE : rc == RC_INVALID ? EXIT_REFUSED : EXIT_FAILED;
	session_close(&s);
	return code;
}
