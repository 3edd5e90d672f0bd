/* demo_people.c - invented people: who sits at the desk, who goes to the door,
 * and the one who lives alone.
 */
#include "app/demo_inner.h"

#include "domain/people/people.h"

#include <string.h>

struct post_row {
	const char *login, *role, *place, *title; /* place: below DEMO_AREA */
};
static const struct {
	const char *login, *name;
} people[] = {
	{ "admin", "管理员" },      { "chenxiao", "陈晓" },  { "wangjing", "王静" },        { "zhoumin", "周敏" },
	{ "liguoqiang", "李国强" }, { "guard", "北门门卫" }, { "home301", "1-1-301 住户" },
};
static const struct post_row posts[] = {
	{ "chenxiao", "seat", "", "值守员" },
	{ "admin", "deputy", "", "副班" },
	{ "wangjing", "grid_worker", "jingtai.g1.", "网格员" },
	{ "wangjing", "grid_worker", "beilin.g3.", "网格员" },
	{ "wangjing", "warden", "honggu.g2.", "楼栋长" },
	{ "zhoumin", "grid_worker", "jingtai.g2.", "网格员" },
	{ "zhoumin", "grid_worker", "honggu.g1.", "网格员" },
	{ "zhoumin", "grid_worker", "beilin.g1.", "网格员" },
	{ "liguoqiang", "grid_worker", "jingtai.g2.", "网格员" },
	{ "liguoqiang", "grid_worker", "beilin.g2.", "网格员" },
	{ "guard", "guard", "jingtai.", "门卫" },
	{ "home301", "resident", "jingtai.1.1.301.", "住户" },
};

/* ---- accounts ------------------------------------------------------------------- */

static enum rc person_id(struct demo *d, const char *login, struct str *ret)
{
	const struct json *found;

	TRY(demo_person(d, "login", str_of(login), &found));
	*ret = json_get_text(found, "id");
	return RC_OK;
}

struct new_user {
	struct demo *d;
	struct people_new_user u;
};

static enum rc add_user(struct ctx *c, void *arg)
{
	struct new_user *n = arg;
	struct str once, hash;

	if (n->d->password_hash.p == NULL) {
		TRY(people_password_hash(c, n->u.password, &hash));
		n->d->password_hash = arena_dup(n->d->arena, hash);
	}
	n->u.hash = n->d->password_hash;
	return people_user_add(c, &n->u, &once);
}

static enum rc add_person(struct demo *d, const char *login, const char *name)
{
	struct new_user n = { d, { .login = str_of(login), .display = str_of(name), .password = STR(DEMO_PASSWORD) } };
	struct str known;

	if (strcmp(login, "admin") == 0)
		n.u.role = STR("admin");
	TRY(person_id(d, login, &known));
	return known.p ? RC_OK : app_unit(d->app, add_user, &n);
}

static enum rc add_post(struct demo *d, const struct post_row *p)
{
	struct buf b = demo_body(d);
	const struct json *known;
	struct str person, place;

	TRY(person_id(d, p->login, &person));
	TRY(demo_place(d, p->place, &place));
	TRY(demo_first(d,
		       arena_fmt(d->arena, "/api/people/post?person_id=" FMT_STR "&place_id=" FMT_STR "&role=%s",
				 ARG_STR(person), ARG_STR(place), p->role),
		       &known));
	if (known)
		return RC_OK;
	json_put_text(&b, "person_id", person);
	json_put_text(&b, "role", str_of(p->role));
	json_put_text(&b, "place_id", place);
	json_put_text(&b, "title", str_of(p->title));
	return demo_make(d, "people/post", &b, NULL);
}

/* ---- the one who lives alone ---------------------------------------------------------- */

static enum rc add_contact(struct demo *d, struct str person)
{
	struct buf b = demo_body(d);
	const struct json *known;

	TRY(demo_first(d, arena_fmt(d->arena, "/api/people/contact?person_id=" FMT_STR, ARG_STR(person)), &known));
	if (known)
		return RC_OK;
	json_put_text(&b, "person_id", person);
	json_put_text(&b, "kind", STR("family"));
	json_put_text(&b, "name", STR("家属"));
	json_put_text(&b, "phone", STR("138 0000 0000"));
	json_put_int(&b, "order_no", 1);
	TRY(demo_make(d, "people/contact", &b, NULL));
	b = demo_body(d);
	json_put_text(&b, "person_id", person);
	json_put_text(&b, "purpose", STR("welfare_watch"));
	json_put_text(&b, "text_version", STR("2026-01"));
	json_put_text(&b, "channel", STR("paper"));
	return demo_make(d, "people/consent", &b, NULL);
}

