/* report.h - figures as text, and events as JSON lines. */
#ifndef LENS_EVAL_REPORT_H
#define LENS_EVAL_REPORT_H

#include "lens/eval/metrics.h"

/* 'stats' NULL: not ours, no times. */
void report_level(const char *level, struct metrics *m, double ms_per_frame, const struct analyser_stats *stats,
		  bool json);
/* One incident as one line; times in seconds from start_us, ends with a newline. */
void incident_write(const struct incident *i, int64_t start_us, struct buf *out);
/* Lines as above: "seconds", "end_seconds", "floor", "gravity", "path": [[t, x, y, …], …]. */
enum rc events_read(struct arena *a, struct str lines, struct event *events, int most, int *n) MUST_USE;

#endif
