/* server_pages.c - the console's files: read once at start, kept in memory. */
#include "server/server_inner.h"

#include "sys/file.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FILES = 512, MAX_FILE_BYTES = 8 << 20 };

struct page {
	struct str path, body, packed; /* packed: gzip, or absent */
	const char *type;
	char etag[2 * 16 + 3];
	bool forever; /* its name holds a hash of its content */
};

struct pages {
	struct arena *arena;
	struct page page[MAX_FILES];
	size_t n;
	const struct page *index;
};

static const char *type_of(struct str name)
{
	static const struct {
		const char *end, *type;
	} known[] = {
		{ ".html", "text/html; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },
		{ ".svg", "image/svg+xml" },
		{ ".json", "application/json" },
		{ ".webmanifest", "application/manifest+json" },
		{ ".png", "image/png" },
		{ ".ico", "image/x-icon" },
		{ ".txt", "text/plain; charset=utf-8" },
		{ ".webp", "image/webp" },
	};

	for (size_t i = 0; i < COUNT(known); i++)
		if (str_ends(name, known[i].end))
			return known[i].type;
	return NULL;
}

static void add_page(struct pages *f, const char *file, const char *web)
{
	struct page *p = &f->page[f->n];
	uint8_t h[CRYPTO_HASH];

	p->type = type_of(str_of(web));
	if (p->type == NULL || f->n == MAX_FILES || file_read(f->arena, file, MAX_FILE_BYTES, &p->body) != RC_OK)
		return;
	p->path = str_of(web);
	hash_bytes(p->body, h);
	struct str hex = hex_encode(f->arena, (struct str){ (const char *)h, 16 });

	p->etag[0] = p->etag[33] = '"';
	memcpy(p->etag + 1, hex.p, 32);
	p->forever = str_starts(p->path, "/assets/");
	const char *gz = arena_fmt(f->arena, "%s.gz", file).p;

	if (!file_exists(gz) || file_read(f->arena, gz, MAX_FILE_BYTES, &p->packed) != RC_OK)
		p->packed = NO_STR;
	f->n++;
}

static void add_folder(struct pages *f, const char *folder, const char *web, int depth)
{
	struct file_entry *list;
	size_t n = 0;

	if (depth > 4 || file_list(f->arena, folder, MAX_FILES * 2, &list, &n) != RC_OK)
		return;
	for (size_t i = 0; i < n; i++) {
		const char *file = arena_fmt(f->arena, "%s/" FMT_STR, folder, ARG_STR(list[i].name)).p;
		const char *path = arena_fmt(f->arena, "%s/" FMT_STR, web, ARG_STR(list[i].name)).p;

		if (list[i].is_folder)
			add_folder(f, file, path, depth + 1);
		else
			add_page(f, file, path);
	}
}

struct pages *pages_load(const char *root)
{
	if (root == NULL || !file_is_folder(root))
		return NULL;
	struct pages *f = mem_new(sizeof(*f));

	f->arena = arena_new((size_t)256 << 20);
	add_folder(f, root, "", 0);
	for (size_t i = 0; i < f->n; i++)
		if (str_is(f->page[i].path, "/index.html"))
			f->index = &f->page[i];
	return f;
}

void pages_free(struct pages *f)
{
	if (f)
		arena_free(f->arena);
	free(f);
}

static const struct page *find_page(const struct pages *f, struct str path)
{
	for (size_t i = 0; i < f->n; i++)
		if (str_eq(f->page[i].path, path))
			return &f->page[i];
	/* Deep links belong to the pages' own router; a missing file is missing. */
	const char *dot = memchr(path.p, '.', path.n);

	return dot || str_starts(path, "/assets/") ? NULL : f->index;
}

void serve_page(struct server *s, struct http_exchange *x)
{
	struct str path = http_path(x), none = http_header(x, "If-None-Match"),
		   accept = http_header(x, "Accept-Encoding");
	const struct page *p = s->pages && str_is(http_method(x), "GET") ? find_page(s->pages, path) : NULL;

	if (p == NULL && s->pages && !str_is(http_method(x), "GET") && find_page(s->pages, path)) {
		static const struct http_header read_only[] = { { "Content-Type", "application/problem+json" },
								{ "Allow", "GET, HEAD" } };

		http_reply_const(x, 405, read_only, COUNT(read_only),
				 http_problem_text(http_arena(x), 405, "wrong_method", "pages are read"));
		return;
	}
	if (p == NULL) {
		http_problem(x, 404, "no_route", "no such page");
		return;
	}
	bool packed = p->packed.p && accept.p && memmem(accept.p, accept.n, "gzip", 4) != NULL;
	struct http_header h[] = {
		{ "Content-Type", p->type },
		{ "ETag", p->etag },
		{ "Cache-Control", p->forever ? "public, max-age=31536000, immutable" : "no-cache" },
		{ "Vary", "Accept-Encoding" },
		{ "Content-Encoding", "gzip" },
	};

	if (str_is(none, p->etag))
		http_reply_const(x, 304, h, 4, STR(""));
	else
		http_reply_const(x, 200, h, packed ? 5 : 4, packed ? p->packed : p->body);
}
