#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lens/analyse.h"
#include "lens/command.h"
#include "lens/decode.h"
#include "lens/eval/report.h"
#include "lens/eval/truth.h"
#include "lens/file.h"
#include "lens/png.h"

static const char help[] =
	"usage: jiuan-lens analyse [OPTIONS] FILE\n"
	"Prints what falls in a recording, one JSON line each, and draws its path.\n\n"
	"  --calibration FILE   drawn lines as JSON (see 'jiuan-lens calibrate'), or a JSON with a \"calibration\"\n"
	"  --pictures DIR       where the drawings go (path-1.png, ...); without: none\n"
	"  --debris             also light things, paper and bags\n"
	"  --quiet              no progress\n";

enum { WIDEST = 1280 };

struct job {
	struct arena *arena;
	const char *pictures;
	int64_t start_us;
	int found;
	bool failed;
	struct drawing last; /* of a picture about a second old, to draw on */
};

/* ---- what is found --------------------------------------------------------------- */

static void draw(struct job *j, const struct incident *i)
{
	char path[512];
	struct drawing d;
	size_t size = (size_t)j->last.width * (size_t)j->last.height * 3;

	if (!j->last.rgb)
		return;
	d = j->last;
	d.rgb = mem_new(size);
	memcpy(d.rgb, j->last.rgb, size);
	drawing_path(&d, i);
	snprintf(path, sizeof path, "%s/path-%d.png", j->pictures, j->found);
	if (drawing_save(&d, path) != RC_OK) {
		fprintf(stderr, "jiuan-lens: %s can't be written\n", path);
		j->failed = true;
	}
	free(d.rgb);
}

static void found(void *to, const struct incident *i)
{
	struct job *j = to;
	struct buf line = buf_new(j->arena, 1 << 20);

	j->found++;
	incident_write(i, j->start_us, &line);
	fputs(line.p, stdout);
	fflush(stdout);
	if (j->pictures)
		draw(j, i);
	arena_reset(j->arena);
}

/* ---- words ------------------------------------------------------------------------- */

static int read_calibration(const char *path, struct calibration *ret)
{
	struct arena *a = arena_new(1 << 26);
	struct calibration_input in;
	struct json *j;
	struct json_error error;
	struct str text;
	char field[32];
	const char *reason;
	int exit = EXIT_REFUSED;

	if (file_read(a, path, &text) != RC_OK || json_parse(a, text, 0, &j, &error) != RC_OK ||
	    calibration_input_read(json_get(j, "calibration") ? json_get(j, "calibration") : j, &in) != RC_OK)
		fprintf(stderr, "jiuan-lens: %s: not a calibration\n", path);
	else if (calibration_solve(&in, ret, field, &reason) != RC_OK)
		fprintf(stderr, "jiuan-lens: %s: %s: %s\n", path, field, reason);
	else
		exit = EXIT_FINE;
	arena_free(a);
	return exit;
}

static void progress(int64_t at_us, int64_t length_us, int *last)
{
	int now = length_us > 0 ? (int)(100 * at_us / length_us) : (int)(at_us / (10 * SECOND));

	if (now == *last)
		return;
	*last = now;
	if (length_us > 0)
		fprintf(stderr, "\r%3d %% (%.0f of %.0f s)", now, (double)at_us / SECOND, (double)length_us / SECOND);
	else
		fprintf(stderr, "\r%.0f s", (double)at_us / SECOND);
}

static void remember(struct job *j, const struct frame *f)
{
	free(j->last.rgb);
	j->last = drawing_of(f, WIDEST);
}

static int run(const char *file, const struct analyser_config *config, const char *pictures, bool quiet)
{
	struct job j = { .arena = arena_new(1 << 22), .pictures = pictures };
	struct decoder *d;
	struct analyser *a;
	struct frame f;
	const struct analyser_stats *s;
	int last = -1, frames = 0;

	if (decode_open(file, &d) != RC_OK) {
		fprintf(stderr, "jiuan-lens: %s: no video that can be read\n", file);
		arena_free(j.arena);
		return EXIT_REFUSED;
	}
	a = analyser_new(config);
	while (decode_next(d, &f) == RC_OK) {
		if (frames == 0)
			j.start_us = f.pts_us;
		if (pictures && frames % 25 == 0) /* a second old at most: the wall is the same */
			remember(&j, &f);
		frames++;
		if (!quiet)
			progress(f.pts_us - j.start_us, decode_length(d), &last);
		analyser_feed(a, &f, found, &j);
	}
	analyser_flush(a, found, &j);
	s = analyser_stats(a);
	if (!quiet) {
		fprintf(stderr, "\r%d found in %lld pictures", j.found, (long long)s->frames);
		for (int i = 0; i < SKIP_N; i++)
			if (s->skipped[i])
				fprintf(stderr, ", %lld skipped: %s", (long long)s->skipped[i],
					skip_word((enum skip)i));
		fprintf(stderr, "\n");
	}
	analyser_free(a);
	decode_close(d);
	free(j.last.rgb);
	arena_free(j.arena);
	return frames == 0 ? EXIT_REFUSED : j.failed ? EXIT_FAILED : EXIT_FINE;
}

int cmd_analyse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "calibration", 1, NULL, 'c' }, { "pictures", 1, NULL, 'p' }, { "debris", 0, NULL, 'd' },
		{ "quiet", 0, NULL, 'q' },       { "help", 0, NULL, 'h' },     { 0 },
	};
	struct analyser_config config = { .storm_max = -1 };
	struct calibration calibration;
	const char *pictures = NULL;
	bool quiet = !isatty(STDERR_FILENO);
	int option, exit;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (option) {
		case 'c':
			exit = read_calibration(optarg, &calibration);
			if (exit != EXIT_FINE)
				return exit;
			config.calibration = &calibration;
			break;
		case 'p': pictures = optarg; break;
		case 'd': config.light_debris = true; break;
		case 'q': quiet = true; break;
		case 'h': fputs(help, stdout); return EXIT_FINE;
		default: fputs(help, stderr); return EXIT_WORDS;
		}
	if (optind + 1 != argc) {
		fputs(help, stderr);
		return EXIT_WORDS;
	}
	return run(argv[optind], &config, pictures, quiet);
}
