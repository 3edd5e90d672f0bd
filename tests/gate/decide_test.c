/* decide_test.c - every reason once with what makes it, each boundary at -1, 0,
 * +1, schedules over midnight and on odd days, the keypad's limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "gate/gate.h"

#include <stdio.h>
#include <string.h>

/* Thursday 2026-03-12, 08:00 in China. */
#define EIGHT   ((int64_t)1773273600 * SECOND)
#define CHINA_S (8 * 3600)

enum { DOOR = 1, GROUP = 1, AREA = 1, OFFICE_HOURS = 1, NEVER = 2 };
enum { TAG_CARD = 1, TAG_FACE, TAG_PLATE, TAG_PHONE, TAG_RESCUE, TAG_COURIER, TAG_VISITOR };

static struct gate_window weekdays = { 0x1f, 7 * 3600, 19 * 3600 };
static const struct gate_schedule schedules[] = { { &weekdays, NULL, 1, 0 }, { NULL, NULL, 0, 0 } };

/* One of each kind, good at the door, and what a case changes. */
struct scene {
	struct gate_credential held[7];
	struct gate_right rights[1];
	struct gate_policy policy;
	struct gate_list list;
	struct gate_lane lane;
	struct gate_lane_state state;
	struct gate_request rq;
	int64_t now, sure;
};

static struct gate_key key(unsigned tag)
{
	return (struct gate_key){ tag * 7919, tag };
}

static struct gate_credential holds(unsigned tag, unsigned method, unsigned holder)
{
	return (struct gate_credential){
		.key = key(tag), .n_rights = 1, .method = (uint8_t)method, .holder = (uint8_t)holder
	};
}

static void scene(struct scene *s)
{
	*s = (struct scene){ .now = EIGHT, .sure = EIGHT };
	s->held[0] = holds(TAG_CARD, GATE_CARD, GATE_RESIDENT);
	s->held[1] = holds(TAG_FACE, GATE_FACE, GATE_RESIDENT);
	s->held[2] = holds(TAG_PLATE, GATE_PLATE, GATE_RESIDENT);
	s->held[3] = holds(TAG_PHONE, GATE_PHONE, GATE_RESIDENT);
	s->held[4] = holds(TAG_RESCUE, GATE_CARD, GATE_RESCUE);
	s->held[4].rescue = true;
	s->held[5] = holds(TAG_COURIER, GATE_QR, GATE_COURIER);
	s->held[6] = holds(TAG_VISITOR, GATE_QR, GATE_VISITOR);
	s->rights[0] = (struct gate_right){ .group = GROUP };
	s->lane = (struct gate_lane){ .door = DOOR,
				      .n_groups = 1,
				      .groups = { GROUP },
				      .n_areas = 1,
				      .areas = { AREA },
				      .direction = GATE_BOTH,
				      .least_permille = 850,
				      .n_ways = 5 };
	for (unsigned i = 0; i < 5; i++) {
		static const uint8_t ways[] = { GATE_CARD, GATE_FACE, GATE_PLATE, GATE_PHONE, GATE_QR };

		s->lane.ways[i] = (struct gate_way){ ways[i], 1, 0 };
	}
	s->policy = (struct gate_policy){ .area = AREA + 1 };
	s->list = (struct gate_list){ .tz_offset_s = CHINA_S,
				      .credentials = s->held,
				      .n_credentials = COUNT(s->held),
				      .rights = s->rights,
				      .n_rights = 1,
				      .schedules = schedules,
				      .n_schedules = COUNT(schedules),
				      .policies = &s->policy,
				      .n_policies = 1 };
	s->rq = (struct gate_request){ .method = GATE_CARD, .key = key(TAG_CARD), .direction = GATE_IN };
}

/* ---- what a case changes ------------------------------------------------------------ */

