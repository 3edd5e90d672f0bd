/* replay.h - end of every fuzz target.  Built with -DFUZZ_REPLAY the target is
 * a program of its own that feeds all files of the folders named on its command
 * line; without, libFuzzer brings the main function.
 *
 *   clang -fsanitize=fuzzer,address,undefined ... json_fuzz.c && ./a.out -max_len=4096 corpus/json
 */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): must hold in every build. */
#define MUST(condition)           \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#ifdef FUZZ_REPLAY
#include <dirent.h>
#include <stdio.h>

static int replay_file(const char *folder, const char *name)
{
	char path[4096];
	int n = snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = n > 0 && (size_t)n < sizeof(path) ? fopen(path, "rb") : NULL;
	static uint8_t text[1 << 20];

	if (f == NULL)
		return 0;
	size_t size = fread(text, 1, sizeof(text), f);
	uint8_t *exact = malloc(size ? size : 1); /* so that a sanitizer sees a read past the end */

	fclose(f);
	if (exact == NULL)
		return 0;
	for (size_t i = 0; i < size; i++)
		exact[i] = text[i];
	LLVMFuzzerTestOneInput(exact, size); /* aborts when it does not hold */
	free(exact);
	return 1;
}

int main(int argc, char **argv)
{
	int passed = 0, failed = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);

		if (d == NULL) {
			fprintf(stderr, "%s: no such folder\n", argv[i]);
			failed++;
			continue;
		}
		for (struct dirent *e; (e = readdir(d)) != NULL;) {
			if (e->d_name[0] == '.')
				continue;
			if (replay_file(argv[i], e->d_name))
				passed++;
			else
				failed++;
		}
		closedir(d);
	}
	printf("%d passed, %d failed\n", passed, failed);
	return failed > 0 || passed == 0;
}
#endif

#endif
