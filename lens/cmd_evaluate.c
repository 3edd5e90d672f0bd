#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lens/command.h"
#include "lens/eval/encode.h"
#include "lens/eval/level.h"
#include "lens/eval/report.h"
#include "lens/eval/trial.h"
#include "lens/file.h"

struct options {
	const char *levels, *codec, *rate, *keep, *truth, *events;
	int64_t first_seed, last_seed;
	struct scene_options scene;
	bool uncalibrated, verbose, trace, no_codec, json, generate;
};

static const char help[] =
	"usage: jiuan-lens evaluate [OPTIONS]\n"
	"Paints facades, throws things, and compares what the analyser finds.\n\n"
	"  --levels L0,L3       which levels (all of L0 to L4)\n"
	"  --seeds 1-10         which buildings (1-3)\n"
	"  --secs 60            length of a clip\n"
	"  --objects 10         thrown in each; 0: negatives\n"
	"  --codec h264|h265    --rate 4M   --fps 25   --shown 30 (pictures repeated to that rate)\n"
	"  --size 1920x1080\n"
	"  --no-codec           straight from the painter\n"
	"  --uncalibrated       without the drawn floor lines\n"
	"  --keep DIR           clips are kept there and used again\n"
	"  --generate           only make the clips of --keep\n"
	"  --score TRUTH EVENTS events of another program (JSON lines as 'analyse' prints) against a truth\n"
	"  --json               one JSON line per level\n"
	"  --verbose            every miss and every false alarm\n"
	"  --trace              every chain that was judged, on standard error\n";

static void trace(void *to, const char *line)
{
	(void)to;
	fprintf(stderr, "    %s\n", line);
}

static void say(void *to, const char *line)
{
	(void)to;
	printf("  %s\n", line);
	fflush(stdout);
}

/* ---- one clip ----------------------------------------------------------------------- */

struct totals {
	struct metrics *m;
	double cpu_s;
	int64_t frames;
	struct analyser_stats stats;
};

static bool calibrate(const struct truth *t, struct calibration *c)
{
	char field[32];
	const char *reason;

	/* a person would look at the residual and draw again; a line that is off is off here too */
	return t->has_calibration &&
	       (calibration_solve(&t->calibration, c, field, &reason) == RC_OK || strcmp(reason, "residual") == 0);
}

static void add(struct totals *all, const struct options *o, const struct truth *t, const struct trial *r)
{
	metrics_add(all->m, t, r->events, r->n, o->verbose ? say : NULL, NULL);
	all->cpu_s += r->cpu_s;
	all->frames += r->stats.frames;
	all->stats.shift_ms += r->stats.shift_ms;
	all->stats.blip_ms += r->stats.blip_ms;
	all->stats.blobs_ms += r->stats.blobs_ms;
	all->stats.coarse_ms += r->stats.coarse_ms;
	all->stats.tracks_ms += r->stats.tracks_ms;
	all->stats.blobs += r->stats.blobs;
	all->stats.analysed += r->stats.analysed;
}

static enum rc clip_without_codec(struct totals *all, const struct options *o, const struct scene_options *so)
{
	struct scene *s;
	struct truth t;
	struct trial r;
	struct calibration c;
	struct analyser_config config;
	struct arena *arena = arena_new(1 << 28);

	TRY(scene_new(so, &s));
	trial_init(&r);
	scene_truth(s, arena, &t);
	config = trial_config(!o->uncalibrated && calibrate(&t, &c) ? &c : NULL);
	config.trace = o->trace ? trace : NULL;
	trial_scene(&r, s, so, &config);
	scene_truth(s, arena, &t);
	add(all, o, &t, &r);
	trial_done(&r);
	scene_free(s);
	arena_free(arena);
	return RC_OK;
}

static enum rc make_clip(const struct options *o, const struct scene_options *so, const char *video, const char *truth)
{
	struct encode_options e = { .codec = o->codec, .rate = o->rate };
	struct arena *arena = arena_new(1 << 28);
	struct buf out = buf_new(arena, 1 << 27);
	struct scene *s;
	struct truth t;
	enum rc rc;

	TRY(scene_new(so, &s));
	rc = encode_scene(s, so, &e, video);
	if (rc == RC_OK) {
		scene_truth(s, arena, &t);
		truth_write(&t, &out);
		rc = file_write(truth, buf_str(&out));
	}
	scene_free(s);
	arena_free(arena);
	return rc;
}

