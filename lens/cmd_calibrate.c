#include <stdio.h>
#include <string.h>

#include "lens/command.h"
#include "lens/eval/truth.h"
#include "lens/file.h"

static const char help[] =
	"usage: jiuan-lens calibrate FILE\n"
	"Tells how well drawn lines fit. FILE is JSON, all places in fractions of the picture from the top left:\n\n"
	"  {\"aspect\": 1.778, \"floor_height_m\": 3, \"floors\": 20,\n"
	"   \"lines\": [[x1, y1, x2, y2, height_m], ...],   at least three slab edges, heights above ground\n"
	"   \"edges\": [[x1, y1, x2, y2], ...]}             two or more vertical edges\n\n"
	"Prints the residual, the distance reckoned and the height at the middle of the picture.\n";

static void print(const struct calibration *c)
{
	printf("residual %.2f px at 1080 rows (at most %.0f)\n", c->residual * 1080, CALIBRATION_RESIDUAL_MAX * 1080);
	for (int i = 1; i <= 9; i += 2) {
		double y = i / 10.0;

		printf("at %2d %% from the top: %.1f m, floor %d, %.1f px per metre\n", i * 10,
		       calibration_height(c, 0.5, y), (int)(calibration_height(c, 0.5, y) / c->floor_height_m) + 1,
		       1080 / calibration_scale(c, 0.5, y));
	}
	if (c->distance_m > 0)
		printf("camera about %.0f m from the facade, focal length %.2f picture heights\n", c->distance_m,
		       c->focal);
}

int cmd_calibrate(int argc, char **argv)
{
	struct arena *a;
	struct calibration_input in;
	struct calibration c = { 0 };
	struct json *j;
	struct json_error error;
	struct str text;
	char field[32];
	const char *reason = "";
	enum rc rc;

	if (argc != 2 || strcmp(argv[1], "--help") == 0) {
		fputs(help, argc == 2 ? stdout : stderr);
		return argc == 2 ? EXIT_FINE : EXIT_WORDS;
	}
	a = arena_new(1 << 26);
	rc = file_read(a, argv[1], &text);
	if (rc == RC_OK)
		rc = json_parse(a, text, 0, &j, &error);
	if (rc == RC_OK)
		rc = calibration_input_read(json_get(j, "calibration") ? json_get(j, "calibration") : j, &in);
	arena_free(a);
	if (rc != RC_OK) {
		fprintf(stderr, "jiuan-lens: %s: not a calibration\n", argv[1]);
		return EXIT_REFUSED;
	}
	rc = calibration_solve(&in, &c, field, &reason);
	if (rc == RC_OK || strcmp(reason, "residual") == 0)
		print(&c);
	if (rc != RC_OK) {
		fprintf(stderr, "jiuan-lens: %s: %s: %s\n", argv[1], field, reason);
		return EXIT_REFUSED;
	}
	return EXIT_FINE;
}
