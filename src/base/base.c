#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("fatal: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	abort();
}

void *mem_new(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (p == NULL)
		fatal("out of memory (%zu bytes)", size);
	return p;
}

void *mem_grow(void *old, size_t old_size, size_t new_size)
{
	char *p = realloc(old, new_size ? new_size : 1);

	if (p == NULL)
		fatal("out of memory (%zu bytes)", new_size);
	if (new_size > old_size)
		memset(p + old_size, 0, new_size - old_size);
	return p;
}

struct chunk {
	struct chunk *next;
	size_t used, cap;
	max_align_t data[];
};

struct arena {
	struct chunk *chunks; /* newest first; the last one is the first made */
	size_t used, limit;
};

enum { CHUNK_MIN = 8192, CHUNK_MAX = 1 << 20, BUF_SMALL = 1 << 16 };

struct arena *arena_new(size_t limit)
{
	struct arena *a = mem_new(sizeof(*a));

	a->limit = limit;
	return a;
}

void arena_reset(struct arena *a)
{
	while (a->chunks && a->chunks->next) {
		struct chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	if (a->chunks) {
		memset(a->chunks->data, 0, a->chunks->used);
		a->chunks->used = 0;
	}
	a->used = 0;
}

void arena_free(struct arena *a)
{
	if (a == NULL)
		return;
	for (struct chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	free(a);
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

enum rc arena_check(const struct arena *a)
{
	return a->used > a->limit ? RC_LIMIT : RC_OK;
}

void *arena_alloc(struct arena *a, size_t size)
{
	const size_t step = _Alignof(max_align_t); /* its size is twice that on x86-64 */
	size_t need = (size + step - 1) / step * step;
	struct chunk *c = a->chunks;

	if (need < size || a->used + need > 4 * a->limit + CHUNK_MIN)
		fatal("hard arena limit reached (%zu of %zu bytes)", size, a->limit);
	if (c == NULL || need > c->cap - c->used) {
		size_t cap = c ? c->cap * 2 : CHUNK_MIN; /* few chunks however long the work */

		if (cap > CHUNK_MAX)
			cap = CHUNK_MAX;
		if (cap < need)
			cap = need;
		c = mem_new(sizeof(*c) + cap);
		c->cap = cap;
		c->next = a->chunks;
		a->chunks = c;
	}
	void *p = (char *)c->data + c->used;
	c->used += need;
	a->used += need;
	return p;
}

struct str arena_dup(struct arena *a, struct str s)
{
	if (s.p == NULL)
		return s;
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){ p, s.n };
}

char *arena_z(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

static struct str PRINTF(2, 0) vfmt(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *p = arena_alloc(a, (size_t)n + 1);

	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){ p, (size_t)n };
}

struct str arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	struct str s = vfmt(a, fmt, ap);
	va_end(ap);
	return s;
}

struct buf buf_new(struct arena *a, size_t limit)
{
	return (struct buf){ .a = a, .limit = limit };
}

/* Room for n more bytes and the NUL, or overflow. */
static bool buf_room(struct buf *b, size_t n)
{
	if (b->overflow || n > b->limit - b->n) {
		b->overflow = true;
		return false;
	}
	if (b->n + n + 1 > b->cap) {
		/* The arena keeps what is outgrown: few steps while it is little. */
		size_t cap = b->cap ? b->cap * (b->cap < BUF_SMALL ? 4 : 2) : 256;

		while (cap < b->n + n + 1)
			cap *= 2;
		char *p = arena_alloc(b->a, cap);

		if (b->n)
			memcpy(p, b->p, b->n);
		b->p = p;
		b->cap = cap;
	}
	return true;
}

char *buf_space(struct buf *b, size_t n)
{
	if (!buf_room(b, n))
		return NULL;
	char *p = b->p + b->n;

	b->n += n;
	b->p[b->n] = '\0';
	return p;
}

void buf_add(struct buf *b, struct str s)
{
	if (s.n == 0 || !buf_room(b, s.n))
		return;
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	b->p[b->n] = '\0';
}

void buf_char(struct buf *b, char c)
{
	if (!buf_room(b, 1))
		return;
	b->p[b->n++] = c;
	b->p[b->n] = '\0';
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char small[256];
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		buf_add(b, (struct str){ small, (size_t)n });
		return;
	}
	va_start(ap, fmt);
	buf_add(b, vfmt(b->a, fmt, ap));
	va_end(ap);
}

struct str buf_str(const struct buf *b)
{
	return b->p ? (struct str){ b->p, b->n } : STR("");
}
