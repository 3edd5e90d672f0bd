#include "lens/eval/truth.h"

#include <stdio.h>
#include <string.h>

enum { MOVERS_MAX = 10000, FRAMES_MAX = 100000 };

/* ---- calibration ------------------------------------------------------------------- */

static void write_lines(struct buf *out, const char *key, const struct calibration_line *l, int n, bool heights)
{
	json_key(out, key);
	json_open(out, '[');
	for (int i = 0; i < n; i++) {
		json_open(out, '[');
		json_real(out, l[i].x1);
		json_real(out, l[i].y1);
		json_real(out, l[i].x2);
		json_real(out, l[i].y2);
		if (heights)
			json_real(out, l[i].height_m);
		json_close(out, ']');
	}
	json_close(out, ']');
}

void calibration_input_write(const struct calibration_input *in, struct buf *out)
{
	json_open(out, '{');
	json_put_real(out, "aspect", in->aspect);
	json_put_real(out, "floor_height_m", in->floor_height_m);
	json_put_int(out, "floors", in->floors);
	write_lines(out, "lines", in->lines, in->lines_n, true);
	write_lines(out, "edges", in->edges, in->edges_n, false);
	json_close(out, '}');
}

static bool number(const struct json *map, const char *key, double *ret)
{
	const struct json *j = json_get(map, key);

	return j && json_number(j, ret);
}

static int numbers(const struct json *list, double *out, int most)
{
	int n = 0;

	if (!list || list->kind != J_LIST)
		return 0;
	for (const struct json *j = list->child; j && n < most; j = j->next)
		if (!json_number(j, &out[n++]))
			return 0;
	return n;
}

static enum rc read_lines(const struct json *list, int most, bool heights, struct calibration_line *out, int *n)
{
	*n = 0;
	if (!list)
		return RC_OK;
	if (list->kind != J_LIST || list->n > (unsigned)most)
		return RC_INVALID;
	for (const struct json *j = list->child; j; j = j->next) {
		double v[5] = { 0 };

		if (j->n != (heights ? 5U : 4U) || numbers(j, v, 5) != (int)j->n)
			return RC_INVALID;
		out[(*n)++] = (struct calibration_line){ v[0], v[1], v[2], v[3], v[4] };
	}
	return RC_OK;
}

enum rc calibration_input_read(const struct json *j, struct calibration_input *ret)
{
	*ret = (struct calibration_input){ 0 };
	if (!j || j->kind != J_MAP || !number(j, "aspect", &ret->aspect) ||
	    !number(j, "floor_height_m", &ret->floor_height_m))
		return RC_INVALID;
	ret->floors = (int)json_get_int(j, "floors", 0);
	TRY(read_lines(json_get(j, "lines"), CALIBRATION_LINES_MAX, true, ret->lines, &ret->lines_n));
	return read_lines(json_get(j, "edges"), CALIBRATION_EDGES_MAX, false, ret->edges, &ret->edges_n);
}

/* ---- writing ----------------------------------------------------------------------- */

static void write_frames(struct buf *out, const struct truth_mover *m)
{
	json_key(out, "frames");
	json_open(out, '[');
	for (int i = 0; i < m->n; i++) {
		const struct truth_frame *f = &m->frames[i];
		char text[160];
		int n = snprintf(text, sizeof text, "[%d,%.0f,%.0f,%.0f,%.0f,%.2f,%.2f]", f->frame, (double)f->x0,
				 (double)f->y0, (double)f->x1, (double)f->y1, (double)f->x, (double)f->y);

		json_raw(out, (struct str){ text, (size_t)n });
	}
	json_close(out, ']');
}

static void write_mover(struct buf *out, const struct truth_mover *m, bool thrown)
{
	json_open(out, '{');
	if (thrown) {
		json_put_int(out, "floor", m->floor);
		json_put_real(out, "size_px", m->size_px);
		json_put_real(out, "contrast", m->contrast);
	} else {
		json_put_text(out, "kind", str_of(m->kind));
	}
	write_frames(out, m);
	json_close(out, '}');
}

static void write_movers(struct buf *out, const struct truth *t, bool thrown)
{
	json_key(out, thrown ? "objects" : "others");
	json_open(out, '[');
	for (int i = 0; i < t->movers_n; i++)
		if ((strcmp(t->movers[i].kind, "thrown") == 0) == thrown)
			write_mover(out, &t->movers[i], thrown);
	json_close(out, ']');
}