static void nothing(struct scene *s)
{
	(void)s;
}
static void stands_open(struct scene *s)
{
	s->lane.mode = GATE_OPEN;
	s->rq.key = key(99);
}
static void open_by_clock(struct scene *s)
{
	s->lane.mode = GATE_CLOSED;
	s->lane.modes[s->lane.n_modes++] = (struct gate_mode_rule){ OFFICE_HOURS, GATE_OPEN };
}
static void open_by_clock_over(struct scene *s)
{
	open_by_clock(s);
	s->now = s->sure = EIGHT + 11 * HOUR;
}
static void first_rule_wins(struct scene *s)
{
	open_by_clock(s);
	s->lane.modes[1] = s->lane.modes[0];
	s->lane.modes[0] = (struct gate_mode_rule){ 0, GATE_CARD_ONLY };
	s->lane.n_modes = 2;
	s->rq = (struct gate_request){ .method = GATE_PHONE, .key = key(TAG_PHONE) };
}
static void by_hand(struct scene *s)
{
	s->state.override_mode = GATE_CLOSED;
	s->state.override_until = EIGHT + 1;
}
static void by_hand_over(struct scene *s)
{
	by_hand(s);
	s->now = s->sure = EIGHT + 1;
}
static void leaves_in_fire(struct scene *s)
{
	s->state.alarm = GATE_EVACUATION;
	s->state.alarm_until = EIGHT + 1;
	s->lane.mode = GATE_CLOSED;
	s->rq = (struct gate_request){ .method = GATE_CARD, .key = key(99), .direction = GATE_OUT };
}
static void fire_over(struct scene *s)
{
	leaves_in_fire(s);
	s->now = s->sure = EIGHT + 1;
}
static void enters_in_fire(struct scene *s)
{
	leaves_in_fire(s);
	s->rq.direction = GATE_IN;
}
static void locked(struct scene *s)
{
	s->state.alarm = GATE_LOCKDOWN;
	s->state.alarm_until = EIGHT + 1;
	s->lane.mode = GATE_OPEN;
}
static void locked_rescue(struct scene *s)
{
	locked(s);
	s->rq.key = key(TAG_RESCUE);
}
static void locked_stranger(struct scene *s)
{
	locked(s);
	s->rq.key = key(99);
}
static void locked_over(struct scene *s)
{
	locked(s);
	s->now = s->sure = EIGHT + 1;
}
static void locked_remote(struct scene *s)
{
	locked(s);
	s->rq = (struct gate_request){ .method = GATE_REMOTE, .order_until = EIGHT + SECOND };
}
static void guard(struct scene *s)
{
	s->rq = (struct gate_request){ .method = GATE_GUARD };
}
static void locked_guard(struct scene *s)
{
	locked(s);
	guard(s);
}
static void remote(struct scene *s)
{
	s->rq = (struct gate_request){ .method = GATE_REMOTE, .order_until = EIGHT + 1 };
}
static void remote_late(struct scene *s)
{
	remote(s);
	s->now = s->sure = EIGHT + 1;
}
static void stranger(struct scene *s)
{
	s->rq.key = key(99);
}
static void suspended(struct scene *s)
{
	s->held[0].state = GATE_SUSPENDED;
}
static void lost(struct scene *s)
{
	s->held[0].state = GATE_LOST;
}
static void expired_state(struct scene *s)
{
	s->held[0].state = GATE_EXPIRED;
}
static void revoked(struct scene *s)
{
	s->held[0].state = GATE_REVOKED;
}
static void odd_state(struct scene *s)
{
	s->held[0].state = 77;
}
static void to_now(struct scene *s)
{
	s->held[0].to_at = EIGHT;
}
static void to_next(struct scene *s)
{
	s->held[0].to_at = EIGHT + 1;
}
static void from_next(struct scene *s)
{
	s->held[0].from_at = EIGHT + 1;
}
static void from_now(struct scene *s)
{
	s->held[0].from_at = EIGHT;
}
/* The clock says next year, nobody can be sure of it. */
static void clock_ahead(struct scene *s)
{
	s->held[0].from_at = EIGHT + HOUR;
	s->now = EIGHT + 365 * DAY;
}
static void other_door(struct scene *s)
{
	s->rights[0] = (struct gate_right){ .door = DOOR + 1 };
}
static void other_group(struct scene *s)
{
	s->rights[0].group = GROUP + 1;
}
static void nowhere(struct scene *s)
{
	s->rights[0].group = 0;
	s->lane.groups[0] = 0;
}
static void this_door(struct scene *s)
{
	s->rights[0] = (struct gate_right){ .door = DOOR };
}
static void right_over(struct scene *s)
{
	s->rights[0].to_at = EIGHT;
}
static void right_early(struct scene *s)
{
	s->rights[0].from_at = EIGHT + 1;
}
static void right_hours(struct scene *s)
{
	s->rights[0].schedule = OFFICE_HOURS;
}
static void right_late(struct scene *s)
{
	right_hours(s);
	s->now = s->sure = EIGHT + 11 * HOUR;
}
static void right_unknown_hours(struct scene *s)
{
	s->rights[0].schedule = 9;
}
static void against(struct scene *s)
{
	s->lane.direction = GATE_OUT;
}
static void own_way(struct scene *s)
{
	s->lane.direction = GATE_OUT;
	s->rq.direction = GATE_BOTH;
}
static void no_such_way(struct scene *s)
{
	s->lane.n_ways = 0;
}
static void way_at_night(struct scene *s)
{
	s->lane.ways[0].schedule = NEVER;
}
static void shut(struct scene *s)
{
	s->lane.mode = GATE_CLOSED;
}
static void shut_rescue(struct scene *s)
{
	shut(s);
	s->rq.key = key(TAG_RESCUE);
}
static void cards_only(struct scene *s)
{
	s->lane.mode = GATE_CARD_ONLY;
	s->rq = (struct gate_request){ .method = GATE_FACE, .key = key(TAG_FACE) };
}
static void card_there(struct scene *s)
{
	s->lane.mode = GATE_CARD_ONLY;
}
static void one_factor(struct scene *s)
{
	s->lane.mode = GATE_TWO_FACTOR;
}
static void two_factors(struct scene *s)
{
	one_factor(s);
	s->rq.second = true;
}

