/* frigate_words.c - the words that may pass.  A label that is a name, a plate
 * or a face part must never be added here. */
#include "device/frigate_parts.h"

static struct str pick(const char *const *words, size_t n, struct str s)
{
	for (size_t i = 0; i < n; i++)
		if (str_is(s, words[i]))
			return str_of(words[i]);
	return NO_STR;
}

struct str frigate_label(struct str s)
{
	static const char *const words[] = {
		"person",    "bicycle",     "car",           "motorcycle", "bus",         "train",     "truck",
		"van",       "boat",        "cat",           "dog",        "bird",        "horse",     "sheep",
		"cow",       "bear",        "deer",          "fox",        "raccoon",     "squirrel",  "rabbit",
		"goat",      "rodent",      "umbrella",      "backpack",   "suitcase",    "package",   "waste_bin",
		"e_bike",    "scooter",     "tricycle",      "wheelchair", "fire",        "flame",     "smoke",
		"garbage",   "garbage_bag", "battery",       "drone",      "knife",       "helmet",    "ladder",
		"bottle",    "chair",       "potted_plant",  "vehicle",    "fire_engine", "ambulance", "school_bus",
		"excavator", "crane",       "fallen_object",
	};
	static const char verified[] = "-verified"; /* appended in reviews when a sub label was recognised */

	if (str_ends(s, verified))
		s.n -= sizeof(verified) - 1;
	return pick(words, COUNT(words), s);
}

struct str frigate_sound(struct str s)
{
	static const char *const words[] = {
		"fire_alarm", "smoke_detector", "alarm", "siren", "car_alarm", "glass", "shatter",  "explosion",
		"gunshot",    "scream",         "yell",  "bark",  "crying",    "thump", "breaking",
	};

	return pick(words, COUNT(words), s);
}

/* Lower case, "-" and space as "_"; absent when too long for the list. */
static struct str fold(struct str s, char out[24])
{
	if (s.n == 0 || s.n > 24)
		return NO_STR;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		out[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c == '-' || c == ' ' ? '_' : c;
	}
	return (struct str){ out, s.n };
}

struct str frigate_class(struct str s)
{
	static const struct {
		const char *word, *meaning;
	} same[] = {
		{ "ebike", "e_bike" },        { "electric_bike", "e_bike" },  { "electric_bicycle", "e_bike" },
		{ "moped", "e_bike" },        { "electric_moped", "e_bike" }, { "electric_scooter", "scooter" },
		{ "bike", "bicycle" },        { "motorbike", "motorcycle" },  { "cargo_tricycle", "tricycle" },
		{ "e_tricycle", "tricycle" },
	};
	static const char *const words[] = {
		"e_bike",  "scooter", "bicycle", "motorcycle", "tricycle",    "wheelchair", "stroller",
		"battery", "car",     "van",     "truck",      "fire_engine", "ambulance",  "open",
		"closed",  "blocked", "clear",   "occupied",   "free",        "empty",      "full",
		"on",      "off",     "fire",    "smoke",      "garbage",     "none",       "unknown",
	};
	char tmp[24];

	s = fold(s, tmp);
	for (size_t i = 0; i < COUNT(same); i++)
		if (str_is(s, same[i].word))
			return str_of(same[i].meaning);
	return pick(words, COUNT(words), s);
}
