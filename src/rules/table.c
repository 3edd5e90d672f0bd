#include "rules/table.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = LINE_WORDS * 8 };

void table_init(struct table *t, uint32_t words)
{
	uint32_t whole = (words + LINE_WORDS - 1) / LINE_WORDS * LINE_WORDS;

	*t = (struct table){ .words = words, .stride = words > LINE_WORDS / 2 ? whole : words };
}

void table_done(struct table *t)
{
	free(t->block);
	*t = (struct table){ .words = t->words, .stride = t->stride };
}

static uint64_t *place(const struct table *t, uint64_t key)
{
	uint32_t i = (uint32_t)((key * 0x9E3779B97F4A7C15u) >> t->shift);

	while (table_row(t, i)[0] != 0)
		i = (i + 1) & (t->cap - 1);
	return table_row(t, i);
}

/* Drops dead rows and makes room for one more at a load of at most 5/8. */
static void rebuild(struct table *t, table_dead *dead, void *self)
{
	struct table old = *t;
	uint32_t live = 0;

	for (uint32_t i = 0; i < old.cap; i++) {
		uint64_t *row = table_row(&old, i);

		if (row[0] != 0 && dead(self, row))
			row[0] = 0;
		live += row[0] != 0;
	}
	if (t->cap == 0)
		t->cap = 8;
	/* Half full after a rebuild at most, so that the next is far. */
	while ((uint64_t)t->cap < ((uint64_t)live + 1) * 2)
		t->cap *= 2;
	t->shift = 64;
	for (uint32_t c = t->cap; c > 1; c /= 2)
		t->shift--;
	t->block = mem_new((size_t)t->cap * t->stride * sizeof(uint64_t) + LINE_BYTES);
	t->rows = (uint64_t *)(void *)((char *)t->block + (LINE_BYTES - (uintptr_t)t->block % LINE_BYTES));
	t->n = live;
	for (uint32_t i = 0; i < old.cap; i++) {
		const uint64_t *row = table_row(&old, i);

		if (row[0] != 0)
			memcpy(place(t, row[0] - 1), row, t->words * sizeof(uint64_t));
	}
	free(old.block);
}

uint64_t *table_add(struct table *t, uint64_t key, uint32_t max, table_dead *dead, void *self)
{
	uint64_t *row = table_find(t, key);

	if (row != NULL)
		return row;
	/* At the maximum each refused key may cost a sweep: the owner's counter shows it. */
	if (t->n >= max || (uint64_t)(t->n + 1) * 8 > (uint64_t)t->cap * 5)
		rebuild(t, dead, self);
	if (t->n >= max)
		return NULL;
	row = place(t, key);
	row[0] = key + 1;
	t->n++;
	return row;
}
