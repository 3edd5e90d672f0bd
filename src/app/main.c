#include "app/cli.h"

#include <stdio.h>
#include <string.h>

static void usage(FILE *out)
{
	fputs("jiuan - a safe, well-run neighbourhood\n\nusage: jiuan COMMAND [OPTIONS] [WORDS]\n\n", out);
	for (const struct command *c = commands; c->name; c++)
		fprintf(out, "  %-9s %-22s %s\n", c->name, c->words, c->help);
	fputs("\n'jiuan COMMAND --help' lists a command's options.\n"
	      "exit codes: 0 done, 1 failed, 2 wrong usage, 3 input refused\n",
	      out);
}

int main(int argc, char **argv)
{
	const struct command *c = argc > 1 ? cli_command(argv[1]) : NULL;

	if (c)
		return c->run(argc - 1, argv + 1);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
		usage(stdout);
		return EXIT_FINE;
	}
	if (argc > 1)
		fprintf(stderr, "jiuan: no command '%s'\n\n", argv[1]);
	usage(stderr);
	return EXIT_USAGE;
}
