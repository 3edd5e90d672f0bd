#include "lens/analyse.h"

#include <stdlib.h>

struct analyser {
	struct analyser_stats stats;
};

struct analyser *analyser_new(const struct analyser_config *config)
{
	(void)config;
	return mem_new(sizeof(struct analyser));
}

void analyser_feed(struct analyser *a, struct frame *f, incident_fn *found, void *to)
{
	(void)found;
	(void)to;
	a->stats.frames++;
	frame_release(f);
}

void analyser_flush(struct analyser *a, incident_fn *found, void *to)
{
	(void)a;
	(void)found;
	(void)to;
}

const struct analyser_stats *analyser_stats(const struct analyser *a)
{
	return &a->stats;
}

void analyser_free(struct analyser *a)
{
	free(a);
}
