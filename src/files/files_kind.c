/* files_kind.c - what may be kept and how it is told apart: by its first bytes,
 * never by what somebody calls it. */
#include "files/files_inner.h"

#include <string.h>

const char *const files_kinds[] = { "still", "clip", "shared", "photo", "document", NULL };

static const struct {
	const char *type, *ending;
	size_t most;
	size_t at; /* where the mark stands */
	const char *mark;
	size_t mark_n;
} media[] = {
	{ "image/jpeg", "jpg", FILES_IMAGE_MOST, 0, "\xff\xd8\xff", 3 },
	{ "image/png", "png", FILES_IMAGE_MOST, 0, "\x89PNG\r\n\x1a\n", 8 },
	{ "image/webp", "webp", FILES_IMAGE_MOST, 8, "WEBP", 4 },
	{ "video/mp4", "mp4", FILES_VIDEO_MOST, 4, "ftyp", 4 },
	{ "application/pdf", "pdf", FILES_PAPER_MOST, 0, "%PDF-", 5 },
	{ "application/json", "json", FILES_TEXT_MOST, 0, "", 0 },
};

static bool marked(size_t i, struct str b)
{
	if (b.n < media[i].at + media[i].mark_n || b.n < 12)
		return false;
	if (strcmp(media[i].type, "image/webp") == 0 && memcmp(b.p, "RIFF", 4) != 0)
		return false;
	return memcmp(b.p + media[i].at, media[i].mark, media[i].mark_n) == 0;
}

static bool is_json(struct arena *a, struct str b)
{
	struct json_error err;
	struct json *j;

	return b.n <= FILES_TEXT_MOST && json_parse(a, b, 0, &j, &err) == RC_OK &&
	       (j->kind == J_MAP || j->kind == J_LIST);
}

const char *files_media(struct arena *a, struct str type, struct str bytes)
{
	struct str rest = type, name = NO_STR;
	const char *found = NULL;

	if (type.p && str_cut(&rest, ';', &name))
		name = str_trim(name);
	for (size_t i = 0; i < COUNT(media) && found == NULL; i++)
		if (media[i].mark_n ? marked(i, bytes) : is_json(a, bytes))
			found = media[i].type;
	return found && name.p && !str_is(name, found) ? NULL : found;
}

static size_t index_of(const char *media_type)
{
	size_t i = 0;

	while (i + 1 < COUNT(media) && strcmp(media[i].type, media_type) != 0)
		i++;
	return i;
}

size_t files_most(const char *media_type)
{
	return media[index_of(media_type)].most;
}

const char *files_ending(const char *media_type)
{
	return media[index_of(media_type)].ending;
}

static const struct {
	const char *word;
	unsigned cls;
} classes[] = { { "P0", P0 }, { "P1", P1 }, { "P2", P2 }, { "P3", P3 } };

const char *files_class_word(unsigned cls)
{
	for (size_t i = 0; i < COUNT(classes); i++)
		if (classes[i].cls == cls)
			return classes[i].word;
	return "P3";
}

/* What is not known is as closed as can be. */
unsigned files_class(struct str word)
{
	for (size_t i = 0; i < COUNT(classes); i++)
		if (str_is(word, classes[i].word))
			return classes[i].cls;
	return P3;
}
