/* ids.c - sortable ids, see crypto.h. */
#include "sys/crypto.h"

#include <string.h>

static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void id_gen_init(struct id_gen *g)
{
	memset(g, 0, sizeof *g);
	pthread_mutex_init(&g->lock, NULL);
}

void id_gen_done(struct id_gen *g)
{
	pthread_mutex_destroy(&g->lock);
}

/* 128 bits as 26 digits of five; the two highest bits are always zero. */
static void write_id(uint64_t ms, const uint8_t tail[10], char out[ID_TEXT])
{
	uint8_t raw[16];
	for (int i = 0; i < 6; i++)
		raw[i] = (uint8_t)(ms >> (40 - 8 * i));
	memcpy(raw + 6, tail, 10);
	unsigned have = 0, bits = 2;
	char *o = out;
	for (int i = 0; i < 16; i++) {
		have = have << 8 | raw[i];
		bits += 8;
		while (bits >= 5) {
			bits -= 5;
			*o++ = digits[have >> bits & 31];
		}
		have &= (1u << bits) - 1;
	}
	*o = '\0';
}

/* One more than the last tail; false when all bits were ones. */
static bool count_up(uint8_t tail[10])
{
	for (int i = 9; i >= 0; i--)
		if (++tail[i] != 0)
			return true;
	return false;
}

void id_new(struct id_gen *g, int64_t now, char out[ID_TEXT])
{
	uint64_t ms = now > 0 ? (uint64_t)now / 1000 : 0;
	uint8_t tail[10];
	pthread_mutex_lock(&g->lock);
	if (ms > g->ms) {
		g->ms = ms;
		crypto_random(g->tail, sizeof g->tail);
		g->tail[0] &= 0x7f; /* room to count up within one millisecond */
	} else if (!count_up(g->tail)) {
		g->ms++;
	}
	ms = g->ms;
	memcpy(tail, g->tail, sizeof tail);
	pthread_mutex_unlock(&g->lock);
	write_id(ms, tail, out);
}

static int digit_value(char c)
{
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

bool id_is_valid(struct str id)
{
	if (id.n != ID_TEXT - 1 || id.p[0] > '7')
		return false;
	for (size_t i = 0; i < id.n; i++)
		if (digit_value(id.p[i]) < 0)
			return false;
	return true;
}

int64_t id_time(struct str id)
{
	int64_t ms = 0;
	if (!id_is_valid(id))
		return 0;
	for (size_t i = 0; i < 10; i++)
		ms = ms * 32 + digit_value(id.p[i]);
	return ms * 1000;
}
