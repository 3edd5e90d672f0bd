#include "store/store_engine.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static bool in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Length of the quoted text or comment at p; 0 when there is none. */
static size_t skip_length(const char *p)
{
	const char *end = NULL;

	if (*p == '\'' || *p == '"')
		end = strchr(p + 1, *p);
	else if (p[0] == '-' && p[1] == '-')
		end = strchr(p, '\n');
	else if (p[0] == '/' && p[1] == '*' && (end = strstr(p + 2, "*/")) != NULL)
		end++;
	else if (p[0] != '/' || p[1] != '*')
		return 0;
	return end ? (size_t)(end - p) + 1 : strlen(p); /* a doubled quote is just two texts in a row */
}

char *schema_replace(const char *sql, const char *word, const char *with)
{
	size_t word_n = strlen(word), with_n = strlen(with), n = strlen(sql);
	/* every hit is at least word_n + 1 bytes of the text, the last one word_n */
	char *out = mem_new(n + (n / word_n + 1) * with_n + 1), *to = out;

	for (const char *p = sql; *p;) {
		size_t len = skip_length(p);

		if (len == 0 && in_word(*p)) {
			while (in_word(p[len]))
				len++;
			if (len == word_n && memcmp(p, word, len) == 0) {
				memcpy(to, with, with_n);
				to += with_n;
				p += len;
				continue;
			}
		}
		len = len ? len : 1;
		memcpy(to, p, len);
		to += len;
		p += len;
	}
	*to = '\0';
	return out;
}
