#include "lens/eval/trial.h"

#include <stdlib.h>
#include <string.h>

#include "lens/cpu.h"
#include "lens/decode.h"

/* Held pictures must stay as they are, and up to two repeats lie between each two. */
enum { RING = 3 * ANALYSE_HELD + 1 };

void trial_init(struct trial *t)
{
	*t = (struct trial){ .events = mem_new(TRIAL_EVENTS * sizeof(struct event)), .scale_x = 1, .scale_y = 1 };
}

void trial_done(struct trial *t)
{
	free(t->events);
	t->events = NULL;
}

struct analyser_config trial_config(const struct calibration *calibration)
{
	return (struct analyser_config){ .calibration = calibration, .storm_max = -1 };
}

static double seconds(const struct trial *t, int64_t us)
{
	return (double)(us - t->start_us) / SECOND;
}

static void keep(void *to, const struct incident *i)
{
	struct trial *t = to;
	struct event *e = &t->events[t->n];

	if (t->n == TRIAL_EVENTS)
		return;
	t->n++;
	*e = (struct event){ .start_s = seconds(t, i->release_us),
			     .end_s = seconds(t, i->end_us),
			     .latency_s = (double)(i->decided_us - i->end_us) / SECOND,
			     .floor = i->floor,
			     .gravity = i->gravity,
			     .n = i->path_n };
	for (int k = 0; k < i->path_n; k++)
		e->points[k] =
			(struct event_point){ seconds(t, i->path[k].pts_us), (float)((double)i->path[k].x * t->scale_x),
					      (float)((double)i->path[k].y * t->scale_y) };
}

enum rc trial_file(struct trial *t, const char *video, const struct truth *truth, const struct analyser_config *config)
{
	struct decoder *d;
	struct analyser *a;
	struct frame f;
	double start = cpu_ms();
	bool first = true;

	TRY(decode_open(video, &d));
	a = analyser_new(config);
	while (decode_next(d, &f) == RC_OK) {
		if (first) {
			t->start_us = f.pts_us;
			t->scale_x = (double)truth->width / f.width;
			t->scale_y = (double)truth->height / f.height;
			first = false;
		}
		analyser_feed(a, &f, keep, t);
	}
	analyser_flush(a, keep, t);
	t->cpu_s += (cpu_ms() - start) / 1e3;
	t->stats = *analyser_stats(a);
	analyser_free(a);
	decode_close(d);
	return RC_OK;
}

void trial_scene(struct trial *t, struct scene *s, const struct scene_options *o, const struct analyser_config *config)
{
	struct analyser *a = analyser_new(config);
	int width = o->width ? o->width : 1920, height = o->height ? o->height : 1080;
	double fps = o->shown_fps > 0 ? o->shown_fps : o->fps > 0 ? o->fps : 25;
	size_t size = (size_t)width * (size_t)height;
	uint8_t *ring = mem_new(size * RING);

	for (int i = 0; i < scene_frames(s); i++) {
		struct frame f = { .luma = ring + size * (size_t)(i % RING),
				   .stride = width,
				   .width = width,
				   .height = height,
				   .pts_us = (int64_t)(i / fps * SECOND) };
		double start;

		scene_paint(s, ring + size * (size_t)(i % RING));
		start = cpu_ms();
		analyser_feed(a, &f, keep, t);
		t->cpu_s += (cpu_ms() - start) / 1e3;
	}
	analyser_flush(a, keep, t);
	t->stats = *analyser_stats(a);
	analyser_free(a);
	free(ring);
}
