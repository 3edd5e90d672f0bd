/* config.c - see config.h. */
#include "sys/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The one who reports gets RC_INVALID to return. */
static enum rc fail(struct config_error *err, const char *fmt, ...) PRINTF(2, 3);
static enum rc fail(struct config_error *err, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof err->text, fmt, args);
	va_end(args);
	return RC_INVALID;
}

struct unit {
	const char *name;
	int64_t value;
};
static const struct unit sizes[] = { { "", 1 }, { "K", 1024 }, { "M", 1024 * 1024 }, { "G", 1024 * 1024 * 1024 } };
static const struct unit spans[] = { { "us", 1 },     { "ms", MILLI }, { "s", SECOND },
				     { "m", MINUTE }, { "h", HOUR },   { "d", DAY } };

static enum rc with_unit(struct str s, const struct unit *units, size_t n, int64_t *ret)
{
	size_t digits = 0;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	struct str unit = { s.p + digits, s.n - digits };
	int64_t value;
	TRY(str_int((struct str){ s.p, digits }, &value));
	for (size_t i = 0; i < n; i++)
		if (str_is(unit, units[i].name))
			return __builtin_mul_overflow(value, units[i].value, ret) ? RC_INVALID : RC_OK;
	*ret = 0;
	return value == 0 && unit.n == 0 ? RC_OK : RC_INVALID;
}

static bool is_word_of(struct str s, const char *words)
{
	struct str rest = str_of(words), word;
	while (str_cut(&rest, '|', &word))
		if (str_eq(s, word))
			return true;
	return false;
}

static enum rc read_flag(struct str s, bool *ret)
{
	*ret = str_is(s, "true") || str_is(s, "1");
	return *ret || str_is(s, "false") || str_is(s, "0") ? RC_OK : RC_INVALID;
}

static bool in_range(const struct config_option *o, double v)
{
	return (o->min == 0 && o->max == 0) || (v >= (double)o->min && v <= (double)o->max);
}

static enum rc read_whole(const struct config_option *o, struct str s, int64_t *ret)
{
	switch (o->kind) {
	case CONFIG_SIZE: return with_unit(s, sizes, COUNT(sizes), ret);
	case CONFIG_SPAN: return with_unit(s, spans, COUNT(spans), ret);
	default: return str_int(s, ret);
	}
}

static const char *kind_word(enum config_kind kind)
{
	static const char *const words[] = {
		[CONFIG_TEXT] = "text",
		[CONFIG_FLAG] = "true or false",
		[CONFIG_INT] = "a whole number",
		[CONFIG_REAL] = "a number",
		[CONFIG_SIZE] = "bytes, as 64K, 8M",
		[CONFIG_SPAN] = "a time span, as 250ms, 30s, 5m, 12h, 7d",
		[CONFIG_WORD] = "one of",
	};
	return words[kind];
}

/* 'from' names the source in errors: "--port", "JIUAN_PORT". */
static enum rc set_value(const struct config_option *o, const char *value, const char *from, void *into,
			 struct config_error *err)
{
	char *at = (char *)into + o->offset;
	struct str s = str_of(value);
	int64_t whole = 0;
	double real = 0;
	bool flag = false;
	enum rc rc = RC_OK;
	switch (o->kind) {
	case CONFIG_TEXT: real = (double)s.n; break;
	case CONFIG_WORD: rc = is_word_of(s, o->words) ? RC_OK : RC_INVALID; break;
	case CONFIG_FLAG: rc = read_flag(s, &flag); break;
	case CONFIG_REAL: rc = str_real(s, &real); break;
	case CONFIG_INT:
	case CONFIG_SIZE:
	case CONFIG_SPAN:
		rc = read_whole(o, s, &whole);
		real = (double)whole;
		break;
	}
	if (rc != RC_OK)
		return fail(err, "%s: '%.80s' is not %s%s%s", from, value, kind_word(o->kind), o->words ? " " : "",
			    o->words ? o->words : "");
	if (o->kind != CONFIG_WORD && o->kind != CONFIG_FLAG && !in_range(o, real))
		return fail(err, "%s: '%.80s' is out of range (%lld to %lld)", from, value, (long long)o->min,
			    (long long)o->max);
	if (o->kind == CONFIG_TEXT || o->kind == CONFIG_WORD)
		memcpy(at, &value, sizeof value);
	else if (o->kind == CONFIG_FLAG)
		memcpy(at, &flag, sizeof flag);
	else if (o->kind == CONFIG_REAL)
		memcpy(at, &real, sizeof real);
	else
		memcpy(at, &whole, sizeof whole);
	return RC_OK;
}

