#include "store/store_pg.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- parameters ------------------------------------------------------------ */

struct params {
	const char *p[STORE_MAX_ARGS];
	int length[STORE_MAX_ARGS], binary[STORE_MAX_ARGS];
};

enum { NUMBER_TEXT = 32 };

/* Text for all but bytes, so that the server picks the type.  libpq wants a
 * NUL after each text: they are copied into one block, kept for the next call. */
static enum rc fill_params(struct pg_db *d, struct args args, struct params *out)
{
	size_t need = 0;

	for (size_t i = 0; i < args.n; i++) {
		if (args.v[i].s.n > INT32_MAX && (args.v[i].kind == VAL_TEXT || args.v[i].kind == VAL_BLOB))
			return RC_INVALID;
		need += args.v[i].kind == VAL_TEXT ? args.v[i].s.n + 1 : NUMBER_TEXT;
	}
	if (need > d->block_n) {
		d->block = mem_grow(d->block, d->block_n, need);
		d->block_n = need;
	}
	char *to = d->block;
	for (size_t i = 0; i < args.n; i++) {
		const struct val *v = &args.v[i];

		out->p[i] = to;
		out->length[i] = out->binary[i] = 0;
		switch (v->kind) {
		case VAL_NULL: out->p[i] = NULL; break;
		case VAL_INT: to += snprintf(to, NUMBER_TEXT, "%" PRId64, v->i) + 1; break;
		case VAL_REAL: to += snprintf(to, NUMBER_TEXT, "%.17g", v->d) + 1; break;
		case VAL_TEXT:
			memcpy(to, v->s.p, v->s.n);
			to[v->s.n] = '\0';
			to += v->s.n + 1;
			break;
		case VAL_BLOB:
			out->p[i] = v->s.p;
			out->length[i] = (int)v->s.n;
			out->binary[i] = 1;
			break;
		}
	}
	return RC_OK;
}

/* ---- results --------------------------------------------------------------- */

/* Values arrive in binary: no digits to parse, bytes as they are.  Layouts:
 * the *send functions of PostgreSQL 15. */
static uint64_t big_endian(const char *p, int n)
{
	uint64_t u = 0;

	for (int i = 0; i < n; i++)
		u = u << 8 | (unsigned char)p[i];
	return u;
}

static double real_of(const char *p, int n)
{
	union {
		uint64_t u;
		double d;
	} d8 = { .u = big_endian(p, n) };
	union {
		uint32_t u;
		float f;
	} d4 = { .u = (uint32_t)d8.u };

	return n == 8 ? d8.d : (double)d4.f;
}

/* sum() and avg() of bigint are numeric: four 16-bit words (number of digits,
 * power of 10,000 of the first, sign, digits after the point), then the
 * digits to base 10,000. */
static enum rc numeric_of(const char *p, int n, struct val *v)
{
	char text[128];
	size_t at = 0;
	int digits = (int16_t)big_endian(p, 2), weight = (int16_t)big_endian(p + 2, 2);
	uint64_t sign = big_endian(p + 4, 2);
	int64_t i;

	if (n < 8 + 2 * digits || digits > 20 || weight > 20)
		return RC_BUG;
	if (sign == 0x4000)
		text[at++] = '-';
	text[at++] = '0';
	for (int k = 0; k < digits; k++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%04d", (int)big_endian(p + 8 + 2 * k, 2));
	int power = 4 * (weight - digits + 1);
	/* No digits after the point: a whole number, as in SQLite. */
	if (big_endian(p + 6, 2) == 0 && power >= 0) {
		size_t end = at;

		for (int k = 0; k < power && end < sizeof(text) - 1; k++)
			text[end++] = '0';
		if (str_int((struct str){ text, end }, &i) == RC_OK) {
			*v = V_INT(i);
			return RC_OK;
		}
	}
	snprintf(text + at, sizeof(text) - at, "e%d", power);
	*v = V_REAL(strtod(text, NULL));
	return RC_OK;
}

static enum rc read_val(const PGresult *r, int row, int col, struct val *v)
{
	const char *p = PQgetvalue(r, row, col);
	int n = PQgetlength(r, row, col);

