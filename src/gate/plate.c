#include "gate/gate.h"

#include <string.h>

static const char provinces[] = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使";
static const char specials[] = "警学挂港澳领使"; /* the last character of a 7-character plate */

enum { HAN = 3 }; /* bytes of one of these characters */

static bool is_one_of(const char *set, const char *p)
{
	for (const char *s = set; *s; s += HAN)
		if (memcmp(s, p, HAN) == 0)
			return true;
	return false;
}

static bool is_letter(char c)
{
	return c >= 'A' && c <= 'Z' && c != 'I' && c != 'O';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Small cars: a letter, then one of either, then digits; large ones: digits,
 * then a letter. */
static bool is_energy(const char *p)
{
	bool small = is_letter(p[0]) && (is_letter(p[1]) || is_digit(p[1])), large = is_letter(p[5]);

	for (int i = 2; i < 6; i++)
		small &= is_digit(p[i]);
	for (int i = 0; i < 5; i++)
		large &= is_digit(p[i]);
	return small || large;
}

/* Without what people and cameras put between; false: too long. */
static bool squeeze(struct str text, char out[GATE_PLATE_BYTES], size_t *n)
{
	static const char dot[] = "·";

	*n = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];

		if (c == ' ' || c == '-' || c == '.')
			continue;
		if (i + 1 < text.n && memcmp(text.p + i, dot, 2) == 0) {
			i++;
			continue;
		}
		if (*n + 1 >= GATE_PLATE_BYTES)
			return false;
		out[(*n)++] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
	}
	out[*n] = '\0';
	return true;
}

size_t gate_plate(struct str text, char out[GATE_PLATE_BYTES], bool *new_energy)
{
	size_t n, tail;

	*new_energy = false;
	if (!squeeze(text, out, &n) || n < HAN + 6 || !is_one_of(provinces, out) || !is_letter(out[HAN]))
		return 0;
	const char *p = out + HAN + 1;

	tail = n - HAN - 1;
	if (tail == 4 + HAN && is_one_of(specials, p + 4))
		tail = 4;
	else if (tail != 5 && tail != 6)
		return 0;
	for (size_t i = 0; i < tail; i++)
		if (!is_letter(p[i]) && !is_digit(p[i]))
			return 0;
	if (tail == 6 && !is_energy(p))
		return 0;
	*new_energy = tail == 6;
	return n;
}
