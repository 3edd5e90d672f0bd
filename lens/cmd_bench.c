#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "lens/analyse.h"
#include "lens/command.h"
#include "lens/cpu.h"
#include "lens/decode.h"

static const char help[] = "usage: jiuan-lens bench [--rounds 3] FILE\n"
			   "CPU time per picture on one core: plain decoding of the file, and decoding with analysis,\n"
			   "taking turns; medians.\n";
enum { ROUNDS_MAX = 99 };

struct round {
	double plain_ms, whole_ms, analysis_ms;
	int64_t frames;
};

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, ascending);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* Every picture of the file through a codec; each is handed to 'a' or dropped. */
static enum rc decode_all(const char *file, bool exact, struct analyser *a, int64_t *frames)
{
	struct decode_error err;
	struct input *in;
	struct codec *codec = NULL;
	struct packet *p;
	struct frame f;
	enum rc rc;

	TRY(input_open(&(struct input_option){ .url = file }, &in, &err));
	for (;;) {
		rc = input_read(in, &p, &err);
		if (rc == RC_OK && !codec)
			rc = codec_open(p->stream, &(struct codec_option){ .exact = exact }, &codec, &err);
		if (!codec || (rc != RC_OK && rc != RC_MISSING))
			break;
		(void)!codec_send(codec, rc == RC_OK ? p : NULL, &err);
		if (rc == RC_OK)
			packet_free(p);
		while (codec_receive(codec, &f, &err) == RC_OK) {
			++*frames;
			if (a)
				analyser_feed(a, &f, NULL, NULL);
			else
				frame_release(&f);
		}
		if (rc == RC_MISSING)
			break;
	}
	codec_close(codec);
	input_close(in);
	return rc == RC_MISSING && *frames > 0 ? RC_OK : RC_INVALID;
}

static enum rc one_round(const char *file, struct round *r)
{
	struct analyser *a;
	const struct analyser_stats *s;
	double start = cpu_ms();
	int64_t plain = 0, whole = 0;
	enum rc rc;

	TRY(decode_all(file, true, NULL, &plain));
	r->plain_ms = (cpu_ms() - start) / (double)plain;
	a = analyser_new(&(struct analyser_config){ .storm_max = -1 });
	start = cpu_ms();
	rc = decode_all(file, false, a, &whole);
	r->whole_ms = (cpu_ms() - start) / (double)(whole ? whole : 1);
	s = analyser_stats(a);
	r->analysis_ms = (s->shift_ms + s->blip_ms + s->blobs_ms + s->coarse_ms + s->tracks_ms) /
			 (double)(s->analysed ? s->analysed : 1);
	r->frames = whole;
	analyser_free(a);
	return rc == RC_OK && plain == whole ? RC_OK : RC_INVALID;
}

static int run(const char *file, int rounds)
{
	double plain[ROUNDS_MAX] = { 0 }, whole[ROUNDS_MAX] = { 0 }, analysis[ROUNDS_MAX] = { 0 },
	       ratio[ROUNDS_MAX] = { 0 };
	struct round r = { 0 };

	for (int i = 0; i < rounds; i++) {
		if (one_round(file, &r) != RC_OK) {
			fprintf(stderr, "jiuan-lens: %s: no video that can be read\n", file);
			return EXIT_REFUSED;
		}
		plain[i] = r.plain_ms;
		whole[i] = r.whole_ms;
		analysis[i] = r.analysis_ms;
		ratio[i] = r.whole_ms / r.plain_ms;
	}
	printf("pictures %lld\n", (long long)r.frames);
	printf("plain-ms %.3f\nwhole-ms %.3f\nanalysis-ms %.3f\nratio %.3f\n", median(plain, rounds),
	       median(whole, rounds), median(analysis, rounds), median(ratio, rounds));
	return EXIT_FINE;
}

int cmd_bench(int argc, char **argv)
{
	static const struct option longs[] = { { "rounds", 1, NULL, 'r' }, { "help", 0, NULL, 'h' }, { 0 } };
	int option, rounds = 3;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return EXIT_FINE;
		}
		rounds = option == 'r' ? (int)strtol(optarg, NULL, 10) : 0;
		if (rounds < 1 || rounds > ROUNDS_MAX)
			break;
	}
	if (optind + 1 != argc || rounds < 1 || rounds > ROUNDS_MAX) {
		fputs(help, stderr);
		return EXIT_WORDS;
	}
	return run(argv[optind], rounds);
}