static void twice(struct scene *s)
{
	s->lane.passback = GATE_PASSBACK_HARD;
	s->rq.last = (struct gate_last){ true, GATE_IN, EIGHT - MINUTE };
}
static void twice_softly(struct scene *s)
{
	twice(s);
	s->lane.passback = GATE_PASSBACK_SOFT;
}
static void twice_off(struct scene *s)
{
	twice(s);
	s->lane.passback = GATE_PASSBACK_OFF;
}
static void out_between(struct scene *s)
{
	twice(s);
	s->rq.last.direction = GATE_OUT;
}
static void nobody_knows(struct scene *s)
{
	twice(s);
	s->rq.last.known = false;
}
static void long_ago(struct scene *s)
{
	twice(s);
	s->lane.passback_us = MINUTE;
}
static void not_long_ago(struct scene *s)
{
	twice(s);
	s->lane.passback_us = MINUTE + 1;
}
static void forgiven(struct scene *s)
{
	twice(s);
	s->state.forgiven_at = EIGHT - MINUTE + 1;
}
static void not_forgiven(struct scene *s)
{
	twice(s);
	s->state.forgiven_at = EIGHT - MINUTE;
}
static void roams(struct scene *s)
{
	twice(s);
	s->held[0].roams = true;
}

static void plate(struct scene *s)
{
	s->rq = (struct gate_request){ .method = GATE_PLATE, .key = key(TAG_PLATE), .permille = 850 };
}
static void plate_unsure(struct scene *s)
{
	plate(s);
	s->rq.permille = 849;
}
static void plate_unknown(struct scene *s)
{
	plate(s);
	s->rq.key = key(99);
}

