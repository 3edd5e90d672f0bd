/* templates.h - the rules that ship, as definitions to copy and adapt, and the
 * event types they speak of.
 */
#ifndef RULES_TEMPLATES_H
#define RULES_TEMPLATES_H

#include "base/base.h"
#include "rules/rules.h"

struct rule_template {
	const char *id;
	enum rule_severity severity; /* the same as in 'json' */
	const char *asks;            /* code word of the question to a person */
	const char *json;            /* definition for rule_compile() */
};

/* An event type and one of its fields; a type without fields has one row with
 * field NULL. */
struct rule_field_row {
	const char *type;
	const char *field;
	enum rule_field_kind kind;
};

const struct rule_template *rule_templates(size_t *n);
const struct rule_template *rule_template_find(struct str id); /* NULL: none */
const struct rule_field_row *rule_field_rows(size_t *n);
/* Fit for struct rule_names; 'self' is not used. */
bool rule_type_known(void *self, struct str type);
bool rule_field_known(void *self, struct str type, struct str field);

#endif