	if (PQgetisnull(r, row, col)) {
		*v = V_NULL;
		return RC_OK;
	}
	switch (PQftype(r, col)) {
	case OID_BOOL: *v = V_INT(p[0] != 0); break;
	case OID_INT2: *v = V_INT((int16_t)big_endian(p, 2)); break;
	case OID_INT4: *v = V_INT((int32_t)big_endian(p, 4)); break;
	case OID_INT8: *v = V_INT((int64_t)big_endian(p, 8)); break;
	case OID_OID: *v = V_INT((int64_t)big_endian(p, 4)); break;
	case OID_FLOAT4:
	case OID_FLOAT8: *v = V_REAL(real_of(p, n)); break;
	case OID_NUMERIC: return numeric_of(p, n, v);
	case OID_BYTEA: *v = (struct val){ .kind = VAL_BLOB, .s = { p, (size_t)n } }; break;
	case OID_NAME:
	case OID_TEXT:
	case OID_UNKNOWN:
	case OID_BPCHAR:
	case OID_VARCHAR: *v = (struct val){ .kind = VAL_TEXT, .s = { p, (size_t)n } }; break;
	default: return RC_BUG;
	}
	return RC_OK;
}

static enum rc read_rows(struct pg_db *d, const PGresult *r, struct call *call)
{
	struct val v[STORE_MAX_COLS];
	const char *name[STORE_MAX_COLS];
	int n = PQnfields(r), rows = PQntuples(r);
	struct row row = { (size_t)n, v, name };

	for (int i = 0; i < n; i++)
		name[i] = PQfname(r, i);
	for (int k = 0; k < rows; k++) {
		for (int i = 0; i < n; i++)
			if (read_val(r, k, i, &v[i]) != RC_OK) {
				snprintf(d->message, sizeof(d->message), "column %s has a type of PostgreSQL alone",
					 name[i]);
				return RC_BUG;
			}
		enum rc rc = call->fn(call->arg, &row);
		if (rc != RC_OK) {
			call->stopped = true;
			return rc;
		}
	}
	return RC_OK;
}

/* ---- running --------------------------------------------------------------- */

/* The server lost or can't use the plan: 26000 invalid_sql_statement_name
 * (a pooler in between), 0A000 feature_not_supported (the columns of a
 * SELECT * have changed). */
static bool plan_is_stale(const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	return state && (strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0);
}

static enum rc send(struct pg_stmt *s, struct call *call, PGresult **ret)
{
	struct pg_db *d = s->d;
	struct params x;

	if (s->generation != d->generation)
		TRY(pg_prepare_now(s));
	if ((size_t)s->params != call->args.n || (call->fn && s->cols > STORE_MAX_COLS)) {
		snprintf(d->message, sizeof(d->message), "wrong number of parameters, or too many columns");
		return RC_BUG;
	}
	TRY(fill_params(d, call->args, &x));
	*ret = PQexecPrepared(d->pg, s->name, s->params, x.p, x.length, x.binary, 1);
	if (pg_result_ok(*ret))
		return RC_OK;
	if (plan_is_stale(*ret))
		s->generation = 0;
	return pg_failed(d, *ret);
}

enum rc pg_exec(void *prepared, struct call *call)
{
	struct pg_stmt *s = prepared;
	struct pg_db *d = s->d;
	PGresult *r = NULL;

	TRY(pg_revive(d));
	enum rc rc = send(s, call, &r);
	if (rc != RC_OK && r && s->generation == 0) {
		rc = RC_BUSY; /* inside a transaction: the next try has a new plan */
		if (!d->in_tx) {
			PQclear(r);
			r = NULL;
			rc = send(s, call, &r);
		}
	}
	if (rc == RC_OK && call->fn)
		rc = read_rows(d, r, call);
	/* "INSERT 0 3": a SELECT's count is not a change. */
	if (rc == RC_OK && strncmp(PQcmdStatus(r), "SELECT", 6) != 0)
		call->changed = strtoll(PQcmdTuples(r), NULL, 10);
	PQclear(r);
	return rc;
}