static void courier(struct scene *s)
{
	s->rq = (struct gate_request){ .method = GATE_QR, .key = key(TAG_COURIER) };
}
static void closed_area(struct scene *s)
{
	s->policy = (struct gate_policy){ .area = AREA,
					  .from_at = EIGHT,
					  .to_at = EIGHT + 1,
					  .refuses = 1 << GATE_VISITOR,
					  .asks = 1 << GATE_COURIER };
}
static void closed_courier(struct scene *s)
{
	closed_area(s);
	courier(s);
}
static void closed_visitor(struct scene *s)
{
	closed_courier(s);
	s->rq.key = key(TAG_VISITOR);
}
static void closed_leaver(struct scene *s)
{
	closed_visitor(s);
	s->rq.direction = GATE_OUT;
}
static void closed_over(struct scene *s)
{
	closed_visitor(s);
	s->now = s->sure = EIGHT + 1;
}
static void closed_early(struct scene *s)
{
	closed_visitor(s);
	s->policy.from_at = EIGHT + 1;
	s->policy.to_at = 0;
}
static void closed_else(struct scene *s)
{
	closed_visitor(s);
	s->policy.area = AREA + 1;
}
static void closed_for_ever(struct scene *s)
{
	closed_visitor(s);
	s->policy.to_at = 0;
}
static void warm(struct scene *s, int dc)
{
	s->policy = (struct gate_policy){ .area = AREA, .to_at = EIGHT + 1, .most_dc = 373 };
	s->rq.temperature_dc = dc;
}
static void warm_none(struct scene *s)
{
	warm(s, 0);
}
static void warm_most(struct scene *s)
{
	warm(s, 373);
}
static void warm_over(struct scene *s)
{
	warm(s, 374);
}
static void warm_rescue(struct scene *s)
{
	warm(s, 0);
	s->rq.key = key(TAG_RESCUE);
}
static void scan(struct scene *s, unsigned said, unsigned fallback)
{
	s->policy =
		(struct gate_policy){ .area = AREA, .to_at = EIGHT + 1, .scans = true, .fallback = (uint8_t)fallback };
	s->rq.scan = (uint8_t)said;
}
static void scan_none(struct scene *s)
{
	scan(s, GATE_SCAN_NONE, GATE_FALL_OPEN);
}
static void scan_pass(struct scene *s)
{
	scan(s, GATE_SCAN_PASS, GATE_FALL_REFUSE);
}
static void scan_warn(struct scene *s)
{
	scan(s, GATE_SCAN_WARN, GATE_FALL_OPEN);
}
static void scan_refuse(struct scene *s)
{
	scan(s, GATE_SCAN_REFUSE, GATE_FALL_OPEN);
}
static void scan_open(struct scene *s)
{
	scan(s, GATE_SCAN_TIMEOUT, GATE_FALL_OPEN);
}
static void scan_ask(struct scene *s)
{
	scan(s, GATE_SCAN_TIMEOUT, GATE_FALL_ASK);
}
static void scan_shut(struct scene *s)
{
	scan(s, GATE_SCAN_TIMEOUT, GATE_FALL_REFUSE);
}