static const char *env_get(char *const *env, const char *name)
{
	size_t n = strlen(name);
	if (env == NULL)
		return getenv(name);
	for (; *env; env++)
		if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

static enum rc read_env(const struct config_option *table, size_t n, char *const *env, void *into,
			struct config_error *err)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = table[i].env ? env_get(env, table[i].env) : NULL;
		if (value)
			TRY(set_value(&table[i], value, table[i].env, into, err));
	}
	return RC_OK;
}

static const struct config_option *find(const struct config_option *table, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(name, table[i].name))
			return &table[i];
	return NULL;
}

/* One "--name" with its value; *i moves over a value in the next word. */
static enum rc read_option(const struct config_option *table, size_t n, struct config_input *in, int *i, void *into,
			   struct config_error *err, bool *seen)
{
	struct str rest = str_of(in->argv[*i] + 2), name;
	char from[80];
	if (!str_cut(&rest, '=', &name))
		name = STR("");
	const struct config_option *o = find(table, n, name);
	if (o == NULL)
		return fail(err, "unknown option --%.80s (see --help)", in->argv[*i] + 2);
	snprintf(from, sizeof from, "--%s", o->name);
	if (seen[o - table])
		return fail(err, "%s is given twice", from);
	seen[o - table] = true;
	if (rest.p)
		return set_value(o, rest.p, from, into, err);
	if (o->kind == CONFIG_FLAG)
		return set_value(o, "true", from, into, err);
	if (*i + 1 >= in->argc)
		return fail(err, "%s needs a value", from);
	return set_value(o, in->argv[++*i], from, into, err);
}

static enum rc add_word(struct config_input *in, const char *word, struct config_error *err)
{
	if (in->rest_n >= in->rest_max)
		return fail(err, "unexpected '%.80s'", word);
	in->rest[in->rest_n++] = word;
	return RC_OK;
}

enum rc config_read(const struct config_option *table, size_t n, struct config_input *in, void *into,
		    struct config_error *err)
{
	err->text[0] = '\0';
	in->rest_n = 0;
	for (size_t i = 0; i < n; i++)
		if (table[i].missing)
			TRY(set_value(&table[i], table[i].missing, table[i].name, into, err));
	TRY(read_env(table, n, in->env, into, err));
	bool *seen = mem_new(n + 1), only_words = false;
	enum rc rc = RC_OK;
	for (int i = 1; i < in->argc && rc == RC_OK; i++) {
		const char *word = in->argv[i];
		if (only_words || word[0] != '-' || word[1] == '\0')
			rc = add_word(in, word, err);
		else if (strcmp(word, "--") == 0)
			only_words = true;
		else if (word[1] != '-')
			rc = fail(err, "unknown option %.80s (options start with two dashes)", word);
		else
			rc = read_option(table, n, in, &i, into, err, seen);
	}
	free(seen);
	return rc;
}

void config_help(const struct config_option *table, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		const struct config_option *o = &table[i];
		buf_fmt(out, "  --%s", o->name);
		if (o->kind == CONFIG_WORD)
			buf_fmt(out, " %s", o->words);
		else if (o->kind != CONFIG_FLAG)
			buf_fmt(out, " <%s>", kind_word(o->kind));
		buf_fmt(out, "\n      %s", o->help);
		if (o->missing)
			buf_fmt(out, " [%s]", o->missing);
		if ((o->min || o->max) && o->kind == CONFIG_INT)
			buf_fmt(out, " (%lld to %lld)", (long long)o->min, (long long)o->max);
		if (o->env)
			buf_fmt(out, " ($%s)", o->env);
		buf_char(out, '\n');
	}
}
