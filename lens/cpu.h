/* cpu.h - what this thread has computed for: other cameras do not count. */
#ifndef LENS_CPU_H
#define LENS_CPU_H

#include <time.h>

static inline double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#endif
