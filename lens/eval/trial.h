/* trial.h - the analyser run over one clip. */
#ifndef LENS_EVAL_TRIAL_H
#define LENS_EVAL_TRIAL_H

#include "lens/analyse.h"
#include "lens/eval/metrics.h"
#include "lens/eval/scene.h"

enum { TRIAL_EVENTS = 4096 };

struct trial {
	int n;
	struct event *events;    /* TRIAL_EVENTS; freed by trial_done */
	int64_t start_us;        /* stamp of the first picture */
	double scale_x, scale_y; /* from the analysed picture to the truth's */
	double cpu_s;            /* decoding and analysis */
	struct analyser_stats stats;
};

void trial_init(struct trial *t);
void trial_done(struct trial *t);
/* 'calibration' NULL: without. */
struct analyser_config trial_config(const struct calibration *calibration);
/* From a file; RC_MISSING: no such file, RC_INVALID: not a video. */
enum rc trial_file(struct trial *t, const char *video, const struct truth *truth,
		   const struct analyser_config *config) MUST_USE;
/* Straight from the painter, no codec between. */
void trial_scene(struct trial *t, struct scene *s, const struct scene_options *o, const struct analyser_config *config);

#endif