static const struct {
	void (*change)(struct scene *s);
	enum gate_verdict verdict;
	enum gate_reason reason;
} cases[] = {
	{ nothing, GATE_GRANT, GATE_OK },
	{ stands_open, GATE_GRANT, GATE_BY_MODE },
	{ open_by_clock, GATE_GRANT, GATE_BY_MODE },
	{ open_by_clock_over, GATE_REFUSE, GATE_DOOR_CLOSED },
	{ first_rule_wins, GATE_REFUSE, GATE_ONLY_CARDS },
	{ by_hand, GATE_REFUSE, GATE_DOOR_CLOSED },
	{ by_hand_over, GATE_GRANT, GATE_OK },
	{ leaves_in_fire, GATE_GRANT, GATE_BY_EVACUATION },
	{ fire_over, GATE_REFUSE, GATE_UNKNOWN },
	{ enters_in_fire, GATE_REFUSE, GATE_UNKNOWN },
	{ locked, GATE_REFUSE, GATE_IN_LOCKDOWN },
	{ locked_rescue, GATE_GRANT, GATE_OK },
	{ locked_stranger, GATE_REFUSE, GATE_UNKNOWN },
	{ locked_over, GATE_GRANT, GATE_BY_MODE },
	{ locked_remote, GATE_REFUSE, GATE_IN_LOCKDOWN },
	{ locked_guard, GATE_GRANT, GATE_BY_GUARD },
	{ guard, GATE_GRANT, GATE_BY_GUARD },
	{ remote, GATE_GRANT, GATE_BY_REMOTE },
	{ remote_late, GATE_REFUSE, GATE_ORDER_OVER },
	{ stranger, GATE_REFUSE, GATE_UNKNOWN },
	{ suspended, GATE_REFUSE, GATE_IS_SUSPENDED },
	{ lost, GATE_REFUSE, GATE_IS_LOST },
	{ expired_state, GATE_REFUSE, GATE_IS_EXPIRED },
	{ revoked, GATE_REFUSE, GATE_IS_REVOKED },
	{ odd_state, GATE_REFUSE, GATE_IS_REVOKED },
	{ to_now, GATE_REFUSE, GATE_IS_EXPIRED },
	{ to_next, GATE_GRANT, GATE_OK },
	{ from_next, GATE_REFUSE, GATE_NOT_YET },
	{ from_now, GATE_GRANT, GATE_OK },
	{ clock_ahead, GATE_REFUSE, GATE_NOT_YET },
	{ other_door, GATE_REFUSE, GATE_WRONG_DOOR },
	{ other_group, GATE_REFUSE, GATE_WRONG_DOOR },
	{ nowhere, GATE_REFUSE, GATE_WRONG_DOOR },
	{ this_door, GATE_GRANT, GATE_OK },
	{ right_over, GATE_REFUSE, GATE_DOOR_EXPIRED },
	{ right_early, GATE_REFUSE, GATE_NOT_YET },
	{ right_hours, GATE_GRANT, GATE_OK },
	{ right_late, GATE_REFUSE, GATE_OUT_OF_HOURS },
	{ right_unknown_hours, GATE_REFUSE, GATE_OUT_OF_HOURS },
	{ against, GATE_REFUSE, GATE_WRONG_WAY },
	{ own_way, GATE_GRANT, GATE_OK },
	{ no_such_way, GATE_REFUSE, GATE_METHOD_OFF },
	{ way_at_night, GATE_REFUSE, GATE_METHOD_OFF },
	{ shut, GATE_REFUSE, GATE_DOOR_CLOSED },
	{ shut_rescue, GATE_GRANT, GATE_OK },
	{ cards_only, GATE_REFUSE, GATE_ONLY_CARDS },
	{ card_there, GATE_GRANT, GATE_OK },
	{ one_factor, GATE_REFUSE, GATE_SECOND_FACTOR },
	{ two_factors, GATE_GRANT, GATE_OK },
	{ twice, GATE_REFUSE, GATE_PASSED_BACK },
	{ twice_softly, GATE_GRANT, GATE_SOFT_PASSBACK },
	{ twice_off, GATE_GRANT, GATE_OK },
	{ out_between, GATE_GRANT, GATE_OK },
	{ nobody_knows, GATE_GRANT, GATE_OK },
	{ long_ago, GATE_GRANT, GATE_OK },
	{ not_long_ago, GATE_REFUSE, GATE_PASSED_BACK },
	{ forgiven, GATE_GRANT, GATE_OK },
	{ not_forgiven, GATE_REFUSE, GATE_PASSED_BACK },
	{ roams, GATE_GRANT, GATE_OK },
	{ plate, GATE_GRANT, GATE_OK },
	{ plate_unsure, GATE_ASK, GATE_LOW_CONFIDENCE },
	{ plate_unknown, GATE_ASK, GATE_UNKNOWN_PLATE },
	{ courier, GATE_GRANT, GATE_OK },
	{ closed_area, GATE_GRANT, GATE_OK },
	{ closed_courier, GATE_ASK, GATE_BY_POLICY },
	{ closed_visitor, GATE_REFUSE, GATE_BY_POLICY },
	{ closed_leaver, GATE_GRANT, GATE_OK },
	{ closed_over, GATE_GRANT, GATE_OK },
	{ closed_early, GATE_GRANT, GATE_OK },
	{ closed_else, GATE_GRANT, GATE_OK },
	{ closed_for_ever, GATE_REFUSE, GATE_BY_POLICY },
	{ warm_none, GATE_ASK, GATE_NO_TEMPERATURE },
	{ warm_most, GATE_GRANT, GATE_OK },
	{ warm_over, GATE_ASK, GATE_TEMPERATURE },
	{ warm_rescue, GATE_GRANT, GATE_OK },
	{ scan_none, GATE_ASK, GATE_SCAN_ASKED },
	{ scan_pass, GATE_GRANT, GATE_OK },
	{ scan_warn, GATE_ASK, GATE_SCAN_ASKED },
	{ scan_refuse, GATE_REFUSE, GATE_SCAN_ASKED },
	{ scan_open, GATE_GRANT, GATE_OK },
	{ scan_ask, GATE_ASK, GATE_SCAN_ASKED },
	{ scan_shut, GATE_REFUSE, GATE_SCAN_ASKED },
};

