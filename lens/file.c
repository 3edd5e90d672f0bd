#include "lens/file.h"

#include <stdio.h>

#define LARGEST (256L << 20)

enum rc file_read(struct arena *a, const char *path, struct str *ret)
{
	FILE *f = fopen(path, "rb");
	long size;
	char *p;
	size_t n;

	if (!f)
		return RC_MISSING;
	if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0 || size > LARGEST || fseek(f, 0, SEEK_SET) != 0) {
		fclose(f);
		return RC_LIMIT;
	}
	p = arena_alloc(a, (size_t)size + 1);
	n = fread(p, 1, (size_t)size, f);
	fclose(f);
	*ret = (struct str){ p, n };
	return n == (size_t)size ? RC_OK : RC_BUSY;
}

enum rc file_write(const char *path, struct str text)
{
	FILE *f = fopen(path, "wb");
	size_t n;

	if (!f)
		return RC_BUSY;
	n = fwrite(text.p, 1, text.n, f);
	return fclose(f) == 0 && n == text.n ? RC_OK : RC_BUSY;
}