void truth_write(const struct truth *t, struct buf *out)
{
	json_open(out, '{');
	json_put_text(out, "level", str_of(t->level));
	json_put_int(out, "seed", t->seed);
	json_put_int(out, "width", t->width);
	json_put_int(out, "height", t->height);
	json_put_real(out, "fps", t->fps);
	json_put_int(out, "frames", t->frames);
	write_movers(out, t, true);
	write_movers(out, t, false);
	json_key(out, "regions");
	json_open(out, '[');
	for (int i = 0; i < t->regions_n; i++) {
		const struct truth_region *r = &t->regions[i];

		json_open(out, '{');
		json_put_text(out, "kind", str_of(r->kind));
		json_key(out, "box");
		json_open(out, '[');
		json_real(out, (double)r->x0);
		json_real(out, (double)r->y0);
		json_real(out, (double)r->x1);
		json_real(out, (double)r->y1);
		json_close(out, ']');
		json_close(out, '}');
	}
	json_close(out, ']');
	if (t->has_calibration) {
		json_key(out, "calibration");
		calibration_input_write(&t->calibration, out);
	}
	json_close(out, '}');
}

/* ---- reading ----------------------------------------------------------------------- */

static void copy_word(char out[16], struct str s)
{
	size_t n = s.n < 15 ? s.n : 15;

	memcpy(out, s.p ? s.p : "", n);
	out[n] = 0;
}

static enum rc read_frames(struct arena *a, const struct json *list, struct truth_mover *m)
{
	if (!list || list->kind != J_LIST || list->n > FRAMES_MAX)
		return RC_INVALID;
	m->frames = NEW_N(a, struct truth_frame, list->n + 1);
	for (const struct json *j = list->child; j; j = j->next) {
		double v[7];

		if (numbers(j, v, 7) != 7)
			return RC_INVALID;
		m->frames[m->n++] = (struct truth_frame){ (int)v[0],   (float)v[1], (float)v[2], (float)v[3],
							  (float)v[4], (float)v[5], (float)v[6] };
	}
	return RC_OK;
}

static enum rc read_movers(struct arena *a, const struct json *list, struct truth *t, bool thrown)
{
	if (!list)
		return thrown ? RC_INVALID : RC_OK;
	if (list->kind != J_LIST)
		return RC_INVALID;
	for (const struct json *j = list->child; j; j = j->next) {
		struct truth_mover *m = &t->movers[t->movers_n++];

		copy_word(m->kind, thrown ? STR("thrown") : json_get_text(j, "kind"));
		m->floor = (int)json_get_int(j, "floor", 0);
		if (!number(j, "size_px", &m->size_px))
			m->size_px = 10;
		if (!number(j, "contrast", &m->contrast))
			m->contrast = 0;
		TRY(read_frames(a, json_get(j, "frames"), m));
	}
	return RC_OK;
}

static void read_regions(struct arena *a, const struct json *list, struct truth *t)
{
	if (!list || list->kind != J_LIST)
		return;
	t->regions = NEW_N(a, struct truth_region, list->n + 1);
	for (const struct json *j = list->child; j; j = j->next) {
		struct truth_region *r = &t->regions[t->regions_n];
		double v[4];

		if (numbers(json_get(j, "box"), v, 4) != 4)
			continue;
		copy_word(r->kind, json_get_text(j, "kind"));
		r->x0 = (float)v[0];
		r->y0 = (float)v[1];
		r->x1 = (float)v[2];
		r->y1 = (float)v[3];
		t->regions_n++;
	}
}

enum rc truth_read(struct arena *a, struct str text, struct truth *ret)
{
	struct json *j;
	struct json_error error;
	const struct json *objects, *others;
	unsigned n;

	*ret = (struct truth){ 0 };
	TRY(json_parse(a, text, 0, &j, &error));
	objects = json_get(j, "objects");
	others = json_get(j, "others");
	n = (objects ? objects->n : 0) + (others ? others->n : 0);
	ret->width = (int)json_get_int(j, "width", 0);
	ret->height = (int)json_get_int(j, "height", 0);
	ret->frames = (int)json_get_int(j, "frames", 0);
	ret->seed = json_get_int(j, "seed", 0);
	copy_word(ret->level, json_get_text(j, "level"));
	if (ret->width < 1 || ret->height < 1 || ret->frames < 1 || n > MOVERS_MAX || !number(j, "fps", &ret->fps) ||
	    ret->fps <= 0)
		return RC_INVALID;
	ret->movers = NEW_N(a, struct truth_mover, n + 1);
	TRY(read_movers(a, objects, ret, true));
	TRY(read_movers(a, others, ret, false));
	read_regions(a, json_get(j, "regions"), ret);
	ret->has_calibration = json_get(j, "calibration") != NULL;
	return ret->has_calibration ? calibration_input_read(json_get(j, "calibration"), &ret->calibration) : RC_OK;
}
