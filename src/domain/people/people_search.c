/* people_search.c - looking for somebody, and opening a home: with a reason on
 * record for each person that comes into sight. */
#include "domain/people/people_register.h"

enum { FOUND_MOST = 20, HOME_MOST = 60 };

struct hit {
	struct str id, name, phone, place_path, household_id;
};
struct hits {
	struct ctx *c;
	struct hit v[HOME_MOST];
	size_t n;
};

static struct str text_of(struct arena *a, const struct val *v)
{
	return v->kind == VAL_TEXT ? arena_dup(a, v->s) : NO_STR;
}

static enum rc take_hit(void *arg, const struct row *r)
{
	struct hits *h = arg;
	struct arena *a = h->c->arena;

	if (h->n < HOME_MOST)
		h->v[h->n++] = (struct hit){ text_of(a, &r->v[0]), text_of(a, &r->v[1]), text_of(a, &r->v[2]),
					     text_of(a, &r->v[3]), text_of(a, &r->v[4]) };
	return RC_OK;
}

static enum rc write_hit(struct ctx *c, const struct hit *h, struct buf *out)
{
	struct place_ref place;
	bool found = false;

	if (h->place_path.n)
		TRY(places_by_path(c, h->place_path, &place, &found));
	json_open(out, '{');
	json_put_text(out, "id", h->id);
	json_put_text(out, "name", h->name);
	json_put_text(out, "place_label", found ? place.label : NO_STR);
	json_put_text(out, "place_id", found ? place.id : NO_STR);
	json_put_text(out, "household_id", h->household_id);
	json_close(out, '}');
	return RC_OK;
}

/* '%' and '_' stand for themselves. */
static struct str like_text(struct arena *a, struct str q)
{
	struct buf b = buf_new(a, 4096);

	buf_char(&b, '%');
	for (size_t i = 0; i < q.n; i++) {
		if (q.p[i] == '%' || q.p[i] == '_' || q.p[i] == '!')
			buf_char(&b, '!');
		buf_char(&b, q.p[i]);
	}
	buf_char(&b, '%');
	return buf_str(&b);
}

static enum rc search_scope(struct ctx *c, struct str under, struct place_ref *ret)
{
	bool found = false;

	if (under.n)
		TRY(places_by_path(c, under, ret, &found));
	if (!found || !ctx_may_at(c, "people.register.search", ret->path))
		return FAIL(c, RC_INVALID, "unknown_place", STR("under"), "no such place");
	if (ret->kind < PLACE_COMMUNITY) /* a register is a community's own */
		return FAIL(c, RC_INVALID, "wrong_kind", STR("under"), "a community or a place in it is expected");
	return RC_OK;
}

/* POST /api/people/search {"q","under","purpose","reason"}: at most twenty, by a
 * part of the name or the end of the telephone. */
enum rc people_search(struct ctx *c, struct call *k)
{
	struct hits *h = NEW(c->arena, struct hits);
	struct look_reason why;
	struct place_ref place;
	struct str q;

	TRY(people_input(c, k->in, "q", 40, &q));
	q = str_trim(q);
	if (str_chars(q) < 2)
		return FAIL(c, RC_INVALID, "wrong_length", STR("q"), "two characters are needed");
	TRY(register_reason(c, k->in, &why));
	TRY(search_scope(c, json_get_text(k->in, "under"), &place));
	char *to = arena_z(c->arena, place.path);

	to[place.path.n - 1] = '/';
	h->c = c;
	TRY(db_each(c,
		    "SELECT id, name, '', place_path, household_id FROM people_person WHERE place_path >= $1"
		    " AND place_path < $2 AND state <> 'erased' AND (lower(name) LIKE lower($3) ESCAPE '!' OR phone "
		    "LIKE $4 ESCAPE '!')"
		    " ORDER BY place_path, id LIMIT 21",
		    ARGS(V_STR(place.path), V_Z(to), V_STR(like_text(c->arena, q)),
			 V_STR(arena_fmt(c->arena, "%%" FMT_STR, ARG_STR(str_chars(q) >= 4 ? q : STR("\x01"))))),
		    take_hit, h));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	for (size_t i = 0; i < h->n && i < FOUND_MOST; i++) {
		TRY(note_look(c, "people.person", h->v[i].id, h->v[i].id, STR("name,place_path"), why.purpose,
			      why.reason));
		TRY(write_hit(c, &h->v[i], k->out));
	}
	json_close(k->out, ']');
	json_put_bool(k->out, "more", h->n > FOUND_MOST);
	json_close(k->out, '}');
	return RC_OK;
}

/* ---- a home ------------------------------------------------------------------------------- */

/* POST /api/people/household/{id}/open {"purpose","reason"}: names and telephones
 * of those who belong to it. */
enum rc people_open_household(struct ctx *c, struct call *k)
{
	struct hits *h = NEW(c->arena, struct hits);
	struct look_reason why;
	struct household row;

	TRY(register_reason(c, k->in, &why));
	TRY(entity_load(c, &household_entity, k->id, &row));
	if (!ctx_may_at(c, REGISTER_REVEAL, row.place_path))
		return FAIL(c, RC_DENIED, "denied", NO_STR, "permission is not held for this home");
	h->c = c;
	TRY(db_each(c,
		    "SELECT m.id, p.name, p.phone, m.relation, p.id FROM people_member m"
		    " JOIN people_person p ON p.id = m.person_id WHERE m.household_id = $1 ORDER BY m.id LIMIT 60",
		    ARGS(V_STR(row.std.id)), take_hit, h));
	json_open(k->out, '{');
	json_key(k->out, "items");
	json_open(k->out, '[');
	for (size_t i = 0; i < h->n; i++) {
		const struct hit *m = &h->v[i];

		TRY(note_look(c, "people.person", m->household_id, m->household_id, STR("name,phone,household_id"),
			      why.purpose, why.reason));
		json_open(k->out, '{');
		json_put_text(k->out, "member_id", m->id);
		json_put_text(k->out, "person_id", m->household_id);
		json_put_text(k->out, "name", m->name);
		json_put_text(k->out, "phone", m->phone);
		json_put_text(k->out, "relation", m->place_path);
		json_close(k->out, '}');
	}
	json_close(k->out, ']');
	json_close(k->out, '}');
	return RC_OK;
}
