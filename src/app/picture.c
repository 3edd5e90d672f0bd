/* picture.c - PNG (ISO/IEC 15948) with 16 colours and stored blocks (RFC 1951,
 * 3.2.4): large, but without a library and checked by every viewer. */
#include "app/picture.h"

#include <string.h>

enum { ROW = 1 + PICTURE_WIDE / 2, RAW = ROW * PICTURE_TALL, BLOCK = 65535 };
enum { SKY, WALL, LINE, GLASS, LIT, GROUND, ROAD, PAINT, CAR, WHEEL, PATH, MARK, COLOURS };

static const uint8_t palette[COLOURS][3] = {
	[SKY] = { 196, 214, 230 },   [WALL] = { 214, 205, 190 }, [LINE] = { 176, 166, 150 },
	[GLASS] = { 120, 140, 158 }, [LIT] = { 233, 210, 140 },  [GROUND] = { 120, 128, 112 },
	[ROAD] = { 104, 106, 110 },  [PAINT] = { 226, 196, 60 }, [CAR] = { 70, 96, 140 },
	[WHEEL] = { 32, 32, 36 },    [PATH] = { 204, 32, 32 },   [MARK] = { 255, 255, 255 },
};

struct picture {
	uint8_t px[PICTURE_TALL][PICTURE_WIDE];
	uint64_t seed;
};

static uint64_t dice(struct picture *p)
{
	uint64_t x = p->seed += 0x9E3779B97F4A7C15u; /* SplitMix64 */

	x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
	x = (x ^ x >> 27) * 0x94D049BB133111EBu;
	return x ^ x >> 31;
}

static void box(struct picture *p, int x, int y, int w, int h, uint8_t colour)
{
	for (int j = y < 0 ? 0 : y; j < y + h && j < PICTURE_TALL; j++)
		for (int i = x < 0 ? 0 : x; i < x + w && i < PICTURE_WIDE; i++)
			p->px[j][i] = colour;
}

static void dot(struct picture *p, int x, int y, int r, uint8_t colour)
{
	for (int j = -r; j <= r; j++)
		for (int i = -r; i <= r; i++)
			if (i * i + j * j <= r * r)
				box(p, x + i, y + j, 1, 1, colour);
}

/* ---- PNG ------------------------------------------------------------------------- */

static void put32(struct buf *b, uint32_t v)
{
	for (int s = 24; s >= 0; s -= 8)
		buf_char(b, (char)(v >> s & 255));
}

/* ISO/IEC 15948, annex D. */
static uint32_t crc_of(struct str s)
{
	uint32_t c = 0xFFFFFFFFu;

	for (size_t i = 0; i < s.n; i++) {
		c ^= (uint8_t)s.p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
	}
	return ~c;
}

static void put_chunk(struct arena *a, struct buf *out, const char *type, struct str data)
{
	struct buf both = buf_new(a, data.n + 4);

	buf_add(&both, (struct str){ type, 4 });
	buf_add(&both, data);
	put32(out, (uint32_t)data.n);
	buf_add(out, buf_str(&both));
	put32(out, crc_of(buf_str(&both)));
}

