/* access_phone.c - a resident's own code on the phone: made by the resident,
 * told once, a new one takes the place of the old. */
#include "domain/access/access_inner.h"
#include "domain/people/people.h"
#include "sys/crypto.h"

enum { GROUPS_MOST = 16 };

/* Every gate group around the home. */
static enum rc home_rights(struct ctx *c, struct str path, struct str *ret)
{
	struct buf b = buf_new(c->arena, 4096);
	struct str *ids;
	size_t n, taken = 0;

	TRY(db_texts(c, "SELECT id FROM access_group ORDER BY place_path, id LIMIT 1000", NO_ARGS, 1000, &ids, &n));
	json_open(&b, '[');
	for (size_t i = 0; i < n && taken < GROUPS_MOST; i++) {
		struct group_row g;

		TRY(entity_fetch(c, &access_group, ids[i], &g));
		if (!access_lies_in(path, g.place_path))
			continue;
		json_open(&b, '{');
		json_put_text(&b, "group_id", g.std.id);
		json_close(&b, '}');
		taken++;
	}
	json_close(&b, ']');
	*ret = buf_str(&b);
	return taken ? RC_OK : FAIL(c, RC_CONFLICT, "no_group", NO_STR, "no gate group lies around this home");
}

static enum rc drop_old(struct ctx *c, struct str person)
{
	struct str *ids;
	size_t n;

	TRY(db_texts(c,
		     "SELECT id FROM access_credential WHERE person_id = $1 AND method = 'phone' AND state = 'active'"
		     " ORDER BY id LIMIT 100",
		     ARGS(V_STR(person)), 100, &ids, &n));
	for (size_t i = 0; i < n; i++)
		TRY(credential_revoke(c, ids[i], STR("a new phone")));
	return RC_OK;
}

enum rc phone_route(struct ctx *c, struct call *k)
{
	char token[CRYPTO_TOKEN];
	struct person_ref me;
	struct credential_row row;

	TRY(people_person_get(c, c->who.id, "person_id", &me));
	if (me.place_path.n == 0 || !ctx_may_at(c, "access.host", me.place_path))
		return FAIL(c, RC_CONFLICT, "no_home", NO_STR, "only who lives here has a code of their own");
	entity_init(&access_credential, &row);
	TRY(home_rights(c, me.place_path, &row.rights));
	TRY(drop_old(c, me.id));
	row.person_id = me.id;
	row.place_id = me.place_id;
	row.place_path = me.place_path;
	row.holder = GATE_RESIDENT;
	row.method = GATE_PHONE;
	row.token_mac = token_mac(c, GATE_PHONE, crypto_token(token));
	row.from_at = c->now;
	row.state = GATE_ACTIVE;
	TRY(access_list_changed(c, &row.change_no));
	TRY(entity_insert(c, &access_credential, &row, "create"));
	json_open(k->out, '{');
	json_put_text(k->out, "credential_id", row.std.id);
	json_put_text(k->out, "token", str_of(token));
	json_close(k->out, '}');
	crypto_wipe(token, sizeof(token));
	k->rs->status = 201;
	return RC_OK;
}
