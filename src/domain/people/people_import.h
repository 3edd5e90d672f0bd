/* people_import.h - rows of a file of homes or rentals, read and checked. */
#ifndef PEOPLE_IMPORT_H
#define PEOPLE_IMPORT_H

#include "domain/people/people_register.h"
#include "base/csv.h"

enum { IMPORT_MOST = 20000 };
enum import_column {
	IC_DWELLING,
	IC_NUMBER,
	IC_NAME,
	IC_PHONE,
	IC_ROLE,
	IC_RELATION,
	IC_LIVES_HERE,
	IC_TENURE,
	IC_ID_KIND,
	IC_ID_NUMBER,
	IC_FROM,
	IC_TO,
	IC_LANDLORD,
	IC_LANDLORD_PHONE,
	IC_TENANT,
	IC_TENANT_PHONE,
	IC_OCCUPANTS,
	IMPORT_COLUMNS
};
extern const char *const import_fields[IMPORT_COLUMNS];

struct import_row {
	size_t row;
	const char *code, *field; /* code NULL: all is well */
	struct str detail;
	struct place_ref place;
	/* By column; empty: not given. */
	struct str number, name, phone, id_number, landlord, landlord_phone, tenant, tenant_phone;
	unsigned role, relation, tenure, id_kind;
	bool lives_here;
	int64_t from_at, to_at, occupants;
	struct import_row *next; /* in the file */
};
struct import_rows {
	struct import_row *first, **last;
	size_t n;
	const char *code; /* of the text as a whole, NULL: fine */
	struct str detail;
	size_t row;
};
/* Reads and checks every row; asks the database for places alone. */
enum rc import_read(struct ctx *c, struct str text, const struct people_import_options *o,
		    const struct place_ref *under, struct import_rows *ret) MUST_USE;
void import_refuse(struct ctx *c, struct import_row *r, const char *code, const char *field, const char *detail);

#endif