static enum rc clip_with_codec(struct totals *all, const struct options *o, const struct scene_options *so,
			       const char *dir)
{
	char video[512], truth[512];
	struct arena *arena = arena_new(1 << 28);
	struct truth t;
	struct trial r;
	struct calibration c;
	struct analyser_config config;
	struct str text;
	enum rc rc;

	snprintf(video, sizeof video, "%s/%s-%lld-%s-%s-%g-%g-%d-%g-%d.mp4", dir, so->level, (long long)so->seed,
		 o->codec, o->rate, so->fps, so->shown_fps, so->height, so->secs, so->objects);
	snprintf(truth, sizeof truth, "%.*s.json", (int)strlen(video) - 4, video);
	rc = file_read(arena, truth, &text);
	if (rc != RC_OK) {
		TRY(make_clip(o, so, video, truth));
		TRY(file_read(arena, truth, &text));
	}
	if (!o->generate) {
		TRY(truth_read(arena, text, &t));
		trial_init(&r);
		config = trial_config(!o->uncalibrated && calibrate(&t, &c) ? &c : NULL);
		config.trace = o->trace ? trace : NULL;
		TRY(trial_file(&r, video, &t, &config));
		add(all, o, &t, &r);
		trial_done(&r);
	}
	if (!o->keep) {
		unlink(video);
		unlink(truth);
	}
	arena_free(arena);
	return RC_OK;
}

static enum rc level_all(const struct options *o, const char *level, const char *dir)
{
	struct totals all = { .m = mem_new(sizeof(struct metrics)) };
	struct scene_options so = o->scene;
	enum rc rc = RC_OK;

	so.level = level;
	for (int64_t seed = o->first_seed; seed <= o->last_seed && rc == RC_OK; seed++) {
		so.seed = seed;
		rc = o->no_codec ? clip_without_codec(&all, o, &so) : clip_with_codec(&all, o, &so, dir);
		fprintf(stderr, "%s seed %lld: %d of %d found so far, %d false\n", level, (long long)seed,
			all.m->found.n, all.m->found.of, all.m->false_n);
	}
	if (rc == RC_OK && !o->generate)
		report_level(level, all.m, all.frames ? all.cpu_s / (double)all.frames * 1e3 : 0, &all.stats, o->json);
	else if (rc != RC_OK)
		fprintf(stderr, "jiuan-lens: %s: %s\n", level,
			rc == RC_MISSING ? "no ffmpeg" : "clip could not be made or read");
	free(all.m);
	return rc;
}

/* ---- events of another program ----------------------------------------------------------- */

static int score(const struct options *o)
{
	struct arena *arena = arena_new(1 << 28);
	struct metrics *m = mem_new(sizeof *m);
	struct event *events = mem_new(TRIAL_EVENTS * sizeof *events);
	struct truth t;
	struct str text;
	int n = 0, exit = EXIT_REFUSED;

	if (file_read(arena, o->truth, &text) == RC_OK && truth_read(arena, text, &t) == RC_OK &&
	    file_read(arena, o->events, &text) == RC_OK &&
	    events_read(arena, text, events, TRIAL_EVENTS, &n) == RC_OK) {
		metrics_add(m, &t, events, n, o->verbose ? say : NULL, NULL);
		report_level(t.level, m, 0, NULL, o->json);
		exit = EXIT_FINE;
	} else {
		fprintf(stderr, "jiuan-lens: %s or %s can't be read\n", o->truth, o->events);
	}
	free(events);
	free(m);
	arena_free(arena);
	return exit;
}

/* ---- words --------------------------------------------------------------------------------- */

static bool read_seeds(const char *word, struct options *o)
{
	char *end;

	o->first_seed = o->last_seed = strtoll(word, &end, 10);
	if (*end == '-')
		o->last_seed = strtoll(end + 1, &end, 10);
	return *end == 0 && o->first_seed >= 0 && o->last_seed >= o->first_seed;
}

static bool read_size(const char *word, struct scene_options *s)
{
	char *end;

	s->width = (int)strtol(word, &end, 10);
	if (*end != 'x')
		return false;
	s->height = (int)strtol(end + 1, &end, 10);
	return *end == 0;
}

