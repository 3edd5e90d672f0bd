/* roles.c - who may what.  A role is held through a post at a place and counts
 * for that place and everything below it.
 *
 * A post can only be handed out by somebody who holds every word of its role
 * there: "head" therefore contains all roles it appoints.
 */
#include "app/app_modules.h"

/* One line per module and matter, so that two changes seldom meet. */
/* clang-format off */

/* Lists as files; not the register of people, not welfare. */
#define EXPORT \
	"watch.export", \
	"dispatch.export", \
	"sensing.export"
#define DESK \
	"places.place.read", "places.survey.read", \
	"people.person.read", "people.person.reveal", \
	"people.post.read", \
	"people.contact.read", "people.contact.reveal", \
	"sensing.read", "sensing.events", \
	"watch.alert.read", "watch.alert.ack", "watch.alert.note", "watch.alert.escalate", "watch.alert.close", \
	"watch.alert.call", \
	"watch.rule.read", \
	"watch.silence.read", "watch.silence.edit", \
	"watch.escalation.read", \
	"watch.welfare.read", "watch.welfare.reveal", \
	"dispatch.read", "dispatch.send", "dispatch.handover", \
	GATE, \
	"access.emergency", "access.figures", \
	"dispatch.door.approve", "dispatch.mark.write", \
	EXPORT
/* Who stands at a gate, or looks after it from the desk. */
#define GATE \
	"access.read", "access.gate", \
	"access.visit.read", "access.visit.reveal", "access.visit.staff", \
	"access.muster"
/* Who hands out cards: the property office. */
#define CARDS \
	"access.credential.read", "access.credential.manage"
/* Homes as far as they are facts about places; names and papers by reason. */
#define REGISTER \
	"people.register.read", "people.register.reveal", "people.register.search", "people.register.decide", \
	"people.care.read", "people.care.reveal"
/* At the door: what to look at, and the notes that name a grid worker. */
#define DOOR \
	"people.register.read", "people.register.check", \
	"people.care.read", "people.care.reveal"
#define FIELD \
	"places.place.read", \
	"dispatch.work"

static const char *const admin[] = { "*", NULL };
static const char *const desk[] = {
	DESK,
	REGISTER,
	"dispatch.shift.write", /* the desk keeps its own rota */
	NULL
};
/* A community's people, places, devices and rules are its head's to keep. */
static const char *const head[] = {
	DESK,
	REGISTER,
	FIELD,
	DOOR,
	"people.register.write", "people.register.import",
	"people.care.write",
	"people.correction.decide",
	"people.person.erase",
	"places.export",
	"places.place.create", "places.place.update",
	"places.import",
	"places.survey.edit", "places.survey.publish",
	"places.work.accept",
	"places.mode.edit", "places.order.issue",
	"people.export",
	"insight.claim.read",
				    "insight.claim.edit",
				    "people.person.create", "people.person.update", "people.person.password",
	"people.post.create", "people.post.update",
	"people.contact.create", "people.contact.update",
	"people.consent.read", "people.consent.create", "people.consent.reveal",
	"sensing.manage",
	"watch.rule.edit", "watch.rule.backtest", "watch.rule.switch",
	"watch.escalation.edit",
	"watch.welfare.manage",
	CARDS, "access.credential.reveal",
	"access.movement.ask", "access.movement.decide",
	"access.manage", "access.clock",
	"dispatch.shift.write",
	"dispatch.ladder.edit", "dispatch.door.authorise",
	NULL
};
/* Sees places, devices and cases; nothing about a person, nothing to change. */
static const char *const office[] = {
	"places.place.read", "places.survey.read",
	"places.export",
	"insight.claim.read",
	"people.post.read",
	"sensing.read",
	"watch.alert.read",
	"watch.rule.read",
	"watch.silence.read",
	"watch.escalation.read",
	"dispatch.read",
	"access.read", "access.figures",
	EXPORT,
	NULL
};
static const char *const field[] = { FIELD, NULL };
static const char *const guard[] = {
	FIELD,
	GATE,
	NULL
};
static const char *const property[] = {
	FIELD,
	GATE, CARDS,
	NULL
};
static const char *const grid[] = { FIELD, DOOR, NULL };
static const char *const resident[] = {
	"places.place.read", /* the own home; the rest is "person" */
	"access.host",
	NULL
};
static const char *const nothing[] = { NULL };

/* clang-format on */

const struct role app_roles[] = {
	{ "admin", admin },       /* 系统管理员 */
	{ "seat", desk },         /* 值守员 */
	{ "deputy", desk },       /* 副班 */
	{ "head", head },         /* 社区负责人 */
	{ "office", office },     /* 街道、区 */
	{ "grid_worker", grid },  /* 网格员 */
	{ "property", property }, /* 物业 */
	{ "guard", guard },       /* 门卫 */
	{ "warden", field },      /* 楼栋长 */
	{ "resident", resident }, /* 居民 */
	{ "device", nothing },    /* 设备 */
	{ 0 },
};
