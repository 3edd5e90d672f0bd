/* people_me.c - GET /api/me: who I am, what I may, where. */
#include "domain/people/people_inner.h"
#include "domain/places/places.h"

static bool word_before(const struct str *words, size_t n, struct str word)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(words[i], word))
			return true;
	return false;
}

static void write_permissions(struct ctx *c, struct buf *out)
{
	enum { MOST = 1000 };
	struct str *seen = NEW_N(c->arena, struct str, MOST);
	size_t n = 0;

	json_key(out, "permissions");
	json_open(out, '[');
	for (size_t i = 0; i < c->who.n_grants && !c->who.limited; i++) {
		for (const char *const *p = c->who.grants[i].role->perms; *p && n < MOST; p++) {
			if (word_before(seen, n, str_of(*p)))
				continue;
			seen[n++] = str_of(*p);
			json_text(out, str_of(*p));
		}
	}
	json_close(out, ']');
}

static enum rc write_posts(struct ctx *c, struct buf *out)
{
	struct place_ref place;
	bool found;

	json_key(out, "posts");
	json_open(out, '[');
	for (size_t i = 0; i < c->who.n_grants; i++) {
		const struct grant *g = &c->who.grants[i];

		if (g->post_id.n == 0 || (i && str_eq(g->post_id, c->who.grants[i - 1].post_id)))
			continue;
		found = false;
		if (g->path.n)
			TRY(places_by_path(c, g->path, &place, &found));
		json_open(out, '{');
		json_put_text(out, "id", g->post_id);
		json_put_text(out, "role", str_of(g->role->name));
		json_put_text(out, "place_id", g->place_id);
		json_put_text(out, "place_path", g->path);
		json_put_text(out, "place_name", found ? place.name : NO_STR);
		json_close(out, '}');
	}
	json_close(out, ']');
	return RC_OK;
}

/* Where a desk begins: the widest place of all posts. */
static enum rc write_scope(struct ctx *c, struct buf *out)
{
	const struct grant *widest = NULL;
	struct place_ref place;
	bool found;

	for (size_t i = 0; i < c->who.n_grants; i++)
		if (widest == NULL || c->who.grants[i].path.n < widest->path.n)
			widest = &c->who.grants[i];
	json_key(out, "scope");
	if (widest == NULL) {
		json_null(out);
		return RC_OK;
	}
	TRY(places_by_path(c, widest->path, &place, &found));
	json_open(out, '{');
	json_put_text(out, "place_id", found ? place.id : NO_STR);
	json_put_text(out, "path", widest->path);
	json_put_text(out, "name", found ? place.name : NO_STR);
	json_close(out, '}');
	return RC_OK;
}

static enum rc write_seat(struct ctx *c, struct buf *out)
{
	people_seat_fn *fn = people_state_of(c)->seat;
	struct buf seat = buf_new(c->arena, 4096);

	if (fn)
		TRY(fn(c, c->who.id, &seat));
	json_put_raw(out, "seat", seat.n ? buf_str(&seat) : NO_STR);
	return RC_OK;
}

enum rc people_write_me(struct ctx *c, const struct person *p, struct buf *out)
{
	json_open(out, '{');
	json_key(out, "person");
	json_open(out, '{');
	json_put_text(out, "id", p->std.id);
	json_put_text(out, "login", p->login);
	json_put_text(out, "display", p->display);
	json_close(out, '}');
	json_put_bool(out, "must_change_password", p->must_change_password);
	TRY(write_posts(c, out));
	write_permissions(c, out);
	TRY(write_scope(c, out));
	TRY(write_seat(c, out));
	json_put_bool(out, "locked", c->who.locked);
	if (c->who.name.n) /* of staff: seconds without a hand until the session ends, or its desk locks */
		json_put_int(out, "idle_s", STAFF_IDLE / SECOND);
	json_put_time(out, "server_time", c->now);
	json_put_bool(out, "demo", app_is_demo(c->app));
	json_close(out, '}');
	return RC_OK;
}

enum rc people_me(struct ctx *c, struct call *k)
{
	struct person p;

	TRY(entity_fetch(c, &person_entity, c->who.id, &p));
	return people_write_me(c, &p, k->out);
}
