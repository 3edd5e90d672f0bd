#include "lens/png.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STORED_MAX = 65535 };

/* ---- drawing ------------------------------------------------------------------ */

struct drawing drawing_of(const struct frame *f, int widest)
{
	int step = 1;
	struct drawing d;

	while (f->width / step > widest)
		step *= 2;
	d = (struct drawing){ f->width / step, f->height / step, NULL };
	d.rgb = mem_new((size_t)d.width * (size_t)d.height * 3);
	for (int y = 0; y < d.height; y++)
		for (int x = 0; x < d.width; x++)
			memset(d.rgb + ((size_t)y * (size_t)d.width + (size_t)x) * 3,
			       f->luma[(ptrdiff_t)y * step * f->stride + x * step], 3);
	return d;
}

static void dot(struct drawing *d, double x, double y, const uint8_t colour[3])
{
	int px = (int)lrint(x), py = (int)lrint(y);

	if (px >= 0 && py >= 0 && px < d->width && py < d->height)
		memcpy(d->rgb + ((size_t)py * (size_t)d->width + (size_t)px) * 3, colour, 3);
}

static void line(struct drawing *d, double x0, double y0, double x1, double y1, const uint8_t colour[3])
{
	int n = (int)fmin(10000, fmax(fabs(x1 - x0), fabs(y1 - y0))) + 1;

	for (int i = 0; i <= n; i++) {
		double x = x0 + (x1 - x0) * i / n, y = y0 + (y1 - y0) * i / n;

		dot(d, x, y, colour);
		dot(d, x + 1, y, colour);
	}
}

static void box(struct drawing *d, double x, double y, double w, double h, const uint8_t colour[3])
{
	line(d, x - w / 2, y - h / 2, x + w / 2, y - h / 2, colour);
	line(d, x + w / 2, y - h / 2, x + w / 2, y + h / 2, colour);
	line(d, x + w / 2, y + h / 2, x - w / 2, y + h / 2, colour);
	line(d, x - w / 2, y + h / 2, x - w / 2, y - h / 2, colour);
}

void drawing_path(struct drawing *d, const struct incident *i)
{
	static const uint8_t first[3] = { 0, 200, 80 }, last[3] = { 230, 40, 40 }, between[3] = { 255, 200, 0 };
	double s = (double)d->width / i->width;

	for (int k = 1; k < i->path_n; k++)
		line(d, (double)i->path[k - 1].x * s, (double)i->path[k - 1].y * s, (double)i->path[k].x * s,
		     (double)i->path[k].y * s, between);
	for (int k = 0; k < i->path_n; k++) {
		const struct path_point *p = &i->path[k];

		box(d, (double)p->x * s, (double)p->y * s, (double)p->w * s + 6, (double)p->h * s + 6,
		    k == 0               ? first
		    : k == i->path_n - 1 ? last
					 : between);
	}
}

/* ---- the format ------------------------------------------------------------------- */

static uint32_t crc(uint32_t c, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		c ^= p[i];
		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320U ^ c >> 1 : c >> 1;
	}
	return c;
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static bool chunk(FILE *f, const char *name, const uint8_t *p, size_t n)
{
	uint8_t length[4], sum[4];
	uint32_t c = crc(~0U, (const uint8_t *)name, 4);

	put32(length, (uint32_t)n);
	put32(sum, ~crc(c, p, n));
	return fwrite(length, 1, 4, f) == 4 && fwrite(name, 1, 4, f) == 4 && fwrite(p, 1, n, f) == n &&
	       fwrite(sum, 1, 4, f) == 4;
}

/* The rows, each behind a filter byte of 0, as a zlib stream of stored blocks. */
static uint8_t *stored(const struct drawing *d, size_t *n)
{
	size_t row = (size_t)d->width * 3 + 1, raw = row * (size_t)d->height,
	       blocks = (raw + STORED_MAX - 1) / STORED_MAX;
	uint8_t *rows = mem_new(raw), *out = mem_new(raw + blocks * 5 + 6), *p = out;
	uint32_t a = 1, b = 0; /* Adler's sums */

	for (int y = 0; y < d->height; y++)
		memcpy(rows + (size_t)y * row + 1, d->rgb + (size_t)y * (row - 1), row - 1);
	*p++ = 0x78;
	*p++ = 0x01;
	for (size_t at = 0; at < raw; at += STORED_MAX) {
		size_t part = raw - at < STORED_MAX ? raw - at : STORED_MAX;

		*p++ = at + part == raw;
		*p++ = (uint8_t)part;
		*p++ = (uint8_t)(part >> 8);
		*p++ = (uint8_t)~part;
		*p++ = (uint8_t)(~part >> 8);
		memcpy(p, rows + at, part);
		p += part;
	}
	for (size_t i = 0; i < raw; i++) {
		a = (a + rows[i]) % 65521;
		b = (b + a) % 65521;
	}
	put32(p, b << 16 | a);
	*n = (size_t)(p + 4 - out);
	free(rows);
	return out;
}

enum rc drawing_save(const struct drawing *d, const char *path)
{
	static const uint8_t magic[8] = { 0x89, 'P', 'N', 'G', 13, 10, 26, 10 };
	uint8_t head[13] = { [8] = 8, [9] = 2 }; /* 8 bits, RGB */
	FILE *f = fopen(path, "wb");
	uint8_t *data;
	size_t n;
	bool fine;

	if (!f)
		return RC_BUSY;
	put32(head, (uint32_t)d->width);
	put32(head + 4, (uint32_t)d->height);
	data = stored(d, &n);
	fine = fwrite(magic, 1, 8, f) == 8 && chunk(f, "IHDR", head, 13) && chunk(f, "IDAT", data, n) &&
	       chunk(f, "IEND", head, 0);
	free(data);
	return fclose(f) == 0 && fine ? RC_OK : RC_BUSY;
}
