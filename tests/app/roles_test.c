/* roles_test.c - every permission word that a table asks for is held by
 * somebody, and nobody holds a word that nothing asks for. */
#include "app/app_modules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

/* Asked by functions, not by tables. */
static const char *const in_code[] = { "people.contact.create",   "people.contact.update",
				       "people.consent.create",   "watch.welfare.manage",
				       "sensing.events",          "access.visit.staff",
				       "dispatch.door.authorise", NULL };
/* Of the program itself and the administrator. */
static const char *const admin_only[] = { "public", "person", "watch.system", NULL };

struct words {
	const char *v[300];
	size_t n;
};

static bool has(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->v[i], word) == 0)
			return true;
	return false;
}

static void add(struct words *w, const char *word)
{
	if (word == NULL || has(w, word))
		return;
	assert_true(w->n < COUNT(w->v));
	w->v[w->n++] = word;
}

static void of_entity(struct words *w, const struct entity *e)
{
	for (const struct see *s = e->see; s && s->perm; s++)
		add(w, s->perm);
	add(w, e->perm.create);
	add(w, e->perm.update);
	add(w, e->perm.reveal);
	add(w, e->perm.export);
	for (size_t i = 0; i < e->n_steps; i++)
		add(w, e->steps[i].perm);
}

static struct words asked(void)
{
	struct words w = { .n = 0 };

	for (const struct module *const *m = app_modules; *m; m++) {
		for (size_t i = 0; (*m)->entities && (*m)->entities[i]; i++)
			of_entity(&w, (*m)->entities[i]);
		for (const struct route *r = (*m)->routes; r && r->path; r++)
			add(&w, r->perm);
	}
	for (size_t i = 0; in_code[i]; i++)
		add(&w, in_code[i]);
	return w;
}

static struct words held(void)
{
	struct words w = { .n = 0 };

	for (const struct role *r = app_roles; r->name; r++)
		for (size_t i = 0; strcmp(r->name, "admin") != 0 && r->perms[i]; i++)
			add(&w, r->perms[i]);
	return w;
}

static bool listed(const char *const *list, const char *word)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

static void every_word_is_held(void **state)
{
	struct words a = asked(), h = held();
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < a.n; i++)
		if (!has(&h, a.v[i]) && !listed(admin_only, a.v[i]))
			wrong += (unsigned)fprintf(stderr, "nobody but the administrator holds %s\n", a.v[i]) > 0;
	assert_int_equal(wrong, 0);
}

static void nobody_holds_a_dead_word(void **state)
{
	struct words a = asked(), h = held();
	unsigned wrong = 0;

	(void)state;
	for (size_t i = 0; i < h.n; i++)
		if (!has(&a, h.v[i]) || listed(admin_only, h.v[i]))
			wrong += (unsigned)fprintf(stderr, "nothing asks for %s\n", h.v[i]) > 0;
	assert_int_equal(wrong, 0);
}

static const struct role *role(const char *name)
{
	for (const struct role *r = app_roles; r->name; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	fail_msg("no role %s", name);
	return NULL;
}

/* Who is sent to a door opens no personal field by that, but for a care note that
 * names the post; offices see no person.  Who stands at the gate opens what a
 * visitor said of himself there. */
static void few_may_look_into_a_life(void **state)
{
	static const char *const blind[] = { "office", "grid_worker", "property", "guard",
					     "warden", "resident",    "device" };

	(void)state;
	for (size_t i = 0; i < COUNT(blind); i++)
		for (const char *const *p = role(blind[i])->perms; *p; p++)
			if ((strstr(*p, ".reveal") && strcmp(*p, "access.visit.reveal") != 0 &&
			     !(strcmp(*p, "people.care.reveal") == 0 && strcmp(blind[i], "grid_worker") == 0)) ||
			    strstr(*p, "welfare") || strstr(*p, "people.person") || strstr(*p, "people.contact"))
				fail_msg("%s holds %s", blind[i], *p);
}

/* Or a post could not be handed out by the head of a community. */
static void head_holds_what_it_appoints(void **state)
{
	static const char *const below[] = { "seat", "deputy", "office", "grid_worker", "property", "guard", "warden" };

	(void)state;
	for (size_t i = 0; i < COUNT(below); i++)
		for (const char *const *p = role(below[i])->perms; *p; p++)
			if (!listed(role("head")->perms, *p))
				fail_msg("head lacks %s of %s", *p, below[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word_is_held),
		cmocka_unit_test(nobody_holds_a_dead_word),
		cmocka_unit_test(few_may_look_into_a_life),
		cmocka_unit_test(head_holds_what_it_appoints),
	};

	return cmocka_run_group_tests_name("roles", tests, NULL, NULL);
}
