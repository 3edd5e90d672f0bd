#include <stdio.h>
#include <string.h>

#include "lens/command.h"

static const struct lens_command commands[] = {
	{ "analyse", "FILE", "print what falls in a recording", cmd_analyse },
	{ "bench", "FILE", "CPU time per picture beside plain decoding", cmd_bench },
	{ "calibrate", "FILE", "tell how well drawn lines fit", cmd_calibrate },
	{ "evaluate", "", "measure it on painted facades", cmd_evaluate },
	{ "run", "--config FILE", "watch cameras and tell the server", cmd_run },
	{ 0 },
};

static void usage(FILE *out)
{
	fputs("jiuan-lens - watches fixed cameras for what falls and what blocks\n\n"
	      "usage: jiuan-lens COMMAND [OPTIONS] [WORDS]\n\n",
	      out);
	for (const struct lens_command *c = commands; c->name; c++)
		fprintf(out, "  %-9s %-22s %s\n", c->name, c->words, c->help);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		for (const struct lens_command *c = commands; c->name; c++)
			if (strcmp(c->name, argv[1]) == 0)
				return c->run(argc - 1, argv + 1);
		if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
			usage(stdout);
			return EXIT_FINE;
		}
		fprintf(stderr, "jiuan-lens: no command '%s'\n\n", argv[1]);
	}
	usage(stderr);
	return EXIT_WORDS;
}
