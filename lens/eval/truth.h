/* truth.h - what really happens in a clip, and JSON of it.
 *
 * {"level":"L2","seed":3,"width":1920,"height":1080,"fps":25,"frames":1500,
 *  "objects":[{"floor":9,"size_px":8,"contrast":-60,"frames":[[frame,x0,y0,x1,y1,cx,cy],…]}],
 *  "others":[{"kind":"dive","frames":[…]}],
 *  "regions":[{"kind":"foliage","box":[x0,y0,x1,y1]}],
 *  "calibration":{…}}
 *
 * People may write the same for recordings of their own: only width, height,
 * fps, frames and objects with frames are needed.
 */
#ifndef LENS_EVAL_TRUTH_H
#define LENS_EVAL_TRUTH_H

#include "base/json.h"
#include "lens/calibration.h"

struct truth_frame {
	int frame; /* number in the clip, from 0 */
	float x0, y0, x1, y1, x, y;
};

struct truth_mover {
	char kind[16]; /* "thrown", "bird", … */
	int floor;     /* thrown; 0: not known */
	double size_px, contrast;
	int n;
	struct truth_frame *frames;
};

struct truth_region {
	char kind[16];
	float x0, y0, x1, y1;
};

struct truth {
	char level[16];
	int64_t seed;
	int width, height, frames;
	double fps;
	int movers_n, regions_n;
	struct truth_mover *movers;
	struct truth_region *regions;
	bool has_calibration;
	struct calibration_input calibration; /* as a person would draw it */
};

/* Everything inside is in the arena. */
void truth_write(const struct truth *t, struct buf *out);
enum rc truth_read(struct arena *a, struct str json, struct truth *ret) MUST_USE;
/* {"aspect":1.78,"floor_height_m":3,"floors":20,"lines":[[x1,y1,x2,y2,height_m],…],"edges":[[x1,y1,x2,y2],…]},
 * the same as in the settings of 'run'. */
void calibration_input_write(const struct calibration_input *in, struct buf *out);
enum rc calibration_input_read(const struct json *j, struct calibration_input *ret) MUST_USE;

#endif