static enum rc add_resident(struct demo *d)
{
	struct buf b = demo_body(d);
	const struct json *known;
	struct str place, person;

	TRY(demo_place(d, DEMO_WATCHED, &place));
	TRY(demo_person(d, "place_id", place, &known));
	person = json_get_text(known, "id");
	if (known == NULL) {
		json_put_text(&b, "name", STR("3-2-501 住户"));
		json_put_text(&b, "phone", STR("0791 0000 0000"));
		json_put_text(&b, "place_id", place);
		TRY(demo_make(d, "people/person", &b, &person));
	}
	return add_contact(d, person);
}

enum rc demo_seed_people(struct demo *d)
{
	for (size_t i = 0; i < COUNT(people); i++)
		TRY(add_person(d, people[i].login, people[i].name));
	for (size_t i = 0; i < COUNT(posts); i++)
		TRY(add_post(d, &posts[i]));
	return add_resident(d);
}

/* ---- who is on duty, and where -------------------------------------------------------------- */

struct duty {
	const char *login, *kind;
	int64_t from, to; /* from now */
};
static const struct duty duties[] = {
	{ "chenxiao", "seat", -HOUR, 23 * HOUR },    { "admin", "deputy", -HOUR, 23 * HOUR },
	{ "wangjing", "field", -HOUR, 23 * HOUR },   { "zhoumin", "field", -HOUR, 23 * HOUR },
	{ "liguoqiang", "field", -HOUR, 23 * HOUR }, { "liguoqiang", "rest", -HOUR, 3 * HOUR },
};

/* Renewed when less than half of it is left; a rest is over when it is over. */
static enum rc add_duty(struct demo *d, const struct duty *u)
{
	struct buf b = demo_body(d);
	const struct json *known;
	struct str person, place;
	char needed[TIME_TEXT];

	TRY(person_id(d, u->login, &person));
	TRY(demo_place(d, "", &place));
	TRY(demo_first(d,
		       arena_fmt(d->arena, "/api/dispatch/shift?person_id=" FMT_STR "&kind=%s&to_at.from=" FMT_STR,
				 ARG_STR(person), u->kind,
				 ARG_STR(time_text(u->to > 12 * HOUR ? d->now + 12 * HOUR : 1, needed))),
		       &known));
	if (known)
		return RC_OK;
	json_put_text(&b, "person_id", person);
	json_put_text(&b, "place_id", place);
	json_put_text(&b, "kind", str_of(u->kind));
	json_put_time(&b, "from_at", d->now + u->from);
	json_put_time(&b, "to_at", d->now + u->to);
	return demo_make(d, "dispatch/shift", &b, NULL);
}

/* Four minutes on foot from 3 栋, and a quarter of an hour old beside it. */
static const struct {
	const char *login;
	double lon, lat;
	int64_t age;
} positions[] = {
	{ "wangjing", 115.91235, 28.6831, 2 * MINUTE },
	{ "zhoumin", 115.91420, 28.6868, 15 * MINUTE },
};

/* As from the worker's own phone, which is the one way in. */
static enum rc put_position(struct demo *d, const char *login, double lon, double lat, int64_t at)
{
	struct grant grant = { .role = app_role(d->app, STR("grid_worker")), .path = STR(DEMO_AREA) };
	struct actor worker = { .kind = WHO_PERSON, .grants = &grant, .n_grants = 1 };
	struct buf b = demo_body(d);

	TRY(person_id(d, login, &worker.id));
	json_put_real(&b, "lon", lon);
	json_put_real(&b, "lat", lat);
	json_put_int(&b, "accuracy_m", 15);
	json_put_time(&b, "at", at);
	json_close(&b, '}');
	d->who = &worker;
	enum rc rc = demo_ask(d, STR("POST"), STR("/api/dispatch/position"), buf_str(&b), NULL);

	d->who = NULL;
	return rc;
}

enum rc demo_seed_duty(struct demo *d)
{
	for (size_t i = 0; i < COUNT(duties); i++)
		TRY(add_duty(d, &duties[i]));
	for (size_t i = 0; i < COUNT(positions); i++)
		TRY(put_position(d, positions[i].login, positions[i].lon, positions[i].lat, d->now - positions[i].age));
	return RC_OK;
}