/* With and without an index. */
static void test_reasons(void **state)
{
	static bool told[GATE_REASONS];
	uint32_t slots[32];
	struct scene s;

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * 2; i++) {
		scene(&s);
		cases[i / 2].change(&s);
		if (i % 2)
			assert_true(gate_list_index(&s.list, slots, COUNT(slots)));
		struct gate_decision d = gate_decide(&s.list, &s.lane, &s.state, &s.rq, s.now, s.sure);

		if (d.verdict != cases[i / 2].verdict || d.reason != cases[i / 2].reason)
			fail_msg("case %zu: %s %s", i / 2, gate_verdicts[d.verdict], gate_reasons[d.reason]);
		told[d.reason] = true;
	}
	for (int r = 0; r < GATE_CODE_WRONG; r++)
		if (!told[r])
			fail_msg("no case says %s", gate_reasons[r]);
}

static void test_words(void **state)
{
	(void)state;
	for (int i = 0; i < GATE_REASONS; i++)
		assert_int_equal(gate_word(gate_reasons, str_of(gate_reasons[i])), i);
	assert_null(gate_reasons[GATE_REASONS]);
	assert_null(gate_methods[GATE_METHODS]);
	assert_null(gate_holders[GATE_HOLDERS]);
	assert_int_equal(gate_word(gate_methods, STR("iris")), -1);
	assert_int_equal(gate_word(gate_methods, NO_STR), -1);
}

/* What a door does by itself. */
static void test_mode(void **state)
{
	struct scene s;

	(void)state;
	scene(&s);
	open_by_clock(&s);
	assert_int_equal(gate_mode_now(&s.list, &s.lane, &s.state, EIGHT), GATE_OPEN);
	by_hand(&s);
	assert_int_equal(gate_mode_now(&s.list, &s.lane, &s.state, EIGHT), GATE_CLOSED);
	s.state.alarm = GATE_EVACUATION;
	s.state.alarm_until = EIGHT + 1;
	assert_int_equal(gate_mode_now(&s.list, &s.lane, &s.state, EIGHT), GATE_OPEN);
	s.state.alarm = GATE_LOCKDOWN;
	assert_int_equal(gate_mode_now(&s.list, &s.lane, &s.state, EIGHT), GATE_CLOSED);
	/* Over: as it was before. */
	s.state.override_until = 0;
	assert_int_equal(gate_mode_now(&s.list, &s.lane, &s.state, EIGHT + 1), GATE_OPEN);
}

static void test_index(void **state)
{
	uint32_t slots[16];
	struct scene s;

	(void)state;
	scene(&s);
	assert_false(gate_list_index(&s.list, slots, 0));
	assert_false(gate_list_index(&s.list, slots, 8));
	assert_false(gate_list_index(&s.list, slots, 12));
	assert_true(gate_list_index(&s.list, slots, 16));
	for (size_t i = 0; i < COUNT(s.held); i++)
		assert_ptr_equal(gate_list_find(&s.list, s.held[i].key), &s.held[i]);
	assert_null(gate_list_find(&s.list, (struct gate_key){ key(TAG_CARD).a, 99 }));
}

/* ---- schedules -------------------------------------------------------------------- */

#define MIDNIGHT (EIGHT - 8 * HOUR) /* Thursday 00:00 in China */

