/* random.h - numbers that depend on the seed alone (xoshiro256**, Blackman
 * and Vigna 2018, seeded by splitmix64). */
#ifndef LENS_EVAL_RANDOM_H
#define LENS_EVAL_RANDOM_H

#include <stdint.h>

struct random {
	uint64_t s[4];
};

void random_init(struct random *r, uint64_t seed);
uint64_t random_bits(struct random *r);
double random_real(struct random *r, double low, double high); /* low <= v < high */
int random_int(struct random *r, int low, int high);           /* low <= v < high; low when empty */
double random_normal(struct random *r, double mean, double sigma);
/* n values of about normal shape, cheaply (sum of four bytes). */
void random_noise(struct random *r, int16_t *out, int n, double sigma);

#endif
