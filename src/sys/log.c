/* log.c - one line is built on the stack and leaves with one write(2), so lines
 * of several threads do not mix and nothing is buffered when the process dies.
 */
#include "sys/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct log {
	int fd;
	enum log_form form;
	enum log_level least;
	struct clock clock;
	_Atomic uint64_t lost;
};

/* Keeps room for the closing bytes. */
struct line {
	char p[LOG_LINE];
	size_t n;
	bool cut;
};
enum { LINE_TAIL = 32 };

struct log *log_new(int fd, enum log_form form, enum log_level least, struct clock clock)
{
	struct log *l = mem_new(sizeof *l);
	l->fd = fd;
	l->form = form;
	l->least = least;
	l->clock = clock;
	return l;
}

void log_free(struct log *l)
{
	free(l);
}

bool log_is_on(const struct log *l, enum log_level level)
{
	return l && level >= l->least;
}

uint64_t log_lost(const struct log *l)
{
	return atomic_load(&l->lost);
}

static void put(struct line *o, const char *p, size_t n)
{
	if (o->cut || n > sizeof o->p - LINE_TAIL - o->n) {
		o->cut = true;
		return;
	}
	memcpy(o->p + o->n, p, n);
	o->n += n;
}

static void put_z(struct line *o, const char *z)
{
	put(o, z, strlen(z));
}

/* Bytes of the well-formed UTF-8 character at p, 0 when there is none. */
static size_t char_length(const char *p, size_t n)
{
	unsigned char c = (unsigned char)p[0];
	size_t want = c < 0x80                ? 1
		      : c >= 0xc2 && c < 0xe0 ? 2
		      : c >= 0xe0 && c < 0xf0 ? 3
		      : c >= 0xf0 && c < 0xf5 ? 4
					      : 0;
	if (want == 0 || want > n || (c != 0 && !str_utf8((struct str){ p, want })))
		return 0;
	return want;
}

/* U+0080..9F, U+200B..200F, U+2028..202E, U+2060..2069, U+FEFF: they change how
 * a line looks or where it ends. */
static bool is_sly(const char *p, size_t n)
{
	unsigned char a = (unsigned char)p[0], b = n > 1 ? (unsigned char)p[1] : 0, c = n > 2 ? (unsigned char)p[2] : 0;
	if (n == 2)
		return a == 0xc2 && b < 0xa0;
	if (n != 3)
		return false;
	if (a == 0xef)
		return b == 0xbb && c == 0xbf;
	return a == 0xe2 && ((b == 0x80 && ((c >= 0x8b && c <= 0x8f) || (c >= 0xa8 && c <= 0xae))) ||
			     (b == 0x81 && c >= 0xa0 && c <= 0xa9));
}

static unsigned code_point(const char *p, size_t n)
{
	unsigned a = (unsigned char)p[0];
	if (n < 2)
		return a;
	unsigned v = n == 2 ? a & 0x1f : a & 0x0f;
	for (size_t i = 1; i < n; i++)
		v = v << 6 | ((unsigned char)p[i] & 0x3f);
	return v;
}

/* The inside of a JSON string; logfmt readers take the same escapes. */
static void put_escaped(struct line *o, struct str s)
{
	struct str cut = { s.p, s.n > LOG_VALUE ? LOG_VALUE : s.n };
	for (size_t i = 0, n; i < cut.n; i += n) {
		const char *p = cut.p + i;
		char hex[12];
		n = char_length(p, cut.n - i);
		if (n == 0 && s.n > cut.n && cut.n - i < 4)
			break; /* a character cut in two by the limit */
		if (n == 0) {
			/* A stray byte; JSON has no words for it but U+FFFD. */
			n = 1;
			put_z(o, "\\ufffd");
		} else if (*p == '"' || *p == '\\') {
			put(o, "\\", 1);
			put(o, p, 1);
		} else if (*p == '\n') {
			put_z(o, "\\n");
		} else if ((unsigned char)*p < 0x20 || *p == 0x7f || is_sly(p, n)) {
			snprintf(hex, sizeof hex, "\\u%04x", code_point(p, n));
			put_z(o, hex);
		} else {
			put(o, p, n);
		}
	}
	if (s.n > cut.n)
		put_z(o, "...");
}