enum { O_LEVELS = 1, O_SEEDS, O_SECS, O_OBJECTS, O_CODEC, O_RATE, O_FPS, O_SHOWN, O_SIZE, O_KEEP };
static const struct option longs[] = {
	{ "levels", 1, NULL, O_LEVELS },
	{ "seeds", 1, NULL, O_SEEDS },
	{ "secs", 1, NULL, O_SECS },
	{ "objects", 1, NULL, O_OBJECTS },
	{ "codec", 1, NULL, O_CODEC },
	{ "rate", 1, NULL, O_RATE },
	{ "fps", 1, NULL, O_FPS },
	{ "shown", 1, NULL, O_SHOWN },
	{ "size", 1, NULL, O_SIZE },
	{ "no-codec", 0, NULL, 'n' },
	{ "uncalibrated", 0, NULL, 'u' },
	{ "keep", 1, NULL, O_KEEP },
	{ "generate", 0, NULL, 'g' },
	{ "score", 1, NULL, 's' },
	{ "json", 0, NULL, 'j' },
	{ "verbose", 0, NULL, 'v' },
	{ "trace", 0, NULL, 't' },
	{ "help", 0, NULL, 'h' },
	{ 0 },
};

static bool take(struct options *o, int option)
{
	switch (option) {
	case O_LEVELS: o->levels = optarg; return true;
	case O_SEEDS: return read_seeds(optarg, o);
	case O_SECS: o->scene.secs = strtod(optarg, NULL); return true;
	case O_OBJECTS: o->scene.objects = (int)strtol(optarg, NULL, 10); return true;
	case O_CODEC: o->codec = optarg; return strcmp(optarg, "h264") == 0 || strcmp(optarg, "h265") == 0;
	case O_RATE: o->rate = optarg; return true;
	case O_FPS: o->scene.fps = strtod(optarg, NULL); return o->scene.fps > 0;
	case O_SHOWN: o->scene.shown_fps = strtod(optarg, NULL); return o->scene.shown_fps > 0;
	case O_SIZE: return read_size(optarg, &o->scene);
	case O_KEEP: o->keep = optarg; return true;
	case 'n': o->no_codec = true; return true;
	case 'u': o->uncalibrated = true; return true;
	case 'g': o->generate = true; return true;
	case 's': o->truth = optarg; return true;
	case 'j': o->json = true; return true;
	case 't': o->trace = true; return true;
	case 'v': o->verbose = true; return true;
	default: return false;
	}
}

static int all_levels(struct options *o)
{
	char folder[] = "/tmp/jiuan-lens-XXXXXX", words[256];
	struct str rest, level;
	int exit = EXIT_FINE;

	if (!o->keep && !mkdtemp(folder))
		return EXIT_FAILED;
	if (o->scene.shown_fps < o->scene.fps)
		o->scene.shown_fps = o->scene.fps;
	rest = str_of(o->levels);
	while (exit == EXIT_FINE && str_cut(&rest, ',', &level)) {
		snprintf(words, sizeof words, FMT_STR, ARG_STR(level));
		if (!level_named(words)) {
			fprintf(stderr, "jiuan-lens: no level '%s'\n", words);
			exit = EXIT_WORDS;
		} else if (level_all(o, words, o->keep ? o->keep : folder) != RC_OK) {
			exit = EXIT_FAILED;
		}
	}
	if (!o->keep)
		rmdir(folder);
	return exit;
}

int cmd_evaluate(int argc, char **argv)
{
	struct options o = {
		.levels = "L0,L1,L2,L3,L4",
		.codec = "h264",
		.rate = "4M",
		.first_seed = 1,
		.last_seed = 3,
		.scene = { .secs = 60, .objects = 10, .width = 1920, .height = 1080, .fps = 25, .jitter_px = 3 }
	};
	int option;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return EXIT_FINE;
		}
		if (!take(&o, option)) {
			fputs(help, stderr);
			return EXIT_WORDS;
		}
	}
	if (o.truth) {
		o.events = optind < argc ? argv[optind] : "";
		return score(&o);
	}
	if (optind < argc || (o.generate && !o.keep)) {
		fputs(help, stderr);
		return EXIT_WORDS;
	}
	return all_levels(&o);
}
