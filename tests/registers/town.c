#include "town.h"

#include <stdlib.h>

void town_on_each(void (*test)(struct stage *s))
{
	for (enum testdb_kind k = 0; k <= TESTDB_PG; k++) {
		struct stage *s = calloc(1, sizeof(*s));

		assert_non_null(s);
		if (testdb_has(k)) {
			stage_open(s, k, true);
			s->r.never = NULL;
			test(s);
			stage_close(s);
		}
		free(s);
	}
}

const struct json *own(struct stage *s, const struct actor *who, const char *method, const char *path, const char *body,
		       int want)
{
	return call(&s->r, who, method, stage_fill(s, path), stage_fill(s, body), want);
}

void own_no(struct stage *s, const struct actor *who, const char *method, const char *path, const char *body, int want,
	    const char *code, const char *field)
{
	refused(&s->r, who, method, stage_fill(s, path), stage_fill(s, body), want, code, field);
}

const struct json *as(struct stage *s, const char *who, const char *method, const char *path, const char *body,
		      int want)
{
	return own(s, stage_actor(s, who), method, path, body, want);
}

void no(struct stage *s, const char *who, const char *method, const char *path, const char *body, int want,
	const char *code, const char *field)
{
	own_no(s, stage_actor(s, who), method, path, body, want, code, field);
}

void town_person(struct stage *s, const char *name, const char *more)
{
	stage_make(s, name, "/api/people/person",
		   fmt(&s->r, "{\"name\":\"%s %s\"%s}", CANARY, name, more ? stage_fill(s, more) : ""));
}

void town_home(struct stage *s, const char *name, const char *place)
{
	stage_make(s, name, "/api/people/household", fmt(&s->r, "{\"place_id\":\"%s\"}", stage_get(s, place)));
}

void town_join(struct stage *s, const char *home, const char *who, const char *role, bool lives_here)
{
	stage_make(s, fmt(&s->r, "%s_member", who), "/api/people/member",
		   fmt(&s->r,
		       "{\"household_id\":\"%s\",\"person_id\":\"%s\",\"role\":\"%s\",\"lives_here\":%s,"
		       "\"relation\":\"spouse\"}",
		       stage_get(s, home), stage_get(s, who), role, lives_here ? "true" : "false"));
}

const struct actor *town_resident(struct stage *s, const char *who, const char *place_path, const char *home)
{
	return rig_actor(&s->r, stage_get(s, who), fmt(&s->r, "resident@%s", place_path),
			 home ? stage_get(s, home) : NULL);
}