static bool is_bare(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool ok = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			  (c != '\0' && strchr("-_.:/+@,", c));
		if (!ok)
			return false;
	}
	return s.n > 0 && s.n <= LOG_VALUE;
}

static void put_quoted(struct line *o, struct str s)
{
	put(o, "\"", 1);
	put_escaped(o, s);
	put(o, "\"", 1);
}

static void put_value(struct line *o, const struct log_pair *pair, bool json)
{
	char digits[24];
	switch (pair->kind) {
	case LOG_KIND_INT:
		snprintf(digits, sizeof digits, "%lld", (long long)pair->i);
		put_z(o, digits);
		break;
	case LOG_KIND_PERSONAL: put_z(o, json ? "\"[personal]\"" : "[personal]"); break;
	case LOG_KIND_TEXT:
		if (pair->text.p == NULL)
			put_z(o, json ? "null" : "-");
		else if (!json && is_bare(pair->text))
			put(o, pair->text.p, pair->text.n);
		else
			put_quoted(o, pair->text);
		break;
	}
}

static const char *level_word(enum log_level level)
{
	static const char *const words[] = { "debug", "info", "warn", "error" };
	return (unsigned)level < COUNT(words) ? words[level] : "error";
}

static void put_head(struct line *o, const struct log *l, enum log_level level, const char *module, const char *code)
{
	char time[TIME_TEXT];
	bool json = l->form == LOG_JSON;
	struct str at = time_text(clock_now(l->clock), time);
	put_z(o, json ? "{\"time\":\"" : "");
	put(o, at.p, at.n);
	put_z(o, json ? "\",\"level\":\"" : " ");
	put_z(o, level_word(level));
	put_z(o, json ? "\",\"module\":" : " ");
	if (json) {
		put_quoted(o, str_of(module));
		put_z(o, ",\"code\":");
		put_quoted(o, str_of(code));
	} else {
		put_escaped(o, str_of(module));
		put(o, ".", 1);
		put_escaped(o, str_of(code));
	}
}

/* A pair is written whole or not at all, so a cut line is still well-formed. */
static void put_pair(struct line *o, const struct log_pair *pair, bool json)
{
	size_t before = o->n;
	if (json) {
		put(o, ",", 1);
		put_quoted(o, str_of(pair->key));
		put(o, ":", 1);
	} else {
		put(o, " ", 1);
		put_z(o, pair->key);
		put(o, "=", 1);
	}
	put_value(o, pair, json);
	if (o->cut)
		o->n = before;
}

void log_write(struct log *l, enum log_level level, const char *module, const char *code, const struct log_pair *pairs,
	       size_t n)
{
	struct line o = { .n = 0 };
	if (!log_is_on(l, level))
		return;
	bool json = l->form == LOG_JSON;
	put_head(&o, l, level, module, code);
	for (size_t i = 0; i < n && !o.cut; i++)
		put_pair(&o, &pairs[i], json);
	const char *end = json ? (o.cut ? ",\"cut\":true}\n" : "}\n") : (o.cut ? " cut=true\n" : "\n");
	memcpy(o.p + o.n, end, strlen(end));
	o.n += strlen(end);
	ssize_t put_n;
	do {
		put_n = write(l->fd, o.p, o.n);
	} while (put_n < 0 && errno == EINTR);
	if (put_n < 0 || (size_t)put_n != o.n)
		atomic_fetch_add(&l->lost, 1);
}

void log_plain(struct log *l, enum log_level level, const char *module, const char *code)
{
	log_write(l, level, module, code, NULL, 0);
}