static void test_schedule(void **state)
{
	static const struct gate_window night = { 1 << 3, 22 * 3600, 6 * 3600 }; /* Thursday night */
	static const struct gate_day days[] = { { 20524, 6 }, { 20525, GATE_DAY_SHUT }, { 20527, GATE_DAY_ALL } };
	struct gate_schedule s = { &weekdays, NULL, 1, 0 };
	const struct {
		int64_t at;
		bool open;
	} plain[] = { { 7 * HOUR - 1, false },        { 7 * HOUR, true },           { 19 * HOUR - 1, true },
		      { 19 * HOUR, false },           { DAY + 12 * HOUR, true },    { 2 * DAY + 12 * HOUR, false },
		      { 3 * DAY + 12 * HOUR, false }, { 4 * DAY + 12 * HOUR, true } },
	  late[] = { { 22 * HOUR - 1, false },     { 22 * HOUR, true },       { DAY, true },
		     { DAY + 6 * HOUR - 1, true }, { DAY + 6 * HOUR, false }, { DAY + 23 * HOUR, false },
		     { 2 * HOUR, false } };

	(void)state;
	for (size_t i = 0; i < COUNT(plain); i++)
		assert_int_equal(gate_schedule_open(&s, CHINA_S, MIDNIGHT + plain[i].at), plain[i].open);
	s.windows = &night;
	for (size_t i = 0; i < COUNT(late); i++)
		assert_int_equal(gate_schedule_open(&s, CHINA_S, MIDNIGHT + late[i].at), late[i].open);
	/* A Thursday that counts as a Sunday, a Friday that is shut, a Sunday open all day. */
	assert_int_equal(MIDNIGHT / SECOND / 86400 + 1, 20524);
	s = (struct gate_schedule){ &weekdays, days, 1, COUNT(days) };
	assert_false(gate_schedule_open(&s, CHINA_S, EIGHT));
	assert_false(gate_schedule_open(&s, CHINA_S, EIGHT + DAY));
	assert_false(gate_schedule_open(&s, CHINA_S, EIGHT + 2 * DAY)); /* Saturday as ever */
	assert_true(gate_schedule_open(&s, CHINA_S, MIDNIGHT + 3 * DAY));
	assert_true(gate_schedule_open(&s, CHINA_S, MIDNIGHT + 4 * DAY - 1));
	assert_true(gate_schedule_open(&s, CHINA_S, EIGHT + 4 * DAY)); /* Monday */
	/* A shut day ends no night that began before it. */
	s.windows = &night;
	s.days = (const struct gate_day[]){ { 20525, GATE_DAY_SHUT } };
	s.n_days = 1;
	assert_true(gate_schedule_open(&s, CHINA_S, MIDNIGHT + DAY + HOUR));
}

/* ---- the keypad ---------------------------------------------------------------------- */

static void test_keypad(void **state)
{
	struct gate_keypad k = { 0 };
	int64_t now = EIGHT, wrong[5];

	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(gate_keypad_closed(&k, now), 0);
		gate_keypad_wrong(&k, now);
		wrong[i] = now;
		now += MINUTE;
	}
	assert_int_equal(gate_keypad_closed(&k, now), wrong[4] + 10 * MINUTE);
	assert_int_equal(gate_keypad_closed(&k, wrong[4] + 10 * MINUTE - 1), wrong[4] + 10 * MINUTE);
	assert_int_equal(gate_keypad_closed(&k, wrong[4] + 10 * MINUTE), 0);
	gate_keypad_unlock(&k);
	assert_int_equal(gate_keypad_closed(&k, now), 0);
	/* Thirty a day: closed for a day, not for ten minutes. */
	for (int i = 0; i < 30; i++) {
		assert_int_equal(gate_keypad_closed(&k, now), 0);
		gate_keypad_wrong(&k, now);
		now += 10 * MINUTE;
	}
	assert_int_equal(gate_keypad_closed(&k, now), now - 10 * MINUTE + DAY);
	assert_int_equal(gate_keypad_closed(&k, now - 10 * MINUTE + DAY), 0);
	/* A clock set back closes nothing for ever and opens nothing early. */
	k = (struct gate_keypad){ 0 };
	for (int i = 0; i < 5; i++)
		gate_keypad_wrong(&k, EIGHT);
	assert_int_not_equal(gate_keypad_closed(&k, EIGHT - DAY), 0);
}

/* However the tries are spread, no ten minutes hold more than five. */
static void test_keypad_spread(void **state)
{
	uint64_t seed = 20260312;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct gate_keypad k = { 0 };
		int64_t tries[400], now = EIGHT;
		size_t n = 0;

		for (int i = 0; i < 2000 && n < COUNT(tries); i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			now += (int64_t)(seed >> 33) % (round % 2 ? 9 * MINUTE : 4 * MINUTE);
			if (gate_keypad_closed(&k, now))
				continue;
			gate_keypad_wrong(&k, now);
			tries[n++] = now;
			if (n > 5)
				assert_true(now - tries[n - 6] >= 10 * MINUTE);
		}
		assert_true(n > 30);
		/* Over the whole time at most thirty a day. */
		assert_true((int64_t)n <= (now - EIGHT) / DAY * 30 + 30 + 30);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),       cmocka_unit_test(test_words),    cmocka_unit_test(test_mode),
		cmocka_unit_test(test_index),         cmocka_unit_test(test_schedule), cmocka_unit_test(test_keypad),
		cmocka_unit_test(test_keypad_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
