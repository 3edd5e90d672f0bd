#include <stdio.h>

#include "lens/analyse.h"
#include "lens/command.h"
#include "lens/decode.h"

int cmd_analyse(int argc, char **argv)
{
	struct decoder *d;
	struct analyser *a;
	struct frame f;

	if (argc != 2 || decode_open(argv[1], &d) != RC_OK)
		return EXIT_REFUSED;
	a = analyser_new(&(struct analyser_config){ 0 });
	while (decode_next(d, &f) == RC_OK)
		analyser_feed(a, &f, NULL, NULL);
	printf("%lld frames\n", (long long)analyser_stats(a)->frames);
	analyser_free(a);
	decode_close(d);
	return EXIT_FINE;
}
