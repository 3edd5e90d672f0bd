#include "lens/eval/random.h"

#include <math.h>

static uint64_t mix(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15U;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
	return z ^ (z >> 31);
}

void random_init(struct random *r, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		r->s[i] = mix(&seed);
}

static uint64_t left(uint64_t v, int n)
{
	return v << n | v >> (64 - n);
}

uint64_t random_bits(struct random *r)
{
	uint64_t out = left(r->s[1] * 5, 7) * 9, t = r->s[1] << 17;

	r->s[2] ^= r->s[0];
	r->s[3] ^= r->s[1];
	r->s[1] ^= r->s[2];
	r->s[0] ^= r->s[3];
	r->s[2] ^= t;
	r->s[3] = left(r->s[3], 45);
	return out;
}

double random_real(struct random *r, double low, double high)
{
	return low + (high - low) * ((double)(random_bits(r) >> 11) * 0x1p-53);
}

int random_int(struct random *r, int low, int high)
{
	return high > low ? low + (int)(random_bits(r) % (uint64_t)(high - low)) : low;
}

double random_normal(struct random *r, double mean, double sigma)
{
	double u = random_real(r, 0, 1), v = random_real(r, 0, 1);

	return mean + sigma * sqrt(-2 * log(1 - u)) * cos(6.283185307179586 * v);
}

void random_noise(struct random *r, int16_t *out, int n, double sigma)
{
	/* four bytes: mean 510, sigma 255.5 * sqrt(4 / 12) = 147.8 */
	int gain = (int)lrint(sigma / 147.8 * 65536);

	for (int i = 0; i < n; i += 2) {
		uint64_t b = random_bits(r);
		int low = (int)(b & 255) + (int)(b >> 8 & 255) + (int)(b >> 16 & 255) + (int)(b >> 24 & 255) - 510;
		int high = (int)(b >> 32 & 255) + (int)(b >> 40 & 255) + (int)(b >> 48 & 255) + (int)(b >> 56) - 510;

		out[i] = (int16_t)(low * gain / 65536);
		if (i + 1 < n)
			out[i + 1] = (int16_t)(high * gain / 65536);
	}
}
