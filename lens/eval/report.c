#include "lens/eval/report.h"

#include <stdio.h>

static double per_cent(const struct share *s)
{
	return s->of ? 100.0 * s->n / s->of : 0;
}

static void print_bins(const char *what, const char *const *names, const struct share *bins)
{
	printf("  by %-9s", what);
	for (int i = 0; i < METRICS_BINS; i++)
		if (bins[i].of)
			printf(" %s: %d/%d;", names[i], bins[i].n, bins[i].of);
	printf("\n");
}

static void print_false(const struct metrics *m)
{
	double low, high, hours = m->seconds / 3600, per_day = hours > 0 ? 24 / hours : 0;

	poisson_bounds(m->false_n, &low, &high);
	printf("  false alarms: %d in %.2f h = %.1f an hour, %.0f a camera-day (95 %%: %.0f to %.0f)\n", m->false_n,
	       hours, hours > 0 ? m->false_n / hours : 0, m->false_n * per_day, low * per_day, high * per_day);
	for (int i = 0; i < METRICS_CAUSES; i++) {
		if (m->false_by[i] == 0)
			continue;
		poisson_bounds(m->false_by[i], &low, &high);
		printf("    %-8s %d (%.1f to %.1f an hour)\n", metrics_cause[i], m->false_by[i],
		       hours > 0 ? low / hours : 0, hours > 0 ? high / hours : 0);
	}
	if (m->dives)
		printf("  diving birds taken: %d of %d\n", m->dives_taken, m->dives);
}

static void print_times(double ms, const struct analyser_stats *s)
{
	double n = (double)s->analysed;

	printf("  CPU %.2f ms a frame with decoding; analysis %.3f", ms,
	       (s->shift_ms + s->blip_ms + s->blobs_ms + s->coarse_ms + s->tracks_ms) / n);
	printf(" (shift %.3f, blip %.3f, blobs %.3f, coarse %.3f, tracks %.3f)", s->shift_ms / n, s->blip_ms / n,
	       s->blobs_ms / n, s->coarse_ms / n, s->tracks_ms / n);
	printf(", %.0f blobs a frame\n", (double)s->blobs / n);
}

static void print_level(const char *level, struct metrics *m, double ms, const struct analyser_stats *s)
{
	printf("%s: found %d of %d = %.1f %%, twice %d, %d clips\n", level, m->found.n, m->found.of,
	       per_cent(&m->found), m->twice, m->clips);
	if (m->found.of) {
		print_bins("size", metrics_size, m->by_size);
		print_bins("contrast", metrics_contrast, m->by_contrast);
		print_bins("speed", metrics_speed, m->by_speed);
		printf("  time-range overlap %.3f; floor exact %.1f %%, within one %.1f %% (%d); latency median %.2f "
		       "s, 95 %% %.2f s, "
		       "most %.2f s\n",
		       m->found.of ? m->tro_sum / m->found.of : 0, per_cent(&m->floor_exact), per_cent(&m->floor_near),
		       m->floor_near.of, metrics_latency(m, 0.5), metrics_latency(m, 0.95), metrics_latency(m, 1));
	}
	print_false(m);
	if (s && s->analysed > 0)
		print_times(ms, s);
	fflush(stdout);
}

static void put_share(struct buf *b, const char *key, const struct share *s)
{
	json_key(b, key);
	json_open(b, '[');
	json_int(b, s->n);
	json_int(b, s->of);
	json_close(b, ']');
}

static void json_level(const char *level, struct metrics *m, double ms)
{
	struct arena *a = arena_new(1 << 16);
	struct buf b = buf_new(a, 1 << 16);
	double low, high, per_day = m->seconds > 0 ? 86400 / m->seconds : 0;

	poisson_bounds(m->false_n, &low, &high);
	json_open(&b, '{');
	json_put_text(&b, "level", str_of(level));
	json_put_real(&b, "seconds", m->seconds);
	put_share(&b, "found", &m->found);
	json_put_real(&b, "tro", m->found.of ? m->tro_sum / m->found.of : 0);
	put_share(&b, "floor_exact", &m->floor_exact);
	put_share(&b, "floor_near", &m->floor_near);
	json_put_int(&b, "false", m->false_n);
	json_put_real(&b, "false_per_day", m->false_n * per_day);
	json_put_real(&b, "false_per_day_low", low * per_day);
	json_put_real(&b, "false_per_day_high", high * per_day);
	json_key(&b, "false_by");
	json_open(&b, '{');
	for (int i = 0; i < METRICS_CAUSES; i++)
		json_put_int(&b, metrics_cause[i], m->false_by[i]);
	json_close(&b, '}');
	json_put_int(&b, "dives", m->dives);
	json_put_real(&b, "latency_max_s", metrics_latency(m, 1));
	json_put_real(&b, "cpu_ms_per_frame", ms);
	json_close(&b, '}');
	printf(FMT_STR "\n", ARG_STR(buf_str(&b)));
	fflush(stdout);
	arena_free(a);
}

