/* note.c - see note.h. */
#include "lens/note.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *note_quoted(const char *text, char out[NOTE_TEXT])
{
	size_t n = 0;

	out[n++] = '"';
	for (const char *p = text ? text : ""; *p && n < NOTE_TEXT - 2; p++) {
		unsigned char c = (unsigned char)*p;

		out[n++] = c < 0x20 || c == '"' || c == '\\' || c == 0x7f ? '?' : (char)c;
	}
	out[n++] = '"';
	out[n] = '\0';
	return out;
}

void note(enum note_level level, const char *code, const char *camera, const char *fmt, ...)
{
	static const char *const words[] = { "info", "warn", "error" };
	char line[1024], time[TIME_TEXT], name[NOTE_TEXT];
	va_list args;
	struct str at = time_text(clock_now(clock_system()), time);
	int n = snprintf(line, sizeof(line), FMT_STR " %s lens.%s%s%s ", ARG_STR(at), words[level], code,
			 camera ? " camera=" : "", camera ? note_quoted(camera, name) : "");

	if (n < 0 || (size_t)n >= sizeof(line) - 2)
		return;
	va_start(args, fmt);
	int more = vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, fmt, args);

	va_end(args);
	if (more > 0)
		n += more;
	if ((size_t)n > sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	ssize_t put = write(2, line, (size_t)n);

	(void)put; /* nowhere to tell */
}
