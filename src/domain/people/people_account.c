/* people_account.c - accounts made and mended from the command line. */
#include "domain/people/people_inner.h"
#include "domain/places/places.h"

static const struct json no_input = { .kind = J_MAP };

static enum rc give_post(struct ctx *c, const struct person *p, struct str role, struct str place_path)
{
	struct post post;
	struct place_ref place;
	bool found = true;

	entity_init(&post_entity, &post);
	if (app_role(c->app, role) == NULL)
		return FAIL(c, RC_INVALID, "unknown_word", STR("role"), "no such role");
	if (place_path.n) {
		TRY(places_by_path(c, place_path, &place, &found));
		if (!found)
			return FAIL(c, RC_INVALID, "unknown_place", STR("place_path"), "no such place");
		post.place_id = place.id;
		post.place_path = place.path;
	}
	post.person_id = p->std.id;
	post.role = role;
	post.display = p->display;
	post.from_at = c->now;
	TRY(people_changed(c, p->std.id));
	return entity_insert(c, &post_entity, &post, "create");
}

enum rc people_password_hash(struct ctx *c, struct str password, struct str *ret)
{
	return people_hash(c, password, ret);
}

enum rc people_user_add(struct ctx *c, const struct people_new_user *u, struct str *ret_password)
{
	struct person p, other;
	struct str password = u->password.p ? u->password : people_one_time(c);
	bool taken;

	entity_init(&person_entity, &p);
	*ret_password = NO_STR;
	if (!people_login_form(c->arena, u->login, &p.login))
		return FAIL(c, RC_INVALID, "bad_login_form", STR("login"), "2 to 40 of a-z 0-9 . _ @ + -");
	TRY(people_by_login(c, p.login, &other, &taken));
	if (taken)
		return FAIL(c, RC_CONFLICT, "already_exists", STR("login"), "another person has this login");
	p.display = u->display.n ? u->display : p.login;
	if (u->password.p)
		TRY(people_check_password(c, &p, password, "password"));
	if (u->hash.p)
		p.password_hash = u->hash;
	else
		TRY(people_hash(c, password, &p.password_hash));
	p.must_change_password = u->password.p == NULL;
	TRY(entity_insert(c, &person_entity, &p, "create"));
	if (u->role.p)
		TRY(give_post(c, &p, u->role, u->place_path));
	if (u->password.p == NULL)
		*ret_password = password;
	return RC_OK;
}

static enum rc user_of(struct ctx *c, struct str login, struct person *ret)
{
	struct str form;
	bool found = false;

	if (people_login_form(c->arena, login, &form))
		TRY(people_by_login(c, form, ret, &found));
	return found ? RC_OK : FAIL(c, RC_MISSING, "not_found", STR("login"), "no such login");
}

enum rc people_person_login(struct ctx *c, struct str id, struct str login, struct str password)
{
	struct person p, other;
	bool taken;

	TRY(entity_fetch(c, &person_entity, id, &p));
	if (!people_login_form(c->arena, login, &p.login))
		return FAIL(c, RC_INVALID, "bad_login_form", STR("login"), "2 to 40 of a-z 0-9 . _ @ + -");
	TRY(people_by_login(c, p.login, &other, &taken));
	if (taken && !str_eq(other.std.id, id))
		return FAIL(c, RC_CONFLICT, "already_exists", STR("login"), "another person has this login");
	TRY(people_check_password(c, &p, password, "password"));
	TRY(people_hash(c, password, &p.password_hash));
	TRY(people_end_sessions(c, id, NO_STR));
	return entity_save(c, &person_entity, &p, "login");
}

enum rc people_user_password(struct ctx *c, struct str login, struct str *ret_password)
{
	struct person p;

	TRY(user_of(c, login, &p));
	*ret_password = people_one_time(c);
	TRY(people_hash(c, *ret_password, &p.password_hash));
	p.must_change_password = true;
	TRY(people_end_sessions(c, p.std.id, NO_STR));
	return entity_save(c, &person_entity, &p, "password");
}

enum rc people_user_disable(struct ctx *c, struct str login)
{
	struct person p;

	TRY(user_of(c, login, &p));
	if (p.state == PERSON_DISABLED)
		return RC_OK;
	return entity_step(c, &person_entity, p.std.id, "disable", &no_input, &p);
}

enum rc people_first_admin(struct ctx *c, struct str *ret_password)
{
	struct people_new_user u = { .login = STR("admin"), .display = STR("admin"), .role = STR("admin") };
	struct person p;
	int64_t admins;
	bool found;

	*ret_password = NO_STR;
	TRY(db_int(
		c,
		"SELECT count(*) FROM people_post p JOIN people_person h ON h.id = p.person_id WHERE p.role = 'admin'"
		" AND h.state = 'active' AND h.login IS NOT NULL AND (p.to_at IS NULL OR p.to_at > $1)",
		ARGS(V_INT(c->now)), 0, &admins));
	if (admins)
		return RC_OK;
	TRY(people_by_login(c, u.login, &p, &found));
	if (!found)
		return people_user_add(c, &u, ret_password);
	if (p.state == PERSON_DISABLED)
		TRY(entity_step(c, &person_entity, p.std.id, "enable", &no_input, &p));
	TRY(give_post(c, &p, u.role, NO_STR));
	return people_user_password(c, u.login, ret_password);
}

struct user_list {
	struct buf *out;
	struct str last;
	struct arena *a;
	struct buf roles;
	int64_t now;
};

static void close_user(struct user_list *l)
{
	if (l->last.p == NULL)
		return;
	json_put_text(l->out, "roles", buf_str(&l->roles));
	json_close(l->out, '}');
}

/* One row a post; rows of one person stand together. */
static enum rc list_user(void *arg, const struct row *r)
{
	static const char *const keys[] = { "id", "login", "display", "state" };
	struct user_list *l = arg;

	if (!str_eq(l->last, r->v[0].s)) {
		close_user(l);
		l->last = arena_dup(l->a, r->v[0].s);
		l->roles = buf_new(l->a, 4096);
		json_open(l->out, '{');
		for (size_t i = 0; i < COUNT(keys); i++)
			json_put_text(l->out, keys[i], r->v[i].kind == VAL_TEXT ? r->v[i].s : NO_STR);
	}
	if (r->v[4].kind == VAL_TEXT && (r->v[5].kind == VAL_NULL || r->v[5].i > l->now))
		buf_fmt(&l->roles, "%s" FMT_STR, l->roles.n ? ", " : "", ARG_STR(r->v[4].s));
	return RC_OK;
}

enum rc people_user_list(struct ctx *c, struct buf *out)
{
	struct user_list l = { .out = out, .a = c->arena, .now = c->now };

	json_open(out, '[');
	TRY(db_each(c,
		    "SELECT h.id, h.login, h.display, h.state, p.role, p.to_at FROM people_person h"
		    " LEFT JOIN people_post p ON p.person_id = h.id WHERE h.login IS NOT NULL ORDER BY h.login, p.id",
		    NO_ARGS, list_user, &l));
	close_user(&l);
	json_close(out, ']');
	return RC_OK;
}