void report_level(const char *level, struct metrics *m, double ms_per_frame, const struct analyser_stats *stats,
		  bool json)
{
	if (json)
		json_level(level, m, ms_per_frame);
	else
		print_level(level, m, ms_per_frame, stats);
}

/* ---- events as lines ------------------------------------------------------------------- */

static double rounded(double v)
{
	return (double)(int64_t)(v * 1000 + (v < 0 ? -0.5 : 0.5)) / 1000;
}

static void write_path(const struct incident *i, int64_t start_us, struct buf *out)
{
	json_key(out, "path");
	json_open(out, '[');
	for (int k = 0; k < i->path_n; k++) {
		const struct path_point *p = &i->path[k];

		json_open(out, '[');
		json_real(out, rounded((double)(p->pts_us - start_us) / SECOND));
		json_real(out, rounded((double)p->x));
		json_real(out, rounded((double)p->y));
		json_real(out, (double)p->w);
		json_real(out, (double)p->h);
		json_close(out, ']');
	}
	json_close(out, ']');
}

void incident_write(const struct incident *i, int64_t start_us, struct buf *out)
{
	json_open(out, '{');
	json_put_text(out, "kind", i->kind == INCIDENT_DEBRIS ? STR("debris") : STR("thrown"));
	json_put_real(out, "seconds", rounded((double)(i->release_us - start_us) / SECOND));
	json_put_real(out, "seen_seconds", rounded((double)(i->start_us - start_us) / SECOND));
	json_put_real(out, "end_seconds", rounded((double)(i->end_us - start_us) / SECOND));
	json_put_int(out, "width", i->width);
	json_put_int(out, "height", i->height);
	if (i->floor > 0) {
		json_put_int(out, "floor", i->floor);
		json_put_int(out, "floor_low", i->floor_low);
		json_put_int(out, "floor_high", i->floor_high);
		json_put_real(out, "release_m", rounded(i->release_m));
		json_put_real(out, "gravity", rounded(i->gravity));
		json_put_real(out, "gravity_sigma", rounded(i->gravity_sigma));
	}
	json_put_real(out, "fit_rms_px", rounded(i->fit_rms));
	json_put_real(out, "score", rounded(i->score));
	json_put_real(out, "confidence", rounded(i->confidence));
	json_put_int(out, "paths", i->paths);
	write_path(i, start_us, out);
	json_close(out, '}');
	buf_char(out, '\n');
}

static bool read_number(const struct json *j, const char *key, double *ret)
{
	const struct json *v = json_get(j, key);

	return v && json_number(v, ret);
}

static void read_path(const struct json *list, struct event *e)
{
	if (!list || list->kind != J_LIST)
		return;
	for (const struct json *p = list->child; p && e->n < ANALYSE_PATH_MAX; p = p->next) {
		const struct json *t = p->kind == J_LIST ? p->child : NULL, *x = t ? t->next : NULL,
				  *y = x ? x->next : NULL;
		double vt, vx, vy;

		if (y && json_number(t, &vt) && json_number(x, &vx) && json_number(y, &vy))
			e->points[e->n++] = (struct event_point){ vt, (float)vx, (float)vy };
	}
}

enum rc events_read(struct arena *a, struct str lines, struct event *events, int most, int *n)
{
	struct str line;

	*n = 0;
	while (str_cut(&lines, '\n', &line)) {
		struct event *e = &events[*n];
		struct json *j;
		struct json_error error;

		if (str_trim(line).n == 0)
			continue;
		if (*n == most)
			return RC_LIMIT;
		TRY(json_parse(a, str_trim(line), 0, &j, &error));
		*e = (struct event){ .latency_s = -1, .floor = (int)json_get_int(j, "floor", 0) };
		if (!read_number(j, "seconds", &e->start_s) || !read_number(j, "end_seconds", &e->end_s))
			return RC_INVALID;
		if (!read_number(j, "gravity", &e->gravity))
			e->gravity = 0;
		read_path(json_get(j, "path"), e);
		if (e->n == 0)
			return RC_INVALID;
		(*n)++;
	}
	return RC_OK;
}
