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
	{ "chenxiao", "陈晓" },
	{ "wangjing", "王静" },
	{ "zhoumin", "周敏" },
	{ "liguoqiang", "李国强" },
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
};

/* ---- accounts ------------------------------------------------------------------- */

static enum rc person_id(struct demo *d, const char *login, struct str *ret)
{
	return demo_find(d, "SELECT id FROM people_person WHERE login = $1", ARGS(V_Z(login)), ret);
}

static enum rc add_admin(struct ctx *c, void *arg)
{
	struct people_new_user u = {
		.login = STR("admin"), .display = STR("管理员"), .role = STR("admin"), .password = STR(DEMO_PASSWORD)
	};
	struct str once;

	(void)arg;
	return people_user_add(c, &u, &once);
}

/* One password, one hash: hashing is slow on purpose, and these accounts keep
 * nothing secret. */
static enum rc share_password(struct ctx *c, void *arg)
{
	return db_run(c,
		      "UPDATE people_person SET password_hash = (SELECT a.password_hash FROM people_person a"
		      " WHERE a.login = 'admin'), must_change_password = 0 WHERE id = $1",
		      ARGS(V_STR(*(const struct str *)arg)), NULL);
}

static enum rc add_person(struct demo *d, const char *login, const char *name)
{
	struct buf b = demo_body(d);
	struct str known, id;

	TRY(person_id(d, login, &known));
	if (known.p)
		return RC_OK;
	json_put_text(&b, "name", str_of(name));
	json_put_text(&b, "display", str_of(name));
	json_put_text(&b, "login", str_of(login));
	json_put_text(&b, "language", STR("zh"));
	TRY(demo_make(d, "people/person", &b, &id));
	return app_unit(d->app, share_password, &id);
}

static enum rc add_post(struct demo *d, const struct post_row *p)
{
	struct buf b = demo_body(d);
	struct str person, place, known;

	TRY(person_id(d, p->login, &person));
	TRY(demo_place(d, p->place, &place));
	TRY(demo_find(d, "SELECT id FROM people_post WHERE person_id = $1 AND place_id = $2 AND role = $3",
		      ARGS(V_STR(person), V_STR(place), V_Z(p->role)), &known));
	if (known.p)
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
	struct str known;

	TRY(demo_find(d, "SELECT id FROM people_contact WHERE person_id = $1", ARGS(V_STR(person)), &known));
	if (known.p)
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
	struct str place, person;

	TRY(demo_place(d, DEMO_WATCHED, &place));
	TRY(demo_find(d, "SELECT id FROM people_person WHERE place_id = $1", ARGS(V_STR(place)), &person));
	if (person.p == NULL) {
		json_put_text(&b, "name", STR("3-2-501 住户"));
		json_put_text(&b, "phone", STR("0791 0000 0000"));
		json_put_text(&b, "place_id", place);
		TRY(demo_make(d, "people/person", &b, &person));
	}
	return add_contact(d, person);
}

enum rc demo_seed_people(struct demo *d)
{
	struct str admin;

	TRY(person_id(d, "admin", &admin));
	if (admin.p == NULL)
		TRY(app_unit(d->app, add_admin, NULL));
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
	struct str person, place, known;
	int64_t needed = u->to > 12 * HOUR ? d->now + 12 * HOUR : 0;

	TRY(person_id(d, u->login, &person));
	TRY(demo_place(d, "", &place));
	TRY(demo_find(d, "SELECT id FROM dispatch_shift WHERE person_id = $1 AND kind = $2 AND to_at > $3",
		      ARGS(V_STR(person), V_Z(u->kind), V_INT(needed)), &known));
	if (known.p)
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
enum { POSITION_OLD_MIN = 30 };

static enum rc put_positions(struct ctx *c, void *arg)
{
	(void)arg;
	for (size_t i = 0; i < COUNT(positions); i++)
		TRY(db_run(
			c,
			"INSERT INTO dispatch_position (person_id, lon, lat, accuracy_m, at)"
			" SELECT id, CAST($2 AS double precision), CAST($3 AS double precision), 15, CAST($4 AS bigint)"
			" FROM people_person WHERE login = $1"
			" ON CONFLICT (person_id) DO UPDATE SET lon = excluded.lon, lat = excluded.lat, at = "
			"excluded.at"
			" WHERE dispatch_position.at < $5",
			ARGS(V_Z(positions[i].login), V_REAL(positions[i].lon), V_REAL(positions[i].lat),
			     V_INT(c->now - positions[i].age), V_INT(c->now - POSITION_OLD_MIN * MINUTE)),
			NULL));
	return RC_OK;
}

enum rc demo_seed_duty(struct demo *d)
{
	for (size_t i = 0; i < COUNT(duties); i++)
		TRY(add_duty(d, &duties[i]));
	return app_unit(d->app, put_positions, NULL);
}