static uint32_t adler_of(struct str s) /* RFC 1950 */
{
	uint32_t a = 1, b = 0;

	for (size_t i = 0; i < s.n; i++) {
		a = (a + (uint8_t)s.p[i]) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

/* zlib around blocks that are stored as they are. */
static struct str pack(struct arena *a, struct str raw)
{
	struct buf b = buf_new(a, raw.n + raw.n / BLOCK * 5 + 16);

	buf_add(&b, (struct str){ "\x78\x01", 2 });
	for (size_t at = 0; at < raw.n; at += BLOCK) {
		size_t n = raw.n - at < BLOCK ? raw.n - at : BLOCK;

		buf_char(&b, (char)(at + n == raw.n));
		buf_char(&b, (char)(n & 255));
		buf_char(&b, (char)(n >> 8));
		buf_char(&b, (char)(~n & 255));
		buf_char(&b, (char)(~n >> 8 & 255));
		buf_add(&b, (struct str){ raw.p + at, n });
	}
	put32(&b, adler_of(raw));
	return buf_str(&b);
}

static struct str write_png(struct arena *a, const struct picture *p)
{
	struct buf out = buf_new(a, RAW + 4096), head = buf_new(a, 16);
	char *raw = arena_alloc(a, RAW);

	for (int y = 0; y < PICTURE_TALL; y++) {
		raw[y * ROW] = 0; /* no filter */
		for (int x = 0; x < PICTURE_WIDE; x += 2)
			raw[y * ROW + 1 + x / 2] = (char)(p->px[y][x] << 4 | p->px[y][x + 1]);
	}
	put32(&head, PICTURE_WIDE);
	put32(&head, PICTURE_TALL);
	buf_add(&head, (struct str){ "\x04\x03\x00\x00\x00", 5 }); /* 4 bits, palette */
	buf_add(&out, (struct str){ "\x89PNG\r\n\x1a\n", 8 });
	put_chunk(a, &out, "IHDR", buf_str(&head));
	put_chunk(a, &out, "PLTE", (struct str){ (const char *)palette, sizeof(palette) });
	put_chunk(a, &out, "IDAT", pack(a, (struct str){ raw, RAW }));
	put_chunk(a, &out, "IEND", STR(""));
	return out.overflow ? NO_STR : buf_str(&out);
}

/* ---- what is seen ------------------------------------------------------------------- */

enum { FLOOR_H = 22, TOP = 18, LEFT = 40, WIDE = 240, BASE = TOP + PICTURE_FLOORS * FLOOR_H };

static void front(struct picture *p)
{
	box(p, 0, 0, PICTURE_WIDE, PICTURE_TALL, SKY);
	box(p, 0, BASE, PICTURE_WIDE, PICTURE_TALL - BASE, GROUND);
	box(p, LEFT, TOP, WIDE, BASE - TOP, WALL);
	for (int f = 0; f < PICTURE_FLOORS; f++) {
		int y = TOP + f * FLOOR_H;

		box(p, LEFT, y, WIDE, 2, LINE);
		for (int k = 0; k < 8; k++)
			box(p, LEFT + 8 + k * 29, y + 6, 18, 12, dice(p) % 7 == 0 ? LIT : GLASS);
	}
}

struct str picture_fall(struct arena *a, int64_t floor, uint64_t seed)
{
	struct picture *p = NEW(a, struct picture);
	int from = floor < 1 ? 1 : floor > PICTURE_FLOORS ? PICTURE_FLOORS : (int)floor;
	int y0 = BASE - from * FLOOR_H + FLOOR_H / 2, fall = BASE - y0;

	p->seed = seed;
	front(p);
	int x0 = LEFT + 17 + (int)(dice(p) % 8) * 29, drift = (int)(dice(p) % 50) - 25;

	/* Equal times: the dots stand farther apart the lower they are. */
	for (int t = 0; t <= 20; t++)
		dot(p, x0 + drift * t / 20, y0 + fall * t * t / 400, t == 20 ? 5 : 2, PATH);
	for (int k = 0; k < 2; k++)
		dot(p, x0, y0, k ? 5 : 8, k ? PATH : MARK);
	return write_png(a, p);
}

struct str picture_lane(struct arena *a, bool occupied, uint64_t seed)
{
	struct picture *p = NEW(a, struct picture);

	p->seed = seed;
	box(p, 0, 0, PICTURE_WIDE, PICTURE_TALL, GROUND);
	box(p, 90, 0, 140, PICTURE_TALL, ROAD);
	for (int y = -20; y < PICTURE_TALL; y += 40)
		box(p, 96, y, 6, 26, PAINT), box(p, 218, y, 6, 26, PAINT);
	if (occupied) {
		int x = 112 + (int)(dice(p) % 24), y = 130 + (int)(dice(p) % 80);

		for (int k = 0; k < 4; k++)
			box(p, x - 4 + (k & 1) * 70, y + 20 + (k >> 1) * 90, 10, 26, WHEEL);
		box(p, x, y, 72, 156, CAR);
		box(p, x + 8, y + 36, 56, 30, GLASS);
		box(p, x + 8, y + 112, 56, 22, GLASS);
		box(p, x - 10, y - 10, 92, 3, PATH), box(p, x - 10, y + 163, 92, 3, PATH);
		box(p, x - 10, y - 10, 3, 176, PATH), box(p, x + 79, y - 10, 3, 176, PATH);
	}
	return write_png(a, p);
}
