#include "store_rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *rig_kind(enum testdb_kind kind)
{
	static enum testdb_kind kinds[TESTDB_N] = { TESTDB_MEMORY, TESTDB_FILE, TESTDB_PG };

	return &kinds[kind];
}

struct conn *rig_open(const char *url, unsigned flags)
{
	struct store_error err = { "" };
	struct conn *c = NULL;

	if (conn_open(url, flags, &c, &err) != RC_OK)
		fail_msg("%s: %s", url, err.text);
	return c;
}

int rig_up(void **state)
{
	struct rig *g = mem_new(sizeof(*g));

	g->kind = *(enum testdb_kind *)*state;
	g->url = testdb_url(g->kind);
	if (g->url)
		g->c = rig_open(g->url, 0);
	*state = g;
	return 0;
}

int rig_down(void **state)
{
	struct rig *g = *state;

	conn_close(g->c);
	testdb_drop(g->url);
	free(g);
	return 0;
}

struct rig *rig_of(void **state)
{
	struct rig *g = *state;

	if (g->url == NULL)
		skip();
	return g;
}

struct answer {
	size_t rows;
	struct val v;
	char *text;
	size_t room;
};

static char *slot(size_t *room)
{
	static char text[5][8192];
	static size_t turn;

	*room = sizeof(text[0]);
	return text[turn++ % 5];
}

static enum rc keep_one(void *arg, const struct row *row)
{
	struct answer *a = arg;

	a->rows++;
	assert_int_equal(1, row->n);
	a->v = row->v[0];
	if (a->v.kind == VAL_TEXT || a->v.kind == VAL_BLOB) {
		assert_true(a->v.s.n < a->room);
		memcpy(a->text, a->v.s.p, a->v.s.n);
		a->text[a->v.s.n] = '\0';
	}
	return RC_OK;
}

static struct answer ask(struct conn *c, const char *sql, struct args args)
{
	struct answer a = { 0 };

	a.text = slot(&a.room);
	if (conn_each(c, sql, args, keep_one, &a) != RC_OK)
		fail_msg("%s: %s", sql, conn_message(c));
	assert_int_equal(1, a.rows);
	return a;
}

int64_t ask_int(struct conn *c, const char *sql, struct args args)
{
	struct answer a = ask(c, sql, args);

	assert_int_equal(VAL_INT, a.v.kind);
	return a.v.i;
}

double ask_real(struct conn *c, const char *sql, struct args args)
{
	struct answer a = ask(c, sql, args);

	assert_int_equal(VAL_REAL, a.v.kind);
	return a.v.d;
}

const char *ask_text(struct conn *c, const char *sql, struct args args)
{
	struct answer a = ask(c, sql, args);

	assert_true(a.v.kind == VAL_TEXT || a.v.kind == VAL_BLOB);
	return a.text;
}

bool ask_null(struct conn *c, const char *sql, struct args args)
{
	return ask(c, sql, args).v.kind == VAL_NULL;
}

static enum rc keep_row(void *arg, const struct row *row)
{
	struct answer *a = arg;

	for (size_t i = 0; i < row->n; i++) {
		const struct val *v = &row->v[i];
		size_t at = strlen(a->text), room = a->room - at;
		const char *end = i + 1 < row->n ? "|" : ";";

		switch (v->kind) {
		case VAL_NULL: snprintf(a->text + at, room, "null%s", end); break;
		case VAL_INT: snprintf(a->text + at, room, "%" PRId64 "%s", v->i, end); break;
		case VAL_REAL: snprintf(a->text + at, room, "%g%s", v->d, end); break;
		case VAL_TEXT:
		case VAL_BLOB: snprintf(a->text + at, room, FMT_STR "%s", ARG_STR(v->s), end); break;
		}
	}
	return RC_OK;
}

const char *ask_rows(struct conn *c, const char *sql, struct args args)
{
	struct answer a = { 0 };

	a.text = slot(&a.room);
	a.text[0] = '\0';
	if (conn_each(c, sql, args, keep_row, &a) != RC_OK)
		fail_msg("%s: %s", sql, conn_message(c));
	return a.text;
}
