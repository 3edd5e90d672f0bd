#include "store/store_engine.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a: texts are short and trusted, so a keyed hash would buy nothing. */
static uint64_t hash_of(const char *sql, size_t *len)
{
	uint64_t h = 0xcbf29ce484222325u;
	const char *p = sql;

	for (; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	*len = (size_t)(p - sql);
	return h;
}

static void unlink_use(struct stmt_cache *k, struct stmt *s)
{
	if (s->newer)
		s->newer->older = s->older;
	else
		k->newest = s->older;
	if (s->older)
		s->older->newer = s->newer;
	else
		k->oldest = s->newer;
	s->newer = s->older = NULL;
	k->n--;
}

static void link_newest(struct stmt_cache *k, struct stmt *s)
{
	s->older = k->newest;
	s->newer = NULL;
	if (k->newest)
		k->newest->newer = s;
	else
		k->oldest = s;
	k->newest = s;
	k->n++;
}

static void stmt_drop(struct stmt *s)
{
	s->c->e->discard(s->prepared);
	free(s->sql);
	free(s);
}

static void evict_one(struct stmt_cache *k)
{
	struct stmt *s = k->oldest;

	while (s && s->busy > 0)
		s = s->newer;
	if (s == NULL) /* all of them run right now: a row callback 256 deep */
		return;
	struct stmt **at = &k->bucket[s->hash % CACHE_BUCKETS];
	while (*at != s)
		at = &(*at)->chain;
	*at = s->chain;
	unlink_use(k, s);
	stmt_drop(s);
}

static struct stmt *cache_find(struct stmt_cache *k, const char *sql, uint64_t hash)
{
	struct stmt *s = k->bucket[hash % CACHE_BUCKETS];

	while (s && (s->hash != hash || strcmp(s->sql, sql) != 0))
		s = s->chain;
	return s;
}

enum rc cache_get(struct conn *c, const char *sql, bool keep, struct stmt **ret)
{
	struct stmt_cache *k = &c->cache;
	size_t len;
	uint64_t hash = hash_of(sql, &len);
	struct stmt *s = cache_find(k, sql, hash);

	if (s == NULL) {
		void *prepared = NULL;

		TRY(c->e->prepare(c->db, sql, &prepared));
		if (!keep && k->n >= CACHE_MAX)
			evict_one(k);
		s = mem_new(sizeof(*s));
		*s = (struct stmt){ .c = c, .prepared = prepared, .hash = hash };
		s->sql = mem_new(len + 1);
		memcpy(s->sql, sql, len);
		s->chain = k->bucket[hash % CACHE_BUCKETS];
		k->bucket[hash % CACHE_BUCKETS] = s;
		link_newest(k, s);
	} else if (!s->kept && s != k->newest) {
		unlink_use(k, s);
		link_newest(k, s);
	}
	if (keep && !s->kept) {
		unlink_use(k, s);
		s->kept = true;
	}
	*ret = s;
	return RC_OK;
}

void cache_clear(struct conn *c)
{
	for (size_t i = 0; i < CACHE_BUCKETS; i++) {
		struct stmt *s = c->cache.bucket[i];

		while (s) {
			struct stmt *next = s->chain;

			stmt_drop(s);
			s = next;
		}
	}
	c->cache = (struct stmt_cache){ 0 };
}
