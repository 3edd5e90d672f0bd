/* index.c - which rules an event type may concern. */
#include "rules/engine.h"

#include <stdlib.h>

static uint32_t max_type(const struct rules *e)
{
	uint32_t max = 0;

	for (uint32_t i = 0; i < e->n_slots; i++)
		for (int p = 0; e->slots[i] != NULL && p < PARTS_INDEXED; p++) {
			const struct reach *reach = &e->slots[i]->parts[p].reach;

			for (uint32_t k = 0; e->slots[i]->parts[p].used && k < reach->n_types; k++)
				max = reach->types[k] > max ? reach->types[k] : max;
		}
	return max;
}

/* Gives each named type a bucket. */
static void number_types(struct rules *e)
{
	free(e->by_type);
	e->n_types = max_type(e) + 1;
	e->by_type = mem_new(e->n_types * sizeof(*e->by_type));
	e->n_buckets = 1;
	for (uint32_t i = 0; i < e->n_slots; i++)
		for (int p = 0; e->slots[i] != NULL && p < PARTS_INDEXED; p++) {
			const struct reach *reach = &e->slots[i]->parts[p].reach;

			for (uint32_t k = 0; e->slots[i]->parts[p].used && k < reach->n_types; k++)
				if (e->by_type[reach->types[k]] == 0)
					e->by_type[reach->types[k]] = e->n_buckets++;
		}
}

static bool reaches(const struct rules *e, const struct part *part, uint32_t bucket)
{
	bool hit = part->used && part->reach.any_type;

	for (uint32_t k = 0; part->used && k < part->reach.n_types; k++)
		hit |= e->by_type[part->reach.types[k]] == bucket;
	return hit;
}

/* The first test of a part that the bucket's type does not answer by itself. */
static uint16_t past_types(const struct rules *e, const struct rule *r, uint16_t way, uint32_t bucket)
{
	while (way < WAY_FALSE && r->tests[way].op == TEST_TYPE) {
		const struct test *t = &r->tests[way];

		way = bucket != 0 && e->by_type[t->name] == bucket ? t->yes : t->no;
	}
	return way;
}

/* The rule as seen from this bucket; parts 0 when not at all. */
static struct entry entry_of(const struct rules *e, struct rule *r, uint32_t bucket)
{
	struct entry en = { .rule = r, .lo = UINT32_MAX };
	uint32_t hi = 0;

	for (int p = 0; p < PARTS_INDEXED; p++) {
		const struct reach *reach = &r->parts[p].reach;

		if (!reaches(e, &r->parts[p], bucket))
			continue;
		en.start[p] = past_types(e, r, r->parts[p].start, bucket);
		if (en.start[p] == WAY_FALSE)
			continue;
		if (en.start[p] == WAY_TRUE)
			en.sure |= (uint16_t)(1u << p);
		en.device = en.parts == 0 || en.device == reach->device ? reach->device : 0;
		en.parts |= (uint16_t)(1u << p);
		en.lo = reach->lo < en.lo ? reach->lo : en.lo;
		hi = reach->hi > hi ? reach->hi : hi;
	}
	/* An empty interval (two places that exclude each other) never holds; one
	 * place is let through and fails in the condition. */
	en.span = hi >= en.lo ? hi - en.lo : 0;
	return en;
}

void index_build(struct rules *e)
{
	number_types(e);
	free(e->buckets);
	e->buckets = mem_new(e->n_buckets * sizeof(*e->buckets));
	e->n_entries = 0;
	for (uint32_t b = 0; b < e->n_buckets; b++) {
		e->buckets[b].first = e->n_entries;
		for (uint32_t i = 0; i < e->n_slots; i++) {
			struct entry en = { .parts = 0 };

			if (e->slots[i] != NULL)
				en = entry_of(e, e->slots[i], b);
			if (en.parts == 0)
				continue;
			if (e->n_entries == e->cap_entries) {
				uint32_t cap = e->cap_entries == 0 ? 32 : e->cap_entries * 2;

				e->entries = mem_grow(e->entries, e->cap_entries * sizeof(en), cap * sizeof(en));
				e->cap_entries = cap;
			}
			e->entries[e->n_entries++] = en;
		}
		e->buckets[b].n = e->n_entries - e->buckets[b].first;
	}
	e->stale_index = false;
}
