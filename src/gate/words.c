#include "gate/gate.h"

const char *const gate_methods[GATE_METHODS + 1] = { "phone", "visitor_code", "qr",     "card", "face",
						     "plate", "guard",        "remote", NULL };
const char *const gate_modes[] = { "normal", "open", "closed", "card_only", "two_factor", NULL };
const char *const gate_directions[] = { "in", "out", "both", NULL };
const char *const gate_scopes[] = { "door", "area", "global", NULL };
const char *const gate_passbacks[] = { "off", "soft", "hard", NULL };
const char *const gate_alarms[] = { "calm", "lockdown", "evacuation", NULL };
const char *const gate_holders[] = { "resident", "staff", "visitor", "courier", "rescue", NULL };
const char *const gate_states[] = { "active", "suspended", "lost", "expired", "revoked", NULL };
const char *const gate_scans[] = { "none", "pass", "warn", "refuse", "timeout", NULL };
const char *const gate_fallbacks[] = { "open", "ask", "refuse", NULL };
const char *const gate_verdicts[] = { "refuse", "grant", "ask", NULL };
const char *const gate_reasons[GATE_REASONS + 1] = {
	"ok",          "mode",           "evacuation",   "guard",       "remote",     "soft_passback",
	"unknown",     "suspended",      "lost",         "expired",     "revoked",    "not_yet",
	"wrong_door",  "door_expired",   "out_of_hours", "wrong_way",   "method_off", "door_closed",
	"cards_only",  "second_factor",  "lockdown",     "passed_back", "policy",     "unknown_plate",
	"low_reading", "no_temperature", "temperature",  "scan",        "order_over", "code_wrong",
	"code_used",   "keypad_closed",  "replayed",     NULL,
};

int gate_word(const char *const *words, struct str s)
{
	for (int i = 0; words[i]; i++)
		if (str_is(s, words[i]))
			return i;
	return -1;
}
